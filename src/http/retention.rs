//! How long content is kept, and erasing it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Api;
use super::auth::{Body, Place, SignedIn};
use super::problem::Failure;
use crate::api::{EraseContent, Recorded, ShortenRetention};
use crate::app::{Action, Ask};
use crate::base::MessageId;

type Outcome = Result<(StatusCode, Json<Recorded>), Failure>;

/// `POST /conversations/{id}/retention`.
pub async fn shorten(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(conversation): Place<MessageId>,
    Body(body): Body<ShortenRetention>,
) -> Outcome {
    let ask = Ask::ShortenRetention {
        conversation,
        days: body.days,
    };
    api.ask(&caller, Action::ShortenRetention, ask).await?;
    Ok((StatusCode::ACCEPTED, Json(Recorded { conversation })))
}

/// `POST /conversations/{id}/erase`.
pub async fn erase(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place(conversation): Place<MessageId>,
    Body(body): Body<EraseContent>,
) -> Outcome {
    let ask = Ask::EraseContent {
        conversation,
        reason: body.reason,
    };
    api.ask(&caller, Action::EraseContent, ask).await?;
    Ok((StatusCode::ACCEPTED, Json(Recorded { conversation })))
}
