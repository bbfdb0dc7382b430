//! A disk that keeps what was synced, and of the rest what chance has it keep.
//!
//! A file's sync keeps what was written to it before the sync began, a folder's the names in it: no
//! more is promised by POSIX. What was not synced is there sector by sector, or not, whatever its order.
//! Names that were not synced are there in the order in which they were given, up to some point. Where a
//! sync of a file fails, what was written to it before is never there: programs still see it, and no later
//! sync stores it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use liaison::base::SeededEntropy;

use super::calls::{Call, Edge, Flags, Handle, What};

/// What a disk writes at once, in bytes.
const SECTOR: usize = 512;

/// What syncs are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    Kept,
    /// As on a disk that lies; for control.
    Ignored,
}

/// What is found on a disk: folders, and files with what is in them.
pub type Found = BTreeMap<PathBuf, Option<Vec<u8>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Folder,
    File(usize),
}

type Names = BTreeMap<PathBuf, Entry>;

/// The state of a disk in the middle of a trace.
pub struct Disk<'a> {
    syncs: Syncs,
    files: Vec<Content<'a>>,
    /// What programs see.
    names: Names,
    /// What is sure to be there after a cut, and what is not yet.
    kept: Names,
    renamed: Vec<(usize, Naming)>,
    handles: HashMap<u32, Open>,
}

#[derive(Default)]
struct Content<'a> {
    kept: Vec<u8>,
    /// Changes that no sync covers, with the line on which each was over.
    written: Vec<(usize, Change<'a>)>,
    len: usize,
    /// What programs see, where a sync failed.
    seen: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Write { at: usize, bytes: &'a [u8] },
    Resize(usize),
    Extend(usize),
}

#[derive(Clone)]
enum Naming {
    Make(PathBuf, Entry),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

struct Open {
    file: usize,
    at: usize,
    appends: bool,
}

impl<'a> Disk<'a> {
    /// With what is found on it, all of it synced.
    pub fn of(found: &Found, syncs: Syncs) -> Self {
        let mut disk = Self {
            syncs,
            files: Vec::new(),
            names: Names::new(),
            kept: Names::new(),
            renamed: Vec::new(),
            handles: HashMap::new(),
        };
        for (path, bytes) in found {
            let entry = match bytes {
                None => Entry::Folder,
                Some(kept) => {
                    disk.files.push(Content {
                        kept: kept.clone(),
                        len: kept.len(),
                        ..Content::default()
                    });
                    Entry::File(disk.files.len() - 1)
                }
            };
            disk.kept.insert(path.clone(), entry);
        }
        disk.names = disk.kept.clone();
        disk
    }

    /// A call begins, and what it changes may be on the disk from now on; or it is over, and what was
    /// written before a sync began is there for good.
    pub fn play(&mut self, edge: Edge, call: &'a Call) {
        match edge {
            Edge::Begin => self.begin(call),
            Edge::End => self.end(call),
        }
    }

    fn begin(&mut self, call: &'a Call) {
        match &call.what {
            What::Open {
                path,
                handle,
                flags,
            } => self.open(call.ended, path, *handle, *flags),
            What::Seek { file, to } => {
                if let Some(open) = self.handle(file) {
                    open.at = length(*to);
                }
            }
            What::Write { file, at, bytes } => {
                let len = self.len(file);
                let Some(open) = self.handle(file) else {
                    return;
                };
                let place = match at {
                    Some(at) => length(*at),
                    None if open.appends => len,
                    None => open.at,
                };
                if at.is_none() {
                    open.at = place + bytes.len();
                }
                self.change(file, call.ended, Change::Write { at: place, bytes });
            }
            What::Resize { file, len } => {
                self.change(file, call.ended, Change::Resize(length(*len)));
            }
            What::Extend { file, len } => {
                self.change(file, call.ended, Change::Extend(length(*len)));
            }
            What::Sync { .. } | What::SyncFailed { .. } => (),
            What::MakeFolder(path) => {
                self.name(call.ended, Naming::Make(path.clone(), Entry::Folder));
            }
            What::Remove(path) => self.name(call.ended, Naming::Remove(path.clone())),
            What::Rename { from, to } => {
                self.name(call.ended, Naming::Rename(from.clone(), to.clone()));
            }
        }
    }

    fn end(&mut self, call: &Call) {
        let file = match &call.what {
            What::SyncFailed { file } => {
                if let Some(file) = self.handle(file).map(|open| open.file) {
                    self.files[file].lose(call.began);
                }
                return;
            }
            What::Sync { file } => file,
            _ => return,
        };
        if self.syncs == Syncs::Ignored {
            return;
        }
        match self.named(file) {
            Some(Entry::Folder) => self.keep_names(&file.path, call.began),
            _ => {
                if let Some(file) = self.handle(file).map(|open| open.file) {
                    self.files[file].keep(call.began);
                }
            }
        }
    }

    /// What a program finds.
    pub fn now(&self) -> Found {
        found(&self.names, |file| self.files[file].now())
    }

    /// What is sure to be found after the power was cut now.
    pub fn synced(&self) -> Found {
        found(&self.kept, |file| self.files[file].kept.clone())
    }

    /// What is found after the power was cut now.
    pub fn cut(&self, chance: &mut SeededEntropy) -> Found {
        let mut names = self.kept.clone();
        let some = chance.below(self.renamed.len() as u64 + 1);
        for (_, naming) in &self.renamed[..length(some)] {
            naming.apply(&mut names);
        }
        found(&names, |file| self.files[file].cut(chance))
    }

    fn open(&mut self, ended: usize, path: &Path, number: u32, flags: Flags) {
        if !self.names.contains_key(path) && flags.creates {
            self.files.push(Content::default());
            let new = Entry::File(self.files.len() - 1);
            self.name(ended, Naming::Make(path.to_owned(), new));
        }
        let Some(Entry::File(file)) = self.names.get(path).copied() else {
            self.handles.remove(&number);
            return;
        };
        if flags.truncates {
            self.files[file].change(ended, Change::Resize(0));
        }
        let appends = flags.appends;
        let opened = Open {
            file,
            at: 0,
            appends,
        };
        self.handles.insert(number, opened);
    }

    /// A handle is known from where it was opened, or by its file's name where it is a copy.
    fn handle(&mut self, handle: &Handle) -> Option<&mut Open> {
        if let Some(Entry::File(file)) = self.named(handle) {
            let known = self.handles.get(&handle.number);
            if known.is_none_or(|open| open.file != file) {
                let copy = Open {
                    file,
                    at: 0,
                    appends: false,
                };
                self.handles.insert(handle.number, copy);
            }
        }
        self.handles.get_mut(&handle.number)
    }

    fn named(&self, handle: &Handle) -> Option<Entry> {
        let entry = self.names.get(&handle.path).copied();
        entry.filter(|_| handle.is_named)
    }

    fn len(&mut self, handle: &Handle) -> usize {
        let file = self.handle(handle).map(|open| open.file);
        file.map_or(0, |file| self.files[file].len)
    }

    fn change(&mut self, handle: &Handle, ended: usize, change: Change<'a>) {
        if let Some(file) = self.handle(handle).map(|open| open.file) {
            self.files[file].change(ended, change);
        }
    }

    fn name(&mut self, ended: usize, naming: Naming) {
        naming.apply(&mut self.names);
        self.renamed.push((ended, naming));
    }

    fn keep_names(&mut self, folder: &Path, before: usize) {
        let kept = &mut self.kept;
        self.renamed.retain(|(ended, naming)| {
            let synced = *ended < before && naming.folders().contains(&Some(folder));
            if synced {
                naming.apply(kept);
            }
            !synced
        });
    }
}

impl Naming {
    fn folders(&self) -> [Option<&Path>; 2] {
        match self {
            Self::Make(path, _) | Self::Remove(path) => [path.parent(); 2],
            Self::Rename(from, to) => [from.parent(), to.parent()],
        }
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Make(path, entry) => {
                names.insert(path.clone(), *entry);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                let moved: Vec<_> = names
                    .keys()
                    .filter(|path| path.starts_with(from))
                    .cloned()
                    .collect();
                for path in moved {
                    let entry = names.remove(&path).expect("it is named");
                    let rest = path.strip_prefix(from).expect("it lies there");
                    // Joined with nothing, a path would end in a separator.
                    let path = match rest.as_os_str().is_empty() {
                        true => to.clone(),
                        false => to.join(rest),
                    };
                    names.insert(path, entry);
                }
            }
        }
    }
}

impl<'a> Content<'a> {
    fn change(&mut self, ended: usize, change: Change<'a>) {
        self.len = change.len_after(self.len);
        if let Some(seen) = &mut self.seen {
            change.apply(seen, || true);
        }
        self.written.push((ended, change));
    }

    fn keep(&mut self, before: usize) {
        let kept = &mut self.kept;
        self.written.retain(|(ended, change)| {
            let synced = *ended < before;
            if synced {
                change.apply(kept, || true);
            }
            !synced
        });
    }

    fn lose(&mut self, before: usize) {
        self.seen = Some(self.now());
        self.written.retain(|(ended, _)| *ended >= before);
    }

    fn now(&self) -> Vec<u8> {
        if let Some(seen) = &self.seen {
            return seen.clone();
        }
        let mut bytes = self.kept.clone();
        for (_, change) in &self.written {
            change.apply(&mut bytes, || true);
        }
        bytes
    }

    /// Of each file, all that was not synced is there, nothing of it, or about a half.
    fn cut(&self, chance: &mut SeededEntropy) -> Vec<u8> {
        let mut bytes = self.kept.clone();
        let of_two = chance.below(3);
        for (_, change) in &self.written {
            change.apply(&mut bytes, || chance.below(2) < of_two);
        }
        bytes
    }
}

impl Change<'_> {
    fn len_after(self, len: usize) -> usize {
        match self {
            Self::Write { at, bytes } => len.max(at + bytes.len()),
            Self::Resize(len) => len,
            Self::Extend(least) => len.max(least),
        }
    }

    /// Changes those sectors that are kept. A file that is longer than what was written to it holds
    /// zeros there.
    fn apply(self, content: &mut Vec<u8>, mut is_kept: impl FnMut() -> bool) {
        match self {
            Self::Write { at, bytes } => {
                let mut from = 0;
                while from < bytes.len() {
                    let end_of_sector = ((at + from) / SECTOR + 1) * SECTOR;
                    let to = bytes.len().min(end_of_sector - at);
                    if is_kept() {
                        let end = content.len().max(at + to);
                        content.resize(end, 0);
                        content[at + from..at + to].copy_from_slice(&bytes[from..to]);
                    }
                    from = to;
                }
            }
            Self::Resize(_) | Self::Extend(_) => {
                if is_kept() {
                    content.resize(self.len_after(content.len()), 0);
                }
            }
        }
    }
}

/// Names whose folders are there too.
fn found(names: &Names, mut content: impl FnMut(usize) -> Vec<u8>) -> Found {
    let mut found = Found::new();
    let root = names.keys().next().cloned();
    for (path, entry) in names {
        let is_root = Some(path) == root.as_ref();
        let folder = path.parent().and_then(|folder| found.get(folder));
        if is_root || matches!(folder, Some(None)) {
            let bytes = match entry {
                Entry::Folder => None,
                Entry::File(file) => Some(content(*file)),
            };
            found.insert(path.clone(), bytes);
        }
    }
    found
}

/// All that lies in a folder, and the folder.
pub fn read(folder: &Path) -> Found {
    let mut found = Found::from([(folder.to_owned(), None)]);
    for file in std::fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("a file").path();
        match path.is_dir() {
            true => found.extend(read(&path)),
            false => {
                let bytes = std::fs::read(&path).expect("a file");
                found.insert(path, Some(bytes));
            }
        }
    }
    found
}

/// Puts what was found in `from` into another folder, which is to be new.
pub fn write(found: &Found, from: &Path, to: &Path) {
    for (path, bytes) in found {
        let rest = path.strip_prefix(from).expect("it was found there");
        let path = to.join(rest);
        match bytes {
            None => std::fs::create_dir_all(&path).expect("a new folder"),
            Some(bytes) => std::fs::write(&path, bytes).expect("room for a file"),
        }
    }
}

fn length(number: u64) -> usize {
    usize::try_from(number).expect("of memory")
}
