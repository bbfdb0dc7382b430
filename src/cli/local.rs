//! Operations on a node's own folder and files, without the running node's API.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use zeroize::Zeroizing;

use super::failure::{Exit, Failure};
use super::report::{
    CardWritten, Exported, Initialised, Proposal, Rebuilt, Trust, TrustedMember, TrustedNode,
    Verified,
};
use super::secret::Passphrase;
use super::stop::Stop;
use crate::audit::AuditFailure;
use crate::audit::bundle::verify_bundle;
use crate::base::{Digest, Role};
use crate::config::{Addresses, Config, FILE, Settings};
use crate::node::{self, CeremonyError, Folder, NodeError, ProposalFile};
use crate::seal::keystore::Keys;
use crate::seal::trust::{Directory, Root, TrustList};
use crate::store::{VerifyReport, export_folder, verify_folder};

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
    std::fs::create_dir_all(dir).map_err(|error| Failure::file(dir, &error))?;
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

/// Adds a person and gives their token. `roles` has no doubles, and is one that a person can hold.
///
/// # Errors
/// A [`Failure`] where the name is taken or the state cannot be written.
pub fn user_add(
    config: &Config,
    passphrase: &Passphrase,
    name: &str,
    roles: &[Role],
) -> Result<Zeroizing<String>, Failure> {
    let keys = keys(config, passphrase)?;
    let folder = Folder(config.dir.clone());
    Ok(Zeroizing::new(node::add_person(
        &folder, &keys, name, roles,
    )?))
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
    std::fs::write(out, card.to_json()).map_err(|error| Failure::file(out, &error))?;
    Ok(CardWritten {
        node: keys.node,
        identity: keys.identity.key_id(),
        address: config.settings.exchange.address.clone(),
        file: out.to_owned(),
    })
}

/// Puts members' cards together as a root and a trust list that nobody has signed, valid for
/// `days`.
///
/// # Errors
/// A [`Failure`] that names the card at fault.
pub fn trust_propose(cards: &[PathBuf], days: u16, out: &Path) -> Result<Proposal, Failure> {
    let mut read = Vec::new();
    for card in cards {
        let json = std::fs::read(card).map_err(|error| Failure::file(card, &error))?;
        read.push((card.display().to_string(), json));
    }
    let (file, cards) = node::propose(&read, days)?;
    file.write(out)?;
    let nodes = cards.iter().map(|card| (card.node, card.identity.key_id()));
    proposal(&file, out, nodes.collect())
}

/// Adds the member's signature to the proposal in `file`, in place.
///
/// # Errors
/// A [`Failure`] where the proposal does not list this node with its own keys.
pub fn trust_sign(
    config: &Config,
    passphrase: &Passphrase,
    file: &Path,
) -> Result<Proposal, Failure> {
    let keys = keys(config, passphrase)?;
    let mut proposed = ProposalFile::read(file)?;
    node::sign(&mut proposed, &keys)?;
    proposed.write(file)?;
    let nodes = nodes_of(&proposed)?;
    proposal(&proposed, file, nodes)
}

/// Installs a completely signed proposal.
///
/// # Errors
/// A [`Failure`] where signatures are missing, or it is older than what is installed.
pub fn trust_install(config: &Config, file: &Path) -> Result<Trust, Failure> {
    let proposed = ProposalFile::read(file)?;
    Ok(trust(&node::install(config, &proposed)?))
}

/// The trust in force at the node.
///
/// # Errors
/// A [`Failure`], [`super::failure::Exit::NotFound`] where none is installed.
pub fn trust_show(config: &Config) -> Result<Trust, Failure> {
    match Folder(config.dir.clone()).directory()? {
        Some(directory) => Ok(trust(&directory)),
        None => Err(Failure::new(
            Exit::NotFound,
            "no-trust-list",
            "no trust list is installed",
            "the node knows no peers yet",
            "collect the members' cards, then `liaison trust propose`, `sign` and `install`",
        )),
    }
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
    let file = std::fs::File::open(bundle).map_err(|error| Failure::file(bundle, &error))?;
    let report = verify_bundle(std::io::BufReader::new(file), root, progress)?;
    Ok(Verified {
        origin: report.head.origin.to_string(),
        entries: report.head.size,
        log_root: report.head.root,
        checkpoints: report.checkpoints,
        last: Some(report.period.1),
        trust_root: Some(report.root_fingerprint),
        origin_checked: root.is_some(),
        notes: Vec::new(),
    })
}

/// Exports the whole log of a running or stopped node as a bundle.
///
/// # Errors
/// A [`Failure`]; an incomplete `out` is not left behind.
pub fn audit_export(dir: &Path, out: &Path, progress: Progress<'_>) -> Result<Exported, Failure> {
    no_node(dir)?;
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let io = |error: &std::io::Error| Failure::file(out, error);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| io(&error))?;
    let report = export_folder(dir, &mut file, progress)?;
    file.flush()
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| io(&error))?;
    let bytes = file.as_file().metadata().map_err(|error| io(&error))?.len();
    file.persist(out).map_err(|error| io(&error.error))?;
    Ok(Exported {
        origin: report.origin.to_string(),
        file: out.to_owned(),
        bytes,
        entries: report.head.map_or(0, |head| head.size),
        log_root: report.head.map_or(Digest::EMPTY, |head| head.root),
        trust_root: report.root_fingerprint,
    })
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

fn keys(config: &Config, passphrase: &Passphrase) -> Result<Keys, Failure> {
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

fn nodes_of(file: &ProposalFile) -> Result<Vec<(crate::base::NodeId, Digest)>, Failure> {
    let list = TrustList::peek(&file.list).map_err(CeremonyError::from)?;
    let listed = |member: &crate::seal::trust::Member| {
        let ids: Vec<_> = member.node_ids().collect();
        let keys = member.nodes.iter().map(|node| node.identity.key_id());
        ids.into_iter().zip(keys.collect::<Vec<_>>())
    };
    Ok(list.members.iter().flat_map(listed).collect())
}

fn proposal(
    proposed: &ProposalFile,
    file: &Path,
    nodes: Vec<(crate::base::NodeId, Digest)>,
) -> Result<Proposal, Failure> {
    let list = TrustList::peek(&proposed.list).map_err(CeremonyError::from)?;
    let root = Root::peek(&proposed.root).map_err(CeremonyError::from)?;
    let state = proposed.state();
    Ok(Proposal {
        file: file.to_owned(),
        root: proposed.root.digest(),
        version: u64::from(list.version),
        expires: list.expires,
        nodes,
        signed_by: state.signed_by,
        signers: root
            .countries
            .iter()
            .map(|country| country.member)
            .collect(),
        complete: state.directory.is_some(),
    })
}

fn trust(directory: &Directory) -> Trust {
    let member = |member: &crate::seal::trust::Member| TrustedMember {
        member: member.member,
        name: member.name.clone(),
        contact: member.contact.clone(),
        nodes: member
            .node_ids()
            .zip(&member.nodes)
            .map(|(node, listed)| TrustedNode {
                node,
                identity: listed.identity.key_id(),
                address: listed.address.clone(),
            })
            .collect(),
    };
    Trust {
        root: directory.root_fingerprint(),
        version: u64::from(directory.version()),
        expires: directory.expires(),
        members: directory.members().iter().map(member).collect(),
    }
}

fn verified(report: &VerifyReport) -> Verified {
    Verified {
        origin: report.origin.to_string(),
        entries: report.head.map_or(0, |head| head.size),
        log_root: report.head.map_or(Digest::EMPTY, |head| head.root),
        checkpoints: report.checkpoints,
        last: None,
        trust_root: report.root_fingerprint,
        origin_checked: report.root_fingerprint.is_some(),
        notes: report
            .remarks
            .iter()
            .map(|remark| remark.in_words())
            .collect(),
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        use crate::seal::keystore::KeystoreError;
        use crate::store::OpenError;
        let (code, what, next) = match &error {
            NodeError::Exists => (
                "node-exists",
                "there is a node already",
                "choose another folder; nothing was changed",
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
            NodeError::Listen(_) => (
                "cannot-listen",
                "the node cannot start",
                "choose another address in liaison.toml, or stop what uses this one",
            ),
            NodeError::State(_) => (
                "state",
                "the people's file cannot be changed",
                "correct the input, or restore the file",
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

impl From<CeremonyError> for Failure {
    fn from(error: CeremonyError) -> Self {
        match error {
            CeremonyError::Node(error) => error.into(),
            CeremonyError::File { .. } | CeremonyError::Trust(_) | CeremonyError::NotListed => {
                Self::new(
                    Exit::Failure,
                    "trust",
                    "the trust document cannot be used",
                    error.to_string(),
                    "ask whoever made it for a new one; what is in force stays in force",
                )
            }
        }
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
