//! One office whose API is served over real HTTP, by the router that every node has, on memory
//! twins of log and index, with sealed files in a folder of its own.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use liaison::api::Problem;
use liaison::app::change::Message;
use liaison::app::core::{Core, Outcome};
use liaison::app::{Federation, People, PeopleError, TrustDetails};
use liaison::audit::Origin;
use liaison::base::{Digest, MemberId, PersonId, Role, SeededEntropy, Timestamp};
use liaison::driver::{Current, Driver, Running};
use liaison::http::{Api, Console, PeopleFile, PeopleStore, Repeats, Site, Staging, Unchanged};
use liaison::seal::at_rest::EpochSecret;
use liaison::seal::safety::MemberIdentity;
use liaison::store::{BlobStore, Fault, Log as _, MemoryIndex, MemoryLog};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;
use url::form_urlencoded::Serializer;

use crate::office::{NoSigner, Office, node, taken};

/// How long an outcome may take, on a slow and busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An office at its address. Dropped, it stops.
pub struct Served {
    pub address: SocketAddr,
    pub driver: Driver,
    /// A peer's pen: makes the messages that peers would send.
    pub peers: Office,
    folder: TempDir,
    log: MemoryLog,
    tokens: BTreeMap<String, String>,
    people: People,
    /// The people as the routes find them, while it serves.
    in_force: Option<PeopleFile>,
    codes: BTreeMap<String, String>,
    running: Option<Running>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// People in memory.
struct Kept(Arc<Mutex<People>>);

impl PeopleStore for Kept {
    fn changed(&self) -> Option<std::time::SystemTime> {
        Some(std::time::SystemTime::UNIX_EPOCH)
    }

    fn read(&self) -> Option<People> {
        Some(self.0.lock().expect("nobody panicked").clone())
    }

    fn change(
        &self,
        change: &mut dyn FnMut(&mut People) -> Result<(), PeopleError>,
    ) -> Result<People, Unchanged> {
        let mut people = self.0.lock().expect("nobody panicked");
        let mut changed = people.clone();
        change(&mut changed)?;
        *people = changed;
        Ok(people.clone())
    }
}

/// The people of the office: one a role, and a second officer.
const PEOPLE: [(&str, Role); 7] = [
    ("officer", Role::Officer),
    ("second officer", Role::Officer),
    ("releaser", Role::Releaser),
    ("contact", Role::Contact),
    ("auditor", Role::Auditor),
    ("admin", Role::Admin),
    ("observer", Role::Observer),
];

impl Served {
    /// The office of MK, which TR, AT and RS are listed with.
    pub fn new() -> Self {
        let mut people = People::default();
        let mut tokens = BTreeMap::new();
        let mut codes = BTreeMap::new();
        for (number, (name, role)) in (1..).zip(PEOPLE) {
            let mut entropy = SeededEntropy::new(number);
            let token = people.add(name, &[role], Timestamp::system(), &mut entropy);
            let added = token.expect("a person");
            tokens.insert(name.to_owned(), added.token);
            codes.insert(name.to_owned(), added.code);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = MemoryLog::new(Origin::first(node("MK")));
        let mut peers = Office::new();
        peers.now = Timestamp::system();
        let mut served = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            driver: started(log.reopen(), |_| ()).0,
            peers,
            folder,
            log,
            tokens,
            people,
            in_force: None,
            codes,
            running: None,
            runtime: None,
        };
        served.start();
        served
    }

    /// Begins to serve, with nothing in memory that a restart forgets.
    fn start(&mut self) {
        let kept = self.folder.path().join("state/repeats");
        let repeats = Repeats::new(kept, &EpochSecret::from_bytes(&[8; 32]));
        let answered = repeats.clone();
        let carry = move |outcome| {
            if let Outcome::Forget { .. } = outcome {
                answered.forget_answers();
            }
        };
        let (driver, running) = started(self.log.reopen(), carry);
        driver
            .install(federation())
            .expect("a fresh mailbox has room");
        let people = Kept(Arc::new(Mutex::new(self.people.clone())));
        let people = PeopleFile::new(people, |_| true);
        self.in_force = Some(people.clone());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))
            .expect("a free port");
        self.address = listener.local_addr().expect("it is bound");
        let site = Site {
            origin: format!("http://mk.localhost:{}", self.address.port()),
        };
        let folder = self.folder.path().to_owned();
        let console = Console::new(site, "Liaison Office Skopje", folder, None);
        let api = Api {
            driver: driver.clone(),
            me: node("MK"),
            people,
            staging: Staging::default(),
            transfers: Default::default(),
            blobs: Arc::new(BlobStore::open(self.folder.path()).expect("a folder")),
            since: Timestamp::system(),
            hook_states: Default::default(),
            link_states: Arc::default(),
            directory: Current::new(None),
            carriage: Arc::new(NoWays),
            custody: Arc::new(NoFolder),
            repeats,
            console,
        };
        runtime.spawn(liaison::http::serve(listener, api, std::future::pending()));
        self.driver = driver;
        self.running = Some(running);
        self.runtime = Some(runtime);
    }

    /// Stops, and serves again from what is stored.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// What is recorded next finds no room in the log.
    pub fn fills_up(&self) {
        self.log.fail_next(Some(Fault::Full));
    }

    /// Ends what decides, as a node that stops does while it still answers.
    pub fn begins_to_stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().expect("the storage holds");
        }
    }

    fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        self.begins_to_stop();
    }

    fn in_force(&self) -> &PeopleFile {
        self.in_force.as_ref().expect("it serves")
    }

    /// The list in force gives the member another identity key from now on.
    pub fn identity_changes(&self, of: &str) {
        let of = node(of).member;
        let mut federation = federation();
        let next = MemberIdentity::new(of, [(1, Digest::of(b"another key"))]);
        federation.trust.identities.insert(of, next);
        federation.version += 1;
        federation.hash = Digest::of(b"the next list");
        let taken = self.driver.install(federation);
        taken.expect("a mailbox with room");
    }

    /// The member is suspended from now on.
    pub fn suspends(&self, member: &str) {
        let out = node(member);
        let mut federation = federation();
        federation.nodes.retain(|listed| *listed != out);
        federation.trust.suspended = vec![out.member];
        federation.trust.suspension = Some((1, Digest::of(b"suspension")));
        let taken = self.driver.install(federation);
        taken.expect("a mailbox with room");
    }

    /// The member is an observer from now on.
    pub fn observes(&self, member: &str) {
        let mut federation = federation();
        federation.trust.observers = vec![node(member).member];
        let taken = self.driver.install(federation);
        taken.expect("a mailbox with room");
    }

    /// The pseudonym of the person of this name.
    pub fn person(&self, name: &str) -> PersonId {
        let all = self.in_force().current().all();
        let person = all.into_iter().find(|one| one.name == name);
        person.expect("they work here").id
    }

    /// The person of this name is in these roles from now on, until a restart.
    pub fn now_in(&self, name: &str, roles: &[Role]) {
        let person = self.person(name);
        let people = self.in_force();
        let changed = people.change(&mut |people| people.change_roles(person, roles));
        changed.expect("they may be in other roles");
    }

    /// The one-time code of the person of this name.
    pub fn code(&self, name: &str) -> &str {
        &self.codes[name]
    }

    /// The origin of the console.
    pub fn origin(&self) -> String {
        format!("http://mk.localhost:{}", self.address.port())
    }

    /// A call of the console, as a page of it would make it.
    pub fn page(&self, method: &str, path: &str) -> Call {
        let host = format!("mk.localhost:{}", self.address.port());
        self.anonymous(method, &format!("!{path}"))
            .header("host", &host)
            .header("sec-fetch-site", "same-origin")
            .header("accept-language", "en")
    }

    /// The token of the person of this name.
    pub fn token(&self, name: &str) -> &str {
        &self.tokens[name]
    }

    /// A call as the person of this name.
    pub fn call(&self, name: &str, method: &str, path: &str) -> Call {
        self.anonymous(method, path)
            .header("authorization", &format!("Bearer {}", self.token(name)))
    }

    /// The officer asks TR; gives the exchange.
    pub fn asks(&self, request: &Value) -> String {
        let body = serde_json::json!({ "to": ["TR"], "request": request });
        let call = self.call("officer", "POST", "/requests").json(&body);
        let sent: Value = call.send().is(202);
        let id = sent["exchanges"][0]["id"].as_str();
        id.expect("an id").to_owned()
    }

    /// A call of nobody.
    pub fn anonymous(&self, method: &str, path: &str) -> Call {
        Call {
            address: self.address,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A peer's message, taken in as if it had come over a link.
    pub fn receives(&self, message: &Message) {
        self.driver
            .tell_waiting(message.sender, taken(message))
            .expect("the driver runs");
    }

    /// The names of the sealed files, those that are being written included.
    pub fn files(&self) -> Vec<String> {
        let listed = std::fs::read_dir(self.folder.path().join("blobs")).expect("the folder");
        let name = |file: std::io::Result<std::fs::DirEntry>| {
            let file = file.expect("a file").file_name();
            file.to_string_lossy().into_owned()
        };
        let mut names: Vec<_> = listed.map(name).collect();
        names.sort();
        names
    }

    /// How many papers people have at their desks.
    pub fn papers(&self) -> usize {
        let state = self.folder.path().join("state");
        let kinds = ["drafts", "snoozes"].map(|kind| std::fs::read_dir(state.join(kind)));
        let desks = kinds.into_iter().flatten().flatten();
        let desks = desks.map(|desk| desk.expect("a folder").path());
        desks
            .filter_map(|desk| std::fs::read_dir(desk).ok())
            .map(Iterator::count)
            .sum()
    }

    /// Reserves an id as this person, for this use.
    pub fn reserve(&self, name: &str, purpose: &str) -> String {
        let body = serde_json::json!({ "for": purpose });
        let answer = self.call(name, "POST", "/reservations").json(&body).send();
        let reserved: Value = answer.is(201);
        reserved["id"].as_str().expect("an id").to_owned()
    }

    /// An upload of this file under a reservation.
    pub fn upload(&self, name: &str, reservation: &str, index: u16, file: &[u8]) -> Answer {
        let path = format!("/reservations/{reservation}/attachments/{index}?name=a.bin");
        self.call(name, "PUT", &path).body(file).send()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

fn started(mut log: MemoryLog, carry: impl FnMut(Outcome) + Send + 'static) -> (Driver, Running) {
    let epoch = log.take_over().expect("a log in memory");
    let mut index = MemoryIndex::new();
    let me = node("MK");
    liaison::app::core::catch_up(me, &log, &mut index, &mut |_, _| ()).expect("a log in memory");
    let core = Core::new(me, log, index, NoSigner, epoch, [7; 32]);
    Driver::start(core, "test".into(), carry, || ())
}

fn federation() -> Federation {
    let nodes = ["MK", "TR", "AT", "RS"].map(node).to_vec();
    let mut trust = TrustDetails::default();
    for node in &nodes {
        trust.identities.insert(node.member, identity(node.member));
    }
    Federation {
        version: 1,
        hash: Digest::of(b"list"),
        expires: Timestamp::MAX,
        nodes,
        trust,
    }
}

/// The identity keys of a member, as the list has them.
pub fn identity(member: MemberId) -> MemberIdentity {
    MemberIdentity::new(member, [(1, Digest::of(member.as_str().as_bytes()))])
}

/// One HTTP request.
#[derive(Debug, Clone)]
pub struct Call {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(body.as_bytes())
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string().as_bytes())
    }

    /// The head, which announces a body of `length` bytes.
    pub fn head(&self, length: usize) -> String {
        let path = match self.path.strip_prefix('!') {
            Some(whole) => whole.to_owned(),
            None => format!("/api/v1{}", self.path),
        };
        let mut head = format!("{} {path} HTTP/1.1\r\n", self.method);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head += &format!("host: {}\r\n", self.address);
        }
        head += &format!("content-length: {length}\r\nconnection: close\r\n");
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// A connection on which the head and `part` of the body were sent.
    pub fn begin(&self, length: usize, part: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a plain socket");
        let head = self.head(length);
        stream.write_all(head.as_bytes()).expect("it reads");
        // A node that refuses by the head alone need not read the rest.
        let _refused = stream.write_all(part);
        stream
    }

    pub fn send(&self) -> Answer {
        let stream = self.begin(self.body.len(), &self.body);
        Answer::read(&format!("{} {}", self.method, self.path), stream)
    }
}

fn cookie(head: &str) -> Option<String> {
    let set = |line: &str| {
        Some(
            line.to_ascii_lowercase()
                .starts_with("set-cookie:")
                .then(|| line.split_once(": "))??
                .1
                .to_owned(),
        )
    };
    head.lines().find_map(set)
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    asked: String,
    pub status: u16,
    /// The first cookie that it sets.
    pub cookie: Option<String>,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads all that comes.
    #[track_caller]
    pub fn read(asked: &str, mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A reset behind a whole answer takes nothing from it.
        let _reset = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{asked}: no answer, but {bytes:?}"));
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is ASCII");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            asked: asked.to_owned(),
            status: status.expect("a status"),
            cookie: cookie(&head),
            head: head.to_ascii_lowercase(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// The outcome, if it has this status.
    #[track_caller]
    pub fn is<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        serde_json::from_slice(&self.body).expect("the shape of this route's outcome")
    }

    /// The problem, if it has this status and this stable code.
    #[track_caller]
    pub fn fails(&self, status: u16, code: &str) -> Problem {
        let problem = self.problem();
        let told = (self.status, problem.code.as_str());
        assert_eq!(told, (status, code), "{}: {}", self.asked, self.text());
        problem
    }

    /// The problem details, which every error has.
    #[track_caller]
    pub fn problem(&self) -> Problem {
        let asked = &self.asked;
        assert!(self.status >= 400, "{asked}: {}", self.text());
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{asked}: {}",
            self.head
        );
        let problem: Problem = serde_json::from_slice(&self.body).expect("problem details");
        assert_eq!(problem.status, self.status, "{asked}");
        assert_eq!(
            problem.kind,
            format!("/problems/{}", problem.code),
            "{asked}"
        );
        for part in [&problem.title, &problem.detail, &problem.next] {
            assert!(!part.is_empty(), "{asked}: {}", self.text());
        }
        problem
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks until it is so.
#[track_caller]
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "no sign that {what}");
        std::thread::yield_now();
    }
}

/// The served office has no peers to reach.
struct NoFolder;

impl liaison::http::Custody for NoFolder {
    fn key_ages(&self) -> Vec<liaison::api::KeyAge> {
        Vec::new()
    }

    fn proposals(&self) -> Vec<liaison::api::ProposalView> {
        Vec::new()
    }
}

struct NoWays;

impl liaison::http::Carriage for NoWays {
    fn reach(
        &self,
        _: Option<liaison::base::MemberId>,
    ) -> liaison::http::Later<Vec<liaison::api::PeerReach>> {
        Box::pin(async { Vec::new() })
    }

    fn take_out(
        &self,
        _: liaison::app::Permit,
        to: liaison::base::NodeId,
        _: liaison::base::MessageId,
        _: u64,
    ) -> Result<tokio::io::DuplexStream, liaison::http::CarryFailed> {
        Err(liaison::http::CarryFailed::NoKey(to))
    }

    fn back_up(
        &self,
        _: liaison::base::MessageId,
    ) -> Result<tokio::io::DuplexStream, liaison::http::CarryFailed> {
        let none = liaison::seal::recovery::RecoveryError::NotSetUp;
        Err(liaison::http::CarryFailed::Recovery(none))
    }

    fn spool(&self) -> std::io::Result<std::fs::File> {
        tempfile::tempfile()
    }

    fn bring_in(
        &self,
        _: liaison::app::Permit,
        _: std::fs::File,
    ) -> liaison::http::Later<Result<liaison::api::BroughtIn, liaison::http::CarryFailed>> {
        Box::pin(async { Err(liaison::seal::stick::StickError::NotAStick.into()) })
    }
}
