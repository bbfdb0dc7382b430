//! A file that holds room back, so that a node on a full disk can still start.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

const FILE_NAME: &str = "ballast";
const LEN: u64 = 1024 * 1024;

/// The log does not grow into the last of the room, in bytes.
pub(super) const RESERVE: u64 = 512 * 1024;

/// Whether the file system has room for `len` bytes and the reserve.
pub(super) fn has_room(folder: &Path, len: usize) -> io::Result<bool> {
    Ok(fs4::available_space(folder)? >= len as u64 + RESERVE)
}

/// At start: drops the ballast where the disk is full, so that the rest of the start has room,
/// and puts it back where there is room again. Tells whether it was dropped.
pub(super) fn settle(folder: &Path) -> io::Result<bool> {
    let path = folder.join(FILE_NAME);
    let present = fs::metadata(&path).map_or(0, |data| data.len());
    let room = fs4::available_space(folder)?;
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
