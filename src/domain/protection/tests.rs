use super::*;
use crate::domain::rfi::{Phone, Subject};

const EXAMPLE: &str = include_str!("../../../deploy/examples/request.toml");

fn at() -> Timestamp {
    "2026-11-27T04:00:00Z".parse().unwrap()
}

fn member(text: &str) -> MemberId {
    text.parse().unwrap()
}

/// A request about one person of this nationality, with the three flags.
fn about(nationality: Option<&str>, flags: [Option<bool>; 3]) -> Request {
    let mut request: Request = toml::from_str(EXAMPLE).unwrap();
    let mut person = request.subjects.remove(2);
    let described = person.person.as_mut().unwrap();
    described.nationalities = nationality.into_iter().map(str::to_owned).collect();
    described.birth = None;
    request.subjects = vec![person];
    request.questions.truncate(1);
    request.protection.asylum_confidential = flags[0];
    request.protection.minor = flags[1];
    request.protection.victim_indicators = flags[2];
    request
}

fn person(request: &mut Request) -> &mut Person {
    request.subjects[0].person.as_mut().unwrap()
}

const NO: [Option<bool>; 3] = [Some(false); 3];

fn ties(stopped: &[Stopped]) -> Vec<(Tie, Vec<Sign>)> {
    stopped
        .iter()
        .map(|stop| (stop.tie, stop.signs.clone()))
        .collect()
}

#[test]
fn a_country_does_not_learn_of_its_own_national_who_may_need_protection() {
    for (place, yes, unknown) in [
        (0, Sign::Asylum, Sign::AsylumUnknown),
        (1, Sign::Minor, Sign::MinorUnknown),
        (2, Sign::Victim, Sign::VictimUnknown),
    ] {
        for (flag, sign) in [(Some(true), yes), (None, unknown)] {
            let mut flags = NO;
            flags[place] = flag;
            let request = about(Some("IR"), flags);
            let stopped = of_request(&request, member("IR"), at());
            assert_eq!(ties(&stopped), [(Tie::Nationality, vec![sign])]);
            assert!(of_request(&request, member("TR"), at()).is_empty());
        }
    }
    let request = about(Some("IR"), NO);
    assert!(of_request(&request, member("IR"), at()).is_empty());
}

#[test]
fn origin_and_issuing_states_tie_to_a_country_too() {
    let asylum = [Some(true), Some(false), Some(false)];
    let mut request = about(None, asylum);
    person(&mut request).origin = Some("IR".to_owned());
    let found = of_request(&request, member("IR"), at());
    assert_eq!(ties(&found), [(Tie::Origin, vec![Sign::Asylum])]);
    let passport = Document {
        kind: "passport".to_owned(),
        number: "K1".to_owned(),
        issuer: Some("IR".to_owned()),
    };
    let mut request = about(Some("AF"), asylum);
    person(&mut request).documents = vec![passport.clone()];
    let found = of_request(&request, member("IR"), at());
    assert_eq!(ties(&found), [(Tie::Document, vec![Sign::Asylum])]);
    let mut request = about(None, [None; 3]);
    request.subjects[0].person = None;
    request.subjects[0].document = Some(passport);
    assert_eq!(of_request(&request, member("IR"), at()).len(), 1);
    assert!(of_request(&request, member("TR"), at()).is_empty());
}

#[test]
fn where_no_country_is_stated_only_a_sign_of_need_stops() {
    let unsaid = about(None, [None; 3]);
    assert!(of_request(&unsaid, member("TR"), at()).is_empty());
    let victim = about(None, [None, None, Some(true)]);
    let found = of_request(&victim, member("TR"), at());
    assert_eq!(ties(&found), [(Tie::Unstated, vec![Sign::Victim])]);
}

#[test]
fn a_document_of_another_state_states_no_nationality() {
    let permit = Document {
        kind: "residence-permit".to_owned(),
        number: "L0X1".to_owned(),
        issuer: Some("DE".to_owned()),
    };
    let with_permit = |flags| {
        let mut request = about(None, flags);
        person(&mut request).documents = vec![permit.clone()];
        request
    };
    let of_the_permit = |flags| {
        let mut request = about(None, flags);
        request.subjects[0].person = None;
        request.subjects[0].document = Some(permit.clone());
        request
    };
    let unknown = vec![Sign::AsylumUnknown, Sign::MinorUnknown, Sign::VictimUnknown];
    let asylum = [Some(true), Some(false), Some(false)];
    for request in [with_permit(asylum), of_the_permit(asylum)] {
        let found = of_request(&request, member("AF"), at());
        assert_eq!(ties(&found), [(Tie::Unstated, vec![Sign::Asylum])]);
    }
    for request in [with_permit([None; 3]), of_the_permit([None; 3])] {
        assert!(of_request(&request, member("AF"), at()).is_empty());
        let found = of_reply(&request, member("AF"), at());
        assert_eq!(ties(&found), [(Tie::Unstated, unknown.clone())]);
    }
    // Whose nationality is stated is another's, whatever else they hold.
    let mut stated = with_permit(asylum);
    person(&mut stated).nationalities = vec!["SY".to_owned()];
    assert!(of_reply(&stated, member("AF"), at()).is_empty());
}

#[test]
fn a_telephone_stands_for_its_owner_where_nobody_is_named() {
    let mut request = about(None, [Some(true), None, None]);
    let phone = Phone {
        number: "+98 912 000 0000".to_owned(),
        device: None,
    };
    request.subjects = vec![Subject {
        person: None,
        phone: Some(phone),
        ..request.subjects[0].clone()
    }];
    let found = of_request(&request, member("IR"), at());
    assert_eq!(ties(&found), [(Tie::Unstated, vec![Sign::Asylum])]);
    request.protection.asylum_confidential = None;
    assert!(of_request(&request, member("IR"), at()).is_empty());
}

#[test]
fn what_a_person_is_counts_beside_the_flags() {
    let mut request = about(Some("TR"), NO);
    person(&mut request).status = PersonStatus::PotentialVictim;
    let found = of_request(&request, member("TR"), at());
    assert_eq!(ties(&found), [(Tie::Nationality, vec![Sign::Victim])]);
    let born = |date: &str, calendar, precision| {
        let mut request = about(Some("TR"), NO);
        person(&mut request).birth = Some(Birth {
            date: date.to_owned(),
            calendar,
            precision,
        });
        ties(&of_request(&request, member("TR"), at()))
    };
    let minor = [(Tie::Nationality, vec![Sign::Minor])];
    assert_eq!(
        born("2012-05-01", Calendar::Gregorian, Precision::Day),
        minor
    );
    assert_eq!(born("1391", Calendar::SolarHijri, Precision::Year), minor);
    assert_eq!(born("1433", Calendar::Hijri, Precision::Year), minor);
    assert!(born("1988", Calendar::Gregorian, Precision::Year).is_empty());
    // The flag says that it is none, and the year does not say otherwise.
    assert!(born("2008", Calendar::Gregorian, Precision::Year).is_empty());
    assert!(born("2006", Calendar::Gregorian, Precision::Estimated).is_empty());
}

#[test]
fn an_adult_is_none_of_the_minors_that_a_request_is_about() {
    let request: Request = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(request.protection.minor, Some(true));
    assert!(of_request(&request, member("TR"), at()).is_empty());
}

#[test]
fn that_a_country_denies_its_nationals_need_says_nothing_when_it_is_told_of_them() {
    let request = about(Some("IR"), NO);
    let found = of_reply(&request, member("IR"), at());
    let unknown = vec![Sign::AsylumUnknown, Sign::MinorUnknown, Sign::VictimUnknown];
    assert_eq!(ties(&found), [(Tie::Nationality, unknown.clone())]);
    let unstated = about(None, NO);
    let found = of_reply(&unstated, member("IR"), at());
    assert_eq!(ties(&found), [(Tie::Unstated, unknown)]);
    assert!(of_reply(&about(Some("AF"), NO), member("IR"), at()).is_empty());
}

#[test]
fn a_refusal_tells_something_only_if_its_ground_does() {
    let told = Ground::ALL.iter().filter(|ground| tells(**ground));
    let told: Vec<&str> = told.map(|ground| ground.as_str()).collect();
    assert_eq!(told, ["c", "d", "e", "f1", "f2", "f3", "h", "x1"]);
}
