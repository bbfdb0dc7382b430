//! Entries under keys that are said to have been in other hands: they hold as all others do, and an
//! auditor is told which they are.

use serde::Serialize;

use super::Entry;
use crate::base::{MemberId, Timestamp};
use crate::seal::trust::Directory;

/// What a log holds of one member from the time on at which its keys were, perhaps, in other hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtRisk {
    /// The member; the log's own, where its keys are meant.
    pub member: MemberId,
    /// Since when.
    pub since: Timestamp,
    /// How many entries concern it since then. The entry of a message to several names the first of
    /// them alone, and counts for that one.
    pub entries: u64,
    /// The first of them.
    pub first: Option<u64>,
}

impl AtRisk {
    /// It in words, for an auditor.
    pub fn in_words(&self) -> String {
        let Self { member, since, .. } = self;
        let found = match self.first {
            Some(first) => format!(
                "{} entries concern it, entry {first} the first",
                self.entries
            ),
            None => "no entry concerns it".to_owned(),
        };
        format!("{member}'s keys may have been in other hands since {since}; since then {found}")
    }
}

/// Counts them, entry by entry.
#[derive(Debug, Clone)]
pub struct RiskCount {
    own: MemberId,
    members: Vec<AtRisk>,
}

impl RiskCount {
    /// A count for the log of a node of `own`, by what the trust documents say.
    pub fn new(own: MemberId, directory: &Directory) -> Self {
        let listed = directory.list().members.iter();
        let members = listed.filter_map(|listed| {
            Some(AtRisk {
                member: listed.member,
                since: directory.compromised_since(listed.member)?,
                entries: 0,
                first: None,
            })
        });
        Self {
            own,
            members: members.collect(),
        }
    }

    /// Takes note of an entry.
    pub fn see(&mut self, index: u64, entry: &Entry) {
        for risk in &mut self.members {
            let concerned = entry.peer == Some(risk.member) || risk.member == self.own;
            if concerned && entry.time >= risk.since {
                risk.entries += 1;
                risk.first = risk.first.or(Some(index));
            }
        }
    }

    /// What was found, by member.
    pub fn found(self) -> Vec<AtRisk> {
        self.members
    }
}
