//! Witnesses: how the logs stand, alarms about them, and the evidence.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::auth::{Body, Place, SignedIn};
use super::problem::Failure;
use crate::api::{
    AcknowledgeLogAlarm, Alarm, LogAlarmView, LogView, OwnLogView, WitnessView, WitnessedView,
};
use crate::app::{
    Action, AlarmReport, AppError, Ask, LogFault, LogReport, OwnReport, Reply, WitnessAsk,
    WitnessReply, WitnessReport,
};
use crate::audit::Origin;
use crate::audit::bundle::write_evidence;

/// `GET /witness`.
pub async fn show(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
) -> Result<Json<WitnessView>, Failure> {
    let ask = Ask::Witness(WitnessAsk::Report);
    let reply = api.ask(&caller, Action::ReadHealth, ask).await?;
    Ok(Json(view(&report_of(reply)?)))
}

/// `POST /witness/acknowledgements`.
pub async fn acknowledge(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Body(body): Body<AcknowledgeLogAlarm>,
) -> Result<Json<WitnessView>, Failure> {
    let fault = LogFault::ALL.into_iter().find(|f| f.code() == body.fault);
    let ask = Ask::Witness(WitnessAsk::Acknowledge {
        origin: origin(&body.origin)?,
        fault: fault.ok_or_else(|| {
            let codes = LogFault::ALL.map(LogFault::code).join(", ");
            Failure::malformed(format!("fault is one of {codes}")).at("fault")
        })?,
        note: body.note,
    });
    let reply = api.ask(&caller, Action::AcknowledgeAlarm, ask).await?;
    Ok(Json(view(&report_of(reply)?)))
}

/// `GET /witness/evidence/{node}/{incarnation}`: the proof with the chain of trust, as one file.
pub async fn evidence(
    State(api): State<Api>,
    SignedIn(caller): SignedIn,
    Place((node, incarnation)): Place<(crate::base::NodeId, u32)>,
) -> Result<Response, Failure> {
    let origin = Origin { node, incarnation };
    let ask = Ask::Witness(WitnessAsk::Evidence { origin });
    let reply = api.ask(&caller, Action::ReadEvidence, ask).await?;
    let (Reply::Witness(reply), Some(directory)) = (reply, api.directory.get().as_ref().clone())
    else {
        return Err(AppError::NotFound("evidence").into());
    };
    let WitnessReply::Evidence(evidence) = *reply else {
        return Err(AppError::NotFound("evidence").into());
    };
    let mut file = Vec::new();
    write_evidence(&mut file, &directory, &evidence).map_err(|_| AppError::Log)?;
    let kind = [(header::CONTENT_TYPE, "application/x-tar")];
    Ok((kind, file).into_response())
}

fn origin(text: &str) -> Result<Origin, Failure> {
    let origin = text.parse();
    origin.map_err(|error: crate::audit::ParseOriginError| {
        Failure::malformed(error.to_string()).at("origin")
    })
}

fn report_of(reply: Reply) -> Result<WitnessReport, Failure> {
    match reply {
        Reply::Witness(reply) => match *reply {
            WitnessReply::Report(report) => Ok(*report),
            WitnessReply::Evidence(_) => Err(AppError::NotFound("state").into()),
        },
        _ => Err(AppError::NotFound("state").into()),
    }
}

/// How the logs stand, as JSON.
pub fn view(report: &WitnessReport) -> WitnessView {
    WitnessView {
        own: own(&report.own),
        logs: report.logs.iter().map(log).collect(),
        alarms: report.alarms.iter().map(alarm).collect(),
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn own(own: &OwnReport) -> OwnLogView {
    OwnLogView {
        origin: own.origin.to_string(),
        size: own.size,
        witnesses: count(own.witnesses),
        quorum: own.quorum.map(count),
        witnessed: own.witnessed.as_ref().map(|row| WitnessedView {
            size: row.size,
            root: row.root,
            at: row.at,
            by: row.by.clone(),
        }),
        waiting: own.waiting.is_some(),
        waiting_seconds: own.waiting.map(|(_, seconds)| seconds),
    }
}

fn log(log: &LogReport) -> LogView {
    LogView {
        node: log.origin.node,
        origin: log.origin.to_string(),
        linked: log.linked,
        seen: log.head.map(|(head, _)| head.size),
        seen_at: log.head.map(|(_, at)| at),
        cosigned: log.cosigned.map(|(size, _)| size),
        cosigned_at: log.cosigned.map(|(_, at)| at),
        cosigned_ours: log.cosigned_ours,
        witnessed: log.witnessed,
        silent_seconds: log.silent,
        challenged: log.challenged.clone(),
    }
}

fn alarm(alarm: &AlarmReport) -> LogAlarmView {
    let acknowledged = alarm.row.acknowledged.as_ref();
    LogAlarmView {
        origin: alarm.origin.to_string(),
        fault: alarm.fault.code().to_owned(),
        first: alarm.row.first,
        second: alarm.row.second,
        from: alarm.row.from,
        at: alarm.row.at,
        entry: alarm.row.entry,
        evidence: alarm.row.evidence,
        acknowledged_at: acknowledged.map(|(at, _)| *at),
        note: acknowledged.map(|(_, note)| note.clone()),
    }
}

/// What about logs somebody has to see to: alarms that nobody took note of, and silent peers.
pub fn alarms(report: &WitnessReport) -> Vec<Alarm> {
    let own = report.own.origin;
    let open = report.alarms.iter();
    let open = open.filter(|alarm| alarm.row.acknowledged.is_none());
    let silent = report.logs.iter().filter_map(|log| {
        let seconds = log.silent?;
        Some(Alarm {
            code: "log-silent".to_owned(),
            detail: format!(
                "the log {} has shown nothing new for {} minutes, although its node is linked",
                log.origin,
                seconds / 60
            ),
            next: "Ask the office whether its node works: a log that goes on shows a heartbeat \
                   every five minutes."
                .to_owned(),
        })
    });
    open.map(|alarm| open_alarm(alarm, own))
        .chain(silent)
        .collect()
}

fn open_alarm(alarm: &AlarmReport, own: Origin) -> Alarm {
    let (origin, row) = (alarm.origin, &alarm.row);
    let (first, second) = (row.first, row.second);
    let mine = origin.node == own.node;
    let (code, detail) = match alarm.fault {
        LogFault::TwoHistories => (
            "log-two-histories",
            format!(
                "the log {origin} has two histories: its checkpoints over {first} and {second} \
                 entries cannot be of one log"
            ),
        ),
        LogFault::Unanswered => (
            "log-unanswered",
            format!(
                "{} did not show in time that the log {origin} over {second} entries continues the \
                 one over {first}",
                origin.node
            ),
        ),
        LogFault::Unproved => (
            "log-unproved",
            format!(
                "the proof that the log {origin} over {second} entries continues the one over \
                 {first} does not hold"
            ),
        ),
        LogFault::Behind => (
            "log-behind",
            format!(
                "this node's log ends at {first} entries, and {} holds a checkpoint of it over \
                 {second}",
                row.from
            ),
        ),
        LogFault::Restored => (
            "log-restored",
            format!(
                "{} was restored from a backup: its log goes on from {first} entries, and had \
                 {second} at least before",
                origin.node
            ),
        ),
    };
    let next = match (mine, alarm.fault) {
        (true, LogFault::Restored) => {
            "Members send again what they had sent, and give back what they had been sent. Compare \
             with them what is still missing: `liaison help restored`; then `liaison audit \
             acknowledge`."
        }
        (false, LogFault::Restored) => {
            "What that office had been sent is sent again, and what it had sent is given back. Ask \
             whether that was announced, and what the office is missing: `liaison help restored`; \
             then `liaison audit acknowledge`."
        }
        (true, _) => {
            "FEDERATION ALARM: this folder was put back from a copy, cut or rewritten. Stop the \
             node, keep the folder as evidence, and tell the members: `liaison help witness`."
        }
        (false, LogFault::TwoHistories) => {
            "FEDERATION ALARM: take the proof out with `liaison audit evidence`, tell every member \
             by phone, and suspend the member; then `liaison audit acknowledge`."
        }
        (false, LogFault::Unanswered | LogFault::Unproved | LogFault::Behind) => {
            "FEDERATION ALARM: call the office: its log may have been put back from a copy, cut or \
             rewritten. `liaison audit acknowledge` takes note of it."
        }
    };
    Alarm {
        code: code.to_owned(),
        detail,
        next: next.to_owned(),
    }
}
