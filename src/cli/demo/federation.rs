//! The demo's acts about the federation itself: a fourth office is enrolled while exchanges run, keys
//! are made anew under the links, and the fourth is suspended at the end.

use serde_json::{Value, json};

use super::call::{Call, Fault, ensure};
use super::office::Office;
use super::requests::received;
use super::setup;
use super::stage::{Stage, read};
use super::story::{Story, Told};
use crate::api::{Holdings, Sent};
use crate::base::{Digest, MessageId};

const REQUEST_IR: &str = include_str!("../../../deploy/examples/request-ir.toml");
const REQUEST_AFTER: &str = include_str!("../../../deploy/examples/request-at.toml");

/// Why IR is suspended.
const REASON: &str = "A laptop with keys was stolen; the office has confirmed it by phone";

/// Enrols IR: its node is made, a list with it signed by a majority, installed everywhere, and an
/// exchange with it works. Then MK makes all its keys anew.
///
/// # Errors
/// The first fault.
pub async fn enrol(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    story.tell("fourth-office-made", made(stage)).await?;
    story.tell("enrolment-signed", signed(stage)).await?;
    story.tell("enrolment-installed", installed(stage)).await?;
    story.tell("fourth-office-linked", linked(stage)).await?;
    let id = story.tell("fourth-office-asks", asks(stage)).await?;
    let receipt = received(stage, id, &stage.ir, &stage.tr);
    story.tell("fourth-office-heard", receipt).await?;
    story
        .tell("safety-number-compared", compared(stage))
        .await?;
    story.tell("keys-made-anew", rotated(stage)).await
}

/// Suspends IR by two countries; the others go on.
///
/// # Errors
/// The first fault.
pub async fn suspend(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    story.tell("suspension-signed", suspension(stage)).await?;
    story.tell("suspension-in-force", cut_off(stage)).await?;
    story.tell("holdings-listed", holdings(stage)).await?;
    let id = story.tell("others-go-on", go_on(stage)).await?;
    let receipt = received(stage, id, &stage.at, &stage.mk);
    story.tell("others-heard", receipt).await
}

async fn made(stage: &Stage) -> Result<(Told, ()), Fault> {
    let report = setup::init(stage, &stage.ir).await?;
    setup::people(stage, &stage.ir).await?;
    let card = stage.folder.file("IR.card");
    let write = Call::of("member card").dir(&stage.ir.dir);
    let written = stage.run(write.option("--out", card)).await?;
    let says = "A fourth office makes its keys and its card, and sends the card to the others.";
    let told = Told::by(stage.ir.member, says)
        .detail(format!("identity {}", text(&written, "identity")))
        .fact("made", report)
        .fact("card", written);
    Ok((told, ()))
}

async fn signed(stage: &Stage) -> Result<(Told, ()), Fault> {
    let proposal = stage.folder.file("trust-list-2");
    let propose = Call::of("trust propose")
        .dir(&stage.mk.dir)
        .option("--card", stage.folder.file("IR.card"))
        .option("--out", &proposal);
    stage.run(propose).await?;
    let mut last = Value::Null;
    for (office, complete) in [(&stage.mk, false), (&stage.tr, true)] {
        let sign = Call::of("trust sign")
            .dir(&office.dir)
            .option("--file", &proposal);
        last = stage.run(sign).await?;
        let found = last["complete"] == json!(complete);
        ensure(found, || {
            format!("with {}'s signature: {last}", office.member)
        })?;
    }
    let says = "MK proposes a list with IR; MK and TR sign it: two of three countries suffice.";
    let told = Told::all(says)
        .detail(format!("list 2, digest {}", text(&last, "digest")))
        .fact("digest", last["digest"].clone())
        .fact("signed_by", last["signed_by"].clone());
    Ok((told, ()))
}

async fn installed(stage: &Stage) -> Result<(Told, ()), Fault> {
    let proposal = stage.folder.file("trust-list-2");
    let install = |office: &Office| {
        Call::of("trust install")
            .dir(&office.dir)
            .option("--file", &proposal)
    };
    let mut root = String::new();
    for office in stage.founders() {
        let report = stage.run(install(office)).await?;
        root = text(&report, "root").to_owned();
    }
    // Whoever comes in begins from a root that its people compared.
    let wrong = install(&stage.ir).option("--root", Digest::EMPTY.to_string());
    let refused = stage.run(wrong).await.is_err();
    ensure(refused, || "IR took another root".to_owned())?;
    let report = stage
        .run(install(&stage.ir).option("--root", &root))
        .await?;
    let told =
        Told::all("All four offices put list 2 in force, without a stop; IR compares the root.")
            .detail(format!("root {root}"))
            .fact("root", root)
            .fact("version", report["version"].clone());
    Ok((told, ()))
}

async fn linked(stage: &Stage) -> Result<(Told, ()), Fault> {
    setup::serve(stage, &stage.ir)?;
    let states = setup::all_linked(stage, &stage.offices()).await?;
    let told = Told::all("IR's node serves, and all four are linked to each other.");
    Ok((told.fact("links", states), ()))
}

/// A short request, from one office to another.
async fn ask(
    stage: &Stage,
    from: &Office,
    to: &Office,
    (name, text): (&str, &str),
) -> Result<(Told, MessageId), Fault> {
    let file = stage.example(name, text)?;
    let call = Call::of("rfi send")
        .dir(&from.dir)
        .option("--to", to.member.as_str())
        .option("--file", file);
    let sent: Sent = read(stage.run(call).await?)?;
    let [exchange] = &sent.exchanges[..] else {
        return Err(Fault::Unexpected("one member was asked".to_owned()));
    };
    let told = Told::by(from.member, format!("asks {}.", to.member))
        .detail(format!("exchange {}: {}", exchange.id, exchange.subject))
        .fact("exchange", exchange.id.to_string());
    Ok((told, exchange.id))
}

async fn asks(stage: &Stage) -> Result<(Told, MessageId), Fault> {
    ask(stage, &stage.ir, &stage.tr, ("request-ir.toml", REQUEST_IR)).await
}

/// What MK's contact point hears from IR's by telephone.
async fn compared(stage: &Stage) -> Result<(Told, ()), Fault> {
    let verify = |at: &Office, of: &Office| {
        Call::of("member verify")
            .value(of.member.as_str())
            .dir(&at.dir)
    };
    let read_out = stage.run(verify(&stage.ir, &stage.mk)).await?;
    let number = text(&read_out, "safety_number");
    let compare = verify(&stage.mk, &stage.ir);
    // Another member's number is no match.
    let wrong = stage.run(verify(&stage.tr, &stage.mk)).await?;
    let wrong = text(&wrong, "safety_number").to_owned();
    let refused = verify(&stage.mk, &stage.ir).option("--number", wrong);
    ensure(stage.run(refused).await.is_err(), || {
        "TR's number passed for IR's".to_owned()
    })?;
    let shown = stage.run(compare.option("--number", number)).await?;
    let by = text(&shown["compared"], "by");
    let says = "IR's people read their 60 digits out; MK sees the same, and its node records who \
                compared them.";
    let told = Told::by(stage.mk.member, says)
        .detail(format!("compared by {by}"))
        .detail(number.to_owned())
        .fact("number", number.to_owned());
    Ok((told, ()))
}

async fn rotated(stage: &Stage) -> Result<(Told, ()), Fault> {
    let rotate = Call::of("key rotate").dir(&stage.mk.dir);
    let report = stage.run(rotate).await?;
    let sequence = report["sequence"].as_u64().unwrap_or_default();
    // The TLS key is shown once every peer has the bundle that names it.
    let shown = stage
        .until("every peer has MK's new keys", async || {
            let health = stage.health(&stage.mk).await?;
            let keys = health.and_then(|health| health.keys);
            Ok(keys
                .map(|keys| keys.sequence)
                .filter(|shown| *shown > sequence))
        })
        .await?;
    setup::all_linked(stage, &stage.offices()).await?;
    let says = "MK makes new keys for TLS, for receiving and for its log, and goes on.";
    let told = Told::by(stage.mk.member, says)
        .detail(format!("key bundle {shown}, at every peer"))
        .fact("rotated", report)
        .fact("sequence", shown);
    Ok((told, ()))
}

async fn suspension(stage: &Stage) -> Result<(Told, ()), Fault> {
    let file = stage.folder.file("suspension");
    let suspend = Call::of("trust suspend")
        .dir(&stage.mk.dir)
        .option("--member", "IR")
        .option("--reason", REASON)
        .option("--out", &file);
    let first = stage.run(suspend).await?;
    ensure(first["complete"] == json!(false), || {
        "one country alone suspended IR".to_owned()
    })?;
    let sign = Call::of("trust sign").dir(&stage.tr.dir);
    let signed = stage.run(sign.option("--file", &file)).await?;
    ensure(signed["complete"] == json!(true), || {
        "two countries do not suffice".to_owned()
    })?;
    let told =
        Told::all("IR reports a theft. MK and TR sign its suspension: two countries suffice.")
            .detail(REASON)
            .fact("signed_by", signed["signed_by"].clone());
    Ok((told, ()))
}

async fn cut_off(stage: &Stage) -> Result<(Told, ()), Fault> {
    let file = stage.folder.file("suspension");
    for office in stage.founders() {
        let install = Call::of("trust install").dir(&office.dir);
        stage.run(install.option("--file", &file)).await?;
    }
    stage
        .until("IR has no link any more", async || {
            let health = stage.health(&stage.ir).await?;
            let cut = |health: &crate::api::Health| health.peers.iter().all(|p| !p.connected);
            Ok(health.filter(cut))
        })
        .await?;
    setup::all_linked(stage, &stage.founders()).await?;
    let file = stage.example("request-at.toml", REQUEST_AFTER)?;
    let send = Call::of("rfi send")
        .dir(&stage.at.dir)
        .option("--to", "IR")
        .option("--file", file);
    let Err(fault) = stage.run(send).await else {
        return Err(Fault::Unexpected("AT may still ask IR".to_owned()));
    };
    ensure(fault.told().contains("IR"), || fault.text())?;
    let told =
        Told::all("Its links close at once; nothing more is sent to it, and nobody may ask it.")
            .detail(fault.told())
            .fact("refusal", fault.json());
    Ok((told, ()))
}

async fn holdings(stage: &Stage) -> Result<(Told, ()), Fault> {
    let call = Call::of("trust show")
        .dir(&stage.tr.dir)
        .option("--holds", "IR");
    let held: Holdings = read(stage.run(call).await?)?;
    ensure(held.out.as_deref() == Some("suspended"), || {
        format!("IR is {:?} at TR", held.out)
    })?;
    ensure(!held.holds.is_empty(), || "TR lists nothing".to_owned())?;
    let told = Told::by(
        stage.tr.member,
        "lists what IR has of it, by the ids of the exchanges.",
    )
    .detail(format!("{} exchanges and alerts", held.holds.len()))
    .fact("held", json!(held.holds));
    Ok((told, ()))
}

async fn go_on(stage: &Stage) -> Result<(Told, MessageId), Fault> {
    ask(
        stage,
        &stage.at,
        &stage.mk,
        ("request-at.toml", REQUEST_AFTER),
    )
    .await
}

fn text<'a>(report: &'a Value, member: &str) -> &'a str {
    report[member].as_str().unwrap_or("?")
}
