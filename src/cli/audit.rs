//! `audit witness`, `audit acknowledge`, `audit evidence`: the logs of the members as this node
//! witnesses them.

use std::path::PathBuf;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::failure::Failure;
use super::output;
use super::report::Report;
use super::session::{ReaderArgs, SessionArgs};
use super::text::{WIDTH, clean, count, duration, hang, time};
use crate::api::{AcknowledgeLogAlarm, LogAlarmView, LogView, OwnLogView, WitnessView};
use crate::audit::Origin;
use crate::audit::bundle::{EvidenceReport, verify_evidence};
use crate::base::{Digest, Role, Timestamp, files};

/// Who may see how the logs stand.
const READERS: [Role; 6] = [
    Role::Auditor,
    Role::Admin,
    Role::Contact,
    Role::Officer,
    Role::Releaser,
    Role::Observer,
];

/// Who answers for alarms.
const KEEPERS: [Role; 2] = [Role::Auditor, Role::Admin];

/// `audit witness`.
#[derive(Debug, Args)]
pub struct AuditWitness {
    #[command(flatten)]
    session: ReaderArgs,
}

/// `audit acknowledge`.
#[derive(Debug, Args)]
pub struct AuditAcknowledge {
    #[command(flatten)]
    session: SessionArgs,
    /// The log that the alarm is about, such as tr-1.liaison/1
    #[arg(long, value_name = "LOG")]
    log: Origin,
    /// What is wrong with it: two-histories, unanswered, unproved, behind
    /// or restored
    #[arg(long, value_name = "FAULT")]
    fault: String,
    /// What was found and done
    #[arg(long, value_name = "TEXT")]
    note: String,
}

/// `audit evidence`.
#[derive(Debug, Args)]
pub struct AuditEvidence {
    #[command(flatten)]
    session: SessionArgs,
    /// The log that has two histories, such as tr-1.liaison/1
    #[arg(long, value_name = "LOG")]
    log: Origin,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl AuditWitness {
    /// Asks the node, and prints what it says.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let view = self.session.open(&READERS)?.client.witness().await?;
        output::print(&view, || text(&view, Timestamp::system()), json)
    }
}

impl AuditAcknowledge {
    /// Takes note of the alarm, and prints how the logs stand then.
    ///
    /// # Errors
    /// A [`Failure`] where there is no such alarm.
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let body = AcknowledgeLogAlarm {
            origin: self.log.to_string(),
            fault: self.fault,
            note: self.note,
        };
        let client = self.session.open(&KEEPERS)?.client;
        let view = client.acknowledge_log_alarm(&body).await?;
        output::print(&view, || text(&view, Timestamp::system()), json)
    }
}

impl AuditEvidence {
    /// Writes the proof that a log has two histories to a new file, verified first.
    ///
    /// # Errors
    /// A [`Failure`] where there is none, or the file is there already.
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let client = self.session.open(&KEEPERS)?.client;
        let bytes = client.evidence(self.log).await?;
        let report = verify_evidence(bytes.as_slice(), None)?;
        let failed = |error| Failure::file(&self.out, &error);
        let mut file = std::fs::File::create_new(&self.out).map_err(failed)?;
        std::io::Write::write_all(&mut file, &bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| files::sync_folder_of(&self.out))
            .map_err(failed)?;
        output::report(&Convicted::new(&report, false, Some(self.out)), json)
    }
}

/// Evidence that holds.
#[derive(Debug, Clone, Serialize)]
pub struct Convicted {
    /// The log.
    pub origin: String,
    /// The sizes of the two checkpoints.
    pub sizes: (u64, u64),
    /// The roots that it signed.
    pub roots: (Digest, Digest),
    /// The root that the second had at the size of the first.
    pub root_then: Digest,
    /// The key that signed both.
    pub key: Digest,
    /// The fingerprint of the root of trust that gives the key.
    pub trust_root: Digest,
    /// Whether that fingerprint was compared with one that the caller gave.
    pub origin_checked: bool,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

impl Convicted {
    /// What evidence proved.
    pub fn new(report: &EvidenceReport, origin_checked: bool, file: Option<PathBuf>) -> Self {
        Self {
            origin: report.first.origin.to_string(),
            sizes: (report.first.size, report.second.size),
            roots: (report.first.root, report.second.root),
            root_then: report.root,
            key: report.key,
            trust_root: report.root_fingerprint,
            origin_checked,
            file,
        }
    }
}

impl Report for Convicted {
    fn text(&self) -> String {
        let mut text = hang(
            "",
            &format!(
                "The evidence holds: the log {} has TWO HISTORIES. Its key signed a checkpoint over {} \
                 and one over {}, which cannot be of one log.",
                clean(&self.origin),
                count(self.sizes.0, "entry", "entries"),
                count(self.sizes.1, "entry", "entries"),
            ),
        );
        text += &format!("  at {:<8} {}\n", self.sizes.0, self.roots.0);
        text += &format!("  later it was {}\n", self.root_then);
        let compared = if self.origin_checked {
            ", compared"
        } else {
            ""
        };
        text += &format!("  trust       {}{compared}\n", self.trust_root);
        if !self.origin_checked {
            text += "The origin is UNCHECKED: compare this root of trust with one that you know,\n\
                     or give it with --root.\n";
        }
        if let Some(file) = &self.file {
            text += &format!("Written to {}.\n", file.display());
        }
        text
    }
}

fn text(view: &WitnessView, now: Timestamp) -> String {
    let mut text = own_words(&view.own, now);
    if !view.logs.is_empty() {
        text += &table(&view.logs, now);
    }
    for alarm in &view.alarms {
        text += &alarm_words(alarm);
    }
    text
}

/// How far this node's own log is witnessed, in a line or two.
pub fn own_words(own: &OwnLogView, now: Timestamp) -> String {
    let witnessed = match (&own.witnessed, own.quorum) {
        (Some(witnessed), _) => {
            let by: Vec<String> = witnessed.by.iter().map(ToString::to_string).collect();
            format!(
                "witnessed to entry {} of {} by {}, {} ago",
                witnessed.size,
                own.size,
                by.join(", "),
                duration(now.since(witnessed.at))
            )
        }
        (None, Some(quorum)) => format!(
            "not witnessed yet: {quorum} of {} have to cosign it",
            count(own.witnesses, "member", "members")
        ),
        (None, None) => "nobody else is a member, so nobody witnesses it".to_owned(),
    };
    let waits = match own.waiting_seconds {
        Some(seconds) if own.waiting => format!(
            "; new entries wait for {} already",
            duration(std::time::Duration::from_secs(seconds))
        ),
        Some(_) | None => String::new(),
    };
    hang(
        &format!("{}: ", clean(&own.origin)),
        &format!("{witnessed}{waits}"),
    )
}

fn table(logs: &[LogView], now: Timestamp) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(WIDTH).expect("80 fits"))
        .set_header([
            "Log",
            "Seen",
            "Age",
            "We cosigned",
            "Cosigned ours",
            "Remarks",
        ]);
    let or_none = |size: Option<u64>| size.map_or("-".to_owned(), |size| size.to_string());
    for log in logs {
        let mut remarks = Vec::new();
        if !log.linked {
            remarks.push("no link".to_owned());
        }
        if log.silent_seconds.is_some() {
            remarks.push("SILENT".to_owned());
        }
        for (first, second) in &log.challenged {
            remarks.push(format!("to show {first} in {second}"));
        }
        let age = log.seen_at.map(|at| duration(now.since(at)));
        table.add_row([
            clean(&log.origin),
            or_none(log.seen),
            age.unwrap_or_else(|| "-".to_owned()),
            or_none(log.cosigned),
            or_none(log.cosigned_ours),
            remarks.join(", "),
        ]);
    }
    format!("\n{table}\n")
}

fn alarm_words(alarm: &LogAlarmView) -> String {
    let evidence = match alarm.evidence {
        true => "; `liaison audit evidence` takes the proof out",
        false => "",
    };
    let mut text = hang(
        if alarm.acknowledged_at.is_some() {
            "seen   "
        } else {
            "ALARM  "
        },
        &format!(
            "{}: {} (entries {} and {}, shown by {}, {}){evidence}",
            clean(&alarm.origin),
            clean(&alarm.fault),
            alarm.first,
            alarm.second,
            alarm.from,
            time(alarm.at)
        ),
    );
    if let (Some(at), Some(note)) = (alarm.acknowledged_at, &alarm.note) {
        text += &hang("       ", &format!("{}: {}", time(at), clean(note)));
    }
    text
}
