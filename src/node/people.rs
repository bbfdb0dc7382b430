//! The people of a node in their sealed file.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::folder::{Folder, NodeError};
use crate::app::People;
use crate::base::{OsEntropy, Role, Timestamp};
use crate::seal::at_rest::EpochSecret;
use crate::seal::keystore::Keys;

/// The place to which the sealed people are bound.
const PLACE: (&str, &[u8]) = ("state", b"people");

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

/// Adds a person; gives the token, which is kept nowhere else. A running node reads the file again.
///
/// # Errors
/// [`NodeError`].
pub fn add_person(
    folder: &Folder,
    keys: &Keys,
    name: &str,
    roles: &[Role],
) -> Result<String, NodeError> {
    let path = folder.people();
    let io = |source| NodeError::File {
        path: path.clone(),
        source,
    };
    let state = folder.0.join("state");
    fs::create_dir_all(&state).map_err(io)?;
    // Two commands at once must not write over each other's person.
    let lock = fs::File::create(state.join("people.lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let mut people = read_people(&keys.people_key, &path)?;
    let token = people
        .add(name, roles, Timestamp::system(), &mut OsEntropy)
        .map_err(|error| NodeError::State(error.to_string()))?;
    let json = serde_json::to_vec(&people).expect("people are plain text");
    let key = EpochSecret::from_bytes(&keys.people_key).index_key();
    let sealed = key.seal_value(PLACE.0, PLACE.1, &json, &mut OsEntropy);
    let mut file = tempfile::NamedTempFile::new_in(&state).map_err(io)?;
    file.write_all(&sealed).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(&path).map_err(|error| io(error.error))?;
    fs::File::open(&state)
        .and_then(|folder| folder.sync_all())
        .map_err(io)?;
    Ok(token)
}
