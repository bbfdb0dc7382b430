//! What an entry records: one of the kinds that the law names, and one numbered event.

/// The kind of processing, as Article 25 of Directive (EU) 2016/680 names six, and the node's
/// own operation beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// Data came in or was written down.
    Collection = 1,
    /// Data was changed.
    Alteration = 2,
    /// A person looked at data.
    Consultation = 3,
    /// Data went to another member, transfers included.
    Disclosure = 4,
    /// Data was matched against other data.
    Combination = 5,
    /// Data was erased.
    Erasure = 6,
    /// The node itself did something: started, installed a trust list, refused an input.
    Operation = 7,
}

impl EntryKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 7] = [
        Self::Collection,
        Self::Alteration,
        Self::Consultation,
        Self::Disclosure,
        Self::Combination,
        Self::Erasure,
        Self::Operation,
    ];

    /// The kind's name, as it is written in reports and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Alteration => "alteration",
            Self::Consultation => "consultation",
            Self::Disclosure => "disclosure",
            Self::Combination => "combination",
            Self::Erasure => "erasure",
            Self::Operation => "operation",
        }
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

impl std::fmt::Display for EntryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

macro_rules! events {
    ($($(#[$doc:meta])+ $name:ident = $number:literal, $text:literal;)+) => {
        /// What happened, by a number that never changes its meaning. The numbers stand in
        /// groups with room between: 1 the life of an exchange, 2 alerts, 3 what people do at
        /// their own node, 5 what the node refuses, 6 its keys and trust, 7 its people,
        /// 8 its operation, each times a hundred.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum EventCode {
            $($(#[$doc])+ $name = $number,)+
        }

        impl EventCode {
            /// Every event, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The event's name, as it is written in reports and JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The event with this number.
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

events! {
    /// A request for information was released and committed for sending.
    RequestSent = 100, "request-sent";
    /// A request for information came in.
    RequestReceived = 101, "request-received";
    /// The requested side took a request on.
    AcceptanceSent = 110, "acceptance-sent";
    /// The other side took our request on.
    AcceptanceReceived = 111, "acceptance-received";
    /// An answer, whole or partial, was released and committed for sending.
    AnswerSent = 120, "answer-sent";
    /// An answer came in.
    AnswerReceived = 121, "answer-received";
    /// A refusal was released and committed for sending.
    RefusalSent = 130, "refusal-sent";
    /// A refusal came in.
    RefusalReceived = 131, "refusal-received";
    /// A clarification was asked for.
    ClarificationRequestSent = 140, "clarification-request-sent";
    /// The other side asks for a clarification.
    ClarificationRequestReceived = 141, "clarification-request-received";
    /// A clarification was given.
    ClarificationSent = 142, "clarification-sent";
    /// A clarification came in.
    ClarificationReceived = 143, "clarification-received";
    /// A request was passed to the competent authority.
    ChannellingSent = 144, "channelling-sent";
    /// The other side passed our request to the competent authority.
    ChannellingReceived = 145, "channelling-received";
    /// The originator was asked whether something may be passed on.
    PermissionRequestSent = 146, "permission-request-sent";
    /// A holder asks whether it may pass on something of ours.
    PermissionRequestReceived = 147, "permission-request-received";
    /// A holder was allowed to pass on something of ours, once.
    PermissionGrantSent = 148, "permission-grant-sent";
    /// The originator allows us to pass something on, once.
    PermissionGrantReceived = 149, "permission-grant-received";
    /// A delay was announced, with its reason.
    DelaySent = 150, "delay-sent";
    /// The other side announced a delay.
    DelayReceived = 151, "delay-received";
    /// A request was withdrawn.
    WithdrawalSent = 160, "withdrawal-sent";
    /// The other side withdrew its request.
    WithdrawalReceived = 161, "withdrawal-received";
    /// Another request took the place of one of ours.
    SupersessionSent = 162, "supersession-sent";
    /// The other side put another request in the place of one.
    SupersessionReceived = 163, "supersession-received";
    /// The asking side was told to ask another member.
    TransferSent = 164, "transfer-sent";
    /// The other side tells us to ask another member.
    TransferReceived = 165, "transfer-received";
    /// A permission was refused, or taken back.
    PermissionRefusalSent = 166, "permission-refusal-sent";
    /// The originator refused a permission, or took it back.
    PermissionRefusalReceived = 167, "permission-refusal-received";
    /// Feedback on an answer was sent.
    FeedbackSent = 170, "feedback-sent";
    /// Feedback on our answer came in.
    FeedbackReceived = 171, "feedback-received";
    /// Those who have something that is wrong were told so.
    CorrectionSent = 172, "correction-sent";
    /// The other side tells us that something is wrong.
    CorrectionReceived = 173, "correction-received";
    /// The other side was told that a correction was seen to, or a permission used.
    NoticeSent = 174, "notice-sent";
    /// The other side saw to a correction, or used a permission of ours.
    NoticeReceived = 175, "notice-received";
    /// An exchange was closed here.
    ClosingSent = 180, "closing-sent";
    /// An exchange was taken up again here.
    ReopeningSent = 181, "reopening-sent";
    /// The other side closed an exchange.
    ClosingReceived = 182, "closing-received";
    /// The other side took an exchange up again.
    ReopeningReceived = 183, "reopening-received";
    /// A peer proved that it stored a message of ours.
    DeliveryReceiptReceived = 190, "delivery-receipt-received";
    /// A peer proved that its contact point opened a message of ours.
    OpeningReceiptReceived = 191, "opening-receipt-received";
    /// The contact point opened a message that came in.
    Opened = 192, "opened";
    /// The attachments of a message are stored whole.
    AttachmentsStored = 193, "attachments-stored";
    /// A message of ours expired before a peer proved that it stored it.
    DeliveryExpired = 194, "delivery-expired";
    /// One attachment of a peer's message is stored here whole; others may be on their way.
    AttachmentStored = 195, "attachment-stored";
    /// The peer proved that it holds all attachments of our message.
    AttachmentsReceiptReceived = 196, "attachments-receipt-received";

    /// An alert was published and committed for sending.
    AlertSent = 200, "alert-sent";
    /// An alert came in.
    AlertReceived = 201, "alert-received";
    /// A sighting, or a contradiction, was sent on an alert.
    SightingSent = 210, "sighting-sent";
    /// A sighting, or a contradiction, came in.
    SightingReceived = 211, "sighting-received";
    /// A person here told the author of an alert that they took note of it.
    AcknowledgementSent = 212, "acknowledgement-sent";
    /// A person elsewhere took note of an alert of ours.
    AcknowledgementReceived = 213, "acknowledgement-received";
    /// An alert was updated or cancelled by its author.
    AlertRevisionSent = 220, "alert-revision-sent";
    /// An update or cancellation of an alert came in.
    AlertRevisionReceived = 221, "alert-revision-received";
    /// The members were told which corridors this one wants alerts about.
    SubscriptionSent = 230, "subscription-sent";
    /// A member said which corridors it wants alerts about.
    SubscriptionReceived = 231, "subscription-received";

    /// A draft was written or changed.
    DraftSaved = 300, "draft-saved";
    /// A letter was sent for release.
    ReleaseRequested = 301, "release-requested";
    /// A second person released a letter.
    Released = 302, "released";
    /// A second person returned a letter.
    Returned = 303, "returned";
    /// A letter was thrown away.
    DraftDiscarded = 304, "draft-discarded";
    /// A second person let a letter leave that the protection gate had stopped.
    Cleared = 305, "cleared";
    /// The protection gate stopped a letter.
    ProtectionStopped = 306, "protection-stopped";
    /// A person released a letter alone, since a life was in danger and nobody else answered.
    EmergencyReleased = 307, "emergency-released";
    /// A second person looked at an emergency release afterwards.
    EmergencyReviewed = 308, "emergency-reviewed";
    /// An exchange was handed to a person or unit of the same member.
    Assigned = 310, "assigned";
    /// A note was added to an exchange.
    NoteAdded = 311, "note-added";
    /// An officer noted a telephone call about an exchange.
    CallNoted = 313, "call-noted";
    /// A person read an exchange.
    ExchangeRead = 320, "exchange-read";
    /// A person listed or searched exchanges.
    Searched = 321, "searched";
    /// A person read an attachment.
    AttachmentRead = 322, "attachment-read";
    /// A person took content out of the node as a file.
    ContentExported = 330, "content-exported";
    /// A person took out as a file what waits for a member, or brought such a file in.
    Carried = 332, "carried";
    /// Content was matched against other information.
    Matched = 340, "matched";
    /// Content was erased.
    Erased = 350, "erased";
    /// A peer proved that it erased the content of a message of ours.
    ErasureReceiptReceived = 351, "erasure-receipt-received";
    /// A person set a shorter time for which an exchange or alert is kept.
    RetentionShortened = 352, "retention-shortened";
    /// A person, or the originator, had the content of an exchange or alert erased.
    ErasureOrdered = 353, "erasure-ordered";
    /// The secret changed that all stored contents hang on.
    EpochChanged = 354, "epoch-changed";
    /// A person looked at the log.
    LogRead = 360, "log-read";
    /// A person took the log out of the node as a bundle.
    LogExported = 361, "log-exported";

    /// An input of an authenticated peer was refused.
    InputRefused = 500, "input-refused";
    /// A peer refused a message of ours.
    DeliveryRefused = 501, "delivery-refused";
    /// A person was refused what they may not do.
    PersonRefused = 502, "person-refused";
    /// Something in an exchange or about an alert pressed so much that the duty desk had to know.
    EscalatedToDesk = 504, "escalated-to-desk";
    /// It went on, and the head of the unit had to know.
    EscalatedToHead = 505, "escalated-to-head";
    /// It went on, and the national contact point had to know.
    EscalatedToNational = 506, "escalated-to-national";
    /// The alarm command took an escalation.
    AlarmGiven = 507, "alarm-given";
    /// The alarm command failed again and again; it is tried on.
    AlarmFailed = 508, "alarm-failed";

    /// A new root of trust was installed.
    RootInstalled = 600, "root-installed";
    /// A new trust list was installed.
    TrustListInstalled = 601, "trust-list-installed";
    /// A peer's new key bundle was installed.
    KeyBundleInstalled = 602, "key-bundle-installed";
    /// The node published new keys of its own.
    OwnKeysRotated = 603, "own-keys-rotated";
    /// A person here ordered new keys for this node.
    KeysOrdered = 604, "keys-ordered";
    /// Receiving keys whose time was over were destroyed.
    KeysDestroyed = 605, "keys-destroyed";
    /// A member is listed with an identity key that was not known here.
    IdentityListed = 606, "identity-listed";
    /// A person here compared the safety number with a member.
    IdentityCompared = 607, "identity-compared";
    /// A person here accepted the changed identity key of a member; two must.
    IdentityAccepted = 608, "identity-accepted";
    /// A member's keys are said to have been in other hands since a time.
    CompromiseDeclared = 609, "compromise-declared";
    /// Two views of the federation or of a peer's log do not agree.
    FederationAlarm = 610, "federation-alarm";
    /// A log was proved to have two histories, and the proof is kept.
    FraudProved = 611, "fraud-proved";
    /// A person took note of an alarm about a log.
    AlarmAcknowledged = 612, "alarm-acknowledged";
    /// A peer's checkpoint was checked and cosigned.
    Witnessed = 620, "witnessed";
    /// Enough witnesses cosigned a peer's log over receipts of ours.
    ReceiptsWitnessed = 621, "receipts-witnessed";

    /// A person was given an account.
    UserAdded = 700, "user-added";
    /// A person's account or roles were changed.
    UserChanged = 701, "user-changed";
    /// A person's account was closed.
    UserRemoved = 702, "user-removed";
    /// A person signed in.
    SignedIn = 710, "signed-in";
    /// A person signed out, or their session ended.
    SignedOut = 711, "signed-out";
    /// Someone failed to sign in.
    SignInFailed = 712, "sign-in-failed";
    /// A person enrolled a passkey.
    PasskeyEnrolled = 713, "passkey-enrolled";
    /// A person asked for a way back for another, whose passkey is lost.
    RecoveryAsked = 714, "recovery-asked";
    /// A second person approved it.
    RecoveryApproved = 715, "recovery-approved";
    /// A person said why they open an exchange that names persons.
    ReadingJustified = 716, "reading-justified";
    /// A person verified the whole log.
    LogVerified = 717, "log-verified";

    /// The log was begun, or an incarnation of it.
    LogOpened = 800, "log-opened";
    /// The node started.
    Started = 801, "started";
    /// The node stopped in order.
    Stopped = 802, "stopped";
    /// Nothing else happened for a while.
    Heartbeat = 803, "heartbeat";
    /// The configuration changed.
    ConfigurationChanged = 810, "configuration-changed";
    /// The clock was found to be wrong.
    ClockAlarm = 820, "clock-alarm";
    /// A backup was made.
    BackedUp = 830, "backed-up";
    /// A node was restored from a backup, this one or a peer's, and the end of its log is lost.
    Restored = 831, "restored";
    /// A peer gave back a message of this node whose entry was lost with the end of the log.
    MessageReturned = 832, "message-returned";
    /// What was sent to a node that was restored from a backup is sent again, and what it had sent is
    /// given back.
    SentAgain = 833, "sent-again";
}

impl std::fmt::Display for EventCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_number_and_a_name_of_its_own() {
        let numbers: Vec<u16> = EventCode::ALL.iter().map(|event| *event as u16).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
        let names: std::collections::HashSet<_> =
            EventCode::ALL.iter().map(|event| event.as_str()).collect();
        assert_eq!(names.len(), numbers.len());
        for event in EventCode::ALL {
            assert_eq!(EventCode::from_number(*event as u16), Some(*event));
        }
        assert_eq!(EventCode::from_number(0), None);
    }
}
