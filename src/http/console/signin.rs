//! Signing in by passkey, enrolling one by a one-time code, signing out. There is no password.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::Api;
use super::super::problem::Failure;
use super::ceremonies::{Door, Purpose};
use super::form::Typed;
use super::guard::{Person, Visitor, set_cookie};
use super::page::{Frame, show, show_as};
use super::sessions;
use super::trouble::{Trouble, see_other};
use crate::app::{Action, AppError, Ask, Caller, Deed, OfficeAsk, People, PeopleError};
use crate::base::Timestamp;
use crate::http::Unchanged;
use crate::seal::passkey::{
    ALGORITHMS, Assertion, Challenge, Passkey, PasskeyError, Registration, challenge_of,
};

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
pub struct Then {
    then: Option<String>,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    f: Frame,
    then: String,
}

/// `GET /sign-in`.
pub async fn page(State(api): State<Api>, visitor: Visitor, Query(then): Query<Then>) -> Response {
    let title = visitor.words.say("sign-in-title");
    show(&SignInPage {
        f: Frame::new(&api, &visitor, title),
        then: local(then.then.as_deref()),
    })
}

/// A path of this console, whatever was asked for: never another site.
fn local(then: Option<&str>) -> String {
    let safe = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    then.filter(safe).unwrap_or("/").to_owned()
}

/// `POST /sign-in/begin`: what `navigator.credentials.get` is asked.
pub async fn begin(State(api): State<Api>, visitor: Visitor) -> Json<Value> {
    Json(asked(&api, Purpose::SignIn, &[], visitor.now))
}

/// The question to an authenticator, to prove that the holder of one of these passkeys is there.
pub fn asked(api: &Api, purpose: Purpose, keys: &[Passkey], now: Timestamp) -> Value {
    let challenge = api.console.ceremonies.begin(purpose, now);
    question(api, &challenge, keys)
}

/// The question that has this challenge.
pub fn question(api: &Api, challenge: &Challenge, keys: &[Passkey]) -> Value {
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(&key.id) }))
        .collect();
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge.0),
        "rpId": api.console.site.relying_party().id,
        "allowCredentials": keys,
        "userVerification": "required",
        "timeout": 120_000,
    })
}

/// An authenticator's answer as the page's script sends it, each part in base64url.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    id: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

impl Answered {
    /// The answer as a form carries it.
    pub fn typed(typed: &Typed) -> Self {
        let part = |name: &str| typed.text(name).to_owned();
        Self {
            id: part("_id"),
            client_data: part("_client_data"),
            authenticator_data: part("_authenticator_data"),
            signature: part("_signature"),
        }
    }

    /// The answer, decoded.
    ///
    /// # Errors
    /// A problem where a part is not base64url.
    pub fn read(&self) -> Result<Assertion, Failure> {
        Ok(Assertion {
            id: bytes(&self.id)?,
            client_data: bytes(&self.client_data)?,
            authenticator_data: bytes(&self.authenticator_data)?,
            signature: bytes(&self.signature)?,
        })
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
    let malformed = |_| Failure::malformed("the browser's answer is not base64url");
    URL_SAFE_NO_PAD.decode(text).map_err(malformed)
}

/// `POST /sign-in/finish`.
pub async fn finish(
    State(api): State<Api>,
    visitor: Visitor,
    Json(answered): Json<Answered>,
) -> Result<Response, Failure> {
    let assertion = answered.read()?;
    let (purpose, caller) = proven(&api, &assertion, Door::SignIn, visitor.now)?;
    if purpose != Purpose::SignIn {
        return Err(refused(PasskeyError::ClientData));
    }
    signed_in(&api, &caller, visitor.now).await
}

/// Who an answer proves to be there, and what for.
///
/// # Errors
/// A problem, always the same, whatever does not hold.
pub fn proven(
    api: &Api,
    assertion: &Assertion,
    door: Door,
    now: Timestamp,
) -> Result<(Purpose, Caller), Failure> {
    let proven = check(api, assertion, now);
    proven.map_err(|error| {
        if api.console.ceremonies.failed(door, now) {
            return too_many();
        }
        tracing::info!(event = "sign-in-refused", %error);
        refused(error)
    })
}

fn check(
    api: &Api,
    assertion: &Assertion,
    now: Timestamp,
) -> Result<(Purpose, Caller), PasskeyError> {
    let challenge = challenge_of(&assertion.client_data)?;
    let ceremonies = &api.console.ceremonies;
    let purpose = ceremonies.finish(&challenge, now);
    let purpose = purpose.ok_or(PasskeyError::Challenge)?;
    let caller = holder(api, &challenge, assertion)?;
    // Of two that bring the same answer at once, one is let in.
    if purpose == Purpose::SignIn && !ceremonies.signs_in(&challenge, now) {
        return Err(PasskeyError::Challenge);
    }
    Ok((purpose, caller))
}

/// Who holds the passkey that answers this challenge.
fn holder(api: &Api, challenge: &Challenge, assertion: &Assertion) -> Result<Caller, PasskeyError> {
    let people = api.people.current();
    let (caller, passkey) = people.by_passkey(&assertion.id).ok_or(PasskeyError::Key)?;
    let site = api.console.site.relying_party();
    let counted = site.verify(challenge, passkey, assertion)?;
    if counted != *passkey {
        let kept = api.people.change(&mut |people| {
            people.used(&counted);
            Ok(())
        });
        // The count guards against copies; where it cannot be kept nobody is let in by it.
        kept.map_err(|_| PasskeyError::Count)?;
    }
    Ok(caller)
}

/// Checks that this person answers a challenge that follows from what they decide.
///
/// # Errors
/// A problem, always the same, whatever does not hold.
pub fn counted(
    api: &Api,
    person: &Person,
    challenge: &Challenge,
    assertion: &Assertion,
) -> Result<(), Failure> {
    let door = Door::SignedIn(person.caller.person);
    let found = holder(api, challenge, assertion);
    let own = found.and_then(|caller| match caller.person == person.caller.person {
        true => Ok(()),
        false => Err(PasskeyError::Key),
    });
    own.map_err(|error| {
        if api.console.ceremonies.failed(door, person.visitor.now) {
            return too_many();
        }
        tracing::info!(event = "decision-refused", %error);
        refused(error)
    })
}

fn refused(error: PasskeyError) -> Failure {
    let next = "Try again with the passkey that you enrolled here.";
    let code = match error {
        PasskeyError::NotVerified => "not-verified",
        _ => "passkey-refused",
    };
    let what = "the passkey was not taken";
    Failure::new(StatusCode::FORBIDDEN, code, what, next)
}

fn too_many() -> Failure {
    let next = "What is right is taken all the same: try again with your own code or passkey.";
    let what = "this was not taken, and too many others were not in this minute";
    Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-attempts",
        what,
        next,
    )
}

/// Begins a session, on record.
async fn signed_in(api: &Api, caller: &Caller, now: Timestamp) -> Result<Response, Failure> {
    let ask = Ask::Office(OfficeAsk::Record(Deed::SignedIn));
    api.ask(caller, Action::SignIn, ask).await?;
    let secret = api.console.sessions.begin(caller.person, now);
    let cookie = set_cookie(sessions::COOKIE, Some(&secret));
    Ok((StatusCode::NO_CONTENT, [cookie]).into_response())
}

/// `POST /sign-out`.
pub async fn sign_out(State(api): State<Api>, person: Person) -> Result<Response, Trouble> {
    let ask = Ask::Office(OfficeAsk::Record(Deed::SignedOut));
    api.console.sessions.end(person.held);
    api.ask(&person.caller, Action::SignIn, ask).await?;
    let cookie = set_cookie(sessions::COOKIE, None);
    Ok(([cookie], see_other("/sign-in")).into_response())
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolPage {
    f: Frame,
    /// What the authenticator is asked, once the code was found.
    options: Option<String>,
    name: String,
    wrong: bool,
}

/// `GET /enrol`.
pub async fn enrol_page(State(api): State<Api>, visitor: Visitor) -> Response {
    let title = visitor.words.say("enrol-title");
    show(&EnrolPage {
        f: Frame::new(&api, &visitor, title),
        options: None,
        name: String::new(),
        wrong: false,
    })
}

/// `POST /enrol`: a code that holds leads to the authenticator.
pub async fn enrol_begin(
    State(api): State<Api>,
    visitor: Visitor,
    typed: Typed,
) -> Result<Response, Trouble> {
    let code = typed.text("code");
    let found = api.people.current().by_code(code, visitor.now);
    if found.is_none() && api.console.ceremonies.failed(Door::Code, visitor.now) {
        return Err(too_many().into());
    }
    let status = match &found {
        Some(_) => StatusCode::OK,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let title = visitor.words.say("enrol-title");
    let page = EnrolPage {
        f: Frame::new(&api, &visitor, title),
        wrong: found.is_none(),
        name: found.as_ref().map_or(String::new(), |c| c.name.clone()),
        options: found.map(|caller| creation(&api, &caller, code, visitor.now).to_string()),
    };
    Ok(show_as(status, &page))
}

/// What `navigator.credentials.create` is asked.
fn creation(api: &Api, caller: &Caller, code: &str, now: Timestamp) -> Value {
    let challenge = api
        .console
        .ceremonies
        .begin(Purpose::Enrol(code.to_owned()), now);
    let kinds = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge.0),
        "rp": { "id": api.console.site.relying_party().id, "name": &*api.console.office },
        "user": {
            "id": URL_SAFE_NO_PAD.encode(caller.person.to_bytes()),
            "name": caller.name,
            "displayName": caller.name,
        },
        "pubKeyCredParams": kinds,
        "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        "attestation": "none",
        "timeout": 120_000,
    })
}

/// A new credential as the page's script sends it, each part in base64url.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    client_data: String,
    authenticator_data: String,
    public_key: String,
    algorithm: i32,
}

/// `POST /enrol/finish`.
pub async fn enrol_finish(
    State(api): State<Api>,
    visitor: Visitor,
    Json(made): Json<Made>,
) -> Result<Response, Failure> {
    let made = Registration {
        client_data: bytes(&made.client_data)?,
        authenticator_data: bytes(&made.authenticator_data)?,
        public_key: bytes(&made.public_key)?,
        algorithm: made.algorithm,
    };
    let challenge = challenge_of(&made.client_data).map_err(refused)?;
    let purpose = api.console.ceremonies.finish(&challenge, visitor.now);
    let Some(Purpose::Enrol(code)) = purpose else {
        return Err(refused(PasskeyError::Challenge));
    };
    let site = api.console.site.relying_party();
    let passkey = site.register(&challenge, &made).map_err(refused)?;
    let caller = api.people.current().by_code(&code, visitor.now);
    let mut enrol = |people: &mut People| {
        let enrolled = people.enrol(&code, passkey.clone(), visitor.now);
        enrolled.map(drop)
    };
    api.people.can(&mut enrol).map_err(unchanged)?;
    let caller = caller.ok_or(AppError::NotFound("person"))?;
    let ask = Ask::Office(OfficeAsk::Record(Deed::PasskeyEnrolled));
    api.ask(&caller, Action::SignIn, ask).await?;
    api.people.change(&mut enrol).map_err(unchanged)?;
    signed_in(&api, &caller, visitor.now).await
}

/// Why the people are as they were, for a person.
pub fn unchanged(error: Unchanged) -> Failure {
    let (status, code) = match error {
        Unchanged::Storage => (StatusCode::INSUFFICIENT_STORAGE, "people-file"),
        Unchanged::Refused(PeopleError::BadCode) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-code"),
        Unchanged::Refused(PeopleError::NobodyThere) => (StatusCode::NOT_FOUND, "not-found"),
        Unchanged::Refused(PeopleError::TwoPeople) => (StatusCode::CONFLICT, "two-people"),
        Unchanged::Refused(
            PeopleError::BadName
            | PeopleError::NameTaken
            | PeopleError::NoRole
            | PeopleError::RolesExclude
            | PeopleError::TooManyPasskeys,
        ) => (StatusCode::UNPROCESSABLE_ENTITY, "person-refused"),
    };
    let next = "Ask the administrator of the node.";
    Failure::new(status, code, error.to_string(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        let to = |then| local(Some(then));
        assert_eq!(to("/exchanges/01X?a=b"), "/exchanges/01X?a=b");
        for hostile in [
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/a\r\nb",
            "",
            "x",
        ] {
            assert_eq!(to(hostile), "/", "{hostile}");
        }
    }
}
