//! What a verb and its filled-in form come to: something to ask the core for.

use serde_json::{Value, json};

use super::super::super::shapes;
use super::super::form::unreadable;
use crate::api::{AcknowledgeCorrection, AskPermission, PassOn, SendAcceptance, SendRefusal};
use crate::app::rows::ExchangeRow;
use crate::app::{Action, Ask, Correcting};
use crate::base::MessageId;
use crate::domain::FieldError;
use crate::domain::rfi::{Command, Notice, Side, Told};

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, FieldError> {
    serde_json::from_value(value).map_err(|error| unreadable(&error))
}

/// What a verb and its form ask for.
pub(super) fn asked(
    verb: &str,
    row: &ExchangeRow,
    message: MessageId,
    value: Value,
) -> Result<(Ask, Action), FieldError> {
    let exchange = row.id;
    let empty = |path: &str| FieldError {
        path: path.to_owned(),
        code: "required",
        what: "is needed".to_owned(),
    };
    let lacks = |names: &[&str]| {
        let lacks = |name: &&&str| value.get(**name).is_none();
        names.iter().find(lacks).map(|name| empty(name))
    };
    Ok(match verb {
        "correct" => {
            if let Some(fault) = lacks(&["flaw", "remedy", "text"]) {
                return Err(fault);
            }
            let mut value = value;
            value["handling"] = Value::Null;
            let what: Correcting = read(value)?;
            let ask = Ask::Correct {
                exchange,
                message,
                what: Box::new(what),
            };
            (ask, Action::CorrectMessage)
        }
        "pass-on" => {
            let owed: PassOn = read(value)?;
            let ask = Ask::PassOn {
                exchange,
                correction: owed.correction,
                message,
            };
            (ask, Action::CorrectMessage)
        }
        "permissions" => {
            if let Some(fault) = lacks(&["to", "purpose"]) {
                return Err(fault);
            }
            let named = value.get("to").and_then(Value::as_str).unwrap_or_default();
            if named.parse::<crate::base::MemberId>().is_err() {
                return Err(empty("to"));
            }
            let wish: AskPermission = read(value)?;
            let ask = Ask::AskPermission {
                exchange,
                message,
                about: wish.message,
                to: wish.to,
                purpose: wish.purpose,
            };
            (ask, Action::AskPermission)
        }
        verb => {
            let (command, action) = command(verb, row, value)?;
            let ask = Ask::Respond {
                exchange,
                message,
                command: Box::new(command),
                attached: Vec::new(),
            };
            (ask, action)
        }
    })
}

/// The command that a verb and its form come to.
fn command(
    verb: &str,
    row: &ExchangeRow,
    mut value: Value,
) -> Result<(Command, Action), FieldError> {
    let faulty = |path: &str| FieldError {
        path: path.to_owned(),
        code: "required",
        what: "needs a choice".to_owned(),
    };
    numbers(&mut value, "questions");
    Ok(match verb {
        "accept" => {
            let body: SendAcceptance = read(value)?;
            let said = shapes::acceptance(body).map_err(|_| faulty("access"))?;
            (Command::Accept(said), Action::AcceptRequest)
        }
        "answer" => {
            words_have_outcomes(&value)?;
            (Command::Answer(read(value)?), Action::AnswerRequest)
        }
        "refuse" => {
            let body: SendRefusal = read(value)?;
            let said = shapes::refusal(body).map_err(|_| faulty("ground"))?;
            (Command::Refuse(said), Action::RefuseRequest)
        }
        "clarify" => match row.exchange.side() {
            Side::Requested => {
                let said = read(value)?;
                (Command::AskClarification(said), Action::AskClarification)
            }
            Side::Requesting => (Command::Clarify(read(value)?), Action::ClarifyRequest),
        },
        "channel" => (Command::Channel(read(value)?), Action::ChannelRequest),
        "await" => {
            if value.get("expected").is_none() {
                return Err(faulty("expected"));
            }
            (Command::Await(read(value)?), Action::AnnounceDelay)
        }
        "transfer" => {
            let named = value.get("to").and_then(Value::as_str).unwrap_or_default();
            if named.parse::<crate::base::MemberId>().is_err() {
                return Err(faulty("to"));
            }
            (Command::Transfer(read(value)?), Action::TransferRequest)
        }
        "feedback" => {
            if value.get("useful").is_none() {
                return Err(faulty("useful"));
            }
            (Command::Feedback(read(value)?), Action::GiveFeedback)
        }
        "acknowledge" => {
            let body: AcknowledgeCorrection = read(value)?;
            let said = Notice {
                about: body.correction,
                says: Told::Acknowledged,
                to: None,
                by: None,
                note: body.note,
            };
            (Command::Notify(said), Action::AcknowledgeCorrection)
        }
        "withdraw" => (Command::Withdraw(read(value)?), Action::WithdrawRequest),
        "close" => (Command::Close(read(value)?), Action::CloseExchange),
        "reopen" => (Command::Reopen(read(value)?), Action::ReopenExchange),
        _ => return Err(faulty("")),
    })
}

/// Check boxes say text where a list of questions has numbers.
fn numbers(value: &mut Value, list: &str) {
    if let Some(Value::Array(values)) = value.get_mut(list) {
        for value in values {
            if let Some(number) = value.as_str().and_then(|text| text.parse::<u16>().ok()) {
                *value = json!(number);
            }
        }
    }
}

/// An answer to a question in words says too what it comes to.
fn words_have_outcomes(value: &Value) -> Result<(), FieldError> {
    let answers = value.get("answers").and_then(Value::as_array);
    let bare = |answer: &&Value| answer.get("outcome").is_none();
    match answers.and_then(|answers| answers.iter().find(bare)) {
        None => Ok(()),
        Some(answer) => Err(FieldError {
            path: format!("answers[{}].outcome", answer["question"]),
            code: "required",
            what: "goes with the words of the answer".to_owned(),
        }),
    }
}
