//! The alarm command: run for each escalation, with ids alone, so that somebody hears of it who looks
//! at no screen.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::app::{Alarm, AlarmFault, AlarmOutcome, Channel, Input, Subject};
use crate::base::NodeId;
use crate::config::Config;
use crate::domain::duty::DutyLevel;
use crate::driver::Driver;

/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Commands that run at once.
const AT_ONCE: usize = 4;

/// How a node with this configuration tells of escalations.
pub fn channel(config: &Config) -> Channel {
    match config.settings.alarm.command.is_empty() {
        true => Channel::Console,
        false => Channel::Command,
    }
}

/// Runs the alarm command.
#[derive(Clone)]
pub struct Bell {
    node: NodeId,
    command: Vec<String>,
    dir: PathBuf,
    driver: Driver,
    room: Arc<Semaphore>,
}

impl Bell {
    /// The bell of a node, with the command that its configuration names.
    pub fn new(config: &Config, driver: Driver) -> Self {
        Self {
            node: config.node(),
            command: config.settings.alarm.command.clone(),
            dir: config.dir.clone(),
            driver,
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Runs the command, and tells the driver what came of it.
    pub fn ring(&self, alarm: Alarm) {
        let bell = self.clone();
        tokio::spawn(async move {
            let Ok(_turn) = bell.room.acquire().await else {
                return;
            };
            let outcome = bell.run(&alarm).await;
            let escalation = alarm.escalation;
            match outcome {
                Ok(()) => info!(event = "alarm-given", escalation),
                Err(fault) => {
                    let attempt = alarm.attempt;
                    warn!(event = "alarm-failed", escalation, attempt, %fault);
                }
            }
            let driver = bell.driver.clone();
            let told = move || driver.happened(Input::Alarmed(escalation, outcome));
            // A driver that is stopping hands the alarm over again after the next start.
            let _stopping = tokio::task::spawn_blocking(told).await;
        });
    }

    async fn run(&self, alarm: &Alarm) -> AlarmOutcome {
        let Some((program, words)) = self.command.split_first() else {
            return Err(AlarmFault::NotStarted);
        };
        let child = Command::new(program)
            .args(words)
            .current_dir(&self.dir)
            // The node's own environment names files that hold secrets.
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(|_| AlarmFault::NotStarted)?;
        let line = self.line(alarm);
        let stdin = child.stdin.take();
        let ended = async {
            if let Some(mut stdin) = stdin {
                // A command that needs no input may have closed it.
                let _closed = stdin.write_all(line.as_bytes()).await;
            }
            child.wait().await
        };
        match tokio::time::timeout(PATIENCE, ended).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(status.code().map_or(AlarmFault::Killed, AlarmFault::Exit)),
            Ok(Err(_)) => Err(AlarmFault::NotStarted),
            Err(_) => Err(AlarmFault::TooSlow),
        }
    }

    /// What the command reads: no content, and no names.
    fn line(&self, alarm: &Alarm) -> String {
        let (kind, id) = match alarm.subject {
            Subject::Exchange(id) => ("exchange", id),
            Subject::Alert(id) => ("alert", id),
            Subject::Letter(id) => ("letter", id),
        };
        let json = serde_json::json!({
            "node": self.node,
            kind: id,
            "escalation": alarm.escalation,
            "matter": alarm.matter,
            "level": DutyLevel::from_number(alarm.level),
            "at": alarm.at,
            "attempt": alarm.attempt,
        });
        format!("{json}\n")
    }
}
