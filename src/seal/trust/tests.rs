mod counting;
mod negatives;
mod run_out;
mod suspension;

use std::time::Duration;

use super::*;
use crate::base::{Digest, SeededEntropy, Timestamp};
use crate::seal::keystore::{Keys, Rotation};
use crate::seal::sign::SigningKey;

const DAY: i64 = 24 * 3600 * 1000;

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY)
}

fn node(text: &str) -> NodeId {
    text.parse().unwrap()
}

fn member(text: &str) -> MemberId {
    text.parse().unwrap()
}

/// Three countries and an organisation, which have held their first ceremony on day 100.
struct World {
    entropy: SeededEntropy,
    keys: Vec<Keys>,
    cards: Vec<MemberCard>,
    root: SignedDocument,
    list: SignedDocument,
}

impl World {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(1);
        let keys: Vec<Keys> = ["MK-1", "RS-1", "AL-1", "ICMPD-1"]
            .map(|id| Keys::generate(node(id), at(100), &mut entropy))
            .into();
        let cards: Vec<MemberCard> = keys
            .iter()
            .map(|keys| MemberCard::read(&card(keys, &mut entropy)).unwrap())
            .collect();
        let Proposal { root, list } = propose_first(&cards, at(100), at(130)).unwrap();
        let mut world = Self {
            entropy,
            keys,
            cards,
            root: root.unwrap(),
            list,
        };
        world.root = world.signed(world.root.clone(), &[0, 1, 2]);
        world.list = world.signed(world.list.clone(), &[0, 1]);
        world
    }

    /// The document with the signatures of these keys more.
    fn signed(&mut self, mut document: SignedDocument, by: &[usize]) -> SignedDocument {
        for i in by {
            let keys = &self.keys[*i];
            document
                .sign(keys.node.member, &keys.identity, &mut self.entropy)
                .unwrap();
        }
        document
    }

    fn directory(&self) -> Directory {
        let bundles = self.cards.iter().map(|card| card.bundle.clone());
        Directory::build(std::slice::from_ref(&self.root), &self.list, bundles).unwrap()
    }

    /// The next list with the same members, signed by these keys.
    fn next_list(&mut self, directory: &Directory, by: &[usize]) -> SignedDocument {
        let members = directory.members().to_vec();
        let proposal = propose_next(directory, None, members, at(120), at(150)).unwrap();
        assert_eq!(proposal.root, None);
        self.signed(proposal.list, by)
    }

    /// The next bundle of one node, after `change`.
    fn next_bundle(&mut self, i: usize, change: impl FnOnce(&mut KeyBundle)) -> SignedDocument {
        let keys = &self.keys[i];
        let current = KeyBundle::peek(&self.cards[i].bundle).unwrap();
        let mut next = current.next(keys, 9, (at(110), at(150)), &mut self.entropy);
        change(&mut next);
        next.sign(&keys.identity, &mut self.entropy).unwrap()
    }
}

fn profile(node: NodeId) -> Profile {
    let kind = match node.member.as_str() {
        "ICMPD" => MemberKind::Organisation,
        _ => MemberKind::Country,
    };
    Profile {
        name: format!("Office of {}", node.member),
        kind,
        contact: "+389 2 000 000".to_owned(),
        address: Some("node.example:4433".to_owned()),
    }
}

fn card(keys: &Keys, entropy: &mut SeededEntropy) -> SignedDocument {
    let bundle = KeyBundle::first(keys, at(100), at(130))
        .sign(&keys.identity, entropy)
        .unwrap();
    MemberCard::issue(keys, profile(keys.node), bundle, entropy).unwrap()
}

#[test]
fn a_ceremony_leads_to_a_directory_that_answers() {
    let world = World::new();
    let directory = world.directory();
    assert_eq!(directory.version(), 1);
    assert_eq!(directory.hash(), world.list.digest());
    assert_eq!(directory.root_fingerprint(), world.root.digest());
    assert_eq!(directory.members().len(), 4);
    assert_eq!(directory.nodes().count(), 4);
    assert!(!directory.expired(at(130)));
    assert!(directory.expired(at(131)));
    for keys in &world.keys {
        let id = keys.node;
        let identity = keys.identity.verifying_key();
        assert_eq!(directory.identity(id), Some(identity));
        assert!(directory.identity_by_id(id, identity.key_id()).is_some());
        assert!(directory.identity_by_id(id, Digest::EMPTY).is_none());
        assert_eq!(directory.address(id), Some("node.example:4433"));
        assert_eq!(
            directory.recipient_key(id, at(105)),
            Some(keys.recipient[0].key.public())
        );
        assert!(directory.is_pinned(id, &keys.tls.pin()));
        assert_eq!(directory.node_by_pin(&keys.tls.pin()), Some(id));
        assert_eq!(directory.tls_pins(id), [keys.tls.pin()]);
        let origin = log_origin(id, 1);
        let log = directory.log_keys(&origin).unwrap();
        assert_eq!(log.last(), keys.log.verifying_key());
        assert_eq!(directory.current_log(id).unwrap().origin, origin);
    }
    assert_eq!(log_origin(node("MK-1"), 1), "mk-1.liaison/1");
    assert!(!directory.is_pinned(node("MK-1"), &world.keys[1].tls.pin()));
    assert!(directory.identity(node("MK-2")).is_none());
    assert!(directory.member(member("XX")).is_none());
}

#[test]
fn a_receiving_key_that_has_run_out_is_not_sealed_to() {
    let mut world = World::new();
    let directory = world.directory();
    let list = world.next_list(&directory, &[0, 1]);
    let directory = directory.advance(&[], &list).unwrap();
    let mk = node("MK-1");
    assert!(directory.recipient_key(mk, at(129)).is_some());
    assert_eq!(directory.recipient_key(mk, at(131)), None);
}

#[test]
fn thresholds_count_countries() {
    let roots: Vec<usize> = (2..=9).map(root_threshold).collect();
    assert_eq!(roots, [2, 2, 3, 4, 4, 5, 6, 6]);
    let lists: Vec<usize> = (2..=9).map(list_threshold).collect();
    assert_eq!(lists, [2, 2, 3, 3, 4, 4, 5, 5]);
}

#[test]
fn the_next_list_follows_and_its_members_keep_their_bundles() {
    let mut world = World::new();
    let directory = world.directory();
    let mut members = directory.members().to_vec();
    members.retain(|member| member.member.as_str() != "ICMPD");
    let proposal = propose_next(&directory, None, members, at(120), at(150)).unwrap();
    let list = world.signed(proposal.list, &[1, 2]);
    let next = directory.advance(&[], &list).unwrap();
    assert_eq!(next.version(), 2);
    assert!(next.bundle(node("MK-1")).is_some());
    assert!(next.bundle(node("ICMPD-1")).is_none());
    assert_eq!(next.node_by_pin(&world.keys[3].tls.pin()), None);
    assert_eq!(next.log_keys("icmpd-1.liaison/1"), None);
    assert_eq!(directory.version(), 1);
}

#[test]
fn a_country_that_changes_its_key_signs_the_next_root_with_both_or_leaves_it_to_the_others() {
    let mut world = World::new();
    let directory = world.directory();
    let new = SigningKey::generate(&mut world.entropy);
    let mut countries = directory.root().countries.clone();
    countries[0].identity = new.verifying_key().clone();
    let mut members = directory.members().to_vec();
    let al = members
        .iter_mut()
        .find(|listed| listed.member == countries[0].member)
        .unwrap();
    al.nodes[0].identity = new.verifying_key().clone();
    let changed = countries[0].member;
    let Proposal { root, list } =
        propose_next(&directory, Some(countries), members, at(120), at(150)).unwrap();
    let root = world.signed(root.unwrap(), &[0, 1]);
    let list = world.signed(list, &[0, 1]);
    let next = directory
        .advance(std::slice::from_ref(&root), &list)
        .unwrap();
    assert_eq!(next.root().version, 2);
    assert_eq!(next.root_fingerprint(), directory.root_fingerprint());
    assert_ne!(next.root_digest(), directory.root_digest());
    assert!(next.bundle(NodeId::first(changed)).is_none(), "another key");

    let mut both = root;
    let old = world
        .keys
        .iter()
        .find(|k| k.node.member == changed)
        .unwrap();
    let entropy = &mut world.entropy;
    both.sign(changed, &old.identity, entropy).unwrap();
    both.sign(changed, &new, entropy).unwrap();
    assert!(directory.advance(&[both], &list).is_ok());
}

#[test]
fn a_newer_bundle_takes_over_and_the_same_one_changes_nothing() {
    let mut world = World::new();
    let directory = world.directory();
    let mk = node("MK-1");
    let later = crate::seal::keystore::ReceivingKey::generate(at(110), &mut world.entropy);
    world.keys[0].recipient.push(later.clone());
    world.keys[0].tls = crate::seal::keystore::TlsKey::generate(at(110), &mut world.entropy);
    let old_pin = directory.tls_pins(mk)[0];
    let bundle = world.next_bundle(0, |_| {});
    let next = directory.with_bundle(bundle.clone()).unwrap();
    assert_eq!(next.recipient_key(mk, at(111)), Some(later.key.public()));
    assert_eq!(next.node_by_pin(&world.keys[0].tls.pin()), Some(mk));
    assert_eq!(next.node_by_pin(&old_pin), None);
    let again = next.with_bundle(bundle).unwrap();
    assert_eq!(again.bundle(mk), next.bundle(mk));
}

#[test]
fn a_new_incarnation_of_a_log_stands_beside_the_old_one() {
    let mut world = World::new();
    let directory = world.directory();
    world.keys[0].log = SigningKey::generate(&mut world.entropy);
    let bundle = world.next_bundle(0, |bundle| {
        let origin = log_origin(bundle.node, 2);
        let log = bundle.log.last_mut().unwrap();
        (log.origin, log.after) = (origin, 0);
    });
    let next = directory.with_bundle(bundle).unwrap();
    let log = next.log_keys("mk-1.liaison/2").unwrap();
    assert_eq!(log.last(), world.keys[0].log.verifying_key());
    assert!(next.log_keys("mk-1.liaison/1").is_some());
    assert_eq!(
        next.current_log(node("MK-1")).unwrap().origin,
        "mk-1.liaison/2"
    );
}

#[test]
fn two_restores_from_one_backup_are_two_incarnations_whose_bundles_follow_each_other() {
    let mut world = World::new();
    let directory = world.directory();
    let mk = directory.bundle(node("MK-1")).unwrap().clone();
    let mut restored = |seconds: i64| {
        let now = Timestamp::from_millis(seconds * 1_000);
        let keys = world.keys[0].rotated(
            Rotation {
                log: true,
                ..Rotation::default()
            },
            now,
            &mut world.entropy,
        );
        let times = (now, now.plus(Duration::from_secs(3_600)));
        let bundle = mk.restored(&keys, (7, now), times, &mut world.entropy);
        (keys, times, bundle)
    };
    let (_, _, once) = restored(1_795_912_318);
    let (keys, times, again) = restored(1_795_912_319);
    assert!(again.incarnation() > once.incarnation());
    // What was signed in the life between is passed, too.
    assert!(again.sequence > once.sequence + 1_000_000);
    assert!(again.sequence < 1 << 53);
    let next = again.regained(&once, &keys, times, &mut world.entropy);
    let next = next.expect("it lost a key");
    let origins: Vec<_> = next.log.iter().map(|log| log.origin.as_str()).collect();
    assert_eq!(
        origins,
        [
            "mk-1.liaison/1",
            "mk-1.liaison/1795912318",
            "mk-1.liaison/1795912319"
        ]
    );
}

#[test]
fn a_log_goes_on_under_its_origin_with_another_key() {
    let mut world = World::new();
    let directory = world.directory();
    let old = world.keys[0].log.verifying_key().clone();
    let what = Rotation {
        log: true,
        ..Rotation::default()
    };
    world.keys[0] = world.keys[0].rotated(what, at(110), &mut world.entropy);
    let bundle = world.next_bundle(0, |_| {});
    let next = directory.with_bundle(bundle).unwrap();
    let keys = next.log_keys("mk-1.liaison/1").unwrap();
    assert_eq!((keys.at(9), keys.count()), (&old, 2));
    assert_eq!(keys.at(10), world.keys[0].log.verifying_key());
    assert_eq!(
        next.current_log(node("MK-1")).unwrap().origin,
        "mk-1.liaison/1"
    );
}

#[test]
fn a_bundle_says_whether_it_is_of_the_keys_that_are_held() {
    let mut world = World::new();
    let first = KeyBundle::peek(&world.cards[0].bundle).unwrap();
    assert!(first.is_of(&world.keys[0], at(101)));
    assert!(!first.is_of(&world.keys[1], at(101)));
    for what in [
        Rotation {
            tls: true,
            ..Rotation::default()
        },
        Rotation {
            recipient: true,
            ..Rotation::default()
        },
        Rotation {
            log: true,
            ..Rotation::default()
        },
    ] {
        let rotated = world.keys[0].rotated(what, at(110), &mut world.entropy);
        assert!(!first.is_of(&rotated, at(110)), "{what:?}");
        let times = (at(110), at(150));
        let next = first.next(&rotated, 9, times, &mut world.entropy);
        assert!(next.is_of(&rotated, at(110)), "{what:?}");
        assert!(!next.is_of(&world.keys[0], at(110)), "{what:?}");
    }
    // A receiving key that runs out is no reason for another bundle.
    let rotated = world.keys[0].rotated(Rotation::ALL, at(125), &mut world.entropy);
    let times = (at(125), at(150));
    let next = first.next(&rotated, 9, times, &mut world.entropy);
    assert!(next.is_of(&rotated, at(140)));
}

#[test]
fn signatures_are_gathered_on_copies_and_put_together() {
    let mut world = World::new();
    let directory = world.directory();
    let unsigned = world.next_list(&directory, &[]);
    let mut one = world.signed(unsigned.clone(), &[0]);
    let two = world.signed(unsigned, &[1]);
    assert_eq!(
        directory.advance(&[], &one).unwrap_err(),
        TrustError::TooFewSignatures {
            signed: 1,
            needed: 2
        }
    );
    one.merge(&two).unwrap();
    one.merge(&two).unwrap();
    assert_eq!(one.signatures().len(), 2);
    assert!(directory.advance(&[], &one).is_ok());
    assert_eq!(one.merge(&world.root), Err(TrustError::Different));
}

#[test]
fn a_member_with_two_nodes_brings_two_cards() {
    let mut world = World::new();
    let second = Keys::generate(node("MK-2"), at(100), &mut world.entropy);
    let second = MemberCard::read(&card(&second, &mut world.entropy)).unwrap();
    world.cards.push(second.clone());
    let proposal = propose_first(&world.cards, at(100), at(130)).unwrap();
    let root = world.signed(proposal.root.unwrap(), &[0, 1, 2]);
    let list = world.signed(proposal.list, &[0, 1]);
    let bundles = world.cards.iter().map(|card| card.bundle.clone());
    let directory = Directory::build(&[root], &list, bundles).unwrap();
    let nodes: Vec<_> = directory.member(member("MK")).unwrap().node_ids().collect();
    assert_eq!(nodes, [node("MK-1"), node("MK-2")]);
    assert_eq!(directory.identity(node("MK-2")), Some(&second.identity));

    let last = world.cards.len() - 1;
    world.cards[last].profile.contact = "elsewhere".to_owned();
    assert_eq!(
        propose_first(&world.cards, at(100), at(130)),
        Err(TrustError::Rule(DocumentKind::Card, Rule::Contradiction))
    );
}

#[test]
fn a_directory_survives_its_files() {
    let mut world = World::new();
    let directory = world.directory();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("trust");
    directory.save(&dir).unwrap();
    let read = Directory::load(&dir).unwrap();
    assert_eq!(read.hash(), directory.hash());
    assert_eq!(read.root_fingerprint(), directory.root_fingerprint());
    for id in directory.nodes() {
        assert_eq!(read.bundle(id), directory.bundle(id));
        assert!(dir.join(format!("bundles/{id}.json")).exists());
    }

    let mut members = directory.members().to_vec();
    members.retain(|listed| listed.member.as_str() != "ICMPD");
    let proposal = propose_next(&directory, None, members, at(120), at(150)).unwrap();
    let list = world.signed(proposal.list, &[0, 1]);
    let next = directory.advance(&[], &list).unwrap();
    next.save(&dir).unwrap();
    assert!(!dir.join("bundles/ICMPD-1.json").exists());
    assert!(!dir.join("list.json.next").exists());
    assert_eq!(Directory::load(&dir).unwrap().hash(), next.hash());
}

#[test]
fn a_change_that_a_power_cut_interrupted_is_finished_or_has_not_begun() {
    let mut world = World::new();
    let directory = world.directory();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    directory.save(dir).unwrap();
    let countries = directory.root().countries.clone();
    let members = directory.members().to_vec();
    let Proposal { root, list } =
        propose_next(&directory, Some(countries), members, at(120), at(150)).unwrap();
    let root = world.signed(root.unwrap(), &[0, 1]);
    let list = world.signed(list, &[0, 1]);

    std::fs::write(dir.join("list.json.next"), list.to_json()).unwrap();
    let read = Directory::load(dir).unwrap();
    assert_eq!(read.version(), 1, "the root was not written");

    let roots = serde_json::to_vec(&[&world.root, &root]).unwrap();
    std::fs::write(dir.join("root.json"), roots).unwrap();
    let read = Directory::load(dir).unwrap();
    assert_eq!((read.version(), read.root().version), (2, 2));
    assert!(read.bundle(node("MK-1")).is_some());
    assert!(
        dir.join("list.json.next").exists(),
        "loading writes nothing"
    );
    read.save(dir).unwrap();
    assert!(!dir.join("list.json.next").exists());
    assert_eq!(Directory::load(dir).unwrap().version(), 2);
}

#[test]
fn damaged_files_are_named() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    world.directory().save(dir).unwrap();
    for file in ["root.json", "list.json", "bundles/RS-1.json"] {
        let path = dir.join(file);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, &good[..good.len() - 1]).unwrap();
        let error = Directory::load(dir).unwrap_err().to_string();
        assert_eq!(error, format!("{file} is malformed"));
        std::fs::write(&path, good).unwrap();
    }
    std::fs::copy(dir.join("bundles/RS-1.json"), dir.join("bundles/MK-1.json")).unwrap();
    assert!(Directory::load(dir).is_err(), "another node's bundle");
    std::fs::remove_file(dir.join("bundles/MK-1.json")).unwrap();
    assert!(Directory::load(dir).unwrap().bundle(node("MK-1")).is_none());
    std::fs::remove_file(dir.join("list.json")).unwrap();
    assert!(Directory::load(dir).is_err());
}

#[test]
fn a_bundle_says_where_its_node_moved_and_who_is_on_duty_and_so_do_those_after_it() {
    let mut world = World::new();
    let (mk, id) = (node("MK-1"), member("MK"));
    let before = world.directory();
    assert_eq!(before.address(mk), Some("node.example:4433"));
    assert_eq!(before.duty(id), None);
    let text = include_str!("../../../deploy/examples/duty.toml");
    let file: std::collections::BTreeMap<String, crate::domain::duty::Roster> =
        toml::from_str(text).unwrap();
    let said = world.next_bundle(0, |bundle| {
        bundle.address = Some("new.example:4433".to_owned());
        bundle.duty = file["duty"].clone();
    });
    let after = before.with_bundle(said.clone()).unwrap();
    assert_eq!(after.address(mk), Some("new.example:4433"));
    assert_eq!(after.duty(id), Some((&file["duty"], at(110))));
    world.cards[0].bundle = said;
    let rotated = world.next_bundle(0, |_| {});
    let rotated = after.with_bundle(rotated).unwrap();
    assert_eq!(rotated.address(mk), Some("new.example:4433"));
    assert_eq!(rotated.duty(id), Some((&file["duty"], at(110))));
}
