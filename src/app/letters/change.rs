//! What happens to letters, to the people who decide about them, and to the policy, as the log
//! keeps it, and the rows that follow.

use serde::{Deserialize, Serialize};

use super::draft::{AttachmentKey, Draft};
use super::rows::{
    Decided, LETTER, LETTER_IN, LETTER_OPEN, LetterRow, LetterState, PERSON, PersonRow, in_key,
};
use crate::app::change::Heading;
use crate::app::erase::{self, Gone};
use crate::app::project::Projected;
use crate::app::rows::ATTACHED;
use crate::app::view::View;
use crate::audit::{Decision, EntryKind, EventCode, Shown, Statement};
use crate::base::{Actor, Digest, MemberId, MessageId, PersonId, Role};
use crate::domain::ERASED;
use crate::domain::message::Kind;
use crate::domain::protection::Stopped;
use crate::seal::person::{DecisionKind, PersonKey, PersonSignature, letter_digest};
use crate::store::IndexError;

/// A letter as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The id of its first message.
    pub id: MessageId,
    /// Who wrote it.
    pub by: Actor,
    /// Keeps its digest from being guessed.
    #[serde(with = "hex::serde")]
    pub salt: [u8; 32],
    /// What it says: a [`Draft`] as JSON, whose very bytes are decided about.
    pub content: String,
    /// The keys of its attachments, which the content leaves out.
    pub keys: Vec<AttachmentKey>,
    /// Whether a second person must release it.
    pub wants_release: bool,
    /// Why the protection gate would stop it, or does.
    pub stops: Vec<Stopped>,
    /// What it would be.
    pub outline: Outline,
    /// That the content was erased, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedLetter>,
    /// Blanks up to a length that many letters have: what a refusal by `x5` takes on the disk must not
    /// tell it from a no-hit.
    pub padding: String,
}

/// What was erased of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasedLetter {
    /// The digest that decisions were about.
    pub digest: Digest,
    /// When and why.
    pub gone: Gone,
}

/// What a letter would be once it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// The kinds of its messages.
    pub kinds: Vec<Kind>,
    /// Whom it goes to.
    pub to: Vec<MemberId>,
    /// The exchange or alert that it belongs to, where there is one already.
    pub conversation: Option<MessageId>,
    /// Its messages.
    pub messages: Vec<MessageId>,
    /// Those of them that have attachments.
    pub attachments: Vec<MessageId>,
    /// What it is about, in a few words.
    pub subject: String,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Whether it is a request that a life depends on.
    pub life: bool,
    /// Whether it belongs to an exercise or a test.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
}

/// A change that is about a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LetterChange {
    /// One was written, and waits.
    Held(Box<Held>),
    /// Somebody decided about one.
    Decided {
        /// The letter.
        letter: MessageId,
        /// Its entry.
        entry: u64,
        /// Its digest.
        digest: Digest,
        /// What was decided.
        kind: DecisionKind,
        /// By whom.
        by: PersonId,
        /// The entry of that person's keys.
        key: u64,
        /// Why.
        reason: Option<String>,
        /// The salted digest of the reason.
        reason_digest: Digest,
        /// The person's signature.
        signature: PersonSignature,
    },
    /// It waits for another decision: the protection gate stopped it, or the policy has changed.
    Waits {
        /// The letter.
        letter: MessageId,
        /// What it waits for.
        state: LetterState,
        /// Why the protection gate stops it.
        stops: Vec<Stopped>,
    },
    /// It was given back to who wrote it.
    Returned {
        /// The letter.
        letter: MessageId,
        /// By whom.
        by: PersonId,
        /// Why.
        reason: String,
    },
    /// It was thrown away.
    Discarded {
        /// The letter.
        letter: MessageId,
    },
}

/// A change that is about the people who sign decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PersonChange {
    /// The person acts in these roles and signs with these keys from now on.
    Known {
        /// The person.
        person: PersonId,
        /// The keys.
        keys: Vec<PersonKey>,
        /// The roles.
        roles: Vec<Role>,
        /// Whether the person was known before.
        before: bool,
    },
    /// The person does not act any more.
    Gone {
        /// The person.
        person: PersonId,
    },
}

impl LetterChange {
    /// What the entry says in the open. `note` is what commits to the private content.
    pub(in crate::app) fn heading(&self, note: Statement) -> Heading {
        let (kind, event, peer, conversation) = match self {
            Self::Held(held) => {
                let event = match held.wants_release {
                    true => EventCode::ReleaseRequested,
                    false => EventCode::ProtectionStopped,
                };
                let of = held.outline.conversation.unwrap_or(held.id);
                let peer = held.outline.to.first().copied();
                (EntryKind::Collection, event, peer, of)
            }
            Self::Decided { letter, kind, .. } => {
                let event = match kind {
                    DecisionKind::Release => EventCode::Released,
                    DecisionKind::Clear => EventCode::Cleared,
                    DecisionKind::Emergency => EventCode::EmergencyReleased,
                    DecisionKind::Review => EventCode::EmergencyReviewed,
                };
                (EntryKind::Operation, event, None, *letter)
            }
            Self::Waits { letter, state, .. } => {
                let event = match state {
                    LetterState::InReview => EventCode::ReleaseRequested,
                    LetterState::Stopped
                    | LetterState::Left
                    | LetterState::Returned
                    | LetterState::Discarded => EventCode::ProtectionStopped,
                };
                (EntryKind::Operation, event, None, *letter)
            }
            Self::Returned { letter, .. } => {
                (EntryKind::Operation, EventCode::Returned, None, *letter)
            }
            Self::Discarded { letter } => (
                EntryKind::Operation,
                EventCode::DraftDiscarded,
                None,
                *letter,
            ),
        };
        Heading {
            kind,
            event,
            peer,
            conversation: Some(conversation),
            statement: self.statement(note),
            shown: self.shown(),
        }
    }

    fn statement(&self, note: Statement) -> Statement {
        match self {
            Self::Decided {
                letter,
                digest,
                kind,
                ..
            } => {
                let (id, letter) = (*letter, *digest);
                match kind {
                    DecisionKind::Clear => Statement::Cleared { id, letter },
                    DecisionKind::Release | DecisionKind::Emergency | DecisionKind::Review => {
                        Statement::Released { id, letter }
                    }
                }
            }
            Self::Held(_) | Self::Waits { .. } | Self::Returned { .. } | Self::Discarded { .. } => {
                note
            }
        }
    }

    fn shown(&self) -> Vec<Shown> {
        match self {
            Self::Held(held) => vec![Shown::Letter(held.digest())],
            Self::Decided {
                entry,
                kind,
                key,
                reason_digest,
                signature,
                ..
            } => vec![Shown::Decision(Decision {
                kind: *kind,
                letter: *entry,
                key: *key,
                reason: *reason_digest,
                signature: signature.clone(),
            })],
            Self::Waits { .. } | Self::Returned { .. } | Self::Discarded { .. } => Vec::new(),
        }
    }
}

impl Held {
    /// What it says, with the keys of its attachments; none where it does not read.
    pub(super) fn draft(&self) -> Option<Draft> {
        let mut draft: Draft = serde_json::from_str(&self.content).ok()?;
        draft.put_keys(&self.keys);
        Some(draft)
    }

    /// The digest by which decisions name it.
    pub fn digest(&self) -> Digest {
        match &self.erased {
            Some(erased) => erased.digest,
            None => letter_digest(&self.salt, self.content.as_bytes()),
        }
    }

    /// What remains of it when it is erased; none if it was erased before.
    pub(in crate::app) fn without_words(&self, gone: Gone) -> Option<Self> {
        if self.erased.is_some() {
            return None;
        }
        let digest = self.digest();
        Some(Self {
            salt: [0; 32],
            content: String::new(),
            keys: Vec::new(),
            outline: Outline {
                attachments: Vec::new(),
                subject: ERASED.to_owned(),
                ..self.outline.clone()
            },
            erased: Some(ErasedLetter { digest, gone }),
            padding: String::new(),
            ..self.clone()
        })
    }
}

impl PersonChange {
    /// How the log names it.
    pub(in crate::app) fn event(&self) -> EventCode {
        match self {
            Self::Known { before: false, .. } => EventCode::UserAdded,
            Self::Known { before: true, .. } => EventCode::UserChanged,
            Self::Gone { .. } => EventCode::UserRemoved,
        }
    }

    /// What the entry shows.
    pub(in crate::app) fn shown(&self) -> Shown {
        let (person, keys) = match self {
            Self::Known { person, keys, .. } => (*person, keys.clone()),
            Self::Gone { person } => (*person, Vec::new()),
        };
        Shown::Person { person, keys }
    }
}

/// Writes the rows that follow from what happened to a letter.
pub(in crate::app) fn letter_changed(
    view: &mut View<'_>,
    p: &Projected<'_>,
    change: &LetterChange,
) -> Result<(), IndexError> {
    match change {
        LetterChange::Held(held) => written(view, p, held),
        LetterChange::Decided {
            letter,
            kind,
            by,
            reason,
            ..
        } => on_letter(view, p, *letter, |row| {
            row.decisions.push(Decided {
                kind: *kind,
                by: *by,
                at: p.at,
                reason: reason.clone(),
                entry: p.entry,
            });
            match kind {
                DecisionKind::Release | DecisionKind::Emergency | DecisionKind::Clear => {
                    row.state = LetterState::Left;
                }
                DecisionKind::Review => (),
            }
        }),
        LetterChange::Waits {
            letter,
            state,
            stops,
        } => on_letter(view, p, *letter, |row| {
            row.state = *state;
            row.stands_since = p.at;
            row.stops.clone_from(stops);
        }),
        LetterChange::Returned { letter, by, reason } => {
            forget_files(view, *letter)?;
            on_letter(view, p, *letter, |row| {
                row.state = LetterState::Returned;
                row.stands_since = p.at;
                row.returned = Some((*by, reason.clone()));
            })
        }
        LetterChange::Discarded { letter } => {
            forget_files(view, *letter)?;
            on_letter(view, p, *letter, |row| row.state = LetterState::Discarded)?;
            let row = view.row::<LetterRow>(LETTER, &letter.to_bytes())?;
            if row.is_some_and(|row| row.erased.is_none()) {
                erase::discarded(view, p.at, *letter);
            }
            Ok(())
        }
    }
}

fn written(view: &mut View<'_>, p: &Projected<'_>, held: &Held) -> Result<(), IndexError> {
    let before = view.row::<LetterRow>(LETTER, &held.id.to_bytes())?;
    let mut entries = before.map_or_else(Vec::new, |row| row.entries);
    entries.push(p.entry);
    let outline = &held.outline;
    let row = LetterRow {
        id: held.id,
        entry: p.entry,
        entries,
        erased: held.erased.map(|erased| erased.gone),
        digest: held.digest(),
        by: held.by,
        at: p.at,
        stands_since: p.at,
        kinds: outline.kinds.clone(),
        to: outline.to.clone(),
        conversation: outline.conversation,
        messages: outline.messages.clone(),
        subject: outline.subject.clone(),
        urgent: outline.urgent,
        life: outline.life,
        exercise: outline.exercise,
        wants_release: held.wants_release,
        state: match held.wants_release {
            true => LetterState::InReview,
            false => LetterState::Stopped,
        },
        stops: held.stops.clone(),
        decisions: Vec::new(),
        returned: None,
        told: Vec::new(),
        pressing: None,
    };
    for id in outline.messages.iter().chain(&outline.conversation) {
        view.put(LETTER_IN, in_key(*id, held.id), held.id);
    }
    // Its files belong to a message that is not there yet.
    for id in &outline.attachments {
        view.put(ATTACHED, id.to_bytes().to_vec(), true);
    }
    view.put(LETTER_OPEN, row.open_key(), row.id);
    view.put(LETTER, row.id.to_bytes().to_vec(), row);
    Ok(())
}

/// What a letter that never leaves has on the disk, the next start removes.
fn forget_files(view: &mut View<'_>, letter: MessageId) -> Result<(), IndexError> {
    if let Some(row) = view.row::<LetterRow>(LETTER, &letter.to_bytes())? {
        for id in row.messages {
            view.delete(ATTACHED, id.to_bytes().to_vec());
        }
    }
    Ok(())
}

/// Adds an entry to a letter's, and does something to it.
pub(in crate::app) fn on_letter(
    view: &mut View<'_>,
    p: &Projected<'_>,
    id: MessageId,
    then: impl FnOnce(&mut LetterRow),
) -> Result<(), IndexError> {
    let key = id.to_bytes().to_vec();
    let Some(mut row) = view.row::<LetterRow>(LETTER, &key)? else {
        return Ok(());
    };
    row.entries.push(p.entry);
    then(&mut row);
    match row.is_open() {
        true => view.put(LETTER_OPEN, row.open_key(), id),
        false => view.delete(LETTER_OPEN, row.open_key()),
    }
    view.put(LETTER, key, row);
    Ok(())
}

/// Writes the rows that follow from what happened to a person.
pub(in crate::app) fn person_changed(
    view: &mut View<'_>,
    p: &Projected<'_>,
    change: &PersonChange,
) {
    match change {
        PersonChange::Known {
            person,
            keys,
            roles,
            ..
        } => {
            let row = PersonRow {
                entry: p.entry,
                keys: keys.clone(),
                roles: roles.clone(),
            };
            view.put(PERSON, person.to_bytes().to_vec(), row);
        }
        PersonChange::Gone { person } => view.delete(PERSON, person.to_bytes().to_vec()),
    }
}
