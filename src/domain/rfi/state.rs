//! Where an exchange stands, and which end of it a node is.

codes! {
    /// Where an exchange stands. What leads from one to another is [`State::after`]; the first
    /// three are those of a request that has not left yet.
    State {
        /// It is being written.
        Draft = "draft",
        /// It waits for its release.
        InReview = "in-review",
        /// It was released.
        Released = "released",
        /// It waits to be delivered.
        Queued = "queued",
        /// The asked side's log holds it.
        Delivered = "delivered",
        /// A person there opened it.
        Read = "read",
        /// The asked side took it on.
        Accepted = "accepted",
        /// It was passed on to the competent authority.
        Channelled = "channelled",
        /// The asked side waits for a judicial authorisation.
        AwaitingAuthorisation = "awaiting-authorisation",
        /// The asked side needs to know more.
        ClarificationRequested = "clarification-requested",
        /// The asking side said what it was asked about.
        Clarified = "clarified",
        /// A part was answered; more may follow.
        PartialAnswer = "partial-answer",
        /// It was answered.
        Answered = "answered",
        /// It was refused.
        Refused = "refused",
        /// The asking side said what became of it.
        Feedback = "feedback",
        /// The asking side took it back.
        Withdrawn = "withdrawn",
        /// Another request took its place.
        Superseded = "superseded",
        /// It was passed on to another member.
        Transferred = "transferred",
        /// It is finished.
        Closed = "closed",
        /// It was finished, and is taken up again.
        Reopened = "reopened",
    }
}

codes! {
    /// Which end of the exchange a node is.
    Side {
        /// It asked.
        Requesting = "requesting",
        /// It was asked.
        Requested = "requested",
    }
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Requesting => Self::Requested,
            Self::Requested => Self::Requesting,
        }
    }
}
