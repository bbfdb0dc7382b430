//! Data folders that earlier versions of the program wrote open in this one. A version that changes
//! what lies in a folder adds the last folder before the change, in `earlier/`.

use std::fs;
use std::path::PathBuf;

use liaison::api::{AlertSummary, ExchangeSummary, ExchangeView, Page};

use crate::office::Office;

/// A folder, and what was in it.
struct Earlier {
    name: &'static str,
    folder: &'static [u8],
    entries: u64,
    /// Its exchanges, with their states.
    exchanges: [(&'static str, &'static str); 3],
    alert: &'static str,
}

/// Before logs had incarnations, with tables of version 9.
const TABLES_9: Earlier = Earlier {
    name: "tables-9",
    folder: include_bytes!("earlier/tables-9.tar"),
    entries: 65,
    exchanges: [
        ("01M8GM63B79TD2C7JA8HJN0RF2", "refused"),
        ("01M8GM63EVEPCWN8Y53FAE7D12", "answered"),
        ("01M8GM65673MEVY1MQRWCZJ4Z4", "delivered"),
    ],
    alert: "01M8GM63NE9AWY3CHN14V7Y44K",
};

/// Unpacks the folder of AT, which listens wherever there is room.
fn unpacked(earlier: &Earlier, place: &std::path::Path) -> PathBuf {
    tar::Archive::new(earlier.folder)
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
    for earlier in [TABLES_9] {
        let name = earlier.name;
        let place = tempfile::tempdir().expect("a temporary folder");
        let at = Office::new("AT", unpacked(&earlier, place.path()));
        assert_eq!(at.verified(), earlier.entries, "{name}");
        at.serve();
        assert!(at.said().contains("index-rebuilt"), "{name}: {}", at.said());
        let list = at.call("rfi list").option("--as", "officer").run();
        let listed = list.read::<Page<ExchangeSummary>>().items;
        let mut listed: Vec<_> = listed
            .iter()
            .map(|exchange| (exchange.id.to_string(), exchange.state.clone()))
            .collect();
        listed.sort();
        let expected = earlier
            .exchanges
            .map(|(id, state)| (id.to_owned(), state.to_owned()));
        assert_eq!(listed, expected, "{name}");
        for (id, _) in earlier.exchanges {
            let show = at.call("rfi show").word(id).option("--as", "officer");
            let shown: ExchangeView = show.run().read();
            assert!(!shown.events.is_empty(), "{name} {id}");
        }
        let alerts = at.call("alert list").option("--as", "officer").run();
        let alerts = alerts.read::<Page<AlertSummary>>().items;
        let alerts: Vec<_> = alerts.iter().map(|alert| alert.id.to_string()).collect();
        assert_eq!(alerts, [earlier.alert], "{name}");
        // What is written now stands behind what was written then.
        at.stop();
        assert!(at.verified() > earlier.entries, "{name}");
        let bundle = place.path().join("bundle");
        let export = at.call("audit export").option("--out", &bundle);
        export.run().done();
    }
}
