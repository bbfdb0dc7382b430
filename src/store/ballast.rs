//! Room that is held back: by a file, so that a node on a full disk can still start and its index take
//! what the log holds, and from attachments of others, so that they leave room for messages.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

use super::file_log;
use super::room::Room;

const FILE_NAME: &str = "ballast";
const LEN: u64 = 8 * 1024 * 1024;

/// The log does not grow into the last of the room, in bytes.
pub(super) const RESERVE: u64 = 512 * 1024;

/// The file that holds room back, in the folder of the log.
#[derive(Debug, Clone)]
pub struct Ballast {
    folder: PathBuf,
}

impl Ballast {
    /// That of a log's folder, whether the file is there or not.
    pub fn of(log: &Path) -> Self {
        Self {
            folder: log.to_owned(),
        }
    }

    /// Whether `len` bytes more of the log leave the reserve, and what the file is to be made of again.
    pub(super) fn leaves_room_for(&self, len: u64) -> io::Result<bool> {
        let kept = RESERVE + LEN - self.present().min(LEN);
        Ok(Room::of(&self.folder)?.free >= len.saturating_add(kept))
    }

    /// Gives the file up where fewer than `needed` bytes are free, and puts it back where there is room
    /// again. Whether it was given up.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub(super) fn settle(&self, needed: u64) -> io::Result<bool> {
        let path = self.folder.join(FILE_NAME);
        let present = self.present();
        let room = Room::of(&self.folder)?.free;
        if room < needed && present > 0 {
            fs::remove_file(&path)?;
            return Ok(true);
        }
        if present < LEN && room >= (4 * LEN).max(needed + LEN) {
            let file = File::create(&path)?;
            if let Err(error) = fill(&file).and_then(|()| file.sync_all()) {
                // Part of it would only take room, such as the rest of a quota.
                fs::remove_file(&path)?;
                return Err(error);
            }
        }
        Ok(false)
    }

    fn present(&self) -> u64 {
        fs::metadata(self.folder.join(FILE_NAME)).map_or(0, |data| data.len())
    }
}

/// Whether the disk has room for more in the log of the node in folder `dir`.
///
/// # Errors
/// Whatever the file system gives.
pub fn log_has_room(dir: &Path) -> io::Result<bool> {
    Ballast::of(&dir.join(file_log::FOLDER)).leaves_room_for(0)
}

/// Takes the room of the whole ballast.
fn fill(mut file: &File) -> io::Result<()> {
    if fallocate(file, FallocateFlags::empty(), 0, LEN).is_ok() {
        return Ok(());
    }
    // Not every file system gives room without content.
    let block = [0x5a; 64 * 1024];
    for _ in 0..LEN / block.len() as u64 {
        file.write_all(&block)?;
    }
    Ok(())
}

/// The most that attachments leave free, in bytes; less, a tenth, on a small disk.
const LEFT_FOR_MESSAGES: u64 = 1 << 30;

/// Whether a file system keeps enough room for messages when `len` bytes more of attachments are on it.
///
/// # Errors
/// Whatever the file system gives.
pub fn leaves_room_for_messages(folder: &Path, len: u64) -> io::Result<bool> {
    let room = Room::of(folder)?;
    let left = LEFT_FOR_MESSAGES.min(room.whole / 10);
    Ok(room.free >= left.saturating_add(len))
}
