//! What can wait: everything that a person composes, as it was asked for.

use serde::{Deserialize, Serialize};

use crate::app::corrections::Correcting;
use crate::app::input::{Ask, Attached, OnAlert};
use crate::app::passing::Forward;
use crate::app::permissions::Decision;
use crate::base::{MemberId, MessageId};
use crate::domain::alert::{Alert, Audience};
use crate::domain::rfi::{Command, Request};

/// The key of an attachment, kept beside a letter's content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentKey(#[serde(with = "hex::serde")] [u8; 32]);

impl std::fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttachmentKey")
    }
}

/// A letter's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Draft {
    /// A request to one or several members.
    Request {
        /// The members, each with the id of its exchange and its sealed attachments.
        to: Vec<(MemberId, MessageId, Vec<Attached>)>,
        /// The request.
        request: Box<Request>,
    },
    /// Something said in an exchange.
    Say {
        /// The exchange.
        exchange: MessageId,
        /// The id of the message.
        message: MessageId,
        /// What to say.
        command: Box<Command>,
        /// Sealed attachments.
        attached: Vec<Attached>,
    },
    /// A request in the place of another.
    Supersede {
        /// The exchange that ends.
        exchange: MessageId,
        /// The id of the message that says so.
        message: MessageId,
        /// Why.
        reason: Option<String>,
        /// The id of the new exchange.
        new: MessageId,
        /// The new request.
        request: Box<Request>,
        /// Its sealed attachments.
        attached: Vec<Attached>,
    },
    /// A message of another member, passed on.
    Forward(Box<Forward>),
    /// That something that was sent is wrong.
    Correct {
        /// The exchange.
        exchange: MessageId,
        /// The id of the message that says so.
        message: MessageId,
        /// What is wrong.
        what: Box<Correcting>,
    },
    /// A correction, passed on.
    PassOn {
        /// The exchange in which it was told.
        exchange: MessageId,
        /// The correction.
        correction: MessageId,
        /// The id of the first message that passes it on.
        message: MessageId,
    },
    /// A decision on a permission that the other side asked for.
    DecidePermission {
        /// The message that asked for it.
        permission: MessageId,
        /// The id of the message that decides.
        message: MessageId,
        /// What is decided.
        decision: Decision,
    },
    /// An alert.
    Alert {
        /// Whom to tell.
        audience: Audience,
        /// The alert's id.
        id: MessageId,
        /// The alert.
        alert: Box<Alert>,
        /// Sealed attachments.
        attached: Vec<Attached>,
    },
    /// Something done to an alert.
    OnAlert {
        /// What, and to which.
        on: Box<OnAlert>,
        /// Sealed attachments.
        attached: Vec<Attached>,
    },
}

impl Draft {
    /// What was asked, if it can wait.
    pub fn of(ask: &Ask) -> Option<Self> {
        Some(match ask.clone() {
            Ask::SendRequest { to, request } => Self::Request { to, request },
            Ask::Respond {
                exchange,
                message,
                command,
                attached,
            } => Self::Say {
                exchange,
                message,
                command,
                attached,
            },
            Ask::Supersede {
                exchange,
                message,
                reason,
                new,
                request,
                attached,
            } => Self::Supersede {
                exchange,
                message,
                reason,
                new,
                request,
                attached,
            },
            Ask::Forward(what) => Self::Forward(what),
            Ask::Correct {
                exchange,
                message,
                what,
            } => Self::Correct {
                exchange,
                message,
                what,
            },
            Ask::PassOn {
                exchange,
                correction,
                message,
            } => Self::PassOn {
                exchange,
                correction,
                message,
            },
            Ask::DecidePermission {
                permission,
                message,
                decision,
            } => Self::DecidePermission {
                permission,
                message,
                decision,
            },
            Ask::PublishAlert {
                audience,
                id,
                alert,
                attached,
            } => Self::Alert {
                audience,
                id,
                alert,
                attached,
            },
            Ask::OnAlert { on, attached } => Self::OnAlert { on, attached },
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
            | Ask::Health => return None,
        })
    }

    /// What is asked when it leaves.
    pub fn into_ask(self) -> Ask {
        match self {
            Self::Request { to, request } => Ask::SendRequest { to, request },
            Self::Say {
                exchange,
                message,
                command,
                attached,
            } => Ask::Respond {
                exchange,
                message,
                command,
                attached,
            },
            Self::Supersede {
                exchange,
                message,
                reason,
                new,
                request,
                attached,
            } => Ask::Supersede {
                exchange,
                message,
                reason,
                new,
                request,
                attached,
            },
            Self::Forward(what) => Ask::Forward(what),
            Self::Correct {
                exchange,
                message,
                what,
            } => Ask::Correct {
                exchange,
                message,
                what,
            },
            Self::PassOn {
                exchange,
                correction,
                message,
            } => Ask::PassOn {
                exchange,
                correction,
                message,
            },
            Self::DecidePermission {
                permission,
                message,
                decision,
            } => Ask::DecidePermission {
                permission,
                message,
                decision,
            },
            Self::Alert {
                audience,
                id,
                alert,
                attached,
            } => Ask::PublishAlert {
                audience,
                id,
                alert,
                attached,
            },
            Self::OnAlert { on, attached } => Ask::OnAlert { on, attached },
        }
    }

    /// The text that is kept and decided about: the same for what is asked in the same way.
    pub(super) fn content(&self) -> String {
        serde_json::to_string(self).expect("a draft has text keys")
    }

    /// Takes the keys of the attachments out, which nobody has to read: zeros stand in their places.
    pub(super) fn take_keys(&mut self) -> Vec<AttachmentKey> {
        let keys = self.files().map(|file| std::mem::take(&mut file.info.key));
        keys.map(AttachmentKey).collect()
    }

    /// Puts them back.
    pub(super) fn put_keys(&mut self, keys: &[AttachmentKey]) {
        for (file, key) in self.files().zip(keys) {
            file.info.key = key.0;
        }
    }

    fn files(&mut self) -> impl Iterator<Item = &mut Attached> {
        let files: Vec<&mut Attached> = match self {
            Self::Request { to, .. } => to.iter_mut().flat_map(|(.., files)| files).collect(),
            Self::Forward(what) => what.attached.iter_mut().collect(),
            Self::Correct { .. } | Self::PassOn { .. } | Self::DecidePermission { .. } => {
                Vec::new()
            }
            Self::Say { attached, .. }
            | Self::Supersede { attached, .. }
            | Self::Alert { attached, .. }
            | Self::OnAlert { attached, .. } => attached.iter_mut().collect(),
        };
        files.into_iter()
    }

    /// The message on record that it passes on, corrects, replaces or decides on, after the exchange
    /// in which that one was said. `within` is what the letter belongs to.
    pub fn on_record(&self, within: Option<MessageId>) -> Option<(MessageId, MessageId)> {
        match self {
            Self::Forward(what) => Some((what.exchange, what.message)),
            Self::Correct { exchange, what, .. } => Some((*exchange, what.message)),
            Self::PassOn {
                exchange,
                correction,
                ..
            } => Some((*exchange, *correction)),
            Self::DecidePermission { permission, .. } => Some((within?, *permission)),
            Self::Supersede { exchange, .. } => Some((*exchange, *exchange)),
            Self::Request { .. } | Self::Say { .. } | Self::Alert { .. } | Self::OnAlert { .. } => {
                None
            }
        }
    }

    /// The sealed attachments of each message, by its id.
    pub fn attached(&self) -> Vec<(MessageId, &[Attached])> {
        match self {
            Self::Request { to, .. } => to.iter().map(|(_, id, files)| (*id, &**files)).collect(),
            Self::Say {
                message, attached, ..
            } => vec![(*message, attached)],
            Self::Supersede { new, attached, .. } => vec![(*new, attached)],
            Self::Forward(what) => vec![(what.new, &what.attached)],
            Self::Correct { .. } | Self::PassOn { .. } | Self::DecidePermission { .. } => {
                Vec::new()
            }
            Self::Alert { id, attached, .. } => vec![(*id, attached)],
            Self::OnAlert { on, attached } => vec![(on.message, attached)],
        }
    }
}

/// The id of the letter that an ask would be; none where it cannot wait.
pub(in crate::app) fn letter_id(ask: &Ask) -> Option<MessageId> {
    match ask {
        Ask::SendRequest { to, .. } => to.first().map(|(_, id, _)| *id),
        Ask::Respond { message, .. } => Some(*message),
        Ask::Supersede { new, .. } => Some(*new),
        Ask::Forward(what) => Some(what.new),
        Ask::Correct { message, .. }
        | Ask::PassOn { message, .. }
        | Ask::DecidePermission { message, .. } => Some(*message),
        Ask::PublishAlert { id, .. } => Some(*id),
        Ask::OnAlert { on, .. } => Some(on.message),
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
        | Ask::Health => None,
    }
}
