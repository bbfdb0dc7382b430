//! Who may do what. A permit exists only where the role table said yes.

use super::error::AppError;
use crate::base::{Actor, MemberId, PersonId, Role};

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person's pseudonym.
    pub person: PersonId,
    /// The person's name at this node; never leaves it.
    pub name: String,
    /// What the person may act as.
    pub roles: Vec<Role>,
}

/// Something that a person can ask a node to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send a request for information.
    SendRequest,
    /// See the lists of exchanges.
    ListExchanges,
    /// Read one exchange and save its attachments.
    ReadExchange,
    /// Find exchanges and alerts by what stands in them.
    Search,
    /// Keep content for less long than its originator set.
    ShortenRetention,
    /// Erase the content of an exchange or alert.
    EraseContent,
    /// Accept an incoming request.
    AcceptRequest,
    /// Answer an incoming request.
    AnswerRequest,
    /// Refuse an incoming request.
    RefuseRequest,
    /// Ask what a request means.
    AskClarification,
    /// Pass a request to the competent authority.
    ChannelRequest,
    /// Say that an authorisation is awaited.
    AnnounceDelay,
    /// Name another member that is to be asked.
    TransferRequest,
    /// Say what the asked side wants to know.
    ClarifyRequest,
    /// Say whether an answer helped.
    GiveFeedback,
    /// Take a request back.
    WithdrawRequest,
    /// Put another request in the place of one.
    SupersedeRequest,
    /// Be done with an exchange.
    CloseExchange,
    /// Take an exchange up again.
    ReopenExchange,
    /// Pass on what another member said.
    ForwardMessage,
    /// Tell those who have a message that it is wrong.
    CorrectMessage,
    /// Take note of a correction.
    AcknowledgeCorrection,
    /// Ask whether something may be passed on.
    AskPermission,
    /// Decide whether something may be passed on.
    DecidePermission,
    /// Note a telephone call about an exchange.
    NoteCall,
    /// Publish an alert.
    PublishAlert,
    /// Read alerts.
    ReadAlerts,
    /// Report that one sees the same.
    SightAlert,
    /// Update or cancel an alert.
    ReviseAlert,
    /// Report that one does not see the same.
    ContradictAlert,
    /// Tell an alert's publisher that one took note.
    AcknowledgeAlert,
    /// Choose the corridors that the member wants alerts about.
    SubscribeAlerts,
    /// Let a letter of another person leave.
    ReleaseLetter,
    /// Let a letter of another person leave that the protection gate stopped.
    ClearLetter,
    /// Give a letter back to who wrote it.
    ReturnLetter,
    /// Throw a letter away.
    DiscardLetter,
    /// Let a life-threatening request leave alone, where nobody answers.
    ReleaseInEmergency,
    /// Look at an emergency release afterwards.
    ReviewRelease,
    /// Sign in, enrol a passkey, sign out.
    SignIn,
    /// Add people, change their roles, close their accounts.
    ManagePeople,
    /// Ask for, or approve, a way back for a person whose passkey is lost.
    RecoverPerson,
    /// Browse and verify the log.
    ReadLog,
    /// Take the log out of the node.
    ExportLog,
    /// See the node's state.
    ReadHealth,
    /// See which exchanges a member has, by their ids.
    ReadHoldings,
    /// Take note of an alarm about a log.
    AcknowledgeAlarm,
    /// Take out the proof that a log has two histories.
    ReadEvidence,
    /// Take out what waits for a member as a file, or bring in what a member took out.
    CarryByHand,
    /// Make a backup of the node.
    BackUp,
    /// See how members stand, and the safety numbers.
    ReadMembers,
    /// Record that one compared the safety number with a member's people.
    CompareIdentity,
    /// Accept the changed identity key of a member.
    AcceptIdentity,
    /// Order new keys for the node.
    RotateKeys,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 53] = [
        Self::SendRequest,
        Self::ListExchanges,
        Self::ReadExchange,
        Self::Search,
        Self::ShortenRetention,
        Self::EraseContent,
        Self::AcceptRequest,
        Self::AnswerRequest,
        Self::RefuseRequest,
        Self::AskClarification,
        Self::ChannelRequest,
        Self::AnnounceDelay,
        Self::TransferRequest,
        Self::ClarifyRequest,
        Self::GiveFeedback,
        Self::WithdrawRequest,
        Self::SupersedeRequest,
        Self::CloseExchange,
        Self::ReopenExchange,
        Self::ForwardMessage,
        Self::CorrectMessage,
        Self::AcknowledgeCorrection,
        Self::AskPermission,
        Self::DecidePermission,
        Self::NoteCall,
        Self::PublishAlert,
        Self::ReadAlerts,
        Self::SightAlert,
        Self::ReviseAlert,
        Self::ContradictAlert,
        Self::AcknowledgeAlert,
        Self::SubscribeAlerts,
        Self::ReleaseLetter,
        Self::ClearLetter,
        Self::ReturnLetter,
        Self::DiscardLetter,
        Self::ReleaseInEmergency,
        Self::ReviewRelease,
        Self::SignIn,
        Self::ManagePeople,
        Self::RecoverPerson,
        Self::ReadLog,
        Self::ExportLog,
        Self::ReadHealth,
        Self::ReadHoldings,
        Self::AcknowledgeAlarm,
        Self::ReadEvidence,
        Self::CarryByHand,
        Self::BackUp,
        Self::ReadMembers,
        Self::CompareIdentity,
        Self::AcceptIdentity,
        Self::RotateKeys,
    ];

    /// What the person tried, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::SendRequest => "send a request",
            Self::ListExchanges => "list exchanges",
            Self::ReadExchange => "read an exchange",
            Self::Search => "search",
            Self::ShortenRetention => "shorten how long content is kept",
            Self::EraseContent => "erase content",
            Self::AcceptRequest => "accept a request",
            Self::AnswerRequest => "answer a request",
            Self::RefuseRequest => "refuse a request",
            Self::AskClarification => "ask for a clarification",
            Self::ChannelRequest => "channel a request",
            Self::AnnounceDelay => "announce a delay",
            Self::TransferRequest => "transfer a request",
            Self::ClarifyRequest => "clarify a request",
            Self::GiveFeedback => "give feedback",
            Self::WithdrawRequest => "withdraw a request",
            Self::SupersedeRequest => "supersede a request",
            Self::CloseExchange => "close an exchange",
            Self::ReopenExchange => "reopen an exchange",
            Self::ForwardMessage => "pass a message on",
            Self::CorrectMessage => "correct a message",
            Self::AcknowledgeCorrection => "take note of a correction",
            Self::AskPermission => "ask for a permission",
            Self::DecidePermission => "decide on a permission",
            Self::NoteCall => "note a telephone call",
            Self::PublishAlert => "publish an alert",
            Self::ReadAlerts => "read alerts",
            Self::SightAlert => "report a sighting",
            Self::ReviseAlert => "update or cancel an alert",
            Self::ContradictAlert => "contradict an alert",
            Self::AcknowledgeAlert => "acknowledge an alert",
            Self::SubscribeAlerts => "choose which alerts the member wants",
            Self::ReleaseLetter => "release a letter",
            Self::ClearLetter => "clear a letter that the protection gate stopped",
            Self::ReturnLetter => "return a letter",
            Self::DiscardLetter => "discard a letter",
            Self::ReleaseInEmergency => "release a request in an emergency",
            Self::ReviewRelease => "review an emergency release",
            Self::SignIn => "sign in",
            Self::ManagePeople => "manage the people of the node",
            Self::RecoverPerson => "give a person a way back",
            Self::ReadLog => "read the log",
            Self::ExportLog => "export the log",
            Self::ReadHealth => "see the node's state",
            Self::ReadHoldings => "see what a member holds",
            Self::AcknowledgeAlarm => "take note of an alarm about a log",
            Self::ReadEvidence => "take out evidence about a log",
            Self::CarryByHand => "carry messages by hand",
            Self::BackUp => "make a backup",
            Self::ReadMembers => "see how members stand",
            Self::CompareIdentity => "record that a safety number was compared",
            Self::AcceptIdentity => "accept a changed identity key",
            Self::RotateKeys => "order new keys for the node",
        }
    }

    /// The roles that may, the usual one first.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::SendRequest
            | Self::ClarifyRequest
            | Self::GiveFeedback
            | Self::WithdrawRequest
            | Self::SupersedeRequest
            | Self::CloseExchange
            | Self::ReopenExchange
            | Self::ForwardMessage => &[Role::Officer],
            Self::CorrectMessage | Self::AcknowledgeCorrection | Self::AskPermission => {
                &[Role::Contact, Role::Officer]
            }
            Self::ListExchanges | Self::ReadExchange | Self::Search | Self::NoteCall => {
                &[Role::Officer, Role::Contact, Role::Releaser]
            }
            Self::ShortenRetention => &[Role::Contact, Role::Releaser],
            // What cannot be undone is for those who answer for what leaves the office and stays.
            Self::EraseContent => &[Role::Releaser],
            Self::AcceptRequest
            | Self::RefuseRequest
            | Self::TransferRequest
            | Self::DecidePermission => &[Role::Contact],
            Self::AnswerRequest
            | Self::AskClarification
            | Self::ChannelRequest
            | Self::AnnounceDelay => &[Role::Contact, Role::Officer],
            Self::ReleaseLetter | Self::ClearLetter | Self::ReturnLetter | Self::ReviewRelease => {
                &[Role::Releaser]
            }
            Self::DiscardLetter => &[Role::Officer, Role::Contact],
            Self::ReleaseInEmergency => &[Role::Officer],
            Self::PublishAlert | Self::ReviseAlert | Self::SubscribeAlerts => &[Role::Contact],
            Self::ReadAlerts => &[Role::Officer, Role::Contact, Role::Releaser, Role::Observer],
            Self::SightAlert | Self::ContradictAlert => &[Role::Contact, Role::Officer],
            Self::AcknowledgeAlert => &[Role::Contact, Role::Officer, Role::Releaser],
            Self::BackUp => &[Role::Admin],
            Self::CarryByHand => &[Role::Contact, Role::Officer, Role::Releaser, Role::Admin],
            Self::ManagePeople => &[Role::Admin],
            Self::RecoverPerson => &[Role::Admin, Role::Auditor, Role::Releaser],
            Self::ReadLog | Self::ExportLog => &[Role::Auditor],
            Self::ReadHoldings => &[
                Role::Contact,
                Role::Officer,
                Role::Releaser,
                Role::Auditor,
                Role::Admin,
            ],
            Self::AcknowledgeAlarm | Self::ReadEvidence => &[Role::Auditor, Role::Admin],
            Self::ReadMembers => &[
                Role::Contact,
                Role::Officer,
                Role::Releaser,
                Role::Auditor,
                Role::Admin,
                Role::Observer,
            ],
            Self::CompareIdentity | Self::AcceptIdentity => {
                &[Role::Contact, Role::Officer, Role::Releaser, Role::Admin]
            }
            Self::RotateKeys => &[Role::Admin],
            Self::ReadHealth | Self::SignIn => &[
                Role::Officer,
                Role::Contact,
                Role::Releaser,
                Role::Auditor,
                Role::Admin,
                Role::Observer,
            ],
        }
    }
}

/// Something that has an id and is not everyone's to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An exchange.
    Exchange,
    /// An alert.
    Alert,
    /// A permission.
    Permission,
    /// A file of a message.
    Attachment,
    /// A letter that waits.
    Letter,
}

impl Thing {
    /// What it is called.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Alert => "alert",
            Self::Permission => "permission",
            Self::Attachment => "attachment",
            Self::Letter => "letter",
        }
    }

    /// Whoever may do one of these sees that it is there.
    fn seen_by(self) -> &'static [Action] {
        match self {
            Self::Exchange | Self::Letter | Self::Permission => &[Action::ReadExchange],
            Self::Alert => &[Action::ReadAlerts],
            Self::Attachment => &[Action::ReadExchange, Action::ReadAlerts],
        }
    }
}

/// The role table says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("none of your roles may {}", action.in_words())]
pub struct Denied {
    /// What was asked.
    pub action: Action,
}

/// Leave for one person to do one kind of thing, in one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    actor: Actor,
    action: Action,
}

impl Permit {
    /// Asks the role table.
    ///
    /// # Errors
    /// [`Denied`] where none of the caller's roles may.
    pub fn ask(member: MemberId, caller: &Caller, action: Action) -> Result<Self, Denied> {
        let role = action
            .roles()
            .iter()
            .find(|role| caller.roles.contains(role))
            .ok_or(Denied { action })?;
        let actor = Actor {
            member,
            role: *role,
            person: caller.person,
        };
        Ok(Self { actor, action })
    }

    /// Asks the role table for leave to do something to one `thing`, which those see who may do one
    /// of `seen_by`.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where the caller may not even see it, so that nobody learns what
    /// there is; [`AppError::Denied`] where they see it and may not do this.
    pub fn ask_on(
        member: MemberId,
        caller: &Caller,
        action: Action,
        thing: Thing,
    ) -> Result<Self, AppError> {
        Self::ask(member, caller, action).map_err(|denied| {
            let sees = |seen: &Action| Self::ask(member, caller, *seen).is_ok();
            if thing.seen_by().iter().any(sees) {
                AppError::Denied(denied)
            } else {
                AppError::NotFound(thing.in_words())
            }
        })
    }

    /// Who acts, and in which role.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// What may be done.
    pub fn action(&self) -> Action {
        self.action
    }
}

#[cfg(test)]
mod tests;
