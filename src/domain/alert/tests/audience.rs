//! Who gets an alert.

use crate::base::MessageId;
use crate::domain::alert::*;
use crate::domain::fixtures::{alert, hours, member};
use crate::domain::handling::{HandlingCode, Tlp};

fn wants(corridors: &[Corridor]) -> Subscription {
    Subscription {
        since: hours(0),
        corridors: corridors.to_vec(),
    }
}

/// AT never subscribed, ICMPD is an observer and never did, IR wants another corridor, MK wants
/// this one, RS none.
fn chosen(audience: &Audience, alert: &Alert, have: &[&str]) -> Result<String, String> {
    let other = wants(&[Corridor::IraqTurkiye]);
    let this = wants(&[Corridor::IraqTurkiye, Corridor::WesternBalkan]);
    let none = wants(&[]);
    let candidate = |of, subscription| Candidate {
        member: member(of),
        observer: of == "ICMPD",
        subscription,
    };
    let candidates = [
        candidate("AT", None),
        candidate("ICMPD", None),
        candidate("IR", Some(&other)),
        candidate("MK", Some(&this)),
        candidate("RS", Some(&none)),
    ];
    let have: Vec<_> = have.iter().map(|of| member(of)).collect();
    let selection = audience
        .choose(alert, &candidates, &have)
        .map_err(|fault| fault.path)?;
    let to = selection.to.iter().map(|(m, why)| format!("{m} {why}"));
    let not = selection.left_out.iter();
    let not = not.map(|(m, why)| format!("not {m} {why}"));
    Ok(to.chain(not).collect::<Vec<_>>().join(", "))
}

fn marked(tlp: Tlp, codes: &[HandlingCode]) -> Alert {
    let mut alert = alert();
    alert.handling.tlp = tlp;
    alert.handling.codes = codes.to_vec();
    alert
}

fn named(members: &[&str]) -> Audience {
    Audience::Members(members.iter().map(|of| member(of)).collect())
}

fn ok(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

#[test]
fn members_are_chosen_by_name_by_corridor_or_all() {
    let alert = alert();
    assert_eq!(
        chosen(&Audience::All, &alert, &[]),
        ok("AT all, ICMPD all, IR all, MK all, RS all")
    );
    let two = named(&["MK", "IR"]);
    assert_eq!(chosen(&two, &alert, &[]), ok("IR named, MK named"));
    assert_eq!(
        chosen(&Audience::CorridorSubscribers, &alert, &[]),
        ok(
            "AT never-subscribed, ICMPD never-subscribed, MK subscribed, \
            not IR not-subscribed, not RS not-subscribed"
        )
    );
    let nowhere = Alert {
        corridor: None,
        ..alert
    };
    let refused = chosen(&Audience::CorridorSubscribers, &nowhere, &[]);
    assert_eq!(refused, Err("corridor".into()));
}

#[test]
fn those_who_have_it_get_every_version() {
    let alert = alert();
    let nobody_more = named(&[]);
    assert_eq!(
        chosen(&nobody_more, &alert, &["IR", "RS"]),
        ok("IR has-it, RS has-it")
    );
    assert_eq!(
        chosen(&Audience::CorridorSubscribers, &alert, &["ICMPD", "IR"]),
        ok(
            "AT never-subscribed, ICMPD has-it, IR has-it, MK subscribed, \
            not RS not-subscribed"
        )
    );
}

#[test]
fn a_marking_keeps_an_alert_from_observers_as_the_table_says() {
    use HandlingCode::{H0, H2};
    let red = marked(Tlp::Red, &[H0]);
    for audience in [Audience::All, Audience::CorridorSubscribers] {
        assert_eq!(chosen(&audience, &red, &[]), Err("audience".into()));
    }
    assert_eq!(chosen(&named(&["MK"]), &red, &[]), ok("MK named"));
    let refused = Err("audience".to_owned());
    assert_eq!(chosen(&named(&["MK", "ICMPD"]), &red, &[]), refused);
    let cases = [
        (marked(Tlp::AmberStrict, &[H0]), "observer-amber-strict"),
        (marked(Tlp::Amber, &[H0, H2]), "observer-amber-restricted"),
    ];
    for (alert, why) in cases {
        let all = format!("AT all, IR all, MK all, RS all, not ICMPD {why}");
        assert_eq!(chosen(&Audience::All, &alert, &[]), Ok(all));
        assert_eq!(chosen(&named(&["ICMPD"]), &alert, &[]), refused);
        // An observer that has the alert cannot be left out of its next version.
        assert_eq!(chosen(&named(&[]), &alert, &["ICMPD"]), refused);
    }
    let amber = marked(Tlp::Amber, &[H0]);
    assert_eq!(chosen(&named(&["ICMPD"]), &amber, &[]), ok("ICMPD named"));
}

#[test]
fn of_two_subscriptions_of_a_member_the_later_counts_whichever_came_first() {
    let (early, late) = (
        MessageId::from_bytes([1; 16]),
        MessageId::from_bytes([2; 16]),
    );
    let before = wants(&[]);
    let after = Subscription {
        since: hours(1),
        ..wants(&[])
    };
    assert!(after.outdoes(early, &before, late));
    assert!(!before.outdoes(late, &after, early));
    assert!(before.outdoes(late, &before, early));
    assert!(!before.outdoes(early, &before, late));
}
