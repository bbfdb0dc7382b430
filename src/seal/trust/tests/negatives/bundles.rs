//! Bundles that must not be accepted.

use super::*;

fn duty(level: &str, phone: &str) -> Value {
    json!([{ "level": level, "post": "Desk", "phone": phone, "languages": ["mk"] }])
}

#[test]
fn a_bundle_that_does_not_belong_is_refused() {
    use DocumentKind::Bundle as B;
    let mut world = World::new();
    let directory = world.directory();
    let mk = node("MK-1");
    let other_pin = world.keys[1].tls.pin();
    let other_key = SigningKey::generate(&mut world.entropy);
    let spare = RecipientKey::generate(&mut world.entropy);
    let stranger = Keys::generate(node("XX-1"), at(100), &mut world.entropy);
    let unknown = KeyBundle::first(&stranger, at(100), at(130))
        .sign(&stranger.identity, &mut world.entropy)
        .unwrap();
    let other_node = world.next_bundle(1, |_| {});
    let mut rows: Vec<Row> = vec![
        (
            "a node that is not listed",
            directory.with_bundle(unknown).map(drop),
            TrustError::NotListed(node("XX-1")),
        ),
        (
            "a list as a bundle",
            directory.with_bundle(world.list.clone()).map(drop),
            TrustError::WrongKind {
                expected: B,
                found: DocumentKind::TrustList,
            },
        ),
        (
            "an older bundle",
            directory
                .with_bundle(world.next_bundle(0, |b| b.sequence = 5))
                .unwrap()
                .with_bundle(world.next_bundle(0, |b| b.sequence = 4))
                .map(drop),
            TrustError::BundleRollback(mk),
        ),
        (
            "two bundles with one number",
            world.with_next_bundle(|b| b["sequence"] = json!(1)),
            TrustError::BundleConflict(mk),
        ),
        (
            "a log key that changes",
            world.with_next_bundle(|b| b["log"][0]["key"] = json!(other_key.verifying_key())),
            TrustError::LogKeyChanged(mk),
        ),
        (
            "a log key that goes",
            world.with_next_bundle(|b| b["log"][0]["origin"] = json!("mk-1.liaison/2")),
            TrustError::LogKeyChanged(mk),
        ),
        (
            "another node's TLS key",
            world.with_next_bundle(|b| b["tls"] = json!([other_pin])),
            TrustError::PinTaken(mk),
        ),
        (
            "another node's name",
            world.with_next_bundle(|b| b["node"] = json!("RS-1")),
            rule(B, Rule::Origin),
        ),
        (
            "no TLS key",
            world.with_next_bundle(|b| b["tls"] = json!([])),
            rule(B, Rule::TooFew),
        ),
        (
            "a TLS key twice",
            world.with_next_bundle(|b| b["tls"] = json!([b["tls"][0], b["tls"][0]])),
            rule(B, Rule::SharedKey),
        ),
        (
            "no key to seal to",
            world.with_next_bundle(|b| b["recipient"] = json!([])),
            rule(B, Rule::TooFew),
        ),
        (
            "nine keys to seal to",
            world.with_next_bundle(|b| {
                let one = b["recipient"][0].clone();
                b["recipient"] = json!(vec![one; 9]);
            }),
            rule(B, Rule::TooMany),
        ),
        (
            "a key to seal to that runs out before it begins",
            world.with_next_bundle(|b| {
                b["recipient"][0]["not_after"] = b["recipient"][0]["created"].clone();
            }),
            rule(B, Rule::Times),
        ),
        (
            "no log",
            world.with_next_bundle(|b| b["log"] = json!([])),
            rule(B, Rule::TooFew),
        ),
        (
            "sequence 0",
            world.with_next_bundle(|b| b["sequence"] = json!(0)),
            rule(B, Rule::Number),
        ),
        (
            "no protocol",
            world.with_next_bundle(|b| b["protocols"] = json!([2, 1])),
            rule(B, Rule::Number),
        ),
        (
            "an expiry before its issue",
            world.with_next_bundle(|b| b["expires"] = b["issued"].clone()),
            rule(B, Rule::Times),
        ),
        (
            "an address without a port",
            world.with_next_bundle(|b| b["address"] = json!("mk.example")),
            rule(B, Rule::Address),
        ),
        (
            "a roster without a desk",
            world.with_next_bundle(|b| b["duty"] = duty("head-of-unit", "+389 2 000 0001")),
            rule(B, Rule::Duty),
        ),
        (
            "a roster with a number that nobody abroad can call",
            world.with_next_bundle(|b| b["duty"] = duty("duty-desk", "02 000 0001")),
            rule(B, Rule::Duty),
        ),
        (
            "a post whose name turns its text around",
            world.with_next_bundle(|b| {
                b["duty"] = duty("duty-desk", "+389 2 000 0001");
                b["duty"][0]["post"] = json!("Desk\u{2067}");
            }),
            rule(B, Rule::Duty),
        ),
        (
            "a field that nobody knows",
            world.with_next_bundle(|b| b["admin"] = json!(true)),
            TrustError::Malformed,
        ),
        (
            "a weak key to seal to",
            world.with_next_bundle(|b| {
                let mut weak = *spare.public().as_bytes();
                weak[1184..].fill(0);
                b["recipient"][0]["key"] = json!(BASE64.encode(weak));
            }),
            TrustError::Malformed,
        ),
    ];
    for origin in [
        "rs-1.liaison/2",
        "mk-1.liaison/0",
        "mk-1.liaison/01",
        "mk-1.liaison/",
        "mk-1.liaison/+2",
        "MK-1.liaison/2",
        "mk-1.liaison/1",
    ] {
        rows.push((
            "an origin",
            world.with_next_bundle(|b| {
                let mut log = b["log"][0].clone();
                log["origin"] = json!(origin);
                b["log"].as_array_mut().unwrap().push(log);
            }),
            rule(B, Rule::Origin),
        ));
    }
    let payload = other_node.payload_bytes();
    let mut entropy = SeededEntropy::new(9);
    let (mk_key, rs_key) = (&world.keys[0].identity, &world.keys[1].identity);
    let (mk_id, rs_id) = (member("MK"), member("RS"));
    let mut forged = |by: &[(MemberId, &SigningKey)]| {
        directory
            .with_bundle(forge(payload, "liaison/bundle/v1", by, &mut entropy))
            .map(drop)
    };
    rows.push((
        "signed by another member",
        forged(&[(mk_id, mk_key)]),
        TrustError::UnknownSigner(mk_id),
    ));
    rows.push((
        "signed by another member in the owner's name",
        forged(&[(rs_id, mk_key)]),
        TrustError::UnknownSigner(rs_id),
    ));
    rows.push((
        "signed by its owner and another",
        forged(&[(rs_id, rs_key), (mk_id, mk_key)]),
        TrustError::UnknownSigner(mk_id),
    ));
    rows.push((
        "not signed",
        forged(&[]),
        TrustError::TooFewSignatures {
            signed: 0,
            needed: 1,
        },
    ));
    all_refused(rows, 34);
}

impl World {
    /// The directory after the first node rotated all its keys and its bundle says something else.
    fn with_rotation(&mut self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let rotated = self.keys[0].rotated(Rotation::ALL, at(110), &mut self.entropy);
        let held = std::mem::replace(&mut self.keys[0], rotated);
        let result = self.with_next_bundle(change);
        self.keys[0] = held;
        result
    }
}

#[test]
fn a_rotation_that_the_node_does_not_prove_is_refused() {
    use DocumentKind::Bundle as B;
    let mut world = World::new();
    assert_eq!(world.with_rotation(|_| {}), Ok(()));
    let mk = node("MK-1");
    let not_proved = TrustError::NotProved(mk);
    let theirs = value(&world.next_bundle(1, |_| {}))["proof"].clone();
    let mut seeded = SeededEntropy::new(11);
    let other = Keys::generate(mk, at(110), &mut seeded);
    let first = KeyBundle::first(&other, at(110), at(150));
    let by_other_keys = value(
        &first
            .next(&other, 9, (at(110), at(150)), &mut seeded)
            .sign(&other.identity, &mut seeded)
            .unwrap(),
    )["proof"]
        .clone();
    let old_log = world.keys[0].log.verifying_key().clone();
    let rows: Vec<Row> = vec![
        (
            "no proof",
            world.with_rotation(|b| {
                b.as_object_mut().unwrap().remove("proof");
            }),
            not_proved,
        ),
        (
            "another node's proof",
            world.with_rotation(|b| b["proof"] = theirs.clone()),
            not_proved,
        ),
        (
            "a proof by keys that the bundle does not name",
            world.with_rotation(|b| b["proof"] = by_other_keys.clone()),
            not_proved,
        ),
        (
            "a proof by a log key that is another's",
            world.with_rotation(|b| b["proof"]["log"] = by_other_keys["log"].clone()),
            not_proved,
        ),
        (
            "a log key that signed nothing",
            world.with_rotation(|b| {
                b["log"][1]["key"] = json!(other.log.verifying_key());
            }),
            not_proved,
        ),
        (
            "a TLS key that signed nothing",
            world.with_rotation(|b| b["tls"][0] = json!(Digest::of(b"claimed"))),
            not_proved,
        ),
        (
            "a TLS key less in the proof",
            world.with_rotation(|b| {
                b["proof"]["tls"].as_array_mut().unwrap().pop();
            }),
            not_proved,
        ),
        (
            "a TLS key more in the proof",
            world.with_rotation(|b| {
                let more = by_other_keys["tls"][0].clone();
                b["proof"]["tls"].as_array_mut().unwrap().push(more);
            }),
            not_proved,
        ),
        (
            "a TLS proof of another node",
            world.with_rotation(|b| b["proof"]["tls"] = theirs["tls"].clone()),
            not_proved,
        ),
        (
            "a TLS key that is no key",
            world.with_rotation(|b| b["proof"]["tls"][0]["key"] = json!(BASE64.encode([0; 44]))),
            not_proved,
        ),
        (
            "an unknown field in the proof",
            world.with_rotation(|b| b["proof"]["recipient"] = json!("")),
            TrustError::Malformed,
        ),
        (
            "a log key that takes over nowhere",
            world.with_rotation(|b| {
                b["log"][1].as_object_mut().unwrap().remove("after");
            }),
            rule(B, Rule::Origin),
        ),
        (
            "a first log key that takes over",
            world.with_rotation(|b| b["log"][0]["after"] = json!(3)),
            rule(B, Rule::Origin),
        ),
        (
            "a log key of an incarnation that is over",
            world.with_rotation(|b| b["log"][0]["origin"] = json!("mk-1.liaison/2")),
            rule(B, Rule::Origin),
        ),
        (
            "the log key twice",
            world.with_rotation(|b| b["log"][1]["key"] = json!(old_log)),
            rule(B, Rule::SharedKey),
        ),
        (
            "a log key that takes over before the one before it",
            world.with_rotation(|b| {
                let mut third = b["log"][1].clone();
                third["after"] = json!(8);
                third["key"] = json!(other.log.verifying_key());
                b["log"].as_array_mut().unwrap().push(third);
            }),
            rule(B, Rule::Origin),
        ),
        (
            "compromised since no time",
            world.with_rotation(|b| b["compromised_since"] = json!("always")),
            TrustError::Malformed,
        ),
    ];
    all_refused(rows, 17);
}

#[test]
fn the_bundle_that_rotates_a_key_is_signed_by_the_listed_identity_and_never_replayed() {
    let mut world = World::new();
    let first = world.directory();
    let mk = node("MK-1");
    let old = first.bundle_document(mk).unwrap().clone();
    world.keys[0] = world.keys[0].rotated(Rotation::ALL, at(110), &mut world.entropy);
    let next = world.next_bundle(0, |_| {});
    let directory = first.with_bundle(next.clone()).unwrap();
    let rollback = directory.with_bundle(old).map(drop);
    assert_eq!(rollback, Err(TrustError::BundleRollback(mk)));
    let same_number = world.next_bundle(0, |b| b.expires = at(151));
    let conflict = directory.with_bundle(same_number).map(drop);
    assert_eq!(conflict, Err(TrustError::BundleConflict(mk)));
    let thief = SigningKey::generate(&mut world.entropy);
    let mut entropy = SeededEntropy::new(12);
    let stolen = forge(
        next.payload_bytes(),
        "liaison/bundle/v1",
        &[(mk.member, &thief)],
        &mut entropy,
    );
    let stolen = first.with_bundle(stolen).map(drop);
    assert_eq!(stolen, Err(TrustError::UnknownSigner(mk.member)));
}

#[test]
fn an_expired_list_takes_no_new_keys_and_those_in_force_serve_on() {
    let mut world = World::new();
    let directory = world.directory();
    let mk = node("MK-1");
    let held = directory.bundle_document(mk).unwrap().clone();
    let next = world.next_bundle(0, |_| {});
    assert!(directory.take_bundle(next.clone(), &[], at(130)).is_ok());
    let late = directory.take_bundle(next, &[], at(131)).map(drop);
    assert_eq!(late, Err(TrustError::Expired));
    assert!(directory.take_bundle(held, &[], at(131)).is_ok());
    // However long the members take, what others seal to is what the node opens.
    for now in [at(131), at(145), at(200)] {
        let sealed_to = directory.recipient_key(mk, now).unwrap();
        let opened = world.keys[0].recipient_keys(now);
        assert!(opened.find(&sealed_to.key_id()).is_some(), "{now}");
    }
}
