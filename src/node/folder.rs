//! A node's folder: what lies where, made once and opened by whoever has the passphrase.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::core::{CatchUp, Fatal, catch_up};
use crate::base::{NodeId, OsEntropy, Timestamp, files};
use crate::seal::at_rest::{Epochs, create_epoch};
use crate::seal::keystore::{Keys, Keystore, KeystoreError, Unlocked};
use crate::seal::trust::{
    Directory, KeyBundle, LogKeys, SignedDocument, TrustError, TrustFileError,
};
use crate::store::{FileLog, Index as _, Log as _, OpenError, Recovery, SledIndex};

/// How long a node's first bundle lasts.
pub(super) const BUNDLE_LIFE: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 3600);

/// Why a node cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// There is a node in the folder.
    #[error("there is a node in this folder already")]
    Exists,
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder came out of a backup: its log may have gone on.
    #[error("the folder is restored from a backup, after which the log may have gone on")]
    Restored,
    /// The folder came out of no backup.
    #[error("the folder was not restored from a backup, or its node has resumed already")]
    NotRestored,
    /// The keys cannot be opened.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The secret that opens the log's contents cannot be opened.
    #[error("keys/epoch: {0}")]
    Epoch(String),
    /// The trust folder does not hold.
    #[error("trust: {0}")]
    Trust(String),
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// The state cannot be opened.
    #[error("state: {0}")]
    State(String),
    /// A person cannot be added so.
    #[error("{0}")]
    PersonRefused(String),
    /// The keys are those of another node than the configuration names.
    #[error("the keys are those of {0}, which the configuration does not name")]
    OtherNode(NodeId),
    /// Catching up with the log failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The node's keys changed, and its bundle does not name them yet.
    #[error("the node's keys changed just now, or are not signed for yet")]
    KeysUnsigned,
    /// The node left this folder for another place.
    #[error("the node moved away from this folder at {0}")]
    Moving(Timestamp),
    /// The transport or the API cannot listen.
    #[error("{0}")]
    Listen(String),
}

impl From<TrustFileError> for NodeError {
    fn from(error: TrustFileError) -> Self {
        Self::Trust(error.to_string())
    }
}

impl From<TrustError> for NodeError {
    fn from(error: TrustError) -> Self {
        Self::Trust(error.to_string())
    }
}

/// The places in a node's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// The sealed keys.
    pub fn keystore(&self) -> PathBuf {
        self.0.join("keys/keystore")
    }

    /// The sealed secret that wraps the keys of log contents.
    pub fn epoch(&self) -> PathBuf {
        self.0.join("keys/epoch")
    }

    /// Root, list and bundles.
    pub fn trust(&self) -> PathBuf {
        self.0.join("trust")
    }

    /// Copies of proposals that are not in force.
    pub fn proposals(&self) -> PathBuf {
        self.trust().join("proposals")
    }

    /// The bundle of a node.
    pub fn bundle(&self, node: NodeId) -> PathBuf {
        self.trust().join(format!("bundles/{node}.json"))
    }

    /// The index.
    pub fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// Whether the folder came out of a backup.
    pub fn is_restored(&self) -> bool {
        self.0.join(super::RESTORED).exists()
    }

    /// The people, sealed.
    pub fn people(&self) -> PathBuf {
        self.0.join("state/people")
    }

    /// Opens the keys.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn keys(&self, node: NodeId, passphrase: &str) -> Result<Keys, NodeError> {
        let keys = Keystore::open(&self.keystore(), passphrase)?;
        if keys.node != node {
            return Err(NodeError::OtherNode(keys.node));
        }
        Ok(keys)
    }

    /// Opens the keys, and keeps what it takes to write them again.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn unlock(&self, node: NodeId, passphrase: &str) -> Result<(Keys, Unlocked), NodeError> {
        let (keys, unlocked) = Keystore::unlock(&self.keystore(), passphrase)?;
        match keys.node == node {
            true => Ok((keys, unlocked)),
            false => Err(NodeError::OtherNode(keys.node)),
        }
    }

    /// Waits until nobody else is about to write the trust folder: whoever reads it in order to write
    /// it again holds this.
    ///
    /// # Errors
    /// [`NodeError::File`].
    pub fn lock_trust(&self) -> Result<fs::File, NodeError> {
        let path = self.trust().join("lock");
        let mut options = fs::File::options();
        let locked = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|source| NodeError::File { path, source })
    }

    /// The trust in force; none before a list is installed.
    ///
    /// # Errors
    /// [`NodeError::Trust`] where the files do not hold.
    pub fn directory(&self) -> Result<Option<Directory>, NodeError> {
        let trust = self.trust();
        if !trust.join("root.json").exists() {
            return Ok(None);
        }
        Ok(Some(Directory::load(&trust)?))
    }

    /// The node's own bundle, as signed.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn own_bundle(&self, node: NodeId) -> Result<SignedDocument, NodeError> {
        let path = self.bundle(node);
        let json = fs::read(&path).map_err(|source| NodeError::File { path, source })?;
        Ok(SignedDocument::from_json(&json)?)
    }

    /// The node's own bundle, which names these keys.
    ///
    /// # Errors
    /// [`NodeError::KeysUnsigned`] where it names others: the node's next start signs for them.
    pub(super) fn signed_for(&self, keys: &Keys, now: Timestamp) -> Result<KeyBundle, NodeError> {
        let own = self.own_bundle(keys.node)?;
        let own = KeyBundle::read(&own, keys.identity.verifying_key())?;
        match own.is_of(keys, now) {
            true => Ok(own),
            false => Err(NodeError::KeysUnsigned),
        }
    }

    /// Replaces the node's own bundle, durably.
    ///
    /// # Errors
    /// [`NodeError::File`].
    pub fn save_own_bundle(&self, node: NodeId, bundle: &SignedDocument) -> Result<(), NodeError> {
        let path = self.bundle(node);
        let failed = |source| NodeError::File {
            path: path.clone(),
            source,
        };
        files::replace(&path, &bundle.to_json()).map_err(failed)
    }

    /// The keys that the node's log has had. A node whose bundle cannot be read has its log key alone.
    pub(super) fn log_keys(&self, keys: &Keys) -> LogKeys {
        let own = keys.log.verifying_key();
        let bundle = self.own_bundle(keys.node).ok();
        let bundle = bundle.and_then(|b| KeyBundle::read(&b, keys.identity.verifying_key()).ok());
        bundle
            .and_then(|bundle| bundle.newest_log_keys())
            .unwrap_or_else(|| own.clone().into())
    }

    /// The incarnation of the log that the node's bundle names last.
    fn incarnation(&self, keys: &Keys) -> u32 {
        let own = self.own_bundle(keys.node).ok();
        own.and_then(|own| KeyBundle::read(&own, keys.identity.verifying_key()).ok())
            .map_or(1, |own| own.incarnation())
    }

    fn make(&self, part: &str) -> Result<(), NodeError> {
        let path = self.0.join(part);
        files::make_folders(&path, files::OWNERS_FOLDER)
            .map_err(|source| NodeError::File { path, source })
    }
}

/// Makes the folders, keys, first bundle and empty log of a node.
///
/// # Errors
/// [`NodeError::Exists`] where there is one; nothing of it is touched.
pub fn create(dir: &Path, node: NodeId, passphrase: &str) -> Result<Keys, NodeError> {
    let folder = Folder(dir.to_owned());
    if folder.keystore().exists() || dir.join("log").exists() {
        return Err(NodeError::Exists);
    }
    for part in ["keys", "trust/bundles", "state", "run"] {
        folder.make(part)?;
    }
    let now = Timestamp::system();
    let keys = Keys::generate(node, now, &mut OsEntropy);
    let bundle = KeyBundle::first(&keys, now, now.plus(BUNDLE_LIFE));
    let bundle = bundle.sign(&keys.identity, &mut OsEntropy)?;
    folder.save_own_bundle(node, &bundle)?;
    create_epoch(&folder.epoch(), &keys.storage_key, &mut OsEntropy)
        .map_err(|error| NodeError::Epoch(error.to_string()))?;
    FileLog::create(dir, node)?;
    // Last: a folder with a keystore is a whole node.
    Keystore::create(&folder.keystore(), passphrase, &keys, &mut OsEntropy)?;
    Ok(keys)
}

/// A node's log and index, current, with the keys.
pub struct OpenNode {
    /// The keys.
    pub keys: Keys,
    /// The log.
    pub log: FileLog,
    /// The index.
    pub index: SledIndex,
    /// What opening found.
    pub started: Started,
}

/// What opening a node found.
#[derive(Debug)]
pub struct Started {
    /// Of the log.
    pub log: Recovery,
    /// Of the index.
    pub index: CatchUp,
    /// Why the index was made anew, if it was.
    pub index_remark: Option<&'static str>,
}

/// Whether the index may be used as it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IndexUse {
    Kept,
    MadeAnew,
}

impl OpenNode {
    /// Opens log and index with `keys`, and brings the index up to the log.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn open(
        folder: &Folder,
        keys: Keys,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, NodeError> {
        open(folder, keys, IndexUse::Kept, progress)
    }
}

fn open(
    folder: &Folder,
    keys: Keys,
    index_use: IndexUse,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<OpenNode, NodeError> {
    let epochs = Epochs::in_file(&folder.epoch(), &keys.storage_key);
    let log_keys = folder.log_keys(&keys);
    let (mut log, recovery) = FileLog::open(&folder.0, keys.node, epochs, &log_keys)?;
    let incarnation = folder.incarnation(&keys);
    if incarnation > log.origin().incarnation {
        log.begin_incarnation(incarnation);
    }
    let open_index = || {
        let entropy = Box::new(OsEntropy);
        SledIndex::open(&folder.index(), log.ballast(), log.index_key(), entropy)
    };
    let mut remark = None;
    if index_use == IndexUse::MadeAnew {
        SledIndex::destroy(&folder.index()).map_err(Fatal::from)?;
    }
    let mut index = match open_index() {
        Ok(index) => index,
        Err(crate::store::IndexError::Locked) => {
            return Err(Fatal::from(crate::store::IndexError::Locked).into());
        }
        Err(_) => {
            remark = Some("the index could not be opened");
            SledIndex::destroy(&folder.index()).map_err(Fatal::from)?;
            open_index().map_err(Fatal::from)?
        }
    };
    if index.has_grown() == Ok(true) {
        remark = Some("the index had grown far past what is live in it");
        index.clear().map_err(Fatal::from)?;
    }
    let caught_up = match catch_up(keys.node, &log, &mut index, progress) {
        Ok(caught_up) => caught_up,
        // A value that does not open is damage of the index alone: the log makes it anew.
        Err(Fatal::Index(_)) => {
            remark = Some("the index was damaged");
            drop(index);
            SledIndex::destroy(&folder.index()).map_err(Fatal::from)?;
            index = open_index().map_err(Fatal::from)?;
            catch_up(keys.node, &log, &mut index, progress)?
        }
        Err(error) => return Err(error.into()),
    };
    if let CatchUp::Rebuilt(1..) = caught_up {
        // Else it would seem to have grown far past the nothing that it began with.
        index.measure().map_err(Fatal::from)?;
    }
    Ok(OpenNode {
        keys,
        log,
        index,
        started: Started {
            log: recovery,
            index: caught_up,
            index_remark: remark,
        },
    })
}

/// Makes the index of a stopped node anew from its log. Gives the entries, and the bytes that the
/// new index takes.
///
/// # Errors
/// [`NodeError`].
pub fn rebuild(
    folder: &Folder,
    keys: Keys,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(u64, u64), NodeError> {
    let node = open(folder, keys, IndexUse::MadeAnew, progress)?;
    node.index.flush().map_err(Fatal::from)?;
    let disk = node.index.disk().map_err(Fatal::from)?;
    Ok((node.log.size(), disk))
}
