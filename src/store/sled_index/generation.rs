//! The numbered folders in which sled keeps an index: one, or two while it is copied.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};

use super::{CACHE_LEN, from_io, guarded, position};
use crate::store::files;
use crate::store::index::IndexError;

/// A folder, open.
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) db: sled::Db,
    /// sled's file, for the room that it has yet to take.
    file: File,
    /// How long the file was when it was looked at last, and up to where it has room.
    reserved: Mutex<(u64, u64)>,
}

impl Generation {
    /// Takes so much room on the disk for the file to grow into: sled writes whenever it likes, and ends for
    /// good where it finds none.
    pub(super) fn reserve(&self, room: u64) -> io::Result<()> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let len = self.file.metadata()?.len();
        let (was, until) = *reserved;
        // A file that was cut lost the room behind its end.
        if was <= len && len + room <= until {
            reserved.0 = len;
            return Ok(());
        }
        fallocate(&self.file, FallocateFlags::KEEP_SIZE, len, room)?;
        *reserved = (len, len + room);
        Ok(())
    }
}

/// The number of a folder that nothing was copied into.
pub(super) const FIRST: u64 = 1;

pub(super) fn numbered(folder: &Path, number: u64) -> PathBuf {
    folder.join(number.to_string())
}

/// Opens the last copy that is whole, and removes the others and whatever else is there.
pub(super) fn open_latest(folder: &Path) -> Result<Generation, IndexError> {
    fs::create_dir_all(folder).map_err(|error| from_io(&error))?;
    let mut numbers = Vec::new();
    for file in folder.read_dir().map_err(|error| from_io(&error))? {
        let file = file.map_err(|error| from_io(&error))?;
        let name = file.file_name();
        match name.to_str().and_then(|name| name.parse::<u64>().ok()) {
            Some(number) => numbers.push(number),
            None => remove(&file.path())?,
        }
    }
    numbers.sort_unstable();
    let mut latest: Option<Generation> = None;
    while let Some(number) = numbers.pop() {
        if latest.is_none() {
            let generation = open_generation(folder, number)?;
            // The copy gets its position last.
            let whole = guarded(|| generation.db.contains_key(position()))?;
            if whole || numbers.is_empty() {
                latest = Some(generation);
                continue;
            }
        }
        destroy(&numbered(folder, number))?;
    }
    match latest {
        Some(generation) => Ok(generation),
        None => open_generation(folder, FIRST),
    }
}

fn remove(path: &Path) -> Result<(), IndexError> {
    let removed = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    removed.map_err(|error| from_io(&error))
}

pub(super) fn open_generation(folder: &Path, number: u64) -> Result<Generation, IndexError> {
    let folder = numbered(folder, number);
    fs::create_dir_all(&folder).map_err(|error| from_io(&error))?;
    remove_unfinished_snapshots(&folder).map_err(|error| from_io(&error))?;
    let config = sled::Config::new().path(&folder).cache_capacity(CACHE_LEN);
    let db = guarded(|| config.open())?;
    let file = File::options().write(true).open(folder.join("db"));
    Ok(Generation {
        number,
        db,
        file: file.map_err(|error| from_io(&error))?,
        reserved: Mutex::default(),
    })
}

/// sled takes an empty snapshot, which a killed process leaves behind, for a whole one.
fn remove_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for file in folder.read_dir()? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") && file.metadata()?.len() == 0
        {
            fs::remove_file(file.path())?;
        }
    }
    files::sync_folder(folder)
}

/// Removes a folder, if it is there.
pub(super) fn destroy(folder: &Path) -> Result<(), IndexError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(from_io(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
