//! An office whose disk is lost goes on from a backup, in the next incarnation of its log.

use std::collections::BTreeSet;

use liaison::app::change::{Change, Other};
use liaison::app::content::signed_message;
use liaison::app::rows::{Delivery, MESSAGE, MessageRow, WITNESS, message_key, origin_key};
use liaison::app::{Input, LogFault, RestoredLog, WitnessRow};
use liaison::audit::Origin;
use liaison::base::{Digest, MemberId, MessageId, Timestamp};
use liaison::exchange::Refusal;
use liaison::store::Log as _;

use crate::office::IndexKept;
use crate::world::World;

/// A backup of an office, and what its peers had of it when its disk was lost.
pub struct Backup {
    pub office: usize,
    size: u64,
    /// Messages that it had receipted: the office that sent them, and which.
    receipted: BTreeSet<(usize, MessageId)>,
}

impl World {
    /// Backs an office up.
    pub fn back_up(&mut self, office: usize) -> Backup {
        let size = self.offices[office].log.size();
        self.note(format!("back up {office} at {size}"));
        Backup {
            office,
            size,
            receipted: BTreeSet::new(),
        }
    }

    /// The disk of the office is lost, it goes on from the backup, and all learn that.
    pub fn restore(&mut self, backup: &mut Backup) {
        let i = backup.office;
        self.note(format!("restore {i}"));
        backup.receipted = self.receipted_by(i);
        self.forget_what_came();
        self.offices[i].kill();
        self.unlink_all(i);
        let before = self.offices[i].log.origin();
        let log = self.offices[i].log.restored(backup.size);
        let restored = RestoredLog {
            before,
            origin: log.origin(),
            after: backup.size,
            last: last_of(&log, backup.size),
        };
        self.offices[i].log = log;
        for office in 0..self.offices() {
            self.federation(office).trust.restored.push(restored);
        }
        self.start(i, IndexKept::None);
        for office in 0..self.offices() {
            let federation = self.federation(office).clone();
            self.input(office, Input::Federation(federation));
        }
    }

    fn receipted_by(&self, i: usize) -> BTreeSet<(usize, MessageId)> {
        let member = self.members()[i];
        let of = |office: usize| {
            let sent = self.sent_to(office, member).into_iter();
            sent.filter(|(_, row)| row.deliveries.get(&member) == Some(&Delivery::Delivered))
                .map(move |(id, _)| (office, id))
                .collect::<Vec<_>>()
        };
        (0..self.offices()).flat_map(of).collect()
    }

    /// The messages in an office's log whose content is there and that went to this member.
    fn sent_to(&self, office: usize, member: MemberId) -> Vec<(MessageId, MessageRow)> {
        let own = self.members()[office];
        let mut sent = Vec::new();
        let changes = self.offices[office].changes();
        for change in changes.expect("this version wrote them") {
            let Change::Sent(message) = &*change else {
                continue;
            };
            if message.header.recipients.contains(&member) && message.erased.is_none() {
                let row = self.row(office, MESSAGE, &message_key(own, message.header.id));
                sent.extend(row.map(|row| (message.header.id, row)));
            }
        }
        sent
    }

    /// Whether an office has erased the content of a message.
    fn has_erased(&self, office: usize, id: MessageId) -> Result<bool, String> {
        let changes = self.offices[office].changes()?;
        Ok(changes.iter().any(|change| match &**change {
            Change::Sent(message) | Change::Received(message, _) => {
                message.header.id == id && message.erased.is_some()
            }
            Change::ReceiptKept(_) | Change::Other(_) => false,
        }))
    }

    /// What must hold at rest after the restore.
    pub fn check_restored(&self, backup: &Backup) -> Result<(), String> {
        let i = backup.office;
        let (members, me) = (self.members(), self.members()[i]);
        let row = |office: usize, sender: MemberId, id: MessageId| -> Option<MessageRow> {
            self.row(office, MESSAGE, &message_key(sender, id))
        };
        if self.waiting() > 0 {
            return Err(format!("{:?} still waits", self.what_waits()));
        }
        // What it had receipted it has again, and what peers have of it.
        for (sender, id) in &backup.receipted {
            let theirs = row(*sender, members[*sender], *id).ok_or("a message is gone")?;
            let delivery = theirs.deliveries.get(&me);
            if delivery != Some(&Delivery::Delivered) {
                return Err(format!("{id} of {sender} is {delivery:?} at {me}"));
            }
            let here = row(i, members[*sender], *id);
            if here.map(|row| row.leaf) != Some(theirs.leaf) {
                return Err(format!("{id} of {sender} is not at {me} again"));
            }
        }
        for office in (0..self.offices()).filter(|office| *office != i) {
            let log = &self.offices[office].log;
            let mut seen = BTreeSet::new();
            for (change, index) in self.offices[office].changes()?.iter().zip(0..) {
                let Change::Received(message, _) = &**change else {
                    continue;
                };
                let id = message.header.id;
                if !seen.insert((message.sender, id)) {
                    return Err(format!("{id} took effect twice at {office}"));
                }
                let erased = signed_message(log, index).is_err();
                if message.sender.member != me || erased {
                    continue;
                }
                match row(i, me, id) {
                    Some(row) if row.leaf == message.leaf() => (),
                    _ => {
                        let kind = message.header.kind;
                        let said = self.refusals(i, message.leaf());
                        return Err(format!(
                            "{me} lacks {id} ({kind}), which {office} has of it; it was refused: {said:?}"
                        ));
                    }
                }
            }
        }
        for (a, b, id) in self.exchanges.iter().filter(|(a, b, _)| *a == i || *b == i) {
            let other = if *a == i { *b } else { *a };
            let Some(theirs) = self.exchange(other, *id) else {
                continue;
            };
            let Some(ours) = self.exchange(i, *id) else {
                // Nobody can give a request back whose content is erased.
                if self.has_erased(other, *id)? {
                    continue;
                }
                return Err(format!("{me} lacks exchange {id}"));
            };
            let states = (ours.exchange.state(), theirs.exchange.state());
            if states.0 != states.1 {
                return Err(format!("{id} is {} here and {} there", states.0, states.1));
            }
        }
        self.check_told(backup)
    }

    /// Why an office did not take a message.
    fn refusals(&self, office: usize, leaf: Digest) -> Vec<Option<Refusal>> {
        let refused = |change: &Change| match change {
            Change::Other(Other::InputRefused {
                digest, refusal, ..
            }) if *digest == leaf => Some(Refusal::from_number(*refusal)),
            _ => None,
        };
        let all = self.offices[office].changes().unwrap_or_default();
        all.iter().filter_map(|change| refused(change)).collect()
    }

    /// Everybody who knew the log is told of the loss, and nobody accuses the office of more.
    fn check_told(&self, backup: &Backup) -> Result<(), String> {
        let node = self.node_of(backup.office);
        let old = (Origin::first(node), LogFault::Restored);
        for (office, alarms) in self.log_alarms() {
            let about: Vec<_> = alarms.iter().filter(|(o, _)| o.node == node).collect();
            let cosigned = self.row::<WitnessRow>(office, WITNESS, &origin_key(old.0));
            let knew = cosigned.is_some() && office != backup.office;
            if about.iter().any(|alarm| **alarm != old) || (knew && about.is_empty()) {
                return Err(format!("{office} is told {about:?} of {node}"));
            }
        }
        Ok(())
    }
}

fn last_of(log: &liaison::store::MemoryLog, size: u64) -> Timestamp {
    let last = size.checked_sub(1).map(|last| log.read(last));
    last.map_or(Timestamp::default(), |last| {
        last.expect("it is in the backup").entry.time
    })
}
