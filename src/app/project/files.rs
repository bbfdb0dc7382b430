//! Files of messages: which are to be fetched from whom, which belong to a message, and which are here.

use super::{Projected, owe_receipt};
use crate::app::change::Message;
use crate::app::rows::*;
use crate::app::view::View;
use crate::base::{MemberId, MessageId};
use crate::store::IndexError;

/// Notes what is to be fetched from a member of a message that `sender` wrote.
pub(super) fn pull(view: &mut View<'_>, from: MemberId, sender: MemberId, message: &Message) {
    let id = message.header.id;
    // What is erased has no files any more.
    let slots = message.header.attachments.iter();
    let slots = slots.filter(|_| message.erased.is_none());
    for (index, slot) in slots.enumerate() {
        let index = u16::try_from(index).expect("wire bounds the attachments of a message");
        let pull = PullRow {
            sender,
            message: id,
            index,
            length: slot.length,
            digest: slot.digest,
        };
        view.put(PULL, pull_key(from, id, index), pull);
    }
}

/// Notes that sealed files under this id belong to a message.
pub(super) fn attached(view: &mut View<'_>, me: MemberId, message: &Message) {
    if !message.header.attachments.is_empty() && message.erased.is_none() {
        let id = stored_under(me, message.sender.member, message.header.id);
        view.put(ATTACHED, id.to_bytes().to_vec(), true);
    }
}

/// A file is here whole.
pub(super) fn attachment_stored(
    view: &mut View<'_>,
    p: &Projected<'_>,
    sender: MemberId,
    message: MessageId,
    index: u16,
    all: bool,
) -> Result<(), IndexError> {
    let key = message_key(sender, message);
    view.delete(PULL, pull_key(sender, message, index));
    if let Some(mut row) = view.row::<MessageRow>(MESSAGE, &key)? {
        if let Some(attachment) = row.attachments.get_mut(usize::from(index)) {
            attachment.stored = true;
        }
        // An own one was given back by one of those that it had been sent to.
        for recipient in row.deliveries.keys() {
            view.delete(PULL, pull_key(*recipient, message, index));
        }
        view.put(MESSAGE, key, row);
    }
    if all {
        owe_receipt(view, p, sender);
    }
    Ok(())
}
