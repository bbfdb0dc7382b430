//! Faults of an input, each at its field.

use std::fmt;

/// One fault of an input, at its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, such as `questions[0].text`.
    pub path: String,
    /// A stable code: `required`, `too-long`, `not-allowed`.
    pub code: &'static str,
    /// What is wrong and what would be right, without the value.
    pub what: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// Collects the faults of one input.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault.
    pub fn note(&mut self, path: impl Into<String>, code: &'static str, what: impl Into<String>) {
        let (path, what) = (path.into(), what.into());
        self.0.push(FieldError { path, code, what });
    }

    /// A text that must be there, at most `longest` characters.
    pub fn text(&mut self, path: impl Into<String>, text: &str, longest: usize) {
        let path = path.into();
        if text.trim().is_empty() {
            self.note(path, "required", "must not be empty");
        } else {
            self.optional(path, Some(text), longest);
        }
    }

    /// A text that may be missing but not empty, at most `longest` characters, without control
    /// characters.
    pub fn optional(&mut self, path: impl Into<String>, text: Option<&str>, longest: usize) {
        let Some(text) = text else { return };
        let path = path.into();
        if text.trim().is_empty() {
            self.note(path, "required", "must not be empty; leave it out instead");
        } else if text.chars().count() > longest {
            self.note(
                path,
                "too-long",
                format!("has at most {longest} characters"),
            );
        } else if text.chars().any(is_forbidden) {
            let what = "must not hold control characters or bidirectional overrides";
            self.note(path, "not-allowed", what);
        }
    }

    /// A list that must have 1 to `most` items.
    pub fn some<T>(&mut self, path: impl Into<String>, items: &[T], most: usize) {
        if items.is_empty() {
            self.note(path, "required", "needs at least one item");
        } else {
            self.most(path, items, most);
        }
    }

    /// A list that may have at most `most` items.
    pub fn most<T>(&mut self, path: impl Into<String>, items: &[T], most: usize) {
        if items.len() > most {
            self.note(path, "too-many", format!("has at most {most} items"));
        }
    }

    /// A country, where there is one: two capital letters of ISO 3166-1.
    pub fn country(&mut self, path: impl Into<String>, code: Option<&str>) {
        let is_code = |code: &str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        if code.is_some_and(|code| !is_code(code)) {
            let what = "is a country's two capital letters of ISO 3166-1, such as MK";
            self.note(path, "not-allowed", what);
        }
    }

    /// A language: a tag of BCP 47.
    pub fn language(&mut self, path: impl Into<String>, tag: &str) {
        let is_subtag = |tag: &str| {
            matches!(tag.len(), 1..=8) && tag.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let first = tag.split('-').next().unwrap_or_default();
        let begins_well =
            matches!(first.len(), 2..=8) && first.bytes().all(|b| b.is_ascii_alphabetic());
        if tag.len() > 35 || !begins_well || !tag.split('-').all(is_subtag) {
            let what = "is a language tag of BCP 47, such as `mk` or `fa-Arab`";
            self.note(path, "not-allowed", what);
        }
    }

    /// A list in which nothing is named twice.
    pub fn distinct<T: PartialEq>(&mut self, path: impl Into<String>, items: &[T]) {
        let twice = |(i, item): (usize, &T)| items[..i].contains(item);
        if items.iter().enumerate().any(twice) {
            self.note(path, "not-allowed", "names nothing twice");
        }
    }

    /// The outcome.
    pub fn outcome(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

/// Control characters but line breaks and tabs, and the overrides that make text look like
/// another text.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || matches!(c, '\u{202A}'..='\u{202E}')
}
