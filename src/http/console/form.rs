//! Forms as data: what was typed, as it was typed; the fields that ask for it; and the JSON that it
//! comes to, which the domain then reads and checks as it checks the API's.
//!
//! A field's name is the path of its value in that JSON, with marks behind it:
//!
//! | Mark | Meaning |
//! |---|---|
//! | `?` | left out where nothing is typed |
//! | `~` | goes with its neighbours: a fault where none of them is there and it has a value |
//! | `~~` | the same, but has a value by default: left out then |
//! | `[]` | one of several values |
//! | `!number`, `!bool`, `!time` | what the text is read as |
//! | `!list`, `!names` | a list, parted by commas or spaces, or by commas alone |

mod field;
mod json;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::super::Api;
use super::super::problem::{Failure, without_values};
use super::files::too_long;
use super::guard::Visitor;
use super::trouble::Trouble;
use crate::base::{MessageId, OsEntropy, Timestamp};
use crate::domain::FieldError;

pub use field::{Builder, Choice, Control, Field, Section, id_of, path_label};
pub use json::{Tree, texts_at};

/// What a person typed: names and values in the order of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(pub Vec<(String, String)>);

impl FromRequest<Api> for Typed {
    type Rejection = Trouble;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Trouble> {
        let me = request.extensions().get::<Visitor>().and_then(Visitor::me);
        match Form::<Vec<(String, String)>>::from_request(request, api).await {
            Ok(Form(pairs)) => {
                let typed = Self(pairs);
                typed.is_of(&me.unwrap_or_default())?;
                Ok(typed)
            }
            Err(FormRejection::BytesRejection(_)) => Err(too_long().into()),
            Err(rejection) => Err(Failure::malformed(rejection.body_text()).into()),
        }
    }
}

/// The field that carries a message's id.
pub const MESSAGE: &str = "_message";

/// The field that carries the pseudonym of whoever a form was shown to.
const AS: &str = "_as";

impl Typed {
    /// That nobody else has signed in since the form was shown: what one person typed is not said, signed and
    /// logged as another's.
    ///
    /// # Errors
    /// A problem where somebody has.
    pub fn is_of(&self, me: &str) -> Result<(), Trouble> {
        if !self.has(AS) || self.text(AS) == me {
            return Ok(());
        }
        let next = "Open the page again, as the person who is signed in now.";
        let what =
            "another person has signed in since this page was opened: nothing was sent or changed";
        Err(Failure::new(StatusCode::CONFLICT, "another-person", what, next).into())
    }

    /// The value of a field, without the blanks around it; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of = move |(key, _): &&(String, String)| key == name;
        self.0.iter().filter(of).map(|(_, value)| value.as_str())
    }

    /// Whether the field was part of the form.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Sets a field that the form did not have.
    #[must_use]
    pub fn or(mut self, name: &str, value: &str) -> Self {
        if !self.has(name) && !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With the id of the message that the form is to make, so that a form sent twice makes it once.
    pub fn with_message(self) -> Self {
        let message = MessageId::new(Timestamp::system(), &mut OsEntropy);
        self.or(MESSAGE, &message.to_string())
    }

    /// The id of the message that the form is to make.
    pub fn message(&self) -> Result<MessageId, Failure> {
        let read = self.text(MESSAGE).parse();
        read.map_err(|_| Failure::malformed("the form has lost its number; open it again"))
    }

    /// That id as the field that nobody types.
    pub fn message_field(&self) -> (String, String) {
        (MESSAGE.to_owned(), self.text(MESSAGE).to_owned())
    }

    /// Reads a value of the domain; what cannot be read is told at its field.
    ///
    /// # Errors
    /// The faults.
    pub fn read<T: DeserializeOwned>(
        &self,
        zone: &jiff::tz::TimeZone,
    ) -> Result<(T, Tree), Vec<FieldError>> {
        let tree = Tree::of(self, zone)?;
        let read = serde_json::from_value(tree.value.clone());
        let value = read.map_err(|error| vec![unreadable(&error)])?;
        Ok((value, tree))
    }
}

/// That the JSON of a form is not what is read from it.
pub fn unreadable(error: &serde_json::Error) -> FieldError {
    FieldError {
        path: String::new(),
        code: "not-allowed",
        what: without_values(&error.to_string()),
    }
}
