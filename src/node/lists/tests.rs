//! A node that was away while lists were made.

use super::*;
use crate::base::{NodeId, SeededEntropy, Timestamp};
use crate::node::{CeremonyError, ListProposal, ProposalFile};
use crate::seal::keystore::Keys;
use crate::seal::trust::{
    Country, KeyBundle, Member, MemberCard, MemberKind, Profile, Proposal, TrustError,
    propose_first, propose_next,
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * 24 * 3_600 * 1_000)
}

/// MK and TR, whose first list is of day 100, and AT, which comes in later.
struct Ceremony {
    entropy: SeededEntropy,
    keys: [Keys; 3],
    newcomer: Member,
    root: SignedDocument,
    first: Directory,
}

impl Ceremony {
    fn new() -> Self {
        let mut entropy = SeededEntropy::new(7);
        let keys = ["MK-1", "TR-1", "AT-1"]
            .map(|node| Keys::generate(node.parse().unwrap(), at(100), &mut entropy));
        let cards = keys.each_ref().map(|keys| {
            let profile = Profile {
                name: format!("Office of {}", keys.node.member),
                kind: MemberKind::Country,
                contact: String::new(),
                address: None,
            };
            let bundle = KeyBundle::first(keys, at(100), at(500));
            let bundle = bundle.sign(&keys.identity, &mut entropy).unwrap();
            let card = MemberCard::issue(keys, profile, bundle, &mut entropy).unwrap();
            MemberCard::read(&card).unwrap()
        });
        let Proposal { root, mut list } = propose_first(&cards[..2], at(100), at(130)).unwrap();
        let mut root = root.unwrap();
        for document in [&mut root, &mut list] {
            sign(document, &keys[..2], &mut entropy);
        }
        let first = Directory::build(std::slice::from_ref(&root), &list, []).unwrap();
        Self {
            entropy,
            keys,
            newcomer: cards[2].listed(),
            root,
            first,
        }
    }

    /// The list with AT, under a root with AT, that was made on this day.
    fn enrolled(&mut self, day: i64) -> Directory {
        let mut members = self.first.list().members.clone();
        members.insert(0, self.newcomer.clone());
        let countries = self.keys.iter().map(|keys| Country {
            member: keys.node.member,
            identity: keys.identity.verifying_key().clone(),
        });
        let countries = Some(countries.collect());
        let expires = at(day + 30);
        let next = propose_next(&self.first, countries, members, at(day), expires).unwrap();
        let (mut root, mut list) = (next.root.unwrap(), next.list);
        for document in [&mut root, &mut list] {
            sign(document, &self.keys[..2], &mut self.entropy);
        }
        self.first.advance(&[root], &list).unwrap()
    }

    /// The list that follows with the same members, and the proposal that it came in.
    fn renewed(&mut self, before: &Directory, lists: &[&Directory]) -> (Directory, ProposalFile) {
        let (members, issued) = (before.list().members.clone(), before.list().issued);
        let issued = issued.plus(std::time::Duration::from_secs(20 * 24 * 3_600));
        let expires = issued.plus(crate::seal::trust::LONGEST_LIFE);
        let mut list = propose_next(before, None, members, issued, expires)
            .unwrap()
            .list;
        sign(&mut list, &self.keys[1..], &mut self.entropy);
        let file = ProposalFile::List(ListProposal {
            roots: before.root_documents().to_vec(),
            lists: documents(lists),
            root: None,
            list: list.clone(),
            bundles: Vec::new(),
        });
        (before.advance(&[], &list).unwrap(), file)
    }
}

fn sign(document: &mut SignedDocument, by: &[Keys], entropy: &mut SeededEntropy) {
    for keys in by {
        let member = keys.node.member;
        document.sign(member, &keys.identity, entropy).unwrap();
    }
}

fn documents(lists: &[&Directory]) -> Vec<SignedDocument> {
    lists.iter().map(|of| of.list_document().clone()).collect()
}

#[test]
fn a_node_that_missed_a_list_takes_it_along_with_the_next_under_the_root_of_then() {
    let mut world = Ceremony::new();
    let (first, second) = (world.first.clone(), world.enrolled(120));
    let (third, file) = world.renewed(&second, &[&first, &second]);
    let reached = file.outcome(Some(&first)).unwrap();
    assert_eq!(reached.hash(), third.hash());
    assert_eq!(reached.root().version, 2);
    assert_eq!(file.outcome(Some(&third)).unwrap().hash(), third.hash());

    let (_, alone) = world.renewed(&second, &[]);
    let gap = TrustError::RootVersion {
        expected: 1,
        found: 2,
    };
    let refused = alone.outcome(Some(&first)).unwrap_err();
    assert!(matches!(refused, CeremonyError::Trust(error) if error == gap));
}

#[test]
fn nobody_came_in_by_a_missed_list_that_was_made_after_the_one_before_had_run_out() {
    let mut world = Ceremony::new();
    let (first, second) = (world.first.clone(), world.enrolled(131));
    let (_, file) = world.renewed(&second, &[&first, &second]);
    let newcomer: NodeId = "AT-1".parse().unwrap();
    let refused = file.outcome(Some(&first)).unwrap_err();
    assert!(matches!(refused, CeremonyError::Frozen(1, node) if node == newcomer));
}

#[test]
fn lists_are_kept_as_far_back_as_they_are_signed_and_each_names_the_one_before() {
    let mut world = Ceremony::new();
    let (first, second) = (world.first.clone(), world.enrolled(120));
    let (third, _) = world.renewed(&second, &[]);
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder(dir.path().to_owned());
    let all = documents(&[&first, &second, &third]);

    // A copy without its signatures is no list, and one of another history is not kept.
    let list = propose_next(
        &world.first,
        None,
        world.first.list().members.clone(),
        at(110),
        at(140),
    );
    let mut stranger = list.unwrap().list;
    let unsigned = stranger.clone();
    sign(&mut stranger, &world.keys[..2], &mut world.entropy);
    folder.keep_lists(&second, vec![unsigned, stranger, world.root.clone()]);
    assert_eq!(folder.lists_up_to(&second), &all[1..2]);
    let mut bare: serde_json::Value = serde_json::from_slice(&all[0].to_json()).unwrap();
    bare["signatures"] = serde_json::json!([]);
    let bare = SignedDocument::from_json(bare.to_string().as_bytes()).unwrap();
    folder.keep_lists(&second, vec![bare]);
    assert_eq!(folder.lists_up_to(&second), &all[1..2]);

    // Whoever installs the third has the one before it, and now the first.
    folder.keep_lists(&third, vec![all[0].clone()]);
    assert_eq!(folder.lists_up_to(&third), all);
    assert_eq!(folder.lists_up_to(&second), &all[..2]);
}
