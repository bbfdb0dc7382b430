//! Suspend lists that must not be accepted.

use super::*;

const CONTEXT: &str = "liaison/suspend/v1";

impl World {
    /// The payload of a first suspend list against one member.
    fn suspension(&self, who: &str) -> Value {
        let directory = self.directory();
        value(&propose_suspension(&directory, member(who), ("keys stolen", None), at(121)).unwrap())
    }

    /// The directory after a first suspend list against AL that says something else, signed by MK
    /// and RS.
    fn with_suspension(&self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let mut payload = self.suspension("AL");
        change(&mut payload);
        self.suspend_bytes(payload.to_string().as_bytes())
    }

    fn suspend_bytes(&self, payload: &[u8]) -> Result<(), TrustError> {
        let by = &self.countries()[..2];
        let document = forge(payload, CONTEXT, by, &mut SeededEntropy::new(9));
        self.directory().suspend(&document).map(drop)
    }

    /// The directory after a second suspend list that says something else.
    fn with_second(&self, change: impl FnOnce(&mut Value)) -> Result<(), TrustError> {
        let mut entropy = SeededEntropy::new(10);
        let by = &self.countries()[..2];
        let first = self.suspension("ICMPD").to_string();
        let first = forge(first.as_bytes(), CONTEXT, by, &mut entropy);
        let one = self.directory().suspend(&first).unwrap();
        let mut payload =
            value(&propose_suspension(&one, member("AL"), ("too", None), at(122)).unwrap());
        change(&mut payload);
        let second = forge(payload.to_string().as_bytes(), CONTEXT, by, &mut entropy);
        one.suspend(&second).map(drop)
    }
}

#[test]
fn a_suspend_list_that_does_not_belong_is_refused() {
    use DocumentKind::SuspendList as S;
    let mut world = World::new();
    assert_eq!(world.with_suspension(|_| {}), Ok(()));
    assert_eq!(world.with_second(|_| {}), Ok(()));
    let directory = world.directory();
    let version = |expected, found| TrustError::Version { expected, found };
    let mut rows: Vec<Row> = vec![
        (
            "version 0",
            world.with_suspension(|s| s["version"] = json!(0)),
            rule(S, Rule::Number),
        ),
        (
            "list version 0",
            world.with_suspension(|s| s["list_version"] = json!(0)),
            rule(S, Rule::Number),
        ),
        (
            "a first one with a predecessor",
            world.with_suspension(|s| s["previous"] = json!(Digest::EMPTY)),
            rule(S, Rule::Previous),
        ),
        (
            "a gap",
            world.with_suspension(|s| {
                s["version"] = json!(2);
                s["previous"] = json!(Digest::EMPTY);
            }),
            version(1, 2),
        ),
        (
            "another list's",
            world.with_suspension(|s| s["list"] = json!(Digest::EMPTY)),
            TrustError::AmendsAnother,
        ),
        (
            "another list version's",
            world.with_suspension(|s| s["list_version"] = json!(2)),
            TrustError::AmendsAnother,
        ),
        (
            "older than its list",
            world.with_suspension(|s| s["issued"] = json!(at(99))),
            rule(S, Rule::Times),
        ),
        (
            "nobody",
            world.with_suspension(|s| s["suspended"] = json!([])),
            rule(S, Rule::TooFew),
        ),
        (
            "a member twice",
            world.with_suspension(|s| {
                let one = s["suspended"][0].clone();
                s["suspended"].as_array_mut().unwrap().push(one);
            }),
            rule(S, Rule::Duplicate),
        ),
        (
            "a stranger",
            world.with_suspension(|s| s["suspended"][0]["member"] = json!("XX")),
            TrustError::NotAMember(member("XX")),
        ),
        (
            "no reason",
            world.with_suspension(|s| s["suspended"][0]["reason"] = json!("")),
            rule(S, Rule::Text),
        ),
        (
            "a reason that hides text",
            world.with_suspension(|s| s["suspended"][0]["reason"] = json!("a\u{202e}b")),
            rule(S, Rule::Text),
        ),
        (
            "a reason without end",
            world.with_suspension(|s| s["suspended"][0]["reason"] = json!("x".repeat(301))),
            rule(S, Rule::Text),
        ),
        (
            "an unknown field",
            world.with_suspension(|s| s["added"] = json!([])),
            TrustError::Malformed,
        ),
        (
            "an unknown field of a member",
            world.with_suspension(|s| s["suspended"][0]["until"] = json!(1)),
            TrustError::Malformed,
        ),
        (
            "members to add",
            world.with_suspension(|s| s["members"] = json!([])),
            TrustError::Malformed,
        ),
        (
            "no JSON",
            world.suspend_bytes(b"suspended"),
            TrustError::Malformed,
        ),
        (
            "one of its signers",
            world.with_suspension(|s| s["suspended"][0]["member"] = json!("MK")),
            TrustError::TooFewSignatures {
                signed: 1,
                needed: 2,
            },
        ),
        (
            "a list instead",
            directory.suspend(&world.list).map(drop),
            TrustError::WrongKind {
                expected: S,
                found: DocumentKind::TrustList,
            },
        ),
    ];
    rows.extend([
        (
            "a rollback",
            world.with_second(|s| {
                s["version"] = json!(1);
                s["previous"] = json!(null);
            }),
            version(2, 1),
        ),
        (
            "a second gap",
            world.with_second(|s| s["version"] = json!(3)),
            version(2, 3),
        ),
        (
            "after another one",
            world.with_second(|s| s["previous"] = json!(Digest::EMPTY)),
            TrustError::Previous(S),
        ),
        (
            "older than the one before",
            world.with_second(|s| s["issued"] = json!(at(120))),
            rule(S, Rule::Times),
        ),
        (
            "one who is given back",
            world.with_second(|s| {
                s["suspended"].as_array_mut().unwrap().remove(0);
            }),
            TrustError::GivenBack(member("ICMPD")),
        ),
    ]);
    let payload = world.suspension("AL").to_string();
    let keys: Vec<&SigningKey> = world.keys.iter().map(|keys| &keys.identity).collect();
    let (mk, rs) = ((member("MK"), keys[0]), (member("RS"), keys[1]));
    let mut entropy = SeededEntropy::new(11);
    let mut forged = |context: &str, by: &[(MemberId, &SigningKey)]| {
        let document = forge(payload.as_bytes(), context, by, &mut entropy);
        directory.suspend(&document).map(drop)
    };
    rows.extend([
        (
            "a signature twice",
            forged(CONTEXT, &[mk, mk]),
            TrustError::DuplicateSigner(mk.0),
        ),
        (
            "one for another",
            forged(CONTEXT, &[mk, (rs.0, mk.1)]),
            TrustError::UnknownSigner(rs.0),
        ),
        (
            "an organisation",
            forged(CONTEXT, &[mk, (member("ICMPD"), keys[3])]),
            TrustError::UnknownSigner(member("ICMPD")),
        ),
        (
            "signatures for a list",
            forged("liaison/trust-list/v1", &[mk, rs]),
            TrustError::BadSignature(mk.0),
        ),
        (
            "nobody's",
            forged(CONTEXT, &[]),
            TrustError::TooFewSignatures {
                signed: 0,
                needed: 2,
            },
        ),
    ]);
    let early = propose_suspension(&directory, member("AL"), ("why", None), at(121)).unwrap();
    let early = world.signed(early, &[0, 1]);
    let list = world.next_list(&directory, &[0, 1]);
    let next = directory.advance(&[], &list).unwrap();
    rows.push((
        "the list before",
        next.suspend(&early).map(drop),
        TrustError::AmendsAnother,
    ));
    all_refused(rows, 30);
}
