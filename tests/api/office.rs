//! One office on memory twins, and the messages that its peers make.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use liaison::app::change::{Change, Message, Other};
use liaison::app::content::read_change;
use liaison::app::core::{Core, Fatal, Outcome, Signer, catch_up};
use liaison::app::rows;
use liaison::app::{
    Action, Ask, Caller, Federation, FromPeer, Input, LETTER, LETTER_IN, LETTER_OPEN, PERSON,
    POLICY, PeerReceipt, Permit, Reply, Ticket,
};
use liaison::audit::{Checkpoint, Entry, Origin, Receipt, ReceiptBatch, Statement};
use liaison::base::{
    Actor, Digest, Entropy, MemberId, MessageId, NodeId, PersonId, Role, SeededEntropy, Timestamp,
};
use liaison::domain::alert::{Sighting, Subscription};
use liaison::domain::message::{AttachmentInfo, AttachmentSlot, Body, Event, Header, Priority};
use liaison::domain::rfi::Request;
use liaison::exchange::{Conversation, Refusal};
use liaison::seal::attachment::ciphertext_len;
use liaison::seal::group::MessageSignature;
use liaison::seal::sign::{HybridSignature, SIGNATURE_LEN};
use liaison::store::{CheckpointSigner, Index as _, Log as _, MemoryIndex, MemoryLog, Table};

pub const REQUEST: &str = include_str!("../../deploy/examples/request.toml");
pub const ANSWER: &str = include_str!("../../deploy/examples/answer.toml");
pub const ALERT: &str = include_str!("../../deploy/examples/alert.toml");
pub const SIGHTING: &str = include_str!("../../deploy/examples/sighting.toml");

/// Signs with zeros: keys are tested elsewhere.
pub struct NoSigner;

pub fn nothing_signed() -> HybridSignature {
    HybridSignature::from_bytes(&[0; SIGNATURE_LEN]).expect("it has the length of a signature")
}

pub fn signature() -> MessageSignature {
    MessageSignature {
        key_id: Digest::EMPTY,
        size: 1,
        index: 0,
        path: Vec::new(),
        signature: nothing_signed(),
    }
}

impl CheckpointSigner for NoSigner {
    fn sign(&self, _: &Checkpoint, _: &mut dyn Entropy) -> HybridSignature {
        nothing_signed()
    }
}

impl Signer for NoSigner {
    fn sign_group(&self, leaves: &[Digest]) -> Vec<MessageSignature> {
        vec![signature(); leaves.len()]
    }

    fn sign_cosignature(&self, _: &str, _: &mut dyn Entropy) -> HybridSignature {
        nothing_signed()
    }
}

/// Every table that says how things stand; what was refused is no part of it.
const STATE: [Table; 38] = [
    rows::TERM,
    rows::MESSAGE,
    rows::LEAF,
    rows::CONVERSATION,
    rows::EXCHANGE,
    rows::EXCHANGE_ORDER,
    rows::ATTENTION,
    rows::ESCALATION,
    rows::ALARM,
    rows::EXCHANGE_DUE,
    rows::ALERT,
    rows::ALERT_ORDER,
    rows::ALERT_LOOSE,
    rows::SUBSCRIPTION,
    rows::SAID,
    rows::OUTBOX,
    rows::USED,
    rows::PULL,
    rows::EXPIRY,
    rows::ATTACHED,
    rows::ATTACHMENTS_AT,
    rows::PEER_HEAD,
    rows::HELD,
    rows::WITNESS,
    rows::RECEIPT_HEAD,
    rows::LOG_WITNESSED,
    rows::LOG_ALARM,
    rows::RETAINED,
    rows::RETENTION,
    rows::SEARCHED,
    rows::UNTOLD,
    rows::EPOCH,
    rows::ERASED_AT,
    LETTER,
    LETTER_OPEN,
    LETTER_IN,
    PERSON,
    POLICY,
];

/// How things stand: every row of every table.
pub type Standing = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// The office of MK, with TR, AT and RS as peers that are linked.
pub struct Office {
    pub core: Core<MemoryLog, MemoryIndex, NoSigner>,
    pub log: MemoryLog,
    pub now: Timestamp,
    pub federation: Federation,
    entropy: SeededEntropy,
    tickets: u64,
}

pub fn node(member: &str) -> NodeId {
    NodeId::first(member.parse().expect("a member id"))
}

pub fn member(text: &str) -> MemberId {
    text.parse().expect("a member id")
}

pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3_600);

impl Office {
    pub fn new() -> Self {
        let me = node("MK");
        let log = MemoryLog::new(Origin::first(me));
        let mut writer = log.reopen();
        let epoch = writer.take_over().expect("a log in memory");
        let core = Core::new(me, writer, MemoryIndex::new(), NoSigner, epoch, [7; 32]);
        let federation = Federation {
            version: 1,
            hash: Digest::of(b"list"),
            expires: Timestamp::MAX,
            nodes: ["MK", "TR", "AT", "RS"].map(node).to_vec(),
            trust: Default::default(),
        };
        let mut office = Self {
            core,
            log,
            now: Timestamp::from_millis(1_790_000_000_000),
            federation: federation.clone(),
            entropy: SeededEntropy::new(1),
            tickets: 0,
        };
        office.handle(vec![Input::Federation(federation)]);
        for peer in ["TR", "AT", "RS"] {
            office.peer(peer, FromPeer::Up);
        }
        office
    }

    /// Starts anew from the log alone.
    pub fn restart(&mut self) {
        let me = node("MK");
        let mut log = self.log.reopen();
        let epoch = log.take_over().expect("a log in memory");
        let mut index = MemoryIndex::new();
        catch_up(me, &log, &mut index, &mut |_, _| ()).expect("the log can be read");
        self.core = Core::new(me, log, index, NoSigner, epoch, [7; 32]);
        self.handle(vec![Input::Federation(self.federation.clone())]);
        for peer in ["TR", "AT", "RS"] {
            self.peer(peer, FromPeer::Up);
        }
    }

    pub fn handle(&mut self, inputs: Vec<Input>) -> Vec<Outcome> {
        self.try_handle(inputs).expect("the storage holds")
    }

    pub fn try_handle(&mut self, inputs: Vec<Input>) -> Result<Vec<Outcome>, Fatal> {
        let outcomes = self.core.commit(self.now, &mut self.entropy, inputs)?;
        self.core.settle_due()?;
        Ok(outcomes)
    }

    pub fn peer(&mut self, peer: &str, from: FromPeer) -> Vec<Outcome> {
        self.handle(vec![Input::Peer(node(peer), from)])
    }

    /// What a person asks, as an input with its ticket.
    pub fn asking(&mut self, role: Role, action: Action, ask: Ask) -> (Ticket, Input) {
        self.asking_as(1, role, action, ask)
    }

    /// The same for the person of this number.
    fn asking_as(&mut self, person: u8, role: Role, action: Action, ask: Ask) -> (Ticket, Input) {
        let caller = Caller {
            person: PersonId::from_bytes([person; 16]),
            name: "somebody".into(),
            roles: vec![role],
        };
        let permit = Permit::ask(member("MK"), &caller, action).expect("the role may");
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        (ticket, Input::Ask(ticket, permit, ask))
    }

    pub fn ask(
        &mut self,
        role: Role,
        action: Action,
        ask: Ask,
    ) -> Result<Reply, liaison::app::AppError> {
        let (ticket, input) = self.asking(role, action, ask);
        let outcomes = self.handle(vec![input]);
        reply_to(ticket, outcomes)
    }

    /// As [`Office::ask`], for the person of this number.
    pub fn ask_as(
        &mut self,
        person: u8,
        role: Role,
        action: Action,
        ask: Ask,
    ) -> Result<Reply, liaison::app::AppError> {
        let (ticket, input) = self.asking_as(person, role, action, ask);
        let outcomes = self.handle(vec![input]);
        reply_to(ticket, outcomes)
    }

    /// Makes the index anew from the log.
    pub fn rebuilt(&mut self) {
        let me = node("MK");
        let mut writer = self.log.reopen();
        let epoch = writer.take_over().expect("a log in memory");
        let mut index = MemoryIndex::new();
        catch_up(me, &writer, &mut index, &mut |_, _| ()).expect("the index catches up");
        self.core = Core::new(me, writer, index, NoSigner, epoch, [7; 32]);
        self.handle(vec![Input::Federation(self.federation.clone())]);
    }

    /// What an officer of MK puts in to ask TR.
    pub fn asking_tr(&mut self) -> Input {
        let ask = Ask::SendRequest {
            to: vec![(member("TR"), self.new_id(), Vec::new())],
            request: Box::new(request()),
        };
        self.asking(Role::Officer, Action::SendRequest, ask).1
    }

    /// MK asks TR. Gives the exchange.
    pub fn asked_tr(&mut self) -> MessageId {
        self.asked_tr_for(request())
    }

    /// MK asks TR about nobody and nothing that another request names, too: each is compared with none.
    pub fn asked_tr_about_nobody(&mut self) -> MessageId {
        let mut request = request();
        request.subjects.clear();
        for question in &mut request.questions {
            question.subject = None;
        }
        self.asked_tr_for(request)
    }

    fn asked_tr_for(&mut self, request: Request) -> MessageId {
        let id = self.new_id();
        let ask = Ask::SendRequest {
            to: vec![(member("TR"), id, Vec::new())],
            request: Box::new(request),
        };
        self.ask(Role::Officer, Action::SendRequest, ask)
            .expect("it may be sent");
        id
    }

    /// The row of a message of MK.
    pub fn message_row(&self, id: MessageId) -> rows::MessageRow {
        let key = rows::message_key(member("MK"), id);
        let row = self.core.row(rows::MESSAGE, &key);
        row.expect("an index in memory").expect("it was sent")
    }

    pub fn new_id(&mut self) -> MessageId {
        MessageId::new(self.now, &mut self.entropy)
    }

    /// A first message of a peer to MK, in a conversation of its own.
    pub fn first_of(&mut self, peer: &str, role: Role, body: Body) -> Message {
        let id = self.new_id();
        self.message_of(peer, role, body, id, id)
    }

    /// A first message of a peer to MK in a conversation that there is.
    pub fn next_of(&mut self, peer: &str, role: Role, body: Body, of: MessageId) -> Message {
        let id = self.new_id();
        self.message_of(peer, role, body, id, of)
    }

    fn message_of(
        &mut self,
        peer: &str,
        role: Role,
        body: Body,
        id: MessageId,
        conversation: MessageId,
    ) -> Message {
        let (priority, handling) = match &body {
            Body::Request(request) => (request.priority(), request.handling.clone()),
            Body::Alert(alert) => (alert.priority(), alert.handling.clone()),
            Body::Answer(answer) => (Priority::Urgent, answer.handling.clone()),
            Body::AlertUpdate(update) => (update.alert.priority(), update.alert.handling.clone()),
            Body::Subscription(_) => (Subscription::PRIORITY, Subscription::handling()),
            _ => {
                let request = request();
                (request.priority(), request.handling)
            }
        };
        let key = rows::conversation_key(conversation, member("MK"));
        let said = self.core.row::<Conversation>(rows::CONVERSATION, &key);
        let said = said.expect("an index in memory");
        let header = Header {
            protocol: (1, 1),
            id,
            conversation,
            sequence: 0,
            previous_own: None,
            last_seen: said.and_then(|said| said.last),
            sender: node(peer),
            recipients: vec![member("MK")],
            kind: body.kind(),
            priority,
            handling,
            created: self.now,
            expires: self.now.plus(HOUR),
            trust_list: self.federation.hash,
            attachments: Vec::new(),
            extensions: Vec::new(),
        };
        let by = Actor {
            member: member(peer),
            role,
            person: PersonId::from_bytes([9; 16]),
        };
        let event = Event {
            by,
            at: self.now,
            attachments: Vec::new(),
            body,
        };
        let entropy: &mut dyn Entropy = &mut self.entropy;
        Message::compose(header, event, entropy.array())
    }

    /// How things stand now.
    pub fn standing(&mut self) -> Standing {
        self.core.settle().expect("an index in memory");
        let mut all = Standing::new();
        for table in STATE {
            let found = self.core.index().range(table, &[], None, 100_000);
            for (key, value) in found.expect("an index in memory") {
                all.insert((table.0, key), value);
            }
        }
        all
    }

    /// The changes in the log from `size` on.
    pub fn changes_since(&self, size: u64) -> Vec<Change> {
        (size..self.log.size())
            .map(|index| {
                let record = self.log.read(index).expect("it was appended");
                let (_, change) = read_change(&record.content).expect("this version wrote it");
                change
            })
            .collect()
    }

    /// The message is refused for that reason: the peer is told in the way that the reason wants,
    /// an audit record says so, and nothing else is changed.
    #[track_caller]
    pub fn refuses(&mut self, peer: &str, message: &Message, refusal: Refusal) {
        let (before, size) = (self.standing(), self.log.size());
        let outcomes = self.peer(peer, taken(message));
        assert_eq!(told(&outcomes), [(message.leaf(), refusal)]);
        let expected = match refusal {
            Refusal::Gap | Refusal::UnknownRecipientKey => Vec::new(),
            _ => vec![Change::Other(Other::InputRefused {
                sender: node(peer),
                digest: message.leaf(),
                refusal: refusal.number(),
            })],
        };
        assert_eq!(self.changes_since(size), expected);
        assert!(
            self.standing() == before,
            "a refused message changes nothing"
        );
    }

    /// The message is taken: the peer gets a receipt of it.
    #[track_caller]
    pub fn takes(&mut self, message: &Message) {
        let outcomes = self.peer(message.sender.member.as_str(), taken(message));
        let expected = Statement::Received {
            sender: message.sender,
            id: message.header.id,
            leaf: message.leaf(),
        };
        assert_eq!(receipted(&outcomes), [expected]);
    }
}

pub fn request() -> Request {
    toml::from_str(REQUEST).expect("the example is a request")
}

pub fn request_body() -> Body {
    Body::Request(Box::new(request()))
}

pub fn alert_body() -> Body {
    Body::Alert(Box::new(
        toml::from_str(ALERT).expect("the example is an alert"),
    ))
}

pub fn answer_body() -> Body {
    Body::Answer(toml::from_str(ANSWER).expect("the example is an answer"))
}

pub fn sighting_body() -> Body {
    let sighting = toml::from_str(SIGHTING).expect("the example is a sighting");
    let version = Some(1);
    Body::Sighting(Sighting {
        version,
        ..sighting
    })
}

pub fn acceptance_body() -> Body {
    Body::Acceptance(toml::from_str("access = \"direct\"").expect("an acceptance"))
}

/// The same message with another header, signed anew.
pub fn with_header(message: &Message, change: impl FnOnce(&mut Header)) -> Message {
    let mut header = message.header.clone();
    change(&mut header);
    let mut changed = Message::compose(header, message.event.clone(), message.random);
    changed.sender = message.sender;
    changed
}

/// The message with a file.
pub fn with_file(message: &Message) -> Message {
    let mut header = message.header.clone();
    header.attachments.push(AttachmentSlot {
        length: ciphertext_len(10),
        digest: Digest::of(b"sealed"),
    });
    let mut event = message.event.clone();
    event.attachments.push(AttachmentInfo {
        name: "route.png".into(),
        media_type: "image/png".into(),
        size: 10,
        digest: Digest::of(b"plain"),
        key: [1; 32],
    });
    let mut changed = Message::compose(header, event, message.random);
    changed.sender = message.sender;
    changed
}

/// The message as the node hands it over once its signature holds.
pub fn taken(message: &Message) -> FromPeer {
    FromPeer::Message(Box::new(message.clone()), Box::new(signature()))
}

/// What the peer is told of things that are not taken, by receipt or in passing.
pub fn told(outcomes: &[Outcome]) -> Vec<(Digest, Refusal)> {
    let mut all = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Refuse { refusals, .. } => {
                for (_, refusal) in refusals {
                    assert!(
                        refusal.is_temporary(),
                        "{refusal} is for good, so it has a receipt"
                    );
                }
                all.extend(refusals);
            }
            Outcome::Receipts { .. } | Outcome::Reply(..) | Outcome::Send { .. } => (),
            Outcome::Keep { .. }
            | Outcome::Fetch { .. }
            | Outcome::Forget { .. }
            | Outcome::Witness { .. }
            | Outcome::KeepCosigned(_)
            | Outcome::Rotate(_)
            | Outcome::Alarm(_) => (),
        }
    }
    for statement in receipted(outcomes) {
        if let Statement::Refused { digest, code, .. } = statement {
            let refusal = Refusal::from_number(code).expect("a known reason");
            assert!(!refusal.is_temporary(), "{refusal} is not for good");
            all.push((digest, refusal));
        }
    }
    all
}

/// What the receipts that go out prove.
pub fn receipted(outcomes: &[Outcome]) -> Vec<Statement> {
    let mut all = Vec::new();
    for outcome in outcomes {
        if let Outcome::Receipts { batches, .. } = outcome {
            let receipts = batches.iter().flat_map(ReceiptBatch::receipts);
            all.extend(receipts.map(|receipt| receipt.opening.statement));
        }
    }
    all
}

pub fn reply_to(ticket: Ticket, outcomes: Vec<Outcome>) -> Result<Reply, liaison::app::AppError> {
    let mut replies = outcomes.into_iter().filter_map(|outcome| match outcome {
        Outcome::Reply(to, reply) if to == ticket => Some(reply),
        _ => None,
    });
    replies.next().expect("whoever asks is answered")
}

/// A peer's receipt as the node hands it over once its proof holds.
pub fn receipt_of(peer: &str, statement: Statement, at: Timestamp) -> FromPeer {
    thread_local! {
        static RECEIPTED: Cell<usize> = const { Cell::new(0) };
    }
    // Each is the last entry of a longer log than the one before, which no other was of the same size.
    let earlier = RECEIPTED.replace(RECEIPTED.get() + 1);
    let note = Statement::Note {
        digest: Digest::EMPTY,
    };
    let statements = [vec![note; earlier], vec![statement]].concat();
    proven(receipts_of(peer, statements, at).remove(earlier))
}

/// A receipt as the node hands it over once its proof holds.
pub fn proven(receipt: Receipt) -> FromPeer {
    let entry = Entry::decode(&receipt.entry).expect("an entry");
    FromPeer::Receipt(Box::new(PeerReceipt {
        statement: receipt.opening.statement,
        at: entry.time,
        receipt,
    }))
}

/// A peer's receipts for what it recorded in one group.
pub fn receipts_of(peer: &str, statements: Vec<Statement>, at: Timestamp) -> Vec<Receipt> {
    use liaison::audit::{EntryKind, EventCode};
    use liaison::store::NewEntry;
    let mut log = MemoryLog::new(Origin::first(node(peer)));
    let epoch = log.take_over().expect("a log in memory");
    let entry = |statement| NewEntry {
        time: at,
        kind: EntryKind::Collection,
        event: EventCode::RequestReceived,
        role: Role::Node,
        actor: [0; 16],
        exchange: [0; 16],
        peer: Some(member("MK")),
        shown: Vec::new(),
        statement,
        content: Vec::new(),
    };
    let entries: Vec<_> = statements.into_iter().map(entry).collect();
    let mut entropy = SeededEntropy::new(5);
    log.append(0, epoch, entries, &NoSigner, &mut entropy)
        .expect("a log in memory grows");
    let receipt = |index| log.receipt(index).expect("it was appended");
    (0..log.size()).map(receipt).collect()
}

/// The state of an exchange, as a person would see it.
pub fn state_of(office: &mut Office, exchange: MessageId) -> String {
    let ask = Ask::GlanceExchange { exchange };
    match office.ask(Role::Officer, Action::ListExchanges, ask) {
        Ok(Reply::Exchanges(rows, _)) => rows[0].exchange.state().to_string(),
        other => panic!("there is such an exchange: {other:?}"),
    }
}
