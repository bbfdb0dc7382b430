//! An alert with its sightings, as a machine.

use serde::{Deserialize, Serialize};

use super::{Alert, Sighting};
use crate::base::{Actor, MemberId, Role, Timestamp};
use crate::domain::Faults;
use crate::domain::message::{Body, Event, Header};
use crate::domain::rfi::{PeerFault, Refused};

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

/// What one member sees itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The member.
    pub member: MemberId,
    /// When it said so, by its own clock.
    pub at: Timestamp,
    /// What it sees.
    pub sighting: Sighting,
}

/// An alert and who has seen the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRecord {
    alert: Alert,
    created: Timestamp,
    sightings: Vec<Seen>,
}

impl AlertRecord {
    /// The record that an alert opens; none for any other message.
    pub fn open(header: &Header, event: &Event) -> Option<Self> {
        let Body::Alert(alert) = &event.body else {
            return None;
        };
        Some(Self {
            alert: (**alert).clone(),
            created: header.created,
            sightings: Vec::new(),
        })
    }

    /// Whether a peer's alert is taken.
    ///
    /// # Errors
    /// [`PeerFault`].
    pub fn admit_alert(header: &Header, event: &Event) -> Result<(), PeerFault> {
        let Body::Alert(alert) = &event.body else {
            return Err(PeerFault::Form);
        };
        if !matches!(event.by.role, Role::Contact | Role::Releaser) {
            return Err(PeerFault::Role);
        }
        if alert.priority() != header.priority || alert.handling != header.handling {
            return Err(PeerFault::Form);
        }
        let mut faults = Faults::default();
        alert.check(&mut faults);
        faults.outcome().map_err(|_| PeerFault::Form)
    }

    /// Decides whether a person may report a sighting; changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn decide(&self, sighting: &Sighting, by: &Actor, now: Timestamp) -> Result<Body, Refused> {
        sighting.validate().map_err(Refused::Invalid)?;
        if !may_sight(by.role) {
            return Err(Refused::Role(by.role));
        }
        if self.state(now) != AlertState::Current {
            return Err(Refused::AlertExpired);
        }
        Ok(Body::Sighting(sighting.clone()))
    }

    /// Whether a peer's sighting fits. One that crossed the expiry on its way still counts.
    ///
    /// # Errors
    /// [`PeerFault`].
    pub fn admit(&self, _header: &Header, event: &Event) -> Result<(), PeerFault> {
        let Body::Sighting(sighting) = &event.body else {
            return Err(PeerFault::Form);
        };
        if !may_sight(event.by.role) {
            return Err(PeerFault::Role);
        }
        sighting.validate().map_err(|_| PeerFault::Form)
    }

    /// Applies a sighting that was decided here or admitted. Each member's latest is kept, so that
    /// every node ends with the same, in whichever order those of several members come.
    pub fn apply(&mut self, header: &Header, event: &Event) {
        let Body::Sighting(sighting) = &event.body else {
            return;
        };
        let seen = Seen {
            member: header.sender.member,
            at: event.at,
            sighting: sighting.clone(),
        };
        let place = |known: &Seen| known.member.cmp(&seen.member);
        match self.sightings.binary_search_by(place) {
            Ok(at) => self.sightings[at] = seen,
            Err(at) => self.sightings.insert(at, seen),
        }
    }

    /// The alert.
    pub fn alert(&self) -> &Alert {
        &self.alert
    }

    /// When it was published.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The latest sighting of each member, ordered by member.
    pub fn sightings(&self) -> &[Seen] {
        &self.sightings
    }

    /// The members that see it too.
    pub fn sighted_by(&self) -> Vec<MemberId> {
        self.sightings.iter().map(|seen| seen.member).collect()
    }

    /// Where it stands.
    pub fn state(&self, now: Timestamp) -> AlertState {
        if now >= self.alert.expires {
            AlertState::Expired
        } else {
            AlertState::Current
        }
    }
}

fn may_sight(role: Role) -> bool {
    matches!(role, Role::Contact | Role::Officer | Role::Releaser)
}
