//! Letters in the world: written, released, cleared, returned, by the right people and by the
//! wrong ones. Nothing that was not released ever leaves, and no log holds a release of one's own.

use liaison::app::change::{Change, Other};
use liaison::app::content::read_change;
use liaison::app::rows::{EXCHANGE, ExchangeRow, MESSAGE, MessageRow, message_key};
use liaison::app::{
    Action, Ask, Decide, Input, LETTER, LETTER_OPEN, LetterAsk, LetterChange, LetterReply,
    LetterRow, LetterState, PersonOnRecord,
};
use liaison::audit::FourEyes;
use liaison::base::{MessageId, PersonId, Role};
use liaison::domain::message::Kind;
use liaison::domain::release::{Gated, ReleasePolicy};
use liaison::domain::rfi::Request;
use liaison::seal::person::{DecisionKind, DecisionText, SignedDecision, TokenKey, reason_digest};
use liaison::store::Log as _;

use crate::world::World;

/// The people of each office; the first writes.
const PEOPLE: u8 = 3;

/// A person of an office.
pub fn person(office: usize, number: u8) -> PersonId {
    let office = u8::try_from(office).expect("few offices");
    PersonId::from_bytes([office * 16 + number; 16])
}

fn key(office: usize, number: u8) -> TokenKey {
    TokenKey::of(&format!("liaison_{office}_{number}"))
}

/// What an office hears at its start: its people, and a policy that some have.
pub fn at_start(office: usize) -> Vec<Input> {
    let known = (1..=PEOPLE).map(|number| PersonOnRecord {
        person: person(office, number),
        keys: vec![key(office, number).public()],
        roles: vec![Role::Officer, Role::Releaser, Role::Contact],
    });
    let release = match office % 2 {
        0 => vec![Gated::Request, Gated::Answer, Gated::Alert],
        _ => Vec::new(),
    };
    let policy = ReleasePolicy {
        release: release.into_iter().collect(),
        emergency_after: (office == 0).then_some(600),
    };
    vec![Input::People(known.collect()), Input::Policy(policy)]
}

impl World {
    /// The request of this office to another: now and then about somebody whom it could betray.
    pub fn a_request(&mut self, to: usize, example: &str) -> Request {
        let mut request: Request = toml::from_str(example).expect("the example is a request");
        let betrays = self.below(5) == 0;
        let nationality = match betrays {
            true => self.members()[to].to_string(),
            false => "AF".to_owned(),
        };
        let person = request.subjects[2].person.as_mut().expect("a person");
        person.nationalities = vec![nationality];
        request.protection.asylum_confidential = Some(betrays);
        request
    }

    /// The letters of an office that somebody has to see to.
    fn open_letters(&self, i: usize) -> Vec<LetterRow> {
        let open = self.rows::<MessageId>(i, LETTER_OPEN);
        let row = |id: MessageId| self.row::<LetterRow>(i, LETTER, &id.to_bytes());
        open.into_iter().filter_map(row).collect()
    }

    /// Somebody decides about some letter, whether they may or not.
    pub fn person_decides(&mut self, i: usize) {
        let open = self.open_letters(i);
        if open.is_empty() {
            return;
        }
        let row = open[self.below(open.len())].clone();
        let by = u8::try_from(self.below(PEOPLE.into())).expect("few people") + 1;
        let kind = match self.below(6) {
            0 => DecisionKind::Clear,
            1 => DecisionKind::Emergency,
            2 => DecisionKind::Review,
            3 if self.below(4) == 0 => {
                self.gives_back(i, row.id);
                return;
            }
            _ => DecisionKind::Release,
        };
        self.decides(i, &row, kind, by);
    }

    fn gives_back(&mut self, i: usize, letter: MessageId) {
        let reason = "It is not clear.".to_owned();
        let ask = Ask::Letters(LetterAsk::Return { letter, reason });
        let by = person(i, 2);
        self.ask_as(i, by, Role::Releaser, Action::ReturnLetter, ask, letter);
    }

    fn decides(&mut self, i: usize, row: &LetterRow, kind: DecisionKind, by: u8) {
        let record = self.log(i).read(row.entry).expect("it is in the log");
        let change = read_change(&record.content).expect("this version wrote it");
        let Change::Other(Other::Letter(LetterChange::Held(held))) = change.1 else {
            panic!("the entry holds a letter");
        };
        let reason = "It was looked at.".to_owned();
        let text = DecisionText {
            kind,
            node: self.node(i),
            letter: row.digest,
            drafter: row.by.person,
            by: person(i, by),
            reason: reason_digest(&held.salt, Some(&reason)),
        };
        let key = key(i, by);
        let signed = SignedDecision::verify(text, &[key.public()], key.sign(&text));
        let decide = Decide {
            letter: row.id,
            signed: signed.expect("it was signed just now"),
            reason: Some(reason),
        };
        let (role, action) = match kind {
            DecisionKind::Release => (Role::Releaser, Action::ReleaseLetter),
            DecisionKind::Clear => (Role::Releaser, Action::ClearLetter),
            DecisionKind::Emergency => (Role::Officer, Action::ReleaseInEmergency),
            DecisionKind::Review => (Role::Releaser, Action::ReviewRelease),
        };
        let ask = Ask::Letters(LetterAsk::Decide(Box::new(decide)));
        self.ask_as(i, person(i, by), role, action, ask, row.id);
    }

    /// Sees to every letter that is open: what may leave leaves, the rest is returned.
    pub fn decide_all(&mut self) {
        let steps = [
            (LetterState::InReview, DecisionKind::Release, 2),
            (LetterState::Stopped, DecisionKind::Clear, 3),
            (LetterState::Left, DecisionKind::Review, 2),
            (LetterState::Left, DecisionKind::Review, 3),
        ];
        for i in 0..self.offices() {
            for row in self.open_letters(i) {
                for (state, kind, by) in steps {
                    let now = self.row::<LetterRow>(i, LETTER, &row.id.to_bytes());
                    let Some(now) = now.filter(|now| now.state == state && now.is_open()) else {
                        continue;
                    };
                    self.decides(i, &now, kind, by);
                }
                let now = self.row::<LetterRow>(i, LETTER, &row.id.to_bytes());
                let waits = [LetterState::InReview, LetterState::Stopped];
                if now.is_some_and(|now| waits.contains(&now.state)) {
                    self.gives_back(i, row.id);
                }
            }
        }
    }

    /// What somebody was told of a letter that left counts as acknowledged.
    pub fn letters_told(&mut self, i: usize, reply: &LetterReply) {
        let LetterReply::Letters(rows) = reply else {
            return;
        };
        for row in rows.iter().filter(|row| row.state == LetterState::Left) {
            for id in &row.messages {
                self.acknowledges(i, *id);
                let exchange = self.row::<ExchangeRow>(i, EXCHANGE, &id.to_bytes());
                if let Some(exchange) = exchange.filter(|exchange| exchange.outgoing) {
                    self.exchanges_with(i, exchange.peer, *id);
                }
            }
            if row.kinds.contains(&Kind::Alert) && !self.alerts.contains(&(i, row.id)) {
                self.alerts.push((i, row.id));
            }
        }
    }

    /// A letter left if and only if its messages are on record, and every log keeps four eyes.
    pub fn check_letters(&self) -> Result<(), String> {
        for i in 0..self.offices() {
            let mut eyes = FourEyes::new(self.node(i));
            for index in 0..self.log(i).size() {
                let record = self.log(i).read(index).map_err(|e| e.to_string())?;
                let seen = eyes.see(index, &record.entry);
                seen.map_err(|fault| format!("entry {index} of {i}: {fault}"))?;
            }
            if !eyes.unreviewed().is_empty() {
                return Err(format!("an emergency release of {i} was never reviewed"));
            }
            for row in self.rows::<LetterRow>(i, LETTER) {
                let left = row.state == LetterState::Left;
                for id in &row.messages {
                    let key = message_key(self.node(i).member, *id);
                    let sent = self.row::<MessageRow>(i, MESSAGE, &key).is_some();
                    if sent != left {
                        let state = row.state.as_str();
                        return Err(format!("letter {} is {state}, and sent: {sent}", row.id));
                    }
                }
            }
        }
        Ok(())
    }

    /// Letters that left, in all offices.
    pub fn letters_left(&self) -> usize {
        let left = |i| {
            let rows = self.rows::<LetterRow>(i, LETTER).into_iter();
            rows.filter(|row| row.state == LetterState::Left).count()
        };
        (0..self.offices()).map(left).sum()
    }
}
