//! Who is calling, and reading a body that may be wrong.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::Api;
use super::problem::Failure;
use crate::app::{Action, AppError, Ask, Caller, Permit, Reply};

/// A signed-in person.
pub struct SignedIn(pub Caller);

impl FromRequestParts<Api> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        person_of(api, &parts.headers).map(SignedIn).ok_or_else(|| {
            Failure::new(
                StatusCode::UNAUTHORIZED,
                "not-signed-in",
                "the request carries no token of a person at this node",
                "Give the token that `liaison user add` printed, with --token-file.",
            )
        })
    }
}

/// Whose token a request carries.
pub fn person_of(api: &Api, headers: &HeaderMap) -> Option<Caller> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    api.people.by_token(token.strip_prefix("Bearer ")?.trim())
}

/// A JSON body, or a problem that says where it is wrong.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Failure> {
        match Json::<T>::from_request(request, api).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(_)) => Err(Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "the body is larger than this route takes",
                "Shorten the text, or attach it as a file.",
            )),
            Err(rejection) => Err(Failure::malformed(rejection.body_text())),
        }
    }
}

/// Parts of the path, or a problem.
pub struct Place<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Place<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        Path::<T>::from_request_parts(parts, api)
            .await
            .map(|Path(place)| Self(place))
            .map_err(|rejection| {
                Failure::from(AppError::NotFound("thing")).with(rejection.body_text())
            })
    }
}

/// The query string, or a problem.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        Query::<T>::from_request_parts(parts, api)
            .await
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Failure::malformed(rejection.body_text()))
    }
}

impl Failure {
    /// The same problem, with another detail.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }
}

impl Api {
    /// Asks the service for a caller, in the role that may.
    ///
    /// # Errors
    /// What the role table, the driver or the service says.
    pub async fn ask(&self, caller: &Caller, action: Action, ask: Ask) -> Result<Reply, Failure> {
        let permit = match ask.thing() {
            Some(thing) => Permit::ask_on(self.member(), caller, action, thing)?,
            None => Permit::ask(self.member(), caller, action).map_err(AppError::from)?,
        };
        Ok(self.driver.ask(permit, ask).await??)
    }
}
