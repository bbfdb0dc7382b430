//! Receipts that peers give: evidence is kept, and what it settles leaves the outbox.

use super::change::{Change, KeptProof, KeptReceipt, ReceiptWord};
use super::input::{Effect, PeerReceipt, receipt_word};
use super::members;
use super::receive;
use super::restored;
use super::rows::*;
use super::service::{Service, Turn};
use super::witness;
use crate::audit::Statement;
use crate::base::{Actor, Digest, MemberId, MessageId, NodeId, Timestamp, merkle};
use crate::exchange::{RECEIPTS, Refusal, Waiting};
use crate::store::IndexError;

/// A receipt whose proof holds. One for nothing that this node sent to that peer is refused.
pub(super) fn keep(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    receipt: &PeerReceipt,
) -> Result<(), IndexError> {
    // It comes again, once the member's key is accepted.
    if members::is_blocked(turn, peer.member)? {
        return Ok(());
    }
    // Whether or not it is news, whoever signs two histories is found out.
    witness::compare(service, turn, peer, &receipt.receipt.checkpoint)?;
    let me = service.me;
    let digest = || Digest::of(&receipt.receipt.encode());
    let Some((message, word)) = subject(turn, me, receipt)? else {
        if restored::taken_back(service, turn, peer, &receipt.statement)? {
            let receipts = vec![merkle::leaf_hash(&receipt.receipt.entry)];
            turn.effects.push(Effect::Keep { peer, receipts });
            return Ok(());
        }
        // That a peer could not read something is heard; answering it would go on for ever.
        if matches!(receipt.statement, Statement::Refused { .. }) {
            return Ok(());
        }
        return receive::refuse(service, turn, peer, digest(), Refusal::UnknownConversation);
    };
    let key = message_key(me.member, message);
    let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
    let delivery = row.and_then(|row| Some((row.deliveries.get(&peer.member).copied()?, row)));
    let Some((so_far, row)) = delivery else {
        return receive::refuse(service, turn, peer, digest(), Refusal::UnknownConversation);
    };
    turn.effects.push(Effect::Keep {
        peer,
        receipts: vec![merkle::leaf_hash(&receipt.receipt.entry)],
    });
    if !says_more(turn, peer.member, message, &row, so_far, word)? {
        return Ok(());
    }
    if word == ReceiptWord::Delivered {
        service.refusing.remove(&peer.member);
    }
    let later = taken_later(word, row.expires, turn.now);
    if let Some(why) = later {
        takes_nothing(service, peer.member, why, turn.now);
        service.flight.put_off(peer.member, row.entry, turn.now);
    } else if settles(word) {
        for class in [0, 1] {
            let entry = row.entry;
            service
                .flight
                .settle(peer.member, Waiting { class, entry }, turn.now);
        }
    }
    service.stirred.insert(peer.member);
    service
        .erasure
        .clock
        .said(peer.member, receipt.at, turn.now);
    if later.is_some() {
        return Ok(());
    }
    let kept = KeptReceipt {
        from: peer,
        word,
        message,
        at: receipt.at,
        proof: KeptProof::Whole(Box::new(receipt.receipt.clone())),
    };
    turn.record(
        me.member,
        Actor::node(me.member),
        Change::ReceiptKept(Box::new(kept)),
    )?;
    Ok(())
}

/// Why the peer does not take a message yet that it may take later. Besides what is temporary anywhere, that
/// is what has expired by its clock alone: one of the two clocks is wrong, and that must not lose a message.
fn taken_later(word: ReceiptWord, expires: Timestamp, now: Timestamp) -> Option<Refusal> {
    let ReceiptWord::Refused(number) = word else {
        return None;
    };
    let by_its_clock_alone = |why| why == Refusal::Expired && now < expires;
    Refusal::from_number(number).filter(|why| why.is_temporary() || by_its_clock_alone(*why))
}

/// Whether the receipt ends the delivery of a message. That somebody opened it does not: the
/// receipt of delivery, from which the clock runs, may have been lost and is still to come.
pub(super) fn settles(word: ReceiptWord) -> bool {
    match word {
        ReceiptWord::Delivered | ReceiptWord::Refused(_) => true,
        ReceiptWord::Opened | ReceiptWord::AttachmentsStored | ReceiptWord::Erased(_) => false,
    }
}

/// Whether the receipt says something that this node has no evidence of yet.
fn says_more(
    turn: &Turn<'_>,
    recipient: MemberId,
    message: MessageId,
    row: &MessageRow,
    so_far: Delivery,
    word: ReceiptWord,
) -> Result<bool, IndexError> {
    Ok(match word {
        ReceiptWord::Delivered => matches!(so_far, Delivery::Queued | Delivery::Expired),
        ReceiptWord::Opened => !row.opened_by.contains(&recipient),
        ReceiptWord::AttachmentsStored => turn
            .view
            .row::<bool>(ATTACHMENTS_AT, &message_key(recipient, message))?
            .is_none(),
        ReceiptWord::Erased(_) => turn
            .view
            .row::<bool>(ERASED_AT, &message_key(recipient, message))?
            .is_none(),
        ReceiptWord::Refused(_) => so_far == Delivery::Queued,
    })
}

/// The own message that a receipt is about; none if it is about nothing of this node.
fn subject(
    turn: &Turn<'_>,
    me: NodeId,
    receipt: &PeerReceipt,
) -> Result<Option<(MessageId, ReceiptWord)>, IndexError> {
    let Some(word) = receipt_word(&receipt.statement) else {
        return Ok(None);
    };
    let by_id = |message: MessageId, leaf: Digest| -> Result<Option<MessageId>, IndexError> {
        let key = message_key(me.member, message);
        let row = turn.view.row::<MessageRow>(MESSAGE, &key)?;
        Ok(row.is_some_and(|row| row.leaf == leaf).then_some(message))
    };
    let message = match &receipt.statement {
        Statement::Received { sender, id, leaf } if *sender == me => by_id(*id, *leaf)?,
        Statement::Refused { sender, digest, .. } if *sender == me => {
            turn.view.row::<MessageId>(LEAF, digest.as_bytes())?
        }
        later => match happened_to(later) {
            Some((id, leaf)) => by_id(id, leaf)?,
            None => None,
        },
    };
    Ok(message.map(|message| (message, word)))
}

/// The message, with its leaf, to which something happened after it had come.
fn happened_to(statement: &Statement) -> Option<(MessageId, Digest)> {
    match statement {
        Statement::Opened { id, leaf, .. }
        | Statement::AttachmentsStored { id, leaf }
        | Statement::Erased { id, leaf, .. } => Some((*id, *leaf)),
        Statement::Received { .. }
        | Statement::Refused { .. }
        | Statement::Sent { .. }
        | Statement::ReceiptReceived { .. }
        | Statement::Note { .. }
        | Statement::Released { .. }
        | Statement::Cleared { .. }
        | Statement::Witnessed { .. }
        | Statement::LogAlarm { .. }
        | Statement::LogOpened { .. }
        | Statement::BundleInForce { .. } => None,
    }
}

/// Why the peer takes nothing, and since when for this reason.
fn takes_nothing(service: &mut Service, peer: MemberId, why: Refusal, now: Timestamp) {
    let since = service.refusing.get(&peer);
    let since = since.filter(|(before, _)| *before == why);
    let since = since.map_or(now, |(_, since)| *since);
    service.refusing.insert(peer, (why, since));
}

/// The peer takes messages or receipts later: each is offered again when it has rested, but for receipts
/// about what the peer does not know.
pub(super) fn later(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    refused: &[(Digest, Option<Refusal>)],
) -> Result<(), IndexError> {
    let me = service.me.member;
    let (mut receipts, mut unknown) = (Vec::new(), Vec::new());
    for (digest, why) in refused {
        let message = turn.view.row::<MessageId>(LEAF, digest.as_bytes())?;
        if message.is_none() && *why == Some(Refusal::UnknownConversation) {
            unknown.push(*digest);
            continue;
        }
        // Where what is given back does not come next, it alone waits.
        let stands_back = message.is_none() && *why == Some(Refusal::Gap);
        if let Some(why) = why.filter(|_| !stands_back) {
            takes_nothing(service, peer.member, why, turn.now);
        }
        let Some(message) = message else {
            receipts.push(*digest);
            continue;
        };
        if let Some(row) = turn
            .view
            .row::<MessageRow>(MESSAGE, &message_key(me, message))?
        {
            service.flight.put_off(peer.member, row.entry, turn.now);
        }
    }
    for (_, Waiting { entry, .. }) in waiting_receipts(service, turn, peer, &receipts)? {
        service.flight.put_off(peer.member, entry, turn.now);
    }
    not_known(service, turn, peer, &unknown)
}

/// The peer does not know what these receipts are about, each by its hash: it never will, unless it is
/// given that back.
fn not_known(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    digests: &[Digest],
) -> Result<(), IndexError> {
    if digests.is_empty() {
        return Ok(());
    }
    for (key, place) in all_waiting(service, turn, peer)? {
        let Ok(receipt) = turn.log.receipt(place.entry) else {
            continue;
        };
        if !digests.contains(&Digest::of(&receipt.encode())) {
            continue;
        }
        if let Some((about, _)) = happened_to(&receipt.opening.statement)
            && restored::is_to_return(turn, peer.member, about)?
        {
            service.flight.put_off(peer.member, place.entry, turn.now);
            continue;
        }
        turn.view.delete(OUTBOX, key);
        service.flight.settle(peer.member, place, turn.now);
        service.stirred.insert(peer.member);
    }
    Ok(())
}

/// The peer keeps these receipts: they need not be sent again.
pub(super) fn kept(
    service: &mut Service,
    turn: &mut Turn<'_>,
    peer: NodeId,
    leaves: &[Digest],
) -> Result<(), IndexError> {
    for (key, place) in waiting_receipts(service, turn, peer, leaves)? {
        turn.view.delete(OUTBOX, key);
        service.flight.settle(peer.member, place, turn.now);
    }
    Ok(())
}

/// Of the receipts that wait for a peer and may be in flight, those of these entries of the log, with
/// their keys in the outbox.
fn waiting_receipts(
    service: &Service,
    turn: &Turn<'_>,
    peer: NodeId,
    leaves: &[Digest],
) -> Result<Vec<(Vec<u8>, Waiting)>, IndexError> {
    if leaves.is_empty() {
        return Ok(Vec::new());
    }
    let mut named = all_waiting(service, turn, peer)?;
    let is_named = |entry| turn.log.leaf(entry).is_some_and(|l| leaves.contains(&l));
    named.retain(|(_, place)| is_named(place.entry));
    Ok(named)
}

/// The receipts that wait for a peer and may be in flight, with their keys in the outbox.
fn all_waiting(
    service: &Service,
    turn: &Turn<'_>,
    peer: NodeId,
) -> Result<Vec<(Vec<u8>, Waiting)>, IndexError> {
    let prefix = [&peer.member.to_bytes()[..], &[RECEIPTS]].concat();
    let rows = turn
        .view
        .prefix::<OutboxRow>(OUTBOX, &prefix, service.flight.window())?;
    let places = rows.into_iter().filter_map(|(key, _)| {
        let (class, entry) = outbox_place(&key)?;
        Some((key, Waiting { class, entry }))
    });
    Ok(places.collect())
}
