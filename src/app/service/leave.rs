//! The leave that an ask needs.

use crate::app::input::Ask;
use crate::app::permit::Action;
use crate::app::{alerts, respond};

/// The actions of which one is needed.
pub(super) fn action_of(ask: &Ask) -> &'static [Action] {
    match ask {
        Ask::SendRequest { .. } | Ask::Compare { .. } => &[Action::SendRequest],
        Ask::Respond { command, .. } => respond::action_of(command),
        Ask::Supersede { .. } => &[Action::SupersedeRequest],
        Ask::Forward(_) => &[Action::ForwardMessage],
        Ask::Correct { .. } | Ask::PassOn { .. } => &[Action::CorrectMessage],
        Ask::AskPermission { .. } => &[Action::AskPermission],
        Ask::DecidePermission { .. } => &[Action::DecidePermission],
        Ask::ListExchanges { .. }
        | Ask::ListPressing { .. }
        | Ask::GlanceExchange { .. }
        | Ask::ListPermissions
        | Ask::GlancePermission { .. } => &[Action::ListExchanges],
        Ask::NoteCall { .. } => &[Action::NoteCall],
        Ask::ReadExchange { .. } => &[Action::ReadExchange],
        Ask::Search(_) => &[Action::Search],
        Ask::ShortenRetention { .. } => &[Action::ShortenRetention],
        Ask::EraseContent { .. } => &[Action::EraseContent],
        Ask::PublishAlert { .. } | Ask::PreviewAlert { .. } => &[Action::PublishAlert],
        Ask::OnAlert { on, .. } => alerts::action_of(&on.command),
        Ask::Subscribe { .. } => &[Action::SubscribeAlerts],
        Ask::ListAlerts { .. } | Ask::ReadAlert { .. } | Ask::ListSubscriptions => {
            &[Action::ReadAlerts]
        }
        Ask::ReadAttachment { .. } => &[Action::ReadExchange, Action::ReadAlerts],
        Ask::Office(ask) => ask.actions(),
        Ask::Members(ask) => ask.actions(),
        Ask::Witness(ask) => ask.actions(),
        Ask::ForRelease(ask) | Ask::IfUnchanged(_, ask) => action_of(ask),
        Ask::Letters(ask) => ask.actions(),
        Ask::Carry(ask) => ask.actions(),
        Ask::Health => &[Action::ReadHealth],
    }
}
