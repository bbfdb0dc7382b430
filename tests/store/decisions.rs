//! No log takes a decision that is its author's own, or that is not signed by a key on record.

use liaison::audit::{Decision, EntryKind, EventCode, Origin, Shown, Statement};
use liaison::base::{Digest, NodeId, PersonId, Role, SeededEntropy, Timestamp};
use liaison::seal::at_rest::EpochSecret;
use liaison::seal::person::{DecisionKind, DecisionText, TokenKey};
use liaison::seal::sign::SigningKey;
use liaison::store::{AppendError, FileLog, Log, MemoryLog, NewEntry};

fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

fn node() -> NodeId {
    "MK-1".parse().expect("a node")
}

fn token(number: u8) -> TokenKey {
    TokenKey::of(&format!("liaison_{number}"))
}

fn entry(event: EventCode, by: PersonId, shown: Vec<Shown>) -> NewEntry {
    NewEntry {
        time: Timestamp::from_millis(1_774_188_120_000),
        kind: EntryKind::Operation,
        event,
        role: Role::Releaser,
        actor: by.to_bytes(),
        exchange: [0; 16],
        peer: None,
        shown,
        statement: Statement::Note {
            digest: Digest::EMPTY,
        },
        content: Vec::new(),
    }
}

/// Entries 0 and 1 are the keys of persons 1 and 2, entry 2 is a letter of person 1.
fn begun() -> Vec<NewEntry> {
    let known = |number| {
        let shown = Shown::Person {
            person: person(number),
            keys: vec![token(number).public()],
        };
        entry(EventCode::UserAdded, PersonId::NODE, vec![shown])
    };
    let letter = vec![Shown::Letter(Digest::of(b"letter"))];
    vec![
        known(1),
        known(2),
        entry(EventCode::ReleaseRequested, person(1), letter),
    ]
}

/// Person `by` releases the letter, signed by `signer` and with the key of entry `key`.
fn release(by: u8, signer: u8, key: u64) -> NewEntry {
    let text = DecisionText {
        kind: DecisionKind::Release,
        node: node(),
        letter: Digest::of(b"letter"),
        drafter: person(1),
        by: person(by),
        reason: Digest::EMPTY,
    };
    let decision = Decision {
        kind: DecisionKind::Release,
        letter: 2,
        key,
        reason: Digest::EMPTY,
        signature: token(signer).sign(&text),
    };
    entry(
        EventCode::Released,
        person(by),
        vec![Shown::Decision(decision)],
    )
}

/// What the last of these groups gives.
fn appended(log: &mut dyn Log, groups: Vec<Vec<NewEntry>>) -> Result<(), AppendError> {
    let key = SigningKey::generate(&mut SeededEntropy::new(1));
    let epoch = log.take_over().expect("a log that nobody else writes");
    let mut entropy = SeededEntropy::new(2);
    let mut last = Ok(());
    for group in groups {
        assert_eq!(last, Ok(()), "the beginning holds");
        let size = log.size();
        let outcome = log.append(size, epoch, group, &key, &mut entropy);
        assert!(outcome.is_ok() || log.size() == size, "nothing happened");
        last = outcome.map(|_| ());
    }
    last
}

/// What each engine says to it, whether the letter is in the log already or in the same group.
fn in_every_log(last: &NewEntry) -> Vec<Result<(), AppendError>> {
    let origin = Origin::first(node());
    let apart = vec![begun(), vec![last.clone()]];
    let together = vec![[begun(), vec![last.clone()]].concat()];
    let mut outcomes = Vec::new();
    for groups in [apart, together] {
        let mut memory = MemoryLog::new(origin);
        outcomes.push(appended(&mut memory, groups.clone()));
        let dir = tempfile::tempdir().expect("a folder");
        FileLog::create(dir.path(), origin.node).expect("a new log");
        let key = SigningKey::generate(&mut SeededEntropy::new(1));
        let secret = EpochSecret::from_bytes(&[5; 32]);
        let (mut file, _) = FileLog::open(
            dir.path(),
            origin.node,
            secret,
            &key.verifying_key().clone().into(),
        )
        .expect("it opens");
        outcomes.push(appended(&mut file, groups));
    }
    outcomes
}

#[test]
fn a_log_with_a_release_by_another_person_can_be_built() {
    assert_eq!(in_every_log(&release(2, 2, 1)), [Ok(()); 4]);
}

#[test]
fn a_log_with_a_self_release_cannot_be_built() {
    assert_eq!(
        in_every_log(&release(1, 1, 0)),
        [Err(AppendError::Unfit); 4]
    );
}

#[test]
fn a_log_with_a_release_that_is_not_signed_by_the_key_on_record_cannot_be_built() {
    let unsigned = entry(EventCode::Released, person(2), Vec::new());
    for wrong in [
        release(2, 1, 1),
        release(2, 2, 0),
        release(2, 1, 0),
        release(2, 2, 9),
        release(2, 2, 2),
        unsigned,
    ] {
        assert_eq!(in_every_log(&wrong), [Err(AppendError::Unfit); 4]);
    }
}
