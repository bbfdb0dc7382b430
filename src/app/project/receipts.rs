//! What follows from a peer's receipt: how far a message has come, and under which checkpoint.

use super::{Projected, on_alert, on_exchange, settle};
use crate::app::alerts;
use crate::app::change::{KeptProof, KeptReceipt, ReceiptWord};
use crate::app::content::whole_receipt;
use crate::app::duty;
use crate::app::members::hold;
use crate::app::rows::*;
use crate::app::view::View;
use crate::app::witness;
use crate::base::{MemberId, MessageId};
use crate::domain::duty::LooseState;
use crate::domain::message::Kind;
use crate::domain::rfi::Side;
use crate::exchange::Refusal;
use crate::store::IndexError;

/// Writes the rows that follow from a kept receipt.
pub(super) fn kept(
    view: &mut View<'_>,
    me: MemberId,
    p: &Projected<'_>,
    receipt: &KeptReceipt,
) -> Result<(), IndexError> {
    if receipt.word == ReceiptWord::AttachmentsStored {
        let key = message_key(receipt.from.member, receipt.message);
        view.put(ATTACHMENTS_AT, key, true);
    }
    if let ReceiptWord::Erased(_) = receipt.word {
        let key = message_key(receipt.from.member, receipt.message);
        view.put(ERASED_AT, key, true);
    }
    peer_head(view, receipt)?;
    if let KeptProof::Whole(proof) = &receipt.proof {
        witness::receipt_head(view, p.entry, &proof.checkpoint.checkpoint)?;
    }
    let recipient = receipt.from.member;
    let row = match receipt.word {
        ReceiptWord::Delivered => {
            let row = settle(view, me, recipient, receipt.message, Delivery::Delivered)?;
            if let Some(row) = &row {
                hold(view, recipient, row.conversation, p.at)?;
            }
            row
        }
        ReceiptWord::Refused(number) => settle(
            view,
            me,
            recipient,
            receipt.message,
            Delivery::Refused(number),
        )?,
        ReceiptWord::Opened => opened_by(view, me, recipient, receipt.message)?,
        ReceiptWord::AttachmentsStored | ReceiptWord::Erased(_) => {
            view.row(MESSAGE, &message_key(me, receipt.message))?
        }
    };
    let Some(row) = row else {
        return Ok(());
    };
    let is_request = row.kind == Kind::Request;
    let at = receipt_at(view, receipt)?;
    // What is proved here has happened: a peer's clock that is ahead delays no limit.
    let happened = receipt.at.min(p.at);
    let known = on_exchange(view, row.conversation, p, |row| {
        row.receipt = at;
        let exchange = &mut row.exchange;
        match (receipt.word, is_request) {
            (ReceiptWord::Delivered, true) => exchange.delivered(happened),
            (ReceiptWord::Opened, true) => exchange.opened(happened),
            (ReceiptWord::Delivered | ReceiptWord::Opened, false)
                if exchange.side() == Side::Requesting =>
            {
                exchange.event_delivered(receipt.message, happened);
            }
            (ReceiptWord::Delivered | ReceiptWord::Opened, false)
            | (
                ReceiptWord::AttachmentsStored | ReceiptWord::Erased(_) | ReceiptWord::Refused(_),
                _,
            ) => (),
        }
        match receipt.word {
            ReceiptWord::Refused(_) => exchange.not_taken(receipt.message),
            // Each proves that it is there, or was.
            ReceiptWord::Delivered
            | ReceiptWord::Opened
            | ReceiptWord::AttachmentsStored
            | ReceiptWord::Erased(_) => exchange.taken(receipt.message),
        }
        match receipt.word {
            ReceiptWord::Delivered => duty::no_longer_loose(row, receipt.message),
            ReceiptWord::Refused(number) => {
                duty::loose(row, receipt.message, p.at, LooseState::Refused(number));
            }
            ReceiptWord::Opened | ReceiptWord::AttachmentsStored | ReceiptWord::Erased(_) => (),
        }
    })?;
    if !known {
        let in_vain = match receipt.word {
            ReceiptWord::Refused(_) => alerts::in_vain(view, me, row.conversation, recipient)?,
            ReceiptWord::Delivered
            | ReceiptWord::Opened
            | ReceiptWord::AttachmentsStored
            | ReceiptWord::Erased(_) => Vec::new(),
        };
        on_alert(view, row.conversation, p, |row| match receipt.word {
            ReceiptWord::Delivered => row.heard(recipient, receipt.message),
            ReceiptWord::Refused(number) => {
                if row.alert.last_message() == receipt.message {
                    row.refusals.retain(|(member, _)| *member != recipient);
                    row.refusals.push((recipient, p.at));
                }
                let refused = LooseState::Refused(number);
                row.unheard(recipient, receipt.message, p.at, refused);
                let gap = LooseState::Refused(Refusal::Gap.number());
                row.waits_in_vain(recipient, &in_vain, p.at, gap);
            }
            ReceiptWord::Opened | ReceiptWord::AttachmentsStored | ReceiptWord::Erased(_) => (),
        })?;
    }
    Ok(())
}

/// The checkpoint under a receipt, which lies in another entry where it is shared with one.
fn receipt_at(view: &View<'_>, receipt: &KeptReceipt) -> Result<Option<ReceiptAt>, IndexError> {
    let checkpoint = match &receipt.proof {
        KeptProof::Whole(proof) => proof.checkpoint.checkpoint,
        KeptProof::Sharing(..) => {
            let whole = whole_receipt(view.log(), receipt);
            whole
                .map_err(|_| IndexError::Damaged)?
                .checkpoint
                .checkpoint
        }
    };
    Ok(Some(ReceiptAt {
        origin: checkpoint.origin.to_string(),
        size: checkpoint.size,
        root: checkpoint.root,
    }))
}

/// Notes that a person at a recipient opened an own message; gives its row.
fn opened_by(
    view: &mut View<'_>,
    me: MemberId,
    recipient: MemberId,
    message: MessageId,
) -> Result<Option<MessageRow>, IndexError> {
    let key = message_key(me, message);
    let Some(mut row) = view.row::<MessageRow>(MESSAGE, &key)? else {
        return Ok(None);
    };
    row.opened_by.insert(recipient);
    view.put(MESSAGE, key, row.clone());
    Ok(Some(row))
}

/// Remembers the furthest checkpoint of the peer's log. Receipts that share theirs with another
/// entry have nothing to add to what that one said.
fn peer_head(view: &mut View<'_>, receipt: &KeptReceipt) -> Result<(), IndexError> {
    let KeptProof::Whole(proof) = &receipt.proof else {
        return Ok(());
    };
    let checkpoint = proof.checkpoint.checkpoint;
    let head = HeadRow {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
    };
    let key = head_key(receipt.from);
    let known = view.row::<HeadRow>(PEER_HEAD, &key)?;
    if known.is_none_or(|known| known.origin != head.origin || known.size < head.size) {
        view.put(PEER_HEAD, key, head);
    }
    Ok(())
}
