//! What people do at their own node beside exchanges and alerts: signing in, looking after
//! accounts, saying why they open what names persons, and reading the log.

use serde::{Deserialize, Serialize};

use super::change::{Change, Other};
use super::content::{acting_member, read_change};
use super::error::AppError;
use super::input::Reply;
use super::permit::{Action, Thing};
use super::rows::*;
use super::service::{Service, Stop, Turn};
use crate::audit::{EntryKind, EventCode};
use crate::base::{Actor, MemberId, MessageId, PersonId, Role, Timestamp};
use crate::domain::FieldError;
use crate::domain::message::Body;
use crate::domain::rfi::Request;

/// The longest page of the log.
const LONGEST_PAGE: usize = 500;

/// Entries looked at for one page when a filter leaves most of them out.
const LOOKED_AT: u64 = 20_000;

/// The longest justification, in characters.
const LONGEST_REASON: usize = 500;

/// Something that a person did at their own node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// They signed in.
    SignedIn,
    /// They signed out.
    SignedOut,
    /// They enrolled a passkey.
    PasskeyEnrolled,
    /// They added a person.
    PersonAdded(PersonId),
    /// They changed a person's roles.
    PersonChanged(PersonId),
    /// They closed a person's account.
    PersonRemoved(PersonId),
    /// They asked for a way back for a person whose passkey is lost.
    RecoveryAsked(PersonId),
    /// They approved a way back that another person asked for.
    RecoveryApproved(PersonId),
    /// They said why they open an exchange that names persons.
    Justified {
        /// The exchange.
        conversation: MessageId,
        /// Why.
        why: String,
    },
    /// They looked at the log.
    LogRead,
    /// They verified the whole log.
    LogVerified,
    /// They took the log out of the node as a bundle.
    LogExported,
}

impl Deed {
    /// The action that it needs leave for.
    fn actions(&self) -> &'static [Action] {
        match self {
            Self::SignedIn | Self::SignedOut | Self::PasskeyEnrolled => &[Action::SignIn],
            Self::PersonAdded(_) | Self::PersonChanged(_) | Self::PersonRemoved(_) => {
                &[Action::ManagePeople]
            }
            Self::RecoveryAsked(_) | Self::RecoveryApproved(_) => &[Action::RecoverPerson],
            Self::Justified { .. } => &[Action::ReadExchange],
            Self::LogRead | Self::LogVerified => &[Action::ReadLog],
            Self::LogExported => &[Action::ExportLog],
        }
    }

    /// How the log names it.
    pub(super) fn heading(&self) -> (EntryKind, EventCode, Option<MessageId>) {
        let (kind, event) = match self {
            Self::SignedIn => (EntryKind::Operation, EventCode::SignedIn),
            Self::SignedOut => (EntryKind::Operation, EventCode::SignedOut),
            Self::PasskeyEnrolled => (EntryKind::Operation, EventCode::PasskeyEnrolled),
            Self::PersonAdded(_) => (EntryKind::Operation, EventCode::UserAdded),
            Self::PersonChanged(_) => (EntryKind::Operation, EventCode::UserChanged),
            Self::PersonRemoved(_) => (EntryKind::Operation, EventCode::UserRemoved),
            Self::RecoveryAsked(_) => (EntryKind::Operation, EventCode::RecoveryAsked),
            Self::RecoveryApproved(_) => (EntryKind::Operation, EventCode::RecoveryApproved),
            Self::Justified { conversation, .. } => {
                let (kind, event) = (EntryKind::Consultation, EventCode::ReadingJustified);
                return (kind, event, Some(*conversation));
            }
            Self::LogRead => (EntryKind::Consultation, EventCode::LogRead),
            Self::LogVerified => (EntryKind::Consultation, EventCode::LogVerified),
            Self::LogExported => (EntryKind::Disclosure, EventCode::LogExported),
        };
        (kind, event, None)
    }
}

/// Which entries of the log are shown; none of a field for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFilter {
    /// Only those of this kind.
    pub kind: Option<EntryKind>,
    /// Only this event.
    pub event: Option<EventCode>,
    /// Only those that this person of this member caused.
    pub person: Option<PersonId>,
    /// Only those that somebody in this role caused.
    pub role: Option<Role>,
    /// Only those of this exchange or alert, by its pseudonym.
    pub exchange: Option<[u8; 16]>,
    /// Only those about this member.
    pub peer: Option<MemberId>,
    /// Only those from this time on.
    pub since: Option<Timestamp>,
    /// Only those before this time.
    pub until: Option<Timestamp>,
}

/// One entry of the log as auditors see it: who did what, when, never the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its place, from 0.
    pub entry: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Which kind of processing.
    pub kind: EntryKind,
    /// What happened.
    pub event: EventCode,
    /// The role in which it was caused.
    pub role: Role,
    /// Who caused it.
    pub person: PersonId,
    /// Whether that is somebody of this member: peers choose the pseudonyms of their own people, and
    /// may choose one that somebody has here.
    pub own: bool,
    /// The exchange or alert, by its pseudonym; none where there is none.
    pub exchange: Option<[u8; 16]>,
    /// The other member, where there is one: of several the one that was asked for, or the first.
    pub peer: Option<MemberId>,
    /// Whom a disclosure went to: all of them, while the entry itself names the first.
    pub recipients: Vec<MemberId>,
    /// Why, where a reading was justified; of a request that was sent, its legal basis.
    pub why: Option<String>,
}

/// What a person asks or does at their own node.
#[derive(Debug, Clone, PartialEq)]
pub enum OfficeAsk {
    /// Put on record what was done.
    Record(Deed),
    /// Whether an exchange names persons, so that whoever opens it says why.
    NamesPersons {
        /// The exchange.
        exchange: MessageId,
    },
    /// A page of the log, the latest entry first.
    ReadLog {
        /// Which entries.
        filter: LogFilter,
        /// At most so many.
        limit: usize,
        /// Only entries before this one.
        before: Option<u64>,
    },
}

impl OfficeAsk {
    /// The one thing that is asked about, where the ask names one.
    pub(super) fn thing(&self) -> Option<Thing> {
        match self {
            Self::Record(Deed::Justified { .. }) | Self::NamesPersons { .. } => {
                Some(Thing::Exchange)
            }
            Self::Record(_) | Self::ReadLog { .. } => None,
        }
    }

    /// The actions of which one is needed.
    pub(super) fn actions(&self) -> &'static [Action] {
        match self {
            Self::Record(deed) => deed.actions(),
            Self::NamesPersons { .. } => &[Action::ReadExchange],
            Self::ReadLog { .. } => &[Action::ReadLog],
        }
    }
}

/// The answer to an [`OfficeAsk`].
#[derive(Debug, Clone, PartialEq)]
pub enum OfficeReply {
    /// It is on record.
    Recorded,
    /// Whether the exchange names persons.
    NamesPersons(bool),
    /// A page of the log, and the entry before which the next one begins.
    Log(Vec<LogLine>, Option<u64>),
}

/// Answers what a person asks or does at their own node.
pub(super) fn ask(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    ask: &OfficeAsk,
) -> Result<Reply, Stop> {
    let reply = match ask {
        OfficeAsk::Record(deed) => record(service, turn, by, deed)?,
        OfficeAsk::NamesPersons { exchange } => {
            let row = turn
                .view
                .row::<ExchangeRow>(EXCHANGE, &exchange.to_bytes())?;
            let row = row.ok_or(AppError::NotFound("exchange"))?;
            OfficeReply::NamesPersons(names_persons(row.exchange.request()))
        }
        OfficeAsk::ReadLog {
            filter,
            limit,
            before,
        } => read_log(turn, service.me.member, filter, (*limit, *before))?,
    };
    Ok(Reply::Office(Box::new(reply)))
}

/// Whether a request holds personal data in one of its fields.
pub fn names_persons(request: &Request) -> bool {
    request.subjects.iter().any(|subject| {
        subject.person.is_some()
            || subject.document.is_some()
            || subject.phone.is_some()
            || subject.account.is_some()
            || subject.address.is_some()
            || subject.vehicle.is_some()
    })
}

fn record(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    deed: &Deed,
) -> Result<OfficeReply, Stop> {
    if let Deed::Justified { conversation, why } = deed {
        let row = turn
            .view
            .row::<ExchangeRow>(EXCHANGE, &conversation.to_bytes())?;
        row.ok_or(AppError::NotFound("exchange"))?;
        let length = why.trim().chars().count();
        if !(1..=LONGEST_REASON).contains(&length) || why.chars().any(char::is_control) {
            let fault = FieldError {
                path: "why".to_owned(),
                code: if length == 0 { "required" } else { "too-long" },
                what: format!("is 1 to {LONGEST_REASON} characters on one line"),
            };
            return Err(AppError::Invalid(vec![fault]).into());
        }
    }
    let change = Change::Other(Other::Office(deed.clone()));
    turn.record(service.me.member, by, change)?;
    Ok(OfficeReply::Recorded)
}

fn read_log(
    turn: &Turn<'_>,
    me: MemberId,
    filter: &LogFilter,
    (limit, before): (usize, Option<u64>),
) -> Result<OfficeReply, Stop> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let end = before.unwrap_or(u64::MAX).min(turn.log.size());
    let last = end.saturating_sub(LOOKED_AT);
    let mut lines = Vec::new();
    for entry in (last..end).rev() {
        if lines.len() == limit {
            return Ok(OfficeReply::Log(lines, Some(entry + 1)));
        }
        let record = turn.log.read(entry)?;
        let head = &record.entry;
        if filter.since.is_some_and(|since| head.time < since) {
            return Ok(OfficeReply::Log(lines, None));
        }
        let person = PersonId::from_bytes(head.actor);
        let own = acting_member(&record.content).is_ok_and(|member| member == me);
        let exchange = (head.exchange != [0; 16]).then_some(head.exchange);
        let takes = filter.kind.is_none_or(|kind| kind == head.kind)
            && filter.event.is_none_or(|event| event == head.event)
            && filter.role.is_none_or(|role| role == head.role)
            && filter.person.is_none_or(|of| own && of == person)
            && filter.exchange.is_none_or(|of| Some(of) == exchange)
            && filter.until.is_none_or(|until| head.time < until);
        if !takes {
            continue;
        }
        let recipients = match head.kind == EntryKind::Disclosure {
            true => recipients(head.peer, &record.content),
            false => Vec::new(),
        };
        let about = |peer| head.peer == Some(peer) || recipients.contains(&peer);
        if !filter.peer.is_none_or(about) {
            continue;
        }
        let justified = matches!(
            head.event,
            EventCode::ReadingJustified | EventCode::RequestSent
        );
        let why = justified.then(|| why(&record.content)).flatten();
        lines.push(LogLine {
            entry,
            at: head.time,
            kind: head.kind,
            event: head.event,
            role: head.role,
            person,
            own,
            exchange,
            peer: filter.peer.or(head.peer),
            recipients,
            why,
        });
    }
    Ok(OfficeReply::Log(lines, (last > 0).then_some(last)))
}

/// Whom a disclosure went to, as its message says; `first` is the one that the entry names.
fn recipients(first: Option<MemberId>, content: &[u8]) -> Vec<MemberId> {
    match read_change(content) {
        Ok((_, Change::Sent(message))) if !message.header.recipients.is_empty() => {
            message.header.recipients
        }
        Ok(_) | Err(_) => first.into_iter().collect(),
    }
}

/// Why somebody read, or on which legal basis something was asked.
fn why(content: &[u8]) -> Option<String> {
    match read_change(content) {
        Ok((_, Change::Sent(message))) => match message.event.body {
            Body::Request(request) => Some(request.legal_basis),
            _ => None,
        },
        Ok((_, Change::Other(Other::Office(Deed::Justified { why, .. })))) => Some(why),
        Ok(_) | Err(_) => None,
    }
}
