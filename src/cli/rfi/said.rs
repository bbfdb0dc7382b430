//! `rfi accept`, `rfi answer`, …: what is said in an exchange, a command for each verb.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};

use crate::api::{
    ExchangeSummary, SendAcceptance, SendAnswer, SendClarification, SendRefusal, SendSupersession,
    Sent,
};
use crate::base::{MemberId, MessageId, Role, Timestamp};
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::letter::ForReleaseArgs;
use crate::cli::session::SessionArgs;
use crate::domain::rfi as said;

/// The asked side, as whom most of its commands are given.
const ASKED: [Role; 2] = [Role::Contact, Role::Officer];

/// What a verb gives.
pub(super) type Said = Result<ExchangeSummary, Failure>;

/// Which exchange, and as whom.
#[derive(Debug, Args)]
pub struct Place {
    /// The exchange: the id of its request
    pub(super) id: MessageId,
    #[command(flatten)]
    pub(super) session: SessionArgs,
}

impl Place {
    pub(super) async fn say(
        &self,
        roles: &[Role],
        verb: &str,
        body: &impl serde::Serialize,
    ) -> Said {
        let session = self.session.open(roles)?;
        Ok(session.client.say(self.id, verb, body).await?)
    }
}

/// `rfi accept`.
#[derive(Debug, Args)]
pub struct Accept {
    #[command(flatten)]
    place: Place,
    /// How the information can be reached, which sets the limit: direct is the shorter one
    #[arg(long, default_value = "direct", value_parser = ["direct", "indirect"])]
    access: String,
    /// This office's own reference
    #[arg(long)]
    reference: Option<String>,
    /// A note to the asking side
    #[arg(long)]
    note: Option<String>,
}

impl Accept {
    pub(super) async fn run(self) -> Said {
        let body = SendAcceptance {
            reference: self.reference,
            access: self.access,
            note: self.note,
        };
        self.place.say(&[Role::Contact], "accept", &body).await
    }
}

/// `rfi answer`.
#[derive(Debug, Args)]
pub struct Answer {
    #[command(flatten)]
    place: Place,
    /// The answer, TOML
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Files to send with it
    #[arg(long, num_args = 1.., value_name = "FILE")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    review: ForReleaseArgs,
}

impl Answer {
    pub(super) async fn run(self) -> Said {
        let answer = input::read_as::<said::Answer>(&self.file)?;
        let session = self.place.session.compose(&ASKED, &self.review)?;
        let reservation = session.attach(&self.attach).await?;
        let body = SendAnswer {
            reservation,
            answer,
        };
        Ok(session.client.answer(self.place.id, &body).await?)
    }
}

/// `rfi refuse`.
#[derive(Debug, Args)]
pub struct Refuse {
    #[command(flatten)]
    place: Place,
    /// The ground, such as f2 (ongoing investigation, or a person's safety)
    #[arg(long)]
    ground: String,
    /// Only this question, by its place from 0; repeat it. Without it, the whole request
    #[arg(long = "question", value_name = "NUMBER")]
    questions: Vec<u16>,
    /// Why, in words for the asking side
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    review: ForReleaseArgs,
}

impl Refuse {
    pub(super) async fn run(self) -> Said {
        let body = SendRefusal {
            ground: self.ground,
            questions: self.questions,
            reason: self.reason,
        };
        let session = self.place.session.compose(&[Role::Contact], &self.review)?;
        Ok(session.client.refuse(self.place.id, &body).await?)
    }
}

/// `rfi clarify`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["ask", "answer"]))]
pub struct Clarify {
    #[command(flatten)]
    place: Place,
    /// The asked side asks: what it needs to know. The clock pauses
    #[arg(long, value_name = "TEXT")]
    ask: Option<String>,
    /// The question that it is about, by its place from 0; repeat it
    #[arg(long = "question", value_name = "NUMBER", requires = "ask")]
    questions: Vec<u16>,
    /// The asking side answers. The clock goes on
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
    /// Files to send with the answer
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "answer")]
    attach: Vec<PathBuf>,
}

impl Clarify {
    pub(super) async fn run(self) -> Said {
        let roles: &[Role] = match self.ask {
            Some(_) => &ASKED,
            None => &[Role::Officer],
        };
        let session = self.place.session.open(roles)?;
        let body = SendClarification {
            ask: self.ask,
            questions: self.questions,
            answer: self.answer,
            reservation: session.attach(&self.attach).await?,
        };
        Ok(session.client.say(self.place.id, "clarify", &body).await?)
    }
}

/// `rfi channel`.
#[derive(Debug, Args)]
pub struct Channel {
    #[command(flatten)]
    place: Place,
    /// The competent authority
    #[arg(long)]
    authority: String,
    /// Its reference
    #[arg(long)]
    reference: Option<String>,
    /// A note to the asking side
    #[arg(long)]
    note: Option<String>,
}

impl Channel {
    pub(super) async fn run(self) -> Said {
        let body = said::Channelling {
            authority: self.authority,
            reference: self.reference,
            note: self.note,
        };
        self.place.say(&ASKED, "channel", &body).await
    }
}

/// `rfi authorise`.
#[derive(Debug, Args)]
pub struct Authorise {
    #[command(flatten)]
    place: Place,
    /// When the answer is expected, such as 2026-03-29T12:00:00Z
    #[arg(long, value_name = "TIME")]
    expected: Timestamp,
    /// Why it takes longer than the limit
    #[arg(long)]
    reason: String,
}

impl Authorise {
    pub(super) async fn run(self) -> Said {
        let body = said::AwaitingAuthorisation {
            expected: self.expected,
            reason: self.reason,
        };
        self.place.say(&ASKED, "await", &body).await
    }
}

/// `rfi transfer`.
#[derive(Debug, Args)]
pub struct Transfer {
    #[command(flatten)]
    place: Place,
    /// The member that is to be asked instead, such as AT
    #[arg(long, value_name = "MEMBER")]
    to: MemberId,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    review: ForReleaseArgs,
}

impl Transfer {
    pub(super) async fn run(self) -> Said {
        let body = said::Transfer {
            to: self.to,
            reason: self.reason,
        };
        let session = self.place.session.compose(&[Role::Contact], &self.review)?;
        Ok(session.client.say(self.place.id, "transfer", &body).await?)
    }
}

/// `rfi withdraw`.
#[derive(Debug, Args)]
pub struct Withdraw {
    #[command(flatten)]
    place: Place,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Withdraw {
    pub(super) async fn run(self) -> Said {
        let body = said::Withdrawal {
            reason: self.reason,
        };
        self.place.say(&[Role::Officer], "withdraw", &body).await
    }
}

/// `rfi supersede`.
#[derive(Debug, Args)]
pub struct Supersede {
    #[command(flatten)]
    place: Place,
    /// The new request, TOML; it goes to the same member, with a link to the old one
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Files to send with it
    #[arg(long, num_args = 1.., value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    review: ForReleaseArgs,
}

impl Supersede {
    pub(super) async fn run(self) -> Result<Sent, Failure> {
        let request = input::read_as::<said::Request>(&self.file)?;
        let session = self.place.session.compose(&[Role::Officer], &self.review)?;
        let body = SendSupersession {
            reservation: session.attach(&self.attach).await?,
            request,
            reason: self.reason,
        };
        Ok(session.client.supersede(self.place.id, &body).await?)
    }
}

/// `rfi feedback`.
#[derive(Debug, Args)]
pub struct Feedback {
    #[command(flatten)]
    place: Place,
    /// Whether the answer helped
    #[arg(long, value_parser = usefulness())]
    useful: said::Usefulness,
    /// What became of it; repeat it, or separate several by commas
    #[arg(long, value_delimiter = ',', value_parser = consequence())]
    became: Vec<said::Consequence>,
    /// In words
    #[arg(long)]
    note: Option<String>,
}

fn usefulness() -> impl TypedValueParser<Value = said::Usefulness> {
    let codes = said::Usefulness::ALL.iter().map(|code| code.as_str());
    PossibleValuesParser::new(codes).try_map(|text| text.parse::<said::Usefulness>())
}

fn consequence() -> impl TypedValueParser<Value = said::Consequence> {
    let codes = said::Consequence::ALL.iter().map(|code| code.as_str());
    PossibleValuesParser::new(codes).try_map(|text| text.parse::<said::Consequence>())
}

impl Feedback {
    pub(super) async fn run(self) -> Said {
        let body = said::Feedback {
            useful: self.useful,
            became: self.became,
            note: self.note,
        };
        self.place.say(&[Role::Officer], "feedback", &body).await
    }
}

/// `rfi close`.
#[derive(Debug, Args)]
pub struct Close {
    #[command(flatten)]
    place: Place,
    /// A note to the asked side
    #[arg(long)]
    note: Option<String>,
}

impl Close {
    pub(super) async fn run(self) -> Said {
        let body = said::Closing { note: self.note };
        self.place.say(&[Role::Officer], "close", &body).await
    }
}

/// `rfi reopen`.
#[derive(Debug, Args)]
pub struct Reopen {
    #[command(flatten)]
    place: Place,
    /// Why
    #[arg(long)]
    reason: String,
    /// Only this question is open again, by its place from 0; repeat it. Without it, all are
    #[arg(long = "question", value_name = "NUMBER")]
    questions: Vec<u16>,
}

impl Reopen {
    pub(super) async fn run(self) -> Said {
        let body = said::Reopening {
            reason: self.reason,
            questions: self.questions,
        };
        self.place.say(&[Role::Officer], "reopen", &body).await
    }
}
