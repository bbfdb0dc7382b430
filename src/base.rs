//! Words that every module uses: who, what, when, and the digests that bind them.

#[macro_use]
mod text;

mod actor;
mod digest;
mod entropy;
pub mod files;
mod id;
pub mod merkle;
mod time;

pub use actor::{Actor, ParseRoleError, PersonId, Role};
pub use digest::{Digest, ParseDigestError};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use id::{MemberId, MessageId, NodeId, ParseIdError};
pub use time::{ParseTimestampError, Timestamp};
