//! Letters that wait for a decision: the commands by which people decide, the same for requests,
//! answers and alerts, and what they print.

use clap::Args;

use super::failure::{Exit, Failure};
use super::session::{ReaderArgs, Session, SessionArgs};
use super::text::{clean, content, duration, hang, time};
use super::{output, thread};
use crate::api::{LetterSummary, LetterView, Page};
use crate::base::{MessageId, Role, Timestamp};
use crate::seal::person::DecisionKind;

/// Who reads letters, in the order in which a token is looked for.
pub const READERS: [Role; 3] = [Role::Releaser, Role::Officer, Role::Contact];

/// The states of letters that `rfi list --state` takes beside those of exchanges.
pub const STATES: [&str; 4] = ["in-review", "stopped", "returned", "unreviewed"];

/// Whether a second person is to release what is composed.
#[derive(Debug, Args)]
pub struct ForReleaseArgs {
    /// Let a second person release it, even where this office's policy does not want that
    #[arg(long)]
    pub for_release: bool,
}

/// `rfi release`, `alert release`.
#[derive(Debug, Args)]
pub struct Release {
    /// The letter, as `liaison rfi list --state in-review` shows it
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// A life is in danger and no releasing officer answers: release it alone, as its officer.
    /// Everybody sees it until it is reviewed
    #[arg(long, requires = "reason")]
    emergency: bool,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// `rfi clear`.
#[derive(Debug, Args)]
pub struct Clear {
    /// The letter that the protection gate stopped
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// Why it may leave all the same
    #[arg(long)]
    reason: String,
}

/// `rfi return`, `alert return`.
#[derive(Debug, Args)]
pub struct Return {
    /// The letter
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// Why it does not leave
    #[arg(long)]
    reason: String,
}

/// `rfi review`.
#[derive(Debug, Args)]
pub struct Review {
    /// The letter that left in an emergency
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// What the review found
    #[arg(long)]
    finding: String,
}

/// `rfi discard`.
#[derive(Debug, Args)]
pub struct Discard {
    /// The letter
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
}

/// Reads a letter before it is decided about: what is signed is what was read.
async fn decide(
    session: &Session,
    id: MessageId,
    kind: DecisionKind,
    reason: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let view = meant(session, id).await?;
    print(&session.client.decide(&view, kind, reason).await?, json)
}

/// The letter of this id, or the one that waits in the exchange or alert of this id. Where several
/// do, whoever decides names the one that they read.
async fn meant(session: &Session, id: MessageId) -> Result<LetterView, Failure> {
    let view = session.client.letter(id).await?;
    // An exchange or alert has the id of the letter that opened it, where one did.
    if view.summary.id == id && view.summary.waits_for.is_some() {
        return Ok(view);
    }
    let page: Page<LetterSummary> = session.client.letters(None).await?;
    let of_it =
        |letter: &&LetterSummary| letter.conversation == Some(id) || letter.messages.contains(&id);
    let waits = |letter: &&LetterSummary| letter.waits_for.is_some();
    let waiting: Vec<_> = page.items.iter().filter(of_it).filter(waits).collect();
    match waiting[..] {
        [] => Ok(view),
        [one] if one.id == view.summary.id => Ok(view),
        [one] => Ok(session.client.letter(one.id).await?),
        [..] => {
            let all = waiting.iter().map(|letter| {
                let (what, by) = (letter.kinds.join(", "), person(&letter.drafted_by));
                format!(
                    "{} {}: {}, written by {by}",
                    letter.id,
                    state_words(letter),
                    clean(&what)
                )
            });
            Err(Failure::new(
                Exit::Usage,
                "letter-ambiguous",
                "several letters wait there",
                all.collect::<Vec<_>>().join("\n"),
                "read each with `liaison rfi show ID`, and name the one that you mean by its own id",
            ))
        }
    }
}

impl Release {
    /// Does it, and prints the letter as it then stands.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let (role, kind) = match self.emergency {
            true => (Role::Officer, DecisionKind::Emergency),
            false => (Role::Releaser, DecisionKind::Release),
        };
        let session = self.session.open(&[role])?;
        decide(&session, self.id, kind, self.reason.as_deref(), json).await
    }
}

impl Clear {
    /// As [`Release::run`].
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&[Role::Releaser])?;
        let reason = Some(&*self.reason);
        decide(&session, self.id, DecisionKind::Clear, reason, json).await
    }
}

impl Return {
    /// As [`Release::run`].
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&[Role::Releaser])?;
        let letter = session.client.return_letter(self.id, &self.reason).await?;
        print(&letter, json)
    }
}

impl Review {
    /// As [`Release::run`].
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&[Role::Releaser])?;
        let finding = Some(&*self.finding);
        decide(&session, self.id, DecisionKind::Review, finding, json).await
    }
}

impl Discard {
    /// As [`Release::run`].
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&[Role::Officer, Role::Contact])?;
        print(&session.client.discard_letter(self.id).await?, json)
    }
}

/// Lists the letters in a state.
///
/// # Errors
/// A [`Failure`].
pub async fn list(session: &ReaderArgs, state: &str, json: bool) -> Result<(), Failure> {
    let session = session.open(&READERS)?;
    let page: Page<LetterSummary> = session.client.letters(Some(state)).await?;
    let now = Timestamp::system();
    let lines = page.items.iter().map(|letter| letter_lines(letter, now));
    output::print(&page, || output::page(lines, None, "nothing waits"), json)
}

/// Prints a letter as it stands after something was done to it.
///
/// # Errors
/// A [`Failure`].
pub fn print(letter: &LetterSummary, json: bool) -> Result<(), Failure> {
    output::print(letter, || letter_now(letter), json)
}

/// One letter in a list.
pub fn letter_lines(letter: &LetterSummary, now: Timestamp) -> String {
    let to: Vec<_> = letter.to.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{}  {:<10}  {} to {}\n",
        letter.id,
        state_words(letter),
        clean(&letter.kinds.join(", ")),
        to.join(", ")
    );
    let since = duration(now.since(letter.since));
    let by = person(&letter.drafted_by);
    text += &hang(
        "    ",
        &format!("{} · by {by}, for {since}", clean(&letter.subject)),
    );
    text
}

fn state_words(letter: &LetterSummary) -> String {
    match letter.unreviewed {
        true => "UNREVIEWED".to_owned(),
        false => clean(&letter.state),
    }
}

fn person(person: &crate::api::PersonView) -> String {
    match &person.name {
        Some(name) => clean(name),
        None => person.person.to_string(),
    }
}

/// One letter of an exchange, in a line.
pub fn letter_line(letter: &LetterSummary) -> String {
    let what = letter.kinds.join(", ");
    let by = person(&letter.drafted_by);
    let decided: Vec<String> = letter
        .decisions
        .iter()
        .map(|decision| format!("{} by {}", decision.kind, person(&decision.by)))
        .collect();
    let decided = match decided.is_empty() {
        true => String::new(),
        false => format!("; {}", decided.join(", ")),
    };
    let text = format!(
        "{} {}: {what}, written by {by}{decided}",
        letter.id,
        state_words(letter)
    );
    hang("    letter ", &text)
}

/// A letter, with all that was decided about it.
pub fn letter_now(letter: &LetterSummary) -> String {
    let to: Vec<_> = letter.to.iter().map(ToString::to_string).collect();
    let mut text = format!("Letter {}\n", letter.id);
    text += &hang("  state      ", &state_words(letter));
    let what = format!("{} to {}", letter.kinds.join(", "), to.join(", "));
    text += &hang("  what       ", &what);
    text += &hang("  subject    ", &letter.subject);
    let by = person(&letter.drafted_by);
    let drafted = format!("{by} ({}), {}", letter.role, time(letter.since));
    text += &hang("  written by ", &drafted);
    for stop in &letter.stops {
        text += &hang("  gate       ", &stop.says);
    }
    for decision in &letter.decisions {
        let reason = match &decision.reason {
            Some(reason) => format!(": {reason}"),
            None => String::new(),
        };
        let said = format!(
            "{} by {}, {}, entry {} with that person's signature{reason}",
            decision.kind,
            person(&decision.by),
            time(decision.at),
            decision.entry
        );
        text += &hang("  decided    ", &said);
    }
    if let Some(reason) = &letter.returned_reason {
        let by = letter.returned_by.as_ref().map(person).unwrap_or_default();
        text += &hang("  returned   ", &format!("by {by}: {reason}"));
    }
    text += &thread::erased(letter.erased.as_ref(), "  ");
    text += &hang("\n  ", &letter.says);
    text
}

/// A letter with what it says.
pub fn letter_view(view: &LetterView) -> String {
    let mut text = letter_now(&view.summary);
    text += &hang("  digest     ", &view.digest.to_string());
    text += "\n";
    match serde_json::from_str(&view.content) {
        _ if view.summary.erased.is_some() => (),
        Ok(said) => text += &content(&said, 2),
        Err(_) => text += &hang("  ", &view.content),
    }
    if !view.actions.is_empty() {
        text += &hang("\nyou may: ", &view.actions.join(", "));
    }
    text
}
