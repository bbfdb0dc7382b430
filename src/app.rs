//! Use cases, one file each, on one synchronous service. A permit is a value that only the role
//! table makes.

mod alerts;
mod carried;
mod catch_up;
pub mod change;
mod clock;
pub mod content;
pub mod core;
mod corrections;
mod deliver;
mod duty;
mod erase;
mod error;
mod fetching;
mod input;
mod letters;
mod members;
mod news;
mod office;
mod passing;
mod people;
mod permissions;
mod permit;
mod project;
mod quota;
mod reached;
mod read;
mod receipts;
mod receive;
mod recipients;
mod requests;
mod respond;
mod restored;
pub mod rows;
mod search;
mod service;
mod supersede;
mod unchanged;
mod view;
mod witness;

pub use carried::{BroughtFile, CarryAsk, CarryChange, CarryReply, Taken, WaitingPage, Wanted};
pub use clock::ClockDoubt;
pub use corrections::{Correcting, Duty, Owed, duties};
pub use duty::{
    Alarm, AlarmFault, AlarmOutcome, CallSubject, Channel, Contact, DutyChange, DutyRow,
    MOST_SHOWN, Pressing, Subject, Told,
};
pub use erase::{EpochRow, Erased, Gone, RetentionRow, UntoldRow};
pub use error::AppError;
pub use input::{
    AlertFilter, Ask, Attached, Effect, Federation, FromPeer, HealthReply, Hit, HitRow, Input,
    OnAlert, Order, PeerReceipt, Reply, ThreadItem, Ticket,
};
pub use letters::{
    Decide, Decided, Draft, LETTER, LETTER_IN, LETTER_OPEN, LetterAsk, LetterChange, LetterFault,
    LetterReply, LetterRow, LetterState, PERSON, POLICY, PersonChange, PersonRow,
};
pub use members::{
    BundleRow, CompromisedRow, Confirmed, Held, IdentityRow, KeyAlarm, ListAlarm, ListOnRecord,
    MemberAsk, MemberChange, MemberReply, MemberStanding, NodeKeys, Pending, TrustDetails,
    Withheld, bundles_on_record, list_on_record,
};
pub use news::{News, Place};
pub use office::{Deed, LogFilter, LogLine, OfficeAsk, OfficeReply, names_persons};
pub use passing::{Forward, read_copy};
pub use people::{
    Added, CODE_LIFE, People, PeopleError, PersonOnRecord, PersonView, Preferences, Recovery,
};
pub use permissions::{Decision, PermissionRow};
pub use permit::{Action, Caller, Denied, Permit, Thing};
pub use quota::MESSAGES_A_DAY;
pub use reached::{Reached, is_for_observers};
pub use receive::LARGEST_ATTACHMENT;
pub use recipients::{MOST_ASKED, check_asked, named_once};
pub use requests::LIFE;
pub use restored::RestoredLog;
pub use search::{Earlier, SearchFor};
pub use witness::{
    AlarmReport, AlarmRow, LogFault, LogReport, LogWitnessedRow, OwnReport, PrefixRecord,
    ReceiptHeadRow, Say, WitnessAsk, WitnessChange, WitnessReply, WitnessReport, WitnessRow,
    WitnessTimes,
};
