//! A node assembled: start, supervise, stop in order.

mod carrier;
mod ceremony;
mod fetch;
mod folder;
mod links;
mod people;
mod proposal;
mod serve;
mod signer;
mod trust;
mod witnessing;

pub use ceremony::{
    CeremonyError, ListChange, RootChange, install, issue_card, propose, read_card, sign, suspend,
};
pub use folder::{Folder, NodeError, OpenNode, Started, create, rebuild};
pub use people::{add_person, read_people};
pub use proposal::{ListProposal, ProposalFile, SignedState, SuspendProposal};
pub use serve::{Serve, serve, serve_observed};
