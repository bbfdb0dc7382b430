//! Folders that look as after years: the core itself makes them from what people ask and a peer says.
//!
//! Each exchange is whole: request, receipts, acceptance, answer, opening, feedback, closing, with
//! ten entries in the log; one in fifty is left open. Half were asked here and half by the peer.

use std::time::Duration;

use liaison::app::change::Message;
use liaison::app::core::{Core, Outcome, Signer};
use liaison::app::rows::{self, MessageRow};
use liaison::app::{Action, Ask, Caller, Federation, FromPeer, Input, PeerReceipt, Permit, Ticket};
use liaison::audit::{Checkpoint, Entry, EntryKind, EventCode, Origin, Statement};
use liaison::base::{
    Actor, Digest, Entropy, MemberId, MessageId, NodeId, OsEntropy, PersonId, Role, Timestamp,
};
use liaison::domain::message::{Body, Event, Header};
use liaison::domain::rfi::{Command, Request};
use liaison::exchange::Conversation;
use liaison::node::{Folder, OpenNode};
use liaison::seal::group::{MessageSignature, sign_group};
use liaison::seal::keystore::Keys;
use liaison::seal::sign::HybridSignature;
use liaison::store::{
    CheckpointSigner, FileLog, Log as _, MemoryLog, NewEntry, SledIndex, WriterEpoch,
};

use crate::nodes::Office;

/// Exchanges that take each step together.
const ABREAST: usize = 128;
/// Between one lot of exchanges and the next.
const PACE: Duration = Duration::from_secs(30);
/// One exchange of so many is left open.
const LEFT_OPEN: usize = 50;

/// Grows `office` by `count` exchanges with `peer`, the last of them a moment ago. Gives their ids.
pub fn grow(office: &Office, peer: &Office, count: usize) -> Vec<MessageId> {
    let folder = Folder(office.config.dir.clone());
    let opened = OpenNode::open(&folder, office.keys(), &mut |_, _| ()).expect("the node opens");
    let mut log = opened.log;
    let epoch = log.take_over().expect("nobody else writes");
    let signer = Own(office.keys());
    let core = Core::new(
        office.config.node(),
        log,
        opened.index,
        signer,
        epoch,
        [7; 32],
    )
    // Years of exchanges are made in minutes.
    .with_quota(u32::MAX);
    let lots = u32::try_from(count.div_ceil(ABREAST)).expect("few");
    let began = Timestamp::system().as_millis() - (PACE * (lots + 1)).as_millis() as i64;
    let mut grower = Grower {
        core,
        peer: Peer::new(peer, office.config.node().member),
        me: office.config.node(),
        now: Timestamp::from_millis(began),
        tickets: 0,
    };
    let list = folder.directory().expect("the trust holds");
    let list = list.expect("a list is installed");
    let federation = Federation {
        version: u64::from(list.version()),
        hash: list.hash(),
        expires: Timestamp::MAX,
        nodes: vec![office.config.node(), peer.config.node()],
        trust: Default::default(),
    };
    grower.handle(vec![Input::Federation(federation)]);
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let lot = all.len()..count.min(all.len() + ABREAST);
        let lot: Vec<Story> = lot.map(|n| grower.story(n)).collect();
        grower.live(&lot);
        all.extend(lot.iter().map(|story| story.id));
        grower.now = grower.now.plus(PACE);
    }
    grower.core.flush().expect("the index is written");
    all
}

/// Words of a request that make it unlike others: what is searched for later.
pub fn plate(n: usize) -> String {
    format!("{:02} {} {:04}", n % 81 + 1, letters(n / 81), n % 9_973)
}

fn letters(n: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).expect("small"));
    [letter(n), letter(n / 26), letter(n / 676)]
        .iter()
        .collect()
}

/// One exchange.
struct Story {
    id: MessageId,
    asked_here: bool,
    closed: bool,
    request: Request,
}

struct Grower {
    core: Core<FileLog, SledIndex, Own>,
    peer: Peer,
    me: NodeId,
    now: Timestamp,
    tickets: u64,
}

impl Grower {
    fn story(&mut self, n: usize) -> Story {
        let mut request = crate::load::request();
        request.reference = format!("LO-{n:07}");
        if let Some(subject) = request.subjects.first_mut()
            && let Some(vehicle) = subject.vehicle.as_mut()
        {
            vehicle.plate = Some(plate(n));
        }
        Story {
            id: self.fresh(),
            asked_here: n.is_multiple_of(2),
            closed: !n.is_multiple_of(LEFT_OPEN),
            request,
        }
    }

    /// What happens in exchanges, step by step.
    fn live(&mut self, lot: &[Story]) {
        let (here, there): (Vec<&Story>, Vec<&Story>) = lot.iter().partition(|s| s.asked_here);
        let closed = |stories: &[&Story]| -> Vec<MessageId> {
            let closed = stories.iter().filter(|story| story.closed);
            closed.map(|story| story.id).collect()
        };
        let asked = here.iter().map(|story| {
            let to = vec![(self.peer.node.member, story.id, Vec::new())];
            let request = Box::new(story.request.clone());
            Ask::SendRequest { to, request }
        });
        let asked: Vec<Ask> = asked.collect();
        self.asks(Action::SendRequest, asked);
        let requests: Vec<MessageId> = here.iter().map(|story| story.id).collect();
        self.receipted(&requests, received);
        self.receipted(&requests, opened);
        let here = closed(&here);
        self.said(&here, &acceptance());
        self.said(&here, &answer());
        self.asks(
            Action::ReadExchange,
            here.iter().map(|id| read(*id)).collect(),
        );
        let feedback = self.responds(Action::GiveFeedback, &here, feedback());
        self.receipted(&feedback, received);
        let closings = self.responds(Action::CloseExchange, &here, closing());
        self.receipted(&closings, received);

        let asking = there.iter().map(|story| {
            let place = Place {
                conversation: story.id,
                sequence: 0,
                previous_own: None,
                last_seen: None,
            };
            let body = Body::Request(Box::new(story.request.clone()));
            self.peer.message(self.now, story.id, place, body)
        });
        let asking: Vec<Message> = asking.collect();
        self.take(asking);
        let there = closed(&there);
        self.asks(
            Action::ReadExchange,
            there.iter().map(|id| read(*id)).collect(),
        );
        let accepted = self.responds(Action::AcceptRequest, &there, accept());
        self.receipted(&accepted, received);
        let answered = self.responds(Action::AnswerRequest, &there, answering());
        self.receipted(&answered, received);
        self.receipted(&answered, opened);
        self.said(&there, &helped());
        self.said(&there, &done());
        self.core.settle().expect("the index takes it");
    }

    fn fresh(&self) -> MessageId {
        MessageId::new(self.now, &mut OsEntropy)
    }

    fn handle(&mut self, inputs: Vec<Input>) -> Vec<Outcome> {
        let committed = self.core.commit(self.now, &mut OsEntropy, inputs);
        committed.expect("the disk takes it")
    }

    fn asks(&mut self, action: Action, asks: Vec<Ask>) {
        let officer = Caller {
            person: PersonId::from_bytes([7; 16]),
            name: "officer".to_owned(),
            roles: vec![Role::Officer, Role::Contact],
        };
        let count = asks.len();
        let inputs = asks.into_iter().map(|ask| {
            let permit = Permit::ask(self.me.member, &officer, action).expect("an officer may");
            self.tickets += 1;
            Input::Ask(Ticket(self.tickets), permit, ask)
        });
        let inputs = inputs.collect();
        let outcomes = self.handle(inputs);
        let replies = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Reply(_, reply) => Some(reply),
            _ => None,
        });
        let done = replies.inspect(|reply| assert!(reply.is_ok(), "{:?}", reply.as_ref().err()));
        assert_eq!(done.count(), count, "each is answered");
    }

    fn responds(&mut self, action: Action, to: &[MessageId], say: Command) -> Vec<MessageId> {
        let ids: Vec<MessageId> = to.iter().map(|_| self.fresh()).collect();
        let asks = to.iter().zip(&ids).map(|(exchange, message)| Ask::Respond {
            exchange: *exchange,
            message: *message,
            command: Box::new(say.clone()),
            attached: Vec::new(),
        });
        self.asks(action, asks.collect());
        ids
    }

    /// The peer's receipts for messages of this office.
    fn receipted(
        &mut self,
        ids: &[MessageId],
        statement: fn(NodeId, MessageId, Digest) -> Statement,
    ) {
        let leaf = |id: &MessageId| {
            let key = rows::message_key(self.me.member, *id);
            let row: Option<MessageRow> = self.core.row(rows::MESSAGE, &key).expect("it reads");
            statement(self.me, *id, row.expect("it was sent").leaf)
        };
        let statements = ids.iter().map(leaf).collect();
        let peer = self.peer.node;
        let receipts = self.peer.receipts(statements, self.now);
        let inputs = receipts.map(|receipt| Input::Peer(peer, receipt));
        let inputs = inputs.collect();
        self.handle(inputs);
    }

    /// The peer says the same in each of these exchanges.
    fn said(&mut self, exchanges: &[MessageId], body: &Body) {
        let messages = exchanges.iter().map(|exchange| {
            let id = MessageId::new(self.now, &mut OsEntropy);
            let own = self.conversation(*exchange, self.peer.node.member);
            let seen = self.conversation(*exchange, self.me.member);
            let place = Place {
                conversation: *exchange,
                sequence: own.sequence,
                previous_own: own.last,
                last_seen: seen.last,
            };
            self.peer.message(self.now, id, place, body.clone())
        });
        let messages = messages.collect();
        self.take(messages);
    }

    /// How far a member has come in a conversation.
    fn conversation(&self, exchange: MessageId, member: MemberId) -> Conversation {
        let key = rows::conversation_key(exchange, member);
        let found = self.core.row(rows::CONVERSATION, &key).expect("it reads");
        found.unwrap_or_default()
    }

    fn take(&mut self, messages: Vec<Message>) {
        let count = messages.len();
        let signed = self.peer.sign(messages);
        let inputs = signed.map(|signed| Input::Peer(self.peer.node, signed));
        let inputs = inputs.collect();
        let before = self.core.log().size();
        self.handle(inputs);
        let after = self.core.log().size();
        assert!(after - before >= count as u64, "{count} messages are taken");
    }
}

/// Where a message stands in its conversation.
struct Place {
    conversation: MessageId,
    sequence: u64,
    previous_own: Option<Digest>,
    last_seen: Option<Digest>,
}

/// The peer, as far as the office hears of it.
struct Peer {
    node: NodeId,
    writes_to: MemberId,
    keys: Keys,
    log: MemoryLog,
    epoch: WriterEpoch,
}

impl Peer {
    fn new(office: &Office, writes_to: MemberId) -> Self {
        let node = office.config.node();
        let mut log = MemoryLog::new(Origin::first(node));
        let epoch = log.take_over().expect("a log in memory");
        Self {
            node,
            writes_to,
            keys: office.keys(),
            log,
            epoch,
        }
    }

    /// A message of the peer to the office.
    fn message(&self, now: Timestamp, id: MessageId, place: Place, body: Body) -> Message {
        let request = crate::load::request();
        let header = Header {
            protocol: (1, 1),
            id,
            conversation: place.conversation,
            sequence: place.sequence,
            previous_own: place.previous_own,
            last_seen: place.last_seen,
            sender: self.node,
            recipients: vec![self.writes_to],
            kind: body.kind(),
            priority: request.priority(),
            handling: request.handling,
            created: now,
            expires: now.plus(Duration::from_secs(3_600)),
            trust_list: Digest::of(b"list"),
            attachments: Vec::new(),
            extensions: Vec::new(),
        };
        let role = match &body {
            Body::Acceptance(_) | Body::Answer(_) => Role::Contact,
            _ => Role::Officer,
        };
        let by = Actor {
            member: self.node.member,
            role,
            person: PersonId::from_bytes([9; 16]),
        };
        let event = Event {
            by,
            at: now,
            attachments: Vec::new(),
            body,
        };
        let entropy: &mut dyn Entropy = &mut OsEntropy;
        Message::compose(header, event, entropy.array())
    }

    fn sign(&self, messages: Vec<Message>) -> impl Iterator<Item = FromPeer> {
        let leaves: Vec<Digest> = messages.iter().map(Message::leaf).collect();
        let signed = sign_group(&self.keys.identity, self.node, &leaves, &mut OsEntropy);
        let pairs = messages.into_iter().zip(signed);
        pairs.map(|(message, signed)| FromPeer::Message(Box::new(message), Box::new(signed)))
    }

    fn receipts(
        &mut self,
        statements: Vec<Statement>,
        at: Timestamp,
    ) -> impl Iterator<Item = FromPeer> {
        let to = self.writes_to;
        let entry = |statement| NewEntry {
            time: at,
            kind: EntryKind::Collection,
            event: EventCode::RequestReceived,
            role: Role::Node,
            actor: [0; 16],
            exchange: [0; 16],
            peer: Some(to),
            shown: Vec::new(),
            statement,
            content: Vec::new(),
        };
        let entries: Vec<NewEntry> = statements.into_iter().map(entry).collect();
        let first = self.log.size();
        if !entries.is_empty() {
            let signer = LogKey(&self.keys);
            let appended = self
                .log
                .append(first, self.epoch, entries, &signer, &mut OsEntropy);
            appended.expect("a log in memory grows");
        }
        (first..self.log.size()).map(|index| {
            let receipt = self.log.receipt(index).expect("it was appended");
            let entry = Entry::decode(&receipt.entry).expect("it is an entry");
            FromPeer::Receipt(Box::new(PeerReceipt {
                statement: receipt.opening.statement,
                at: entry.time,
                receipt,
            }))
        })
    }
}

/// Signs as the office does.
struct Own(Keys);

impl CheckpointSigner for Own {
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature {
        CheckpointSigner::sign(&self.0.log, checkpoint, entropy)
    }
}

impl Signer for Own {
    fn sign_group(&self, leaves: &[Digest]) -> Vec<MessageSignature> {
        sign_group(&self.0.identity, self.0.node, leaves, &mut OsEntropy)
    }

    fn sign_cosignature(&self, text: &str, entropy: &mut dyn Entropy) -> HybridSignature {
        self.0.log.sign_raw(text.as_bytes(), entropy)
    }
}

struct LogKey<'a>(&'a Keys);

impl CheckpointSigner for LogKey<'_> {
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature {
        CheckpointSigner::sign(&self.0.log, checkpoint, entropy)
    }
}

fn received(sender: NodeId, id: MessageId, leaf: Digest) -> Statement {
    Statement::Received { sender, id, leaf }
}

fn opened(_: NodeId, id: MessageId, leaf: Digest) -> Statement {
    let role = Role::Officer;
    Statement::Opened { id, leaf, role }
}

fn read(exchange: MessageId) -> Ask {
    Ask::ReadExchange { exchange }
}

const ACCEPTANCE: &str = "access = \"direct\"";
const ANSWER: &str = r#"
outcome = "hit"
text = "The vehicle belongs to a company in Istanbul."
evaluation = { source = "A", information = "1" }
handling = { codes = ["H0"], tlp = "AMBER", retention_days = 1825 }
answers = [{ question = 0, outcome = "hit", text = "A company.", evaluation = { source = "A", information = "1" } }]
"#;
const FEEDBACK: &str = "useful = \"useful\"";

fn acceptance() -> Body {
    Body::Acceptance(toml::from_str(ACCEPTANCE).expect("it is one"))
}

fn answer() -> Body {
    Body::Answer(toml::from_str(ANSWER).expect("it is one"))
}

fn accept() -> Command {
    Command::Accept(toml::from_str(ACCEPTANCE).expect("it is one"))
}

fn answering() -> Command {
    Command::Answer(toml::from_str(ANSWER).expect("it is one"))
}

fn feedback() -> Command {
    Command::Feedback(toml::from_str(FEEDBACK).expect("it is one"))
}

fn helped() -> Body {
    Body::Feedback(toml::from_str(FEEDBACK).expect("it is one"))
}

fn closing() -> Command {
    Command::Close(toml::from_str("").expect("it is one"))
}

fn done() -> Body {
    Body::Closing(toml::from_str("").expect("it is one"))
}
