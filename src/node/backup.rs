//! A backup: the node's folder in one file, while it serves. What it holds of the log is whole
//! groups, since what is torn at its end is what a power cut would leave too.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::runtime::Handle;
use tracing::{info, warn};

use super::reach::Ways;
use crate::base::{MessageId, OsEntropy, Timestamp};
use crate::seal::at_rest::is_changing;
use crate::seal::recipient::{RecipientKey, RecipientPublicKey};
use crate::seal::stick::{
    MAX_PART, STICK_HEAD, SealedKind, StickAddress, StickError, StickItem, StickPlace, StickWriter,
    open_backup,
};
use crate::seal::trust::Directory;

/// Bytes of a backup that are passed on at a time.
const PIECE: usize = 256 * 1024;

/// What is in a backup, in the order in which it is read: keys and trust before the log that they
/// vouch for, the log's anchor before its entries, and the files that entries name after those.
const PARTS: [&str; 6] = ["liaison.toml", "keys", "trust", "state", "log", "blobs"];

/// How often a backup is tried that an erasure interrupts, and how long it waits for the end of one.
const TRIES: usize = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// The log's anchor, which goes before its entries.
const ANCHOR: &str = "anchor";

/// Written beside a restored log, so that the node does not go on with it.
pub const RESTORED: &str = "restored";

/// A backup that was read.
#[derive(Debug, Clone, Copy)]
pub struct ReadBackup {
    /// From where it is, and when it was written.
    pub address: StickAddress,
    /// Files in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the trust list in it names the key that signed it; nothing before the first list.
    pub vouched: Option<bool>,
}

/// Writes a backup, sealed to the recovery key, into `out`: its length in eight bytes, the file,
/// and a length of 0.
pub(super) fn back_up(ways: &Ways, to: &RecipientPublicKey, id: MessageId, mut out: DuplexStream) {
    let runtime = Handle::current();
    let written = write(ways, to, id).and_then(|mut file| {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        runtime.block_on(out.write_all(&length.to_be_bytes()))?;
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                runtime.block_on(out.write_all(&0u64.to_be_bytes()))?;
                return Ok(length);
            }
            runtime.block_on(out.write_all(&piece[..read]))?;
        }
    });
    match written {
        Ok(bytes) => info!(event = "backed-up", bytes),
        // An end before the end tells the person.
        Err(error) => warn!(event = "backup-failed", %error),
    }
}

/// Writes a backup in which the keys of the log are of one epoch: one that was erasing meanwhile is
/// made again.
fn write(ways: &Ways, to: &RecipientPublicKey, id: MessageId) -> io::Result<File> {
    for _ in 0..TRIES {
        let epoch = fs::read(ways.folder.epoch())?;
        if is_changing(&epoch) {
            std::thread::sleep(PAUSE);
            continue;
        }
        let file = write_once(ways, to, id)?;
        if fs::read(ways.folder.epoch())? == epoch {
            return Ok(file);
        }
    }
    Err(io::Error::other("the log's keys changed again and again"))
}

fn write_once(ways: &Ways, to: &RecipientPublicKey, id: MessageId) -> io::Result<File> {
    let keys = ways.keys.get();
    let address = StickAddress {
        kind: SealedKind::Backup,
        sender: keys.node,
        sender_key: keys.identity.key_id(),
        recipient: keys.node,
        recipient_key: to.key_id(),
        export: id,
        number: 1,
        place: StickPlace::Last,
        created: Timestamp::system(),
    };
    let mut writer = StickWriter::new(ways.spool()?, address, &mut OsEntropy)?;
    let dir = &ways.folder.0;
    for part in PARTS {
        for path in files(&dir.join(part))? {
            let name = path.strip_prefix(dir).map_err(io::Error::other)?;
            let name = name.to_str().filter(|name| is_part(name));
            if let Some(name) = name {
                copy(&path, name, &mut writer)?;
            }
        }
    }
    let identity = &keys.identity;
    writer.finish(StickPlace::Last, identity, to, &mut OsEntropy)
}

/// The files at or under a path, in the order of their names; those that belong to one process or
/// are half written are left out.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    if !path.exists() {
        return Ok(found);
    }
    let mut listed: Vec<_> = fs::read_dir(path)?.collect::<io::Result<_>>()?;
    // Entries that are written meanwhile may be missing; what the anchor says was there may not.
    listed.sort_by_key(|entry| {
        let name = entry.file_name();
        (name != ANCHOR, name)
    });
    for entry in listed {
        let path = entry.path();
        let passing = path
            .extension()
            .is_some_and(|end| end == "new" || end == "part");
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if !passing
            && !matches!(
                path.file_name().and_then(|n| n.to_str()),
                Some("lock" | "ballast")
            )
        {
            found.push(path);
        }
    }
    Ok(found)
}

fn copy(path: &Path, name: &str, writer: &mut StickWriter<File>) -> io::Result<()> {
    let mut file = match File::open(path) {
        // It was replaced or removed since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    // What is written meanwhile is not part of it.
    let mut left = file.metadata()?.len();
    let mut offset = 0;
    loop {
        let most = usize::try_from(left).unwrap_or(MAX_PART).min(MAX_PART);
        let mut bytes = vec![0; most];
        file.read_exact(&mut bytes)?;
        left -= most as u64;
        writer.push(&StickItem::File {
            name: name.to_owned(),
            offset,
            bytes,
        })?;
        offset += most as u64;
        if left == 0 {
            return Ok(());
        }
    }
}

/// Whether a name is one that a backup holds: under one of its parts, and nowhere else.
fn is_part(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    let mut steps = name.split('/');
    let first = steps.next().unwrap_or_default();
    PARTS.contains(&first)
        && (first == "liaison.toml") == (first == name)
        && name.chars().all(plain)
        && steps.all(|step| !step.is_empty() && !step.starts_with('.'))
}

/// Reads a backup with the recovery key into `dir`, an empty folder.
///
/// # Errors
/// [`StickError`]; what was written is to be thrown away.
pub fn read_backup(
    mut file: File,
    key: &RecipientKey,
    dir: &Path,
) -> Result<ReadBackup, StickError> {
    let mut head = Vec::new();
    (&mut file).take(STICK_HEAD as u64).read_to_end(&mut head)?;
    let opened = open_backup(&head, key)?;
    let mut read = ReadBackup {
        address: opened.address,
        files: 0,
        bytes: 0,
        vouched: None,
    };
    opened.items(file, |item| {
        let StickItem::File {
            name,
            offset,
            bytes,
        } = item
        else {
            return Err(StickError::Damaged);
        };
        if !is_part(&name) {
            return Err(StickError::Damaged);
        }
        let path = dir.join(&name);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        let mut options = fs::OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = match offset {
            0 => options.write(true).create_new(true).open(&path)?,
            _ => options.append(true).open(&path)?,
        };
        if out.metadata()?.len() != offset {
            return Err(StickError::Damaged);
        }
        out.write_all(&bytes)?;
        read.files += u64::from(offset == 0);
        read.bytes += bytes.len() as u64;
        Ok(())
    })?;
    if dir.join("trust/root.json").exists() {
        let directory = Directory::load(&dir.join("trust")).map_err(|_| StickError::Damaged)?;
        let address = opened.address;
        let identity = directory.identity_by_id(address.sender, address.sender_key);
        read.vouched = Some(identity.is_some_and(|key| opened.is_signed_by(&head, &key)));
    }
    Ok(read)
}

/// Makes a folder and everything in it durable. Its own name is its parent's.
///
/// # Errors
/// Whatever the file system gives.
pub fn make_durable(folder: &Path) -> io::Result<()> {
    for file in folder.read_dir()? {
        let path = file?.path();
        match path.is_dir() {
            true => make_durable(&path)?,
            false => File::open(&path)?.sync_all()?,
        }
    }
    File::open(folder)?.sync_all()
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_but_into_the_parts_of_a_backup() {
        for good in [
            "liaison.toml",
            "keys/keystore",
            "trust/bundles/MK-1.json",
            "log/anchor",
        ] {
            assert!(is_part(good), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "keys",
            "keys/",
            "keys/../x",
            "keys/./x",
            "keys//x",
            "run/x",
            "liaison.toml/x",
            "index/db",
            "log/.hidden",
            "log/a b",
            "../log/x",
        ] {
            assert!(!is_part(bad), "{bad}");
        }
    }
}
