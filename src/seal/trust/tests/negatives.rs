//! What must not be accepted, a row each.

mod bundles;
mod cards;
mod lists;
mod roots;
mod suspensions;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::*;
use crate::seal::recipient::RecipientKey;
use crate::seal::trust::document::Payload;

/// A document with any payload, signed by these keys whatever it says; what has the shape of a
/// payload is put into its one spelling.
fn forge(
    payload: &[u8],
    context: &str,
    by: &[(MemberId, &SigningKey)],
    entropy: &mut SeededEntropy,
) -> SignedDocument {
    let spelt = serde_json::from_slice(payload).map(|payload: Payload| payload.to_bytes());
    forge_exactly(&spelt.unwrap_or(payload.to_vec()), context, by, entropy)
}

/// A document with these very bytes.
fn forge_exactly(
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

#[test]
fn a_payload_that_could_be_written_in_another_way_is_refused() {
    let world = World::new();
    let pretty = String::from_utf8(world.list.payload_bytes().to_vec()).unwrap();
    let read = |payload: &str| {
        let mut entropy = SeededEntropy::new(8);
        let context = "liaison/trust-list/v1";
        let list = forge_exactly(
            payload.as_bytes(),
            context,
            &world.countries(),
            &mut entropy,
        );
        Directory::build(std::slice::from_ref(&world.root), &list, []).map(drop)
    };
    assert_eq!(read(&pretty), Ok(()));
    let version = r#"  "version": 1,"#;
    let root_version = r#"  "root_version": 1,"#;
    let both = format!("{version}\n{root_version}");
    let others = [
        serde_json::from_str::<Value>(&pretty).unwrap().to_string(),
        format!("{pretty}\n"),
        pretty.replace("  ", "\t"),
        pretty.replace(&both, &format!("{root_version}\n{version}")),
        pretty.replace(
            r#"  "previous": null,
"#,
            "",
        ),
        pretty.replace(".000Z", "Z"),
        pretty.replace(".000Z", ".000+00:00"),
        pretty.replace(r#""nodes": ["#, r#""nodes": [ "#),
        pretty.replace(r#""MK""#, r#""MK\u0000""#),
        pretty.replace(r#""MK""#, r#""\u004dK""#),
    ];
    for other in others {
        assert_ne!(other, pretty);
        assert_eq!(read(&other), Err(TrustError::Malformed), "{other:.200}");
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
