//! The templates of a request, and the fields of each.

use super::super::super::Api;
use super::super::exchange::handling;
use super::super::form::{Builder, Field, Section, Typed};
use super::super::guard::Person;
use super::super::language::Words;
use crate::base::MemberId;
use crate::domain::profile::{Profile, Urgency};
use crate::domain::rfi::{Calendar, PersonStatus, Precision, QuestionKind, Sex, UrgencyReason};

/// The templates, in the order of the page.
pub const TEMPLATES: [&str; 7] = [
    "person", "vehicle", "phone", "document", "vessel", "company", "location",
];

/// What a person's next request begins with as the last one had it.
pub const STAYS: [&str; 12] = [
    "profile",
    "legal_basis",
    "languages!list",
    "evidence_use",
    "requester.authority",
    "requester.unit?",
    "requester.officer?",
    "requester.contact_24_7",
    "facts[0].language",
    "handling.codes[]",
    "handling.tlp",
    "handling.retention_days!number",
];

/// Questions that a form has room for.
const QUESTIONS: usize = 4;

/// What a template begins with.
pub fn defaults(api: &Api, person: &Person, template: &str) -> Typed {
    let t = person.words();
    let kind = match template {
        "person" => "person-known",
        "vehicle" => "vehicle-owner",
        "phone" => "phone-subscriber",
        "document" => "document-genuine",
        "company" => "company",
        "location" => "location-check",
        _ => "other",
    };
    let question = t.code("question-text", template);
    // What is the same from one request to the next is typed once.
    let remembered = api.console.drafts.remembered(person.caller.person);
    Typed(remembered)
        .or("urgency", "routine")
        .or("profile", Profile::BpMou.as_str())
        .or("requester.authority", &api.console.office)
        .or("facts[0].language", t.0.tag())
        .or(
            "languages!list",
            &format!("{}, en", t.0.tag()).replace("en, en", "en"),
        )
        .or("questions[0].kind", kind)
        .or("questions[0].text", &question)
        .or("handling.codes[]", "H1")
        .or("handling.tlp", "AMBER")
        .or("handling.retention_days!number", "1825")
        .or("evidence_use", "police-only")
        .or("subjects[0].person.status", "suspect")
}

/// A choice among members, each with its code and its name.
pub fn named(t: Words, members: &[MemberId]) -> impl Iterator<Item = (String, String)> {
    members.iter().map(move |member| {
        let code = member.to_string();
        let name = t.code("member", &code);
        let label = if name == code {
            name
        } else {
            format!("{code} · {name}")
        };
        (code, label)
    })
}

/// The fields of a template, in the order in which they are filled in.
pub fn sections(b: &Builder<'_>, template: &str, members: &[MemberId]) -> Vec<Section> {
    let t = b.t;
    let reasons = UrgencyReason::ALL.iter().map(|reason| reason.as_str());
    let whom = vec![
        b.checks("_to[]", named(t, members)),
        b.radios(
            "urgency",
            "urgency",
            Urgency::ALL.iter().map(|u| u.as_str()),
        ),
        b.select("urgency_reason?", "reason", reasons, Some("reason-none")),
        b.select(
            "profile",
            "profile",
            Profile::ALL.iter().map(|p| p.as_str()),
            None,
        ),
    ];
    let matter = vec![
        b.ltr("reference").half(),
        b.line("context?").half(),
        b.line("offence"),
        b.area("facts[0].text", 5),
        b.line("facts[0].language").half(),
        b.area("believed_there", 2),
    ];
    let terms = vec![
        b.area("purpose", 2),
        b.area("legal_basis", 2),
        b.select(
            "evidence_use",
            "evidence",
            ["police-only", "court-with-consent"],
            None,
        )
        .half(),
        b.ltr("languages!list").half(),
    ];
    let requester = vec![
        b.line("requester.authority"),
        b.line("requester.unit?").half(),
        b.ltr("requester.officer?").half(),
        b.ltr("requester.contact_24_7"),
    ];
    let protection = vec![
        b.yes_no("protection.minor!bool").half(),
        b.yes_no("protection.asylum_confidential!bool").half(),
        b.yes_no("protection.victim_indicators!bool").half(),
        b.ltr("protection.never_contact!list").half().optional(),
    ];
    vec![
        Section::new(t, "section-subject", subject(b, template)),
        Section::new(t, "section-questions", questions(b)),
        Section::new(t, "section-more-questions", more_questions(b)).folded(),
        Section::new(t, "section-whom", whom),
        Section::new(t, "section-matter", matter),
        Section::new(t, "section-terms", terms),
        Section::new(t, "section-protection", protection),
        handling(b),
        Section::new(t, "section-requester", requester),
    ]
}

fn questions(b: &Builder<'_>) -> Vec<Field> {
    let kinds = || QuestionKind::ALL.iter().map(|kind| kind.as_str());
    vec![
        b.select("questions[0].kind", "question", kinds(), None),
        b.area("questions[0].text", 2),
    ]
}

fn more_questions(b: &Builder<'_>) -> Vec<Field> {
    let kinds = || QuestionKind::ALL.iter().map(|kind| kind.as_str());
    let mut fields = Vec::new();
    for place in 1..QUESTIONS {
        let number = b.t.number(place + 1);
        let kind = format!("questions[{place}].kind~~");
        let kind = b.select(&kind, "question", kinds(), None);
        let text = b.area(&format!("questions[{place}].text?"), 2);
        let numbered = |field: Field| {
            let label = format!("{} {number}", field.label);
            field.called(label)
        };
        fields.extend([numbered(kind), numbered(text)]);
    }
    fields
}

fn subject(b: &Builder<'_>, template: &str) -> Vec<Field> {
    let of = |part: &str| format!("subjects[0].{part}");
    let line = |part: &str| b.line(&of(part));
    let ltr = |part: &str| b.ltr(&of(part));
    let mut fields = match template {
        "person" => person(b),
        "vehicle" => vec![
            ltr("vehicle.plate?").half(),
            ltr("vehicle.country?").half(),
            ltr("vehicle.vin?").half(),
            line("vehicle.description?"),
        ],
        "phone" => vec![ltr("phone.number").half(), ltr("phone.device?").half()],
        "document" => vec![
            line("document.kind").half(),
            ltr("document.number").half(),
            ltr("document.issuer?").half(),
        ],
        "vessel" => vec![
            line("vessel.name?").half(),
            ltr("vessel.number?").half(),
            ltr("vessel.flag?").half(),
            line("vessel.description?"),
        ],
        "company" => vec![
            line("organisation.name.original"),
            ltr("organisation.registration?").half(),
            ltr("organisation.country?").half(),
        ],
        _ => vec![line("address.text"), ltr("address.country?").half()],
    };
    fields.push(line("connection"));
    fields
}

fn person(b: &Builder<'_>) -> Vec<Field> {
    let of = |part: &str| format!("subjects[0].person.{part}");
    let line = |part: &str| b.line(&of(part)).half();
    let ltr = |part: &str| b.ltr(&of(part)).half();
    vec![
        line("given_names.original?"),
        line("family_name.original?"),
        line("given_names.transliterations~!names"),
        line("family_name.transliterations~!names"),
        line("father.original?"),
        ltr("birth.date?"),
        b.select(
            &of("birth.calendar~~"),
            "calendar",
            Calendar::ALL.iter().map(|calendar| calendar.as_str()),
            None,
        )
        .half(),
        b.select(
            &of("birth.precision~~"),
            "precision",
            Precision::ALL.iter().map(|precision| precision.as_str()),
            None,
        )
        .half(),
        ltr("nationalities?!list"),
        b.select(
            &of("sex?"),
            "sex",
            Sex::ALL.iter().map(|sex| sex.as_str()),
            Some("not-known"),
        )
        .half(),
        b.select(
            &of("status"),
            "person-status",
            PersonStatus::ALL.iter().map(|status| status.as_str()),
            None,
        )
        .half(),
        line("documents[0].kind?"),
        ltr("documents[0].number?"),
    ]
}
