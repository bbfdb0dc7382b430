//! What every engine of the index does.

use std::path::Path;

use liaison::base::{Digest, Entropy as _, SeededEntropy};
use liaison::seal::at_rest::EpochSecret;
use liaison::store::{
    Applied, Ballast, Fault, Index, IndexError, IndexWrite, MemoryIndex, SledIndex, Table,
};

use crate::world::folder;

const CASES: Table = Table("cases");
const CASE: Table = Table("case");

fn try_sled(folder: &Path, secret: u8) -> Result<SledIndex, IndexError> {
    let key = EpochSecret::from_bytes(&[secret; 32]).index_key();
    let ballast = Ballast::of(folder);
    SledIndex::open(folder, ballast, key, Box::new(SeededEntropy::new(1)))
}

/// Opens an index that was closed. A process that another test is just starting may hold a copy
/// of its lock for a moment.
fn reopened(folder: &Path, secret: u8) -> Result<SledIndex, IndexError> {
    loop {
        match try_sled(folder, secret) {
            Err(IndexError::Locked) => std::thread::yield_now(),
            other => return other,
        }
    }
}

fn sled(folder: &Path) -> SledIndex {
    reopened(folder, 5).unwrap()
}

fn put(table: Table, key: &str, value: &str) -> IndexWrite {
    IndexWrite::Put {
        table,
        key: key.into(),
        value: value.into(),
    }
}

fn applied(size: u64) -> Applied {
    Applied {
        size,
        root: Digest::of(&size.to_be_bytes()),
        version: 3,
        epoch: 1,
    }
}

fn on_every_engine(test: impl Fn(&mut dyn Index)) {
    test(&mut MemoryIndex::new());
    let folder = folder();
    test(&mut sled(&folder.path().join("index")));
}

#[test]
fn room_that_cannot_be_held_back_stops_no_index() {
    let folder = folder();
    let mut index = sled(folder.path());
    std::fs::create_dir(folder.path().join("ballast")).unwrap();
    index
        .apply(vec![put(CASE, "1", "one")], applied(1))
        .unwrap();
    index.tidy().unwrap();
    assert_eq!(index.get(CASE, b"1").unwrap().unwrap(), b"one");
}

#[test]
fn a_new_index_has_followed_nothing() {
    on_every_engine(|index| {
        assert_eq!(index.applied(), Ok(None));
        assert_eq!(index.get(CASES, b"a"), Ok(None));
        assert_eq!(index.range(CASES, b"", None, 9), Ok(vec![]));
    });
}

#[test]
fn writes_happen_in_their_order_and_move_the_position() {
    on_every_engine(|index| {
        let delete = |key: &str| IndexWrite::Delete {
            table: CASES,
            key: key.into(),
        };
        let writes = vec![
            put(CASES, "a", "1"),
            put(CASES, "a", "2"),
            put(CASES, "b", "1"),
            delete("b"),
            delete("never"),
            put(CASE, "a", "other"),
        ];
        index.apply(writes, applied(4)).unwrap();
        assert_eq!(index.get(CASES, b"a"), Ok(Some(b"2".to_vec())));
        assert_eq!(index.get(CASES, b"b"), Ok(None));
        assert_eq!(index.get(CASE, b"a"), Ok(Some(b"other".to_vec())));
        assert_eq!(index.applied(), Ok(Some(applied(4))));
        index.apply(vec![], applied(5)).unwrap();
        assert_eq!(index.applied(), Ok(Some(applied(5))));
    });
}

#[test]
fn an_index_that_is_filled_is_read_meanwhile_and_has_followed_nothing_until_it_is_told() {
    on_every_engine(|index| {
        let delete = |key: &str| IndexWrite::Delete {
            table: CASES,
            key: key.into(),
        };
        index
            .fill(vec![put(CASES, "a", "1"), put(CASES, "b", "1")])
            .unwrap();
        index
            .fill(vec![put(CASES, "a", "2"), delete("b"), delete("never")])
            .unwrap();
        assert_eq!(index.get(CASES, b"a"), Ok(Some(b"2".to_vec())));
        assert_eq!(index.get(CASES, b"b"), Ok(None));
        assert_eq!(index.applied(), Ok(None));
        index.apply(vec![], applied(5)).unwrap();
        assert_eq!(index.applied(), Ok(Some(applied(5))));
        assert_eq!(index.get(CASES, b"a"), Ok(Some(b"2".to_vec())));
    });
}

#[test]
fn a_range_ascends_within_its_table_and_its_bounds() {
    on_every_engine(|index| {
        let keys = ["", "a", "a\0", "ab", "b", "\u{ff}", "c"];
        let mut writes: Vec<_> = keys.iter().map(|key| put(CASES, key, key)).collect();
        writes.push(put(CASE, "s\0a", "stranger"));
        writes.push(put(Table("casez"), "a", "stranger"));
        index.apply(writes, applied(1)).unwrap();
        let range = |from: &str, to: Option<&str>, limit| -> Vec<String> {
            index
                .range(CASES, from.as_bytes(), to.map(str::as_bytes), limit)
                .unwrap()
                .into_iter()
                .map(|(key, value)| {
                    assert_eq!(key, value);
                    String::from_utf8(key).unwrap()
                })
                .collect()
        };
        let mut all = keys.map(str::to_owned).to_vec();
        all.sort();
        assert_eq!(range("", None, 99), all);
        assert_eq!(range("a", Some("b"), 99), ["a", "a\0", "ab"]);
        assert_eq!(range("a", None, 2), ["a", "a\0"]);
        assert_eq!(range("b", Some("a"), 9), [""; 0]);
        assert_eq!(range("b", Some("b"), 9), [""; 0]);
        assert_eq!(range("", None, 0), [""; 0]);
    });
}

#[test]
fn a_cleared_index_is_a_new_one() {
    on_every_engine(|index| {
        index.apply(vec![put(CASES, "a", "1")], applied(1)).unwrap();
        index.clear().unwrap();
        assert_eq!(index.applied(), Ok(None));
        assert_eq!(index.get(CASES, b"a"), Ok(None));
        index.apply(vec![put(CASES, "a", "2")], applied(1)).unwrap();
        assert_eq!(index.get(CASES, b"a"), Ok(Some(b"2".to_vec())));
    });
}

#[test]
fn an_index_under_another_key_begins_anew() {
    on_every_engine(|index| {
        index.apply(vec![put(CASES, "a", "1")], applied(1)).unwrap();
        let token = index.token("word");
        assert_eq!(index.token("word"), token);
        index
            .renew(EpochSecret::from_bytes(&[8; 32]).index_key())
            .unwrap();
        assert_eq!(index.applied(), Ok(None));
        assert_eq!(index.get(CASES, b"a"), Ok(None));
        assert_ne!(index.token("word"), token, "tokens die with the key");
        index.apply(vec![put(CASES, "a", "2")], applied(1)).unwrap();
        assert_eq!(index.get(CASES, b"a"), Ok(Some(b"2".to_vec())));
    });
}

#[test]
fn a_failed_apply_happened_whole_or_not_at_all() {
    for (fault, happened) in [
        (Fault::Full, false),
        (Fault::Before, false),
        (Fault::After, true),
    ] {
        let mut index = MemoryIndex::new();
        index.apply(vec![put(CASES, "a", "1")], applied(1)).unwrap();
        index.fail_next(Some(fault));
        let failed = index.apply(vec![put(CASES, "a", "2")], applied(2));
        assert!(failed.is_err());
        let next = index.reopen();
        let expected = if happened { ("2", 2) } else { ("1", 1) };
        assert_eq!(next.get(CASES, b"a"), Ok(Some(expected.0.into())));
        assert_eq!(next.applied(), Ok(Some(applied(expected.1))));
    }
}

#[test]
fn a_snapshot_stays_behind() {
    let mut index = MemoryIndex::new();
    index.apply(vec![put(CASES, "a", "1")], applied(1)).unwrap();
    let before = index.snapshot();
    index.apply(vec![put(CASES, "a", "2")], applied(2)).unwrap();
    assert_eq!(before.applied(), Ok(Some(applied(1))));
    assert_eq!(before.get(CASES, b"a"), Ok(Some(b"1".to_vec())));
}

#[test]
fn an_index_in_files_is_found_again_and_holds_no_value_in_the_open() {
    let dir = folder();
    let folder = dir.path().join("index");
    let mut index = sled(&folder);
    let secret = "a canary that nobody but its owner may read";
    index
        .apply(vec![put(CASES, "a", secret)], applied(7))
        .unwrap();
    Index::flush(&index).unwrap();
    assert!(index.measure().unwrap().live > secret.len() as u64);
    drop(index);
    let index = sled(&folder);
    assert_eq!(index.applied(), Ok(Some(applied(7))));
    assert_eq!(index.get(CASES, b"a"), Ok(Some(secret.into())));
    drop(index);
    for file in walk(&folder) {
        let bytes = std::fs::read(file).unwrap();
        assert!(!bytes.windows(8).any(|window| window == b"a canary"));
    }
}

/// Values 0 to 17 of 4 MiB each.
fn fill(index: &mut SledIndex, table: Table) {
    let mut chance = SeededEntropy::new(5);
    for n in 0..18_u8 {
        let mut value = vec![0; 4 << 20];
        chance.fill(&mut value);
        let key = vec![n];
        let row = IndexWrite::Put { table, key, value };
        index.apply(vec![row], applied(1)).unwrap();
    }
}

/// Values 0 to 4,999 in an index that once held much more.
fn grown(folder: &Path) -> SledIndex {
    let mut index = sled(folder);
    let values = (0..5_000).map(|n| put(CASES, &format!("{n:04}"), &n.to_string()));
    index.apply(values.collect(), applied(1)).unwrap();
    let table = Table("once");
    fill(&mut index, table);
    let delete = |n: u8| IndexWrite::Delete {
        table,
        key: vec![n],
    };
    index
        .apply((0..18).map(delete).collect(), applied(1))
        .unwrap();
    Index::flush(&index).unwrap();
    assert!(index.measure().unwrap().is_grown());
    index
}

/// Lets it do a little of its work at a time until it has begun a copy of itself.
fn begin_copy(index: &mut SledIndex, folder: &Path) {
    let mut times = 0;
    while !folder.join("2").exists() {
        index.tidy().unwrap();
        times += 1;
        assert!(times < 10, "it does not know that it has grown");
    }
}

fn disk(folder: &Path) -> u64 {
    let files = walk(folder).into_iter();
    files.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn a_grown_index_gets_small_while_it_is_written() {
    let dir = folder();
    let folder = dir.path().join("index");
    let mut index = grown(&folder);
    assert!(disk(&folder) > 60 << 20);
    let mut times = 0;
    while folder.join("1").exists() {
        // A key that is copied already, one that is not yet, a new one, and one that goes.
        let writes = vec![
            put(CASES, "0000", &format!("first {times}")),
            put(CASES, "4999", &format!("last {times}")),
            put(CASES, &format!("{times}"), "new"),
            IndexWrite::Delete {
                table: CASES,
                key: format!("{:04}", 4_000 + times).into(),
            },
        ];
        index.apply(writes, applied(2 + times)).unwrap();
        index.tidy().unwrap();
        times += 1;
        assert!(times < 100);
    }
    assert!(times > 3, "all was copied at once");
    let check = |index: &SledIndex| {
        let get = |key: &str| index.get(CASES, key.as_bytes()).unwrap();
        assert_eq!(get("0000"), Some(format!("first {}", times - 1).into()));
        assert_eq!(get("4999"), Some(format!("last {}", times - 1).into()));
        assert_eq!(get("2500"), Some("2500".into()));
        let all = index.range(CASES, b"", None, 10_000).unwrap();
        assert_eq!(all.len(), 5_000);
        assert_eq!(index.applied(), Ok(Some(applied(1 + times))));
    };
    check(&index);
    assert!(disk(&folder) < 16 << 20, "{} bytes", disk(&folder));
    drop(index);
    check(&sled(&folder));
}

#[test]
fn what_was_live_is_known_at_the_next_start() {
    let dir = folder();
    let folder = dir.path().join("index");
    drop(grown(&folder));
    let mut index = sled(&folder);
    begin_copy(&mut index, &folder);
    drop(index);
    assert!(sled(&folder).has_grown().unwrap());
}

/// An index that was empty when it was measured, and is full.
fn filled(folder: &Path) -> SledIndex {
    let mut index = sled(folder);
    index.measure().unwrap();
    fill(&mut index, CASES);
    Index::flush(&index).unwrap();
    index
}

#[test]
fn an_index_that_filled_up_since_it_was_measured_has_not_grown() {
    let dir = folder();
    let folder = dir.path().join("index");
    drop(filled(&folder));
    assert!(!sled(&folder).has_grown().unwrap());
}

#[test]
fn an_index_that_filled_up_since_it_was_measured_is_not_copied() {
    let dir = folder();
    let folder = dir.path().join("index");
    let mut index = filled(&folder);
    for _ in 0..10 {
        index.tidy().unwrap();
        assert!(!folder.join("2").exists());
    }
}

#[test]
fn a_copy_that_was_interrupted_changes_nothing() {
    let dir = folder();
    let folder = dir.path().join("index");
    let mut index = grown(&folder);
    begin_copy(&mut index, &folder);
    index.tidy().unwrap();
    index
        .apply(vec![put(CASES, "0000", "written")], applied(2))
        .unwrap();
    assert!(folder.join("2").exists());
    drop(index);
    let index = sled(&folder);
    assert!(!folder.join("2").exists());
    assert_eq!(index.applied(), Ok(Some(applied(2))));
    assert_eq!(index.get(CASES, b"0000"), Ok(Some("written".into())));
    assert_eq!(index.range(CASES, b"", None, 10_000).unwrap().len(), 5_000);
}

#[test]
fn another_epochs_key_finds_a_damaged_index_which_can_be_destroyed() {
    let dir = folder();
    let folder = dir.path().join("index");
    sled(&folder).apply(vec![], applied(7)).unwrap();
    let open = || reopened(&folder, 6).unwrap();
    assert_eq!(open().applied(), Err(IndexError::Damaged));
    SledIndex::destroy(&folder).unwrap();
    assert_eq!(open().applied(), Ok(None));
    drop(open());
    SledIndex::destroy(&folder).unwrap();
    SledIndex::destroy(&folder).unwrap();
}

#[test]
fn what_is_no_numbered_folder_is_removed() {
    let dir = folder();
    let folder = dir.path().join("index");
    sled(&folder).apply(vec![], applied(7)).unwrap();
    std::fs::write(folder.join("db"), b"of an earlier layout").unwrap();
    std::fs::create_dir(folder.join("blobs")).unwrap();
    assert_eq!(sled(&folder).applied(), Ok(Some(applied(7))));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn an_index_that_is_open_is_locked() {
    let dir = folder();
    let folder = dir.path().join("index");
    let _open = sled(&folder);
    assert!(matches!(try_sled(&folder, 5), Err(IndexError::Locked)));
}

#[test]
fn an_index_whose_file_is_gone_has_followed_nothing() {
    let dir = folder();
    let folder = dir.path().join("index");
    sled(&folder).apply(vec![], applied(7)).unwrap();
    std::fs::remove_file(folder.join("1/db")).unwrap();
    assert_eq!(sled(&folder).applied(), Ok(None));
}

#[test]
fn an_empty_unfinished_snapshot_does_not_keep_the_index_from_opening() {
    let dir = folder();
    let folder = dir.path().join("index");
    sled(&folder).apply(vec![], applied(7)).unwrap();
    let unfinished = folder.join("1/snap.0000000000000123.generating");
    std::fs::write(&unfinished, b"").unwrap();
    assert_eq!(sled(&folder).applied(), Ok(Some(applied(7))));
    assert!(!unfinished.exists());
}

#[test]
fn a_damaged_index_is_refused_or_falls_back_to_a_position_that_it_had() {
    let dir = folder();
    let good = dir.path().join("good");
    let mut index = sled(&good);
    for size in 1..=20 {
        let value = format!("value {size}");
        let writes = vec![put(CASES, "newest", &value), put(CASES, &value, &value)];
        index.apply(writes, applied(size)).unwrap();
    }
    Index::flush(&index).unwrap();
    drop(index);
    let len = std::fs::metadata(good.join("1/db")).unwrap().len() as usize;
    for at in (0..len.min(40_000)).step_by(1511) {
        let bad = dir.path().join(format!("bad-{at}"));
        for file in walk(&good) {
            let to = bad.join(file.strip_prefix(&good).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&file, &to).unwrap();
        }
        let mut bytes = std::fs::read(bad.join("1/db")).unwrap();
        bytes[at] ^= 0x10;
        std::fs::write(bad.join("1/db"), bytes).unwrap();
        let Ok(index) = reopened(&bad, 5) else {
            continue;
        };
        // Any position that it names is a whole one: the values are those of that position.
        let (Ok(Some(position)), Ok(newest)) = (index.applied(), index.get(CASES, b"newest"))
        else {
            continue;
        };
        assert_eq!(position, applied(position.size));
        assert_eq!(
            newest,
            Some(format!("value {}", position.size).into_bytes())
        );
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = vec![];
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        match path.is_dir() {
            true => files.extend(walk(&path)),
            false => files.push(path),
        }
    }
    files
}
