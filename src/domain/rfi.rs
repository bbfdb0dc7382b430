//! Requests for information: what is asked, what is said to it, and how an exchange proceeds.

mod exchange;
mod request;
mod response;
mod subject;

pub use exchange::{Command, Exchange, PeerFault, Refused, Side, State};
pub use request::{
    EvidenceUse, Fact, Link, LinkKind, OtherChannel, Protection, Question, QuestionKind, Request,
    Requester, UrgencyReason,
};
pub use response::{Acceptance, Answer, Ground, Outcome, QuestionAnswer, Refusal, Scope};
pub use subject::{
    Account, Address, Birth, Calendar, Document, Name, Organisation, Person, PersonStatus, Phone,
    Precision, Subject, Vehicle, Vessel,
};
