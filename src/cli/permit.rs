//! `permit …`: permissions to pass on what another member said, as a client of the running node.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use super::failure::Failure;
use super::rfi::READERS;
use super::session::{ReaderArgs, SessionArgs};
use super::text::{clean, hang, time};
use super::{letter, output};
use crate::api::{AskPermission, GrantPermission, Page, PermissionView, RefusePermission};
use crate::base::{MemberId, MessageId, Role, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// `permit …`.
#[derive(Debug, Subcommand)]
pub enum Permit {
    /// Ask the originator of a message whether it may be passed on
    Ask(Ask),
    /// Allow it: once, to one member, for a time
    Grant(Grant),
    /// Do not allow it, or take a permission back that was not used
    Refuse(Refuse),
    /// List the permissions that were asked for, here and of this office
    List(List),
    /// Show a permission and how it stands
    Show(Show),
}

/// `permit ask`.
#[derive(Debug, Args)]
pub struct Ask {
    /// The exchange: the id of its request
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// The message of the other side, as `rfi show` names it
    #[arg(long, value_name = "MESSAGE")]
    message: MessageId,
    /// The member that is to get it, such as TR
    #[arg(long, value_name = "MEMBER")]
    to: MemberId,
    /// What for
    #[arg(long)]
    purpose: String,
}

/// `permit grant`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("end").required(true).args(["until", "days"]))]
pub struct Grant {
    /// The permission: the id of the message that asks for it
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// When it ends, such as 2026-03-29T12:00:00Z
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// After how many days it ends
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=366))]
    days: Option<u16>,
}

/// `permit refuse`.
#[derive(Debug, Args)]
pub struct Refuse {
    /// The permission: the id of the message that asks for it
    id: MessageId,
    #[command(flatten)]
    session: SessionArgs,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// `permit list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    session: ReaderArgs,
}

/// `permit show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The permission: the id of the message that asks for it
    id: MessageId,
    #[command(flatten)]
    session: ReaderArgs,
}

impl Permit {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Ask(args) => {
                let session = args.session.open(&READERS)?;
                let body = AskPermission {
                    message: args.message,
                    to: args.to,
                    purpose: args.purpose,
                };
                done(&session.client.ask_permission(args.id, &body).await?, json)
            }
            Self::Grant(args) => {
                let session = args.session.open(&[Role::Contact])?;
                let days = DAY * u32::from(args.days.unwrap_or_default());
                let body = GrantPermission {
                    expires: args.until.unwrap_or(Timestamp::system().plus(days)),
                };
                done(
                    &session.client.grant_permission(args.id, &body).await?,
                    json,
                )
            }
            Self::Refuse(args) => {
                let session = args.session.open(&[Role::Contact])?;
                let body = RefusePermission {
                    reason: args.reason,
                };
                done(
                    &session.client.refuse_permission(args.id, &body).await?,
                    json,
                )
            }
            Self::List(args) => {
                let session = args.session.open(&READERS)?;
                let page = session.client.permissions().await?;
                output::print(&page, || list_text(&page), json)
            }
            Self::Show(args) => {
                let session = args.session.open(&READERS)?;
                done(&session.client.permission(args.id).await?, json)
            }
        }
    }
}

fn done(permission: &PermissionView, json: bool) -> Result<(), Failure> {
    let text = || match &permission.letter {
        Some(waiting) => letter::letter_now(waiting),
        None => words(permission),
    };
    output::print(permission, text, json)
}

fn list_text(page: &Page<PermissionView>) -> String {
    output::page(
        page.items.iter().map(words),
        page.next.as_deref(),
        "no permissions",
    )
}

/// A permission in words.
pub fn words(permission: &PermissionView) -> String {
    let mut text = format!("Permission {}\n", permission.id);
    text += &hang("  state      ", &clean(&permission.standing));
    let what = format!(
        "message {} of {}, in exchange {}",
        permission.message, permission.originator, permission.exchange
    );
    text += &hang("  what       ", &what);
    let who = format!("by {} to {}", permission.holder, permission.to);
    text += &hang("  passed on  ", &who);
    text += &hang("  purpose    ", &permission.purpose);
    text += &hang("  asked      ", &time(permission.asked));
    if let Some(expires) = permission.expires {
        text += &hang("  ends       ", &time(expires));
    }
    if let Some(used_by) = permission.used_by {
        text += &hang("  used by    ", &format!("message {used_by}"));
    }
    if !permission.actions.is_empty() {
        text += &hang("  you may    ", &permission.actions.join(", "));
    }
    text
}
