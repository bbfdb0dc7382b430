//! Alerts in the world: published to some, updated to more, cancelled, and commented on while
//! messages cross. In the end all who have an alert hold the same.

use std::time::Duration;

use liaison::app::rows::{ALERT, AlertRow};
use liaison::app::{Action, Ask, OnAlert};
use liaison::base::{MemberId, MessageId, Role};
use liaison::domain::alert::{
    Acknowledgement, Alert, AlertCommand, AlertRecord, Audience, Contradiction, Difference,
    Revision, Said, Sighting,
};

use crate::world::World;

const ALERT_FILE: &str = include_str!("../../deploy/examples/alert.toml");
const SIGHTING: &str = include_str!("../../deploy/examples/sighting.toml");
const CONTRADICTION: &str = include_str!("../../deploy/examples/contradiction.toml");

const LIFE: Duration = Duration::from_secs(90 * 24 * 3_600);

impl World {
    /// Some of the others, at least one.
    fn some_others(&mut self, i: usize) -> Audience {
        let mut members: Vec<MemberId> = self.members();
        members.remove(i);
        let left_out = self.below(members.len());
        if left_out > 0 {
            members.remove(left_out);
        }
        Audience::Members(members)
    }

    fn an_alert(&self, i: usize) -> Alert {
        let mut alert: Alert = toml::from_str(ALERT_FILE).expect("the example is an alert");
        alert.expires = self.clock(i).plus(LIFE);
        alert
    }

    pub fn person_publishes(&mut self, i: usize, id: MessageId) {
        let alert = self.an_alert(i);
        let audience = match self.below(2) {
            0 if self.liar.is_none() => Audience::All,
            _ => self.some_others(i),
        };
        let ask = Ask::PublishAlert {
            audience,
            id,
            alert: Box::new(alert),
            attached: Vec::new(),
        };
        self.ask(i, Role::Contact, Action::PublishAlert, ask, id);
    }

    pub fn person_says_to_an_alert(&mut self, message: MessageId) {
        let chosen = self.below(self.alerts.len());
        let (publisher, alert) = self.alerts[chosen];
        let mut i = self.below(self.offices());
        let (command, action) = match self.below(8) {
            0 | 1 => {
                i = publisher;
                let alert = self.an_alert(i);
                let revision = Revision {
                    alert,
                    changes: None,
                    replaces: None,
                };
                let command = AlertCommand::Update(Box::new(revision));
                (command, Action::ReviseAlert)
            }
            2 if self.below(3) == 0 => {
                i = publisher;
                let command = AlertCommand::Cancel("It was an error.".into());
                (command, Action::ReviseAlert)
            }
            3 | 4 => {
                let example: Contradiction = toml::from_str(CONTRADICTION).expect("the example");
                let difference = match self.below(2) {
                    0 => Difference::NotSeen,
                    _ => Difference::Otherwise,
                };
                let command = AlertCommand::Contradict(Contradiction {
                    difference,
                    ..example
                });
                (command, Action::ContradictAlert)
            }
            5 => {
                let command = AlertCommand::Acknowledge(Acknowledgement::default());
                (command, Action::AcknowledgeAlert)
            }
            _ => {
                let mut sighting: Sighting = toml::from_str(SIGHTING).expect("the example");
                sighting.seen_to = None;
                (AlertCommand::Sight(sighting), Action::SightAlert)
            }
        };
        let audience = self.some_others(i);
        let on = OnAlert {
            alert,
            message,
            command,
            audience,
        };
        let ask = Ask::OnAlert {
            on: Box::new(on),
            attached: Vec::new(),
        };
        self.ask(i, Role::Contact, action, ask, message);
    }

    fn alert_row(&self, i: usize, id: MessageId) -> Option<AlertRow> {
        self.row(i, ALERT, &id.to_bytes())
    }

    /// All who have an alert hold the same, but for members that were out of the list.
    pub fn check_alerts(&self) -> Result<(), String> {
        let was_out = |i: usize| self.federations.was_out(self.node(i));
        for (publisher, id) in &self.alerts {
            let Some(original) = self.alert_row(*publisher, *id) else {
                return Err(format!("alert {id} is gone at its publisher"));
            };
            let original = original.alert;
            if was_out(*publisher) {
                continue;
            }
            for member in original.others(original.publisher()) {
                let at = self.office_of(member);
                if was_out(at) {
                    continue;
                }
                let Some(row) = self.alert_row(at, *id) else {
                    return Err(format!("alert {id} never reached {member}"));
                };
                let copy = row.alert;
                // Whoever came in later does not know of a member that was out by then.
                let others = |alert: &AlertRecord| {
                    let others = alert.others(member).into_iter();
                    others
                        .filter(|other| !was_out(self.office_of(*other)))
                        .count()
                };
                let same = copy.standing() == original.standing()
                    && copy.cancelled() == original.cancelled()
                    && copy.created() == original.created()
                    && others(&copy) == others(&original);
                if !same {
                    return Err(format!("alert {id} stands otherwise at {member}"));
                }
                // What was said before a member came in did not go to it.
                let from_the_first = copy.earlier().len() == original.earlier().len();
                let agree = holds(original.sightings(), copy.sightings(), from_the_first)
                    && holds(
                        original.contradictions(),
                        copy.contradictions(),
                        from_the_first,
                    );
                if !agree {
                    return Err(format!("others say something else of {id} at {member}"));
                }
            }
        }
        Ok(())
    }
}

/// Whether the copy holds what the original holds: all of it, or a part.
fn holds<T: PartialEq>(original: &[Said<T>], copy: &[Said<T>], all: bool) -> bool {
    copy.iter().all(|said| original.contains(said)) && (!all || copy.len() == original.len())
}
