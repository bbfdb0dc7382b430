//! How rows lie in the index. The tables that every message writes have fixed layouts; integers are
//! big-endian. A row never repeats a content that the log holds.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AlertRow, AttachmentRow, Delivery, ExchangeRow, HeadRow, MessageRow, OutboxRow, PendingAlarm,
    PullRow, SaidRow, SubscriptionRow, TermPlace, TermRow,
};
use crate::app::change::Change;
use crate::app::content::read_change;
use crate::app::erase::{EpochRow, RetentionRow, UntoldRow};
use crate::app::letters::{LetterRow, PersonRow};
use crate::app::members::{BundleRow, CompromisedRow, Held, IdentityRow, ListOnRecord};
use crate::app::witness::{AlarmRow, LogWitnessedRow, ReceiptHeadRow, WitnessRow};
use crate::audit::layout::{Reader, TooShort};
use crate::audit::{Origin, SignedCheckpoint};
use crate::base::{Digest, MemberId, MessageId, Timestamp};
use crate::domain::message::{Body, Kind};
use crate::domain::release::ReleasePolicy;
use crate::domain::rfi::StoredExchange;
use crate::exchange::Conversation;
use crate::seal::keystore::Order;
use crate::store::Log;

/// A row of the index.
pub trait Row: Clone + Send + Sync + 'static {
    /// Its stored form.
    fn encode(&self) -> Vec<u8>;

    /// Reads the stored form; what a row leaves out is in `log`. Nothing if it is not one.
    fn decode(bytes: &[u8], log: &dyn Log) -> Option<Self>;
}

/// Reads a fixed layout to its end.
fn whole<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<Option<T>, TooShort>,
) -> Option<T> {
    let mut reader = Reader::new(bytes);
    let row = read(&mut reader).ok().flatten()?;
    reader.is_empty().then_some(row)
}

impl Row for bool {
    fn encode(&self) -> Vec<u8> {
        vec![u8::from(*self)]
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl Row for u8 {
    fn encode(&self) -> Vec<u8> {
        vec![*self]
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        <[u8; 1]>::try_from(bytes).ok().map(|[value]| value)
    }
}

impl Row for u64 {
    fn encode(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Row for MessageId {
    fn encode(&self) -> Vec<u8> {
        self.to_bytes().to_vec()
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }
}

/// sequence u64 ‖ leaf 32, where there is one.
impl Row for Conversation {
    fn encode(&self) -> Vec<u8> {
        let last = self.last.as_ref().map(Digest::as_bytes);
        [&self.sequence.to_be_bytes()[..], last.map_or(&[], |l| l)].concat()
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        let (sequence, last) = bytes.split_first_chunk()?;
        let last = match last {
            [] => None,
            last => Some(Digest::try_from(last).ok()?),
        };
        let sequence = u64::from_be_bytes(*sequence);
        Some(Self { sequence, last })
    }
}

/// time u64 ‖ message id 16 for a message, nothing for a receipt.
impl Row for OutboxRow {
    fn encode(&self) -> Vec<u8> {
        let since = millis(self.since());
        match self {
            Self::Message { message, .. } => [&since[..], &message.to_bytes()].concat(),
            Self::Receipt { .. } => since.to_vec(),
            Self::Returned { message, .. } => [&since[..], &message.to_bytes(), &[1]].concat(),
        }
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        let (since, message) = bytes.split_first_chunk()?;
        let since = Timestamp::from_millis(i64::from_be_bytes(*since));
        Some(match message {
            [] => Self::Receipt { since },
            [message @ .., 1] if message.len() == 16 => {
                let message = MessageId::from_bytes(message.try_into().ok()?);
                Self::Returned { message, since }
            }
            message => {
                let message = MessageId::from_bytes(message.try_into().ok()?);
                Self::Message { message, since }
            }
        })
    }
}

/// entry u64 ‖ leaf 32 ‖ conversation 16 ‖ expires u64 ‖ kind u8 length ‖ opened u8, with u64 if 1 ‖
/// u16 deliveries, each member 8 ‖ state u8 ‖ refusal u16 ‖ u16 members that opened it, 8 each ‖
/// u16 attachments, each length u64 ‖ digest 32 ‖ stored u8.
impl Row for MessageRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(&self.entry.to_be_bytes());
        out.extend_from_slice(self.leaf.as_bytes());
        out.extend_from_slice(&self.conversation.to_bytes());
        out.extend_from_slice(&millis(self.expires));
        let kind = self.kind.as_str().as_bytes();
        out.push(u8::try_from(kind.len()).expect("a kind has a short name"));
        out.extend_from_slice(kind);
        out.push(u8::from(self.opened.is_some()));
        if let Some(entry) = self.opened {
            out.extend_from_slice(&entry.to_be_bytes());
        }
        put_count(&mut out, self.deliveries.len());
        for (member, delivery) in &self.deliveries {
            out.extend_from_slice(&member.to_bytes());
            let (state, refusal) = match delivery {
                Delivery::Queued => (0, 0),
                Delivery::Delivered => (1, 0),
                Delivery::Refused(number) => (2, *number),
                Delivery::Expired => (3, 0),
            };
            out.push(state);
            out.extend_from_slice(&refusal.to_be_bytes());
        }
        put_count(&mut out, self.opened_by.len());
        for member in &self.opened_by {
            out.extend_from_slice(&member.to_bytes());
        }
        put_count(&mut out, self.attachments.len());
        for attachment in &self.attachments {
            out.extend_from_slice(&attachment.length.to_be_bytes());
            out.extend_from_slice(attachment.digest.as_bytes());
            out.push(u8::from(attachment.stored));
        }
        out
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        whole(bytes, read_message)
    }
}

fn read_message(reader: &mut Reader<'_>) -> Result<Option<MessageRow>, TooShort> {
    let entry = reader.u64()?;
    let leaf = Digest::from_bytes(reader.array()?);
    let conversation = MessageId::from_bytes(reader.array()?);
    let expires = Timestamp::from_millis(i64::from_be_bytes(reader.array()?));
    let kind = usize::from(reader.u8()?);
    let kind = std::str::from_utf8(reader.slice(kind)?).map_err(|_| TooShort)?;
    let kind: Kind = kind.parse().map_err(|_| TooShort)?;
    let opened = match reader.u8()? {
        0 => None,
        _ => Some(reader.u64()?),
    };
    let mut deliveries = BTreeMap::new();
    for _ in 0..reader.u16()? {
        let member = member(reader)?;
        let delivery = match (reader.u8()?, reader.u16()?) {
            (0, _) => Delivery::Queued,
            (1, _) => Delivery::Delivered,
            (2, number) => Delivery::Refused(number),
            (3, _) => Delivery::Expired,
            _ => return Ok(None),
        };
        deliveries.insert(member, delivery);
    }
    let mut opened_by = BTreeSet::new();
    for _ in 0..reader.u16()? {
        opened_by.insert(member(reader)?);
    }
    let mut attachments = Vec::new();
    for _ in 0..reader.u16()? {
        attachments.push(AttachmentRow {
            length: reader.u64()?,
            digest: Digest::from_bytes(reader.array()?),
            stored: reader.u8()? == 1,
        });
    }
    Ok(Some(MessageRow {
        entry,
        leaf,
        conversation,
        kind,
        expires,
        deliveries,
        opened_by,
        opened,
        attachments,
    }))
}

fn member(reader: &mut Reader<'_>) -> Result<MemberId, TooShort> {
    MemberId::from_bytes(reader.array()?).map_err(|_| TooShort)
}

/// sender 8 ‖ message id 16 ‖ index u16 ‖ length u64 ‖ digest 32.
impl Row for PullRow {
    fn encode(&self) -> Vec<u8> {
        [
            &self.sender.to_bytes()[..],
            &self.message.to_bytes(),
            &self.index.to_be_bytes(),
            &self.length.to_be_bytes(),
            self.digest.as_bytes(),
        ]
        .concat()
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        whole(bytes, |reader| {
            Ok(Some(Self {
                sender: member(reader)?,
                message: MessageId::from_bytes(reader.array()?),
                index: reader.u16()?,
                length: reader.u64()?,
                digest: Digest::from_bytes(reader.array()?),
            }))
        })
    }
}

/// origin 13 ‖ size u64 ‖ root 32.
impl Row for HeadRow {
    fn encode(&self) -> Vec<u8> {
        [
            &self.origin.to_bytes()[..],
            &self.size.to_be_bytes(),
            self.root.as_bytes(),
        ]
        .concat()
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        whole(bytes, |reader| {
            Ok(Some(Self {
                origin: Origin::from_bytes(reader.array()?).map_err(|_| TooShort)?,
                size: reader.u64()?,
                root: Digest::from_bytes(reader.array()?),
            }))
        })
    }
}

/// time u64 ‖ signed checkpoint with its origin.
impl Row for WitnessRow {
    fn encode(&self) -> Vec<u8> {
        [&millis(self.at)[..], &self.signed.encode_with_origin()].concat()
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        let (at, signed) = bytes.split_first_chunk()?;
        Some(Self {
            signed: SignedCheckpoint::decode_with_origin(signed).ok()?,
            at: Timestamp::from_millis(i64::from_be_bytes(*at)),
        })
    }
}

/// u16 places, each entry u64 ‖ place u16 ‖ u16 length ‖ form.
impl Row for TermRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_count(&mut out, self.places.len());
        for place in &self.places {
            out.extend_from_slice(&place.entry.to_be_bytes());
            out.extend_from_slice(&place.place.to_be_bytes());
            put_count(&mut out, place.form.len());
            out.extend_from_slice(place.form.as_bytes());
        }
        out
    }

    fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
        whole(bytes, |reader| {
            let mut places = Vec::new();
            for _ in 0..reader.u16()? {
                let (entry, place, len) = (reader.u64()?, reader.u16()?, reader.u16()?);
                let form = reader.slice(usize::from(len))?;
                let form = String::from_utf8(form.to_vec()).map_err(|_| TooShort)?;
                places.push(TermPlace { entry, place, form });
            }
            Ok(Some(Self { places }))
        })
    }
}

/// JSON without the request, which its first entry holds.
impl Row for ExchangeRow {
    fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("rows have text keys and finite numbers")
    }

    fn decode(bytes: &[u8], log: &dyn Log) -> Option<Self> {
        let row: ExchangeRow<StoredExchange> = serde_json::from_slice(bytes).ok()?;
        let record = log.read(*row.thread.first()?).ok()?;
        let (_, change) = read_change(&record.content).ok()?;
        let (Change::Sent(message) | Change::Received(message, _)) = change else {
            return None;
        };
        let Body::Request(request) = message.event.body else {
            return None;
        };
        Some(row.with(*request))
    }
}

/// Rows that few messages write are JSON.
macro_rules! json {
    ($($row:ty),+) => {
        $(impl Row for $row {
            fn encode(&self) -> Vec<u8> {
                serde_json::to_vec(self).expect("rows have text keys and finite numbers")
            }

            fn decode(bytes: &[u8], _: &dyn Log) -> Option<Self> {
                serde_json::from_slice(bytes).ok()
            }
        })+
    };
}

json!(
    AlertRow,
    AlarmRow,
    BundleRow,
    CompromisedRow,
    EpochRow,
    Held,
    IdentityRow,
    LetterRow,
    ListOnRecord,
    LogWitnessedRow,
    Order,
    PersonRow,
    PendingAlarm,
    ReceiptHeadRow,
    ReleasePolicy,
    RetentionRow,
    SaidRow,
    SubscriptionRow,
    UntoldRow
);

fn millis(time: Timestamp) -> [u8; 8] {
    time.as_millis().to_be_bytes()
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).expect("wire bounds the lists of a message");
    out.extend_from_slice(&count.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::SIGNED_CHECKPOINT_LEN;
    use crate::store::MemoryLog;

    fn survives<T: Row + PartialEq + std::fmt::Debug>(row: T) {
        let log = MemoryLog::new(Origin::first("MK-1".parse().unwrap()));
        let bytes = row.encode();
        for len in 0..bytes.len() {
            let shorter = T::decode(&bytes[..len], &log);
            assert_ne!(shorter.as_ref(), Some(&row), "{len}");
        }
        let longer = [&bytes[..], &[9]].concat();
        assert_eq!(T::decode(&longer, &log), None);
        assert_eq!(T::decode(&bytes, &log), Some(row));
    }

    #[test]
    fn every_row_with_a_layout_survives_its_bytes() {
        let id = MessageId::from_bytes([7; 16]);
        let (one, two): (MemberId, MemberId) = ("TR".parse().unwrap(), "ICMPD".parse().unwrap());
        let at = Timestamp::from_millis(1_774_188_120_123);
        let digest = Digest::of(b"digest");
        let origin = Origin::first("TR-2".parse().unwrap());
        survives(true);
        survives(7_u8);
        survives(u64::MAX);
        survives(id);
        let last = Some(digest);
        survives(Conversation { sequence: 3, last });
        survives(Conversation::default());
        survives(OutboxRow::Message {
            message: id,
            since: at,
        });
        survives(OutboxRow::Receipt { since: at });
        survives(OutboxRow::Returned {
            message: id,
            since: at,
        });
        let place = |place| TermPlace {
            entry: 4,
            place,
            form: "Örnek".to_owned(),
        };
        survives(TermRow {
            places: vec![place(1), place(2)],
        });
        survives(PullRow {
            sender: "TR".parse().unwrap(),
            message: id,
            index: 2,
            length: 1 << 40,
            digest,
        });
        survives(HeadRow {
            origin,
            size: 9,
            root: digest,
        });
        let bytes = [7; SIGNED_CHECKPOINT_LEN];
        survives(WitnessRow {
            signed: SignedCheckpoint::decode(origin, &bytes).unwrap(),
            at,
        });
        for kind in Kind::ALL {
            survives(MessageRow {
                entry: 1,
                leaf: digest,
                conversation: id,
                kind: *kind,
                expires: at,
                deliveries: [(one, Delivery::Refused(16)), (two, Delivery::Expired)].into(),
                opened_by: [two].into(),
                opened: Some(5),
                attachments: vec![AttachmentRow {
                    length: 9,
                    digest,
                    stored: true,
                }],
            });
        }
    }
}
