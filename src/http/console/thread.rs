//! An exchange's events as a page shows them: the content with its words, delivery truth from the
//! receipts, and what proves each.

use serde_json::{Map, Value};

use super::calendar::Moment;
use super::form::path_label;
use super::language::Words;
use super::page::Frame;
use crate::api::{AttachmentView, EventView};
use crate::base::{MemberId, MessageId, Timestamp};

/// One value of a message.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is called.
    pub label: String,
    /// The value, in the reader's words where it is a code.
    pub value: String,
    /// Whether it is written from left to right in any case.
    pub ltr: bool,
    /// Whether it is in the reader's own words, as codes are.
    pub own: bool,
    /// The language that it is written in, where the message says so.
    pub language: Option<String>,
    /// The time, where it is one.
    pub moment: Option<Moment>,
}

/// Values that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they are about; none for the message itself.
    pub title: Option<String>,
    /// The values.
    pub lines: Vec<Line>,
    /// Whether it may stand folded away: terms, and who asks.
    pub minor: bool,
}

/// One step of a message on its way.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its word.
    pub word: String,
    /// When it was reached; none where it was not.
    pub at: Option<Moment>,
    /// Where the peer's log proves it.
    pub proof: Option<String>,
    /// Whether it is one that ends the way badly.
    pub bad: bool,
}

/// One event as the page shows it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The message.
    pub message: MessageId,
    /// The kind, for the page's classes.
    pub kind: String,
    /// What it is, in words.
    pub word: String,
    /// Who caused it.
    pub member: MemberId,
    /// In which role.
    pub role: String,
    /// When.
    pub at: Moment,
    /// Whether this office said it.
    pub own: bool,
    /// Whether it crossed with another and had no effect.
    pub crossed: bool,
    /// What it says.
    pub groups: Vec<Group>,
    /// Its files.
    pub attachments: Vec<AttachmentView>,
    /// How far an own message came.
    pub stages: Vec<Stage>,
    /// The entry of this node's log.
    pub entry: u64,
    /// What its signature covers.
    pub leaf: Option<String>,
}

impl Item {
    /// The size of a file, in words.
    pub fn size(&self, file: &AttachmentView) -> String {
        size(file.size)
    }
}

/// A number of bytes, in words.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// The order in which values are read; what is not named comes after.
const READING: [&str; 41] = [
    "outcome",
    "ground",
    "scope",
    "offence",
    "headline",
    "text",
    "facts",
    "questions",
    "answers",
    "subjects",
    "person",
    "given_names",
    "family_name",
    "father",
    "birth",
    "nationalities",
    "plate",
    "number",
    "kind",
    "original",
    "date",
    "believed_there",
    "urgency",
    "urgency_reason",
    "profile",
    "access",
    "expected",
    "reason",
    "useful",
    "became",
    "note",
    "reference",
    "their_reference",
    "context",
    "purpose",
    "legal_basis",
    "handling",
    "codes",
    "tlp",
    "protection",
    "requester",
];

/// Values that are left to right whatever stands around them.
const LTR: [&str; 14] = [
    "plate",
    "vin",
    "number",
    "device",
    "identifier",
    "reference",
    "their_reference",
    "contact_24_7",
    "issuer",
    "country",
    "nationalities",
    "registration",
    "never_contact",
    "languages",
];

/// The items of a thread, the first event first. Receipts become stages of their messages.
pub fn items(events: &[EventView], me: MemberId, f: &Frame) -> Vec<Item> {
    let shown = |event: &&EventView| !is_receipt(&event.kind) && event.kind != "note";
    events
        .iter()
        .filter(shown)
        .map(|event| item(event, events, me, f))
        .collect()
}

fn is_receipt(kind: &str) -> bool {
    matches!(
        kind,
        "delivered" | "opened" | "attachments-stored" | "not-taken" | "delivery-expired"
    )
}

fn item(event: &EventView, events: &[EventView], me: MemberId, f: &Frame) -> Item {
    let t = f.t;
    let own = event.member == me;
    let is_message = event.proof.leaf.is_some();
    Item {
        message: event.message,
        word: t.code("event", &event.kind),
        kind: event.kind.clone(),
        member: event.member,
        role: t.code("role", event.role.as_str()),
        at: f.moment(event.at),
        own,
        crossed: event.crossed,
        groups: groups(&event.content, f),
        attachments: event.attachments.clone(),
        stages: match own && is_message {
            true => stages(event, events, f),
            false => Vec::new(),
        },
        entry: event.proof.entry,
        leaf: event.proof.leaf.map(|leaf| leaf.to_string()),
    }
}

/// Queued, received, opened: what the receipts of an own message prove.
fn stages(event: &EventView, events: &[EventView], f: &Frame) -> Vec<Stage> {
    let t = f.t;
    let about = |kind: &str| {
        let fits = |other: &&EventView| other.message == event.message && other.kind == kind;
        events.iter().find(fits)
    };
    let stage = |key: &str, found: Option<&EventView>| Stage {
        word: t.say(key),
        at: found.map(|event| f.moment(event.at)),
        proof: found.and_then(|event| {
            let proof = event.proof.peer_log.as_ref()?;
            Some(format!("{} #{}", proof.origin, proof.index))
        }),
        bad: false,
    };
    let mut stages = vec![stage("stage-sent", Some(event))];
    for (kind, key) in [
        ("not-taken", "stage-refused"),
        ("delivery-expired", "stage-expired"),
    ] {
        if let Some(found) = about(kind) {
            let bad = stage(key, Some(found));
            stages.push(Stage { bad: true, ..bad });
            return stages;
        }
    }
    stages.push(stage("stage-received", about("delivered")));
    stages.push(stage("stage-opened", about("opened")));
    stages
}

/// The values of a message's content, in groups.
pub fn groups(content: &Value, f: &Frame) -> Vec<Group> {
    let mut groups = vec![Group {
        title: None,
        lines: Vec::new(),
        minor: false,
    }];
    if let Value::Object(object) = content {
        walk(object, "", 0, &mut groups, f);
    }
    groups.retain(|group| !group.lines.is_empty());
    groups.sort_by_key(|group| group.minor);
    groups
}

/// Whether some of the groups may stand folded away.
pub fn any_minor(groups: &[Group]) -> bool {
    groups.iter().any(|group| group.minor)
}

/// Groups that matter less than what happened and what is asked.
const MINOR: [&str; 8] = [
    "handling",
    "protection",
    "requester",
    "links",
    "other_channels",
    "approvals",
    "impact",
    "fees",
];

fn walk(object: &Map<String, Value>, path: &str, into: usize, groups: &mut Vec<Group>, f: &Frame) {
    let rank = |key: &str| {
        let place = READING.iter().position(|known| *known == key);
        place.unwrap_or(READING.len())
    };
    let mut entries: Vec<(&String, &Value)> = object.iter().collect();
    entries.sort_by_key(|(key, _)| rank(key));
    for (key, value) in entries {
        let at = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        match value {
            Value::Null => (),
            Value::Array(values) if values.iter().all(|value| !value.is_object()) => {
                let words: Vec<String> = values.iter().map(|value| word(&at, value, f.t)).collect();
                // Whole sentences stand one below the other.
                let sentences = words.iter().any(|word| word.len() > 24);
                let between = match sentences {
                    true => "\n".to_owned(),
                    false => f.t.say("list-comma"),
                };
                if let Some(first) = values.first() {
                    let own = list_of(&at, first.as_str().unwrap_or_default()).is_some();
                    let line = line(&at, words.join(&between), None, f);
                    groups[into].lines.push(Line { own, ..line });
                }
            }
            Value::Array(values) => {
                for (place, value) in values.iter().enumerate() {
                    let Value::Object(inner) = value else {
                        continue;
                    };
                    if let Some(line) = told_in_one(key, place, inner, f) {
                        groups[into].lines.push(line);
                        continue;
                    }
                    if let (Some(Value::String(text)), Some(Value::String(language))) =
                        (inner.get("text"), inner.get("language"))
                    {
                        let language = Some(language.clone());
                        groups[into]
                            .lines
                            .push(line(&at, text.clone(), language, f));
                        continue;
                    }
                    let number = f.t.number(place + 1);
                    let title = format!("{} {number}", label(&format!("{at}[]"), f.t));
                    open(inner, &at, title, groups, f);
                }
            }
            Value::Object(inner) if key == "evaluation" => {
                let text = evaluation(inner, f.t);
                let line = line(&at, text, None, f);
                groups[into].lines.push(Line { own: true, ..line });
            }
            Value::Object(inner) => match inner.get("original") {
                Some(Value::String(name)) => {
                    groups[into].lines.push(line(&at, name.clone(), None, f));
                    let others = inner.get("transliterations");
                    if let Some(Value::Array(spellings)) = others {
                        let spellings: Vec<&str> =
                            spellings.iter().filter_map(Value::as_str).collect();
                        let at = format!("{at}.transliterations");
                        let text = spellings.join(", ");
                        groups[into].lines.push(line(&at, text, None, f));
                    }
                }
                Some(_) | None => open(inner, &at, label(&at, f.t), groups, f),
            },
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                let text = word(&at, value, f.t);
                let own = !value.is_string()
                    || list_of(&at, value.as_str().unwrap_or_default()).is_some();
                let line = line(&at, text, None, f);
                groups[into].lines.push(Line { own, ..line });
            }
        }
    }
}

/// A question, or the answer to one, on one line.
fn told_in_one(key: &str, place: usize, inner: &Map<String, Value>, f: &Frame) -> Option<Line> {
    let t = f.t;
    let text = |name: &str| inner.get(name).and_then(Value::as_str);
    let (what, value) = match key {
        "questions" => {
            let kind = t.code("question", text("kind")?);
            let about = inner.get("subject").and_then(Value::as_u64).map(|subject| {
                let word = label("questions.subject", t);
                format!(" · {word} {}", t.number(subject + 1))
            });
            let (word, number) = (label("questions", t), t.number(place + 1));
            let what = format!("{word} {number} · {kind}{}", about.unwrap_or_default());
            (what, text("text")?.to_owned())
        }
        "answers" => {
            let question = inner.get("question").and_then(Value::as_u64)?;
            let outcome = t.code("outcome", text("outcome")?);
            let (word, number) = (label("answers", t), t.number(question + 1));
            let what = format!("{word} {number} · {outcome}");
            let worth = inner.get("evaluation").and_then(Value::as_object);
            let worth = worth.map(|worth| evaluation(worth, t));
            let said = text("text").map(str::to_owned);
            let parts: Vec<String> = said.into_iter().chain(worth).collect();
            match parts.is_empty() {
                true => (what, "–".to_owned()),
                false => (what, parts.join("\n")),
            }
        }
        _ => return None,
    };
    let line = line(key, value, None, f);
    Some(Line {
        label: what,
        ..line
    })
}

/// An evaluation by the 4×4 system, its code first.
fn evaluation(inner: &Map<String, Value>, t: Words) -> String {
    let text = |name: &str| inner.get(name).and_then(Value::as_str).unwrap_or_default();
    let (source, information) = (text("source"), text("information"));
    format!(
        "{source}{information}: {}; {}",
        t.code("source", source),
        t.code("accuracy", information)
    )
}

fn open(inner: &Map<String, Value>, at: &str, title: String, groups: &mut Vec<Group>, f: &Frame) {
    let key = at.split(['.', '[']).next().unwrap_or(at);
    groups.push(Group {
        title: Some(title),
        lines: Vec::new(),
        minor: MINOR.contains(&key),
    });
    let into = groups.len() - 1;
    walk(inner, at, into, groups, f);
}

fn line(path: &str, value: String, language: Option<String>, f: &Frame) -> Line {
    let key = path.rsplit('.').next().unwrap_or(path);
    let time = value.parse::<Timestamp>().ok();
    Line {
        label: label(path, f.t),
        ltr: LTR.contains(&key),
        own: false,
        moment: time.map(|at| f.moment(at)),
        language,
        value,
    }
}

fn label(path: &str, t: Words) -> String {
    path_label(t, "field", path).unwrap_or_else(|| {
        let last = path.rsplit('.').next().unwrap_or(path);
        last.replace('_', " ")
    })
}

/// A value in words: codes by their list, truth as yes and no, and everything else as it is.
fn word(path: &str, value: &Value, t: Words) -> String {
    match value {
        Value::Bool(true) => t.say("answer-yes"),
        Value::Bool(false) => t.say("answer-no"),
        Value::Number(number) => match number.as_u64() {
            Some(place) if is_place(path) => t.number(place + 1),
            Some(_) | None => t.number(number),
        },
        Value::String(text) => match list_of(path, text) {
            Some(list @ ("ground" | "reason" | "handling" | "tlp")) => {
                format!("{text}: {}", t.code(list, text))
            }
            Some(list) => t.code(list, text),
            None => text.clone(),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// Whether a number is a place in a list: messages count those from 0, and pages all from 1.
fn is_place(path: &str) -> bool {
    let key = path.rsplit('.').next();
    matches!(key, Some("questions" | "subject" | "leg"))
}

/// The code list that a place in a message is of.
fn list_of(path: &str, value: &str) -> Option<&'static str> {
    let mut ends = path.rsplit('.');
    let key = ends.next().unwrap_or_default();
    let parent = ends.next().unwrap_or_default();
    Some(match (key, parent) {
        ("kind", "questions") => "question",
        ("kind", "links") => "link",
        ("status", "person") => "person-status",
        ("urgency", _) if matches!(value, "life" | "urgent" | "routine") => "urgency",
        ("urgency", _) => "alert-urgency",
        ("urgency_reason", _) => "reason",
        ("profile", _) => "profile",
        ("access", _) => "access",
        ("outcome", _) => "outcome",
        ("ground", _) => "ground",
        ("useful", _) => "useful",
        ("became", _) => "became",
        ("evidence_use", _) => "evidence",
        ("codes", "handling") => "handling",
        ("tlp", _) => "tlp",
        ("source", _) => "source",
        ("information", _) => "accuracy",
        ("sex", _) => "sex",
        ("event", _) => "alert-event",
        ("category", _) => "category",
        ("severity", _) => "severity",
        ("certainty", _) => "certainty",
        ("corridor" | "corridors", _) => "corridor",
        ("transport", _) => "transport",
        ("document_fraud", _) => "document-fraud",
        ("victim_indicators", _) => "control",
        ("payment", _) => "payment",
        ("trend", _) => "trend",
        ("difference", _) => "difference",
        ("status", _) => "alert-status",
        ("illegal_immigration" | "cross_border_crime" | "migrants_lives", _) => "level",
        ("calendar", _) => "calendar",
        ("precision", "birth") => "precision",
        ("precision", _) => "place-precision",
        ("scope", _) => "scope",
        _ => return None,
    })
}
