//! The page of a form that does one thing.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::files::{Chosen, Fault};
use super::form::{Control, Field, Section, id_of, path_label};
use super::language::Words;
use super::page::{Frame, show_as};
use crate::domain::FieldError;

/// What is wrong with a form that was sent.
#[derive(Default)]
pub struct Faults {
    /// Beside fields.
    pub fields: Vec<FieldError>,
    /// With a file.
    pub file: Option<Fault>,
}

impl From<Vec<FieldError>> for Faults {
    fn from(fields: Vec<FieldError>) -> Self {
        Self { fields, file: None }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self {
            fields: Vec::new(),
            file: Some(fault),
        }
    }
}

/// A form, its fields, and what is wrong with them.
#[derive(Template)]
#[template(path = "form.html")]
pub struct FormPage {
    /// The frame.
    pub f: Frame,
    /// What is done.
    pub heading: String,
    /// What it is done to; none for something new.
    pub about: Option<String>,
    /// What it means.
    pub lead: String,
    /// Where the form goes.
    pub action: String,
    /// Where it is left to.
    pub back: String,
    /// The fields.
    pub sections: Vec<Section>,
    /// What is wrong, each with the id of its field.
    pub faults: Vec<(String, String)>,
    /// The files that go along, where any may.
    pub files: Option<Chosen>,
    /// What nobody types.
    pub hidden: Vec<(String, String)>,
    /// The button's word.
    pub button: String,
    /// Whether it cannot be taken back.
    pub grave: bool,
}

impl FormPage {
    /// The page: 200, or 422 where something is wrong.
    pub fn show(mut self) -> Response {
        if let Some(files) = &self.files {
            self.hidden.push(files.shown_field());
            self.faults.extend(files.summary(self.f.t));
        }
        let status = match self.faults.is_empty() {
            true => StatusCode::OK,
            false => StatusCode::UNPROCESSABLE_ENTITY,
        };
        show_as(status, &self)
    }
}

/// Each fault with the id of its field, for the summary above a form; one that has no field stands
/// without.
pub fn summary(sections: &[Section], faults: &[FieldError], t: Words) -> Vec<(String, String)> {
    let fields: Vec<&Field> = sections
        .iter()
        .flat_map(|section| &section.fields)
        .collect();
    let told = fields.iter().filter_map(|field| {
        let fault = field.fault.as_ref()?;
        Some((field.id.clone(), format!("{}: {fault}", field.label)))
    });
    let mut told: Vec<(String, String)> = told.collect();
    let ids: Vec<&String> = fields.iter().map(|field| &field.id).collect();
    for fault in faults {
        if !ids.contains(&&id_of(&fault.path)) {
            let place = path_label(t, "field", &fault.path);
            let place = place.unwrap_or_else(|| fault.path.clone());
            told.push((String::new(), format!("{place}: {}", fault.what)));
        }
    }
    told
}
