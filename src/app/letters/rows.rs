//! Letters, people and the policy as the index holds them.

use serde::{Deserialize, Serialize};

use crate::app::change::{Change, Other};
use crate::app::duty::Pressing;
use crate::app::erase::Gone;
use crate::app::service::Turn;
use crate::app::view::View;
use crate::base::{Actor, Digest, MemberId, MessageId, PersonId, Role, Timestamp};
use crate::domain::duty::{Concern, Told, letter_concern};
use crate::domain::message::Kind;
use crate::domain::protection::Stopped;
use crate::domain::release::ReleasePolicy;
use crate::seal::person::{DecisionKind, PersonKey};
use crate::store::{IndexError, Table};

/// Letters by id.
pub const LETTER: Table = Table("letter");
/// Letters that somebody has to see to: urgent before routine, then the oldest first.
pub const LETTER_OPEN: Table = Table("letter-open");
/// Letters by each exchange or alert that they belong to, and by each message that they would be.
pub const LETTER_IN: Table = Table("letter-in");
/// The people on record, with the keys that they sign with.
pub const PERSON: Table = Table("person");
/// The release policy on record.
pub const POLICY: Table = Table("policy");

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterState {
    /// It waits for a second person to release it.
    InReview,
    /// The protection gate stopped it: it waits for a second person to clear it.
    Stopped,
    /// It left, and its messages are queued.
    Left,
    /// A second person gave it back.
    Returned,
    /// It was thrown away.
    Discarded,
}

impl LetterState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::InReview,
        Self::Stopped,
        Self::Left,
        Self::Returned,
        Self::Discarded,
    ];

    /// Its name in commands and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InReview => "in-review",
            Self::Stopped => "stopped",
            Self::Left => "left",
            Self::Returned => "returned",
            Self::Discarded => "discarded",
        }
    }
}

/// A decision on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What was decided.
    pub kind: DecisionKind,
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
    /// The entry that records it.
    pub entry: u64,
}

/// A letter, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRow {
    /// Its id: that of its first message.
    pub id: MessageId,
    /// The entry that holds it.
    pub entry: u64,
    /// The entries that hold it and what was done about it.
    pub entries: Vec<u64>,
    /// When and why its content was erased, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Gone>,
    /// Its salted digest, which decisions are about.
    pub digest: Digest,
    /// Who wrote it.
    pub by: Actor,
    /// Since when it waits.
    pub at: Timestamp,
    /// Since when it waits for whom it waits for now.
    pub stands_since: Timestamp,
    /// What messages it would be.
    pub kinds: Vec<Kind>,
    /// Whom it would go to.
    pub to: Vec<MemberId>,
    /// The exchange or alert that it belongs to, where there is one already.
    pub conversation: Option<MessageId>,
    /// The messages that it would be.
    pub messages: Vec<MessageId>,
    /// What it is about, in a few words.
    pub subject: String,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Whether it is a request that a life depends on (urgency reason U2).
    pub life: bool,
    /// Whether it belongs to an exercise or a test.
    pub exercise: bool,
    /// Whether a second person must release it, by policy or since whoever wrote it asked for one.
    pub wants_release: bool,
    /// Where it stands.
    pub state: LetterState,
    /// Why the protection gate stops it.
    pub stops: Vec<Stopped>,
    /// What was decided about it.
    pub decisions: Vec<Decided>,
    /// Who gave it back, and why.
    pub returned: Option<(PersonId, String)>,
    /// Up to which level of the roster people were told that it waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// What presses about it now; known only when the node's state is read.
    #[serde(skip)]
    pub pressing: Option<Pressing>,
}

/// How the keys of urgent letters begin among the open ones.
const URGENT: [u8; 1] = [0];

/// How those of routine ones do, which come after.
pub(super) const ROUTINE: [u8; 1] = [1];

impl LetterRow {
    /// The decision of a kind, where it was made.
    pub fn decision(&self, kind: DecisionKind) -> Option<&Decided> {
        self.decisions.iter().find(|decided| decided.kind == kind)
    }

    /// Whether a second person released it, or somebody did in an emergency.
    pub fn is_released(&self) -> bool {
        self.decision(DecisionKind::Release).is_some()
            || self.decision(DecisionKind::Emergency).is_some()
    }

    /// Whether a second person let it leave although the protection gate had stopped it.
    pub fn is_cleared(&self) -> bool {
        self.decision(DecisionKind::Clear).is_some()
    }

    /// Whether it left in an emergency, and nobody has looked at that yet. What was released in one
    /// and then stopped or returned has not left.
    pub fn is_unreviewed(&self) -> bool {
        self.state == LetterState::Left
            && self.decision(DecisionKind::Emergency).is_some()
            && self.decision(DecisionKind::Review).is_none()
    }

    /// Whether somebody has to see to it.
    pub fn is_open(&self) -> bool {
        match self.state {
            LetterState::InReview | LetterState::Stopped | LetterState::Returned => true,
            LetterState::Left => self.is_unreviewed(),
            LetterState::Discarded => false,
        }
    }

    /// What there is to see to where it is urgent and waits. Nobody is called in earnest for an exercise.
    pub(in crate::app) fn concern(&self) -> Option<Concern> {
        let waits = match self.state {
            LetterState::InReview | LetterState::Stopped | LetterState::Returned => true,
            LetterState::Left | LetterState::Discarded => false,
        };
        let presses = waits && self.urgent && !self.exercise;
        presses.then(|| letter_concern(self.id, self.stands_since).counted(&self.told))
    }

    /// Its key among the open ones.
    pub(super) fn open_key(&self) -> Vec<u8> {
        [
            if self.urgent { &URGENT[..] } else { &ROUTINE },
            &self.at.as_millis().to_be_bytes(),
            &self.id.to_bytes(),
        ]
        .concat()
    }
}

/// A person on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// The entry that records it.
    pub entry: u64,
    /// The keys that the person signs with.
    pub keys: Vec<PersonKey>,
    /// What the person may act as.
    pub roles: Vec<Role>,
}

/// Key of a letter in a conversation, or by one of its messages.
pub(super) fn in_key(of: MessageId, letter: MessageId) -> Vec<u8> {
    [of.to_bytes(), letter.to_bytes()].concat()
}

/// The policy on record.
///
/// # Errors
/// Whatever the index gives.
pub fn policy(view: &View<'_>) -> Result<ReleasePolicy, IndexError> {
    Ok(view.row::<ReleasePolicy>(POLICY, b"")?.unwrap_or_default())
}

/// Records the policy, unless it is on record.
///
/// # Errors
/// Whatever the index gives.
pub(in crate::app) fn put_in_force(
    me: MemberId,
    turn: &mut Turn<'_>,
    in_force: &ReleasePolicy,
) -> Result<(), IndexError> {
    if policy(&turn.view)? != *in_force {
        let change = Change::Other(Other::Policy(in_force.clone()));
        turn.record(me, Actor::node(me), change)?;
    }
    Ok(())
}
