//! What an ask is about, where it names one thing.

use super::{Ask, LetterAsk};
use crate::app::duty::CallSubject;
use crate::app::permit::Thing;

impl Ask {
    /// The one thing that is asked about, where the ask names one.
    pub fn thing(&self) -> Option<Thing> {
        match self {
            Self::Respond { .. }
            | Self::Supersede { .. }
            | Self::ReadExchange { .. }
            | Self::GlanceExchange { .. }
            | Self::Forward(_)
            | Self::Correct { .. }
            | Self::PassOn { .. }
            | Self::AskPermission { .. } => Some(Thing::Exchange),
            Self::NoteCall { subject, .. } => Some(match subject {
                CallSubject::Exchange(_) => Thing::Exchange,
                CallSubject::Alert(..) => Thing::Alert,
            }),
            Self::DecidePermission { .. } | Self::GlancePermission { .. } => {
                Some(Thing::Permission)
            }
            Self::Office(ask) => ask.thing(),
            Self::OnAlert { .. } | Self::ReadAlert { .. } => Some(Thing::Alert),
            Self::ReadAttachment { .. } => Some(Thing::Attachment),
            Self::ForRelease(ask) | Self::IfUnchanged(_, ask) => ask.thing(),
            Self::Letters(LetterAsk::List { .. }) => None,
            Self::Letters(_) => Some(Thing::Letter),
            Self::SendRequest { .. }
            | Self::ListExchanges { .. }
            | Self::ListPermissions
            | Self::ListPressing { .. }
            | Self::PublishAlert { .. }
            | Self::PreviewAlert { .. }
            | Self::Subscribe { .. }
            | Self::ListSubscriptions
            | Self::ListAlerts { .. }
            | Self::Members(_)
            | Self::Witness(_)
            | Self::Search(_)
            | Self::ShortenRetention { .. }
            | Self::EraseContent { .. }
            | Self::Carry(_)
            | Self::Compare { .. }
            | Self::Health => None,
        }
    }
}
