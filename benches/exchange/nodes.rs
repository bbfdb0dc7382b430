//! Two offices that trust each other: one served in this process, the other in its own.

use std::fs;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use liaison::app::core::Outcome;
use liaison::app::{Action, Ask, Caller, Permit, Reply};
use liaison::base::{MemberId, OsEntropy, PersonId, Role};
use liaison::config::{Addresses, Config, Settings};
use liaison::driver::Driver;
use liaison::node::{self, Folder, Serve};
use liaison::seal::keystore::Keys;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a node may take to start and to link.
const PATIENCE: Duration = Duration::from_secs(60);

/// The office that asks, in this process, and the office that is asked.
pub struct Nodes {
    /// The asking node's driver.
    pub driver: Driver,
    /// When each receipt was durably kept, in order.
    pub kept: Receiver<Instant>,
    /// Where the asking node's API listens.
    pub api: SocketAddr,
    /// An officer's token there.
    pub token: String,
    /// The asked member.
    pub asked: MemberId,
    /// Both folders, the asking one first.
    pub dirs: [PathBuf; 2],
    other: Served,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Nodes {
    /// Makes both offices in `root`, starts them, and waits for their link.
    pub fn start(runtime: &Runtime, root: &Path) -> Self {
        let offices = found(root, &["MK", "TR"]);
        let dirs = [0, 1].map(|place: usize| offices[place].config.dir.clone());
        let other = Served::start(&offices[1]);
        let (stop, stopping) = oneshot::channel();
        let (keep, kept) = channel();
        let (started, driver) = oneshot::channel();
        let config = offices[0].config.clone();
        let serve = Serve {
            config: config.clone(),
            listen: None,
            passphrase: PASSPHRASE.to_owned().into(),
        };
        let until = async {
            let _stop = stopping.await;
        };
        let serving = runtime.spawn(async move {
            let started = |driver| drop(started.send(driver));
            let observe = move |outcome: &Outcome| {
                if let Outcome::Keep { receipts, .. } = outcome {
                    let now = Instant::now();
                    for _ in receipts {
                        let _nobody_listens = keep.send(now);
                    }
                }
            };
            let served = node::serve_observed(serve, until, started, observe).await;
            served.expect("the node serves until it is stopped");
        });
        let driver = runtime.block_on(driver).expect("the node starts");
        let addresses = Addresses::load(&config).expect("the addresses are written");
        let nodes = Self {
            driver,
            kept,
            api: addresses.expect("the node serves").api,
            token: offices[0].token.clone(),
            asked: offices[1].config.settings.member,
            dirs,
            other,
            stop: Some(stop),
            serving: Some(serving),
        };
        nodes.wait_for_link(runtime);
        nodes
    }

    /// Leave for the officer to do something.
    pub fn permit(&self, action: Action) -> Permit {
        let officer = Caller {
            person: PersonId::from_bytes([7; 16]),
            name: "officer".to_owned(),
            roles: vec![Role::Officer],
        };
        let me = "MK".parse().expect("it is a member");
        Permit::ask(me, &officer, action).expect("an officer may")
    }

    /// The other process.
    pub fn other(&self) -> u32 {
        self.other.id()
    }

    fn wait_for_link(&self, runtime: &Runtime) {
        let start = Instant::now();
        loop {
            let ask = self
                .driver
                .ask(self.permit(Action::ReadHealth), Ask::Health);
            let health = runtime.block_on(ask).expect("the node runs");
            if matches!(health, Ok(Reply::Health(health)) if !health.linked.is_empty()) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "the nodes do not link");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops both in order.
    pub fn stop(mut self, runtime: &Runtime) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            runtime.block_on(serving).expect("the node stops in order");
        }
    }
}

const PASSPHRASE: &str = "of the bench";

/// An office whose trust list all have signed.
pub struct Office {
    pub config: Config,
    /// An officer's token.
    pub token: String,
}

impl Office {
    /// Its keys, which takes as long as a passphrase does.
    pub fn keys(&self) -> Keys {
        let folder = Folder(self.config.dir.clone());
        let keys = folder.keys(self.config.node(), PASSPHRASE);
        keys.expect("the passphrase opens them")
    }
}

/// Makes offices in `root`, and lets all of them sign and install the trust list.
pub fn found(root: &Path, members: &[&str]) -> Vec<Office> {
    let ports = free_ports(members.len());
    let made = members.iter().zip(ports);
    let configs: Vec<Config> = made
        .map(|(member, port)| make(root, member, port))
        .collect();
    let create = |config: &Config| node::create(&config.dir, config.node(), PASSPHRASE);
    let keys: Vec<Keys> = configs
        .iter()
        .map(|config| create(config).expect("the folder is new"))
        .collect();
    let cards = configs.iter().zip(&keys).map(|(config, keys)| {
        let card = node::issue_card(config, keys).expect("the keys are there");
        (config.settings.name.clone(), card.to_json())
    });
    let first = node::ListChange {
        cards: cards.collect(),
        ..node::ListChange::default()
    };
    let mut proposal = node::propose(None, Vec::new(), &first, 30).expect("the cards hold");
    for keys in &keys {
        node::sign(&mut proposal, None, keys).expect("all are listed");
    }
    let office = |(config, keys): (Config, &Keys)| {
        node::install(&config, &proposal, None).expect("all have signed");
        let folder = Folder(config.dir.clone());
        let added = node::add_person(&folder, keys, "officer", &[Role::Officer]);
        let token = added.expect("the name is free").token;
        Office { config, token }
    };
    configs.into_iter().zip(&keys).map(office).collect()
}

/// A node that serves in a process of its own until it is dropped.
pub struct Served {
    child: Child,
    /// Where its API listens.
    pub api: SocketAddr,
}

impl Served {
    /// Starts it, and waits until its API answers.
    pub fn start(office: &Office) -> Self {
        let log = office.config.dir.join("bench.log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_liaison"))
            .arg("serve")
            .arg("--dir")
            .arg(&office.config.dir)
            .arg("--stop-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(log).expect("there is room"))
            .spawn()
            .expect("a process starts");
        let start = Instant::now();
        let api = loop {
            let addresses = Addresses::load(&office.config).expect("it can be read");
            if let Some(addresses) = addresses
                && TcpStream::connect(addresses.api).is_ok()
            {
                break addresses.api;
            }
            let ended = child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "the node ended: bench.log says why");
            assert!(start.elapsed() < PATIENCE * 10, "the node does not start");
            std::thread::sleep(Duration::from_millis(5));
        };
        Self { child, api }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

fn make(root: &Path, member: &str, port: u16) -> Config {
    let dir = root.join(member);
    let mut settings = Settings::new(member.parse().expect("it is a member"), member);
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    settings.contact = "the bench".to_owned();
    settings.exchange.listen = listen;
    settings.exchange.address = Some(listen.to_string());
    // More than any member sends in a day is measured in minutes.
    settings.exchange.messages_a_day = u32::MAX;
    settings.api.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    settings.passphrase_file = Some("passphrase".into());
    fs::create_dir_all(&dir).expect("there is room");
    fs::write(dir.join("passphrase"), PASSPHRASE).expect("there is room");
    Config::write_new(&dir, &settings).expect("the folder is new")
}

fn free_ports(count: usize) -> Vec<u16> {
    let bind = |_| UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let sockets: Vec<UdpSocket> = (0..count).map(bind).collect();
    let port = |socket: &UdpSocket| socket.local_addr().expect("it is bound").port();
    sockets.iter().map(port).collect()
}

/// A message id of its own.
pub fn fresh_id() -> liaison::base::MessageId {
    liaison::base::MessageId::new(liaison::base::Timestamp::system(), &mut OsEntropy)
}
