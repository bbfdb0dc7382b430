//! `member reach`: how the members are reached beside the exchange, as the folder says it: no node needs
//! to run for that.

use clap::Args;
use serde::Serialize;

use crate::api::PostView;
use crate::base::{MemberId, NodeId, Timestamp};
use crate::cli::args::Dir;
use crate::cli::attention::post_words;
use crate::cli::failure::{Exit, Failure};
use crate::cli::report::Report;
use crate::cli::text::{clean, hang, time};
use crate::cli::trust::in_force;
use crate::config::Config;
use crate::domain::duty::{Post, Roster};
use crate::seal::trust::{Directory, Member};

/// `member reach`.
#[derive(Debug, Args)]
pub struct Reach {
    /// Only this member
    #[arg(value_name = "MEMBER")]
    member: Option<MemberId>,
    #[command(flatten)]
    dir: Dir,
}

/// `member reach`: how members are reached.
#[derive(Debug, Serialize)]
pub struct Members {
    members: Vec<MemberShown>,
}

#[derive(Debug, Serialize)]
struct MemberShown {
    member: MemberId,
    name: String,
    /// How the trust list says that its people are reached.
    contact: String,
    nodes: Vec<NodeShown>,
    /// Since when the roster stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    duty_since: Option<Timestamp>,
    duty: Vec<PostView>,
}

#[derive(Debug, Serialize)]
struct NodeShown {
    node: NodeId,
    /// What peers dial, if anything.
    address: Option<String>,
    /// What the trust list says, where the node has moved since.
    #[serde(skip_serializing_if = "Option::is_none")]
    listed: Option<String>,
}

impl Reach {
    /// Reads what the trust in force says.
    ///
    /// # Errors
    /// A [`Failure`], [`Exit::NotFound`] for no list, or no such member in it.
    pub fn run(&self) -> Result<Members, Failure> {
        let config = Config::load(&self.dir.dir)?;
        let directory = in_force(&config)?;
        let now = Timestamp::system();
        let wanted = |member: &&Member| self.member.is_none_or(|id| id == member.member);
        let members = directory.members().iter().filter(wanted);
        let members: Vec<_> = members.map(|m| shown(&directory, m, now)).collect();
        if let (Some(member), []) = (self.member, members.as_slice()) {
            return Err(Failure::new(
                Exit::NotFound,
                "not-listed",
                "there is no such member",
                format!("{member} is not a member of the trust list in force"),
                "`liaison member reach` without a member lists them",
            ));
        }
        Ok(Members { members })
    }
}

fn shown(directory: &Directory, member: &Member, now: Timestamp) -> MemberShown {
    let duty = directory.duty(member.member);
    let nodes = member.node_ids().zip(&member.nodes);
    MemberShown {
        member: member.member,
        name: member.name.clone(),
        contact: member.contact.clone(),
        nodes: nodes
            .map(|(node, listed)| {
                let address = directory.address(node).map(ToOwned::to_owned);
                NodeShown {
                    node,
                    listed: listed
                        .address
                        .clone()
                        .filter(|old| Some(old) != address.as_ref()),
                    address,
                }
            })
            .collect(),
        duty_since: duty.map(|(_, since)| since),
        duty: duty.map_or_else(Vec::new, |(roster, _)| views(roster, now)),
    }
}

pub(super) fn views(roster: &Roster, now: Timestamp) -> Vec<PostView> {
    let view = |post: &Post| PostView {
        level: post.level.to_string(),
        post: post.post.clone(),
        phone: post.phone.clone(),
        hours: post.hours.as_ref().map(ToString::to_string),
        answers_now: post.answers(now),
        languages: post.languages.clone(),
    };
    roster.0.iter().map(view).collect()
}

pub(super) fn posts(duty: &[PostView]) -> String {
    let lines = duty.iter();
    lines
        .map(|post| {
            let lead = format!("  {:<17}", clean(&post.level));
            hang(&lead, &post_words(post))
        })
        .collect()
}

impl Report for Members {
    fn text(&self) -> String {
        let mut text = String::new();
        for member in &self.members {
            let lead = format!("{:<8} ", member.member);
            text += &hang(&lead, &clean(&member.name));
            let contact = match member.contact.as_str() {
                "" => "none",
                contact => contact,
            };
            text += &hang("  trust list       ", contact);
            for node in &member.nodes {
                let address = node.address.as_deref().unwrap_or("dials out only");
                let moved = match &node.listed {
                    Some(listed) => format!(" (moved; the trust list says {})", clean(listed)),
                    None => String::new(),
                };
                let lead = format!("  node {:<12}", node.node);
                text += &hang(&lead, &format!("{}{moved}", clean(address)));
            }
            match member.duty_since {
                Some(since) => text += &format!("  on duty since    {}\n", time(since)),
                None => text += "  on duty          it has not said who\n",
            }
            text += &posts(&member.duty);
            text += "\n";
        }
        text
    }
}
