//! What a peer gives back to a node that was restored from a backup, before hostile peers: nothing but
//! what the node itself had sent to that peer, in its order, and once.

use liaison::app::change::{Change, Message, Other};
use liaison::app::core::{Core, Outcome, catch_up};
use liaison::app::rows::{LOG_ALARM, OUTBOX, OutboxRow, alarm_key, stored_under};
use liaison::app::{
    Action, AlarmRow, Ask, Attached, CarryAsk, CarryReply, FromPeer, Input, LogFault, Reply,
    RestoredLog, Say, Ticket,
};
use liaison::audit::{Checkpoint, EventCode, Origin, Prefix, SignedCheckpoint, Statement, Tree};
use liaison::base::{Digest, MemberId, MessageId, NodeId, Role, merkle};
use liaison::domain::alert::{Acknowledgement, AlertCommand};
use liaison::domain::message::{AttachmentInfo, AttachmentSlot, Body, Joining};
use liaison::domain::retention::ErasureReason;
use liaison::domain::rfi::Withdrawal;
use liaison::exchange::Refusal as R;
use liaison::store::{Fault, Log as _, MemoryIndex, MemoryLog};

use crate::alerts::the_alert;
use crate::alerts_escalate::updated_to;
use crate::alerts_lost::{of_tr, says, sights};
use crate::alerts_reach::{alert as the_example, delivered, published, refused};
use crate::office::{
    HOUR, NoSigner, Office, SECOND, alert_body, member, node, nothing_signed, receipt_of,
    receipted, reply_to, request, request_body, state_of, taken, with_file, with_header,
};
use crate::passing;

/// The office after its node was restored from a backup of so many entries.
fn restored(office: &mut Office, size: u64) {
    let backup = office.log.restored(size);
    restored_from(office, backup);
}

/// The office after its node was restored from this backup.
fn restored_from(office: &mut Office, backup: MemoryLog) {
    let size = backup.size();
    let last = backup.read(size - 1).expect("it is in the backup");
    let before = office.log.origin();
    office.log = backup;
    office.federation.trust.restored.push(RestoredLog {
        before,
        origin: office.log.origin(),
        after: size,
        last: last.entry.time,
    });
    let me = node("MK");
    let mut log = office.log.reopen();
    let epoch = log.take_over().expect("a log in memory");
    let mut index = MemoryIndex::new();
    catch_up(me, &log, &mut index, &mut |_, _| ()).expect("the log can be read");
    office.core = Core::new(me, log, index, NoSigner, epoch, [7; 32]);
    let federation = office.federation.clone();
    office.handle(vec![start(), Input::Federation(federation)]);
    for peer in ["TR", "AT", "RS"] {
        office.peer(peer, FromPeer::Up);
    }
}

fn start() -> Input {
    let version = "restored".to_owned();
    Input::Start { version }
}

/// An office that was restored from before it asked TR, and that request.
fn after_asking() -> (Office, Message) {
    let mut office = Office::new();
    let size = office.log.size();
    let id = office.asked_tr();
    let request = sent(&office, id);
    restored(&mut office, size);
    (office, request)
}

/// The message that the office sent under this id.
pub fn sent(office: &Office, id: MessageId) -> Message {
    let changes = office.changes_since(0).into_iter();
    let found = changes.into_iter().find_map(|change| match change {
        Change::Sent(message) if message.header.id == id => Some(*message),
        _ => None,
    });
    found.expect("it was sent")
}

fn events(office: &Office) -> Vec<EventCode> {
    let event = |index| office.log.read(index).expect("it is there").entry.event;
    (0..office.log.size()).map(event).collect()
}

fn alarm(office: &Office, origin: Origin) -> Option<AlarmRow> {
    let key = alarm_key(origin, LogFault::Restored as u8);
    office
        .core
        .row(LOG_ALARM, &key)
        .expect("an index in memory")
}

fn checkpoint(origin: Origin, size: u64, root: Digest) -> SignedCheckpoint {
    SignedCheckpoint {
        checkpoint: Checkpoint { origin, size, root },
        signature: nothing_signed(),
    }
}

/// A peer gives a message back, and is told that the log holds it again.
fn gives_back(office: &mut Office, peer: &str, message: &Message) {
    let outcomes = office.peer(peer, taken(message));
    let (id, leaf) = (message.header.id, message.leaf());
    assert_eq!(receipted(&outcomes), [Statement::Sent { id, leaf }]);
}

#[test]
fn what_was_sent_comes_back_once_and_says_so_and_goes_to_its_recipients_again() {
    let (mut office, request) = after_asking();
    let id = request.header.id;
    let outcomes = office.peer("TR", taken(&request));
    let leaf = request.leaf();
    let proved = Statement::Sent { id, leaf };
    assert_eq!(receipted(&outcomes), [proved]);
    let again = |outcome: &Outcome| match outcome {
        Outcome::Send { messages, .. } => messages.iter().any(|m| m.leaf() == leaf),
        _ => false,
    };
    assert!(outcomes.iter().any(again));
    assert_eq!(state_of(&mut office, id), "queued");
    let size = office.log.size();
    let outcomes = office.peer("TR", taken(&request));
    assert_eq!(receipted(&outcomes), [proved]);
    assert_eq!(office.log.size(), size);
    let events = events(&office);
    let count = |wanted| events.iter().filter(|event| **event == wanted).count();
    assert_eq!(count(EventCode::LogOpened), 1);
    assert_eq!(count(EventCode::MessageReturned), 1);
    assert_eq!(count(EventCode::RequestSent), 0);
    // It is the same after a restart from the log alone.
    office.rebuilt();
    let Some(Change::Sent(message)) = office
        .changes_since(0)
        .into_iter()
        .find(|change| matches!(change, Change::Sent(_)))
    else {
        panic!("it is in the log");
    };
    assert_eq!(message.returned, Some(node("TR")));
    assert_eq!(state_of(&mut office, id), "queued");
}

#[test]
fn a_restored_log_opens_with_saying_so_even_where_there_was_no_room_for_it_at_first() {
    let mut office = Office::new();
    office.asked_tr();
    let size = office.log.size();
    let backup = office.log.restored(size);
    backup.fail_next(Some(Fault::Full));
    restored_from(&mut office, backup);
    let ask = office.asking_tr();
    office.handle(vec![ask]);
    assert_eq!(office.log.size(), size, "nothing is recorded before that");
    office.handle(vec![Input::Tick]);
    let first = office.log.read(size).expect("it is there");
    assert_eq!(first.entry.event, EventCode::LogOpened);
}

#[test]
fn a_node_that_was_not_restored_takes_nothing_of_its_own_from_others() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let known = sent(&office, id);
    office.refuses("TR", &known, R::NotTheSender);
    let unknown = office.new_id();
    let other = with_header(&known, |header| {
        (header.id, header.conversation) = (unknown, unknown);
    });
    office.refuses("TR", &other, R::NotTheSender);
}

#[test]
fn a_message_is_given_back_by_its_recipients_alone() {
    let (mut office, request) = after_asking();
    office.refuses("AT", &request, R::NotTheSender);
}

#[test]
fn nothing_is_given_back_that_names_another_as_who_acted() {
    let (mut office, request) = after_asking();
    let mut event = request.event.clone();
    event.by.member = member("TR");
    let mut forged = Message::compose(request.header.clone(), event, request.random);
    forged.sender = request.sender;
    office.refuses("TR", &forged, R::NotTheSender);
}

#[test]
fn what_comes_back_keeps_its_order() {
    let (mut office, request) = after_asking();
    let next = office.new_id();
    let later = with_header(&request, |header| {
        header.id = next;
        header.sequence = 1;
        header.previous_own = Some(request.leaf());
    });
    office.refuses("TR", &later, R::UnknownConversation);
    office.peer("TR", taken(&request));
    let too_far = with_header(&later, |header| header.sequence = 2);
    office.refuses("TR", &too_far, R::Gap);
    let another = with_header(&later, |header| header.previous_own = Some(Digest::EMPTY));
    office.refuses("TR", &another, R::BrokenChain);
    let again = with_header(&later, |header| header.sequence = 0);
    office.refuses("TR", &again, R::Replayed);
    let same_id = with_header(&request, |header| header.sequence = 7);
    office.refuses("TR", &same_id, R::ConflictingId);
}

#[test]
fn what_was_sent_before_the_backup_comes_back_as_a_duplicate() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let request = sent(&office, id);
    let size = office.log.size();
    restored(&mut office, size);
    let before = office.log.size();
    let outcomes = office.peer("TR", taken(&request));
    let leaf = request.leaf();
    assert_eq!(receipted(&outcomes), [Statement::Sent { id, leaf }]);
    assert_eq!(office.log.size(), before);
}

/// TR was restored from a backup: its log goes on from its third entry.
fn tr_restored(office: &mut Office) -> Vec<Outcome> {
    let before = Origin::first(node("TR"));
    office.federation.trust.restored.push(RestoredLog {
        before,
        origin: before.next(),
        after: 3,
        last: office.now,
    });
    let federation = Input::Federation(office.federation.clone());
    office.handle(vec![federation, Input::Tick])
}

#[test]
fn a_peer_that_was_restored_gets_again_what_it_had_and_no_more() {
    let mut office = Office::new();
    let id = office.asked_tr();
    let leaf = sent(&office, id).leaf();
    let got = Statement::Received {
        sender: node("MK"),
        id,
        leaf,
    };
    office.peer("TR", receipt_of("TR", got, office.now));
    let theirs = office.first_of("TR", Role::Contact, alert_body());
    office.takes(&theirs);
    assert_eq!(state_of(&mut office, id), "delivered");
    let outcomes = tr_restored(&mut office);
    let mut sent_again: Vec<Digest> = Vec::new();
    for outcome in &outcomes {
        if let Outcome::Send { peer, messages, .. } = outcome {
            assert_eq!(*peer, node("TR"));
            sent_again.extend(messages.iter().map(|message| message.leaf()));
        }
    }
    assert_eq!(sent_again, [leaf, theirs.leaf()]);
    assert_eq!(state_of(&mut office, id), "delivered");
    let told = alarm(&office, Origin::first(node("TR"))).expect("people are told");
    assert_eq!((told.first, told.from), (3, node("TR")));
    // Once is enough, and what it says of them ends it.
    let size = office.log.size();
    office.handle(vec![Input::Tick]);
    assert_eq!(office.log.size(), size);
    let back = Statement::Sent {
        id: theirs.header.id,
        leaf: theirs.leaf(),
    };
    let now = office.now;
    office.peer("TR", receipt_of("TR", back, now));
    office.peer("TR", receipt_of("TR", got, now));
    let waiting = office.core.rows::<OutboxRow>(OUTBOX, 9);
    assert_eq!(waiting.expect("an index in memory"), []);
}

#[test]
fn what_was_not_given_back_yet_cannot_be_refused() {
    let mut office = Office::new();
    let mut leaves = Vec::new();
    for _ in 0..300 {
        let came = office.first_of("TR", Role::Contact, alert_body());
        office.takes(&came);
        leaves.push(came.leaf());
    }
    tr_restored(&mut office);
    let given_back = passing::sent_on_a_new_link(&mut office, "TR");
    leaves.retain(|leaf| !given_back.contains(leaf));
    let waits = |office: &Office| {
        let rows = office.core.rows::<OutboxRow>(OUTBOX, 1_000);
        rows.expect("an index in memory").len()
    };
    let before = waits(&office);
    let refused = Statement::Refused {
        sender: node("MK"),
        digest: *leaves.last().expect("a window holds fewer"),
        code: R::NotTheSender.number(),
    };
    let refused = receipt_of("TR", refused, office.now);
    office.peer("TR", refused);
    assert_eq!(waits(&office), before);
}

/// The files that a stick for TR would take along.
fn files_to_tr(office: &mut Office) -> Vec<MessageId> {
    let files = CarryAsk::Files {
        member: member("TR"),
        after: None,
    };
    let ask = Ask::Carry(files);
    let reply = office.ask(Role::Officer, Action::CarryByHand, ask);
    let Ok(Reply::Carried(reply)) = reply else {
        panic!("{reply:?}");
    };
    let CarryReply::Files { files, .. } = *reply else {
        panic!("{reply:?}");
    };
    files.into_iter().map(|(message, ..)| message).collect()
}

#[test]
fn a_peer_that_was_restored_is_brought_its_files_by_stick_again() {
    let mut office = Office::new();
    let id = office.new_id();
    let file = Attached {
        slot: AttachmentSlot {
            length: 9,
            digest: Digest::of(b"sealed"),
        },
        info: AttachmentInfo {
            name: "van.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size: 1,
            digest: Digest::of(b"file"),
            key: [1; 32],
        },
    };
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), id, vec![file])],
        request: Box::new(request()),
    };
    let sent_it = office.ask(Role::Officer, Action::SendRequest, ask);
    assert!(sent_it.is_ok(), "{sent_it:?}");
    assert_eq!(files_to_tr(&mut office), [id]);
    let leaf = sent(&office, id).leaf();
    let got = Statement::Received {
        sender: node("MK"),
        id,
        leaf,
    };
    for statement in [got, Statement::AttachmentsStored { id, leaf }] {
        office.peer("TR", receipt_of("TR", statement, office.now));
    }
    assert_eq!(files_to_tr(&mut office), [], "it has them");
    tr_restored(&mut office);
    assert_eq!(files_to_tr(&mut office), [id]);
}

#[test]
fn a_receipt_about_what_is_yet_to_be_given_back_goes_again() {
    let mut office = Office::new();
    let theirs = office.first_of("TR", Role::Officer, request_body());
    office.takes(&theirs);
    tr_restored(&mut office);
    let read = Ask::ReadExchange {
        exchange: theirs.header.id,
    };
    let (_, input) = office.asking(Role::Contact, Action::ReadExchange, read);
    let outcomes = office.handle(vec![input]);
    let refused = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Receipts { batches, .. } => batches[0].receipts().next(),
        _ => None,
    });
    let refused = Digest::of(&refused.expect("its receipt leaves").encode());
    let why = Some(R::UnknownConversation);
    office.peer("TR", FromPeer::Later(vec![(refused, why)]));
    office.peer("TR", FromPeer::Down);
    let outcomes = office.peer("TR", FromPeer::Up);
    let opened = Statement::Opened {
        id: theirs.header.id,
        leaf: theirs.leaf(),
        role: Role::Contact,
    };
    assert_eq!(receipted(&outcomes), [opened]);
}

/// A history of a log, which is that of number 0 for so many entries.
fn tree(number: u64, common: u64, size: u64) -> Tree {
    let mut tree = Tree::new();
    tree.extend((0..size).map(|index| {
        let which = if index < common { 0 } else { number };
        merkle::leaf_hash(&[index, which].map(u64::to_be_bytes).concat())
    }));
    tree
}

/// A history is shown, from so many entries on, to be cosigned.
fn add(tree: &Tree, origin: Origin, from: u64, size: u64) -> FromPeer {
    let root = tree.root_at(size).expect("it has them");
    let prefix = match from {
        0 => Prefix::empty(),
        size_before => Prefix {
            size: size_before,
            root: tree.root_at(size_before).expect("it has them"),
            path: tree.consistency(size_before, size).expect("it has them"),
        },
    };
    FromPeer::Witness(Say::AddCheckpoint {
        signed: Box::new(checkpoint(origin, size, root)),
        prefixes: vec![prefix],
        cosign: true,
    })
}

fn cosigned(outcomes: &[Outcome]) -> usize {
    let is = |outcome: &&Outcome| {
        let Outcome::Witness { say, .. } = outcome else {
            return false;
        };
        matches!(say, Say::Cosigned { .. })
    };
    outcomes.iter().filter(is).count()
}

#[test]
fn a_restore_may_lose_the_end_of_a_log_and_cannot_change_what_was_cosigned() {
    let of_tr = Origin::first(node("TR"));
    // TR's log was cosigned over 5 entries, and goes on from 7.
    let witness = || {
        let mut office = Office::new();
        let honest = tree(0, 9, 9);
        assert_eq!(cosigned(&office.peer("TR", add(&honest, of_tr, 0, 5))), 1);
        office.federation.trust.restored.push(RestoredLog {
            before: of_tr,
            origin: of_tr.next(),
            after: 7,
            last: office.now,
        });
        let federation = Input::Federation(office.federation.clone());
        office.handle(vec![federation]);
        office
    };
    let (lost_its_end, rewritten) = (tree(1, 7, 9), tree(1, 4, 9));
    for (history, from, expected) in [
        (&lost_its_end, 5, 1),
        (&lost_its_end, 0, 0),
        (&rewritten, 5, 0),
        (&rewritten, 0, 0),
    ] {
        let outcomes = witness().peer("TR", add(history, of_tr.next(), from, 9));
        assert_eq!(cosigned(&outcomes), expected, "from {from}");
    }
}

#[test]
fn a_second_restore_cannot_change_what_was_cosigned_before_the_first() {
    let of_tr = Origin::first(node("TR"));
    let (once, again) = (of_tr.next(), of_tr.next().next());
    let honest = tree(0, 9, 9);
    let after = 7;
    // TR's log was cosigned over 5 entries, and goes on twice from 7. The life between was cosigned
    // beyond that, or never shown here.
    let witness = |between: Option<&Tree>| {
        let mut office = Office::new();
        assert_eq!(cosigned(&office.peer("TR", add(&honest, of_tr, 0, 5))), 1);
        for (before, origin) in [(of_tr, once), (once, again)] {
            office.federation.trust.restored.push(RestoredLog {
                before,
                origin,
                after,
                last: office.now,
            });
        }
        office.handle(vec![Input::Federation(office.federation.clone())]);
        if let Some(tree) = between {
            assert_eq!(cosigned(&office.peer("TR", add(tree, once, 5, 9))), 1);
        }
        office
    };
    let between = tree(1, after, 9);
    for shown in [None, Some(&between)] {
        for (history, from, expected) in [
            (tree(2, after, 9), 5, 1),
            (tree(2, after, 9), 0, 0),
            (tree(2, 4, 9), 5, 0),
            (tree(2, 4, 9), 0, 0),
        ] {
            let outcomes = witness(shown).peer("TR", add(&history, again, from, 9));
            assert_eq!(cosigned(&outcomes), expected, "from {from}");
        }
    }
}

#[test]
fn a_member_that_was_restored_many_times_at_once_is_sent_everything_again_once() {
    let mut office = Office::new();
    let request = office.first_of("TR", Role::Officer, request_body());
    office.takes(&request);
    let mut lost = vec![Origin::first(node("TR"))];
    for _ in 0..10 {
        let before = lost[lost.len() - 1];
        office.federation.trust.restored.push(RestoredLog {
            before,
            origin: before.next(),
            after: 1,
            last: office.now,
        });
        lost.push(before.next());
    }
    lost.pop();
    let federation = office.federation.clone();
    office.handle(vec![Input::Federation(federation), Input::Tick]);
    let changes = office.changes_since(0).into_iter();
    let again = changes.filter(|change| matches!(change, Change::Other(Other::SentAgain { .. })));
    assert_eq!(again.count(), 1);
    for origin in lost {
        assert!(
            alarm(&office, origin).is_some(),
            "the loss of {origin} is told"
        );
    }
}

#[test]
fn a_node_that_began_long_after_a_restore_hears_nothing_of_it() {
    let mut office = Office::new();
    office.federation.trust.restored.push(RestoredLog {
        before: Origin::first(node("TR")),
        origin: Origin::first(node("TR")).next(),
        after: 7,
        last: office.now.minus(HOUR * 24 * 32),
    });
    let federation = Input::Federation(office.federation.clone());
    office.handle(vec![federation]);
    let size = office.log.size();
    office.handle(vec![Input::Tick]);
    assert_eq!(office.log.size(), size);
    assert_eq!(alarm(&office, Origin::first(node("TR"))), None);
}

#[test]
fn files_of_what_comes_back_are_fetched_from_whoever_gave_it_back() {
    let mut office = Office::new();
    let size = office.log.size();
    let id = office.asked_tr();
    let request = with_file(&sent(&office, id));
    restored(&mut office, size);
    let wanted = |outcomes: &[Outcome]| -> Vec<(NodeId, MemberId, MessageId)> {
        let fetched = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Fetch { peer, file } => Some((*peer, file.sender, file.message)),
            _ => None,
        });
        fetched.collect()
    };
    let fetch = (node("TR"), member("MK"), id);
    assert_eq!(wanted(&office.peer("TR", taken(&request))), [fetch]);
    assert!(!office.message_row(id).attachments[0].stored);
    let fetched = FromPeer::Fetched {
        sender: member("MK"),
        message: id,
        index: 0,
    };
    let outcomes = office.peer("TR", fetched);
    assert_eq!(receipted(&outcomes), [], "nobody is owed a receipt");
    assert!(office.message_row(id).attachments[0].stored);
    office.now = office.now.plus(HOUR);
    assert_eq!(wanted(&office.handle(vec![Input::Tick])), []);
    office.rebuilt();
    assert!(office.message_row(id).attachments[0].stored);
}

#[test]
fn only_a_node_that_was_restored_has_files_back_and_only_its_own() {
    let mut office = Office::new();
    let plain = office.first_of("TR", Role::Officer, request_body());
    let theirs = with_file(&plain);
    office.takes(&theirs);
    let id = theirs.header.id;
    assert_eq!(may_fetch(&mut office, "TR", id), None, "it lost nothing");
    for (of, after) in [("TR", office.now), ("AT", office.now)] {
        office.federation.trust.restored.push(RestoredLog {
            before: Origin::first(node(of)),
            origin: Origin::first(node(of)).next(),
            after: 3,
            last: after,
        });
    }
    office.handle(vec![Input::Federation(office.federation.clone())]);
    let stored = stored_under(member("MK"), member("TR"), id);
    assert_eq!(may_fetch(&mut office, "TR", id), Some(stored));
    assert_eq!(may_fetch(&mut office, "AT", id), None);
}

/// Where the office says that a peer finds the files of a message.
fn may_fetch(office: &mut Office, peer: &str, message: MessageId) -> Option<MessageId> {
    let ticket = Ticket(77);
    let outcomes = office.handle(vec![Input::MayFetch(ticket, node(peer), message)]);
    match reply_to(ticket, outcomes) {
        Ok(Reply::MayFetch(stored)) => Some(stored),
        _ => None,
    }
}

/// The entries that say that something was erased.
fn erased(office: &Office) -> Vec<(MessageId, ErasureReason)> {
    let changes = office.changes_since(0).into_iter();
    let erased = changes.filter_map(|change| match change {
        Change::Other(Other::Erased {
            message, reason, ..
        }) => Some((message, reason)),
        _ => None,
    });
    erased.collect()
}

/// An office that erased an answer of AT at its wish; backups of its log from before the answer came and
/// from after; the answer, the correction, and the notice that the correction was seen.
fn erased_at_its_authors_wish() -> (Office, [MemoryLog; 2], [Message; 3]) {
    let mut office = Office::new();
    let (exchange, answer) = passing::answered_by_at(&mut office, passing::h2());
    let events = events(&office);
    let came = events.iter().position(|e| *e == EventCode::AnswerReceived);
    let before = came.expect("the answer came") as u64;
    let backups = [before, office.log.size()].map(|size| office.log.restored(size));
    let correction = passing::wishes_erased(&mut office, exchange, &answer);
    let notice = passing::acknowledges(&mut office, exchange, &correction);
    let notice = sent(&office, notice);
    office.handle(vec![Input::Tick]);
    let wish = (answer.header.id, ErasureReason::Originator);
    assert_eq!(erased(&office), [wish]);
    (office, backups, [answer, correction, notice])
}

#[test]
fn what_was_erased_at_its_authors_wish_is_erased_again_after_a_restore() {
    let of_both = |in_backup: bool, notice_first: bool| {
        let (mut office, [before, after], [answer, correction, notice]) =
            erased_at_its_authors_wish();
        restored_from(&mut office, if in_backup { after } else { before });
        let again = match notice_first {
            false => [&answer, &correction, &notice],
            true => [&answer, &notice, &correction],
        };
        for message in again {
            office.peer("AT", taken(message));
        }
        office.now = office.now.plus(HOUR);
        let outcomes = office.handle(vec![Input::Tick]);
        let told = Statement::Erased {
            id: answer.header.id,
            leaf: answer.leaf(),
            reason: ErasureReason::Originator,
        };
        (erased(&office), receipted(&outcomes).contains(&told))
    };
    for (in_backup, notice_first) in [(true, false), (false, false), (true, true)] {
        let (erased, told) = of_both(in_backup, notice_first);
        let reasons: Vec<_> = erased.iter().map(|(_, reason)| *reason).collect();
        let case = format!("in the backup: {in_backup}, the notice first: {notice_first}");
        assert_eq!(reasons, [ErasureReason::Originator], "{case}");
        assert!(told, "{case}");
    }
}

#[test]
fn a_correction_that_nobody_has_seen_erases_nothing_after_a_restore() {
    let (mut office, [_, after], [_, correction, _]) = erased_at_its_authors_wish();
    restored_from(&mut office, after);
    office.peer("AT", taken(&correction));
    office.now = office.now.plus(HOUR);
    office.handle(vec![Input::Tick]);
    assert_eq!(erased(&office), []);
}

#[test]
fn what_went_on_after_a_lost_message_comes_back() {
    let (mut office, request) = after_asking();
    let (never_taken, next, id) = (Digest::of(b"lost"), office.new_id(), request.header.id);
    // TR took the request and then this, but not what was between them.
    let withdrawal = Body::Withdrawal(Withdrawal {
        reason: "Found.".to_owned(),
    });
    let mut event = request.event.clone();
    (event.body, event.attachments) = (withdrawal, Vec::new());
    let mut header = request.header.clone();
    header.id = next;
    header.kind = event.body.kind();
    header.sequence = 2;
    header.previous_own = Some(never_taken);
    header.attachments.clear();
    header.extensions.extend(Joining::extension(&[Joining {
        member: member("TR"),
        sequence: 1,
        last: Some(request.leaf()),
    }]));
    let mut later = Message::compose(header, event, request.random);
    later.sender = request.sender;
    office.refuses("TR", &later, R::UnknownConversation);
    office.peer("TR", taken(&request));
    gives_back(&mut office, "TR", &later);
    assert_eq!(state_of(&mut office, id), "withdrawn");
    office.rebuilt();
    assert_eq!(state_of(&mut office, id), "withdrawn");
}

#[test]
fn a_version_that_followed_a_lost_one_comes_back_unless_somebody_has_that_too() {
    for had_by_at in [false, true] {
        let mut office = Office::new();
        let id = published(&mut office, the_example());
        delivered(&mut office, "TR", id);
        delivered(&mut office, "AT", id);
        let size = office.log.size();
        let second = updated_to(&mut office, id, the_example());
        refused(&mut office, "TR", second);
        match had_by_at {
            true => delivered(&mut office, "AT", second),
            false => refused(&mut office, "AT", second),
        }
        let third = updated_to(&mut office, id, the_example());
        let (second, third) = (sent(&office, second), sent(&office, third));
        restored(&mut office, size);
        if had_by_at {
            office.refuses("TR", &third, R::Gap);
            office.peer("AT", taken(&second));
        }
        gives_back(&mut office, "TR", &third);
        office.rebuilt();
        let record = the_alert(&mut office, id);
        assert_eq!(record.standing().message, third.header.id);
        assert_eq!(record.standing().number, 3);
        assert_eq!(record.earlier().len(), if had_by_at { 2 } else { 1 });
    }
}

#[test]
fn what_went_on_after_a_lost_sighting_comes_back_after_what_another_member_has() {
    let mut office = Office::new();
    let id = of_tr(&mut office).header.id;
    let size = office.log.size();
    let sighting = sights(&mut office, id);
    refused(&mut office, "TR", sighting.header.id);
    delivered(&mut office, "AT", sighting.header.id);
    let note = AlertCommand::Acknowledge(Acknowledgement::default());
    let note = says(&mut office, id, note);
    restored(&mut office, size);
    // It does not go to AT, which may have what TR lacks.
    office.refuses("TR", &note, R::Gap);
    for (peer, message) in [("AT", &sighting), ("TR", &note)] {
        gives_back(&mut office, peer, message);
    }
    let sighted_by = the_alert(&mut office, id).sighted_by();
    assert_eq!(sighted_by, [member("MK")]);
}

#[test]
fn what_went_on_after_a_lost_sighting_comes_back_after_a_day_where_nobody_has_that() {
    let mut office = Office::new();
    let id = of_tr(&mut office).header.id;
    let size = office.log.size();
    let sighting = sights(&mut office, id);
    refused(&mut office, "TR", sighting.header.id);
    refused(&mut office, "AT", sighting.header.id);
    let note = AlertCommand::Acknowledge(Acknowledgement::default());
    let note = says(&mut office, id, note);
    restored(&mut office, size);
    office.now = office.now.plus(HOUR * 24).minus(SECOND);
    // AT may have it, for all that is known here.
    office.refuses("TR", &note, R::Gap);
    office.now = office.now.plus(SECOND);
    office.peer("AT", FromPeer::Down);
    office.refuses("TR", &note, R::Gap);
    office.peer("AT", FromPeer::Up);
    gives_back(&mut office, "TR", &note);
}

#[test]
fn a_member_that_cannot_take_yet_what_it_is_given_back_is_not_said_to_take_nothing() {
    let mut office = Office::new();
    let theirs = office.first_of("TR", Role::Contact, alert_body());
    office.takes(&theirs);
    tr_restored(&mut office);
    let told = |office: &mut Office, why| {
        office.peer("TR", FromPeer::Later(vec![(theirs.leaf(), Some(why))]));
        match office.ask(Role::Admin, Action::ReadHealth, Ask::Health) {
            Ok(Reply::Health(health)) => health.refusing,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(&mut office, R::Gap), []);
    let since = office.now;
    let no_room = [(member("TR"), R::NoRoom, since)];
    assert_eq!(told(&mut office, R::NoRoom), no_room);
}

#[test]
fn an_alert_comes_back_with_the_first_version_that_somebody_took() {
    for had_by_at in [false, true] {
        let mut office = Office::new();
        let size = office.log.size();
        let id = published(&mut office, the_example());
        refused(&mut office, "TR", id);
        match had_by_at {
            true => delivered(&mut office, "AT", id),
            false => refused(&mut office, "AT", id),
        }
        let second = updated_to(&mut office, id, the_example());
        let (first, second) = (sent(&office, id), sent(&office, second));
        restored(&mut office, size);
        if had_by_at {
            office.refuses("TR", &second, R::UnknownConversation);
            office.peer("AT", taken(&first));
        }
        gives_back(&mut office, "TR", &second);
        office.rebuilt();
        let record = the_alert(&mut office, id);
        assert_eq!(record.standing().message, second.header.id);
        assert_eq!(record.publisher(), member("MK"));
        assert_eq!(record.earlier().len(), if had_by_at { 1 } else { 0 });
    }
}
