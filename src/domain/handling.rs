//! What a receiver may do with information, and what it is worth.
//!
//! To whom an alert may go by its marking. Observers are the members that are organisations: they
//! facilitate the exchange, and have no part in policing.
//!
//! | Marking | Countries | Observers |
//! |---|---|---|
//! | TLP:RED | if named one by one | no |
//! | TLP:AMBER+STRICT | yes | no |
//! | TLP:AMBER | yes | if neither H2 nor H3 restricts it: an observer passes on what it learns, and no node can check a restriction in words |
//! | TLP:GREEN, TLP:CLEAR | yes | yes |
//!
//! Observers, members and persons alike, never get the attachments of an alert: nobody can see to
//! it that a file holds no personal data. An alert itself has no field for a person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Faults;

mod disclosure;
mod strictness;
mod words;

pub use disclosure::{Barrier, Disclosure};

/// The text is not a value of the code list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a value of the code list")]
pub struct UnknownCode;

codes! {
    /// SIENA handling codes; they combine.
    HandlingCode {
        /// Use only to prevent and combat crime.
        H0 = "H0",
        /// Not in judicial proceedings without the provider's permission.
        H1 = "H1",
        /// No dissemination without the provider's permission.
        H2 = "H2",
        /// Other restrictions, in text.
        H3 = "H3",
    }
}

codes! {
    /// Traffic Light Protocol 2.0 (FIRST).
    Tlp {
        /// For the eyes of the recipients only.
        Red = "RED",
        /// The recipient's organisation only.
        AmberStrict = "AMBER+STRICT",
        /// The recipient's organisation and its clients.
        Amber = "AMBER",
        /// The community.
        Green = "GREEN",
        /// The world.
        Clear = "CLEAR",
    }
}

codes! {
    /// Evaluation of the source, 4×4 system (Regulation (EU) 2016/794 Art. 29).
    Source {
        /// No doubt as to authenticity, trustworthiness and competence.
        A = "A",
        /// Reliable in most instances.
        B = "B",
        /// Unreliable in most instances.
        C = "C",
        /// Cannot be assessed.
        X = "X",
    }
}

codes! {
    /// Evaluation of the information, 4×4 system (Regulation (EU) 2016/794 Art. 29).
    Accuracy {
        /// Accuracy not in doubt.
        One = "1",
        /// Known personally to the source, not to the official.
        Two = "2",
        /// Not known personally to the source, but corroborated.
        Three = "3",
        /// Neither known personally to the source nor corroborated.
        Four = "4",
    }
}

/// Evaluation by the 4×4 system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The source.
    pub source: Source,
    /// The information.
    pub information: Accuracy,
}

/// What the originator allows: it binds every receiver (originator control).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Handling {
    /// Handling codes, at least one.
    pub codes: Vec<HandlingCode>,
    /// The restriction that H3 stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restriction: Option<String>,
    /// Traffic Light Protocol.
    pub tlp: Tlp,
    /// Whether the Chatham House Rule applies (`tlp:ex:chr`).
    #[serde(default)]
    pub chatham_house: bool,
    /// How long a receiver may keep it, in days; a receiver may shorten it, never lengthen it.
    #[serde(default = "five_years")]
    pub retention_days: u32,
}

/// INTERPOL's initial limit.
fn five_years() -> u32 {
    5 * 365
}

impl Handling {
    /// Checks the codes against each other.
    pub(crate) fn check(&self, faults: &mut Faults) {
        faults.some("handling.codes", &self.codes, HandlingCode::ALL.len());
        faults.distinct("handling.codes", &self.codes);
        let h3 = self.codes.contains(&HandlingCode::H3);
        if h3 && self.restriction.is_none() {
            let what = "H3 needs its restriction in words";
            faults.note("handling.restriction", "required", what);
        }
        if !h3 && self.restriction.is_some() {
            let what = "a restriction in words goes with H3";
            faults.note("handling.restriction", "not-allowed", what);
        }
        faults.optional("handling.restriction", self.restriction.as_deref(), 1_000);
        if self.retention_days == 0 || self.retention_days > 100 * 365 {
            let what = "is 1 day to 100 years";
            faults.note("handling.retention_days", "not-allowed", what);
        }
    }
}
