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

    /// The input is not of the form that the route takes. What was typed is not said again.
    pub fn malformed(detail: impl AsRef<str>) -> Self {
        let next =
            "Correct the input; `docs/` and the examples in `deploy/examples/` show its form.";
        let detail = without_values(detail.as_ref());
        Self::new(StatusCode::BAD_REQUEST, "malformed-input", detail, next)
    }

    /// The same problem, at a field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }
}

/// What serde may say is wrong before the value that it found.
const WRONG: [&str; 4] = [
    "invalid type: ",
    "invalid value: ",
    "unknown variant ",
    "unknown field ",
];

/// What serde says is wrong, without the values that it found: those may be what nobody should see.
pub fn without_values(error: &str) -> String {
    // Values hold any words, and these too: serde's own stand before them and after them.
    let begins = WRONG
        .iter()
        .filter_map(|wrong| Some((error.find(wrong)?, *wrong)));
    let Some((at, wrong)) = begins.min() else {
        return error.to_owned();
    };
    let (said, found) = error.split_at(at + wrong.len());
    let ends = [", expected ", ", there are no "].map(|end| found.rfind(end));
    let Some(end) = ends.into_iter().flatten().max() else {
        return error.to_owned();
    };
    let (found, expected) = found.split_at(end);
    // A name that fits a field is what somebody has to correct.
    if wrong == "unknown field " && is_a_name(found.trim_matches('`')) {
        return error.to_owned();
    }
    let kind = found.split(['"', '`']).next().unwrap_or_default();
    format!("{}{expected}", format!("{said}{kind}").trim_end())
}

fn is_a_name(text: &str) -> bool {
    text.len() <= 40
        && text
            .chars()
            .all(|one| one.is_ascii_lowercase() || one == '_')
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
        | AppError::Observer(_)
        | AppError::NoTrustList
        | AppError::ListExpired
        | AppError::LogKeysUsedUp
        | AppError::IdentityChanged(_)
        | AppError::NothingToAccept(_)
        | AppError::SecondPersonNeeded(_)
        | AppError::IdTaken
        | AppError::AttachmentIncomplete
        | AppError::AmbiguousAttachment
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
        | AppError::Unfit
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_not_said_again() {
        for (said, told) in [
            (
                "facts: invalid type: string \"Jane, expected, Doe\", expected a sequence at line 3",
                "facts: invalid type: string, expected a sequence at line 3",
            ),
            (
                "invalid value: integer `417`, expected a day",
                "invalid value: integer, expected a day",
            ),
            (
                "urgency: unknown variant `Jane Doe`, expected `life` or `urgent`",
                "urgency: unknown variant, expected `life` or `urgent`",
            ),
            (
                "unknown field `Jane Doe`, expected `text`",
                "unknown field, expected `text`",
            ),
            (
                "unknown field `txet`, expected `text`",
                "unknown field `txet`, expected `text`",
            ),
            (
                "unknown field `Jane Doe`, there are no fields",
                "unknown field, there are no fields",
            ),
            (
                "unknown variant `Jane invalid type: Doe`, expected `life`",
                "unknown variant, expected `life`",
            ),
            ("missing field `text`", "missing field `text`"),
            (
                "invalid type: map, expected a string",
                "invalid type: map, expected a string",
            ),
        ] {
            assert_eq!(without_values(said), told);
        }
    }
}
