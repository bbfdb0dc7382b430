//! The demo's gates: MK's request leaves once a second person has released it, and one that could
//! betray somebody is stopped.

use serde_json::json;

use super::call::{Call, Fault, ensure};
use super::office::Office;
use super::stage::{Stage, read};
use super::story::{Story, Told};
use crate::api::{LetterSummary, Page, Sent};
use crate::base::MessageId;

const REQUEST_ASYLUM: &str = include_str!("../../../deploy/examples/request-asylum.toml");

/// Plays the request that the protection gate stops.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    let id = story.tell("asylum-request-stopped", stopped(stage)).await?;
    story
        .tell("asylum-request-returned", returned(stage, id))
        .await
}

/// What an office wrote and waits now.
///
/// # Errors
/// Where it was sent instead.
pub fn waiting(sent: Sent) -> Result<LetterSummary, Fault> {
    match sent.letter {
        Some(letter) if sent.exchanges.is_empty() => Ok(*letter),
        Some(_) | None => Err(Fault::Unexpected("it was sent unreleased".to_owned())),
    }
}

/// Releases a letter of MK, as its releasing officer.
///
/// # Errors
/// Where it cannot be.
pub async fn release(stage: &Stage, id: MessageId) -> Result<LetterSummary, Fault> {
    let call = Call::of("rfi release")
        .dir(&stage.mk.dir)
        .value(id.to_string());
    read(stage.run(call).await?)
}

/// Clears a letter that an office's protection gate stopped, as its releasing officer.
///
/// # Errors
/// Where it cannot be.
pub async fn clear(
    stage: &Stage,
    office: &Office,
    id: MessageId,
    reason: &str,
) -> Result<LetterSummary, Fault> {
    let call = Call::of("rfi clear")
        .dir(&office.dir)
        .value(id.to_string())
        .option("--reason", reason);
    read(stage.run(call).await?)
}

/// What the step about a letter records.
pub fn about(told: Told, letter: &LetterSummary) -> Told {
    told.fact("letter", letter.id.to_string())
        .fact("letter_state", letter.state.clone())
        .fact("stops", json!(letter.stops))
        .fact("decisions", json!(letter.decisions))
}

async fn stopped(stage: &Stage) -> Result<(Told, MessageId), Fault> {
    let asked = &stage.ir;
    let request = stage.example("request-asylum.toml", REQUEST_ASYLUM)?;
    let call = Call::of("rfi send")
        .dir(&stage.mk.dir)
        .option("--to", asked.member.as_str())
        .option("--file", request);
    let letter = waiting(read(stage.run(call).await?)?)?;
    let letter = release(stage, letter.id).await?;
    ensure(letter.state == "stopped", || {
        format!("the letter is {}", letter.state)
    })?;
    let list = Call::of("rfi list")
        .dir(&stage.mk.dir)
        .option("--state", "stopped");
    let listed: Page<LetterSummary> = read(stage.run(list).await?)?;
    ensure(listed.items.iter().any(|one| one.id == letter.id), || {
        "the list does not show it".to_owned()
    })?;
    let [stop] = &letter.stops[..] else {
        return Err(Fault::Unexpected("one reason stops it".to_owned()));
    };
    let says = format!(
        "wants to ask {} about one of its nationals, who seeks asylum: the protection gate stops it, \
         though it was released.",
        asked.member
    );
    let told = Told::by(stage.mk.member, says)
        .detail(format!("gate: {}", stop.says))
        .detail("nothing was sent; a second person would have to clear it");
    Ok((about(told, &letter), letter.id))
}

async fn returned(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let call = Call::of("rfi return")
        .dir(&stage.mk.dir)
        .value(id.to_string())
        .option(
            "--reason",
            "Ask the member where the recruiter was last seen.",
        );
    let letter: LetterSummary = read(stage.run(call).await?)?;
    ensure(letter.state == "returned", || {
        format!("the letter is {}", letter.state)
    })?;
    // IR's office never hears of it.
    let listed = stage.listed(&stage.ir, id).await?;
    ensure(listed.is_none(), || "IR got the request".to_owned())?;
    let told = Told::by(
        stage.mk.member,
        "does not clear it: the releasing officer returns it to who wrote it.",
    );
    Ok((about(told, &letter), ()))
}
