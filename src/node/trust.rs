//! The trust in force at a running node: taken up within a second of being installed, never an
//! older one, and told to every part that asks it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tracing::{error, info, warn};

use super::carrier::{Carrier, Errand};
use super::folder::{Folder, NodeError};
use super::keeper::bundle_frame;
use super::links::hello;
use crate::app::{Contact, Federation, Input, ListOnRecord, NodeKeys, RestoredLog, TrustDetails};
use crate::base::{Digest, MemberId, NodeId};
use crate::driver::{Current, Driver};
use crate::seal::safety::MemberIdentity;
use crate::seal::trust::{Directory, KeyBundle, LogKey, Member, MemberKind, SignedDocument};
use crate::transport::{PeerAddress, Peers, TlsIdentity, Transport, Vouched};

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
                .list()
                .members
                .iter()
                .filter(|member| member.kind == MemberKind::Organisation)
                .map(|member| member.member)
                .collect(),
            keys: directory
                .nodes()
                .map(|node| (node, node_keys(directory, node)))
                .collect(),
            identities: directory
                .list()
                .members
                .iter()
                .map(|member| (member.member, identity(member)))
                .collect(),
            compromised: directory
                .list()
                .members
                .iter()
                .filter_map(|member| {
                    let since = directory.compromised_since(member.member)?;
                    Some((member.member, since))
                })
                .collect(),
            restored: restored(directory),
            contacts: directory.members().iter().map(contact(directory)).collect(),
        },
    }
}

/// The logs that go on after a backup, each from where its bundle says.
fn restored(directory: &Directory) -> Vec<RestoredLog> {
    let bundles = directory.nodes().filter_map(|node| directory.bundle(node));
    let begun = |bundle: &KeyBundle| -> Vec<RestoredLog> {
        let logs = bundle.log.windows(2);
        let begun = logs.filter(|pair| pair[0].origin != pair[1].origin);
        let read = |pair: &[LogKey]| {
            Some(RestoredLog {
                before: pair[0].origin.parse().ok()?,
                origin: pair[1].origin.parse().ok()?,
                after: pair[1].after,
                last: pair[1].from,
            })
        };
        begun.filter_map(read).collect()
    };
    bundles.flat_map(begun).collect()
}

fn node_keys(directory: &Directory, node: NodeId) -> NodeKeys {
    let bundle = directory.bundle(node);
    let until = bundle.and_then(|bundle| bundle.recipient.iter().map(|held| held.not_after).max());
    NodeKeys {
        sequence: bundle.map_or(0, |bundle| bundle.sequence),
        digest: directory
            .bundle_document(node)
            .map_or(Digest::EMPTY, SignedDocument::digest),
        sealable_until: until,
        log_keys_left: bundle.map_or(0, KeyBundle::log_keys_left),
    }
}

/// The identity keys of a member.
pub fn identity(member: &Member) -> MemberIdentity {
    let nodes = member.nodes.iter();
    let keys = nodes.map(|node| (node.number, node.identity.key_id()));
    MemberIdentity::new(member.member, keys)
}

/// How a member is reached beside the exchange.
fn contact(directory: &Directory) -> impl Fn(&Member) -> (MemberId, Contact) {
    |member| {
        let duty = directory.duty(member.member);
        let contact = Contact {
            listed: member.contact.clone(),
            duty: duty.map(|(roster, _)| roster.clone()).unwrap_or_default(),
        };
        (member.member, contact)
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
            vouched: directory.identity(node).map(|identity| Vouched {
                by: identity.clone(),
                after: directory.bundle(node).map_or(0, |bundle| bundle.sequence),
            }),
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
#[derive(Clone)]
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
    /// The pin of the certificate that is shown.
    pub shown: Arc<Mutex<Digest>>,
}

impl InForce {
    /// The pin of the certificate that is shown.
    pub fn shown(&self) -> Digest {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows another certificate from now on.
    pub fn present(&self, identity: &TlsIdentity, pin: Digest) {
        self.transport.present(identity);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = pin;
    }

    /// A bundle in the directory, which is in force already, is another. Called on threads that may
    /// block.
    pub fn keys_changed(&self, directory: &Directory) {
        let (federation, peers) = (federation(directory), peers(Some(directory), self.node));
        self.transport.update_peers(Arc::new(peers));
        // A driver that is stopping begins with what is on the disk.
        let _stopping = self.driver.happened(Input::Federation(federation));
    }

    /// Puts a directory in force. First nothing is sealed any more to who is out, and then its link is
    /// closed. So is that of whoever becomes an observer, since what is on its way there went to a country.
    /// What is left is to decide upon it.
    fn put(&self, directory: Directory) {
        let peers = peers(Some(&directory), self.node);
        let hello = hello(self.node, Some(&directory));
        // Who is on duty here, or where this node is reached, may be new.
        let own = bundle_frame(&directory, self.node);
        let before = self.directory.get();
        let observers = become_observers(before.as_ref().as_ref(), &directory);
        self.directory.set(Some(directory));
        self.transport.update_peers(Arc::new(peers));
        for peer in observers {
            self.carrier.run(Errand::Drop(peer));
        }
        for peer in self.transport.connected() {
            for frame in [Some(&hello), own.as_ref()].into_iter().flatten() {
                self.carrier.run(Errand::Frame(peer, frame.clone()));
            }
        }
    }
}

/// The nodes of those that are observers in a directory and were none in the one before it.
fn become_observers(before: Option<&Directory>, next: &Directory) -> Vec<NodeId> {
    let observed = |node: &NodeId| before.is_some_and(|before| before.observes(node.member));
    let observers = next.nodes().filter(|node| next.observes(node.member));
    observers.filter(|node| !observed(node)).collect()
}

/// When the files of a trust folder were last replaced.
pub type Stamp = Vec<Option<(SystemTime, u64)>>;

/// When the files were last replaced.
pub fn stamp(trust: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let stamp = |file: &&str| {
        let meta = std::fs::metadata(trust.join(file)).ok()?;
        Some((meta.modified().ok()?, meta.ino()))
    };
    FILES.iter().map(stamp).collect()
}

/// Puts in force what is installed, as soon as it is: since `seen`, from before what is in force was
/// read. The bundles of these digests are too old to be used.
pub async fn watch(folder: Folder, in_force: InForce, mut seen: Stamp, too_old: Vec<Digest>) {
    let trust = folder.trust();
    let mut told = false;
    // Whether what is in force is still to be decided upon.
    let mut undecided = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = stamp(&trust);
        if now == seen {
            continue;
        }
        let reading = folder.clone();
        let read = tokio::task::spawn_blocking(move || {
            // Nobody writes while it is read and put in force.
            let lock = reading.lock_trust()?;
            Ok::<_, NodeError>((reading.directory()?, lock))
        });
        let (directory, _lock) = match read.await {
            Ok(Ok((Some(directory), lock))) => (directory, lock),
            Ok(Ok((None, _))) | Err(_) => continue,
            // It may be half written yet.
            Ok(Err(error)) => {
                if !std::mem::replace(&mut told, true) {
                    warn!(event = "trust-list-refused", %error);
                }
                continue;
            }
        };
        let current = in_force.directory.get();
        let directory = match current.as_ref() {
            Some(current) => with_newer_bundles(without(directory, &too_old), current),
            None => directory,
        };
        let is_in_force = current
            .as_ref()
            .as_ref()
            .is_some_and(|c| same(c, &directory));
        if is_in_force && !undecided {
            (seen, told) = (now, false);
            continue;
        }
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
        let federation = federation(&directory);
        if !is_in_force {
            in_force.put(directory);
        }
        undecided = in_force.driver.install(federation).is_err();
        if undecided {
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

/// The directory with those bundles of the one in force that are newer: the trust folder was put back
/// from a copy, perhaps.
fn with_newer_bundles(directory: Directory, current: &Directory) -> Directory {
    current.bundled_nodes().fold(directory, |directory, node| {
        let newer = current.bundle_document(node).cloned();
        let newer = newer.and_then(|bundle| directory.with_bundle(bundle).ok());
        newer.unwrap_or(directory)
    })
}

/// Whether two directories say the same.
fn same(one: &Directory, other: &Directory) -> bool {
    let suspension = |d: &Directory| d.suspension_document().map(SignedDocument::digest);
    let bundles = |d: &Directory| -> Vec<_> {
        let nodes = d.bundled_nodes();
        nodes
            .map(|node| (node, d.bundle_document(node).map(SignedDocument::digest)))
            .collect()
    };
    one.hash() == other.hash()
        && one.root_digest() == other.root_digest()
        && suspension(one) == suspension(other)
        && bundles(one) == bundles(other)
}

/// The directory without the bundles that are older than those that were in force, as the log says:
/// their keys must not come back. The peers hand over their newest when there is a link. Gives the
/// digests of those bundles, too.
pub fn without_older_bundles(
    directory: Directory,
    on_record: &BTreeMap<NodeId, u64>,
    me: NodeId,
) -> (Directory, Vec<Digest>) {
    let mut too_old = Vec::new();
    for node in directory.bundled_nodes().filter(|node| *node != me) {
        let sequence = directory.bundle(node).map(|bundle| bundle.sequence);
        let known = on_record.get(&node).copied();
        if let (Some(sequence), Some(known)) = (sequence, known)
            && sequence < known
        {
            warn!(event = "bundle-rollback", %node, sequence, known, "it is not used");
            let document = directory.bundle_document(node);
            too_old.extend(document.map(SignedDocument::digest));
        }
    }
    (without(directory, &too_old), too_old)
}

/// The directory without the bundles of these digests.
fn without(directory: Directory, bundles: &[Digest]) -> Directory {
    let is_one = |document: &SignedDocument| bundles.contains(&document.digest());
    let nodes = directory.bundled_nodes();
    let nodes: Vec<NodeId> = nodes
        .filter(|node| directory.bundle_document(*node).is_some_and(is_one))
        .collect();
    nodes
        .into_iter()
        .fold(directory, |directory, node| directory.without_bundle(node))
}

#[cfg(test)]
mod tests;
