//! What hostile or broken peers send: each message is refused with its reason, recorded, and
//! changes nothing.

use liaison::app::FromPeer;
use liaison::app::change::Message;
use liaison::base::{Digest, MessageId, Role, Timestamp};
use liaison::domain::message::{AttachmentInfo, AttachmentSlot, Body, Kind, Priority};
use liaison::exchange::Refusal as R;
use liaison::seal::attachment::ciphertext_len;

use liaison::store::Log as _;

use crate::office::*;

const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);

fn refused_by_tr(ground: &str) -> Body {
    Body::Refusal(toml::from_str(&format!("ground = \"{ground}\"")).expect("a refusal"))
}

#[test]
fn a_message_for_somebody_else_is_refused() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let message = with_header(&message, |header| header.recipients = vec![member("AT")]);
    office.refuses("TR", &message, R::WrongRecipient);
}

#[test]
fn a_message_that_comes_again_gets_the_very_same_receipt_and_takes_no_effect() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let first = office.peer("TR", taken(&message));
    let (before, size) = (office.standing(), office.log.size());
    office.now = office.now.plus(100 * HOUR);
    let again = office.peer("TR", taken(&message));
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    assert_eq!(office.log.size(), size);
    assert!(office.standing() == before);
}

#[test]
fn a_number_that_was_used_is_refused_under_any_id() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let acceptance = office.next_of("TR", Role::Contact, acceptance_body(), exchange);
    office.takes(&acceptance);
    let replay = office.next_of("TR", Role::Contact, answer_body(), exchange);
    office.refuses("TR", &replay, R::Replayed);
}

#[test]
fn another_message_under_a_known_id_is_refused() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    let other = with_header(&message, |header| {
        header.expires = header.expires.plus(SECOND)
    });
    office.refuses("TR", &other, R::ConflictingId);
}

#[test]
fn a_message_that_expired_or_would_live_too_long_is_refused() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let now = office.now;
    let expired = with_header(&message, |header| header.expires = now);
    office.refuses("TR", &expired, R::Expired);
    let endless = with_header(&message, |header| header.expires = Timestamp::MAX);
    office.refuses("TR", &endless, R::LivesTooLong);
}

#[test]
fn a_post_dated_message_is_recorded_once_and_taken_when_its_time_comes() {
    let mut office = Office::new();
    let start = office.now;
    office.now = start.plus(HOUR);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.now = start;
    office.refuses("TR", &message, R::PostDated);
    let size = office.log.size();
    for _ in 0..5 {
        let outcomes = office.peer("TR", taken(&message));
        assert_eq!(told(&outcomes), [(message.leaf(), R::PostDated)]);
    }
    assert_eq!(office.log.size(), size);
    office.now = start.plus(HOUR);
    office.takes(&message);
}

#[test]
fn what_was_put_off_and_then_refused_for_good_gets_its_own_receipt() {
    let mut office = Office::new();
    let start = office.now;
    office.now = start.plus(HOUR);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.now = start;
    office.refuses("TR", &message, R::PostDated);
    office.now = start.plus(3 * HOUR);
    office.refuses("TR", &message, R::Expired);
}

#[test]
fn a_sender_that_is_not_listed_is_refused() {
    let mut office = Office::new();
    let message = office.first_of("BG", Role::Officer, request_body());
    office.refuses("BG", &message, R::NotListed);
}

#[test]
fn a_member_that_a_new_list_removes_is_refused_from_then_on() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let mut federation = office.federation.clone();
    federation.version = 2;
    federation.hash = Digest::of(b"list 2");
    federation.nodes.retain(|listed| *listed != node("TR"));
    office.handle(vec![liaison::app::Input::Federation(federation)]);
    let acceptance = office.next_of("TR", Role::Contact, acceptance_body(), exchange);
    office.refuses("TR", &acceptance, R::NotListed);
}

#[test]
fn a_message_comes_from_its_sender_alone() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    office.refuses("AT", &message, R::NotTheSender);
    // What another peer did with it does not stand in its way, nor in that of its refusal.
    let now = office.now;
    office.takes(&message);
    let late = office.first_of("TR", Role::Officer, request_body());
    let late = with_header(&late, |header| header.expires = now);
    office.refuses("AT", &late, R::NotTheSender);
    office.refuses("TR", &late, R::Expired);
}

#[test]
fn a_person_of_another_member_causes_nothing() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let mut event = message.event.clone();
    event.by.member = member("AT");
    let forged = Message::compose(message.header.clone(), event, message.random);
    office.refuses("TR", &forged, R::OutOfState);
}

#[test]
fn a_role_that_may_not_cause_the_event_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let alert = office.first_of("AT", Role::Contact, alert_body());
    office.takes(&alert);
    let none = [Role::Auditor, Role::Admin, Role::Observer, Role::Node];
    let with = |more: &[Role]| [&none[..], more].concat();
    for role in with(&[Role::Contact]) {
        let message = office.first_of("TR", role, request_body());
        office.refuses("TR", &message, R::OutOfState);
    }
    for role in with(&[Role::Officer]) {
        let message = office.next_of("TR", role, acceptance_body(), exchange);
        office.refuses("TR", &message, R::OutOfState);
        let message = office.next_of("TR", role, refused_by_tr("a"), exchange);
        office.refuses("TR", &message, R::OutOfState);
        let message = office.first_of("TR", role, alert_body());
        office.refuses("TR", &message, R::OutOfState);
    }
    for role in none {
        let message = office.next_of("TR", role, answer_body(), exchange);
        office.refuses("TR", &message, R::OutOfState);
        let message = office.next_of("AT", role, sighting_body(), alert.header.id);
        let chained = with_header(&message, |header| {
            header.sequence = 1;
            header.previous_own = Some(alert.leaf());
        });
        office.refuses("AT", &chained, R::OutOfState);
    }
}

#[test]
fn an_event_that_the_state_does_not_allow_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let refused = office.next_of("TR", Role::Contact, refused_by_tr("f2"), exchange);
    office.takes(&refused);
    for body in [acceptance_body(), answer_body(), refused_by_tr("a")] {
        let late = office.next_of("TR", Role::Contact, body, exchange);
        let late = with_header(&late, |header| {
            header.sequence = 1;
            header.previous_own = Some(refused.leaf());
        });
        office.refuses("TR", &late, R::OutOfState);
    }
    assert_eq!(state_of(&mut office, exchange), "refused");
}

#[test]
fn the_asking_side_says_nothing_in_the_name_of_the_asked() {
    let mut office = Office::new();
    let request = office.first_of("TR", Role::Officer, request_body());
    office.takes(&request);
    let answer = office.next_of("TR", Role::Contact, answer_body(), request.header.id);
    let answer = with_header(&answer, |header| {
        header.sequence = 1;
        header.previous_own = Some(request.leaf());
    });
    office.refuses("TR", &answer, R::OutOfState);
}

#[test]
fn a_third_member_says_nothing_to_an_exchange_and_is_not_told_that_there_is_one() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    for body in [
        acceptance_body(),
        answer_body(),
        refused_by_tr("a"),
        sighting_body(),
    ] {
        let message = office.next_of("AT", Role::Contact, body, exchange);
        office.refuses("AT", &message, R::UnknownConversation);
    }
    assert_eq!(state_of(&mut office, exchange), "queued");
}

#[test]
fn an_answer_to_a_question_that_nobody_asked_waits_for_the_question() {
    let mut office = Office::new();
    let unknown = MessageId::from_bytes([5; 16]);
    for body in [acceptance_body(), answer_body(), sighting_body()] {
        let message = office.next_of("TR", Role::Contact, body, unknown);
        office.refuses("TR", &message, R::UnknownConversation);
    }
}

#[test]
fn only_those_who_have_an_alert_report_a_sighting() {
    let mut office = Office::new();
    let alert = office.first_of("TR", Role::Contact, alert_body());
    let alert = with_header(&alert, |header| header.recipients.push(member("AT")));
    office.takes(&alert);
    let stranger = office.next_of("RS", Role::Contact, sighting_body(), alert.header.id);
    office.refuses("RS", &stranger, R::OutOfState);
    let recipient = office.next_of("AT", Role::Contact, sighting_body(), alert.header.id);
    office.takes(&recipient);
}

#[test]
fn a_conversation_begins_with_its_own_first_message() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let alert = office.first_of("AT", Role::Contact, alert_body());
    office.takes(&alert);
    for known in [exchange, alert.header.id, MessageId::from_bytes([5; 16])] {
        for body in [request_body(), alert_body()] {
            // In a conversation that is not its own.
            let message = office.next_of("RS", Role::Contact, body.clone(), known);
            let role = if body.kind() == Kind::Request {
                Role::Officer
            } else {
                Role::Contact
            };
            let message = Message::compose(
                message.header.clone(),
                liaison::domain::message::Event {
                    by: liaison::base::Actor {
                        role,
                        ..message.event.by
                    },
                    ..message.event.clone()
                },
                message.random,
            );
            office.refuses("RS", &message, R::OutOfState);
            // Under the id of one that there is.
            if known != MessageId::from_bytes([5; 16]) {
                let taken_id = with_header(&message, |header| header.id = known);
                office.refuses("RS", &taken_id, R::OutOfState);
            }
        }
    }
}

#[test]
fn a_request_asks_one_member() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let message = with_header(&message, |header| header.recipients.push(member("AT")));
    office.refuses("TR", &message, R::OutOfState);
}

#[test]
fn a_message_in_front_of_one_that_is_missing_waits_and_a_broken_chain_is_refused() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let acceptance = office.next_of("TR", Role::Contact, acceptance_body(), exchange);
    let answer = office.next_of("TR", Role::Contact, answer_body(), exchange);
    let answer = with_header(&answer, |header| {
        header.sequence = 1;
        header.previous_own = Some(acceptance.leaf());
    });
    office.refuses("TR", &answer, R::Gap);
    office.takes(&acceptance);
    let broken = with_header(&answer, |header| header.previous_own = None);
    office.refuses("TR", &broken, R::BrokenChain);
    office.takes(&answer);
    assert_eq!(state_of(&mut office, exchange), "answered");
}

#[test]
fn content_that_breaks_its_form_is_refused_as_malformed() {
    let mut office = Office::new();
    let mut faulty = request();
    faulty.urgency_reason = None;
    let message = office.first_of("TR", Role::Officer, Body::Request(Box::new(faulty)));
    office.refuses("TR", &message, R::Malformed);
    let message = office.first_of("TR", Role::Officer, request_body());
    let message = with_header(&message, |header| header.priority = Priority::Routine);
    office.refuses("TR", &message, R::Malformed);
    let exchange = office.asked_tr();
    let message = office.next_of("TR", Role::Contact, refused_by_tr("x5"), exchange);
    office.refuses("TR", &message, R::Malformed);
}

fn with_files(message: &Message, files: &[(u64, u64)]) -> Message {
    let (mut header, mut event) = (message.header.clone(), message.event.clone());
    for (sealed, size) in files {
        header.attachments.push(AttachmentSlot {
            length: *sealed,
            digest: Digest::of(b"sealed"),
        });
        event.attachments.push(AttachmentInfo {
            name: "van.mp4".into(),
            media_type: "video/mp4".into(),
            size: *size,
            digest: Digest::of(b"file"),
            key: [1; 32],
        });
    }
    Message::compose(header, event, message.random)
}

#[test]
fn attachments_are_as_long_as_they_say_and_not_too_long() {
    let mut office = Office::new();
    let message = office.first_of("TR", Role::Officer, request_body());
    let five = 5 << 30;
    let large = with_files(&message, &[(ciphertext_len(five), five)]);
    office.refuses("TR", &large, R::TooLarge);
    let lies = with_files(&message, &[(ciphertext_len(7), 7), (ciphertext_len(9), 3)]);
    office.refuses("TR", &lies, R::Malformed);
    let lies = with_files(&message, &[(0, u64::MAX)]);
    office.refuses("TR", &lies, R::Malformed);
    let true_ones = with_files(&message, &[(ciphertext_len(0), 0), (ciphertext_len(9), 9)]);
    office.takes(&true_ones);
}

#[test]
fn sixty_refusals_of_a_peer_are_recorded_in_a_minute_and_others_are_not_held_up() {
    let mut office = Office::new();
    office.now = Timestamp::from_millis(1_790_000_040_000);
    let flood = |office: &mut Office, peer: &str, n: u32| {
        let size = office.log.size();
        for i in 0..n {
            let digest = Digest::of(format!("{peer} {i} {}", office.now).as_bytes());
            let refusal = R::BadEnvelope;
            let outcomes = office.peer(peer, FromPeer::Unreadable { digest, refusal });
            assert_eq!(outcomes.len(), 1, "the peer is told each time");
        }
        office.log.size() - size
    };
    assert_eq!(flood(&mut office, "TR", 500), 60);
    assert_eq!(flood(&mut office, "AT", 10), 10);
    let message = office.first_of("TR", Role::Officer, request_body());
    office.takes(&message);
    office.now = office.now.plus(60 * SECOND).minus(MILLISECOND);
    assert_eq!(flood(&mut office, "TR", 100), 0);
    office.now = office.now.plus(MILLISECOND);
    assert_eq!(flood(&mut office, "TR", 100), 60);
}
