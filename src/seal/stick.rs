//! A file that carries frames and attachments to one node by hand: encrypted to it, signed by the
//! node that wrote it, each file readable without the others of its export.
//!
//! ```text
//! stick    head 4698 ‖ sealed
//! head     address 117 ‖ length of sealed u64 ‖ H(sealed) 32 ‖ enc 1120 ‖ wrapped 48 ‖ signature 3373
//! address  "LIASTIK" 7 ‖ version u8 = 1 ‖ sender node 9 ‖ sender key id 32 ‖ recipient node 9
//!          ‖ recipient key id 32 ‖ export id 16 ‖ number u16 ‖ last u8 (0 or 1) ‖ created u64
//! sealed   the items in chunked encryption, as an attachment's: key = content key,
//!          context = export id ‖ number
//! item     kind u8 ‖ length u32 ‖ payload
//!   1 frame  a frame as it travels over a link
//!   2 part   message id 16 ‖ index u16 ‖ length of the whole u64 ‖ offset u64 ‖ bytes
//! wrap     HPKE base mode as an envelope's: info = "liaison/stick/v1" ‖ address ‖ length ‖ H(sealed)
//! ```
//!
//! A backup is such a file with "LIABKUP" and `liaison/backup/v1`, sealed to the recovery key, whose
//! items are
//!
//! ```text
//!   3 file   length of the name u16 ‖ name ‖ offset u64 ‖ bytes
//! ```
//!
//! The signature, in context `liaison/stick/v1`, covers all of the head before it, and by the
//! digest all of the rest. Nothing is taken from a file before all of it holds.

mod read;
#[cfg(test)]
mod tests;
mod write;

#[cfg(fuzzing)]
pub use read::unsealed_items;
pub use read::{OpenedStick, backup_key, open_backup, open_stick};
pub use write::StickWriter;

use super::attachment;
use super::layout::{Reader, TooShort};
use super::sign::{KeyId, SIGNATURE_LEN};
use crate::base::{Digest, MessageId, NodeId, Timestamp};

const ADDRESS_LEN: usize = 117;
/// What the wrap is bound to: address, length and digest.
const BOUND_LEN: usize = ADDRESS_LEN + 8 + 32;
const SIGNED_LEN: usize = BOUND_LEN + super::envelope::ENC_LEN + super::envelope::WRAPPED_LEN;

/// Length of the head in bytes.
pub const STICK_HEAD: usize = SIGNED_LEN + SIGNATURE_LEN;

const FRAME: u8 = 1;
const PART: u8 = 2;
const FILE: u8 = 3;
const ITEM_HEAD: usize = 5;
const PART_HEAD: usize = 34;

/// The longest payload of an item: a frame, or a part or file with what stands before its bytes.
const MAX_PAYLOAD: usize = 1024 * 1024 + 70_000;

/// The most bytes of an attachment in one part.
pub const MAX_PART: usize = 1024 * 1024;

/// What a sealed file is for. One kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedKind {
    /// Frames and attachments for a peer.
    Stick,
    /// A node's folder, for those who hold its recovery key.
    Backup,
}

impl SealedKind {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Stick => b"LIASTIK\x01",
            Self::Backup => b"LIABKUP\x01",
        }
    }

    fn context(self) -> &'static str {
        match self {
            Self::Stick => "liaison/stick/v1",
            Self::Backup => "liaison/backup/v1",
        }
    }
}

/// From whom a file is, for whom, and which of its export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StickAddress {
    /// What it is for.
    pub kind: SealedKind,
    /// The node that wrote it.
    pub sender: NodeId,
    /// The identity key that signed it.
    pub sender_key: KeyId,
    /// The node that can read it.
    pub recipient: NodeId,
    /// The key that it is sealed to.
    pub recipient_key: KeyId,
    /// The export that it belongs to.
    pub export: MessageId,
    /// Its number in the export, from 1.
    pub number: u16,
    /// Whether more files follow.
    pub place: StickPlace,
    /// When it was written, by the sender's clock.
    pub created: Timestamp,
}

/// Where a file stands in its export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickPlace {
    /// Others follow.
    More,
    /// It is the last.
    Last,
}

/// Something in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StickItem {
    /// A frame, as it travels over a link.
    Frame(Vec<u8>),
    /// Some bytes of an attachment's sealed file.
    Part {
        /// The message that lists it.
        message: MessageId,
        /// Its place there.
        index: u16,
        /// Length of the whole sealed file in bytes.
        length: u64,
        /// Where the bytes stand in it.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Some bytes of a file of a node's folder.
    File {
        /// Its path within the folder, at most 65,535 bytes.
        name: String,
        /// Where the bytes stand in it.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Why a file is not taken. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum StickError {
    /// It is none, or one of another version.
    #[error("this is no file that a liaison node exported for another")]
    NotAStick,
    /// It is for another node.
    #[error("the file is for {0}")]
    ForAnother(NodeId),
    /// It is sealed to a key that this node does not hold, or no longer.
    #[error("the file is sealed to a key that this node does not hold any more")]
    KeyGone,
    /// The trust list in force has no such node, or another key for it.
    #[error("the trust list in force does not list {0} with the key that signed the file")]
    UnknownSender(NodeId),
    /// A byte of it was changed, or it is not whole.
    #[error("the file is damaged or not whole")]
    Damaged,
    /// It cannot be read or written.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

impl StickError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAStick => "not-a-stick",
            Self::ForAnother(_) => "stick-for-another",
            Self::KeyGone => "stick-key-gone",
            Self::UnknownSender(_) => "stick-sender-unknown",
            Self::Damaged => "stick-damaged",
            Self::Io(_) => "stick-unreadable",
        }
    }

    /// What the person can do.
    pub fn next(&self) -> &'static str {
        match self {
            Self::NotAStick => "Check that it is the file that `liaison bundle export` wrote.",
            Self::ForAnother(_) => "Give it to that office; nothing of it was taken.",
            Self::KeyGone => {
                "Ask the sender to install this node's current keys and to export again."
            }
            Self::UnknownSender(_) => {
                "Compare trust lists with the sender: `liaison trust show` at both."
            }
            Self::Damaged => "Copy it again from its source, or ask for another export.",
            Self::Io(_) => "Check the file, its permissions and the space on the disk.",
        }
    }
}

impl From<TooShort> for StickError {
    fn from(_: TooShort) -> Self {
        Self::Damaged
    }
}

impl StickAddress {
    fn to_bytes(self) -> [u8; ADDRESS_LEN] {
        let last = u8::from(self.place == StickPlace::Last);
        let parts: [&[u8]; 9] = [
            self.kind.magic(),
            &self.sender.to_bytes(),
            self.sender_key.as_bytes(),
            &self.recipient.to_bytes(),
            self.recipient_key.as_bytes(),
            &self.export.to_bytes(),
            &self.number.to_be_bytes(),
            &[last],
            &self.created.as_millis().to_be_bytes(),
        ];
        let bytes = parts.concat();
        bytes.try_into().expect("the parts are as long as they are")
    }

    fn read(head: &[u8], kind: SealedKind) -> Result<Self, StickError> {
        let rest = head.strip_prefix(kind.magic());
        let rest = rest.ok_or(StickError::NotAStick)?;
        let mut reader = Reader::new(rest);
        let sender = NodeId::from_bytes(reader.array()?).map_err(|_| TooShort)?;
        let sender_key = Digest::from_bytes(reader.array()?);
        let recipient = NodeId::from_bytes(reader.array()?).map_err(|_| TooShort)?;
        Ok(Self {
            kind,
            sender,
            sender_key,
            recipient,
            recipient_key: Digest::from_bytes(reader.array()?),
            export: MessageId::from_bytes(reader.array()?),
            number: reader.u16()?,
            place: match reader.u8()? {
                0 => StickPlace::More,
                1 => StickPlace::Last,
                _ => return Err(StickError::Damaged),
            },
            created: i64::try_from(reader.u64()?)
                .map(Timestamp::from_millis)
                .map_err(|_| TooShort)?,
        })
    }

    /// What the sealed items are bound to.
    fn context(&self) -> [u8; 18] {
        attachment::context(self.export, self.number)
    }
}

/// What the wrap of the content key is bound to.
fn wrap_info(kind: SealedKind, bound: &[u8]) -> Vec<u8> {
    [kind.context().as_bytes(), bound].concat()
}
