//! Who counts: the countries that stay, against a majority of all.

use super::*;

const CODES: [&str; 7] = ["AL", "BA", "HR", "ME", "MK", "RS", "XK"];

/// A federation of the first `n` countries.
struct Countries {
    keys: Vec<Keys>,
    directory: Directory,
    entropy: SeededEntropy,
}

impl Countries {
    fn new(n: usize) -> Self {
        let mut entropy = SeededEntropy::new(20);
        let keys: Vec<Keys> = CODES[..n]
            .iter()
            .map(|code| Keys::generate(NodeId::first(member(code)), at(100), &mut entropy))
            .collect();
        let cards: Vec<MemberCard> = keys
            .iter()
            .map(|keys| MemberCard::read(&card(keys, &mut entropy)).unwrap())
            .collect();
        let Proposal { root, mut list } = propose_first(&cards, at(100), at(130)).unwrap();
        let mut root = root.unwrap();
        for keys in &keys {
            for document in [&mut root, &mut list] {
                let member = keys.node.member;
                document.sign(member, &keys.identity, &mut entropy).unwrap();
            }
        }
        let directory = Directory::build(&[root], &list, []).unwrap();
        Self {
            keys,
            directory,
            entropy,
        }
    }

    /// A next list without these members, signed by those.
    fn without(&mut self, from: &Directory, out: &[usize], by: &[usize]) -> SignedDocument {
        let gone: Vec<_> = out.iter().map(|i| self.keys[*i].node.member).collect();
        let members = self.directory.members().iter();
        let members = members.filter(|m| !gone.contains(&m.member)).cloned();
        let proposal = propose_next(from, None, members.collect(), at(120), at(150)).unwrap();
        let mut list = proposal.list;
        for i in by {
            let keys = &self.keys[*i];
            list.sign(keys.node.member, &keys.identity, &mut self.entropy)
                .unwrap();
        }
        list
    }

    fn removes(&mut self, out: &[usize], by: &[usize]) -> Result<Directory, TrustError> {
        let from = self.directory.clone();
        let list = self.without(&from, out, by);
        self.directory.advance(&[], &list)
    }
}

fn short(signed: usize, needed: usize) -> TrustError {
    TrustError::TooFewSignatures { signed, needed }
}

#[test]
fn the_signature_of_a_member_that_goes_does_not_count_and_is_not_needed() {
    for (n, others) in [(3, 2), (4, 3), (5, 3), (6, 4), (7, 4)] {
        let mut world = Countries::new(n);
        let by: Vec<usize> = (1..=others).collect();
        let next = world.removes(&[0], &by).unwrap();
        assert_eq!(next.members().len(), n - 1, "of {n}");
        let with_its_own: Vec<usize> = (0..others).collect();
        assert_eq!(
            world.removes(&[0], &with_its_own).unwrap_err(),
            short(others - 1, others),
            "of {n}"
        );
    }
}

#[test]
fn in_a_federation_of_two_neither_throws_the_other_out() {
    let mut world = Countries::new(2);
    assert_eq!(world.removes(&[0], &[1]).unwrap_err(), short(1, 2));
    assert_eq!(world.removes(&[0], &[0, 1]).unwrap_err(), short(1, 2));
}

#[test]
fn a_minority_cannot_make_itself_the_majority_by_removing_the_others() {
    for n in 4..=7 {
        let mut world = Countries::new(n);
        let needed = list_threshold(n);
        let by: Vec<usize> = (0..needed - 1).collect();
        for last in needed..n {
            let out: Vec<usize> = (last..n).collect();
            let outcome = world.removes(&out, &by).unwrap_err();
            assert_eq!(outcome, short(needed - 1, needed), "{out:?} of {n}");
        }
    }
}

#[test]
fn what_was_removed_does_not_count_when_it_comes_back() {
    let mut world = Countries::new(4);
    let next = world.removes(&[0], &[1, 2, 3]).unwrap();
    let back = world.without(&next, &[], &[0, 1, 2]);
    assert_eq!(next.advance(&[], &back).unwrap_err(), short(2, 3));
    let back = world.without(&next, &[], &[1, 2, 3]);
    assert_eq!(next.advance(&[], &back).unwrap().members().len(), 4);
}

#[test]
fn a_country_that_leaves_the_root_does_not_count_for_it() {
    let mut world = Countries::new(4);
    let directory = world.directory.clone();
    let countries = directory.root().countries[1..].to_vec();
    let members = directory.members()[1..].to_vec();
    let Proposal { root, list } =
        propose_next(&directory, Some(countries), members, at(120), at(150)).unwrap();
    let mut signed = |document: &SignedDocument, by: &[usize]| {
        let mut document = document.clone();
        for i in by {
            let keys = &world.keys[*i];
            let entropy = &mut world.entropy;
            document
                .sign(keys.node.member, &keys.identity, entropy)
                .unwrap();
        }
        document
    };
    let root = root.unwrap();
    let list = signed(&list, &[1, 2]);
    for (by, outcome) in [
        (&[1, 2, 3][..], Ok(())),
        (&[0, 1, 2], Err(short(2, 3))),
        (&[0, 1, 2, 3], Ok(())),
    ] {
        let root = signed(&root, by);
        let advanced = directory.advance(&[root], &list).map(drop);
        assert_eq!(advanced, outcome, "{by:?}");
    }
}

#[test]
fn two_suspend_whom_they_like_and_the_majority_ends_it() {
    let mut world = Countries::new(5);
    let mut suspended = world.directory.clone();
    for out in [2, 3, 4] {
        let who = world.keys[out].node.member;
        let mut list = propose_suspension(&suspended, who, ("a plot", None), at(121)).unwrap();
        for i in [0, 1] {
            let keys = &world.keys[i];
            list.sign(keys.node.member, &keys.identity, &mut world.entropy)
                .unwrap();
        }
        suspended = suspended.suspend(&list).unwrap();
    }
    assert_eq!(suspended.members().len(), 2);
    let ends = world.without(&suspended, &[0, 1], &[2, 3, 4]);
    let next = suspended.advance(&[], &ends).unwrap();
    assert_eq!(next.members().len(), 3);
    let more = world.without(&suspended, &[2, 3, 4], &[0, 1]);
    assert_eq!(suspended.advance(&[], &more).unwrap_err(), short(2, 3));
}
