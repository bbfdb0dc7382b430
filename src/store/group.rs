//! Making a group of entries ready to be written: what every engine of the log has in common.

use super::log::{AppendError, MAX_CONTENT_LEN, MAX_GROUP_LEN, NewEntry, ReadError, Record};
use crate::audit::layout::{Reader, put_short};
use crate::audit::{
    Checkpoint, Entry, FourEyesFault, Opening, Origin, Receipt, Shown, SignedCheckpoint, Statement,
    Tree, decided, decision_holds, entry_extensions,
};
use crate::base::{Digest, Entropy, PersonId, merkle};
use crate::store::CheckpointSigner;

/// More than an entry takes in any engine beside its content, in bytes: a decision is the longest.
const ENTRY_ROOM: usize = 1_024;

/// An entry with its leaf made, ready to be stored.
pub(super) struct Prepared<S> {
    /// The entry and all that it hides.
    pub(super) record: Record,
    /// The bytes of the leaf.
    pub(super) leaf: Vec<u8>,
    /// What the engine made of the private part.
    pub(super) sealed: S,
}

/// A group that is ready to be stored.
pub(super) struct Group<S> {
    pub(super) entries: Vec<Prepared<S>>,
    pub(super) checkpoint: SignedCheckpoint,
}

/// Makes leaves of the entries, appends them to `tree`, and signs the head. `seal` turns an
/// entry's index and private part into what the engine stores and the digest of it that the entry
/// names. Where it fails, `tree` is as it was.
pub(super) fn prepare<S>(
    origin: Origin,
    tree: &mut Tree,
    entries: Vec<NewEntry>,
    signer: &dyn CheckpointSigner,
    entropy: &mut dyn Entropy,
    mut seal: impl FnMut(u64, &[u8], &mut dyn Entropy) -> (S, Digest),
) -> Result<Group<S>, AppendError> {
    let fits = |entry: &NewEntry| entry.content.len() <= MAX_CONTENT_LEN;
    let len: usize = entries
        .iter()
        .map(|new| new.content.len() + ENTRY_ROOM)
        .sum();
    if entries.is_empty() || !entries.iter().all(fits) || len > MAX_GROUP_LEN {
        return Err(AppendError::Unfit);
    }
    let mut prepared = Vec::with_capacity(entries.len());
    for new in entries {
        let index = tree.size();
        let opening = Opening::new(new.statement, entropy);
        let (sealed, sealed_digest) = seal(index, &private_part(&opening, &new.content), entropy);
        let entry = Entry {
            time: new.time,
            kind: new.kind,
            event: new.event,
            role: new.role,
            actor: new.actor,
            exchange: new.exchange,
            peer: new.peer,
            commitment: opening.commitment(),
            sealed_digest,
            extensions: entry_extensions(&new.shown),
        };
        let leaf = entry.encode();
        tree.append(merkle::leaf_hash(&leaf));
        prepared.push(Prepared {
            record: Record {
                index,
                entry,
                opening,
                content: new.content,
            },
            leaf,
            sealed,
        });
    }
    let checkpoint = Checkpoint {
        origin,
        size: tree.size(),
        root: tree.root(),
    };
    let signature = signer.sign(&checkpoint, entropy);
    Ok(Group {
        entries: prepared,
        checkpoint: SignedCheckpoint {
            checkpoint,
            signature,
        },
    })
}

/// Checks the decisions among new entries against what the log holds: a log in which somebody
/// releases their own letter, or a decision is not signed by a key on record, cannot be written.
/// `read` gives an entry that is in the log already.
///
/// # Errors
/// [`AppendError::Unfit`].
pub(super) fn check_decisions(
    origin: Origin,
    entries: &[NewEntry],
    size: u64,
    read: impl Fn(u64) -> Option<Entry>,
) -> Result<(), AppendError> {
    let shown_at = |index: u64| match index.checked_sub(size) {
        None => read(index),
        Some(at) => {
            let new = entries.get(usize::try_from(at).ok()?)?;
            Some(bare(new))
        }
    };
    for (index, new) in (size..).zip(entries) {
        let Some(kind) = decided(new.event) else {
            continue;
        };
        let decision = new.shown.iter().find_map(|shown| match shown {
            Shown::Decision(decision) => Some(decision),
            Shown::Person { .. } | Shown::Letter(_) | Shown::Of(_) | Shown::Policy(_) => None,
        });
        let holds = || -> Result<(), FourEyesFault> {
            let decision = decision.ok_or(FourEyesFault::Unsigned)?;
            if decision.kind != kind || decision.letter >= index || decision.key >= index {
                return Err(FourEyesFault::Malformed);
            }
            let letter = shown_at(decision.letter).ok_or(FourEyesFault::NoLetter)?;
            let key = shown_at(decision.key).ok_or(FourEyesFault::OtherKey)?;
            let by = PersonId::from_bytes(new.actor);
            decision_holds(origin.node, by, decision, &letter, &key)
        };
        holds().map_err(|_| AppendError::Unfit)?;
    }
    Ok(())
}

/// A new entry as far as the rule of four eyes looks at it.
fn bare(new: &NewEntry) -> Entry {
    Entry {
        time: new.time,
        kind: new.kind,
        event: new.event,
        role: new.role,
        actor: new.actor,
        exchange: new.exchange,
        peer: new.peer,
        commitment: Digest::EMPTY,
        sealed_digest: Digest::EMPTY,
        extensions: entry_extensions(&new.shown),
    }
}

/// What stays private of an entry: salt 32 ‖ statement u16 length ‖ content.
pub(super) fn private_part(opening: &Opening, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + content.len());
    out.extend_from_slice(&opening.salt);
    put_short(&mut out, &opening.statement.encode());
    out.extend_from_slice(content);
    out
}

/// Reads what [`prepare`] gave to be sealed, and checks that it is the entry's.
pub(super) fn open_private_part(
    index: u64,
    entry: Entry,
    plaintext: &[u8],
) -> Result<Record, ReadError> {
    let damaged = ReadError::Damaged { index };
    let mut reader = Reader::new(plaintext);
    let salt = reader.array().map_err(|_| damaged)?;
    let statement = reader.short().map_err(|_| damaged)?;
    let statement = Statement::decode(statement).map_err(|_| damaged)?;
    let opening = Opening { salt, statement };
    if opening.commitment() != entry.commitment {
        return Err(damaged);
    }
    Ok(Record {
        index,
        entry,
        opening,
        content: reader.rest().to_vec(),
    })
}

/// The receipt of a record under the checkpoint of its group.
pub(super) fn receipt(
    record: &Record,
    tree: &Tree,
    checkpoint: SignedCheckpoint,
) -> Result<Receipt, ReadError> {
    let index = record.index;
    let size = checkpoint.checkpoint.size;
    Ok(Receipt {
        origin: checkpoint.checkpoint.origin,
        entry: record.entry.encode(),
        opening: record.opening,
        index,
        path: tree
            .inclusion(index, size)
            .ok_or(ReadError::Damaged { index })?,
        checkpoint,
    })
}

/// The proof of consistency between two sizes of a tree, empty from an empty tree.
pub(super) fn consistency(tree: &Tree, old: u64, new: u64) -> Result<Vec<Digest>, ReadError> {
    if old == 0 && new <= tree.size() {
        return Ok(Vec::new());
    }
    let index = old.max(new);
    tree.consistency(old, new)
        .ok_or(ReadError::Absent { index })
}
