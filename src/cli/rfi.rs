//! `rfi …`: requests for information, as a client of the running node.

mod call;
mod passing;
mod said;

pub use call::{CALLERS, CallArgs};

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::session::{ReaderArgs, SessionArgs};
use super::{input, letter, output, search, thread};
use crate::api::{Direction, ExchangeSummary, Page, SendRequest, Sent};
use crate::base::{MemberId, MessageId, Role, Timestamp};
use crate::client::ClientError;
use crate::domain::rfi::Request;

/// The roles whose token a reading command takes, in this order.
pub const READERS: [Role; 2] = [Role::Contact, Role::Officer];

/// `rfi …`.
#[derive(Debug, Subcommand)]
pub enum Rfi {
    /// Ask one or several members; each gets an exchange of its own
    Send(Send),
    /// List requests, sent and received
    List(List),
    /// Show a whole exchange; the first reading tells the asking side that it was opened
    Show(Show),
    /// Accept a request, which acknowledges it and sets the time limit for the answer
    Accept(said::Accept),
    /// Answer a request, whole or in part
    Answer(said::Answer),
    /// Refuse a request, or some of its questions, giving the ground
    Refuse(said::Refuse),
    /// Ask what a request means (--ask), or say it (--answer); the clock pauses in between
    Clarify(said::Clarify),
    /// Tell that a request was passed to the competent authority
    Channel(said::Channel),
    /// Tell that an authorisation is awaited, and when the answer is expected
    #[command(visible_alias = "await")]
    Authorise(said::Authorise),
    /// Name another member that is to be asked; the exchange ends
    Transfer(said::Transfer),
    /// Take one's request back
    Withdraw(said::Withdraw),
    /// Put another request to the same member in the place of one
    Supersede(said::Supersede),
    /// Tell whether an answer helped, and what became of it
    Feedback(said::Feedback),
    /// Be done with an exchange
    Close(said::Close),
    /// Take up again what was answered, refused or closed; a new clock runs
    Reopen(said::Reopen),
    /// Let a letter of a colleague leave, as a second person: requests, answers and alerts alike
    Release(letter::Release),
    /// Give a letter back to who wrote it
    Return(letter::Return),
    /// Let a letter leave that the protection gate stopped, as a second person
    Clear(letter::Clear),
    /// Say what was found about a letter that left in an emergency
    Review(letter::Review),
    /// Throw away a letter that has not left
    Discard(letter::Discard),
    /// Pass a message of the other side on to a third member, with a request to it
    Forward(passing::Forward),
    /// Tell those who have a message what is wrong with it
    Correct(passing::Correct),
    /// Take note of a correction
    Acknowledge(passing::Acknowledge),
    /// Pass a correction on to those who have the message from here
    PassOn(passing::PassingOn),
    /// Note a telephone call about an exchange; it is told to no other office
    Call(call::Call),
    /// Erase the content of a request, or alert, that is over
    Erase(super::retention::Erase),
}

/// `rfi send`.
#[derive(Debug, Args)]
pub struct Send {
    #[command(flatten)]
    session: SessionArgs,
    /// The members to ask, such as TR; repeat it, or separate them by commas
    #[arg(long, required = true, value_delimiter = ',', value_name = "MEMBER")]
    to: Vec<MemberId>,
    /// The request, TOML
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Files to send with it
    #[arg(long, num_args = 1.., value_name = "FILE")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    review: letter::ForReleaseArgs,
}

/// `rfi list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    session: ReaderArgs,
    /// Only what other members ask of this one
    #[arg(long, conflicts_with = "outgoing")]
    incoming: bool,
    /// Only what this member asks of others
    #[arg(long)]
    outgoing: bool,
    /// Only requests in this state, such as queued, delivered or accepted; in-review, stopped,
    /// returned and unreviewed show the letters, alerts too, that wait for somebody here
    #[arg(long)]
    state: Option<String>,
    /// Only what is actual, an exercise or a test
    #[arg(long, value_parser = ["actual", "exercise", "test"])]
    status: Option<String>,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Go on where an earlier list ended
    #[arg(long)]
    cursor: Option<String>,
    /// Only what somebody must see to now, the most pressing first
    #[arg(long, conflicts_with_all = ["incoming", "outgoing", "state", "cursor"])]
    attention: bool,
}

/// `rfi show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The exchange: the id of its request
    id: MessageId,
    /// Why you open it, on one line: it goes on record before anything is shown
    #[arg(long)]
    why: Option<String>,
    #[command(flatten)]
    session: ReaderArgs,
}

impl Rfi {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Send(args) => {
                let sent = args.send().await?;
                output::print(&sent, || sent_now(&sent), json)
            }
            Self::List(args) if args.of_letters().is_some() => {
                letter::list(&args.session, args.of_letters().unwrap_or_default(), json).await
            }
            Self::List(args) => {
                let page = args.list().await?;
                output::print(&page, || list_text(&page), json)
            }
            Self::Show(args) => {
                let session = args.session.open(&READERS)?;
                if let Some(why) = args.why {
                    session.client.justify(args.id, why).await?;
                }
                let shown = session.client.exchange(args.id).await;
                if shown.as_ref().is_err_and(is_not_found) {
                    // What waits is no exchange yet.
                    if let Ok(view) = session.client.letter(args.id).await {
                        return output::print(&view, || letter::letter_view(&view), json);
                    }
                }
                let view = shown?;
                output::print(&view, || thread::exchange(&view, Timestamp::system()), json)
            }
            Self::Accept(args) => done(&args.run().await?, json),
            Self::Answer(args) => done(&args.run().await?, json),
            Self::Refuse(args) => done(&args.run().await?, json),
            Self::Clarify(args) => done(&args.run().await?, json),
            Self::Channel(args) => done(&args.run().await?, json),
            Self::Authorise(args) => done(&args.run().await?, json),
            Self::Transfer(args) => done(&args.run().await?, json),
            Self::Withdraw(args) => done(&args.run().await?, json),
            Self::Supersede(args) => {
                let both = args.run().await?;
                output::print(&both, || sent_now(&both), json)
            }
            Self::Feedback(args) => done(&args.run().await?, json),
            Self::Close(args) => done(&args.run().await?, json),
            Self::Reopen(args) => done(&args.run().await?, json),
            Self::Release(args) => args.run(json).await,
            Self::Return(args) => args.run(json).await,
            Self::Clear(args) => args.run(json).await,
            Self::Review(args) => args.run(json).await,
            Self::Discard(args) => args.run(json).await,
            Self::Forward(args) => {
                let both = args.run().await?;
                output::print(&both, || sent_now(&both), json)
            }
            Self::Correct(args) => {
                let told = args.run().await?;
                output::print(&told, || sent_now(&told), json)
            }
            Self::Acknowledge(args) => done(&args.run().await?, json),
            Self::PassOn(args) => done(&args.run().await?, json),
            Self::Call(args) => done(&args.run().await?, json),
            Self::Erase(args) => args.run(json).await,
        }
    }
}

impl Send {
    async fn send(self) -> Result<Sent, Failure> {
        let request = input::read_as::<Request>(&self.file)?;
        let session = self.session.compose(&[Role::Officer], &self.review)?;
        let reservation = session.attach(&self.attach).await?;
        let body = SendRequest {
            reservation,
            to: self.to,
            request,
        };
        Ok(session.client.send_request(&body).await?)
    }
}

impl List {
    /// The state of letters that is asked for, where it is one.
    fn of_letters(&self) -> Option<&str> {
        let state = self.state.as_deref()?;
        letter::STATES.contains(&state).then_some(state)
    }

    async fn list(self) -> Result<Page<ExchangeSummary>, Failure> {
        let session = self.session.open(&READERS)?;
        if self.attention {
            return Ok(session.client.pressing(self.limit).await?);
        }
        let (state, cursor) = (self.state.as_deref(), self.cursor.as_deref());
        let direction = match (self.incoming, self.outgoing) {
            (true, _) => Some(Direction::Incoming),
            (_, true) => Some(Direction::Outgoing),
            (false, false) => None,
        };
        let page = session.client.exchanges(
            direction,
            (state, self.status.as_deref()),
            self.limit,
            cursor,
        );
        Ok(page.await?)
    }
}

fn done(exchange: &ExchangeSummary, json: bool) -> Result<(), Failure> {
    let now = Timestamp::system();
    output::print(exchange, || thread::exchange_now(exchange, now), json)
}

/// Whether the node has no such thing.
pub fn is_not_found(error: &ClientError) -> bool {
    matches!(error, ClientError::Problem(problem) if problem.status == 404)
}

/// What was sent, and a warning where others were asked about the same, or asked about it; or the
/// letter that waits in its place.
fn sent_now(sent: &Sent) -> String {
    if let Some(waiting) = &sent.letter {
        return letter::letter_now(waiting);
    }
    let now = Timestamp::system();
    let exchanges = sent
        .exchanges
        .iter()
        .map(|exchange| thread::exchange_now(exchange, now))
        .collect::<Vec<_>>()
        .join("\n");
    if sent.earlier.is_empty() {
        return exchanges;
    }
    let others = search::earlier(&sent.earlier, now);
    format!("{exchanges}\nThis was asked about before:\n{others}")
}

fn list_text(page: &Page<ExchangeSummary>) -> String {
    let now = Timestamp::system();
    let lines = page
        .items
        .iter()
        .map(|exchange| thread::exchange_lines(exchange, now));
    output::page(lines, page.next.as_deref(), "no requests")
}
