//! What either side says in an exchange.

use super::change::{Change, Other};
use super::erase;
use super::error::AppError;
use super::input::{Attached, Reply};
use super::permit::Action;
use super::reached::ends;
use super::requests::{Letter, check_country, compose};
use super::rows::*;
use super::service::{Service, Stop, Turn};
use crate::base::{Actor, MemberId, MessageId};
use crate::domain::FieldError;
use crate::domain::message::Body;
use crate::domain::rfi::{Command, Ground, LocalGround, Told};

/// The action that a command needs leave for.
pub(super) fn action_of(command: &Command) -> &'static [Action] {
    match command {
        Command::Accept(_) => &[Action::AcceptRequest],
        Command::AskClarification(_) => &[Action::AskClarification],
        Command::Channel(_) => &[Action::ChannelRequest],
        Command::Await(_) => &[Action::AnnounceDelay],
        Command::Answer(_) => &[Action::AnswerRequest],
        Command::Refuse(_) => &[Action::RefuseRequest],
        Command::Transfer(_) => &[Action::TransferRequest],
        Command::Clarify(_) => &[Action::ClarifyRequest],
        Command::Feedback(_) => &[Action::GiveFeedback],
        Command::Withdraw(_) => &[Action::WithdrawRequest],
        Command::Supersede(_) => &[Action::SupersedeRequest],
        Command::Close(_) => &[Action::CloseExchange],
        Command::Reopen(_) => &[Action::ReopenExchange],
        Command::Correct(_) => &[Action::CorrectMessage],
        Command::AskPermission(_) => &[Action::AskPermission],
        Command::GrantPermission(_) | Command::RefusePermission(_) => &[Action::DecidePermission],
        Command::Notify(_) => &[Action::AcknowledgeCorrection],
    }
}

/// Says something in an exchange; a message that was sent before changes nothing.
pub(super) fn respond(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    id: MessageId,
    message: MessageId,
    command: &Command,
    attached: &[Attached],
) -> Result<Reply, Stop> {
    let row = exchange_row(turn, id)?;
    if sent_before(service, turn, id, message)? {
        return Ok(Reply::Exchanges(vec![row], None));
    }
    if !reaches_whoever_is_out(command) {
        listed(service, row.peer)?;
        check_country(service, row.peer)?;
    }
    check_attached(command, attached)?;
    if let Command::Transfer(transfer) = command {
        listed(service, transfer.to)?;
        check_country(service, transfer.to)?;
    }
    let body = row.exchange.decide(command, &by, turn.now)?;
    say(service, turn, by, &row, message, body, attached)?;
    if let Command::Notify(notice) = command
        && notice.says == Told::Acknowledged
    {
        erase::order_wanted(service, turn, by, (id, notice.about))?;
    }
    if let Some(ground) = local_ground(command) {
        note_ground(service, turn, by, id, message, ground)?;
    }
    Ok(Reply::Exchanges(vec![exchange_row(turn, id)?], None))
}

/// The exchange's row.
pub(super) fn exchange_row(turn: &Turn<'_>, id: MessageId) -> Result<ExchangeRow, Stop> {
    turn.view
        .row::<ExchangeRow>(EXCHANGE, &id.to_bytes())?
        .ok_or_else(|| AppError::NotFound("exchange").into())
}

/// Whether this very message was sent already in this exchange.
pub(super) fn sent_before(
    service: &Service,
    turn: &Turn<'_>,
    id: MessageId,
    message: MessageId,
) -> Result<bool, Stop> {
    let key = message_key(service.me.member, message);
    match turn.view.row::<MessageRow>(MESSAGE, &key)? {
        Some(known) if known.conversation == id => Ok(true),
        Some(_) => Err(AppError::IdTaken.into()),
        None => Ok(false),
    }
}

/// Whether it is said to a member that is out too, for which it waits: it ends something, and says nothing
/// of what there is.
pub(super) fn reaches_whoever_is_out(command: &Command) -> bool {
    let speaks = matches!(command, Command::Answer(answer) if !answer.is_silent());
    ends(command.what().kind()) && !speaks
}

/// A member must be listed still.
pub(super) fn listed(service: &Service, member: MemberId) -> Result<(), Stop> {
    let federation = service.federation.as_ref().ok_or(AppError::NoTrustList)?;
    if federation.lists(member) {
        Ok(())
    } else {
        Err(AppError::NotListed(member).into())
    }
}

/// Sends what was decided to the other side.
pub(super) fn say(
    service: &mut Service,
    turn: &mut Turn<'_>,
    by: Actor,
    row: &ExchangeRow,
    message: MessageId,
    body: Body,
    attached: &[Attached],
) -> Result<(), Stop> {
    let letter = Letter {
        id: message,
        conversation: row.id,
        recipients: vec![row.peer],
        priority: row.exchange.request().priority(),
        handling: row.exchange.handling_of(&body).clone(),
        body,
        attached,
    };
    compose(service, turn, by, letter)?;
    Ok(())
}

/// Files go with answers that say something, and with clarifications.
fn check_attached(command: &Command, attached: &[Attached]) -> Result<(), Stop> {
    let what = match command {
        _ if attached.is_empty() => return Ok(()),
        Command::Answer(answer) if !answer.is_silent() => return Ok(()),
        Command::Clarify(_) => return Ok(()),
        Command::Answer(_) => "a no-hit says nothing more, so that none tells more than another",
        Command::Accept(_)
        | Command::AskClarification(_)
        | Command::Channel(_)
        | Command::Await(_)
        | Command::Refuse(_)
        | Command::Transfer(_)
        | Command::Feedback(_)
        | Command::Withdraw(_)
        | Command::Supersede(_)
        | Command::Close(_)
        | Command::Reopen(_)
        | Command::Correct(_)
        | Command::AskPermission(_)
        | Command::GrantPermission(_)
        | Command::RefusePermission(_)
        | Command::Notify(_) => "files go with requests, answers and clarifications",
    };
    let fault = FieldError {
        path: "attachments".to_owned(),
        code: "not-allowed",
        what: what.to_owned(),
    };
    Err(AppError::Invalid(vec![fault]).into())
}

/// Why an answer of no-hits alone says no more; none for everything else.
fn local_ground(command: &Command) -> Option<LocalGround> {
    match command {
        Command::Answer(answer) if answer.is_silent() => Some(LocalGround::None),
        Command::Refuse(refusal) if refusal.ground == Ground::X5 => Some(LocalGround::X5),
        Command::Answer(_)
        | Command::Refuse(_)
        | Command::Accept(_)
        | Command::AskClarification(_)
        | Command::Channel(_)
        | Command::Await(_)
        | Command::Transfer(_)
        | Command::Clarify(_)
        | Command::Feedback(_)
        | Command::Withdraw(_)
        | Command::Supersede(_)
        | Command::Close(_)
        | Command::Reopen(_)
        | Command::Correct(_)
        | Command::AskPermission(_)
        | Command::GrantPermission(_)
        | Command::RefusePermission(_)
        | Command::Notify(_) => None,
    }
}

/// Records why nothing was provided. Every no-hit has such a record, of one heading and one length,
/// so that none shows from outside whether something was withheld.
fn note_ground(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    conversation: MessageId,
    message: MessageId,
    ground: LocalGround,
) -> Result<(), Stop> {
    let noted = Other::GroundNoted {
        conversation,
        message,
        ground,
        random: turn.entropy.array(),
    };
    turn.record(service.me.member, by, Change::Other(noted))?;
    Ok(())
}
