//! Whatever happened: each level of a roster hears of a matter once, and of none too late.

use std::collections::BTreeSet;
use std::time::Duration;

use liaison::app::change::{Change, Other};
use liaison::app::rows::{ALARM, ATTENTION, ESCALATION, PendingAlarm, time_key};
use liaison::app::{Alarm, AlarmFault, DutyChange, Input};
use liaison::base::MessageId;
use liaison::store::Index as _;

use crate::office::Office;
use crate::world::World;

/// More than there is of anything.
const ALL: usize = 1_000_000;

fn changes(office: &Office) -> impl Iterator<Item = DutyChange> {
    let changes = office.changes().expect("this version wrote them");
    changes.into_iter().filter_map(|change| match &*change {
        Change::Other(Other::Duty(change)) => Some(change.clone()),
        _ => None,
    })
}

impl World {
    /// What came of an alarm: the command fails now and then, until the faults end.
    pub fn alarmed(&mut self, i: usize, alarm: Alarm) {
        let outcome = match self.faults && self.below(3) == 0 {
            true => Err(AlarmFault::Exit(1)),
            false => Ok(()),
        };
        self.input(i, Input::Alarmed(alarm.escalation, outcome));
    }

    /// Escalations that wait for their alarm.
    pub fn alarms(&self) -> usize {
        let cores = self
            .offices
            .iter()
            .filter_map(|office| office.core.as_ref());
        let waiting =
            cores.map(|core| core.rows::<PendingAlarm>(ALARM, ALL).map_or(0, |r| r.len()));
        waiting.sum()
    }

    /// Escalations that are on record.
    pub fn escalated(&self) -> usize {
        let escalated = |change: &DutyChange| matches!(change, DutyChange::Escalated { .. });
        let offices = self.offices.iter();
        offices.map(|o| changes(o).filter(escalated).count()).sum()
    }

    pub fn check_duty(&self) -> Result<(), String> {
        if self.alarms() > 0 {
            return Err(format!("{} alarms still wait at rest", self.alarms()));
        }
        for (i, office) in self.offices.iter().enumerate() {
            // The last tick came with the time that it is now.
            let until = time_key(self.clock(i).plus(Duration::from_millis(1))).to_vec();
            let mut told = BTreeSet::new();
            let mut given = BTreeSet::new();
            for change in changes(office) {
                match change {
                    DutyChange::Escalated {
                        conversation,
                        matter,
                        since,
                        level,
                        ..
                    } => {
                        if !told.insert((conversation, matter, since, level)) {
                            return Err(format!("{i}: level {level} of {matter} was told twice"));
                        }
                    }
                    DutyChange::AlarmGiven { escalation, .. } => {
                        if !given.insert(escalation) {
                            return Err(format!("{i}: alarm {escalation} was given twice"));
                        }
                    }
                    DutyChange::AlarmFailed { .. } | DutyChange::Called { .. } => (),
                }
            }
            let core = office.core.as_ref().ok_or("an office is down at rest")?;
            let rebuilt = office.rebuilt();
            for table in [ATTENTION, ESCALATION] {
                let rows = core
                    .rows::<MessageId>(table, ALL)
                    .map_err(|e| e.to_string())?;
                let anew = rebuilt.range(table, &[], None, ALL);
                let anew = keys_of(anew.map_err(|e| e.to_string())?);
                let live = keys_of(rows);
                if live != anew {
                    return Err(format!("{i}: {} is not what the log says", table.0));
                }
                if table == ESCALATION && live.iter().any(|key| *key < until) {
                    return Err(format!("{i}: an escalation is due and was not told"));
                }
            }
        }
        Ok(())
    }
}

fn keys_of<T>(rows: Vec<(Vec<u8>, T)>) -> Vec<Vec<u8>> {
    rows.into_iter().map(|(key, _)| key).collect()
}
