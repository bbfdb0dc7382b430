//! The demo's first act: offices, people, trust, links.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::call::{Call, Fault, ensure};
use super::office::{Office, User};
use super::stage::{Stage, read};
use super::story::{Story, Told};
use crate::base::{Digest, OsEntropy, Role};
use crate::config::{Config, FILE, Tokens};
use crate::domain::release::Gated;

/// The people of each office: one a role, as the log is to tell them apart.
const PEOPLE: [(Role, &str); 5] = [
    (Role::Officer, "liaison officer"),
    (Role::Releaser, "releasing officer"),
    (Role::Contact, "contact point"),
    (Role::Auditor, "auditor"),
    (Role::Admin, "administrator"),
];

/// Makes the offices, lets them trust each other, and starts their nodes. Gives the fingerprint
/// of the root that all three hold.
///
/// # Errors
/// The first fault.
pub async fn play(stage: &Stage, story: &mut Story) -> Result<Digest, Fault> {
    story.tell("offices-made", offices_made(stage)).await?;
    story.tell("people-added", people_added(stage)).await?;
    story.tell("trust-list-signed", signed(stage)).await?;
    let root = story.tell("trust-list-installed", installed(stage)).await?;
    story.tell("nodes-linked", linked(stage)).await?;
    Ok(root)
}

async fn offices_made(stage: &Stage) -> Result<(Told, ()), Fault> {
    let [mk, tr, at] = stage.founders();
    let made = tokio::try_join!(init(stage, mk), init(stage, tr), init(stage, at))?;
    let mut told = Told::all("Three offices make their keys, each under a passphrase of its own.");
    for (office, report) in stage.founders().into_iter().zip([made.0, made.1, made.2]) {
        told = told.detail(format!(
            "{} {} in {}",
            office.member,
            office.name,
            office.dir.display()
        ));
        told = told.fact(office.member.as_str(), report);
    }
    Ok((told, ()))
}

/// Makes an office's keys and configuration. Gives what the command reports.
///
/// # Errors
/// The first fault.
pub async fn init(stage: &Stage, office: &Office) -> Result<Value, Fault> {
    let passphrase = stage.folder.file(&format!("{}.passphrase", office.member));
    let secret: [u8; 16] = (&mut OsEntropy as &mut dyn crate::base::Entropy).array();
    write_secret(&passphrase, &hex::encode(secret))?;
    let address = format!("127.0.0.1:{}", office.port);
    let call = Call::of("init")
        .dir(&office.dir)
        .option("--member", office.member.as_str())
        .option("--name", office.name)
        .option("--contact", "demo, this machine")
        .option("--address", &address)
        .option("--listen", &address)
        .option("--api-listen", "127.0.0.1:0")
        .option("--passphrase-file", &passphrase);
    let report = stage.run(call).await?;
    // What an administrator would edit so that the node starts and acts unattended.
    let inside = office.dir.join("passphrase");
    let edited = std::fs::rename(&passphrase, &inside)
        .map_err(|error| error.to_string())
        .and_then(|()| Config::load(&office.dir).map_err(|error| error.to_string()))
        .and_then(|config| {
            let mut settings = config.settings;
            settings.passphrase_file = Some("passphrase".into());
            // An office can wait a minute for its witnesses; who watches a demo need not.
            settings.witness.interval_seconds = 1;
            settings.tokens = Tokens {
                officer: Some("tokens/officer".into()),
                releaser: Some("tokens/releaser".into()),
                contact: Some("tokens/contact".into()),
                auditor: Some("tokens/auditor".into()),
                admin: Some("tokens/admin".into()),
                observer: None,
            };
            if office.member == stage.mk.member {
                settings.policy.release = [Gated::Request].into();
            }
            std::fs::write(office.dir.join(FILE), settings.render())
                .and_then(|()| std::fs::create_dir(office.dir.join("tokens")))
                .map_err(|error| error.to_string())
        });
    edited.map_err(|error| Fault::Unexpected(format!("{}: {error}", office.member)))?;
    Ok(report)
}

async fn people_added(stage: &Stage) -> Result<(Told, ()), Fault> {
    let [mk, tr, at] = stage.founders();
    tokio::try_join!(people(stage, mk), people(stage, tr), people(stage, at))?;
    let roles: Vec<_> = PEOPLE.iter().map(|(role, _)| role.as_str()).collect();
    let told = Told::all(format!(
        "Each office adds its people: {}.",
        roles.join(", ")
    ))
    .detail("each has a token of their own, shown once; the node keeps only its digest")
    .fact("roles", roles);
    Ok((told, ()))
}

/// Adds an office's people.
///
/// # Errors
/// The first fault.
pub async fn people(stage: &Stage, office: &Office) -> Result<(), Fault> {
    for (role, name) in PEOPLE {
        let call = Call::of("user add")
            .dir(&office.dir)
            .option("--name", name)
            .option("--role", role.as_str());
        let added = stage.run(call).await?;
        let (Value::String(token), Value::String(code)) = (&added["token"], &added["code"]) else {
            let what = "user add printed no token, or no code";
            return Err(Fault::Unexpected(what.to_owned()));
        };
        office.adds(User {
            name: name.to_owned(),
            role,
            code: code.clone(),
        });
        write_secret(&office.dir.join("tokens").join(role.as_str()), token)?;
    }
    Ok(())
}

async fn signed(stage: &Stage) -> Result<(Told, ()), Fault> {
    let proposal = stage.folder.file("trust-list");
    let mut propose = Call::of("trust propose").option("--out", &proposal);
    for office in stage.founders() {
        let card = stage.folder.file(&format!("{}.card", office.member));
        let write = Call::of("member card")
            .dir(&office.dir)
            .option("--out", &card);
        stage.run(write).await?;
        propose = propose.option("--card", &card);
    }
    let proposed = stage.run(propose).await?;
    let mut last = Value::Null;
    for office in stage.founders() {
        let sign = Call::of("trust sign")
            .dir(&office.dir)
            .option("--file", &proposal);
        last = stage.run(sign).await?;
    }
    let complete = last["complete"] == json!(true);
    ensure(complete, || "signatures are missing".to_owned())?;
    let told = Told::all("A trust list is made from their cards, and all three sign it.")
        .detail("both signatures of each count: Ed25519 and ML-DSA-65")
        .fact("root", proposed["root"].clone())
        .fact("signed_by", last["signed_by"].clone());
    Ok((told, ()))
}

async fn installed(stage: &Stage) -> Result<(Told, Digest), Fault> {
    let proposal = stage.folder.file("trust-list");
    let mut fingerprints = Vec::new();
    for office in stage.founders() {
        let install = Call::of("trust install")
            .dir(&office.dir)
            .option("--file", &proposal);
        stage.run(install).await?;
        let shown = stage.run(Call::of("trust show").dir(&office.dir)).await?;
        fingerprints.push(read::<Digest>(shown["root"].clone())?);
    }
    let root = fingerprints[0];
    let same = fingerprints.iter().all(|fingerprint| *fingerprint == root);
    ensure(same, || "the offices hold different roots".to_owned())?;
    let told = Told::all("Each office puts the list in force, and they compare the root.")
        .detail(format!("root {root}"))
        .fact("root", root.to_string());
    Ok((told, root))
}

async fn linked(stage: &Stage) -> Result<(Told, ()), Fault> {
    for office in stage.founders() {
        serve(stage, office)?;
    }
    let states = all_linked(stage, &stage.founders()).await?;
    let told = Told::all("Three nodes serve, each linked to both others by QUIC.")
        .detail("TLS 1.3 with X25519MLKEM768 alone, both ends pinned by the trust list")
        .fact("links", states);
    Ok((told, ()))
}

/// Starts an office's node.
///
/// # Errors
/// Where it cannot be started.
pub fn serve(stage: &Stage, office: &Office) -> Result<(), Fault> {
    let log = stage.folder.log(&format!("{}.log", office.member));
    office.serve(&stage.program, &log)
}

/// Waits until each of these offices has a link with all others of them. Gives their states.
///
/// # Errors
/// Where one has none in time.
pub async fn all_linked(stage: &Stage, offices: &[&Office]) -> Result<Vec<Value>, Fault> {
    let mut states = Vec::new();
    for office in offices {
        let what = format!("{} is linked to all others", office.member);
        let health = stage
            .until(&what, async || {
                let Some(health) = stage.health(office).await? else {
                    return Ok(None);
                };
                let up = health.peers.iter().filter(|peer| peer.connected).count();
                Ok((up + 1 == offices.len()).then_some(health))
            })
            .await?;
        states.push(json!({
            "node": health.node, "log_size": health.log_size, "peers": health.peers,
        }));
    }
    Ok(states)
}

/// Writes a new file that only its owner can read.
fn write_secret(file: &Path, secret: &str) -> Result<(), Fault> {
    use std::io::Write as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| writeln!(open, "{secret}"))
        .map_err(|error| Fault::Unexpected(format!("{}: {error}", file.display())))
}
