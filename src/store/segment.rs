//! The bytes of a segment file of the log: a header, then records with a checksum each.
//!
//! Header: magic 8 ‖ version u16 ‖ origin 13 ‖ first index u64 ‖ root before 32 ‖ crc32c u32.
//! Record: payload length u32 ‖ crc32c u32 ‖ type u8 ‖ payload; the checksum covers length, type
//! and payload. Payload of an entry (type 1): u32 length ‖ leaf ‖ u32 length ‖ wrapped key ‖
//! ciphertext. Payload of a checkpoint (type 2): its binary form.

use crate::audit::layout::{Reader, TooShort, put_long};
use crate::audit::{
    ENTRY_LEN, MAX_EXTENSIONS_LEN, MAX_STATEMENT_LEN, Origin, SIGNED_CHECKPOINT_LEN,
    SignedCheckpoint,
};
use crate::base::Digest;
use crate::seal::at_rest::{SealedRecord, WRAPPED_KEY_LEN};
use crate::store::log::{MAX_CONTENT_LEN, MAX_GROUP_LEN};

const MAGIC: &[u8; 8] = b"LIALOG\x00\x01";
const VERSION: u16 = 1;

/// Length of a segment's header in bytes.
pub(super) const HEADER_LEN: usize = 8 + 2 + 13 + 8 + 32 + 4;

/// Where the incarnation stands in a header.
const INCARNATION_AT: usize = 8 + 2 + 9;

/// Length of a record before its payload, in bytes.
pub(super) const RECORD_HEADER_LEN: usize = 4 + 4 + 1;
/// What a disk stores whole or not at all, in bytes.
const SECTOR_LEN: usize = 512;
/// So many bytes at the front of a record are its length, which is never zero.
const LEAST_WITHOUT_ZERO: usize = 4;

/// The longest payload of an entry, in bytes.
pub(super) const MAX_ENTRY_PAYLOAD_LEN: usize = 8
    + ENTRY_LEN
    + MAX_EXTENSIONS_LEN
    + WRAPPED_KEY_LEN
    + 34
    + MAX_STATEMENT_LEN
    + MAX_CONTENT_LEN
    + SealedRecord::OVERHEAD;

/// A segment is closed when it is this long, in bytes.
pub(super) const SEGMENT_LEN: u64 = 32 * 1024 * 1024;

/// No segment that was ever written is longer, in bytes.
pub(super) const MAX_SEGMENT_LEN: u64 = SEGMENT_LEN + 2 * MAX_GROUP_LEN as u64;

const ENTRY: u8 = 1;
const CHECKPOINT: u8 = 2;

/// The name of the segment whose first entry has this index.
pub(super) fn file_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// The index of the first entry, from a segment's name.
pub(super) fn first_index(name: &str) -> Option<u64> {
    let first = name.strip_suffix(".seg")?.parse().ok()?;
    (file_name(first) == name).then_some(first)
}

/// The header of the segment that begins with entry `first`, where the tree had root `before`.
pub(super) fn header(origin: Origin, first: u64, before: &Digest) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&origin.to_bytes());
    out.extend_from_slice(&first.to_be_bytes());
    out.extend_from_slice(before.as_bytes());
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

/// The incarnation that a header names, as far as it was written.
pub(super) fn incarnation(header: &[u8]) -> u32 {
    let mut number = [0; 4];
    let written = header.get(INCARNATION_AT..).unwrap_or_default();
    number
        .iter_mut()
        .zip(written)
        .for_each(|(byte, written)| *byte = *written);
    u32::from_be_bytes(number)
}

/// Appends the record of an entry.
pub(super) fn put_entry(out: &mut Vec<u8>, leaf: &[u8], sealed: &SealedRecord) {
    put_record(out, ENTRY, |out| {
        put_long(out, leaf);
        put_long(out, &sealed.wrapped_key);
        out.extend_from_slice(&sealed.ciphertext);
    });
}

/// Appends the record of a checkpoint.
pub(super) fn put_checkpoint(out: &mut Vec<u8>, checkpoint: &SignedCheckpoint) {
    put_record(out, CHECKPOINT, |out| {
        out.extend_from_slice(&checkpoint.encode());
    });
}

fn put_record(out: &mut Vec<u8>, kind: u8, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; RECORD_HEADER_LEN]);
    payload(out);
    let record = &mut out[start..];
    let len = u32::try_from(record.len() - RECORD_HEADER_LEN).expect("a payload is bounded");
    record[..4].copy_from_slice(&len.to_be_bytes());
    record[8] = kind;
    let crc = checksum(&record[..4], &record[8..]);
    record[4..8].copy_from_slice(&crc.to_be_bytes());
}

fn checksum(len: &[u8], kind_and_payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(len), kind_and_payload)
}

/// What a record holds.
#[derive(Debug)]
pub(super) enum Payload<'a> {
    /// An entry.
    Entry(StoredEntry<'a>),
    /// The binary form of a checkpoint.
    Checkpoint(&'a [u8]),
}

/// An entry as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredEntry<'a> {
    pub(super) leaf: &'a [u8],
    pub(super) wrapped_key: &'a [u8],
    pub(super) ciphertext: &'a [u8],
}

impl<'a> StoredEntry<'a> {
    fn read(payload: &'a [u8]) -> Result<Self, TooShort> {
        let mut reader = Reader::new(payload);
        Ok(Self {
            leaf: reader.long()?,
            wrapped_key: reader.long()?,
            ciphertext: reader.rest(),
        })
    }
}

/// The wrapped key at the front of an entry's payload, however much of the payload follows.
pub(super) fn wrapped_key(front: &[u8]) -> Option<[u8; WRAPPED_KEY_LEN]> {
    let mut reader = Reader::new(front);
    reader.long().ok()?;
    reader.long().ok()?.try_into().ok()
}

/// There is no whole and intact record here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotARecord;

/// The record at the front of `bytes`, and its length.
pub(super) fn read_record(bytes: &[u8]) -> Result<(Payload<'_>, usize), NotARecord> {
    let (body, crc) = framed(bytes)?;
    if checksum(&bytes[..4], body) != crc {
        return Err(NotARecord);
    }
    parsed(body)
}

/// As [`read_record`], of a record whose checksum was found to be right before.
pub(super) fn read_intact(bytes: &[u8]) -> Result<(Payload<'_>, usize), NotARecord> {
    parsed(framed(bytes)?.0)
}

/// The kind and payload of the record at the front of `bytes`, and what its checksum should be.
fn framed(bytes: &[u8]) -> Result<(&[u8], u32), NotARecord> {
    let mut reader = Reader::new(bytes);
    let read = |_: TooShort| NotARecord;
    let len = reader.u32().map_err(read)?;
    let crc = reader.u32().map_err(read)?;
    let len = usize::try_from(len).map_err(|_| NotARecord)?;
    if len > MAX_ENTRY_PAYLOAD_LEN {
        return Err(NotARecord);
    }
    Ok((reader.slice(1 + len).map_err(read)?, crc))
}

fn parsed(body: &[u8]) -> Result<(Payload<'_>, usize), NotARecord> {
    let read = |_: TooShort| NotARecord;
    let (kind, payload) = body.split_first().ok_or(NotARecord)?;
    let len = payload.len();
    let payload = match *kind {
        ENTRY => Payload::Entry(StoredEntry::read(payload).map_err(read)?),
        CHECKPOINT if len == SIGNED_CHECKPOINT_LEN => Payload::Checkpoint(payload),
        _ => return Err(NotARecord),
    };
    Ok((payload, RECORD_HEADER_LEN + len))
}

/// Whether `tail`, which begins where a header or record should and holds no whole one, is the
/// beginning of a group whose writing was cut off: what was written is shorter than its first
/// record says, nothing but zeros follow, and no checkpoint stands further on.
pub(super) fn is_cut_off(tail: &[u8]) -> bool {
    let written = without_zeros(tail);
    if written < RECORD_HEADER_LEN {
        return true;
    }
    let mut reader = Reader::new(tail);
    let len = reader.u32().map(usize::try_from);
    let Ok(Ok(len)) = len else { return false };
    let fits = match tail[8] {
        ENTRY => len <= MAX_ENTRY_PAYLOAD_LEN,
        CHECKPOINT => len == SIGNED_CHECKPOINT_LEN,
        _ => false,
    };
    fits && RECORD_HEADER_LEN + len > written && checkpoint_ends(&tail[1..]).next().is_none()
}

/// Whether what stands in a segment from `from` on, where a header or record should stand and none is
/// whole, is a group of which the disk had stored some sectors and not others: one is nothing but
/// zeros, and no checkpoint stands further on but at the end. What is sealed and signed holds no
/// sector of zeros.
pub(super) fn lacks_sectors(segment: &[u8], from: usize) -> bool {
    let written = without_zeros(segment);
    let lacks = (from / SECTOR_LEN..written / SECTOR_LEN).any(|sector| {
        let begin = from.max(sector * SECTOR_LEN);
        let bytes = &segment[begin..(sector + 1) * SECTOR_LEN];
        bytes.len() >= LEAST_WITHOUT_ZERO && bytes.iter().all(|byte| *byte == 0)
    });
    lacks && checkpoint_ends(&segment[from..]).all(|end| from + end >= written)
}

/// The length without the zeros at the end.
fn without_zeros(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(0, |at| at + 1)
}

/// Where each intact checkpoint record that stands anywhere in `bytes` ends.
fn checkpoint_ends(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let len = u32::try_from(SIGNED_CHECKPOINT_LEN).expect("a checkpoint is short");
    let len = len.to_be_bytes();
    bytes
        .windows(RECORD_HEADER_LEN)
        .enumerate()
        .filter(move |(_, window)| window[..4] == len && window[8] == CHECKPOINT)
        .filter_map(|(at, _)| match read_record(&bytes[at..]) {
            Ok((Payload::Checkpoint(_), len)) => Some(at + len),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin() -> Origin {
        Origin::first("MK-1".parse().unwrap())
    }

    #[test]
    fn a_segments_name_has_one_spelling() {
        assert_eq!(file_name(17), "00000000000000000017.seg");
        assert_eq!(first_index("00000000000000000017.seg"), Some(17));
        for bad in [
            "17.seg",
            "+0000000000000000017.seg",
            "00000000000000000017",
            "",
        ] {
            assert_eq!(first_index(bad), None);
        }
    }

    #[test]
    fn a_header_says_whose_segment_it_is() {
        let header = header(origin(), 5, &Digest::EMPTY);
        assert_eq!(header.len(), HEADER_LEN);
        assert_eq!(header[10..23], origin().to_bytes());
        assert_eq!(header[23..31], 5u64.to_be_bytes());
    }

    #[test]
    fn a_record_with_any_bit_changed_is_none() {
        let sealed = SealedRecord {
            ciphertext: b"ciphertext".to_vec(),
            wrapped_key: [9; WRAPPED_KEY_LEN],
        };
        let mut record = Vec::new();
        put_entry(&mut record, b"leaf", &sealed);
        let (payload, len) = read_record(&record).unwrap();
        assert_eq!(len, record.len());
        let Payload::Entry(stored) = payload else {
            panic!("an entry was written");
        };
        assert_eq!(stored.leaf, b"leaf");
        assert_eq!(stored.ciphertext, b"ciphertext");
        for bit in 0..record.len() * 8 {
            let mut changed = record.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(read_record(&changed).is_err(), "bit {bit}");
        }
        for len in 0..record.len() {
            assert!(read_record(&record[..len]).is_err());
            assert!(is_cut_off(&record[..len]));
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_record(&bytes);
            let _ = is_cut_off(&bytes);
        }
    }
}
