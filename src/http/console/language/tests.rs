use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;
use crate::audit::EntryKind;
use crate::base::Role;
use crate::domain::{alert, handling, message, profile, rfi};

/// The keys of a language, each with the variables that it puts in.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    for source in language.sources() {
        let mut last = String::new();
        for line in source.lines() {
            let begins = line.starts_with(|c: char| c.is_ascii_lowercase());
            if let Some((key, _)) = line.split_once(" =").filter(|_| begins) {
                assert!(!keys.contains_key(key), "{}: {key} twice", language.tag());
                keys.insert(key.to_owned(), BTreeSet::new());
                last = key.to_owned();
            }
            let mut rest = line;
            while let Some((_, after)) = rest.split_once('$') {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                let (name, after) = after.split_at(end.unwrap_or(after.len()));
                keys.get_mut(&last).expect("a key").insert(name.to_owned());
                rest = after;
            }
        }
    }
    keys
}

#[test]
fn every_file_is_well_formed() {
    for language in Language::ALL {
        for source in language.sources() {
            let read = FluentResource::try_new((*source).to_owned());
            assert!(
                read.is_ok(),
                "{}: {:?}",
                language.tag(),
                read.err().map(|e| e.1)
            );
        }
    }
}

/// What officers meet stands in every language; what only auditors and administrators meet is said in English where a language lacks it.
#[test]
fn every_key_of_an_officers_pages_stands_in_every_language_with_the_same_variables() {
    let mut english = keys(Language::English);
    let others = Language::English.sources()[5..].join("\n");
    english.retain(|key, _| !others.contains(&format!("\n{key} =")));
    assert!(english.len() > 200);
    for language in [Language::Persian, Language::Turkish] {
        let other = keys(language);
        let missing: Vec<_> = english
            .keys()
            .filter(|key| !other.contains_key(*key))
            .collect();
        let extra: Vec<_> = other
            .keys()
            .filter(|key| !english.contains_key(*key))
            .collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{}: lacks {missing:#?}, has {extra:#?}",
            language.tag()
        );
        for (key, variables) in &english {
            assert_eq!(variables, &other[key], "{}: {key}", language.tag());
        }
    }
}

#[test]
fn every_code_has_a_word() {
    let mut missing = Vec::new();
    let mut check = |list: &str, values: Vec<String>| {
        for value in values {
            let key = code_key(list, &value);
            if Words(Language::English).known(&key).is_none() {
                missing.push(key);
            }
        }
    };
    macro_rules! lists {
        ($($list:literal: $codes:ty;)+) => {
            $(check($list, <$codes>::ALL.iter().map(|code| code.to_string()).collect());)+
        };
    }
    lists! {
        "state": rfi::State;
        "urgency": profile::Urgency;
        "profile": profile::Profile;
        "access": profile::Access;
        "limit": profile::Limit;
        "reason": rfi::UrgencyReason;
        "question": rfi::QuestionKind;
        "evidence": rfi::EvidenceUse;
        "link": rfi::LinkKind;
        "outcome": rfi::Outcome;
        "ground": rfi::Ground;
        "useful": rfi::Usefulness;
        "became": rfi::Consequence;
        "person-status": rfi::PersonStatus;
        "sex": rfi::Sex;
        "calendar": rfi::Calendar;
        "precision": rfi::Precision;
        "handling": handling::HandlingCode;
        "tlp": handling::Tlp;
        "source": handling::Source;
        "accuracy": handling::Accuracy;
        "kind": message::Kind;
    }
    lists! {
        "alert-state": alert::AlertState;
        "alert-status": alert::Status;
        "alert-event": alert::EventType;
        "alert-urgency": alert::AlertUrgency;
        "category": alert::Category;
        "severity": alert::Severity;
        "certainty": alert::Certainty;
        "corridor": alert::Corridor;
        "transport": alert::Transport;
        "place-precision": alert::PlacePrecision;
        "document-fraud": alert::DocumentFraud;
        "payment": alert::Payment;
        "trend": alert::Trend;
        "control": alert::MeansOfControl;
        "level": alert::ImpactLevel;
        "difference": alert::Difference;
    }
    let kinds = EntryKind::ALL.iter().map(|kind| kind.to_string()).collect();
    check("entry-kind", kinds);
    let roles = Role::ALL.iter().map(|role| role.to_string()).collect();
    check("role", roles);
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Whatever pages and handlers ask for, by its text in their sources.
#[test]
fn every_key_that_is_asked_for_is_there() {
    let known = keys(Language::English);
    let mut asked = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/console")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let text = match path.extension().and_then(|extension| extension.to_str()) {
                None => {
                    folders.push(path);
                    continue;
                }
                Some("rs" | "html") => fs::read_to_string(&path).expect("text"),
                Some(_) => continue,
            };
            for asks in ["say(\"", ".with(\"", ".put(\""] {
                for part in text.split(asks).skip(1) {
                    asked.insert(part.split('"').next().unwrap_or_default().to_owned());
                }
            }
        }
    }
    let missing: Vec<_> = asked
        .iter()
        .filter(|key| !known.contains_key(*key))
        .collect();
    assert!(asked.len() > 50 && missing.is_empty(), "{missing:#?}");
}

#[test]
fn a_language_is_found_by_its_tag_and_by_what_a_browser_accepts() {
    assert_eq!(Language::of_tag("fa-AF"), Some(Language::Persian));
    assert_eq!(Language::of_tag("prs"), Some(Language::Persian));
    assert_eq!(Language::of_tag("sr-Latn"), None);
    let accepted = Language::accepted("de-AT,tr;q=0.8,en;q=0.9,fa;q=0");
    assert_eq!(accepted, Some(Language::English));
    assert_eq!(Language::accepted("de"), None);
    assert_eq!(Language::accepted("tr;q=x,\u{0}"), None);
}

#[test]
fn what_is_put_in_is_isolated_from_the_words_around_it() {
    let words = Words(Language::Persian);
    let text = words.with("page-title", "page", "RS-2026/14");
    assert!(text.contains("\u{2068}RS-2026/14\u{2069}"), "{text:?}");
}
