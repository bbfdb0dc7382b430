//! Data folders that earlier versions of the program wrote open in this one. Before what lies in a folder
//! changes, the last folder before the change is kept: `tests/process/earlier/keep`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use liaison::api::{AlertSummary, ExchangeSummary, ExchangeView, Page};
use liaison::app::rows;
use serde::Deserialize;

use crate::office::{Office, files};

/// What was in a folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Earlier {
    entries: u64,
    /// Its exchanges, with their states.
    exchanges: BTreeMap<String, String>,
    alerts: BTreeSet<String>,
}

/// The packed folders by the version of their tables, with what was in them.
fn kept() -> BTreeMap<u32, (PathBuf, Earlier)> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/earlier");
    let mut kept = BTreeMap::new();
    for packed in files(&place) {
        if packed
            .extension()
            .is_none_or(|extension| extension != "tar")
        {
            continue;
        }
        let name = packed.file_stem().and_then(|name| name.to_str());
        let tables = name.and_then(|name| name.strip_prefix("tables-"));
        let tables = tables.and_then(|tables| tables.parse().ok());
        let held = fs::read(packed.with_extension("json")).expect("what was in it, beside it");
        let held = serde_json::from_slice(&held).expect("what `keep` writes");
        kept.insert(tables.expect("tables-N.tar"), (packed, held));
    }
    kept
}

/// Unpacks the folder of AT, which listens wherever there is room.
fn unpacked(packed: &Path, place: &Path) -> PathBuf {
    let packed = fs::File::open(packed).expect("a packed folder");
    tar::Archive::new(packed)
        .unpack(place)
        .expect("room for a small folder");
    let dir = place.join("at");
    let file = dir.join("liaison.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    let lines = text
        .lines()
        .map(|line| match line.split_once("\"127.0.0.1:") {
            Some((before, _)) => format!("{before}\"127.0.0.1:0\"\n"),
            None => format!("{line}\n"),
        });
    fs::write(&file, lines.collect::<String>()).expect("room for a small file");
    dir
}

#[test]
fn a_folder_of_an_earlier_version_opens_with_all_that_is_in_it() {
    let kept = kept();
    // Before logs had incarnations.
    assert!(kept.contains_key(&9), "the first folder is kept");
    for (tables, (packed, earlier)) in kept {
        let place = tempfile::tempdir().expect("a temporary folder");
        let at = Office::new("AT", unpacked(&packed, place.path()));
        assert_eq!(at.verified(), earlier.entries, "{tables}");
        at.serve();
        let rebuilt = at.said().contains("index-rebuilt");
        let other = tables != rows::VERSION >> 8;
        assert!(rebuilt || !other, "{tables}: {}", at.said());
        let list = at.call("rfi list").option("--as", "officer").run();
        let listed = list.read::<Page<ExchangeSummary>>().items;
        let listed: BTreeMap<_, _> = listed
            .into_iter()
            .map(|exchange| (exchange.id.to_string(), exchange.state))
            .collect();
        assert_eq!(listed, earlier.exchanges, "{tables}");
        for id in earlier.exchanges.keys() {
            let show = at.call("rfi show").word(id).option("--as", "officer");
            let shown: ExchangeView = show.run().read();
            assert!(!shown.events.is_empty(), "{tables} {id}");
        }
        let alerts = at.call("alert list").option("--as", "officer").run();
        let alerts = alerts.read::<Page<AlertSummary>>().items;
        let alerts: BTreeSet<_> = alerts.iter().map(|alert| alert.id.to_string()).collect();
        assert_eq!(alerts, earlier.alerts, "{tables}");
        // What is written now stands behind what was written then.
        at.stop();
        assert!(at.verified() > earlier.entries, "{tables}");
        let bundle = place.path().join("bundle");
        let export = at.call("audit export").option("--out", &bundle);
        export.run().done();
    }
}
