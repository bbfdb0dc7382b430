//! The arguments of `alert …`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};

use crate::base::{MemberId, MessageId, ParseIdError};
use crate::cli::failure::{Exit, Failure};
use crate::cli::letter::ForReleaseArgs;
use crate::cli::rfi::CallArgs;
use crate::cli::session::{ReaderArgs, SessionArgs};
use crate::domain::alert::{AlertState, Audience, Corridor, EventType};

/// A code of the list with these names, which help shows whole.
fn code<T>(names: impl Iterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>().map_err(|_| "not a code"))
}

/// Whom to tell.
#[derive(Debug, Args)]
pub struct AudienceArgs {
    /// The members to tell; repeat it, or separate them by commas; `all` is all members. Without it a
    /// new alert goes to all, an update to those alone who have the alert
    #[arg(long, value_delimiter = ',', value_name = "MEMBER")]
    to: Vec<To>,
    /// Tell the members that want alerts about its corridor, and those that never said
    #[arg(long, conflicts_with = "to")]
    corridor_subscribers: bool,
}

/// A member, or all of them.
#[derive(Debug, Clone, Copy)]
enum To {
    All,
    Member(MemberId),
}

impl FromStr for To {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match text {
            "all" => Ok(Self::All),
            member => member.parse().map(Self::Member),
        }
    }
}

impl AudienceArgs {
    /// The audience; none where nobody was named.
    ///
    /// # Errors
    /// A [`Failure`] where `all` stands beside a member.
    pub fn chosen(&self) -> Result<Option<Audience>, Failure> {
        if self.corridor_subscribers {
            return Ok(Some(Audience::CorridorSubscribers));
        }
        let mut members = Vec::new();
        for to in &self.to {
            match to {
                To::All if self.to.len() == 1 => return Ok(Some(Audience::All)),
                To::All => {
                    return Err(Failure::new(
                        Exit::Usage,
                        "usage",
                        "the command line is wrong",
                        "`all` stands beside a member in --to",
                        "name members, or all",
                    ));
                }
                To::Member(member) => members.push(*member),
            }
        }
        Ok((!members.is_empty()).then_some(Audience::Members(members)))
    }
}

/// `alert publish`.
#[derive(Debug, Args)]
pub struct Publish {
    #[command(flatten)]
    pub session: SessionArgs,
    /// The alert, TOML
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub audience: AudienceArgs,
    /// Files to send with it; observers do not get them
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Show who would get it and what they may do with it, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub review: ForReleaseArgs,
}

/// `alert update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The alert
    pub id: MessageId,
    #[command(flatten)]
    pub session: SessionArgs,
    /// The whole alert as it shall read, TOML
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub audience: AudienceArgs,
    /// What is new, in words
    #[arg(long, value_name = "TEXT")]
    pub changes: Option<String>,
    /// The version that it replaces; refused if another one stands by now
    #[arg(long, value_name = "NUMBER")]
    pub replaces: Option<u32>,
    /// Files to send with it; observers do not get them
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Show who would get it and what they may do with it, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub review: ForReleaseArgs,
}

/// `alert cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The alert
    pub id: MessageId,
    #[command(flatten)]
    pub session: SessionArgs,
    /// Why, for all who have it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub review: ForReleaseArgs,
}

/// `alert sight` and `alert contradict`.
#[derive(Debug, Args)]
pub struct Say {
    /// The alert
    pub id: MessageId,
    #[command(flatten)]
    pub session: SessionArgs,
    /// What is seen, TOML; about the version that stands, unless it names another
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
}

/// `alert acknowledge`.
#[derive(Debug, Args)]
pub struct Acknowledge {
    /// The alert
    pub id: MessageId,
    #[command(flatten)]
    pub session: ReaderArgs,
    /// A note to the publisher, such as what will be done
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The version that was read, if not the one that stands
    #[arg(long, value_name = "NUMBER")]
    pub read_version: Option<u32>,
}

/// `alert call`.
#[derive(Debug, Args)]
pub struct Call {
    /// The alert
    pub id: MessageId,
    #[command(flatten)]
    pub session: ReaderArgs,
    /// The member that was called
    #[arg(long)]
    pub member: MemberId,
    #[command(flatten)]
    pub call: CallArgs,
}

/// `alert subscribe`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["corridor", "none"]))]
pub struct Subscribe {
    #[command(flatten)]
    pub session: SessionArgs,
    /// A corridor; repeat it, or separate several by commas
    #[arg(long, value_delimiter = ',', value_parser = code::<Corridor>(Corridor::ALL.iter().map(|code| code.as_str())))]
    pub corridor: Vec<Corridor>,
    /// No alerts that are sent by corridor
    #[arg(long)]
    pub none: bool,
}

/// `alert subscriptions`.
#[derive(Debug, Args)]
pub struct Subscriptions {
    #[command(flatten)]
    pub session: ReaderArgs,
}

/// `alert list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub session: ReaderArgs,
    /// What is actual, an exercise or a test, or all of it [default: actual]
    #[arg(long, value_parser = ["actual", "exercise", "test", "all"])]
    pub status: Option<String>,
    /// Only alerts about this corridor
    #[arg(long, value_parser = code::<Corridor>(Corridor::ALL.iter().map(|code| code.as_str())))]
    pub corridor: Option<Corridor>,
    /// Only alerts of this event type
    #[arg(long, value_parser = code::<EventType>(EventType::ALL.iter().map(|code| code.as_str())))]
    pub event: Option<EventType>,
    /// Only alerts in this state; superseded shows earlier versions
    #[arg(long, value_parser = code::<AlertState>(AlertState::ALL.iter().map(|code| code.as_str())))]
    pub state: Option<AlertState>,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<u32>,
    /// Go on where an earlier list ended
    #[arg(long)]
    pub cursor: Option<String>,
}

/// `alert show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The alert
    pub id: MessageId,
    #[command(flatten)]
    pub session: ReaderArgs,
}
