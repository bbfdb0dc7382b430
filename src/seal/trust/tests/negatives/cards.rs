//! Cards that must not be accepted.

use super::*;

#[test]
fn a_card_that_does_not_prove_its_keys_is_refused() {
    let mut world = World::new();
    let mk = node("MK-1");
    let not_proved = TrustError::NotProved(mk);
    let other = value(&card(&world.keys[1], &mut world.entropy));
    let take = |path: [&'static str; 2]| {
        let other = other.clone();
        move |c: &mut Value| c[path[0]][path[1]] = other[path[0]][path[1]].clone()
    };
    let rows: Vec<Row> = vec![
        (
            "another node's proof by its log key",
            world.with_card(take(["proof", "log"])),
            not_proved,
        ),
        (
            "another node's TLS key",
            world.with_card(take(["proof", "tls_key"])),
            not_proved,
        ),
        (
            "another node's proof by its TLS key",
            world.with_card(take(["proof", "tls"])),
            not_proved,
        ),
        (
            "a TLS key of another algorithm",
            world.with_card(|c| c["proof"]["tls_key"] = json!(BASE64.encode([0; 91]))),
            not_proved,
        ),
        (
            "another node's bundle",
            world.with_card(|c| c["bundle"] = other["bundle"].clone()),
            TrustError::UnknownSigner(member("RS")),
        ),
        (
            "another node's identity",
            world.with_card(|c| c["identity"] = other["identity"].clone()),
            TrustError::UnknownSigner(member("MK")),
        ),
        (
            "another number than its bundle's",
            world.with_card(|c| c["node"] = json!("MK-2")),
            TrustError::NotProved(node("MK-2")),
        ),
        (
            "a name that hides something",
            world.with_card(|c| c["profile"]["name"] = json!("MK\u{200f}")),
            rule(DocumentKind::Card, Rule::Text),
        ),
        (
            "a field that nobody knows",
            world.with_card(|c| c["role"] = json!("root")),
            TrustError::Malformed,
        ),
        (
            "a list as a card",
            MemberCard::read(&world.list).map(drop),
            TrustError::WrongKind {
                expected: DocumentKind::Card,
                found: DocumentKind::TrustList,
            },
        ),
    ];
    all_refused(rows, 10);
}

#[test]
fn cards_that_make_no_federation_are_refused() {
    let world = World::new();
    let propose = |cards: &[MemberCard]| propose_first(cards, at(100), at(130)).map(drop);
    let twice = [world.cards.clone(), world.cards.clone()].concat();
    all_refused(
        vec![
            (
                "one country and an organisation",
                propose(&[world.cards[0].clone(), world.cards[3].clone()]),
                rule(DocumentKind::Root, Rule::TooFewCountries),
            ),
            (
                "each card twice",
                propose(&twice),
                rule(DocumentKind::TrustList, Rule::Duplicate),
            ),
            (
                "a list that has expired when it is made",
                propose_first(&world.cards, at(100), at(100)).map(drop),
                rule(DocumentKind::TrustList, Rule::Times),
            ),
        ],
        3,
    );
}

#[test]
fn a_card_is_not_issued_around_the_bundle_of_another_node_with_the_same_keys() {
    let mut world = World::new();
    let mut keys = Keys::generate(node("MK-1"), at(100), &mut world.entropy);
    let bundle = KeyBundle::first(&keys, at(100), at(130))
        .sign(&keys.identity, &mut world.entropy)
        .unwrap();
    keys.node = node("MK-2");
    let issued = MemberCard::issue(&keys, profile(keys.node), bundle, &mut world.entropy);
    assert_eq!(issued, Err(TrustError::NotProved(node("MK-2"))));
}

#[test]
fn a_card_cannot_claim_a_tls_key_that_its_node_does_not_hold() {
    let mut world = World::new();
    let keys = Keys::generate(node("XX-1"), at(100), &mut world.entropy);
    let mut bundle = KeyBundle::first(&keys, at(100), at(130));
    bundle.tls = vec![world.keys[0].tls.pin()];
    let bundle = bundle.sign(&keys.identity, &mut world.entropy).unwrap();
    let issued = MemberCard::issue(&keys, profile(keys.node), bundle, &mut world.entropy);
    assert_eq!(issued, Err(TrustError::NotProved(node("XX-1"))));
}
