//! Room that is held back: by a file, so that a node on a full disk can still start, and from
//! attachments of others, so that they leave room for messages.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::room::Room;

const FILE_NAME: &str = "ballast";
const LEN: u64 = 1024 * 1024;

/// The log does not grow into the last of the room, in bytes.
pub(super) const RESERVE: u64 = 512 * 1024;

/// Whether the file system has room for `len` bytes and the reserve.
pub(super) fn has_room(folder: &Path, len: usize) -> io::Result<bool> {
    Ok(Room::of(folder)?.free >= len as u64 + RESERVE)
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

/// At start: drops the ballast where the disk is full, so that the rest of the start has room,
/// and puts it back where there is room again. Tells whether it was dropped.
pub(super) fn settle(folder: &Path) -> io::Result<bool> {
    let path = folder.join(FILE_NAME);
    let present = fs::metadata(&path).map_or(0, |data| data.len());
    let room = Room::of(folder)?.free;
    if room < RESERVE && present > 0 {
        fs::remove_file(&path)?;
        return Ok(true);
    }
    if present < LEN && room >= 4 * LEN {
        let mut file = File::create(&path)?;
        let block = [0x5a; 64 * 1024];
        for _ in 0..LEN / block.len() as u64 {
            file.write_all(&block)?;
        }
        file.sync_all()?;
    }
    Ok(false)
}
