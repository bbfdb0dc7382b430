//! Keys, signatures, encryption and the trust list's key directory. Everything that touches a secret key is here.
//!
//! Signatures are hybrid (Ed25519 and ML-DSA-65, both must hold), encryption to a node is hybrid
//! (X-Wing, that is ML-KEM-768 with X25519), and every symmetric cipher is AES-256-GCM. Secret
//! types wipe their bytes when dropped and print nothing of them. The libraries beneath keep
//! expanded key schedules for the time of a call, which they do not all wipe.

mod aead;
mod layout;
mod rng;

pub mod at_rest;
pub mod attachment;
pub mod envelope;
pub mod group;
pub mod keystore;
pub mod kx;
pub mod passkey;
pub mod person;
pub mod recipient;
pub mod recovery;
pub mod retry;
pub mod safety;
pub mod sign;
pub mod stick;
pub mod trust;
pub mod webhook;

pub use sign::KeyId;
