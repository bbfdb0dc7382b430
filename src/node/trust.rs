//! The trust in force at a running node: taken up within a second of being installed, never an
//! older one, and told to every part that asks it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::{error, info, warn};

use super::carrier::{Carrier, Errand};
use super::folder::{Folder, NodeError};
use super::links::hello;
use crate::app::{Federation, ListOnRecord, TrustDetails};
use crate::base::NodeId;
use crate::driver::{Busy, Current, Driver};
use crate::seal::trust::{Directory, MemberKind};
use crate::transport::{PeerAddress, Peers, Transport};

/// How often a running node looks whether something was installed.
const LOOK: Duration = Duration::from_millis(200);

/// The files whose change is looked for, and the folder of the bundles.
const FILES: [&str; 4] = ["root.json", "list.json", "suspend.json", "bundles"];

/// What decisions need to know of a directory.
pub fn federation(directory: &Directory) -> Federation {
    let suspension = directory.suspension();
    let suspended = suspension.map(|list| list.suspended.iter().map(|s| s.member).collect());
    let document = directory.suspension_document();
    Federation {
        version: u64::from(directory.version()),
        hash: directory.hash(),
        expires: directory.expires(),
        nodes: directory.nodes().collect(),
        trust: TrustDetails {
            suspension: suspension
                .zip(document)
                .map(|(list, document)| (list.version, document.digest())),
            suspended: suspended.unwrap_or_default(),
            observers: directory
                .members()
                .iter()
                .filter(|member| member.kind == MemberKind::Organisation)
                .map(|member| member.member)
                .collect(),
        },
    }
}

/// What the transport needs to know of a directory.
pub fn peers(directory: Option<&Directory>, me: NodeId) -> Peers {
    let Some(directory) = directory else {
        return Peers::default();
    };
    let others = directory.nodes().filter(|node| *node != me);
    others
        .map(|node| PeerAddress {
            node,
            address: directory.address(node).map(ToOwned::to_owned),
            pins: directory.tls_pins(node).to_vec(),
        })
        .collect()
}

/// Refuses a directory that is older than the one that was in force, as the log says: a folder
/// that was put back from a copy must not bring back members that were removed.
///
/// # Errors
/// [`NodeError::Trust`].
pub fn no_rollback(
    directory: Option<&Directory>,
    record: Option<&ListOnRecord>,
) -> Result<(), NodeError> {
    let Some(record) = record else {
        return Ok(());
    };
    let refuse = |what: String| Err(NodeError::Trust(what));
    let Some(directory) = directory else {
        return refuse(format!(
            "trust list {} was in force and is gone",
            record.version
        ));
    };
    let version = u64::from(directory.version());
    if version < record.version {
        return refuse(format!(
            "trust list {version} is installed, but list {} was in force: install that one, or a \
             later one",
            record.version
        ));
    }
    if version > record.version {
        return Ok(());
    }
    if directory.hash() != record.hash {
        return refuse(format!(
            "trust list {version} is another one than the trust list {version} that was in force"
        ));
    }
    let suspension = directory.suspension().map(|list| list.version);
    if suspension < record.suspension.map(|(version, _)| version) {
        return refuse(format!(
            "members were suspended under trust list {version}, and their suspension is gone: \
             install it again"
        ));
    }
    Ok(())
}

/// What the log would say of a directory.
fn on_record(directory: &Directory) -> ListOnRecord {
    let federation = federation(directory);
    ListOnRecord {
        version: federation.version,
        hash: federation.hash,
        suspension: federation.trust.suspension,
    }
}

/// The parts of a node that the trust in force concerns.
pub struct InForce {
    /// The node.
    pub node: NodeId,
    /// What everybody reads.
    pub directory: Current<Option<Directory>>,
    /// Decides.
    pub driver: Driver,
    /// Has the links.
    pub transport: Arc<Transport>,
    /// Carries what is said on them.
    pub carrier: Carrier,
}

impl InForce {
    /// Puts a directory in force. First nothing is sealed any more to who is out, then its link is
    /// closed, and then it is decided upon.
    ///
    /// # Errors
    /// [`Busy`] where the driver could not be told: it is to be tried again.
    pub fn put(&self, directory: Directory) -> Result<(), Busy> {
        let (federation, peers) = (federation(&directory), peers(Some(&directory), self.node));
        let hello = hello(self.node, Some(&directory));
        self.directory.set(Some(directory));
        self.transport.update_peers(Arc::new(peers));
        for peer in self.transport.connected() {
            self.carrier.run(Errand::Frame(peer, hello.clone()));
        }
        self.driver.install(federation)
    }
}

/// When the files were last replaced.
fn stamp(trust: &Path) -> Vec<Option<(SystemTime, u64)>> {
    use std::os::unix::fs::MetadataExt as _;
    let stamp = |file: &&str| {
        let meta = std::fs::metadata(trust.join(file)).ok()?;
        Some((meta.modified().ok()?, meta.ino()))
    };
    FILES.iter().map(stamp).collect()
}

/// Puts in force what is installed, as soon as it is.
pub async fn watch(folder: Folder, in_force: InForce) {
    let trust = folder.trust();
    let mut seen = stamp(&trust);
    let mut told = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = stamp(&trust);
        if now == seen {
            continue;
        }
        let reading = folder.clone();
        let read = tokio::task::spawn_blocking(move || reading.directory()).await;
        let directory = match read {
            Ok(Ok(Some(directory))) => directory,
            Ok(Ok(None)) | Err(_) => continue,
            // It may be half written yet.
            Ok(Err(error)) => {
                if !std::mem::replace(&mut told, true) {
                    warn!(event = "trust-list-refused", %error);
                }
                continue;
            }
        };
        let current = in_force.directory.get();
        let record = current.as_ref().as_ref().map(on_record);
        if let Err(error) = no_rollback(Some(&directory), record.as_ref()) {
            error!(event = "trust-list-rollback", %error, "what is in force stays");
            seen = now;
            continue;
        }
        let version = directory.version();
        let suspended = directory
            .suspension()
            .map_or(0, |list| list.suspended.len());
        if in_force.put(directory).is_err() {
            warn!(
                event = "trust-list-waits",
                "the node is busy; it is tried again"
            );
            continue;
        }
        info!(event = "trust-list-in-force", version, suspended);
        (seen, told) = (now, false);
    }
}
