//! `retention …` and `rfi erase`: how long content is kept, and erasing it.

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::session::SessionArgs;
use super::{output, report::Report};
use crate::api::{EraseContent, Recorded, ShortenRetention};
use crate::base::{MessageId, Role};

/// `retention …`.
#[derive(Debug, Subcommand)]
pub enum Retention {
    /// Keep a request or alert for fewer days than its originators set; never for more
    Set(Set),
}

/// `retention set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The exchange or alert
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// Days from the receipt
    #[arg(long, value_name = "DAYS")]
    days: u32,
}

/// `rfi erase`.
#[derive(Debug, Args)]
pub struct Erase {
    /// The exchange or alert, which has to be over
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// Why; it stays at this node
    #[arg(long)]
    reason: String,
}

struct Said(Recorded, &'static str);

impl serde::Serialize for Said {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Report for Said {
    fn text(&self) -> String {
        format!("{} {}\n", self.0.conversation, self.1)
    }
}

impl Retention {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let Self::Set(set) = self;
        let session = set.session.open(&[Role::Contact, Role::Releaser])?;
        let body = ShortenRetention { days: set.days };
        let recorded = session.client.shorten_retention(set.id, &body).await?;
        let words = "is kept for less long: its content is erased with the next daily change of \
                     keys after that, once it is over";
        output::report(&Said(recorded, words), json)
    }
}

impl Erase {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&[Role::Releaser])?;
        let body = EraseContent {
            reason: self.reason,
        };
        let recorded = session.client.erase(self.id, &body).await?;
        let words = "will be erased within seconds; `liaison rfi show` tells when, and its originator \
                     gets a signed receipt";
        output::report(&Said(recorded, words), json)
    }
}
