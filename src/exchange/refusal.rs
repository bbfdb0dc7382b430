//! Why a node does not take a message: typed, numbered, and told to the peer that sent it.

/// The reason for a refusal. The number travels; new reasons get new numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u16)]
pub enum Refusal {
    /// The envelope could not be opened, or its signature does not hold.
    #[error("the envelope could not be opened, or its signature does not hold")]
    BadEnvelope = 1,
    /// The envelope is sealed to a key that this node does not hold.
    #[error("the envelope is sealed to a key that this node does not hold (any more)")]
    UnknownRecipientKey = 2,
    /// The sender, or its key, is not in the trust list in force.
    #[error("the sender or its key is not in the trust list in force")]
    NotListed = 3,
    /// The envelope's sender is not the peer on this link.
    #[error("the envelope names another sender than the peer that delivers it")]
    NotTheSender = 4,
    /// What the signature covers does not decode.
    #[error("the message is signed but malformed")]
    Malformed = 5,
    /// The member is not among the recipients.
    #[error("this member is not among the recipients")]
    WrongRecipient = 6,
    /// The message expired before it arrived.
    #[error("the message had expired when it arrived")]
    Expired = 7,
    /// The message is dated further ahead than clocks may differ.
    #[error("the message is dated in the future, beyond what clocks may differ")]
    PostDated = 8,
    /// Another message of this sender had the same id.
    #[error("another message of the same sender had this id")]
    ConflictingId = 9,
    /// The sequence number was used before in this conversation.
    #[error("the sequence number was used before in this conversation")]
    Replayed = 10,
    /// The message before it in the conversation is another one than it names.
    #[error("the message does not continue the conversation that this node knows")]
    BrokenChain = 11,
    /// The event does not fit the state of the exchange, or the role may not cause it.
    #[error("the event does not fit the state of the exchange, or its role may not cause it")]
    OutOfState = 12,
    /// There is no such exchange or alert here, or not yet: what opened it may still be on its way
    /// from another sender.
    #[error("there is no such exchange or alert here")]
    UnknownConversation = 13,
    /// The attachments are more, or larger, than this node takes.
    #[error("the attachments are more or larger than this node takes")]
    TooLarge = 14,
    /// The message lives longer than this node remembers ids.
    #[error("the message would live longer than this node remembers messages")]
    LivesTooLong = 15,
    /// A message before it in the conversation is missing; it is taken once that has come.
    #[error("a message before it in the conversation has not come yet")]
    Gap = 16,
    /// It passes on, or uses, what it may not: without permission, with one that is for something
    /// else or was used, or with fewer restrictions.
    #[error("what it passes on may not be passed on so")]
    MayNotPassOn = 17,
    /// It mixes an exercise or a test with what is actual.
    #[error("it mixes an exercise or a test with what is actual")]
    OtherStatus = 18,
    /// The sender's identity key changed, and two people here have not accepted that yet.
    #[error("the sender's changed identity key has not been accepted here yet")]
    KeyNotAccepted = 19,
    /// The sender has sent more than this node takes of one member in a day.
    #[error("the sender has sent more than is taken of one member in a day")]
    OverQuota = 20,
    /// The node has no room for it, as on a full disk. Nothing of it is on record there.
    #[error("the node has no room for it at present")]
    NoRoom = 21,
}

impl Refusal {
    /// Every refusal, in the order of its number.
    pub const ALL: [Self; 21] = [
        Self::BadEnvelope,
        Self::UnknownRecipientKey,
        Self::NotListed,
        Self::NotTheSender,
        Self::Malformed,
        Self::WrongRecipient,
        Self::Expired,
        Self::PostDated,
        Self::ConflictingId,
        Self::Replayed,
        Self::BrokenChain,
        Self::OutOfState,
        Self::UnknownConversation,
        Self::TooLarge,
        Self::LivesTooLong,
        Self::Gap,
        Self::MayNotPassOn,
        Self::OtherStatus,
        Self::KeyNotAccepted,
        Self::OverQuota,
        Self::NoRoom,
    ];

    /// The number that travels.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The refusal with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.number() == number)
    }

    /// The stable code, as people and programs read it.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadEnvelope => "bad-envelope",
            Self::UnknownRecipientKey => "unknown-recipient-key",
            Self::NotListed => "not-listed",
            Self::NotTheSender => "not-the-sender",
            Self::Malformed => "malformed",
            Self::WrongRecipient => "wrong-recipient",
            Self::Expired => "expired",
            Self::PostDated => "post-dated",
            Self::ConflictingId => "conflicting-id",
            Self::Replayed => "replayed",
            Self::BrokenChain => "broken-chain",
            Self::OutOfState => "out-of-state",
            Self::UnknownConversation => "unknown-conversation",
            Self::TooLarge => "too-large",
            Self::LivesTooLong => "lives-too-long",
            Self::Gap => "gap",
            Self::MayNotPassOn => "may-not-pass-on",
            Self::OtherStatus => "other-status",
            Self::KeyNotAccepted => "key-not-accepted",
            Self::OverQuota => "over-quota",
            Self::NoRoom => "no-room",
        }
    }

    /// Whether the same message may be taken later, so that the sender keeps it and tries again.
    /// One that is dated ahead is among them: a clock that was wrong must not lose a message.
    pub fn is_temporary(self) -> bool {
        matches!(
            self,
            Self::Gap
                | Self::UnknownRecipientKey
                | Self::PostDated
                | Self::UnknownConversation
                | Self::KeyNotAccepted
                | Self::OverQuota
                | Self::NoRoom
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_found_by_its_number() {
        for (i, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(refusal.number()), i + 1);
            assert_eq!(Refusal::from_number(refusal.number()), Some(refusal));
        }
        assert_eq!(Refusal::from_number(0), None);
    }
}
