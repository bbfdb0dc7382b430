//! Passing on what another member said: a request like any other, which takes a message along.

use axum::response::Response;

use super::super::super::{Api, shapes};
use super::super::drafts::Draft;
use super::super::exchange::read;
use super::super::form::{Builder, Typed, texts_at};
use super::super::guard::Person;
use super::super::trouble::{Trouble, see_other};
use super::{TEMPLATES, fields, may_ask, not_kept};
use crate::app::rows::ExchangeRow;
use crate::app::{AppError, Ask, Attached, Forward};
use crate::base::{MemberId, MessageId, OsEntropy};
use crate::domain::rfi::Request;

/// The field of a draft that says what it passes on.
pub const PASSES: &str = "_passes";

/// The message that a draft passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passes {
    /// The exchange that it was said in.
    pub exchange: MessageId,
    /// The message.
    pub message: MessageId,
}

impl Passes {
    /// What a draft passes on, where it does.
    pub fn of(draft: &Draft) -> Option<Self> {
        let typed = draft.typed();
        let (exchange, message) = typed.text(PASSES).split_once(' ')?;
        Some(Self {
            exchange: exchange.parse().ok()?,
            message: message.parse().ok()?,
        })
    }

    /// The same, as the field that nobody types.
    pub fn value(&self) -> String {
        format!("{} {}", self.exchange, self.message)
    }

    /// What is asked for, with the request that goes along.
    pub fn ask(
        self,
        to: Vec<(MemberId, MessageId, Vec<Attached>)>,
        request: Request,
    ) -> Result<Ask, AppError> {
        let first = to.into_iter().next();
        let (to, new, attached) = first.ok_or(AppError::NoRecipient)?;
        Ok(Ask::Forward(Box::new(Forward {
            exchange: self.exchange,
            message: self.message,
            to,
            new,
            request: Box::new(request),
            attached,
        })))
    }
}

/// Begins a draft that passes a message of an exchange on. It is about what that exchange is about;
/// purpose and legal basis are the writer's own.
pub async fn passing(
    api: &Api,
    person: &Person,
    row: &ExchangeRow,
    message: MessageId,
) -> Result<Response, Trouble> {
    may_ask(api, person)?;
    if !shapes::passable(row, person.visitor.now)
        .iter()
        .any(|(_, said)| said.id == message)
    {
        return Err(AppError::NotFound("message").into());
    }
    // What it is about is shown in the draft.
    let row = &read(api, person, row.id).await?;
    let request = serde_json::to_value(row.exchange.request()).expect("a request is plain text");
    let template = template(&request);
    let begun = fields::defaults(api, person, template);
    let Typed(mut typed) = begun.or("offence", &row.exchange.request().offence);
    let empty = Builder {
        t: person.words(),
        typed: &Typed::default(),
        faults: &[],
    };
    let sections = fields::sections(&empty, template, &[]);
    let all = sections.iter().flat_map(|section| &section.fields);
    for field in all.filter(|field| field.name.starts_with("subjects[0].")) {
        typed.retain(|(name, _)| *name != field.name);
        for text in texts_at(&request, &field.name, &api.console.zone) {
            typed.push((field.name.clone(), text));
        }
    }
    let passes = Passes {
        exchange: row.id,
        message,
    };
    typed.push((PASSES.to_owned(), passes.value()));
    let draft = Draft {
        id: MessageId::new(person.visitor.now, &mut OsEntropy),
        template: template.to_owned(),
        typed,
        saved: person.visitor.now,
    };
    let saved = api.console.drafts.save(person.caller.person, &draft);
    saved.map_err(|error| not_kept(&error))?;
    Ok(see_other(&format!("/drafts/{}", draft.id)))
}

/// The template for what a request is about first.
fn template(request: &serde_json::Value) -> &'static str {
    let about = |kind: &&&str| {
        let key = match **kind {
            "company" => "organisation",
            "location" => "address",
            same => same,
        };
        request.pointer(&format!("/subjects/0/{key}")).is_some()
    };
    TEMPLATES.iter().find(about).copied().unwrap_or("location")
}
