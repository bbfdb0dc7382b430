//! The protection gate: what must not leave without a second person's decision, whatever the
//! office's policy, since it could tell a country where somebody is who fled it.
//!
//! It stops what would tell a country about one of its own: a national, somebody who comes from
//! there, the holder of a document that it issued. What it takes to go through, and why it does
//! not stop everything of which nothing is known, stands in docs/adr/0021.

use serde::{Deserialize, Serialize};

use super::message::Body;
use super::rfi::{Birth, Calendar, Document, Ground, Person, PersonStatus, Precision, Request};
use crate::base::{MemberId, Timestamp};

codes! {
    /// What ties somebody to a country.
    Tie {
        /// A nationality.
        Nationality = "nationality",
        /// The country that the person comes from.
        Origin = "origin",
        /// A document that the country issued.
        Document = "document",
        /// No nationality or origin is said, so that it may be any country.
        Unstated = "unstated",
    }
}

codes! {
    /// Why somebody may need protection.
    Sign {
        /// Seeks asylum, or may.
        Asylum = "asylum",
        /// Is a minor.
        Minor = "minor",
        /// Is a victim, or may be.
        Victim = "victim",
        /// Whether asylum is sought is not known here.
        AsylumUnknown = "asylum-unknown",
        /// Whether it is a minor is not known here.
        MinorUnknown = "minor-unknown",
        /// Whether it is a victim is not known here.
        VictimUnknown = "victim-unknown",
    }
}

impl Sign {
    /// The sign in words, as the rest of a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Asylum => "seeks or may seek asylum",
            Self::Minor => "is or may be a minor",
            Self::Victim => "is or may be a victim",
            Self::AsylumUnknown => "may seek asylum: this is not known here",
            Self::MinorUnknown => "may be a minor: this is not known here",
            Self::VictimUnknown => "may be a victim: this is not known here",
        }
    }

    fn positive(self) -> bool {
        matches!(self, Self::Asylum | Self::Minor | Self::Victim)
    }
}

/// One reason why the gate stops a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// The member that would learn of it.
    pub member: MemberId,
    /// The subject, by its place in the request, from 0; none where nobody is named.
    pub subject: Option<u16>,
    /// What ties the subject to the member's country.
    pub tie: Tie,
    /// Why the subject may need protection.
    pub signs: Vec<Sign>,
}

impl Stopped {
    /// The reason as a sentence.
    pub fn in_words(&self) -> String {
        let who = match self.subject {
            Some(place) => format!("subject {place}"),
            None => "whoever is behind it".to_owned(),
        };
        let member = self.member;
        let tie = match self.tie {
            Tie::Nationality => format!("is a national of {member}"),
            Tie::Origin => format!("comes from {member}"),
            Tie::Document => format!("has a document of {member}"),
            Tie::Unstated => format!("has no stated nationality, so that it may be {member}'s"),
        };
        let signs: Vec<&str> = self.signs.iter().map(|sign| sign.in_words()).collect();
        format!("{who} {tie}, and {}", signs.join(", and "))
    }
}

/// What a message carries that the gate looks at.
pub enum Carries<'a> {
    /// A request, with its subjects.
    Request(&'a Request),
    /// Something that tells whether the subjects of a request are known.
    Reply,
    /// The same, and another member to ask about them.
    Transfer(MemberId),
    /// Leave to pass on to another member what was said about the subjects of a request.
    Permission(MemberId),
    /// Nothing about persons that the other side does not have.
    Nothing,
}

impl<'a> Carries<'a> {
    /// What a message carries. A no-hit tells nothing, and a refusal tells something only if its
    /// ground does.
    pub fn of(body: &'a Body) -> Self {
        match body {
            Body::Request(request) => Self::Request(request),
            Body::Answer(answer) if answer.is_silent() => Self::Nothing,
            // Who waits for a court, or for another authority, has something to wait for.
            Body::Answer(_)
            | Body::Correction(_)
            | Body::AwaitingAuthorisation(_)
            | Body::Channelling(_) => Self::Reply,
            Body::Refusal(refusal) if tells(refusal.ground) => Self::Reply,
            Body::Transfer(transfer) => Self::Transfer(transfer.to),
            Body::PermissionGrant(grant) => Self::Permission(grant.to),
            Body::Refusal(_)
            | Body::Acceptance(_)
            | Body::ClarificationRequest(_)
            | Body::Clarification(_)
            | Body::Feedback(_)
            | Body::Closing(_)
            | Body::Withdrawal(_)
            | Body::Supersession(_)
            | Body::Reopening(_)
            | Body::PermissionRequest(_)
            | Body::PermissionRefusal(_)
            | Body::Notice(_)
            | Body::Alert(_)
            | Body::Sighting(_)
            | Body::AlertUpdate(_)
            | Body::AlertCancellation(_)
            | Body::Contradiction(_)
            | Body::Acknowledgement(_)
            | Body::Subscription(_) => Self::Nothing,
        }
    }
}

/// Whether a refusal by this ground tells that there is something to withhold.
fn tells(ground: Ground) -> bool {
    match ground {
        Ground::C
        | Ground::D
        | Ground::E
        | Ground::F1
        | Ground::F2
        | Ground::F3
        | Ground::H
        | Ground::X1 => true,
        Ground::A | Ground::B | Ground::G1 | Ground::G2 | Ground::X2 | Ground::X3 | Ground::X5 => {
            false
        }
    }
}

/// Whether somebody is something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
    Unknown,
}

impl Known {
    fn of(flag: Option<bool>) -> Self {
        match flag {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

/// Whose word counts on whether somebody needs protection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// This office wrote the request.
    Ours,
    /// The country wrote it that is told about its own: that it denies a need says nothing.
    Theirs,
}

/// Why a request may not go to a member just so. `at` is the time at which ages count.
pub fn of_request(request: &Request, to: MemberId, at: Timestamp) -> Vec<Stopped> {
    let mut stopped = stops(request, to, at, Word::Ours);
    // Where nobody is named, what leads to a person stands for that person.
    let named = request.subjects.iter();
    let mut named = named.filter(|s| s.person.is_some() || s.document.is_some());
    let mut leads = request.subjects.iter();
    let leads = leads.any(|s| s.phone.is_some() || s.account.is_some() || s.address.is_some());
    if named.next().is_none() && leads {
        let signs = signs(request, None, at, Word::Ours);
        let signs: Vec<Sign> = signs.into_iter().filter(|sign| sign.positive()).collect();
        if !signs.is_empty() {
            stopped.push(Stopped {
                member: to,
                subject: None,
                tie: Tie::Unstated,
                signs,
            });
        }
    }
    stopped
}

/// Why a reply that tells whether somebody is known may not go to the asking member just so.
pub fn of_reply(request: &Request, to: MemberId, at: Timestamp) -> Vec<Stopped> {
    stops(request, to, at, Word::Theirs)
}

fn stops(request: &Request, to: MemberId, at: Timestamp, word: Word) -> Vec<Stopped> {
    let mut stopped = Vec::new();
    for (place, subject) in (0..=u16::MAX).zip(&request.subjects) {
        let tie = match (&subject.person, &subject.document) {
            (Some(person), _) => tie_of(person, to),
            (None, Some(document)) => Some(issued(document, to)),
            (None, None) => None,
        };
        let Some(tie) = tie else {
            continue;
        };
        let mut signs = signs(request, subject.person.as_ref(), at, word);
        if tie == Tie::Unstated && word == Word::Ours {
            // Whoever asks could have said it, and a gate that always fires is none.
            signs.retain(|sign| sign.positive());
            if signs.is_empty() {
                continue;
            }
        }
        if !signs.is_empty() {
            stopped.push(Stopped {
                member: to,
                subject: Some(place),
                tie,
                signs,
            });
        }
    }
    stopped
}

/// What ties a person to a country; none for a person who is stated to be another's. A document of
/// another state says nothing on that: countries of refuge issue them too.
fn tie_of(person: &Person, to: MemberId) -> Option<Tie> {
    let is = |country: &String| country == to.as_str();
    let mut issuers = person.documents.iter().filter_map(|d| d.issuer.as_ref());
    if person.nationalities.iter().any(is) {
        Some(Tie::Nationality)
    } else if person.origin.as_ref().is_some_and(is) {
        Some(Tie::Origin)
    } else if issuers.any(is) {
        Some(Tie::Document)
    } else if person.nationalities.is_empty() && person.origin.is_none() {
        Some(Tie::Unstated)
    } else {
        None
    }
}

fn issued(document: &Document, to: MemberId) -> Tie {
    match &document.issuer {
        Some(issuer) if issuer == to.as_str() => Tie::Document,
        Some(_) | None => Tie::Unstated,
    }
}

fn signs(request: &Request, person: Option<&Person>, at: Timestamp, word: Word) -> Vec<Sign> {
    let flags = &request.protection;
    let said = |flag: Option<bool>| match (Known::of(flag), word) {
        (Known::No, Word::Theirs) => Known::Unknown,
        (known, Word::Ours | Word::Theirs) => known,
    };
    let age = person.and_then(|person| person.birth.as_ref());
    let minor = match age.map_or(Known::Unknown, |birth| is_minor(birth, at)) {
        Known::Unknown => said(flags.minor),
        known => known,
    };
    let victim = match person.map(|person| person.status) {
        Some(PersonStatus::Victim | PersonStatus::PotentialVictim) => Known::Yes,
        Some(
            PersonStatus::Suspect
            | PersonStatus::Convicted
            | PersonStatus::Contact
            | PersonStatus::Witness
            | PersonStatus::Missing,
        )
        | None => said(flags.victim_indicators),
    };
    let asylum = said(flags.asylum_confidential);
    [
        (asylum, Sign::Asylum, Sign::AsylumUnknown),
        (minor, Sign::Minor, Sign::MinorUnknown),
        (victim, Sign::Victim, Sign::VictimUnknown),
    ]
    .into_iter()
    .filter_map(|(known, yes, unknown)| match known {
        Known::Yes => Some(yes),
        Known::Unknown => Some(unknown),
        Known::No => None,
    })
    .collect()
}

/// How far from the truth an estimated year of birth may be.
const ESTIMATE: i32 = 3;

/// Whether a date of birth makes somebody a minor. Years count, so that the year in which somebody
/// comes of age is unknown, whatever the calendar.
fn is_minor(birth: &Birth, at: Timestamp) -> Known {
    let year: Option<i32> = birth.date.get(..4).and_then(|year| year.parse().ok());
    let Some(year) = year else {
        return Known::Unknown;
    };
    // A Solar Hijri year begins in March, a Hijri year is 11 days shorter than a Gregorian one:
    // each overlaps two Gregorian years.
    let (first, last) = match birth.calendar {
        Calendar::Gregorian => (year, year),
        Calendar::SolarHijri => (year + 621, year + 622),
        Calendar::Hijri => {
            let begins = year - (year * 3) / 100 + 621;
            (begins - 1, begins + 2)
        }
    };
    let slack = match birth.precision {
        Precision::Estimated => ESTIMATE,
        Precision::Day | Precision::Month | Precision::Year => 0,
    };
    let now = year_of(at);
    let (oldest, youngest) = (now - (first - slack), now - (last + slack) - 1);
    if youngest >= 18 {
        Known::No
    } else if oldest < 18 {
        Known::Yes
    } else {
        Known::Unknown
    }
}

fn year_of(at: Timestamp) -> i32 {
    let text = at.to_string();
    text.get(..4)
        .and_then(|year| year.parse().ok())
        .unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
