//! What a person asks of the ways to peers: which work, and files for a stick where none does.

use std::fs::File;
use std::sync::{Arc, PoisonError};

use tokio::io::DuplexStream;
use tokio::task::JoinSet;

use super::clocks::PeerTimes;
use super::fetch::Fetcher;
use super::folder::Folder;
use super::keeper::Keeper;
use super::{backup, stick};
use crate::api::{BroughtIn, LinkOut, PeerReach, Tried};
use crate::app::{AppError, Permit};
use crate::base::{MemberId, MessageId, NodeId, Timestamp};
use crate::driver::{Current, Driver};
use crate::http::{Carriage, CarryFailed, Later, LinkState, LinkStates};
use crate::seal::keystore::Keys;
use crate::seal::recovery::Recovery;
use crate::seal::trust::Directory;
use crate::store::BlobStore;
use crate::transport::{Attempt, Transport, Unreached};

/// Bytes of an export that wait to be sent to the person.
const PIPE: usize = 256 * 1024;

/// The ways to peers.
pub struct Ways {
    /// The driver.
    pub driver: Driver,
    /// The node's keys.
    pub keys: Current<Keys>,
    /// The trust list in force.
    pub directory: Current<Option<Directory>>,
    /// Sealed files.
    pub blobs: Arc<BlobStore>,
    /// The links.
    pub transport: Arc<Transport>,
    /// Where links stand.
    pub states: LinkStates,
    /// Attachments that come from peers.
    pub fetcher: Fetcher,
    /// What has to do with keys that a stick brings.
    pub keeper: Keeper,
    /// What times peers have signed.
    pub times: PeerTimes,
    /// The node's folder.
    pub folder: Folder,
}

/// The ways, as routes use them.
pub struct Reach(pub Arc<Ways>);

impl Ways {
    /// A file without a name in the node's folder.
    pub(super) fn spool(&self) -> std::io::Result<File> {
        tempfile::tempfile_in(self.folder.0.join("run"))
    }

    async fn reach(&self, of: Option<MemberId>) -> Vec<PeerReach> {
        let own = self.keys.get().node;
        let directory = self.directory.get();
        let nodes: Vec<NodeId> = directory
            .iter()
            .flat_map(|directory| directory.nodes())
            .filter(|node| *node != own)
            .filter(|node| of.is_none_or(|member| node.member == member))
            .collect();
        let mut probing = JoinSet::new();
        for node in nodes {
            let transport = self.transport.clone();
            probing.spawn(async move { (node, transport.probe(node).await) });
        }
        let mut probed = probing.join_all().await;
        probed.sort_by_key(|(node, _)| *node);
        let mut peers = Vec::new();
        for (node, attempts) in probed {
            let address = directory.as_ref().as_ref().and_then(|d| d.address(node));
            let (link, at_link) = self.link(node);
            let reached = attempts.iter().flatten().find_map(|a| a.outcome.ok());
            let clock_ahead_ms = reached.map(|reached| reached.ahead).or(at_link);
            peers.push(PeerReach {
                node,
                address: address.map(ToOwned::to_owned),
                resolves: attempts.is_some(),
                link,
                clock_ahead_ms,
                tried: attempts.unwrap_or_default().iter().map(tried).collect(),
            });
        }
        peers
    }

    fn link(&self, node: NodeId) -> (Option<LinkOut>, Option<i64>) {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        match states.get(&node) {
            Some(LinkState::Up { over, since, ahead }) => {
                let link = LinkOut {
                    over: (*over).to_owned(),
                    since: *since,
                };
                (Some(link), Some(*ahead))
            }
            Some(LinkState::Down { .. }) | None => (None, None),
        }
    }
}

fn tried(attempt: &Attempt) -> Tried {
    let found = match attempt.outcome {
        Ok(_) => "works",
        Err(Unreached::Silent) => "silent",
        Err(Unreached::Refused) => "refused",
        Err(Unreached::Untrusted) => "untrusted",
        Err(Unreached::NotAdmitted) => "not-admitted",
    };
    let reached = attempt.outcome.ok();
    Tried {
        over: attempt.via.as_str().to_owned(),
        address: attempt.address.to_string(),
        found: found.to_owned(),
        rtt_ms: reached.map(|reached| u64::try_from(reached.rtt.as_millis()).unwrap_or(u64::MAX)),
        mtu: reached.and_then(|reached| reached.mtu),
    }
}

impl Carriage for Reach {
    fn reach(&self, of: Option<MemberId>) -> Later<Vec<PeerReach>> {
        let ways = self.0.clone();
        Box::pin(async move { ways.reach(of).await })
    }

    fn take_out(
        &self,
        permit: Permit,
        to: NodeId,
        export: MessageId,
        size: u64,
    ) -> Result<DuplexStream, CarryFailed> {
        let directory = self.0.directory.get();
        let now = Timestamp::system();
        let key = directory
            .as_ref()
            .as_ref()
            .and_then(|directory| directory.recipient_key(to, now));
        if key.is_none() {
            return Err(CarryFailed::NoKey(to));
        }
        let (writer, reader) = tokio::io::duplex(PIPE);
        let ways = self.0.clone();
        tokio::task::spawn_blocking(move || {
            stick::take_out(&ways, permit, to, export, size, writer);
        });
        Ok(reader)
    }

    fn back_up(&self, id: MessageId) -> Result<DuplexStream, CarryFailed> {
        let recovery = Recovery::beside(&self.0.folder.keystore());
        let key = recovery.public_key().map_err(CarryFailed::Recovery)?;
        let (writer, reader) = tokio::io::duplex(PIPE);
        let ways = self.0.clone();
        tokio::task::spawn_blocking(move || backup::back_up(&ways, &key, id, writer));
        Ok(reader)
    }

    fn spool(&self) -> std::io::Result<File> {
        self.0.spool()
    }

    fn bring_in(&self, permit: Permit, file: File) -> Later<Result<BroughtIn, CarryFailed>> {
        let ways = self.0.clone();
        Box::pin(async move {
            let taken = tokio::task::spawn_blocking(move || stick::bring_in(&ways, permit, file));
            taken
                .await
                .unwrap_or(Err(CarryFailed::App(AppError::Stopping)))
        })
    }
}
