//! The command line: what people and scripts type, and what they get back.

mod alert;
mod args;
mod attachment;
mod attention;
mod audit;
mod backup;
mod bundle;
mod check;
mod demo;
mod dispatch;
mod doctor;
pub mod failure;
mod input;
mod key;
mod letter;
pub mod local;
mod logging;
mod manual;
mod member;
mod moving;
mod netcheck;
mod output;
mod permit;
pub mod report;
mod retention;
mod rfi;
mod search;
pub mod secret;
mod session;
mod status;
pub mod stop;
pub mod text;
mod thread;
mod trust;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::{Exit, Failure};

/// Exchanges signed, encrypted requests for information and smuggling-trend alerts between
/// liaison offices.
#[derive(Debug, Parser)]
#[command(
    name = "liaison",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 verification failed, 4 not found, \
                  5 node or peer unreachable.\nNot for classified information (EU-RESTRICTED and up)."
)]
pub struct Cli {
    /// Print JSON; a failure is JSON on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a node: its folder, its keys sealed by a passphrase, its configuration
    Init(args::Init),
    /// Run a node
    Serve(args::Serve),
    /// People at this node
    #[command(subcommand)]
    User(args::User),
    /// This member's card, the other members, and their safety numbers
    #[command(subcommand)]
    Member(member::Member),
    /// The federation's trust list
    #[command(subcommand)]
    Trust(args::Trust),
    /// The node's secret keys
    #[command(subcommand)]
    Key(key::Key),
    /// The node's configuration
    #[command(subcommand)]
    Config(args::Config),
    /// Requests for information
    #[command(subcommand)]
    Rfi(rfi::Rfi),
    /// Permissions to pass on what another member said
    #[command(subcommand)]
    Permit(permit::Permit),
    /// How long content is kept
    #[command(subcommand)]
    Retention(retention::Retention),
    /// Smuggling-trend alerts
    #[command(subcommand)]
    Alert(alert::Alert),
    /// Find exchanges and alerts: a plate, a number, a name in any script, a word
    Search(search::Find),
    /// Files that came with requests, answers and alerts
    #[command(subcommand)]
    Attachment(attachment::Attachment),
    /// The running node's state and its links to peers
    Status(status::Status),
    /// Try every way to the peers, and say what works and what to do
    Netcheck(netcheck::Netcheck),
    /// Files for a USB stick, where no network reaches a peer
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    /// Write the running node's folder to one sealed file
    Backup(backup::Backup),
    /// Check a backup, or read it into a new folder
    Restore(backup::Restore),
    /// Go on from a restored folder, in a new incarnation of the log
    Resume(backup::Resume),
    /// Look at all that the node needs, and say what is wrong and what to do
    Doctor(doctor::Doctor),
    /// Move the node to another machine or address
    #[command(subcommand)]
    Move(moving::Move),
    /// The log that proves what happened
    #[command(subcommand)]
    Audit(args::Audit),
    /// The index over the log
    #[command(subcommand)]
    Store(args::Store),
    /// Run four nodes on this machine and a whole exchange between them
    Demo(args::Demo),
    /// Show the manual: a topic, a command, or the code of an error
    Help(manual::Help),
    /// Write man pages for packages
    #[command(hide = true)]
    Manual(manual::Manual),
}

/// Runs the command line `words`, the first of which is the program's name.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    secret::keep_out_of_dumps();
    let words: Vec<OsString> = words.into_iter().collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return not_a_command(&error, &words),
    };
    let json = cli.json;
    match dispatch::dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            failure.exit().into()
        }
    }
}

/// Help and version go to standard output; everything else is wrong usage.
fn not_a_command(error: &clap::Error, words: &[OsString]) -> ExitCode {
    let asked_for_json = words.iter().any(|word| word == "--json");
    if error.use_stderr() && asked_for_json {
        let text = error.to_string();
        let why = text.strip_prefix("error: ").unwrap_or(&text).trim();
        let failure = Failure::new(
            Exit::Usage,
            "usage",
            "the command line is wrong",
            why,
            "add --help to the command for what it takes",
        );
        failure.print(true);
        return Exit::Usage.into();
    }
    // Nothing is left to tell anybody if the terminal is gone.
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(Exit::Usage.into(), ExitCode::from)
}

/// The whole command tree, for tests and for generated manuals.
pub fn command() -> clap::Command {
    use clap::CommandFactory as _;
    Cli::command()
}
