//! `alert …`: smuggling-trend alerts, as a client of the running node.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::session::{ReaderArgs, SessionArgs};
use super::{input, output, rfi, thread};
use crate::api::{AlertSummary, PublishAlert, SendSighting};
use crate::base::{MemberId, MessageId, Role};

/// `alert …`.
#[derive(Debug, Subcommand)]
pub enum Alert {
    /// Publish an alert to some members, or to all
    Publish(Publish),
    /// Report that this office sees the same
    Sight(Sight),
    /// List alerts
    List(List),
    /// Show an alert with its sightings and receipts
    Show(Show),
}

/// `alert publish`.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    session: SessionArgs,
    /// The alert, TOML
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The members to tell, instead of all; repeat it, or separate them by commas
    #[arg(long, value_delimiter = ',', value_name = "MEMBER")]
    to: Vec<MemberId>,
    /// Files to send with it
    #[arg(long, num_args = 1.., value_name = "FILE")]
    attach: Vec<PathBuf>,
}

/// `alert sight`.
#[derive(Debug, Args)]
pub struct Sight {
    /// The alert
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// The sighting, TOML
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

/// `alert list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    session: ReaderArgs,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Go on where an earlier list ended
    #[arg(long)]
    cursor: Option<String>,
}

/// `alert show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The alert
    id: MessageId,
    #[command(flatten)]
    session: ReaderArgs,
}

impl Alert {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Publish(args) => {
                let alert = args.publish().await?;
                output::print(&alert, || thread::alert_now(&alert), json)
            }
            Self::Sight(args) => {
                let alert = args.sight().await?;
                output::print(&alert, || thread::alert_now(&alert), json)
            }
            Self::List(args) => {
                let session = args.session.open(&rfi::READERS)?;
                let page = session.client.alerts(args.limit, args.cursor.as_deref());
                let page = page.await?;
                let lines = page.items.iter().map(thread::alert_lines);
                let text = || output::page(lines, page.next.as_deref(), "no alerts");
                output::print(&page, text, json)
            }
            Self::Show(args) => {
                let session = args.session.open(&rfi::READERS)?;
                let view = session.client.alert(args.id).await?;
                output::print(&view, || thread::alert(&view), json)
            }
        }
    }
}

impl Publish {
    async fn publish(self) -> Result<AlertSummary, Failure> {
        let alert = input::read(&self.file)?;
        let session = self.session.open(&[Role::Contact])?;
        let reservation = session.attach(&self.attach).await?;
        let body = PublishAlert {
            reservation,
            to: self.to,
            alert,
        };
        Ok(session.client.publish_alert(&body).await?)
    }
}

impl Sight {
    async fn sight(self) -> Result<AlertSummary, Failure> {
        let sighting = input::read(&self.file)?;
        let session = self.session.open(&[Role::Contact])?;
        let body = SendSighting { sighting };
        Ok(session.client.sight(self.id, &body).await?)
    }
}
