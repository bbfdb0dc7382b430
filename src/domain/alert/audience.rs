//! Who gets an alert: members named one by one, those who want alerts about its corridor, or all.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Alert, Subscription};
use crate::base::MemberId;
use crate::domain::FieldError;
use crate::domain::handling::{Barrier, Disclosure, Tlp};

/// Whom the publisher chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Audience {
    /// All members of the trust list.
    #[default]
    All,
    /// The members that want alerts about its corridor, and those that never said which they want.
    CorridorSubscribers,
    /// These members.
    Members(Vec<MemberId>),
}

/// A member that could get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The member.
    pub member: MemberId,
    /// Whether it is an observer: an organisation, not a country.
    pub observer: bool,
    /// Which corridors it wants alerts about; none if it never said.
    pub subscription: Option<&'a Subscription>,
}

codes! {
    /// Why a member gets an alert.
    Chosen {
        /// It was named.
        Named = "named",
        /// All members get it.
        All = "all",
        /// It wants alerts about the corridor.
        Subscribed = "subscribed",
        /// It never said which corridors it wants alerts about.
        NeverSubscribed = "never-subscribed",
        /// It has the version before.
        HasIt = "has-it",
    }
}

codes! {
    /// Why a member does not get an alert that it could get.
    LeftOut {
        /// It wants alerts about other corridors.
        NotSubscribed = "not-subscribed",
        /// Observers get nothing that is marked TLP:RED.
        ObserverRed = "observer-red",
        /// Observers get nothing that is marked TLP:AMBER+STRICT.
        ObserverAmberStrict = "observer-amber-strict",
        /// Observers get nothing that is marked TLP:AMBER with H2 or H3.
        ObserverAmberRestricted = "observer-amber-restricted",
    }
}

impl Chosen {
    /// Why, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Named => "it is named",
            Self::All => "all members get it",
            Self::Subscribed => "it wants alerts about this corridor",
            Self::NeverSubscribed => "it never said which corridors it wants alerts about",
            Self::HasIt => "it has the version before",
        }
    }
}

impl LeftOut {
    /// Why, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NotSubscribed => "it wants alerts about other corridors",
            Self::ObserverRed => "observers get nothing that is marked TLP:RED",
            Self::ObserverAmberStrict => "observers get nothing that is marked TLP:AMBER+STRICT",
            Self::ObserverAmberRestricted => Barrier::AmberRestricted.in_words(),
        }
    }
}

impl LeftOut {
    /// Why an observer does not get an alert that is marked so; nothing where it may.
    fn of_observer(alert: &Alert) -> Option<Self> {
        Some(match alert.handling.barrier(Disclosure::Observer)? {
            Barrier::Red => Self::ObserverRed,
            Barrier::AmberStrict => Self::ObserverAmberStrict,
            Barrier::Amber
            | Barrier::AmberRestricted
            | Barrier::Judicial
            | Barrier::Dissemination
            | Barrier::NotForObservers => Self::ObserverAmberRestricted,
        })
    }
}

/// Who gets an alert, and who does not, each with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Who gets it, in order.
    pub to: Vec<(MemberId, Chosen)>,
    /// Who does not, in order.
    pub left_out: Vec<(MemberId, LeftOut)>,
}

impl Audience {
    /// Chooses among `candidates`, which are in order. `have` are those who have the version
    /// before: they get the next one in any case.
    ///
    /// # Errors
    /// A fault where the alert may not go to whom the publisher names, or not in this way.
    pub fn choose(
        &self,
        alert: &Alert,
        candidates: &[Candidate<'_>],
        have: &[MemberId],
    ) -> Result<Selection, FieldError> {
        self.check(alert)?;
        let mut selection = Selection::default();
        for candidate in candidates {
            let member = candidate.member;
            let has_it = have.contains(&member);
            let wanted = self.wants(alert, candidate);
            let Some(chosen) = (if has_it {
                Some(Ok(Chosen::HasIt))
            } else {
                wanted
            }) else {
                continue;
            };
            let insists = has_it || matches!(chosen, Ok(Chosen::Named));
            let kept = candidate.observer.then(|| LeftOut::of_observer(alert));
            match (chosen, kept.flatten()) {
                (Ok(_), Some(kept)) if insists => {
                    let what = format!("{member} may not get it: {}", kept.in_words());
                    return Err(fault("audience", what));
                }
                (Ok(_), Some(kept)) => selection.left_out.push((member, kept)),
                (Ok(chosen), None) => selection.to.push((member, chosen)),
                (Err(left_out), _) => selection.left_out.push((member, left_out)),
            }
        }
        Ok(selection)
    }

    /// Whether the alert can be sent in this way.
    fn check(&self, alert: &Alert) -> Result<(), FieldError> {
        let by_name = matches!(self, Self::Members(_));
        if alert.handling.tlp == Tlp::Red && !by_name {
            let what = "TLP:RED goes only to members that are named one by one";
            return Err(fault("audience", what));
        }
        if *self == Self::CorridorSubscribers && alert.corridor.is_none() {
            let what = "is there where those who want alerts about it are to get this one";
            return Err(fault("corridor", what));
        }
        Ok(())
    }

    /// Whether a member is chosen, or expressly not; none where it is not asked about.
    fn wants(&self, alert: &Alert, candidate: &Candidate<'_>) -> Option<Result<Chosen, LeftOut>> {
        match self {
            Self::All => Some(Ok(Chosen::All)),
            Self::Members(members) => members
                .contains(&candidate.member)
                .then_some(Ok(Chosen::Named)),
            Self::CorridorSubscribers => Some(match (candidate.subscription, alert.corridor) {
                (None, _) => Ok(Chosen::NeverSubscribed),
                (Some(subscription), Some(corridor)) if subscription.wants(corridor) => {
                    Ok(Chosen::Subscribed)
                }
                (Some(_), _) => Err(LeftOut::NotSubscribed),
            }),
        }
    }
}

fn fault(path: &str, what: impl Into<String>) -> FieldError {
    FieldError {
        path: path.to_owned(),
        code: "not-allowed",
        what: what.into(),
    }
}
