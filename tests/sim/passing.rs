//! Passing on in the world: permissions are asked for, decided, taken back and used while messages
//! cross, and what was wrong is corrected. In the end nothing that needs a permission was taken
//! without one, no permission counts twice, and both sides hold the same.

use std::collections::BTreeMap;

use liaison::app::change::{Change, Message};
use liaison::app::rows::ExchangeRow;
use liaison::app::{Action, Ask, Correcting, Decision, Forward, read_copy};
use liaison::base::{Digest, MemberId, MessageId, Role};
use liaison::domain::handling::Disclosure;
use liaison::domain::message::Body;
use liaison::domain::rfi::{
    Command, Flaw, Forwarded, Notice, Remedy, Request, SaidMessage, Side, Standing, Told,
    is_passed_on,
};
use liaison::seal::envelope::SignedMessage;

use crate::world::World;

const REQUEST: &str = include_str!("../../deploy/examples/request.toml");

impl World {
    /// A person does something about what was said in an exchange: asks for a permission, decides
    /// on one, passes on, corrects, acknowledges or passes a correction on, whether that may be or
    /// not.
    pub fn person_passes_on(&mut self, id: MessageId) {
        // A few exchanges see much of it, so that one thing follows from another.
        let chosen = self.below(self.exchanges.len().min(4));
        let (asking, asked, exchange) = self.exchanges[chosen];
        let (i, side) = match self.below(2) {
            0 => (asking, Side::Requesting),
            _ => (asked, Side::Requested),
        };
        let Some(row) = self.exchange(i, exchange) else {
            return;
        };
        let third = (0..self.offices()).find(|other| *other != asking && *other != asked);
        let third = self.members()[third.expect("there are more than two")];
        let chance = self.below(8);
        let Some((role, action, ask)) = self.restricted(&row, side, chance, id, third) else {
            return;
        };
        self.ask(i, role, action, ask, id);
    }

    /// What comes next in an exchange.
    fn restricted(
        &mut self,
        row: &ExchangeRow,
        side: Side,
        chance: usize,
        id: MessageId,
        third: MemberId,
    ) -> Option<(Role, Action, Ask)> {
        let (ledger, exchange) = (&row.exchange, row.id);
        let permissions = ledger.permissions();
        let told = ledger.corrections();
        let told = told.iter().rfind(|told| told.by != side);
        let asked_of_us = permissions.iter().rfind(|p| p.holder != side);
        let theirs = |said: &SaidMessage| said.by != side && is_passed_on(said.kind);
        let said: Vec<SaidMessage> = ledger.said().into_iter().filter(theirs).collect();
        let held = permissions.iter().rfind(|p| p.holder == side);
        let granted = held.filter(|p| p.standing == Standing::Granted);
        let message = granted.map(|p| p.terms.message);
        let message = message.or(said.last().map(|said| said.id));
        match (chance, told, asked_of_us, message) {
            (0, _, _, Some(message)) => {
                let what = Correcting {
                    message,
                    flaw: Flaw::Outdated,
                    remedy: [Remedy::Rectify, Remedy::Erase][self.below(2)],
                    text: "It has changed.".into(),
                    handling: None,
                };
                let ask = Ask::Correct {
                    exchange,
                    message: id,
                    what: Box::new(what),
                };
                Some((Role::Contact, Action::CorrectMessage, ask))
            }
            (1, Some(told), ..) => {
                let notice = Command::Notify(Notice {
                    about: told.id,
                    says: Told::Acknowledged,
                    to: None,
                    by: None,
                    note: None,
                });
                let ask = Ask::Respond {
                    exchange,
                    message: id,
                    command: Box::new(notice),
                    attached: Vec::new(),
                };
                Some((Role::Contact, Action::AcknowledgeCorrection, ask))
            }
            (2 | 3, _, Some(asked), _) => {
                let decision = match (asked.standing, chance) {
                    (Standing::Asked, _) => {
                        let hours = 1 + self.below(100) as u64;
                        let life = std::time::Duration::from_secs(3_600 * hours);
                        Decision::Grant(self.now().plus(life))
                    }
                    (_, 2) => return None,
                    _ => Decision::Refuse(None),
                };
                let ask = Ask::DecidePermission {
                    permission: asked.id,
                    message: id,
                    decision,
                };
                Some((Role::Contact, Action::DecidePermission, ask))
            }
            (4, _, _, Some(about)) if granted.is_none() => {
                let ask = Ask::AskPermission {
                    exchange,
                    message: id,
                    about,
                    to: third,
                    purpose: "To find the van.".into(),
                };
                Some((Role::Officer, Action::AskPermission, ask))
            }
            (_, _, _, Some(message)) => {
                let request: Request = toml::from_str(REQUEST).expect("the example is a request");
                let forward = Forward {
                    exchange,
                    message,
                    to: third,
                    new: id,
                    request: Box::new(request),
                    attached: Vec::new(),
                };
                let ask = Ask::Forward(Box::new(forward));
                Some((Role::Officer, Action::ForwardMessage, ask))
            }
            _ => None,
        }
    }

    /// A person passes a correction on, if one waits for it.
    pub fn person_passes_a_correction_on(&mut self, message: MessageId) {
        let chosen = self.below(self.exchanges.len().min(4));
        let (asking, asked, exchange) = self.exchanges[chosen];
        for (i, side) in [(asking, Side::Requesting), (asked, Side::Requested)] {
            let told = self
                .exchange(i, exchange)
                .map(|row| row.exchange.corrections());
            let told = told.unwrap_or_default();
            if let Some(told) = told.iter().rfind(|told| told.by != side) {
                let ask = Ask::PassOn {
                    exchange,
                    correction: told.id,
                    message,
                };
                let none = MessageId::from_bytes([0; 16]);
                self.ask(i, Role::Contact, Action::CorrectMessage, ask, none);
            }
        }
    }

    /// Both sides hold the same permissions and corrections.
    pub fn check_ledgers(&self, here: &ExchangeRow, there: &ExchangeRow) -> Result<(), String> {
        // What it is asked for in words may be erased on one side.
        let permissions = |row: &ExchangeRow| {
            let mut all = row.exchange.permissions();
            for permission in &mut all {
                permission.terms.purpose.clear();
            }
            all
        };
        let same = permissions(here) == permissions(there)
            && here.exchange.corrections() == there.exchange.corrections();
        if same {
            return Ok(());
        }
        Err(format!("exchange {} has two ledgers", here.id))
    }

    /// Whatever was taken that passes something on: how often each permission counted.
    pub fn check_passed_on(&self) -> Result<usize, String> {
        let mut used: BTreeMap<Digest, u32> = BTreeMap::new();
        for i in 0..self.offices() {
            for change in self.offices[i].changes()? {
                let Change::Received(message, _) = &*change else {
                    continue;
                };
                if let Some(grant) = passed_on(message)? {
                    *used.entry(grant).or_default() += 1;
                }
            }
        }
        if used.values().any(|times| *times != 1) {
            return Err("a permission counted twice".into());
        }
        Ok(used.len())
    }
}

/// The leaf of the grant that a message rests on which passes another one on.
fn passed_on(message: &Message) -> Result<Option<Digest>, String> {
    let Body::Request(request) = &message.event.body else {
        return Ok(None);
    };
    let Some(forwarded) = &request.forwarded else {
        return Ok(None);
    };
    let original = read_copy(&forwarded.message).ok_or("a copy is no message")?;
    let barrier = original.header.handling.barrier(Disclosure::Forward);
    let grant = forwarded.permission.as_ref().and_then(read_copy);
    if barrier.is_some() && grant.is_none() {
        return Err(format!(
            "{} passes on without permission",
            message.header.id
        ));
    }
    Ok(grant.map(|grant| grant.leaf()))
}

/// A request that passes something on, without the permission that it rests on, as a liar sends it.
pub fn without_permission(signed: SignedMessage) -> SignedMessage {
    let Ok(message) = Message::read(&signed) else {
        return signed;
    };
    let Body::Request(request) = &message.event.body else {
        return signed;
    };
    let Some(forwarded) = request.forwarded.clone() else {
        return signed;
    };
    let mut request = request.clone();
    request.forwarded = Some(Forwarded {
        permission: None,
        ..forwarded
    });
    let mut event = message.event.clone();
    event.body = Body::Request(request);
    let changed = Message::compose(message.header.clone(), event, message.random);
    changed.signed(signed.signature)
}
