//! Search terms: what a content can be found by, in normal forms that do not depend on script,
//! spelling or punctuation. Two writings of one thing share a key; the form beside it tells whether
//! they are the very same or only alike.

mod code;
mod name;
mod query;
#[cfg(test)]
mod tests;

pub use query::{Alternative, LONGEST_QUERY, Sought, alternatives, cross_checked};

use super::alert::Alert;
use super::message::Body;
use super::rfi::{Acceptance, Channelling, Name, Person, Request, Subject};

/// The version of the normal forms. Another version finds nothing that this one stored, so an index
/// of another version is made anew.
pub const VERSION: u32 = 1;

/// The most terms of one message, so that none makes the index grow without bound.
const MOST_TERMS: usize = 400;

/// The most words of one name, and of a query.
const MOST_WORDS: usize = 8;

/// The most words of a headline.
const LONGEST_HEADLINE: usize = 32;

codes! {
    /// What a term is.
    TermKind {
        /// The registration plate of a vehicle.
        Plate = "plate",
        /// The number on a vehicle's chassis.
        Vin = "vin",
        /// A telephone number.
        Phone = "phone",
        /// The number of a telephone's device.
        Device = "device",
        /// The number of a document.
        Document = "document",
        /// An account.
        Account = "account",
        /// The number of a vessel, or that under which an organisation is registered.
        Registration = "registration",
        /// A word of a name.
        Name = "name",
        /// A reference of either side, an operation, another channel's reference.
        Reference = "reference",
        /// A word of an alert's headline, a place of its route, its corridor.
        Word = "word",
    }
}

codes! {
    /// How well something was found.
    Strength {
        /// It is the very same, but for script and punctuation.
        Exact = "exact",
        /// It is spelt or written otherwise, and may be the same.
        Alike = "alike",
    }
}

/// One term of a content.
#[derive(Clone, PartialEq, Eq)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// The normal forms, any of which finds it.
    pub keys: Vec<String>,
    /// What tells the same from the alike.
    pub form: String,
    /// Which thing of the content it names: the words of one name have one place.
    pub place: u16,
}

impl std::fmt::Debug for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Term({}, {} keys)", self.kind, self.keys.len())
    }
}

/// The terms of a content, at most `MOST_TERMS`.
pub fn terms_of(body: &Body) -> Vec<Term> {
    let mut terms = Terms::default();
    match body {
        Body::Request(request) => terms.request(request),
        Body::Acceptance(Acceptance { reference, .. })
        | Body::Channelling(Channelling { reference, .. }) => {
            terms.optional(TermKind::Reference, reference.as_deref());
        }
        Body::Alert(alert) => terms.alert(alert),
        Body::AlertUpdate(update) => terms.alert(&update.alert),
        Body::Answer(_)
        | Body::Refusal(_)
        | Body::ClarificationRequest(_)
        | Body::Clarification(_)
        | Body::AwaitingAuthorisation(_)
        | Body::Feedback(_)
        | Body::Closing(_)
        | Body::Withdrawal(_)
        | Body::Supersession(_)
        | Body::Transfer(_)
        | Body::Reopening(_)
        | Body::Correction(_)
        | Body::PermissionRequest(_)
        | Body::PermissionGrant(_)
        | Body::PermissionRefusal(_)
        | Body::Notice(_)
        | Body::Sighting(_)
        | Body::AlertCancellation(_)
        | Body::Contradiction(_)
        | Body::Acknowledgement(_)
        | Body::Subscription(_) => (),
    }
    terms.found
}

/// How alike two forms are; none if they only happen to share a key.
pub fn strength(kind: TermKind, sought: &str, found: &str) -> Option<Strength> {
    match kind {
        _ if sought == found => Some(Strength::Exact),
        TermKind::Name | TermKind::Word => name::alike(sought, found).then_some(Strength::Alike),
        TermKind::Plate
        | TermKind::Vin
        | TermKind::Phone
        | TermKind::Device
        | TermKind::Document
        | TermKind::Account
        | TermKind::Registration
        | TermKind::Reference => Some(Strength::Alike),
    }
}

#[derive(Default)]
struct Terms {
    found: Vec<Term>,
    place: u16,
}

impl Terms {
    fn put(&mut self, term: Term) {
        if self.found.len() < MOST_TERMS && !term.keys.is_empty() && !self.found.contains(&term) {
            self.found.push(term);
        }
    }

    /// A number, a reference, or whatever else is found as a whole.
    fn whole(&mut self, kind: TermKind, text: &str) {
        self.place = self.place.saturating_add(1);
        let (keys, form) = code::normal(kind, text);
        self.put(Term {
            kind,
            keys,
            form,
            place: self.place,
        });
    }

    fn optional(&mut self, kind: TermKind, text: Option<&str>) {
        if let Some(text) = text {
            self.whole(kind, text);
        }
    }

    /// The spellings of one name, or of the parts of one.
    fn name<'a>(&mut self, parts: impl IntoIterator<Item = &'a Name>) {
        self.place = self.place.saturating_add(1);
        let spellings = parts.into_iter().flat_map(spellings);
        for spelling in spellings {
            self.words(TermKind::Name, spelling);
        }
    }

    /// The words of one spelling, and each two that stand together as one.
    fn words(&mut self, kind: TermKind, text: &str) {
        let most = if kind == TermKind::Word {
            LONGEST_HEADLINE
        } else {
            MOST_WORDS
        };
        for word in name::with_joined(&name::words(text, most)) {
            self.put(Term {
                kind,
                keys: name::keys(&word),
                form: name::form(&word),
                place: self.place,
            });
        }
    }

    fn request(&mut self, request: &Request) {
        self.whole(TermKind::Reference, &request.reference);
        self.optional(TermKind::Reference, request.their_reference.as_deref());
        self.optional(TermKind::Reference, request.context.as_deref());
        for channel in &request.other_channels {
            self.whole(TermKind::Reference, &channel.reference);
        }
        for subject in &request.subjects {
            self.subject(subject);
        }
    }

    fn subject(&mut self, subject: &Subject) {
        if let Some(person) = &subject.person {
            self.person(person);
        }
        if let Some(organisation) = &subject.organisation {
            self.name([&organisation.name]);
            let number = organisation.registration.as_deref();
            self.optional(TermKind::Registration, number);
        }
        if let Some(document) = &subject.document {
            self.whole(TermKind::Document, &document.number);
        }
        if let Some(vehicle) = &subject.vehicle {
            self.optional(TermKind::Plate, vehicle.plate.as_deref());
            self.optional(TermKind::Vin, vehicle.vin.as_deref());
        }
        if let Some(vessel) = &subject.vessel {
            self.optional(TermKind::Registration, vessel.number.as_deref());
            if let Some(name) = &vessel.name {
                self.place = self.place.saturating_add(1);
                self.words(TermKind::Name, name);
            }
        }
        if let Some(phone) = &subject.phone {
            self.whole(TermKind::Phone, &phone.number);
            self.optional(TermKind::Device, phone.device.as_deref());
        }
        if let Some(account) = &subject.account {
            self.whole(TermKind::Account, &account.identifier);
        }
    }

    fn person(&mut self, person: &Person) {
        self.name(person.family_name.iter().chain(&person.given_names));
        for alias in &person.aliases {
            self.name([alias]);
        }
        for relative in [&person.father, &person.grandfather, &person.mother] {
            self.name(relative);
        }
        for document in &person.documents {
            self.whole(TermKind::Document, &document.number);
        }
    }

    fn alert(&mut self, alert: &Alert) {
        self.place = self.place.saturating_add(1);
        self.words(TermKind::Word, &alert.headline);
        if let Some(corridor) = alert.corridor {
            self.words(TermKind::Word, corridor.as_str());
        }
        for leg in &alert.legs {
            self.words(TermKind::Word, &leg.from);
            self.words(TermKind::Word, &leg.to);
        }
    }
}

fn spellings(name: &Name) -> impl Iterator<Item = &str> {
    let others = name.transliterations.iter().map(String::as_str);
    std::iter::once(name.original.as_str()).chain(others)
}
