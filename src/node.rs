//! A node assembled: start, supervise, stop in order.

mod carrier;
mod ceremony;
mod fetch;
mod folder;
mod links;
mod people;
mod serve;
mod signer;

pub use ceremony::{CeremonyError, ProposalFile, SignedState, install, issue_card, propose, sign};
pub use folder::{Folder, NodeError, OpenNode, Started, create, rebuild};
pub use people::{add_person, read_people};
pub use serve::{Serve, serve, serve_observed};
