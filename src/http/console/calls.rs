//! What presses, whom to call about it, and the calls that people note.

use axum::extract::State;
use axum::response::Response;

use super::super::Api;
use super::super::alerts::shapes as alert_shapes;
use super::super::auth::Place;
use super::calendar::Moment;
use super::exchange::glance;
use super::form::{Builder, Section, Tree, Typed};
use super::formpage::{FormPage, summary};
use super::guard::Person;
use super::page::Frame;
use super::trouble::{Trouble, see_other};
use crate::api::AttentionView;
use crate::app::{Action, AppError, Ask, CallSubject, Permit, Reply};
use crate::base::{MemberId, MessageId};
use crate::domain::FieldError;
use crate::domain::duty::{Call, CallOutcome};

/// What somebody must do now, and whom to call.
pub struct Pressing {
    /// Whom to call at.
    pub member: String,
    /// What is wrong.
    pub word: String,
    /// What to do, where a call alone does not put it right.
    pub next: Option<String>,
    /// Since when; for a time limit its end.
    pub since: Moment,
    /// What is called: the post, where the member has a roster.
    pub post: Option<String>,
    /// Its number, or how the trust list says that the office is reached.
    pub phone: String,
    /// When it answers, where that is not at any hour.
    pub hours: Option<String>,
    /// Whether it answers now, where that is known.
    pub answers: Option<String>,
    /// The languages spoken there.
    pub languages: String,
    /// What came of the last call, and when it was noted.
    pub last: Option<(String, Moment)>,
    /// Where a call is noted; nothing where the reader may not.
    pub note: Option<String>,
}

impl Pressing {
    /// What presses, in the reader's words. A call is noted at `note`.
    pub fn of(one: &AttentionView, note: Option<String>, f: &Frame) -> Self {
        let post = one.call.post.as_ref();
        let answers = |now: bool| {
            let key = match now {
                true => "call-answers-now",
                false => "call-answers-later",
            };
            f.t.say(key)
        };
        let last = one.last_call.as_ref();
        let is_lost = matches!(one.reason.as_str(), "refused" | "expired");
        Self {
            member: one.call.member.to_string(),
            word: f.t.code("attention", &one.reason),
            next: is_lost.then(|| f.t.code("attention-next", &one.reason)),
            since: f.moment(one.since),
            post: post.map(|post| post.post.clone()),
            phone: post.map_or_else(|| one.call.listed.clone(), |post| post.phone.clone()),
            hours: post.and_then(|post| post.hours.clone()),
            answers: post.and_then(|post| post.answers_now).map(answers),
            languages: post.map_or_else(String::new, |post| post.languages.join(", ")),
            last: last.map(|call| (f.t.code("call", &call.outcome), f.moment(call.at))),
            note,
        }
    }

    /// The number to dial, where it is one.
    pub fn dialled(&self) -> Option<String> {
        let written = |one: char| one.is_ascii_digit() || " +-()./".contains(one);
        let number: String = self
            .phone
            .chars()
            .filter(|one| *one == '+' || one.is_ascii_digit())
            .collect();
        (number.len() > 2 && self.phone.chars().all(written)).then_some(number)
    }
}

/// Where calls about an exchange are noted, if the person may.
pub fn of_exchange(api: &Api, person: &Person, exchange: MessageId) -> Option<String> {
    may_note(api, person).then(|| format!("/exchanges/{exchange}/call"))
}

/// Where calls to a member about an alert are noted, if the person may.
pub fn of_alert(api: &Api, person: &Person, alert: MessageId, member: MemberId) -> Option<String> {
    may_note(api, person).then(|| format!("/alerts/{alert}/call/{member}"))
}

fn may_note(api: &Api, person: &Person) -> bool {
    Permit::ask(api.member(), &person.caller, Action::NoteCall).is_ok()
}

/// What a call is about, and what the form says of it.
struct About {
    subject: CallSubject,
    /// The reference or headline.
    title: String,
    /// The page that shows it.
    back: String,
    /// Where the form goes.
    action: String,
    /// Whom the duty roster says to call, if anything presses.
    whom: String,
}

/// `GET /exchanges/{id}/call`.
pub async fn exchange_form(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
) -> Result<Response, Trouble> {
    fresh(&api, &person, &exchange(&api, &person, id).await?)
}

/// `POST /exchanges/{id}/call`.
pub async fn note_of_exchange(
    State(api): State<Api>,
    person: Person,
    Place(id): Place<MessageId>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let about = exchange(&api, &person, id).await?;
    note(&api, &person, &about, &typed).await
}

/// `GET /alerts/{id}/call/{member}`.
pub async fn alert_form(
    State(api): State<Api>,
    person: Person,
    Place((id, member)): Place<(MessageId, MemberId)>,
) -> Result<Response, Trouble> {
    fresh(&api, &person, &alert(&api, &person, id, member).await?)
}

/// `POST /alerts/{id}/call/{member}`.
pub async fn note_of_alert(
    State(api): State<Api>,
    person: Person,
    Place((id, member)): Place<(MessageId, MemberId)>,
    typed: Typed,
) -> Result<Response, Trouble> {
    let about = alert(&api, &person, id, member).await?;
    note(&api, &person, &about, &typed).await
}

async fn exchange(api: &Api, person: &Person, id: MessageId) -> Result<About, Trouble> {
    let of = api.summary(&glance(api, person, id).await?);
    Ok(About {
        subject: CallSubject::Exchange(id),
        title: of.reference,
        back: format!("/exchanges/{id}"),
        action: format!("/exchanges/{id}/call"),
        whom: whom(of.attention.first()),
    })
}

async fn alert(
    api: &Api,
    person: &Person,
    id: MessageId,
    member: MemberId,
) -> Result<About, Trouble> {
    let ask = Ask::ReadAlert { alert: id };
    let reply = api.ask(&person.caller, Action::ReadAlerts, ask).await?;
    let Reply::AlertThread(row, _) = reply else {
        return Err(Trouble::nothing_here());
    };
    let of = alert_shapes::summary(&row, person.visitor.now);
    let at = of.attention.iter().find(|one| one.call.member == member);
    Ok(About {
        subject: CallSubject::Alert(id, member),
        whom: whom(at),
        title: of.headline,
        back: format!("/alerts/{id}"),
        action: format!("/alerts/{id}/call/{member}"),
    })
}

/// A post with its number, or a number alone.
fn whom(pressing: Option<&AttentionView>) -> String {
    let Some(call) = pressing.map(|one| &one.call) else {
        return String::new();
    };
    match &call.post {
        Some(post) => format!("{} {}", post.post, post.phone),
        None => call.listed.clone(),
    }
}

fn fresh(api: &Api, person: &Person, about: &About) -> Result<Response, Trouble> {
    let typed = Typed::default().or("to", &about.whom);
    page(api, person, about, &typed, &[])
}

async fn note(
    api: &Api,
    person: &Person,
    about: &About,
    typed: &Typed,
) -> Result<Response, Trouble> {
    if typed.text("outcome").is_empty() {
        let fault = FieldError {
            path: "outcome".to_owned(),
            code: "required",
            what: "must be chosen".to_owned(),
        };
        return page(api, person, about, typed, &[fault]);
    }
    let (call, tree): (Call, Tree) = match typed.read(&api.console.zone) {
        Ok(read) => read,
        Err(faults) => return page(api, person, about, typed, &faults),
    };
    let subject = about.subject;
    let action = Action::NoteCall;
    let permit = Permit::ask(api.member(), &person.caller, action).map_err(AppError::from)?;
    match api
        .driver
        .ask(permit, Ask::NoteCall { subject, call })
        .await?
    {
        Ok(_) => Ok(see_other(&about.back)),
        Err(AppError::Invalid(faults)) => {
            page(api, person, about, typed, &tree.in_the_form(faults))
        }
        Err(error) => Err(error.into()),
    }
}

fn page(
    api: &Api,
    person: &Person,
    about: &About,
    typed: &Typed,
    faults: &[FieldError],
) -> Result<Response, Trouble> {
    if !may_note(api, person) {
        return Err(Trouble::nothing_here());
    }
    let f = Frame::of(api, person, "call-title");
    let t = f.t;
    let builder = Builder { t, typed, faults };
    let outcomes = CallOutcome::ALL.iter().map(|one| one.as_str());
    let fields = vec![
        builder.line("to").called(t.say("call-to")),
        builder
            .radios("outcome", "call", outcomes)
            .called(t.say("call-outcome")),
        builder.area("note?", 3),
    ];
    let sections = vec![Section::new(t, "call-section", fields)];
    let page = FormPage {
        heading: t.say("call-title"),
        about: Some(about.title.clone()),
        lead: t.say("call-lead"),
        action: about.action.clone(),
        back: about.back.clone(),
        faults: summary(&sections, faults, t),
        sections,
        files: None,
        hidden: Vec::new(),
        button: t.say("call-title"),
        grave: false,
        f,
    };
    Ok(page.show())
}
