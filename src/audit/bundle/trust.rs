//! The chain of trust as it travels with a log.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use super::archive::{ArchiveReader, ArchiveWriter};
use crate::audit::AuditFailure;
use crate::base::NodeId;
use crate::seal::trust::{Directory, SignedDocument};

/// The most that one file may hold, in bytes.
const MAX_FILE_LEN: u64 = 64 * 1024 * 1024;

const ROOT: &str = "trust/root.json";
const LIST: &str = "trust/list.json";

/// The documents from which a [`Directory`] follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustDocuments {
    /// Every root from the first.
    pub roots: Vec<SignedDocument>,
    /// The list.
    pub list: SignedDocument,
    /// The bundles, by node.
    pub bundles: BTreeMap<NodeId, SignedDocument>,
}

impl TrustDocuments {
    /// The documents of a directory.
    pub fn of(directory: &Directory) -> Self {
        let bundles = directory.bundled_nodes().filter_map(|node| {
            let bundle = directory.bundle_document(node)?;
            Some((node, bundle.clone()))
        });
        Self {
            roots: directory.root_documents().to_vec(),
            list: directory.list_document().clone(),
            bundles: bundles.collect(),
        }
    }

    /// The directory that follows.
    ///
    /// # Errors
    /// [`AuditFailure::Trust`] where the chain breaks.
    pub fn directory(&self) -> Result<Directory, AuditFailure> {
        let bundles = self.bundles.values().cloned();
        Directory::build(&self.roots, &self.list, bundles).map_err(trust_failure)
    }

    pub(super) fn write_to<W: Write>(&self, archive: &mut ArchiveWriter<W>) -> io::Result<()> {
        archive.file(ROOT, &roots_json(&self.roots))?;
        archive.file(LIST, &self.list.to_json())?;
        for (node, bundle) in &self.bundles {
            archive.file(&bundle_path(*node), &bundle.to_json())?;
        }
        Ok(())
    }

    pub(super) fn read_from<R: Read>(archive: &mut ArchiveReader<R>) -> Result<Self, AuditFailure> {
        let bytes = archive.file(ROOT, MAX_FILE_LEN)?;
        let roots = parse_roots(&bytes)?;
        same_bytes(ROOT, &bytes, &roots_json(&roots))?;
        let bytes = archive.file(LIST, MAX_FILE_LEN)?;
        let list = parse(LIST, &bytes)?;
        same_bytes(LIST, &bytes, &list.to_json())?;
        let mut bundles = BTreeMap::new();
        while let Some(node) = archive.next_name().and_then(node_of_path) {
            let path = bundle_path(node);
            let bytes = archive.file(&path, MAX_FILE_LEN)?;
            let bundle = parse(&path, &bytes)?;
            same_bytes(&path, &bytes, &bundle.to_json())?;
            let last: Option<(&NodeId, _)> = bundles.last_key_value();
            if last.is_some_and(|(last, _)| *last >= node) {
                return Err(AuditFailure::Unexpected { place: path });
            }
            bundles.insert(node, bundle);
        }
        Ok(Self {
            roots,
            list,
            bundles,
        })
    }
}

fn trust_failure(error: impl std::fmt::Display) -> AuditFailure {
    AuditFailure::Trust {
        reason: error.to_string(),
    }
}

fn bundle_path(node: NodeId) -> String {
    format!("trust/bundles/{node}.json")
}

fn node_of_path(path: &str) -> Option<NodeId> {
    let node = path.strip_prefix("trust/bundles/")?;
    node.strip_suffix(".json")?.parse().ok()
}

fn roots_json(roots: &[SignedDocument]) -> Vec<u8> {
    serde_json::to_vec_pretty(roots).expect("documents are plain text")
}

fn parse_roots(bytes: &[u8]) -> Result<Vec<SignedDocument>, AuditFailure> {
    serde_json::from_slice(bytes).map_err(|_| AuditFailure::Malformed {
        place: ROOT.to_owned(),
        offset: 0,
    })
}

fn parse(place: &str, bytes: &[u8]) -> Result<SignedDocument, AuditFailure> {
    SignedDocument::from_json(bytes).map_err(|_| AuditFailure::Malformed {
        place: place.to_owned(),
        offset: 0,
    })
}

/// Refuses what could be written in another way.
pub(super) fn same_bytes(place: &str, found: &[u8], canonical: &[u8]) -> Result<(), AuditFailure> {
    if found == canonical {
        return Ok(());
    }
    let same = found.iter().zip(canonical).take_while(|(a, b)| a == b);
    Err(AuditFailure::Malformed {
        place: place.to_owned(),
        offset: same.count() as u64,
    })
}
