//! What the trust commands report.

use std::path::PathBuf;

use serde::Serialize;

use super::Report;
use crate::base::{Digest, MemberId, NodeId, Timestamp};
use crate::cli::member::number_lines;
use crate::cli::text::{clean, hang, time};
use crate::seal::safety::SafetyNumber;

/// `trust propose`, `trust suspend`, `trust sign`: a proposal as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// The file.
    pub file: PathBuf,
    /// The fingerprint of the first root, which everybody compares; none where it is not known here.
    pub root: Option<Digest>,
    /// The fingerprint of the root that the list brings, where that is another one.
    pub next_root: Option<Digest>,
    /// The digest of what is signed: the list, or the suspend list.
    pub digest: Digest,
    /// The version of the trust list.
    pub version: u64,
    /// When the list expires; none for a suspend list, which ends with its list.
    pub expires: Option<Timestamp>,
    /// The nodes it lists, with the key ids of their identity keys.
    pub nodes: Vec<(NodeId, Digest)>,
    /// Members of the list in force that it leaves out.
    pub removes: Vec<MemberId>,
    /// Members that are suspended here and that it has: what waits for them goes once it is
    /// installed.
    pub takes_back: Vec<Suspended>,
    /// The members that it suspends, each with the reason.
    pub suspends: Vec<Suspended>,
    /// The members that have signed.
    pub signed_by: Vec<MemberId>,
    /// The members whose signatures can count.
    pub signers: Vec<MemberId>,
    /// Countries of the list that sign neither it nor a later one, until one is proposed with
    /// `--root`.
    pub cannot_sign: Vec<MemberId>,
    /// How many of them must sign.
    pub needed: usize,
    /// Whether the signatures suffice to install it.
    pub complete: bool,
}

/// A member that is out until the next list.
#[derive(Debug, Clone, Serialize)]
pub struct Suspended {
    /// The member.
    pub member: MemberId,
    /// Why.
    pub reason: String,
    /// Since when its keys may have been in other hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
}

impl Report for Proposal {
    fn text(&self) -> String {
        let file = self.file.display();
        let mut text = match self.expires {
            Some(expires) => format!(
                "Trust list {} in {file}\n  expires  {}\n",
                self.version,
                time(expires)
            ),
            None => format!("Suspension under trust list {} in {file}\n", self.version),
        };
        if let Some(root) = self.root {
            text += &format!("  root     {root}\n");
        }
        if let Some(next) = self.next_root {
            text += &format!(
                "  next     {next},\n           \
                 the root once this is in force; `--root` takes the one above\n"
            );
        }
        text += &format!("  digest   {}\n", self.digest);
        for (node, identity) in &self.nodes {
            text += &format!("  {node:<7}  identity {}…\n", identity.short());
        }
        if !self.removes.is_empty() {
            text += &hang("  removes  ", &names(&self.removes));
        }
        for out in &self.takes_back {
            let since = out.compromised_since.map_or_else(String::new, |since| {
                format!(
                    "; its keys may have been in other hands since {}",
                    time(since)
                )
            });
            let why = format!("which is SUSPENDED here: {}{since}", clean(&out.reason));
            text += &hang(&format!("  TAKES BACK {}, ", out.member), &why);
        }
        for suspended in &self.suspends {
            let lead = format!("  suspends {} ", suspended.member);
            text += &hang(&lead, &clean(&suspended.reason));
        }
        let signed = if self.signed_by.is_empty() {
            "by nobody yet".to_owned()
        } else {
            format!("by {}", names(&self.signed_by))
        };
        let counted = self.signers.len();
        text += &hang(
            "  signed   ",
            &format!("{signed}; {} of {counted} must sign", self.needed),
        );
        if !self.cannot_sign.is_empty() {
            let still =
                "may not sign it, nor a later one, until `liaison trust propose --root` says so";
            text += &hang(
                "  no vote  ",
                &format!("{} {still}", names(&self.cannot_sign)),
            );
        }
        text += if self.complete {
            "\nIt is complete: `liaison trust install --dir DIR --file FILE` on each node.\n"
        } else {
            "\nCompare the digest with the other members over another channel, then\n\
             `liaison trust sign --dir DIR --file FILE` at each.\n"
        };
        text
    }
}

/// `trust install`, `trust show`: the trust in force.
#[derive(Debug, Clone, Serialize)]
pub struct Trust {
    /// The fingerprint of the root.
    pub root: Digest,
    /// The version of the trust list in force.
    pub version: u64,
    /// The list's digest.
    pub digest: Digest,
    /// When the list expires.
    pub expires: Timestamp,
    /// Its members, without those who are suspended.
    pub members: Vec<TrustedMember>,
    /// Its members that are suspended.
    pub suspended: Vec<Suspended>,
}

/// A member of the trust list.
#[derive(Debug, Clone, Serialize)]
pub struct TrustedMember {
    /// The member.
    pub member: MemberId,
    /// Its office's name.
    pub name: String,
    /// How to reach it at any hour.
    pub contact: String,
    /// The 60 digits that its people see too; none for this member itself.
    pub safety_number: Option<SafetyNumber>,
    /// Since when its keys are said to have been in other hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compromised_since: Option<Timestamp>,
    /// Its nodes.
    pub nodes: Vec<TrustedNode>,
}

/// A node of the trust list.
#[derive(Debug, Clone, Serialize)]
pub struct TrustedNode {
    /// The node.
    pub node: NodeId,
    /// The key id of its identity key.
    pub identity: Digest,
    /// What peers dial, if anything.
    pub address: Option<String>,
}

impl Report for Trust {
    fn text(&self) -> String {
        let mut text = format!(
            "Trust list {}\n  root     {}\n  digest   {}\n  expires  {}\n",
            self.version,
            self.root,
            self.digest,
            time(self.expires)
        );
        for member in &self.members {
            text += &hang(
                &format!("\n{:<8} ", member.member),
                &format!("{} · {}", clean(&member.name), clean(&member.contact)),
            );
            for node in &member.nodes {
                let address = node.address.as_deref().unwrap_or("dials out only");
                text += &format!("  {:<10} {}\n", node.node, clean(address));
                text += &format!("             identity {}…\n", node.identity.short());
            }
            if let Some(since) = member.compromised_since {
                text += &format!("         KEYS COMPROMISED since {}\n", time(since));
            }
            if let Some(number) = &member.safety_number {
                text += &number_lines(&number.to_string());
            }
        }
        if self.members.len() > 1 {
            text += "\nCompare the numbers with each member's people, by telephone or in person, and\n\
                     record it: `liaison member verify --dir DIR MEMBER --number DIGITS`.\n";
        }
        for out in &self.suspended {
            let lead = format!("\n{:<8} ", out.member);
            text += &hang(&lead, &format!("SUSPENDED · {}", clean(&out.reason)));
            text += &format!(
                "         what it has: `liaison trust show --dir DIR --holds {}`\n",
                out.member
            );
        }
        text
    }
}

fn names(members: &[MemberId]) -> String {
    let members: Vec<_> = members.iter().map(MemberId::as_str).collect();
    members.join(", ")
}
