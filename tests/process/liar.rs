//! A listed peer that lies: it has the keys of an office and a link of the node's own transport, and
//! says whatever a test wants. What the node answers is read as the peer that it is told to.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use liaison::app::change::Message;
use liaison::audit::{Checkpoint, EntryKind, EventCode, Origin, Receipt, ReceiptBatch, Statement};
use liaison::base::{
    Actor, Digest, Entropy, MessageId, NodeId, OsEntropy, PersonId, Role, Timestamp,
};
use liaison::domain::message::{Body, Event, Header, Priority};
use liaison::domain::rfi::Request;
use liaison::exchange::Refusal;
use liaison::node::Folder;
use liaison::seal::envelope::{SignedMessage, seal_envelope};
use liaison::seal::keystore::Keys;
use liaison::seal::sign::{HybridSignature, SigningKey};
use liaison::seal::trust::Directory;
use liaison::store::{CheckpointSigner, Log as _, MemoryLog, NewEntry};
use liaison::transport::{
    AttachmentRequest, BoxFuture, Class, Established, Handler, Limits, LinkError, PeerAddress,
    Transport, tls_identity,
};
use liaison::wire::frame::Frame;
use liaison::wire::{encode_event, encode_header};

use crate::office::Office;
use crate::world::{PATIENCE, World, until};

const HOUR: Duration = Duration::from_secs(3_600);

/// What a node answers to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the node's log.
    Taken,
    /// It is refused: by a receipt, or, where it may come again, in passing.
    Refused(Refusal),
}

/// An office's keys and trust in hands that lie.
pub struct Hands {
    pub node: NodeId,
    pub keys: Keys,
}

impl Hands {
    pub fn of(office: &Office) -> Self {
        let node = NodeId::first(office.member);
        let passphrase = std::fs::read_to_string(office.part("passphrase")).expect("a passphrase");
        let keys = Folder(office.dir.clone()).keys(node, passphrase.trim_end());
        Self {
            node,
            keys: keys.expect("the keys open"),
        }
    }

    /// A message under the signature of these hands.
    pub fn signs(&self, message: &Message) -> SignedMessage {
        self.signs_as(message, self.node)
    }

    /// The same, in the name of another node.
    pub fn signs_as(&self, message: &Message, sender: NodeId) -> SignedMessage {
        let parts = (message.header_bytes.clone(), message.body_bytes.clone());
        let (header, body) = parts;
        SignedMessage::sign(&self.keys.identity, sender, header, body, &mut OsEntropy)
            .expect("it is short")
    }
}

/// A liar with a link to a node.
pub struct Liar {
    pub hands: Hands,
    directory: Directory,
    to: NodeId,
    transport: Transport,
    heard: Receiver<Frame>,
    runtime: tokio::runtime::Runtime,
    /// How long it took from its start until it was linked.
    pub took: Duration,
}

struct Ear {
    hello: Vec<u8>,
    heard: Sender<Frame>,
}

impl Handler for Ear {
    fn hello(&self, _: NodeId) -> Vec<u8> {
        self.hello.clone()
    }
    fn admit(&self, _: NodeId, _: &[u8]) -> Result<(), u32> {
        Ok(())
    }
    fn up(&self, _: NodeId, _: Established, _: Vec<u8>) {}
    fn frame(&self, _: NodeId, _: Class, frame: Vec<u8>) -> BoxFuture<'_, ()> {
        let frame = Frame::decode(&frame).expect("the node says what decodes");
        // A test that has ended hears no more.
        let _ended = self.heard.send(frame);
        Box::pin(async {})
    }
    fn room(&self, _: NodeId, _: Class) {}
    fn down(&self, _: NodeId, _: LinkError) {}
    fn attachment(&self, _: NodeId, _: AttachmentRequest) -> Result<(File, u64), u32> {
        Err(2)
    }
}

impl Liar {
    /// A liar in the place of one office, linked to another one, which serves.
    pub fn new(world: &World, liar: &str, to: &str) -> Self {
        let office = world.office(liar);
        let hands = Hands::of(office);
        let directory = Folder(office.dir.clone()).directory().expect("trust files");
        let directory = directory.expect("a trust list");
        let to = NodeId::first(world.office(to).member);
        let peer = PeerAddress {
            node: to,
            address: directory.address(to).map(ToOwned::to_owned),
            pins: directory.tls_pins(to).to_vec(),
            vouched: None,
        };
        let hello = Frame::Hello {
            protocols: vec![1],
            node: hands.node,
            trust_list_version: directory.version().into(),
            trust_list_hash: directory.hash(),
        };
        let (tell, heard) = channel();
        let ear = Ear {
            hello: hello.encode(),
            heard: tell,
        };
        let identity = tls_identity(hands.keys.tls.pkcs8(), hands.node, None).expect("a TLS key");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let began = Instant::now();
        let transport = runtime.block_on(async {
            let listen = "127.0.0.1:0".parse().expect("an address");
            let peers = Arc::new([peer].into_iter().collect());
            Transport::bind(listen, &identity, peers, Arc::new(ear), Limits::default())
        });
        let transport = transport.expect("it listens");
        until(PATIENCE, "the liar is linked", || {
            transport.connected().contains(&to).then_some(())
        });
        Self {
            hands,
            directory,
            to,
            transport,
            heard,
            runtime,
            took: began.elapsed(),
        }
    }

    /// A first message to the node that tells the truth.
    pub fn first(&self, role: Role, body: Body) -> Message {
        let id = MessageId::new(Timestamp::system(), &mut OsEntropy);
        message(&self.hands, self.to, (id, id), role, body, &self.directory)
    }

    /// A message in a conversation that there is, the first after `before`.
    pub fn next(&self, role: Role, body: Body, before: &Message) -> Message {
        let id = MessageId::new(Timestamp::system(), &mut OsEntropy);
        let ids = (id, before.header.conversation);
        let message = message(&self.hands, self.to, ids, role, body, &self.directory);
        with(&message, |header| {
            header.sequence = before.header.sequence + 1;
            header.previous_own = Some(before.leaf());
        })
    }

    /// Sends what somebody signed, and waits for the verdict on `about`.
    pub fn sends(&self, signed: &SignedMessage, about: Digest) -> Verdict {
        let envelope = self.sealed(signed);
        self.sends_envelope(envelope, about)
    }

    pub fn sealed(&self, signed: &SignedMessage) -> Vec<u8> {
        let key = self.directory.recipient_key(self.to, Timestamp::system());
        let key = key.expect("the node has a key in force");
        seal_envelope(signed, self.to, key, &mut OsEntropy).expect("it fits")
    }

    pub fn sends_envelope(&self, envelope: Vec<u8>, about: Digest) -> Verdict {
        self.frame(&Frame::Envelopes(vec![envelope]).encode(), about)
    }

    /// Sends a frame as it is, and waits for the verdict on `about`.
    pub fn frame(&self, frame: &[u8], about: Digest) -> Verdict {
        self.says(frame);
        loop {
            let frame = self.heard.recv_timeout(PATIENCE).expect("an answer");
            if let Some(verdict) = verdict(&frame, about) {
                return verdict;
            }
        }
    }

    /// Sends a frame as it is, and waits for nothing.
    pub fn says(&self, frame: &[u8]) {
        let _inside = self.runtime.enter();
        let sent = self.transport.send(self.to, Class::Urgent, frame.to_vec());
        sent.expect("the link is up");
    }

    /// A receipt of the liar's own log, under its own log key, for whatever it wants to have got.
    pub fn receipt(&self, statement: Statement) -> Vec<u8> {
        self.receipt_of(self.hands.node, statement)
    }

    /// The same in the name of another node's log.
    pub fn receipt_of(&self, node: NodeId, statement: Statement) -> Vec<u8> {
        let mut log = MemoryLog::new(Origin::first(node));
        let writer = log.take_over().expect("a log in memory");
        let entry = NewEntry {
            time: Timestamp::system(),
            kind: EntryKind::Collection,
            event: EventCode::RequestReceived,
            role: Role::Node,
            actor: [0; 16],
            exchange: [0; 16],
            peer: Some(self.to.member),
            statement,
            content: Vec::new(),
            shown: Vec::new(),
        };
        let signer = LogKey(&self.hands.keys.log);
        log.append(0, writer, vec![entry], &signer, &mut OsEntropy)
            .expect("a log in memory grows");
        let batches = log.receipts(&[0]).expect("it was appended");
        batches[0].encode()
    }
}

struct LogKey<'a>(&'a SigningKey);

impl CheckpointSigner for LogKey<'_> {
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature {
        CheckpointSigner::sign(self.0, checkpoint, entropy)
    }
}

/// What a frame says of `about`.
fn verdict(frame: &Frame, about: Digest) -> Option<Verdict> {
    let refused = |number| {
        let refusal = Refusal::from_number(number).expect("a known reason");
        Some(Verdict::Refused(refusal))
    };
    match frame {
        Frame::Refusals(refusals) => {
            let mut all = refusals.iter();
            let (_, number) = all.find(|(digest, _)| *digest == about)?;
            refused(*number)
        }
        Frame::Receipts(batches) => {
            let decode = |batch: &Vec<u8>| ReceiptBatch::decode(batch).expect("a batch");
            let batches: Vec<ReceiptBatch> = batches.iter().map(decode).collect();
            let mut receipts = batches.iter().flat_map(ReceiptBatch::receipts);
            receipts.find_map(|receipt: Receipt| match receipt.opening.statement {
                Statement::Received { leaf, .. } if leaf == about => Some(Verdict::Taken),
                Statement::Refused { digest, code, .. } if digest == about => refused(code),
                _ => None,
            })
        }
        _ => None,
    }
}

/// A message of some hands to a node.
pub fn message(
    hands: &Hands,
    to: NodeId,
    (id, conversation): (MessageId, MessageId),
    role: Role,
    body: Body,
    directory: &Directory,
) -> Message {
    let now = Timestamp::system();
    let (priority, handling) = match &body {
        Body::Request(request) => (request.priority(), request.handling.clone()),
        Body::Answer(answer) => (Priority::Urgent, answer.handling.clone()),
        _ => {
            let request: Request = serde_json::from_value(crate::examples::urgent_request())
                .expect("the example is a request");
            (request.priority(), request.handling)
        }
    };
    let header = Header {
        protocol: (1, 1),
        id,
        conversation,
        sequence: 0,
        previous_own: None,
        last_seen: None,
        sender: hands.node,
        recipients: vec![to.member],
        kind: body.kind(),
        priority,
        handling,
        created: now,
        expires: now.plus(HOUR),
        trust_list: directory.hash(),
        attachments: Vec::new(),
        extensions: Vec::new(),
    };
    let event = Event {
        by: Actor {
            member: hands.node.member,
            role,
            person: PersonId::from_bytes([9; 16]),
        },
        at: now,
        attachments: Vec::new(),
        body,
    };
    let entropy: &mut dyn Entropy = &mut OsEntropy;
    Message::compose(header, event, entropy.array())
}

/// The same message with another header.
pub fn with(message: &Message, change: impl FnOnce(&mut Header)) -> Message {
    let mut header = message.header.clone();
    change(&mut header);
    let mut changed = message.clone();
    changed.header_bytes = encode_header(&header);
    changed.body_bytes = encode_event(&message.event);
    changed.header = header;
    changed
}
