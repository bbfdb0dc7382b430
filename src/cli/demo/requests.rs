//! The demo's second act: MK asks TR and is answered, AT asks MK and is refused.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::call::{Call, Fault, ensure};
use super::federation;
use super::gates;
use super::office::Office;
use super::stage::{Stage, proof_line, read, receipt};
use super::story::{Story, Told};
use super::talk;
use crate::api::{ExchangeSummary, ExchangeView, Sent};
use crate::base::{Digest, Entropy as _, MessageId, SeededEntropy, Timestamp};
use crate::cli::text::size as in_words;
use crate::cli::thread;

const REQUEST: &str = include_str!("../../../deploy/examples/request.toml");
const ANSWER: &str = include_str!("../../../deploy/examples/answer.toml");
const REQUEST_AT: &str = include_str!("../../../deploy/examples/request-at.toml");

/// Bytes of the attachment.
const ATTACHED: usize = 5_000_000;
/// Every how many questions an exchange is read though its line in the list is the same.
const NOW_AND_THEN: u32 = 8;
/// What its bytes follow from.
const SEED: u64 = 20_220_519;
/// The ground on which MK refuses: an ongoing investigation, or a person's safety.
const GROUND: &str = "f2";

/// Plays both requests.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    let (id, file) = story.tell("request-written", written(stage)).await?;
    story.tell("request-sent", released(stage, id)).await?;
    let receipt = received(stage, id, &stage.mk, &stage.tr);
    story.tell("request-received", receipt).await?;
    story.tell("request-opened", opened(stage, id)).await?;
    story.tell("request-accepted", accepted(stage, id)).await?;
    story
        .tell("acceptance-received", acceptance(stage, id))
        .await?;
    let saved = attachment(stage, id, &file);
    story.tell("attachment-saved", saved).await?;
    talk::play(stage, story, id).await?;
    // The exchange goes on while a fourth office comes in.
    federation::enrol(stage, story).await?;
    story.tell("request-answered", answered(stage, id)).await?;
    story.tell("answer-read", answer_read(stage, id)).await?;
    talk::end(stage, story, id).await?;
    let id = story.tell("second-request-sent", second(stage)).await?;
    let receipt = received(stage, id, &stage.at, &stage.mk);
    story.tell("second-request-received", receipt).await?;
    story.tell("request-refused", refused(stage, id)).await?;
    story.tell("refusal-received", refusal(stage, id)).await?;
    Ok(())
}

/// What every step about an exchange records.
fn about(told: Told, exchange: &ExchangeSummary) -> Told {
    let told = told
        .fact("exchange", exchange.id.to_string())
        .fact("state", exchange.state.clone());
    match &exchange.clock {
        Some(clock) => told.fact("clock", json!(clock)),
        None => told,
    }
}

/// The same, with a line on the clock, where a step starts, changes or stops it.
pub(super) fn on_the_clock(told: Told, exchange: &ExchangeSummary) -> Told {
    let told = about(told, exchange);
    match &exchange.clock {
        Some(clock) => {
            let words = thread::clock_words(clock, Timestamp::system());
            told.detail(format!("clock: {words}"))
        }
        None => told,
    }
}

/// The same attachment in every demo.
fn attachment_file(stage: &Stage) -> Result<(PathBuf, Digest), Fault> {
    let file = stage.folder.file("van-camera-4.bin");
    let mut bytes = vec![0; ATTACHED];
    SeededEntropy::new(SEED).fill(&mut bytes);
    std::fs::write(&file, &bytes)
        .map_err(|error| Fault::Unexpected(format!("{}: {error}", file.display())))?;
    Ok((file, Digest::of(&bytes)))
}

async fn written(stage: &Stage) -> Result<(Told, (MessageId, PathBuf)), Fault> {
    let request = stage.example("request.toml", REQUEST)?;
    let (file, digest) = attachment_file(stage)?;
    let call = Call::of("rfi send")
        .dir(&stage.mk.dir)
        .option("--to", "TR")
        .option("--file", request)
        .option("--attach", &file);
    let letter = gates::waiting(read(stage.run(call).await?)?)?;
    let unsent = stage.listed(&stage.mk, letter.id).await?;
    ensure(unsent.is_none() && letter.state == "in-review", || {
        format!("the letter is {}", letter.state)
    })?;
    let told = Told::by(
        stage.mk.member,
        "writes to TR, urgently (U2: danger to a person's life), about a van, a phone and a person.",
    )
    .detail(format!("letter {}: {}", letter.id, letter.subject))
    .detail(format!(
        "attached {}, sha256 {}…",
        in_words(ATTACHED as u64),
        digest.short()
    ))
    .detail("MK's policy wants a second person: it waits in review, and nothing was sent")
    .fact("sha256", digest.to_string());
    Ok((gates::about(told, &letter), (letter.id, file)))
}

async fn released(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let letter = gates::release(stage, id).await?;
    ensure(letter.state == "left", || {
        format!("the letter is {}", letter.state)
    })?;
    let listed = stage.listed(&stage.mk, id).await?;
    let exchange = listed.ok_or_else(|| Fault::Unexpected("it did not leave".to_owned()))?;
    let reason = exchange.urgency_reason.as_deref().unwrap_or("no reason");
    ensure(reason == "U2", || {
        format!("the request is urgent by {reason}")
    })?;
    let [decision] = &letter.decisions[..] else {
        return Err(Fault::Unexpected("one person decides".to_owned()));
    };
    let told = Told::by(
        stage.mk.member,
        "releases it: a second person read it and signed, and it leaves for TR.",
    )
    .detail(format!(
        "entry {} of MK's log holds that person's own signature",
        decision.entry
    ))
    .fact("urgency_reason", reason);
    let told = gates::about(told, &letter);
    Ok((on_the_clock(told, &exchange), ()))
}

/// Waits until an office sees an exchange with what `find` looks for. Reading an exchange is
/// recorded, so it is read again only when the list shows a change, or now and then.
async fn seen<T>(
    stage: &Stage,
    office: &Office,
    id: MessageId,
    what: &str,
    find: impl Fn(&ExchangeView) -> Option<T>,
) -> Result<(ExchangeView, T), Fault> {
    let mut last = None;
    let mut unchanged = 0;
    let found = stage.until(what, async || {
        let listed = stage.listed(office, id).await?;
        unchanged += 1;
        if listed.is_none() || (listed == last && unchanged % NOW_AND_THEN != 0) {
            return Ok(None);
        }
        last = listed;
        let Some(view) = stage.exchange(office, id).await? else {
            return Ok(None);
        };
        Ok(find(&view).map(|found| (view, found)))
    });
    found.await
}

/// The asked office has it, as its receipt at the asking office proves.
pub(super) async fn received(
    stage: &Stage,
    id: MessageId,
    asking: &Office,
    asked: &Office,
) -> Result<(Told, ()), Fault> {
    let (by, to) = (asked.member, asking.member);
    let what = format!("{to} holds {by}'s receipt");
    let (view, (at, log)) = seen(stage, asking, id, &what, |view| {
        let (event, log) = receipt(&view.events, "delivered", by)?;
        Some((event.at, log.clone()))
    })
    .await?;
    let told = Told::by(
        by,
        format!("received it: {to} holds {by}'s signed receipt."),
    )
    .detail(proof_line(&log))
    .fact("receipt", json!(log))
    .fact("received", at.to_string());
    Ok((on_the_clock(told, &view.summary), ()))
}

async fn opened(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let tr = stage.tr.member;
    let what = "the request is in TR's inbox";
    let (theirs, ()) = seen(stage, &stage.tr, id, what, |_| Some(())).await?;
    let what = "MK holds TR's receipt for the opening";
    let (view, (at, log)) = seen(stage, &stage.mk, id, what, |view| {
        let (event, log) = receipt(&view.events, "opened", tr)?;
        Some((event.at, log.clone()))
    })
    .await?;
    let told = Told::by(tr, "opened it: a person there has it on the screen.")
        .detail(proof_line(&log))
        .fact("receipt", json!(log))
        .fact("opened", at.to_string())
        .fact("events_at_tr", theirs.events.len());
    Ok((about(told, &view.summary), ()))
}

async fn accepted(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let call = Call::of("rfi accept")
        .dir(&stage.tr.dir)
        .value(id.to_string())
        .option("--reference", "TR-2026-0417")
        .option("--access", "direct");
    let exchange: ExchangeSummary = read(stage.run(call).await?)?;
    let says = "accepts; the information is directly accessible.";
    let told = Told::by(stage.tr.member, says).fact("reference", "TR-2026-0417");
    Ok((on_the_clock(told, &exchange), ()))
}

/// Waits until an office holds a message of this kind by the other side.
pub(super) async fn message(
    stage: &Stage,
    office: &Office,
    id: MessageId,
    kind: &str,
) -> Result<ExchangeView, Fault> {
    let what = format!("{} sees the other side's {kind}", office.member);
    let (view, ()) = seen(stage, office, id, &what, |view| {
        let mut events = view.events.iter();
        events
            .any(|event| event.kind == kind && event.member == view.summary.peer)
            .then_some(())
    })
    .await?;
    Ok(view)
}

async fn acceptance(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let view = message(stage, &stage.mk, id, "accept").await?;
    let theirs = view.summary.their_reference.as_deref();
    ensure(theirs == Some("TR-2026-0417"), || {
        "TR's reference is missing".to_owned()
    })?;
    let told = Told::by(stage.mk.member, "sees the acceptance, with TR's reference.");
    Ok((about(told, &view.summary), ()))
}

async fn attachment(stage: &Stage, id: MessageId, sent: &Path) -> Result<(Told, ()), Fault> {
    let what = "the whole attachment is at TR";
    let (_, listed) = seen(stage, &stage.tr, id, what, |view| {
        let mut listed = view.events.iter().flat_map(|event| &event.attachments);
        listed.find(|attachment| attachment.complete).cloned()
    })
    .await?;
    let out = stage.folder.file("saved-at-tr.bin");
    let call = Call::of("attachment save")
        .dir(&stage.tr.dir)
        .value(id.to_string())
        .option("--out", &out);
    stage.run(call).await?;
    let digest = |file: &Path| {
        std::fs::File::open(file)
            .and_then(|mut open| Digest::of_reader(&mut open))
            .map_err(|error| Fault::Unexpected(format!("{}: {error}", file.display())))
    };
    let ((before, size), (after, _)) = (digest(sent)?, digest(&out)?);
    ensure(before == after && after == listed.sha256, || {
        "the attachment changed on its way".to_owned()
    })?;
    let says = format!(
        "saves the attachment: {}, the same to the last bit.",
        in_words(size)
    );
    let told = Told::by(stage.tr.member, says)
        .detail(format!(
            "sha256 {}…, as MK's signed message lists it",
            after.short()
        ))
        .fact("exchange", id.to_string())
        .fact("bytes", size)
        .fact("sha256", after.to_string());
    Ok((told, ()))
}

async fn answered(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let answer = stage.example("answer.toml", ANSWER)?;
    let call = Call::of("rfi answer")
        .dir(&stage.tr.dir)
        .value(id.to_string())
        .option("--file", answer);
    let exchange: ExchangeSummary = read(stage.run(call).await?)?;
    let told = Told::by(stage.tr.member, "answers.");
    Ok((about(told, &exchange), ()))
}

async fn answer_read(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let what = "MK sees the whole answer";
    let (view, ()) = seen(stage, &stage.mk, id, what, |view| {
        (view.summary.state == "answered").then_some(())
    })
    .await?;
    let content = view.events.iter().rfind(|event| event.kind == "answer");
    let outcome = content.map_or(serde_json::Value::Null, |event| {
        event.content["outcome"].clone()
    });
    let told = Told::by(stage.mk.member, "reads the answer.").fact("outcome", outcome);
    Ok((on_the_clock(told, &view.summary), ()))
}

async fn second(stage: &Stage) -> Result<(Told, MessageId), Fault> {
    let request = stage.example("request-at.toml", REQUEST_AT)?;
    let call = Call::of("rfi send")
        .dir(&stage.at.dir)
        .option("--to", "MK")
        .option("--file", request);
    let sent: Sent = read(stage.run(call).await?)?;
    let [exchange] = &sent.exchanges[..] else {
        return Err(Fault::Unexpected("one member was asked".to_owned()));
    };
    let told = Told::by(stage.at.member, "asks MK.")
        .detail(format!("exchange {}: {}", exchange.id, exchange.subject));
    Ok((on_the_clock(told, exchange), exchange.id))
}

async fn refused(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let what = "AT's request is in MK's inbox";
    seen(stage, &stage.mk, id, what, |_| Some(())).await?;
    let call = Call::of("rfi refuse")
        .dir(&stage.mk.dir)
        .value(id.to_string())
        .option("--ground", GROUND)
        .option(
            "--reason",
            "An investigation is under way; ask again in four weeks.",
        );
    let exchange: ExchangeSummary = read(stage.run(call).await?)?;
    let says = format!(
        "opens it and refuses on ground {GROUND}: an ongoing investigation or a person's safety."
    );
    let told = Told::by(stage.mk.member, says).fact("ground", GROUND);
    Ok((about(told, &exchange), ()))
}

async fn refusal(stage: &Stage, id: MessageId) -> Result<(Told, ()), Fault> {
    let view = message(stage, &stage.at, id, "refuse").await?;
    let said = view.events.iter().find(|event| event.kind == "refuse");
    let ground = said.and_then(|event| event.content["ground"].as_str());
    ensure(ground == Some(GROUND), || "AT sees no ground".to_owned())?;
    let told = Told::by(stage.at.member, "sees the refusal and its ground.").fact("ground", GROUND);
    Ok((on_the_clock(told, &view.summary), ()))
}
