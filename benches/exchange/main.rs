//! The exchange, measured beside its floors: `cargo bench --bench exchange [-- --quick]`.
//!
//! Every round measures floors and products by turns; figures are medians over the rounds, and
//! only their ratios mean anything, since whatever else the machine does slows down both.
//! `-- --samples` also prints every median; `-- --load` only exchanges, for a profiler to look at;
//! `-- --growth` only measures what a node costs that holds much.
//! Nothing is gated on time: the table says which targets hold, and the exit status does not.

mod beside;
mod crypto;
mod disk;
mod echo;
mod felt;
mod grown;
mod growth;
mod load;
mod nodes;
mod peers;
mod process;
mod sample;
mod table;

use std::path::Path;
use std::time::{Duration, Instant};

use crypto::{BODY, Crypto};
use disk::{Disk, files_len};
use echo::Echo;
use load::HttpFloor;
use nodes::Nodes;
use sample::{Samples, quantile};
use table::{Better, Row};
use tokio::runtime::Runtime;

/// How much is measured.
struct Scale {
    rounds: usize,
    crypto: usize,
    groups: usize,
    echoes: usize,
    alone: usize,
    in_flight: usize,
    /// Urgent requests, alone and beside a full load.
    urgent: usize,
    /// Bytes of an attachment.
    attachment: usize,
    /// Exchanges in the large folder, each with ten entries in the log.
    grown: usize,
}

const QUICK: Scale = Scale {
    rounds: 5,
    crypto: 50,
    groups: 10,
    echoes: 1_000,
    alone: 80,
    in_flight: 640,
    urgent: 40,
    attachment: 128 << 20,
    grown: 10_000,
};

const FULL: Scale = Scale {
    rounds: 9,
    crypto: 200,
    groups: 40,
    echoes: 4_000,
    alone: 400,
    in_flight: 3_200,
    urgent: 100,
    attachment: 1 << 30,
    grown: 100_000,
};

/// Messages in flight that are tried, with the names of their rates and median times.
const WINDOWS: [(usize, &str, &str); 5] = [
    (4, "rate-4", "p50-4"),
    (16, "rate-16", "p50-16"),
    (64, "rate-64", "p50-64"),
    (256, "rate-256", "p50-256"),
    (512, "rate-512", "p50-512"),
];

/// Bytes of a group of one message in the log: about what each end writes for one that is alone.
const ALONE_GROUP: usize = 9 * 1024;

/// Messages in flight under a full load.
const FULL_LOAD: usize = 256;

/// Attachments that are carried.
const CARRIED: usize = 3;

/// How long sled may take to write what it was given: it does so twice a second.
const SETTLED: Duration = Duration::from_millis(700);

fn main() {
    if echo::is_echo() {
        return echo::echo();
    }
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let scale = if has("--quick") { QUICK } else { FULL };
    let began = Instant::now();
    let root =
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target can be written");
    let runtime = Runtime::new().expect("the system has threads");
    if has("--growth") {
        let rows = growth::measure(root.path(), scale.grown);
        return table::print("growth", &rows);
    }
    let mut bench = Bench::start(&runtime, root.path(), &scale);
    if has("--load") {
        // For a profiler, which is to see nothing else.
        let windows = std::iter::once(1).chain(WINDOWS.map(|(window, ..)| window));
        for window in windows {
            let count = scale.in_flight * 8;
            let ids = [std::process::id(), bench.nodes.other()];
            let cpu = || -> f64 { ids.into_iter().map(process::cpu).sum() };
            std::thread::sleep(SETTLED);
            let disks = bench.nodes.dirs.each_ref().map(|dir| stored(dir));
            let before = cpu();
            let load = load::in_flight(&runtime, &bench.nodes, count, window);
            let each = (cpu() - before) / count as f64;
            let p50 = quantile(&load.times, 0.5) / 1e3;
            println!(
                "{window} in flight: {:.0} a second, p50 {p50:.1} ms, {each:.0} µs of processor each",
                load.rate
            );
            std::thread::sleep(SETTLED);
            for (dir, was) in bench.nodes.dirs.iter().zip(disks) {
                let now = stored(dir);
                let [log, index] = [0, 1].map(|n| (now[n] - was[n]) as f64 / count as f64);
                println!("  {log:.0} bytes each in the log, {index:.0} in the index");
            }
        }
        return bench.nodes.stop(&runtime);
    }
    for round in 1..=scale.rounds {
        eprintln!("round {round} of {}", scale.rounds);
        bench.round();
    }
    for round in 1..=CARRIED {
        eprintln!("attachment {round} of {CARRIED}");
        bench.carried();
    }
    let mut rows = bench.rows();
    if has("--samples") {
        for (name, median) in bench.samples.medians() {
            println!("{name:<22}{median:>12.1}");
        }
    }
    bench.nodes.stop(&runtime);
    rows.extend(felt::measure(&root.path().join("demo")));
    rows.extend(growth::measure(&root.path().join("grown"), scale.grown));
    table::print("exchange, body 1 KiB, two processes on one machine", &rows);
    let path = table::write(&rows).expect("the target folder can be written");
    println!(
        "\n{} in {:.0} s",
        path.display(),
        began.elapsed().as_secs_f64()
    );
}

/// Bytes that a node's log and its index take.
fn stored(dir: &Path) -> [u64; 2] {
    let log = disk::segments_len(&dir.join("log"));
    [log, files_len(&dir.join("index"), None)]
}

struct Bench<'a> {
    runtime: &'a Runtime,
    scale: &'a Scale,
    samples: Samples,
    alone: Vec<f64>,
    /// Times of urgent requests, alone and beside a full load.
    urgent: [Vec<f64>; 2],
    crypto: Crypto,
    disk: Disk,
    echo: Echo,
    http: HttpFloor,
    nodes: Nodes,
}

impl<'a> Bench<'a> {
    fn start(runtime: &'a Runtime, root: &Path, scale: &'a Scale) -> Self {
        let plain = root.join("plain");
        std::fs::create_dir(&plain).expect("the folder is new");
        let nodes = Nodes::start(runtime, root);
        let mut samples = Samples::default();
        let idle = process::resident(nodes.other());
        samples.add("resident-idle", idle / f64::from(1 << 20));
        Self {
            runtime,
            scale,
            samples,
            alone: Vec::new(),
            urgent: [Vec::new(), Vec::new()],
            crypto: Crypto::new(scale.crypto),
            disk: Disk::new(&plain, scale.groups),
            echo: runtime.block_on(Echo::start(scale.echoes, &plain)),
            http: HttpFloor::start(runtime),
            nodes,
        }
    }

    fn round(&mut self) {
        self.crypto.round(&mut self.samples);
        self.disk.round(&mut self.samples);
        self.runtime.block_on(self.echo.round(&mut self.samples));
        let posts = self.http.round(self.scale.alone);
        self.samples.add("http-1", quantile(&posts, 0.5));

        // The disk is what varies most, so its floor is measured between any two exchanges.
        let mut syncs = Vec::new();
        let disk = &mut self.disk;
        let beside = || syncs.push(disk.plain(ALONE_GROUP));
        let (times, answered) = load::posted(&self.nodes, self.scale.alone, beside);
        self.samples.add("fdatasync-alone", quantile(&syncs, 0.5));
        self.samples.add("alone", quantile(&times, 0.5));
        self.samples.add("answered", quantile(&answered, 0.5));
        self.alone.extend(times);
        self.counted(self.scale.alone, 1, "cpu-alone", "disk-alone");
        for (window, rate, p50) in WINDOWS {
            let load = match window {
                64 => self.counted(self.scale.in_flight, 64, "cpu-64", "disk-64"),
                _ => load::in_flight(self.runtime, &self.nodes, self.scale.in_flight, window),
            };
            self.samples.add(rate, load.rate);
            self.samples.add(p50, quantile(&load.times, 0.5));
        }
        let [alone, beside] =
            beside::urgent(self.runtime, &self.nodes, self.scale.urgent, FULL_LOAD);
        self.urgent[0].extend(alone);
        self.urgent[1].extend(beside);
        if let Some(rate) = peers::as2() {
            self.samples.add("as2", rate);
        }
    }

    /// An attachment beside a plain file over QUIC; a few rounds of it are enough.
    fn carried(&mut self) {
        let len = self.scale.attachment;
        let plain = self.runtime.block_on(self.echo.file(len));
        self.samples.add("file", plain);
        let carried = beside::attachment(self.runtime, &self.nodes, len);
        let rate = |seconds: f64| len as f64 / seconds;
        self.samples.add("sealed", rate(carried.sealed));
        self.samples.add("stored", rate(carried.stored));
        let both = carried.sealed + carried.stored;
        self.samples.add("carried", rate(both));
    }

    /// A load, with what it takes of both processors' time and of the disk of the worse end.
    fn counted(
        &mut self,
        count: usize,
        window: usize,
        cpu: &'static str,
        disk: &'static str,
    ) -> load::Load {
        let ids = [std::process::id(), self.nodes.other()];
        let both = |dir: &std::path::PathBuf| stored(dir).iter().sum::<u64>();
        std::thread::sleep(SETTLED);
        let disks = self.nodes.dirs.each_ref().map(both);
        let before: f64 = ids.into_iter().map(process::cpu).sum();
        let load = load::in_flight(self.runtime, &self.nodes, count, window);
        let after: f64 = ids.into_iter().map(process::cpu).sum();
        self.samples.add(cpu, (after - before) / count as f64);
        std::thread::sleep(SETTLED);
        let grown = self
            .nodes
            .dirs
            .iter()
            .zip(disks)
            .map(|(dir, was)| both(dir) - was);
        let worse = grown.max().expect("there are two");
        self.samples.add(disk, worse as f64 / count as f64);
        load
    }

    fn rows(&self) -> Vec<Row> {
        let m = |name: &str| self.samples.median(name);
        let sign = m("ed25519-sign") + m("ml-dsa-sign");
        let verify = m("ed25519-verify") + m("ml-dsa-verify");
        // One message: its own signature, three checkpoints (sent, received, receipt kept), and
        // two signatures to verify, its own and its receipt's checkpoint's.
        let cryptography = 4.0 * sign + 2.0 * verify + m("hpke-seal") + m("hpke-open");
        let parts = cryptography + 3.0 * m("fdatasync-alone") + m("quinn-1") + m("http-1");
        let accepted = 2.0 * sign + m("fdatasync-alone") + m("http-1");
        let (p50, p99) = (quantile(&self.alone, 0.5), quantile(&self.alone, 0.99));
        let per_second = |size: f64, micros: f64| size / micros * 1e6;
        let framed = self.framed();
        let best = WINDOWS
            .iter()
            .map(|(_, rate, _)| m(rate))
            .fold(0.0, f64::max);
        let as2 = self.samples.has("as2").then(|| {
            // Both ends of an exchange share all processors; pyas2lib's use one.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            Row::ratio("as2", "1/s a core", best / cores as f64, m("as2")).target(
                Better::More,
                30.0,
                1_000.0,
            )
        });
        let rows = vec![
            Row::ratio("sign", "µs", m("sign"), sign),
            Row::ratio("verify", "µs", m("verify"), verify),
            Row::ratio("seal", "µs", m("seal"), m("hpke-seal")),
            Row::ratio("open", "µs", m("open"), m("hpke-open") + verify),
            Row::ratio("append_1", "µs", m("append-1"), m("fdatasync-1")),
            Row::ratio(
                "append_1_signed",
                "µs",
                m("append-1"),
                m("fdatasync-1") + sign,
            ),
            Row::ratio("append_64", "µs", m("append-64"), m("fdatasync-64")),
            Row::ratio(
                "append_64_signed",
                "µs",
                m("append-64"),
                m("fdatasync-64") + sign,
            ),
            Row::ratio(
                "log",
                "1/s",
                per_second(64.0, m("append-64")),
                per_second(64.0, m("fdatasync-64")),
            )
            .target(Better::More, 0.30, 0.60),
            Row::ratio(
                "log_512",
                "1/s",
                per_second(512.0, m("append-512")),
                per_second(64.0, m("fdatasync-64")),
            ),
            Row::ratio("accepted", "µs", m("answered"), accepted),
            Row::ratio("alone", "µs", m("alone"), parts).target(Better::Less, 2.0, 1.2),
            Row::ratio("alone_p99", "µs", p99, p50).target(Better::Less, 4.0, 2.0),
            Row::ratio("single_64", "1/s", m("rate-64"), m("quinn-64")).target(
                Better::More,
                0.05,
                0.20,
            ),
            Row::ratio("framed", "1/s", framed, m("quinn-64")).target(Better::More, 0.15, 0.50),
            Row::ratio("per_message_cpu", "µs", m("cpu-alone"), cryptography).target(
                Better::Less,
                2.0,
                1.25,
            ),
            Row::ratio("cpu_64", "µs", m("cpu-64"), cryptography),
            Row::ratio("disk_alone", "bytes", m("disk-alone"), BODY as f64).target(
                Better::Less,
                12.0,
                9.0,
            ),
            Row::ratio("disk_per_message", "bytes", m("disk-64"), BODY as f64).target(
                Better::Less,
                5.0,
                3.0,
            ),
            Row::ratio(
                "urgent_under_load",
                "µs",
                quantile(&self.urgent[1], 0.99),
                quantile(&self.urgent[0], 0.99),
            )
            .target(Better::Less, 4.0, 2.0),
            Row::ratio("bulk", "MB/s", m("carried") / 1e6, m("file") / 1e6).target(
                Better::More,
                0.60,
                0.80,
            ),
            Row::ratio("bulk_sealed", "MB/s", m("sealed") / 1e6, m("file") / 1e6),
            Row::ratio("bulk_stored", "MB/s", m("stored") / 1e6, m("file") / 1e6),
            Row::ratio(
                "fan_out_50",
                "µs",
                m("fan-out"),
                crypto::MEMBERS as f64 * m("hpke-seal") + sign,
            )
            .target(Better::Less, 3.0, 1.5),
            Row::plain("memory_idle_mb", "MiB", m("resident-idle")).target(
                Better::Less,
                60.0,
                30.0,
            ),
        ];
        rows.into_iter().chain(as2).collect()
    }

    /// The best rate at which half of the exchanges take at most 10 ms.
    fn framed(&self) -> f64 {
        let rate_if_soon = |(_, rate, p50): &(usize, &str, &str)| {
            (self.samples.median(p50) <= 10_000.0).then(|| self.samples.median(rate))
        };
        WINDOWS.iter().filter_map(rate_if_soon).fold(0.0, f64::max)
    }
}
