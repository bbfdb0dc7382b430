//! A member of a small federation, whose log is verified and exported.

use std::path::Path;

use liaison::audit::AuditFailure;
use liaison::base::{SeededEntropy, Timestamp};
use liaison::seal::at_rest::EpochSecret;
use liaison::seal::keystore::Keys;
use liaison::seal::trust::{
    Directory, KeyBundle, LogKeys, MemberCard, MemberKind, Profile, Proposal, SignedDocument,
    propose_first, propose_next, propose_suspension,
};
use liaison::store::{FileLog, Log, VerifyReport, export_folder, verify_folder};

use crate::world::{entry, folder};

/// A member of a small federation, with its folder.
pub struct Office {
    pub dir: tempfile::TempDir,
    pub keys: Keys,
    pub directory: Directory,
    /// The keys of the two others.
    others: Vec<Keys>,
}

impl Office {
    /// Three countries hold their ceremony; the folder is the first one's.
    pub fn new(seed: u64) -> Self {
        Self::of(seed, &["MK-1", "RS-1", "AL-1"])
    }

    /// Countries with these nodes hold their ceremony; the folder is the first one's.
    pub fn of(seed: u64, nodes: &[&str]) -> Self {
        let mut entropy = SeededEntropy::new(seed);
        let (issued, expires) = (
            Timestamp::from_millis(1_000),
            Timestamp::from_millis(9_000_000),
        );
        let mut all: Vec<Keys> = nodes
            .iter()
            .map(|node| Keys::generate(node.parse().unwrap(), issued, &mut entropy))
            .collect();
        let cards: Vec<MemberCard> = all
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
        for keys in &all {
            let member = keys.node.member;
            root.sign(member, &keys.identity, &mut entropy).unwrap();
            list.sign(member, &keys.identity, &mut entropy).unwrap();
        }
        let bundles = cards.iter().map(|card| card.bundle.clone());
        let directory = Directory::build(&[root], &list, bundles).unwrap();
        let dir = folder();
        directory.save(&dir.path().join("trust")).unwrap();
        let keys = all.swap_remove(0);
        FileLog::create(dir.path(), keys.node).unwrap();
        Self {
            dir,
            keys,
            directory,
            others: all,
        }
    }

    /// The office has installed its own suspension, which the two others signed.
    pub fn suspend(&mut self) {
        let mut entropy = SeededEntropy::new(80);
        let (member, now) = (self.keys.node.member, Timestamp::from_millis(2_000));
        let why = ("its keys were stolen", None);
        let mut list = propose_suspension(&self.directory, member, why, now).unwrap();
        for keys in &self.others {
            let by = keys.node.member;
            list.sign(by, &keys.identity, &mut entropy).unwrap();
        }
        self.install(self.directory.suspend(&list).unwrap());
    }

    /// The list that follows the one in force and names the same members, who have all signed it.
    pub fn next_list(&self) -> SignedDocument {
        let mut entropy = SeededEntropy::new(82);
        let now = Timestamp::from_millis(2_000);
        let later = Timestamp::from_millis(9_000_000);
        let members = self.directory.members().to_vec();
        let next = propose_next(&self.directory, None, members, now, later).unwrap();
        let mut list = next.list;
        for keys in self.others.iter().chain([&self.keys]) {
            let by = keys.node.member;
            list.sign(by, &keys.identity, &mut entropy).unwrap();
        }
        list
    }

    /// The office has installed the next list, which does not name it.
    pub fn remove(&mut self) {
        let mut entropy = SeededEntropy::new(81);
        let now = Timestamp::from_millis(2_000);
        let later = Timestamp::from_millis(9_000_000);
        let mut members = self.directory.members().to_vec();
        members.retain(|listed| listed.member != self.keys.node.member);
        let next = propose_next(&self.directory, None, members, now, later).unwrap();
        let mut list = next.list;
        for keys in &self.others {
            let by = keys.node.member;
            list.sign(by, &keys.identity, &mut entropy).unwrap();
        }
        self.install(self.directory.advance(&[], &list).unwrap());
    }

    /// Whoever is not listed any more keeps its own bundle.
    fn install(&mut self, directory: Directory) {
        let own = format!("trust/bundles/{}.json", self.keys.node);
        let own = self.path().join(own);
        let bundle = std::fs::read(&own).unwrap();
        directory.save(&self.path().join("trust")).unwrap();
        std::fs::write(&own, bundle).unwrap();
        self.directory = directory;
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
