//! The leaf of the log: one fixed layout without personal data or content.

use super::layout::{Reader, TooShort, put_short};
use super::{EntryKind, EventCode};
use crate::base::{Digest, MemberId, Role, Timestamp, merkle};

/// The version of the layout.
const VERSION: u8 = 1;

/// The length of an entry without extensions, in bytes.
pub const ENTRY_LEN: usize = 1 + 8 + 1 + 2 + 1 + 16 + 16 + 8 + 32 + 32 + 2;

/// The most that all extensions of an entry may take together, in bytes. It keeps an entry far
/// below the 65,535 bytes that a C2SP entry bundle can hold.
pub const MAX_EXTENSIONS_LEN: usize = 4096;

/// Why bytes are not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The bytes end too early.
    #[error("the entry is too short")]
    TooShort,
    /// Bytes are left over.
    #[error("the entry is followed by stray bytes")]
    TooLong,
    /// The version of the layout is unknown.
    #[error("the entry has unknown version {0}")]
    Version(u8),
    /// The time lies after the year 9999.
    #[error("the entry has an impossible time")]
    Time,
    /// The kind has no meaning.
    #[error("the entry has unknown kind {0}")]
    Kind(u8),
    /// The event has no meaning.
    #[error("the entry has unknown event {0}")]
    Event(u16),
    /// The role has no meaning.
    #[error("the entry has unknown role {0}")]
    Role(u8),
    /// The peer is not a member id.
    #[error("the entry's peer is not a member")]
    Peer,
    /// The extensions are too long together, or not in ascending order of their types.
    #[error("the entry's extensions are malformed")]
    Extensions,
    /// An extension that must be understood is unknown.
    #[error("the entry has unknown critical extension {0}")]
    Critical(u16),
}

impl EntryError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "entry-too-short",
            Self::TooLong => "entry-too-long",
            Self::Version(_) => "entry-version",
            Self::Time => "entry-time",
            Self::Kind(_) => "entry-kind",
            Self::Event(_) => "entry-event",
            Self::Role(_) => "entry-role",
            Self::Peer => "entry-peer",
            Self::Extensions => "entry-extensions",
            Self::Critical(_) => "entry-critical-extension",
        }
    }
}

impl From<TooShort> for EntryError {
    fn from(_: TooShort) -> Self {
        Self::TooShort
    }
}

/// Something that an entry carries beside its fixed fields. One whose type has the top bit set
/// must be understood; this version knows no such type, so it refuses them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What it is; each type at most once, in ascending order.
    pub kind: u16,
    /// Its value.
    pub value: Vec<u8>,
}

/// One entry of the log. All that could name a person or tell a content stands behind pseudonyms,
/// a salted commitment, and the digest of a ciphertext.
///
/// Layout, integers big-endian: version u8 ‖ time u64 (ms since 1970) ‖ kind u8 ‖ event u16 ‖
/// role u8 ‖ actor 16 ‖ exchange 16 ‖ peer 8 ‖ commitment 32 ‖ sealed digest 32 ‖
/// extensions u16 length, each u16 type ‖ u16 length ‖ value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was written, by the node's clock.
    pub time: Timestamp,
    /// The kind of processing.
    pub kind: EntryKind,
    /// What happened.
    pub event: EventCode,
    /// The role in which the actor acted.
    pub role: Role,
    /// The actor's pseudonym; zeros for the node itself.
    pub actor: [u8; 16],
    /// The pseudonym of the exchange or alert; zeros where there is none.
    pub exchange: [u8; 16],
    /// The other member, where there is one; eight zeros stand for none.
    pub peer: Option<MemberId>,
    /// The salted commitment to a [`Statement`](super::Statement).
    pub commitment: Digest,
    /// The digest of the sealed content that the node keeps beside the entry.
    pub sealed_digest: Digest,
    /// What else it carries.
    pub extensions: Vec<Extension>,
}

impl Entry {
    /// The bytes of the leaf.
    ///
    /// # Panics
    /// If the extensions are longer than [`MAX_EXTENSIONS_LEN`]: whoever builds them bounds them.
    pub fn encode(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        for extension in &self.extensions {
            extensions.extend_from_slice(&extension.kind.to_be_bytes());
            put_short(&mut extensions, &extension.value);
        }
        assert!(
            extensions.len() <= MAX_EXTENSIONS_LEN,
            "the extensions of an entry are bounded"
        );
        let mut out = Vec::with_capacity(ENTRY_LEN + extensions.len());
        out.push(VERSION);
        let millis = u64::try_from(self.time.as_millis()).expect("a time is never before 1970");
        out.extend_from_slice(&millis.to_be_bytes());
        out.push(self.kind as u8);
        out.extend_from_slice(&(self.event as u16).to_be_bytes());
        out.push(self.role as u8);
        out.extend_from_slice(&self.actor);
        out.extend_from_slice(&self.exchange);
        out.extend_from_slice(&self.peer.map_or([0; 8], MemberId::to_bytes));
        out.extend_from_slice(self.commitment.as_bytes());
        out.extend_from_slice(self.sealed_digest.as_bytes());
        put_short(&mut out, &extensions);
        out
    }

    /// Reads the bytes of a leaf. What it accepts encodes to the same bytes again.
    ///
    /// # Errors
    /// [`EntryError`], by the first field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(EntryError::Version(version));
        }
        let time = read_time(reader.u64()?)?;
        let kind = reader.u8()?;
        let kind = EntryKind::from_number(kind).ok_or(EntryError::Kind(kind))?;
        let event = reader.u16()?;
        let event = EventCode::from_number(event).ok_or(EntryError::Event(event))?;
        let role = reader.u8()?;
        let role = Role::from_number(role).ok_or(EntryError::Role(role))?;
        let actor = reader.array()?;
        let exchange = reader.array()?;
        let peer = match reader.array()? {
            [0, 0, 0, 0, 0, 0, 0, 0] => None,
            bytes => Some(MemberId::from_bytes(bytes).map_err(|_| EntryError::Peer)?),
        };
        let commitment = Digest::from_bytes(reader.array()?);
        let sealed_digest = Digest::from_bytes(reader.array()?);
        let extensions = read_extensions(reader.short()?)?;
        if !reader.is_empty() {
            return Err(EntryError::TooLong);
        }
        Ok(Self {
            time,
            kind,
            event,
            role,
            actor,
            exchange,
            peer,
            commitment,
            sealed_digest,
            extensions,
        })
    }

    /// The hash of the leaf in the log's tree (RFC 6962 § 2.1).
    pub fn leaf_hash(&self) -> Digest {
        merkle::leaf_hash(&self.encode())
    }
}

fn read_time(millis: u64) -> Result<Timestamp, EntryError> {
    let millis = i64::try_from(millis).map_err(|_| EntryError::Time)?;
    let time = Timestamp::from_millis(millis);
    (time.as_millis() == millis)
        .then_some(time)
        .ok_or(EntryError::Time)
}

fn read_extensions(bytes: &[u8]) -> Result<Vec<Extension>, EntryError> {
    if bytes.len() > MAX_EXTENSIONS_LEN {
        return Err(EntryError::Extensions);
    }
    let mut reader = Reader::new(bytes);
    let mut extensions: Vec<Extension> = Vec::new();
    while !reader.is_empty() {
        let kind = reader.u16().map_err(|_| EntryError::Extensions)?;
        let value = reader.short().map_err(|_| EntryError::Extensions)?;
        if kind & 0x8000 != 0 {
            return Err(EntryError::Critical(kind));
        }
        if extensions.last().is_some_and(|last| last.kind >= kind) {
            return Err(EntryError::Extensions);
        }
        extensions.push(Extension {
            kind,
            value: value.to_vec(),
        });
    }
    Ok(extensions)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> Entry {
        Entry {
            time: Timestamp::from_millis(1_774_188_120_123),
            kind: EntryKind::Disclosure,
            event: EventCode::RequestSent,
            role: Role::Releaser,
            actor: [1; 16],
            exchange: [2; 16],
            peer: Some("MK".parse().unwrap()),
            commitment: Digest::of(b"commitment"),
            sealed_digest: Digest::of(b"sealed"),
            extensions: Vec::new(),
        }
    }

    #[test]
    fn an_entry_has_one_fixed_layout() {
        let bytes = entry().encode();
        assert_eq!(bytes.len(), ENTRY_LEN);
        assert_eq!(
            hex::encode(&bytes[..53]),
            "010000019d15da483b0400640201010101010101010101010101010101\
             020202020202020202020202020202024d4b000000000000"
        );
        assert_eq!(Entry::decode(&bytes), Ok(entry()));
        assert_eq!(entry().leaf_hash(), merkle::leaf_hash(&bytes));
    }

    #[test]
    fn every_prefix_and_every_longer_entry_is_refused() {
        let mut bytes = entry().encode();
        for len in 0..bytes.len() {
            assert!(Entry::decode(&bytes[..len]).is_err(), "{len}");
        }
        bytes.push(0);
        assert_eq!(Entry::decode(&bytes), Err(EntryError::TooLong));
    }

    #[test]
    fn unknown_values_are_refused_by_name() {
        let bytes = entry().encode();
        let with = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            Entry::decode(&bytes)
        };
        assert_eq!(with(0, 2), Err(EntryError::Version(2)));
        assert_eq!(with(1, 0xff), Err(EntryError::Time));
        assert_eq!(with(3, 0xff), Err(EntryError::Time));
        assert_eq!(with(9, 0), Err(EntryError::Kind(0)));
        assert_eq!(with(10, 0xff), Err(EntryError::Event(0xff64)));
        assert_eq!(with(12, 0), Err(EntryError::Role(0)));
        assert_eq!(with(45, b'm'), Err(EntryError::Peer));
    }

    #[test]
    fn extensions_are_ordered_and_critical_ones_refused() {
        let extension = |kind| Extension {
            kind,
            value: b"x".to_vec(),
        };
        let with = |kinds: &[u16]| {
            let mut entry = entry();
            entry.extensions = kinds.iter().map(|kind| extension(*kind)).collect();
            Entry::decode(&entry.encode()).map(|decoded| assert_eq!(decoded, entry))
        };
        assert_eq!(with(&[1, 2]), Ok(()));
        assert_eq!(with(&[2, 1]), Err(EntryError::Extensions));
        assert_eq!(with(&[1, 1]), Err(EntryError::Extensions));
        assert_eq!(with(&[0x8001]), Err(EntryError::Critical(0x8001)));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic_and_what_decodes_is_canonical(
            bytes in proptest::collection::vec(any::<u8>(), 0..300)
        ) {
            if let Ok(entry) = Entry::decode(&bytes) {
                prop_assert_eq!(entry.encode(), bytes);
            }
        }

        #[test]
        fn a_changed_entry_is_refused_or_another_entry(at in 0..ENTRY_LEN, change in 1..=255u8) {
            let mut bytes = entry().encode();
            bytes[at] ^= change;
            if let Ok(changed) = Entry::decode(&bytes) {
                prop_assert_eq!(changed.encode(), bytes);
                prop_assert_ne!(changed, entry());
            }
        }
    }
}
