//! Room on the file system that holds a folder.

use std::io;
use std::path::Path;

/// Room on a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What a process without privileges may still write.
    pub free: u64,
    /// The whole file system.
    pub whole: u64,
}

impl Room {
    /// The room where a folder is.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let room = rustix::fs::statvfs(folder)?;
        Ok(Self {
            free: room.f_bavail.saturating_mul(room.f_frsize),
            whole: room.f_blocks.saturating_mul(room.f_frsize),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_has_no_more_room_than_it_is_large() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::of(folder.path()).unwrap();
        assert!(0 < room.free && room.free <= room.whole, "{room:?}");
    }

    #[test]
    fn where_no_folder_is_nothing_is_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let error = Room::of(&folder.path().join("missing")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
