use super::*;
use crate::base::Timestamp;

fn at(n: u64) -> Timestamp {
    Timestamp::default().plus(hours(n))
}

#[test]
fn every_class_of_every_profile_has_exactly_one_rule() {
    for profile in Profile::ALL {
        for class in Urgency::ALL {
            let fits = |rule: &&Rule| rule.profile == *profile && rule.classes.contains(class);
            assert_eq!(RULES.iter().filter(fits).count(), 1, "{profile} {class}");
        }
    }
}

#[test]
fn the_limits_are_those_of_the_instruments() {
    use Urgency::{Life, Routine, Urgent};
    let all = |profile: Profile, class| {
        let limits = profile.limits(class);
        (limits.acknowledge, limits.direct, limits.indirect)
    };
    let eu = Profile::Eu2023977;
    assert_eq!(all(eu, Urgent), (None, hours(8), days(3)));
    assert_eq!(all(eu, Life), all(eu, Urgent));
    assert_eq!(all(eu, Routine), (None, days(7), days(7)));
    let swedish = Profile::Sfd2006960;
    assert_eq!(all(swedish, Urgent), (None, hours(8), days(14)));
    assert_eq!(all(swedish, Life), all(swedish, Urgent));
    assert_eq!(all(swedish, Routine), (None, days(7), days(14)));
    let mou = Profile::BpMou;
    assert_eq!(all(mou, Life), (Some(hours(2)), hours(8), hours(8)));
    assert_eq!(all(mou, Urgent), (Some(hours(8)), days(3), days(3)));
    assert_eq!(all(mou, Routine), (Some(days(2)), days(14), days(14)));
}

#[test]
fn until_acceptance_the_shortest_limit_of_the_class_runs() {
    for profile in Profile::ALL {
        for class in Urgency::ALL {
            let limits = profile.limits(*class);
            let clock = Clock::start(*profile, *class, at(5));
            let shortest = [
                Some(limits.direct),
                Some(limits.indirect),
                limits.acknowledge,
            ]
            .into_iter()
            .flatten()
            .min()
            .expect("there are limits");
            assert_eq!(clock.started, at(5));
            assert_eq!(clock.due, at(5).plus(shortest), "{profile} {class}");
            let asks = limits
                .acknowledge
                .map_or(Limit::Answer, |_| Limit::Acknowledge);
            assert_eq!(clock.limit, asks);
        }
    }
}

#[test]
fn acceptance_sets_the_limit_by_access_and_still_counts_from_receipt() {
    let clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, at(1));
    let direct = clock.clone().accepted(Urgency::Urgent, Access::Direct);
    assert_eq!((direct.limit, direct.due), (Limit::Answer, at(9)));
    let indirect = clock.accepted(Urgency::Urgent, Access::Indirect);
    assert_eq!((indirect.limit, indirect.due), (Limit::Answer, at(1 + 72)));
    assert_eq!(indirect.started, at(1));
}

#[test]
fn a_part_of_the_answer_acknowledges_but_earns_no_longer_limit() {
    let clock = Clock::start(Profile::BpMou, Urgency::Life, at(0));
    assert_eq!((clock.limit, clock.due), (Limit::Acknowledge, at(2)));
    let clock = clock.acknowledged(Urgency::Life);
    assert_eq!((clock.limit, clock.due), (Limit::Answer, at(8)));
}

#[test]
fn a_limit_ends_with_its_last_millisecond() {
    let clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, at(0));
    assert!(!clock.overdue(at(8)));
    assert!(clock.overdue(at(8).plus(Duration::from_millis(1))));
}

#[test]
fn a_stopped_clock_stays_as_it_stopped() {
    let mut clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, at(0));
    clock.stopped = Some(at(7));
    assert!(!clock.overdue(at(9)));
    clock.stopped = Some(at(10));
    assert!(clock.overdue(at(9)) && clock.overdue(at(11)));
}

#[test]
fn a_limit_presses_more_and_more() {
    let mut clock = Clock::start(Profile::Eu2023977, Urgency::Urgent, at(0));
    let shown = |clock: &Clock, hour| clock.pressure(at(hour)).to_string();
    let course = [
        (0, "none"),
        (5, "none"),
        (6, "due-soon"),
        (8, "due-soon"),
        (9, "overdue"),
        (10, "escalated-1"),
        (12, "escalated-2"),
        (16, "escalated-3"),
        (99, "escalated-3"),
    ];
    for (hour, pressure) in course {
        assert_eq!(shown(&clock, hour), pressure, "after {hour} hours");
    }
    let open = Pause {
        began: at(7),
        ended: None,
    };
    assert_eq!(
        clock.clone().with(vec![open], None).pressure(at(99)),
        Pressure::None
    );
    let late = Pause {
        began: at(9),
        ended: None,
    };
    assert_eq!(
        clock.clone().with(vec![late], None).pressure(at(99)),
        Pressure::Overdue
    );
    clock.stopped = Some(at(20));
    assert_eq!(clock.pressure(at(99)), Pressure::None);
}
