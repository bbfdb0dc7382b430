//! What is said in an exchange: `POST /exchanges/{id}/{verb}`, 202 with the summary as it now
//! stands.
//!
//! `channel`, `await`, `transfer`, `withdraw`, `feedback`, `close` and `reopen` take what
//! [`crate::domain::rfi`] has under these names, as it is. The shapes here are those of the others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::MessageId;

/// `POST /exchanges/{id}/answer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendAnswer<T> {
    /// The reservation that holds the attachments, if any.
    #[serde(default)]
    pub reservation: Option<MessageId>,
    /// The answer.
    pub answer: T,
}

/// `POST /exchanges/{id}/accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendAcceptance {
    /// The asked side's own reference, if it has one yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How the information can be reached, which sets the time limit: `direct` or `indirect`.
    pub access: String,
    /// A note to the asking side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `POST /exchanges/{id}/refuse`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendRefusal {
    /// The ground, such as `f2`.
    pub ground: String,
    /// The questions that it covers, by their place in the request, from 0; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<u16>,
    /// Why, in words for the asking side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /exchanges/{id}/clarify`: the asked side asks, the asking side answers. Exactly one of
/// `ask` and `answer`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendClarification {
    /// What the asked side needs to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// The questions of the request that it is about, by their place, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<u16>,
    /// What the asking side says to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The reservation that holds the attachments of the answer, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MessageId>,
}

/// `POST /exchanges/{id}/supersede`: sends another request to the same member and ends this
/// exchange; 202 with both, this one first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendSupersession<T> {
    /// The reservation that holds the attachments of the new request, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MessageId>,
    /// The new request. Its link to this exchange is added.
    pub request: T,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
