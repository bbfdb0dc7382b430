//! The steps of a demo as they happened: a timeline for people, records for machines.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::call::Fault;
use crate::base::{MemberId, Timestamp};
use crate::cli::text::{WIDTH, clean};

/// What a step that held has to tell.
#[derive(Debug)]
pub struct Told {
    who: Option<MemberId>,
    says: String,
    details: Vec<String>,
    facts: Map<String, Value>,
}

impl Told {
    /// A step of all the offices together.
    pub fn all(says: impl Into<String>) -> Self {
        Self {
            who: None,
            says: says.into(),
            details: Vec::new(),
            facts: Map::new(),
        }
    }

    /// A step of one office.
    pub fn by(who: MemberId, says: impl Into<String>) -> Self {
        Self {
            who: Some(who),
            ..Self::all(says)
        }
    }

    /// Adds a line below the step.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds a member to the step's JSON.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}

/// The steps so far.
#[derive(Debug)]
pub struct Story {
    steps: Vec<Value>,
    aloud: bool,
}

impl Story {
    /// A story that is told aloud as it happens, or only recorded.
    pub fn new(aloud: bool) -> Self {
        Self {
            steps: Vec::new(),
            aloud,
        }
    }

    /// Lets a step happen and records how it went.
    ///
    /// # Errors
    /// The step's own fault, once it is recorded.
    pub async fn tell<T>(
        &mut self,
        name: &str,
        step: impl Future<Output = Result<(Told, T), Fault>>,
    ) -> Result<T, Fault> {
        let began = Instant::now();
        let outcome = step.await;
        let mut record = json!({
            "name": name,
            "holds": outcome.is_ok(),
            "at": Timestamp::system(),
            "took_ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        let members = record.as_object_mut().expect("it is written as an object");
        match &outcome {
            Ok((told, _)) => {
                members.insert("says".to_owned(), told.says.clone().into());
                if let Some(who) = told.who {
                    members.insert("member".to_owned(), who.as_str().into());
                }
                members.extend(told.facts.clone());
                self.say(told.who, &told.says, &told.details);
            }
            Err(fault) => {
                members.insert("fault".to_owned(), fault.json());
                self.say(None, &format!("DID NOT HOLD: {name}"), &[fault.text()]);
            }
        }
        self.steps.push(record);
        outcome.map(|(_, outcome)| outcome)
    }

    fn say(&self, who: Option<MemberId>, says: &str, details: &[String]) {
        if !self.aloud {
            return;
        }
        let who = who.map_or("all".to_owned(), |who| who.to_string());
        let time = time_of_day(Timestamp::system());
        let mut text = format!("{time}  {who:<4} {}\n", wrapped(says, 15));
        for line in details {
            text += &format!("               {}\n", wrapped(line, 15));
        }
        say(&text);
    }

    /// The records of the steps so far.
    pub fn into_steps(self) -> Vec<Value> {
        self.steps
    }
}

/// Prints to people. The demo goes on even if nobody reads along.
pub fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The local time of day.
fn time_of_day(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis())
        .expect("a timestamp is clamped to what can be written");
    let local = instant.to_zoned_datetime(jiff::tz::TimeZone::system());
    local.strftime("%H:%M:%S").to_string()
}

/// The text in lines that fit beside an indentation, the later ones indented by two more.
fn wrapped(text: &str, indent: usize) -> String {
    let room = WIDTH - indent;
    let mut lines = vec![String::new()];
    for word in clean(text).split(' ') {
        let indented = if lines.len() > 1 { 2 } else { 0 };
        let last = lines.last_mut().expect("there is always a line");
        if !last.is_empty() && indented + last.chars().count() + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent + 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_story_records_what_held_and_what_did_not() {
        let mut story = Story::new(false);
        let told = Told::by("MK".parse().unwrap(), "asks").fact("exchange", "01X");
        let id = story.tell("asked", async { Ok((told, 7)) }).await;
        assert_eq!(id, Ok(7));
        let fault = Fault::Unexpected("no receipt".to_owned());
        let failed = story
            .tell("received", async { Err::<(Told, ()), _>(fault) })
            .await;
        assert!(failed.is_err());
        let steps = story.into_steps();
        assert_eq!(steps[0]["holds"], true);
        assert_eq!(steps[0]["exchange"], "01X");
        assert_eq!(steps[1]["holds"], false);
        assert_eq!(steps[1]["fault"]["unexpected"], "no receipt");
    }

    #[test]
    fn long_lines_wrap_beside_their_indentation() {
        let text = wrapped(&"word ".repeat(40), 15);
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.starts_with(&" ".repeat(17)))
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }
}
