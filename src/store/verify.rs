//! Checking and exporting a log from its files alone: without its secrets, without its lock, and
//! without writing anything, beside a running node or on a copy.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, mpsc};

use super::anchor::Anchor;
use super::cosigned::{COSIGNED, CosignedFile};
use super::file_log::{FOLDER, Remark};
use super::keyring::{self, Keyring};
use super::walk::{self, Visitor, Walked, WalkedGroup};
use crate::audit::bundle::{BundleWriter, TrustDocuments, WitnessedReport};
use crate::audit::{
    AtRisk, AuditFailure, Checkpoint, CheckpointFault, CosignedCheckpoint, Entry, EventCode,
    FourEyes, FourEyesFault, Incarnations, Origin, RiskCount, SignedCheckpoint,
};
use crate::base::{Digest, NodeId};
use crate::seal::sign::KeyId;
use crate::seal::trust::{
    Directory, KeyBundle, LogKeys, SignedDocument, TrustError, TrustFileError,
};

const TRUST: &str = "trust";
/// Checkpoints whose signatures may wait to be checked: they are 3.4 kB each.
const SIGNED_AHEAD: usize = 256;

/// What a log proved to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The log.
    pub origin: Origin,
    /// Its head; nothing while it is empty.
    pub head: Option<Checkpoint>,
    /// The log key that signs now.
    pub key: KeyId,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// How many entries' contents are erased; what the entries commit to stays.
    pub erased: u64,
    /// The fingerprint of the root from which the trust begins; none while the installed trust list, if
    /// there is one, does not name the node, and the log is checked under the keys that it names itself.
    pub root_fingerprint: Option<Digest>,
    /// What witnesses say of it; none where nobody has cosigned it.
    pub witnessed: Option<WitnessedReport>,
    /// The decisions of people on letters, each signed by a second person or in an emergency.
    pub decisions: u64,
    /// The letters that left in an emergency and were not reviewed, by their entries.
    pub unreviewed: Vec<u64>,
    /// Where the log goes on after a restore from a backup: the first entry of each incarnation but the
    /// first.
    pub restored: Vec<u64>,
    /// What is to be known. Beside a running node, a group that is just being written shows as
    /// one that was never finished.
    pub remarks: Vec<Remark>,
    /// Members whose keys are said to have been in other hands, and what the log holds of them since.
    pub at_risk: Vec<AtRisk>,
}

/// Why a log is not exported.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// There is nothing in the log.
    #[error("nothing is in the log yet")]
    Empty,
    /// No trust list was ever installed, and a bundle is checked by nothing else.
    #[error("no trust list is installed yet, and without one nobody can check a bundle")]
    NoTrustList,
    /// It does not hold, or cannot be read or written.
    #[error(transparent)]
    Failed(#[from] AuditFailure),
}

/// Verifies the log in a node's folder: the trust under `trust`, and under `log` every checksum,
/// leaf, sealed content, root and signature, and the anchor. `progress` is told how many bytes of
/// how many are done.
///
/// # Errors
/// [`AuditFailure`], naming the first entry or checkpoint at fault.
pub fn verify_folder(
    dir: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, AuditFailure> {
    check(dir, progress).map(|checked| checked.report)
}

struct Checked {
    report: VerifyReport,
    trust: Option<TrustDocuments>,
    directory: Option<Directory>,
    cosigned: Option<CosignedCheckpoint>,
    keys: LogKeys,
    walked: Walked,
}

fn check(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Checked, AuditFailure> {
    let folder = dir.join(FOLDER);
    // The anchor is read first: what it holds is in the log by then.
    let anchor = Anchor::read(&folder)?;
    let node = anchor.origin().node;
    let note = CosignedFile::of(dir).read()?;
    let trust = match read_trust(&dir.join(TRUST)) {
        // Before its first trust list a node vouches for its log alone.
        Err(AuditFailure::Missing { .. }) if !has_trust_list(dir) => None,
        other => Some(other?),
    };
    let vouched = trust.as_ref().filter(|trust| is_listed(trust, node));
    let keys = match vouched {
        // What a member signed stays verifiable while it is suspended.
        Some(directory) => match directory.bundle_document(node) {
            Some(bundle) => newest_log_keys(bundle)?,
            None => None,
        },
        None => own_log_keys(dir, node)?,
    }
    .ok_or(AuditFailure::NoLogKey {
        origin: anchor.origin(),
    })?;
    let seen = Seen {
        checkpoints: 0,
        had_trust_list: false,
        eyes: FourEyes::new(node),
        incarnations: Incarnations::default(),
        broken: None,
        at_risk: trust
            .as_ref()
            .map(|directory| RiskCount::new(node.member, directory)),
    };
    let (give, take) = mpsc::sync_channel(SIGNED_AHEAD);
    let take = Mutex::new(take);
    let (walked, seen) = std::thread::scope(|scope| {
        let checkers = std::thread::available_parallelism().map_or(1, usize::from);
        let checkers: Vec<_> = (0..checkers)
            .map(|_| scope.spawn(|| first_forged(&keys, &take)))
            .collect();
        let mut checks = Checks {
            signed: give,
            seen,
            progress,
        };
        let walked = walk::walk(&folder, node, anchor.size(), &mut checks);
        let Checks { signed, seen, .. } = checks;
        drop(signed);
        let forged = checkers.into_iter().filter_map(|checker| {
            let found = checker.join();
            found.expect("checking a signature does not panic")
        });
        // Whatever else the walk found lies behind the checkpoints that it gave away.
        match forged.min() {
            Some((from, size)) => Err(AuditFailure::Checkpoint {
                from,
                size,
                fault: CheckpointFault::Signature,
            }),
            None => Ok((walked?, seen)),
        }
    })?;
    if trust.is_none() && seen.had_trust_list {
        let place = format!("{TRUST}/root.json");
        return Err(AuditFailure::Missing { place });
    }
    let (decisions, unreviewed) = (seen.eyes.decisions(), seen.eyes.unreviewed());
    let origin = walked.origin;
    let anchored = anchor.check(origin, &walked.tree, &keys)?;
    let cosigned = match (&trust, note) {
        (Some(directory), Some(note)) => Some(check_cosigned((directory, &keys), &note, &walked)?),
        (None, _) | (_, None) => None,
    };
    // Said of a log that is what it was: damage is told as damage.
    if let Some((index, fault)) = seen.broken {
        return Err(AuditFailure::FourEyes { index, fault });
    }
    let mut remarks = Vec::new();
    remarks.extend(walked.tail.map(Remark::from));
    if !anchor.is_whole() {
        remarks.push(Remark::AnchorDamaged);
    }
    if anchored < walked.tree.size() {
        remarks.push(Remark::AnchorBehind { anchor: anchored });
    }
    let report = VerifyReport {
        origin,
        head: walked.head.as_ref().map(|head| head.checkpoint),
        key: keys.last().key_id(),
        checkpoints: seen.checkpoints,
        erased: erased(&folder, node)?,
        root_fingerprint: vouched.map(Directory::root_fingerprint),
        witnessed: cosigned
            .as_ref()
            .zip(trust.as_ref())
            .map(|(cosigned, directory)| WitnessedReport::of(cosigned, directory)),
        decisions,
        unreviewed,
        restored: seen.incarnations.begun(),
        remarks,
        at_risk: seen.at_risk.map_or_else(Vec::new, RiskCount::found),
    };
    Ok(Checked {
        report,
        trust: trust.as_ref().map(TrustDocuments::of),
        directory: trust,
        cosigned,
        keys,
        walked,
    })
}

/// The checkpoint with its cosignatures that lies beside the log: the log must hold it.
fn check_cosigned(
    (directory, own): (&Directory, &LogKeys),
    note: &[u8],
    walked: &Walked,
) -> Result<CosignedCheckpoint, AuditFailure> {
    let keys = |origin: Origin| match origin.node == walked.origin.node {
        true => Some(own.clone()),
        false => directory.log_keys(&origin.to_string()),
    };
    let cosigned =
        CosignedCheckpoint::read_known(note, keys).map_err(|error| AuditFailure::Note {
            place: COSIGNED.to_owned(),
            error,
        })?;
    let Checkpoint { size, root, .. } = cosigned.signed.checkpoint;
    match walked.tree.root_at(size) {
        Some(found) if found == root => Ok(cosigned),
        Some(_) => Err(AuditFailure::Checkpoint {
            from: 0,
            size,
            fault: CheckpointFault::Root,
        }),
        None => Err(AuditFailure::Behind {
            size: walked.tree.size(),
            anchor: size,
        }),
    }
}

/// How many entries the keyring says are erased.
fn erased(folder: &Path, node: NodeId) -> Result<u64, AuditFailure> {
    let place = format!("{FOLDER}/{}", keyring::FILE_NAME);
    let keyring = Keyring::open(folder, node);
    let erased = keyring.and_then(|keyring| keyring.map_or(Ok(0), |keyring| keyring.erased()));
    erased.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            AuditFailure::Malformed { place, offset: 0 }
        }
        _ => AuditFailure::io(place)(error),
    })
}

/// Verifies the log in a node's folder as [`verify_folder`] does, and writes it as a bundle, which
/// [`verify_bundle`](crate::audit::bundle::verify_bundle) reads. The log may grow meanwhile; the
/// bundle ends where the check did. `progress` is told how many bytes of how many are done.
///
/// # Errors
/// [`ExportError`].
pub fn export_folder(
    dir: &Path,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, ExportError> {
    // The log is read three times: to check it, for its entries, and for its checkpoints.
    let mut part = |number: u64, done: u64, total: u64| {
        progress(done + number * total, total * 3);
    };
    let checked = check(dir, &mut |done, total| part(0, done, total))?;
    let Checked {
        report,
        trust,
        directory,
        cosigned,
        keys,
        walked,
    } = checked;
    let head = walked.head.ok_or(ExportError::Empty)?;
    let trust = trust.ok_or(ExportError::NoTrustList)?;
    if report.root_fingerprint.is_none() {
        // Nobody can check a bundle whose list does not name its node.
        let origin = report.origin;
        return Err(AuditFailure::NoLogKey { origin }.into());
    }
    let folder = dir.join(FOLDER);
    let size = head.checkpoint.size;
    let out = io::BufWriter::new(out);
    let mut bundle = BundleWriter::new(out, &trust, &head, &keys).map_err(unwritten())?;
    let mut entries = Export {
        size,
        each: &mut |group| {
            let mut leaves = group.entries.iter().map(|(_, stored)| stored.leaf);
            leaves.try_for_each(|leaf| bundle.entry(leaf))
        },
        progress: &mut |done, total| part(1, done, total),
    };
    walk::walk(&folder, report.origin.node, size, &mut entries)?;
    bundle.tree(&walked.tree).map_err(unwritten())?;
    let mut checkpoints = Export {
        size,
        each: &mut |group| bundle.checkpoint(&group.checkpoint),
        progress: &mut |done, total| part(2, done, total),
    };
    walk::walk(&folder, report.origin.node, size, &mut checkpoints)?;
    let cosigned = cosigned.filter(|cosigned| !cosigned.cosignatures.is_empty());
    if let (Some(directory), Some(cosigned)) = (&directory, &cosigned) {
        let keys = |origin: Origin| directory.log_keys(&origin.to_string());
        bundle.cosigned(cosigned, keys).map_err(unwritten())?;
    }
    bundle.finish().map_err(unwritten())?;
    Ok(report)
}

fn unwritten() -> impl FnOnce(io::Error) -> AuditFailure {
    AuditFailure::io("the bundle")
}

/// Whether anything of a trust list is in the folder: one that lost a part is damaged, not new.
fn has_trust_list(dir: &Path) -> bool {
    let trust = dir.join(TRUST);
    ["root.json", "list.json", "list.json.next"]
        .iter()
        .any(|file| trust.join(file).exists())
}

/// Whether the list in force names the node, suspended or not.
fn is_listed(directory: &Directory, node: NodeId) -> bool {
    directory.identity_listed(node).is_some()
}

fn newest_log_keys(bundle: &SignedDocument) -> Result<Option<LogKeys>, AuditFailure> {
    let bundle = KeyBundle::peek(bundle).map_err(untrusted)?;
    Ok(bundle.newest_log_keys())
}

fn untrusted(error: TrustError) -> AuditFailure {
    AuditFailure::Trust {
        reason: error.to_string(),
    }
}

/// The log keys that the node's own bundle names.
fn own_log_keys(dir: &Path, node: NodeId) -> Result<Option<LogKeys>, AuditFailure> {
    let place = format!("{TRUST}/bundles/{node}.json");
    let json = match fs::read(dir.join(&place)) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(AuditFailure::Missing { place });
        }
        Err(error) => return Err(AuditFailure::io(place)(error)),
    };
    let bundle = SignedDocument::from_json(&json).map_err(untrusted)?;
    newest_log_keys(&bundle)
}

fn read_trust(folder: &Path) -> Result<Directory, AuditFailure> {
    let place = |file| format!("{TRUST}/{file}");
    Directory::load(folder).map_err(|error| match error {
        TrustFileError::Io { file, source } if source.kind() == io::ErrorKind::NotFound => {
            AuditFailure::Missing { place: place(file) }
        }
        TrustFileError::Io { file, source } => AuditFailure::io(place(file))(source),
        TrustFileError::Malformed { file } => AuditFailure::Malformed {
            place: place(file),
            offset: 0,
        },
        TrustFileError::Trust(error) => untrusted(error),
    })
}

/// Checks the signatures of checkpoints, each with the entry that its group begins with, until no
/// more come. Gives the first that does not hold: where its group begins, and its size.
fn first_forged(
    keys: &LogKeys,
    checkpoints: &Mutex<mpsc::Receiver<(u64, SignedCheckpoint)>>,
) -> Option<(u64, u64)> {
    let mut forged = None;
    loop {
        let next = checkpoints.lock().expect("receiving does not panic").recv();
        let Ok((from, checkpoint)) = next else {
            return forged;
        };
        let size = checkpoint.checkpoint.size;
        // What follows a forged one is only taken, so that the walk comes to its end.
        if forged.is_none() && checkpoint.verify_of(keys).is_err() {
            forged = Some((from, size));
        }
    }
}

/// Checks what the walk itself does not.
struct Checks<'a> {
    /// To those who check signatures.
    signed: mpsc::SyncSender<(u64, SignedCheckpoint)>,
    seen: Seen,
    progress: &'a mut dyn FnMut(u64, u64),
}

/// What the entries say.
struct Seen {
    checkpoints: u64,
    /// Whether the log says that a trust list was in force.
    had_trust_list: bool,
    eyes: FourEyes,
    incarnations: Incarnations,
    /// The first entry that breaks the rule of four eyes.
    broken: Option<(u64, FourEyesFault)>,
    at_risk: Option<RiskCount>,
}

impl Visitor for Checks<'_> {
    fn segment(&mut self, _: u64) {}

    fn group(&mut self, group: &WalkedGroup<'_>) -> Result<(), AuditFailure> {
        for (index, (_, stored)) in (group.from..).zip(&group.entries) {
            let entry =
                Entry::decode(stored.leaf).map_err(|error| AuditFailure::Entry { index, error })?;
            if Digest::of(stored.ciphertext) != entry.sealed_digest {
                return Err(AuditFailure::SealedContent { index });
            }
            if self.seen.broken.is_none()
                && let Err(fault) = self.seen.eyes.see(index, &entry)
            {
                self.seen.broken = Some((index, fault));
            }
            self.seen.incarnations.entry(index, &entry);
            self.seen.had_trust_list |= entry.event == EventCode::TrustListInstalled;
            if let Some(at_risk) = &mut self.seen.at_risk {
                at_risk.see(index, &entry);
            }
        }
        let checkpoint = &group.checkpoint.checkpoint;
        self.seen.incarnations.checkpoint(group.from, checkpoint)?;
        self.seen.checkpoints += 1;
        let given = self.signed.send((group.from, group.checkpoint.clone()));
        given.expect("checkers take all there is");
        Ok(())
    }

    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }
}

/// Passes groups on, up to a size.
struct Export<'a> {
    size: u64,
    each: &'a mut dyn FnMut(&WalkedGroup<'_>) -> io::Result<()>,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Visitor for Export<'_> {
    fn segment(&mut self, _: u64) {}

    fn group(&mut self, group: &WalkedGroup<'_>) -> Result<(), AuditFailure> {
        match group.checkpoint.checkpoint.size <= self.size {
            true => (self.each)(group).map_err(unwritten()),
            false => Ok(()),
        }
    }

    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }
}
