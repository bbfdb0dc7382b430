//! The whole life of an exchange between real nodes, by the commands of both offices.

use liaison::api::{ExchangeSummary, ExchangeView, Sent};
use serde_json::Value;

use crate::examples;
use crate::office::Office;
use crate::run::Call;
use crate::world::{PATIENCE, World, until};

/// Both offices, and an exchange that MK opened with TR.
struct Two<'a> {
    world: &'a World,
    id: String,
}

impl<'a> Two<'a> {
    fn new(world: &'a World) -> Self {
        let request =
            toml::to_string(&examples::urgent_request()).expect("the example is valid TOML");
        let send = world.office("MK").call("rfi send").option("--to", "TR");
        let send = send.option("--file", world.write("request.toml", request));
        let sent: Sent = send.run().read();
        let two = Self {
            world,
            id: sent.exchanges[0].id.to_string(),
        };
        two.becomes("delivered");
        two
    }

    fn office(&self, member: &str) -> &Office {
        self.world.office(member)
    }

    fn call(&self, member: &str, verb: &str) -> Call {
        let verb = format!("rfi {verb}");
        self.office(member).call(&verb).word(&self.id)
    }

    /// Both offices see the state.
    fn becomes(&self, state: &str) {
        until(PATIENCE, &format!("both see it {state}"), || {
            let sees = |member| {
                let listed = self.office(member).exchanges().ok()?;
                let found = listed.into_iter().find(|e| e.id.to_string() == self.id)?;
                (found.state == state).then_some(())
            };
            sees("MK").and(sees("TR"))
        });
    }

    /// One office says it, and both see where it leads.
    fn says(&self, call: Call, state: &str) -> ExchangeSummary {
        let said: ExchangeSummary = call.run().read();
        assert_eq!(said.state, state);
        self.becomes(state);
        said
    }

    fn shown(&self, member: &str) -> ExchangeView {
        let show = self.call(member, "show");
        show.option("--as", "officer").run().read()
    }
}

fn file(world: &World, name: &str, value: &Value) -> std::path::PathBuf {
    world.write(name, toml::to_string(value).expect("it is valid TOML"))
}

#[test]
fn an_exchange_lives_its_whole_life_by_commands() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let two = Two::new(&world);
    let call = |member, verb| two.call(member, verb);
    two.says(
        call("TR", "accept").option("--reference", "TR-1"),
        "accepted",
    );
    let asked = call("TR", "clarify").option("--ask", "Which van?");
    let asked = two.says(asked.option("--question", "0"), "clarification-requested");
    assert!(asked.clock.expect("it runs").paused_since.is_some());
    let view = two.shown("MK");
    assert!(view.questions[0].to_clarify);
    assert!(
        view.actions.contains(&"clarify".to_owned()),
        "{:?}",
        view.actions
    );
    let why = |why| call("MK", "show").option("--why", why);
    why("two\nlines").run().failed(1, "invalid");
    let (_, text, _) = why("The case of the van.").run_as_text();
    assert!(text.contains("stands still since"), "{text}");
    assert!(text.contains("to be clarified"), "{text}");
    two.says(
        call("MK", "clarify").option("--answer", "The white one."),
        "clarified",
    );
    let channel = call("TR", "channel").option("--authority", "Istanbul police");
    two.says(channel, "channelled");
    let expected = "2096-03-29T12:00:00Z";
    let late = call("TR", "await").option("--reason", "A court decides.");
    late.clone()
        .option("--expected", expected)
        .run()
        .failed(1, "invalid");
    let soon = liaison::base::Timestamp::system().plus(std::time::Duration::from_secs(400_000));
    let waits = two.says(
        late.option("--expected", soon.to_string()),
        "awaiting-authorisation",
    );
    let clock = waits.clock.expect("it runs");
    assert_eq!((clock.expected, clock.due), (Some(soon), soon));
    assert_eq!(
        two.shown("MK").delay_reason.as_deref(),
        Some("A court decides.")
    );

    let mut answer = examples::answer_to_request();
    answer["outcome"] = "partial".into();
    let part = file(&world, "part.toml", &answer);
    two.says(
        call("TR", "answer").option("--file", part),
        "partial-answer",
    );
    let refuse = call("TR", "refuse").option("--ground", "f2");
    two.says(refuse.option("--question", "1"), "partial-answer");
    let questions = two.shown("MK").questions;
    assert_eq!(questions[1].status, "refused");
    assert_eq!(questions[1].ground.as_deref(), Some("f2"));
    two.says(call("TR", "refuse").option("--ground", "x5"), "answered");
    let local = |member| {
        let events = two.shown(member).events.into_iter();
        let grounds = events.filter(|event| event.kind == "local-ground");
        grounds
            .map(|event| event.content["ground"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(local("TR"), ["x5"]);
    assert!(local("MK").is_empty(), "it never leaves the node");
    let feedback = call("MK", "feedback").option("--useful", "partly");
    two.says(
        feedback.option("--became", "investigation,arrest"),
        "feedback",
    );
    two.says(call("MK", "close"), "closed");
    two.says(
        call("MK", "reopen").option("--reason", "More came up."),
        "reopened",
    );
    let transfer = call("TR", "transfer").option("--reason", "It was rented there.");
    transfer
        .clone()
        .option("--to", "MK")
        .run()
        .failed(1, "invalid");
    let nobody = transfer.clone().option("--to", "ICMPD");
    nobody.run().failed(1, "not-listed");
    two.says(transfer.option("--to", "AT"), "transferred");
    let list = world.office("MK").call("rfi list");
    list.option("--state", "abandoned")
        .run()
        .failed(1, "unknown-state");
}

#[test]
fn a_request_is_withdrawn_or_superseded_by_commands() {
    let world = World::serving(&["MK", "TR"]);
    let two = Two::new(&world);
    let withdraw = |member| two.call(member, "withdraw").option("--reason", "Found.");
    let refused = withdraw("TR").run();
    assert_eq!(refused.problem_code(), "not-the-asking-side");
    two.says(withdraw("MK"), "withdrawn");

    let two = Two::new(&world);
    let mut request = examples::urgent_request();
    request["reference"] = "MK-2".into();
    let new = file(&world, "new.toml", &request);
    let supersede = two.call("MK", "supersede").option("--file", new);
    let both: Sent = supersede.run().read();
    let states: Vec<&str> = both.exchanges.iter().map(|e| e.state.as_str()).collect();
    assert_eq!(states, ["superseded", "queued"]);
    two.becomes("superseded");
    let new = Two {
        world: &world,
        id: both.exchanges[1].id.to_string(),
    };
    new.becomes("delivered");
    let view = new.shown("TR");
    let links = &view.events[0].content["links"];
    assert_eq!(links[0]["kind"], "supersedes");
    assert_eq!(links[0]["exchange"], two.id.as_str());
}
