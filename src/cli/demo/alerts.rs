//! The demo's third act: TR publishes an alert, MK sees the same, and TR updates it.

use serde_json::json;

use super::call::{Call, Fault, ensure};
use super::stage::{Stage, proof_line, read, receipt};
use super::story::{Story, Told};
use crate::api::{AlertSummary, AlertView};
use crate::base::MessageId;
use crate::cli::text::time;

const ALERT: &str = include_str!("../../../deploy/examples/alert.toml");
const UPDATE: &str = include_str!("../../../deploy/examples/alert-update.toml");
const SIGHTING: &str = include_str!("../../../deploy/examples/sighting.toml");

/// Plays the alert, the sighting and the update.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    let id = story.tell("alert-published", published(stage)).await?;
    story.tell("alert-received", received(stage, id)).await?;
    story.tell("sighting-reported", sighted(stage, id)).await?;
    story.tell("sighting-received", told(stage, id)).await?;
    story.tell("alert-updated", updated(stage, id)).await?;
    story.tell("update-received", replaced(stage, id)).await?;
    Ok(())
}

fn about(told: Told, alert: &AlertSummary) -> Told {
    told.fact("alert", alert.id.to_string())
        .fact("state", alert.state.clone())
}

async fn published(stage: &Stage) -> Result<(Told, MessageId), Fault> {
    let file = stage.example("alert.toml", ALERT)?;
    let call = Call::of("alert publish")
        .dir(&stage.tr.dir)
        .option("--file", file);
    let alert: AlertSummary = read(stage.run(call).await?)?;
    let told = Told::by(
        stage.tr.member,
        "publishes a smuggling-trend alert to all others.",
    )
    .detail(format!("alert {}: {}", alert.id, alert.headline))
    .detail(format!("expires {}", time(alert.expires)))
    .fact("expires", alert.expires.to_string());
    Ok((about(told, &alert), alert.id))
}

async fn received(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let mut told = Told::all("MK and AT received it: TR holds a signed receipt of each.");
    for office in [&stage.mk, &stage.at] {
        let what = format!("TR holds {}'s receipt for the alert", office.member);
        let log = stage
            .until(&what, async || {
                let view = stage.alert(&stage.tr, id).await?;
                Ok(view.and_then(|view| {
                    let (_, log) = receipt(&view.events, "delivered", office.member)?;
                    Some(log.clone())
                }))
            })
            .await?;
        let theirs = stage.alert(office, id).await?;
        ensure(theirs.is_some(), || {
            format!("{} does not show it", office.member)
        })?;
        told = told.detail(format!("{} {}", office.member, proof_line(&log)));
        told = told.fact(&format!("receipt_{}", office.member), json!(log));
    }
    Ok((told.fact("alert", id.to_string()), ()))
}

async fn sighted(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let file = stage.example("sighting.toml", SIGHTING)?;
    let call = Call::of("alert sight")
        .dir(&stage.mk.dir)
        .value(id.to_string())
        .option("--file", file);
    let alert: AlertSummary = read(stage.run(call).await?)?;
    let told = Told::by(
        stage.mk.member,
        "reports that it sees the same on its own roads.",
    );
    Ok((about(told, &alert), ()))
}

async fn told(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let mk = stage.mk.member;
    let view: AlertView = stage
        .until("TR sees MK's sighting", async || {
            let view = stage.alert(&stage.tr, id).await?;
            Ok(view.filter(|view| view.summary.sighted_by.contains(&mk)))
        })
        .await?;
    let seen: Vec<_> = view.summary.sighted_by.iter().map(|m| m.as_str()).collect();
    let told =
        Told::by(stage.tr.member, "sees MK's sighting beside its alert.").fact("sighted_by", seen);
    Ok((about(told, &view.summary), ()))
}

async fn updated(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let file = stage.example("alert-update.toml", UPDATE)?;
    let call = Call::of("alert update")
        .dir(&stage.tr.dir)
        .value(id.to_string())
        .option("--file", file);
    let alert: AlertSummary = read(stage.run(call).await?)?;
    ensure(alert.version == 2, || {
        format!("the update is version {}", alert.version)
    })?;
    let told = Told::by(
        stage.tr.member,
        "updates its alert after what MK saw: a whole new version.",
    )
    .detail(format!("version {}: {}", alert.version, alert.headline))
    .fact("version", alert.version);
    Ok((about(told, &alert), ()))
}

async fn replaced(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let mut told = Told::all("MK and AT have the new version in the place of the first.");
    for office in [&stage.mk, &stage.at] {
        let what = format!("{} has version 2", office.member);
        let view: AlertView = stage
            .until(&what, async || {
                let view = stage.alert(office, id).await?;
                Ok(view.filter(|view| view.summary.version == 2))
            })
            .await?;
        let states: Vec<_> = view.versions.iter().map(|v| v.state.as_str()).collect();
        ensure(states == ["superseded", "current"], || {
            format!("its versions at {} are {states:?}", office.member)
        })?;
        told = told.fact(&format!("versions_{}", office.member), states);
    }
    Ok((told.fact("alert", id.to_string()), ()))
}
