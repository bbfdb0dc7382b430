//! The tables of the index.

use crate::store::Table;

/// Messages sent and received, by sender and id.
pub const MESSAGE: Table = Table("message");
/// This node's messages by their leaf, as a refusal names them.
pub const LEAF: Table = Table("leaf");
/// How far each member has come in each conversation.
pub const CONVERSATION: Table = Table("conversation");
/// Exchanges by id.
pub const EXCHANGE: Table = Table("exchange");
/// Exchanges by direction and time of the last event, newest first.
pub const EXCHANGE_ORDER: Table = Table("exchange-order");
/// Exchanges by the time from which on something presses in them, soonest first.
pub const ATTENTION: Table = Table("attention");
/// Exchanges by the time at which the next level of a roster has to know, soonest first.
pub const ESCALATION: Table = Table("escalation");
/// Escalations that the alarm command has not taken yet, by their entry.
pub const ALARM: Table = Table("alarm");
/// Exchanges by direction and time left, the most pressing first.
pub const EXCHANGE_DUE: Table = Table("exchange-due");
/// Alerts by id.
pub const ALERT: Table = Table("alert");
/// Alerts by the time at which their publisher last did something to them, newest first.
pub const ALERT_ORDER: Table = Table("alert-order");
/// Of those, the alerts whose last version is not where it should be: not at a recipient, or here and
/// not opened; or, until they are cancelled, to which this office said something that a recipient will not
/// get.
pub const ALERT_LOOSE: Table = Table("alert-loose");
/// What each member wants alerts about, by member.
pub const SUBSCRIPTION: Table = Table("subscription");
/// This node's messages in each alert, by alert and number.
pub const SAID: Table = Table("said");
/// What waits for each member: urgent before routine, receipts last, then in the order of the log.
pub const OUTBOX: Table = Table("outbox");
/// Attachments to be fetched from each member.
pub const PULL: Table = Table("pull");
/// When messages in the outbox expire, soonest first.
pub const EXPIRY: Table = Table("expiry");
/// Messages that list attachments, by the id that [`stored_under`](super::stored_under) gives: what lies under another
/// id belongs to no message.
pub const ATTACHED: Table = Table("attached");
/// Inputs that were refused and recorded, by peer, digest and reason, with their entry.
pub const REFUSED: Table = Table("refused");
/// Messages whose attachments are all stored at a recipient, by recipient and id.
pub const ATTACHMENTS_AT: Table = Table("attachments-at");
/// Permissions that peers used to pass something on to this member, by the leaf of the grant, with
/// the exchange that used it.
pub const USED: Table = Table("used");
/// The latest checkpoint of each peer's log that was verified.
pub const PEER_HEAD: Table = Table("peer-head");

/// The newest trust list that was in force.
pub const LIST: Table = Table("list");
/// What each member holds, by member and conversation.
pub const HELD: Table = Table("held");

/// The latest checkpoint of each other log that this node cosigned.
pub const WITNESS: Table = Table("witness");
/// Checkpoints under kept receipts that are not known to be witnessed, by log and size.
pub const RECEIPT_HEAD: Table = Table("receipt-head");
/// The furthest checkpoint of each log that is known to be witnessed.
pub const LOG_WITNESSED: Table = Table("log-witnessed");
/// Alarms about logs, by log and fault.
pub const LOG_ALARM: Table = Table("log-alarm");
/// The newest key bundle of each node that was in force, by node.
pub const BUNDLE: Table = Table("bundle");
/// New keys that were ordered for this node and are not in force yet.
pub const ORDERED: Table = Table("ordered");
/// Which identity keys are known of each member, and who compared or accepted them, by member.
pub const IDENTITY: Table = Table("identity");
/// Since when members' keys are said to have been in other hands, by member.
pub const COMPROMISED: Table = Table("compromised");
/// When conversations are due for erasure, by day and conversation.
pub const RETAINED: Table = Table("retained");
/// What shortens or ends the time for which a conversation is kept.
pub const RETENTION: Table = Table("retention");
/// When the words of searches are due for erasure, by entry.
pub const SEARCHED: Table = Table("searched");
/// Erased messages whose erasure is not on record yet, by entry.
pub const UNTOLD: Table = Table("untold");
/// The epoch that the log was last said to be in.
pub const EPOCH: Table = Table("epoch");
/// Own messages that a recipient erased, by recipient and id.
pub const ERASED_AT: Table = Table("erased-at");

/// What contents are found by: token and conversation, those opened last first.
pub const TERM: Table = Table("term");
