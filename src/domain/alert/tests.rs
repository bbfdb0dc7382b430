use super::*;
use crate::domain::fixtures::{alert, contradiction, hours, sighting, updated_alert};
use crate::domain::rfi::Sex;

mod audience;
mod crossing;
mod lost;
mod record;

fn faults(change: impl FnOnce(&mut Alert)) -> Vec<(String, &'static str)> {
    let mut alert = alert();
    change(&mut alert);
    let faults = alert.validate(hours(0)).err().unwrap_or_default();
    faults.into_iter().map(|f| (f.path, f.code)).collect()
}

fn one(path: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(path.to_owned(), code)]
}

fn count(persons: u32) -> Count {
    Count {
        nationality: None,
        sex: None,
        age_band: None,
        unaccompanied_minors: false,
        persons,
    }
}

#[test]
fn the_examples_hold_no_fault() {
    assert_eq!(alert().validate(hours(0)), Ok(()));
    assert_eq!(updated_alert().validate(hours(0)), Ok(()));
    assert_eq!(sighting().validate(), Ok(()));
    assert_eq!(contradiction().validate(), Ok(()));
}

#[test]
fn no_count_under_five_is_shared() {
    assert_eq!(faults(|a| a.persons = vec![count(5)]), vec![]);
    let small = faults(|a| a.persons = vec![count(4)]);
    assert_eq!(small, one("persons[0].persons", "not-allowed"));
    let sighting = Sighting {
        persons: Some(4),
        ..sighting()
    };
    assert!(sighting.validate().is_err());
}

#[test]
fn counts_of_parts_do_not_give_a_small_rest_away() {
    let women = |persons| Count {
        sex: Some(Sex::Female),
        ..count(persons)
    };
    let men = |persons| Count {
        sex: Some(Sex::Male),
        ..count(persons)
    };
    let of = |persons| faults(|a| a.persons = vec![count(40), women(persons)]);
    assert_eq!(of(36), one("persons[0].persons", "not-allowed"));
    assert_eq!(of(35), vec![]);
    assert_eq!(of(40), vec![]);
    // Two parts that are fine alone.
    let both = |men_| faults(|a| a.persons = vec![women(18), men(men_), count(40)]);
    assert_eq!(both(19), one("persons[2].persons", "not-allowed"));
    assert_eq!(both(17), vec![]);
    assert_eq!(both(22), vec![]);
    let elsewhere = Count {
        nationality: Some("PK".into()),
        ..count(38)
    };
    let afghans = Count {
        nationality: Some("AF".into()),
        ..count(40)
    };
    assert_eq!(faults(|a| a.persons = vec![afghans, elsewhere]), vec![]);
}

#[test]
fn a_fee_is_for_a_leg_of_the_alert_or_for_the_route() {
    let legs = u16::try_from(alert().legs.len()).expect("a few");
    assert_eq!(faults(|a| a.fees[0].leg = Some(legs - 1)), vec![]);
    assert_eq!(
        faults(|a| a.fees[0].leg = Some(legs)),
        one("fees[0].leg", "not-allowed")
    );
}

#[test]
fn counts_name_countries_and_ages_in_their_form() {
    let band = |band: &str| {
        let count = Count {
            age_band: Some(band.into()),
            ..count(9)
        };
        faults(|a| a.persons = vec![count]).is_empty()
    };
    for good in ["0-13", "18-34", "65+", "7-7"] {
        assert!(band(good), "{good}");
    }
    for bad in ["", "adult", "34-18", "18-", "+", "18+-20", "018-20", "-5"] {
        assert!(!band(bad), "{bad}");
    }
    assert_eq!(
        faults(|a| a.persons[0].nationality = Some("afg".into())),
        one("persons[0].nationality", "not-allowed")
    );
}

#[test]
fn money_has_a_currency_and_a_range_goes_up() {
    assert_eq!(
        faults(|a| a.fees[0].currency = "euro".into()),
        one("fees[0].currency", "not-allowed")
    );
    assert_eq!(
        faults(|a| a.fees[0].to = Some(1)),
        one("fees[0].to", "not-allowed")
    );
    let ransom = |ransom, currency: Option<&str>| {
        let violence = Violence {
            kind: "held in a cellar".into(),
            ransom,
            currency: currency.map(Into::into),
        };
        faults(|a| a.violence = vec![violence])
    };
    assert_eq!(ransom(Some(5_000), Some("USD")), vec![]);
    assert_eq!(ransom(None, None), vec![]);
    assert_eq!(
        ransom(Some(5_000), None),
        one("violence[0].currency", "required")
    );
    assert_eq!(
        ransom(None, Some("USD")),
        one("violence[0].ransom", "required")
    );
}

#[test]
fn times_are_in_order_and_an_alert_expires_later() {
    assert_eq!(
        faults(|a| a.expires = hours(0)),
        one("expires", "not-allowed")
    );
    assert_eq!(
        faults(|a| {
            a.period_from = Some(hours(2));
            a.period_to = Some(hours(1));
        }),
        one("period_to", "not-allowed")
    );
    assert_eq!(
        faults(|a| a.valid_from = Some(a.expires.plus(std::time::Duration::from_secs(1)))),
        one("expires", "not-allowed")
    );
    assert_eq!(faults(|a| a.review_on = Some(a.expires)), vec![]);
    assert_eq!(
        faults(|a| a.review_on = Some(a.expires.plus(std::time::Duration::from_secs(1)))),
        one("review_on", "not-allowed")
    );
}

#[test]
fn what_may_not_be_passed_on_is_not_for_the_world() {
    assert_eq!(
        faults(|a| {
            a.handling.codes = vec![HandlingCode::H2];
            a.handling.tlp = Tlp::Clear;
        }),
        one("handling.tlp", "not-allowed")
    );
}

#[test]
fn what_threatens_life_or_must_be_done_at_once_is_urgent() {
    let priority = |urgency, severity| {
        let alert = Alert {
            urgency,
            severity,
            ..alert()
        };
        alert.priority()
    };
    use Severity::{Extreme, Minor, Severe};
    assert_eq!(priority(AlertUrgency::Immediate, Minor), Priority::Urgent);
    assert_eq!(priority(AlertUrgency::Future, Extreme), Priority::Urgent);
    assert_eq!(priority(AlertUrgency::Expected, Severe), Priority::Routine);
}
