//! New keys of this node: signed for, stored, put in force at once, and only then shown to anybody.
//!
//! The bundle that names the public halves is signed first: keys that none may name are not stored. Then
//! the keystore is written, then the bundle, then both are in force. After a crash in between the keystore
//! is ahead, and [`reconciled`] makes the bundle that is missing.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use super::folder::{BUNDLE_LIFE, Folder, NodeError};
use crate::api::{KeyAge, ProposalView};
use crate::base::{OsEntropy, Timestamp};
use crate::driver::Current;
use crate::http::Custody;
use crate::seal::keystore::{Keys, LOG_RENEWED_AFTER, RENEWED_AFTER, Unlocked};
use crate::seal::trust::{Directory, KeyBundle, SignedDocument};

/// What new keys are put into.
#[derive(Clone)]
pub struct OwnKeys {
    /// Where keys and bundle are stored.
    pub folder: Folder,
    /// Writes the keystore.
    pub unlocked: Arc<Unlocked>,
    /// The keys in force.
    pub keys: Current<Keys>,
    /// The trust in force, with the node's own bundle.
    pub directory: Current<Option<Directory>>,
}

impl OwnKeys {
    /// Puts the keys that `make` gives in the place of those in force. Called between two groups of the
    /// log, which has so many `entries`: the next checkpoint is signed by the log key among them.
    ///
    /// # Errors
    /// [`NodeError`]; the keys in force stay then, unless the bundle alone could not be written.
    pub fn replace(
        &self,
        entries: u64,
        make: impl FnOnce(&Keys, Timestamp) -> Keys,
    ) -> Result<Option<Directory>, NodeError> {
        let _lock = self.folder.lock_trust()?;
        let now = Timestamp::system();
        let keys = make(&self.keys.get(), now);
        let bundle = next_bundle(&self.folder, &keys, entries, 0, now)?;
        let directory = self.directory.get().as_ref().clone();
        let directory = match (directory, bundle.clone()) {
            (Some(directory), Some(bundle)) => Some(with_own(directory, &keys, bundle)?),
            (directory, _) => directory,
        };
        self.unlocked.replace(&keys, &mut OsEntropy)?;
        store(&self.folder, &keys, bundle.as_ref())?;
        self.keys.set(keys);
        self.directory.set(directory.clone());
        Ok(directory)
    }
}

impl OwnKeys {
    /// Puts a bundle in force that names the log keys, too, which the node had when it made an earlier
    /// one and lost with its folder; none if it lost none. Called between two groups of the log.
    ///
    /// # Errors
    /// [`NodeError`]; the bundle in force stays then.
    pub fn regain(&self, earlier: &SignedDocument) -> Result<Option<Directory>, NodeError> {
        let _lock = self.folder.lock_trust()?;
        let Some(directory) = self.directory.get().as_ref().clone() else {
            return Ok(None);
        };
        let keys = self.keys.get();
        let identity = keys.identity.verifying_key();
        let own = KeyBundle::read(&self.folder.own_bundle(keys.node)?, identity)?;
        let earlier = KeyBundle::read(earlier, identity)?;
        let now = Timestamp::system();
        let times = (now, now.plus(BUNDLE_LIFE));
        let Some(next) = own.regained(&earlier, &keys, times, &mut OsEntropy) else {
            return Ok(None);
        };
        let next = next.sign(&keys.identity, &mut OsEntropy)?;
        let directory = with_own(directory, &keys, next.clone())?;
        self.folder.save_own_bundle(keys.node, &next)?;
        self.directory.set(Some(directory.clone()));
        Ok(Some(directory))
    }
}

impl Custody for OwnKeys {
    fn key_ages(&self) -> Vec<KeyAge> {
        let keys = self.keys.get();
        let age = |key: &str, created: Timestamp, serves: Option<Duration>| KeyAge {
            key: key.to_owned(),
            created,
            renewed: serves.map(|serves| created.plus(serves)),
        };
        // The identity key is made with the first log, and stays.
        let own = self.folder.own_bundle(keys.node).ok();
        let own = own.and_then(|own| KeyBundle::peek(&own).ok());
        let log_renewed = own.as_ref().is_none_or(|own| own.log_keys_left() > 0);
        let log_renewed = log_renewed.then_some(LOG_RENEWED_AFTER);
        let begun = own.and_then(|own| Some(own.log.first()?.from));
        let tls = keys.next_tls.as_ref().unwrap_or(&keys.tls).created();
        let recipient = keys.recipient.iter().map(|held| held.created).max();
        let ages = [
            begun.map(|begun| age("identity", begun, None)),
            Some(age("tls", tls, Some(RENEWED_AFTER))),
            recipient.map(|created| age("recipient", created, Some(RENEWED_AFTER))),
            Some(age("log", keys.log_created, log_renewed)),
        ];
        ages.into_iter().flatten().collect()
    }

    fn proposals(&self) -> Vec<ProposalView> {
        let directory = self.directory.get();
        let current = directory.as_ref().as_ref();
        let pending = self.folder.pending(current).into_iter();
        pending.filter_map(|kept| kept.view(current).ok()).collect()
    }
}

/// The directory with a bundle that names the keys that are held, where the one in it does not: the
/// node went down between writing its keys and its bundle, or its trust folder is older than its log,
/// which knows of the bundle `at_least`. `entries` is how many the log has.
///
/// # Errors
/// [`NodeError`].
pub fn reconciled(
    folder: &Folder,
    keys: &Keys,
    directory: Option<Directory>,
    entries: u64,
    at_least: u64,
) -> Result<Option<Directory>, NodeError> {
    let _lock = folder.lock_trust()?;
    let bundle = next_bundle(folder, keys, entries, at_least, Timestamp::system())?;
    store(folder, keys, bundle.as_ref())?;
    match (directory, bundle) {
        (Some(directory), Some(bundle)) => Ok(Some(with_own(directory, keys, bundle)?)),
        (directory, _) => Ok(directory),
    }
}

/// Makes and signs the node's next bundle, unless the one that it has is of these keys and not behind
/// `at_least`.
fn next_bundle(
    folder: &Folder,
    keys: &Keys,
    entries: u64,
    at_least: u64,
    now: Timestamp,
) -> Result<Option<SignedDocument>, NodeError> {
    let own = folder.own_bundle(keys.node)?;
    let mut own = KeyBundle::read(&own, keys.identity.verifying_key())?;
    if own.is_of(keys, now) && own.sequence >= at_least {
        return Ok(None);
    }
    own.sequence = own.sequence.max(at_least);
    let times = (now, now.plus(BUNDLE_LIFE));
    let next = own.next(keys, entries, times, &mut OsEntropy);
    Ok(Some(next.sign(&keys.identity, &mut OsEntropy)?))
}

fn store(folder: &Folder, keys: &Keys, bundle: Option<&SignedDocument>) -> Result<(), NodeError> {
    let Some(bundle) = bundle else {
        return Ok(());
    };
    folder.save_own_bundle(keys.node, bundle)?;
    let sequence = KeyBundle::peek(bundle)?.sequence;
    info!(event = "own-bundle", node = %keys.node, sequence, "the node's keys were signed for");
    Ok(())
}

fn with_own(
    directory: Directory,
    keys: &Keys,
    bundle: SignedDocument,
) -> Result<Directory, NodeError> {
    // A node that is not listed, or not any more, keeps its own keys to itself.
    match directory.node(keys.node) {
        Some(_) => Ok(directory.with_bundle(bundle)?),
        None => Ok(directory),
    }
}

#[cfg(test)]
mod tests;
