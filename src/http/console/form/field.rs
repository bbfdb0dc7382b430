//! The fields of a form: what each is called, what it holds, and what is wrong with it.

use super::super::language::Words;
use super::Typed;
use crate::domain::FieldError;

/// How a field asks.
#[derive(Debug, Clone)]
pub enum Control {
    /// One line; `ltr` where it is always written from left to right, as numbers and codes are.
    Line {
        /// Whether it is.
        ltr: bool,
    },
    /// Several lines.
    Area {
        /// How many show.
        rows: u8,
    },
    /// One of a list.
    Select(Vec<Choice>),
    /// One of a few, all in view.
    Radios(Vec<Choice>),
    /// Any of a few.
    Checks(Vec<Choice>),
    /// A whole number.
    Number,
    /// A date and a time of the office's zone.
    Time,
}

/// One value to choose.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// Its word.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name, with its marks.
    pub name: String,
    /// Its id on the page.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What helps to fill it in.
    pub hint: Option<String>,
    /// How it asks.
    pub control: Control,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// Whether it has to be filled in.
    pub required: bool,
    /// Whether it takes half a line.
    pub half: bool,
}

/// Fields that belong together.
#[derive(Debug, Clone)]
pub struct Section {
    /// What they are about.
    pub title: String,
    /// A word on them.
    pub intro: Option<String>,
    /// The fields.
    pub fields: Vec<Field>,
    /// Whether it may be folded away, and is.
    pub folded: Option<bool>,
}

/// Makes the fields of one form.
pub struct Builder<'a> {
    /// The words of the reader.
    pub t: Words,
    /// What was typed.
    pub typed: &'a Typed,
    /// What is wrong with it, by the paths of the form.
    pub faults: &'a [FieldError],
}

impl Builder<'_> {
    /// A line of text.
    pub fn line(&self, name: &str) -> Field {
        self.field(name, Control::Line { ltr: false })
    }

    /// A line that is written from left to right.
    pub fn ltr(&self, name: &str) -> Field {
        self.field(name, Control::Line { ltr: true })
    }

    /// Several lines of text.
    pub fn area(&self, name: &str, rows: u8) -> Field {
        self.field(name, Control::Area { rows })
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Field {
        self.field(name, Control::Number)
    }

    /// A date and a time.
    pub fn time(&self, name: &str) -> Field {
        self.field(name, Control::Time)
    }

    /// One of a code list; `none` is the key of the word for no choice, where there may be none.
    pub fn select<'v>(
        &self,
        name: &str,
        list: &str,
        values: impl IntoIterator<Item = &'v str>,
        none: Option<&str>,
    ) -> Field {
        let none = none.map(|key| self.choice(name, "", self.t.say(key)));
        let values = values
            .into_iter()
            .map(|value| self.choice(name, value, self.coded(list, value)));
        let choices = none.into_iter().chain(values).collect();
        self.field(name, Control::Select(choices))
    }

    /// One of a list of values, each with its word.
    pub fn pick(&self, name: &str, values: impl IntoIterator<Item = (String, String)>) -> Field {
        let values = values.into_iter();
        let choices = values.map(|(value, label)| self.choice(name, &value, label));
        self.field(name, Control::Select(choices.collect()))
    }

    /// One of a few codes, all in view.
    pub fn radios<'v>(
        &self,
        name: &str,
        list: &str,
        values: impl IntoIterator<Item = &'v str>,
    ) -> Field {
        let values = values.into_iter();
        let choices = values.map(|value| self.choice(name, value, self.t.code(list, value)));
        self.field(name, Control::Radios(choices.collect()))
    }

    /// Any of a few values, each with its word.
    pub fn checks(&self, name: &str, values: impl IntoIterator<Item = (String, String)>) -> Field {
        let values = values.into_iter();
        let choices = values.map(|(value, label)| self.choice(name, &value, label));
        self.field(name, Control::Checks(choices.collect()))
    }

    /// Yes, no, or not known.
    pub fn yes_no(&self, name: &str) -> Field {
        self.select(name, "answer", ["yes", "no"], Some("not-known"))
    }

    /// The word for a code, behind the code where people know it by that.
    fn coded(&self, list: &str, value: &str) -> String {
        let word = self.t.code(list, value);
        match list {
            "tlp" | "ground" | "reason" | "source" | "accuracy" | "category" => {
                format!("{value}: {word}")
            }
            _ => word,
        }
    }

    fn choice(&self, name: &str, value: &str, label: String) -> Choice {
        let mut typed = self.typed.all(name).peekable();
        let chosen = match typed.peek() {
            None => value.is_empty(),
            Some(_) => typed.any(|one| one == value),
        };
        Choice {
            value: value.to_owned(),
            label,
            chosen,
        }
    }

    fn field(&self, name: &str, control: Control) -> Field {
        let path = plain(name);
        let optional = name.contains(['?', '~']) || name.ends_with("!bool") || name.ends_with("[]");
        let fault = self.faults.iter().find(|fault| fault.path == path);
        let english = self.t.0 == super::super::language::Language::English;
        let told = |fault: &FieldError| match (english, fault.code) {
            (true, code) if code != "required" => capital(&fault.what),
            (_, code) => self.t.say(&format!("fault-{code}")),
        };
        Field {
            id: id_of(path),
            label: path_label(self.t, "field", path).unwrap_or_else(|| path.to_owned()),
            hint: path_label(self.t, "hint", path),
            control,
            value: self.typed.all(name).next().unwrap_or_default().to_owned(),
            fault: fault.map(told),
            required: !optional,
            half: false,
            name: name.to_owned(),
        }
    }
}

impl Field {
    /// The same field, on half a line.
    #[must_use]
    pub fn half(self) -> Self {
        Self { half: true, ..self }
    }

    /// The same field, which may be left empty.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    /// The same field, under another name.
    #[must_use]
    pub fn called(self, label: String) -> Self {
        Self { label, ..self }
    }

    /// The ids of what describes it, for `aria-describedby`.
    pub fn described_by(&self) -> String {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let fault = self.fault.as_ref().map(|_| format!("{}-fault", self.id));
        let both: Vec<String> = fault.into_iter().chain(hint).collect();
        both.join(" ")
    }
}

impl Section {
    /// A section whose title has this key.
    pub fn new(t: Words, key: &str, fields: Vec<Field>) -> Self {
        Self {
            title: t.say(key),
            intro: t.known(&format!("{key}-intro")),
            fields,
            folded: None,
        }
    }

    /// The same section, folded away unless something in it was typed or is wrong.
    #[must_use]
    pub fn folded(self) -> Self {
        let used = |field: &Field| field.fault.is_some() || !field.value.is_empty();
        let used = self.fields.iter().any(used);
        Self {
            folded: Some(!used),
            ..self
        }
    }

    /// Whether it shows its fields without being asked.
    pub fn is_open(&self) -> bool {
        self.folded != Some(true)
    }
}

/// A name without its marks.
fn plain(name: &str) -> &str {
    let name = name.split('!').next().unwrap_or(name);
    name.trim_end_matches("[]").trim_end_matches(['?', '~'])
}

/// The id of a field, from its path.
pub fn id_of(path: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let id: String = path.chars().map(letter).collect();
    format!("f-{id}")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// The word for a place in a form or a message: the text of the longest end of its path that has
/// one, so that `subjects[0].person.birth.date` may be `field-birth-date`.
pub fn path_label(t: Words, prefix: &str, path: &str) -> Option<String> {
    let name = |part: &str| {
        let name = part.split('[').next().unwrap_or(part);
        name.trim_start_matches('_').replace('_', "-")
    };
    let parts: Vec<String> = path.split('.').map(name).collect();
    let from = parts.len().saturating_sub(3);
    (from..parts.len()).find_map(|start| t.known(&format!("{prefix}-{}", parts[start..].join("-"))))
}
