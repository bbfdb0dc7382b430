//! What went wrong, on its way to a page in the reader's language: what happened, why, what next,
//! and the code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::problem::Failure;
use crate::api::Problem;
use crate::app::AppError;
use crate::driver::Busy;

/// A problem that becomes a page.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody is signed in: the way there, and then back to this path.
    SignIn(String),
    /// Something comes first, at this path.
    Onward(String),
    /// Something to tell.
    Told(Box<Problem>),
}

impl Trouble {
    /// There is nothing here that the person may see.
    pub fn nothing_here() -> Self {
        AppError::NotFound("page").into()
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        // What one may not see is not there.
        if failure.0.code == "not-permitted" {
            return Self::nothing_here();
        }
        Self::Told(failure.0)
    }
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        Failure::from(error).into()
    }
}

impl From<Busy> for Trouble {
    fn from(busy: Busy) -> Self {
        Failure::from(busy).into()
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(then) => see_other(&format!("/sign-in?then={}", encoded(&then))),
            Self::Onward(to) => see_other(&to),
            Self::Told(problem) => {
                let status = StatusCode::from_u16(problem.status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = status.into_response();
                // The guard makes the page: it knows who reads it, and in which language.
                response.extensions_mut().insert(*problem);
                response
            }
        }
    }
}

/// Sends the browser on, by GET.
pub fn see_other(to: &str) -> Response {
    let place = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// A text as one part of a query (RFC 3986).
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// No page has this address.
pub async fn no_such_page() -> Trouble {
    Trouble::nothing_here()
}

/// The page does not take this method.
pub async fn no_such_method() -> Trouble {
    let next = "Use the page's own form.";
    let what = "this page does not take this method";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-method", what, next).into()
}
