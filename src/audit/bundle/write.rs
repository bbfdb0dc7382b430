//! Writing a bundle, in the order in which it is verified.

use std::io::{self, Write};

use super::archive::ArchiveWriter;
use super::{COSIGNED, HEAD, TrustDocuments, checkpoint_path, tiles};
use crate::audit::layout::put_short;
use crate::audit::{CosignedCheckpoint, Origin, SignedCheckpoint, Tree};
use crate::seal::trust::LogKeys;

/// Writes a bundle: first every entry, then the tree, then every checkpoint.
pub struct BundleWriter<W> {
    archive: ArchiveWriter<W>,
    keys: LogKeys,
    /// The entries of the tile that is being filled.
    entries: Vec<u8>,
    /// How many entries there were.
    size: u64,
}

impl<W: Write> BundleWriter<W> {
    /// Begins the bundle of the log that ends with `head` and has had these keys.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn new(
        out: W,
        trust: &TrustDocuments,
        head: &SignedCheckpoint,
        keys: &LogKeys,
    ) -> io::Result<Self> {
        let mut archive = ArchiveWriter::new(out);
        trust.write_to(&mut archive)?;
        archive.file(HEAD, head.to_note(keys.at(head.checkpoint.size)).as_bytes())?;
        Ok(Self {
            archive,
            keys: keys.clone(),
            entries: Vec::new(),
            size: 0,
        })
    }

    /// Appends the next entry's bytes.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn entry(&mut self, leaf: &[u8]) -> io::Result<()> {
        put_short(&mut self.entries, leaf);
        self.size += 1;
        match self.size % tiles::FULL {
            0 => self.flush_entries(),
            _ => Ok(()),
        }
    }

    /// Ends the entries and writes the tree over them.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn tree(&mut self, tree: &Tree) -> io::Result<()> {
        if !self.size.is_multiple_of(tiles::FULL) {
            self.flush_entries()?;
        }
        for tile in tiles::all(self.size) {
            self.archive.file(&tile.path(), &tile.content(tree))?;
        }
        Ok(())
    }

    /// Appends the next checkpoint; the last is the head.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn checkpoint(&mut self, signed: &SignedCheckpoint) -> io::Result<()> {
        let path = checkpoint_path(signed.checkpoint.size);
        let note = signed.to_note(self.keys.at(signed.checkpoint.size));
        self.archive.file(&path, note.as_bytes())
    }

    /// Appends the cosigned checkpoint, after all others. `keys` gives the keys of a log.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn cosigned(
        &mut self,
        cosigned: &CosignedCheckpoint,
        keys: impl Fn(Origin) -> Option<LogKeys>,
    ) -> io::Result<()> {
        let note = cosigned.to_note(&self.keys, keys);
        self.archive.file(COSIGNED, note.as_bytes())
    }

    /// Ends the bundle.
    ///
    /// # Errors
    /// Whatever writing gives.
    pub fn finish(self) -> io::Result<W> {
        self.archive.finish()
    }

    fn flush_entries(&mut self) -> io::Result<()> {
        let tile = tiles::level(0, self.size)
            .last()
            .expect("there is an entry to be written");
        let entries = std::mem::take(&mut self.entries);
        self.archive.file(&tile.entries_path(), &entries)
    }
}
