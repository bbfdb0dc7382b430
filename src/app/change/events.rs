//! Which event of the log a message is, sent and received.

use crate::audit::EventCode;
use crate::domain::message::Kind;

/// The event of a message that this node sends.
pub(super) fn sent_event(kind: Kind) -> EventCode {
    match kind {
        Kind::Request => EventCode::RequestSent,
        Kind::Acceptance => EventCode::AcceptanceSent,
        Kind::Answer => EventCode::AnswerSent,
        Kind::Refusal => EventCode::RefusalSent,
        Kind::ClarificationRequest => EventCode::ClarificationRequestSent,
        Kind::Clarification => EventCode::ClarificationSent,
        Kind::Channelling => EventCode::ChannellingSent,
        Kind::AwaitingAuthorisation => EventCode::DelaySent,
        Kind::Feedback => EventCode::FeedbackSent,
        Kind::Closing => EventCode::ClosingSent,
        Kind::Withdrawal => EventCode::WithdrawalSent,
        Kind::Supersession => EventCode::SupersessionSent,
        Kind::Transfer => EventCode::TransferSent,
        Kind::Reopening => EventCode::ReopeningSent,
        Kind::Correction => EventCode::CorrectionSent,
        Kind::PermissionRequest => EventCode::PermissionRequestSent,
        Kind::PermissionGrant => EventCode::PermissionGrantSent,
        Kind::PermissionRefusal => EventCode::PermissionRefusalSent,
        Kind::Notice => EventCode::NoticeSent,
        Kind::Alert => EventCode::AlertSent,
        Kind::Sighting | Kind::Contradiction => EventCode::SightingSent,
        Kind::AlertUpdate | Kind::AlertCancellation => EventCode::AlertRevisionSent,
        Kind::Acknowledgement => EventCode::AcknowledgementSent,
        Kind::Subscription => EventCode::SubscriptionSent,
    }
}

/// The event of a message that came in.
pub(super) fn received_event(kind: Kind) -> EventCode {
    match kind {
        Kind::Request => EventCode::RequestReceived,
        Kind::Acceptance => EventCode::AcceptanceReceived,
        Kind::Answer => EventCode::AnswerReceived,
        Kind::Refusal => EventCode::RefusalReceived,
        Kind::ClarificationRequest => EventCode::ClarificationRequestReceived,
        Kind::Clarification => EventCode::ClarificationReceived,
        Kind::Channelling => EventCode::ChannellingReceived,
        Kind::AwaitingAuthorisation => EventCode::DelayReceived,
        Kind::Feedback => EventCode::FeedbackReceived,
        Kind::Closing => EventCode::ClosingReceived,
        Kind::Withdrawal => EventCode::WithdrawalReceived,
        Kind::Supersession => EventCode::SupersessionReceived,
        Kind::Transfer => EventCode::TransferReceived,
        Kind::Reopening => EventCode::ReopeningReceived,
        Kind::Correction => EventCode::CorrectionReceived,
        Kind::PermissionRequest => EventCode::PermissionRequestReceived,
        Kind::PermissionGrant => EventCode::PermissionGrantReceived,
        Kind::PermissionRefusal => EventCode::PermissionRefusalReceived,
        Kind::Notice => EventCode::NoticeReceived,
        Kind::Alert => EventCode::AlertReceived,
        Kind::Sighting | Kind::Contradiction => EventCode::SightingReceived,
        Kind::AlertUpdate | Kind::AlertCancellation => EventCode::AlertRevisionReceived,
        Kind::Acknowledgement => EventCode::AcknowledgementReceived,
        Kind::Subscription => EventCode::SubscriptionReceived,
    }
}
