//! Whom or what a request is about.

use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// In the original script.
    pub original: String,
    /// In other scripts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transliterations: Vec<String>,
}

/// A date of birth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Birth {
    /// As given: `1994-05-17`, `1373-02`, `1994`.
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

/// A travel or identity document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Passport, identity card, residence permit, …
    pub kind: String,
    /// Its number.
    pub number: String,
    /// The issuing state, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

/// A person. Missing surnames are normal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// As documents say or people describe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// How the person appears in the case.
    pub status: PersonStatus,
}

/// A company or other organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: Name,
    /// Its number in a register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<String>,
    /// The state of the register, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// A road vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// The registration plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// The state that registered it, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The vehicle identification number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vin: Option<String>,
    /// Make, model, colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A vessel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vessel {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// IMO number, MMSI or registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The flag state, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Kind, length, colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A telephone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// The number, in international form.
    pub number: String,
    /// IMEI or IMSI, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// An account with a bank, a payment service or an online service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The bank or service.
    pub provider: String,
    /// The account's number or name there.
    pub identifier: String,
}

/// A postal address or a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The address as written there.
    pub text: String,
    /// The state, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// One subject: exactly one of the kinds, and what connects it to the purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What connects it to the purpose of the request.
    pub connection: String,
    /// A person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// An organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Organisation>,
    /// A document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// A vehicle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<Vehicle>,
    /// A vessel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<Vessel>,
    /// A telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// An account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// An address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

impl Subject {
    /// Checks one subject.
    pub(crate) fn check(&self, path: &str, faults: &mut Faults) {
        faults.text(format!("{path}.connection"), &self.connection, 2_000);
        let kinds = [
            self.person.is_some(),
            self.organisation.is_some(),
            self.document.is_some(),
            self.vehicle.is_some(),
            self.vessel.is_some(),
            self.phone.is_some(),
            self.account.is_some(),
            self.address.is_some(),
        ];
        if kinds.into_iter().filter(|is| *is).count() != 1 {
            let what = "is exactly one of person, organisation, document, vehicle, vessel, phone, account, address";
            faults.note(path, "not-allowed", what);
        }
        if let Some(person) = &self.person {
            let known = person.family_name.is_some()
                || person.given_names.is_some()
                || !person.aliases.is_empty()
                || !person.documents.is_empty();
            if !known {
                let what = "needs a name, an alias or a document";
                faults.note(format!("{path}.person"), "required", what);
            }
            if let Some(birth) = &person.birth {
                faults.text(format!("{path}.person.birth.date"), &birth.date, 10);
            }
        }
        if let Some(phone) = &self.phone {
            faults.text(format!("{path}.phone.number"), &phone.number, 40);
        }
        if let Some(vehicle) = &self.vehicle {
            if vehicle.plate.is_none() && vehicle.vin.is_none() && vehicle.description.is_none() {
                let what = "needs a plate, a VIN or a description";
                faults.note(format!("{path}.vehicle"), "required", what);
            }
        }
    }
}
