//! Roots that must not be accepted.

use super::*;

#[test]
fn a_root_that_breaks_a_rule_is_refused() {
    use DocumentKind::Root as R;
    let world = World::new();
    let rows: Vec<Row> = vec![
        (
            "version 0",
            world.with_root(|r| r["version"] = json!(0)),
            rule(R, Rule::Number),
        ),
        (
            "a first root with a predecessor",
            world.with_root(|r| r["previous"] = json!(Digest::EMPTY)),
            rule(R, Rule::Previous),
        ),
        (
            "a later root without a predecessor",
            world.with_root(|r| r["version"] = json!(2)),
            rule(R, Rule::Previous),
        ),
        (
            "a chain that begins with a later root",
            world.with_root(|r| {
                r["version"] = json!(2);
                r["previous"] = json!(Digest::EMPTY);
            }),
            TrustError::Version {
                expected: 1,
                found: 2,
            },
        ),
        (
            "one country",
            world.with_root(|r| r["countries"].as_array_mut().unwrap().truncate(1)),
            rule(R, Rule::TooFewCountries),
        ),
        (
            "an organisation as a country",
            world.with_root(|r| r["countries"][0]["member"] = json!("ICMPD")),
            rule(R, Rule::NotACountry),
        ),
        (
            "a country twice",
            world.with_root(|r| r["countries"][0]["member"] = r["countries"][1]["member"].clone()),
            rule(R, Rule::Duplicate),
        ),
        (
            "one key for two countries",
            world.with_root(|r| {
                r["countries"][0]["identity"] = r["countries"][1]["identity"].clone();
            }),
            rule(R, Rule::SharedKey),
        ),
        (
            "an unknown field",
            world.with_root(|r| r["threshold"] = json!(1)),
            TrustError::Malformed,
        ),
        (
            "a missing field",
            world.with_root(|r| drop(r.as_object_mut().unwrap().remove("issued"))),
            TrustError::Malformed,
        ),
        (
            "another type",
            world.with_root(|r| r["type"] = json!("list")),
            TrustError::Malformed,
        ),
        (
            "a list as a root",
            Directory::build(std::slice::from_ref(&world.list), &world.list, []).map(drop),
            TrustError::WrongKind {
                expected: R,
                found: DocumentKind::TrustList,
            },
        ),
        (
            "no root",
            Directory::build(&[], &world.list, []).map(drop),
            TrustError::Malformed,
        ),
    ];
    all_refused(rows, 13);
}

#[test]
fn a_root_that_is_not_signed_as_it_must_be_is_refused() {
    let mut world = World::new();
    let root = propose_first(&world.cards, at(100), at(130))
        .unwrap()
        .root
        .unwrap();
    let two = world.signed(root.clone(), &[0, 1]);
    let stranger = world.signed(root, &[0, 1, 2, 3]);
    let build = |root: SignedDocument| Directory::build(&[root], &world.list, []).map(drop);
    let short = |signed, needed| TrustError::TooFewSignatures { signed, needed };
    let mut rows: Vec<Row> = vec![
        ("a first root without one country", build(two), short(2, 3)),
        (
            "an organisation signs a root",
            build(stranger),
            TrustError::UnknownSigner(member("ICMPD")),
        ),
    ];
    rows.push((
        "the next root signed by one of three",
        world.with_next_root(&[0], |_| {}),
        short(1, 2),
    ));
    rows.push((
        "the next root signed twice by one",
        world.with_next_root(&[0, 0], |_| {}),
        TrustError::DuplicateSigner(member("MK")),
    ));
    rows.push((
        "a gap in the roots",
        world.with_next_root(&[0, 1, 2], |r| r["version"] = json!(3)),
        TrustError::Version {
            expected: 2,
            found: 3,
        },
    ));
    rows.push((
        "a root after another one",
        world.with_next_root(&[0, 1, 2], |r| r["previous"] = json!(Digest::EMPTY)),
        TrustError::Previous(DocumentKind::Root),
    ));
    rows.push((
        "a root from before its predecessor",
        world.with_next_root(&[0, 1, 2], |r| r["issued"] = json!(at(99))),
        rule(DocumentKind::Root, Rule::Times),
    ));
    let new = SigningKey::generate(&mut world.entropy);
    let fresh = json!(new.verifying_key());
    rows.push((
        "the old countries put in new keys that have not signed",
        world.with_next_root(&[0, 1, 2], |r| {
            for i in 0..2 {
                let key = SigningKey::generate(&mut SeededEntropy::new(50 + i as u64));
                r["countries"][i]["identity"] = json!(key.verifying_key());
            }
        }),
        short(1, 2),
    ));
    rows.push((
        "a minority replaces the majority",
        world.with_next_root(&[0], |r| {
            let own = json!({"member": "MK", "identity": r["countries"].as_array().unwrap()
                .iter().find(|c| c["member"] == "MK").unwrap()["identity"]});
            r["countries"] = json!([own, {"member": "XX", "identity": fresh}]);
        }),
        short(1, 2),
    ));
    all_refused(rows, 9);
}

#[test]
fn a_minority_cannot_take_over_with_countries_that_it_brings_along() {
    let mut world = World::new();
    let directory = world.directory();
    let new = SigningKey::generate(&mut world.entropy);
    let own = directory.root().countries.iter();
    let mut countries: Vec<Country> = own
        .filter(|country| country.member == member("MK"))
        .cloned()
        .collect();
    countries.push(Country {
        member: member("XX"),
        identity: new.verifying_key().clone(),
    });
    let members = directory.members().to_vec();
    let proposal = propose_next(&directory, Some(countries), members, at(120), at(150)).unwrap();
    let mut root = world.signed(proposal.root.unwrap(), &[0]);
    let mut list = world.signed(proposal.list, &[0]);
    for document in [&mut root, &mut list] {
        document
            .sign(member("XX"), &new, &mut world.entropy)
            .unwrap();
    }
    assert_eq!(
        directory.advance(&[root], &list).map(drop),
        Err(TrustError::TooFewSignatures {
            signed: 1,
            needed: 2
        })
    );
}
