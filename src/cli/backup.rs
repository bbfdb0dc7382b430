//! `backup` and `restore`: the node's folder in one sealed file, and what such a file holds.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::args::Dir;
use super::failure::{Exit, Failure};
use super::key::refused;
use super::output;
use super::report::Report;
use super::secret::{PassphraseArgs, first_line};
use super::session::SessionArgs;
use super::text::{clean, count, hang, size, time};
use crate::base::{Digest, NodeId, Role, Timestamp};
use crate::config::Config;
use crate::node::{Folder, NodeError, RESTORED, make_durable, read_backup};
use crate::seal::KeyId;
use crate::seal::recovery::{Recovery, RecoveryError, Share, ShareError};
use crate::seal::stick::{STICK_HEAD, StickError, backup_key};
use crate::store::verify_folder;

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    session: SessionArgs,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// `restore`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true).args(["verify", "dir"]))]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with one person's share of the recovery key
    #[arg(long = "share", value_name = "FILE", required = true, num_args = 1..)]
    shares: Vec<PathBuf>,
    /// Only check that all of it is there and its log holds
    #[arg(long)]
    verify: bool,
    /// A new folder to restore into
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// `resume`.
#[derive(Debug, Args)]
pub struct Resume {
    #[command(flatten)]
    dir: Dir,
    /// The folder that the backup was made of is gone for good: two nodes with one log are a fork,
    /// which peers prove
    #[arg(long)]
    old_folder_lost: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, Serialize)]
struct ResumedNode {
    node: NodeId,
    dir: PathBuf,
    /// The incarnation of the log that the backup is of.
    before: String,
    /// The one that goes on.
    origin: String,
    /// Entries that it goes on from.
    log_size: u64,
    log_root: Digest,
    /// The time of the last of them: what was recorded since is lost here.
    last: Timestamp,
}

impl Report for ResumedNode {
    fn text(&self) -> String {
        let goes_on = format!(
            "{} goes on from {}, root {}…",
            clean(&self.origin),
            count(self.log_size, "entry", "entries"),
            self.log_root.short()
        );
        let lost = format!(
            "what was recorded after {} is not here. Peers send again what they had sent, and give \
             back what they had been sent; what nobody had is lost",
            time(self.last)
        );
        let text = format!("{} may serve from {}.\n", self.node, self.dir.display());
        text + &hang("  log   ", &goes_on)
            + &hang("  lost  ", &lost)
            + "\nNext: `liaison config check`, `liaison serve`, then `liaison audit witness`.\n\
               Its next backups open with the shares that opened this one. Where others were made since, \
               run\n`liaison key backup` anew, then `liaison backup`.\n"
    }
}

#[derive(Debug, Serialize)]
struct BackedUp {
    file: PathBuf,
    size: u64,
}

impl Report for BackedUp {
    fn text(&self) -> String {
        format!(
            "{} ({}) holds the node's folder, sealed to its recovery key.\n\n\
             Check it with enough people's shares: `liaison restore --verify`.\n",
            self.file.display(),
            size(self.size)
        )
    }
}

#[derive(Debug, Serialize)]
struct Restored {
    node: NodeId,
    made: Timestamp,
    files: u64,
    size: u64,
    entries: u64,
    log_root: Digest,
    /// The fingerprint of the root of trust that vouches for the log and for the backup's writer.
    trust_root: Option<Digest>,
    dir: Option<PathBuf>,
}

impl Report for Restored {
    fn text(&self) -> String {
        let mut text = format!(
            "The backup of {}, made {}, holds: {} ({}).\n  log      {}, root {}…\n",
            self.node,
            time(self.made),
            count(self.files, "file", "files"),
            size(self.size),
            count(self.entries, "entry", "entries"),
            self.log_root.short()
        );
        if let Some(root) = self.trust_root {
            text += &format!("  trust    {root}: compare it with one that you know\n");
        }
        match &self.dir {
            Some(dir) => {
                text + &format!(
                    "\nIt is in {}. The node does not serve from there yet: the log may have gone\n\
                         on after the backup, and peers hold what it said. `liaison audit verify` and\n\
                         `audit export` read it; `liaison resume` goes on from it, in a new\n\
                         incarnation of the log. `liaison help restored` says more.\n",
                    dir.display()
                )
            }
            None => text,
        }
    }
}

impl Backup {
    /// Makes a backup of the running node, and prints where it is.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let client = self.session.open(&[Role::Admin])?.client;
        let size = client.back_up(&self.out).await?;
        let file = self.out;
        output::report(&BackedUp { file, size }, json)
    }
}

impl Restore {
    /// Reads a backup, and prints what it holds.
    ///
    /// # Errors
    /// A [`Failure`]; nothing is left behind.
    pub fn run(self, json: bool) -> Result<(), Failure> {
        output::report(&self.restored()?, json)
    }

    fn restored(&self) -> Result<Restored, Failure> {
        let unreadable = |error: std::io::Error| Failure::file(&self.file, &error);
        let file = File::open(&self.file).map_err(unreadable)?;
        let key_id = backup_key(&self.head().map_err(unreadable)?)?;
        let shares = self.shares.iter().map(|path| share(path, &key_id));
        let shares: Vec<Share> = shares.collect::<Result<_, Failure>>()?;
        let key = Recovery::key(&shares, &key_id).map_err(|error| match error {
            RecoveryError::OtherKey | RecoveryError::Share(_) => {
                not_opened(error.to_string(), &key_id)
            }
            error => error.into(),
        })?;
        let place = match &self.dir {
            Some(dir) => dir.parent().filter(|parent| *parent != Path::new("")),
            None => None,
        };
        if let Some(dir) = &self.dir
            && dir.exists()
        {
            return Err(Failure::new(
                Exit::Failure,
                "node-exists",
                "the folder is there already",
                format!("{} is not a new folder", dir.display()),
                "choose another one; a node's keys and log are never overwritten",
            ));
        }
        let into = match (&self.dir, place) {
            (Some(_), Some(place)) => tempfile::tempdir_in(place),
            (Some(_), None) => tempfile::tempdir_in("."),
            (None, _) => tempfile::tempdir(),
        };
        let into = into.map_err(unreadable)?;
        let read = read_backup(file, &key, into.path())?;
        if read.vouched == Some(false) {
            return Err(StickError::UnknownSender(read.address.sender).into());
        }
        let report = verify_folder(into.path(), &mut |_, _| ())?;
        let restored = Restored {
            node: read.address.sender,
            made: read.address.created,
            files: read.files,
            size: read.bytes,
            entries: report.head.map_or(0, |head| head.size),
            log_root: report.head.map_or(Digest::EMPTY, |head| head.root),
            trust_root: report.root_fingerprint,
            dir: self.dir.clone(),
        };
        if let Some(dir) = &self.dir {
            let failed = |error: std::io::Error| Failure::file(dir, &error);
            let marker = into.path().join(RESTORED);
            std::fs::write(&marker, format!("{}\n", report.origin)).map_err(failed)?;
            std::fs::create_dir_all(into.path().join("run")).map_err(failed)?;
            make_durable(into.path()).map_err(failed)?;
            std::fs::rename(into.path(), dir).map_err(failed)?;
            // It has another name now.
            let _ = into.keep();
            let synced = File::open(place.unwrap_or(Path::new("."))).and_then(|f| f.sync_all());
            synced.map_err(failed)?;
        }
        Ok(restored)
    }

    fn head(&self) -> std::io::Result<Vec<u8>> {
        use std::io::Read as _;
        let mut head = Vec::new();
        let file = File::open(&self.file)?;
        file.take(STICK_HEAD as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

impl Resume {
    /// Lets a restored node serve again, and prints from where it goes on.
    ///
    /// # Errors
    /// A [`Failure`]; the node still does not serve then.
    pub fn run(self, json: bool) -> Result<(), Failure> {
        if !self.old_folder_lost {
            return Err(Failure::new(
                Exit::Usage,
                "usage",
                "the command line is wrong",
                "the folder that the backup was made of would be a second node with this log",
                "if it can be had, serve from that; if it is gone for good, add --old-folder-lost",
            ));
        }
        let config = Config::load(&self.dir.dir)?;
        let folder = Folder(config.dir.clone());
        if !folder.is_restored() {
            return Err(NodeError::NotRestored.into());
        }
        let passphrase = self.passphrase.existing(&config)?;
        let resumed = folder.resume(config.node(), passphrase.as_str())?;
        let report = ResumedNode {
            node: config.node(),
            dir: config.dir.clone(),
            before: resumed.head.origin.to_string(),
            origin: resumed.origin.to_string(),
            log_size: resumed.head.size,
            log_root: resumed.head.root,
            last: resumed.last,
        };
        output::report(&report, json)
    }
}

fn share(path: &Path, key: &KeyId) -> Result<Share, Failure> {
    first_line(path)?.parse().map_err(|error: ShareError| {
        let why = format!("{}: {error}", path.display());
        not_opened(why, key)
    })
}

/// Says which shares a backup opens with that is sealed to this recovery key.
fn not_opened(why: String, key: &KeyId) -> Failure {
    let next = format!(
        "bring enough of the shares that begin `{}`, each from another person: a backup opens with those \
         of the last `liaison key backup` before it",
        Share::beginning(key)
    );
    refused(why, next)
}

impl From<StickError> for Failure {
    fn from(error: StickError) -> Self {
        let exit = match error {
            StickError::Io(_) => Exit::Failure,
            StickError::NotAStick
            | StickError::ForAnother(_)
            | StickError::KeyGone
            | StickError::UnknownSender(_)
            | StickError::Damaged => Exit::Unverified,
        };
        let why = error.to_string();
        Self::new(
            exit,
            error.code(),
            "the file is not taken",
            why,
            error.next(),
        )
    }
}
