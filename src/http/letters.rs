//! Letters that wait: listing, reading, and deciding about them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::{Body, Params, Place, SignedIn};
use super::problem::Failure;
use super::{search, shapes};
use crate::api::{
    DecideLetter, DecisionView, ExchangeSummary, LetterSummary, LetterView, Outcome, Page,
    PersonView, ReturnLetter, Sent, StopView, WaitingLetters,
};
use crate::app::rows::ExchangeRow;
use crate::app::{
    Action, AppError, Ask, Caller, Decide, Decided, LetterAsk, LetterFault, LetterReply, LetterRow,
    LetterState, Permit, Reply, Thing,
};
use crate::base::{MessageId, PersonId, Timestamp};
use crate::domain::protection::Stopped;
use crate::seal::person::{DecisionKind, DecisionText, SignedDecision};

/// What composing gives.
pub type Composed<T> = Result<(StatusCode, Json<Outcome<T>>), Failure>;

/// What `GET /letters` can be narrowed by.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// How far it has come, or `unreviewed`.
    state: Option<String>,
}

/// `GET /letters`.
pub async fn list(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<LetterSummary>>, Failure> {
    let unreviewed = params.state.as_deref() == Some("unreviewed");
    let state = match params.state.as_deref() {
        None | Some("unreviewed") => None,
        Some(state) => Some(standing(state)?),
    };
    let ask = Ask::Letters(LetterAsk::List { state });
    let rows = rows_of(api.ask(&caller, Action::ListExchanges, ask).await?)?;
    let shown = rows.iter().filter(|row| !unreviewed || row.is_unreviewed());
    Ok(Json(Page {
        items: shown.map(|row| summary(&api, row)).collect(),
        next: None,
    }))
}

fn standing(text: &str) -> Result<LetterState, Failure> {
    let found = LetterState::ALL.into_iter().find(|s| s.as_str() == text);
    found.ok_or_else(|| {
        let states: Vec<&str> = LetterState::ALL.iter().map(|s| s.as_str()).collect();
        let what = format!("a state is one of {}, unreviewed", states.join(", "));
        let next = "Name one of these states, or none.";
        Failure::new(StatusCode::BAD_REQUEST, "unknown-state", what, next).at("state")
    })
}

/// `GET /letters/{id}`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(letter): Place<MessageId>,
) -> Result<Json<LetterView>, Failure> {
    let ask = Ask::Letters(LetterAsk::Read { letter });
    match api.ask(&caller, Action::ReadExchange, ask).await? {
        Reply::Letters(reply) => match *reply {
            LetterReply::Letter {
                row,
                content,
                salt,
                emergency,
            } => Ok(Json(LetterView {
                summary: summary(&api, &row),
                node: api.me,
                content,
                salt,
                digest: row.digest,
                actions: actions(&row, &caller, emergency),
            })),
            LetterReply::Letters(_) => Err(AppError::NotFound("letter").into()),
        },
        _ => Err(AppError::NotFound("letter").into()),
    }
}

/// `POST /letters/{id}/release`.
pub async fn release(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    Body(body): Body<DecideLetter>,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    decide(&api, &caller, id, body, DecisionKind::Release).await
}

/// `POST /letters/{id}/clear`.
pub async fn clear(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    Body(body): Body<DecideLetter>,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    decide(&api, &caller, id, body, DecisionKind::Clear).await
}

/// `POST /letters/{id}/emergency`.
pub async fn emergency(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    Body(body): Body<DecideLetter>,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    decide(&api, &caller, id, body, DecisionKind::Emergency).await
}

/// `POST /letters/{id}/review`.
pub async fn review(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    Body(body): Body<DecideLetter>,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    decide(&api, &caller, id, body, DecisionKind::Review).await
}

fn action_of(kind: DecisionKind) -> Action {
    match kind {
        DecisionKind::Release => Action::ReleaseLetter,
        DecisionKind::Clear => Action::ClearLetter,
        DecisionKind::Emergency => Action::ReleaseInEmergency,
        DecisionKind::Review => Action::ReviewRelease,
    }
}

/// Decides about a letter, once the signature holds.
///
/// # Errors
/// A problem.
pub async fn decide(
    api: &Api,
    caller: &Caller,
    id: MessageId,
    body: DecideLetter,
    kind: DecisionKind,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    // Who may not decide is told so, and who may, that there is such a letter, before signatures.
    let action = action_of(kind);
    Permit::ask_on(api.member(), caller, action, Thing::Letter)?;
    let glance = Ask::Letters(LetterAsk::Glance { letter: id });
    api.ask(caller, Action::ListExchanges, glance).await?;
    let text = DecisionText {
        kind,
        node: api.me,
        letter: body.digest,
        drafter: body.drafter,
        by: caller.person,
        reason: body.reason_digest,
    };
    let keys = api.people.keys(caller.person);
    let signed = SignedDecision::verify(text, &keys, body.signature)
        .map_err(|_| AppError::Letter(LetterFault::OtherDecision))?;
    let decided = Decide {
        letter: id,
        signed,
        reason: body.reason,
    };
    let ask = LetterAsk::Decide(Box::new(decided));
    done(api, caller, action, ask).await
}

/// `POST /letters/{id}/return`.
pub async fn give_back(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(letter): Place<MessageId>,
    Body(body): Body<ReturnLetter>,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    let reason = body.reason;
    let ask = LetterAsk::Return { letter, reason };
    done(&api, &caller, Action::ReturnLetter, ask).await
}

/// `POST /letters/{id}/discard`.
pub async fn discard(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(letter): Place<MessageId>,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    let ask = LetterAsk::Discard { letter };
    done(&api, &caller, Action::DiscardLetter, ask).await
}

async fn done(
    api: &Api,
    caller: &Caller,
    action: Action,
    ask: LetterAsk,
) -> Result<(StatusCode, Json<LetterSummary>), Failure> {
    let rows = rows_of(api.ask(caller, action, Ask::Letters(ask)).await?)?;
    let row = rows.first().ok_or(AppError::NotFound("letter"))?;
    Ok((StatusCode::ACCEPTED, Json(summary(api, row))))
}

fn rows_of(reply: Reply) -> Result<Vec<LetterRow>, Failure> {
    match reply {
        Reply::Letters(reply) => match *reply {
            LetterReply::Letters(rows) => Ok(rows),
            LetterReply::Letter { row, .. } => Ok(vec![*row]),
        },
        _ => Err(AppError::NotFound("letter").into()),
    }
}

fn person(api: &Api, person: PersonId) -> PersonView {
    PersonView {
        person,
        name: api.people.name(person),
    }
}

/// A letter's line in the list.
pub fn summary(api: &Api, row: &LetterRow) -> LetterSummary {
    let waits_for = match row.state {
        LetterState::InReview => Some("release"),
        LetterState::Stopped => Some("clear"),
        LetterState::Left if row.is_unreviewed() => Some("review"),
        LetterState::Left | LetterState::Returned | LetterState::Discarded => None,
    };
    let decision = |decided: &Decided| DecisionView {
        kind: kind_name(decided.kind).to_owned(),
        by: person(api, decided.by),
        at: decided.at,
        reason: decided.reason.clone(),
        entry: decided.entry,
    };
    LetterSummary {
        id: row.id,
        kinds: row.kinds.iter().map(ToString::to_string).collect(),
        to: row.to.clone(),
        conversation: row.conversation,
        messages: row.messages.clone(),
        subject: row.subject.clone(),
        urgent: row.urgent,
        state: row.state.as_str().to_owned(),
        waits_for: waits_for.map(str::to_owned),
        drafted_by: person(api, row.by.person),
        role: row.by.role,
        since: row.at,
        stops: row.stops.iter().map(stop).collect(),
        decisions: row.decisions.iter().map(decision).collect(),
        returned_by: row.returned.as_ref().map(|(by, _)| person(api, *by)),
        returned_reason: row.returned.as_ref().map(|(_, reason)| reason.clone()),
        unreviewed: row.is_unreviewed(),
        erased: row.erased.map(shapes::erased),
        says: says(row),
    }
}

/// The name of a decision.
pub fn kind_name(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Release => "release",
        DecisionKind::Clear => "clear",
        DecisionKind::Emergency => "emergency",
        DecisionKind::Review => "review",
    }
}

fn stop(stopped: &Stopped) -> StopView {
    StopView {
        member: stopped.member,
        subject: stopped.subject,
        tie: stopped.tie.to_string(),
        signs: stopped.signs.iter().map(ToString::to_string).collect(),
        says: stopped.in_words(),
    }
}

/// Why it waits, who may decide, and what comes next, in one text.
fn says(row: &LetterRow) -> String {
    let id = row.id;
    let why = || {
        let reasons: Vec<String> = row.stops.iter().map(Stopped::in_words).collect();
        reasons.join("; ")
    };
    match row.state {
        LetterState::InReview => {
            let then = match row.stops.is_empty() {
                true => String::new(),
                false => format!(
                    " The protection gate will stop it then ({}), unless it is cleared.",
                    why()
                ),
            };
            format!(
                "Nothing was sent. A releasing officer other than its author reads it and runs \
                 `liaison rfi release {id}`, or `liaison rfi return {id} --reason TEXT`.{then}"
            )
        }
        LetterState::Stopped => format!(
            "Nothing was sent. The protection gate stopped it: {}. Sending it could tell the \
             country where somebody is who fled it. A releasing officer other than its author \
             decides: `liaison rfi clear {id} --reason TEXT`, or `liaison rfi return {id} --reason \
             TEXT`. Its author may instead ask another member, or say less.",
            why()
        ),
        LetterState::Left if row.is_unreviewed() => format!(
            "It left in an emergency, released by one person alone. A releasing officer other \
             than its author and whoever released it looks at it: `liaison rfi review {id} \
             --finding TEXT`."
        ),
        LetterState::Left => "It left, and its messages are queued.".to_owned(),
        LetterState::Returned => format!(
            "Nothing was sent. It was returned: write it anew, and `liaison rfi discard {id}`."
        ),
        LetterState::Discarded => "Nothing was sent, and it was thrown away.".to_owned(),
    }
}

/// What the caller may do with a letter now, which may leave in an `emergency` or not.
pub fn actions(row: &LetterRow, caller: &Caller, emergency: bool) -> Vec<String> {
    let own = row.by.person == caller.person;
    let made = row.decision(DecisionKind::Emergency);
    let made = made.is_some_and(|made| made.by == caller.person);
    let in_review = row.state == LetterState::InReview;
    let stopped = row.state == LetterState::Stopped;
    let returned = row.state == LetterState::Returned;
    [
        ("release", Action::ReleaseLetter, in_review && !own),
        ("clear", Action::ClearLetter, stopped && !own),
        ("return", Action::ReturnLetter, in_review || stopped),
        ("emergency", Action::ReleaseInEmergency, emergency),
        (
            "review",
            Action::ReviewRelease,
            row.is_unreviewed() && !own && !made,
        ),
        (
            "discard",
            Action::DiscardLetter,
            returned || (own && (in_review || stopped)),
        ),
    ]
    .into_iter()
    .filter(|(_, action, now)| {
        *now && action
            .roles()
            .iter()
            .any(|role| caller.roles.contains(role))
    })
    .map(|(verb, ..)| verb.to_owned())
    .collect()
}

/// How many letters wait for what.
pub fn waiting(rows: &[LetterRow]) -> WaitingLetters {
    let count =
        |counts: &dyn Fn(&LetterRow) -> bool| rows.iter().filter(|row| counts(row)).count() as u64;
    let waits = rows.iter().filter(|row| row.state != LetterState::Returned);
    WaitingLetters {
        in_review: count(&|row| row.state == LetterState::InReview),
        stopped: count(&|row| row.state == LetterState::Stopped),
        unreviewed: count(&LetterRow::is_unreviewed),
        since: waits.map(|row| row.at).min(),
    }
}

impl Api {
    /// An exchange's line in the list, with the letters that somebody has to see to.
    pub fn summary(&self, row: &ExchangeRow) -> ExchangeSummary {
        let mut shown = shapes::summary(row, Timestamp::system());
        let open = row.letters.iter().filter(|letter| letter.is_open());
        shown.letters = open.map(|letter| summary(self, letter)).collect();
        shown
    }

    /// The exchanges that a reply holds, or the letter that waits in their place.
    ///
    /// # Errors
    /// Where the reply holds neither.
    pub fn sent(&self, reply: Reply) -> Result<Sent, Failure> {
        if let Reply::Waits(row, exchange) = reply {
            return Ok(Sent {
                exchanges: exchange.iter().map(|row| self.summary(row)).collect(),
                earlier: Vec::new(),
                letter: Some(Box::new(summary(self, &row))),
            });
        }
        let rows = super::exchanges::rows_of(reply)?;
        let mut sent = search::sent(&rows, Timestamp::system());
        sent.exchanges = rows.iter().map(|row| self.summary(row)).collect();
        Ok(sent)
    }
}
