//! Composing: what a person writes becomes messages.

use super::{Service, Stop, Turn};
use crate::app::error::AppError;
use crate::app::input::{Ask, Reply};
use crate::app::{alerts, corrections, passing, permissions, requests, respond, supersede};
use crate::base::Actor;

impl Service {
    /// Composes what can be a letter.
    pub(in crate::app) fn compose(
        &mut self,
        turn: &mut Turn<'_>,
        by: Actor,
        ask: &Ask,
    ) -> Result<Reply, Stop> {
        match ask {
            Ask::SendRequest { to, request } => requests::send(self, turn, by, to, request),
            Ask::Respond {
                exchange,
                message,
                command,
                attached,
            } => respond::respond(self, turn, by, *exchange, *message, command, attached),
            Ask::Supersede {
                exchange,
                message,
                reason,
                new,
                request,
                attached,
            } => {
                let new = supersede::New {
                    id: *new,
                    request,
                    attached,
                };
                let reason = reason.as_deref();
                supersede::supersede(self, turn, by, *exchange, *message, reason, &new)
            }
            Ask::PublishAlert {
                audience,
                id,
                alert,
                attached,
            } => alerts::publish(self, turn, by, audience, *id, alert, attached),
            Ask::OnAlert { on, attached } => alerts::act(self, turn, by, on, attached),
            Ask::Forward(what) => passing::forward(self, turn, by, what),
            Ask::Correct {
                exchange,
                message,
                what,
            } => corrections::correct(self, turn, by, *exchange, *message, what),
            Ask::PassOn {
                exchange,
                correction,
                message,
            } => corrections::pass_on(self, turn, by, *exchange, *correction, *message),
            Ask::DecidePermission {
                permission,
                message,
                decision,
            } => permissions::decide(self, turn, by, *permission, *message, decision),
            Ask::ForRelease(_)
            | Ask::IfUnchanged(..)
            | Ask::Letters(_)
            | Ask::AskPermission { .. }
            | Ask::GlancePermission { .. }
            | Ask::ListPermissions
            | Ask::ListExchanges { .. }
            | Ask::ListPressing { .. }
            | Ask::NoteCall { .. }
            | Ask::ReadExchange { .. }
            | Ask::GlanceExchange { .. }
            | Ask::PreviewAlert { .. }
            | Ask::Subscribe { .. }
            | Ask::ListSubscriptions
            | Ask::ListAlerts { .. }
            | Ask::ReadAlert { .. }
            | Ask::ReadAttachment { .. }
            | Ask::Members(_)
            | Ask::Witness(_)
            | Ask::Search(_)
            | Ask::ShortenRetention { .. }
            | Ask::EraseContent { .. }
            | Ask::Carry(_)
            | Ask::Office(_)
            | Ask::Compare { .. }
            | Ask::Health => Err(AppError::NotFound("letter").into()),
        }
    }
}
