//! `liaison demo`: offices on this machine, as processes of their own, exchange for real.

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args;
use super::failure::{Exit, Failure};
use super::{output, stop};

mod alerts;
mod audits;
mod call;
mod federation;
mod folder;
mod gates;
mod office;
mod passing;
mod requests;
mod setup;
mod stage;
mod story;
mod talk;

use call::{Call, Fault, Program};
use folder::Folder;
use office::Office;
use stage::Stage;
use story::{Story, say};

/// Plays the demo. Every step is a public command, run as a process of its own: it shows nothing
/// that an office could not do.
///
/// # Errors
/// A [`Failure`] where the demo cannot begin, a step did not hold, or a signal came before the end.
pub async fn demo(args: args::Demo, json: bool) -> Result<(), Failure> {
    let mut interrupted = Interrupts::listen()?;
    let stage = set(&args)?;
    let mut story = Story::new(!json);
    if !json {
        say("Three liaison offices on this machine, each a process with its own folder.\n\n");
    }
    // Leaving this function by any way drops the stage, which stops the nodes.
    let played = tokio::select! {
        played = play(&stage, &mut story) => played,
        () = interrupted.any() => return Err(stopped()),
    };
    let steps = story.into_steps();
    if json {
        let nodes = stage.offices().map(|office| {
            json!({
                "member": office.member,
                "dir": office.dir,
                "name": office.name,
                "console": office.console(),
                "users": office.users(),
            })
        });
        output::print(
            &json!({ "nodes": nodes, "steps": steps }),
            String::new,
            json,
        )?;
    }
    played.map_err(|fault| failed(&fault, &stage))?;
    if !json {
        say(&format!("\nAll {} steps held.\n", steps.len()));
    }
    if args.exit {
        return Ok(());
    }
    if !json {
        say(&driving(&stage));
    }
    tokio::select! {
        () = interrupted.any() => Ok(()),
        ended = first_end(&stage) => Err(failed(&ended, &stage)),
    }
}

fn set(args: &args::Demo) -> Result<Stage, Failure> {
    let folder = Folder::open(args.dir.as_deref())?;
    let system = |error: std::io::Error| {
        Failure::new(
            Exit::Failure,
            "demo-refused",
            "the demo cannot begin",
            error.to_string(),
            "check that this machine has a loopback network",
        )
    };
    let program = Program::own().map_err(system)?;
    let [mk, tr, at, ir] = office::free_ports().map_err(system)?;
    let root = folder.root();
    Ok(Stage {
        mk: Office::new("MK", "Liaison Office Skopje", root, mk),
        tr: Office::new("TR", "Liaison Office Ankara", root, tr),
        at: Office::new("AT", "Liaison Office Vienna", root, at),
        ir: Office::new("IR", "Liaison Office Tehran", root, ir),
        folder,
        program,
    })
}

async fn play(stage: &Stage, story: &mut Story) -> Result<(), Fault> {
    let root = setup::play(stage, story).await?;
    requests::play(stage, story).await?;
    gates::play(stage, story).await?;
    passing::play(stage, story).await?;
    alerts::play(stage, story).await?;
    federation::suspend(stage, story).await?;
    audits::play(stage, story, root).await
}

/// Returns only when a node has ended.
async fn first_end(stage: &Stage) -> Fault {
    loop {
        for office in stage.offices() {
            if let Err(fault) = office.check_alive() {
                return fault;
            }
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

fn driving(stage: &Stage) -> String {
    let mut text = "\nThe nodes stay up until Ctrl-C. Their consoles, where each person enrols a \
                    passkey by a\none-time code:\n"
        .to_owned();
    for office in stage.offices() {
        let console = office.console().unwrap_or_default();
        text += &format!("  {}  {console}/enrol\n", office.member);
        for user in office.users() {
            text += &format!("      {}  {}\n", user.code, user.name);
        }
    }
    text += "\nOr drive them from another terminal:\n";
    for (words, office) in [
        ("rfi list", &stage.tr),
        ("alert list", &stage.at),
        ("status", &stage.mk),
        ("audit verify", &stage.mk),
    ] {
        let call = Call::of(words).dir(&office.dir);
        text += &format!("  {}\n", call.typed());
    }
    text
}

fn failed(fault: &Fault, stage: &Stage) -> Failure {
    let logs = stage.folder.log("");
    Failure::new(
        Exit::Failure,
        "demo-failed",
        "a step of the demo did not hold",
        fault.text(),
        format!(
            "with --dir, what the nodes said stays in {}",
            logs.display()
        ),
    )
}

fn stopped() -> Failure {
    Failure::new(
        Exit::Failure,
        "demo-stopped",
        "the demo was stopped before its end",
        "a signal asked it to",
        "run it again",
    )
}

/// The signals that end a demo.
struct Interrupts([Signal; 3]);

impl Interrupts {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(stop::refused);
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
