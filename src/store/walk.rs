//! Reading the segments of a log from its first byte to its last, as recovery and offline
//! verification both do: framing, checksums, continuity, and the tree under every checkpoint.

use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc;

use super::files;
use super::segment::{self, HEADER_LEN, MAX_SEGMENT_LEN, Payload, StoredEntry};
use crate::audit::{AuditFailure, CheckpointFault, Origin, SignedCheckpoint, Tree};
use crate::base::{Digest, NodeId, merkle};

/// A whole group, as it lies in a segment.
pub(super) struct WalkedGroup<'a> {
    /// The index of its first entry.
    pub(super) from: u64,
    /// Its entries, each with its place in the segment in bytes.
    pub(super) entries: Vec<(u64, StoredEntry<'a>)>,
    /// Its checkpoint, whose size and root are those of the tree.
    pub(super) checkpoint: SignedCheckpoint,
    /// The checkpoint's place in the segment, in bytes.
    pub(super) checkpoint_offset: u64,
}

/// Is shown what the walk comes by.
pub(super) trait Visitor {
    /// A segment begins.
    fn segment(&mut self, first: u64);

    /// A group that is whole and leads to its checkpoint's root.
    ///
    /// # Errors
    /// What the visitor finds wrong with it, which ends the walk.
    fn group(&mut self, group: &WalkedGroup<'_>) -> Result<(), AuditFailure>;

    /// So many bytes of all are done.
    fn progress(&mut self, done: u64, total: u64);
}

/// The rest of a group whose writing was cut off, at the end of the last segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// The first index of the segment.
    pub(super) segment: u64,
    /// How many of the segment's bytes are whole groups; none if not even its header is whole or
    /// no group follows it.
    pub(super) keep: u64,
    /// How many bytes follow.
    pub(super) bytes: u64,
    /// How many whole entries are among them.
    pub(super) entries: u64,
}

/// Where an incarnation of a log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun {
    /// The index of its first entry.
    pub(super) first: u64,
    /// Its number.
    pub(super) incarnation: u32,
}

/// The end of the last segment that holds whole groups.
pub(super) struct Last {
    /// The segment's first index.
    pub(super) segment: u64,
    /// How many of its bytes are whole groups.
    pub(super) len: u64,
    /// The last group as it was read, with the segment's header where it is the first.
    pub(super) group: Vec<u8>,
}

/// What a walk found.
pub(super) struct Walked {
    pub(super) tree: Tree,
    pub(super) head: Option<SignedCheckpoint>,
    /// Where the whole groups end.
    pub(super) last: Option<Last>,
    pub(super) tail: Option<Tail>,
    /// The log: the incarnation that the last segment is of.
    pub(super) origin: Origin,
    /// The incarnations after the first, in their order.
    pub(super) begun: Vec<Begun>,
}

/// Reads all segments in `folder`, which must be those of the node's log, one incarnation after the
/// other. `acknowledged` entries are known to have been stored: of these, nothing may be missing.
///
/// # Errors
/// The first fault, by its place.
pub(super) fn walk(
    folder: &Path,
    node: NodeId,
    acknowledged: u64,
    visitor: &mut dyn Visitor,
) -> Result<Walked, AuditFailure> {
    let segments = list(folder)?;
    // Another processor reads and hashes the segment after the one that is walked.
    std::thread::scope(|scope| {
        let (give, take) = mpsc::sync_channel(0);
        let (give_back, spare) = mpsc::channel();
        let ahead = &segments;
        scope.spawn(move || {
            for (first, len) in ahead {
                let read = ReadSegment::read(folder, *first, *len, spare.try_recv().ok());
                if give.send(read).is_err() {
                    break;
                }
            }
        });
        let reading = (&take, &give_back);
        walk_read(node, acknowledged, &segments, reading, visitor)
    })
}

/// Where segments come from, and where they go back to, so that their memory is used again.
type Reading<'a> = (
    &'a mpsc::Receiver<Result<ReadSegment, AuditFailure>>,
    &'a mpsc::Sender<ReadSegment>,
);

fn walk_read(
    node: NodeId,
    acknowledged: u64,
    segments: &[(u64, u64)],
    (take, give_back): Reading<'_>,
    visitor: &mut dyn Visitor,
) -> Result<Walked, AuditFailure> {
    let total = segments.iter().map(|(_, len)| len).sum();
    let mut done = 0;
    let mut walked = Walked {
        tree: Tree::new(),
        head: None,
        last: None,
        tail: None,
        origin: Origin::first(node),
        begun: Vec::new(),
    };
    for (at, (first, len)) in segments.iter().enumerate() {
        let expected = walked.tree.size();
        if *first != expected {
            let place = segment::file_name(expected);
            return Err(AuditFailure::Missing { place });
        }
        let read = take.recv().expect("every segment is read")?;
        let segment = Segment {
            first: *first,
            read: &read,
            is_last: at + 1 == segments.len(),
            acknowledged,
        };
        let mut tell = |visitor: &mut dyn Visitor, at: u64| {
            visitor.progress(done + at.min(*len), total);
        };
        if let Some((from, end)) = walk_segment(&segment, &mut walked, visitor, &mut tell)? {
            walked.last = Some(Last {
                segment: *first,
                len: end as u64,
                group: read.bytes[from..end].to_vec(),
            });
        }
        // The reader has ended where nothing is left to read.
        let _ = give_back.send(read);
        done += len;
        visitor.progress(done, total);
    }
    Ok(walked)
}

/// The first index and the length of each segment, ascending.
fn list(folder: &Path) -> Result<Vec<(u64, u64)>, AuditFailure> {
    let failed = || AuditFailure::io("the log's folder");
    let mut segments = Vec::new();
    for file in folder.read_dir().map_err(failed())? {
        let file = file.map_err(failed())?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if !name.ends_with(".seg") {
            continue;
        }
        let place = name.escape_default().to_string();
        let Some(first) = segment::first_index(&name) else {
            return Err(AuditFailure::Unexpected { place });
        };
        let len = file.metadata().map_err(AuditFailure::io(place))?.len();
        segments.push((first, len));
    }
    segments.sort_unstable();
    Ok(segments)
}

/// A segment in memory, with what of it could be computed before all that lies before it is known.
struct ReadSegment {
    bytes: Vec<u8>,
    /// Up to here it consists of whole records with right checksums.
    intact: usize,
    /// The hashes of the leaves among these.
    leaves: Vec<Digest>,
}

impl ReadSegment {
    /// Reads the segment, of which `len` bytes were there when the folder was listed, in the memory of
    /// another.
    fn read(
        folder: &Path,
        first: u64,
        len: u64,
        spare: Option<Self>,
    ) -> Result<Self, AuditFailure> {
        let name = segment::file_name(first);
        let expected = usize::try_from(len.min(MAX_SEGMENT_LEN)).unwrap_or_default();
        let (mut bytes, mut leaves) = spare.map(|s| (s.bytes, s.leaves)).unwrap_or_default();
        bytes.clear();
        leaves.clear();
        bytes.reserve(expected + 1);
        files::open_plain(&folder.join(&name))
            .and_then(|file| file.take(MAX_SEGMENT_LEN + 1).read_to_end(&mut bytes))
            .map_err(AuditFailure::io(&name))?;
        if bytes.len() as u64 > MAX_SEGMENT_LEN {
            return Err(AuditFailure::Malformed {
                place: name,
                offset: MAX_SEGMENT_LEN,
            });
        }
        let mut intact = HEADER_LEN;
        while let Some(rest) = bytes.get(intact..)
            && let Ok((payload, len)) = segment::read_record(rest)
        {
            if let Payload::Entry(stored) = payload {
                leaves.push(merkle::leaf_hash(stored.leaf));
            }
            intact += len;
        }
        Ok(Self {
            bytes,
            intact,
            leaves,
        })
    }

    /// The record at `at`, and its length.
    fn record(&self, at: usize) -> Result<(Payload<'_>, usize), segment::NotARecord> {
        match at < self.intact {
            true => segment::read_intact(&self.bytes[at..]),
            false => Err(segment::NotARecord),
        }
    }
}

/// A segment, and where it stands.
struct Segment<'a> {
    first: u64,
    read: &'a ReadSegment,
    is_last: bool,
    /// How many entries are known to have been stored.
    acknowledged: u64,
}

impl Segment<'_> {
    /// Whether the group that begins with the entry `from` was never stored whole, as it stands, from
    /// the byte `stopped` on.
    fn is_torn(&self, from: u64, stopped: usize) -> bool {
        let bytes = &self.read.bytes;
        let never_whole = || from >= self.acknowledged && segment::lacks_sectors(bytes, stopped);
        self.is_last && (segment::is_cut_off(&bytes[stopped..]) || never_whole())
    }
}

/// Gives where its last whole group begins and ends, with its header where that is its first.
fn walk_segment(
    segment: &Segment<'_>,
    walked: &mut Walked,
    visitor: &mut dyn Visitor,
    tell: &mut dyn FnMut(&mut dyn Visitor, u64),
) -> Result<Option<(usize, usize)>, AuditFailure> {
    let Segment {
        first,
        read,
        is_last,
        acknowledged,
    } = *segment;
    let bytes = read.bytes.as_slice();
    let root = walked.tree.root();
    let next = Origin {
        incarnation: segment::incarnation(bytes),
        ..walked.origin
    };
    let header = segment::header(walked.origin, first, &root);
    let begins = segment::header(next, first, &root);
    let later = next.incarnation > walked.origin.incarnation;
    let origin = match first > 0 && later && bytes.starts_with(&begins) {
        true => next,
        false => walked.origin,
    };
    if origin == walked.origin && !bytes.starts_with(&header) {
        let is_begun = begins_so(bytes, &header) || begins_so(bytes, &begins);
        let never_whole = first >= acknowledged && segment::lacks_sectors(bytes, 0);
        if is_last && (is_begun || never_whole) {
            walked.tail = Some(Tail {
                segment: first,
                keep: 0,
                bytes: bytes.len() as u64,
                entries: 0,
            });
            return Ok(None);
        }
        return Err(AuditFailure::Malformed {
            place: segment::file_name(first),
            offset: bytes
                .iter()
                .zip(&header)
                .take_while(|(a, b)| a == b)
                .count() as u64,
        });
    }
    visitor.segment(first);
    let mut at = HEADER_LEN;
    let mut last = None;
    while at < bytes.len() {
        match read_group(segment, origin, at, &mut walked.tree)? {
            Ok((group, end)) => {
                if origin != walked.origin {
                    walked.origin = origin;
                    walked.begun.push(Begun {
                        first,
                        incarnation: origin.incarnation,
                    });
                }
                visitor.group(&group)?;
                tell(visitor, end as u64);
                walked.head = Some(group.checkpoint);
                let from = if at == HEADER_LEN { 0 } else { at };
                last = Some((from, end));
                at = end;
            }
            Err(Unfinished { entries, stopped }) => {
                if !segment.is_torn(walked.tree.size(), stopped) {
                    return Err(AuditFailure::Record {
                        index: walked.tree.size() + entries,
                        segment: segment::file_name(first),
                        offset: stopped as u64,
                    });
                }
                let keep = if at == HEADER_LEN { 0 } else { at };
                walked.tail = Some(Tail {
                    segment: first,
                    keep: keep as u64,
                    bytes: (bytes.len() - keep) as u64,
                    entries,
                });
                return Ok(last);
            }
        }
    }
    if at == HEADER_LEN {
        // A header alone: the group that was to follow never came.
        if !is_last {
            return Err(AuditFailure::Record {
                index: first,
                segment: segment::file_name(first),
                offset: at as u64,
            });
        }
        walked.tail = Some(Tail {
            segment: first,
            keep: 0,
            bytes: bytes.len() as u64,
            entries: 0,
        });
    }
    Ok(last)
}

/// Whether the bytes are a beginning of the header, with nothing but zeros after it.
fn begins_so(bytes: &[u8], header: &[u8]) -> bool {
    let same = bytes.iter().zip(header).take_while(|(a, b)| a == b).count();
    same < header.len() && bytes[same..].iter().all(|byte| *byte == 0)
}

/// Where a group stops without a checkpoint.
struct Unfinished {
    /// How many whole entries it has.
    entries: u64,
    /// Where no whole record stands any more.
    stopped: usize,
}

type GroupEnd<'a> = Result<(WalkedGroup<'a>, usize), Unfinished>;

/// Reads the group at `start`, and appends its leaves to the tree if it is whole.
fn read_group<'a>(
    segment: &Segment<'a>,
    origin: Origin,
    start: usize,
    tree: &mut Tree,
) -> Result<GroupEnd<'a>, AuditFailure> {
    let Segment { first, read, .. } = *segment;
    let from = tree.size();
    let mut entries = Vec::new();
    let mut at = start;
    let (checkpoint, end) = loop {
        match read.record(at) {
            Ok((Payload::Entry(stored), len)) => {
                entries.push((at as u64, stored));
                at += len;
            }
            Ok((Payload::Checkpoint(checkpoint), len)) => break (checkpoint, at + len),
            Err(segment::NotARecord) => {
                return Ok(Err(Unfinished {
                    entries: entries.len() as u64,
                    stopped: at,
                }));
            }
        }
    };
    let size = from + entries.len() as u64;
    let fault = |fault| AuditFailure::Checkpoint { from, size, fault };
    let checkpoint = SignedCheckpoint::decode(origin, checkpoint)
        .map_err(|_| fault(CheckpointFault::Malformed))?;
    if entries.is_empty() || checkpoint.checkpoint.size != size {
        return Err(fault(CheckpointFault::Size));
    }
    let leaves = usize::try_from(from - first).ok();
    let leaves = leaves.and_then(|at| read.leaves.get(at..at + entries.len()));
    tree.extend(leaves.into_iter().flatten().copied());
    if checkpoint.checkpoint.root != tree.root() {
        return Err(fault(CheckpointFault::Root));
    }
    let group = WalkedGroup {
        from,
        entries,
        checkpoint,
        checkpoint_offset: at as u64,
    };
    Ok(Ok((group, end)))
}
