//! Errors as RFC 9457 problem details.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::Problem;
use crate::app::{AppError, LetterFault};
use crate::driver::Busy;

/// A problem on its way to the caller.
#[derive(Debug)]
pub struct Failure(pub Box<Problem>);

impl Failure {
    /// A problem with this status and code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>, next: &str) -> Self {
        Self(Box::new(Problem {
            kind: format!("/problems/{code}"),
            title: code.replace('-', " "),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            next: next.to_owned(),
            field: None,
        }))
    }

    /// The input is not of the form that the route takes.
    pub fn malformed(detail: impl Into<String>) -> Self {
        let next =
            "Correct the input; `docs/` and the examples in `deploy/examples/` show its form.";
        Self::new(StatusCode::BAD_REQUEST, "malformed-input", detail, next)
    }

    /// The same problem, at a field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(*self.0)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

impl From<Busy> for Failure {
    fn from(busy: Busy) -> Self {
        let code = match busy {
            Busy::Full => "busy",
            Busy::Stopping => "stopping",
        };
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, code, busy.to_string(), "Try again in a moment.")
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let status = status_of(&error);
        let failure = Self::new(status, error.code(), error.to_string(), error.next());
        match error {
            AppError::Invalid(fields) => {
                let told: Vec<String> = fields.iter().map(ToString::to_string).collect();
                let first = fields.first().map(|field| field.path.clone());
                let mut failure = failure;
                failure.0.detail = told.join("; ");
                failure.0.field = first;
                failure
            }
            _ => failure,
        }
    }
}

fn status_of(error: &AppError) -> StatusCode {
    match error {
        // What a person may not see does not exist for them; here the person's own role is named.
        AppError::Denied(_) => StatusCode::FORBIDDEN,
        AppError::NotFound(_) => StatusCode::NOT_FOUND,
        AppError::Letter(fault) => letter_status(*fault),
        AppError::Changed => StatusCode::PRECONDITION_FAILED,
        AppError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AppError::NotNow(_)
        | AppError::NotPassedOn(_)
        | AppError::AlertNotNow(_)
        | AppError::NoTrustList
        | AppError::ListExpired
        | AppError::NothingToAccept(_)
        | AppError::SecondPersonNeeded(_)
        | AppError::IdTaken
        | AppError::AttachmentIncomplete
        | AppError::StillHolds
        | AppError::StillOwed
        | AppError::Erased => StatusCode::CONFLICT,
        AppError::NotListed(_)
        | AppError::NumberDiffers(_)
        | AppError::ToOneself
        | AppError::NoRecipient
        | AppError::TooManyAsked
        | AppError::NamedTwice(_)
        | AppError::TooLarge
        | AppError::BadCursor => StatusCode::UNPROCESSABLE_ENTITY,
        AppError::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        AppError::Index | AppError::Log => StatusCode::INTERNAL_SERVER_ERROR,
        AppError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn letter_status(fault: LetterFault) -> StatusCode {
    match fault {
        LetterFault::OwnLetter | LetterFault::OneKey | LetterFault::NoKey => StatusCode::FORBIDDEN,
        LetterFault::NeverContact(_) | LetterFault::OtherDecision | LetterFault::Reason => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        LetterFault::State(_)
        | LetterFault::NoEmergency
        | LetterFault::NotLife
        | LetterFault::TooEarly(_)
        | LetterFault::NothingToReview
        | LetterFault::OtherRecipients => StatusCode::CONFLICT,
    }
}

/// No route has this path.
pub async fn no_such_route() -> Failure {
    let next = "The routes are under /api/v1.";
    Failure::new(
        StatusCode::NOT_FOUND,
        "no-such-route",
        "no route has this path",
        next,
    )
}

/// The route does not take this method.
pub async fn no_such_method() -> Failure {
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no-such-method",
        "this route does not take this method",
        "Use the method that the route is documented with.",
    )
}
