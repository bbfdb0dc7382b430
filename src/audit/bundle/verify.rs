//! Verifying a bundle while reading it: the trust, the head, the entries, the tree over them, and
//! every checkpoint.

use std::collections::BTreeSet;
use std::io::Read;

use super::archive::ArchiveReader;
use super::tiles::{self, Tile};
use super::trust::same_bytes;
use super::{COSIGNED, HEAD, TrustDocuments, checkpoint_path};
use crate::audit::layout::Reader;
use crate::audit::{
    AtRisk, AuditFailure, Checkpoint, CheckpointFault, CosignedCheckpoint, ENTRY_LEN, Entry,
    FourEyes, FourEyesFault, Incarnations, MAX_COSIGNED_LEN, MAX_EXTENSIONS_LEN, MAX_NOTE_LEN,
    Origin, RiskCount, SignedCheckpoint, Tree, UnverifiedNote, quorum,
};
use crate::base::{Digest, MemberId, Timestamp, merkle};
use crate::seal::sign::KeyId;
use crate::seal::trust::{Directory, KeyBundle, LogKeys};

/// The most that the entries of one tile take, in bytes.
const MAX_ENTRIES_LEN: u64 = tiles::FULL * (2 + ENTRY_LEN + MAX_EXTENSIONS_LEN) as u64;

/// What a bundle proved to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleReport {
    /// The head of the log.
    pub head: Checkpoint,
    /// The log key that signed the head.
    pub key: KeyId,
    /// How many keys the log has had.
    pub keys: usize,
    /// How many checkpoints the bundle holds.
    pub checkpoints: u64,
    /// The times of the first and the last entry.
    pub period: (Timestamp, Timestamp),
    /// What witnesses say of it; none where the bundle has no cosignatures.
    pub witnessed: Option<WitnessedReport>,
    /// The fingerprint of the root from which the trust begins: people compare it by phone or in
    /// person, unless it was given.
    pub root_fingerprint: Digest,
    /// The version of the trust list.
    pub list_version: u32,
    /// The digest of the trust list.
    pub list_digest: Digest,
    /// The decisions of people on letters, each signed by a second person or in an emergency.
    pub decisions: u64,
    /// The letters that left in an emergency and were not reviewed, by their entries.
    pub unreviewed: Vec<u64>,
    /// Where the log goes on after a restore from a backup: the first entry of each incarnation but the
    /// first.
    pub restored: Vec<u64>,
    /// Members whose keys are said to have been in other hands, and what the log holds of them since.
    pub at_risk: Vec<AtRisk>,
}

/// A checkpoint of a log with cosignatures that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedReport {
    /// The entries under it.
    pub size: u64,
    /// Who cosigned it, each member once.
    pub by: Vec<MemberId>,
    /// How many members may: all of the list but the log's own.
    pub witnesses: usize,
    /// How many of them make it witnessed.
    pub quorum: Option<usize>,
}

impl WitnessedReport {
    /// What the cosignatures on a checkpoint add up to under the list of a directory.
    pub fn of(cosigned: &CosignedCheckpoint, directory: &Directory) -> Self {
        let own = cosigned.signed.checkpoint.origin.node.member;
        let listed = directory.list().members.iter().map(|m| m.member);
        let others: BTreeSet<MemberId> = listed.filter(|member| *member != own).collect();
        let by = cosigned.cosignatures.iter().map(|c| c.witness.node.member);
        let by: BTreeSet<MemberId> = by.filter(|member| others.contains(member)).collect();
        Self {
            size: cosigned.signed.checkpoint.size,
            by: by.into_iter().collect(),
            witnesses: others.len(),
            quorum: quorum(others.len()),
        }
    }

    /// Whether they are enough.
    pub fn holds(&self) -> bool {
        self.quorum.is_some_and(|enough| self.by.len() >= enough)
    }
}

impl BundleReport {
    /// Which log it is.
    pub fn origin(&self) -> Origin {
        self.head.origin
    }
}

/// Verifies a bundle from its first byte to its last. `expected_root` is the fingerprint of the
/// first root, where it is known. `progress` is told how much is done, of how much: the entries
/// count once when they are read and once when their checkpoints are.
///
/// # Errors
/// [`AuditFailure`], naming the first entry or checkpoint at fault where one can be told.
pub fn verify_bundle(
    input: impl Read,
    expected_root: Option<Digest>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BundleReport, AuditFailure> {
    let mut archive = ArchiveReader::new(input)?;
    let trust = TrustDocuments::read_from(&mut archive)?;
    let directory = trust.directory()?;
    let root_fingerprint = directory.root_fingerprint();
    if expected_root.is_some_and(|expected| expected != root_fingerprint) {
        return Err(AuditFailure::OtherRoot);
    }
    if let Some((node, _)) = trust
        .bundles
        .iter()
        .find(|(node, bundle)| directory.bundle_document(**node) != Some(*bundle))
    {
        let place = format!("trust/bundles/{node}.json");
        return Err(AuditFailure::Unexpected { place });
    }

    let note = archive.file(HEAD, MAX_NOTE_LEN as u64)?;
    let unverified = UnverifiedNote::parse(&note).map_err(note_failure(HEAD))?;
    let origin = unverified.origin();
    // An incarnation that is over goes on under none of its keys, though they stay known.
    let keys = directory
        .bundle(origin.node)
        .filter(|bundle| bundle.log_keys(&origin.to_string()).is_some())
        .and_then(KeyBundle::newest_log_keys)
        .ok_or(AuditFailure::NoLogKey { origin })?;
    let key = keys.at(unverified.size()).key_id();
    let head = unverified.verify(&keys).map_err(note_failure(HEAD))?;

    let mut bundle = Bundle {
        archive,
        keys: &keys,
        head,
        tree: Tree::new(),
        eyes: FourEyes::new(origin.node),
        incarnations: Incarnations::default(),
        broken: None,
        at_risk: RiskCount::new(origin.node.member, &directory),
        progress,
    };
    let period = bundle.entries()?;
    bundle.tiles()?;
    let checkpoints = bundle.checkpoints()?;
    let cosigned = bundle.cosigned(&directory)?;
    let head = bundle.head.checkpoint;
    // Said of a log that is what it was: damage is told as damage.
    if let Some((index, fault)) = bundle.broken {
        return Err(AuditFailure::FourEyes { index, fault });
    }
    let (decisions, unreviewed) = (bundle.eyes.decisions(), bundle.eyes.unreviewed());
    let restored = bundle.incarnations.begun();
    bundle.archive.finish()?;
    let at_risk = bundle.at_risk.found();
    Ok(BundleReport {
        head,
        key,
        keys: keys.count(),
        checkpoints,
        period,
        witnessed: cosigned.map(|cosigned| WitnessedReport::of(&cosigned, &directory)),
        root_fingerprint,
        list_version: directory.version(),
        list_digest: directory.hash(),
        decisions,
        unreviewed,
        restored,
        at_risk,
    })
}

struct Bundle<'a, R> {
    archive: ArchiveReader<R>,
    keys: &'a LogKeys,
    head: SignedCheckpoint,
    tree: Tree,
    eyes: FourEyes,
    incarnations: Incarnations,
    /// The first entry that breaks the rule of four eyes.
    broken: Option<(u64, FourEyesFault)>,
    at_risk: RiskCount,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl<R: Read> Bundle<'_, R> {
    fn size(&self) -> u64 {
        self.head.checkpoint.size
    }

    fn tell(&mut self, done: u64) {
        let total = self.size().saturating_mul(2);
        (self.progress)(done, total);
    }

    /// Reads all entries into the tree.
    fn entries(&mut self) -> Result<(Timestamp, Timestamp), AuditFailure> {
        let mut period = None;
        for tile in tiles::level(0, self.size()) {
            let path = tile.entries_path();
            let bytes = self.archive.file(&path, MAX_ENTRIES_LEN)?;
            let malformed = |rest: &[u8]| AuditFailure::Malformed {
                place: path.clone(),
                offset: (bytes.len() - rest.len()) as u64,
            };
            let mut reader = Reader::new(&bytes);
            for _ in 0..tile.width {
                let rest = reader.rest();
                let leaf = reader.short().map_err(|_| malformed(rest))?;
                let index = self.tree.size();
                let entry =
                    Entry::decode(leaf).map_err(|error| AuditFailure::Entry { index, error })?;
                self.at_risk.see(index, &entry);
                self.incarnations.entry(index, &entry);
                let (first, _) = period.unwrap_or((entry.time, entry.time));
                period = Some((first, entry.time));
                if self.broken.is_none()
                    && let Err(fault) = self.eyes.see(index, &entry)
                {
                    self.broken = Some((index, fault));
                }
                self.tree.append(merkle::leaf_hash(leaf));
            }
            if !reader.is_empty() {
                return Err(malformed(reader.rest()));
            }
            self.tell(self.tree.size());
        }
        period.ok_or(AuditFailure::Checkpoint {
            from: 0,
            size: 0,
            fault: CheckpointFault::Size,
        })
    }

    /// Compares the tiles with the tree. If the entries lead to the signed root, a tile that
    /// differs is at fault itself; if they do not, the first hash that differs tells which entry
    /// is, and where none does, the checkpoints tell.
    fn tiles(&mut self) -> Result<(), AuditFailure> {
        let holds = self.tree.root() == self.head.checkpoint.root;
        for tile in tiles::all(self.size()) {
            let path = tile.path();
            let found = self.archive.file(&path, tiles::FULL * 32)?;
            let expected = tile.content(&self.tree);
            if holds {
                same_bytes(&path, &found, &expected)?;
            } else if let Some(index) = first_difference(tile, &found, &expected) {
                return Err(AuditFailure::OtherEntry { index });
            }
        }
        Ok(())
    }

    /// Verifies every checkpoint against key and tree; the last must be the head.
    fn checkpoints(&mut self) -> Result<u64, AuditFailure> {
        let (mut from, mut count) = (0, 0);
        let newest = self.head.checkpoint.origin;
        let mut incarnation = 1;
        loop {
            let name = self.archive.next_name().unwrap_or_default();
            let size = name.strip_prefix("checkpoints/");
            let size = size.and_then(|size| size.parse().ok());
            let place = checkpoint_path(size.unwrap_or(self.size()));
            let note = self.archive.file(&place, MAX_NOTE_LEN as u64)?;
            let signed = UnverifiedNote::parse(&note)
                .and_then(|note| note.verify(self.keys))
                .map_err(note_failure(&place))?;
            let Checkpoint { origin, size, root } = signed.checkpoint;
            let fault = |fault| AuditFailure::Checkpoint { from, size, fault };
            // The incarnations that the log goes on from come before it, in their order.
            if !(incarnation..=newest.incarnation).contains(&origin.incarnation)
                || origin.node != newest.node
            {
                return Err(fault(CheckpointFault::Malformed));
            }
            incarnation = origin.incarnation;
            if place != checkpoint_path(size) || size <= from || size > self.size() {
                return Err(fault(CheckpointFault::Size));
            }
            if self.tree.root_at(size) != Some(root) {
                return Err(fault(CheckpointFault::Root));
            }
            self.incarnations.checkpoint(from, &signed.checkpoint)?;
            count += 1;
            self.tell(self.size() + size);
            if size == self.size() {
                let head = self.head.to_note(self.keys.at(size));
                same_bytes(&place, &note, head.as_bytes())?;
                return Ok(count);
            }
            from = size;
        }
    }
}

impl<R: Read> Bundle<'_, R> {
    /// Verifies the cosigned checkpoint, where there is one: it is of this tree.
    fn cosigned(
        &mut self,
        directory: &Directory,
    ) -> Result<Option<CosignedCheckpoint>, AuditFailure> {
        if self.archive.next_name() != Some(COSIGNED) {
            return Ok(None);
        }
        let note = self.archive.file(COSIGNED, MAX_COSIGNED_LEN as u64)?;
        let newest = self.head.checkpoint.origin;
        let keys = |origin: Origin| match origin.node == newest.node {
            true => Some(self.keys.clone()),
            false => directory.log_keys(&origin.to_string()),
        };
        let cosigned = CosignedCheckpoint::read(&note, keys).map_err(note_failure(COSIGNED))?;
        let Checkpoint { origin, size, root } = cosigned.signed.checkpoint;
        let fault = |fault| AuditFailure::Checkpoint {
            from: 0,
            size,
            fault,
        };
        let of_log = origin.node == newest.node && origin <= newest;
        if !of_log || cosigned.cosignatures.is_empty() {
            return Err(fault(CheckpointFault::Malformed));
        }
        if size == 0 || size > self.size() {
            return Err(fault(CheckpointFault::Size));
        }
        if self.tree.root_at(size) != Some(root) {
            return Err(fault(CheckpointFault::Root));
        }
        Ok(Some(cosigned))
    }
}

fn first_difference(tile: Tile, found: &[u8], expected: &[u8]) -> Option<u64> {
    let same = found.iter().zip(expected).take_while(|(a, b)| a == b);
    let same = same.count();
    (same < expected.len()).then(|| tile.first_entry(same as u64))
}

fn note_failure(place: &str) -> impl FnOnce(crate::audit::NoteError) -> AuditFailure {
    let place = place.to_owned();
    move |error| AuditFailure::Note { place, error }
}
