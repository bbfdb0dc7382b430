//! Requests, answers and alerts as people write them: TOML files.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{Exit, Failure};
use crate::config::place;
use crate::http::without_values;

/// Reads a TOML file as the JSON that the API takes. Dates and times become text.
///
/// # Errors
/// A [`Failure`] that names the file, the line and the column.
pub fn read(file: &Path) -> Result<Value, Failure> {
    let (_, table) = parsed(file)?;
    in_json(file, table)
}

/// Reads a TOML file as [`read`] does, which must hold a `T`.
///
/// # Errors
/// A [`Failure`] that names the file, the line and the column, and the key that stands there; of what is
/// missing at the top, the file alone.
pub fn read_as<T: DeserializeOwned>(file: &Path) -> Result<Value, Failure> {
    let (text, table) = parsed(file)?;
    // To TOML a time that is not in quotes is no text, which it becomes in JSON.
    let in_quotes = !holds_times(&table);
    let value = in_json(file, table)?;
    let Err(fault) = serde_json::from_value::<T>(value.clone()) else {
        return Ok(value);
    };
    // What is missing at the top stands nowhere: the file as a whole has an empty place at its beginning.
    let stands_somewhere = |error: &toml::de::Error| error.span() != Some(0..0);
    match toml::from_str::<T>(&text) {
        Err(error) if in_quotes && stands_somewhere(&error) => Err(invalid(file, &text, &error)),
        Err(_) | Ok(_) => {
            let fault = without_values(&fault.to_string());
            Err(not_taken(format!("{}: {fault}", file.display())))
        }
    }
}

fn parsed(file: &Path) -> Result<(String, toml::Value), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, &error))?;
    match toml::from_str(&text) {
        Ok(table) => Ok((text, toml::Value::Table(table))),
        Err(error) => Err(invalid(file, &text, &error)),
    }
}

fn holds_times(value: &toml::Value) -> bool {
    match value {
        toml::Value::Datetime(_) => true,
        toml::Value::Array(items) => items.iter().any(holds_times),
        toml::Value::Table(table) => table.values().any(holds_times),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_) => false,
    }
}

fn in_json(file: &Path, table: toml::Value) -> Result<Value, Failure> {
    json(table)
        .ok_or_else(|| not_taken(format!("{}: `nan` and `inf` are no values", file.display())))
}

/// What is wrong in a file, and where.
fn invalid(file: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let message = without_values(error.message());
    let Some(at) = error.span().map(|span| span.start) else {
        return not_taken(format!("{}: {message}", file.display()));
    };
    let (line, column) = place(text, at);
    let key = key_at(text, at).map_or_else(String::new, |key| format!(", `{key}`"));
    not_taken(format!(
        "{}, line {line}, column {column}{key}: {message}",
        file.display()
    ))
}

/// The key to which the line belongs in which this byte is.
fn key_at(text: &str, at: usize) -> Option<&str> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (!key.is_empty() && key.chars().all(bare)).then_some(key)
}

fn not_taken(why: String) -> Failure {
    Failure::new(
        Exit::Failure,
        "toml-invalid",
        "the file does not hold what it should",
        why,
        "correct that place; deploy/examples holds files to begin from",
    )
}

/// The JSON of a TOML value; none for a number that JSON cannot hold.
fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(number)?),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => {
            Value::Array(items.into_iter().map(json).collect::<Option<_>>()?)
        }
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| Some((key, json(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}
