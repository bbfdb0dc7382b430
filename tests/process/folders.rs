//! Two nodes, or a node and a rebuild, on one folder.

use liaison::api::Health;
use serde_json::Value;

use crate::run::Call;
use crate::world::World;

#[test]
fn a_second_node_on_the_same_folder_refuses_and_the_first_goes_on() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.serve();
    let standing = |health: Health| (health.serving_since, health.log_size, health.log_root);
    let before = standing(mk.health().expect("MK serves"));
    let second = mk.call("serve").option("--listen", "127.0.0.1:0");
    second.run().failed(1, "node-running");
    mk.call("store rebuild").run().failed(1, "node-running");
    let after = standing(mk.health().expect("MK still serves, at the same address"));
    assert_eq!(before, after, "the refused ones changed something");
    mk.stop();
    mk.verified();
}

#[test]
fn a_node_that_was_killed_leaves_a_folder_that_nothing_locks() {
    let world = World::of(&["MK", "TR"]);
    let mk = world.office("MK");
    mk.serve();
    mk.kill();
    // The address that it left behind is nobody's now.
    let status = mk.call("status").run();
    status.failed(5, "node-unreachable");
    mk.call("store rebuild").run().done();
    mk.serve();
    assert_eq!(mk.ended(), None);
}

#[test]
fn a_node_that_is_to_speak_json_does_whatever_its_configuration_says() {
    let world = World::of(&["MK", "TR"]);
    // Its standard input ends at once, so that it stops as soon as it serves.
    let serve = world.office("MK").call("serve").word("--stop-with-stdin");
    let ran = serve.run();
    assert_eq!(ran.exit, Some(0), "{}", ran.stderr);
    let line = |line: &str| -> Value { serde_json::from_str(line).expect("a JSON object") };
    let mut lines = ran.stderr.lines().map(line);
    let serving = lines.find(|line| line["fields"]["event"] == "serving");
    assert!(serving.is_some_and(|line| line["fields"]["api"].is_string()));
}

#[test]
fn a_folder_without_a_node_is_said_to_be_none() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    for command in [
        "serve",
        "status",
        "audit verify",
        "store rebuild",
        "rfi list",
    ] {
        let ran = Call::of(command).dir(empty.path()).run();
        assert_eq!(ran.exit, Some(4), "{command}: {}", ran.stderr);
    }
    assert!(
        empty
            .path()
            .read_dir()
            .expect("still there")
            .next()
            .is_none()
    );
}
