//! Alerts as the office of MK publishes and receives them.

use liaison::app::change::{Change, Message, Other};
use liaison::app::rows::{ALERT as ALERT_TABLE, AlertRow};
use liaison::app::{
    Action, AlertFilter, AppError, Ask, Federation, FromPeer, Input, OnAlert, Reply, Ticket,
};
use liaison::base::{MessageId, Role, Timestamp};
use liaison::domain::alert::{
    Acknowledgement, Alert, AlertCancellation, AlertCommand, AlertRecord, AlertRefused, AlertState,
    AlertUpdate, Audience, Chosen, Corridor, EventType, LeftOut, Revision, Selection, Sighting,
    Status, Subscription,
};
use liaison::domain::handling::Tlp;
use liaison::domain::message::{Body, Joining};
use liaison::exchange::Refusal as R;
use liaison::store::Log as _;

use crate::office::*;

fn alert() -> Alert {
    toml::from_str(ALERT).expect("the example is an alert")
}

fn sighting(version: u32) -> Body {
    let sighting: Sighting = toml::from_str(SIGHTING).expect("the example is a sighting");
    Body::Sighting(Sighting {
        version: Some(version),
        ..sighting
    })
}

/// TR's next version, in the place of `before`.
pub fn update(version: u32, before: &Message, first: Timestamp) -> Body {
    Body::AlertUpdate(Box::new(AlertUpdate {
        version,
        replaces: before.header.id,
        first_published: first,
        changes: None,
        alert: alert(),
    }))
}

/// The message after `before` of the same sender.
pub fn after(before: &Message, message: &Message) -> Message {
    with_header(message, |header| {
        header.sequence = before.header.sequence + 1;
        header.previous_own = Some(before.leaf());
    })
}

fn named(members: &[&str]) -> Audience {
    Audience::Members(members.iter().map(|of| member(of)).collect())
}

/// MK publishes an alert.
fn published(office: &mut Office, audience: Audience, alert: Alert) -> Result<MessageId, AppError> {
    let id = office.new_id();
    let ask = Ask::PublishAlert {
        audience,
        id,
        alert: Box::new(alert),
        attached: Vec::new(),
    };
    office.ask(Role::Contact, Action::PublishAlert, ask)?;
    Ok(id)
}

pub fn on(
    office: &mut Office,
    alert: MessageId,
    command: AlertCommand,
    audience: Audience,
) -> Result<AlertRecord, AppError> {
    let message = office.new_id();
    let action = match &command {
        AlertCommand::Update(_) | AlertCommand::Cancel(_) => Action::ReviseAlert,
        AlertCommand::Sight(_) => Action::SightAlert,
        AlertCommand::Contradict(_) => Action::ContradictAlert,
        AlertCommand::Acknowledge(_) => Action::AcknowledgeAlert,
    };
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
    match office.ask(Role::Contact, action, ask)? {
        Reply::Alerts(rows, None) => Ok(rows[0].alert.clone()),
        other => panic!("an alert is what was asked for: {other:?}"),
    }
}

fn revised(alert: Alert) -> AlertCommand {
    AlertCommand::Update(Box::new(Revision {
        alert,
        changes: None,
        replaces: None,
    }))
}

pub fn the_alert(office: &mut Office, alert: MessageId) -> AlertRecord {
    match office.ask(Role::Contact, Action::ReadAlerts, Ask::ReadAlert { alert }) {
        Ok(Reply::AlertThread(row, _)) => row.alert,
        other => panic!("there is such an alert: {other:?}"),
    }
}

/// The latest message that the office sent.
pub fn last_sent(office: &Office) -> Message {
    let sent = office.changes_since(0).into_iter().rev();
    let mut sent = sent.filter_map(|change| match change {
        Change::Sent(message) => Some(*message),
        Change::Received(..) | Change::ReceiptKept(_) | Change::Other(_) => None,
    });
    sent.next().expect("something was sent")
}

#[test]
fn a_member_comes_in_with_an_update_and_goes_on_from_there() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let id = first.header.id;
    // MK was not among the recipients of the first version.
    let created = first.header.created;
    let second = office.next_of("TR", Role::Contact, update(2, &first, created), id);
    let gap = after(&first, &second);
    office.refuses("TR", &gap, R::Gap);
    let joining = Joining {
        member: member("MK"),
        sequence: 0,
        last: None,
    };
    let second = with_header(&gap, |header| {
        header.recipients.push(member("AT"));
        header.extensions.extend(Joining::extension(&[joining]));
    });
    let early = office.next_of("AT", Role::Contact, sighting(2), id);
    office.refuses("AT", &early, R::UnknownConversation);
    office.takes(&second);
    office.takes(&early);
    let third = office.next_of("TR", Role::Contact, update(3, &second, created), id);
    office.takes(&after(&second, &third));
    let record = the_alert(&mut office, id);
    assert_eq!(record.standing().number, 3);
    assert_eq!(record.created(), created);
    assert_eq!(record.sighted_by(), [member("AT")]);
    assert_eq!(record.others(member("MK")), ["AT", "TR"].map(member));
}

#[test]
fn what_is_about_a_version_that_has_not_come_waits_for_it() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let first = with_header(&first, |header| header.recipients.push(member("AT")));
    office.takes(&first);
    let id = first.header.id;
    let early = office.next_of("AT", Role::Contact, sighting(2), id);
    office.refuses("AT", &early, R::Gap);
    // Even that of a member that only comes in with that version.
    let stranger = office.next_of("RS", Role::Contact, sighting(2), id);
    office.refuses("RS", &stranger, R::Gap);
    let created = first.header.created;
    let second = office.next_of("TR", Role::Contact, update(2, &first, created), id);
    let second = with_header(&after(&first, &second), |header| {
        header.recipients = ["AT", "MK", "RS"].map(member).to_vec();
    });
    office.takes(&second);
    office.takes(&early);
    office.takes(&stranger);
}

#[test]
fn a_peer_that_may_not_revise_an_alert_is_refused() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let first = with_header(&first, |header| header.recipients.push(member("AT")));
    office.takes(&first);
    let (id, created) = (first.header.id, first.header.created);
    let next = |office: &mut Office, body| {
        let message = office.next_of("TR", Role::Contact, body, id);
        after(&first, &message)
    };
    let of_another = office.next_of("AT", Role::Contact, update(2, &first, created), id);
    office.refuses("AT", &of_another, R::OutOfState);
    let mut exercise = update(2, &first, created);
    if let Body::AlertUpdate(update) = &mut exercise {
        update.alert.status = Status::Exercise;
    }
    let exercise = next(&mut office, exercise);
    office.refuses("TR", &exercise, R::OutOfState);
    let skipped = next(&mut office, update(3, &first, created));
    office.refuses("TR", &skipped, R::OutOfState);
    let cancellation = |version| {
        Body::AlertCancellation(AlertCancellation {
            version,
            reason: "It was an error.".into(),
        })
    };
    let of_none = next(&mut office, cancellation(2));
    office.refuses("TR", &of_none, R::OutOfState);
    let cancel = next(&mut office, cancellation(1));
    office.takes(&cancel);
    let late = office.next_of("TR", Role::Contact, update(2, &first, created), id);
    office.refuses("TR", &after(&cancel, &late), R::OutOfState);
    let crossed = office.next_of("AT", Role::Contact, sighting(1), id);
    office.takes(&crossed);
    let record = the_alert(&mut office, id);
    assert_eq!(record.state(office.now), AlertState::Cancelled);
    assert_eq!(record.sighted_by(), [member("AT")]);
}

#[test]
fn an_exchange_is_no_alert_whatever_a_peer_says_of_it() {
    let mut office = Office::new();
    let exchange = office.asked_tr();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let now = office.now;
    for body in [update(2, &first, now), sighting(1)] {
        let message = office.next_of("TR", Role::Contact, body, exchange);
        office.refuses("TR", &message, R::OutOfState);
    }
}

#[test]
fn an_update_goes_to_more_members_and_says_where_each_stands() {
    let mut office = Office::new();
    let id = published(&mut office, named(&["TR"]), alert()).expect("it may");
    let first = last_sent(&office);
    assert!(first.header.extensions.is_empty());
    on(&mut office, id, revised(alert()), named(&["AT"])).expect("it may");
    let second = last_sent(&office);
    assert_eq!(second.header.recipients, ["AT", "TR"].map(member));
    let came_in = Joining {
        member: member("AT"),
        sequence: 0,
        last: None,
    };
    assert_eq!(second.header.joining(), Ok(vec![came_in]));
    assert_eq!(second.header.previous_own, Some(first.leaf()));
    // Those who have it become no fewer, and nobody joins twice.
    let cancel = AlertCommand::Cancel("It was an error.".into());
    on(&mut office, id, cancel, named(&[])).expect("it may");
    let third = last_sent(&office);
    assert_eq!(third.header.recipients, ["AT", "TR"].map(member));
    assert!(third.header.extensions.is_empty());
    let late = on(&mut office, id, revised(alert()), named(&[]));
    let refused = AppError::AlertNotNow(AlertRefused::Cancelled);
    assert_eq!(late.err(), Some(refused));
}

#[test]
fn an_acknowledgement_goes_to_the_publisher_alone() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let first = with_header(&first, |header| header.recipients.push(member("AT")));
    office.takes(&first);
    let id = first.header.id;
    let note = AlertCommand::Acknowledge(Acknowledgement::default());
    let record = on(&mut office, id, note, named(&[])).expect("it may");
    assert_eq!(record.acknowledged_by(), [member("MK")]);
    let sent = last_sent(&office);
    assert_eq!(sent.header.recipients, [member("TR")]);
    let seen: Sighting = toml::from_str(SIGHTING).expect("the example is a sighting");
    on(&mut office, id, AlertCommand::Sight(seen), named(&[])).expect("it may");
    let sighting = last_sent(&office);
    let missed = Joining {
        member: member("AT"),
        sequence: 0,
        last: None,
    };
    assert_eq!(sighting.header.recipients, ["AT", "TR"].map(member));
    assert_eq!(sighting.header.joining(), Ok(vec![missed]));
    assert_eq!(sighting.header.previous_own, Some(sent.leaf()));
}

#[test]
fn what_is_sent_by_corridor_goes_to_those_who_want_it_or_never_said() {
    let mut office = Office::new();
    let says = |office: &mut Office, of, since: i64, corridors: &[Corridor]| {
        let since = Timestamp::from_millis(since);
        let corridors = corridors.to_vec();
        let body = Body::Subscription(Subscription { since, corridors });
        let message = office.first_of(of, Role::Contact, body);
        office.takes(&message);
    };
    says(&mut office, "AT", 2, &[]);
    says(&mut office, "TR", 5, &[Corridor::WesternBalkan]);
    // An older one that comes later does not count.
    says(&mut office, "TR", 4, &[Corridor::IraqTurkiye]);
    let preview = Ask::PreviewAlert {
        audience: Audience::CorridorSubscribers,
        alert: Box::new(alert()),
        update: None,
    };
    let size = office.log.size();
    let shown = match office.ask(Role::Contact, Action::PublishAlert, preview) {
        Ok(Reply::AlertPreview(selection)) => selection,
        other => panic!("a preview is what was asked for: {other:?}"),
    };
    assert_eq!(office.log.size(), size, "a preview changes nothing");
    let expected = Selection {
        to: vec![
            (member("RS"), Chosen::NeverSubscribed),
            (member("TR"), Chosen::Subscribed),
        ],
        left_out: vec![(member("AT"), LeftOut::NotSubscribed)],
    };
    assert_eq!(shown, expected);
    published(&mut office, Audience::CorridorSubscribers, alert()).expect("it may");
    assert_eq!(
        last_sent(&office).header.recipients,
        ["RS", "TR"].map(member)
    );
}

#[test]
fn a_member_tells_all_others_what_it_wants_and_the_latest_counts() {
    let mut office = Office::new();
    let mut wanted = Vec::new();
    for corridors in [vec![Corridor::WesternBalkan], vec![]] {
        let message = office.new_id();
        let ask = Ask::Subscribe { message, corridors };
        let reply = office.ask(Role::Contact, Action::SubscribeAlerts, ask);
        let Ok(Reply::Subscriptions(all)) = reply else {
            panic!("subscriptions are what was asked for: {reply:?}");
        };
        let members: Vec<_> = all.iter().map(|(member, _)| *member).collect();
        assert_eq!(members, ["AT", "MK", "RS", "TR"].map(member));
        wanted.push(all[1].1.clone().expect("MK said so"));
        assert!(all[0].1.is_none(), "AT never said");
        let sent = last_sent(&office);
        assert_eq!(sent.header.recipients, ["AT", "RS", "TR"].map(member));
    }
    assert!(wanted[1].corridors.is_empty());
    assert!(wanted[1].since > wanted[0].since, "one clock, two orders");
}

#[test]
fn what_a_member_wants_is_told_once_however_often_it_is_asked_under_one_id() {
    let mut office = Office::new();
    let message = office.new_id();
    for _ in 0..2 {
        let corridors = vec![Corridor::WesternBalkan];
        let ask = Ask::Subscribe { message, corridors };
        let reply = office.ask(Role::Contact, Action::SubscribeAlerts, ask);
        assert!(matches!(reply, Ok(Reply::Subscriptions(_))), "{reply:?}");
    }
    let changes = office.changes_since(0).into_iter();
    let sent = changes.filter(|change| matches!(change, Change::Sent(_)));
    assert_eq!(sent.count(), 1);
}

#[test]
fn a_red_alert_goes_to_members_named_one_by_one() {
    let mut office = Office::new();
    let red = || {
        let mut red = alert();
        red.handling.tlp = Tlp::Red;
        red
    };
    for audience in [Audience::All, Audience::CorridorSubscribers] {
        match published(&mut office, audience, red()) {
            Err(AppError::Invalid(faults)) => assert_eq!(faults[0].path, "audience"),
            other => panic!("{other:?}"),
        }
    }
    published(&mut office, named(&["AT"]), red()).expect("it may");
    assert_eq!(last_sent(&office).header.recipients, [member("AT")]);
    let mine = published(&mut office, named(&["MK"]), alert());
    assert_eq!(mine.err(), Some(AppError::ToOneself));
    let nobody = published(&mut office, named(&[]), alert());
    assert_eq!(nobody.err(), Some(AppError::NoRecipient));
    let stranger = published(&mut office, named(&["IR"]), alert());
    assert_eq!(stranger.err(), Some(AppError::NotListed(member("IR"))));
}

pub fn with_observers(office: &Office, observers: &[&str]) -> Federation {
    let mut federation = office.federation.clone();
    federation.trust.observers = observers.iter().map(|of| member(of)).collect();
    federation
}

/// An alert of AT with an attachment, as it came.
pub fn with_attachment(office: &mut Office) -> Message {
    let message = office.first_of("AT", Role::Contact, Body::Alert(Box::new(alert())));
    with_file(&message)
}

/// The attachments of an alert that a role sees.
fn seen_by(office: &mut Office, role: Role, alert: MessageId) -> usize {
    match office.ask(role, Action::ReadAlerts, Ask::ReadAlert { alert }) {
        Ok(Reply::AlertThread(_, items)) => items
            .iter()
            .map(|item| match &item.change {
                Change::Sent(message) | Change::Received(message, _) => {
                    message.event.attachments.len()
                }
                Change::ReceiptKept(_) | Change::Other(_) => 0,
            })
            .sum(),
        other => panic!("there is such an alert: {other:?}"),
    }
}

#[test]
fn observers_see_alerts_without_attachments() {
    let mut office = Office::new();
    let message = with_attachment(&mut office);
    office.takes(&message);
    let id = message.header.id;
    assert_eq!(seen_by(&mut office, Role::Contact, id), 1);
    assert_eq!(seen_by(&mut office, Role::Observer, id), 0);
    let read = Ask::ReadAttachment {
        of: None,
        message: id,
        index: 0,
    };
    let refused = office.ask(Role::Observer, Action::ReadAlerts, read);
    assert_eq!(refused.err(), Some(AppError::NotFound("attachment")));
    // The same where the whole member is one.
    let federation = with_observers(&office, &["MK", "RS"]);
    office.handle(vec![Input::Federation(federation)]);
    assert_eq!(seen_by(&mut office, Role::Contact, id), 0);
}

#[test]
fn an_observer_is_left_out_by_the_marking_and_fetches_nothing() {
    let mut office = Office::new();
    let federation = with_observers(&office, &["RS"]);
    office.handle(vec![Input::Federation(federation)]);
    let mut strict = alert();
    strict.handling.tlp = Tlp::AmberStrict;
    published(&mut office, Audience::All, strict.clone()).expect("it may");
    assert_eq!(
        last_sent(&office).header.recipients,
        ["AT", "TR"].map(member)
    );
    let refused = published(&mut office, named(&["RS", "TR"]), strict);
    assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
    let id = published(&mut office, Audience::All, alert()).expect("it may");
    for (peer, may) in [("TR", true), ("RS", false)] {
        let ticket = Ticket(1_000);
        let outcomes = office.handle(vec![Input::MayFetch(ticket, node(peer), id)]);
        let reply = reply_to(ticket, outcomes);
        assert_eq!(reply.is_ok(), may, "{peer}: {reply:?}");
    }
}

#[test]
fn an_observer_hears_nothing_more_of_an_alert_that_became_too_strict_for_it() {
    let mut office = Office::new();
    let observed = with_observers(&office, &["RS"]);
    office.handle(vec![Input::Federation(observed.clone())]);
    let id = published(&mut office, Audience::All, alert()).expect("it may");
    // It is off the list while the alert becomes stricter, and on the next one again.
    let mut without = observed.clone();
    without.nodes.retain(|node| node.member != member("RS"));
    without.trust.observers.clear();
    office.handle(vec![Input::Federation(without)]);
    let mut strict = alert();
    strict.handling.tlp = Tlp::AmberStrict;
    on(&mut office, id, revised(strict), Audience::All).expect("it may");
    office.handle(vec![Input::Federation(observed)]);
    let cancelled = AlertCommand::Cancel("A false report.".to_owned());
    on(&mut office, id, cancelled, named(&[])).expect("it may");
    assert_eq!(
        last_sent(&office).header.recipients,
        ["AT", "TR"].map(member)
    );
}

#[test]
fn a_list_shows_what_the_filter_takes_page_by_page() {
    let mut office = Office::new();
    let mut exercise = alert();
    exercise.status = Status::Exercise;
    exercise.corridor = Some(Corridor::IraqTurkiye);
    exercise.event = EventType::PriceChange;
    let mut ids = Vec::new();
    for alert in [alert(), exercise, alert(), alert()] {
        office.now = office.now.plus(SECOND);
        ids.push(published(&mut office, Audience::All, alert).expect("it may"));
    }
    office.now = office.now.plus(SECOND);
    on(&mut office, ids[0], revised(alert()), named(&[])).expect("it may");
    let mut pages = |filter: &AlertFilter, limit| {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let ask = Ask::ListAlerts {
                filter: filter.clone(),
                limit,
                cursor,
            };
            let reply = office.ask(Role::Contact, Action::ReadAlerts, ask);
            let Ok(Reply::Alerts(rows, next)) = reply else {
                panic!("alerts are what was asked for: {reply:?}");
            };
            assert!(rows.len() <= limit);
            all.extend(rows.iter().map(|row| row.id));
            cursor = next;
            if cursor.is_none() {
                return all;
            }
        }
    };
    let everything = AlertFilter::default();
    for limit in 1..6 {
        let expected = [ids[0], ids[3], ids[2], ids[1]];
        assert_eq!(pages(&everything, limit), expected, "{limit} a page");
        let actual = AlertFilter {
            status: Some(Status::Actual),
            ..everything.clone()
        };
        assert_eq!(pages(&actual, limit), [ids[0], ids[3], ids[2]]);
    }
    let of = |change: &dyn Fn(&mut AlertFilter)| {
        let mut filter = everything.clone();
        change(&mut filter);
        filter
    };
    let by_event = of(&|f| f.event = Some(EventType::PriceChange));
    let by_corridor = of(&|f| f.corridor = Some(Corridor::IraqTurkiye));
    for filter in [by_event, by_corridor] {
        assert_eq!(pages(&filter, 2), [ids[1]]);
    }
    let superseded = of(&|f| f.state = Some(AlertState::Superseded));
    assert_eq!(pages(&superseded, 2), [ids[0]]);
    let cancelled = of(&|f| f.state = Some(AlertState::Cancelled));
    assert!(pages(&cancelled, 2).is_empty());
}

/// A sighting of AT with the id of the alert of TR that it is about, and with a file of another name.
fn of_the_same_id(office: &mut Office, alert: MessageId) -> Message {
    let sighting = office.next_of("AT", Role::Contact, sighting(1), alert);
    let mut sighting = with_file(&sighting);
    sighting.event.attachments[0].name = "another.png".into();
    with_header(&sighting, |header| header.id = alert)
}

#[test]
fn a_file_is_that_of_the_member_whose_message_is_meant() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let first = with_header(&with_file(&first), |header| {
        header.recipients.push(member("AT"));
    });
    let id = first.header.id;
    office.takes(&first);
    let sighting = of_the_same_id(&mut office, id);
    office.takes(&sighting);
    for sender in ["TR", "AT"] {
        let sender = member(sender);
        let (message, index) = (id, 0);
        let fetched = FromPeer::Fetched {
            sender,
            message,
            index,
        };
        office.peer(sender.as_str(), fetched);
    }
    let mut read = |of: Option<&str>| {
        let ask = Ask::ReadAttachment {
            of: of.map(member),
            message: id,
            index: 0,
        };
        match office.ask(Role::Officer, Action::ReadExchange, ask)? {
            Reply::Attachment(info, _) => Ok(info.name),
            other => panic!("a file is what was asked for: {other:?}"),
        }
    };
    assert_eq!(read(Some("TR")).as_deref(), Ok("route.png"));
    assert_eq!(read(Some("AT")).as_deref(), Ok("another.png"));
    assert_eq!(read(None), Err(AppError::AmbiguousAttachment));
    assert_eq!(read(Some("RS")), Err(AppError::NotFound("attachment")));
    let mut readers = office.changes_since(0).into_iter().rev();
    let read = readers.find_map(|change| match change {
        Change::Other(Other::AttachmentRead { sender, .. }) => sender,
        _ => None,
    });
    assert_eq!(read, Some(member("AT")), "whose file was read is on record");
}

#[test]
fn what_another_member_says_under_the_id_of_an_alert_is_nothing_that_its_publisher_did() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let first = with_header(&first, |header| header.recipients.push(member("AT")));
    office.takes(&first);
    let id = first.header.id;
    let since = |office: &Office| {
        let row = office.core.row::<AlertRow>(ALERT_TABLE, &id.to_bytes());
        row.expect("an index in memory").expect("it is there").since
    };
    let before = since(&office);
    office.now = office.now.plus(HOUR);
    let sighting = of_the_same_id(&mut office, id);
    office.takes(&sighting);
    assert_eq!(since(&office), before);
}

#[test]
fn a_member_fills_no_alert_without_end_and_reading_it_opens_so_much_at_a_time() {
    let mut office = Office::new();
    let first = office.first_of("TR", Role::Contact, Body::Alert(Box::new(alert())));
    let first = with_header(&first, |header| header.recipients.push(member("AT")));
    office.takes(&first);
    let id = first.header.id;
    let mut before = office.next_of("AT", Role::Contact, sighting(1), id);
    office.takes(&before);
    let more = |office: &mut Office, before: &Message| {
        let next = office.next_of("AT", Role::Contact, sighting(1), id);
        after(before, &next)
    };
    for _ in 1..500 {
        before = more(&mut office, &before);
        office.takes(&before);
    }
    let beyond = more(&mut office, &before);
    office.refuses("AT", &beyond, R::OutOfState);
    let opened = |office: &mut Office| {
        let size = office.log.size();
        the_alert(office, id);
        let opened = |change: &&Change| matches!(change, Change::Other(Other::Opened { .. }));
        office.changes_since(size).iter().filter(opened).count()
    };
    let opened: Vec<_> = (0..3).map(|_| opened(&mut office)).collect();
    assert_eq!(opened, [500, 1, 0], "of 501");
}
