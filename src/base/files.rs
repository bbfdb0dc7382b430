//! Writing files so that a power cut leaves the old or the new one, whole, and what was said to be
//! written is there.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// The mode of folders that their owner alone enters.
pub const OWNERS_FOLDER: u32 = 0o700;
/// The mode of folders that whoever the process's mask allows enters.
pub const SHARED_FOLDER: u32 = 0o777;

/// The mode of new files that their owner alone reads.
pub const OWNER_ALONE: u32 = 0o600;
const WHOEVER_MAY: u32 = 0o666;

/// Writes a file that only its owner can read: to a temporary name, synced, then renamed over
/// what may be there.
///
/// # Errors
/// Whatever the file system gives.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(path, bytes, OWNER_ALONE)?
        .persist(path)
        .map_err(|error| error.error)?;
    sync_folder_of(path)
}

/// Writes a file as [`replace`] does, unless one is there.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or whatever the file system gives.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(path, bytes, OWNER_ALONE)?
        .persist_noclobber(path)
        .map_err(|error| error.error)?;
    sync_folder_of(path)
}

/// Writes a file that is for others too, as [`Draft::publish`] does.
///
/// # Errors
/// Whatever the file system gives.
pub fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::begin(path, WHOEVER_MAY)?;
    draft.write_all(bytes)?;
    draft.publish().map(|_| ())
}

/// Writes a file that is for others too, as [`Draft::publish`] does, unless one is there.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or whatever the file system gives.
pub fn publish_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = Draft::begin_new(path, WHOEVER_MAY)?;
    draft.write_all(bytes)?;
    draft.publish().map(|_| ())
}

/// A file that nobody finds under its name before it is whole.
pub struct Draft<'a> {
    path: &'a Path,
    file: tempfile::NamedTempFile,
    there: Option<Metadata>,
    another: Another,
}

/// What becomes of another plain file of that name.
#[derive(Clone, Copy)]
enum Another {
    Replaced,
    Kept,
}

impl<'a> Draft<'a> {
    /// Begins a file of that name, which has this mode, less what the process masks, if it is new.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn begin(path: &'a Path, mode: u32) -> io::Result<Self> {
        // A link is not followed to what it leads to: `/dev/stdout` must stay one.
        let there = fs::symlink_metadata(path).ok();
        let folder = match &there {
            Some(there) if !there.is_file() => std::env::temp_dir(),
            _ => folder_of(path).to_owned(),
        };
        let file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)?;
        Ok(Self {
            path,
            file,
            there,
            another: Another::Replaced,
        })
    }

    /// Begins a file as [`Draft::begin`] does, unless a plain one is there, or is where a link there leads
    /// to; nor does it take the place of one that comes there before it is published.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or whatever the file system gives.
    pub fn begin_new(path: &'a Path, mode: u32) -> io::Result<Self> {
        if path.is_file() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(Self {
            another: Another::Kept,
            ..Self::begin(path, mode)?
        })
    }

    /// Gives the file its name, durably, and its length in bytes. One that is there is replaced and keeps
    /// its mode, unless the file was begun as a new one. What is there and no plain file, such as a pipe or
    /// a link, is written to as it is; a new file is not written through a link into a plain one.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn publish(mut self) -> io::Result<u64> {
        match self.there {
            Some(there) if !there.is_file() => {
                let mut out = OpenOptions::new().write(true).open(self.path)?;
                if out.metadata()?.is_file() {
                    match self.another {
                        Another::Replaced => out.set_len(0)?,
                        Another::Kept => return Err(io::ErrorKind::AlreadyExists.into()),
                    }
                }
                self.file.rewind()?;
                io::copy(&mut self.file, &mut out)
            }
            there => {
                if let Some(there) = there {
                    self.file.as_file().set_permissions(there.permissions())?;
                }
                self.file.as_file().sync_all()?;
                let length = self.file.as_file().metadata()?.len();
                let persisted = match self.another {
                    Another::Replaced => self.file.persist(self.path),
                    Another::Kept => self.file.persist_noclobber(self.path),
                };
                persisted.map_err(|error| error.error)?;
                sync_folder_of(self.path)?;
                Ok(length)
            }
        }
    }
}

impl io::Write for Draft<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Makes a folder, and those that it lies in, where they are not there, and their names durable. New
/// ones have this mode, less what the process masks.
///
/// # Errors
/// Whatever the file system gives.
pub fn make_folders(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => sync_folder_of(folder),
    }
}

/// Makes a new or renamed file's entry in its folder durable.
///
/// # Errors
/// Whatever the file system gives.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn written(path: &Path, bytes: &[u8], mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder_of(path))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_file_keeps_the_mode_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card");
        publish(&path, b"first").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        publish(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }

    #[test]
    fn a_new_file_takes_no_others_place_whenever_that_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card");
        let late = Draft::begin_new(&path, OWNER_ALONE).unwrap();
        publish_new(&path, b"first").unwrap();
        let kinds = [publish_new(&path, b"second").err(), late.publish().err()];
        for error in kinds {
            assert_eq!(error.unwrap().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_published_through_a_link_leaves_the_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, b"before").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        publish(&link, b"after").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"after");
        publish(&link, b"less").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"less");
    }

    #[test]
    fn a_new_file_is_not_written_over_one_that_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let [file, device, link] = ["file", "device", "link"].map(|name| folder.path().join(name));
        fs::write(&file, b"before").unwrap();
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        std::os::unix::fs::symlink(&device, &link).unwrap();
        let late = Draft::begin_new(&link, OWNER_ALONE).unwrap();
        publish_new(&link, b"into the device").unwrap();
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let kinds = [publish_new(&link, b"after").err(), late.publish().err()];
        for error in kinds {
            assert_eq!(error.unwrap().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&file).unwrap(), b"before");
    }
}
