//! `alert …`: smuggling-trend alerts, as a client of the running node.

mod args;
pub mod words;

use clap::Subcommand;
use serde_json::Value;

use super::failure::Failure;
use super::{input, letter, output, rfi};
use crate::api::{
    Acknowledge, AlertSummary, CancelAlert, NoteAlertCall, Outcome, PreviewAlert, PublishAlert,
    SendContradiction, SendSighting, Subscribe, UpdateAlert,
};
use crate::base::{Role, Timestamp};
use crate::client::AlertQuery;
use crate::domain::alert::{self as said, Acknowledgement, Audience};

/// The roles whose token a command takes that speaks for the office.
const CONTACT: [Role; 1] = [Role::Contact];

/// `alert …`.
#[derive(Debug, Subcommand)]
pub enum Alert {
    /// Publish an alert to some members, or to all; --dry-run shows to whom
    Publish(args::Publish),
    /// Put a new version in an alert's place; all who have it get it
    Update(args::Update),
    /// Take an alert back
    Cancel(args::Cancel),
    /// Report that this office sees the same
    Sight(args::Say),
    /// Report that this office does not see it, or sees it otherwise
    Contradict(args::Say),
    /// Tell the publisher that a person here took note
    Acknowledge(args::Acknowledge),
    /// Note a telephone call to a member about an alert, for this office alone
    Call(args::Call),
    /// Tell all members which corridors this office wants alerts about
    Subscribe(args::Subscribe),
    /// Show which corridors the members want alerts about
    Subscriptions(args::Subscriptions),
    /// List alerts, without exercises and tests unless --status asks for them
    List(args::List),
    /// Show an alert with its versions, and what was said to it
    Show(args::Show),
    /// Let an alert of a colleague leave, as a second person: the same as `rfi release`
    Release(letter::Release),
    /// Give an alert back to who wrote it: the same as `rfi return`
    Return(letter::Return),
    /// Erase the content of an alert that holds no more: the same as `rfi erase`
    Erase(super::retention::Erase),
}

impl Alert {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Publish(args) => args.run(json).await,
            Self::Update(args) => args.run(json).await,
            Self::Cancel(args) => {
                let session = args.session.compose(&CONTACT, &args.review)?;
                let body = CancelAlert {
                    reason: args.reason,
                };
                composed(&session.client.cancel_alert(args.id, &body).await?, json)
            }
            Self::Sight(args) => {
                let sighting = input::read_as::<said::Sighting>(&args.file)?;
                let session = args.session.open(&CONTACT)?;
                let body = SendSighting { sighting };
                print(&session.client.sight(args.id, &body).await?, json)
            }
            Self::Contradict(args) => {
                let contradiction = input::read_as::<said::Contradiction>(&args.file)?;
                let session = args.session.open(&CONTACT)?;
                let body = SendContradiction { contradiction };
                print(&session.client.contradict(args.id, &body).await?, json)
            }
            Self::Acknowledge(args) => {
                let session = args.session.open(&rfi::READERS)?;
                let acknowledgement = Acknowledgement {
                    version: args.read_version,
                    read: None,
                    note: args.note,
                };
                let body = Acknowledge { acknowledgement };
                print(&session.client.acknowledge(args.id, &body).await?, json)
            }
            Self::Call(args) => {
                let session = args.session.open(&rfi::CALLERS)?;
                let (member, call) = (args.member, args.call.into());
                let body = NoteAlertCall { member, call };
                print(&session.client.note_alert_call(args.id, &body).await?, json)
            }
            Self::Subscribe(args) => {
                let session = args.session.open(&CONTACT)?;
                let body = Subscribe {
                    corridors: args.corridor,
                };
                let all = session.client.subscribe(&body).await?;
                output::print(&all, || words::subscriptions(&all), json)
            }
            Self::Subscriptions(args) => {
                let session = args.session.open(&rfi::READERS)?;
                let all = session.client.subscriptions().await?;
                output::print(&all, || words::subscriptions(&all), json)
            }
            Self::List(args) => args.run(json).await,
            Self::Show(args) => {
                let session = args.session.open(&rfi::READERS)?;
                let shown = session.client.alert(args.id).await;
                if shown.as_ref().is_err_and(rfi::is_not_found) {
                    // What waits is no alert yet.
                    if let Ok(view) = session.client.letter(args.id).await {
                        return output::print(&view, || letter::letter_view(&view), json);
                    }
                }
                let view = shown?;
                output::print(&view, || words::view(&view, Timestamp::system()), json)
            }
            Self::Release(args) => args.run(json).await,
            Self::Return(args) => args.run(json).await,
            Self::Erase(args) => args.run(json).await,
        }
    }
}

/// Prints the alert as it stands, or the letter that waits.
fn composed(outcome: &Outcome<AlertSummary>, json: bool) -> Result<(), Failure> {
    let text = || match outcome {
        Outcome::Waits { letter } => letter::letter_now(letter),
        Outcome::Done(alert) => words::now(alert, Timestamp::system()),
    };
    output::print(outcome, text, json)
}

fn print(alert: &AlertSummary, json: bool) -> Result<(), Failure> {
    output::print(alert, || words::now(alert, Timestamp::system()), json)
}

/// Prints who would get an alert.
async fn preview(
    session: &super::session::Session,
    body: PreviewAlert<Value>,
    json: bool,
) -> Result<(), Failure> {
    let preview = session.client.preview_alert(&body).await?;
    output::print(&preview, || words::preview(&preview), json)
}

impl args::Publish {
    async fn run(self, json: bool) -> Result<(), Failure> {
        let alert = input::read_as::<said::Alert>(&self.file)?;
        let audience = self.audience.chosen()?.unwrap_or(Audience::All);
        let session = self.session.compose(&CONTACT, &self.review)?;
        if self.dry_run {
            let body = PreviewAlert {
                updates: None,
                audience: Some(audience),
                alert,
            };
            return preview(&session, body, json).await;
        }
        let reservation = session.attach(&self.attach).await?;
        let body = PublishAlert {
            reservation,
            audience,
            alert,
        };
        composed(&session.client.publish_alert(&body).await?, json)
    }
}

impl args::Update {
    async fn run(self, json: bool) -> Result<(), Failure> {
        let alert = input::read_as::<said::Alert>(&self.file)?;
        let audience = self.audience.chosen()?;
        let session = self.session.compose(&CONTACT, &self.review)?;
        if self.dry_run {
            let body = PreviewAlert {
                updates: Some(self.id),
                audience,
                alert,
            };
            return preview(&session, body, json).await;
        }
        let reservation = session.attach(&self.attach).await?;
        let body = UpdateAlert {
            reservation,
            audience,
            alert,
            changes: self.changes,
            replaces: self.replaces,
        };
        composed(&session.client.update_alert(self.id, &body).await?, json)
    }
}

impl args::List {
    async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&rfi::READERS)?;
        let query = AlertQuery {
            status: self.status,
            corridor: self.corridor.map(|corridor| corridor.to_string()),
            event: self.event.map(|event| event.to_string()),
            state: self.state.map(|state| state.to_string()),
            limit: self.limit,
            cursor: self.cursor,
        };
        let page = session.client.alerts(&query).await?;
        let now = Timestamp::system();
        let lines = page.items.iter().map(|alert| words::lines(alert, now));
        let text = || output::page(lines, page.next.as_deref(), "no alerts");
        output::print(&page, text, json)
    }
}
