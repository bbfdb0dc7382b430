//! What the service wants done.

use super::{Reply, Ticket};
use crate::app::duty::Alarm;
use crate::app::error::AppError;
use crate::app::rows::PullRow;
use crate::app::witness::Say;
use crate::audit::{Checkpoint, CosignedCheckpoint};
use crate::base::{Digest, NodeId};
use crate::exchange::Refusal;
use crate::seal::keystore::Order;

/// What the service wants done, once all that it recorded is durable.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Answer a person.
    Reply(Ticket, Result<Reply, AppError>),
    /// Send messages of the log to a peer.
    Send {
        /// The peer.
        peer: NodeId,
        /// 0 urgent, 1 routine.
        class: u8,
        /// The entries that hold the messages.
        entries: Vec<u64>,
    },
    /// Send receipts for entries of the log to a peer.
    Receipts {
        /// The peer.
        peer: NodeId,
        /// The entries that the receipts prove.
        entries: Vec<u64>,
    },
    /// Tell a peer that messages are not taken now, or could not be opened.
    Refuse {
        /// The peer.
        peer: NodeId,
        /// What it sent, and why each is not taken.
        refusals: Vec<(Digest, Refusal)>,
    },
    /// Tell a peer that its receipts are kept.
    Keep {
        /// The peer.
        peer: NodeId,
        /// The receipts, each by the hash of its entry in the peer's log.
        receipts: Vec<Digest>,
    },
    /// Say something about logs to a peer.
    Witness {
        /// The peer.
        peer: NodeId,
        /// What.
        say: Say,
    },
    /// Cosign a checkpoint of a peer's log and tell it.
    Cosign {
        /// The peer.
        peer: NodeId,
        /// The checkpoint.
        checkpoint: Checkpoint,
    },
    /// Keep a checkpoint of this node's log with its cosignatures, beside the log.
    KeepCosigned(Box<CosignedCheckpoint>),
    /// Hand an escalation to the alarm command.
    Alarm(Alarm),
    /// Make new keys for this node.
    Rotate(Order),
    /// Fetch an attachment from a peer.
    Fetch {
        /// The peer.
        peer: NodeId,
        /// What is fetched.
        file: PullRow,
    },
}
