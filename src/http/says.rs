//! What is said in an exchange: a route for each verb.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Api;
use super::attachments::{Hold, derived, take};
use super::auth::{Body, Place, SignedIn};
use super::problem::Failure;
use super::shapes;
use super::terms::Terms;
use crate::api::{
    ExchangeSummary, SendAcceptance, SendAnswer, SendClarification, SendRefusal, SendSupersession,
    Sent,
};
use crate::app::{Action, AppError, Ask, Attached, Caller};
use crate::base::MessageId;
use crate::domain::rfi::{
    Answer, AwaitingAuthorisation, Channelling, Clarification, ClarificationRequest, Closing,
    Command, Feedback, Reopening, Request, Transfer, Withdrawal,
};

/// What every verb gives.
pub type Said = Result<(StatusCode, Json<ExchangeSummary>), Failure>;

/// `POST /exchanges/{id}/accept`.
pub async fn accept(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendAcceptance>,
) -> Said {
    let command = Command::Accept(shapes::acceptance(body)?);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::AcceptRequest,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/answer`.
pub async fn answer(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendAnswer<Answer>>,
) -> Said {
    let command = Command::Answer(body.answer);
    let action = Action::AnswerRequest;
    say(&api, &caller, id, body.reservation, command, action, terms).await
}

/// `POST /exchanges/{id}/refuse`.
pub async fn refuse(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendRefusal>,
) -> Said {
    let command = Command::Refuse(shapes::refusal(body)?);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::RefuseRequest,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/clarify`.
pub async fn clarify(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendClarification>,
) -> Said {
    let (command, action) = match (body.ask, body.answer) {
        (Some(text), None) => {
            let questions = body.questions;
            let asked = ClarificationRequest { text, questions };
            (Command::AskClarification(asked), Action::AskClarification)
        }
        (None, Some(text)) if body.questions.is_empty() => (
            Command::Clarify(Clarification { text }),
            Action::ClarifyRequest,
        ),
        (None, Some(_)) => {
            let what = "questions are named where a clarification is asked for";
            return Err(Failure::malformed(what).at("questions"));
        }
        (None, None) | (Some(_), Some(_)) => {
            let what = "the asked side gives `ask`, the asking side `answer`; exactly one of them";
            return Err(Failure::malformed(what).at("ask"));
        }
    };
    say(&api, &caller, id, body.reservation, command, action, terms).await
}

/// `POST /exchanges/{id}/channel`.
pub async fn channel(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Channelling>,
) -> Said {
    let command = Command::Channel(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::ChannelRequest,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/await`.
pub async fn wait(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<AwaitingAuthorisation>,
) -> Said {
    let command = Command::Await(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::AnnounceDelay,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/transfer`.
pub async fn transfer(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Transfer>,
) -> Said {
    let command = Command::Transfer(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::TransferRequest,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/feedback`.
pub async fn feedback(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Feedback>,
) -> Said {
    let command = Command::Feedback(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::GiveFeedback,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/withdraw`.
pub async fn withdraw(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Withdrawal>,
) -> Said {
    let command = Command::Withdraw(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::WithdrawRequest,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/close`.
pub async fn close(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Closing>,
) -> Said {
    let command = Command::Close(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::CloseExchange,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/reopen`.
pub async fn reopen(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(id): Place<MessageId>,
    terms: Terms,
    Body(body): Body<Reopening>,
) -> Said {
    let command = Command::Reopen(body);
    say(
        &api,
        &caller,
        id,
        None,
        command,
        Action::ReopenExchange,
        terms,
    )
    .await
}

/// `POST /exchanges/{id}/supersede`.
pub async fn supersede(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(exchange): Place<MessageId>,
    terms: Terms,
    Body(body): Body<SendSupersession<Request>>,
) -> Result<(StatusCode, Json<Sent>), Failure> {
    let (new, attached, hold) = reserved(&api, &caller, body.reservation).await?;
    let ask = Ask::Supersede {
        exchange,
        // Posted again, it is the same message.
        message: derived(new, 1),
        reason: body.reason,
        new,
        request: Box::new(body.request),
        attached,
    };
    let ask = terms.wrap(ask);
    let reply = api.ask(&caller, Action::SupersedeRequest, ask).await;
    Ok((StatusCode::ACCEPTED, Json(api.sent(hold.settled(reply)?)?)))
}

/// Says something in an exchange.
pub async fn say(
    api: &Api,
    caller: &Caller,
    exchange: MessageId,
    reservation: Option<MessageId>,
    command: Command,
    action: Action,
    terms: Terms,
) -> Said {
    let (message, attached, hold) = reserved(api, caller, reservation).await?;
    let ask = Ask::Respond {
        exchange,
        message,
        command: Box::new(command),
        attached,
    };
    let reply = api.ask(caller, action, terms.wrap(ask)).await;
    let sent = api.sent(hold.settled(reply)?)?;
    let summary = sent.exchanges.into_iter().next();
    let summary = summary.ok_or(AppError::NotFound("exchange"))?;
    Ok((StatusCode::ACCEPTED, Json(summary)))
}

/// The id and attachments of a reservation, or a new id.
async fn reserved(
    api: &Api,
    caller: &Caller,
    reservation: Option<MessageId>,
) -> Result<(MessageId, Vec<Attached>, Hold), Failure> {
    let (taken, hold) = take(api, caller, reservation, &[api.member()]).await?;
    let first = taken.into_iter().next();
    let (_, id, attached) = first.ok_or(AppError::NotFound("reservation"))?;
    Ok((id, attached, hold))
}
