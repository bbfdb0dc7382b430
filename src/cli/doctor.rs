//! `doctor`: looks at all that a node needs, and says of each fault its code, cause and remedy.

mod checks;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::Dir;
use super::failure::{Exit, Failure};
use super::output;
use super::report::Report;
use super::secret::TokenArgs;
use super::text::{clean, count, hang};
use crate::config::Config;

/// `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    dir: Dir,
    #[command(flatten)]
    token: TokenArgs,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Fine,
    Warning,
    Fault,
}

/// What is wrong, by a stable code with a page in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Permissions,
    SecretBesideKeys,
    Moving,
    KeysRunOut,
    PeerKeysRunOut,
    NoTrustList,
    TrustListExpired,
    FewSigners,
    LogFault,
    ClockBehind,
    DiskNearlyFull,
    NotServing,
    NoToken,
    TokenUnreadable,
    PeerUnreachable,
    NoDutyRoster,
    NoAlarmCommand,
    AlarmCommandMissing,
    NeedsSomebody,
    NodeAlarm,
}

impl Trouble {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Permissions => "doctor-permissions",
            Self::SecretBesideKeys => "doctor-secret-beside-keys",
            Self::Moving => "node-moving",
            Self::KeysRunOut => "doctor-keys-run-out",
            Self::PeerKeysRunOut => "doctor-peer-keys-run-out",
            Self::NoTrustList => "no-trust-list",
            Self::TrustListExpired => "doctor-trust-list-expires",
            Self::FewSigners => "doctor-few-signers",
            Self::LogFault => "doctor-log",
            Self::ClockBehind => "doctor-clock",
            Self::DiskNearlyFull => "doctor-disk",
            Self::NotServing => "node-unreachable",
            Self::NoToken => "token-missing",
            Self::TokenUnreadable => "doctor-token",
            Self::PeerUnreachable => "doctor-peer-unreachable",
            Self::NoDutyRoster => "doctor-no-duty-roster",
            Self::NoAlarmCommand => "doctor-no-alarm-command",
            Self::AlarmCommandMissing => "alarm-command-failed",
            Self::NeedsSomebody => "doctor-needs-somebody",
            Self::NodeAlarm => "doctor-node-alarm",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at, such as `disk`.
    check: &'static str,
    verdict: Verdict,
    /// What is wrong; none where it is fine.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What was found.
    cause: String,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    remedy: String,
}

impl Finding {
    fn fine(check: &'static str, cause: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Fine,
            code: None,
            cause: cause.into(),
            remedy: String::new(),
        }
    }

    fn warning(
        check: &'static str,
        trouble: Trouble,
        cause: impl Into<String>,
        remedy: &str,
    ) -> Self {
        Self {
            verdict: Verdict::Warning,
            code: Some(trouble.code()),
            remedy: remedy.to_owned(),
            ..Self::fine(check, cause)
        }
    }

    fn fault(
        check: &'static str,
        trouble: Trouble,
        cause: impl Into<String>,
        remedy: &str,
    ) -> Self {
        Self {
            verdict: Verdict::Fault,
            ..Self::warning(check, trouble, cause, remedy)
        }
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
struct Findings {
    dir: PathBuf,
    faults: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

impl Report for Findings {
    fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let mark = match finding.verdict {
                Verdict::Fine => "ok     ",
                Verdict::Warning => "WARNING",
                Verdict::Fault => "FAULT  ",
            };
            let code = finding
                .code
                .map_or_else(String::new, |code| format!("[{code}] "));
            let lead = format!("{mark}  {:<7} ", finding.check);
            text += &hang(&lead, &format!("{code}{}", clean(&finding.cause)));
            if !finding.remedy.is_empty() {
                text += &hang("                 next: ", &finding.remedy);
            }
        }
        let faults = count(self.faults as u64, "fault", "faults");
        let warnings = count(self.warnings as u64, "warning", "warnings");
        text + &format!("\n{faults}, {warnings}\n")
    }
}

impl Doctor {
    /// Looks at everything, and prints what it found.
    ///
    /// # Errors
    /// A [`Failure`] where something is at fault, after all findings were printed.
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let config = Config::load(&self.dir.dir)?;
        let mut findings = checks::local(&config);
        findings.extend(checks::running(&config, &self.token).await);
        let count = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
        let (faults, warnings) = (count(Verdict::Fault), count(Verdict::Warning));
        let found = Findings {
            dir: config.dir,
            faults,
            warnings,
            findings,
        };
        output::report(&found, json)?;
        if faults == 0 {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Failure,
            "doctor-findings",
            "something is at fault",
            format!("{faults} of the findings above"),
            "follow the remedy of each; `liaison help CODE` tells more",
        ))
    }
}
