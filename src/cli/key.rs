//! `key …`: what can be done with a node's secret keys while it does not serve.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Dir;
use super::failure::{Exit, Failure};
use super::output;
use super::report::Report;
use super::secret::{PassphraseArgs, PrivateFile, first_line};
use crate::base::{NodeId, OsEntropy};
use crate::config::Config;
use crate::node::{Folder, NodeError};
use crate::seal::keystore::Keystore;
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
    pub fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Backup(args) => output::report(&backup(&args)?, json),
            Self::Recover(args) => output::report(&recover(&args)?, json),
            Self::Passphrase(args) => output::report(&change(&args)?, json),
        }
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
            "Give each to another person, on paper or a stick, and delete the files here.\n\
             Shares of an earlier backup are worth nothing now.\n",
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
            "The keys of {} open with the new passphrase alone.\n",
            self.node
        )
    }
}

fn backup(args: &Backup) -> Result<Shares, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let passphrase = args.passphrase.existing(&config)?;
    let folder = Folder(config.dir.clone());
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
                    refused(why)
                })?;
        shares.push(share);
    }
    let keystore = Folder(config.dir.clone()).keystore();
    let keys = Recovery::beside(&keystore).open(&shares)?;
    if keys.node != config.node() {
        return Err(NodeError::OtherNode(keys.node).into());
    }
    reseal(&config, &keys, args.new_passphrase_file.clone())
}

fn change(args: &ChangePassphrase) -> Result<Resealed, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let passphrase = args.passphrase.existing(&config)?;
    let keys = Folder(config.dir.clone()).keys(config.node(), passphrase.as_str())?;
    reseal(&config, &keys, args.new_passphrase_file.clone())
}

fn reseal(
    config: &Config,
    keys: &crate::seal::keystore::Keys,
    passphrase_file: Option<PathBuf>,
) -> Result<Resealed, Failure> {
    let new = PassphraseArgs { passphrase_file }.new_keys()?;
    let keystore = Folder(config.dir.clone()).keystore();
    Keystore::replace(&keystore, new.as_str(), keys, &mut OsEntropy).map_err(NodeError::from)?;
    Ok(Resealed { node: keys.node })
}

fn refused(why: String) -> Failure {
    Failure::new(
        Exit::Failure,
        "recovery-refused",
        "the keys cannot be recovered so",
        why,
        "bring enough shares of the latest `liaison key backup`, each from another person",
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
                refused(why)
            }
        }
    }
}
