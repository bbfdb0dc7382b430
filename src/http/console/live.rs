//! What is new, told to open pages: that the log grew, and to which size; nothing of what it holds.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;

use super::super::Api;
use super::guard::Person;
use crate::base::Timestamp;

/// The shortest time between two events: pages ask again after each.
const PAUSE: Duration = Duration::from_secs(1);

/// `GET /live`: one event for each time that the log grew. Its id is the log's size, so that a
/// browser that was cut off says with `Last-Event-ID` what it has seen.
pub async fn events(
    State(api): State<Api>,
    person: Person,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
    let grown = api.driver.grown();
    let seen = last.unwrap_or_else(|| *grown.borrow());
    let stream = unfold(
        (grown, seen, api, person),
        |(mut grown, seen, api, person)| async move {
            let size = *grown.wait_for(|size| *size > seen).await.ok()?;
            tokio::time::sleep(PAUSE).await;
            let size = size.max(*grown.borrow_and_update());
            // A page that listens keeps nobody signed in, and hears nothing once nobody is.
            let now = Timestamp::system();
            if !api.console.sessions.is_awake(person.held, now) {
                return None;
            }
            let event = Event::default().event("news").id(size.to_string()).data("");
            Some((Ok(event), (grown, size, api, person)))
        },
    );
    Sse::new(stream).keep_alive(KeepAlive::default())
}
