//! `move …`: a node goes to another machine or address, and never serves in two places.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Dir;
use super::failure::{Exit, Failure};
use super::local::{audit_verify, keys};
use super::output;
use super::report::Report;
use super::secret::PassphraseArgs;
use super::text::{clean, count, hang};
use crate::base::{Digest, NodeId, files};
use crate::config::{Config, FILE};
use crate::node::{Folder, HeldFiles, Moving, OpenNode, announce};

/// `move …`.
#[derive(Debug, Subcommand)]
pub enum Move {
    /// At the old place: mark the stopped node's folder, so that it never serves there again
    Prepare(Prepare),
    /// At the new place: check the copied folder, set its addresses, and let it serve
    Complete(Complete),
    /// At the old place: take the mark back, after every copy was destroyed
    Cancel(Cancel),
}

/// `move prepare`.
#[derive(Debug, Args)]
pub struct Prepare {
    #[command(flatten)]
    dir: Dir,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// `move complete`.
#[derive(Debug, Args)]
pub struct Complete {
    #[command(flatten)]
    dir: Dir,
    /// Where to listen for peers, UDP, if that changes
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the API listens, a loopback address, if that changes
    #[arg(long, value_name = "ADDR")]
    api_listen: Option<SocketAddr>,
    /// What peers dial, host:port, if that changes; it is signed, and told to them with the next link
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Go on without the attachments that the copy lacks: their files are lost
    #[arg(long)]
    files_lost: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// `move cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    #[command(flatten)]
    dir: Dir,
    /// Every copy of the folder was destroyed: two nodes with one log are a fork, which peers prove
    #[arg(long)]
    copies_destroyed: bool,
}

/// What became of the move.
#[derive(Debug, Serialize)]
pub struct Moved {
    node: NodeId,
    dir: PathBuf,
    log_size: u64,
    log_root: Digest,
    /// Whether the node may serve from the folder now.
    serves_here: bool,
    /// What peers dial from now on, where that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Attachments that the log says are here and that are lost, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    files_lost: Option<u64>,
}

impl Moved {
    fn of(mark: Moving, dir: &Path, serves_here: bool) -> Self {
        Self {
            node: mark.node,
            dir: dir.to_owned(),
            log_size: mark.log_size,
            log_root: mark.log_root,
            serves_here,
            address: None,
            files_lost: None,
        }
    }
}

impl Report for Moved {
    fn text(&self) -> String {
        let dir = self.dir.display();
        let size = count(self.log_size, "entry", "entries");
        let root = self.log_root.short();
        if !self.serves_here {
            return format!(
                "{} does not serve from {dir} any more.\n  log  {size}, root {root}…\n\n\
                 Copy the whole folder with owners and modes, then at the new place:\n\
                 `liaison move complete --dir DIR --listen ADDR --address HOST:PORT`\n",
                self.node
            );
        }
        let mut text = format!(
            "{} may serve from {dir}.\n  log  {size}, root {root}…\n",
            self.node
        );
        if let Some(address) = &self.address {
            let told = format!(
                "peers dial {} once they know: with the next link, which this node makes itself",
                clean(address)
            );
            text += &hang("  new  ", &told);
        }
        if let Some(lost) = self.files_lost {
            let lost = count(lost, "attachment is lost", "attachments are lost");
            text += &hang("  lost ", &lost);
        }
        text + "\nNext: `liaison config check`, `liaison serve`, then `liaison doctor`.\n"
    }
}

impl Move {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`]; the node may then serve where it could before.
    pub fn run(self, json: bool) -> Result<(), Failure> {
        let moved = match self {
            Self::Prepare(args) => prepare(&args)?,
            Self::Complete(args) => complete(&args)?,
            Self::Cancel(args) => cancel(&args)?,
        };
        output::report(&moved, json)
    }
}

fn prepare(args: &Prepare) -> Result<Moved, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let passphrase = args.passphrase.existing(&config)?;
    let keys = keys(&config, &passphrase)?;
    let mark = Folder(config.dir.clone()).mark_moving(keys)?;
    Ok(Moved::of(mark, &config.dir, false))
}

fn complete(args: &Complete) -> Result<Moved, Failure> {
    let config = Config::load(&args.dir.dir)?;
    let folder = Folder(config.dir.clone());
    let mark = marked(&folder)?;
    let passphrase = args.passphrase.existing(&config)?;
    let keys = keys(&config, &passphrase)?;
    let copied = audit_verify(&config.dir, &mut |_, _| ())?;
    if (copied.entries, copied.log_root) != (mark.log_size, mark.log_root) {
        return Err(Failure::new(
            Exit::Unverified,
            "move-not-whole",
            "the copy is not the folder that was prepared",
            format!(
                "the log had {} and has {} here, or others",
                count(mark.log_size, "entry", "entries"),
                count(copied.entries, "entry", "entries")
            ),
            "copy the whole folder again, and let nothing write to it; nothing was changed here",
        ));
    }
    // Held until the mark is gone.
    let open = OpenNode::open(&folder, keys, &mut |_, _| ())?;
    let held = folder.held_files(&open)?;
    if held.lacking > 0 && !args.files_lost {
        return Err(lacks_files(held));
    }
    let mut settings = config.settings.clone();
    settings.exchange.listen = args.listen.unwrap_or(settings.exchange.listen);
    settings.api.listen = args.api_listen.unwrap_or(settings.api.listen);
    settings.exchange.address = args.address.clone().or(settings.exchange.address);
    let text = settings.render();
    Config::parse(&config.dir, &text)?;
    if let Some(address) = &args.address {
        announce(&folder, &open.keys, |bundle| {
            bundle.address = Some(address.clone())
        })?;
    }
    if settings != config.settings {
        replace_config(&config, &text)?;
    }
    // What an earlier process left must not be taken for one that runs here.
    let _none = std::fs::remove_file(config.addresses_file());
    folder.unmark()?;
    Ok(Moved {
        address: args.address.clone(),
        files_lost: (held.lacking > 0).then_some(held.lacking),
        ..Moved::of(mark, &config.dir, true)
    })
}

fn lacks_files(held: HeldFiles) -> Failure {
    let all = count(held.here + held.lacking, "attachment", "attachments");
    Failure::new(
        Exit::Unverified,
        "move-lacks-files",
        "the copy lacks files of attachments",
        format!(
            "not there: {} of {all} that the log says are here",
            held.lacking
        ),
        "copy the folder `blobs` again; if they are lost at the old place too, add --files-lost; nothing was \
         changed here",
    )
}

fn cancel(args: &Cancel) -> Result<Moved, Failure> {
    if !args.copies_destroyed {
        return Err(Failure::new(
            Exit::Usage,
            "usage",
            "the command line is wrong",
            "a copy that is left could serve beside this folder, which is a fork of the log",
            "destroy every copy, and add --copies-destroyed",
        ));
    }
    let config = Config::load(&args.dir.dir)?;
    let folder = Folder(config.dir.clone());
    let mark = marked(&folder)?;
    folder.unmark()?;
    Ok(Moved::of(mark, &config.dir, true))
}

fn marked(folder: &Folder) -> Result<Moving, Failure> {
    folder.moving()?.ok_or_else(|| {
        Failure::new(
            Exit::Failure,
            "move-not-prepared",
            "the folder is not one that moves",
            format!("{} has no mark of a move", folder.0.display()),
            "stop the node, run `liaison move prepare` on its folder, and copy that",
        )
    })
}

/// Writes the configuration anew, and keeps the one before beside it.
fn replace_config(config: &Config, text: &str) -> Result<(), Failure> {
    let file = config.dir.join(FILE);
    let before = config.dir.join(format!("{FILE}.before-move"));
    let failed = |error| Failure::file(&file, &error);
    std::fs::copy(&file, &before)
        .and_then(|_| std::fs::File::open(&before)?.sync_all())
        .map_err(failed)?;
    files::publish(&file, text.as_bytes()).map_err(failed)
}
