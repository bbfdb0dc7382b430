//! Links to peers over QUIC, pinned to the keys of the trust list.

pub mod crypto;
mod identity;
mod peers;
mod refused;
mod verify;

pub use identity::{IdentityError, TlsIdentity, pin_of, tls_identity};
pub use peers::{PeerAddress, Peers, dns_name};
pub use refused::Refused;
