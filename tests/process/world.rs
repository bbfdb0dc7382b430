//! Offices that trust each other, each in a folder of its own, made as their people would.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use liaison::base::NodeId;
use liaison::config::Config;
use liaison::node::{self, Folder};
use liaison::seal::keystore::Keys;
use tempfile::TempDir;

use super::easy::make_easy;
use super::office::Office;
use super::run::Call;

/// How long an outcome may take, on a slow and busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(25);
/// What opens the keys of every office.
pub const PASSPHRASE: &str = "six random words would be better";
/// The offices' people, one a role.
const PEOPLE: [&str; 3] = ["officer", "contact", "auditor"];

/// Asks until there is an outcome.
#[track_caller]
pub fn until<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(outcome) = ask() {
            return outcome;
        }
        assert!(
            Instant::now() < deadline,
            "no sign within {patience:?} that {what}"
        );
        std::thread::sleep(PAUSE);
    }
}

/// Waits for a call of the API.
pub fn block<T>(call: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().expect("a runtime"));
    runtime.block_on(call)
}

/// Offices and where they are. Dropped, their nodes end and their folders go.
pub struct World {
    pub offices: Vec<Office>,
    /// The fingerprint of the root that all of them hold.
    pub root: String,
    place: PathBuf,
    _folder: Option<TempDir>,
}

impl World {
    /// Offices of these members, none of which serves yet.
    pub fn of(members: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = folder.path().to_owned();
        Self {
            _folder: Some(folder),
            ..Self::at(&place, members)
        }
    }

    /// As [`World::of`], in a folder that is there and stays.
    pub fn at(place: &Path, members: &[&str]) -> Self {
        let offices: Vec<Office> = members
            .iter()
            .map(|member| Office::new(member, place.join(member.to_lowercase())))
            .collect();
        let proposal = place.join("trust-list");
        let cards: Vec<PathBuf> = at_once(&offices, |office| {
            let keys = settle_in(office);
            let config = Config::load(&office.dir).expect("a valid configuration");
            let card = node::issue_card(&config, &keys).expect("a card");
            let file = place.join(format!("{}.card", office.member));
            std::fs::write(&file, card.to_json()).expect("room for a small file");
            file
        });
        let propose = Call::of("trust propose").option("--out", &proposal);
        cards
            .iter()
            .fold(propose, |call, card| call.option("--card", card))
            .run()
            .done();
        let mut signed = node::ProposalFile::read(&proposal).expect("it was written just now");
        for office in &offices {
            let keys = pattern(office.member.as_str()).1;
            node::sign(&mut signed, None, &keys).expect("a founder signs");
        }
        signed.write(&proposal).expect("room for a small file");
        let mut roots = BTreeSet::new();
        for office in &offices {
            let install = office.call("trust install").option("--file", &proposal);
            let installed = install.run().done();
            roots.insert(installed["root"].as_str().expect("a root").to_owned());
        }
        let root = roots.pop_first().expect("a root");
        assert!(roots.is_empty(), "the offices hold different roots");
        Self {
            offices,
            root,
            place: place.to_owned(),
            _folder: None,
        }
    }

    /// As [`World::of`], all serving, each linked to all others.
    pub fn serving(members: &[&str]) -> Self {
        let world = Self::of(members);
        at_once(&world.offices, Office::serve);
        world.linked();
        world
    }

    /// Waits until each office is linked to all others.
    pub fn linked(&self) {
        for office in &self.offices {
            let what = format!("{} is linked to all", office.member);
            until(PATIENCE, &what, || {
                let health = office.health()?;
                let up = health.peers.iter().filter(|peer| peer.connected).count();
                (up + 1 == self.offices.len()).then_some(())
            });
        }
    }

    pub fn office(&self, member: &str) -> &Office {
        let office = self.offices.iter().find(|o| o.member.as_str() == member);
        office.expect("a member of this world")
    }

    /// A file beside the offices, such as a person would have at hand.
    pub fn file(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Writes such a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.file(name);
        std::fs::write(&file, content).expect("room for a small file");
        file
    }
}

/// Does the same for all offices at once, as most of it is work for one core each.
pub fn at_once<T: Send>(offices: &[Office], what: impl Fn(&Office) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let what = &what;
        let running: Vec<_> = offices
            .iter()
            .map(|office| scope.spawn(move || what(office)))
            .collect();
        let outcomes = running.into_iter().map(|thread| thread.join());
        outcomes.map(|outcome| outcome.expect("done")).collect()
    })
}

/// Copies the office from its pattern and gives it an address of its own. Gives its keys.
fn settle_in(office: &Office) -> Arc<Keys> {
    let (pattern, keys) = pattern(office.member.as_str());
    copy_folder(&pattern, &office.dir);
    let file = office.part("liaison.toml");
    let text = std::fs::read_to_string(&file).expect("a configuration");
    let address = format!("127.0.0.1:{}", free_port());
    std::fs::write(&file, text.replace("127.0.0.1:1", &address)).expect("a configuration");
    keys
}

/// The folder of every pattern, and the keys of those that are made.
type Patterns = (TempDir, BTreeMap<String, Arc<Keys>>);

/// An office with keys and people, made once for all tests, and its keys, opened once.
fn pattern(member: &str) -> (PathBuf, Arc<Keys>) {
    static PATTERNS: Mutex<Option<Patterns>> = Mutex::new(None);
    // Held while a pattern is made, so that none is made twice.
    let mut patterns = PATTERNS.lock().expect("making a pattern does not fail");
    let (root, opened) = patterns.get_or_insert_with(|| {
        let root = tempfile::tempdir().expect("a temporary folder");
        (root, BTreeMap::new())
    });
    let dir = root.path().join(member);
    if let Some(keys) = opened.get(member) {
        return (dir, keys.clone());
    }
    let passphrase = root.path().join(format!("{member}.passphrase"));
    std::fs::write(&passphrase, format!("{PASSPHRASE}\n")).expect("a passphrase");
    let init = Call::of("init")
        .dir(&dir)
        .option("--member", member)
        .option("--name", format!("Liaison Office {member}"))
        .option("--contact", "this machine")
        .option("--listen", "127.0.0.1:1")
        .option("--address", "127.0.0.1:1")
        .option("--api-listen", "127.0.0.1:0")
        .option("--passphrase-file", &passphrase);
    init.run().done();
    std::fs::rename(&passphrase, dir.join("passphrase")).expect("one file system");
    make_easy(&dir.join("keys/keystore"), PASSPHRASE);
    edit(&dir);
    std::fs::create_dir(dir.join("tokens")).expect("a new folder");
    for role in PEOPLE {
        Call::of("user add")
            .dir(&dir)
            .option("--name", role)
            .option("--role", role)
            .option("--token-file", dir.join("tokens").join(role))
            .run()
            .done();
    }
    let node = NodeId::first(member.parse().expect("a well-formed member"));
    let keys = Folder(dir.clone()).keys(node, PASSPHRASE);
    let keys = Arc::new(keys.expect("the passphrase opens them"));
    opened.insert(member.to_owned(), keys.clone());
    (dir, keys)
}

/// What an administrator edits, so that no command asks for a passphrase or a token.
fn edit(dir: &Path) {
    let mut config = liaison::config::Config::load(dir).expect("a valid configuration");
    config.settings.passphrase_file = Some("passphrase".into());
    config.settings.tokens.officer = Some("tokens/officer".into());
    config.settings.tokens.contact = Some("tokens/contact".into());
    config.settings.tokens.auditor = Some("tokens/auditor".into());
    std::fs::write(dir.join("liaison.toml"), config.settings.render()).expect("a configuration");
}

/// A port of loopback, for UDP and TCP, that no other test of this run is given, even after its node has ended:
/// the offices of all tests have the same keys. It is below those that systems give by themselves.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().expect("nothing panics under this lock");
    let start = 12_000 + u16::try_from(std::process::id() % 16_000).expect("below 16,000");
    let free = (start..32_000).find(|port| {
        let here = ("127.0.0.1", *port);
        !given.contains(port) && UdpSocket::bind(here).is_ok() && TcpListener::bind(here).is_ok()
    });
    let port = free.expect("a free port");
    given.insert(port);
    port
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a new folder");
    for file in super::office::files(from) {
        let copy = to.join(file.file_name().expect("a name"));
        if file.is_dir() {
            copy_folder(&file, &copy);
        } else {
            std::fs::copy(&file, &copy).expect("a copy");
        }
    }
}
