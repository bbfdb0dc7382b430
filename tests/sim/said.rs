//! What people say in an exchange, on either side, whether its state allows it or not.

use std::time::Duration;

use liaison::app::Action;
use liaison::base::{Role, SeededEntropy, Timestamp};
use liaison::domain::rfi::{AwaitingAuthorisation, Command, Move};
use serde::de::DeserializeOwned;

const ANSWER: &str = include_str!("../../deploy/examples/answer.toml");

/// A command of either side by chance, with the role and the leave that it takes.
pub fn by_chance(chance: &mut SeededEntropy, now: Timestamp) -> (Command, Role, Action) {
    let one_sided = Move::ALL.iter().filter(|what| what.side().is_some());
    let moves: Vec<Move> = one_sided.copied().collect();
    let number = u64::try_from(moves.len()).expect("few moves");
    let chosen = usize::try_from(chance.below(number)).expect("small");
    let command = command(moves[chosen], now);
    let (role, action) = leave(&command);
    (command, role, action)
}

fn command(what: Move, now: Timestamp) -> Command {
    match what {
        Move::Accept => Command::Accept(form("access = \"direct\"")),
        Move::AskClarification => Command::AskClarification(form("text = \"Which van?\"")),
        Move::Channel => Command::Channel(form("authority = \"Police\"")),
        Move::Await => Command::Await(AwaitingAuthorisation {
            expected: now.plus(Duration::from_secs(90 * 3_600)),
            reason: "A court decides.".to_owned(),
        }),
        Move::AnswerPart => {
            let part = ANSWER.replacen("outcome = \"hit\"", "outcome = \"partial\"", 1);
            Command::Answer(form(&part))
        }
        Move::Answer => Command::Answer(form(ANSWER)),
        Move::RefusePart => {
            let part = "ground = \"f2\"\nscope = \"part\"\nquestions = [1]";
            Command::Refuse(form(part))
        }
        Move::Refuse => Command::Refuse(form("ground = \"x5\"")),
        Move::Transfer => Command::Transfer(form("to = \"RS\"\nreason = \"Not here.\"")),
        Move::Clarify => Command::Clarify(form("text = \"The white one.\"")),
        Move::Feedback => Command::Feedback(form("useful = \"useful\"")),
        Move::Withdraw => Command::Withdraw(form("reason = \"Found.\"")),
        Move::Supersede => Command::Supersede(form("by = \"01JD3W0000ABCDEFGHJKMNPQRS\"")),
        Move::Close => Command::Close(form("")),
        Move::Reopen => Command::Reopen(form("reason = \"There is more.\"")),
        Move::Correct
        | Move::AskPermission
        | Move::GrantPermission
        | Move::RefusePermission
        | Move::Notify => unreachable!("{what} is about what was said"),
    }
}

fn form<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).expect("it has its form")
}

fn leave(command: &Command) -> (Role, Action) {
    match command {
        Command::Accept(_) => (Role::Contact, Action::AcceptRequest),
        Command::AskClarification(_) => (Role::Contact, Action::AskClarification),
        Command::Channel(_) => (Role::Contact, Action::ChannelRequest),
        Command::Await(_) => (Role::Contact, Action::AnnounceDelay),
        Command::Answer(_) => (Role::Contact, Action::AnswerRequest),
        Command::Refuse(_) => (Role::Contact, Action::RefuseRequest),
        Command::Transfer(_) => (Role::Contact, Action::TransferRequest),
        Command::Clarify(_) => (Role::Officer, Action::ClarifyRequest),
        Command::Feedback(_) => (Role::Officer, Action::GiveFeedback),
        Command::Withdraw(_) => (Role::Officer, Action::WithdrawRequest),
        Command::Supersede(_) => (Role::Officer, Action::SupersedeRequest),
        Command::Close(_) => (Role::Officer, Action::CloseExchange),
        Command::Reopen(_) => (Role::Officer, Action::ReopenExchange),
        Command::Correct(_)
        | Command::AskPermission(_)
        | Command::GrantPermission(_)
        | Command::RefusePermission(_)
        | Command::Notify(_) => unreachable!("it is about what was said"),
    }
}
