//! Who answers at an office, and when: its duty roster, and what an officer must do now about an
//! exchange or an alert, with whom to call.

use serde::{Deserialize, Serialize};

mod alert;
mod attention;
mod call;
mod concern;
mod hours;
mod letter;
#[cfg(test)]
mod tests;

pub use alert::{alert_attention, alert_concern};
pub use attention::{
    Attention, Facts, LooseEnd, LooseState, Matter, Reach, Reason, attention, concerns,
    possible_concerns,
};
pub use call::{Call, CallMade, CallOutcome};
pub use concern::{AHEAD, Concern, Told};
pub use hours::{Hours, Weekday};
pub use letter::{letter_attention, letter_concern};

use super::{Faults, FieldError};
use crate::base::Timestamp;

codes! {
    /// How high a post stands: escalation goes from one to the next as time passes.
    DutyLevel {
        /// The duty desk, which answers first.
        Desk = "duty-desk",
        /// The head of the unit.
        Head = "head-of-unit",
        /// The national contact point.
        National = "national-contact",
    }
}

impl DutyLevel {
    /// Its number, from 1.
    pub fn number(self) -> u8 {
        match self {
            Self::Desk => 1,
            Self::Head => 2,
            Self::National => 3,
        }
    }

    /// The level with this number; the last for every higher one, the first for 0.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 | 1 => Self::Desk,
            2 => Self::Head,
            3.. => Self::National,
        }
    }
}

/// The most posts of a roster.
const MOST_POSTS: usize = 12;

/// One post of a roster. It names a function, never a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// How high it stands.
    pub level: DutyLevel,
    /// What it is called.
    pub post: String,
    /// Its telephone number in international form, such as `+389 2 000 0000`.
    pub phone: String,
    /// When it answers; at any hour where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// The languages that are spoken there, BCP 47, the preferred first.
    pub languages: Vec<String>,
}

impl Post {
    /// Whether it answers at a time; nothing where this machine does not know the time zone.
    pub fn answers(&self, now: Timestamp) -> Option<bool> {
        self.hours.as_ref().map_or(Some(true), |h| h.cover(now))
    }

    fn check(&self, path: &str, faults: &mut Faults) {
        faults.text(format!("{path}.post"), &self.post, 100);
        if !is_phone(&self.phone) {
            let what = "is a telephone number in international form, such as +389 2 000 0000";
            faults.note(format!("{path}.phone"), "not-allowed", what);
        }
        if let Some(hours) = &self.hours {
            hours.check(&format!("{path}.hours"), faults);
        }
        faults.some(format!("{path}.languages"), &self.languages, 16);
        faults.distinct(format!("{path}.languages"), &self.languages);
        for (i, language) in self.languages.iter().enumerate() {
            faults.language(format!("{path}.languages[{i}]"), language);
        }
    }
}

/// `+`, then 6 to 15 digits (ITU-T E.164) with single spaces between them.
fn is_phone(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else {
        return false;
    };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let allowed = number.bytes().all(|b| b.is_ascii_digit() || b == b' ');
    let spaced = number.trim() == number && !number.contains("  ");
    allowed && spaced && (6..=15).contains(&digits) && !number.starts_with('0')
}

/// The posts of an office, in the order in which they are to be called. Empty where it has said
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roster(pub Vec<Post>);

impl Roster {
    /// Checks every field. An empty roster is none, and is not refused.
    ///
    /// # Errors
    /// All faults, each at its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Faults::default();
        faults.most("duty", &self.0, MOST_POSTS);
        for (i, post) in self.0.iter().enumerate() {
            post.check(&format!("duty[{i}]"), &mut faults);
        }
        let desk = |post: &Post| post.level == DutyLevel::Desk;
        if !self.is_empty() && !self.0.iter().any(desk) {
            let what = "has a duty desk: somebody answers first";
            faults.note("duty", "required", what);
        }
        faults.outcome()
    }

    /// Whether it names nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whom to call at a level: a post of that level that answers now, else a higher one that does,
    /// else a lower one; where none answers, by level alone.
    pub fn at(&self, level: DutyLevel, now: Timestamp) -> Option<&Post> {
        let rank = |post: &&Post| {
            let closed = post.answers(now) == Some(false);
            let below = post.level < level;
            (closed, below, post.level.number().abs_diff(level.number()))
        };
        self.0.iter().min_by_key(rank)
    }
}
