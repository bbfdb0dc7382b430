//! What reaches the service, and what comes out of it.

mod effect;
mod health;
mod lists;
mod peer;
mod thing;

pub use effect::Effect;
pub use health::HealthReply;
pub use lists::{AlertFilter, Order};
pub use peer::{FromPeer, PeerReceipt, receipt_word};

use serde::{Deserialize, Serialize};

use crate::audit::Origin;
use crate::base::{Digest, MemberId, MessageId, NodeId, Timestamp};
use crate::domain::alert::{
    Alert, AlertCommand, Audience, Corridor, Selection, Status, Subscription,
};
use crate::domain::duty::Call;
use crate::domain::message::{AttachmentInfo, AttachmentSlot, Priority};
use crate::domain::release::ReleasePolicy;
use crate::domain::rfi::{Command, Request, State};
use crate::domain::terms::{Strength, TermKind};
use crate::seal::KeyId;

use super::carried::{CarryAsk, CarryReply};
use super::corrections::Correcting;
use super::duty::{AlarmOutcome, CallSubject};
use super::letters::{LetterAsk, LetterReply, LetterRow};
use super::members::{MemberAsk, MemberReply, TrustDetails};
use super::office::{OfficeAsk, OfficeReply};
use super::passing::Forward;
use super::permissions::{Decision, PermissionRow};
use super::permit::Permit;
use super::rows::{AlertRow, ExchangeRow};
use super::search::{Earlier, SearchFor};
use super::witness::{WitnessAsk, WitnessReply};

/// What one reply belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The members and nodes that the trust list in force names, as far as decisions need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federation {
    /// The list's version.
    pub version: u64,
    /// The list's hash.
    pub hash: Digest,
    /// When the list expires.
    pub expires: Timestamp,
    /// Every node in force, this one included.
    pub nodes: Vec<NodeId>,
    /// What the list says beyond that.
    pub trust: TrustDetails,
}

impl Federation {
    /// Whether the member is listed.
    pub fn lists(&self, member: MemberId) -> bool {
        self.nodes.iter().any(|node| node.member == member)
    }

    /// Whether the member is listed, or suspended until the next list: what is for it waits then.
    pub fn keeps(&self, member: MemberId) -> bool {
        self.lists(member) || self.trust.suspended.contains(&member)
    }

    /// Whether the member is an observer.
    pub fn observes(&self, member: MemberId) -> bool {
        self.trust.observers.contains(&member)
    }

    /// All members but `me`, in order.
    pub fn others(&self, me: MemberId) -> Vec<MemberId> {
        let mut members: Vec<MemberId> = self.nodes.iter().map(|node| node.member).collect();
        members.retain(|member| *member != me);
        members.sort();
        members.dedup();
        members
    }
}

/// A sealed attachment of a message that is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// As the header lists it: the sealed file.
    pub slot: AttachmentSlot,
    /// As the body lists it: name, type, size, digest and key.
    pub info: AttachmentInfo,
}

/// Something to be done to an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnAlert {
    /// The alert.
    pub alert: MessageId,
    /// The id of the message.
    pub message: MessageId,
    /// What to do.
    pub command: AlertCommand,
    /// For an update: whom to tell besides those who have the alert.
    pub audience: Audience,
}

/// Something a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Send a request to each member, as linked exchanges with these ids.
    SendRequest {
        /// The members, each with the id of its exchange and its sealed attachments.
        to: Vec<(MemberId, MessageId, Vec<Attached>)>,
        /// The request.
        request: Box<Request>,
    },
    /// Say something in an exchange.
    Respond {
        /// The exchange.
        exchange: MessageId,
        /// The id of the message.
        message: MessageId,
        /// What to say.
        command: Box<Command>,
        /// Sealed attachments.
        attached: Vec<Attached>,
    },
    /// Put another request to the same member in the place of one of this node.
    Supersede {
        /// The exchange that ends.
        exchange: MessageId,
        /// The id of the message that says so.
        message: MessageId,
        /// Why.
        reason: Option<String>,
        /// The id of the new exchange.
        new: MessageId,
        /// The new request.
        request: Box<Request>,
        /// Its sealed attachments.
        attached: Vec<Attached>,
    },
    /// Pass a message of another member on to a third one.
    Forward(Box<Forward>),
    /// Tell those who have a message that it is wrong.
    Correct {
        /// The exchange.
        exchange: MessageId,
        /// The id of the message that says so.
        message: MessageId,
        /// What is wrong.
        what: Box<Correcting>,
    },
    /// Pass a correction on to those who have the message from here.
    PassOn {
        /// The exchange in which it was told.
        exchange: MessageId,
        /// The correction.
        correction: MessageId,
        /// The id of the first message that passes it on.
        message: MessageId,
    },
    /// Ask the other side whether a message of it may be passed on.
    AskPermission {
        /// The exchange.
        exchange: MessageId,
        /// The id of the message that asks.
        message: MessageId,
        /// The message that is to be passed on.
        about: MessageId,
        /// The member that is to get it.
        to: MemberId,
        /// What for.
        purpose: String,
    },
    /// Decide on a permission that the other side asked for.
    DecidePermission {
        /// The message that asked for it.
        permission: MessageId,
        /// The id of the message that decides.
        message: MessageId,
        /// What is decided.
        decision: Decision,
    },
    /// See one permission; recorded nowhere, since it shows no content.
    GlancePermission {
        /// The message that asked for it.
        permission: MessageId,
    },
    /// List permissions, the latest first.
    ListPermissions,
    /// List exchanges.
    ListExchanges {
        /// In which order.
        order: Order,
        /// Only those that this member asked (`true`) or was asked (`false`).
        outgoing: Option<bool>,
        /// Only those in this state.
        state: Option<State>,
        /// Only those of this status.
        status: Option<Status>,
        /// At most so many.
        limit: usize,
        /// Where the page begins.
        cursor: Option<Vec<u8>>,
    },
    /// Read one exchange.
    ReadExchange {
        /// The exchange.
        exchange: MessageId,
    },
    /// Find exchanges and alerts by what stands in them.
    Search(SearchFor),
    /// See one exchange's line in the list; recorded nowhere, since it shows no content.
    GlanceExchange {
        /// The exchange.
        exchange: MessageId,
    },
    /// List the exchanges in which something presses, the most pressing first.
    ListPressing {
        /// At most so many.
        limit: usize,
    },
    /// Note a telephone call.
    NoteCall {
        /// What it is about.
        subject: CallSubject,
        /// What is noted.
        call: Call,
    },
    /// Publish an alert.
    PublishAlert {
        /// Whom to tell.
        audience: Audience,
        /// The alert's id.
        id: MessageId,
        /// The alert.
        alert: Box<Alert>,
        /// Sealed attachments.
        attached: Vec<Attached>,
    },
    /// See who would get an alert, or a new version of one. Nothing is sent.
    PreviewAlert {
        /// Whom to tell.
        audience: Audience,
        /// The alert.
        alert: Box<Alert>,
        /// The update that it would be, if it is no first version.
        update: Option<Box<OnAlert>>,
    },
    /// Update or cancel an alert, or say something to it.
    OnAlert {
        /// What to do, and to which alert.
        on: Box<OnAlert>,
        /// Sealed attachments.
        attached: Vec<Attached>,
    },
    /// Tell all members which corridors this one wants alerts about.
    Subscribe {
        /// The id of the message.
        message: MessageId,
        /// The corridors; empty for none.
        corridors: Vec<Corridor>,
    },
    /// See which corridors the members want alerts about.
    ListSubscriptions,
    /// List alerts, those first to which something was done last.
    ListAlerts {
        /// Which alerts.
        filter: AlertFilter,
        /// At most so many.
        limit: usize,
        /// Where the page begins.
        cursor: Option<Vec<u8>>,
    },
    /// Read one alert.
    ReadAlert {
        /// The alert.
        alert: MessageId,
    },
    /// Keep an exchange or alert for fewer days than its originators set.
    ShortenRetention {
        /// The exchange or alert.
        conversation: MessageId,
        /// Days from the receipt.
        days: u32,
    },
    /// Erase the content of an exchange or alert that is over.
    EraseContent {
        /// The exchange or alert.
        conversation: MessageId,
        /// Why; it stays at this node.
        reason: String,
    },
    /// Where an attachment is and how to open it.
    ReadAttachment {
        /// The member whose message lists it; none where only one has a message of that id.
        of: Option<MemberId>,
        /// The message that lists it.
        message: MessageId,
        /// Its place there.
        index: u16,
    },
    /// Something at the person's own node.
    Office(OfficeAsk),
    /// Something about members.
    Members(MemberAsk),
    /// Something about witnesses.
    Witness(WitnessAsk),
    /// Compose this, and let a second person release it even where no policy wants that.
    ForRelease(Box<Ask>),
    /// Do this only if the exchange or alert that it is about stands as it did when it was read: the
    /// last entry of its thread was one of these.
    IfUnchanged(Vec<u64>, Box<Ask>),
    /// Something about letters that wait.
    Letters(LetterAsk),
    /// Something about what is carried by hand.
    Carry(CarryAsk),
    /// Compare a request that is not sent yet with the exchanges here; it is on record.
    Compare {
        /// The id that its exchange will have.
        exchange: MessageId,
        /// The request.
        request: Box<Request>,
    },
    /// The node's state.
    Health,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone)]
pub enum Reply {
    /// The exchanges as they now stand.
    Exchanges(Vec<ExchangeRow>, Option<Vec<u8>>),
    /// Permissions.
    Permissions(Vec<PermissionRow>),
    /// An exchange with all that belongs to it.
    Thread(Box<ExchangeRow>, Vec<ThreadItem>),
    /// The alerts as they now stand.
    Alerts(Vec<AlertRow>, Option<Vec<u8>>),
    /// Exchanges about the same as a request.
    Earlier(Vec<Earlier>),
    /// What a search found, and where its next page begins.
    Found(Vec<Hit>, Option<Vec<u8>>),
    /// An alert with all that belongs to it.
    AlertThread(Box<AlertRow>, Vec<ThreadItem>),
    /// Who would get an alert.
    AlertPreview(Selection),
    /// What each member wants alerts about; none where it never said.
    Subscriptions(Vec<(MemberId, Option<Subscription>)>),
    /// An attachment, and the id under which its sealed file lies.
    Attachment(AttachmentInfo, MessageId),
    /// Something at the person's own node.
    Office(Box<OfficeReply>),
    /// Something about members.
    Members(Box<MemberReply>),
    /// Something about witnesses.
    Witness(Box<WitnessReply>),
    /// What was composed waits for a decision; with its exchange, where there is one.
    Waits(Box<LetterRow>, Option<Box<ExchangeRow>>),
    /// Something about letters that wait.
    Letters(Box<LetterReply>),
    /// Something about what is carried by hand.
    Carried(Box<CarryReply>),
    /// The node's state.
    Health(Box<HealthReply>),
    /// The peer may fetch the message's attachments, which lie under this id.
    MayFetch(MessageId),
    /// The logs of a node, each with the furthest size at which it is known to have signed a checkpoint.
    SignedUpTo(Vec<(Origin, u64)>),
    /// What happened, and the entry to go on from.
    News(Vec<super::news::News>, u64),
    /// It is recorded.
    Done,
}

/// An exchange or alert that a search found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// It.
    pub row: HitRow,
    /// What of it was found, and how surely; empty if it was named by its id.
    pub matched: Vec<(TermKind, Strength)>,
}

/// What a search finds.
#[derive(Debug, Clone)]
pub enum HitRow {
    /// An exchange.
    Exchange(Box<ExchangeRow>),
    /// An alert.
    Alert(Box<AlertRow>),
}

/// One entry of a thread, read back from the log.
#[derive(Debug, Clone)]
pub struct ThreadItem {
    /// The entry.
    pub entry: u64,
    /// When it was recorded here.
    pub at: Timestamp,
    /// The change that it holds.
    pub change: super::change::Change,
    /// The member that caused it.
    pub member: MemberId,
    /// The role that caused it.
    pub role: crate::base::Role,
    /// Which attachments of the message are stored here whole.
    pub stored: Vec<bool>,
    /// Whether enough witnesses cosigned it: in the peer's log a receipt, in this node's all else.
    pub witnessed: bool,
    /// Whether it passed while the keys of the other member are said to have been in other hands.
    pub compromised: bool,
}

impl Ask {
    /// Whether whoever asks waits behind others: only whoever sends what is routine does, since it
    /// takes time and nobody waits for it.
    pub fn priority(&self) -> Priority {
        match self {
            Self::SendRequest { request, .. } | Self::Supersede { request, .. } => {
                request.priority()
            }
            Self::Forward(what) => what.request.priority(),
            Self::ForRelease(ask) | Self::IfUnchanged(_, ask) => ask.priority(),
            _ => Priority::Urgent,
        }
    }
}

/// One input of the service.
#[derive(Debug, Clone)]
pub enum Input {
    /// A person asks.
    Ask(Ticket, Permit, Ask),
    /// A peer's doing.
    Peer(NodeId, FromPeer),
    /// The node wants to tell other systems what happened from this entry on.
    News(Ticket, u64),
    /// A peer wants to fetch an attachment of a message of this node.
    MayFetch(Ticket, NodeId, MessageId),
    /// The node wants to know how far another one's logs are known to have signed.
    SignedUpTo(Ticket, NodeId),
    /// Another trust list or key bundle came into force.
    Federation(Federation),
    /// The people of the node, who may have changed.
    People(Vec<super::people::PersonOnRecord>),
    /// The release policy in force.
    Policy(ReleasePolicy),
    /// Receiving keys of this node were destroyed.
    KeysDestroyed(Vec<KeyId>),
    /// The new keys that were ordered until then are in force.
    OrderCarriedOut(Timestamp),
    /// What came of an alarm, by the entry of its escalation.
    Alarmed(u64, AlarmOutcome),
    /// The node begins to serve.
    Start {
        /// The program's version.
        version: String,
    },
    /// The node stops.
    Stop,
    /// Time has passed.
    Tick,
    /// So much time has passed since the start, by a clock that nobody can set.
    Elapsed(std::time::Duration),
}

impl Input {
    /// Where the answer goes, if somebody waits for one.
    pub fn ticket(&self) -> Option<Ticket> {
        match self {
            Self::Ask(ticket, ..)
            | Self::News(ticket, _)
            | Self::MayFetch(ticket, ..)
            | Self::SignedUpTo(ticket, _) => Some(*ticket),
            _ => None,
        }
    }
}
