//! Deciding about a letter: a passkey signs what is decided, and the letter leaves, or goes back.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::super::super::Api;
use super::super::super::auth::Place;
use super::super::super::letters::decide;
use super::super::super::problem::Failure;
use super::super::form::Typed;
use super::super::guard::Person;
use super::super::signin::{Answered, counted, question};
use super::super::trouble::{Trouble, see_other};
use super::{Fault, letter_page};
use crate::api::DecideLetter;
use crate::app::{Action, AppError, Ask, LetterAsk, LetterReply, LetterRow, Reply};
use crate::base::MessageId;
use crate::seal::person::{DecisionKind, DecisionText, PersonSignature, reason_digest};

/// The decision that a verb is, where it is one that is signed.
fn kind_of(verb: &str) -> Option<DecisionKind> {
    match verb {
        "release" => Some(DecisionKind::Release),
        "clear" => Some(DecisionKind::Clear),
        "emergency" => Some(DecisionKind::Emergency),
        "review" => Some(DecisionKind::Review),
        _ => None,
    }
}

/// What is about to be decided, as the page's script sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    reason: String,
    /// The letter's salt, which the page has from the letter.
    #[serde(with = "hex::serde")]
    salt: [u8; 32],
}

/// What the signature covers.
fn text(
    api: &Api,
    person: &Person,
    row: &LetterRow,
    kind: DecisionKind,
    wish: &Wish,
) -> DecisionText {
    DecisionText {
        kind,
        node: api.me,
        letter: row.digest,
        drafter: row.by.person,
        by: person.caller.person,
        reason: reason_digest(&wish.salt, reason(&wish.reason)),
    }
}

fn reason(typed: &str) -> Option<&str> {
    Some(typed.trim()).filter(|reason| !reason.is_empty())
}

async fn glance(api: &Api, person: &Person, letter: MessageId) -> Result<LetterRow, Failure> {
    let ask = Ask::Letters(LetterAsk::Glance { letter });
    let reply = api.ask(&person.caller, Action::ListExchanges, ask).await?;
    let found = match reply {
        Reply::Letters(reply) => match *reply {
            LetterReply::Letters(rows) => rows.into_iter().next(),
            LetterReply::Letter { row, .. } => Some(*row),
        },
        _ => None,
    };
    found.ok_or_else(|| AppError::NotFound("letter").into())
}

/// `POST /letters/{id}/{verb}/begin`: what the authenticator is asked to sign.
pub async fn begin(
    State(api): State<Api>,
    person: Person,
    Place((letter, verb)): Place<(MessageId, String)>,
    Json(wish): Json<Wish>,
) -> Result<Json<Value>, Failure> {
    let row = glance(&api, &person, letter).await?;
    let kind = kind_of(&verb).ok_or(AppError::NotFound("page"))?;
    let challenge = text(&api, &person, &row, kind, &wish).challenge();
    let people = api.people.current();
    let keys = people.passkeys(person.caller.person);
    Ok(Json(question(&api, &challenge, keys)))
}

/// `POST /letters/{id}/{verb}`.
pub async fn say(
    State(api): State<Api>,
    person: Person,
    Place((letter, verb)): Place<(MessageId, String)>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let given = typed.text("reason").to_owned();
    let done = match kind_of(&verb) {
        Some(kind) => signed(&api, &person, letter, kind, &typed).await,
        None => plain(&api, &person, letter, &verb, &given).await,
    };
    match done {
        Ok(()) => Ok(see_other("/letters")),
        Err(failure) if failure.0.code == "reason-refused" => {
            let fault = Fault {
                says: person.words().say("decide-why-fault"),
                typed: &given,
                verb: &verb,
            };
            letter_page(&api, &person, letter, Some(fault)).await
        }
        Err(failure) => Err(failure.into()),
    }
}

/// What needs no signature: giving a letter back, or throwing it away.
async fn plain(
    api: &Api,
    person: &Person,
    letter: MessageId,
    verb: &str,
    reason: &str,
) -> Result<(), Failure> {
    let (action, ask) = match verb {
        "return" => {
            let reason = reason.to_owned();
            (Action::ReturnLetter, LetterAsk::Return { letter, reason })
        }
        "discard" => (Action::DiscardLetter, LetterAsk::Discard { letter }),
        _ => return Err(AppError::NotFound("page").into()),
    };
    api.ask(&person.caller, action, Ask::Letters(ask)).await?;
    Ok(())
}

async fn signed(
    api: &Api,
    person: &Person,
    letter: MessageId,
    kind: DecisionKind,
    typed: &Typed,
) -> Result<(), Failure> {
    let malformed = || Failure::malformed("the decision lacks the letter's salt");
    let mut salt = [0; 32];
    hex::decode_to_slice(typed.text("_salt"), &mut salt).map_err(|_| malformed())?;
    let wish = Wish {
        reason: typed.text("reason").to_owned(),
        salt,
    };
    let row = glance(api, person, letter).await?;
    let text = text(api, person, &row, kind, &wish);
    let assertion = Answered::typed(typed).read()?;
    counted(api, person, &text.challenge(), &assertion)?;
    let signature = PersonSignature::of_assertion(&assertion);
    let signature =
        signature.map_err(|_| Failure::malformed("the browser's answer is too long"))?;
    let body = DecideLetter {
        digest: row.digest,
        drafter: row.by.person,
        reason: reason(&wish.reason).map(str::to_owned),
        reason_digest: text.reason,
        signature,
    };
    let (_accepted, _letter) = decide(api, &person.caller, letter, body, kind).await?;
    Ok(())
}
