//! Requests for information: what is asked, what is said to it, and how an exchange proceeds.

mod command;
mod correction;
mod exchange;
mod followup;
mod form;
mod interim;
mod ledger;
mod moves;
mod parts;
mod passing;
mod permission;
mod person;
mod progress;
mod request;
mod response;
mod state;
mod steps;
mod subject;
#[cfg(test)]
mod tests;

pub use command::{Command, PeerFault, Refused};
pub use correction::{Correction, Flaw, Notice, Remedy, Told};
pub use exchange::{Exchange, StoredExchange};
pub use followup::{
    Clarification, Closing, Consequence, Feedback, Reopening, Supersession, Usefulness, Withdrawal,
};
pub use interim::{AwaitingAuthorisation, Channelling, ClarificationRequest, Transfer};
pub use ledger::{CorrectionTold, Permission, SaidMessage, Standing, Unfit, is_passed_on};
pub use moves::Move;
pub(crate) use parts::check_texts;
pub use parts::{
    Approval, ApprovalKind, EvidenceUse, Fact, Link, LinkKind, OtherChannel, Protection, Question,
    QuestionKind, Requester, UrgencyReason,
};
pub use passing::{Copied, Forwarded, NotPassedOn, NotPermitted, Passing, marking};
pub use permission::{PermissionGrant, PermissionRefusal, PermissionRequest};
pub use person::{Birth, Calendar, Name, Person, PersonStatus, Precision, Sex};
pub use progress::{Deviations, QuestionProgress, QuestionStatus};
pub use request::Request;
pub use response::{
    Acceptance, Answer, Ground, LocalGround, Outcome, QuestionAnswer, Refusal, Scope,
};
pub use state::{Side, State};
pub use subject::{Account, Address, Document, Organisation, Phone, Subject, Vehicle, Vessel};
