//! What an alert's record tells.

use super::*;

impl AlertRecord {
    /// The alert as the standing version reads.
    pub fn alert(&self) -> &Alert {
        &self.standing.alert
    }

    /// The member that published it.
    pub fn publisher(&self) -> MemberId {
        self.publisher
    }

    /// The publisher and all to whom a version went, in order.
    pub fn circle(&self) -> &[MemberId] {
        &self.circle
    }

    /// All members that have it but `me`, in order.
    pub fn others(&self, me: MemberId) -> Vec<MemberId> {
        let others = self.circle.iter().copied();
        others.filter(|member| *member != me).collect()
    }

    /// Until when it holds; for good, once it was taken back.
    pub fn holds_until(&self) -> Option<Timestamp> {
        let expires = self.standing.alert.expires;
        self.cancelled.is_none().then_some(expires)
    }

    /// When its first version was published.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// When its publisher last did something to it, by the publisher's clock.
    pub fn updated(&self) -> Timestamp {
        let cancelled = self.cancelled.as_ref();
        cancelled.map_or(self.standing.published, |cancelled| cancelled.at)
    }

    /// The version that stands.
    pub fn standing(&self) -> &Version {
        &self.standing
    }

    /// The versions before it, the earliest first; a member that came in later has not all.
    pub fn earlier(&self) -> &[Superseded] {
        &self.earlier
    }

    /// Why it was cancelled, and when; none if it was not.
    pub fn cancelled(&self) -> Option<&Cancelled> {
        self.cancelled.as_ref()
    }

    /// The latest sighting of each member that did not take it back, ordered by member.
    pub fn sightings(&self) -> &[Said<Sighting>] {
        &self.sightings
    }

    /// The latest contradiction of each member that did not take it back, ordered by member.
    pub fn contradictions(&self) -> &[Said<Contradiction>] {
        &self.contradictions
    }

    /// The latest acknowledgement of each member, ordered by member. Only the publisher and the
    /// member itself have it.
    pub fn acknowledgements(&self) -> &[Said<Acknowledgement>] {
        &self.acknowledgements
    }

    /// The members that see it too.
    pub fn sighted_by(&self) -> Vec<MemberId> {
        self.sightings.iter().map(|said| said.member).collect()
    }

    /// The members that do not see it, or otherwise.
    pub fn contradicted_by(&self) -> Vec<MemberId> {
        self.contradictions.iter().map(|said| said.member).collect()
    }

    /// The members that told the publisher that they took note.
    pub fn acknowledged_by(&self) -> Vec<MemberId> {
        let members = self.acknowledgements.iter();
        members.map(|said| said.member).collect()
    }

    /// Actual, exercise or test: fixed by the first version, for all that belongs to it.
    pub fn status(&self) -> Status {
        self.standing.alert.status
    }

    /// The type of its publisher's last message.
    pub fn message_type(&self) -> MessageType {
        match (&self.cancelled, self.standing.number) {
            (Some(_), _) => MessageType::Cancel,
            (None, 1) => MessageType::Alert,
            (None, _) => MessageType::Update,
        }
    }

    /// Where the standing version stands; the earlier ones are superseded.
    pub fn state(&self, now: Timestamp) -> AlertState {
        if self.cancelled.is_some() {
            AlertState::Cancelled
        } else if now >= self.standing.alert.expires {
            AlertState::Expired
        } else {
            AlertState::Current
        }
    }

    /// Whether figures over alerts may count it: an exercise or a test never, and nothing that
    /// its publisher took back.
    pub fn counts(&self) -> bool {
        self.status() == Status::Actual && self.cancelled.is_none()
    }
}
