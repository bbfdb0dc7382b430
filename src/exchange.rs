//! The exchange of messages with peers, without sockets: what is in flight to whom, what a
//! message that comes in is worth, and how a peer is told.

mod flight;
mod inbox;
mod refusal;

pub use flight::{Flight, RECEIPTS, Waiting};
pub use inbox::{Conversation, Known, Verdict, judge};
pub use refusal::Refusal;
