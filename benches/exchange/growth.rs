//! What a node costs when it holds much: a small folder and a large one, measured alike.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use liaison::base::MessageId;
use liaison::node::{Folder, OpenNode, rebuild};
use liaison::store::{FileLog, Log as _, verify_folder};
use sha2::{Digest as _, Sha256};

use crate::disk::files_len;
use crate::grown::{grow, plate};
use crate::load::{Http, request};
use crate::nodes::{Office, Served, found};
use crate::process;
use crate::sample::{micros, quantile};
use crate::table::{Better, Row};

/// Exchanges of the small folder.
const SMALL: usize = 1_000;
/// How often each page is asked for.
const ASKED: usize = 200;
/// Requests that flow in from another member meanwhile, a second.
const FLOW: u32 = 20;

/// Measures folders of 1,000 and of `large` exchanges, and gives the rows of the table.
pub fn measure(root: &Path, large: usize) -> Vec<Row> {
    let small = Folders::make(&root.join("small"), SMALL).measure();
    let large = Folders::make(&root.join("large"), large);
    eprintln!("{} exchanges in {:.0} s", large.ids.len(), large.took);
    let large = large.measure();
    let row = |name, unit, figure: fn(&Figures) -> f64| {
        Row::ratio(name, unit, figure(&large), figure(&small)).target(Better::Less, 2.0, 1.3)
    };
    let page = |name, times: &[f64]| {
        let p95 = quantile(times, 0.95) / 1e3;
        Row::plain(name, "ms", p95).target(Better::Less, 50.0, 10.0)
    };
    let less = |row: Row, gate, moonshot| row.target(Better::Less, gate, moonshot);
    vec![
        Row::plain("grown_exchanges", "", large.exchanges),
        Row::plain("grown_entries", "", large.entries),
        Row::plain("grown_log_mb", "MiB", large.log_bytes / MIB),
        Row::plain("grown_index_mb", "MiB", large.index_bytes / MIB),
        row("growth_send", "µs", |f| quantile(&f.send, 0.5)),
        row("growth_inbox", "µs", |f| quantile(&f.inbox, 0.5)),
        row("growth_search", "µs", |f| quantile(&f.search, 0.5)),
        row("growth_proof", "µs", |f| quantile(&f.proof, 0.5)),
        page("inbox_p95", &large.inbox),
        page("search_p95", &large.search),
        page("exchange_p95", &large.exchange),
        less(
            Row::ratio("start_1m", "ms", large.start, large.files),
            5.0,
            2.0,
        ),
        less(
            Row::ratio("rebuild_1m", "ms", large.rebuild, large.sled),
            2.0,
            1.2,
        ),
        less(
            Row::ratio("verify_1m", "ms", large.verify, large.hashed),
            4.0,
            1.5,
        ),
        less(
            Row::plain("memory_1m_mb", "MiB", large.resident / MIB),
            300.0,
            150.0,
        ),
    ]
}

const MIB: f64 = (1 << 20) as f64;

/// A grown office, and a member whose node serves beside it.
struct Folders {
    grown: Office,
    other: Office,
    ids: Vec<MessageId>,
    took: f64,
}

/// Times in microseconds where there are many, else in milliseconds.
struct Figures {
    exchanges: f64,
    entries: f64,
    log_bytes: f64,
    index_bytes: f64,
    send: Vec<f64>,
    inbox: Vec<f64>,
    search: Vec<f64>,
    exchange: Vec<f64>,
    proof: Vec<f64>,
    start: f64,
    files: f64,
    rebuild: f64,
    sled: f64,
    verify: f64,
    hashed: f64,
    resident: f64,
}

impl Folders {
    fn make(root: &Path, count: usize) -> Self {
        let mut offices = found(root, &["MK", "TR", "AT"]).into_iter();
        let mut next = || offices.next().expect("three were founded");
        let (grown, peer, other) = (next(), next(), next());
        let began = Instant::now();
        let ids = grow(&grown, &peer, count);
        Self {
            grown,
            other,
            ids,
            took: began.elapsed().as_secs_f64(),
        }
    }

    fn measure(&self) -> Figures {
        let dir = &self.grown.config.dir;
        let log_bytes = files_len(&dir.join("log"), None) as f64;
        let index_bytes = files_len(&dir.join("index"), None) as f64;
        let (start, files, entries, proof) = self.started();
        let (verify, hashed) = self.verified();
        let (rebuild, sled) = self.rebuilt();
        let pages = self.asked();
        Figures {
            exchanges: self.ids.len() as f64,
            entries,
            log_bytes,
            index_bytes,
            send: pages.send,
            inbox: pages.inbox,
            search: pages.search,
            exchange: pages.exchange,
            proof,
            start,
            files,
            rebuild,
            sled,
            verify,
            hashed,
            resident: pages.resident,
        }
    }

    /// Opening log and index together, beside opening sled's files and reading the log's once; how
    /// many entries there are; and how long one receipt takes.
    fn started(&self) -> (f64, f64, f64, Vec<f64>) {
        let folder = Folder(self.grown.config.dir.clone());
        let (mut together, mut alone, mut proofs) = (Vec::new(), Vec::new(), Vec::new());
        let mut entries = 0;
        for _ in 0..3 {
            let began = Instant::now();
            read_all(&folder.0.join("log"), &mut |bytes| {
                std::hint::black_box(bytes);
            });
            let index = sled_config(&folder.index().join("1")).open();
            let index = index.expect("sled opens its files");
            alone.push(micros(began) / 1e3);
            drop(index);
            let keys = self.grown.keys();
            let began = Instant::now();
            let node = OpenNode::open(&folder, keys, &mut |_, _| ()).expect("the node opens");
            together.push(micros(began) / 1e3);
            entries = node.log.size();
            proofs.extend(prove(&node.log));
        }
        let median = |times: &[f64]| quantile(times, 0.5);
        (median(&together), median(&alone), entries as f64, proofs)
    }

    /// Verifying the folder, beside SHA-256 of the log's bytes and of as many nodes as its tree has.
    fn verified(&self) -> (f64, f64) {
        let dir = &self.grown.config.dir;
        let began = Instant::now();
        let report = verify_folder(dir, &mut |_, _| ()).expect("the log holds");
        let verify = micros(began) / 1e3;
        let began = Instant::now();
        let mut all = Sha256::new();
        read_all(&dir.join("log"), &mut |bytes| all.update(bytes));
        std::hint::black_box(all.finalize());
        for node in 0..report.head.map_or(0, |head| head.size) * 2 {
            let mut node_hash = Sha256::new();
            node_hash.update([1; 33]);
            node_hash.update([node as u8; 32]);
            std::hint::black_box(node_hash.finalize());
        }
        (verify, micros(began) / 1e3)
    }

    /// Making the index anew, beside loading the same pairs into a plain sled.
    fn rebuilt(&self) -> (f64, f64) {
        let folder = Folder(self.grown.config.dir.clone());
        let keys = self.grown.keys();
        let began = Instant::now();
        rebuild(&folder, keys, &mut |_, _| ()).expect("the log can be read");
        let product = micros(began) / 1e3;
        let path = std::fs::read_dir(folder.index()).expect("there is an index");
        let path = path.flatten().next().expect("it has a folder").path();
        let index = sled_config(&path).open().expect("sled opens its files");
        let beside = self.grown.config.dir.join("plain-sled");
        let began = Instant::now();
        let plain = sled_config(&beside).open().expect("the folder is new");
        for name in index.tree_names() {
            let from = index.open_tree(&name).expect("it is there");
            let to = plain.open_tree(&name).expect("it is new");
            let mut batch = sled::Batch::default();
            for (n, pair) in (1_usize..).zip(from.iter()) {
                let (key, value) = pair.expect("it reads");
                batch.insert(key, value);
                if n.is_multiple_of(2_048) {
                    to.apply_batch(std::mem::take(&mut batch))
                        .expect("there is room");
                }
            }
            to.apply_batch(batch).expect("there is room");
        }
        plain.flush().expect("there is room");
        let floor = micros(began) / 1e3;
        drop(plain);
        std::fs::remove_dir_all(beside).expect("it is there");
        (product, floor)
    }

    /// What officers ask of the serving node, while another member's requests flow in.
    fn asked(&self) -> Pages {
        let node = Served::start(&self.grown);
        let other = Served::start(&self.other);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| flow(&other, &self.other.token, &over));
            let mut client = Http::connect(node.api, &self.grown.token);
            let mut pages = Pages::default();
            let body = serde_json::json!({ "to": ["AT"], "request": request() }).to_string();
            for n in 0..ASKED {
                let some = n * 7_919 % self.ids.len();
                let wanted = serde_json::json!({ "query": plate(some) }).to_string();
                let shown = format!("/api/v1/exchanges/{}", self.ids[some]);
                pages.inbox.push(timed(|| {
                    client.get("/api/v1/exchanges?direction=incoming&order=time-left&limit=50")
                }));
                let found = &mut String::new();
                pages.search.push(timed(|| {
                    *found = client.post("/api/v1/search", &wanted);
                    String::new()
                }));
                assert!(
                    found.contains(&self.ids[some].to_string()),
                    "{wanted}: {found}"
                );
                pages.exchange.push(timed(|| client.get(&shown)));
                pages
                    .send
                    .push(timed(|| client.post("/api/v1/requests", &body)));
            }
            pages.resident = process::resident(node.id());
            over.store(true, Ordering::SeqCst);
            pages
        })
    }
}

#[derive(Default)]
struct Pages {
    send: Vec<f64>,
    inbox: Vec<f64>,
    search: Vec<f64>,
    exchange: Vec<f64>,
    resident: f64,
}

/// Requests to the grown office, until it is over.
fn flow(other: &Served, token: &str, over: &AtomicBool) {
    let mut client = Http::connect(other.api, token);
    let body = serde_json::json!({ "to": ["MK"], "request": request() }).to_string();
    while !over.load(Ordering::SeqCst) {
        client.post("/api/v1/requests", &body);
        std::thread::sleep(Duration::from_secs(1) / FLOW);
    }
}

fn prove(log: &FileLog) -> Vec<f64> {
    let proof = |n: u64| {
        let began = Instant::now();
        let index = n * 7_919 % log.size();
        std::hint::black_box(log.receipt(index).expect("it is in the log"));
        micros(began)
    };
    (0..ASKED as u64).map(proof).collect()
}

fn timed(work: impl FnOnce() -> String) -> f64 {
    let began = Instant::now();
    std::hint::black_box(work());
    micros(began)
}

fn sled_config(path: &Path) -> sled::Config {
    sled::Config::new()
        .path(path)
        .cache_capacity(8 << 20)
        .flush_every_ms(None)
}

fn read_all(folder: &Path, take: &mut dyn FnMut(&[u8])) {
    for file in std::fs::read_dir(folder).expect("there is a log").flatten() {
        use std::io::Read as _;
        let mut file = std::fs::File::open(file.path()).expect("it can be read");
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).expect("it can be read");
            if read == 0 {
                break;
            }
            take(&buffer[..read]);
        }
    }
}
