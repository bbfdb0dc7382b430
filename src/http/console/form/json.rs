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
    companion: bool,
    several: bool,
    kind: &'a str,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let (rest, kind) = name.split_once('!').unwrap_or((name, ""));
        let several = rest.ends_with("[]");
        let rest = rest.strip_suffix("[]").unwrap_or(rest);
        let companion = rest.ends_with('~');
        let rest = rest.strip_suffix('~').unwrap_or(rest);
        let optional = rest.ends_with('?');
        Self {
            path: rest.strip_suffix('?').unwrap_or(rest),
            optional,
            companion,
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
    /// Texts that are no number or time, each at its field.
    pub fn of(typed: &Typed, zone: &TimeZone) -> Result<Self, Vec<FieldError>> {
        let mut root = Node::Branch(BTreeMap::new());
        let mut faults = Vec::new();
        let (mut later, own) = (Vec::new(), |key: &str| key.starts_with('_'));
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
                Ok(value) if name.companion => later.push((steps, value)),
                Ok(value) => put(&mut root, &steps, value, name.several),
                Err(what) => faults.push(fault(key, what)),
            }
        }
        for (steps, value) in later {
            if is_there(&root, &steps[..steps.len() - 1]) {
                put(&mut root, &steps, value, false);
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut rows = Vec::new();
        let value = whole(root, "", "", &mut rows);
        Ok(Self { value, rows })
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
            ("questions[0].kind~", "other"),
            ("questions[2].text?", "Who?"),
            ("questions[2].kind~", "person-known"),
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
