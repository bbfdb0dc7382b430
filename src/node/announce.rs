//! What a node says of itself without a ceremony: who is on duty, and where it is reached now.

use super::folder::{BUNDLE_LIFE, Folder, NodeError};
use crate::base::{OsEntropy, Timestamp};
use crate::seal::keystore::Keys;
use crate::seal::trust::KeyBundle;

/// Makes, signs and stores the node's next bundle, which says what `change` makes of it. A running
/// node takes it up within a second, and hands it to its peers.
///
/// # Errors
/// [`NodeError::KeysUnsigned`] where the keys are not those of the bundle in force; otherwise whatever
/// the files give. What was in force stays then.
pub fn announce(
    folder: &Folder,
    keys: &Keys,
    change: impl FnOnce(&mut KeyBundle),
) -> Result<KeyBundle, NodeError> {
    let _lock = folder.lock_trust()?;
    let now = Timestamp::system();
    let own = folder.signed_for(keys, now)?;
    // The log key stays, so that it does not matter how long the log is.
    let mut next = own.next(keys, 0, (now, now.plus(BUNDLE_LIFE)), &mut OsEntropy);
    change(&mut next);
    let document = next.clone().sign(&keys.identity, &mut OsEntropy)?;
    if let Some(directory) = folder.directory()?
        && directory.node(keys.node).is_some()
    {
        directory.with_bundle(document.clone())?;
    }
    folder.save_own_bundle(keys.node, &document)?;
    Ok(next)
}
