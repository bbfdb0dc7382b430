//! Searching by commands, and that the disk knows nothing of what is found.

use std::path::Path;

use liaison::api::{ExchangeView, Page, SearchHit, Sent};
use serde_json::Value;

use crate::examples;
use crate::office::{Office, files};
use crate::world::{PATIENCE, World, until};

fn send(from: &Office, to: &str, world: &World, request: &Value) -> Sent {
    let text = toml::to_string(request).expect("the example is valid TOML");
    let file = world.write(&format!("request-to-{to}.toml"), text);
    let call = from.call("rfi send").option("--to", to);
    call.option("--file", file).run().read()
}

fn found(office: &Office, query: &str) -> Vec<String> {
    let page: Page<SearchHit> = office.call("search").word(query).run().read();
    let id = |hit: SearchHit| {
        let exchange = hit.exchange.map(|exchange| exchange.id);
        exchange.or(hit.alert.map(|alert| alert.id))
    };
    let ids = page.items.into_iter().filter_map(id);
    ids.map(|id| id.to_string()).collect()
}

/// Whether any file below a folder holds any of these bytes.
fn holds(folder: &Path, planted: &[&str]) -> Vec<String> {
    let mut told = Vec::new();
    for file in files(folder).into_iter().filter(|file| file.is_file()) {
        let bytes = std::fs::read(&file).expect("a file of the node");
        for text in planted {
            if bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                told.push(format!("{text} in {}", file.display()));
            }
        }
    }
    told
}

#[test]
fn a_search_finds_in_any_script_and_no_file_holds_what_is_found() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let request = examples::urgent_request();
    let first = send(mk, "TR", &world, &request);
    assert!(first.earlier.is_empty());
    let first = vec![first.exchanges[0].id.to_string()];
    until(PATIENCE, "the request has come", || {
        let listed = tr.exchanges().ok()?;
        (!listed.is_empty()).then_some(())
    });
    for query in [
        "34-klm-417",
        "0555 010 24 17",
        "Орнекоглу",
        "kemal ornekoglu",
    ] {
        assert_eq!(found(mk, query), first, "{query}");
        assert_eq!(found(tr, query), first, "{query}");
    }
    assert!(found(mk, "34-klm-418").is_empty());

    // Asked again, the officer is warned; and whoever reads either sees the other.
    let second = send(mk, "TR", &world, &request);
    assert_eq!(second.earlier[0].id.to_string(), first[0]);
    let second = second.exchanges[0].id.to_string();
    until(PATIENCE, "the second request has come", || {
        let listed = tr.exchanges().ok()?;
        (listed.len() == 2).then_some(())
    });
    let view: ExchangeView = tr.call("rfi show").word(&second).run().read();
    let kinds: Vec<&str> = view.earlier[0]
        .matched
        .iter()
        .map(|m| m.kind.as_str())
        .collect();
    assert_eq!(kinds, ["plate", "phone", "name"]);
    let (_, shown, _) = tr.call("rfi show").word(&second).run_as_text();
    assert!(
        shown.contains("same as") && shown.contains(&first[0]),
        "{shown}"
    );

    let planted = [
        "34 KLM 417",
        "34KLM417",
        "5550102417",
        "905550102417",
        "rnekoğlu",
        "rnekoglu",
        "ORNEKOGLU",
        "kemal",
        "Kemal",
        "Орнекоглу",
    ];
    for office in [mk, tr] {
        office.stop();
        assert_eq!(holds(&office.dir, &planted), [""; 0]);
    }
    // A rebuild brings the search back.
    mk.call("store rebuild").run().done();
    assert_eq!(holds(&mk.dir, &planted), [""; 0]);
    mk.serve();
    assert_eq!(found(mk, "34-klm-417"), [second, first[0].clone()]);
}

#[test]
fn a_search_is_refused_to_those_who_read_no_content() {
    let world = World::serving(&["MK", "TR"]);
    let mk = world.office("MK");
    let call = mk.call("search").word("34KLM417");
    let auditor = call.option("--token-file", mk.token("auditor"));
    auditor.run().failed(1, "not-permitted");
    mk.call("search").word("-").run().failed(1, "invalid");
    mk.call("search")
        .word("x1")
        .option("--kind", "nothing")
        .run()
        .failed(2, "usage");
}
