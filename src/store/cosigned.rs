//! The latest checkpoint of a log with its cosignatures, as a signed note in a file beside the log:
//! what is exported with it, and a head behind which it must not be. It holds nothing secret, and
//! what is lost of it comes back with the next cosignatures.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files;
use crate::audit::{AuditFailure, MAX_COSIGNED_LEN};

/// The file's name in a node's folder.
pub const COSIGNED: &str = "cosigned";

/// The name of one that was found damaged.
const DAMAGED: &str = "cosigned.damaged";

/// The file with the latest cosigned checkpoint.
#[derive(Debug, Clone)]
pub struct CosignedFile {
    folder: PathBuf,
}

impl CosignedFile {
    /// The file in a node's folder.
    pub fn of(dir: &Path) -> Self {
        Self {
            folder: dir.to_owned(),
        }
    }

    /// Puts a cosigned checkpoint in the place of the one before.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn keep(&self, note: &str) -> io::Result<()> {
        files::replace(&self.folder, COSIGNED, note.as_bytes())
    }

    /// Sets a damaged note aside, in the place of one that was before, so that the log can be verified
    /// and exported without it.
    ///
    /// # Errors
    /// Whatever the file system gives.
    pub fn set_aside(&self) -> io::Result<()> {
        fs::rename(self.folder.join(COSIGNED), self.folder.join(DAMAGED))
    }

    /// The note; none where there is none.
    ///
    /// # Errors
    /// [`AuditFailure::Malformed`] for what is no file, or longer than any note; whatever the file
    /// system gives.
    pub fn read(&self) -> Result<Option<Vec<u8>>, AuditFailure> {
        let path = self.folder.join(COSIGNED);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(meta) if meta.is_file() && meta.len() <= MAX_COSIGNED_LEN as u64 => (),
            Ok(_) => {
                return Err(AuditFailure::Malformed {
                    place: COSIGNED.to_owned(),
                    offset: 0,
                });
            }
            Err(error) => return Err(AuditFailure::io(COSIGNED)(error)),
        }
        fs::read(&path)
            .map(Some)
            .map_err(AuditFailure::io(COSIGNED))
    }
}
