//! `rfi forward`, `rfi correct`, `rfi acknowledge`, `rfi pass-on`: what goes on to others, and what
//! was wrong.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::said::{Place, Said};
use crate::api::{AcknowledgeCorrection, PassOn, SendForward, Sent};
use crate::base::{MemberId, MessageId, Role};
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::letter::ForReleaseArgs;
use crate::domain::rfi::Request;

/// As whom corrections are told and taken note of.
const EITHER: [Role; 2] = [Role::Contact, Role::Officer];

/// `rfi forward`.
#[derive(Debug, Args)]
pub struct Forward {
    #[command(flatten)]
    place: Place,
    /// The message of the other side, as `rfi show` names it
    #[arg(long, value_name = "MESSAGE")]
    message: MessageId,
    /// The member that is to get it, such as TR
    #[arg(long, value_name = "MEMBER")]
    to: MemberId,
    /// The request that goes with it, TOML; restrictions of the message are added to its own
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Files to send with it; those of the message stay here
    #[arg(long, num_args = 1.., value_name = "FILE")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    review: ForReleaseArgs,
}

impl Forward {
    pub(super) async fn run(self) -> Result<Sent, Failure> {
        let request = input::read_as::<Request>(&self.file)?;
        let session = self.place.session.compose(&[Role::Officer], &self.review)?;
        let body = SendForward {
            reservation: session.attach(&self.attach).await?,
            message: self.message,
            to: self.to,
            request,
        };
        Ok(session.client.forward(self.place.id, &body).await?)
    }
}

/// `rfi correct`.
#[derive(Debug, Args)]
pub struct Correct {
    #[command(flatten)]
    place: Place,
    /// The message that is wrong, as `rfi show` names it: of this office or of the other one
    #[arg(long, value_name = "MESSAGE")]
    message: MessageId,
    /// The correction, TOML: flaw, remedy, text
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    review: ForReleaseArgs,
}

impl Correct {
    pub(super) async fn run(self) -> Result<Sent, Failure> {
        let mut body: Value = input::read(&self.file)?;
        body["message"] = self.message.to_string().into();
        let session = self.place.session.compose(&EITHER, &self.review)?;
        Ok(session.client.correct(self.place.id, &body).await?)
    }
}

/// `rfi acknowledge`.
#[derive(Debug, Args)]
pub struct Acknowledge {
    #[command(flatten)]
    place: Place,
    /// The correction, as `rfi show` names it
    #[arg(long, value_name = "MESSAGE")]
    correction: MessageId,
    /// What was done about it
    #[arg(long)]
    note: Option<String>,
}

impl Acknowledge {
    pub(super) async fn run(self) -> Said {
        let body = AcknowledgeCorrection {
            correction: self.correction,
            note: self.note,
        };
        self.place.say(&EITHER, "acknowledge", &body).await
    }
}

/// `rfi pass-on`.
#[derive(Debug, Args)]
pub struct PassingOn {
    #[command(flatten)]
    place: Place,
    /// The correction, as `rfi show` names it
    #[arg(long, value_name = "MESSAGE")]
    correction: MessageId,
}

impl PassingOn {
    pub(super) async fn run(self) -> Said {
        let session = self.place.session.open(&EITHER)?;
        let body = PassOn {
            correction: self.correction,
        };
        Ok(session.client.pass_on(self.place.id, &body).await?)
    }
}
