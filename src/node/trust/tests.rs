//! What decisions know of a directory.

use super::{become_observers, federation};
use crate::base::{SeededEntropy, Timestamp};
use crate::seal::keystore::Keys;
use crate::seal::trust::{
    Directory, KeyBundle, MemberCard, MemberKind, Profile, SignedDocument, propose_first,
    propose_suspension,
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

fn keys_with(third: &str, entropy: &mut SeededEntropy) -> [Keys; 3] {
    ["MK-1", "RS-1", third].map(|id| Keys::generate(id.parse().unwrap(), at(100), entropy))
}

/// The document under the signatures of these countries.
fn signed(
    mut document: SignedDocument,
    countries: &[Keys],
    entropy: &mut SeededEntropy,
) -> SignedDocument {
    for keys in countries {
        document
            .sign(keys.node.member, &keys.identity, entropy)
            .unwrap();
    }
    document
}

/// The first directory of the three, of which the last is of that kind.
fn directory(keys: &[Keys; 3], last: MemberKind, entropy: &mut SeededEntropy) -> Directory {
    let kinds = [MemberKind::Country, MemberKind::Country, last];
    let both = keys.iter().zip(kinds);
    let cards: Vec<MemberCard> = both.map(|(keys, kind)| card(keys, kind, entropy)).collect();
    let first = propose_first(&cards, at(100), at(130)).unwrap();
    let countries = match last {
        MemberKind::Country => &keys[..],
        MemberKind::Organisation => &keys[..2],
    };
    let root = signed(first.root.unwrap(), countries, entropy);
    let list = signed(first.list, countries, entropy);
    let bundles = cards.iter().map(|card| card.bundle.clone());
    Directory::build(&[root], &list, bundles).unwrap()
}

#[test]
fn a_suspended_observer_is_still_known_as_one() {
    let mut entropy = SeededEntropy::new(1);
    let keys = keys_with("ICMPD-1", &mut entropy);
    let directory = directory(&keys, MemberKind::Organisation, &mut entropy);
    let observer = keys[2].node.member;
    let why = ("its keys were stolen", None);
    let document = propose_suspension(&directory, observer, why, at(121)).unwrap();
    let document = signed(document, &keys[..2], &mut entropy);
    let federation = federation(&directory.suspend(&document).unwrap());
    assert!(!federation.lists(observer));
    assert!(federation.keeps(observer));
    assert!(federation.observes(observer));
}

#[test]
fn whoever_becomes_an_observer_is_found_once() {
    let mut entropy = SeededEntropy::new(1);
    let keys = keys_with("AL-1", &mut entropy);
    let country = directory(&keys, MemberKind::Country, &mut entropy);
    let observer = directory(&keys, MemberKind::Organisation, &mut entropy);
    let found = |before, next| become_observers(Some(before), next);
    assert_eq!(found(&country, &observer), [keys[2].node]);
    assert_eq!(found(&observer, &observer), []);
    assert_eq!(found(&observer, &country), []);
}
