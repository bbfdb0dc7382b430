//! The form of an alert: all that an alert may hold, with room for as much as one usually does.

use super::super::compose::named;
use super::super::exchange::handling;
use super::super::form::{Builder, Field, Section};
use super::evaluation;
use crate::base::MemberId;
use crate::domain::alert::{
    AlertUrgency, Category, Certainty, Corridor, DocumentFraud, EventType, ImpactLevel,
    MeansOfControl, Payment, PlacePrecision, Severity, Status, Transport, Trend,
};
use crate::domain::rfi::Sex;

/// Legs that the form has room for; a fee may be for one that it has no room for.
pub const LEGS: usize = 3;
/// Languages of the text.
pub const TEXTS: usize = 2;
/// Ways of concealment.
pub const WAYS: usize = 2;
/// Fees.
pub const FEES: usize = 2;
/// Kinds of violence.
pub const VIOLENCE: usize = 2;
/// Groups of persons.
pub const GROUPS: usize = 3;

macro_rules! codes {
    ($list:ty) => {
        <$list>::ALL.iter().map(|one| one.as_str())
    };
}

/// What a form of an alert is for.
#[derive(Debug, Clone, Copy)]
pub enum For<'m> {
    /// A new one, which may go to these members.
    Publishing(&'m [MemberId]),
    /// Another version of one that has this many legs.
    Updating(usize),
}

/// The fields, in the order in which they are filled in.
pub fn sections(b: &Builder<'_>, form: For<'_>) -> Vec<Section> {
    let t = b.t;
    let worth = vec![
        evaluation(b, "source").half(),
        evaluation(b, "information").half(),
    ];
    vec![
        Section::new(t, "section-alert", what(b, form)),
        Section::new(t, "section-route", route(b)).folded(),
        Section::new(t, "section-people", people(b)).folded(),
        Section::new(t, "section-fees", fees(b, form)).folded(),
        Section::new(t, "section-more", more(b)).folded(),
        Section::new(t, "section-worth", worth),
        handling(b),
    ]
}

fn what(b: &Builder<'_>, form: For<'_>) -> Vec<Field> {
    let event = codes!(EventType);
    let mut what = vec![
        b.line("headline"),
        b.select("event", "alert-event", event, Some("choose"))
            .half(),
        b.select("category", "category", codes!(Category), Some("choose"))
            .half(),
        b.select(
            "corridor?",
            "corridor",
            codes!(Corridor),
            Some("corridor-none"),
        )
        .half(),
        b.select("status", "alert-status", codes!(Status), None)
            .half(),
        b.select("severity", "severity", codes!(Severity), Some("choose"))
            .half(),
        b.select(
            "urgency",
            "alert-urgency",
            codes!(AlertUrgency),
            Some("choose"),
        )
        .half(),
        b.select("certainty", "certainty", codes!(Certainty), Some("choose"))
            .half(),
        b.time("expires!time").half(),
        b.area("text[0].text", 5),
        b.line("text[0].language").half(),
    ];
    for other in 1..TEXTS {
        what.push(numbered(
            b,
            b.area(&format!("text[{other}].text?"), 3),
            other,
        ));
        let language = b.line(&format!("text[{other}].language~"));
        what.push(numbered(b, language, other).half());
    }
    what.extend([
        b.area("recommended_action?", 2),
        b.time("period_from?!time").half().optional(),
        b.time("period_to?!time").half().optional(),
        b.time("valid_from?!time").half().optional(),
        b.time("review_on?!time").half().optional(),
    ]);
    match form {
        For::Updating(_) => what.push(b.area("_changes", 2).optional()),
        For::Publishing(members) => {
            let audiences = ["all", "corridor-subscribers", "members"];
            what.push(b.radios("_audience", "audience", audiences));
            what.push(b.checks("_members[]", named(b.t, members)).optional());
        }
    }
    what
}

/// The same field with a number behind its label, counted from 1.
fn numbered(b: &Builder<'_>, field: Field, place: usize) -> Field {
    let label = format!("{} {}", field.label, b.t.number(place + 1));
    field.called(label)
}

fn route(b: &Builder<'_>) -> Vec<Field> {
    let mut route = Vec::new();
    for leg in 0..LEGS {
        let of = |part: &str| format!("legs[{leg}].{part}");
        let or_not = Some("not-known");
        let fields = [
            b.line(&of("from?")),
            b.line(&of("to~")),
            b.line(&of("via~")),
            b.line(&of("crossing~")),
            b.select(&of("transport~"), "transport", codes!(Transport), or_not),
            b.line(&of("concealment~")),
            b.number(&of("hours~!number")).optional(),
            b.select(
                &of("precision~"),
                "place-precision",
                codes!(PlacePrecision),
                or_not,
            ),
        ];
        route.extend(fields.map(|field| numbered(b, field, leg).half()));
    }
    route.push(b.checks("transport[]", pairs(b, "transport", codes!(Transport))));
    for way in 0..WAYS {
        let field = b.line(&format!("concealment[{way}]?"));
        route.push(numbered(b, field, way).half());
    }
    route
}

fn pairs(
    b: &Builder<'_>,
    list: &str,
    codes: impl Iterator<Item = &'static str>,
) -> Vec<(String, String)> {
    codes
        .map(|code| (code.to_owned(), b.t.code(list, code)))
        .collect()
}

fn people(b: &Builder<'_>) -> Vec<Field> {
    let mut people = Vec::new();
    for group in 0..GROUPS {
        let of = |part: &str| format!("persons[{group}].{part}");
        let fields = [
            b.number(&of("persons?!number")).optional(),
            b.ltr(&of("nationality~")),
            b.select(&of("sex~"), "sex", codes!(Sex), Some("not-known")),
            b.ltr(&of("age_band~")),
            b.yes_no(&of("unaccompanied_minors~!bool")),
        ];
        people.extend(fields.map(|field| numbered(b, field, group).half()));
    }
    let control = pairs(b, "control", codes!(MeansOfControl));
    people.push(b.checks("victim_indicators[]", control));
    people
}

fn fees(b: &Builder<'_>, form: For<'_>) -> Vec<Field> {
    let many = match form {
        For::Updating(legs) => legs.max(LEGS),
        For::Publishing(_) => LEGS,
    };
    let legs = || {
        let leg = |leg: usize| (leg.to_string(), b.t.number(leg + 1));
        let whole = (String::new(), b.t.say("fee-whole-route"));
        std::iter::once(whole).chain((0..many).map(leg))
    };
    let mut fees = Vec::new();
    for fee in 0..FEES {
        let of = |part: &str| format!("fees[{fee}].{part}");
        let or_not = Some("not-known");
        let fields = [
            b.number(&of("from?!number")).optional(),
            b.number(&of("to~!number")).optional(),
            b.ltr(&of("currency~")),
            b.pick(&of("leg~!number"), legs()),
            b.line(&of("covers~")),
            b.select(&of("payment~"), "payment", codes!(Payment), or_not),
            b.select(&of("trend~"), "trend", codes!(Trend), or_not),
        ];
        fees.extend(fields.map(|field| numbered(b, field, fee).half()));
    }
    fees
}

fn more(b: &Builder<'_>) -> Vec<Field> {
    let fraud = pairs(b, "document-fraud", codes!(DocumentFraud));
    let mut more = vec![b.checks("document_fraud[]", fraud)];
    for kind in 0..VIOLENCE {
        let of = |part: &str| format!("violence[{kind}].{part}");
        let fields = [
            b.line(&of("kind?")),
            b.number(&of("ransom~!number")).optional(),
            b.ltr(&of("currency~")),
        ];
        more.extend(fields.map(|field| numbered(b, field, kind).half()));
    }
    let level = |name: &str| {
        b.select(name, "level", codes!(ImpactLevel), Some("not-known"))
            .half()
    };
    more.extend([
        level("impact.illegal_immigration?"),
        level("impact.cross_border_crime~"),
        level("impact.migrants_lives~"),
    ]);
    more
}
