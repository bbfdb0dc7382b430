//! The directory on disk: `root.json` (every root from the first, as a JSON array), `list.json`,
//! `suspend.json` if anybody is suspended, and `bundles/<NODE>.json`, all as signed, so that
//! loading verifies everything again.
//!
//! A list and its root change together. The new list is first written beside the old one as
//! `list.json.next`, then the roots are replaced, then the new list takes its place; a power cut
//! in between leaves the directory before the change or the one after it. A suspend list of another list than the one in
//! force is one that a later list has ended. Loading writes nothing.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::document::SignedDocument;
use super::{Directory, KeyBundle, SuspendList, TrustError};
use crate::base::NodeId;
use crate::base::files;

const ROOT: &str = "root.json";
const LIST: &str = "list.json";
const SUSPEND: &str = "suspend.json";
const NEXT_LIST: &str = "list.json.next";
const BUNDLES: &str = "bundles";
/// No file is longer, in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Why a directory cannot be loaded or saved.
#[derive(Debug, thiserror::Error)]
pub enum TrustFileError {
    /// The file system failed.
    #[error("{file}: {source}")]
    Io {
        /// The file, relative to the trust folder.
        file: String,
        /// What it said.
        source: io::Error,
    },
    /// A file is not JSON of the shape that belongs there.
    #[error("{file} is malformed")]
    Malformed {
        /// The file, relative to the trust folder.
        file: String,
    },
    /// What the files say does not hold.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Directory {
    /// Loads and verifies a directory from the trust folder, and writes nothing there.
    ///
    /// # Errors
    /// [`TrustFileError`].
    pub fn load(dir: &Path) -> Result<Self, TrustFileError> {
        let roots = read_roots(dir)?;
        let next =
            read_document(dir, NEXT_LIST)?.filter(|next| Self::build(&roots, next, []).is_ok());
        let list = match next {
            Some(next) => next,
            // Either no change was under way, or its roots had not been written yet.
            None => read_document(dir, LIST)?.ok_or_else(|| missing(LIST))?,
        };
        let directory = with_bundles(dir, &roots, &list)?;
        match read_document(dir, SUSPEND)? {
            Some(document) if SuspendList::peek(&document)?.list == directory.hash() => {
                Ok(directory.suspended_by(&document)?)
            }
            Some(_) | None => Ok(directory),
        }
    }

    /// Writes the directory to the trust folder, which is made if need be, and removes what it no
    /// longer has. After a power cut, [`Directory::load`] finds the directory before or this one.
    ///
    /// # Errors
    /// [`TrustFileError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), TrustFileError> {
        let bundles = dir.join(BUNDLES);
        fs::create_dir_all(&bundles).map_err(io_error(BUNDLES))?;
        let roots =
            serde_json::to_vec_pretty(self.root_documents()).expect("documents are plain text");
        self.remove_strangers(dir)?;
        write(dir, NEXT_LIST, &self.list_document().to_json())?;
        write(dir, ROOT, &roots)?;
        fs::rename(dir.join(NEXT_LIST), dir.join(LIST)).map_err(io_error(LIST))?;
        files::sync_folder_of(&dir.join(LIST)).map_err(io_error(LIST))?;
        match self.suspension_document() {
            Some(document) => write(dir, SUSPEND, &document.to_json())?,
            None => remove(dir, SUSPEND)?,
        }
        for node in self.bundled_nodes() {
            if let Some(bundle) = self.bundle_document(node) {
                write(dir, &bundle_file(node), &bundle.to_json())?;
            }
        }
        Ok(())
    }

    /// Writes the bundle of one node to the trust folder, durably.
    ///
    /// # Errors
    /// [`TrustFileError::Io`].
    pub fn save_bundle(&self, dir: &Path, node: NodeId) -> Result<(), TrustFileError> {
        match self.bundle_document(node) {
            Some(bundle) => write(dir, &bundle_file(node), &bundle.to_json()),
            None => Ok(()),
        }
    }

    /// Removes the bundles that do not hold under this directory's list, before it takes effect.
    fn remove_strangers(&self, dir: &Path) -> Result<(), TrustFileError> {
        for entry in fs::read_dir(dir.join(BUNDLES)).map_err(io_error(BUNDLES))? {
            let entry = entry.map_err(io_error(BUNDLES))?;
            let name = entry.file_name();
            let Some(node) = name.to_str().and_then(node_of_file) else {
                continue;
            };
            let holds = self.listed_identity(node).is_some_and(|identity| {
                matches!(
                    read_document(dir, &bundle_file(node)),
                    Ok(Some(bundle)) if KeyBundle::read(&bundle, identity).is_ok()
                )
            });
            if !holds {
                fs::remove_file(entry.path()).map_err(io_error(BUNDLES))?;
            }
        }
        Ok(())
    }
}

fn node_of_file(name: &str) -> Option<NodeId> {
    name.strip_suffix(".json")?.parse().ok()
}

fn with_bundles(
    dir: &Path,
    roots: &[SignedDocument],
    list: &SignedDocument,
) -> Result<Directory, TrustFileError> {
    let mut directory = Directory::build(roots, list, [])?;
    let nodes: Vec<NodeId> = directory.nodes().collect();
    for node in nodes {
        let file = bundle_file(node);
        let Some(bundle) = read_document(dir, &file)? else {
            continue;
        };
        directory = directory.with_bundle(bundle)?;
        if directory.bundle(node).is_none() {
            return Err(TrustFileError::Malformed { file });
        }
    }
    Ok(directory)
}

fn bundle_file(node: NodeId) -> String {
    format!("{BUNDLES}/{node}.json")
}

fn read_roots(dir: &Path) -> Result<Vec<SignedDocument>, TrustFileError> {
    let bytes = read(dir, ROOT)?.ok_or_else(|| missing(ROOT))?;
    serde_json::from_slice(&bytes).map_err(|_| TrustFileError::Malformed {
        file: ROOT.to_owned(),
    })
}

fn read_document(dir: &Path, file: &str) -> Result<Option<SignedDocument>, TrustFileError> {
    let malformed = |_| TrustFileError::Malformed {
        file: file.to_owned(),
    };
    read(dir, file)?
        .map(|bytes| SignedDocument::from_json(&bytes).map_err(malformed))
        .transpose()
}

fn read(dir: &Path, file: &str) -> Result<Option<Vec<u8>>, TrustFileError> {
    let opened = match fs::File::open(dir.join(file)) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(file)(error)),
    };
    let mut bytes = Vec::new();
    opened
        .take(MAX_FILE)
        .read_to_end(&mut bytes)
        .map_err(io_error(file))?;
    Ok(Some(bytes))
}

fn write(dir: &Path, file: &str, bytes: &[u8]) -> Result<(), TrustFileError> {
    files::replace(&dir.join(file), bytes).map_err(io_error(file))
}

fn remove(dir: &Path, file: &str) -> Result<(), TrustFileError> {
    match fs::remove_file(dir.join(file)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(file)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn missing(file: &str) -> TrustFileError {
    io_error(file)(io::ErrorKind::NotFound.into())
}

fn io_error(file: &str) -> impl Fn(io::Error) -> TrustFileError {
    let file = file.to_owned();
    move |source| TrustFileError::Io {
        file: file.clone(),
        source,
    }
}
