//! How many signatures are waited for, by the same rules as a proposal is installed.

use super::*;
use crate::base::{SeededEntropy, Timestamp};
use crate::seal::keystore::Keys;
use crate::seal::trust::{
    Member, MemberCard, MemberKind, Profile, Proposal, propose_first, propose_next,
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(day * 24 * 3_600 * 1_000)
}

/// Countries, of which the first ones have held their ceremony on day 100.
struct Countries {
    entropy: SeededEntropy,
    keys: Vec<Keys>,
    listed: Vec<Member>,
    directory: Directory,
}

impl Countries {
    fn new(codes: &[&str], founders: usize) -> Self {
        let mut entropy = SeededEntropy::new(9);
        let mut keys = Vec::new();
        let mut cards = Vec::new();
        for code in codes {
            let node = format!("{code}-1").parse().unwrap();
            let own = Keys::generate(node, at(100), &mut entropy);
            let profile = Profile {
                name: format!("Office of {code}"),
                kind: MemberKind::Country,
                contact: String::new(),
                address: None,
            };
            let bundle = KeyBundle::first(&own, at(100), at(500));
            let bundle = bundle.sign(&own.identity, &mut entropy).unwrap();
            let card = MemberCard::issue(&own, profile, bundle, &mut entropy).unwrap();
            cards.push(MemberCard::read(&card).unwrap());
            keys.push(own);
        }
        let first = propose_first(&cards[..founders], at(100), at(130)).unwrap();
        let (mut root, mut list) = (first.root.unwrap(), first.list);
        for own in &keys[..founders] {
            for document in [&mut root, &mut list] {
                let member = own.node.member;
                document.sign(member, &own.identity, &mut entropy).unwrap();
            }
        }
        Self {
            directory: Directory::build(&[root], &list, []).unwrap(),
            listed: cards.iter().map(MemberCard::listed).collect(),
            keys,
            entropy,
        }
    }

    /// A list of these countries, with a root of them.
    fn proposes(&self, stay: impl Iterator<Item = usize> + Clone) -> ProposalFile {
        let members = stay.clone().map(|i| self.listed[i].clone()).collect();
        let countries = stay.map(|i| Country {
            member: self.keys[i].node.member,
            identity: self.keys[i].identity.verifying_key().clone(),
        });
        let countries = Some(countries.collect());
        let next = propose_next(&self.directory, countries, members, at(120), at(150));
        let Proposal { root, list } = next.unwrap();
        ProposalFile::List(ListProposal {
            roots: self.directory.root_documents().to_vec(),
            lists: Vec::new(),
            root,
            list,
            bundles: Vec::new(),
        })
    }

    fn signs(&mut self, file: &mut ProposalFile, by: impl Iterator<Item = usize>) {
        for i in by {
            let own = &self.keys[i];
            for document in file.documents_mut() {
                let member = own.node.member;
                document
                    .sign(member, &own.identity, &mut self.entropy)
                    .unwrap();
            }
        }
    }

    /// How many have signed, of how many, and whether that is all.
    fn standing(&self, file: &ProposalFile) -> (usize, usize, bool) {
        let state = file.state(Some(&self.directory)).unwrap();
        let complete = state.directory.is_some();
        (state.signed_by.len(), state.needed, complete)
    }
}

#[test]
fn the_root_in_force_has_to_agree_to_a_smaller_one_by_two_thirds_of_its_own() {
    let codes = ["AL", "AT", "BA", "BG", "HR", "ME", "MK", "RS", "XK"];
    let mut world = Countries::new(&codes, codes.len());
    let mut file = world.proposes(2..9);
    assert_eq!(world.standing(&file), (0, 6, false));
    world.signs(&mut file, 2..7);
    assert_eq!(world.standing(&file), (5, 6, false));
    world.signs(&mut file, 7..8);
    assert_eq!(world.standing(&file), (6, 6, true));
    world.signs(&mut file, 8..9);
    assert_eq!(world.standing(&file), (7, 6, true));
}

#[test]
fn a_newcomers_signature_leaves_as_many_of_the_old_to_be_waited_for() {
    let mut world = Countries::new(&["AL", "AT", "BA", "BG", "HR", "ME"], 3);
    let mut file = world.proposes(1..6);
    assert_eq!(world.standing(&file), (0, 4, false));
    world.signs(&mut file, 2..6);
    assert_eq!(world.standing(&file), (4, 5, false));
    world.signs(&mut file, 1..2);
    assert_eq!(world.standing(&file), (5, 4, true));
}

#[test]
fn a_node_that_has_the_new_root_already_says_what_made_it_complete() {
    let codes = ["AL", "AT", "BA", "BG", "HR", "ME", "MK", "RS", "XK"];
    let mut world = Countries::new(&codes, codes.len());
    let mut file = world.proposes(2..9);
    world.signs(&mut file, 2..8);
    world.directory = file.outcome(Some(&world.directory)).unwrap();
    assert_eq!(world.standing(&file), (6, 6, true));
}
