//! Whom or what a request is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Name, Person};
use crate::domain::Faults;

/// A travel or identity document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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

/// A company or other organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// The number, in international form.
    pub number: String,
    /// IMEI or IMSI, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// An account with a bank, a payment service or an online service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The bank or service.
    pub provider: String,
    /// The account's number or name there.
    pub identifier: String,
}

/// A postal address or a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The address as written there.
    pub text: String,
    /// The state, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// One subject: exactly one of the kinds, and what connects it to the purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
        self.check_kind(path, faults);
    }

    fn check_kind(&self, path: &str, faults: &mut Faults) {
        if let Some(person) = &self.person {
            person.check(&format!("{path}.person"), faults);
        }
        if let Some(document) = &self.document {
            document.check(&format!("{path}.document"), faults);
        }
        if let Some(organisation) = &self.organisation {
            organisation.check(&format!("{path}.organisation"), faults);
        }
        if let Some(vehicle) = &self.vehicle {
            vehicle.check(&format!("{path}.vehicle"), faults);
        }
        if let Some(vessel) = &self.vessel {
            vessel.check(&format!("{path}.vessel"), faults);
        }
        if let Some(phone) = &self.phone {
            faults.text(format!("{path}.phone.number"), &phone.number, 40);
            faults.optional(format!("{path}.phone.device"), phone.device.as_deref(), 40);
        }
        if let Some(account) = &self.account {
            faults.text(format!("{path}.account.provider"), &account.provider, 300);
            faults.text(
                format!("{path}.account.identifier"),
                &account.identifier,
                200,
            );
        }
        if let Some(address) = &self.address {
            faults.text(format!("{path}.address.text"), &address.text, 500);
            faults.country(
                format!("{path}.address.country"),
                address.country.as_deref(),
            );
        }
    }
}

impl Document {
    /// Checks one document.
    pub(crate) fn check(&self, path: &str, faults: &mut Faults) {
        faults.text(format!("{path}.kind"), &self.kind, 100);
        faults.text(format!("{path}.number"), &self.number, 100);
        faults.country(format!("{path}.issuer"), self.issuer.as_deref());
    }
}

impl Organisation {
    fn check(&self, path: &str, faults: &mut Faults) {
        self.name.check(&format!("{path}.name"), faults);
        let number = self.registration.as_deref();
        faults.optional(format!("{path}.registration"), number, 100);
        faults.country(format!("{path}.country"), self.country.as_deref());
    }
}

impl Vehicle {
    fn check(&self, path: &str, faults: &mut Faults) {
        if self.plate.is_none() && self.vin.is_none() && self.description.is_none() {
            faults.note(path, "required", "needs a plate, a VIN or a description");
        }
        faults.optional(format!("{path}.plate"), self.plate.as_deref(), 40);
        faults.country(format!("{path}.country"), self.country.as_deref());
        faults.optional(format!("{path}.vin"), self.vin.as_deref(), 40);
        let description = self.description.as_deref();
        faults.optional(format!("{path}.description"), description, 500);
    }
}

impl Vessel {
    fn check(&self, path: &str, faults: &mut Faults) {
        if self.name.is_none() && self.number.is_none() && self.description.is_none() {
            faults.note(path, "required", "needs a name, a number or a description");
        }
        faults.optional(format!("{path}.name"), self.name.as_deref(), 200);
        faults.optional(format!("{path}.number"), self.number.as_deref(), 40);
        faults.country(format!("{path}.flag"), self.flag.as_deref());
        let description = self.description.as_deref();
        faults.optional(format!("{path}.description"), description, 500);
    }
}
