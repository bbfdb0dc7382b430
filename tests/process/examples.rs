//! What people send, from the example files.

use serde_json::{Value, json};

/// A request without attachments, as an office asks daily.
pub fn request() -> Value {
    read(include_str!("../../deploy/examples/request-at.toml"))
}

/// The same, urgent.
pub fn urgent_request() -> Value {
    read(include_str!("../../deploy/examples/request.toml"))
}

/// An answer to [`request`], which has one question.
pub fn answer_to_request() -> Value {
    let mut answer = read(include_str!("../../deploy/examples/answer.toml"));
    let answers = answer["answers"].as_array_mut().expect("a list");
    answers.truncate(1);
    answer["answers"][0]["question"] = json!(0);
    answer
}

fn read(text: &str) -> Value {
    toml::from_str(text).expect("an example is valid TOML")
}
