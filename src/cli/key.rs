//! `key …`: what can be done with a node's secret keys while it does not serve.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Dir;
use super::failure::{Exit, Failure};
use super::output;
use super::report::Report;
use super::secret::{Passphrase, PassphraseArgs, PrivateFile, first_line};
use super::session::SessionArgs;
use crate::base::{NodeId, OsEntropy, Role};
use crate::config::Config;
use crate::node::{Folder, NodeError};
use crate::seal::keystore::{Keys, Keystore, KeystoreLock, Rotation};
use crate::seal::recovery::{Recovery, RecoveryError, Share};

/// `key …`.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Split a recovery key among people, so that a lost passphrase does not lose the node
    Backup(Backup),
    /// Give the keys a new passphrase with enough people's shares
    Recover(Recover),
    /// Change the passphrase
    Passphrase(ChangePassphrase),
    /// Make new keys for the running node, and hand them to its peers
    Rotate(Rotate),
}

/// `key rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    session: SessionArgs,
    /// The key of the TLS certificate
    #[arg(long)]
    tls: bool,
    /// The key that others seal to
    #[arg(long)]
    recipient: bool,
    /// The key that signs the log
    #[arg(long)]
    log: bool,
}

/// `key backup`.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    dir: Dir,
    /// How many people get a share
    #[arg(long, default_value_t = 5, value_name = "NUMBER")]
    shares: u8,
    /// How many of them are needed
    #[arg(long, default_value_t = 3, value_name = "NUMBER")]
    needed: u8,
    /// A new folder for the shares, one file a person
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// `key recover`.
#[derive(Debug, Args)]
pub struct Recover {
    #[command(flatten)]
    dir: Dir,
    /// A file with one person's share
    #[arg(long = "share", value_name = "FILE", required = true, num_args = 1..)]
    shares: Vec<PathBuf>,
    /// A file whose first line is the new passphrase; else a prompt
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

/// `key passphrase`.
#[derive(Debug, Args)]
pub struct ChangePassphrase {
    #[command(flatten)]
    dir: Dir,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// A file whose first line is the new passphrase; else a prompt
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

impl Key {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Rotate(args) => output::report(&rotate(&args).await?, json),
            Self::Backup(args) => output::report(&backup(&args)?, json),
            Self::Recover(args) => output::report(&recover(&args)?, json),
            Self::Passphrase(args) => output::report(&change(&args)?, json),
        }
    }
}

/// New keys are in force.
#[derive(Debug, Serialize)]
struct Rotated {
    node: NodeId,
    sequence: u64,
    rotated: Rotation,
}

impl Report for Rotated {
    fn text(&self) -> String {
        let mut text = format!(
            "{} has new keys, named in its bundle {}:\n",
            self.node, self.sequence
        );
        for (made, what) in [
            (
                self.rotated.recipient,
                "receiving: others seal to it from now on; older ones open what is late",
            ),
            (
                self.rotated.log,
                "log: it signs every checkpoint from now on",
            ),
            (
                self.rotated.tls,
                "TLS: it is shown once every peer has the bundle, or after a week",
            ),
        ] {
            if made {
                text.push_str(&format!("  {what}\n"));
            }
        }
        text
    }
}

/// How long new keys may take.
const ROTATING: Duration = Duration::from_secs(30);

/// Orders new keys, and waits until they are in force. Without a choice all are made anew.
async fn rotate(args: &Rotate) -> Result<Rotated, Failure> {
    let chosen = Rotation {
        tls: args.tls,
        recipient: args.recipient,
        log: args.log,
    };
    let rotated = if chosen.is_empty() {
        Rotation::ALL
    } else {
        chosen
    };
    let client = args.session.open(&[Role::Admin])?.client;
    let before = client.rotate_keys(&rotated).await?;
    let deadline = Instant::now() + ROTATING;
    loop {
        let keys = client.health().await?.keys;
        if keys.is_some_and(|keys| keys.sequence > before.sequence) {
            return Ok(Rotated {
                node: before.node,
                sequence: before.sequence + 1,
                rotated,
            });
        }
        if Instant::now() > deadline {
            return Err(Failure::new(
                Exit::Failure,
                "keys-not-rotated",
                "the new keys are not in force yet",
                "the node was told, and has not made them",
                "the node's own log says why; `liaison key passphrase` needs a restart of the node",
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The shares that were written.
#[derive(Debug, Serialize)]
struct Shares {
    node: NodeId,
    needed: u8,
    files: Vec<PathBuf>,
}

impl Report for Shares {
    fn text(&self) -> String {
        let mut text = format!(
            "The keys of {} can be recovered with any {} of these shares:\n",
            self.node, self.needed
        );
        for file in &self.files {
            text.push_str(&format!("  {}\n", file.display()));
        }
        text.push_str(
            "Give each to another person, on paper or a stick, and delete the files here.\n\n\
             Shares that were made earlier do not recover these keys any more. They alone open the \
             backups\nmade until now: make one now (`liaison backup`), and keep the earlier shares until \
             you have\ndestroyed the older backups.\n",
        );
        text
    }
}

/// The keys have another passphrase.
#[derive(Debug, Serialize)]
struct Resealed {
    node: NodeId,
}

impl Report for Resealed {
    fn text(&self) -> String {
        format!(
            "The keys of {} open with the new passphrase alone.\n\n\
             Next: renew the file or the service's credential that has the old one, and restart the \
             node if it\nserves: until then it makes no new keys, and in time nothing comes in any more \
             (`liaison help recovery`).\n",
            self.node
        )
    }
}

fn backup(args: &Backup) -> Result<Shares, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let passphrase = args.passphrase.existing(&config)?;
    let folder = Folder(config.dir.clone());
    let _lock = lock(&folder)?;
    let keys = folder.keys(config.node(), passphrase.as_str())?;
    let number = |i| args.out.join(format!("share-{i}"));
    // Made first: shares that cannot be written must not replace those that people hold.
    let files: Result<Vec<_>, _> = (1..=args.shares).map(|i| open(number(i))).collect();
    let files = files?;
    let recovery = Recovery::beside(&folder.keystore());
    let shares = recovery.set_up(&keys, args.needed, args.shares, &mut OsEntropy)?;
    let mut written = Vec::new();
    for ((path, file), share) in files.into_iter().zip(shares) {
        file.fill(&share.to_string())?;
        written.push(path);
    }
    Ok(Shares {
        node: keys.node,
        needed: args.needed,
        files: written,
    })
}

/// Keeps a running node from making new keys while they are read and written here.
fn lock(folder: &Folder) -> Result<KeystoreLock, Failure> {
    Ok(Keystore::lock(&folder.keystore()).map_err(NodeError::from)?)
}

fn open(path: PathBuf) -> Result<(PathBuf, PrivateFile), Failure> {
    let file = PrivateFile::create(&path)?;
    Ok((path, file))
}

fn recover(args: &Recover) -> Result<Resealed, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let mut shares = Vec::new();
    for path in &args.shares {
        let share: Share =
            first_line(path)?
                .parse()
                .map_err(|error: crate::seal::recovery::ShareError| {
                    let why = format!("{}: {error}", path.display());
                    refused(why, LATEST)
                })?;
        shares.push(share);
    }
    let new = new_passphrase(args.new_passphrase_file.clone())?;
    let folder = Folder(config.dir.clone());
    let _lock = lock(&folder)?;
    let keys = Recovery::beside(&folder.keystore()).open(&shares)?;
    if keys.node != config.node() {
        return Err(NodeError::OtherNode(keys.node).into());
    }
    reseal(&folder, &keys, &new)
}

fn change(args: &ChangePassphrase) -> Result<Resealed, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let passphrase = args.passphrase.existing(&config)?;
    let new = new_passphrase(args.new_passphrase_file.clone())?;
    let folder = Folder(config.dir.clone());
    let _lock = lock(&folder)?;
    let keys = folder.keys(config.node(), passphrase.as_str())?;
    reseal(&folder, &keys, &new)
}

/// Asked for first: nobody waits for a person while the keystore is locked.
fn new_passphrase(passphrase_file: Option<PathBuf>) -> Result<Passphrase, Failure> {
    PassphraseArgs { passphrase_file }.new_keys()
}

fn reseal(folder: &Folder, keys: &Keys, new: &Passphrase) -> Result<Resealed, Failure> {
    let keystore = folder.keystore();
    Keystore::replace(&keystore, new.as_str(), keys, &mut OsEntropy).map_err(NodeError::from)?;
    Ok(Resealed { node: keys.node })
}

/// What recovers the keys of a folder.
const LATEST: &str =
    "bring enough shares of the latest `liaison key backup`, each from another person";

/// Shares do not do, and what to bring `next`.
pub fn refused(why: String, next: impl Into<String>) -> Failure {
    Failure::new(
        Exit::Failure,
        "recovery-refused",
        "the keys cannot be recovered so",
        why,
        next,
    )
}

impl From<RecoveryError> for Failure {
    fn from(error: RecoveryError) -> Self {
        let why = error.to_string();
        match error {
            RecoveryError::Shares => Self::new(
                Exit::Usage,
                "recovery-shares",
                "the number of shares makes no sense",
                why,
                "of 2 to 16 shares at least 2 are needed, and at most all",
            ),
            RecoveryError::Io(_) => Self::new(
                Exit::Failure,
                "file",
                "a file cannot be used",
                why,
                "check the folder's permissions and the space on the disk",
            ),
            RecoveryError::NotSetUp => Self::new(
                Exit::NotFound,
                "recovery-not-set-up",
                "no recovery was set up",
                why,
                "restore the folder from a backup; next time, run `liaison key backup` first",
            ),
            RecoveryError::Share(_) | RecoveryError::OtherKey | RecoveryError::Damaged => {
                refused(why, LATEST)
            }
        }
    }
}
