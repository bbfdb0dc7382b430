//! The people of a node in their sealed file.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::folder::{Folder, NodeError};
use crate::app::{Added, People, PeopleError};
use crate::base::{OsEntropy, Role, Timestamp, files};
use crate::http::{PeopleStore, Unchanged};
use crate::seal::at_rest::EpochSecret;
use crate::seal::keystore::Keys;

/// The place to which the sealed people are bound.
const PLACE: (&str, &[u8]) = ("state", b"people");

/// The sealed file of a serving node, which commands may change meanwhile.
pub struct SealedPeople {
    /// The node's folder.
    pub folder: Folder,
    /// The key that seals the file.
    pub key: zeroize::Zeroizing<[u8; 32]>,
}

impl PeopleStore for SealedPeople {
    fn changed(&self) -> Option<SystemTime> {
        fs::metadata(self.folder.people()).ok()?.modified().ok()
    }

    fn read(&self) -> Option<People> {
        read_people(&self.key, &self.folder.people()).ok()
    }

    fn change(
        &self,
        change: &mut dyn FnMut(&mut People) -> Result<(), PeopleError>,
    ) -> Result<People, Unchanged> {
        let changed = change_people(&self.folder, &self.key, change);
        changed.map_err(|_| Unchanged::Storage)?
    }
}

/// Reads the people; none where the file is not there yet.
///
/// # Errors
/// [`NodeError`] where it does not open under the keys.
pub fn read_people(people_key: &[u8; 32], path: &Path) -> Result<People, NodeError> {
    let sealed = match fs::read(path) {
        Ok(sealed) => sealed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(People::default()),
        Err(source) => {
            let path = path.to_owned();
            return Err(NodeError::File { path, source });
        }
    };
    let key = EpochSecret::from_bytes(people_key).index_key();
    let damaged = |_| NodeError::State("the people's file does not open".to_owned());
    let json = key.open_value(PLACE.0, PLACE.1, &sealed).map_err(damaged)?;
    serde_json::from_slice(&json).map_err(|error| NodeError::State(error.to_string()))
}

/// Adds a person; gives the token and the one-time code, which are kept nowhere else. A running
/// node reads the file again.
///
/// # Errors
/// [`NodeError`].
pub fn add_person(
    folder: &Folder,
    keys: &Keys,
    name: &str,
    roles: &[Role],
) -> Result<Added, NodeError> {
    let mut added = None;
    let changed = change_people(folder, &keys.people_key, &mut |people| {
        let person = people.add(name, roles, Timestamp::system(), &mut OsEntropy)?;
        added = Some(person);
        Ok(())
    })?;
    match (changed, added) {
        (Ok(_), Some(added)) => Ok(added),
        (Err(refused), _) => Err(NodeError::PersonRefused(refused.to_string())),
        (Ok(_), None) => Err(NodeError::State("nobody was added".to_owned())),
    }
}

/// Changes the people under a lock, so that two changes at once do not write over each other's;
/// gives them as they now are.
fn change_people(
    folder: &Folder,
    people_key: &[u8; 32],
    change: &mut dyn FnMut(&mut People) -> Result<(), PeopleError>,
) -> Result<Result<People, Unchanged>, NodeError> {
    let path = folder.people();
    let io = |source| NodeError::File {
        path: path.clone(),
        source,
    };
    let state = folder.0.join("state");
    files::make_folders(&state, files::OWNERS_FOLDER).map_err(io)?;
    let lock = fs::File::create(state.join("people.lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let mut people = read_people(people_key, &path)?;
    if let Err(refused) = change(&mut people) {
        return Ok(Err(Unchanged::Refused(refused)));
    }
    let json = serde_json::to_vec(&people).expect("people are plain text");
    let key = EpochSecret::from_bytes(people_key).index_key();
    let sealed = key.seal_value(PLACE.0, PLACE.1, &json, &mut OsEntropy);
    files::replace(&path, &sealed).map_err(io)?;
    Ok(Ok(people))
}
