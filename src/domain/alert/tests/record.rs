//! One alert through its versions, and who may do what to it.

use crate::base::{Actor, MessageId, Role, Timestamp};
use crate::domain::alert::*;
use crate::domain::fixtures::{
    actor, alert, contradiction, hours, member, message, sighting, updated_alert,
};
use crate::domain::handling::Tlp;
use crate::domain::message::{Body, Event, Header, Kind, Priority};

const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);

fn tr() -> Actor {
    actor("TR", Role::Contact)
}

fn mk() -> Actor {
    actor("MK", Role::Officer)
}

/// TR's alert, which MK and AT have.
fn record() -> AlertRecord {
    let (mut header, event) = message(tr(), hours(0), Body::Alert(Box::new(alert())));
    header.recipients = vec![member("MK"), member("AT")];
    AlertRecord::open(&header, &event).expect("it is an alert")
}

fn update() -> AlertCommand {
    AlertCommand::Update(Box::new(Revision {
        alert: updated_alert(),
        changes: Some("Two more tracks.".into()),
        replaces: None,
    }))
}

fn cancel() -> AlertCommand {
    AlertCommand::Cancel("It was an error.".into())
}

fn every_command() -> [AlertCommand; 5] {
    [
        update(),
        cancel(),
        AlertCommand::Sight(sighting()),
        AlertCommand::Contradict(contradiction()),
        AlertCommand::Acknowledge(Acknowledgement::default()),
    ]
}

/// The message in which `by` does it, as decided.
fn decided(record: &AlertRecord, command: &AlertCommand, by: Actor, hour: i64) -> (Header, Event) {
    let body = record.decide(command, &by, hours(hour)).expect("it may");
    let (mut header, event) = message(by, hours(hour), body);
    header.id = MessageId::from_bytes([u8::try_from(hour).expect("a few hours"); 16]);
    header.recipients = vec![member("MK"), member("AT")];
    (header, event)
}

/// Does it, here and as if it came from a peer.
fn done(record: &mut AlertRecord, command: &AlertCommand, by: Actor, hour: i64) {
    let (header, event) = decided(record, command, by, hour);
    assert_eq!(record.admit(&header, &event), Ok(()), "{:?}", header.kind);
    record.apply(&header, &event);
}

#[test]
fn an_alert_holds_until_it_expires_and_is_sighted_until_then() {
    let record = record();
    let expires = record.alert().expires;
    let last = expires.minus(MILLISECOND);
    assert_eq!(record.state(last), AlertState::Current);
    assert_eq!(record.state(expires), AlertState::Expired);
    for command in &every_command()[2..4] {
        let body = record.decide(command, &mk(), last).expect("it may");
        let late = record.decide(command, &mk(), expires);
        assert_eq!(late, Err(AlertRefused::Expired));
        // One that was under way when the alert expired still counts.
        let (header, event) = message(mk(), expires, body);
        assert_eq!(record.admit(&header, &event), Ok(()));
    }
    // A publisher may give what expired another life, and whoever read it may say so.
    let longer = Alert {
        expires: expires.plus(MILLISECOND),
        ..alert()
    };
    let revision = Revision {
        alert: longer,
        changes: None,
        replaces: None,
    };
    let update = AlertCommand::Update(Box::new(revision));
    assert!(record.decide(&update, &tr(), expires).is_ok());
    let taken_note = AlertCommand::Acknowledge(Acknowledgement::default());
    assert!(record.decide(&taken_note, &mk(), expires).is_ok());
}

#[test]
fn roles_do_what_they_may_and_so_do_those_of_peers() {
    let record = record();
    for command in every_command() {
        let publishers = matches!(command, AlertCommand::Update(_) | AlertCommand::Cancel(_));
        let of = if publishers { "TR" } else { "MK" };
        let (header, event) = decided(&record, &command, actor(of, Role::Contact), 1);
        for role in Role::ALL {
            let may = match role {
                Role::Contact | Role::Releaser => true,
                Role::Officer => !publishers,
                Role::Auditor | Role::Admin | Role::Observer | Role::Node => false,
            };
            let here = record.decide(&command, &actor(of, role), hours(1));
            let mut event = event.clone();
            event.by.role = role;
            let there = record.admit(&header, &event);
            if may {
                assert!(here.is_ok(), "{role} {:?}", command.kind());
                assert_eq!(there, Ok(()), "{role} {:?}", command.kind());
            } else {
                assert_eq!(here, Err(AlertRefused::Role(role)));
                assert_eq!(there, Err(AlertFault::Role));
            }
        }
    }
    for role in Role::ALL {
        let publishes = matches!(role, Role::Releaser | Role::Contact);
        let (header, event) = message(actor("TR", role), hours(1), Body::Alert(Box::new(alert())));
        let admitted = AlertRecord::admit_first(&header, &event);
        assert_eq!(admitted.is_ok(), publishes, "{role}");
    }
}

#[test]
fn the_publisher_alone_revises_and_the_others_alone_comment() {
    let record = record();
    for command in every_command() {
        let publishers = matches!(command, AlertCommand::Update(_) | AlertCommand::Cancel(_));
        let (right, wrong) = if publishers {
            ("TR", "MK")
        } else {
            ("MK", "TR")
        };
        let why = if publishers {
            AlertRefused::NotThePublisher
        } else {
            AlertRefused::ThePublisher
        };
        let by = actor(wrong, Role::Contact);
        assert_eq!(record.decide(&command, &by, hours(1)), Err(why));
        let (mut header, event) = decided(&record, &command, actor(right, Role::Contact), 1);
        for sender in [wrong, "RS"] {
            header.sender.member = member(sender);
            let admitted = record.admit(&header, &event);
            assert_eq!(
                admitted,
                Err(AlertFault::Member),
                "{sender} {:?}",
                header.kind
            );
        }
    }
}

#[test]
fn a_member_says_five_hundred_messages_and_its_publisher_may_still_take_the_alert_back() {
    let mut record = record();
    for _ in 1..500 {
        done(&mut record, &update(), tr(), 3);
    }
    let (mut header, event) = decided(&record, &AlertCommand::Sight(sighting()), mk(), 4);
    for _ in 0..500 {
        assert_eq!(record.admit(&header, &event), Ok(()));
        record.apply(&header, &event);
    }
    assert_eq!(record.admit(&header, &event), Err(AlertFault::State));
    for (command, by) in [(update(), tr()), (AlertCommand::Sight(sighting()), mk())] {
        let refused = record.decide(&command, &by, hours(5));
        assert_eq!(refused, Err(AlertRefused::Full));
    }
    let standing = record.standing();
    let next = AlertUpdate {
        version: standing.number + 1,
        replaces: standing.message,
        first_published: record.created(),
        changes: None,
        alert: updated_alert(),
    };
    let (next, more) = message(tr(), hours(5), Body::AlertUpdate(Box::new(next)));
    assert_eq!(record.admit(&next, &more), Err(AlertFault::State));
    // Another one may say as much.
    header.sender.member = member("AT");
    assert_eq!(record.admit(&header, &event), Ok(()));
    done(&mut record, &cancel(), tr(), 6);
}

#[test]
fn an_update_is_the_next_whole_version_and_names_the_one_it_replaces() {
    let mut record = record();
    done(&mut record, &update(), tr(), 3);
    assert_eq!(record.standing().number, 2);
    assert_eq!(record.alert(), &updated_alert());
    assert_eq!(record.message_type(), MessageType::Update);
    assert_eq!((record.created(), record.updated()), (hours(0), hours(3)));
    assert_eq!(record.earlier()[0].headline, alert().headline);
    let (header, event) = decided(&record, &update(), tr(), 4);
    let refused = |change: &dyn Fn(&mut AlertUpdate)| {
        let mut event = event.clone();
        let Body::AlertUpdate(update) = &mut event.body else {
            panic!("it is an update");
        };
        change(update);
        record.admit(&header, &event)
    };
    assert_eq!(refused(&|_| ()), Ok(()));
    let state = Err(AlertFault::State);
    assert_eq!(refused(&|update| update.version = 2), state);
    assert_eq!(refused(&|update| update.version = 4), state);
    assert_eq!(
        refused(&|u| u.replaces = MessageId::from_bytes([1; 16])),
        state
    );
    assert_eq!(refused(&|update| update.first_published = hours(1)), state);
    let form = Err(AlertFault::Form);
    assert_eq!(refused(&|update| update.alert.headline.clear()), form);
    assert_eq!(
        refused(&|update| update.alert.handling.tlp = Tlp::Clear),
        form
    );
    assert_eq!(
        refused(&|update| update.changes = Some(String::new())),
        form
    );
}

#[test]
fn whoever_read_another_version_does_not_write_over_the_one_that_stands() {
    let mut record = record();
    let over = |replaces| {
        AlertCommand::Update(Box::new(Revision {
            alert: updated_alert(),
            changes: None,
            replaces: Some(replaces),
        }))
    };
    done(&mut record, &over(1), tr(), 1);
    let late = record.decide(&over(1), &tr(), hours(2));
    assert_eq!(late, Err(AlertRefused::OtherVersion(2)));
}

#[test]
fn a_cancelled_alert_takes_nothing_but_notes_and_what_crossed_it() {
    let mut record = record();
    let remarks: Vec<_> = every_command()[2..]
        .iter()
        .map(|command| decided(&record, command, mk(), 1))
        .collect();
    done(&mut record, &cancel(), tr(), 2);
    assert_eq!(record.state(hours(2)), AlertState::Cancelled);
    assert_eq!(record.state(Timestamp::MAX), AlertState::Cancelled);
    assert_eq!(record.message_type(), MessageType::Cancel);
    assert!(!record.counts());
    for command in every_command() {
        let publishers = matches!(command, AlertCommand::Update(_) | AlertCommand::Cancel(_));
        let by = if publishers { tr() } else { mk() };
        let decided = record.decide(&command, &by, hours(3));
        match command.kind() {
            Kind::Acknowledgement => assert!(decided.is_ok()),
            _ => assert_eq!(decided, Err(AlertRefused::Cancelled)),
        }
    }
    for (header, event) in remarks {
        assert_eq!(record.admit(&header, &event), Ok(()), "{:?}", header.kind);
    }
    let (header, mut event) = decided(&self::record(), &cancel(), tr(), 3);
    assert_eq!(record.admit(&header, &event), Err(AlertFault::State));
    let Body::AlertCancellation(cancellation) = &mut event.body else {
        panic!("it is one");
    };
    cancellation.version = 2;
    let admitted = self::record().admit(&header, &event);
    assert_eq!(admitted, Err(AlertFault::State));
}

#[test]
fn an_exercise_and_reality_never_mix() {
    let record = record();
    assert!(record.counts());
    for status in [Status::Exercise, Status::Test] {
        let other = AlertRefused::OtherStatus(Status::Actual);
        let revision = Revision {
            alert: Alert {
                status,
                ..updated_alert()
            },
            changes: None,
            replaces: None,
        };
        let sighting = Sighting {
            status: Some(status),
            ..sighting()
        };
        let contradiction = Contradiction {
            status: Some(status),
            ..contradiction()
        };
        let commands = [
            (AlertCommand::Update(Box::new(revision)), tr()),
            (AlertCommand::Sight(sighting.clone()), mk()),
            (AlertCommand::Contradict(contradiction.clone()), mk()),
        ];
        for (command, by) in commands {
            assert_eq!(record.decide(&command, &by, hours(1)), Err(other.clone()));
        }
        let (header, mut event) = decided(&record, &update(), tr(), 1);
        if let Body::AlertUpdate(update) = &mut event.body {
            update.alert.status = status;
        }
        assert_eq!(record.admit(&header, &event), Err(AlertFault::Status));
        let version = Some(1);
        let remarks = [
            Body::Sighting(Sighting {
                version,
                ..sighting
            }),
            Body::Contradiction(Contradiction {
                version,
                ..contradiction
            }),
        ];
        for body in remarks {
            let (header, event) = message(mk(), hours(1), body);
            assert_eq!(record.admit(&header, &event), Err(AlertFault::Status));
        }
        let exercise = Alert { status, ..alert() };
        let (header, event) = message(tr(), hours(0), Body::Alert(Box::new(exercise)));
        let exercise = AlertRecord::open(&header, &event).expect("it is an alert");
        assert!(!exercise.counts(), "no figure counts an exercise");
    }
}

#[test]
fn what_is_said_names_a_version_that_there_is() {
    let mut record = record();
    let about = |version| Sighting {
        version,
        ..sighting()
    };
    let said = |record: &AlertRecord, version| {
        let body = record.decide(&AlertCommand::Sight(about(version)), &mk(), hours(5))?;
        match body {
            Body::Sighting(sighting) => Ok((sighting.version, sighting.status)),
            _ => panic!("it is a sighting"),
        }
    };
    assert_eq!(said(&record, None), Ok((Some(1), Some(Status::Actual))));
    for version in [0, 2] {
        let refused = said(&record, Some(version));
        assert_eq!(refused, Err(AlertRefused::NoSuchVersion(1)));
    }
    let admitted = |record: &AlertRecord, version| {
        let (header, event) = message(mk(), hours(5), Body::Sighting(about(version)));
        record.admit(&header, &event)
    };
    assert_eq!(admitted(&record, None), Err(AlertFault::Form));
    assert_eq!(admitted(&record, Some(0)), Err(AlertFault::Form));
    assert_eq!(admitted(&record, Some(2)), Err(AlertFault::NotYet));
    done(&mut record, &update(), tr(), 3);
    assert_eq!(said(&record, None), Ok((Some(2), Some(Status::Actual))));
    assert_eq!(admitted(&record, Some(2)), Ok(()));
    assert_eq!(admitted(&record, Some(1)), Ok(()));
}

#[test]
fn those_who_have_it_become_more_and_the_new_ones_open_it_with_the_update() {
    let mut record = record();
    let (mut header, event) = decided(&record, &update(), tr(), 1);
    header.recipients = vec![member("AT"), member("RS")];
    assert_eq!(AlertRecord::admit_first(&header, &event), Ok(()));
    let late = AlertRecord::open(&header, &event).expect("it opens the alert");
    record.apply(&header, &event);
    assert_eq!(record.others(member("TR")), ["AT", "MK", "RS"].map(member));
    assert_eq!(late.standing(), record.standing());
    assert_eq!(late.created(), record.created());
    let (_, mut event) = decided(&record, &cancel(), tr(), 2);
    event.by.role = Role::Contact;
    assert!(AlertRecord::open(&header, &event).is_none());
}

#[test]
fn no_version_follows_one_with_the_last_number_that_there_is() {
    let (mut header, mut event) = decided(&record(), &update(), tr(), 1);
    header.recipients = vec![member("AT")];
    let Body::AlertUpdate(last) = &mut event.body else {
        panic!("it is an update");
    };
    last.version = u32::MAX;
    last.replaces = MessageId::from_bytes([7; 16]);
    let late = AlertRecord::open(&header, &event).expect("it opens the alert");
    for version in [0, u32::MAX] {
        let next = AlertUpdate {
            version,
            replaces: late.standing().message,
            first_published: late.created(),
            changes: None,
            alert: updated_alert(),
        };
        let (header, event) = message(tr(), hours(5), Body::AlertUpdate(Box::new(next)));
        assert_eq!(late.admit(&header, &event), Err(AlertFault::State));
    }
}

#[test]
fn an_alert_that_went_wide_does_not_become_red() {
    let mut red = updated_alert();
    red.handling.tlp = Tlp::Red;
    let revision = Revision {
        alert: red,
        changes: None,
        replaces: None,
    };
    let command = AlertCommand::Update(Box::new(revision));
    match record().decide(&command, &tr(), hours(1)) {
        Err(AlertRefused::Invalid(faults)) => assert_eq!(faults[0].path, "handling.tlp"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_member_takes_back_what_it_said_by_saying_the_opposite() {
    let mut record = record();
    let not_seen = AlertCommand::Contradict(Contradiction {
        difference: Difference::NotSeen,
        ..contradiction()
    });
    let otherwise = AlertCommand::Contradict(contradiction());
    let sight = AlertCommand::Sight(sighting());
    done(&mut record, &not_seen, mk(), 1);
    done(&mut record, &sight, mk(), 2);
    assert_eq!(record.contradicted_by(), []);
    assert_eq!(record.sighted_by(), [member("MK")]);
    done(&mut record, &otherwise, mk(), 3);
    assert_eq!(record.contradicted_by(), record.sighted_by());
    done(&mut record, &not_seen, mk(), 4);
    assert_eq!(record.sighted_by(), []);
    assert_eq!(record.contradicted_by(), [member("MK")]);
}

#[test]
fn an_alert_is_admitted_only_as_its_header_says() {
    let (header, event) = message(tr(), hours(0), Body::Alert(Box::new(alert())));
    let mut other = header.clone();
    other.priority = Priority::Routine;
    let admitted = AlertRecord::admit_first(&other, &event);
    assert_eq!(admitted, Err(AlertFault::Form));
    let mut other = header.clone();
    other.handling.tlp = Tlp::Clear;
    let admitted = AlertRecord::admit_first(&other, &event);
    assert_eq!(admitted, Err(AlertFault::Form));
}

#[test]
fn a_record_survives_its_json() {
    let mut record = record();
    done(&mut record, &update(), tr(), 1);
    done(&mut record, &AlertCommand::Sight(sighting()), mk(), 2);
    done(
        &mut record,
        &AlertCommand::Contradict(contradiction()),
        mk(),
        3,
    );
    done(&mut record, &cancel(), tr(), 4);
    let json = serde_json::to_string(&record).expect("JSON");
    let again: AlertRecord = serde_json::from_str(&json).expect("the same");
    assert_eq!(again, record);
}
