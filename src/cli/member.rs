//! `member …`: this office's card and duty roster, and how other members stand and are reached.

mod duty;
mod reach;

use clap::{Args, Subcommand};

use super::args::MemberCard;
use super::failure::{Exit, Failure};
use super::session::{ReaderArgs, SessionArgs};
use super::text::{clean, count, hang, time};
use super::{local, output};
use crate::api::{CompareNumber, ConfirmedView, MemberList, MemberView, ProposalView};
use crate::base::{MemberId, Role};
use crate::config::Config;

/// Digits of a safety number that stand on one line, in groups of five.
const GROUPS_A_LINE: usize = 6;

/// `member …`.
#[derive(Debug, Subcommand)]
pub enum Member {
    /// Write this node's card: its keys and address, for the federation to list
    Card(MemberCard),
    /// Say who is on duty at this office, to be called by other members
    Duty(duty::Duty),
    /// Show how members are reached: their addresses, their numbers, who is on duty now
    Reach(reach::Reach),
    /// List the other members: who compared their safety number, and what stops exchange
    List(List),
    /// Show how a member stands, with the safety number
    Show(Show),
    /// Compare the safety number with a member's people, and record that it is the same
    Verify(Verify),
    /// Accept the changed identity key of a member; two people must
    Accept(Accept),
}

/// `member list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    session: ReaderArgs,
}

/// `member show`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    session: ReaderArgs,
    /// The member
    member: MemberId,
}

/// `member verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    session: SessionArgs,
    /// The member
    member: MemberId,
    /// The 60 digits that the member's people read out; without them the number is only shown
    #[arg(long, value_name = "DIGITS")]
    number: Option<String>,
}

/// `member accept`.
#[derive(Debug, Args)]
pub struct Accept {
    #[command(flatten)]
    session: SessionArgs,
    /// The member
    member: MemberId,
}

/// Who may read.
const READERS: [Role; 6] = [
    Role::Contact,
    Role::Officer,
    Role::Releaser,
    Role::Admin,
    Role::Auditor,
    Role::Observer,
];
/// Who may compare and accept.
const CONFIRMERS: [Role; 4] = [Role::Contact, Role::Officer, Role::Releaser, Role::Admin];

impl Member {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`]; [`Exit::Unverified`] where a number is another.
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Card(args) => {
                let config = Config::load(&args.dir.dir)?;
                let passphrase = args.passphrase.existing(&config)?;
                output::report(&local::member_card(&config, &passphrase, &args.out)?, json)
            }
            Self::Duty(args) => output::report(&args.run()?, json),
            Self::Reach(args) => output::report(&args.run()?, json),
            Self::List(args) => {
                let list = args.session.open(&READERS)?.client.members().await?;
                output::print(&list, || listed(&list), json)
            }
            Self::Show(args) => {
                let client = args.session.open(&READERS)?.client;
                let member = client.member(args.member).await?;
                output::print(&member, || shown(&member), json)
            }
            Self::Verify(args) => {
                let client = args.session.open(&CONFIRMERS)?.client;
                let member = match args.number {
                    None => client.member(args.member).await?,
                    Some(number) => {
                        let body = CompareNumber { number };
                        let compared = client.compare(args.member, &body).await;
                        compared.map_err(|error| Failure::from(error).unverified_if(DIFFERS))?
                    }
                };
                output::print(&member, || shown(&member), json)
            }
            Self::Accept(args) => {
                let client = args.session.open(&CONFIRMERS)?.client;
                let member = client.accept_identity(args.member).await?;
                output::print(&member, || shown(&member), json)
            }
        }
    }
}

/// The code of a number that is another.
const DIFFERS: &str = "number-differs";

fn listed(list: &MemberList) -> String {
    let members: String = match list.members.is_empty() {
        true => "There is no other member.\n".to_owned(),
        false => list.members.iter().map(line).collect(),
    };
    let proposals: String = list.proposals.iter().map(proposed).collect();
    members + &proposals
}

/// A change of the trust list that is not in force, and what it waits for.
fn proposed(of: &ProposalView) -> String {
    fn named<T: std::fmt::Display>(what: &str, names: &[T]) -> Option<String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    }
    let signed = match of.complete {
        true => "enough have signed: `liaison trust install`".to_owned(),
        false => format!("{} of {} signed", of.signed_by.len(), of.needed),
    };
    let missing = named("waits for", &of.missing).filter(|_| !of.complete);
    let waits = [Some(signed), missing].into_iter().flatten();
    let waits = waits.collect::<Vec<_>>().join(", ");
    let says = [
        named("takes in", &of.joins),
        named("gives other keys to", &of.replaces),
        named("takes out", &of.leaves),
        named("suspends", &of.suspends),
        named("takes back the suspended", &of.takes_back),
        Some(waits),
    ];
    let says: Vec<String> = says.into_iter().flatten().collect();
    hang(&format!("list {:<3} ", of.version), &says.join(" · "))
}

fn line(member: &MemberView) -> String {
    let lead = format!("{:<8} ", member.member);
    hang(&lead, &standing(member).join(" · "))
}

/// How a member stands, the most urgent first.
fn standing(member: &MemberView) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(changed) = &member.changed {
        words.push(format!(
            "IDENTITY KEY CHANGED, exchange is stopped: accepted by {} of 2",
            changed.accepted.len()
        ));
    }
    match member.out.as_deref() {
        None | Some("identity-changed") => {}
        Some(out) => words.push(format!("{}: nothing is sent to it", clean(out))),
    }
    if let Some(since) = member.compromised_since {
        words.push(format!("keys compromised since {}", time(since)));
    }
    words.push(match &member.compared {
        Some(by) => format!("compared by {}", who(by)),
        None => "NOT COMPARED".to_owned(),
    });
    if member.nodes.len() > 1 {
        words.push(count(member.nodes.len() as u64, "node", "nodes"));
    }
    words
}

fn who(by: &ConfirmedView) -> String {
    let name = by
        .by
        .as_deref()
        .map_or("somebody who is gone".to_owned(), clean);
    format!("{name} ({}), {}", by.role, time(by.at))
}

fn shown(member: &MemberView) -> String {
    let mut text = String::new();
    if let Some(changed) = &member.changed {
        text += &format!(
            "THE IDENTITY KEY OF {} HAS CHANGED ({}).\n\
             Nothing goes to it or comes from it until two of you have compared the number\n\
             below with its people, by telephone or in person, and accepted it:\n\
             `liaison member accept --dir DIR {}`.\n\n",
            member.member,
            time(changed.since),
            member.member
        );
        for by in &changed.accepted {
            text += &format!("  accepted by {}\n", who(by));
        }
    }
    text += &line(member);
    let nodes: Vec<_> = member.nodes.iter().map(ToString::to_string).collect();
    if !nodes.is_empty() {
        text += &format!("  nodes    {}\n", nodes.join(", "));
    }
    if let Some(number) = &member.safety_number {
        text += "  number\n";
        text += &number_lines(number);
        text += "\nIts people see the same 60 digits with `liaison member verify`. Compare them by\n\
                 telephone or in person, then record it with --number.\n";
    }
    text
}

/// A safety number in lines.
pub fn number_lines(number: &str) -> String {
    let groups: Vec<&str> = number.split(' ').collect();
    let lines = groups.chunks(GROUPS_A_LINE);
    lines
        .map(|line| format!("      {}\n", line.join(" ")))
        .collect()
}

impl Failure {
    /// The same, as a verification that found a fault if it has this code.
    fn unverified_if(self, code: &str) -> Self {
        match self.code() == code {
            true => self.with_exit(Exit::Unverified),
            false => self,
        }
    }
}
