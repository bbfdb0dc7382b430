//! The demo's act on restrictions that travel with data: AT answers MK in part and marks it H2, MK
//! may not pass it on to TR, asks, is allowed to, once, and AT sees that it did.

use serde_json::Value;

use super::call::{Call, Fault, ensure};
use super::gates;
use super::requests::message;
use super::stage::{Stage, read};
use super::story::{Story, Told};
use crate::api::{ExchangeView, PermissionView, Sent};
use crate::base::MessageId;

const REQUEST: &str = include_str!("../../../deploy/examples/request.toml");
const ANSWER: &str = include_str!("../../../deploy/examples/answer-h2.toml");
const FORWARD: &str = include_str!("../../../deploy/examples/forward.toml");

/// The question that AT refuses, and the ground.
const REFUSED: (&str, &str) = ("2", "f2");

/// Plays it.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    let id = story.tell("third-request-sent", asked(stage)).await?;
    story.tell("refused-in-part", refused(stage, id)).await?;
    let answer = story.tell("rest-marked-h2", answered(stage, id)).await?;
    let of = (id, answer);
    story.tell("forward-stopped", stopped(stage, of)).await?;
    let permission = story.tell("permission-asked", asks(stage, of)).await?;
    let letter = story
        .tell("permission-stopped", grants(stage, permission))
        .await?;
    let cleared = cleared(stage, permission, letter);
    story.tell("permission-granted", cleared).await?;
    let new = forwarded(stage, of, permission);
    let new = story.tell("forwarded", new).await?;
    story
        .tell("forward-read", read_there(stage, new, answer))
        .await?;
    let used = used(stage, of, permission);
    story.tell("permission-used", used).await
}

async fn asked(stage: &Stage) -> Result<(Told, MessageId), Fault> {
    let request = stage.example("request.toml", REQUEST)?;
    let call = Call::of("rfi send")
        .dir(&stage.mk.dir)
        .option("--to", "AT")
        .option("--file", request);
    let id = released(stage, read(stage.run(call).await?)?).await?;
    let told = Told::by(
        stage.mk.member,
        "asks AT about the same van; a second person released it.",
    );
    Ok((told.fact("exchange", id.to_string()), id))
}

/// What MK wrote leaves, once its second person has released it.
async fn released(stage: &Stage, sent: Sent) -> Result<MessageId, Fault> {
    let letter = sent.letter;
    let letter = letter.ok_or_else(|| Fault::Unexpected("it was sent unreleased".to_owned()))?;
    let left = gates::release(stage, letter.id).await?;
    ensure(left.state == "left", || {
        format!("the letter is {}", left.state)
    })?;
    Ok(letter.id)
}

async fn refused(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    message(stage, &stage.at, id, "request").await?;
    let (question, ground) = REFUSED;
    let call = Call::of("rfi refuse")
        .dir(&stage.at.dir)
        .value(id.to_string())
        .option("--ground", ground)
        .option("--question", question)
        .option("--reason", "An investigation into the driver is under way.");
    stage.run(call).await?;
    let says = format!("refuses one question on ground {ground}, and only that one.");
    let told = Told::by(stage.at.member, says);
    Ok((told.fact("ground", ground).fact("question", question), ()))
}

async fn answered(stage: &Stage, id: MessageId) -> Result<(Told, MessageId), Fault> {
    let file = stage.example("answer-h2.toml", ANSWER)?;
    let call = Call::of("rfi answer")
        .dir(&stage.at.dir)
        .value(id.to_string())
        .option("--file", file);
    stage.run(call).await?;
    let view = message(stage, &stage.mk, id, "answer").await?;
    let said = view.events.iter().find(|event| event.kind == "answer");
    let said = said.ok_or_else(|| Fault::Unexpected("there is no answer".to_owned()))?;
    let codes = said.content["handling"]["codes"].clone();
    ensure(codes == serde_json::json!(["H0", "H2"]), || {
        format!("MK sees the codes {codes}")
    })?;
    let refused = view.questions.iter().filter(|q| q.status == "refused");
    ensure(refused.count() == 1, || {
        "one question was refused".to_owned()
    })?;
    let says = "answers the rest, marked H2: not to be passed on without its permission.";
    let told = Told::by(stage.at.member, says).fact("codes", codes);
    Ok((told, said.message))
}

fn forward(stage: &Stage, of: (MessageId, MessageId)) -> Result<Call, Fault> {
    let (exchange, answer) = of;
    let file = stage.example("forward.toml", FORWARD)?;
    let call = Call::of("rfi forward").dir(&stage.mk.dir);
    Ok(call
        .value(exchange.to_string())
        .option("--message", answer.to_string())
        .option("--to", "TR")
        .option("--file", file))
}

/// The code with which a forward is stopped.
async fn refusal(stage: &Stage, of: (MessageId, MessageId)) -> Result<String, Fault> {
    match stage.run(forward(stage, of)?).await {
        Err(Fault::Command { problem, .. }) => {
            Ok(problem["code"].as_str().unwrap_or_default().to_owned())
        }
        Err(fault) => Err(fault),
        Ok(_) => Err(Fault::Unexpected("it was passed on".to_owned())),
    }
}

async fn stopped(stage: &Stage, of: (MessageId, MessageId)) -> Result<(Told, ()), Fault> {
    let code = refusal(stage, of).await?;
    ensure(code == "needs-permission", || format!("the code is {code}"))?;
    let says = "wants to pass AT's answer on to TR, and its node stops it.";
    Ok((Told::by(stage.mk.member, says).fact("code", code), ()))
}

async fn asks(
    stage: &Stage,
    (exchange, answer): (MessageId, MessageId),
) -> Result<(Told, MessageId), Fault> {
    let call = Call::of("permit ask")
        .dir(&stage.mk.dir)
        .value(exchange.to_string())
        .option("--message", answer.to_string())
        .option("--to", "TR")
        .option("--purpose", "To find the van before it leaves Turkey.");
    let permission: PermissionView = read(stage.run(call).await?)?;
    let told = Told::by(
        stage.mk.member,
        "asks AT whether it may: this answer, to TR.",
    )
    .fact("permission", permission.id.to_string());
    Ok((told, permission.id))
}

/// A permission as an office sees it, once it stands so.
async fn stands(
    stage: &Stage,
    office: &super::office::Office,
    id: MessageId,
    standing: &str,
) -> Result<PermissionView, Fault> {
    let what = format!("{} sees the permission {standing}", office.member);
    let asked = stage.until(&what, async || {
        let call = Call::of("permit show")
            .dir(&office.dir)
            .value(id.to_string());
        match stage.run(call).await {
            Ok(value) => {
                let view: PermissionView = read(value)?;
                Ok((view.standing == standing).then_some(view))
            }
            Err(fault) if fault.exit() == Some(4) => Ok(None),
            Err(fault) => Err(fault),
        }
    });
    asked.await
}

async fn grants(stage: &Stage, id: MessageId) -> Result<(Told, MessageId), Fault> {
    stands(stage, &stage.at, id, "asked").await?;
    let call = Call::of("permit grant")
        .dir(&stage.at.dir)
        .value(id.to_string())
        .option("--days", "2");
    let view: PermissionView = read(stage.run(call).await?)?;
    let letter = view.letter;
    let letter = letter.ok_or_else(|| Fault::Unexpected("nobody looked at it".to_owned()))?;
    ensure(letter.state == "stopped", || {
        format!("the letter is {}", letter.state)
    })?;
    let says = "wants to permit it, and TR would learn of one of its nationals: the protection gate stops \
                it.";
    let told = Told::by(stage.at.member, says);
    Ok((gates::about(told, &letter), letter.id))
}

async fn cleared(
    stage: &Stage,
    permission: MessageId,
    letter: MessageId,
) -> Result<(Told, ()), Fault> {
    let reason = "He is a suspect, and needs no protection from TR.";
    let letter = gates::clear(stage, &stage.at, letter, reason).await?;
    let view = stands(stage, &stage.at, permission, "granted").await?;
    let says = "permits it, signed, as a second person has cleared it: once, to TR, for two days.";
    let told = Told::by(stage.at.member, says).fact("expires", serde_json::json!(view.expires));
    Ok((gates::about(told, &letter), ()))
}

async fn forwarded(
    stage: &Stage,
    of: (MessageId, MessageId),
    permission: MessageId,
) -> Result<(Told, MessageId), Fault> {
    stands(stage, &stage.mk, permission, "granted").await?;
    let sent: Sent = read(stage.run(forward(stage, of)?).await?)?;
    let id = released(stage, sent).await?;
    let says = "passes the answer on, in a request of its own, with AT's permission.";
    let told = Told::by(stage.mk.member, says).fact("exchange", id.to_string());
    Ok((told, id))
}

async fn read_there(stage: &Stage, id: MessageId, answer: MessageId) -> Result<(Told, ()), Fault> {
    let view: ExchangeView = message(stage, &stage.tr, id, "request").await?;
    let request = view.events.iter().find(|event| event.kind == "request");
    let content = request.map_or(Value::Null, |event| event.content.clone());
    let forwarded = &content["forwarded"];
    let named = (&forwarded["originator"], &forwarded["message"]);
    ensure(named == (&"AT".into(), &answer.to_string().into()), || {
        format!("TR sees {forwarded}")
    })?;
    let codes = content["handling"]["codes"].to_string();
    ensure(codes.contains("H2"), || {
        format!("TR sees the codes {codes}")
    })?;
    let says = "reads what AT said, under AT's signature, and is bound by H2 too.";
    let told = Told::by(stage.tr.member, says).fact("originator", "AT");
    Ok((told, ()))
}

async fn used(
    stage: &Stage,
    of: (MessageId, MessageId),
    permission: MessageId,
) -> Result<(Told, ()), Fault> {
    stands(stage, &stage.at, permission, "used").await?;
    let code = refusal(stage, of).await?;
    ensure(code == "needs-permission", || format!("the code is {code}"))?;
    let says = "sees that its permission was used; MK cannot use it again.";
    Ok((Told::by(stage.at.member, says).fact("code", code), ()))
}
