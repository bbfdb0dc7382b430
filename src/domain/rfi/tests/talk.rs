//! Two offices in one exchange, and what is under way between them.

use std::collections::VecDeque;

use super::*;
use crate::base::Digest;
use crate::domain::message::Joining;

/// A message under way.
#[derive(Clone)]
pub struct Letter {
    pub header: Header,
    pub event: Event,
    pub leaf: Digest,
}

/// One end, and what is under way to it.
#[derive(Clone)]
pub struct End {
    pub exchange: Exchange,
    pub inbox: VecDeque<Letter>,
    /// The latest message of the other side.
    seen: Option<Digest>,
}

/// Both ends.
#[derive(Clone)]
pub struct Talk {
    pub asking: End,
    pub asked: End,
    messages: u32,
    pub hour: i64,
}

impl Talk {
    /// MK asked TR, whose receipt came back.
    pub fn new() -> Self {
        Self::of(request())
    }

    /// The same with another request.
    pub fn of(request: Request) -> Self {
        let mut talk = Self::queued(request);
        talk.asking.exchange.delivered(hours(0));
        talk
    }

    /// MK asked TR, whose receipt is still under way.
    pub fn queued(request: Request) -> Self {
        let body = Body::Request(Box::new(request));
        let (header, event) = sent(body, "MK", Role::Officer, 0);
        let leaf = Digest::of(b"request");
        let end = |side, seen| End {
            exchange: Exchange::open(side, &header, &event, leaf, hours(0))
                .expect("it is a request"),
            inbox: VecDeque::new(),
            seen,
        };
        Self {
            asking: end(Side::Requesting, None),
            asked: end(Side::Requested, Some(leaf)),
            messages: 0,
            hour: 1,
        }
    }

    pub fn end(&self, side: Side) -> &End {
        match side {
            Side::Requesting => &self.asking,
            Side::Requested => &self.asked,
        }
    }

    fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Requesting => &mut self.asking,
            Side::Requested => &mut self.asked,
        }
    }

    /// What a side would send with this body now.
    pub fn letter(&self, side: Side, role: Role, body: Body) -> Letter {
        let of = match side {
            Side::Requesting => "MK",
            Side::Requested => "TR",
        };
        let (mut header, event) = sent(body, of, role, self.hour);
        header.last_seen = self.end(side).seen;
        match &event.body {
            Body::Answer(answer) => header.handling = answer.handling.clone(),
            Body::Correction(correction) => header.handling = correction.handling.clone(),
            _ => (),
        }
        header.id = self.next_id(side);
        header.conversation = self.asked.exchange.id();
        let status = self.asked.exchange.status();
        let exchange = &self.end(side).exchange;
        let own = exchange.said().into_iter().filter(|said| said.by == side);
        header.sequence = u64::try_from(own.count()).expect("few");
        let stands = exchange.stands(|_| false);
        let stands = stands.filter(|(sequence, _)| *sequence < header.sequence);
        let joining = stands.map(|(sequence, last)| Joining {
            member: header.recipients[0],
            sequence,
            last,
        });
        let joining: Vec<Joining> = joining.into_iter().collect();
        let joining = Joining::extension(&joining).into_iter();
        header.extensions = joining.chain(status.extension()).collect();
        Letter {
            header,
            event,
            leaf: Digest::of(&[b'm', of.as_bytes()[0], self.messages.to_be_bytes()[3]]),
        }
    }

    /// The id of the next message of a side.
    pub fn next_id(&self, side: Side) -> MessageId {
        let mut id = [self.messages.to_be_bytes()[3]; 16];
        id[0] = match side {
            Side::Requesting => 10,
            Side::Requested => 20,
        };
        MessageId::from_bytes(id)
    }

    /// A side says something, or may not. It is under way then.
    pub fn says(&mut self, side: Side, role: Role, command: &Command) -> Result<(), Refused> {
        let by = actor(if side == Side::Requesting { "MK" } else { "TR" }, role);
        let now = hours(self.hour);
        let body = self.end(side).exchange.decide(command, &by, now)?;
        let letter = self.letter(side, role, body);
        self.messages += 1;
        self.hour += 1;
        let end = self.end_mut(side);
        end.exchange
            .apply(&letter.header, &letter.event, letter.leaf);
        self.end_mut(side.other()).inbox.push_back(letter);
        Ok(())
    }

    /// The side whose command it is says it, in a role that may.
    pub fn crosses(&mut self, command: &Command) -> Result<(), Refused> {
        self.says(one_side(command.what()), Role::Releaser, command)
    }

    /// The oldest message under way to a side arrives, and is taken.
    #[track_caller]
    pub fn arrives(&mut self, to: Side) {
        let end = self.end_mut(to);
        let letter = end.inbox.pop_front().expect("something is under way");
        let admitted = end.exchange.admit(&letter.header, &letter.event);
        assert_eq!(admitted, Ok(()), "{}", letter.header.kind);
        end.exchange
            .apply(&letter.header, &letter.event, letter.leaf);
        end.seen = Some(letter.leaf);
    }

    /// The oldest message under way to a side is refused there; its author's side hears of it.
    #[track_caller]
    pub fn is_lost(&mut self, to: Side) {
        let letter = self.end_mut(to).inbox.pop_front();
        let id = letter.expect("something is under way").header.id;
        self.end_mut(to.other()).exchange.not_taken(id);
    }

    /// Something is said and arrives at once.
    #[track_caller]
    pub fn said(&mut self, command: &Command) {
        self.crosses(command).expect("it may be said");
        self.arrives(one_side(command.what()).other());
    }

    /// All that is under way arrives.
    #[track_caller]
    pub fn settles(&mut self) {
        for side in [Side::Requesting, Side::Requested] {
            while !self.end(side).inbox.is_empty() {
                self.arrives(side);
            }
        }
    }

    /// Both ends show the same.
    #[track_caller]
    pub fn agree(&self, what: &str) {
        let (asking, asked) = (&self.asking.exchange, &self.asked.exchange);
        assert_eq!(asking.state(), asked.state(), "{what}");
        assert_eq!(asking.clock(), asked.clock(), "{what}");
        assert_eq!(asking.questions(), asked.questions(), "{what}");
        assert_eq!(asking.crossed(), asked.crossed(), "{what}");
        assert_eq!(asking.their_reference(), asked.their_reference(), "{what}");
        assert_eq!(asking.permissions(), asked.permissions(), "{what}");
        assert_eq!(asking.corrections(), asked.corrections(), "{what}");
        assert_eq!(asking.said(), asked.said(), "{what}");
    }

    /// Where it stands at both ends.
    #[track_caller]
    pub fn state(&self) -> State {
        self.agree("at rest");
        self.asked.exchange.state()
    }
}

/// After these commands, each of which arrived at once.
#[track_caller]
pub fn after(commands: &[Command]) -> Talk {
    let mut talk = Talk::new();
    for command in commands {
        talk.said(command);
    }
    talk
}

/// The moves of one side alone. What is either's depends on what was said: see [`super::ledger`].
pub fn one_sided() -> Vec<Move> {
    let all = Move::ALL.iter().copied();
    all.filter(|what| what.side().is_some()).collect()
}

/// The side whose move it is.
pub fn one_side(what: Move) -> Side {
    what.side().expect("it is a move of one side")
}

/// One command for each move of one side.
pub fn command_of(what: Move) -> Command {
    let reason = || "The case was closed.".to_owned();
    match what {
        Move::Accept => Command::Accept(acceptance()),
        Move::AskClarification => Command::AskClarification(ClarificationRequest {
            text: "Which van?".to_owned(),
            questions: vec![0],
        }),
        Move::Channel => Command::Channel(Channelling {
            authority: "Istanbul police".to_owned(),
            reference: None,
            note: None,
        }),
        Move::Await => Command::Await(AwaitingAuthorisation {
            expected: hours(100),
            reason: "A court decides on the telephone data.".to_owned(),
        }),
        Move::AnswerPart => Command::Answer(answering(Outcome::Partial)),
        Move::Answer => Command::Answer(answering(Outcome::Hit)),
        Move::RefusePart => Command::Refuse(Refusal {
            scope: Scope::Part,
            questions: vec![1],
            ..refusal(Ground::F2)
        }),
        Move::Refuse => Command::Refuse(refusal(Ground::F2)),
        Move::Transfer => Command::Transfer(Transfer {
            to: member("AT"),
            reason: reason(),
        }),
        Move::Clarify => Command::Clarify(Clarification {
            text: "The white one.".to_owned(),
        }),
        Move::Feedback => Command::Feedback(Feedback {
            useful: Usefulness::Useful,
            became: vec![Consequence::PersonsFound],
            note: None,
        }),
        Move::Withdraw => Command::Withdraw(Withdrawal { reason: reason() }),
        Move::Supersede => Command::Supersede(Supersession {
            by: MessageId::from_bytes([2; 16]),
            reason: None,
        }),
        Move::Close => Command::Close(Closing::default()),
        Move::Reopen => Command::Reopen(Reopening {
            reason: reason(),
            questions: Vec::new(),
        }),
        Move::Correct
        | Move::AskPermission
        | Move::GrantPermission
        | Move::RefusePermission
        | Move::Notify => panic!("{what} is about something that was said"),
    }
}

/// The commands of these moves.
pub fn commands(moves: &[Move]) -> Vec<Command> {
    moves.iter().copied().map(command_of).collect()
}
