//! What the local operations report, as text and as JSON.

use std::path::PathBuf;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::text::{clean, count, duration, hang, size, time};
use crate::audit::AtRisk;
use crate::base::{Digest, MemberId, NodeId, Role, Timestamp};

mod trust;

pub use trust::{Proposal, Suspended, Trust, TrustedMember, TrustedNode};

/// An outcome that can be printed for a person; for a program it is its JSON.
pub trait Report: Serialize {
    /// The outcome in words, lines of at most 80 columns where the values allow, each ended.
    fn text(&self) -> String;
}

/// `init`: a node was made.
#[derive(Debug, Clone, Serialize)]
pub struct Initialised {
    /// The node.
    pub node: NodeId,
    /// Its folder.
    pub dir: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// The key id of its identity key.
    pub identity: Digest,
}

impl Report for Initialised {
    fn text(&self) -> String {
        let dir = self.dir.display();
        format!(
            "{} is made in {dir}.\n  identity  {}\n  settings  {}\n\n\
             Next: `liaison user add --dir {dir} --name NAME --role ROLE` for each person,\n\
             and `liaison member card --dir {dir} --out FILE` for the federation.\n",
            self.node,
            self.identity,
            self.config.display()
        )
    }
}

/// `user add`: a person was added.
#[derive(Clone, Serialize)]
pub struct UserAdded {
    /// The person's name at this node.
    pub name: String,
    /// What the person may act as.
    pub roles: Vec<Role>,
    /// The token, where it was not written to a file: shown this once.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub token: Option<Zeroizing<String>>,
    /// The one-time code that enrols the person's first passkey in the console: shown this once.
    #[serde(serialize_with = "shown_code")]
    pub code: Zeroizing<String>,
    /// The file that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

fn shown<S: Serializer>(token: &Option<Zeroizing<String>>, to: S) -> Result<S::Ok, S::Error> {
    token.as_ref().map(|token| token.as_str()).serialize(to)
}

fn shown_code<S: Serializer>(code: &Zeroizing<String>, to: S) -> Result<S::Ok, S::Error> {
    code.as_str().serialize(to)
}

impl Report for UserAdded {
    fn text(&self) -> String {
        let roles: Vec<_> = self.roles.iter().map(|role| role.as_str()).collect();
        let who = format!("{} may act as {}.\n", clean(&self.name), roles.join(", "));
        let token = match (&self.token, &self.token_file) {
            (Some(token), _) => format!("Token, shown this once:\n{}\n", **token),
            (None, Some(file)) => format!("The token is in {}.\n", file.display()),
            (None, None) => String::new(),
        };
        let code = &*self.code;
        format!("{who}{token}One-time code for the console, good for 7 days:\n{code}\n")
    }
}

/// `member card`: the card was written.
#[derive(Debug, Clone, Serialize)]
pub struct CardWritten {
    /// The node that the card presents.
    pub node: NodeId,
    /// The key id of its identity key, to compare by another channel.
    pub identity: Digest,
    /// The address that peers will dial, if any.
    pub address: Option<String>,
    /// The file.
    pub file: PathBuf,
}

impl Report for CardWritten {
    fn text(&self) -> String {
        let address = self.address.as_deref().unwrap_or("none: this node dials");
        format!(
            "The card of {} is in {}.\n  identity  {}\n  address   {}\n\n\
             Send it to the members, and read them the identity over another channel.\n",
            self.node,
            self.file.display(),
            self.identity,
            clean(address)
        )
    }
}

/// `audit verify`: a log or a bundle was verified, and holds.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The log's origin.
    pub origin: String,
    /// Entries.
    pub entries: u64,
    /// The root of the tree over them.
    pub log_root: Digest,
    /// Signed checkpoints, each verified.
    pub checkpoints: u64,
    /// The time of the last entry; none in an empty log.
    pub last: Option<Timestamp>,
    /// The fingerprint of the root of trust that vouches for the log's key; none where the folder
    /// holds no trust list, or one that does not name the node.
    pub trust_root: Option<Digest>,
    /// Whether that fingerprint was compared with one given by the caller, or with the node's own.
    pub origin_checked: bool,
    /// What other members say of it; none where there are no cosignatures.
    pub witnessed: Option<Witnessed>,
    /// The decisions of people on letters: each is another person's than the letter's, or an
    /// emergency, and signed.
    pub decisions: u64,
    /// The letters that left in an emergency and were not reviewed, by their entries.
    pub unreviewed: Vec<u64>,
    /// The entries with which the log went on after the node was restored from a backup.
    pub restored: Vec<u64>,
    /// Members whose keys are said to have been in other hands, and what the log holds of them since.
    pub at_risk: Vec<AtRisk>,
    /// What the verifier wants said besides, such as a tail that was never acknowledged.
    pub notes: Vec<String>,
}

/// What other members say of a log.
#[derive(Debug, Clone, Serialize)]
pub struct Witnessed {
    /// The entries under the checkpoint that they cosigned.
    pub size: u64,
    /// The members whose cosignatures hold.
    pub by: Vec<MemberId>,
    /// How many members may cosign it.
    pub witnesses: usize,
    /// How many are enough.
    pub quorum: Option<usize>,
    /// Whether they are enough.
    pub enough: bool,
}

impl Witnessed {
    fn text(&self) -> String {
        let by: Vec<&str> = self.by.iter().map(MemberId::as_str).collect();
        let enough = match (self.enough, self.quorum) {
            (true, _) => "witnessed".to_owned(),
            (false, Some(quorum)) => format!("NOT witnessed, {quorum} are needed"),
            (false, None) => "NOT witnessed, there is nobody to do so".to_owned(),
        };
        let words = format!(
            "entries 0 to {} cosigned by {} of {}: {}; {enough}",
            self.size.saturating_sub(1),
            self.by.len(),
            count(self.witnesses as u64, "witness", "witnesses"),
            by.join(", ")
        );
        hang("  cosigned ", &words)
    }
}

impl Report for Verified {
    fn text(&self) -> String {
        let mut text = format!(
            "{} holds: {}, {}.\n  root     {}\n",
            clean(&self.origin),
            count(self.entries, "entry", "entries"),
            count(self.checkpoints, "signed checkpoint", "signed checkpoints"),
            self.log_root
        );
        if let Some(last) = self.last {
            text += &format!("  last     {}\n", time(last));
        }
        let decided = count(self.decisions, "signed decision", "signed decisions");
        text += &format!("  4 eyes   {decided}, nobody's on their own letter\n");
        for entry in &self.unreviewed {
            text += &format!("  4 eyes   EMERGENCY RELEASE of entry {entry} NOT REVIEWED\n");
        }
        match (self.trust_root, self.origin_checked) {
            (Some(root), true) => text += &format!("  trust    {root}, compared\n"),
            (Some(root), false) => {
                text += &format!("  trust    {root}\n\n");
                text += "The origin is UNCHECKED: compare this root of trust with one that you \
                         know,\nor give it with --root.\n";
            }
            (None, _) => text += "  trust    no list names this node: the origin is UNCHECKED\n",
        }
        for entry in &self.restored {
            text += &hang(
                "  restored ",
                &format!(
                    "from a backup, which ends before entry {entry}; what came after it at that time \
                     is not in this log"
                ),
            );
        }
        for risk in &self.at_risk {
            text += &hang("  AT RISK  ", &risk.in_words());
        }
        if let Some(witnessed) = &self.witnessed {
            text += &witnessed.text();
        }
        for note in &self.notes {
            text += &hang("  note     ", note);
        }
        text
    }
}

/// `audit export`: the log was exported.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The log's origin.
    pub origin: String,
    /// The bundle.
    pub file: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Entries in it.
    pub entries: u64,
    /// The root of the tree over them.
    pub log_root: Digest,
    /// The fingerprint of the root of trust, to hand over by another channel.
    pub trust_root: Option<Digest>,
}

impl Report for Exported {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} exported to {} ({}).\n  root     {}\n",
            clean(&self.origin),
            count(self.entries, "entry", "entries"),
            self.file.display(),
            size(self.bytes),
            self.log_root
        );
        if let Some(root) = self.trust_root {
            text += &format!(
                "  trust    {root}\n\nWhoever verifies it needs that root of trust from you, by \
                 another channel:\n`liaison audit verify --bundle FILE --root FINGERPRINT`\n"
            );
        }
        text
    }
}

/// `store rebuild`: the index was rebuilt.
#[derive(Debug, Clone, Serialize)]
pub struct Rebuilt {
    /// Entries of the log that were applied.
    pub entries: u64,
    /// Bytes of the index on disk before; none where there was none.
    pub bytes_before: Option<u64>,
    /// Bytes of the index on disk now.
    pub bytes_after: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Report for Rebuilt {
    fn text(&self) -> String {
        let before = self.bytes_before.map_or("none".to_owned(), size);
        format!(
            "The index is rebuilt from {} in {}.\n  size     {before} before, {} now\n",
            count(self.entries, "entry", "entries"),
            duration(std::time::Duration::from_millis(self.millis)),
            size(self.bytes_after)
        )
    }
}
