//! A node assembled: start, supervise, stop in order.

mod announce;
mod aside;
mod backup;
mod bell;
mod carrier;
mod ceremony;
mod clocks;
mod fetch;
mod folder;
mod keeper;
mod latest;
mod links;
mod lists;
mod moving;
mod pending;
mod people;
mod proposal;
mod reach;
mod resume;
mod rotation;
mod serve;
mod signer;
mod stick;
mod trust;
mod turns;
mod waiting;
mod webhooks;
mod witnessing;

pub use announce::announce;
pub use backup::{RESTORED, ReadBackup, make_durable, read_backup};
pub use ceremony::{
    CeremonyError, ListChange, RootChange, agrees, frozen, install, issue_card, propose, read_card,
    sign, suspend,
};
pub use folder::{Folder, NodeError, OpenNode, Started, create, rebuild};
pub use moving::{HeldFiles, Moving};
pub use people::{add_person, read_people};
pub use proposal::{ListProposal, ProposalFile, SignedState, SuspendProposal};
pub use resume::Resumed;
pub use serve::{Serve, serve, serve_observed};
pub use trust::identity;
