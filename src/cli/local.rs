//! Operations on a node's own folder and files, without the running node's API.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use zeroize::Zeroizing;

use super::audit::Convicted;
use super::failure::{Exit, Failure};
use super::report::{CardWritten, Exported, Initialised, Rebuilt, Verified, Witnessed};
use super::secret::Passphrase;
use super::stop::Stop;
use crate::audit::AuditFailure;
use crate::audit::bundle::{WitnessedReport, verify_bundle, verify_evidence};
use crate::base::files::{self, Draft};
use crate::base::{Digest, Role};
use crate::config::{Addresses, Config, FILE, Settings};
use crate::node::{self, Folder, NodeError};
use crate::seal::keystore::Keys;
use crate::store::{ExportError, VerifyReport, export_folder, verify_folder};

/// Tells how far an operation is: steps done, and steps in all.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Makes a node in `dir`: its folders, its keys sealed by `passphrase`, its configuration.
///
/// # Errors
/// A [`Failure`]; nothing of an existing node is touched.
pub fn init(
    dir: &Path,
    settings: &Settings,
    passphrase: &Passphrase,
) -> Result<Initialised, Failure> {
    let made = files::make_folders(dir, files::SHARED_FOLDER);
    made.map_err(|error| Failure::file(dir, &error))?;
    if dir.join(FILE).exists() {
        return Err(NodeError::Exists.into());
    }
    let node = crate::base::NodeId {
        member: settings.member,
        number: settings.node,
    };
    let keys = node::create(dir, node, passphrase.as_str())?;
    let config = Config::write_new(dir, settings)?;
    Ok(Initialised {
        node,
        dir: dir.to_owned(),
        config: config.dir.join(FILE),
        identity: keys.identity.key_id(),
    })
}

/// Serves until [`Stop::requested`] returns, then stops in order. `listen` overrides the
/// configuration's `[exchange] listen`.
///
/// # Errors
/// A [`Failure`] where the node cannot start, or had to stop.
pub async fn serve(
    config: Config,
    passphrase: Passphrase,
    listen: Option<SocketAddr>,
    stop: Stop,
) -> Result<(), Failure> {
    let serve = node::Serve {
        config,
        listen,
        passphrase: Zeroizing::new(passphrase.as_str().to_owned()),
    };
    let until = async move {
        if let Err(failure) = stop.requested().await {
            failure.print(false);
        }
    };
    Ok(node::serve(serve, until).await?)
}

/// Adds a person and gives their token and one-time code. `roles` has no doubles, and is one that a person can hold.
///
/// # Errors
/// A [`Failure`] where the name is taken or the state cannot be written.
pub fn user_add(
    config: &Config,
    passphrase: &Passphrase,
    name: &str,
    roles: &[Role],
) -> Result<[Zeroizing<String>; 2], Failure> {
    let keys = keys(config, passphrase)?;
    let folder = Folder(config.dir.clone());
    let added = node::add_person(&folder, &keys, name, roles)?;
    Ok([added.token, added.code].map(Zeroizing::new))
}

/// Writes the node's card, with the proof that it holds its keys, to `out`.
///
/// # Errors
/// A [`Failure`].
pub fn member_card(
    config: &Config,
    passphrase: &Passphrase,
    out: &Path,
) -> Result<CardWritten, Failure> {
    let keys = keys(config, passphrase)?;
    let card = node::issue_card(config, &keys)?;
    files::publish_new(out, &card.to_json()).map_err(|error| Failure::file(out, &error))?;
    Ok(CardWritten {
        node: keys.node,
        identity: keys.identity.key_id(),
        address: config.settings.exchange.address.clone(),
        file: out.to_owned(),
    })
}

/// Verifies the whole log of a running or stopped node, without its passphrase.
///
/// # Errors
/// A [`Failure`], [`super::failure::Exit::Unverified`] naming the first entry or checkpoint at
/// fault.
pub fn audit_verify(dir: &Path, progress: Progress<'_>) -> Result<Verified, Failure> {
    no_node(dir)?;
    let report = verify_folder(dir, progress)?;
    Ok(verified(&report))
}

/// Verifies an exported bundle, without node, network or store. `root` is the fingerprint of the
/// root of trust that the caller knows.
///
/// # Errors
/// As [`audit_verify`].
pub fn audit_verify_bundle(
    bundle: &Path,
    root: Option<Digest>,
    progress: Progress<'_>,
) -> Result<Verified, Failure> {
    let file = std::fs::File::open(bundle).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(std::io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    let file = file.map_err(|error| Failure::file(bundle, &error))?;
    let report = verify_bundle(std::io::BufReader::new(file), root, progress)?;
    Ok(Verified {
        origin: report.head.origin.to_string(),
        entries: report.head.size,
        log_root: report.head.root,
        checkpoints: report.checkpoints,
        last: Some(report.period.1),
        trust_root: Some(report.root_fingerprint),
        origin_checked: root.is_some(),
        witnessed: report.witnessed.as_ref().map(witnessed),
        decisions: report.decisions,
        unreviewed: report.unreviewed,
        restored: report.restored,
        at_risk: report.at_risk,
        notes: Vec::new(),
    })
}

/// Verifies evidence that a log has two histories, without node, network or store.
///
/// # Errors
/// As [`audit_verify`], where it convicts nobody.
pub fn audit_verify_evidence(file: &Path, root: Option<Digest>) -> Result<Convicted, Failure> {
    let opened = std::fs::File::open(file).map_err(|error| Failure::file(file, &error))?;
    let report = verify_evidence(std::io::BufReader::new(opened), root)?;
    Ok(Convicted::new(&report, root.is_some(), None))
}

/// Exports the whole log of a running or stopped node as a bundle.
///
/// # Errors
/// A [`Failure`]; an incomplete `out` is not left behind.
pub fn audit_export(dir: &Path, out: &Path, progress: Progress<'_>) -> Result<Exported, Failure> {
    no_node(dir)?;
    let io = |error: &std::io::Error| Failure::file(out, error);
    let mut draft = Draft::begin_new(out, files::OWNER_ALONE).map_err(|error| io(&error))?;
    let mut written = Written {
        to: &mut draft,
        failed: None,
    };
    let report = export_folder(dir, &mut written, progress);
    // What cannot be written says nothing about the log.
    if let Some(error) = written.failed {
        return Err(io(&error));
    }
    let report = report.map_err(not_exported)?;
    let bytes = draft.publish().map_err(|error| io(&error))?;
    Ok(Exported {
        origin: report.origin.to_string(),
        file: out.to_owned(),
        bytes,
        entries: report.head.map_or(0, |head| head.size),
        log_root: report.head.map_or(Digest::EMPTY, |head| head.root),
        trust_root: report.root_fingerprint,
    })
}

/// Keeps the first error of what it writes to.
struct Written<'a, W> {
    to: &'a mut W,
    failed: Option<std::io::Error>,
}

impl<W: std::io::Write> std::io::Write for Written<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.to.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.failed.get_or_insert(error);
            kind.into()
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

fn not_exported(error: ExportError) -> Failure {
    let why = error.to_string();
    let nothing = |code, next: &str| {
        Failure::new(
            Exit::NotFound,
            code,
            "there is nothing to export",
            why,
            next,
        )
    };
    match error {
        ExportError::Empty => nothing(
            "nothing-to-export",
            "start the node; its log begins with that",
        ),
        ExportError::NoTrustList => nothing(
            "no-trust-list",
            "install the list that the members signed: `liaison trust install`; until then \
             `liaison audit verify` checks the log in place",
        ),
        ExportError::Failed(failure) => failure.into(),
    }
}

/// Rebuilds the index of a stopped node from its log.
///
/// # Errors
/// A [`Failure`] where a node serves from the folder, or the log is damaged.
pub fn store_rebuild(
    config: &Config,
    passphrase: &Passphrase,
    progress: Progress<'_>,
) -> Result<Rebuilt, Failure> {
    let began = Instant::now();
    let folder = Folder(config.dir.clone());
    if Addresses::load(config)?.is_some() {
        // The file may be left over from a crash: whether a node serves shows when the log opens.
        tracing::debug!(event = "addresses-left");
    }
    let keys = keys(config, passphrase)?;
    let bytes_before = folder_bytes(&folder.index());
    let (entries, bytes_after) = node::rebuild(&folder, keys, progress)?;
    Ok(Rebuilt {
        entries,
        bytes_before,
        bytes_after,
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

pub(super) fn keys(config: &Config, passphrase: &Passphrase) -> Result<Keys, Failure> {
    Ok(Folder(config.dir.clone()).keys(config.node(), passphrase.as_str())?)
}

/// A folder that is no node's is told apart from a node whose log is damaged.
fn no_node(dir: &Path) -> Result<(), Failure> {
    if dir.join(FILE).exists() || dir.join("log").exists() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::NotFound,
        "no-node",
        "there is no node in this folder",
        format!("{} holds neither {FILE} nor a log", dir.display()),
        "name the node's folder with --dir",
    ))
}

fn folder_bytes(folder: &Path) -> Option<u64> {
    let files = std::fs::read_dir(folder).ok()?;
    let bytes = files.filter_map(|file| file.ok()?.metadata().ok());
    Some(bytes.map(|meta| meta.len()).sum())
}

fn witnessed(report: &WitnessedReport) -> Witnessed {
    Witnessed {
        size: report.size,
        by: report.by.clone(),
        witnesses: report.witnesses,
        quorum: report.quorum,
        enough: report.holds(),
    }
}

fn verified(report: &VerifyReport) -> Verified {
    let erased = (report.erased > 0).then(|| {
        let entries = super::text::count(report.erased, "entry is", "entries are");
        format!("the contents of {entries} erased; what they commit to is whole")
    });
    let remarks = report.remarks.iter().map(|remark| remark.in_words());
    let notes = remarks.chain(erased);
    Verified {
        origin: report.origin.to_string(),
        entries: report.head.map_or(0, |head| head.size),
        log_root: report.head.map_or(Digest::EMPTY, |head| head.root),
        checkpoints: report.checkpoints,
        last: None,
        trust_root: report.root_fingerprint,
        origin_checked: report.root_fingerprint.is_some(),
        witnessed: report.witnessed.as_ref().map(witnessed),
        decisions: report.decisions,
        unreviewed: report.unreviewed.clone(),
        restored: report.restored.clone(),
        notes: notes.collect(),
        at_risk: report.at_risk.clone(),
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        use crate::app::core::Fatal;
        use crate::seal::keystore::KeystoreError;
        use crate::store::OpenError;
        let (code, what, next) = match &error {
            NodeError::Exists => (
                "node-exists",
                "there is a node already",
                "choose another folder; nothing was changed. If `liaison init` was interrupted there, and \
                 no node ever served from it, remove the folder and make it anew",
            ),
            NodeError::Keystore(KeystoreError::WrongPassphrase) => (
                "wrong-passphrase",
                "the keys do not open",
                "check the passphrase, or the file that names it",
            ),
            NodeError::Log(OpenError::Locked) => (
                "node-running",
                "another process uses this node's log",
                "stop it first; two nodes never share a folder",
            ),
            NodeError::Log(OpenError::Damaged(_)) => (
                "log-damaged",
                "the log is damaged, so the node does not serve",
                "`liaison audit verify` names the place; restore a backup beside it, and keep this folder as evidence",
            ),
            NodeError::Fatal(Fatal::Index(error)) => (
                error.code(),
                "the index cannot be used",
                "nothing is lost: make room if the disk is full, and start the node; it makes the index anew from the log",
            ),
            NodeError::Restored => (
                "restored",
                "a restored node does not serve",
                "if the folder that it is a copy of is lost for good: `liaison resume`; `liaison help restored` says more",
            ),
            NodeError::NotRestored => (
                "not-restored",
                "there is nothing to resume",
                "`liaison serve` serves from this folder; only one that `liaison restore` made is resumed",
            ),
            NodeError::Listen(_) => (
                "cannot-listen",
                "the node cannot start",
                "choose another address in liaison.toml, or stop what uses this one",
            ),
            NodeError::State(_) => (
                "state",
                "the people's file cannot be used",
                "restore the file; `liaison help state` says what to do without a copy",
            ),
            NodeError::PersonRefused(_) => (
                "person-refused",
                "the person cannot be added so",
                "choose another name; nobody was added or changed",
            ),
            NodeError::KeysUnsigned => (
                "keys-unsigned",
                "the node is changing its keys",
                "try again in a moment; if that does not help, start the node once: it signs for them",
            ),
            NodeError::Moving(_) => (
                "node-moving",
                "the node does not serve from this folder any more",
                "at its new place: `liaison move complete`; here: `liaison move cancel`, if no copy is left",
            ),
            NodeError::OtherNode(_) => (
                "other-node",
                "the keys are another node's",
                "set member and node in liaison.toml back to what `liaison init` wrote",
            ),
            NodeError::File { .. }
            | NodeError::Keystore(_)
            | NodeError::Epoch(_)
            | NodeError::Trust(_)
            | NodeError::Log(_)
            | NodeError::Fatal(_) => (
                "node",
                "the node's folder cannot be used",
                "check the folder, its permissions and the space on the disk",
            ),
        };
        Self::new(Exit::Failure, code, what, error.to_string(), next)
    }
}

impl From<AuditFailure> for Failure {
    fn from(failure: AuditFailure) -> Self {
        Self::new(
            Exit::Unverified,
            failure.code(),
            "the verification failed",
            failure.to_string(),
            "keep the files as they are, as evidence, and tell the administrator and the peers",
        )
    }
}
