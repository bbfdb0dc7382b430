//! What an alert is made of: legs of a route, fees, violence, and people in aggregates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lists::{ImpactLevel, Payment, PlacePrecision, Transport, Trend};
use crate::domain::Faults;
use crate::domain::rfi::Sex;

/// One leg of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// What it passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The border crossing, or the stretch of green border.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossing: Option<String>,
    /// How people are moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// How they are concealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concealment: Option<String>,
    /// How long it takes, in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    /// How exactly the places are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<PlacePrecision>,
}

/// What is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// From, in whole units of the currency.
    pub from: u64,
    /// To, in whole units of the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// ISO 4217.
    pub currency: String,
    /// For which leg of the alert, from 0; the whole route where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<u16>,
    /// What it covers, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<String>,
    /// How it is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// Violence against those who are smuggled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Violence {
    /// Its kind.
    pub kind: String,
    /// A ransom, in whole units of the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ransom: Option<u64>,
    /// ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// A count of people who share something. Never below [`LOWEST_COUNT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Nationality, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nationality: Option<String>,
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Age band in years, such as `18-34` or `65+`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<String>,
    /// Unaccompanied minors.
    #[serde(default)]
    pub unaccompanied_minors: bool,
    /// How many.
    pub persons: u32,
}

/// No count below this is shared: it could be one family.
pub const LOWEST_COUNT: u32 = 5;

/// Effects, as EUROSUR names them: low, medium or high for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// On illegal immigration.
    pub illegal_immigration: ImpactLevel,
    /// On cross-border crime.
    pub cross_border_crime: ImpactLevel,
    /// On the lives of migrants.
    pub migrants_lives: ImpactLevel,
}

impl Leg {
    pub(super) fn check(&self, path: &str, faults: &mut Faults) {
        faults.text(format!("{path}.from"), &self.from, 200);
        faults.text(format!("{path}.to"), &self.to, 200);
        let rest = [
            ("via", &self.via),
            ("crossing", &self.crossing),
            ("concealment", &self.concealment),
        ];
        for (field, text) in rest {
            faults.optional(format!("{path}.{field}"), text.as_deref(), 500);
        }
    }
}

impl Fee {
    pub(super) fn check(&self, path: &str, legs: usize, faults: &mut Faults) {
        check_currency(format!("{path}.currency"), &self.currency, faults);
        if self.leg.is_some_and(|leg| usize::from(leg) >= legs) {
            let what = "names a leg of this alert, counted from 0";
            faults.note(format!("{path}.leg"), "not-allowed", what);
        }
        if self.to.is_some_and(|to| to < self.from) {
            let what = "is not below what it begins with";
            faults.note(format!("{path}.to"), "not-allowed", what);
        }
        faults.optional(format!("{path}.covers"), self.covers.as_deref(), 200);
    }
}

impl Violence {
    pub(super) fn check(&self, path: &str, faults: &mut Faults) {
        faults.text(format!("{path}.kind"), &self.kind, 500);
        match (self.ransom, &self.currency) {
            (Some(_), None) => {
                faults.note(format!("{path}.currency"), "required", "goes with a ransom");
            }
            (None, Some(_)) => {
                faults.note(format!("{path}.ransom"), "required", "goes with a currency");
            }
            (Some(_), Some(currency)) => {
                check_currency(format!("{path}.currency"), currency, faults);
            }
            (None, None) => (),
        }
    }
}

impl Count {
    pub(super) fn check(&self, path: &str, faults: &mut Faults) {
        let country = self.nationality.as_deref();
        faults.country(format!("{path}.nationality"), country);
        if self
            .age_band
            .as_deref()
            .is_some_and(|band| !is_age_band(band))
        {
            let what = "is two ages such as `18-34`, or one from which on, such as `65+`";
            faults.note(format!("{path}.age_band"), "not-allowed", what);
        }
        if self.persons < LOWEST_COUNT {
            let what = format!("counts below {LOWEST_COUNT} are not shared");
            faults.note(format!("{path}.persons"), "not-allowed", what);
        }
    }

    /// Whether the counts that part this one by nationality, by sex, by age or by being
    /// unaccompanied leave a rest that is not shared: whoever takes them off learns it.
    pub(super) fn is_laid_open_by(&self, counts: &[Self]) -> bool {
        let parted: [fn(&Self) -> Self; 4] = [
            |count| Self {
                nationality: None,
                ..count.clone()
            },
            |count| Self {
                sex: None,
                ..count.clone()
            },
            |count| Self {
                age_band: None,
                ..count.clone()
            },
            |count| Self {
                unaccompanied_minors: false,
                ..count.clone()
            },
        ];
        let small = |parts: u32| (1..LOWEST_COUNT).contains(&self.persons.saturating_sub(parts));
        let together = parted.iter().any(|whole_of| {
            let parts = counts.iter().filter(|count| {
                count.group() != self.group() && whole_of(count).group() == self.group()
            });
            let sum = parts.fold(0, |sum: u32, part| sum.saturating_add(part.persons));
            sum > 0 && small(sum)
        });
        let alone = |count: &Self| count.is_part_of(self) && small(count.persons);
        together || counts.iter().any(alone)
    }

    fn is_part_of(&self, whole: &Self) -> bool {
        fn covers<T: PartialEq>(whole: &Option<T>, part: &Option<T>) -> bool {
            whole.is_none() || whole == part
        }
        self.group() != whole.group()
            && covers(&whole.nationality, &self.nationality)
            && covers(&whole.sex, &self.sex)
            && covers(&whole.age_band, &self.age_band)
            && (!whole.unaccompanied_minors || self.unaccompanied_minors)
    }

    fn group(&self) -> (Option<&str>, Option<Sex>, Option<&str>, bool) {
        let nationality = self.nationality.as_deref();
        let age_band = self.age_band.as_deref();
        (nationality, self.sex, age_band, self.unaccompanied_minors)
    }
}

fn is_age_band(band: &str) -> bool {
    let age = |text: &str| {
        let digits = matches!(text.len(), 1..=2) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u8>().ok().filter(|_| digits)
    };
    match (band.strip_suffix('+'), band.split_once('-')) {
        (Some(from), _) => age(from).is_some(),
        (None, Some((from, to))) => age(from).zip(age(to)).is_some_and(|(from, to)| from <= to),
        (None, None) => false,
    }
}

fn check_currency(path: String, currency: &str, faults: &mut Faults) {
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        let what = "is three capital letters of ISO 4217, such as EUR";
        faults.note(path, "not-allowed", what);
    }
}
