//! The documents say what the code does: tables of codes, events, moves and limits are made from
//! it, and every member, number and name that has to be explained stands in them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use liaison::audit::{EntryKind, EventCode};
use liaison::base::Role;
use liaison::domain::profile::{Profile, Urgency};
use liaison::domain::rfi::{Move, State};
use liaison::exchange::Refusal;

/// Set to write the tables instead of comparing them.
const WRITE: &str = "LIAISON_WRITE_DOCUMENTS";

const PROTOCOL: &str = "docs/protocol.md";
const DATA_MODEL: &str = "docs/data-model.md";

/// What rows of the index hold, and no message.
const INTERNAL: &[&str] = &[
    "Version",
    "Superseded",
    "Cancelled",
    "Said<T>",
    "Step",
    "QuestionProgress",
    "Pause",
    "Derogation",
    "SaidMessage",
    "Corrected",
];

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).expect("the file can be read")
}

/// Compares the part of a file between the lines that contain `<name>` and `</name>`.
fn is_made_from_the_code(file: &str, name: &str, made: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let text = read(file);
    let begin = text.find(&format!("<{name}>")).expect("the part begins");
    let begin = begin + text[begin..].find('\n').expect("a line ends") + 1;
    let end = text.find(&format!("</{name}>")).expect("the part ends");
    let end = text[..end].rfind('\n').expect("a line begins") + 1;
    if &text[begin..end] == made {
        return;
    }
    assert!(
        std::env::var_os(WRITE).is_some(),
        "{file}: the part {name} is not what the code says. Run this test once with {WRITE}=1 and \
         look at what changed"
    );
    let text = [&text[..begin], made, &text[end..]].concat();
    fs::write(path(file), text).expect("the file can be written");
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        writeln!(out, "| {} |", row.join(" | ")).expect("writing to a string succeeds");
    }
    out
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The sources of a folder, in the order of their names.
fn sources(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![path(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let is_test = path.to_string_lossy().contains("tests");
            match path.extension().and_then(|extension| extension.to_str()) {
                None if !is_test => folders.push(path),
                Some("rs") if !is_test => files.push(path),
                _ => (),
            }
        }
    }
    files.sort();
    let read = |file| fs::read_to_string(file).expect("the file can be read");
    files.into_iter().map(read).collect()
}

/// The text of the comments in front of something, on one line and without its last full stop.
fn said(comments: &mut Vec<&str>) -> String {
    let text = comments.join(" ");
    comments.clear();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

#[test]
fn every_code_list_stands_in_the_data_model() {
    let mut rows = Vec::new();
    for source in sources("src/domain") {
        for list in source.split("\ncodes! {\n").skip(1) {
            let (list, _) = list.split_once("\n}\n").expect("a list ends");
            let (mut name, mut codes, mut comments) = (String::new(), Vec::new(), Vec::new());
            for line in list.lines().map(str::trim) {
                if let Some(comment) = line.strip_prefix("///") {
                    comments.push(comment.trim());
                } else if let Some(list) = line.strip_suffix(" {") {
                    let about = said(&mut comments);
                    let about = about.split(". ").next().unwrap_or_default();
                    name = format!("`{list}`: {about}");
                } else if let Some((_, text)) = line.split_once(" = \"") {
                    let text = text.trim_end_matches("\",");
                    codes.push(format!("`{text}` {}", said(&mut comments)));
                }
            }
            rows.push(vec![name, codes.join(" · ")]);
        }
    }
    assert!(rows.len() >= 39, "{} lists", rows.len());
    rows.sort();
    let made = table(&["List", "Codes"], rows.into_iter());
    is_made_from_the_code(DATA_MODEL, "codes", &made);
}

#[test]
fn every_member_of_a_message_stands_in_the_data_model() {
    let document = read(DATA_MODEL);
    let mut checked = 0;
    for source in sources("src/domain") {
        for part in source
            .split("#[serde(deny_unknown_fields)]\npub struct ")
            .skip(1)
        {
            let (name, fields) = part.split_once(" {\n").expect("a struct begins");
            let (fields, _) = fields.split_once("\n}").expect("a struct ends");
            let fields = fields.lines().filter_map(|line| {
                let field = line.trim().strip_prefix("pub ")?;
                Some(field.split_once(':')?.0)
            });
            let fields: Vec<&str> = fields.collect();
            if fields.is_empty() || INTERNAL.contains(&name) {
                continue;
            }
            let about = document.split(&format!("**{name}**")).nth(1);
            let about = about.unwrap_or_else(|| panic!("{DATA_MODEL} does not explain {name}"));
            let about = about.split("**").next().unwrap_or_default();
            for field in fields {
                let stands = about.contains(&code(field));
                assert!(stands, "{DATA_MODEL} does not explain {name}.{field}");
                checked += 1;
            }
        }
    }
    assert!(checked >= 180, "{checked} members");
}

fn duration(time: Option<Duration>) -> String {
    let hours = time.map(|time| time.as_secs() / 3_600);
    match hours {
        None => String::new(),
        Some(0) => format!("{} min", time.unwrap_or_default().as_secs() / 60),
        Some(hours) if hours > 24 && hours.is_multiple_of(24) => format!("{} d", hours / 24),
        Some(hours) => format!("{hours} h"),
    }
}

#[test]
fn every_time_limit_stands_in_the_data_model() {
    let pairs = Profile::ALL.iter().flat_map(|profile| {
        let of = move |urgency: &Urgency| (*profile, *urgency);
        Urgency::ALL.iter().map(of)
    });
    let row = |(profile, urgency): (Profile, Urgency)| {
        let limits = profile.limits(urgency);
        vec![
            code(profile.as_str()),
            code(urgency.as_str()),
            duration(limits.acknowledge),
            duration(Some(limits.direct)),
            duration(Some(limits.indirect)),
            duration(Some(limits.deliver)),
            duration(limits.open),
        ]
    };
    let head = [
        "Profile",
        "Urgency",
        "Acknowledge",
        "`direct`",
        "`indirect`",
        "Delivered",
        "Opened",
    ];
    let made = table(&head, pairs.map(row));
    is_made_from_the_code(DATA_MODEL, "limits", &made);
}

/// A target, and the states that a move leads there from.
type Target = (String, Vec<State>);

/// Where a move leads from each state, by state; what leads back to itself is said to stay.
fn moves_of(what: Move, accepted: bool, part: bool) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for from in State::ALL.iter().copied() {
        let Some(to) = from.after(what, accepted, part) else {
            continue;
        };
        let to = if to == from {
            "stays".to_owned()
        } else {
            code(to.as_str())
        };
        match targets.iter_mut().find(|(known, _)| *known == to) {
            Some((_, states)) => states.push(from),
            None => targets.push((to, vec![from])),
        }
    }
    targets
}

/// Names states, most of the open ones together.
fn states(from: &[State]) -> String {
    let names = |states: &[State]| {
        let names: Vec<String> = states.iter().map(|state| code(state.as_str())).collect();
        names.join(" ")
    };
    let open = State::ALL.iter().copied().filter(|state| state.is_open());
    let missing: Vec<State> = open.filter(|state| !from.contains(state)).collect();
    if missing.len() > 2 {
        return names(from);
    }
    let mut text = "every open state".to_owned();
    if !missing.is_empty() {
        text = format!("{text} but {}", names(&missing));
    }
    let others: Vec<State> = from
        .iter()
        .copied()
        .filter(|state| !state.is_open())
        .collect();
    if !others.is_empty() {
        text = format!("{text}, {}", names(&others));
    }
    text
}

#[test]
fn every_move_of_an_exchange_stands_in_the_data_model() {
    let mut rows = Vec::new();
    for what in Move::ALL.iter().copied() {
        let by_flags = [(false, false), (true, false), (false, true), (true, true)];
        let all = by_flags.map(|(accepted, part)| moves_of(what, accepted, part));
        let cases: Vec<(&str, &[Target])> = if all[0] != all[1] {
            assert!(all[0] == all[2] && all[1] == all[3]);
            vec![("not accepted yet", &all[0]), ("accepted", &all[1])]
        } else if all[0] != all[2] {
            assert!(all[2] == all[3]);
            vec![("no part yet", &all[0]), ("after a part", &all[2])]
        } else {
            vec![("", &all[0])]
        };
        for (when, targets) in cases {
            for (to, from) in targets {
                let what = code(what.as_str());
                rows.push(vec![what, when.to_owned(), states(from), to.clone()]);
            }
        }
    }
    let made = table(&["Move", "When", "From", "To"], rows.into_iter());
    is_made_from_the_code(DATA_MODEL, "moves", &made);
}

#[test]
fn every_table_of_the_index_stands_in_the_data_model() {
    let document = read(DATA_MODEL);
    let rows = read("src/app/rows/tables.rs");
    let names = rows.split("Table(\"").skip(1);
    let names: Vec<&str> = names.filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() >= 14);
    for name in names {
        let row = format!("\n| {} |", code(name));
        assert!(
            document.contains(&row),
            "{DATA_MODEL} does not explain the table {name}"
        );
    }
}

#[test]
fn every_refusal_stands_in_the_protocol() {
    let document = read(PROTOCOL);
    for refusal in Refusal::ALL {
        let row = format!("\n| {} | {} |", refusal.number(), code(refusal.code()));
        let row = document.split(&row).nth(1);
        let row = row.unwrap_or_else(|| panic!("{PROTOCOL} does not explain {refusal:?}"));
        let row = row.lines().next().unwrap_or_default();
        assert_eq!(
            row.ends_with("| yes |"),
            refusal.is_temporary(),
            "{refusal:?}"
        );
    }
}

#[test]
fn every_event_kind_and_role_stands_in_the_protocol() {
    let source = read("src/audit/event.rs");
    let (_, source) = source
        .split_once("\nevents! {\n")
        .expect("the events begin");
    let (mut rows, mut comments) = (Vec::new(), Vec::new());
    for line in source.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            comments.push(comment.trim());
        } else if let Some((number, name)) = line.split_once(" = ").and_then(|(_, rest)| {
            let (number, name) = rest.split_once(", \"")?;
            Some((number, name.trim_end_matches("\";")))
        }) {
            rows.push(vec![number.to_owned(), code(name), said(&mut comments)]);
        }
    }
    assert_eq!(rows.len(), EventCode::ALL.len());
    let made = table(&["Number", "Event", "When"], rows.into_iter());
    is_made_from_the_code(PROTOCOL, "events", &made);

    let numbers: Vec<String> = EventCode::ALL
        .iter()
        .map(|e| (*e as u16).to_string())
        .collect();
    let lines = numbers
        .chunks(16)
        .map(|line| format!("    {},\n", line.join(", ")));
    let made: String = lines.collect();
    is_made_from_the_code("tests/interop/verify_bundle.py", "events", &made);

    let document = read(PROTOCOL);
    let document = document.split_whitespace().collect::<Vec<_>>().join(" ");
    for kind in EntryKind::ALL {
        let text = format!("{} {}", kind as u8, code(kind.as_str()));
        assert!(
            document.contains(&text),
            "{PROTOCOL} does not name the kind {kind}"
        );
    }
    for role in Role::ALL {
        let text = format!("{} {}", role as u8, code(role.as_str()));
        assert!(
            document.contains(&text),
            "{PROTOCOL} does not name the role {role}"
        );
    }
}

#[test]
fn every_kind_of_message_and_frame_stands_in_the_protocol() {
    let document = read(PROTOCOL);
    let schema = read("proto/liaison/v1/message.proto");
    let (_, kinds) = schema.split_once("enum Kind {").expect("the kinds begin");
    let (kinds, _) = kinds.split_once('}').expect("the kinds end");
    let mut found = 0;
    for line in kinds.lines() {
        let Some((name, number)) = line.trim().split_once(" = ") else {
            continue;
        };
        let name = name.trim_start_matches("KIND_");
        let row = format!("\n| {} {} |", number.trim_end_matches(';'), code(name));
        assert!(
            number == "0;" || document.contains(&row),
            "{PROTOCOL} does not explain {name}"
        );
        found += 1;
    }
    assert!(found >= 7);
    let schema = read("proto/liaison/v1/frame.proto");
    let (_, kinds) = schema.split_once("oneof kind {").expect("the kinds begin");
    let (kinds, _) = kinds.split_once('}').expect("the kinds end");
    for line in kinds.lines().filter(|line| line.contains(" = ")) {
        let name = line.split_whitespace().nth(1).expect("a field has a name");
        let row = format!("\n| {} |", code(name));
        assert!(
            document.contains(&row),
            "{PROTOCOL} does not explain the frame {name}"
        );
    }
}
