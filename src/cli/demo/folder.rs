//! Where a demo keeps its offices: a folder that stays, or one that goes with it.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::cli::failure::{Exit, Failure};

/// The file that marks a folder as a demo's, and is locked while the demo runs.
const MARK: &str = "liaison-demo";
/// What a demo makes in its folder.
const CONTENTS: [&str; 6] = ["mk", "tr", "at", "ir", "files", "logs"];

/// A demo's folder. Dropped, a temporary one is removed.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Held so that no second demo takes the folder.
    _mark: File,
    /// Held so that it is removed at the end.
    _temporary: Option<tempfile::TempDir>,
}

impl Folder {
    /// Opens `dir`, or a temporary folder.
    ///
    /// # Errors
    /// Where the folder holds something else than an earlier demo, a demo runs in it, or it
    /// cannot be made.
    pub fn open(dir: Option<&Path>) -> Result<Self, Failure> {
        let Some(dir) = dir else {
            let prefix = tempfile::Builder::new().prefix("liaison-demo-").tempdir();
            let temporary = prefix.map_err(|e| Failure::file(&std::env::temp_dir(), &e))?;
            let mut folder = Self::fill(temporary.path())?;
            folder._temporary = Some(temporary);
            return Ok(folder);
        };
        std::fs::create_dir_all(dir).map_err(|error| Failure::file(dir, &error))?;
        let dir = dir
            .canonicalize()
            .map_err(|error| Failure::file(dir, &error))?;
        let mut entries = std::fs::read_dir(&dir).map_err(|error| Failure::file(&dir, &error))?;
        if entries.next().is_some() && !dir.join(MARK).is_file() {
            return Err(Failure::new(
                Exit::Failure,
                "folder-in-use",
                "the folder holds something else",
                format!("{} is neither empty nor an earlier demo's", dir.display()),
                "name a folder that is empty or not there",
            ));
        }
        Self::fill(&dir)
    }

    fn fill(root: &Path) -> Result<Self, Failure> {
        let path = root.join(MARK);
        let mark = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Failure::file(&path, &error))?;
        if mark.try_lock().is_err() {
            return Err(Failure::new(
                Exit::Failure,
                "demo-runs",
                "a demo runs in that folder",
                format!("{} is locked by it", path.display()),
                "stop it with Ctrl-C, or name another folder",
            ));
        }
        for name in CONTENTS {
            let old = root.join(name);
            if old.exists() {
                std::fs::remove_dir_all(&old).map_err(|error| Failure::file(&old, &error))?;
            }
        }
        for name in ["files", "logs"] {
            let new = root.join(name);
            std::fs::create_dir(&new).map_err(|error| Failure::file(&new, &error))?;
        }
        Ok(Self {
            root: root.to_owned(),
            _mark: mark,
            _temporary: None,
        })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file that offices would carry between them, or a person would have at hand.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join("files").join(name)
    }

    /// Where a node's own messages go.
    pub fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_a_demos_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("mk")).unwrap();
        std::fs::write(dir.path().join("mk/precious"), "x").unwrap();
        let refused = Folder::open(Some(dir.path())).unwrap_err();
        assert_eq!(refused.code(), "folder-in-use");
        assert!(dir.path().join("mk/precious").is_file());
    }

    #[test]
    fn an_earlier_demos_folder_is_used_again_once_it_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("new");
        let first = Folder::open(Some(&place)).unwrap();
        std::fs::create_dir(place.join("mk")).unwrap();
        assert_eq!(Folder::open(Some(&place)).unwrap_err().code(), "demo-runs");
        drop(first);
        let again = Folder::open(Some(&place)).unwrap();
        assert!(!again.root().join("mk").exists());
    }

    #[test]
    fn a_temporary_folder_goes_with_its_demo() {
        let folder = Folder::open(None).unwrap();
        let root = folder.root().to_owned();
        assert!(root.is_dir());
        drop(folder);
        assert!(!root.exists());
    }
}
