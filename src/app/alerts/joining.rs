//! Which recipients of a message did not get all before it: an alert's recipients become more,
//! an acknowledgement goes to the publisher alone, and a member may be off the list for a while.

use crate::app::requests::Letter;
use crate::app::rows::{REACHED, conversation_key};
use crate::app::view::View;
use crate::domain::message::{Extension, Joining};
use crate::exchange::Conversation;
use crate::store::IndexError;

/// The header extensions that name them; `progress` is how far this member has come.
pub(in crate::app) fn joining(
    view: &View<'_>,
    letter: &Letter<'_>,
    progress: &Conversation,
) -> Result<Vec<Extension>, IndexError> {
    let mut joining = Vec::new();
    if letter.body.kind().is_of_an_alert() && progress.sequence > 0 {
        for member in &letter.recipients {
            let key = conversation_key(letter.conversation, *member);
            let reached = view.row::<Conversation>(REACHED, &key)?.unwrap_or_default();
            if reached != *progress {
                joining.push(Joining {
                    member: *member,
                    sequence: reached.sequence,
                    last: reached.last,
                });
            }
        }
    }
    Ok(Joining::extension(&joining).into_iter().collect())
}
