//! How a conversation goes on with a recipient to whom not every message of the sender went: one
//! that came in later, or that was left out for a while; or with one that did not take them all. The
//! header says where the recipient stands, so that its chain of the sender's messages stays without a gap.

use super::{Extension, Header};
use crate::base::{Digest, MemberId};

/// Where a recipient stands in the sender's messages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joining {
    /// The recipient.
    pub member: MemberId,
    /// The number after that of the sender's last message that went to it; 0 if none did.
    pub sequence: u64,
    /// The leaf of that message; none if none went.
    pub last: Option<Digest>,
}

/// The header extension that holds them.
const EXTENSION: u32 = 1;

/// Bytes of one: member, sequence, and the leaf or zeros.
const LEN: usize = 8 + 8 + 32;

/// The extension is not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the extension that names joining recipients is malformed")]
pub struct MalformedJoining;

impl Joining {
    /// The extension that names these recipients; none for none.
    pub fn extension(joining: &[Self]) -> Option<Extension> {
        if joining.is_empty() {
            return None;
        }
        let mut joining = joining.to_vec();
        joining.sort_by_key(|joining| joining.member);
        let mut value = Vec::with_capacity(joining.len() * LEN);
        for joining in joining {
            let last = joining.last.map_or([0; 32], |last| *last.as_bytes());
            value.extend_from_slice(&joining.member.to_bytes());
            value.extend_from_slice(&joining.sequence.to_be_bytes());
            value.extend_from_slice(&last);
        }
        // A node that does not know it sees a gap, and asks again: nothing goes wrong unseen.
        Some(Extension {
            id: EXTENSION,
            critical: false,
            value,
        })
    }

    fn read(record: &[u8]) -> Result<Self, MalformedJoining> {
        let part = |from: usize, to: usize| record.get(from..to).ok_or(MalformedJoining);
        let member = part(0, 8)?.try_into().map_err(|_| MalformedJoining)?;
        let sequence = part(8, 16)?.try_into().map_err(|_| MalformedJoining)?;
        let last = part(16, LEN)?;
        let sequence = u64::from_be_bytes(sequence);
        let none = last.iter().all(|byte| *byte == 0);
        if none != (sequence == 0) {
            return Err(MalformedJoining);
        }
        let last = Digest::try_from(last).map_err(|_| MalformedJoining)?;
        Ok(Self {
            member: MemberId::from_bytes(member).map_err(|_| MalformedJoining)?,
            sequence,
            last: (!none).then_some(last),
        })
    }
}

impl Header {
    /// The recipients to whom not every message before this one went, in order.
    ///
    /// # Errors
    /// [`MalformedJoining`] unless each is a recipient, is named once, and had fewer messages
    /// than there are.
    pub fn joining(&self) -> Result<Vec<Joining>, MalformedJoining> {
        let mut extensions = self.extensions.iter().filter(|e| e.id == EXTENSION);
        let Some(extension) = extensions.next() else {
            return Ok(Vec::new());
        };
        if extensions.next().is_some() || extension.value.is_empty() {
            return Err(MalformedJoining);
        }
        let records = extension.value.chunks(LEN);
        let joining: Vec<Joining> = records.map(Joining::read).collect::<Result<_, _>>()?;
        let ordered = joining.is_sorted_by(|a, b| a.member < b.member);
        let fits = |joining: &Joining| {
            joining.sequence < self.sequence && self.recipients.contains(&joining.member)
        };
        if !ordered || !joining.iter().all(fits) {
            return Err(MalformedJoining);
        }
        Ok(joining)
    }

    /// Where the sender's messages before this one ended for `member`, as the header says: their
    /// count and the leaf of the last.
    ///
    /// # Errors
    /// [`MalformedJoining`].
    pub fn continues(&self, member: MemberId) -> Result<(u64, Option<Digest>), MalformedJoining> {
        let joining = self.joining()?;
        let named = joining.iter().find(|joining| joining.member == member);
        Ok(named.map_or((self.sequence, self.previous_own), |joining| {
            (joining.sequence, joining.last)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::domain::fixtures::{actor, hours, member, message, sighting};
    use crate::domain::message::Body;

    fn header(joining: &[Joining]) -> Header {
        let by = actor("TR", Role::Contact);
        let (mut header, _) = message(by, hours(0), Body::Sighting(sighting()));
        header.recipients = vec![member("MK"), member("AT"), member("RS")];
        header.sequence = 5;
        header.previous_own = Some(Digest::of(b"fifth"));
        header.extensions = Joining::extension(joining).into_iter().collect();
        header
    }

    fn joining(of: &str, sequence: u64) -> Joining {
        let last = (sequence > 0).then(|| Digest::of(b"some"));
        let member = member(of);
        Joining {
            member,
            sequence,
            last,
        }
    }

    #[test]
    fn a_recipient_goes_on_where_the_header_says() {
        let (new, left_out) = (joining("MK", 0), joining("AT", 2));
        let header = header(&[new, left_out]);
        assert_eq!(header.joining(), Ok(vec![left_out, new]));
        assert_eq!(header.continues(member("MK")), Ok((0, None)));
        let some = Some(Digest::of(b"some"));
        assert_eq!(header.continues(member("AT")), Ok((2, some)));
        let fifth = Some(Digest::of(b"fifth"));
        assert_eq!(header.continues(member("RS")), Ok((5, fifth)));
    }

    #[test]
    fn only_recipients_that_missed_something_join_and_each_once() {
        let twice = [joining("MK", 0), joining("MK", 1)];
        let (all, stranger) = ([joining("MK", 5)], [joining("TR", 0)]);
        for bad in [&twice[..], &all, &stranger] {
            assert_eq!(header(bad).joining(), Err(MalformedJoining));
        }
        let good = header(&[joining("MK", 0), joining("AT", 2)]);
        let value = &good.extensions[0].value;
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut header = good.clone();
            header.extensions[0].value.clone_from(value);
            change(&mut header.extensions[0].value);
            header.joining()
        };
        assert!(with(&|_| ()).is_ok());
        assert_eq!(with(&Vec::clear), Err(MalformedJoining));
        assert_eq!(with(&|value| value.truncate(95)), Err(MalformedJoining));
        // A first message that follows another, and the other way round.
        assert_eq!(with(&|value| value[15] = 0), Err(MalformedJoining));
        assert_eq!(with(&|value| value[48 + 15] = 1), Err(MalformedJoining));
        let swapped = |value: &mut Vec<u8>| value.rotate_left(48);
        assert_eq!(with(&swapped), Err(MalformedJoining));
        let mut doubled = good.clone();
        doubled.extensions.push(good.extensions[0].clone());
        assert_eq!(doubled.joining(), Err(MalformedJoining));
    }
}
