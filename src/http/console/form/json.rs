//! From what was typed to JSON, and back from a fault's path to the field at fault.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Typed;
use crate::domain::FieldError;

/// The JSON of a form, and where its rows stood in the form: rows left empty are left out, so that
/// a fault's path may count otherwise than the form does.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The JSON.
    pub value: Value,
    rows: Vec<(String, String)>,
}

/// The deepest path, and the highest index, that a form may name.
const DEEPEST: usize = 8;
const HIGHEST: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    Index(usize),
}

#[derive(Debug)]
enum Node {
    Leaf(Value),
    Branch(BTreeMap<Step, Node>),
}

/// A field's name, taken apart.
struct Name<'a> {
    path: &'a str,
    optional: bool,
    /// It goes with its neighbours, as `~` says.
    companion: bool,
    /// It has a value though nobody gave one, as `~~` says: a choice made beforehand goes unsaid
    /// where it has no neighbours, and what a person gave does not.
    by_default: bool,
    several: bool,
    kind: &'a str,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let (rest, kind) = name.split_once('!').unwrap_or((name, ""));
        let several = rest.ends_with("[]");
        let rest = rest.strip_suffix("[]").unwrap_or(rest);
        let companion = rest.ends_with('~');
        let by_default = rest.ends_with("~~");
        let rest = rest.trim_end_matches('~');
        let optional = rest.ends_with('?');
        let path = rest.strip_suffix('?').unwrap_or(rest);
        Self {
            path,
            optional,
            companion,
            by_default,
            several,
            kind,
        }
    }
}

impl Tree {
    /// The JSON of what was typed. Names without a dot or a mark that pages use for themselves
    /// begin with an underscore and are no part of it.
    ///
    /// # Errors
    /// Texts that are no number or time, and values that go with one that is not there, each at its
    /// field.
    pub fn of(typed: &Typed, zone: &TimeZone) -> Result<Self, Vec<FieldError>> {
        let mut root = Node::Branch(BTreeMap::new());
        let mut faults = Vec::new();
        let (mut later, mut wrong) = (Vec::new(), Vec::new());
        let own = |key: &str| key.starts_with('_');
        for (key, text) in typed.0.iter().filter(|(key, _)| !own(key)) {
            let name = Name::of(key);
            let Some(steps) = steps(name.path) else {
                faults.push(fault(key, "is no field of this form"));
                continue;
            };
            let text = text.replace("\r\n", "\n");
            let text = text.trim();
            let blank =
                name.optional || name.companion || matches!(name.kind, "number" | "bool" | "time");
            if text.is_empty() && blank {
                continue;
            }
            match value(text, name.kind, zone) {
                Ok(value) if name.companion => later.push((key, name.by_default, steps, value)),
                Ok(value) => put(&mut root, &steps, value, name.several),
                Err(what) => {
                    faults.push(fault(key, what));
                    if !name.companion {
                        wrong.push(steps);
                    }
                }
            }
        }
        for (key, by_default, steps, value) in later {
            let beside = &steps[..steps.len() - 1];
            let is_wrong = |one: &Vec<Step>| one.starts_with(beside);
            if is_there(&root, beside) {
                put(&mut root, &steps, value, false);
            } else if !by_default && !wrong.iter().any(is_wrong) {
                faults.push(FieldError {
                    code: "alone",
                    ..fault(key, "goes with a field beside it, which is empty")
                });
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut rows = Vec::new();
        let value = whole(root, "", "", &mut rows);
        Ok(Self { value, rows })
    }

    /// Where a row of a list that stands in the form at this place is in the JSON; none where it was
    /// left empty.
    pub fn row(&self, list: &str, place: usize) -> Option<usize> {
        let stood = format!("{list}[{place}]");
        let (json, _) = self.rows.iter().find(|(_, form)| *form == stood)?;
        let place = json.strip_prefix(list)?.strip_prefix('[')?;
        place.strip_suffix(']')?.parse().ok()
    }

    /// The faults with the paths that the form has.
    pub fn in_the_form(&self, faults: Vec<FieldError>) -> Vec<FieldError> {
        let moved = |mut fault: FieldError| {
            for (json, form) in self.rows.iter().rev() {
                if let Some(rest) = fault.path.strip_prefix(json.as_str()) {
                    fault.path = format!("{form}{rest}");
                    break;
                }
            }
            fault
        };
        faults.into_iter().map(moved).collect()
    }
}

fn fault(key: &str, what: &str) -> FieldError {
    FieldError {
        path: Name::of(key).path.to_owned(),
        code: "not-allowed",
        what: what.to_owned(),
    }
}

fn value(text: &str, kind: &str, zone: &TimeZone) -> Result<Value, &'static str> {
    match kind {
        "number" => text
            .parse::<u64>()
            .map(Value::from)
            .map_err(|_| "is a whole number"),
        "bool" => match text {
            "yes" => Ok(Value::Bool(true)),
            "no" => Ok(Value::Bool(false)),
            _ => Err("is yes or no"),
        },
        "time" => time(text, zone)
            .map(Value::from)
            .ok_or("is a date and a time, such as 2026-03-22 14:02"),
        "list" => Ok(parts(text, &[',', ' ', '\n', '،', '؛', ';'])),
        "names" => Ok(parts(text, &[',', '\n', '،', '؛', ';'])),
        _ => Ok(Value::from(text)),
    }
}

fn parts(text: &str, between: &[char]) -> Value {
    let parts = text.split(between).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(Value::from)
        .collect()
}

/// A local time of the office as RFC 3339 in UTC.
fn time(text: &str, zone: &TimeZone) -> Option<String> {
    let text = text.replace(' ', "T");
    let local: DateTime = text.parse().ok()?;
    let at = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(at.to_string())
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, ""), |(n, i)| (n, i));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        steps.push(Step::Name(name.to_owned()));
        if !indexes.is_empty() {
            let index: usize = indexes.strip_suffix(']')?.parse().ok()?;
            if index >= HIGHEST {
                return None;
            }
            steps.push(Step::Index(index));
        }
    }
    (steps.len() <= DEEPEST).then_some(steps)
}

fn put(node: &mut Node, steps: &[Step], value: Value, several: bool) {
    let Node::Branch(branch) = node else { return };
    let Some((first, rest)) = steps.split_first() else {
        return;
    };
    if !rest.is_empty() {
        let next = branch
            .entry(first.clone())
            .or_insert_with(|| Node::Branch(BTreeMap::new()));
        return put(next, rest, value, several);
    }
    match branch.get_mut(first) {
        Some(Node::Leaf(Value::Array(values))) if several => values.push(value),
        _ if several => {
            branch.insert(first.clone(), Node::Leaf(Value::from(vec![value])));
        }
        // What stands twice keeps its last value, as a check box over a hidden field does.
        _ => {
            branch.insert(first.clone(), Node::Leaf(value));
        }
    }
}

fn is_there(node: &Node, steps: &[Step]) -> bool {
    match (node, steps.split_first()) {
        (_, None) => true,
        (Node::Leaf(_), Some(_)) => false,
        (Node::Branch(branch), Some((first, rest))) => {
            branch.get(first).is_some_and(|next| is_there(next, rest))
        }
    }
}

fn whole(node: Node, json: &str, form: &str, rows: &mut Vec<(String, String)>) -> Value {
    let branch = match node {
        Node::Leaf(value) => return value,
        Node::Branch(branch) => branch,
    };
    let is_row = |step: &Step| matches!(step, Step::Index(_));
    if !branch.is_empty() && branch.keys().all(is_row) {
        let mut values = Vec::new();
        for (place, (step, node)) in branch.into_iter().enumerate() {
            let Step::Index(index) = step else { continue };
            let (json, form) = (format!("{json}[{place}]"), format!("{form}[{index}]"));
            rows.push((json.clone(), form.clone()));
            values.push(whole(node, &json, &form, rows));
        }
        return Value::from(values);
    }
    let mut object = serde_json::Map::new();
    for (step, node) in branch {
        let Step::Name(name) = step else { continue };
        let at = |path: &str| match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        let value = whole(node, &at(json), &at(form), rows);
        object.insert(name, value);
    }
    Value::Object(object)
}

/// What a field of that name shows of a value.
pub fn texts_at(value: &Value, name: &str, zone: &TimeZone) -> Vec<String> {
    let (path, kind) = name.split_once('!').unwrap_or((name, ""));
    let path = path.trim_end_matches("[]").trim_end_matches(['?', '~']);
    let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    let text = |value: &Value| match value {
        Value::String(text) if kind == "time" => {
            let at: Option<jiff::Timestamp> = text.parse().ok();
            let local = at.map(|at| at.to_zoned_datetime(zone.clone()));
            local.map(|local| local.strftime("%Y-%m-%dT%H:%M").to_string())
        }
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value.pointer(&pointer) {
        Some(Value::Array(values)) => {
            let texts: Vec<String> = values.iter().filter_map(text).collect();
            match kind {
                "list" | "names" if !texts.is_empty() => vec![texts.join(", ")],
                _ => texts,
            }
        }
        Some(value) => text(value).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Typed(pairs.iter().map(pair).collect())
    }

    fn tree(pairs: &[(&str, &str)]) -> Result<Tree, Vec<FieldError>> {
        Tree::of(&typed(pairs), &TimeZone::fixed(jiff::tz::offset(1)))
    }

    #[test]
    fn what_is_typed_becomes_the_json_that_its_names_say() {
        let tree = tree(&[
            ("_do", "preview"),
            ("reference", " MK-1 "),
            ("context?", ""),
            ("handling.codes[]", "H0"),
            ("handling.codes[]", "H1"),
            ("handling.retention_days!number", "30"),
            ("protection.minor!bool", "no"),
            ("protection.asylum_confidential!bool", ""),
            ("protection.never_contact!list", "TR, AT"),
            ("expected!time", "2026-03-22T14:02"),
            ("facts[0].text", "a\r\nb"),
            ("facts[0].language", "en"),
        ])
        .expect("it is well formed");
        let expected = json!({
            "reference": "MK-1",
            "handling": { "codes": ["H0", "H1"], "retention_days": 30 },
            "protection": { "minor": false, "never_contact": ["TR", "AT"] },
            "expected": "2026-03-22T13:02:00Z",
            "facts": [{ "text": "a\nb", "language": "en" }],
        });
        assert_eq!(tree.value, expected);
    }

    #[test]
    fn an_empty_row_is_left_out_and_a_fault_finds_its_row_all_the_same() {
        let tree = tree(&[
            ("questions[0].text?", ""),
            ("questions[0].kind~~", "other"),
            ("questions[2].text?", "Who?"),
            ("questions[2].kind~~", "person-known"),
        ])
        .expect("it is well formed");
        let expected = json!({ "questions": [{ "text": "Who?", "kind": "person-known" }] });
        assert_eq!(tree.value, expected);
        let fault = FieldError {
            path: "questions[0].text".to_owned(),
            code: "too-long",
            what: String::new(),
        };
        assert_eq!(tree.in_the_form(vec![fault])[0].path, "questions[2].text");
        assert_eq!(tree.row("questions", 2), Some(0));
        for none in [0, 1, 3] {
            assert_eq!(tree.row("questions", none), None);
        }
    }

    #[test]
    fn a_value_whose_neighbours_are_empty_is_a_fault_at_its_field_and_is_not_dropped() {
        let faults = tree(&[
            ("impact.illegal_immigration?", ""),
            ("impact.cross_border_crime~", ""),
            ("impact.migrants_lives~", "high"),
            ("fees[1].from?!number", ""),
            ("fees[1].to~!number", "0"),
            ("legs[0].from?", "Edirne"),
            ("legs[0].to~", "Plovdiv"),
            ("given_names.transliterations~!names", "Kemal"),
        ]);
        let faults = faults.expect_err("they go with what is empty");
        let told: Vec<(&str, &str)> = faults
            .iter()
            .map(|fault| (fault.path.as_str(), fault.code))
            .collect();
        let expected = [
            ("impact.migrants_lives", "alone"),
            ("fees[1].to", "alone"),
            ("given_names.transliterations", "alone"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_nobody_gave_is_left_out_without_its_neighbours_and_is_no_fault() {
        let tree = tree(&[
            ("legs[1].from?", ""),
            ("legs[1].to~", ""),
            ("legs[1].hours~!number", " "),
            ("birth.date?", ""),
            ("birth.calendar~~", "gregorian"),
            ("questions[1].kind~~", "other"),
            ("answers[0].question~~!number", "0"),
            ("answers[1].outcome?", "hit"),
            ("answers[1].question~~!number", "1"),
        ])
        .expect("nobody gave a value that is lost");
        let expected = json!({ "answers": [{ "outcome": "hit", "question": 1 }] });
        assert_eq!(tree.value, expected);
    }

    #[test]
    fn what_goes_with_a_wrong_value_is_not_said_to_go_with_an_empty_one() {
        let faults = tree(&[
            ("fees[0].from?!number", "many"),
            ("fees[0].to~!number", "4000"),
        ]);
        let faults = faults.expect_err("one of them is wrong");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].path, "fees[0].from");
    }

    #[test]
    fn what_is_no_number_time_or_field_is_told_at_its_place() {
        let faults = tree(&[
            ("handling.retention_days!number", "many"),
            ("expires!time", "tomorrow"),
            ("a..b", "x"),
            ("a[999].b", "x"),
            ("a.b.c.d.e.f.g.h.i", "x"),
        ]);
        let faults = faults.expect_err("they are faulty");
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths[..2], ["handling.retention_days", "expires"]);
        assert_eq!(faults.len(), 5);
    }

    #[test]
    fn hostile_names_end_nowhere() {
        for name in [
            "", ".", "[", "[]", "!", "a[", "a]", "a[1", "a[-1]", "a[1][2]", "é", "a b",
        ] {
            let _read = tree(&[(name, "x"), (name, "y")]);
        }
        let tree = tree(&[("a", "x"), ("a.b", "y"), ("a[1]", "z")]).expect("names");
        assert!(tree.value.is_object());
    }
}
