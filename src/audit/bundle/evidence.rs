//! Evidence as one file: the proof that a log has two histories, with the chain of trust that gives
//! its key, so that anyone can verify it from the root's fingerprint alone.
//!
//! In this order: `trust/root.json`, `trust/list.json`, `trust/bundles/<NODE>.json` of the log's
//! node, `evidence`.

use std::io::{self, Read, Write};

use super::TrustDocuments;
use super::archive::{ArchiveReader, ArchiveWriter};
use crate::audit::{AuditFailure, Checkpoint, Evidence, MAX_EVIDENCE_LEN};
use crate::base::Digest;
use crate::seal::sign::KeyId;
use crate::seal::trust::Directory;

const EVIDENCE: &str = "evidence";

/// What evidence proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceReport {
    /// The smaller of the two checkpoints.
    pub first: Checkpoint,
    /// The other.
    pub second: Checkpoint,
    /// The root that the second's tree had at the size of the first.
    pub root: Digest,
    /// The log key that signed the second.
    pub key: KeyId,
    /// The fingerprint of the root from which the trust begins.
    pub root_fingerprint: Digest,
}

/// Writes evidence with the trust that it needs.
///
/// # Errors
/// Whatever writing gives.
pub fn write_evidence(
    out: impl Write,
    directory: &Directory,
    evidence: &Evidence,
) -> io::Result<()> {
    let mut trust = TrustDocuments::of(directory);
    trust
        .bundles
        .retain(|node, _| *node == evidence.origin().node);
    let mut archive = ArchiveWriter::new(out);
    trust.write_to(&mut archive)?;
    archive.file(EVIDENCE, &evidence.encode())?;
    archive.finish()?;
    Ok(())
}

/// Verifies evidence from its first byte to its last. `expected_root` is the fingerprint of the
/// first root, where it is known.
///
/// # Errors
/// [`AuditFailure`]: nobody is convicted by it.
pub fn verify_evidence(
    input: impl Read,
    expected_root: Option<Digest>,
) -> Result<EvidenceReport, AuditFailure> {
    let mut archive = ArchiveReader::new(input)?;
    let trust = TrustDocuments::read_from(&mut archive)?;
    let directory = trust.directory()?;
    let root_fingerprint = directory.root_fingerprint();
    if expected_root.is_some_and(|expected| expected != root_fingerprint) {
        return Err(AuditFailure::OtherRoot);
    }
    let bytes = archive.file(EVIDENCE, MAX_EVIDENCE_LEN as u64)?;
    let evidence = Evidence::decode(&bytes).map_err(AuditFailure::Evidence)?;
    let origin = evidence.origin();
    let only = trust.bundles.keys().eq([&origin.node]);
    let keys = directory.log_keys(&origin.to_string()).filter(|_| only);
    let keys = keys.ok_or(AuditFailure::NoLogKey { origin })?;
    evidence.verify(&keys).map_err(AuditFailure::Evidence)?;
    archive.finish()?;
    Ok(EvidenceReport {
        first: evidence.first.checkpoint,
        second: evidence.second.checkpoint,
        root: evidence.root,
        key: keys.at(evidence.second.checkpoint.size).key_id(),
        root_fingerprint,
    })
}
