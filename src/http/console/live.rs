//! What is new, told to open pages: that the log grew, and to which size; nothing of what it holds.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::time::Instant;

use super::super::Api;
use super::guard::Person;
use crate::base::{PersonId, Timestamp};

/// The shortest time between two events: pages ask again after each.
const PAUSE: Duration = Duration::from_secs(1);

/// Streams of events that one person may hold open. Each takes one of the API's connections, which are
/// few (see `callers`).
const MOST: usize = 32;

/// Who holds how many streams of events open.
#[derive(Clone)]
pub struct Listeners {
    open: Arc<Mutex<HashMap<PersonId, usize>>>,
    most: usize,
}

/// A stream that is open, until it is dropped.
pub struct Listening {
    listeners: Listeners,
    person: PersonId,
}

impl Listeners {
    /// Nobody holds one yet; together they may hold so many.
    pub fn new(most: usize) -> Self {
        Self {
            open: Arc::default(),
            most,
        }
    }

    /// One more stream for a person, unless they hold as many as they may, or all do.
    pub fn one_more(&self, person: PersonId) -> Option<Listening> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= self.most {
            return None;
        }
        let count = open.entry(person).or_insert(0);
        if *count >= MOST {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Listening {
            listeners: self.clone(),
            person,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PersonId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut open = self.listeners.lock();
        if let Some(count) = open.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.person);
            }
        }
    }
}

/// `GET /live`: one event for each time that the log grew. Its id is the log's size, so that a
/// browser that was cut off says with `Last-Event-ID` what it has seen. Status 429 where the person,
/// or all together, hold as many streams open as they may.
pub async fn events(
    State(api): State<Api>,
    person: Person,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    let listening = api.console.listeners.one_more(person.caller.person);
    let listening = listening.ok_or(StatusCode::TOO_MANY_REQUESTS)?;
    let last = headers.get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
    let grown = api.driver.grown();
    let seen = last.unwrap_or_else(|| *grown.borrow());
    let stream = unfold(
        (grown, seen, Instant::now(), api, person, listening),
        |(mut grown, seen, not_before, api, person, listening)| async move {
            let size = *grown.wait_for(|size| *size > seen).await.ok()?;
            tokio::time::sleep_until(not_before).await;
            let size = size.max(*grown.borrow_and_update());
            // A page that listens keeps nobody signed in, and hears nothing once nobody is.
            let now = Timestamp::system();
            if !api.console.sessions.is_awake(person.held, now) {
                return None;
            }
            // Browsers pass over an event without data (HTML Standard § 9.2.6).
            let so_far = size.to_string();
            let event = Event::default().event("news").id(&so_far).data(&so_far);
            let not_before = Instant::now() + PAUSE;
            Some((Ok(event), (grown, size, not_before, api, person, listening)))
        },
    );
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u8) -> PersonId {
        PersonId::from_bytes([number; 16])
    }

    #[test]
    fn all_together_hold_no_more_streams_than_leave_room_for_other_callers() {
        let listeners = Listeners::new(3);
        let held: Vec<_> = (0..3).map(|n| listeners.one_more(person(n))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(listeners.one_more(person(4)).is_none());
        drop(held);
        assert!(listeners.one_more(person(4)).is_some());
    }
}
