//! The demo's talk between the first request and its end: a clarification that pauses the clock, an
//! answer in part and then in full, feedback and closing.

use super::call::{Call, Fault, ensure};
use super::requests::{message, on_the_clock};
use super::stage::{Stage, read};
use super::story::{Story, Told};
use crate::api::ExchangeSummary;
use crate::base::MessageId;

const PART: &str = include_str!("../../../deploy/examples/answer-part.toml");

/// Clarifies, and answers in part.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story, id: MessageId) -> Result<(), Fault> {
    story
        .tell("clarification-asked", unclear(stage, id))
        .await?;
    story.tell("clarified", clarified(stage, id)).await?;
    story.tell("answered-in-part", in_part(stage, id)).await
}

/// Tells what became of the answer, and closes the exchange.
///
/// # Errors
/// The first fault.
pub async fn end(stage: &Stage, story: &mut Story, id: MessageId) -> Result<(), Fault> {
    story.tell("feedback-given", feedback(stage, id)).await?;
    story.tell("exchange-closed", closed(stage, id)).await
}

async fn unclear(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let call = Call::of("rfi clarify")
        .dir(&stage.tr.dir)
        .value(id.to_string())
        .option("--ask", "Which of the two numbers called from the van?")
        .option("--question", "1");
    let exchange: ExchangeSummary = read(stage.run(call).await?)?;
    let paused = exchange.clock.as_ref().and_then(|clock| clock.paused_since);
    ensure(paused.is_some(), || "the clock goes on".to_owned())?;
    let told = Told::by(stage.tr.member, "asks back; its clock stands still.");
    Ok((on_the_clock(told, &exchange), ()))
}

async fn clarified(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    message(stage, &stage.mk, id, "clarification-request").await?;
    let call = Call::of("rfi clarify")
        .dir(&stage.mk.dir)
        .value(id.to_string())
        .option("--answer", "The one that ends in 17.");
    let exchange: ExchangeSummary = read(stage.run(call).await?)?;
    let told = Told::by(stage.mk.member, "clarifies; TR's clock goes on.");
    Ok((on_the_clock(told, &exchange), ()))
}

async fn in_part(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    message(stage, &stage.tr, id, "clarification").await?;
    let file = stage.example("answer-part.toml", PART)?;
    let call = Call::of("rfi answer")
        .dir(&stage.tr.dir)
        .value(id.to_string())
        .option("--file", file);
    let exchange: ExchangeSummary = read(stage.run(call).await?)?;
    ensure(exchange.state == "partial-answer", || {
        format!("TR sees the state {}", exchange.state)
    })?;
    let told = Told::by(stage.tr.member, "answers the first question; more follows.");
    Ok((on_the_clock(told, &exchange), ()))
}

async fn feedback(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let call = Call::of("rfi feedback")
        .dir(&stage.mk.dir)
        .value(id.to_string())
        .option("--useful", "useful")
        .option("--became", "persons-found,arrest");
    stage.run(call).await?;
    message(stage, &stage.tr, id, "feedback").await?;
    let says = "gives feedback: people were found, and somebody was arrested.";
    Ok((Told::by(stage.mk.member, says), ()))
}

async fn closed(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let call = Call::of("rfi close")
        .dir(&stage.mk.dir)
        .value(id.to_string());
    stage.run(call).await?;
    let view = message(stage, &stage.tr, id, "closing").await?;
    let state = &view.summary.state;
    ensure(state == "closed", || format!("TR sees the state {state}"))?;
    let told = Told::by(
        stage.mk.member,
        "closes the exchange, and TR sees it closed.",
    );
    Ok((on_the_clock(told, &view.summary), ()))
}
