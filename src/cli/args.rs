//! The arguments of the local operations.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::secret::PassphraseArgs;
use crate::base::{Digest, MemberId, Role, Timestamp};

/// The node's folder.
#[derive(Debug, Clone, Args)]
pub struct Dir {
    /// The node's folder
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    pub dir: Dir,
    /// The member that runs the node: a country code such as MK, or an organisation's short name
    #[arg(long)]
    pub member: MemberId,
    /// The office's name, as other members see it
    #[arg(long)]
    pub name: String,
    /// The member's own number for the node; one that no earlier node of the member had
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..), value_name = "NUMBER")]
    pub node: u8,
    /// How other members reach the office at any hour
    #[arg(long, default_value = "")]
    pub contact: String,
    /// Where to listen for peers, UDP and TCP [default: 0.0.0.0:4433]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// What peers dial, host:port
    #[arg(long, value_name = "HOST:PORT")]
    pub address: Option<String>,
    /// Where the API listens, a loopback address [default: 127.0.0.1:8480]
    #[arg(long, value_name = "ADDR")]
    pub api_listen: Option<SocketAddr>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// Name the passphrase file in the configuration too, so that no command asks
    #[arg(long)]
    pub name_passphrase_file: bool,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub dir: Dir,
    /// Where to listen for peers, UDP and TCP, instead of the configured address
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// Stop when standard input ends, too, so that a parent takes its node along
    #[arg(long)]
    pub stop_with_stdin: bool,
}

/// `user …`.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a person and make their token
    Add(UserAdd),
}

/// `user add`.
#[derive(Debug, Args)]
pub struct UserAdd {
    #[command(flatten)]
    pub dir: Dir,
    /// The person's name at this node
    #[arg(long)]
    pub name: String,
    /// officer, releaser, contact, auditor, admin or observer; auditor and admin stand alone
    #[arg(
        long = "role",
        value_name = "ROLE",
        required = true,
        value_delimiter = ','
    )]
    pub roles: Vec<Role>,
    /// Write the token to this new file, mode 0600, instead of printing it
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// `member card`.
#[derive(Debug, Args)]
pub struct MemberCard {
    #[command(flatten)]
    pub dir: Dir,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// `trust …`.
#[derive(Debug, Subcommand)]
pub enum Trust {
    /// Put members' cards together as a trust list to be signed, or change the list in force
    Propose(TrustPropose),
    /// Take a member out of the list in force at once: two countries must sign
    Suspend(TrustSuspend),
    /// Add this member's signature to a proposed trust list
    Sign(TrustSign),
    /// Install a completely signed trust list at this node
    Install(TrustInstall),
    /// Show the trust list in force, or what of this node a member holds
    Show(TrustShow),
}

/// `trust propose`.
#[derive(Debug, Args)]
pub struct TrustPropose {
    /// The node's folder, to propose the list that follows the one installed there
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Members' cards
    #[arg(long = "card", value_name = "FILE", required_unless_present = "dir", num_args = 1..)]
    pub cards: Vec<PathBuf>,
    /// A member that goes
    #[arg(long, value_name = "MEMBER", requires = "dir")]
    pub remove: Vec<MemberId>,
    /// A suspended member that is to exchange again: else it is removed, or nothing is proposed
    #[arg(long, value_name = "MEMBER", requires = "dir")]
    pub take_back: Vec<MemberId>,
    /// A member whose keys may have been in other hands, and since when: MK=2026-03-22T14:00:00Z
    #[arg(long, value_name = "MEMBER=TIME", requires = "dir", value_parser = compromised)]
    pub compromised: Vec<(MemberId, Timestamp)>,
    /// Let the countries of the new list sign the next ones: two thirds must agree
    #[arg(long, requires = "dir")]
    pub root: bool,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How long the list is valid, in days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=30))]
    pub days: u16,
}

/// `trust show`.
#[derive(Debug, Args)]
pub struct TrustShow {
    #[command(flatten)]
    pub session: super::session::ReaderArgs,
    /// Ask the running node what this member received, or sent, by the ids of the exchanges
    #[arg(long, value_name = "MEMBER")]
    pub holds: Option<MemberId>,
}

/// `trust suspend`.
#[derive(Debug, Args)]
pub struct TrustSuspend {
    #[command(flatten)]
    pub dir: Dir,
    /// The member to suspend
    #[arg(long)]
    pub member: MemberId,
    /// Why, in a few words that all members will read
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Since when its keys may have been in other hands, such as 2026-03-22T14:00:00Z
    #[arg(long, value_name = "TIME")]
    pub compromised_since: Option<Timestamp>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// `trust sign`.
#[derive(Debug, Args)]
pub struct TrustSign {
    #[command(flatten)]
    pub dir: Dir,
    /// The proposal, to which the signature is added
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// A suspended member that is to exchange again by this list: else nothing is signed that takes it back
    #[arg(long, value_name = "MEMBER")]
    pub take_back: Vec<MemberId>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// `trust install`.
#[derive(Debug, Args)]
pub struct TrustInstall {
    #[command(flatten)]
    pub dir: Dir,
    /// The signed trust list
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// The fingerprint of the root of trust that your people compared with another member
    #[arg(long, value_name = "FINGERPRINT")]
    pub root: Option<Digest>,
}

/// `config …`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Read the configuration as the node does, and say what it means
    Check(Dir),
}

/// `audit …`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Verify a node's whole log, an exported bundle, or evidence; exit code 3 where it fails
    Verify(AuditVerify),
    /// Export the whole log as a bundle that anybody can verify offline
    Export(AuditExport),
    /// Show how the members' logs stand: seen, cosigned, witnessed, and what is wrong
    Witness(super::audit::AuditWitness),
    /// Take note of an alarm about a log
    Acknowledge(super::audit::AuditAcknowledge),
    /// Write the proof that a log has two histories to a file that anybody can verify
    Evidence(super::audit::AuditEvidence),
}

/// `audit verify`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["dir", "bundle", "evidence"]))]
pub struct AuditVerify {
    /// The folder of a running or stopped node
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// An exported bundle
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Evidence that a log has two histories
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// The fingerprint of the root of trust that bundle or evidence must rest on
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "dir")]
    pub root: Option<Digest>,
}

/// `audit export`.
#[derive(Debug, Args)]
pub struct AuditExport {
    #[command(flatten)]
    pub dir: Dir,
    /// The bundle to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `store …`.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Rebuild the index of a stopped node from its log
    Rebuild(StoreRebuild),
}

/// `store rebuild`.
#[derive(Debug, Args)]
pub struct StoreRebuild {
    #[command(flatten)]
    pub dir: Dir,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// End after the exchange, with exit code 0 only if every step held
    #[arg(long)]
    pub exit: bool,
    /// Keep the nodes' data in this folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

fn compromised(text: &str) -> Result<(MemberId, Timestamp), String> {
    let (member, since) = text.split_once('=').ok_or("write it as MEMBER=TIME")?;
    let member = member
        .parse()
        .map_err(|_| format!("{member} is no member's id"))?;
    let since = since.parse().map_err(|_| format!("{since} is no time"))?;
    Ok((member, since))
}
