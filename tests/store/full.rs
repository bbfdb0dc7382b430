//! A real full disk: a small file system in memory, where the system lets us mount one.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use liaison::base::{MessageId, SeededEntropy};
use liaison::seal::at_rest::EpochSecret;
use liaison::store::{AppendError, BlobId, BlobStore, FileLog, Log, Remark, Room};

use crate::world::{append, entry, folder, log_key, origin};

/// A mounted file system of 8 MiB, unmounted when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Nothing where the system does not let us mount.
    fn mount() -> Option<Self> {
        let dir = folder();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "liaison-test"])
            .arg(dir.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then(|| Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
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
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("1 skipped: no file system can be mounted here");
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
    let hog = disk.path().join("hog");
    let fill = || {
        let mut content = vec![0; 1 << 20];
        while std::fs::write(&hog, &content).is_err() {
            content.truncate(content.len().saturating_sub(4096));
        }
    };
    fill();
    let (log, remarks) = open(disk.path());
    assert_eq!(remarks, [Remark::BallastReleased]);
    assert_eq!((log.size(), log.root()), (size, root));
    drop(log);

    // With the ballast gone there is room for the most needful.
    let (mut log, remarks) = open(disk.path());
    assert_eq!(remarks, []);
    let epoch = log.take_over().unwrap();
    append(&mut log, epoch, 1).unwrap();
    drop(log);

    std::fs::remove_file(&hog).unwrap();
    let (log, remarks) = open(disk.path());
    assert_eq!((log.size(), remarks), (size + 1, vec![]));
}

#[test]
fn attachments_of_others_leave_a_tenth_of_the_disk_to_messages() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("1 skipped: no file system can be mounted here");
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
