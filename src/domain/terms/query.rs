//! What a person looks for, as the terms that would find it.

use super::{MOST_WORDS, Term, TermKind, code, name, terms_of};
use crate::domain::message::Body;
use crate::domain::rfi::Request;

/// The longest query, in characters.
pub const LONGEST_QUERY: usize = 300;

/// The most alternatives of one query or of one request that is compared with others.
const MOST_ALTERNATIVES: usize = 96;

/// One word or number that must be there.
#[derive(Clone, PartialEq, Eq)]
pub struct Sought {
    /// The normal forms, any of which will do.
    pub keys: Vec<String>,
    /// What tells the same from the alike.
    pub form: String,
}

/// One way to find what is looked for: everything sought stands in one place of one content.
#[derive(Clone, PartialEq, Eq)]
pub struct Alternative {
    /// What it is.
    pub kind: TermKind,
    /// What must be there.
    pub sought: Vec<Sought>,
}

/// The ways to find what a person typed, as this kind or as any; none if there is nothing in it to
/// look for.
pub fn alternatives(query: &str, kind: Option<TermKind>) -> Vec<Alternative> {
    let kinds = match kind {
        Some(kind) => vec![kind],
        None => TermKind::ALL.to_vec(),
    };
    let any = kind.is_none();
    let has_digit = query.chars().any(char::is_numeric);
    let mut found = Vec::new();
    for kind in kinds {
        match kind {
            TermKind::Name | TermKind::Word => found.extend(of_words(kind, query)),
            // A word that holds no digit is a name far more often than a code.
            TermKind::Plate
            | TermKind::Vin
            | TermKind::Phone
            | TermKind::Device
            | TermKind::Document
            | TermKind::Account
            | TermKind::Registration
                if any && !has_digit => {}
            TermKind::Plate
            | TermKind::Vin
            | TermKind::Phone
            | TermKind::Device
            | TermKind::Document
            | TermKind::Account
            | TermKind::Registration
            | TermKind::Reference => {
                let (keys, form) = code::normal(kind, query);
                if !keys.is_empty() {
                    let sought = vec![Sought { keys, form }];
                    found.push(Alternative { kind, sought });
                }
            }
        }
    }
    found
}

/// All words, and for each two that stand together the same with those two as one.
fn of_words(kind: TermKind, text: &str) -> Vec<Alternative> {
    let words = name::words(text, MOST_WORDS);
    let sought = |word: &name::Word| Sought {
        keys: name::keys(word),
        form: name::form(word),
    };
    let mut ways = vec![words.clone()];
    for at in 1..words.len() {
        let joined = name::with_joined(&words[at - 1..=at]);
        if let [_, _, joined] = &joined[..] {
            let mut way = words.clone();
            way.splice(at - 1..=at, [joined.clone()]);
            ways.push(way);
        }
    }
    let ways = ways.into_iter().map(|way| Alternative {
        kind,
        sought: way.iter().map(sought).collect(),
    });
    ways.filter(|way| {
        !way.sought.is_empty() && way.sought.iter().all(|sought| !sought.keys.is_empty())
    })
    .collect()
}

/// What of a request is compared with other exchanges: plates, telephones, documents and the like,
/// and names of two words at least, since one alone says little.
pub fn cross_checked(request: &Request) -> Vec<Alternative> {
    let terms = terms_of(&Body::Request(Box::new(request.clone())));
    let mut found: Vec<Alternative> = Vec::new();
    for term in terms {
        let Term {
            kind, keys, form, ..
        } = term;
        let strong = match kind {
            TermKind::Plate
            | TermKind::Vin
            | TermKind::Phone
            | TermKind::Device
            | TermKind::Document
            | TermKind::Account
            | TermKind::Registration => true,
            TermKind::Name | TermKind::Reference | TermKind::Word => false,
        };
        if strong {
            let sought = vec![Sought { keys, form }];
            found.push(Alternative { kind, sought });
        }
    }
    let persons = request.subjects.iter().filter_map(|s| s.person.as_ref());
    for person in persons {
        let part = |name: &Option<crate::domain::rfi::Name>| {
            name.as_ref()
                .map_or("", |name| name.original.as_str())
                .to_owned()
        };
        let own = format!(
            "{} {}",
            part(&person.given_names),
            part(&person.family_name)
        );
        let aliases = person.aliases.iter().map(|alias| alias.original.clone());
        for spelling in std::iter::once(own).chain(aliases) {
            let ways = of_words(TermKind::Name, &spelling);
            let two = ways.first().is_some_and(|way| way.sought.len() > 1);
            found.extend(ways.into_iter().filter(|_| two));
        }
    }
    let organisations = request
        .subjects
        .iter()
        .filter_map(|s| s.organisation.as_ref());
    for organisation in organisations {
        let ways = of_words(TermKind::Name, &organisation.name.original);
        let two = ways.first().is_some_and(|way| way.sought.len() > 1);
        found.extend(ways.into_iter().filter(|_| two));
    }
    found.dedup();
    found.truncate(MOST_ALTERNATIVES);
    found
}
