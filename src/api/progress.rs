//! How far an exchange has come: its clock and its questions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::Timestamp;

/// A time limit that runs, stands still, ran out, or was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// The time-limit profile, such as `eu-2023-977`.
    pub profile: String,
    /// What the limit asks for, such as `acknowledge` or `answer`.
    pub limit: String,
    /// When it began: at the signed receipt by the asked side, or at the reopening.
    pub started: Timestamp,
    /// When it ends, with all pauses that are over, and an expected time that was announced.
    pub due: Timestamp,
    /// When it stopped, because the answer, the refusal or another end came.
    pub stopped: Option<Timestamp>,
    /// Whether it ran out before it stopped.
    pub overdue: bool,
    /// Since when it stands still: the asking side owes a clarification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<Timestamp>,
    /// Its pauses, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<PauseView>,
    /// When the answer is expected, where an authorisation is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Timestamp>,
    /// `none`, `due-soon`, `overdue`, or `escalated-1` to `escalated-3`.
    #[serde(default = "none")]
    pub pressure: String,
}

fn none() -> String {
    "none".to_owned()
}

/// A time in which the clock stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseView {
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it lasts.
    pub ended: Option<Timestamp>,
}

/// How far one question has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuestionView {
    /// Its place in the request, from 0.
    pub question: u16,
    /// What it asks for, such as `vehicle-owner`.
    pub kind: String,
    /// The question.
    pub text: String,
    /// `open`, `answered` or `refused`.
    pub status: String,
    /// What the latest answer to it comes to, such as `hit`; `partial` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The ground on which it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Whether the clarification that is awaited is about it.
    #[serde(default)]
    pub to_clarify: bool,
}
