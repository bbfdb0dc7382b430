//! The demo as a process: every step holds, its folders can be driven, and nothing outlives it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::{liaison, path, program, stdout};

/// A demo that stays up. Dropped, it is killed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a demo that stays up, and reads the one object that it prints.
fn start(dir: &Path) -> (Running, Value) {
    let demo = program()
        .args(["demo", "--json", "--dir", path(dir)])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let mut demo = Running(demo);
    let printed = BufReader::new(demo.0.stdout.take().expect("it is piped"));
    let mut text = String::new();
    for line in printed.lines() {
        let line = line.expect("it prints UTF-8");
        let last = line == "}";
        text += &line;
        if last {
            break;
        }
    }
    (demo, serde_json::from_str(&text).expect("it prints JSON"))
}

fn dir_of<'a>(told: &'a Value, member: &str) -> &'a str {
    let nodes = told["nodes"].as_array().expect("nodes are listed");
    let node = nodes.iter().find(|node| node["member"] == member);
    node.expect("the member has a node")["dir"]
        .as_str()
        .expect("a folder is text")
}

#[test]
fn the_demo_holds_and_can_be_driven_and_takes_its_nodes_along() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let place = dir.path().join("demo");
    let (mut demo, told) = start(&place);

    let steps = told["steps"].as_array().expect("steps are listed");
    for step in steps {
        assert_eq!(step["holds"], true, "{step:#}");
    }
    assert!(steps.len() >= 12, "{} steps", steps.len());
    let received = steps.iter().find(|step| step["name"] == "request-received");
    let receipt = &received.expect("the request is received")["receipt"];
    assert_eq!(receipt["origin"], "tr-1.liaison/1");

    // The folders name everything that a command needs.
    let tr = dir_of(&told, "TR");
    let list = liaison(&["rfi", "list", "--incoming", "--dir", tr, "--json"]);
    let list: Value = serde_json::from_str(&stdout(&list)).expect("a list");
    let items = list["items"].as_array().expect("exchanges are listed");
    let first = items
        .iter()
        .find(|item| item["reference"] == "MK-LO-2026-0417");
    assert_eq!(first.expect("MK asked")["state"], "closed");
    let verified = liaison(&["audit", "verify", "--dir", dir_of(&told, "AT")]);
    assert_eq!(verified.status.code(), Some(0));

    // Its folder is its own while it runs.
    let second = liaison(&["demo", "--exit", "--dir", path(&place)]);
    assert_eq!(second.status.code(), Some(1));

    demo.0.kill().expect("it can be killed");
    demo.0.wait().expect("it ends");
    // A node that nobody asked to stop would answer for ever; the test's own time limit ends that.
    for member in ["MK", "TR", "AT", "IR"] {
        while liaison(&["status", "--dir", dir_of(&told, member)])
            .status
            .code()
            != Some(5)
        {}
    }
    // Stopped in order: what they hold is whole.
    let verified = liaison(&["audit", "verify", "--dir", tr]);
    assert_eq!(verified.status.code(), Some(0));
}

#[test]
fn a_folder_that_is_no_demos_is_left_alone() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("precious"), "x").expect("a file");
    let refused = liaison(&["demo", "--exit", "--json", "--dir", path(dir.path())]);
    assert_eq!(refused.status.code(), Some(1));
    let problem: Value = serde_json::from_slice(&refused.stderr).expect("a problem");
    assert_eq!(problem["code"], "folder-in-use");
    assert!(dir.path().join("precious").is_file());
}
