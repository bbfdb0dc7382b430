//! The world: offices, the links between them, and what chance does to both.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use liaison::app::change::{Change, Message, Other};
use liaison::app::content::{read_change, signed_message, whole_receipt};
use liaison::app::core::Outcome;
use liaison::app::rows::{
    ALERT, ALERT_ORDER, AlertRow, ERASED_AT, EXCHANGE, EXCHANGE_DUE, EXCHANGE_ORDER, ExchangeRow,
    LOG_ALARM, MESSAGE, MessageRow, OUTBOX, OutboxRow, RECEIPT_HEAD, Row, message_key,
    outbox_place,
};
use liaison::app::{
    Action, AppError, Ask, Caller, Federation, FromPeer, Input, Permit, Reply, Ticket,
};
use liaison::app::{AlarmRow, LETTER, LetterRow, LogFault, ReceiptHeadRow, duties};
use liaison::audit::{EventCode, Origin, ReceiptBatch};
use liaison::base::{
    Digest, MemberId, MessageId, NodeId, PersonId, Role, SeededEntropy, Timestamp, merkle,
};
use liaison::domain::profile::Clock;
use liaison::domain::rfi::Side;
use liaison::exchange::Refusal as NotTaken;
use liaison::seal::envelope::SignedMessage;
use liaison::store::{Fault, Index as _, Log as _, MemoryLog, Pair, Table};

use crate::course::Trace;
use crate::faults::{Injected, Tally};
use crate::keys::{Federations, Frame};
use crate::letters::{at_start, person};
use crate::liar::{Liar, Pretence};
use crate::office::{IndexKept, Office, TIMES, read_receipt};
use crate::passing::without_permission;
use crate::planted::Planted;
use crate::said;

const REQUEST: &str = include_str!("../../deploy/examples/request.toml");

type Way = (usize, usize);

/// By how much a clock that was set right is wrong at most, in milliseconds: two of them differ by less than
/// messages may be dated ahead.
const APART: u64 = 2 * 60 * 1_000;

/// An hour, in milliseconds.
const HOUR: u64 = 3_600 * 1_000;

/// Frames that can come once more.
const REMEMBERED: usize = 8;

/// All offices and links under one seed.
pub struct World {
    chance: SeededEntropy,
    now: Timestamp,
    /// By how many milliseconds the clock of each office is ahead.
    ahead: Vec<i64>,
    /// The latest that any clock has ever shown.
    latest: Timestamp,
    pub offices: Vec<Office>,
    up: BTreeSet<Way>,
    /// Ways on which nothing passes for now, although the link is up.
    blocked: BTreeSet<Way>,
    /// Frames under way, in order, as a stream keeps them.
    wires: BTreeMap<Way, VecDeque<Frame>>,
    /// Frames that came, which may come once more.
    came: Vec<(Way, Frame)>,
    pub federations: Federations,
    /// What was acknowledged to a person: the sender, the recipients, the message.
    acknowledged: Vec<(usize, MessageId)>,
    pub exchanges: Vec<(usize, usize, MessageId)>,
    pub alerts: Vec<(usize, MessageId)>,
    /// Whether the alarm commands of the offices fail now and then.
    pub faults: bool,
    next_ticket: u64,
    asked: BTreeMap<Ticket, (usize, MessageId)>,
    /// What an office was asked, and would have recorded so that its own log turned it down.
    unfit: Vec<(usize, MessageId)>,
    planted: Option<Planted>,
    /// What an office with a planted bug has sent.
    sent: BTreeSet<(NodeId, Digest)>,
    pub liar: Option<Liar>,
    pub tally: Tally,
    trace: Trace,
}

impl World {
    pub fn new(seed: u64, planted: Option<Planted>, trace: &Trace) -> Self {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let members = ["MK", "TR", "AT", "RS", "IR"];
        let node = |member: &&str| NodeId::first(member.parse().expect("a member id"));
        let nodes: Vec<NodeId> = members.iter().map(node).collect();
        let federations = Federations::of(&nodes, seed);
        let office = |(i, node): (usize, &NodeId)| {
            let federation = federations.first();
            Office::new(*node, seed * 1_000 + i as u64, federation, planted)
        };
        let offices: Vec<Office> = nodes.iter().enumerate().map(office).collect();
        let mut world = Self {
            chance: SeededEntropy::new(seed),
            now,
            ahead: vec![0; offices.len()],
            latest: now,
            offices,
            up: BTreeSet::new(),
            blocked: BTreeSet::new(),
            wires: BTreeMap::new(),
            came: Vec::new(),
            federations,
            acknowledged: Vec::new(),
            exchanges: Vec::new(),
            alerts: Vec::new(),
            faults: true,
            next_ticket: 0,
            asked: BTreeMap::new(),
            unfit: Vec::new(),
            planted,
            sent: BTreeSet::new(),
            liar: None,
            tally: Tally::default(),
            trace: trace.clone(),
        };
        for i in 0..world.offices.len() {
            world.ahead[i] = world.a_little();
            world.start(i, IndexKept::Whole);
        }
        world
    }

    /// One thing happens.
    pub fn step(&mut self) {
        let time = self.chance.below(5_000);
        self.passes(Duration::from_millis(time));
        let i = self.below(self.offices.len());
        if self.liar.is_some() && self.chance.below(5) == 0 {
            self.the_liar_acts(i);
        }
        match self.chance.below(100) {
            0..=42 => self.deliver_one(),
            43..=44 => self.comes_again(),
            45..=53 => self.connect(),
            54 => self.block_one_way(),
            55..=57 => self.disconnect(),
            58..=59 => self.break_unnoticed(),
            60..=63 => self.person_decides(i),
            64..=73 => self.person_asks(i),
            74..=84 => self.person_responds(),
            85..=86 => self.input(i, Input::Tick),
            87 => self.rotate(i),
            88 => self.change_list(),
            89 => self.install_next(i),
            90 => self.offices[i].remember_index(),
            91..=93 => self.crash(i),
            94 => self.failing_write(i, Injected::WriteLost, Fault::Before),
            95 => self.failing_write(i, Injected::WriteKept, Fault::After),
            96 => match self.below(8) {
                0..=2 => self.failing_write(i, Injected::NoRoom, Fault::Full),
                // Most groups have few entries.
                records => self.failing_write(i, Injected::WriteTorn, Fault::Torn(records - 3)),
            },
            97 => self.clock_steps(i),
            98 => self.person_erases(),
            _ => self.person_reads(i),
        }
    }

    /// In the calm one thing comes to follow from another: asked for, granted, passed on.
    pub fn people_pass_on(&mut self) {
        self.set_clocks_right();
        for i in 0..self.offices.len() {
            self.offices[i].log.fail_next(None);
            if self.offices[i].core.is_none() {
                self.start(i, IndexKept::Whole);
            }
        }
        self.take_everybody_back();
        let times = if self.exchanges.is_empty() { 0 } else { 40 };
        for _ in 0..times {
            let id = MessageId::new(self.now, &mut self.chance);
            self.person_passes_on(id);
            self.decide_all();
            self.round();
        }
    }

    /// The faults end: everything is up, and all goes its way.
    pub fn settle(&mut self) {
        self.set_clocks_right();
        self.faults = false;
        for i in 0..self.offices.len() {
            self.offices[i].log.fail_next(None);
            if self.offices[i].core.is_none() {
                self.start(i, IndexKept::Whole);
            }
        }
        self.take_everybody_back();
        for _ in 0..200 {
            self.round();
            self.decide_all();
            if self.is_quiet() && self.waiting() == 0 && self.alarms() == 0 {
                break;
            }
        }
        // What nobody answers is an alarm only after its time.
        self.rest(2 * TIMES.challenge + 2);
        // What the last tick erased is told in the next round.
        for _ in 0..10 {
            if self.is_quiet() && self.waiting() == 0 {
                break;
            }
            self.round();
        }
    }

    /// Whether nothing is under way between the offices. A liar leaves what it is asked unanswered, so that
    /// it is asked for ever.
    fn is_quiet(&self) -> bool {
        let offices = self.offices.len();
        let between = |((from, to), _): &(&Way, &VecDeque<Frame>)| *from < offices && *to < offices;
        let mut wires = self.wires.iter().filter(between);
        wires.all(|(_, wire)| wire.is_empty())
    }

    /// Everybody is linked, all that is under way arrives, and time passes.
    fn round(&mut self) {
        self.blocked.clear();
        for a in 0..self.parties() {
            for b in a + 1..self.parties() {
                self.link(a, b);
            }
        }
        while self.wires.values().any(|wire| !wire.is_empty()) {
            self.deliver_one();
        }
        self.passes(Duration::from_secs(60));
        for i in 0..self.offices.len() {
            self.input(i, Input::Tick);
        }
    }

    /// Lets so many ticks pass in which nobody does anything.
    pub fn rest(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.round();
        }
    }

    /// The offices, and the liar if there is one.
    pub fn parties(&self) -> usize {
        self.offices.len() + usize::from(self.liar.is_some())
    }

    /// One more member is listed, and lies.
    pub fn let_in_a_liar(&mut self, answers: bool) {
        let node = NodeId::first("LI".parse().expect("a member id"));
        self.liar = Some(Liar::new(node, answers));
        self.federations.takes_in(node);
        for i in 0..self.offices.len() {
            self.install_next(i);
        }
    }

    pub fn node_of(&self, party: usize) -> NodeId {
        match (self.offices.get(party), &self.liar) {
            (Some(office), _) => office.node,
            (None, Some(liar)) => liar.node,
            (None, None) => unreachable!("there is no such party"),
        }
    }

    /// The liar tells an office one of its lies, and may bring the office down right after.
    fn the_liar_acts(&mut self, i: usize) {
        let place = self.offices.len();
        self.link(i, place);
        if !self.up.contains(&(place, i)) {
            // It is not listed there at present.
            return;
        }
        let (lie, history, by) = (self.below(6), self.below(2), self.chance.below(3));
        let (id, leaf) = self.something_sent(i);
        let pretence = Pretence::ALL[self.below(Pretence::ALL.len())];
        let (sender, now) = (self.offices[i].node, self.now);
        let Some(liar) = &mut self.liar else { return };
        liar.grow(by);
        let size = liar.size();
        let told = match lie {
            0 => {
                let earlier = 1 + self.chance.below(size);
                Some((Injected::LieStale, liar.shows(i, history, earlier)))
            }
            1 => {
                let again = usize::try_from(self.chance.below(1_000)).expect("small");
                let again = liar.says_again(again);
                again.map(|again| (Injected::LieAgain, again))
            }
            2 => {
                let statement = pretence.of(sender, id, leaf);
                let receipt = liar.receipt(history, statement, now, &mut self.chance);
                Some((Injected::LieReceipt, receipt))
            }
            _ => Some((Injected::LieTwoHistories, liar.shows(i, history, size))),
        };
        let peer = liar.node;
        let Some((lie, told)) = told else { return };
        self.note(format!("liar to {i}: {lie:?} of history {history}"));
        self.tally.count(lie, 1);
        self.input(i, Input::Peer(peer, told));
        if self.below(4) == 0 {
            self.crash(i);
        }
    }

    /// A message of an office to others, if it has sent one; the liar may know of it.
    fn something_sent(&mut self, i: usize) -> (MessageId, Digest) {
        let of_office = self.acknowledged.iter().rfind(|(sender, _)| *sender == i);
        let id = of_office.map(|(_, id)| *id);
        let known = id.and_then(|id| {
            let row = self.message(i, self.offices[i].node.member, id)?;
            Some((id, row.leaf))
        });
        known.unwrap_or_else(|| {
            let id = MessageId::new(self.now, &mut self.chance);
            (id, Digest::of(b"nothing"))
        })
    }

    /// The alarms about logs on record at each office.
    pub fn log_alarms(&self) -> Vec<(usize, Vec<(Origin, LogFault)>)> {
        let of = |(i, office): (usize, &Office)| {
            let core = office.core.as_ref()?;
            let rows = core.rows::<AlarmRow>(LOG_ALARM, 100).ok()?;
            let alarm = |(key, _): (Vec<u8>, AlarmRow)| {
                let origin = Origin::from_bytes(*key.first_chunk()?).ok()?;
                let fault = LogFault::ALL.into_iter().find(|f| *f as u8 == key[13])?;
                Some((origin, fault))
            };
            Some((i, rows.into_iter().filter_map(alarm).collect()))
        };
        self.offices.iter().enumerate().filter_map(of).collect()
    }

    pub fn log_sizes(&self) -> Vec<u64> {
        self.offices
            .iter()
            .map(|office| office.log.size())
            .collect()
    }

    pub fn events_since(&self, i: usize, size: u64) -> Vec<EventCode> {
        let log = &self.offices[i].log;
        let entry = |index| log.read(index).expect("it is there").entry.event;
        (size..log.size()).map(entry).collect()
    }

    /// Checkpoints under receipts that no witnessed one is known to continue.
    pub fn not_witnessed(&self) -> usize {
        let count = |office: &Office| {
            let core = office.core.as_ref().expect("it runs");
            let rows = core.rows::<ReceiptHeadRow>(RECEIPT_HEAD, 100_000);
            rows.expect("an index in memory").len()
        };
        self.offices.iter().map(count).sum()
    }

    /// Everything that must hold at rest.
    pub fn check(&self) -> Result<(), String> {
        self.check_passed_on()?;
        if self.waiting() > 0 {
            let (count, what) = (self.waiting(), self.what_waits());
            return Err(format!("{count} items still wait at rest: {what:?}"));
        }
        let mut received: BTreeMap<(usize, NodeId, MessageId), u32> = BTreeMap::new();
        for (i, office) in self.offices.iter().enumerate() {
            for (change, index) in office.changes()?.iter().zip(0..) {
                if let Change::Sent(_) | Change::Received(..) = &**change {
                    self.check_stored(office, index, change)?;
                }
                if let Change::ReceiptKept(kept) = &**change {
                    if self
                        .liar
                        .as_ref()
                        .is_some_and(|liar| liar.node == kept.from)
                    {
                        return Err(format!("{i} keeps a receipt for what it never sent"));
                    }
                    let receipt = whole_receipt(&office.log, kept).map_err(|e| e.to_string())?;
                    read_receipt(receipt);
                }
                if let Change::Received(message, _) = &**change {
                    let key = (i, message.sender, message.header.id);
                    *received.entry(key).or_default() += 1;
                }
            }
        }
        if let Some((key, n)) = received.iter().find(|(_, n)| **n != 1) {
            return Err(format!(
                "message {} took effect {n} times at {}",
                key.2, key.0
            ));
        }
        for (sender, id) in &self.acknowledged {
            let row = self
                .message(*sender, self.offices[*sender].node.member, *id)
                .ok_or_else(|| format!("acknowledged message {id} is gone at its sender"))?;
            for recipient in row.deliveries.keys() {
                let at = self.office_of(*recipient);
                let sender = self.offices[*sender].node;
                if !received.contains_key(&(at, sender, *id)) {
                    return Err(format!("message {id} never reached {recipient}"));
                }
            }
        }
        for (a, b, id) in &self.exchanges {
            let (asked, answering) = (self.exchange(*a, *id), self.exchange(*b, *id));
            let (Some(asked), Some(answering)) = (asked, answering) else {
                return Err(format!("exchange {id} is not on both sides"));
            };
            let states = (asked.exchange.state(), answering.exchange.state());
            if states.0 != states.1 {
                return Err(format!(
                    "exchange {id} is {} here and {} there",
                    states.0, states.1
                ));
            }
            // A receipt that was written before the clock was set back counts from when it came.
            let mut there = answering.clone();
            if let Some(heard) = asked.exchange.received() {
                there.exchange.delivered(heard);
            }
            for (event, heard) in events_heard(&asked) {
                there.exchange.event_delivered(event, heard);
            }
            let (c, d) = (clock(&asked), clock(&there));
            if c != d {
                return Err(format!("exchange {id} has two clocks: {c:?} and {d:?}"));
            }
            let (c, d) = (asked.exchange.questions(), answering.exchange.questions());
            self.check_ledgers(&asked, &answering)?;
            let crossed = (asked.exchange.crossed(), answering.exchange.crossed());
            if c != d || crossed.0 != crossed.1 {
                return Err(format!("exchange {id} has two outcomes"));
            }
        }
        self.check_lists()?;
        self.check_witnesses()?;
        self.check_letters()?;
        if let Some((i, id)) = self.unfit.first() {
            return Err(format!(
                "the log of office {i} refused what would be recorded of {id}"
            ));
        }
        self.check_duty()?;
        self.check_erased()?;
        self.check_alerts()
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What the clock of an office shows.
    pub fn clock(&self, i: usize) -> Timestamp {
        Timestamp::from_millis(self.now.as_millis() + self.ahead[i])
    }

    /// The same, where the office reads it.
    fn reads_clock(&mut self, i: usize) -> Timestamp {
        let shown = self.clock(i);
        self.latest = self.latest.max(shown);
        shown
    }

    pub fn passes(&mut self, time: Duration) {
        self.now = self.now.plus(time);
        self.tally.passed += time;
    }

    /// By how much a clock that was set right is ahead, or behind.
    fn a_little(&mut self) -> i64 {
        let drawn = i64::try_from(self.chance.below(2 * APART));
        drawn.expect("small") - i64::try_from(APART).expect("small")
    }

    /// All clocks are set right; none goes back by that.
    fn set_clocks_right(&mut self) {
        self.now = self.latest.max(self.now).plus(Duration::from_millis(APART));
        for i in 0..self.ahead.len() {
            self.ahead[i] = self.a_little();
        }
    }

    /// The bug that is planted in an office.
    pub fn planted_at(&self, i: usize) -> Option<Planted> {
        self.planted.filter(|_| i == 0)
    }

    pub fn offices(&self) -> usize {
        self.offices.len()
    }

    pub fn members(&self) -> Vec<MemberId> {
        self.offices.iter().map(|o| o.node.member).collect()
    }

    /// A row of an office's index, while it runs.
    pub fn row<T: Row>(&self, i: usize, table: Table, key: &[u8]) -> Option<T> {
        let core = self.offices[i].core.as_ref()?;
        core.row(table, key).ok()?
    }

    /// A stored message, with the signature that it may share, is the one that its entry names.
    fn check_stored(&self, office: &Office, index: u64, change: &Change) -> Result<(), String> {
        let (Change::Sent(message) | Change::Received(message, _)) = change else {
            return Ok(());
        };
        if message.erased.is_some() {
            return Ok(());
        }
        let signed = signed_message(&office.log, index).map_err(|e| e.to_string())?;
        match signed.leaf() == message.leaf() {
            true => Ok(()),
            false => Err(format!("entry {index} gives back another message")),
        }
    }

    /// Messages that were acknowledged to people.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Events that had no effect, since they crossed with others.
    pub fn crossed(&self) -> usize {
        let rows = self.exchanges.iter();
        let rows = rows.filter_map(|(asking, _, id)| self.exchange(*asking, *id));
        rows.map(|row| row.exchange.crossed().len()).sum()
    }

    pub fn note(&mut self, what: impl std::fmt::Display) {
        self.trace.note(self.now, what);
    }

    pub fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).expect("small");
        usize::try_from(self.chance.below(n)).expect("small")
    }

    pub fn federation(&mut self, i: usize) -> &mut Federation {
        &mut self.offices[i].federation
    }

    pub fn office_of(&self, member: MemberId) -> usize {
        let found = self.offices.iter().position(|o| o.node.member == member);
        found.expect("every member has an office")
    }

    pub fn start(&mut self, i: usize, kept: IndexKept) {
        self.note(format!("start {i} {kept:?}"));
        let now = self.reads_clock(i);
        let outcomes = self.offices[i].start(now, kept, at_start(i));
        self.carry(i, outcomes);
    }

    fn crash(&mut self, i: usize) {
        self.note(format!("crash {i}"));
        self.goes_down(i);
        self.unlink_all(i);
        let kept = match self.chance.below(3) {
            0 => IndexKept::Older,
            1 => IndexKept::None,
            _ => IndexKept::Whole,
        };
        if kept != IndexKept::Whole {
            self.tally.count(Injected::IndexBehind, 1);
        }
        self.start(i, kept);
    }

    /// The process of an office ends. Three times in four the power fails, which takes what is not synced.
    fn goes_down(&mut self, i: usize) {
        self.offices[i].kill();
        let how = match self.chance.below(4) {
            0 => Injected::Killed,
            _ => {
                let left = self.chance.below(8).saturating_sub(4);
                self.note(format!("power fails at {i}, {left} entries may be left"));
                self.offices[i].log.power_cut(left);
                Injected::PowerCut
            }
        };
        self.tally.count(how, 1);
    }

    /// What an office writes next fails.
    fn failing_write(&mut self, i: usize, what: Injected, fault: Fault) {
        let of_what = self.below(4);
        if of_what == 0 {
            self.wants_erased(i);
        }
        self.note(format!("fail {i} {fault:?}"));
        self.offices[i].fail_next_append(fault);
        match of_what {
            0 | 1 => self.input(i, Input::Tick),
            _ => self.person_asks(i),
        }
        if self.offices[i].log.fail_next(None).is_none() {
            self.tally.count(what, 1);
        }
    }

    /// The clock of an office is set ahead, back or right, or hours pass.
    fn clock_steps(&mut self, i: usize) {
        let by = self.chance.below(24) * HOUR;
        let ahead = i64::try_from(by).expect("small");
        match self.below(4) {
            0 => self.passes(Duration::from_millis(by)),
            1 => {
                self.ahead[i] += ahead;
                self.tally.count(Injected::ClockAhead, 1);
            }
            2 => {
                self.ahead[i] -= ahead;
                self.tally.count(Injected::ClockBack, 1);
            }
            _ => self.ahead[i] = self.a_little(),
        }
        self.note(format!("clock of {i}: {} ms ahead", self.ahead[i]));
    }

    pub fn input(&mut self, i: usize, input: Input) {
        self.inputs(i, vec![input]);
    }

    fn inputs(&mut self, i: usize, mut inputs: Vec<Input>) {
        if i >= self.offices.len() {
            // The liar has no use for it.
            return;
        }
        if let Some(planted) = self.planted_at(i) {
            if planted == Planted::KeepsNoReceipts {
                self.says_it_keeps(i, &inputs);
            }
            inputs.retain(|input| planted.hears(input));
        }
        let now = self.reads_clock(i);
        let outcomes = self.offices[i].handle(now, inputs);
        self.carry(i, outcomes);
        if self.offices[i].core.is_none() {
            // A fatal error ends the process; its supervisor starts it again.
            self.unlink_all(i);
            self.goes_down(i);
            self.start(i, IndexKept::Whole);
        }
    }

    /// An office with a planted bug says that it keeps receipts that it has not heard.
    fn says_it_keeps(&mut self, i: usize, inputs: &[Input]) {
        for input in inputs {
            if let Input::Peer(peer, FromPeer::Receipt(receipt)) = input {
                let kept = vec![merkle::leaf_hash(&receipt.receipt.entry)];
                self.put(i, *peer, Frame::Open(vec![FromPeer::Kept(kept)]));
            }
        }
    }

    fn carry(&mut self, i: usize, outcomes: Vec<Outcome>) {
        let me = self.offices[i].node;
        for outcome in outcomes {
            match outcome {
                Outcome::Reply(ticket, reply) => self.replied(ticket, reply),
                Outcome::Send {
                    peer, mut messages, ..
                } => {
                    if self.planted_at(i) == Some(Planted::NeverSendsAgain) {
                        messages.retain(|signed| self.sent.insert((peer, signed.leaf())));
                    }
                    let lies = self.planted == Some(Planted::ForwardsWithoutPermission);
                    let read = |mut signed: SignedMessage| {
                        if lies && me.member.as_str() == "MK" {
                            signed = without_permission(signed);
                        }
                        let message = Message::read(&signed).expect("an honest office's message");
                        FromPeer::Message(Box::new(message), Box::new(signed.signature))
                    };
                    let what = messages.into_iter().map(read).collect();
                    let sealed = self.sealed_to(i, peer);
                    self.put(i, peer, Frame::Messages { sealed, what });
                }
                Outcome::Receipts { peer, batches } => {
                    if self.planted == Some(Planted::DropsReceipts) && me.member.as_str() == "MK" {
                        continue;
                    }
                    for batch in batches {
                        let batch = ReceiptBatch::decode(&batch.encode()).expect("it is whole");
                        let receipts = batch.receipts().map(read_receipt).collect();
                        self.put(i, peer, Frame::Open(receipts));
                    }
                }
                Outcome::Refuse { peer, refusals } => {
                    let later = refusals.into_iter().map(|(digest, refusal)| {
                        assert!(refusal.is_temporary() || refusal != NotTaken::BadEnvelope);
                        (digest, None)
                    });
                    let later = FromPeer::Later(later.collect());
                    self.put(i, peer, Frame::Open(vec![later]));
                }
                Outcome::Keep { peer, receipts } => {
                    self.put(i, peer, Frame::Open(vec![FromPeer::Kept(receipts)]));
                }
                Outcome::Witness { peer, say } => {
                    self.put(i, peer, Frame::Open(vec![FromPeer::Witness(say)]));
                }
                Outcome::Alarm(alarm) => self.alarmed(i, alarm),
                Outcome::KeepCosigned(_)
                | Outcome::Fetch { .. }
                | Outcome::Forget { .. }
                | Outcome::Rotate(_) => (),
            }
        }
    }

    /// One frame goes its way.
    pub fn put(&mut self, from: usize, to: NodeId, frame: Frame) {
        let liar = self.liar.as_ref().is_some_and(|liar| liar.node == to);
        if let Some(liar) = self.liar.as_mut().filter(|_| liar) {
            frame
                .said()
                .iter()
                .for_each(|what| liar.is_given(from, what));
        }
        let place = match liar {
            true => self.offices.len(),
            false => self.office_of(to.member),
        };
        let way = (from, place);
        if self.up.contains(&way) {
            self.wires.entry(way).or_default().push_back(frame);
        }
    }

    fn deliver_one(&mut self) {
        let ways: Vec<Way> = self
            .wires
            .iter()
            .filter(|(way, wire)| !wire.is_empty() && !self.blocked.contains(way))
            .map(|(way, _)| *way)
            .collect();
        if ways.is_empty() {
            return;
        }
        let way = ways[self.below(ways.len())];
        let Some(frame) = self.wires.get_mut(&way).and_then(VecDeque::pop_front) else {
            return;
        };
        let peer = self.node_of(way.0);
        self.note(format!("deliver {}>{}", way.0, way.1));
        if let Some(liar) = self.liar.as_mut().filter(|_| way.1 == self.offices.len()) {
            let said = frame.said().iter();
            let answers: Vec<_> = said.filter_map(|w| liar.hears(way.0, w)).collect();
            if !answers.is_empty() {
                self.put(way.1, peer, Frame::Open(answers));
            }
            return;
        }
        if self.faults && self.chance.below(8) == 0 {
            let place = self.below(REMEMBERED);
            let remembered = (way, frame.clone());
            match self.came.get_mut(place) {
                Some(before) => *before = remembered,
                None => self.came.push(remembered),
            }
        }
        self.arrives(way, frame);
    }

    /// A frame that came some time ago comes once more.
    fn comes_again(&mut self) {
        if self.came.is_empty() {
            return;
        }
        let chosen = self.below(self.came.len());
        let (way, frame) = self.came[chosen].clone();
        if self.up.contains(&way) && !self.blocked.contains(&way) {
            self.note(format!("once more {}>{}", way.0, way.1));
            self.tally.count(Injected::FrameAgain, 1);
            self.arrives(way, frame);
        }
    }

    /// What came before does not come again.
    pub fn forget_what_came(&mut self) {
        self.came.clear();
    }

    fn arrives(&mut self, way: Way, frame: Frame) {
        let peer = self.node_of(way.0);
        let Some(what) = self.opened(way, frame) else {
            return;
        };
        let inputs = what.into_iter().map(|from| Input::Peer(peer, from));
        self.inputs(way.1, inputs.collect());
    }

    fn connect(&mut self) {
        let (a, b) = (
            self.below(self.offices.len()),
            self.below(self.offices.len()),
        );
        if a != b {
            self.link(a, b);
        }
    }

    fn link(&mut self, a: usize, b: usize) {
        if !self.up.contains(&(a, b)) && self.know_each_other(a, b) {
            self.note(format!("up {a}-{b}"));
            self.up.extend([(a, b), (b, a)]);
            let (first, second) = (self.node_of(a), self.node_of(b));
            self.input(a, Input::Peer(second, FromPeer::Up));
            self.input(b, Input::Peer(first, FromPeer::Up));
            self.hand_over_bundle(a, second);
            self.hand_over_bundle(b, first);
        }
    }

    /// From now on nothing passes one way of a link, while the other way works.
    fn block_one_way(&mut self) {
        let ways: Vec<Way> = self.up.iter().copied().collect();
        if !ways.is_empty() {
            let (a, b) = ways[self.below(ways.len())];
            self.note(format!("block {a}>{b}"));
            self.tally.count(Injected::OneWay, 1);
            self.blocked.insert((a, b));
        }
    }

    /// A link breaks, and one side does not notice: what it sends is lost, until there is a link again.
    fn break_unnoticed(&mut self) {
        let ways: Vec<Way> = self.up.iter().copied().collect();
        if ways.is_empty() {
            return;
        }
        let (a, b) = ways[self.below(ways.len())];
        self.note(format!("broken {a}-{b}"));
        self.tally.count(Injected::LinkGone, 1);
        self.cut(a, b);
        let gone = self.node_of(a);
        self.input(b, Input::Peer(gone, FromPeer::Down));
    }

    fn disconnect(&mut self) {
        let ways: Vec<Way> = self.up.iter().copied().collect();
        if !ways.is_empty() {
            let (a, b) = ways[self.below(ways.len())];
            self.tally.count(Injected::LinkDown, 1);
            self.unlink(a, b);
        }
    }

    pub fn unlink(&mut self, a: usize, b: usize) {
        if self.up.contains(&(a, b)) {
            self.note(format!("down {a}-{b}"));
            self.cut(a, b);
            let (first, second) = (self.node_of(a), self.node_of(b));
            self.input(a, Input::Peer(second, FromPeer::Down));
            self.input(b, Input::Peer(first, FromPeer::Down));
        }
    }

    /// Takes a link away, with all that is under way on it.
    fn cut(&mut self, a: usize, b: usize) {
        for way in [(a, b), (b, a)] {
            self.up.remove(&way);
            self.blocked.remove(&way);
            let lost = self.wires.remove(&way).map_or(0, |wire| wire.len());
            self.tally.count(Injected::FrameLost, lost as u64);
        }
    }

    pub fn unlink_all(&mut self, i: usize) {
        for other in 0..self.parties() {
            if other != i {
                self.unlink(i, other);
            }
        }
    }

    pub fn ask(&mut self, i: usize, role: Role, action: Action, ask: Ask, id: MessageId) {
        self.ask_as(i, person(i, 1), role, action, ask, id);
    }

    /// The same for a person.
    pub fn ask_as(
        &mut self,
        i: usize,
        person: PersonId,
        role: Role,
        action: Action,
        ask: Ask,
        id: MessageId,
    ) {
        let caller = Caller {
            person,
            name: "somebody".into(),
            roles: vec![role],
        };
        let member = self.offices[i].node.member;
        let permit = Permit::ask(member, &caller, action).expect("the role may");
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.asked.insert(ticket, (i, id));
        self.input(i, Input::Ask(ticket, permit, ask));
    }

    fn replied(&mut self, ticket: Ticket, reply: Result<Reply, AppError>) {
        let Some((i, id)) = self.asked.remove(&ticket) else {
            return;
        };
        if matches!(reply, Err(AppError::Unfit)) {
            self.unfit.push((i, id));
        }
        match reply.ok() {
            Some(Reply::Permissions(_)) => self.acknowledged.push((i, id)),
            Some(Reply::Exchanges(rows, _)) if id != MessageId::from_bytes([0; 16]) => {
                self.acknowledged.push((i, id));
                for row in rows.iter().filter(|row| row.outgoing && row.id == id) {
                    let other = self.office_of(row.peer);
                    self.exchanges.push((i, other, id));
                }
            }
            Some(Reply::Alerts(rows, _)) => {
                self.acknowledged.push((i, id));
                let published = |row: &&AlertRow| row.id == id;
                if let Some(row) = rows.iter().find(published) {
                    self.alerts.push((i, row.id));
                }
            }
            Some(Reply::Letters(reply)) => self.letters_told(i, &reply),
            Some(_) | None => (),
        }
    }

    /// What the office has on record.
    /// Every exchange and every alert stands once in each list that people see it in.
    fn check_lists(&self) -> Result<(), String> {
        for (i, office) in self.offices.iter().enumerate() {
            let log = office.rebuilt();
            for (list, of) in [
                (EXCHANGE_DUE, EXCHANGE),
                (EXCHANGE_ORDER, EXCHANGE),
                (ALERT_ORDER, ALERT),
            ] {
                let mut listed = self.rows::<MessageId>(i, list);
                listed.sort();
                let rows = log.range(of, &[], None, 100_000);
                let there = ids_of(rows.map_err(|e| e.to_string())?);
                if listed != there {
                    return Err(format!("{i}: {} lists {listed:?} of {there:?}", list.0));
                }
            }
        }
        Ok(())
    }

    pub fn log(&self, i: usize) -> &MemoryLog {
        &self.offices[i].log
    }

    pub fn node(&self, i: usize) -> NodeId {
        self.offices[i].node
    }

    /// All rows of a table of an office's index, while it runs.
    pub fn rows<T: Row>(&self, i: usize, table: Table) -> Vec<T> {
        let core = self.offices[i].core.as_ref();
        let rows = core.and_then(|core| core.rows::<T>(table, 100_000).ok());
        rows.unwrap_or_default()
            .into_iter()
            .map(|(_, row)| row)
            .collect()
    }

    /// That a message was acknowledged to a person.
    pub fn acknowledges(&mut self, i: usize, id: MessageId) {
        if !self.acknowledged.contains(&(i, id)) {
            self.acknowledged.push((i, id));
        }
    }

    /// That an exchange of an office with a member is under way.
    pub fn exchanges_with(&mut self, i: usize, peer: MemberId, id: MessageId) {
        let exchange = (i, self.office_of(peer), id);
        if !self.exchanges.contains(&exchange) {
            self.exchanges.push(exchange);
        }
    }

    fn person_asks(&mut self, i: usize) {
        let id = MessageId::new(self.now, &mut self.chance);
        if self.chance.below(3) == 0 {
            self.person_publishes(i, id);
            return;
        }
        let other = (i + 1 + self.below(self.offices.len() - 1)) % self.offices.len();
        let request = self.a_request(other, REQUEST);
        let ask = Ask::SendRequest {
            to: vec![(self.offices[other].node.member, id, Vec::new())],
            request: Box::new(request),
        };
        self.ask(i, Role::Officer, Action::SendRequest, ask, id);
    }

    fn person_responds(&mut self) {
        let id = MessageId::new(self.now, &mut self.chance);
        if !self.alerts.is_empty() && self.chance.below(4) == 0 {
            self.person_says_to_an_alert(id);
            return;
        }
        if self.exchanges.is_empty() {
            return;
        }
        if self.chance.below(3) == 0 {
            match self.chance.below(8) {
                0 => self.person_passes_a_correction_on(id),
                _ => self.person_passes_on(id),
            }
            return;
        }
        let chosen = self.below(self.exchanges.len());
        let (asking, asked, exchange) = self.exchanges[chosen];
        let (command, role, action) = said::by_chance(&mut self.chance, self.now);
        let i = match command.what().side() {
            Some(Side::Requested) => asked,
            None | Some(Side::Requesting) => asking,
        };
        let ask = Ask::Respond {
            exchange,
            message: id,
            command: Box::new(command),
            attached: Vec::new(),
        };
        self.ask(i, role, action, ask, id);
    }

    fn person_reads(&mut self, i: usize) {
        let Some((_, _, exchange)) = self.exchanges.last().copied() else {
            return;
        };
        let id = MessageId::from_bytes([0; 16]);
        let ask = Ask::ReadExchange { exchange };
        self.ask(i, Role::Contact, Action::ReadExchange, ask, id);
    }

    /// A releasing officer of either side has an exchange erased; it is refused while it is open.
    fn person_erases(&mut self) {
        if self.exchanges.is_empty() {
            return;
        }
        let chosen = self.below(self.exchanges.len());
        let (asking, asked, conversation) = self.exchanges[chosen];
        let i = [asking, asked][self.below(2)];
        self.asks_for_erasure(i, conversation);
        self.input(i, Input::Tick);
    }

    /// The same at an office, if it has an exchange; it is not carried out yet.
    fn wants_erased(&mut self, i: usize) {
        let own = self
            .exchanges
            .iter()
            .filter(|(a, b, _)| [a, b].contains(&&i));
        let own: Vec<MessageId> = own.map(|(_, _, id)| *id).collect();
        if !own.is_empty() {
            let chosen = self.below(own.len());
            self.asks_for_erasure(i, own[chosen]);
        }
    }

    fn asks_for_erasure(&mut self, i: usize, conversation: MessageId) {
        let ask = Ask::EraseContent {
            conversation,
            reason: "It is no longer needed.".to_owned(),
        };
        let id = MessageId::from_bytes([0; 16]);
        self.ask(i, Role::Releaser, Action::EraseContent, ask, id);
    }

    /// Messages whose content was erased, over all offices.
    pub fn erased(&self) -> usize {
        let changes = |office: &Office| office.changes().expect("this version wrote them");
        let erased = |change: &Change| match change {
            Change::Sent(message) | Change::Received(message, _) => message.erased.is_some(),
            Change::ReceiptKept(_) | Change::Other(_) => false,
        };
        let all = self.offices.iter().flat_map(changes);
        all.filter(|change| erased(change)).count()
    }

    /// What is erased is on record once, and whoever sent it has the receipt.
    fn check_erased(&self) -> Result<(), String> {
        for (i, office) in self.offices.iter().enumerate() {
            let mut told: BTreeMap<u64, u32> = BTreeMap::new();
            let (mut erased, mut kept, mut ordered) = (Vec::new(), Vec::new(), BTreeMap::new());
            let changes = office.changes()?;
            for (change, index) in changes.iter().zip(0..) {
                match &**change {
                    Change::Other(Other::Erased { of, .. }) => *told.entry(*of).or_default() += 1,
                    Change::Sent(message) | Change::Received(message, _)
                        if message.erased.is_some() =>
                    {
                        erased.push((index, message));
                    }
                    Change::Sent(message) | Change::Received(message, _) => {
                        kept.push((index, message.header.conversation));
                    }
                    Change::Other(Other::ErasureOrdered {
                        conversation,
                        message: None,
                        ..
                    }) => {
                        ordered.insert(*conversation, index);
                    }
                    _ => (),
                }
            }
            let still = |(index, of): &&(u64, MessageId)| {
                ordered.get(of).is_some_and(|ordered| index < ordered) && !self.is_owed(i, *of)
            };
            if let Some((index, _)) = kept.iter().find(still) {
                return Err(format!(
                    "{i} still has entry {index}, which was to be erased"
                ));
            }
            if told.len() != erased.len() || told.values().any(|times| *times != 1) {
                return Err(format!(
                    "office {i} erased {} and told {told:?}",
                    erased.len()
                ));
            }
            for (_, message) in erased {
                let sender = self.office_of(message.sender.member);
                let key = message_key(office.node.member, message.header.id);
                let known = self.row::<bool>(sender, ERASED_AT, &key);
                if sender != i && known.is_none() {
                    return Err(format!("nobody told {sender} that {i} erased its message"));
                }
            }
        }
        Ok(())
    }

    /// Whether something is owed in an exchange at an office, so that its content stays.
    fn is_owed(&self, i: usize, exchange: MessageId) -> bool {
        let open =
            |row: &LetterRow| row.conversation.unwrap_or(row.id) == exchange && row.is_open();
        let row = self.exchange(i, exchange);
        self.rows::<LetterRow>(i, LETTER).iter().any(open)
            || row.is_some_and(|row| row.exchange.state().is_open() || !duties(&row).is_empty())
    }

    /// What still waits in all outboxes.
    pub fn waiting(&self) -> usize {
        let count = |office: &Office| {
            office.core.as_ref().map_or(0, |core| {
                let rows = core.rows::<OutboxRow>(OUTBOX, 100_000);
                rows.map_or(0, |rows| rows.len())
            })
        };
        self.offices.iter().map(count).sum()
    }

    /// What waits, by office and place in its outbox, with what the entries hold.
    pub fn what_waits(&self) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        for (i, office) in self.offices.iter().enumerate() {
            let rows = office.core.as_ref().map(|core| core.rows(OUTBOX, 100));
            for (key, row) in rows.and_then(Result::ok).unwrap_or_default() {
                let row: OutboxRow = row;
                let place = outbox_place(&key);
                let read = |(_, entry)| office.log.read(entry).ok();
                let record = place.and_then(read);
                let change = record.and_then(|record| read_change(&record.content).ok());
                all.push((i, format!("{place:?} {row:?} {change:?}")));
            }
        }
        all
    }

    fn message(&self, i: usize, sender: MemberId, id: MessageId) -> Option<MessageRow> {
        let core = self.offices[i].core.as_ref()?;
        core.row(MESSAGE, &message_key(sender, id)).ok()?
    }

    pub fn exchange(&self, i: usize, id: MessageId) -> Option<ExchangeRow> {
        let core = self.offices[i].core.as_ref()?;
        core.row(EXCHANGE, &id.to_bytes()).ok()?
    }
}

/// The clock of an exchange, without the words that may be erased on one side.
fn clock(row: &ExchangeRow) -> Option<Clock> {
    let mut clock = row.exchange.clock()?;
    if let Some(derogation) = &mut clock.derogation {
        derogation.reason.clear();
    }
    Some(clock)
}

/// The ids under which rows stand, in their order.
fn ids_of(rows: Vec<Pair>) -> Vec<MessageId> {
    let id = |key: &[u8]| key.first_chunk().map(|id| MessageId::from_bytes(*id));
    rows.iter().filter_map(|(key, _)| id(key)).collect()
}

/// Since when the other side has what was said in an exchange, as far as that is known here.
fn events_heard(row: &ExchangeRow) -> Vec<(MessageId, Timestamp)> {
    let exchange = serde_json::to_value(&row.exchange).expect("it is plain text");
    let steps = exchange["steps"].as_array().expect("a list of events");
    let heard = |step: &serde_json::Value| {
        let read = |name: &str| step[name].as_str();
        Some((read("id")?.parse().ok()?, read("delivered")?.parse().ok()?))
    };
    steps.iter().filter_map(heard).collect()
}
