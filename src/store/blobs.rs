//! Attachments: one encrypted file each, written to a temporary name, synced, and renamed.
//!
//! Names: `<message id>.<index>` for a whole one, the same with `.part` for one that is still
//! being fetched, and with `.<number>.new` for one that is being written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{files, leaves_room_for_messages};
use crate::base::MessageId;

/// The folder of attachments within the node's.
const FOLDER: &str = "blobs";

/// Names an attachment: its message, and its place among the message's attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId {
    /// The message.
    pub message: MessageId,
    /// From 0.
    pub index: u16,
}

impl BlobId {
    fn file_name(self) -> String {
        format!("{}.{}", self.message, self.index)
    }

    fn from_file_name(name: &str) -> Option<Self> {
        let (message, index) = name.split_once('.')?;
        let id = Self {
            message: message.parse().ok()?,
            index: index.parse().ok()?,
        };
        (id.file_name() == name).then_some(id)
    }
}

/// After how many bytes of an attachment that is fetched the room on the disk is looked at again.
const MEASURED_EVERY: u64 = 1 << 20;

/// Bytes of an attachment that are written together: each packet brings little more than a thousand.
const WRITTEN_AT_ONCE: usize = 256 * 1024;

/// The attachments that a node keeps.
#[derive(Debug)]
pub struct BlobStore {
    folder: PathBuf,
    /// Tells writers of the same attachment apart.
    writers: AtomicU64,
}

impl BlobStore {
    /// Opens the store in the node's folder `dir`, and drops what was left half written.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let folder = dir.join(FOLDER);
        files::make_folder(&folder)?;
        for file in folder.read_dir()? {
            let file = file?;
            if file.file_name().to_string_lossy().ends_with(".new") {
                fs::remove_file(file.path())?;
            }
        }
        Ok(Self {
            folder,
            writers: AtomicU64::new(0),
        })
    }

    /// Begins to write an attachment, which appears under its name only when it is finished.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn create(&self, id: BlobId) -> io::Result<BlobWriter> {
        let number = self.writers.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{number}.new", id.file_name());
        let temporary = self.folder.join(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).open(&temporary)?;
        Ok(BlobWriter {
            file,
            temporary,
            path: self.path(id),
            finished: false,
        })
    }

    /// Takes up the fetching of an attachment where it stopped, or begins it.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] while it is being written by somebody else, whose bytes would come
    /// between; else whatever the file system gives.
    pub fn resume(&self, id: BlobId) -> io::Result<PartialBlob> {
        let part = self.part_path(id);
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(&part)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::ResourceBusy.into(),
            TryLockError::Error(error) => error,
        })?;
        let held = file.metadata()?;
        // Whoever held the lock may have finished since the file was opened: it is the whole one now.
        if fs::metadata(&part).ok().map(|named| named.ino()) != Some(held.ino()) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let len = held.len();
        Ok(PartialBlob {
            file: BufWriter::with_capacity(WRITTEN_AT_ONCE, file),
            len,
            unmeasured: 0,
            part,
            path: self.path(id),
        })
    }

    /// Opens a whole attachment for reading.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn read(&self, id: BlobId) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// The length of a whole attachment in bytes; nothing if there is none.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn len(&self, id: BlobId) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(id)) {
            Ok(data) => Ok(Some(data.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the whole attachment is there.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn exists(&self, id: BlobId) -> io::Result<bool> {
        Ok(self.len(id)?.is_some())
    }

    /// Whether there is anything of a message with up to `most` attachments, whole or partly fetched.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn has_any_of(&self, message: MessageId, most: u16) -> io::Result<bool> {
        for index in 0..most {
            let id = BlobId { message, index };
            if self.exists(id)? || self.part_path(id).try_exists()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes an attachment, whole or partly fetched, if it is there. Its key is what erases it.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn remove(&self, id: BlobId) -> io::Result<()> {
        for path in [self.path(id), self.part_path(id)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        files::sync_folder(&self.folder)
    }

    /// Removes all attachments of these messages, whole or partly fetched. Their keys are what erases
    /// them.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn remove_all(&self, messages: &[MessageId]) -> io::Result<u64> {
        self.remove_unreferenced(&mut |id| !messages.contains(&id.message))
    }

    /// Removes every attachment, whole or partly fetched, that nothing refers to, and tells how
    /// many. Files whose names are none of ours stay.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn remove_unreferenced(
        &self,
        is_referenced: &mut dyn FnMut(BlobId) -> bool,
    ) -> io::Result<u64> {
        let mut removed = 0;
        for file in self.folder.read_dir()? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            let whole = name.strip_suffix(".part").unwrap_or(&name);
            if BlobId::from_file_name(whole).is_some_and(|id| !is_referenced(id)) {
                fs::remove_file(file.path())?;
                removed += 1;
            }
        }
        files::sync_folder(&self.folder)?;
        Ok(removed)
    }

    fn path(&self, id: BlobId) -> PathBuf {
        self.folder.join(id.file_name())
    }

    fn part_path(&self, id: BlobId) -> PathBuf {
        self.folder.join(format!("{}.part", id.file_name()))
    }
}

/// An attachment that is being written. Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct BlobWriter {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    finished: bool,
}

impl BlobWriter {
    /// Makes the attachment durable and gives it its name.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.finished = true;
        sync_folder_of(&self.path)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if !self.finished {
            // The next opening of the store removes it if this fails.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// An attachment that is being fetched. What is there stays there, to be taken up again.
#[derive(Debug)]
pub struct PartialBlob {
    file: BufWriter<File>,
    len: u64,
    /// Bytes since the room on the disk was last looked at.
    unmeasured: u64,
    part: PathBuf,
    path: PathBuf,
}

impl PartialBlob {
    /// Whether the whole attachment of `len` bytes fits on the disk, beside what messages need.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] where it does not; else whatever the file system gives.
    pub fn fits(&self, len: u64) -> io::Result<()> {
        match leaves_room_for_messages(&self.part, len.saturating_sub(self.len))? {
            true => Ok(()),
            false => Err(no_room()),
        }
    }

    /// How many bytes are there. After a power cut they may not be those that were appended:
    /// whoever finishes checks the digest of the whole first.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is there yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads what is there, from its first byte.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn read(&mut self) -> io::Result<File> {
        self.file.flush()?;
        File::open(&self.part)
    }

    /// Appends.
    ///
    /// # Errors
    /// Whatever the file system gives; how much was appended shows when it is resumed.
    /// [`io::ErrorKind::StorageFull`] where it would not leave enough room for messages.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unmeasured += bytes.len() as u64;
        if self.unmeasured >= MEASURED_EVERY {
            if !leaves_room_for_messages(&self.part, MEASURED_EVERY)? {
                return Err(no_room());
            }
            self.unmeasured = 0;
        }
        self.file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Makes the attachment durable and gives it its name.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.part, &self.path)?;
        sync_folder_of(&self.path)
    }

    /// Throws away what is there, which proved to be wrong.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.part)
    }
}

/// What is free on the disk is kept for messages.
fn no_room() -> io::Error {
    let why = "attachments of others wait: what is free on the disk is kept for messages";
    io::Error::new(io::ErrorKind::StorageFull, why)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    files::sync_folder(path.parent().expect("an attachment lies in its folder"))
}
