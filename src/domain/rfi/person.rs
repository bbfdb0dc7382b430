//! Persons, as documents and people describe them. Missing surnames and estimated dates are
//! normal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Document;
use crate::domain::Faults;

codes! {
    /// How a person appears in the case.
    PersonStatus {
        /// Suspected.
        Suspect = "suspect",
        /// Convicted.
        Convicted = "convicted",
        /// In contact with a suspect.
        Contact = "contact",
        /// A witness.
        Witness = "witness",
        /// A victim.
        Victim = "victim",
        /// Perhaps a victim.
        PotentialVictim = "potential-victim",
        /// Missing.
        Missing = "missing",
    }
}

codes! {
    /// Sex, as documents say or people describe.
    Sex {
        /// Female.
        Female = "female",
        /// Male.
        Male = "male",
        /// Neither, as some documents say.
        Other = "other",
    }
}

codes! {
    /// The calendar in which a date was given.
    Calendar {
        /// Gregorian.
        Gregorian = "gregorian",
        /// Solar Hijri, as in Iran and Afghanistan.
        SolarHijri = "solar-hijri",
        /// Hijri.
        Hijri = "hijri",
    }
}

codes! {
    /// How exact a date is.
    Precision {
        /// To the day.
        Day = "day",
        /// To the month.
        Month = "month",
        /// To the year.
        Year = "year",
        /// Estimated, such as a 1 January that stands for an unknown day.
        Estimated = "estimated",
    }
}

/// A name as it is written, and how it is spelt in other scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// In the original script.
    pub original: String,
    /// In other scripts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transliterations: Vec<String>,
}

/// A date of birth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Birth {
    /// As given, in the calendar named: `1994-05-17`, `1373-02`, `1994`.
    pub date: String,
    /// The calendar in which it was given.
    #[serde(default = "gregorian")]
    pub calendar: Calendar,
    /// How exact it is.
    pub precision: Precision,
}

fn gregorian() -> Calendar {
    Calendar::Gregorian
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<Name>,
    /// Given names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_names: Option<Name>,
    /// Father's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub father: Option<Name>,
    /// Grandfather's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grandfather: Option<Name>,
    /// Mother's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mother: Option<Name>,
    /// Aliases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Name>,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth: Option<Birth>,
    /// Place of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_place: Option<String>,
    /// Nationalities, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nationalities: Vec<String>,
    /// The country that the person comes from, where no nationality says it, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Sex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// Documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// How the person appears in the case.
    pub status: PersonStatus,
}

impl Name {
    /// Checks one name.
    pub(crate) fn check(&self, path: &str, faults: &mut Faults) {
        faults.text(format!("{path}.original"), &self.original, 300);
        faults.most(
            format!("{path}.transliterations"),
            &self.transliterations,
            16,
        );
        for (i, spelling) in self.transliterations.iter().enumerate() {
            faults.text(format!("{path}.transliterations[{i}]"), spelling, 300);
        }
    }
}

impl Calendar {
    /// Years of birth that can matter: 1850 to 2099 of the Gregorian calendar. They tell it from
    /// the other two, but not those from each other.
    fn years(self) -> std::ops::RangeInclusive<u16> {
        match self {
            Self::Gregorian => 1850..=2099,
            Self::SolarHijri => 1228..=1478,
            Self::Hijri => 1266..=1524,
        }
    }

    /// The most days that a month can have. Whether the last month of a Solar Hijri year, or a
    /// month of the Hijri, has one day more is found by astronomy or by sight, so it may.
    fn days(self, year: u16, month: u16) -> u16 {
        match (self, month) {
            (Self::Gregorian, 2) => {
                let leap = year.is_multiple_of(4)
                    && (!year.is_multiple_of(100) || year.is_multiple_of(400));
                28 + u16::from(leap)
            }
            (Self::Gregorian, 4 | 6 | 9 | 11) | (Self::SolarHijri, 7..) | (Self::Hijri, _) => 30,
            (Self::Gregorian | Self::SolarHijri, _) => 31,
        }
    }
}

impl Birth {
    fn check(&self, path: &str, faults: &mut Faults) {
        let path = format!("{path}.date");
        let parts = numbers(&self.date);
        let fits = match (parts.as_deref(), self.precision) {
            (Some([_]), Precision::Year | Precision::Estimated) => true,
            (Some([_, month]), Precision::Month | Precision::Estimated) => (1..=12).contains(month),
            (Some([year, month, day]), Precision::Day | Precision::Estimated) => {
                let days = self.calendar.days(*year, *month);
                (1..=12).contains(month) && (1..=days).contains(day)
            }
            (Some(_) | None, _) => false,
        };
        if !fits {
            let what = "is a year, a year and month, or a day that its calendar has, as exact as \
                        `precision` says: `1994`, `1994-05`, `1994-05-17`; an estimated one may \
                        be any";
            faults.note(path, "not-allowed", what);
            return;
        }
        let years = self.calendar.years();
        let year = parts.and_then(|parts| parts.first().copied());
        if year.is_some_and(|year| !years.contains(&year)) {
            let (calendar, first, last) = (self.calendar, years.start(), years.end());
            let what = format!("is a year from {first} to {last} in the calendar {calendar}");
            faults.note(path, "not-allowed", what);
        }
    }
}

/// The numbers of a date: four digits, then up to twice two.
fn numbers(date: &str) -> Option<Vec<u16>> {
    let number = |(i, part): (usize, &str)| {
        let digits = if i == 0 { 4 } else { 2 };
        let fits = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|_| fits)
    };
    date.split('-').enumerate().map(number).collect()
}

impl Person {
    /// Checks one person.
    pub(crate) fn check(&self, path: &str, faults: &mut Faults) {
        let known = self.family_name.is_some()
            || self.given_names.is_some()
            || !self.aliases.is_empty()
            || !self.documents.is_empty();
        if !known {
            faults.note(path, "required", "needs a name, an alias or a document");
        }
        let names = [
            ("family_name", &self.family_name),
            ("given_names", &self.given_names),
            ("father", &self.father),
            ("grandfather", &self.grandfather),
            ("mother", &self.mother),
        ];
        for (field, name) in names {
            if let Some(name) = name {
                name.check(&format!("{path}.{field}"), faults);
            }
        }
        faults.most(format!("{path}.aliases"), &self.aliases, 32);
        for (i, alias) in self.aliases.iter().enumerate() {
            alias.check(&format!("{path}.aliases[{i}]"), faults);
        }
        if let Some(birth) = &self.birth {
            birth.check(&format!("{path}.birth"), faults);
        }
        let place = self.birth_place.as_deref();
        faults.optional(format!("{path}.birth_place"), place, 300);
        faults.most(format!("{path}.nationalities"), &self.nationalities, 8);
        faults.distinct(format!("{path}.nationalities"), &self.nationalities);
        for (i, country) in self.nationalities.iter().enumerate() {
            faults.country(format!("{path}.nationalities[{i}]"), Some(country));
        }
        faults.country(format!("{path}.origin"), self.origin.as_deref());
        faults.most(format!("{path}.documents"), &self.documents, 16);
        for (i, document) in self.documents.iter().enumerate() {
            document.check(&format!("{path}.documents[{i}]"), faults);
        }
    }
}
