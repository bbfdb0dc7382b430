//! What a listed peer that lies says over a real link to a real node: each lie has its typed
//! refusal, which the peer is told and the log holds, and what is honest is taken as before.

use liaison::app::change::Message;
use liaison::audit::Statement;
use liaison::base::{Digest, MessageId, Role, Timestamp};
use liaison::domain::Status;
use liaison::domain::handling::HandlingCode;
use liaison::domain::message::{AttachmentInfo, AttachmentSlot, Body, SignedCopy};
use liaison::domain::rfi::{Forwarded, PermissionRequest, Request};
use liaison::exchange::Refusal as R;
use liaison::seal::attachment::ciphertext_len;
use liaison::seal::envelope::SignedMessage;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::examples;
use crate::liar::{Hands, Liar, Verdict, with};
use crate::world::World;

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Frames of a peer that a node sets aside at most, as its bundle with the key may be on its way.
const SET_ASIDE: usize = 16;

fn form<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it has its form")
}

fn request() -> Request {
    form(examples::urgent_request())
}

fn request_body() -> Body {
    Body::Request(Box::new(request()))
}

fn body(kind: &str, content: Value) -> Body {
    form(json!({ kind: content }))
}

#[track_caller]
fn refused(liar: &Liar, message: &Message, refusal: R) {
    // A message that is changed after it was composed has the leaf of what is signed.
    let signed = liar.hands.signs(message);
    let leaf = signed.leaf();
    assert_eq!(liar.sends(&signed, leaf), Verdict::Refused(refusal));
}

/// Says it, and gives the message as the node has it.
#[track_caller]
fn taken(liar: &Liar, message: &Message) -> Message {
    let signed = liar.hands.signs(message);
    let leaf = signed.leaf();
    assert_eq!(liar.sends(&signed, leaf), Verdict::Taken);
    Message::read(&signed).expect("it was taken")
}

#[test]
fn each_lie_over_a_real_link_has_its_refusal_and_the_truth_is_taken() {
    let world = World::of(&["MK", "TR", "AT"]);
    world.office("MK").serve();
    let liar = Liar::new(&world, "TR", "MK");
    let first = |role| liar.first(role, request_body());

    // What does not open, and what another signed.
    let honest = liar.hands.signs(&first(Role::Officer));
    let mut damaged = liar.sealed(&honest);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let about = Digest::of(&damaged);
    assert_eq!(
        liar.sends_envelope(damaged, about),
        Verdict::Refused(R::BadEnvelope)
    );
    let austrian = Hands::of(world.office("AT"));
    let stolen = liar.first(Role::Officer, request_body());
    let stolen = with(&stolen, |header| header.sender = austrian.node);
    let stolen = austrian.signs(&stolen);
    assert_eq!(
        liar.sends(&stolen, stolen.leaf()),
        Verdict::Refused(R::NotTheSender)
    );
    let noise = b"no frame at all";
    assert_eq!(
        liar.frame(noise, Digest::of(noise)),
        Verdict::Refused(R::Malformed)
    );

    // Forged roles, other recipients, times that cannot be.
    for role in [
        Role::Auditor,
        Role::Admin,
        Role::Observer,
        Role::Node,
        Role::Contact,
    ] {
        refused(&liar, &first(role), R::OutOfState);
    }
    let message = first(Role::Officer);
    let at = with(&message, |header| {
        header.recipients = vec!["AT".parse().expect("a member")]
    });
    refused(&liar, &at, R::WrongRecipient);
    let past = with(&message, |header| {
        header.expires = Timestamp::from_millis(1_000_000_000_000);
    });
    refused(&liar, &past, R::Expired);
    let ahead = with(&message, |header| {
        header.created = header.created.plus(2 * HOUR);
        header.expires = header.created.plus(HOUR);
    });
    refused(&liar, &ahead, R::PostDated);
    let long = with(&message, |header| {
        header.expires = header.expires.plus(HOUR * 24 * 500)
    });
    refused(&liar, &long, R::LivesTooLong);
    let marked = with(&message, |header| {
        header.handling.codes = vec![HandlingCode::H0]
    });
    refused(&liar, &marked, R::Malformed);
    let exercise = with(&message, |header| {
        header.extensions = Status::Exercise.extension().into_iter().collect();
    });
    refused(&liar, &exercise, R::OtherStatus);

    // Wrong sequences, and events out of state.
    let request = taken(&liar, &first(Role::Officer));
    let withdraw = || body("withdrawal", json!({ "reason": "Found." }));
    let next = |role, body| liar.next(role, body, &request);
    let early = with(&next(Role::Officer, withdraw()), |header| {
        header.sequence = 7
    });
    refused(&liar, &early, R::Gap);
    let again = with(&next(Role::Officer, withdraw()), |header| {
        (header.sequence, header.previous_own) = (0, None);
    });
    refused(&liar, &again, R::Replayed);
    let other = with(&next(Role::Officer, withdraw()), |header| {
        header.previous_own = Some(Digest::of(b"another"));
    });
    refused(&liar, &other, R::BrokenChain);
    let terabyte = declaring(&first(Role::Officer), 1 << 40);
    refused(&liar, &terabyte, R::TooLarge);
    let same_id = with(&request, |header| {
        header.expires = header.expires.plus(HOUR)
    });
    refused(&liar, &same_id, R::ConflictingId);
    let close = next(Role::Officer, body("closing", json!({})));
    refused(&liar, &close, R::OutOfState);
    let accept = body("acceptance", json!({ "access": "direct" }));
    refused(&liar, &next(Role::Contact, accept), R::OutOfState);
    let nowhere = with(&next(Role::Officer, withdraw()), |header| {
        header.conversation = MessageId::from_bytes([3; 16]);
        (header.sequence, header.previous_own) = (0, None);
    });
    refused(&liar, &nowhere, R::UnknownConversation);

    // Permissions and corrections of nothing.
    let nothing = MessageId::from_bytes([4; 16]);
    let leaf = Digest::of(b"nothing");
    let asks = json!({ "message": nothing, "leaf": leaf, "to": "AT", "purpose": "Why not." });
    let ask = next(Role::Officer, body("permission-request", asks.clone()));
    refused(&liar, &ask, R::BrokenChain);
    let mut grants = asks;
    grants["request"] = json!(nothing);
    grants["expires"] = json!(Timestamp::system().plus(HOUR));
    let grant = next(Role::Releaser, body("permission-grant", grants));
    refused(&liar, &grant, R::BrokenChain);
    let refusal = json!({ "request": nothing });
    let refusal = next(Role::Releaser, body("permission-refusal", refusal));
    refused(&liar, &refusal, R::BrokenChain);
    let notice = json!({ "about": nothing, "says": "acknowledged" });
    let notice = next(Role::Officer, body("notice", notice));
    refused(&liar, &notice, R::BrokenChain);
    let handling = serde_json::to_value(&request.header.handling).expect("it is plain");
    let correction = json!({ "message": nothing, "leaf": leaf, "flaw": "incorrect",
        "remedy": "erase", "text": "All of it.", "handling": handling });
    let correction = next(Role::Officer, body("correction", correction));
    refused(&liar, &correction, R::BrokenChain);

    // A receipt for a message that was never sent to it, and one under no proof.
    let receipt = liar.receipt(Statement::Received {
        sender: "MK-1".parse().expect("a node"),
        id: nothing,
        leaf,
    });
    let verdict = liar.frame(&receipts(vec![receipt.clone()]), receipt_digest(&receipt));
    assert_eq!(verdict, Verdict::Refused(R::UnknownConversation));
    let statement = Statement::Received {
        sender: "MK-1".parse().expect("a node"),
        id: request.header.id,
        leaf,
    };
    let in_anothers_name = liar.receipt_of(austrian.node, statement);
    let about = receipt_digest(&in_anothers_name);
    let verdict = liar.frame(&receipts(vec![in_anothers_name]), about);
    assert_eq!(verdict, Verdict::Refused(R::Malformed));
    let unproved = without_proof(&receipt);
    let about = receipt_digest(&unproved);
    let frame = receipts(vec![unproved]);
    for _ in 0..SET_ASIDE {
        liar.says(&frame);
    }
    let verdict = liar.frame(&frame, about);
    assert_eq!(verdict, Verdict::Refused(R::Malformed));

    // The node goes on as before, and its log holds.
    taken(&liar, &liar.next(Role::Officer, withdraw(), &request));
    world.office("MK").stop();
    assert!(
        world.office("MK").verified() > 20,
        "each refusal is on record"
    );
}

fn receipts(batches: Vec<Vec<u8>>) -> Vec<u8> {
    liaison::wire::frame::Frame::Receipts(batches).encode()
}

/// What a refusal of the one receipt in a batch names.
fn receipt_digest(batch: &[u8]) -> Digest {
    let batch = liaison::audit::ReceiptBatch::decode(batch).expect("a batch");
    let receipt = batch.receipts().next().expect("a receipt");
    Digest::of(&receipt.encode())
}

/// The same batch, whose receipt does not open its entry.
fn without_proof(batch: &[u8]) -> Vec<u8> {
    let mut batch = liaison::audit::ReceiptBatch::decode(batch).expect("a batch");
    batch.items[0].opening.salt[0] ^= 1;
    batch.encode()
}

/// The same message, which says that it has a file of so many bytes.
fn declaring(message: &Message, size: u64) -> Message {
    let mut message = message.clone();
    message.event.attachments.push(AttachmentInfo {
        name: "van.mp4".into(),
        media_type: "video/mp4".into(),
        size,
        digest: Digest::of(b"file"),
        key: [1; 32],
    });
    with(&message, |header| {
        header.attachments.push(AttachmentSlot {
            length: ciphertext_len(size),
            digest: Digest::of(b"sealed"),
        });
    })
}

fn copy(signed: &SignedMessage) -> SignedCopy {
    SignedCopy(signed.to_bytes())
}

#[test]
fn what_is_passed_on_is_under_its_authors_own_signature_or_refused() {
    let world = World::of(&["MK", "TR", "AT"]);
    world.office("MK").serve();
    let liar = Liar::new(&world, "TR", "MK");
    let author = Hands::of(world.office("AT"));
    let by_author = |mut message: Message| {
        message.event.by.member = author.node.member;
        with(&message, |header| {
            header.sender = author.node;
            header.recipients = vec!["TR".parse().expect("a member")];
        })
    };
    let mut marked = request();
    marked.handling.codes = vec![HandlingCode::H0, HandlingCode::H2];
    let original = by_author(liar.first(Role::Officer, Body::Request(Box::new(marked))));
    let original = author.signs(&original);
    let read = Message::read(&original).expect("a message");
    let grant = |by: &Hands, as_node| {
        let terms = PermissionRequest {
            message: read.header.id,
            leaf: original.leaf(),
            to: "MK".parse().expect("a member"),
            purpose: "To find the van.".into(),
        };
        let body = terms.granted(read.header.id, Timestamp::system().plus(HOUR));
        let message = by_author(liar.first(Role::Contact, Body::PermissionGrant(body)));
        by.signs_as(&message, as_node)
    };
    let passes = |message: &SignedMessage, permission: Option<&SignedMessage>| {
        let mut request = request();
        request.handling = request.handling.with(&read.header.handling, 1_000);
        request.forwarded = Some(Forwarded {
            message: copy(message),
            permission: permission.map(copy),
        });
        liar.first(Role::Officer, Body::Request(Box::new(request)))
    };
    let honest = grant(&author, author.node);
    // The liar's own signature under the author's name: on the grant, and on the message.
    let forged = grant(&liar.hands, author.node);
    refused(&liar, &passes(&original, Some(&forged)), R::MayNotPassOn);
    let invented = liar.hands.signs_as(&read, author.node);
    refused(&liar, &passes(&invented, Some(&honest)), R::MayNotPassOn);
    refused(&liar, &passes(&original, None), R::MayNotPassOn);
    let mut bent = original.clone();
    let place = bent.body.len() - 2;
    bent.body[place] ^= 1;
    refused(&liar, &passes(&bent, Some(&honest)), R::MayNotPassOn);
    // The truth, and the same permission a second time.
    taken(&liar, &passes(&original, Some(&honest)));
    refused(&liar, &passes(&original, Some(&honest)), R::MayNotPassOn);
}
