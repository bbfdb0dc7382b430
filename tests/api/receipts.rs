//! Receipts that prove something of somebody else's message, or nothing that matters here.

use std::collections::BTreeSet;

use liaison::app::change::{Change, Message, Other};
use liaison::app::core::Outcome;
use liaison::app::{Action, Ask, FromPeer, Input, Reply};
use liaison::audit::{Receipt, ReceiptBatch, Statement};
use liaison::base::{Digest, MemberId, MessageId, Role, Timestamp};
use liaison::exchange::Refusal as R;
use liaison::seal::attachment::ciphertext_len;

use liaison::store::{Fault, Log as _};

use crate::office::*;

/// TR asks MK so many times, and the contact point opens each request; the receipts that leave.
fn opened(office: &mut Office, times: usize) -> Vec<Receipt> {
    let mut left = Vec::new();
    for _ in 0..times {
        let request = office.first_of("TR", Role::Officer, request_body());
        office.takes(&request);
        let exchange = request.header.id;
        let read = Ask::ReadExchange { exchange };
        let (_, input) = office.asking(Role::Contact, Action::ReadExchange, read);
        left.extend(receipts_in(&office.handle(vec![input])));
    }
    left
}

/// The receipts that go out.
fn receipts_in(outcomes: &[Outcome]) -> Vec<Receipt> {
    let mut all = Vec::new();
    for outcome in outcomes {
        if let Outcome::Receipts { batches, .. } = outcome {
            all.extend(batches.iter().flat_map(ReceiptBatch::receipts));
        }
    }
    all
}

/// The link to TR comes up anew; the receipts that leave.
fn link_again(office: &mut Office) -> Vec<Receipt> {
    office.peer("TR", FromPeer::Down);
    receipts_in(&office.peer("TR", FromPeer::Up))
}

/// TR knows nothing of what these receipts are about.
fn not_known(receipts: &[Receipt]) -> FromPeer {
    let digest = |receipt: &Receipt| Digest::of(&receipt.encode());
    let digests = receipts.iter().map(digest);
    FromPeer::Later(digests.map(|d| (d, Some(R::UnknownConversation))).collect())
}

#[test]
fn receipts_that_nobody_keeps_hold_up_no_urgent_request() {
    let mut office = Office::new();
    opened(&mut office, 300);
    let id = office.new_id();
    let ask = Ask::SendRequest {
        to: vec![(member("TR"), id, Vec::new())],
        request: Box::new(request()),
    };
    let (_, input) = office.asking(Role::Officer, Action::SendRequest, ask);
    let outcomes = office.handle(vec![input]);
    let leaf = leaf_of(&mut office, id);
    let leaves = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Send { messages, .. } => Some(messages.iter().map(|m| m.leaf()).collect()),
        _ => None,
    });
    assert_eq!(leaves, Some(vec![leaf]));
}

#[test]
fn a_receipt_about_what_the_peer_does_not_know_is_not_sent_again() {
    let mut office = Office::new();
    let left = opened(&mut office, 2);
    assert_eq!(left.len(), 2);
    assert_eq!(link_again(&mut office).len(), 2);
    office.peer("TR", not_known(&left[..1]));
    let again = link_again(&mut office);
    assert!(again == left[1..], "the other one goes on");
}

#[test]
fn receipts_behind_those_that_the_peer_does_not_know_leave_at_once() {
    let mut office = Office::new();
    let left = opened(&mut office, 300);
    assert_eq!(left.len(), 256);
    let next = receipts_in(&office.peer("TR", not_known(&left)));
    assert_eq!(next.len(), 44);
}

/// The leaf of a message that this office sent.
fn leaf_of(office: &mut Office, id: MessageId) -> Digest {
    let found = office
        .changes_since(0)
        .into_iter()
        .find_map(|change| match change {
            Change::Sent(message) if message.header.id == id => Some(message.leaf()),
            _ => None,
        });
    found.expect("it was sent")
}

fn received(leaf: Digest, id: MessageId) -> Statement {
    Statement::Received {
        sender: node("MK"),
        id,
        leaf,
    }
}

/// What the receipt leads to: the peer may be told that it is not taken; nothing else changes.
#[track_caller]
fn not_kept(office: &mut Office, peer: &str, statement: Statement, recorded: bool) {
    let (before, size, now) = (office.standing(), office.log.size(), office.now);
    let receipt = receipt_of(peer, statement, now);
    let FromPeer::Receipt(proof) = &receipt else {
        panic!("it is a receipt");
    };
    let digest = Digest::of(&proof.receipt.encode());
    let outcomes = office.peer(peer, receipt);
    let expected = if recorded {
        let refused = Other::InputRefused {
            sender: node(peer),
            digest,
            refusal: R::UnknownConversation.number(),
        };
        assert_eq!(told(&outcomes), [(digest, R::UnknownConversation)]);
        vec![Change::Other(refused)]
    } else {
        Vec::new()
    };
    assert_eq!(office.changes_since(size), expected);
    assert!(office.standing() == before, "it changes nothing");
}

#[test]
fn a_receipt_settles_the_message_that_it_is_for_and_is_kept_once() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    let receipt = receipt_of("TR", received(leaf, exchange), office.now);
    let outcomes = office.peer("TR", receipt.clone());
    assert!(
        matches!(outcomes[..], [Outcome::Keep { .. }]),
        "{outcomes:?}"
    );
    assert_eq!(state_of(&mut office, exchange), "delivered");
    let size = office.log.size();
    let outcomes = office.peer("TR", receipt);
    assert!(
        matches!(outcomes[..], [Outcome::Keep { .. }]),
        "{outcomes:?}"
    );
    assert_eq!(office.log.size(), size);
}

#[test]
fn a_receipt_for_a_message_of_another_sender_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    let of_another = Statement::Received {
        sender: node("AT"),
        id: exchange,
        leaf,
    };
    not_kept(&mut office, "TR", of_another, true);
}

#[test]
fn a_receipt_for_other_bytes_under_the_id_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = Digest::of(b"another message");
    not_kept(&mut office, "TR", received(leaf, exchange), true);
    let opened = Statement::Opened {
        id: exchange,
        leaf,
        role: Role::Contact,
    };
    not_kept(&mut office, "TR", opened, true);
    let stored = Statement::AttachmentsStored { id: exchange, leaf };
    not_kept(&mut office, "TR", stored, true);
    let unknown = MessageId::from_bytes([3; 16]);
    not_kept(&mut office, "TR", received(leaf, unknown), true);
    assert_eq!(state_of(&mut office, exchange), "queued");
}

#[test]
fn a_receipt_of_a_member_that_was_not_asked_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    not_kept(&mut office, "AT", received(leaf, exchange), true);
    let refused = Statement::Refused {
        sender: node("MK"),
        digest: leaf,
        code: R::WrongRecipient.number(),
    };
    not_kept(&mut office, "AT", refused, true);
    assert_eq!(state_of(&mut office, exchange), "queued");
}

#[test]
fn a_proof_that_speaks_of_no_message_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    let none = [
        Statement::Sent { id: exchange, leaf },
        Statement::ReceiptReceived { digest: leaf },
        Statement::Note { digest: leaf },
    ];
    for statement in none {
        not_kept(&mut office, "TR", statement, true);
    }
}

#[test]
fn that_an_envelope_could_not_be_read_is_heard_and_answered_by_nothing() {
    // To answer a refusal by a refusal would go on for ever.
    let mut office = Office::new();
    let refused = Statement::Refused {
        sender: node("MK"),
        digest: Digest::of(b"an envelope"),
        code: R::BadEnvelope.number(),
    };
    not_kept(&mut office, "TR", refused, false);
}

#[test]
fn a_refusal_for_good_ends_the_delivery_and_one_for_now_does_not() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    let refused = |code: R| Statement::Refused {
        sender: node("MK"),
        digest: leaf,
        code: code.number(),
    };
    let now = office.now;
    let size = office.log.size();
    office.peer("TR", receipt_of("TR", refused(R::PostDated), now));
    assert_eq!(office.log.size(), size);
    office.now = office.now.plus(31 * SECOND);
    let sends = |outcomes: &[Outcome]| {
        outcomes
            .iter()
            .any(|outcome| matches!(outcome, Outcome::Send { .. }))
    };
    assert!(sends(&office.handle(vec![Input::Tick])), "it goes again");
    office.peer("TR", receipt_of("TR", refused(R::OutOfState), now));
    office.now = office.now.plus(31 * SECOND);
    assert!(!sends(&office.handle(vec![Input::Tick])), "it is settled");
}

#[test]
fn what_expired_by_the_peers_clock_alone_waits_and_the_clocks_are_named() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    let expired = Statement::Refused {
        sender: node("MK"),
        digest: leaf,
        code: R::Expired.number(),
    };
    let since = office.now;
    office.peer(
        "TR",
        receipt_of("TR", expired, since.plus(HOUR * 24 * 3_650)),
    );
    let expected = [(member("TR"), R::Expired, since)];
    assert_eq!(refusing(&mut office), expected);
    office.now = office.now.plus(31 * SECOND);
    let outcomes = office.handle(vec![Input::Tick]);
    let sent = |outcome: &Outcome| matches!(outcome, Outcome::Send { .. });
    assert!(outcomes.iter().any(sent), "it goes again");
    let received = Statement::Received {
        sender: node("MK"),
        id: exchange,
        leaf,
    };
    let now = office.now;
    office.peer("TR", receipt_of("TR", received, now));
    assert_eq!(refusing(&mut office), []);
}

#[test]
fn a_fetch_that_broke_off_while_its_link_held_is_asked_for_again() {
    let mut office = Office::new();
    let message = crate::alerts::with_attachment(&mut office);
    let fetches = |outcomes: &[Outcome]| {
        let fetch = |outcome: &&Outcome| matches!(outcome, Outcome::Fetch { .. });
        outcomes.iter().filter(fetch).count()
    };
    let after = |office: &mut Office, seconds: u32| {
        office.now = office.now.plus(seconds * SECOND);
        fetches(&office.handle(vec![Input::Tick]))
    };
    after(&mut office, 0);
    assert_eq!(fetches(&office.peer("AT", taken(&message))), 1);
    assert_eq!(after(&mut office, 29), 0);
    assert_eq!(after(&mut office, 1), 1, "it is asked for again");
    assert_eq!(after(&mut office, 1), 0);
    assert_eq!(after(&mut office, 29), 1, "and again");
}

/// What a peer is asked for.
fn fetched(outcomes: &[Outcome]) -> Vec<(MessageId, u16)> {
    let file = |outcome: &Outcome| match outcome {
        Outcome::Fetch { file, .. } => Some((file.message, file.index)),
        _ => None,
    };
    outcomes.iter().filter_map(file).collect()
}

#[test]
fn an_attachment_that_a_peer_does_not_give_holds_up_no_other() {
    let mut office = Office::new();
    let mut messages: Vec<_> = (0..3)
        .map(|_| crate::alerts::with_attachment(&mut office))
        .collect();
    messages.sort_by_key(|message| message.header.id);
    let files: Vec<_> = messages.iter().map(|m| (m.header.id, 0)).collect();
    office.handle(vec![Input::Tick]);
    for message in &messages {
        office.peer("AT", taken(message));
    }
    let gives_not = |(message, index)| FromPeer::NotFetched { message, index };
    // The second one is under way.
    assert_eq!(fetched(&office.peer("AT", gives_not(files[0]))), files[2..]);
    assert_eq!(fetched(&office.peer("AT", gives_not(files[1]))), []);
    assert_eq!(fetched(&office.peer("AT", gives_not(files[2]))), []);
    office.now = office.now.plus(30 * SECOND);
    let again = fetched(&office.handle(vec![Input::Tick]));
    assert_eq!(again, files[..2], "all are asked for again");
    office.peer("AT", gives_not(files[0]));
    office.peer("AT", FromPeer::Down);
    let again = fetched(&office.peer("AT", FromPeer::Up));
    assert_eq!(again, files[..2], "and at once over a new link");
}

/// AT sends alerts with 1,024 attachments. Gives what it is asked for.
fn many_attachments(office: &mut Office) -> Vec<(MessageId, u16)> {
    let mut asked = Vec::new();
    for _ in 0..32 {
        office.now = office.now.plus(SECOND);
        let message = crate::alerts::with_attachment(office);
        let message = (1..32).fold(message, |message, _| with_file(&message));
        asked.extend(fetched(&office.peer("AT", taken(&message))));
    }
    asked
}

#[test]
fn each_of_many_attachments_that_a_peer_does_not_give_is_asked_for_once() {
    let mut office = Office::new();
    let mut asked = many_attachments(&mut office);
    let mut answered = 0;
    while let Some((message, index)) = asked.get(answered).copied() {
        let outcomes = office.peer("AT", FromPeer::NotFetched { message, index });
        asked.extend(fetched(&outcomes));
        answered += 1;
    }
    assert_eq!(asked.len(), 1_024);
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), 1_024);
}

#[test]
fn what_was_not_given_is_asked_for_once_more_before_all_others_were() {
    let mut office = Office::new();
    let asked = many_attachments(&mut office);
    office.handle(vec![Input::Tick]);
    let (message, index) = asked[0];
    // Two more are under way from then on, and come to nothing.
    office.peer("AT", FromPeer::NotFetched { message, index });
    office.now = office.now.plus(30 * SECOND);
    let again = fetched(&office.handle(vec![Input::Tick]));
    assert!(again.contains(&asked[0]), "{again:?}");
    office.now = office.now.plus(30 * SECOND);
    let again = fetched(&office.handle(vec![Input::Tick]));
    assert_eq!(again.len(), 3, "no more of them at a time");
}

#[test]
fn what_came_while_the_disk_was_full_is_asked_for_again_soon() {
    let mut office = Office::new();
    let asked = many_attachments(&mut office);
    office.handle(vec![Input::Tick]);
    let (message, index) = asked[0];
    let sender = member("AT");
    let came = FromPeer::Fetched {
        sender,
        message,
        index,
    };
    office.log.fail_next(Some(Fault::Full));
    office.peer("AT", came);
    office.now = office.now.plus(30 * SECOND);
    let again = fetched(&office.handle(vec![Input::Tick]));
    let anew = fetched(&office.peer(
        "AT",
        FromPeer::NotFetched {
            message: again[0].0,
            index: again[0].1,
        },
    ));
    let all = [again, anew].concat();
    assert!(all.contains(&asked[0]), "{all:?}");
}

#[test]
fn what_comes_behind_what_was_asked_for_already_is_asked_for_at_once() {
    let mut office = Office::new();
    let earlier = crate::alerts::with_attachment(&mut office);
    office.now = office.now.plus(SECOND);
    let later = crate::alerts::with_attachment(&mut office);
    for message in [later, earlier] {
        let asked = fetched(&office.peer("AT", taken(&message)));
        assert_eq!(asked, [(message.header.id, 0)]);
    }
}

#[test]
fn an_observer_asks_for_no_file_since_it_gets_none() {
    let mut office = Office::new();
    many_attachments(&mut office);
    office.now = office.now.plus(SECOND);
    let request = office.first_of("AT", Role::Officer, request_body());
    office.takes(&with_file(&request));
    let federation = crate::alerts::with_observers(&office, &["MK"]);
    office.handle(vec![Input::Federation(federation)]);
    office.peer("AT", FromPeer::Down);
    let mut asked = fetched(&office.peer("AT", FromPeer::Up));
    for _ in 0..5 {
        office.now = office.now.plus(30 * SECOND);
        asked.extend(fetched(&office.handle(vec![Input::Tick])));
    }
    assert_eq!(asked, []);
}

/// The message, whose file is of that size.
fn sized(message: &Message, size: u64) -> Message {
    let (mut header, mut event) = (message.header.clone(), message.event.clone());
    header.attachments[0].length = ciphertext_len(size);
    event.attachments[0].size = size;
    let mut changed = Message::compose(header, event, message.random);
    changed.sender = message.sender;
    changed
}

#[test]
fn an_attachment_that_has_no_room_here_holds_up_no_smaller_one() {
    let mut office = Office::new();
    let mut asked = Vec::new();
    let mut files = Vec::new();
    for size in [1_000_000, 1_000_000, 1_000_000, 10] {
        office.now = office.now.plus(SECOND);
        let message = crate::alerts::with_attachment(&mut office);
        files.push((message.header.id, 0));
        let message = sized(&message, size);
        asked.extend(fetched(&office.peer("AT", taken(&message))));
    }
    assert_eq!(asked, files[..2]);
    let (message, index) = files[0];
    let next = office.peer("AT", FromPeer::LackedRoom { message, index });
    assert_eq!(fetched(&next), files[3..]);
}

#[test]
fn while_there_is_no_room_here_not_every_attachment_is_asked_for() {
    let mut office = Office::new();
    let asked = many_attachments(&mut office);
    for (message, index) in asked.clone() {
        let next = office.peer("AT", FromPeer::LackedRoom { message, index });
        assert_eq!(fetched(&next), []);
    }
    for _ in 0..5 {
        assert_eq!(fetched(&office.handle(vec![Input::Tick])), []);
    }
    office.now = office.now.plus(30 * SECOND);
    let again = fetched(&office.handle(vec![Input::Tick]));
    assert_eq!(again, asked, "there may be room by now");
}

#[test]
fn each_attachment_that_was_passed_over_for_want_of_room_is_asked_for_in_turn() {
    let mut office = Office::new();
    office.handle(vec![Input::Tick]);
    let (mut files, mut under_way) = (BTreeSet::new(), Vec::new());
    for _ in 0..4 {
        office.now = office.now.plus(SECOND);
        let message = crate::alerts::with_attachment(&mut office);
        files.insert((message.header.id, 0));
        under_way.extend(fetched(&office.peer("AT", taken(&message))));
    }
    let mut asked = BTreeSet::new();
    for _ in 0..10 {
        while let Some((message, index)) = under_way.pop() {
            asked.insert((message, index));
            let next = office.peer("AT", FromPeer::LackedRoom { message, index });
            under_way.extend(fetched(&next));
        }
        office.now = office.now.plus(30 * SECOND);
        under_way.extend(fetched(&office.handle(vec![Input::Tick])));
    }
    assert_eq!(asked, files);
}

/// Who takes nothing, why and since when.
fn refusing(office: &mut Office) -> Vec<(MemberId, R, Timestamp)> {
    match office.ask(Role::Admin, Action::ReadHealth, Ask::Health) {
        Ok(Reply::Health(health)) => health.refusing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn why_a_member_takes_nothing_is_told_until_it_takes_something() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let leaf = leaf_of(&mut office, exchange);
    let since = office.now;
    for _ in 0..3 {
        office.peer("TR", FromPeer::Later(vec![(leaf, Some(R::PostDated))]));
        office.now = office.now.plus(31 * SECOND);
    }
    assert_eq!(refusing(&mut office), [(member("TR"), R::PostDated, since)]);
    let received = Statement::Received {
        sender: node("MK"),
        id: exchange,
        leaf,
    };
    let now = office.now;
    office.peer("TR", receipt_of("TR", received, now));
    assert_eq!(refusing(&mut office), []);
}

#[test]
fn word_of_messages_that_there_are_not_is_ignored() {
    let mut office = Office::new();
    office.asked_tr();
    let (before, size) = (office.standing(), office.log.size());
    let nothing = Digest::of(b"nothing");
    let unknown = MessageId::from_bytes([8; 16]);
    for from in [
        FromPeer::Later(vec![(nothing, None); 1_000]),
        FromPeer::Kept(vec![nothing; 1_000]),
        FromPeer::Fetched {
            sender: member("AT"),
            message: unknown,
            index: 0,
        },
        FromPeer::Down,
        FromPeer::Down,
        FromPeer::Up,
    ] {
        office.peer("AT", from);
    }
    assert_eq!(office.log.size(), size);
    assert!(office.standing() == before);
}
