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

    /// The note; none where there is none.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, AuditFailure> {
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
