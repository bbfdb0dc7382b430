//! What must not be accepted, a row each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::*;
use crate::seal::recipient::RecipientKey;

/// A document with any payload, signed by these keys whatever it says.
fn forge(
    payload: &[u8],
    context: &str,
    by: &[(MemberId, &SigningKey)],
    entropy: &mut SeededEntropy,
) -> SignedDocument {
    let signatures: Vec<DocumentSignature> = by
        .iter()
        .map(|(member, key)| DocumentSignature {
            member: *member,
            key: key.key_id(),
            signature: key.sign(context, payload, entropy),
        })
        .collect();
    let json = json!({"document": BASE64.encode(payload), "signatures": signatures});
    SignedDocument::from_json(json.to_string().as_bytes()).unwrap()
}

fn value(document: &SignedDocument) -> Value {
    serde_json::from_slice(document.payload_bytes()).unwrap()
}

impl World {
    fn countries(&self) -> Vec<(MemberId, &SigningKey)> {
        self.keys[..3]
            .iter()
            .map(|keys| (keys.node.member, &keys.identity))
            .collect()
    }

    /// The directory that would follow from a first root that says something else.
    fn with_root(&self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let mut payload = value(&self.root);
        change(&mut payload);
        let bytes = payload.to_string();
        let mut entropy = SeededEntropy::new(2);
        let root = forge(
            bytes.as_bytes(),
            "liaison/root/v1",
            &self.countries(),
            &mut entropy,
        );
        Directory::build(&[root], &self.list, []).map(drop)
    }

    /// The directory that would follow from a first list that says something else.
    fn with_list(&self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let mut payload = value(&self.list);
        change(&mut payload);
        self.with_list_bytes(payload.to_string().as_bytes())
    }

    fn with_list_bytes(&self, payload: &[u8]) -> Result<(), TrustError> {
        let mut entropy = SeededEntropy::new(3);
        let by = self.countries();
        let list = forge(payload, "liaison/trust-list/v1", &by, &mut entropy);
        Directory::build(std::slice::from_ref(&self.root), &list, []).map(drop)
    }

    /// The directory after a second list that says something else.
    fn with_next_list(&mut self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let directory = self.directory();
        let mut payload = value(&self.next_list(&directory, &[]));
        change(&mut payload);
        let mut entropy = SeededEntropy::new(4);
        let list = forge(
            payload.to_string().as_bytes(),
            "liaison/trust-list/v1",
            &self.countries(),
            &mut entropy,
        );
        directory.advance(&[], &list).map(drop)
    }

    /// The directory after a second root that says something else, signed by these of the keys.
    fn with_next_root(
        &mut self,
        by: &[usize],
        change: impl FnOnce(&mut Value),
    ) -> Result<(), TrustError> {
        let directory = self.directory();
        let countries = directory.root().countries.clone();
        let members = directory.members().to_vec();
        let proposal =
            propose_next(&directory, Some(countries), members, at(120), at(150)).unwrap();
        let mut payload = value(&proposal.root.unwrap());
        change(&mut payload);
        let signers: Vec<_> = by
            .iter()
            .map(|i| (self.keys[*i].node.member, &self.keys[*i].identity))
            .collect();
        let mut entropy = SeededEntropy::new(5);
        let root = forge(
            payload.to_string().as_bytes(),
            "liaison/root/v1",
            &signers,
            &mut entropy,
        );
        let list = self.signed(proposal.list, &[0, 1]);
        directory.advance(&[root], &list).map(drop)
    }

    /// The directory after a second bundle of the first node that says something else.
    fn with_next_bundle(&mut self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let mut payload = value(&self.next_bundle(0, |_| {}));
        change(&mut payload);
        let mut entropy = SeededEntropy::new(6);
        let signer = [(self.keys[0].node.member, &self.keys[0].identity)];
        let bundle = forge(
            payload.to_string().as_bytes(),
            "liaison/bundle/v1",
            &signer,
            &mut entropy,
        );
        self.directory().with_bundle(bundle).map(drop)
    }

    /// The first node's card, saying something else.
    fn with_card(&mut self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let mut payload = value(&card(&self.keys[0], &mut self.entropy));
        change(&mut payload);
        let mut entropy = SeededEntropy::new(7);
        let signer = [(self.keys[0].node.member, &self.keys[0].identity)];
        let card = forge(
            payload.to_string().as_bytes(),
            "liaison/card/v1",
            &signer,
            &mut entropy,
        );
        MemberCard::read(&card).map(drop)
    }
}

type Row = (&'static str, Result<(), TrustError>, TrustError);

fn all_refused(rows: Vec<Row>, at_least: usize) {
    assert!(rows.len() >= at_least, "{} rows", rows.len());
    for (what, result, expected) in rows {
        assert_eq!(result, Err(expected), "{what}");
    }
}

fn rule(kind: DocumentKind, rule: Rule) -> TrustError {
    TrustError::Rule(kind, rule)
}

#[test]
fn the_helpers_of_these_tests_change_nothing_by_themselves() {
    let mut world = World::new();
    assert_eq!(world.with_root(|_| {}), Ok(()));
    assert_eq!(world.with_next_root(&[0, 1], |_| {}), Ok(()));
    assert_eq!(world.with_list(|_| {}), Ok(()));
    assert_eq!(world.with_next_list(|_| {}), Ok(()));
    assert_eq!(world.with_next_bundle(|_| {}), Ok(()));
    assert_eq!(world.with_card(|_| {}), Ok(()));
}

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
    all_refused(rows, 11);
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
    all_refused(rows, 30);
}

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
fn nobody_is_made_to_sign_what_cannot_be_accepted_or_twice() {
    let mut world = World::new();
    let mut entropy = SeededEntropy::new(10);
    let mut nonsense = forge(b"{}", "liaison/root/v1", &[], &mut entropy);
    let (mk, key) = (member("MK"), &world.keys[0].identity);
    let signed = nonsense.sign(mk, key, &mut entropy);
    assert_eq!(signed, Err(TrustError::Malformed));
    let again = world.root.sign(mk, key, &mut entropy);
    assert_eq!(again, Err(TrustError::DuplicateSigner(mk)));
}

#[test]
fn the_envelope_of_a_document_is_strict() {
    let world = World::new();
    let good: Value = serde_json::from_slice(&world.list.to_json()).unwrap();
    let read = |change: &dyn Fn(&mut Value)| {
        let mut json = good.clone();
        change(&mut json);
        SignedDocument::from_json(json.to_string().as_bytes()).map(drop)
    };
    assert_eq!(read(&|_| {}), Ok(()));
    let malformed = Err(TrustError::Malformed);
    assert_eq!(read(&|j| j["extra"] = json!(1)), malformed);
    assert_eq!(read(&|j| j["document"] = json!("?")), malformed);
    assert_eq!(read(&|j| j["signatures"][0]["extra"] = json!(1)), malformed);
    assert_eq!(
        read(&|j| j["signatures"][0]["key"] = json!("00")),
        malformed
    );
    assert_eq!(
        read(&|j| j["signatures"][0]["signature"] = json!("AAAA")),
        malformed
    );
    assert_eq!(SignedDocument::from_json(b"").map(drop), malformed);
}
