//! Restrictions that travel with data, between three real nodes and by commands: an answer that is
//! not passed on until its originator permits it, a correction that reaches whoever has the data,
//! and an exercise that stays one.

use liaison::api::{DutyView, ExchangeSummary, ExchangeView, LetterSummary, PermissionView, Sent};
use serde_json::Value;

use crate::examples;
use crate::release::{adds, decides};
use crate::run::Call;
use crate::world::{PATIENCE, World, until};

const ANSWER: &str = include_str!("../../deploy/examples/answer-h2.toml");
const FORWARD: &str = include_str!("../../deploy/examples/forward.toml");
const CORRECTION: &str = include_str!("../../deploy/examples/correction.toml");

/// MK asked AT, which answered, marked H2.
struct Answered {
    world: World,
    exchange: String,
    answer: String,
}

fn request(world: &World, name: &str, value: &Value) -> std::path::PathBuf {
    world.write(name, toml::to_string(value).expect("it is valid TOML"))
}

impl Answered {
    fn new() -> Self {
        let world = World::of(&["MK", "TR", "AT"]);
        adds(world.office("AT"), "boss", "releaser");
        for office in &world.offices {
            office.serve();
        }
        world.linked();
        let file = request(&world, "request.toml", &examples::urgent_request());
        let send = world.office("MK").call("rfi send").option("--to", "AT");
        let sent: Sent = send.option("--file", file).run().read();
        let mut answered = Self {
            world,
            exchange: sent.exchanges[0].id.to_string(),
            answer: String::new(),
        };
        answered.shows("AT", &answered.exchange, |_| Some(()));
        let answer = answered.world.write("answer.toml", ANSWER);
        let call = answered.call("AT", "rfi answer").option("--file", answer);
        call.run().done();
        let exchange = answered.exchange.clone();
        answered.answer = answered.shows("MK", &exchange, |view| {
            let mut events = view.events.iter();
            let answer = events.find(|event| event.kind == "answer")?;
            Some(answer.message.to_string())
        });
        answered
    }

    fn call(&self, member: &str, command: &str) -> Call {
        let office = self.world.office(member);
        office.call(command).word(&self.exchange)
    }

    /// Waits until an office's view of an exchange has what is looked for.
    fn shows<T>(
        &self,
        member: &str,
        exchange: &str,
        find: impl Fn(&ExchangeView) -> Option<T>,
    ) -> T {
        until(PATIENCE, &format!("{member} sees it"), || {
            let show = self.world.office(member).call("rfi show").word(exchange);
            let ran = show.option("--as", "officer").run();
            let view: ExchangeView = serde_json::from_str(&ran.stdout).ok()?;
            find(&view)
        })
    }

    fn forward(&self) -> Call {
        let file = self.world.write("forward.toml", FORWARD);
        let call = self.call("MK", "rfi forward").option("--to", "TR");
        call.option("--message", &self.answer)
            .option("--file", file)
    }

    /// Waits until an office sees a permission stand so.
    fn stands(&self, member: &str, permission: &str, standing: &str) -> PermissionView {
        until(PATIENCE, &format!("{member} sees it {standing}"), || {
            let show = self.world.office(member).call("permit show");
            let ran = show.word(permission).run();
            let view: PermissionView = serde_json::from_str(&ran.stdout).ok()?;
            (view.standing == standing).then_some(view)
        })
    }

    /// The duties of an exchange, once there are so many.
    fn owed(&self, member: &str, exchange: &str, number: usize) -> Vec<DutyView> {
        self.shows(member, exchange, |view| {
            let duties = &view.summary.duties;
            (duties.len() == number).then(|| duties.clone())
        })
    }
}

#[test]
fn what_is_marked_h2_goes_on_by_permission_once_and_its_correction_follows_it() {
    let answered = Answered::new();
    let problem = answered.forward().run().failed(1, "needs-permission");
    assert!(
        problem["next"]
            .as_str()
            .expect("a text")
            .contains("permit ask")
    );

    let ask = answered.call("MK", "permit ask").option("--to", "TR");
    let ask = ask
        .option("--message", &answered.answer)
        .option("--purpose", "To find the van.");
    let asked: PermissionView = ask.run().read();
    assert_eq!(asked.standing, "asked");
    let id = asked.id.to_string();
    let at = answered.world.office("AT");
    let seen = answered.stands("AT", &id, "asked");
    assert_eq!(seen.actions, ["grant", "refuse"]);
    let (_, text, _) = at.call("rfi list").run_as_text();
    assert!(text.contains("OWED: AT has to decide"), "{text}");
    let grant = at.call("permit grant").word(&id).option("--days", "2");
    // TR would learn of one of its nationals.
    let waits: PermissionView = grant.run().read();
    assert_eq!(waits.standing, "asked");
    let letter = waits.letter.expect("a second person looks at it").id;
    let clear = decides(at, "clear", &letter.to_string(), "boss");
    let left: LetterSummary = clear.option("--reason", "He is a suspect.").run().read();
    assert_eq!(left.state, "left");
    answered.stands("AT", &id, "granted");
    grant.run().failed(1, "permission-decided");
    answered.stands("MK", &id, "granted");

    let sent: Sent = answered.forward().run().read();
    let new = sent.exchanges[0].id.to_string();
    assert_eq!(sent.exchanges[0].peer.as_str(), "TR");
    let forwarded = answered.shows("TR", &new, |view| {
        Some(view.events.first()?.content["forwarded"].clone())
    });
    assert_eq!(forwarded["originator"], "AT");
    assert_eq!(forwarded["message"], answered.answer.as_str());
    assert_eq!(forwarded["permission"]["originator"], "AT");
    let used = answered.stands("AT", &id, "used");
    assert_eq!(used.used_by.map(|id| id.to_string()), Some(new.clone()));
    answered.forward().run().failed(1, "needs-permission");

    // AT finds its answer wrong: MK has to take note and to tell TR.
    let file = answered.world.write("correction.toml", CORRECTION);
    let correct = answered.call("AT", "rfi correct").option("--file", file);
    let told: Sent = correct.option("--message", &answered.answer).run().read();
    assert_eq!(told.exchanges[0].duties.len(), 1);
    let owed = answered.owed("MK", &answered.exchange, 2);
    let duties: Vec<&str> = owed.iter().map(|duty| duty.duty.as_str()).collect();
    assert_eq!(duties, ["acknowledge-correction", "pass-on-correction"]);
    let correction = owed[0].about.to_string();
    let pass_on = answered
        .call("MK", "rfi pass-on")
        .option("--correction", &correction);
    pass_on.run().done();
    pass_on.run().failed(1, "done-before");
    let there = answered.owed("TR", &new, 1);
    let tr = answered.world.office("TR");
    let acknowledge = tr.call("rfi acknowledge").word(&new);
    let acknowledge = acknowledge
        .option("--correction", there[0].about.to_string())
        .option("--note", "Put right.");
    acknowledge.run().done();
    answered.owed("MK", &new, 0);
    let acknowledge = answered
        .call("MK", "rfi acknowledge")
        .option("--correction", &correction);
    let done: ExchangeSummary = acknowledge.run().read();
    assert!(done.duties.is_empty());
    answered.owed("AT", &answered.exchange, 0);
    answered.forward().run().failed(1, "corrected");
}

#[test]
fn an_exercise_says_so_everywhere_and_does_not_mix() {
    let world = World::serving(&["MK", "TR"]);
    let mut exercise = examples::urgent_request();
    exercise["status"] = "exercise".into();
    let file = request(&world, "exercise.toml", &exercise);
    let send = world.office("MK").call("rfi send").option("--to", "TR");
    let sent: Sent = send.clone().option("--file", &file).run().read();
    let drill = &sent.exchanges[0];
    assert_eq!(drill.status, "exercise");
    let actual = request(&world, "actual.toml", &examples::urgent_request());
    let sent: Sent = send.clone().option("--file", actual).run().read();
    let real = sent.exchanges[0].id.to_string();
    until(PATIENCE, "TR has both", || {
        let listed = world.office("TR").exchanges().ok()?;
        (listed.len() == 2).then_some(())
    });
    let list = || world.office("TR").call("rfi list");
    let (_, text, _) = list().run_as_text();
    assert_eq!(text.matches("THIS IS NOT REAL").count(), 1, "{text}");
    let only = list().option("--status", "actual").run().done();
    assert_eq!(only["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(only["items"][0]["id"], real.as_str());
    let show = world.office("TR").call("rfi show");
    let (_, text, _) = show.word(drill.id.to_string()).run_as_text();
    assert!(text.starts_with("*** EXERCISE EXERCISE EXERCISE"), "{text}");
    let supersede = world.office("MK").call("rfi supersede").word(&real);
    let refused = supersede.option("--file", &file).run();
    assert_eq!(refused.problem_code(), "invalid", "{}", refused.stderr);
}
