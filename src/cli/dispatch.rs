//! From the parsed command line to the operation that it names.

use std::future::Future;

use super::failure::{Exit, Failure};
use super::report::UserAdded;
use super::secret::PrivateFile;
use super::stop::Stop;
use super::{Cli, Command, args, check, demo, local, manual, output, trust};
use crate::base::Role;
use crate::config::{Config, LogFormat, Settings};
use crate::node::{Folder, NodeError};

/// Does what the command line asks, and prints the outcome.
///
/// # Errors
/// A [`Failure`], which the caller prints.
pub fn dispatch(cli: Cli) -> Result<(), Failure> {
    let json = cli.json;
    match cli.command {
        Command::Init(args) => output::report(&init(args)?, json),
        Command::Serve(args) => serve(args, json),
        Command::User(args::User::Add(args)) => output::report(&user_add(args)?, json),
        Command::Member(member) => block_on(member.run(json)),
        Command::Key(key) => block_on(key.run(json)),
        Command::Trust(args) => trust_command(args, json),
        Command::Config(args::Config::Check(args)) => output::report(&check::check(&args)?, json),
        Command::Rfi(rfi) => block_on(rfi.run(json)),
        Command::Permit(permit) => block_on(permit.run(json)),
        Command::Alert(alert) => block_on(alert.run(json)),
        Command::Retention(retention) => block_on(retention.run(json)),
        Command::Search(search) => block_on(search.run(json)),
        Command::Attachment(attachment) => block_on(attachment.run(json)),
        Command::Status(status) => block_on(status.run(json)),
        Command::Netcheck(netcheck) => block_on(netcheck.run(json)),
        Command::Bundle(bundle) => block_on(bundle.run(json)),
        Command::Backup(backup) => block_on(backup.run(json)),
        Command::Restore(restore) => restore.run(json),
        Command::Resume(resume) => resume.run(json),
        Command::Doctor(doctor) => block_on(doctor.run(json)),
        Command::Move(moving) => moving.run(json),
        Command::Audit(args) => audit(args, json),
        Command::Store(args::Store::Rebuild(args)) => {
            let config = Config::load(&args.dir.dir)?;
            let passphrase = args.passphrase.existing(&config)?;
            let rebuilt = with_bar("rebuilding", |progress| {
                local::store_rebuild(&config, &passphrase, progress)
            })?;
            output::report(&rebuilt, json)
        }
        Command::Demo(args) => block_on(demo::demo(args, json)),
        Command::Help(args) => manual::help(&args, json),
        Command::Manual(args) => manual::manual(&args, json),
    }
}

fn init(args: args::Init) -> Result<super::report::Initialised, Failure> {
    let mut settings = Settings::new(args.member, &args.name);
    settings.node = args.node;
    settings.contact = args.contact;
    settings.exchange.address = args.address;
    if let Some(listen) = args.listen {
        settings.exchange.listen = listen;
    }
    if let Some(listen) = args.api_listen {
        settings.api.listen = listen;
    }
    if args.name_passphrase_file {
        let file = args.passphrase.passphrase_file.as_deref().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "usage",
                "the command line is wrong",
                "--name-passphrase-file has no file to name",
                "give --passphrase-file or LIAISON_PASSPHRASE_FILE with it",
            )
        })?;
        // The configuration's relative paths begin at the node's folder, not here.
        let file = std::path::absolute(file).map_err(|error| Failure::file(file, &error))?;
        settings.passphrase_file = Some(file);
    }
    // What the settings cannot be is said before anybody is asked for a passphrase.
    Config::parse(&args.dir.dir, &settings.render())?;
    let passphrase = args.passphrase.new_keys()?;
    local::init(&args.dir.dir, &settings, &passphrase)
}

fn serve(args: args::Serve, json: bool) -> Result<(), Failure> {
    let config = Config::load(&args.dir.dir)?;
    // Said before anybody is asked for a passphrase.
    if Folder(config.dir.clone()).is_restored() {
        return Err(NodeError::Restored.into());
    }
    if let Some(mark) = Folder(config.dir.clone()).moving()? {
        return Err(NodeError::Moving(mark.since).into());
    }
    let passphrase = args.passphrase.existing(&config)?;
    super::logging::start(if json {
        LogFormat::Json
    } else {
        config.settings.log.format
    });
    let stop = Stop {
        with_stdin: args.stop_with_stdin,
    };
    block_on(local::serve(config, passphrase, args.listen, stop))
}

fn user_add(args: args::UserAdd) -> Result<UserAdded, Failure> {
    let mut roles = args.roles;
    roles.sort();
    roles.dedup();
    let alone = [Role::Auditor, Role::Admin];
    if let Some(role) = roles.iter().find(|role| alone.contains(role))
        && roles.len() > 1
    {
        return Err(Failure::new(
            Exit::Usage,
            "roles-exclude",
            "these roles exclude each other",
            format!("{role} and any other role are never one person's"),
            "add a second person for the other role",
        ));
    }
    let config = Config::load(&args.dir.dir)?;
    let passphrase = args.passphrase.existing(&config)?;
    // Made first: a token that cannot be written is lost, and its person stays.
    let file = args
        .token_file
        .as_deref()
        .map(PrivateFile::create)
        .transpose()?;
    let [token, code] = local::user_add(&config, &passphrase, &args.name, &roles)?;
    let token = match file {
        Some(file) => {
            file.fill(&token)?;
            None
        }
        None => Some(token),
    };
    Ok(UserAdded {
        name: args.name,
        roles,
        token,
        code,
        token_file: args.token_file,
    })
}

fn trust_command(args: args::Trust, json: bool) -> Result<(), Failure> {
    match args {
        args::Trust::Propose(args) => output::report(&trust::propose(&args)?, json),
        args::Trust::Suspend(args) => {
            let config = Config::load(&args.dir.dir)?;
            let passphrase = args.passphrase.existing(&config)?;
            output::report(&trust::suspend(&config, &passphrase, &args)?, json)
        }
        args::Trust::Sign(args) => {
            let config = Config::load(&args.dir.dir)?;
            let passphrase = args.passphrase.existing(&config)?;
            output::report(&trust::sign(&config, &passphrase, &args)?, json)
        }
        args::Trust::Install(args) => {
            let config = Config::load(&args.dir.dir)?;
            output::report(&trust::install(&config, &args)?, json)
        }
        args::Trust::Show(args) => match args.holds {
            Some(member) => block_on(trust::holds(args.session, member, json)),
            None => {
                let config = Config::load(args.session.folder())?;
                output::report(&trust::show(&config)?, json)
            }
        },
    }
}

fn audit(args: args::Audit, json: bool) -> Result<(), Failure> {
    match args {
        args::Audit::Witness(args) => block_on(args.run(json)),
        args::Audit::Acknowledge(args) => block_on(args.run(json)),
        args::Audit::Evidence(args) => block_on(args.run(json)),
        args::Audit::Verify(args::AuditVerify {
            evidence: Some(evidence),
            root,
            ..
        }) => output::report(&local::audit_verify_evidence(&evidence, root)?, json),
        args::Audit::Verify(args) => {
            let verified = with_bar("verifying", |progress| match (&args.dir, &args.bundle) {
                (Some(dir), None) => local::audit_verify(dir, progress),
                (None, Some(bundle)) => local::audit_verify_bundle(bundle, args.root, progress),
                (None, None) | (Some(_), Some(_)) => {
                    unreachable!("the argument group takes exactly one")
                }
            })?;
            output::report(&verified, json)
        }
        args::Audit::Export(args) => {
            let exported = with_bar("exporting", |progress| {
                local::audit_export(&args.dir.dir, &args.out, progress)
            })?;
            output::report(&exported, json)
        }
    }
}

/// Runs an operation with a progress bar that goes away when it ends.
fn with_bar<T>(
    what: &str,
    operation: impl FnOnce(local::Progress<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let bar = output::steps(what);
    let outcome = operation(&mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    outcome
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Exit::Failure,
                "no-threads",
                "the system refuses threads",
                error.to_string(),
                "check the limits on processes and open files",
            )
        })?
        .block_on(work)
}
