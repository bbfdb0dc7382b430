//! What every request to the console passes: the right host, the right origin for whatever changes
//! something, who is signed in, and the headers that keep a page to itself.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, COOKIE, HOST, HeaderName, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::super::Api;
use super::super::problem::Failure;
use super::language::{Language, Words};
use super::page;
use super::sessions::{self, Held};
use super::trouble::Trouble;
use crate::api::Problem;
use crate::app::{Caller, Preferences};
use crate::base::Timestamp;

/// Nothing but what this origin serves, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

const PERMISSIONS: &str = "publickey-credentials-get=(self), publickey-credentials-create=(self), \
                           camera=(), microphone=(), geolocation=(), usb=()";

/// The header of what a page asks by itself.
const BY_ITSELF: HeaderName = HeaderName::from_static("liaison-by-itself");

/// The cookie that keeps the language of somebody who is not signed in.
pub const LANGUAGE_COOKIE: &str = "__Host-language";

/// Whoever sent a request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who is signed in, and their session.
    pub signed_in: Option<(Caller, Held)>,
    /// What they like.
    pub preferences: Preferences,
    /// The words of their language.
    pub words: Words,
    /// The path and query that they asked for.
    pub path: String,
    /// When they asked.
    pub now: Timestamp,
}

impl Visitor {
    /// The pseudonym of whoever is signed in.
    pub fn me(&self) -> Option<String> {
        let (caller, _) = self.signed_in.as_ref()?;
        Some(caller.person.to_string())
    }
}

/// A visitor who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub caller: Caller,
    /// Their session.
    pub held: Held,
    /// All else.
    pub visitor: Visitor,
}

impl Person {
    /// The words of their language.
    pub fn words(&self) -> Words {
        self.visitor.words
    }
}

impl FromRequestParts<Api> for Visitor {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Trouble> {
        let visitor = parts.extensions.get::<Self>();
        visitor.cloned().ok_or_else(Trouble::nothing_here)
    }
}

impl FromRequestParts<Api> for Person {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Trouble> {
        let visitor = Visitor::from_request_parts(parts, api).await?;
        match visitor.signed_in.clone() {
            Some((caller, held)) => Ok(Self {
                caller,
                held,
                visitor,
            }),
            None if parts.method == Method::GET => Err(Trouble::SignIn(visitor.path)),
            None => Err(signed_out().into()),
        }
    }
}

/// Whoever sends a form after their session ended has to know that nothing came of it.
fn signed_out() -> Failure {
    let next =
        "Go back: what was typed may still be there. Copy it, sign in, and open the form again.";
    let what = "the session had ended: nothing was sent or changed, and nothing of it was kept";
    Failure::new(StatusCode::UNAUTHORIZED, "signed-out", what, next)
}

/// The middleware.
pub async fn guard(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let visitor = visitor(&api, &request);
    let site = &api.console.site;
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let asset = request.uri().path().starts_with("/assets/");
    let mut response = if !is_at_home(request.headers(), site.authority()) {
        elsewhere(&site.origin, &visitor.path, safe)
    } else if !safe && !is_own(request.headers(), &site.origin) {
        foreign().into_response()
    } else {
        request.extensions_mut().insert(visitor.clone());
        next.run(request).await
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let status = response.status();
        response = page::trouble(&api, &visitor, &problem);
        *response.status_mut() = status;
    }
    let https = site.is_https();
    dress(response.headers_mut(), https, asset);
    response
}

/// Whether the browser names this console as its host. Another name that leads here, such as one
/// that an attacker rebinds to this address, gets nothing.
fn is_at_home(headers: &HeaderMap, authority: &str) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
}

fn elsewhere(origin: &str, path: &str, safe: bool) -> Response {
    let place = HeaderValue::from_str(&format!("{origin}{path}"));
    match (safe, place) {
        (true, Ok(place)) => (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response(),
        (true, Err(_)) | (false, _) => StatusCode::MISDIRECTED_REQUEST.into_response(),
    }
}

/// Whether a page of this console sent it: what a browser says of itself, or the origin where it
/// says nothing.
fn is_own(headers: &HeaderMap, own: &str) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(&ORIGIN);
    match text(&HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin") => origin.is_none_or(|origin| origin == own),
        Some(_) => false,
        None => origin == Some(own),
    }
}

fn foreign() -> Trouble {
    let next = "Open the console itself, and use its own pages.";
    let what = "the request did not come from a page of this console";
    Failure::new(StatusCode::FORBIDDEN, "foreign-origin", what, next).into()
}

/// Whether a page asks without anybody having done anything: it says so, or it is a stream of events,
/// whose request a browser makes alone, and again whenever it breaks off.
fn asks_by_itself(headers: &HeaderMap) -> bool {
    let stream = |accept: &HeaderValue| accept == "text/event-stream";
    headers.contains_key(BY_ITSELF) || headers.get(ACCEPT).is_some_and(stream)
}

fn visitor(api: &Api, request: &Request<Body>) -> Visitor {
    let now = Timestamp::system();
    let headers = request.headers();
    let people = api.people.current();
    let held = cookie(headers, sessions::COOKIE).and_then(|secret| {
        let sessions = &api.console.sessions;
        match asks_by_itself(headers) {
            true => sessions.find_idle(secret, now),
            false => sessions.find(secret, now),
        }
    });
    let signed_in = held.and_then(|held| Some((people.by_id(held.person)?, held)));
    let preferences = signed_in
        .as_ref()
        .map(|(caller, _)| people.preferences(caller.person))
        .unwrap_or_default();
    let asked = preferences.language.as_deref();
    let language = asked
        .or_else(|| cookie(headers, LANGUAGE_COOKIE))
        .and_then(Language::of_tag)
        .or_else(|| Language::accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?));
    let path = request.uri().path_and_query();
    Visitor {
        signed_in,
        preferences,
        words: Words(language.unwrap_or(Language::English)),
        path: path.map_or("/", |path| path.as_str()).to_owned(),
        now,
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter();
    let mut each = all.filter_map(|value| value.to_str().ok());
    each.find_map(|value| {
        value.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    })
}

/// The header that gives a browser a cookie of this console, or takes it away.
pub fn set_cookie(name: &str, value: Option<&str>) -> (HeaderName, HeaderValue) {
    let life = if value.is_some() { "" } else { "; Max-Age=0" };
    let value = value.unwrap_or_default();
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{life}");
    let value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    (SET_COOKIE, value)
}

fn dress(headers: &mut HeaderMap, https: bool, asset: bool) {
    let fixed = HeaderValue::from_static;
    let name = HeaderName::from_static;
    headers.insert(name("content-security-policy"), fixed(POLICY));
    headers.insert(name("permissions-policy"), fixed(PERMISSIONS));
    headers.insert(name("cross-origin-opener-policy"), fixed("same-origin"));
    headers.insert(name("cross-origin-resource-policy"), fixed("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(X_FRAME_OPTIONS, fixed("DENY"));
    // Not `no-referrer`: with it browsers name no origin when a form is posted.
    headers.insert(REFERRER_POLICY, fixed("same-origin"));
    if !asset {
        headers.insert(CACHE_CONTROL, fixed("no-store"));
    }
    if https {
        let year = fixed("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://mk.localhost:8480";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_a_page_of_this_console_changes_anything() {
        let own = |pairs: &[(&'static str, &'static str)]| is_own(&headers(pairs), OWN);
        assert!(own(&[("sec-fetch-site", "same-origin"), ("origin", OWN)]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("origin", OWN)]));
        assert!(!own(&[]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!own(&[("sec-fetch-site", site), ("origin", OWN)]), "{site}");
        }
        // Cookies ignore ports, so another port of this host is another console.
        for origin in [
            "http://mk.localhost:8481",
            "https://mk.localhost:8480",
            "null",
        ] {
            assert!(!own(&[("origin", origin)]), "{origin}");
            assert!(!own(&[
                ("sec-fetch-site", "same-origin"),
                ("origin", origin)
            ]));
        }
    }

    #[test]
    fn a_name_that_was_bound_to_this_address_gets_nothing() {
        let home = |host| is_at_home(&headers(&[("host", host)]), "mk.localhost:8480");
        assert!(home("mk.localhost:8480") && home("MK.localhost:8480"));
        for host in ["evil.example:8480", "127.0.0.1:8480", "mk.localhost", ""] {
            assert!(!home(host), "{host}");
        }
        assert_eq!(elsewhere(OWN, "/inbox", false).status(), 421);
        let response = elsewhere(OWN, "/inbox", true);
        assert_eq!(
            response.headers()[LOCATION],
            "http://mk.localhost:8480/inbox"
        );
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let all = headers(&[("cookie", "a=1; __Host-liaison=abc ; b=2")]);
        assert_eq!(cookie(&all, "__Host-liaison"), Some("abc"));
        assert_eq!(cookie(&all, "liaison"), None);
    }
}
