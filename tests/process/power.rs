//! Power cuts at any moment of a node's life: a node works under strace, and its disk is made anew as
//! it may have been after each of many of its calls, with what was not synced there by chance.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use liaison::base::{Digest, MessageId, SeededEntropy};
use liaison::config::Config;
use liaison::store::{ExportError, export_folder};
use tempfile::TempDir;

use crate::bundle;
use crate::kills::traffic::{self, Pace, Told, lock};
use crate::office::Office;
use crate::run::strace_works;
use crate::world::{PATIENCE, World, block, until};

mod calls;
mod commands;
mod disk;

use calls::{Call, Edge};
use disk::{Disk, Found, Syncs};

/// Cuts; `LIAISON_CUTS` takes another number.
const CUTS: u64 = 340;
/// What chance follows from; `LIAISON_SEED` takes another.
const SEED: u64 = 1_906;
/// A node is started from one cut of so many.
const STARTED: usize = 10;
/// Requests that each office sends.
const REQUESTS: usize = 40;

/// What was sure to people at some time: the head that the node had told, and the requests that it had
/// acknowledged, to its own officer or to its peer.
struct Sure {
    /// In microseconds since 1970.
    at: u64,
    head: (u64, Digest),
    /// Each with the digest of its attachment, where the node's own officer attached one.
    requests: BTreeMap<MessageId, Option<Digest>>,
}

/// What a node did, and what people knew meanwhile.
struct Life {
    dir: PathBuf,
    before: Found,
    calls: Vec<Call>,
    after: Found,
    known: Vec<Sure>,
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_acknowledged() {
    if !strace_works() {
        return;
    }
    let number = |name, other| std::env::var(name).map_or(other, |n| n.parse().expect("a number"));
    let cuts = number("LIAISON_CUTS", CUTS);
    let seed = number("LIAISON_SEED", SEED);
    let life = live(&World::of(&["MK", "TR"]), seed);
    let moments = life.moments(cuts, seed);

    let checked = Mutex::new(Checked::default());
    std::thread::scope(|scope| {
        for half in [0, 1] {
            let (life, moments, checked) = (&life, &moments, &checked);
            scope.spawn(move || {
                let place = in_memory();
                life.cut(Syncs::Kept, moments, |number, at, disk| {
                    if number % 2 == half {
                        let cut = Cut {
                            life,
                            number,
                            at,
                            seed,
                        };
                        let new = cut.holds(disk, place.path());
                        lock(checked).add(new);
                    }
                });
            });
        }
    });
    let checked = lock(&checked);
    println!(
        "{} calls, {} heads and {} requests known; {} cuts: {} heads looked up, {} nodes started, \
         in which {} requests and {} attachments were looked up",
        life.calls.len(),
        life.known.len(),
        life.known.last().map_or(0, |sure| sure.requests.len()),
        moments.len(),
        checked.heads,
        checked.starts,
        checked.requests,
        checked.attachments,
    );

    let (place, mut lost) = (in_memory(), 0);
    life.cut(Syncs::Ignored, &moments, |number, at, disk| {
        let cut = Cut {
            life: &life,
            number,
            at,
            seed,
        };
        lost += usize::from(cut.heads_stand(&cut.found(disk), place.path()).is_err());
    });
    let most = moments.len() / 2;
    assert!(
        lost > most,
        "on a disk that lies, only {lost} of {cuts} cuts lose anything"
    );
}

/// What was looked up after cuts.
#[derive(Default)]
struct Checked {
    heads: usize,
    starts: usize,
    requests: usize,
    attachments: usize,
}

impl Checked {
    fn add(&mut self, new: Self) {
        self.heads += new.heads;
        self.starts += new.starts;
        self.requests += new.requests;
        self.attachments += new.attachments;
    }
}

fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("room for a folder")
}

/// Two offices ask each other and answer, one of them under strace, until both have asked enough.
fn live(world: &World, seed: u64) -> Life {
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let trace = world.file("calls");
    let before = disk::read(&mk.dir);
    mk.start_under(calls::strace(&trace));
    tr.start();
    mk.serves();
    tr.serves();
    world.linked();
    let (pace, told) = (Pace::default(), Told::default());
    pace.allowed.store(REQUESTS, Ordering::SeqCst);
    let known = std::thread::scope(|scope| {
        let _over = traffic::Over(&pace);
        for (place, office) in (0_u64..).zip(&world.offices) {
            let (pace, told) = (&pace, &told);
            scope.spawn(move || traffic::ask(world, office, seed ^ (place << 8), pace, told));
            scope.spawn(move || traffic::respond(office, seed ^ (place << 16), pace, told));
        }
        let mut known = Vec::new();
        until(
            PATIENCE,
            "both have asked, and have answers to half",
            || {
                known.push(sure(world, &told));
                let asked = lock(&told.sent).len();
                let answered = lock(&told.said).len();
                (asked == 2 * REQUESTS && answered > REQUESTS).then_some(())
            },
        );
        known
    });
    mk.stop();
    tr.stop();
    let faults = lock(&told.faults);
    assert!(faults.is_empty(), "calls failed: {faults:#?}");
    Life {
        calls: calls::read(&trace, &mk.dir),
        dir: mk.dir.clone(),
        before,
        after: disk::read(&mk.dir),
        known,
    }
}

/// What is known now.
fn sure(world: &World, told: &Told) -> Sure {
    let mk = world.office("MK");
    let sent = lock(&told.sent);
    let own = sent.values().filter(|sent| sent.from == mk.member);
    let mut requests: BTreeMap<_, _> = own
        .map(|sent| (sent.id, sent.attached.map(|(_, digest)| digest)))
        .collect();
    drop(sent);
    let at_tr = world.office("TR").exchanges().expect("a list");
    let received = at_tr.iter().filter(|exchange| exchange.state != "queued");
    for exchange in received {
        requests.entry(exchange.id).or_default();
    }
    let health = mk.health().expect("it serves");
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    Sure {
        at: u64::try_from(now.as_micros()).expect("for some time yet"),
        head: (health.log_size, health.log_root),
        requests,
    }
}

impl Life {
    /// Calls during which power is cut, in order.
    fn moments(&self, cuts: u64, seed: u64) -> Vec<usize> {
        let mut chance = SeededEntropy::new(seed);
        let calls = self.calls.len() as u64;
        let mut moments: Vec<_> = (0..cuts)
            .map(|_| usize::try_from(chance.below(calls)).expect("of memory"))
            .collect();
        moments.sort_unstable();
        moments
    }

    /// Shows the disk as it is at each of these moments, with the moment's number and time. In the end
    /// it must hold what the real one holds.
    fn cut(&self, syncs: Syncs, moments: &[usize], mut show: impl FnMut(usize, u64, &Disk<'_>)) {
        let mut disk = Disk::of(&self.before, syncs);
        let mut moments = moments.iter().enumerate().peekable();
        for (edge, number) in calls::edges(&self.calls) {
            let call = &self.calls[number];
            disk.play(edge, call);
            while let (Edge::Begin, Some((cut, _))) =
                (edge, moments.next_if(|(_, moment)| **moment == number))
            {
                show(cut, call.at, &disk);
            }
        }
        let (modelled, real) = (disk.now(), &self.after);
        for (path, content) in real {
            let is_so = modelled.get(path) == Some(content);
            assert!(is_so, "the model of a disk is wrong: {}", path.display());
        }
        assert_eq!(modelled.len(), real.len(), "in the model, files are left");
    }

    fn known_at(&self, moment: u64) -> impl Iterator<Item = &Sure> {
        self.known.iter().take_while(move |sure| sure.at < moment)
    }
}

/// One cut of the power.
struct Cut<'a> {
    life: &'a Life,
    number: usize,
    /// When, in microseconds since 1970.
    at: u64,
    seed: u64,
}

impl Cut<'_> {
    /// What was sure before is there; and from one cut of some, a node goes on.
    fn holds(&self, disk: &Disk<'_>, place: &Path) -> Checked {
        let what = format!("cut {} of seed {}", self.number, self.seed);
        let found = self.found(disk);
        let _reproduction = Reproduction {
            found: &found,
            dir: &self.life.dir,
            name: what.replace(' ', "-"),
        };
        let heads = self.heads_stand(&found, place);
        let heads = heads.unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut checked = Checked::default();
        if (self.number / 2).is_multiple_of(STARTED) {
            checked = self.goes_on(place, &what);
        }
        checked.heads = heads;
        checked
    }

    /// What is on the disk.
    fn found(&self, disk: &Disk<'_>) -> Found {
        let chance = self.seed ^ (self.number as u64) << 20;
        disk.cut(&mut SeededEntropy::new(chance))
    }

    /// Every head that was told before stands in the log. Gives how many there were.
    fn heads_stand(&self, found: &Found, place: &Path) -> Result<usize, String> {
        let dir = place.join("mk");
        if dir.exists() {
            std::fs::remove_dir_all(&dir).expect("it can be removed");
        }
        disk::write(found, &self.life.dir, &dir);
        let out = place.join("bundle");
        let mut bundle = File::create(&out).expect("room for a bundle");
        let checkpoints = match export_folder(&dir, &mut bundle, &mut |_, _| ()) {
            Ok(_) => bundle::checkpoints(&out),
            Err(ExportError::Empty) => BTreeMap::new(),
            Err(error) => return Err(error.to_string()),
        };
        let told = self.life.known_at(self.at).filter(|sure| sure.head.0 > 0);
        let mut heads = 0;
        for (size, root) in told.map(|sure| sure.head) {
            if checkpoints.get(&size) != Some(&root) {
                return Err(format!("the head at {size} is not there"));
            }
            heads += 1;
        }
        Ok(heads)
    }

    /// A node serves from what was found, lists all that was acknowledged, and has what was attached.
    fn goes_on(&self, place: &Path, what: &str) -> Checked {
        let dir = place.join("mk");
        let mut config = Config::load(&dir).expect("a valid configuration");
        config.settings.exchange.listen = "127.0.0.1:0".parse().expect("an address");
        let text = config.settings.render();
        std::fs::write(dir.join("liaison.toml"), text).expect("room for a configuration");
        let office = Office::new("MK", dir);
        office.serve();
        let listed = office.exchanges().expect("a list");
        let listed: BTreeSet<_> = listed.iter().map(|exchange| exchange.id).collect();
        let sure = self.life.known_at(self.at).last();
        let mut checked = Checked {
            starts: 1,
            ..Checked::default()
        };
        for (id, attached) in sure.into_iter().flat_map(|sure| &sure.requests) {
            assert!(listed.contains(id), "{what}: {id} is lost");
            checked.requests += 1;
            if let Some(digest) = attached {
                let saved = saved(&office, *id, &place.join("saved"));
                assert!(saved == *digest, "{what}: what {id} carries is lost");
                checked.attachments += 1;
            }
        }
        office.verified();
        office.stop();
        checked
    }
}

/// The digest of what a request of the office's own carries, as its people get it.
fn saved(office: &Office, id: MessageId, file: &Path) -> Digest {
    let client = office.client("officer");
    let view = block(client.exchange(id)).expect("it is listed");
    let mut attachments = view.events.iter().flat_map(|event| &event.attachments);
    let attachment = attachments.next().expect("it carries one");
    block(client.download((office.member, id), attachment, file, Box::new(|_| ())))
        .expect("it is there");
    let saved = std::fs::read(file).expect("it was saved just now");
    std::fs::remove_file(file).expect("it was saved just now");
    Digest::of(&saved)
}

/// Leaves what was found after a cut in `target/tmp/reproductions`, where a promise did not hold.
struct Reproduction<'a> {
    found: &'a Found,
    dir: &'a Path,
    name: String,
}

impl Drop for Reproduction<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reproductions");
            let place = place.join(&self.name);
            let _ = std::fs::remove_dir_all(&place);
            disk::write(self.found, self.dir, &place);
            eprintln!("left in {}", place.display());
        }
    }
}
