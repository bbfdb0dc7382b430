//! A member of a small federation, whose log is verified and exported.

use std::path::Path;

use liaison::audit::AuditFailure;
use liaison::base::{SeededEntropy, Timestamp};
use liaison::seal::at_rest::EpochSecret;
use liaison::seal::keystore::Keys;
use liaison::seal::trust::{
    Directory, KeyBundle, LogKeys, MemberCard, MemberKind, Profile, Proposal, propose_first,
};
use liaison::store::{FileLog, Log, VerifyReport, export_folder, verify_folder};

use crate::world::{entry, folder};

/// A member of a small federation, with its folder.
pub struct Office {
    pub dir: tempfile::TempDir,
    pub keys: Keys,
    pub directory: Directory,
}

impl Office {
    /// Three countries hold their ceremony; the folder is the first one's.
    pub fn new(seed: u64) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let (issued, expires) = (
            Timestamp::from_millis(1_000),
            Timestamp::from_millis(9_000_000),
        );
        let mut keys: Vec<Keys> = ["MK-1", "RS-1", "AL-1"]
            .map(|node| Keys::generate(node.parse().unwrap(), issued, &mut entropy))
            .into();
        let cards: Vec<MemberCard> = keys
            .iter()
            .map(|keys| {
                let bundle = KeyBundle::first(keys, issued, expires)
                    .sign(&keys.identity, &mut entropy)
                    .unwrap();
                let profile = Profile {
                    name: format!("Office of {}", keys.node.member),
                    kind: MemberKind::Country,
                    contact: "+389 2 000 000".to_owned(),
                    address: None,
                };
                let card = MemberCard::issue(keys, profile, bundle, &mut entropy).unwrap();
                MemberCard::read(&card).unwrap()
            })
            .collect();
        let Proposal { root, mut list } = propose_first(&cards, issued, expires).unwrap();
        let mut root = root.unwrap();
        for keys in &keys {
            let member = keys.node.member;
            root.sign(member, &keys.identity, &mut entropy).unwrap();
            list.sign(member, &keys.identity, &mut entropy).unwrap();
        }
        let bundles = cards.iter().map(|card| card.bundle.clone());
        let directory = Directory::build(&[root], &list, bundles).unwrap();
        let dir = folder();
        directory.save(&dir.path().join("trust")).unwrap();
        let keys = keys.swap_remove(0);
        FileLog::create(dir.path(), keys.node).unwrap();
        Self {
            dir,
            keys,
            directory,
        }
    }

    /// With groups of so many entries each.
    pub fn with_groups(seed: u64, groups: impl IntoIterator<Item = u64>) -> Self {
        let office = Self::new(seed);
        let mut log = office.log();
        for count in groups {
            office.append(&mut log, count);
        }
        office
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn log(&self) -> FileLog {
        let mut log = FileLog::open(
            self.path(),
            self.keys.node,
            EpochSecret::from_bytes(&[5; 32]),
            &self.log_keys(),
        )
        .unwrap()
        .0;
        log.set_segment_len(20_000);
        log
    }

    /// The keys that the log has had, as the node's bundle names them.
    pub fn log_keys(&self) -> LogKeys {
        let own = self.directory.bundle(self.keys.node).unwrap();
        own.newest_log_keys().unwrap()
    }

    pub fn append(&self, log: &mut FileLog, count: u64) {
        let size = log.size();
        let entries = (size..size + count).map(entry).collect();
        let epoch = log.take_over().unwrap();
        let mut entropy = SeededEntropy::new(size);
        log.append(size, epoch, entries, &self.keys.log, &mut entropy)
            .unwrap();
    }

    pub fn verify(&self) -> Result<VerifyReport, AuditFailure> {
        verify_folder(self.path(), &mut |_, _| {})
    }

    pub fn export(&self) -> Vec<u8> {
        let mut bundle = Vec::new();
        export_folder(self.path(), &mut bundle, &mut |_, _| {}).unwrap();
        bundle
    }
}
