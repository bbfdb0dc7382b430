//! Lists that must not be accepted.

use super::*;

#[test]
fn a_list_that_breaks_a_rule_is_refused() {
    use DocumentKind::TrustList as L;
    let world = World::new();
    let listed = |change: &dyn Fn(&mut Value)| world.with_list(|l| change(&mut l["members"][0]));
    let text = rule(L, Rule::Text);
    let mut rows: Vec<Row> = vec![
        (
            "version 0",
            world.with_list(|l| l["version"] = json!(0)),
            rule(L, Rule::Number),
        ),
        (
            "a first list with a predecessor",
            world.with_list(|l| l["previous"] = json!(Digest::EMPTY)),
            rule(L, Rule::Previous),
        ),
        (
            "an expiry before its issue",
            world.with_list(|l| l["expires"] = l["issued"].clone()),
            rule(L, Rule::Times),
        ),
        (
            "31 days",
            world.with_list(|l| l["expires"] = json!(at(131))),
            rule(L, Rule::TooLong),
        ),
        (
            "another root's list",
            world.with_list(|l| l["root_version"] = json!(2)),
            TrustError::RootVersion {
                expected: 1,
                found: 2,
            },
        ),
        (
            "a member twice",
            world.with_list(|l| {
                let one = l["members"][0].clone();
                l["members"].as_array_mut().unwrap().push(one);
            }),
            rule(L, Rule::Duplicate),
        ),
        (
            "a country of the root as an organisation",
            listed(&|m| m["kind"] = json!("organisation")),
            rule(L, Rule::CountryAsOrganisation),
        ),
        (
            "an organisation as a country",
            world.with_list(|l| {
                for listed in l["members"].as_array_mut().unwrap() {
                    listed["kind"] = json!("country");
                }
            }),
            rule(L, Rule::NotACountry),
        ),
        (
            "a member without a node",
            listed(&|m| m["nodes"] = json!([])),
            rule(L, Rule::TooFew),
        ),
        (
            "node 0",
            listed(&|m| m["nodes"][0]["number"] = json!(0)),
            rule(L, Rule::Number),
        ),
        (
            "a node twice",
            listed(&|m| {
                let node = m["nodes"][0].clone();
                m["nodes"].as_array_mut().unwrap().push(node);
            }),
            rule(L, Rule::Duplicate),
        ),
        (
            "one key for two nodes",
            world.with_list(|l| {
                l["members"][0]["nodes"][0]["identity"] =
                    l["members"][1]["nodes"][0]["identity"].clone();
            }),
            rule(L, Rule::SharedKey),
        ),
        (
            "an unknown field",
            listed(&|m| m["trusted"] = json!(true)),
            TrustError::Malformed,
        ),
        (
            "a weak key",
            listed(&|m| m["nodes"][0]["identity"] = json!(BASE64.encode([0; 1984]))),
            TrustError::Malformed,
        ),
        (
            "no JSON",
            world.with_list_bytes(b"members"),
            TrustError::Malformed,
        ),
    ];
    let payload = String::from_utf8(world.list.payload_bytes().to_vec()).unwrap();
    let twice = payload.replacen("\"version\": 1,", "\"version\": 1, \"version\": 1,", 1);
    rows.push((
        "a field twice",
        world.with_list_bytes(twice.as_bytes()),
        TrustError::Malformed,
    ));
    let trailing = format!("{payload} {{}}");
    rows.push((
        "bytes after the payload",
        world.with_list_bytes(trailing.as_bytes()),
        TrustError::Malformed,
    ));
    for bad in [
        "",
        " x",
        "a\nb",
        "a\u{202e}b",
        "a\u{200b}b",
        &"x".repeat(101),
    ] {
        rows.push(("a name", listed(&|m| m["name"] = json!(bad)), text));
    }
    let long = "x".repeat(301);
    rows.push(("a contact", listed(&|m| m["contact"] = json!(long)), text));
    for bad in [
        "host",
        "host:",
        "host:0",
        "host:65536",
        "host:+1",
        ":1",
        "a b:1",
        "-a:1",
        "a..b:1",
        "[::1:1",
        "[x]:1",
        "http://a:1",
        "user@a:1",
    ] {
        rows.push((
            "an address",
            listed(&|m| m["nodes"][0]["address"] = json!(bad)),
            rule(L, Rule::Address),
        ));
    }
    all_refused(rows, 36);
    for good in [
        "a:1",
        "node.example:4433",
        "192.0.2.1:443",
        "[2001:db8::1]:65535",
    ] {
        assert_eq!(listed(&|m| m["nodes"][0]["address"] = json!(good)), Ok(()));
    }
}

#[test]
fn a_list_that_does_not_follow_or_is_not_signed_is_refused() {
    let mut world = World::new();
    let directory = world.directory();
    let version = |expected, found| TrustError::Version { expected, found };
    let advance = |list: &SignedDocument| directory.advance(&[], list).map(drop);
    let signed = |world: &mut World, by: &[usize]| world.next_list(&directory, by);
    let mut rows: Vec<Row> = vec![
        (
            "the list in force again",
            advance(&world.list),
            version(2, 1),
        ),
        (
            "a gap",
            world.with_next_list(|l| l["version"] = json!(3)),
            version(2, 3),
        ),
        (
            "a list after another one",
            world.with_next_list(|l| l["previous"] = json!(Digest::EMPTY)),
            TrustError::Previous(DocumentKind::TrustList),
        ),
        (
            "a list from before its predecessor",
            world.with_next_list(|l| {
                l["issued"] = json!(at(99));
                l["expires"] = json!(at(110));
            }),
            rule(DocumentKind::TrustList, Rule::Times),
        ),
        (
            "one country alone",
            advance(&signed(&mut world, &[0])),
            TrustError::TooFewSignatures {
                signed: 1,
                needed: 2,
            },
        ),
        (
            "nobody",
            advance(&signed(&mut world, &[])),
            TrustError::TooFewSignatures {
                signed: 0,
                needed: 2,
            },
        ),
        (
            "an organisation signs",
            advance(&signed(&mut world, &[0, 1, 3])),
            TrustError::UnknownSigner(member("ICMPD")),
        ),
        (
            "a root as a list",
            directory.advance(&[], &world.root).map(drop),
            TrustError::WrongKind {
                expected: DocumentKind::TrustList,
                found: DocumentKind::Root,
            },
        ),
    ];
    let list = world.next_list(&directory, &[]);
    let (mk, rs) = (&world.keys[0].identity, &world.keys[1].identity);
    let (mk_id, rs_id) = (member("MK"), member("RS"));
    let mut entropy = SeededEntropy::new(8);
    let mut forged = |context, by: &[(MemberId, &SigningKey)]| {
        advance(&forge(list.payload_bytes(), context, by, &mut entropy))
    };
    rows.push((
        "one country signs twice",
        forged("liaison/trust-list/v1", &[(mk_id, mk), (mk_id, mk)]),
        TrustError::DuplicateSigner(mk_id),
    ));
    rows.push((
        "one country signs for another",
        forged("liaison/trust-list/v1", &[(mk_id, mk), (rs_id, mk)]),
        TrustError::UnknownSigner(rs_id),
    ));
    rows.push((
        "signatures made for another purpose",
        forged("liaison/root/v1", &[(mk_id, mk), (rs_id, rs)]),
        TrustError::BadSignature(mk_id),
    ));
    let mut moved: Value =
        serde_json::from_slice(&world.next_list(&directory, &[0, 1]).to_json()).unwrap();
    let other = json!(BASE64.encode(world.list.payload_bytes()));
    moved["document"] = other;
    let moved = SignedDocument::from_json(moved.to_string().as_bytes()).unwrap();
    rows.push((
        "signatures of another list",
        advance(&moved),
        TrustError::BadSignature(mk_id),
    ));
    all_refused(rows, 12);
}
