//! What the demo's steps play on: three offices, a folder, the program.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::call::{Call, Fault, Program};
use super::folder::Folder;
use super::office::Office;
use crate::api::{AlertView, EventView, ExchangeSummary, ExchangeView, Health, Page, PeerLogView};
use crate::base::{MemberId, MessageId};
use crate::cli::thread;

/// How long an outcome may take, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(150);

/// Offices and what they use. Dropped, their nodes stop.
#[derive(Debug)]
pub struct Stage {
    /// North Macedonia's office.
    pub mk: Office,
    /// Türkiye's office.
    pub tr: Office,
    /// Austria's office.
    pub at: Office,
    /// Iran's office, which the others enrol while they exchange.
    pub ir: Office,
    /// Where everything is.
    pub folder: Folder,
    /// The program.
    pub program: Program,
}

impl Stage {
    /// The offices that found the federation.
    pub fn founders(&self) -> [&Office; 3] {
        [&self.mk, &self.tr, &self.at]
    }

    /// All offices, the one that is enrolled later last.
    pub fn offices(&self) -> [&Office; 4] {
        [&self.mk, &self.tr, &self.at, &self.ir]
    }

    /// Runs a command.
    ///
    /// # Errors
    /// [`Fault`] where it fails.
    pub async fn run(&self, call: Call) -> Result<Value, Fault> {
        self.program.run(call).await
    }

    /// Asks until there is an outcome.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] where none came in time or a node ended; the question's own faults.
    pub async fn until<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut() -> Result<Option<T>, Fault>,
    ) -> Result<T, Fault> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for office in self.offices() {
                office.check_alive()?;
            }
            if let Some(outcome) = ask().await? {
                return Ok(outcome);
            }
            if Instant::now() > deadline {
                let patience = PATIENCE.as_secs();
                return Err(Fault::Unexpected(format!(
                    "no sign within {patience} s that {what}"
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// An exchange as an office sees it; none before it has arrived there.
    ///
    /// # Errors
    /// [`Fault`] where it cannot be asked, or answers in another shape.
    pub async fn exchange(
        &self,
        office: &Office,
        id: MessageId,
    ) -> Result<Option<ExchangeView>, Fault> {
        let call = Call::of("rfi show").dir(&office.dir).value(id.to_string());
        present(self.run(call).await)
    }

    /// An exchange's line in an office's list; none before it has arrived there.
    ///
    /// # Errors
    /// As [`Stage::exchange`].
    pub async fn listed(
        &self,
        office: &Office,
        id: MessageId,
    ) -> Result<Option<ExchangeSummary>, Fault> {
        let list = Call::of("rfi list").dir(&office.dir);
        let page: Page<ExchangeSummary> = read(self.run(list).await?)?;
        Ok(page.items.into_iter().find(|exchange| exchange.id == id))
    }

    /// The state of an office's node; none while it does not answer.
    ///
    /// # Errors
    /// As [`Stage::exchange`].
    pub async fn health(&self, office: &Office) -> Result<Option<Health>, Fault> {
        match self.run(Call::of("status").dir(&office.dir)).await {
            Ok(value) => read(value).map(Some),
            // It does not listen yet.
            Err(fault) if fault.exit() == Some(5) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// An alert as an office sees it; none before it has arrived there.
    ///
    /// # Errors
    /// As [`Stage::exchange`].
    pub async fn alert(&self, office: &Office, id: MessageId) -> Result<Option<AlertView>, Fault> {
        let call = Call::of("alert show")
            .dir(&office.dir)
            .value(id.to_string());
        present(self.run(call).await)
    }

    /// Writes one of the examples where a person would have it at hand.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn example(&self, name: &str, text: &str) -> Result<PathBuf, Fault> {
        let file = self.folder.file(name);
        match std::fs::write(&file, text) {
            Ok(()) => Ok(file),
            Err(error) => Err(Fault::Unexpected(format!("{}: {error}", file.display()))),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // All at once; each office then waits for its own.
        for office in self.offices() {
            office.ask_to_stop();
        }
    }
}

/// Reads an outcome; "not found" is none.
fn present<T: serde::de::DeserializeOwned>(
    outcome: Result<Value, Fault>,
) -> Result<Option<T>, Fault> {
    match outcome {
        Ok(value) => read(value).map(Some),
        Err(fault) if fault.exit() == Some(4) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Reads a command's JSON.
///
/// # Errors
/// [`Fault::Unexpected`] where it has another shape.
pub fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value)
        .map_err(|error| Fault::Unexpected(format!("a command printed another shape: {error}")))
}

/// The receipt of this kind by this member, with where its log holds it.
pub fn receipt<'a>(
    events: &'a [EventView],
    kind: &str,
    by: MemberId,
) -> Option<(&'a EventView, &'a PeerLogView)> {
    let event = events.iter().find(|e| e.kind == kind && e.member == by)?;
    Some((event, event.proof.peer_log.as_ref()?))
}

/// A line on a receipt's proof.
pub fn proof_line(log: &PeerLogView) -> String {
    format!("proof: {}", thread::peer_log_words(log))
}
