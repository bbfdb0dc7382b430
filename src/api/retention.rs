//! How long content is kept, and that it is erased.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{MessageId, Timestamp};

/// `POST /conversations/{id}/retention`: keeps an exchange or alert for fewer days than its
/// originators set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortenRetention {
    /// Days from the receipt.
    pub days: u32,
}

/// `POST /conversations/{id}/erase`: erases the content of an exchange or alert that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseContent {
    /// Why. It stays at this node, in the sealed part of its log.
    pub reason: String,
}

/// It is recorded, and will be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recorded {
    /// The exchange or alert.
    pub conversation: MessageId,
}

/// What was erased of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasedView {
    /// When.
    pub at: Timestamp,
    /// `retention`, `order` or `originator`.
    pub reason: String,
}
