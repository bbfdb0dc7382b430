//! Alerts by the command line of real nodes: from the choice of who gets one to its end.

use liaison::api::{AlertPreview, AlertSummary, AlertView, MemberSubscription, Page};
use liaison::base::MemberId;

use crate::office::Office;
use crate::run::Call;
use crate::world::{PATIENCE, World, until};

const ALERT: &str = include_str!("../../deploy/examples/alert.toml");
const UPDATE: &str = include_str!("../../deploy/examples/alert-update.toml");
const SIGHTING: &str = include_str!("../../deploy/examples/sighting.toml");
const CONTRADICTION: &str = include_str!("../../deploy/examples/contradiction.toml");

fn members(texts: &[&str]) -> Vec<MemberId> {
    let member = |text: &&str| text.parse().expect("a member id");
    texts.iter().map(member).collect()
}

/// The alerts that an office lists.
#[track_caller]
fn listed(office: &Office, filter: &[&str]) -> Vec<AlertSummary> {
    let call = office.call("alert list");
    let call = filter.iter().fold(call, |call, word| call.word(word));
    call.run().read::<Page<AlertSummary>>().items
}

/// Waits until an office lists the alert as it is to be.
#[track_caller]
fn comes(office: &Office, what: &str, as_it_is: impl Fn(&AlertSummary) -> bool) -> AlertSummary {
    let what = format!("{}: {what}", office.member);
    until(PATIENCE, &what, || {
        let all = listed(office, &["--status", "all"]);
        all.into_iter().find(|alert| as_it_is(alert))
    })
}

fn on(office: &Office, command: &str, alert: &AlertSummary) -> Call {
    office.call(command).word(alert.id.to_string())
}

#[test]
fn an_alert_goes_to_those_who_want_it_and_lives_through_its_versions() {
    let world = World::serving(&["MK", "TR", "AT"]);
    let (mk, tr, at) = (world.office("MK"), world.office("TR"), world.office("AT"));
    let first = world.write("alert.toml", ALERT);
    let update = world.write("alert-update.toml", UPDATE);
    let sighting = world.write("sighting.toml", SIGHTING);
    let contradiction = world.write("contradiction.toml", CONTRADICTION);

    at.call("alert subscribe").word("--none").run().done();
    let tr_wants = tr.call("alert subscribe");
    let tr_wants = tr_wants.option("--corridor", "western-balkan,iraq-turkiye");
    tr_wants.run().done();
    let nothing = tr.call("alert subscribe").run();
    nothing.failed(2, "usage");
    until(PATIENCE, "MK knows what the others want", || {
        let call = mk.call("alert subscriptions");
        let all: Vec<MemberSubscription> = call.run().read();
        let known = all.iter().filter(|of| of.corridors.is_some());
        (known.count() == 2).then_some(())
    });
    let (_, text, _) = mk.call("alert subscriptions").run_as_text();
    assert!(text.contains("western-balkan, iraq-turkiye"), "{text}");
    assert!(text.contains("never said"), "{text}");

    let publish = mk.call("alert publish").option("--file", &first);
    let by_corridor = publish.word("--corridor-subscribers");
    let dry = by_corridor.clone().word("--dry-run");
    let preview: AlertPreview = dry.run().read();
    assert_eq!(preview.recipients[0].member, members(&["TR"])[0]);
    assert_eq!(preview.left_out[0].why, "not-subscribed");
    let (_, text, _) = dry.run_as_text();
    assert!(text.contains("Nothing was sent"), "{text}");
    assert!(text.contains("TLP:GREEN"), "{text}");
    assert!(listed(mk, &[]).is_empty(), "a preview publishes nothing");

    let alert: AlertSummary = by_corridor.run().read();
    comes(tr, "the alert has come", |a| a.id == alert.id);
    assert!(listed(at, &[]).is_empty(), "AT wants none");
    on(tr, "alert acknowledge", &alert).run().done();
    let sight = on(tr, "alert sight", &alert).option("--file", &sighting);
    sight.run().done();
    let seen = comes(mk, "TR sees it too", |a| !a.sighted_by.is_empty());
    assert_eq!(seen.acknowledged_by, members(&["TR"]));

    // AT comes in with the second version, and says what it thinks of it to all.
    let to_at = on(mk, "alert update", &alert)
        .option("--file", &update)
        .option("--replaces", "1")
        .option("--to", "AT");
    to_at.run().done();
    to_at.run().failed(1, "other-version");
    for office in [tr, at] {
        comes(office, "the update has come", |a| a.version == 2);
    }
    let contradict = on(at, "alert contradict", &alert);
    let contradict = contradict.option("--file", &contradiction);
    contradict.run().done();
    for office in [mk, tr] {
        let told = comes(office, "AT contradicts it", |a| {
            !a.contradicted_by.is_empty()
        });
        assert_eq!(told.contradicted_by, members(&["AT"]));
    }
    let again = on(tr, "alert sight", &alert).option("--file", &sighting);
    again.run().done();
    let seen = comes(at, "AT hears of TR's sighting too", |a| {
        !a.sighted_by.is_empty()
    });
    assert_eq!(seen.sighted_by, members(&["TR"]));
    let superseded = listed(tr, &["--state", "superseded"]);
    assert_eq!((superseded[0].version, superseded.len()), (1, 1));

    let foreign = on(tr, "alert cancel", &alert).option("--reason", "We say so.");
    foreign.run().failed(1, "not-the-publisher");
    let cancel = on(mk, "alert cancel", &alert);
    let cancel = cancel.option("--reason", "The tracks are closed.");
    cancel.run().done();
    for office in [tr, at] {
        comes(office, "the cancellation has come", |a| {
            a.state == "cancelled"
        });
    }
    sight.run().failed(1, "alert-cancelled");
    let view: AlertView = on(at, "alert show", &alert).run().read();
    assert_eq!(view.recipients, members(&["MK", "TR"]));
    assert_eq!(view.actions, ["acknowledge"]);
    let (_, text, _) = on(mk, "alert show", &alert).run_as_text();
    assert!(text.contains("The tracks are closed."), "{text}");
    assert!(text.contains("contradicted by AT"), "{text}");
}

#[test]
fn an_exercise_is_loud_and_apart_from_what_is_real() {
    let world = World::serving(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let exercise = ALERT.replace("status = \"actual\"", "status = \"exercise\"");
    let exercise = world.write("exercise.toml", exercise);
    let real = world.write("alert.toml", ALERT);
    let sighting = format!("status = \"actual\"\n{SIGHTING}");
    let sighting = world.write("sighting.toml", sighting);
    let publish = |file| mk.call("alert publish").option("--file", file);
    let alert: AlertSummary = publish(&exercise).option("--to", "all").run().read();
    comes(tr, "the exercise has come", |a| a.id == alert.id);
    assert!(listed(tr, &[]).is_empty(), "nothing actual has come");
    assert_eq!(listed(tr, &["--status", "exercise"]).len(), 1);
    let list = tr.call("alert list").option("--status", "exercise");
    for call in [list, on(tr, "alert show", &alert)] {
        let (_, text, _) = call.run_as_text();
        assert!(text.contains("EXERCISE - THIS IS NOT REAL"), "{text}");
    }
    let mixed = on(tr, "alert sight", &alert).option("--file", &sighting);
    mixed.run().failed(1, "other-status");
    let update = on(mk, "alert update", &alert).option("--file", &real);
    update.run().failed(1, "other-status");
    let both = publish(&real).option("--to", "all,TR");
    both.run().failed(2, "usage");
    let red = world.write("red.toml", ALERT.replace("\"GREEN\"", "\"RED\""));
    let problem = publish(&red).run().failed(1, "invalid");
    assert_eq!(problem["field"], "audience");
}
