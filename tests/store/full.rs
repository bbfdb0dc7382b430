//! A real full disk: a small file system in memory, where the system lets us mount one.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use liaison::base::{MessageId, SeededEntropy};
use liaison::seal::at_rest::{EpochSecret, is_changing};
use liaison::store::{
    AppendError, Applied, BlobId, BlobStore, FileLog, Index, IndexWrite, Log, Remark, Room,
    SledIndex, Table,
};

use crate::erasure;
use crate::facility;
use crate::world::{append, entry, folder, log_key, origin};

/// A mounted file system, unmounted when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Nothing where the system does not let us mount; the test is skipped then.
    fn mount(mib: u32) -> Option<Self> {
        let dir = folder();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "liaison-test"])
            .arg(dir.path())
            .output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        if !is_mounted {
            facility::skipped("mount", "no file system can be mounted here");
        }
        is_mounted.then(|| Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Something else takes all that is free but for so many bytes.
    fn fill(&self, leave: u64) {
        let free = Room::of(self.path()).unwrap().free;
        let content = vec![0; usize::try_from(free - leave).unwrap()];
        std::fs::write(self.hog(), content).unwrap();
        assert!(Room::of(self.path()).unwrap().free <= leave);
    }

    fn hog(&self) -> std::path::PathBuf {
        self.path().join("hog")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

fn open(dir: &Path) -> (FileLog, Vec<Remark>) {
    let secret = EpochSecret::from_bytes(&[5; 32]);
    let (log, recovery) = FileLog::open(
        dir,
        origin().node,
        secret,
        &log_key().verifying_key().clone().into(),
    )
    .unwrap();
    (log, recovery.remarks)
}

#[test]
fn a_log_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(48) else {
        return;
    };
    FileLog::create(disk.path(), origin().node).unwrap();
    let (mut log, remarks) = open(disk.path());
    assert_eq!(remarks, []);
    log.set_segment_len(1_000_000);
    let epoch = log.take_over().unwrap();
    let mut full = 0;
    while full < 3 {
        let size = log.size();
        let mut large = entry(size);
        large.content = vec![1; 100_000];
        let mut entropy = SeededEntropy::new(size);
        match log.append(size, epoch, vec![large], &log_key(), &mut entropy) {
            Ok(head) => assert_eq!(head.checkpoint.size, size + 1),
            Err(AppendError::Full) => full += 1,
            Err(other) => panic!("{other}"),
        }
    }
    let (size, root) = (log.size(), log.root());
    assert!(size > 40);
    assert_eq!(log.read(size - 1).unwrap().content.len(), 100_000);
    drop(log);

    // Something else takes the rest, and the node is started again.
    disk.fill(0);
    let (log, remarks) = open(disk.path());
    assert_eq!(remarks, [Remark::BallastReleased]);
    assert_eq!((log.size(), log.root()), (size, root));
    drop(log);

    // What the ballast left is for the start and for the index: the log takes none of it.
    let (mut log, remarks) = open(disk.path());
    assert_eq!(remarks, []);
    let epoch = log.take_over().unwrap();
    let refused = append(&mut log, epoch, 1).unwrap_err();
    assert!(matches!(refused, AppendError::Full), "{refused}");
    drop(log);

    std::fs::remove_file(disk.hog()).unwrap();
    let (mut log, remarks) = open(disk.path());
    assert_eq!((log.size(), remarks), (size, vec![]));
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 1).unwrap();
}

#[test]
fn an_erasure_that_finds_no_room_leaves_the_disk_and_the_secret_as_they_were() {
    let Some(disk) = SmallDisk::mount(48) else {
        return;
    };
    erasure::create(disk.path());
    let mut log = erasure::open(disk.path());
    let epoch = log.take_over().unwrap();
    while log.size() < 4_000 {
        append(&mut log, epoch, 500).unwrap();
    }
    disk.fill(200_000);
    let free = Room::of(disk.path()).unwrap().free;
    assert_eq!(erasure::erase(&mut log, &[1]), Err(AppendError::Full));
    assert_eq!(Room::of(disk.path()).unwrap().free, free);
    assert!(!is_changing(
        &std::fs::read(disk.path().join("epoch")).unwrap()
    ));
    std::fs::remove_file(disk.hog()).unwrap();
    erasure::erase(&mut log, &[1]).unwrap();
    assert_eq!(log.epoch(), 2);
}

#[test]
fn an_index_on_a_full_disk_takes_what_the_log_holds() {
    let Some(disk) = SmallDisk::mount(48) else {
        return;
    };
    FileLog::create(disk.path(), origin().node).unwrap();
    let (mut log, _) = open(disk.path());
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 1).unwrap();
    let entropy = Box::new(SeededEntropy::new(1));
    let folder = disk.path().join("index");
    let mut index = SledIndex::open(&folder, log.ballast(), log.index_key(), entropy).unwrap();
    disk.fill(100_000);
    let rows = |from: u32| {
        let row = |number: u32| IndexWrite::Put {
            table: Table("rows"),
            key: number.to_be_bytes().to_vec(),
            value: vec![7; 1_000],
        };
        (from..from + 1_000).map(row).collect()
    };
    let applied = Applied {
        size: log.size(),
        root: log.root(),
        version: 1,
        epoch: 1,
    };
    for group in 0..3 {
        index.apply(rows(group * 1_000), applied).unwrap();
        index.flush().unwrap();
    }
    let refused = append(&mut log, epoch, 1).unwrap_err();
    assert!(matches!(refused, AppendError::Full), "{refused}");

    // With room again it is held back again.
    std::fs::remove_file(disk.hog()).unwrap();
    let before = Room::of(disk.path()).unwrap().free;
    index.tidy().unwrap();
    let held_back = before - Room::of(disk.path()).unwrap().free;
    assert!(held_back >= 8 << 20, "{held_back}");
    append(&mut log, epoch, 1).unwrap();
}

#[test]
fn an_index_goes_on_writing_where_a_disk_fills_up_between_two_looks_at_it() {
    let Some(disk) = SmallDisk::mount(48) else {
        return;
    };
    FileLog::create(disk.path(), origin().node).unwrap();
    let (log, _) = open(disk.path());
    let entropy = Box::new(SeededEntropy::new(1));
    let folder = disk.path().join("index");
    let mut index = SledIndex::open(&folder, log.ballast(), log.index_key(), entropy).unwrap();
    let row = |number: u32| IndexWrite::Put {
        table: Table("rows"),
        key: number.to_be_bytes().to_vec(),
        value: vec![7; 1_000],
    };
    let applied = Applied {
        size: log.size(),
        root: log.root(),
        version: 1,
        epoch: 1,
    };
    index.apply((0..1_000).map(row).collect(), applied).unwrap();
    disk.fill(0);
    // sled writes what it has in memory whenever it likes.
    index.flush().unwrap();
    index
        .apply((1_000..2_000).map(row).collect(), applied)
        .unwrap();
    index.flush().unwrap();
}

#[test]
fn attachments_of_others_leave_a_tenth_of_the_disk_to_messages() {
    let Some(disk) = SmallDisk::mount(8) else {
        return;
    };
    let blobs = BlobStore::open(disk.path()).unwrap();
    let message = MessageId::from_bytes([1; 16]);
    let mut part = blobs.resume(BlobId { message, index: 0 }).unwrap();
    assert!(part.fits(7_000_000).is_ok());
    let refused = part.fits(8_000_000).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::StorageFull);

    // One that is longer than its message said.
    let piece = vec![1; 1 << 16];
    let full = (0..200).find_map(|_| part.append(&piece).err()).unwrap();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    let free = Room::of(disk.path()).unwrap().free;
    assert!(free > 800_000, "{free} bytes are left");
    assert!(part.len() > 4_000_000, "{} bytes were taken", part.len());
}
