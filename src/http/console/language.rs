//! The languages of the console. All words come from Fluent files; what a language lacks is said in
//! English.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::calendar::persian_digits;

/// A language that the console speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, which has every word.
    English,
    /// Persian, written from right to left.
    Persian,
    /// Turkish.
    Turkish,
}

impl Language {
    /// Every language, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::English, Self::Persian, Self::Turkish];

    /// The tag of BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Persian => "fa",
            Self::Turkish => "tr",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Persian => "فارسی",
            Self::Turkish => "Türkçe",
        }
    }

    /// Which way it is written, as HTML says it.
    pub fn direction(self) -> &'static str {
        match self {
            Self::English | Self::Turkish => "ltr",
            Self::Persian => "rtl",
        }
    }

    /// The language of a tag, whatever else the tag says: `fa-AF` is Persian.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.trim().split(['-', '_']).next().unwrap_or_default();
        let first = match first {
            "prs" => "fa",
            other => other,
        };
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(first))
    }

    /// The first language of an `Accept-Language` that the console speaks, by its weights.
    pub fn accepted(header: &str) -> Option<Self> {
        let choice = |part: &str| {
            let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            let weight: f32 = weight.trim().parse().ok()?;
            Some((Self::of_tag(tag)?, weight))
        };
        let mut choices: Vec<(Self, f32)> = header.split(',').filter_map(choice).collect();
        choices.retain(|(_, weight)| *weight > 0.0);
        choices.sort_by(|a, b| b.1.total_cmp(&a.1));
        choices.first().map(|(language, _)| *language)
    }

    fn sources(self) -> &'static [&'static str] {
        macro_rules! files {
            ($($tag:literal: $($name:literal),+;)+) => {
                ($(&[$(include_str!(concat!("locales/", $tag, "/", $name, ".ftl"))),+] as &[&str],)+)
            };
        }
        const SOURCES: (&[&str], &[&str], &[&str]) = files! {
            "en": "frame", "codes", "fields", "exchange", "alerts", "office";
            "fa": "frame", "codes", "fields", "exchange", "alerts";
            "tr": "frame", "codes", "fields", "exchange", "alerts";
        };
        match self {
            Self::English => SOURCES.0,
            Self::Persian => SOURCES.1,
            Self::Turkish => SOURCES.2,
        }
    }

    fn bundle(self) -> FluentBundle<FluentResource> {
        let tag = self.tag().parse().expect("the tags are well formed");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        if self == Self::Persian {
            bundle.set_formatter(Some(|value, _| match value {
                FluentValue::Number(number) => Some(persian_digits(&number.as_string())),
                _ => None,
            }));
        }
        for source in self.sources() {
            let resource = FluentResource::try_new((*source).to_owned());
            let resource = resource.unwrap_or_else(|(whole, faults)| {
                debug_assert!(faults.is_empty(), "{}: {faults:?}", self.tag());
                whole
            });
            // A key that stands twice keeps its first text; a test finds it.
            let _twice = bundle.add_resource(resource);
        }
        bundle
    }
}

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 3]> =
    LazyLock::new(|| Language::ALL.map(Language::bundle));

/// What stands in a text's place: a word or a number.
#[derive(Debug, Clone)]
pub enum Part {
    /// A text.
    Text(String),
    /// A count, which may change the grammar.
    Number(i64),
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Part {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<usize> for Part {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Part {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// The words of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub Language);

impl Words {
    /// The text of a key.
    pub fn say(&self, key: &str) -> String {
        self.put(key, &[])
    }

    /// The text of a key with one part put in.
    pub fn with(&self, key: &str, name: &'static str, part: impl Into<Part>) -> String {
        self.put(key, &[(name, part.into())])
    }

    /// The text of a key with parts put in.
    pub fn put(&self, key: &str, parts: &[(&'static str, Part)]) -> String {
        self.find(key, parts)
            .or_else(|| Self(Language::English).find(key, parts))
            .unwrap_or_else(|| key.to_owned())
    }

    /// The words of a page whose title has this key: English, where this language does not have it.
    /// A page is in one language, since a sentence that falls back alone is read in the wrong
    /// direction among those that do not.
    #[must_use]
    pub fn of_page(self, title: &str) -> Self {
        match self.find(title, &[]) {
            Some(_) => self,
            None => Self(Language::English),
        }
    }

    /// The text of a key, if there is one in this language or in English.
    pub fn known(&self, key: &str) -> Option<String> {
        self.find(key, &[])
            .or_else(|| Self(Language::English).find(key, &[]))
    }

    /// The word for a value of a code list: `code("state", "accepted")`.
    pub fn code(&self, list: &str, value: &str) -> String {
        let word = self.known(&code_key(list, value));
        word.unwrap_or_else(|| value.to_owned())
    }

    /// A number in the digits of the language.
    pub fn number(&self, number: impl std::fmt::Display) -> String {
        match self.0 {
            Language::English | Language::Turkish => number.to_string(),
            Language::Persian => persian_digits(&number.to_string()),
        }
    }

    fn find(&self, key: &str, parts: &[(&'static str, Part)]) -> Option<String> {
        let place = Language::ALL.iter().position(|one| *one == self.0)?;
        let bundle = &BUNDLES[place];
        let pattern = bundle.get_message(key)?.value()?;
        let mut args = FluentArgs::new();
        for (name, part) in parts {
            match part {
                Part::Text(text) => args.set(*name, text.as_str()),
                Part::Number(number) => args.set(*name, *number),
            }
        }
        let mut faults = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut faults);
        debug_assert!(faults.is_empty(), "{key}: {faults:?}");
        Some(text.into_owned())
    }
}

/// The key of the word for a value of a code list.
fn code_key(list: &str, value: &str) -> String {
    let value = value.replace('+', "-").to_ascii_lowercase();
    format!("{list}-{value}")
}

#[cfg(test)]
mod tests;
