//! One witness and one log, before hostile peers: what is cosigned, what is challenged, and what is
//! proved and kept.

use liaison::app::core::Outcome;
use liaison::app::rows::{LOG_ALARM, LOG_WITNESSED, RECEIPT_HEAD, alarm_key, origin_key};
use liaison::app::{
    Action, AlarmRow, Ask, FromPeer, Input, LogFault, LogWitnessedRow, Reply, Say, Ticket,
    WitnessAsk, WitnessReply, WitnessReport,
};
use liaison::audit::{
    Checkpoint, Cosignature, CosignedCheckpoint, EventCode, Evidence, Origin, Prefix, Receipt,
    SignedCheckpoint, Statement, Tree,
};
use liaison::base::{Digest, MessageId, Role, merkle};
use liaison::store::Log as _;

use crate::office::{Office, node, nothing_signed, proven, receipts_of, reply_to};

/// TR's log: the first `common` entries are those of every other history of it.
fn history(number: u64, common: u64, size: u64) -> Tree {
    let mut tree = Tree::new();
    tree.extend((0..size).map(|index| {
        let which = if index < common { 0 } else { number };
        merkle::leaf_hash(&[index, which].map(u64::to_be_bytes).concat())
    }));
    tree
}

fn of_tr() -> Origin {
    Origin::first(node("TR"))
}

fn signed(tree: &Tree, size: u64) -> SignedCheckpoint {
    signed_of(of_tr(), size, tree.root_at(size).expect("it has them"))
}

fn signed_of(origin: Origin, size: u64, root: Digest) -> SignedCheckpoint {
    SignedCheckpoint {
        checkpoint: Checkpoint { origin, size, root },
        signature: nothing_signed(),
    }
}

fn prefix(tree: &Tree, size: u64, of: u64) -> Prefix {
    if size == 0 {
        return Prefix::empty();
    }
    Prefix {
        size,
        root: tree.root_at(size).expect("it has them"),
        path: tree.consistency(size, of).expect("it has them"),
    }
}

fn add(tree: &Tree, from: u64, size: u64) -> FromPeer {
    FromPeer::Witness(Say::AddCheckpoint {
        signed: Box::new(signed(tree, size)),
        prefixes: vec![prefix(tree, from, size)],
        cosign: true,
    })
}

fn shows(tree: &Tree, sizes: &[u64], of: u64) -> FromPeer {
    FromPeer::Witness(Say::AddCheckpoint {
        signed: Box::new(signed(tree, of)),
        prefixes: sizes.iter().map(|size| prefix(tree, *size, of)).collect(),
        cosign: false,
    })
}

fn heads(heads: &[SignedCheckpoint]) -> FromPeer {
    let head = |signed: &SignedCheckpoint| CosignedCheckpoint {
        signed: signed.clone(),
        cosignatures: Vec::new(),
    };
    FromPeer::Witness(Say::Heads(heads.iter().map(head).collect()))
}

/// What is said to a peer about logs.
fn said(outcomes: &[Outcome], to: &str) -> Vec<Say> {
    let of = |outcome: &Outcome| match outcome {
        Outcome::Witness { peer, say } if *peer == node(to) => Some(say.clone()),
        _ => None,
    };
    outcomes.iter().filter_map(of).collect()
}

fn cosigned(outcomes: &[Outcome]) -> Vec<u64> {
    let of = |say: Say| match say {
        Say::Cosigned { checkpoint, .. } => Some(checkpoint.size),
        Say::AddCheckpoint { .. } | Say::Challenge { .. } | Say::Heads(_) => None,
    };
    said(outcomes, "TR").into_iter().filter_map(of).collect()
}

/// How far the logs of a member are known to have signed.
fn signed_up_to(office: &mut Office, of: &str) -> Vec<(Origin, u64)> {
    let ticket = Ticket(78);
    let outcomes = office.handle(vec![Input::SignedUpTo(ticket, node(of))]);
    match reply_to(ticket, outcomes) {
        Ok(Reply::SignedUpTo(signed)) => signed,
        other => panic!("{other:?}"),
    }
}

impl Office {
    fn ticks(&mut self, ticks: u64) -> Vec<Outcome> {
        (0..ticks)
            .flat_map(|_| self.handle(vec![Input::Tick]))
            .collect()
    }

    fn alarm(&self, origin: Origin, fault: LogFault) -> Option<AlarmRow> {
        let key = alarm_key(origin, fault as u8);
        self.core.row(LOG_ALARM, &key).expect("an index in memory")
    }

    fn events_since(&self, size: u64) -> Vec<EventCode> {
        let entry = |index| self.log.read(index).expect("it was appended").entry.event;
        (size..self.log.size()).map(entry).collect()
    }

    fn report(&mut self) -> WitnessReport {
        let ask = Ask::Witness(WitnessAsk::Report);
        match self.ask(Role::Auditor, Action::ReadHealth, ask) {
            Ok(Reply::Witness(reply)) => match *reply {
                WitnessReply::Report(report) => *report,
                WitnessReply::Evidence(_) => panic!("it is a report"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn evidence(&mut self) -> Evidence {
        let ask = Ask::Witness(WitnessAsk::Evidence { origin: of_tr() });
        match self.ask(Role::Auditor, Action::ReadEvidence, ask) {
            Ok(Reply::Witness(reply)) => match *reply {
                WitnessReply::Evidence(evidence) => *evidence,
                WitnessReply::Report(_) => panic!("it is evidence"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// The proof that TR's log has two histories is on record, and convinces others.
    #[track_caller]
    fn has_convicted_tr(&mut self) {
        let alarm = self.alarm(of_tr(), LogFault::TwoHistories);
        assert!(alarm.expect("there is an alarm").evidence);
        let evidence = self.evidence();
        let shown = Prefix {
            size: evidence.first.checkpoint.size,
            root: evidence.root,
            path: evidence.path.clone(),
        };
        let again = Evidence::of(&evidence.first, &evidence.second, &shown);
        assert_eq!(again, Some(evidence));
        // Nothing of it is cosigned any more.
        let tree = history(0, 4, 40);
        assert!(cosigned(&self.peer("TR", add(&tree, 0, 40))).is_empty());
        assert!(cosigned(&self.peer("TR", add(&tree, 6, 40))).is_empty());
    }

    fn cosigns_tr(&mut self, tree: &Tree, from: u64, size: u64) {
        let outcomes = self.peer("TR", add(tree, from, size));
        assert_eq!(cosigned(&outcomes), [size]);
    }
}

#[test]
fn a_checkpoint_that_continues_what_was_cosigned_is_recorded_and_cosigned() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    let size = office.log.size();
    office.cosigns_tr(&tree, 0, 6);
    office.cosigns_tr(&tree, 6, 9);
    assert_eq!(office.events_since(size), [EventCode::Witnessed; 2]);
    let record = office.log.read(size + 1).expect("it is on record");
    let expected = Statement::Witnessed {
        origin: of_tr(),
        size: 9,
        root: tree.root(),
    };
    assert_eq!(record.opening.statement, expected);
    // The same again is cosigned again, and is on record already.
    office.cosigns_tr(&tree, 9, 9);
    assert_eq!(office.log.size(), size + 2);
    assert!(office.report().alarms.is_empty());
}

#[test]
fn how_far_a_log_signed_stays_known_where_nothing_but_its_conviction_is_on_record() {
    let mut office = Office::new();
    let (tree, other) = (history(0, 4, 20), history(1, 4, 20));
    assert_eq!(signed_up_to(&mut office, "TR"), []);
    office.cosigns_tr(&tree, 0, 6);
    assert_eq!(signed_up_to(&mut office, "TR"), [(of_tr(), 6)]);
    office.peer("AT", heads(&[signed(&tree, 20), signed(&other, 20)]));
    assert_eq!(signed_up_to(&mut office, "TR"), [(of_tr(), 20)]);
    office.restart();
    assert_eq!(signed_up_to(&mut office, "TR"), [(of_tr(), 20)]);
    assert_eq!(signed_up_to(&mut office, "AT"), []);
}

#[test]
fn whoever_begins_elsewhere_is_told_what_was_cosigned_last() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    let outcomes = office.peer("TR", add(&tree, 3, 6));
    let nothing = Say::Challenge {
        signed: None,
        sizes: Vec::new(),
    };
    assert_eq!(said(&outcomes, "TR"), [nothing]);
    office.cosigns_tr(&tree, 0, 6);
    for from in [0, 5, 9] {
        let outcomes = office.peer("TR", add(&tree, from, 9));
        let six = Say::Challenge {
            signed: Some(Box::new(signed(&tree, 6))),
            sizes: Vec::new(),
        };
        assert_eq!(said(&outcomes, "TR"), [six], "from {from}");
    }
    assert!(office.report().alarms.is_empty());
}

#[test]
fn nobody_has_a_log_cosigned_that_is_not_its_own() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    let outcomes = office.peer("AT", add(&tree, 0, 6));
    assert!(said(&outcomes, "AT").is_empty() && said(&outcomes, "TR").is_empty());
}

#[test]
fn another_history_of_the_same_size_is_proof_and_ends_the_cosigning() {
    let mut office = Office::new();
    let (one, other) = (history(0, 4, 6), history(1, 4, 6));
    office.cosigns_tr(&one, 0, 6);
    let size = office.log.size();
    assert!(cosigned(&office.peer("TR", add(&other, 6, 6))).is_empty());
    assert_eq!(office.events_since(size), [EventCode::FraudProved]);
    office.has_convicted_tr();
}

#[test]
fn a_log_that_was_rewritten_with_its_own_key_is_convicted_by_its_own_proof() {
    let mut office = Office::new();
    let (one, other) = (history(0, 0, 6), history(1, 0, 9));
    office.cosigns_tr(&one, 0, 6);
    assert!(cosigned(&office.peer("TR", add(&other, 6, 9))).is_empty());
    office.has_convicted_tr();
}

#[test]
fn a_log_that_was_put_back_from_a_copy_must_explain_itself_in_time() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    office.cosigns_tr(&tree, 0, 9);
    let copy = history(1, 7, 8);
    let outcomes = office.peer("TR", add(&copy, 7, 8));
    assert!(matches!(
        &said(&outcomes, "TR")[..],
        [Say::Challenge { signed: Some(known), sizes }]
            if known.checkpoint.size == 9 && sizes.is_empty()
    ));
    let outcomes = office.ticks(1);
    let asked = Say::Challenge {
        signed: Some(Box::new(signed(&tree, 9))),
        sizes: vec![8],
    };
    assert!(said(&outcomes, "TR").contains(&asked));
    office.ticks(59);
    assert_eq!(office.alarm(of_tr(), LogFault::Unanswered), None);
    office.ticks(1);
    let alarm = office
        .alarm(of_tr(), LogFault::Unanswered)
        .expect("its time is over");
    assert_eq!((alarm.first, alarm.second, alarm.evidence), (8, 9, false));
    // Once it has grown beyond what it had shown, it gives the proof itself.
    let grown = history(1, 7, 12);
    office.peer("TR", add(&grown, 9, 12));
    office.has_convicted_tr();
}

#[test]
fn a_smaller_checkpoint_that_the_log_explains_is_no_alarm() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    office.cosigns_tr(&tree, 0, 9);
    office.peer("TR", add(&tree, 7, 8));
    office.ticks(1);
    office.peer("TR", shows(&tree, &[8], 9));
    office.ticks(200);
    assert!(office.report().alarms.is_empty());
}

#[test]
fn a_proof_that_does_not_hold_is_an_alarm() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    office.cosigns_tr(&tree, 0, 6);
    let mut bad = prefix(&tree, 6, 9);
    bad.path[0] = Digest::of(b"made up");
    let say = Say::AddCheckpoint {
        signed: Box::new(signed(&tree, 9)),
        prefixes: vec![bad],
        cosign: true,
    };
    let outcomes = office.peer("TR", FromPeer::Witness(say));
    assert!(cosigned(&outcomes).is_empty());
    assert!(office.alarm(of_tr(), LogFault::Unproved).is_some());
    assert_eq!(office.alarm(of_tr(), LogFault::TwoHistories), None);
}

#[test]
fn what_one_peer_was_shown_and_another_was_not_is_found_by_gossip() {
    // Of one size.
    let mut office = Office::new();
    let (one, other) = (history(0, 4, 9), history(1, 4, 9));
    office.cosigns_tr(&one, 0, 6);
    office.peer("AT", heads(&[signed(&other, 6)]));
    office.has_convicted_tr();
    // Of unequal sizes: the log is asked, and its answer convicts it.
    for size in [5, 9] {
        let mut office = Office::new();
        office.cosigns_tr(&one, 0, 6);
        office.peer("AT", heads(&[signed(&other, size)]));
        let (low, high) = (size.min(6), size.max(6));
        let shown = if size == 9 { &other } else { &one };
        let asked = Say::Challenge {
            signed: Some(Box::new(signed(shown, high))),
            sizes: vec![low],
        };
        assert!(said(&office.ticks(1), "TR").contains(&asked));
        office.peer("TR", shows(shown, &[low], high));
        office.has_convicted_tr();
    }
    // Or it is silent.
    let mut office = Office::new();
    office.cosigns_tr(&one, 0, 6);
    office.peer("AT", heads(&[signed(&other, 9)]));
    office.ticks(62);
    assert!(office.alarm(of_tr(), LogFault::Unanswered).is_some());
}

#[test]
fn gossip_of_an_honest_log_costs_it_one_proof_and_nothing_else() {
    let (mut office, tree) = (Office::new(), history(0, 4, 9));
    office.cosigns_tr(&tree, 0, 6);
    office.peer("AT", heads(&[signed(&tree, 9), signed(&tree, 6)]));
    office.ticks(1);
    office.peer("TR", shows(&tree, &[6], 9));
    office.peer("RS", heads(&[signed(&tree, 9)]));
    let outcomes = office.ticks(100);
    let asked_again = said(&outcomes, "TR")
        .into_iter()
        .any(|say| matches!(say, Say::Challenge { .. }));
    assert!(!asked_again);
    assert!(office.report().alarms.is_empty());
}

#[test]
fn an_alarm_stands_until_a_person_takes_note_of_it_and_the_proof_stays() {
    let mut office = Office::new();
    let (one, other) = (history(0, 4, 6), history(1, 4, 6));
    office.cosigns_tr(&one, 0, 6);
    office.peer("AT", heads(&[signed(&other, 6)]));
    office.peer("RS", heads(&[signed(&other, 6)]));
    let report = office.report();
    assert_eq!(report.alarms.len(), 1);
    assert_eq!(report.alarms[0].row.acknowledged, None);
    let acknowledge = |note: &str| {
        Ask::Witness(WitnessAsk::Acknowledge {
            origin: of_tr(),
            fault: LogFault::TwoHistories,
            note: note.into(),
        })
    };
    let action = Action::AcknowledgeAlarm;
    let nothing_said = office.ask(Role::Auditor, action, acknowledge(" "));
    assert_eq!(
        nothing_said.expect_err("a note is needed").code(),
        "invalid"
    );
    office
        .ask(Role::Auditor, action, acknowledge("called Ankara"))
        .expect("there is one");
    let report = office.report();
    let (_, note) = report.alarms[0].row.acknowledged.clone().expect("noted");
    assert_eq!(note, "called Ankara");
    // It is not raised again, and the proof is still there.
    office.peer("RS", heads(&[signed(&other, 6)]));
    assert_eq!(office.report().alarms, report.alarms);
    office.has_convicted_tr();
}

#[test]
fn a_peer_that_holds_more_of_this_log_than_there_is_makes_it_alarm() {
    let mut office = Office::new();
    let own = office.log.origin();
    let lost = signed_of(own, office.log.size() + 5, Digest::of(b"lost"));
    office.peer("AT", heads(&[lost]));
    assert!(office.alarm(own, LogFault::Behind).is_some());
    let other = signed_of(own, 1, Digest::of(b"another first entry"));
    office.peer("AT", heads(&[other]));
    let alarm = office
        .alarm(own, LogFault::TwoHistories)
        .expect("its own proof");
    assert!(alarm.evidence);
}

impl Office {
    /// A witness cosigns what this log asked for.
    fn is_cosigned_by(&mut self, witness: &str, checkpoint: Checkpoint) -> Vec<Outcome> {
        let cosignature = Cosignature {
            witness: Origin::first(node(witness)),
            time: 1,
            signature: nothing_signed(),
        };
        let say = Say::Cosigned {
            checkpoint,
            cosignature: Box::new(cosignature),
        };
        self.peer(witness, FromPeer::Witness(say))
    }
}

/// The checkpoint that a witness is asked to cosign.
fn asked(outcomes: &[Outcome], witness: &str) -> Option<Checkpoint> {
    said(outcomes, witness)
        .into_iter()
        .find_map(|say| match say {
            Say::AddCheckpoint {
                signed,
                cosign: true,
                ..
            } => Some(signed.checkpoint),
            Say::AddCheckpoint { .. }
            | Say::Cosigned { .. }
            | Say::Challenge { .. }
            | Say::Heads(_) => None,
        })
}

#[test]
fn a_log_is_witnessed_when_enough_have_cosigned_one_checkpoint() {
    let mut office = Office::new();
    let outcomes = office.ticks(1);
    let checkpoint = asked(&outcomes, "TR").expect("all are asked");
    for witness in ["AT", "RS"] {
        assert_eq!(asked(&outcomes, witness), Some(checkpoint));
    }
    let own = office.log.origin();
    let witnessed = |office: &Office| {
        let row = office
            .core
            .row::<LogWitnessedRow>(LOG_WITNESSED, &origin_key(own));
        row.expect("an index in memory")
            .map(|row| (row.size, row.by.len()))
    };
    let kept = |outcomes: &[Outcome]| {
        let kept = |outcome: &&Outcome| matches!(outcome, Outcome::KeepCosigned(_));
        outcomes.iter().filter(kept).count()
    };
    assert_eq!(kept(&office.is_cosigned_by("TR", checkpoint)), 1);
    let outcomes = office.is_cosigned_by("TR", checkpoint);
    assert_eq!(kept(&outcomes), 0, "it is kept already");
    assert_eq!(witnessed(&office), None, "the same witness twice");
    let outcomes = office.is_cosigned_by("AT", checkpoint);
    assert_eq!(witnessed(&office), Some((checkpoint.size, 2)));
    let kept = outcomes.iter().any(
        |outcome| matches!(outcome, Outcome::KeepCosigned(kept) if kept.cosignatures.len() == 2),
    );
    assert!(kept, "the cosignatures are kept beside the log");
    for peer in ["TR", "AT", "RS"] {
        let told = said(&outcomes, peer);
        let heads = told.iter().find_map(|say| match say {
            Say::Heads(heads) => Some(heads[0].cosignatures.len()),
            Say::AddCheckpoint { .. } | Say::Cosigned { .. } | Say::Challenge { .. } => None,
        });
        assert_eq!(heads, Some(2), "{peer} is told");
    }
    // A checkpoint that nobody asked about does not count.
    let other = Checkpoint {
        root: Digest::of(b"other"),
        ..checkpoint
    };
    office.is_cosigned_by("RS", other);
    assert_eq!(witnessed(&office), Some((checkpoint.size, 2)));
}

#[test]
fn witnesses_are_asked_at_most_once_in_an_interval_and_never_for_echoes_of_witnessing() {
    let mut office = Office::new();
    let first = asked(&office.ticks(1), "TR").expect("it began with an entry");
    for witness in ["TR", "AT", "RS"] {
        office.is_cosigned_by(witness, first);
    }
    // Cosigning others is recorded, and is no reason to be cosigned.
    let tree = history(0, 4, 30);
    for size in 1..30 {
        office.cosigns_tr(&tree, size - 1, size);
        let outcomes = office.ticks(10);
        assert_eq!(asked(&outcomes, "TR"), None);
    }
    // What a person does is shown once the interval is over.
    let input = office.asking_tr();
    office.handle(vec![input]);
    let second = asked(&office.ticks(1), "TR").expect("there is something new");
    for witness in ["TR", "AT", "RS"] {
        office.is_cosigned_by(witness, second);
    }
    let input = office.asking_tr();
    office.handle(vec![input]);
    assert_eq!(asked(&office.ticks(59), "TR"), None);
    let outcomes = office.ticks(1);
    assert!(asked(&outcomes, "TR").is_some());
    // Whoever does not answer is asked again after as long.
    office.is_cosigned_by("TR", asked(&outcomes, "TR").expect("it was"));
    assert_eq!(asked(&office.ticks(59), "AT"), None);
    let outcomes = office.ticks(1);
    assert!(asked(&outcomes, "AT").is_some() && asked(&outcomes, "TR").is_none());
}

#[test]
fn a_silent_log_records_heartbeats_and_a_silent_peer_shows() {
    let mut office = Office::new();
    let size = office.log.size();
    office.ticks(299);
    assert_eq!(office.events_since(size), []);
    let outcomes = office.ticks(2);
    assert_eq!(office.events_since(size), [EventCode::Heartbeat]);
    let told = said(&outcomes, "TR");
    assert!(told.iter().any(|say| matches!(
        say,
        Say::AddCheckpoint { signed, cosign: false, .. } if signed.checkpoint.size == size + 1
    )));
    office.ticks(598);
    let silent = |office: &mut Office| {
        let logs = office.report().logs.into_iter();
        let silent = logs.filter(|log| log.silent.is_some());
        silent.map(|log| log.origin.node).collect::<Vec<_>>()
    };
    assert_eq!(silent(&mut office), []);
    office.peer(
        "AT",
        heads(&[signed_of(Origin::first(node("AT")), 3, Digest::of(b"at"))]),
    );
    office.ticks(2);
    assert_eq!(silent(&mut office), [node("RS"), node("TR")]);
}

#[test]
fn a_receipt_is_witnessed_once_its_log_is_shown_to_go_on_to_a_cosigned_checkpoint() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let row = office.message_row(exchange);
    let statement = Statement::Received {
        sender: node("MK"),
        id: exchange,
        leaf: row.leaf,
    };
    let receipt = receipts_of("TR", vec![statement], office.now).remove(0);
    office.peer("TR", proven(receipt.clone()));
    let witnessed = |office: &mut Office| {
        let ask = Ask::ReadExchange { exchange };
        match office.ask(Role::Officer, Action::ReadExchange, ask) {
            Ok(Reply::Thread(row, items)) => (row.witnessed, items.last().expect("it").witnessed),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(witnessed(&mut office), (false, false));

    let (tree, head) = continued(&receipt);
    let by = ["AT", "RS"].map(|witness| Cosignature {
        witness: Origin::first(node(witness)),
        time: 1,
        signature: nothing_signed(),
    });
    let say_heads = |by: &[Cosignature]| {
        FromPeer::Witness(Say::Heads(vec![CosignedCheckpoint {
            signed: head.clone(),
            cosignatures: by.to_vec(),
        }]))
    };
    office.cosigns_tr(&tree, 0, 4);
    assert_eq!(said(&office.peer("TR", say_heads(&by[..1])), "TR"), []);
    let outcomes = office.peer("TR", say_heads(&by));
    let size = receipt.checkpoint.checkpoint.size;
    let wanted = Say::Challenge {
        signed: Some(Box::new(head)),
        sizes: vec![size],
    };
    assert_eq!(said(&outcomes, "TR"), [wanted]);
    assert_eq!(witnessed(&mut office), (false, false));
    office.peer("TR", shows(&tree, &[size], 4));
    assert_eq!(witnessed(&mut office), (true, true));
}

#[test]
fn a_receipt_under_another_history_than_the_cosigned_one_convicts_the_log() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let row = office.message_row(exchange);
    let statement = Statement::Received {
        sender: node("MK"),
        id: exchange,
        leaf: row.leaf,
    };
    let receipt = receipts_of("TR", vec![statement], office.now).remove(0);
    office.peer("TR", proven(receipt.clone()));
    let tree = history(0, 4, 9);
    office.cosigns_tr(&tree, 0, 9);
    let size = receipt.checkpoint.checkpoint.size;
    office.peer("TR", shows(&tree, &[size], 9));
    office.has_convicted_tr();
}

/// MK asks TR; the exchange, and a receipt of that by a log of TR that has no other entry.
fn asked_and_receipted(office: &mut Office) -> (MessageId, Receipt) {
    let id = office.asked_tr();
    let leaf = office.message_row(id).leaf;
    let sender = node("MK");
    let statement = Statement::Received { sender, id, leaf };
    let receipt = receipts_of("TR", vec![statement], office.now).remove(0);
    (id, receipt)
}

#[test]
fn receipts_under_two_checkpoints_of_one_size_convict_the_log() {
    let mut office = Office::new();
    let (_, one) = asked_and_receipted(&mut office);
    let (_, other) = asked_and_receipted(&mut office);
    office.peer("TR", proven(one.clone()));
    assert_eq!(office.alarm(of_tr(), LogFault::TwoHistories), None);
    office.peer("TR", proven(other));
    office.has_convicted_tr();
}

#[test]
fn receipts_under_two_checkpoints_of_one_size_convict_the_log_when_they_come_together() {
    let mut office = Office::new();
    let (_, one) = asked_and_receipted(&mut office);
    let (_, other) = asked_and_receipted(&mut office);
    let inputs = [one, other].map(|receipt| Input::Peer(node("TR"), proven(receipt)));
    office.handle(inputs.to_vec());
    office.has_convicted_tr();
}

#[test]
fn a_receipt_under_another_checkpoint_than_the_cosigned_one_convicts_the_log() {
    let mut office = Office::new();
    let (_, receipt) = asked_and_receipted(&mut office);
    office.cosigns_tr(&history(0, 1, 1), 0, 1);
    office.peer("TR", proven(receipt));
    office.has_convicted_tr();
}

#[test]
fn what_witnesses_a_receipt_does_not_witness_another_under_a_checkpoint_of_the_same_size() {
    let mut office = Office::new();
    let (exchange, receipt) = asked_and_receipted(&mut office);
    let (other_exchange, other) = asked_and_receipted(&mut office);
    office.peer("TR", proven(receipt.clone()));
    let (tree, head) = continued(&receipt);
    office.cosigns_tr(&tree, 0, 4);
    office.peer("TR", cosigned_head(head, 1));
    office.peer("TR", proven(other));
    office.peer("TR", shows(&tree, &[1], 4));
    let witnessed = |office: &mut Office, exchange| {
        let ask = Ask::ReadExchange { exchange };
        match office.ask(Role::Officer, Action::ReadExchange, ask) {
            Ok(Reply::Thread(row, items)) => (row.witnessed, items.last().expect("it").witnessed),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(witnessed(&mut office, exchange), (true, true));
    assert_eq!(witnessed(&mut office, other_exchange), (false, false));
    office.rebuilt();
    assert_eq!(witnessed(&mut office, exchange), (true, true));
    assert_eq!(witnessed(&mut office, other_exchange), (false, false));
}

/// The log of a receipt's one group, and as it went on to four entries.
fn continued(receipt: &Receipt) -> (Tree, SignedCheckpoint) {
    let mut tree = Tree::new();
    tree.append(merkle::leaf_hash(&receipt.entry));
    assert_eq!(tree.root(), receipt.checkpoint.checkpoint.root);
    tree.extend((1..4_u64).map(|index| merkle::leaf_hash(&index.to_be_bytes())));
    let head = signed(&tree, 4);
    (tree, head)
}

/// A head with the cosignatures of AT and RS, each so many times.
fn cosigned_head(signed: SignedCheckpoint, times: usize) -> FromPeer {
    let of = ["AT", "RS"].map(|witness| Cosignature {
        witness: Origin::first(node(witness)),
        time: 1,
        signature: nothing_signed(),
    });
    let cosignatures = of.iter().cycle().take(2 * times).cloned().collect();
    FromPeer::Witness(Say::Heads(vec![CosignedCheckpoint {
        signed,
        cosignatures,
    }]))
}

/// The root of so many entries that are all the same.
fn same_root(size: u64) -> Digest {
    if size == 1 {
        return merkle::leaf_hash(b"the same");
    }
    let half = half(size);
    let left = same_root(half);
    let right = if size == 2 * half {
        left
    } else {
        same_root(size - half)
    };
    merkle::node_hash(&left, &right)
}

/// How many entries lie to the left of a root.
fn half(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The proof that so many of them continue fewer (RFC 6962 § 2.1.2); `whole` says whether whoever
/// verifies it has the root of the fewer.
fn same_path(old: u64, size: u64, whole: bool) -> Vec<Digest> {
    if old == size {
        let root = (!whole).then(|| same_root(old));
        return root.into_iter().collect();
    }
    let half = half(size);
    let (mut path, beside) = if old <= half {
        (same_path(old, half, whole), same_root(size - half))
    } else {
        (same_path(old - half, size - half, false), same_root(half))
    };
    path.push(beside);
    path
}

#[test]
fn however_long_a_peers_proofs_and_cosignatures_are_the_log_takes_what_they_witness() {
    let mut office = Office::new();
    let checkpoint = |size| Checkpoint {
        origin: of_tr(),
        size,
        root: same_root(size),
    };
    let sizes: Vec<u64> = (1..=256).map(|n| 2 * n + 1).collect();
    for size in &sizes {
        let (_, mut receipt) = asked_and_receipted(&mut office);
        receipt.checkpoint.checkpoint = checkpoint(*size);
        office.peer("TR", proven(receipt));
    }
    let last = 1 << 62;
    let head = SignedCheckpoint {
        checkpoint: checkpoint(last),
        signature: nothing_signed(),
    };
    office.peer("TR", cosigned_head(head.clone(), 200));
    let shown = |size: &u64| Prefix {
        size: *size,
        root: same_root(*size),
        path: same_path(*size, last, true),
    };
    let size = office.log.size();
    office.peer(
        "TR",
        FromPeer::Witness(Say::AddCheckpoint {
            signed: Box::new(head),
            prefixes: sizes.iter().map(shown).collect(),
            cosign: false,
        }),
    );
    let events = office.events_since(size);
    assert!(!events.is_empty());
    assert_eq!(events, vec![EventCode::ReceiptsWitnessed; events.len()]);
    let standing = office.standing();
    let waits = standing.keys().any(|(table, _)| *table == RECEIPT_HEAD.0);
    assert!(!waits, "all of them are witnessed");
}
