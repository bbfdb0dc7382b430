use std::time::Duration;

use super::*;
use crate::audit::{EntryKind, entry_extensions};
use crate::base::Role;
use crate::seal::person::TokenKey;

const ANA: PersonId = PersonId::NODE;

fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

fn token(number: u8) -> TokenKey {
    TokenKey::of(&format!("liaison_{number}"))
}

/// A log that is written entry by entry.
struct Story {
    entries: Vec<Entry>,
    now: Timestamp,
}

impl Story {
    /// Persons 1 to 4 with keys of their own, 5 with the key of 1, and a policy that wants requests
    /// released and allows an emergency after 15 minutes.
    fn new() -> Self {
        let mut story = Self {
            entries: Vec::new(),
            now: Timestamp::from_millis(1_790_000_000_000),
        };
        for (number, key) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 1)] {
            story.knows(number, Some(key));
        }
        let policy = ReleasePolicy::from_bits(1, 900).unwrap();
        story.add(
            EventCode::ConfigurationChanged,
            ANA,
            &[Shown::Policy(policy)],
        );
        story
    }

    fn add(&mut self, event: EventCode, by: PersonId, shown: &[Shown]) -> u64 {
        self.entries.push(Entry {
            time: self.now,
            kind: EntryKind::Operation,
            event,
            role: Role::Node,
            actor: by.to_bytes(),
            exchange: [0; 16],
            peer: None,
            commitment: Digest::EMPTY,
            sealed_digest: Digest::EMPTY,
            extensions: entry_extensions(shown),
        });
        self.entries.len() as u64 - 1
    }

    fn knows(&mut self, number: u8, key: Option<u8>) -> u64 {
        let keys = key.iter().map(|key| token(*key).public()).collect();
        let person = person(number);
        self.add(EventCode::UserAdded, ANA, &[Shown::Person { person, keys }])
    }

    fn letter(&mut self, by: u8) -> u64 {
        let digest = Digest::of(&[by]);
        self.add(
            EventCode::ReleaseRequested,
            person(by),
            &[Shown::Letter(digest)],
        )
    }

    /// Person `by` decides about a letter of person 1, with the key of `key` at its entry.
    fn decides(&mut self, kind: DecisionKind, letter: u64, by: u8, key: u8) -> u64 {
        let event = DECISIONS.iter().find(|(_, decided)| *decided == kind);
        let decision = decision(kind, letter, by, key);
        self.add(event.unwrap().0, person(by), &[Shown::Decision(decision)])
    }

    fn sends(&mut self, of: Option<u64>) -> u64 {
        let shown: Vec<Shown> = of.into_iter().map(Shown::Of).collect();
        self.add(EventCode::RequestSent, person(1), &shown)
    }

    /// What the check finds.
    fn found(&self) -> Result<FourEyes, (usize, FourEyesFault)> {
        let mut eyes = FourEyes::new("MK-1".parse().unwrap());
        for (index, entry) in self.entries.iter().enumerate() {
            eyes.see(index as u64, entry)
                .map_err(|fault| (index, fault))?;
        }
        Ok(eyes)
    }

    #[track_caller]
    fn breaks(&self, fault: FourEyesFault) {
        let last = self.entries.len() - 1;
        assert_eq!(self.found().map(|_| ()), Err((last, fault)));
    }
}

fn decision(kind: DecisionKind, letter: u64, by: u8, key: u8) -> Decision {
    let text = DecisionText {
        kind,
        node: "MK-1".parse().unwrap(),
        letter: Digest::of(&[1]),
        drafter: person(1),
        by: person(by),
        reason: Digest::EMPTY,
    };
    Decision {
        kind,
        letter,
        key: u64::from(by) - 1,
        reason: Digest::EMPTY,
        signature: token(key).sign(&text),
    }
}

use DecisionKind::{Clear, Emergency, Release, Review};

#[test]
fn what_a_second_person_released_may_leave() {
    let mut story = Story::new();
    let letter = story.letter(1);
    story.decides(Release, letter, 2, 2);
    story.sends(Some(letter));
    let eyes = story.found().expect("it holds");
    assert_eq!((eyes.decisions(), eyes.unreviewed()), (1, vec![]));
}

#[test]
fn nobody_releases_or_clears_their_own() {
    for kind in [Release, Clear, Review] {
        let mut story = Story::new();
        let letter = story.letter(1);
        story.decides(kind, letter, 1, 1);
        story.breaks(FourEyesFault::OwnLetter);
    }
}

#[test]
fn two_accounts_with_one_key_are_one_person() {
    let mut story = Story::new();
    let letter = story.letter(1);
    story.decides(Release, letter, 5, 1);
    story.breaks(FourEyesFault::OneKey);
}

#[test]
fn a_decision_without_its_signature_or_with_anothers_is_none() {
    let mut story = Story::new();
    let letter = story.letter(1);
    story.add(EventCode::Released, person(2), &[]);
    story.breaks(FourEyesFault::Unsigned);
    let mut story = Story::new();
    assert_eq!(story.letter(1), letter);
    story.decides(Release, letter, 2, 3);
    story.breaks(FourEyesFault::Signature);
    let mut story = Story::new();
    story.letter(1);
    let decision = decision(Release, letter, 2, 2);
    let shown = Shown::Decision(decision.clone());
    story.add(EventCode::Released, person(3), &[shown]);
    story.breaks(FourEyesFault::OtherKey);
    let mut story = Story::new();
    story.letter(1);
    story.add(EventCode::Cleared, person(2), &[Shown::Decision(decision)]);
    story.breaks(FourEyesFault::Malformed);
}

#[test]
fn a_signature_for_one_letter_releases_no_other() {
    let mut story = Story::new();
    story.letter(1);
    let other = story.add(
        EventCode::ReleaseRequested,
        person(1),
        &[Shown::Letter(Digest::of(b"another"))],
    );
    story.decides(Release, other, 2, 2);
    story.breaks(FourEyesFault::Signature);
    let mut story = Story::new();
    story.decides(Release, 3, 2, 2);
    story.breaks(FourEyesFault::NoLetter);
}

#[test]
fn a_key_that_was_replaced_or_taken_away_decides_nothing() {
    for key in [Some(9), None] {
        let mut story = Story::new();
        let letter = story.letter(1);
        story.knows(2, key);
        story.decides(Release, letter, 2, 2);
        story.breaks(FourEyesFault::OtherKey);
    }
}

#[test]
fn what_the_policy_holds_back_leaves_only_released() {
    let mut story = Story::new();
    story.sends(None);
    story.breaks(FourEyesFault::Unreleased);
    let mut story = Story::new();
    let letter = story.letter(1);
    story.sends(Some(letter));
    story.breaks(FourEyesFault::Unreleased);
    let mut story = Story::new();
    let letter = story.letter(1);
    story.decides(Clear, letter, 2, 2);
    story.sends(Some(letter));
    story.breaks(FourEyesFault::Unreleased);
    let mut story = Story::new();
    let none = Shown::Policy(ReleasePolicy::default());
    story.add(EventCode::ConfigurationChanged, ANA, &[none]);
    story.sends(None);
    assert!(story.found().is_ok());
}

#[test]
fn an_emergency_is_possible_after_the_time_that_the_policy_sets_and_is_reviewed_by_another() {
    let wait = |seconds| {
        let mut story = Story::new();
        let letter = story.letter(1);
        story.now = story.now.plus(Duration::from_secs(seconds));
        story.decides(Emergency, letter, 1, 1);
        (story, letter)
    };
    wait(899).0.breaks(FourEyesFault::NoEmergency);
    let (mut story, letter) = wait(900);
    story.sends(Some(letter));
    assert_eq!(story.found().unwrap().unreviewed(), [letter]);
    story.decides(Review, letter, 2, 2);
    assert!(story.found().unwrap().unreviewed().is_empty());
    story.decides(Review, letter, 3, 3);
    story.breaks(FourEyesFault::NoReview);
    let mut story = Story::new();
    let letter = story.letter(1);
    let never = ReleasePolicy::from_bits(1, 0).unwrap();
    story.add(
        EventCode::ConfigurationChanged,
        ANA,
        &[Shown::Policy(never)],
    );
    story.now = story.now.plus(Duration::from_secs(100_000));
    story.decides(Emergency, letter, 1, 1);
    story.breaks(FourEyesFault::NoEmergency);
}

#[test]
fn what_was_released_in_an_emergency_and_never_left_awaits_no_review() {
    let mut story = Story::new();
    let letter = story.letter(1);
    story.now = story.now.plus(Duration::from_secs(900));
    story.decides(Emergency, letter, 1, 1);
    assert!(story.found().unwrap().unreviewed().is_empty());
    story.sends(Some(letter));
    assert_eq!(story.found().unwrap().unreviewed(), [letter]);
}

#[test]
fn who_released_in_an_emergency_does_not_review_it() {
    let mut story = Story::new();
    let letter = story.letter(1);
    story.now = story.now.plus(Duration::from_secs(900));
    story.decides(Emergency, letter, 2, 2);
    story.decides(Review, letter, 2, 2);
    story.breaks(FourEyesFault::NoReview);
}
