//! What decisions know of a directory.

use super::federation;
use crate::base::{SeededEntropy, Timestamp};
use crate::seal::keystore::Keys;
use crate::seal::trust::{
    Directory, KeyBundle, MemberCard, MemberKind, Profile, SignedDocument, TrustError,
    propose_first, propose_suspension,
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * 24 * 3_600 * 1_000)
}

fn card(keys: &Keys, kind: MemberKind, entropy: &mut SeededEntropy) -> MemberCard {
    let profile = Profile {
        name: format!("Office of {}", keys.node.member),
        kind,
        contact: "+389 2 000 000".to_owned(),
        address: None,
    };
    let bundle = KeyBundle::first(keys, at(100), at(130));
    let bundle = bundle.sign(&keys.identity, entropy).unwrap();
    let card = MemberCard::issue(keys, profile, bundle, entropy).unwrap();
    MemberCard::read(&card).unwrap()
}

#[test]
fn a_suspended_observer_is_still_known_as_one() {
    let mut entropy = SeededEntropy::new(1);
    let keys = ["MK-1", "RS-1", "ICMPD-1"]
        .map(|id| Keys::generate(id.parse().unwrap(), at(100), &mut entropy));
    let kinds = [
        MemberKind::Country,
        MemberKind::Country,
        MemberKind::Organisation,
    ];
    let both = keys.iter().zip(kinds);
    let cards: Vec<MemberCard> = both
        .map(|(keys, kind)| card(keys, kind, &mut entropy))
        .collect();
    let signed = |mut document: SignedDocument, entropy: &mut SeededEntropy| {
        for keys in &keys[..2] {
            document.sign(keys.node.member, &keys.identity, entropy)?;
        }
        Ok::<SignedDocument, TrustError>(document)
    };
    let first = propose_first(&cards, at(100), at(130)).unwrap();
    let root = signed(first.root.unwrap(), &mut entropy).unwrap();
    let list = signed(first.list, &mut entropy).unwrap();
    let bundles = cards.iter().map(|card| card.bundle.clone());
    let directory = Directory::build(&[root], &list, bundles).unwrap();
    let observer = keys[2].node.member;
    let why = ("its keys were stolen", None);
    let document = propose_suspension(&directory, observer, why, at(121)).unwrap();
    let document = signed(document, &mut entropy).unwrap();
    let federation = federation(&directory.suspend(&document).unwrap());
    assert!(!federation.lists(observer));
    assert!(federation.keeps(observer));
    assert!(federation.observes(observer));
}
