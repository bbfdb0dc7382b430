//! Writing small files so that a power cut leaves the old or the new one, whole.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file that only its owner can read: to a temporary name, synced, then renamed over
/// what may be there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(path, bytes)?
        .persist(path)
        .map_err(|error| error.error)?;
    sync_folder_of(path)
}

/// Writes a file as [`replace`] does, unless one is there.
pub(super) fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(path, bytes)?
        .persist_noclobber(path)
        .map_err(|error| error.error)?;
    sync_folder_of(path)
}

/// Makes a new or renamed file's entry in its folder durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
