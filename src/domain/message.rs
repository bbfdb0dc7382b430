//! Messages: the header that travels in front, and the event that it is about.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alert::{
    Acknowledgement, Alert, AlertCancellation, AlertUpdate, Contradiction, Sighting, Subscription,
};
pub use super::handling::Handling;
use super::rfi::{
    Acceptance, Answer, AwaitingAuthorisation, Channelling, Clarification, ClarificationRequest,
    Closing, Correction, Feedback, Notice, PermissionGrant, PermissionRefusal, PermissionRequest,
    Refusal, Reopening, Request, Supersession, Transfer, Withdrawal,
};
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp};

mod copy;
mod joining;

pub use copy::SignedCopy;
pub use joining::{Joining, MalformedJoining};

/// How far apart the clocks of two offices may be.
pub const SKEW: Duration = Duration::from_secs(10 * 60);

/// The most attachments of a message.
pub const MOST_ATTACHMENTS: u16 = 32;

codes! {
    /// What a message is.
    Kind {
        /// A request for information; it opens an exchange.
        Request = "request",
        /// The asked side takes the request on.
        Acceptance = "accept",
        /// An answer, whole or in part.
        Answer = "answer",
        /// The asked side refuses, by ground.
        Refusal = "refuse",
        /// The asked side needs to know more.
        ClarificationRequest = "clarification-request",
        /// The asking side says it.
        Clarification = "clarification",
        /// The asked side passed the request to the competent authority.
        Channelling = "channelling",
        /// The asked side waits for a judicial authorisation.
        AwaitingAuthorisation = "awaiting-authorisation",
        /// The asking side says whether an answer helped.
        Feedback = "feedback",
        /// The asking side is done.
        Closing = "closing",
        /// The asking side takes its request back.
        Withdrawal = "withdrawal",
        /// The asking side puts another request in its place.
        Supersession = "supersession",
        /// The asked side names another member to ask.
        Transfer = "transfer",
        /// The asking side takes the exchange up again.
        Reopening = "reopening",
        /// Something that was said is wrong.
        Correction = "correction",
        /// A holder asks whether it may pass a message on.
        PermissionRequest = "permission-request",
        /// The originator allows it, once.
        PermissionGrant = "permission-grant",
        /// The originator does not allow it, or no longer.
        PermissionRefusal = "permission-refusal",
        /// A duty towards the other side was done.
        Notice = "notice",
        /// A smuggling-trend alert; it opens a conversation of its own.
        Alert = "alert",
        /// "We see it too."
        Sighting = "sighting",
        /// A whole new version of an alert.
        AlertUpdate = "alert-update",
        /// The publisher takes an alert back.
        AlertCancellation = "alert-cancel",
        /// "We do not see it", or "it is otherwise".
        Contradiction = "contradiction",
        /// A person took note of an alert.
        Acknowledgement = "alert-acknowledgement",
        /// The corridors that a member wants alerts about.
        Subscription = "subscription",
    }
}

codes! {
    /// How soon a message must get through.
    Priority {
        /// Before everything else.
        Urgent = "urgent",
        /// In its order.
        Routine = "routine",
    }
}

/// A sealed attachment as the header lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentSlot {
    /// Bytes of the sealed file.
    pub length: u64,
    /// SHA-256 of the sealed file.
    pub digest: Digest,
}

/// An attachment as the body lists it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentInfo {
    /// The file's name, as its sender gave it.
    pub name: String,
    /// The media type, as its sender gave it; never interpreted.
    pub media_type: String,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// The key that opens the sealed file.
    #[serde(with = "hex::serde")]
    pub key: [u8; 32],
}

/// The longest file name and media type, in bytes.
const LONGEST_NAME: usize = 255;

impl AttachmentInfo {
    /// Whether a text can be a file's name: 1 to 255 bytes on one line that lead to no other
    /// folder, and show in the order in which they stand.
    pub fn is_name(text: &str) -> bool {
        let misleads =
            |c: char| matches!(c, '/' | '\\' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        is_line(text) && !text.chars().any(misleads) && !matches!(text, "." | "..")
    }

    /// Whether a text can be a media type: 1 to 255 bytes on one line.
    pub fn is_media_type(text: &str) -> bool {
        is_line(text)
    }
}

fn is_line(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl std::fmt::Debug for AttachmentInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AttachmentInfo({} bytes)", self.size)
    }
}

/// Something that a later version adds to the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its number.
    pub id: u32,
    /// Whether a receiver that does not know it must refuse the message.
    pub critical: bool,
    /// Its value.
    pub value: Vec<u8>,
}

/// What stands in front of a message: no content, and no names of persons.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The lowest and highest protocol version that the sender speaks.
    pub protocol: (u32, u32),
    /// The message.
    pub id: MessageId,
    /// The exchange or alert that it belongs to: the id of its first message.
    pub conversation: MessageId,
    /// The sender's messages in this conversation are numbered from 0.
    pub sequence: u64,
    /// The leaf of the sender's message before this one in the conversation.
    pub previous_own: Option<Digest>,
    /// The leaf of the latest message of another that the sender had seen in the conversation.
    pub last_seen: Option<Digest>,
    /// The node that sends it.
    pub sender: NodeId,
    /// The members that it is for.
    pub recipients: Vec<MemberId>,
    /// What it is.
    pub kind: Kind,
    /// How soon it must get through.
    pub priority: Priority,
    /// What receivers may do with it.
    pub handling: Handling,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it may be delivered.
    pub expires: Timestamp,
    /// The hash of the trust list in force at the sender.
    pub trust_list: Digest,
    /// Sealed attachments.
    pub attachments: Vec<AttachmentSlot>,
    /// What later versions add, and who joins: [`Header::joining`].
    pub extensions: Vec<Extension>,
}

/// Who caused what, when.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Who, in which role.
    pub by: Actor,
    /// When, by the clock of the sender.
    pub at: Timestamp,
    /// Attachments, in the order of the header.
    pub attachments: Vec<AttachmentInfo>,
    /// What.
    pub body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// A request for information.
    Request(Box<Request>),
    /// The asked side takes the request on.
    Acceptance(Acceptance),
    /// An answer.
    Answer(Answer),
    /// A refusal.
    Refusal(Refusal),
    /// The asked side needs to know more.
    ClarificationRequest(ClarificationRequest),
    /// The asking side says it.
    Clarification(Clarification),
    /// The request was passed to the competent authority.
    Channelling(Channelling),
    /// A judicial authorisation is awaited.
    AwaitingAuthorisation(AwaitingAuthorisation),
    /// Whether an answer helped.
    Feedback(Feedback),
    /// The asking side is done.
    Closing(Closing),
    /// The asking side takes its request back.
    Withdrawal(Withdrawal),
    /// Another request takes its place.
    Supersession(Supersession),
    /// Another member is to be asked.
    Transfer(Transfer),
    /// The asking side takes the exchange up again.
    Reopening(Reopening),
    /// Something that was said is wrong.
    Correction(Correction),
    /// A holder asks whether it may pass a message on.
    PermissionRequest(PermissionRequest),
    /// The originator allows it, once.
    PermissionGrant(PermissionGrant),
    /// The originator does not allow it, or no longer.
    PermissionRefusal(PermissionRefusal),
    /// A duty towards the other side was done.
    Notice(Notice),
    /// A smuggling-trend alert.
    Alert(Box<Alert>),
    /// "We see it too."
    Sighting(Sighting),
    /// A whole new version of an alert.
    AlertUpdate(Box<AlertUpdate>),
    /// The publisher takes an alert back.
    AlertCancellation(AlertCancellation),
    /// "We do not see it", or "it is otherwise".
    Contradiction(Contradiction),
    /// A person took note of an alert.
    Acknowledgement(Acknowledgement),
    /// The corridors that a member wants alerts about.
    Subscription(Subscription),
}

impl Kind {
    /// Whether it belongs to an alert, whose recipients may become more.
    pub fn is_of_an_alert(self) -> bool {
        matches!(
            self,
            Self::Alert
                | Self::Sighting
                | Self::AlertUpdate
                | Self::AlertCancellation
                | Self::Contradiction
                | Self::Acknowledgement
        )
    }
}

impl Body {
    /// The messages of others that it carries, each as its author signed it.
    pub fn copies(&self) -> impl Iterator<Item = &SignedCopy> {
        let forwarded = match self {
            Self::Request(request) => request.forwarded.as_ref(),
            _ => None,
        };
        let message = forwarded.map(|forwarded| &forwarded.message);
        let permission = forwarded.and_then(|forwarded| forwarded.permission.as_ref());
        let passed_on = match self {
            Self::Correction(correction) => correction.passes_on.as_ref(),
            _ => None,
        };
        [message, permission, passed_on].into_iter().flatten()
    }

    /// What the message is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Request(_) => Kind::Request,
            Self::Acceptance(_) => Kind::Acceptance,
            Self::Answer(_) => Kind::Answer,
            Self::Refusal(_) => Kind::Refusal,
            Self::ClarificationRequest(_) => Kind::ClarificationRequest,
            Self::Clarification(_) => Kind::Clarification,
            Self::Channelling(_) => Kind::Channelling,
            Self::AwaitingAuthorisation(_) => Kind::AwaitingAuthorisation,
            Self::Feedback(_) => Kind::Feedback,
            Self::Closing(_) => Kind::Closing,
            Self::Withdrawal(_) => Kind::Withdrawal,
            Self::Supersession(_) => Kind::Supersession,
            Self::Transfer(_) => Kind::Transfer,
            Self::Reopening(_) => Kind::Reopening,
            Self::Correction(_) => Kind::Correction,
            Self::PermissionRequest(_) => Kind::PermissionRequest,
            Self::PermissionGrant(_) => Kind::PermissionGrant,
            Self::PermissionRefusal(_) => Kind::PermissionRefusal,
            Self::Notice(_) => Kind::Notice,
            Self::Alert(_) => Kind::Alert,
            Self::Sighting(_) => Kind::Sighting,
            Self::AlertUpdate(_) => Kind::AlertUpdate,
            Self::AlertCancellation(_) => Kind::AlertCancellation,
            Self::Contradiction(_) => Kind::Contradiction,
            Self::Acknowledgement(_) => Kind::Acknowledgement,
            Self::Subscription(_) => Kind::Subscription,
        }
    }
}
