//! Requests, answers and alerts as people write them: TOML files.

use std::path::Path;

use serde_json::Value;

use super::failure::{Exit, Failure};
use crate::config::place;

/// Reads a TOML file as the JSON that the API takes. Dates and times become text.
///
/// # Errors
/// A [`Failure`] that names the file, the line and the column.
pub fn read(file: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, &error))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = place(&text, at);
        let message = error.message();
        invalid(format!(
            "{}, line {line}, column {column}: {message}",
            file.display()
        ))
    })?;
    json(toml::Value::Table(table))
        .ok_or_else(|| invalid(format!("{}: `nan` and `inf` are no values", file.display())))
}

fn invalid(why: String) -> Failure {
    Failure::new(
        Exit::Failure,
        "toml-invalid",
        "the file is not valid TOML",
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
