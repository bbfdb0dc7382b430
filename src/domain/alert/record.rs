//! An alert with its versions and what others say to it, as a machine.
//!
//! The messages of one member come in their order, those of several in any. Versions and the
//! cancellation come from the publisher alone, so they are in order everywhere, but for those that a
//! member never got: a later one is whole, and takes their place. What others say is kept by member,
//! so it never matters whose came first. What names a version that has not come yet is asked for again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::command::{Deed, is_publishers, may_cause};
use super::{
    Acknowledgement, Alert, AlertCancellation, AlertCommand, AlertFault, AlertRefused, AlertUpdate,
    Contradiction, Difference, MessageType, Revision, Sighting, Status,
};
use crate::base::{Actor, MemberId, MessageId, Timestamp};
use crate::domain::Faults;
use crate::domain::message::{Body, Event, Header, Kind};

/// The most messages of one member, but for the cancellation.
const MOST_MESSAGES: u32 = 500;

codes! {
    /// Where an alert stands.
    AlertState {
        /// It holds.
        Current = "current",
        /// Its time is over.
        Expired = "expired",
        /// Its publisher took it back.
        Cancelled = "cancelled",
        /// A later version took its place.
        Superseded = "superseded",
    }
}

/// One version of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// The message that carried it.
    pub message: MessageId,
    /// When it was published, by the publisher's clock.
    pub published: Timestamp,
    /// The alert as it reads in this version.
    pub alert: Alert,
}

/// A version that another one superseded, without what it said at length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Superseded {
    /// Its number, from 1.
    pub number: u32,
    /// The message that carried it.
    pub message: MessageId,
    /// When it was published, by the publisher's clock.
    pub published: Timestamp,
    /// When it would have expired.
    pub expires: Timestamp,
    /// Its headline.
    pub headline: String,
}

impl From<Version> for Superseded {
    fn from(version: Version) -> Self {
        Self {
            number: version.number,
            message: version.message,
            published: version.published,
            expires: version.alert.expires,
            headline: version.alert.headline,
        }
    }
}

/// The publisher took the alert back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancelled {
    /// The message that said so.
    pub message: MessageId,
    /// When, by the publisher's clock.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What one member says to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said<T> {
    /// The member.
    pub member: MemberId,
    /// When it said so, by its own clock.
    pub at: Timestamp,
    /// What it says.
    pub words: T,
}

/// An alert, its versions, who has it, and what they say to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRecord {
    publisher: MemberId,
    /// The publisher and all to whom a version went, in order.
    circle: Vec<MemberId>,
    created: Timestamp,
    standing: Version,
    /// Versions before the standing one, the earliest first, as far as they came here.
    earlier: Vec<Superseded>,
    cancelled: Option<Cancelled>,
    sightings: Vec<Said<Sighting>>,
    contradictions: Vec<Said<Contradiction>>,
    acknowledgements: Vec<Said<Acknowledgement>>,
    /// How many messages of each member are in it.
    messages: BTreeMap<MemberId, u32>,
}

impl AlertRecord {
    /// The record that an alert opens, or an update for a member that did not have the alert
    /// before; none for any other message.
    pub fn open(header: &Header, event: &Event) -> Option<Self> {
        let (number, created, alert) = if let Body::Alert(alert) = &event.body {
            (1, header.created, &**alert)
        } else if let Body::AlertUpdate(update) = &event.body {
            (update.version, update.first_published, &update.alert)
        } else {
            return None;
        };
        let publisher = header.sender.member;
        let mut record = Self {
            publisher,
            circle: vec![publisher],
            created,
            standing: Version {
                number,
                message: header.id,
                published: header.created,
                alert: alert.clone(),
            },
            earlier: Vec::new(),
            cancelled: None,
            sightings: Vec::new(),
            contradictions: Vec::new(),
            acknowledgements: Vec::new(),
            messages: BTreeMap::from([(publisher, 1)]),
        };
        record.widen(&header.recipients);
        Some(record)
    }

    /// Whether a peer's message may open an alert here: a first version, or, for a member that
    /// comes in later, any other.
    ///
    /// # Errors
    /// [`AlertFault`].
    pub fn admit_first(header: &Header, event: &Event) -> Result<(), AlertFault> {
        if !may_cause(event.by.role, header.kind) {
            return Err(AlertFault::Role);
        }
        let mut faults = Faults::default();
        let alert = if let Body::Alert(alert) = &event.body {
            alert.check(&mut faults);
            &**alert
        } else if let Body::AlertUpdate(update) = &event.body {
            update.check(&mut faults);
            &update.alert
        } else {
            return Err(AlertFault::Form);
        };
        if alert.priority() != header.priority || alert.handling != header.handling {
            return Err(AlertFault::Form);
        }
        faults.outcome().map_err(|_| AlertFault::Form)
    }

    /// Decides whether a person may do it; changes nothing. Gives what is to be sent.
    ///
    /// # Errors
    /// [`AlertRefused`].
    pub fn decide(
        &self,
        command: &AlertCommand,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Body, AlertRefused> {
        self.allows(command.kind(), by, now)?;
        match command {
            AlertCommand::Update(revision) => self.revise(revision, now),
            AlertCommand::Cancel(reason) => {
                let cancellation = AlertCancellation {
                    version: self.standing.number,
                    reason: reason.clone(),
                };
                cancellation.validate().map_err(AlertRefused::Invalid)?;
                Ok(Body::AlertCancellation(cancellation))
            }
            AlertCommand::Sight(sighting) => {
                sighting.validate().map_err(AlertRefused::Invalid)?;
                let mut sighting = sighting.clone();
                sighting.version = Some(self.version_meant(sighting.version)?);
                sighting.status = Some(self.status_meant(sighting.status)?);
                Ok(Body::Sighting(sighting))
            }
            AlertCommand::Contradict(contradiction) => {
                contradiction.validate().map_err(AlertRefused::Invalid)?;
                let mut contradiction = contradiction.clone();
                contradiction.version = Some(self.version_meant(contradiction.version)?);
                contradiction.status = Some(self.status_meant(contradiction.status)?);
                Ok(Body::Contradiction(contradiction))
            }
            AlertCommand::Acknowledge(acknowledgement) => {
                acknowledgement.validate().map_err(AlertRefused::Invalid)?;
                let mut acknowledgement = acknowledgement.clone();
                acknowledgement.version = Some(self.version_meant(acknowledgement.version)?);
                Ok(Body::Acknowledgement(acknowledgement))
            }
        }
    }

    /// Whether a person may do something of this kind to the alert as it stands.
    ///
    /// # Errors
    /// [`AlertRefused`].
    pub fn allows(&self, kind: Kind, by: &Actor, now: Timestamp) -> Result<(), AlertRefused> {
        if !may_cause(by.role, kind) {
            return Err(AlertRefused::Role(by.role));
        }
        match (is_publishers(kind), by.member == self.publisher) {
            (true, false) => return Err(AlertRefused::NotThePublisher),
            (false, true) => return Err(AlertRefused::ThePublisher),
            (true, true) | (false, false) => (),
        }
        // Taking note is of what was read, however it ended.
        if self.cancelled.is_some() && kind != Kind::Acknowledgement {
            return Err(AlertRefused::Cancelled);
        }
        let is_remark = matches!(kind, Kind::Sighting | Kind::Contradiction);
        if is_remark && self.state(now) == AlertState::Expired {
            return Err(AlertRefused::Expired);
        }
        if kind != Kind::AlertCancellation && self.is_full_of(by.member) {
            return Err(AlertRefused::Full);
        }
        Ok(())
    }

    /// Whether there are as many messages of this member in it as one may send.
    fn is_full_of(&self, member: MemberId) -> bool {
        let messages = self.messages.get(&member);
        messages.is_some_and(|messages| *messages >= MOST_MESSAGES)
    }

    fn revise(&self, revision: &Revision, now: Timestamp) -> Result<Body, AlertRefused> {
        let standing = &self.standing;
        if revision
            .replaces
            .is_some_and(|read| read != standing.number)
        {
            return Err(AlertRefused::OtherVersion(standing.number));
        }
        self.status_meant(Some(revision.alert.status))?;
        let update = AlertUpdate {
            version: standing.number.saturating_add(1),
            replaces: standing.message,
            first_published: self.created,
            changes: revision.changes.clone(),
            alert: revision.alert.clone(),
        };
        update.alert.validate(now).map_err(AlertRefused::Invalid)?;
        let mut faults = Faults::default();
        update.check(&mut faults);
        update.check_against(&standing.alert, &mut faults);
        faults.outcome().map_err(AlertRefused::Invalid)?;
        Ok(Body::AlertUpdate(Box::new(update)))
    }

    fn version_meant(&self, named: Option<u32>) -> Result<u32, AlertRefused> {
        let standing = self.standing.number;
        match named {
            None => Ok(standing),
            Some(named) if (1..=standing).contains(&named) => Ok(named),
            Some(_) => Err(AlertRefused::NoSuchVersion(standing)),
        }
    }

    fn status_meant(&self, named: Option<Status>) -> Result<Status, AlertRefused> {
        let status = self.status();
        match named {
            Some(named) if named != status => Err(AlertRefused::OtherStatus(status)),
            Some(_) | None => Ok(status),
        }
    }

    /// Whether a peer's event fits. Time is no part of it, and neither is a cancellation that a
    /// remark of another member crossed: every node takes the same.
    ///
    /// # Errors
    /// [`AlertFault`].
    pub fn admit(&self, header: &Header, event: &Event) -> Result<(), AlertFault> {
        let sender = header.sender.member;
        let deed = Deed::of(&event.body).ok_or(AlertFault::Form)?;
        if self.is_full_of(sender) && !matches!(deed, Deed::Cancel(_)) {
            return Err(AlertFault::State);
        }
        match deed {
            Deed::Update(update) => {
                self.admit_revision(header, event)?;
                if !self.is_continued_by(header, update) {
                    return Err(AlertFault::State);
                }
                self.check_status(Some(update.alert.status))?;
                let mut faults = Faults::default();
                update.check_against(&self.standing.alert, &mut faults);
                faults.outcome().map_err(|_| AlertFault::Form)?;
                Self::admit_first(header, event)
            }
            Deed::Cancel(cancellation) => {
                self.admit_revision(header, event)?;
                let version = cancellation.version;
                let stands = version == self.standing.number;
                if !stands && !self.passes_over(version, header.sequence) {
                    return Err(AlertFault::State);
                }
                cancellation.validate().map_err(|_| AlertFault::Form)
            }
            Deed::Sight(sighting) => {
                self.admit_remark(sender, event, sighting.version)?;
                self.check_status(sighting.status)?;
                sighting.validate().map_err(|_| AlertFault::Form)
            }
            Deed::Contradict(contradiction) => {
                self.admit_remark(sender, event, contradiction.version)?;
                self.check_status(contradiction.status)?;
                contradiction.validate().map_err(|_| AlertFault::Form)
            }
            Deed::Acknowledge(acknowledgement) => {
                self.admit_remark(sender, event, acknowledgement.version)?;
                acknowledgement.validate().map_err(|_| AlertFault::Form)
            }
        }
    }

    /// Whether an update is the version after the one that stands, or a later one where those between never
    /// came: it does not replace what is here then, which has its one next version.
    fn is_continued_by(&self, header: &Header, update: &AlertUpdate) -> bool {
        let standing = &self.standing;
        let mut earlier = self.earlier.iter();
        let follows = match Some(update.version) == standing.number.checked_add(1) {
            true => update.replaces == standing.message,
            false => {
                self.passes_over(update.version, header.sequence.saturating_add(1))
                    && update.replaces != standing.message
                    && earlier.all(|version| update.replaces != version.message)
            }
        };
        follows && update.first_published == self.created
    }

    /// Whether a version of this number may follow after others that never came here: its publisher has said
    /// so many messages, of which each version is one.
    fn passes_over(&self, number: u32, said: u64) -> bool {
        number > self.standing.number && u64::from(number) <= said
    }

    /// An update or a cancellation: the publisher's, while the alert is not cancelled.
    fn admit_revision(&self, header: &Header, event: &Event) -> Result<(), AlertFault> {
        if header.sender.member != self.publisher {
            return Err(AlertFault::Member);
        }
        if !may_cause(event.by.role, header.kind) {
            return Err(AlertFault::Role);
        }
        match self.cancelled {
            Some(_) => Err(AlertFault::State),
            None => Ok(()),
        }
    }

    /// What another member says to a version. That version may bring the member in, so whether it
    /// has come is asked first.
    fn admit_remark(
        &self,
        sender: MemberId,
        event: &Event,
        version: Option<u32>,
    ) -> Result<(), AlertFault> {
        match version {
            None | Some(0) => return Err(AlertFault::Form),
            // Nothing comes any more once it was taken back.
            Some(version) if version > self.standing.number && self.cancelled.is_some() => {
                return Err(AlertFault::State);
            }
            Some(version) if version > self.standing.number => return Err(AlertFault::NotYet),
            Some(_) => (),
        }
        if sender == self.publisher || self.circle.binary_search(&sender).is_err() {
            return Err(AlertFault::Member);
        }
        if !may_cause(event.by.role, event.body.kind()) {
            return Err(AlertFault::Role);
        }
        Ok(())
    }

    fn check_status(&self, named: Option<Status>) -> Result<(), AlertFault> {
        match named {
            Some(named) if named != self.status() => Err(AlertFault::Status),
            Some(_) | None => Ok(()),
        }
    }

    /// The last message by which its publisher published, updated or cancelled it.
    pub fn last_message(&self) -> MessageId {
        let cancelled = self.cancelled.as_ref();
        cancelled.map_or(self.standing.message, |cancelled| cancelled.message)
    }

    /// Applies an event that was decided here or admitted.
    pub fn apply(&mut self, header: &Header, event: &Event) {
        let member = header.sender.member;
        let Some(deed) = Deed::of(&event.body) else {
            return;
        };
        *self.messages.entry(member).or_default() += 1;
        match deed {
            Deed::Update(update) => {
                let next = Version {
                    number: update.version,
                    message: header.id,
                    published: header.created,
                    alert: update.alert.clone(),
                };
                let before = std::mem::replace(&mut self.standing, next);
                self.earlier.push(before.into());
                self.widen(&header.recipients);
            }
            Deed::Cancel(cancellation) => {
                self.cancelled = Some(Cancelled {
                    message: header.id,
                    at: header.created,
                    reason: cancellation.reason.clone(),
                });
            }
            Deed::Sight(sighting) => {
                // Whoever sees it takes back that it did not.
                self.contradictions.retain(|said| {
                    said.member != member || said.words.difference != Difference::NotSeen
                });
                say(&mut self.sightings, member, event.at, sighting);
            }
            Deed::Contradict(contradiction) => {
                if contradiction.difference == Difference::NotSeen {
                    self.sightings.retain(|said| said.member != member);
                }
                say(&mut self.contradictions, member, event.at, contradiction);
            }
            Deed::Acknowledge(acknowledgement) => {
                say(
                    &mut self.acknowledgements,
                    member,
                    event.at,
                    acknowledgement,
                );
            }
        }
    }

    /// Those who have an alert only become more.
    fn widen(&mut self, recipients: &[MemberId]) {
        self.circle.extend_from_slice(recipients);
        self.circle.sort();
        self.circle.dedup();
    }
}

/// Keeps the latest word of each member, ordered by member.
fn say<T: Clone>(all: &mut Vec<Said<T>>, member: MemberId, at: Timestamp, words: &T) {
    let words = words.clone();
    let said = Said { member, at, words };
    match all.binary_search_by(|known| known.member.cmp(&member)) {
        Ok(place) => all[place] = said,
        Err(place) => all.insert(place, said),
    }
}

mod standing;
