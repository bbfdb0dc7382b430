//! Operations on a node's own folder and files, without the running node's API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::failure::Failure;
use super::report::{CardWritten, Exported, Initialised, Proposal, Rebuilt, Trust, Verified};
use super::secret::Passphrase;
use super::stop::Stop;
use crate::base::{Digest, Role};
use crate::config::{Config, Settings};

/// Tells how far an operation is: steps done, and steps in all.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Makes a node in `dir`: its folders, its keys sealed by `passphrase`, its configuration.
///
/// # Errors
/// A [`Failure`]; nothing of an existing node is touched.
pub fn init(
    dir: &Path,
    settings: &Settings,
    passphrase: &Passphrase,
) -> Result<Initialised, Failure> {
    let _ = (dir, settings, passphrase);
    todo!()
}

/// Serves until [`Stop::requested`] returns, then stops in order. `listen` overrides the
/// configuration's `[exchange] listen`.
///
/// # Errors
/// A [`Failure`] where the node cannot start, or had to stop.
pub async fn serve(
    config: Config,
    passphrase: Passphrase,
    listen: Option<SocketAddr>,
    stop: Stop,
) -> Result<(), Failure> {
    let _ = (config, passphrase, listen, stop);
    todo!()
}

/// Adds a person and gives their token. `roles` has no doubles, and is one that a person can hold.
///
/// # Errors
/// A [`Failure`] where the name is taken or the state cannot be written.
pub fn user_add(
    config: &Config,
    passphrase: &Passphrase,
    name: &str,
    roles: &[Role],
) -> Result<Zeroizing<String>, Failure> {
    let _ = (config, passphrase, name, roles);
    todo!()
}

/// Writes the node's card, with the proof that it holds its keys, to `out`.
///
/// # Errors
/// A [`Failure`].
pub fn member_card(
    config: &Config,
    passphrase: &Passphrase,
    out: &Path,
) -> Result<CardWritten, Failure> {
    let _ = (config, passphrase, out);
    todo!()
}

/// Puts members' cards together as a root and a trust list that nobody has signed, valid for
/// `days`.
///
/// # Errors
/// A [`Failure`] that names the card at fault.
pub fn trust_propose(cards: &[PathBuf], days: u16, out: &Path) -> Result<Proposal, Failure> {
    let _ = (cards, days, out);
    todo!()
}

/// Adds the member's signature to the proposal in `file`, in place.
///
/// # Errors
/// A [`Failure`] where the proposal does not list this node with its own keys.
pub fn trust_sign(
    config: &Config,
    passphrase: &Passphrase,
    file: &Path,
) -> Result<Proposal, Failure> {
    let _ = (config, passphrase, file);
    todo!()
}

/// Installs a completely signed proposal.
///
/// # Errors
/// A [`Failure`] where signatures are missing, or it is older than what is installed.
pub fn trust_install(config: &Config, file: &Path) -> Result<Trust, Failure> {
    let _ = (config, file);
    todo!()
}

/// The trust in force at the node.
///
/// # Errors
/// A [`Failure`], [`super::failure::Exit::NotFound`] where none is installed.
pub fn trust_show(config: &Config) -> Result<Trust, Failure> {
    let _ = config;
    todo!()
}

/// Verifies the whole log of a running or stopped node, without its passphrase.
///
/// # Errors
/// A [`Failure`], [`super::failure::Exit::Unverified`] naming the first entry or checkpoint at
/// fault.
pub fn audit_verify(dir: &Path, progress: Progress<'_>) -> Result<Verified, Failure> {
    let _ = (dir, progress);
    todo!()
}

/// Verifies an exported bundle, without node, network or store. `root` is the fingerprint of the
/// root of trust that the caller knows.
///
/// # Errors
/// As [`audit_verify`].
pub fn audit_verify_bundle(
    bundle: &Path,
    root: Option<Digest>,
    progress: Progress<'_>,
) -> Result<Verified, Failure> {
    let _ = (bundle, root, progress);
    todo!()
}

/// Exports the whole log of a running or stopped node as a bundle.
///
/// # Errors
/// A [`Failure`]; an incomplete `out` is not left behind.
pub fn audit_export(dir: &Path, out: &Path, progress: Progress<'_>) -> Result<Exported, Failure> {
    let _ = (dir, out, progress);
    todo!()
}

/// Rebuilds the index of a stopped node from its log.
///
/// # Errors
/// A [`Failure`] where a node serves from the folder, or the log is damaged.
pub fn store_rebuild(
    config: &Config,
    passphrase: &Passphrase,
    progress: Progress<'_>,
) -> Result<Rebuilt, Failure> {
    let _ = (config, passphrase, progress);
    todo!()
}
