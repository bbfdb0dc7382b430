//! One person's session with the node of a folder: configuration, address, token.

use clap::Args;
use indicatif::ProgressBar;

use super::args::Dir;
use super::failure::{Exit, Failure};
use super::letter::ForReleaseArgs;
use super::output;
use super::secret::TokenArgs;
use crate::api::StagedAttachment;
use crate::base::{MessageId, Role};
use crate::client::{Client, Progress};
use crate::config::{Addresses, Config};
use crate::domain::message::MOST_ATTACHMENTS;

/// Which node, and as whom.
#[derive(Debug, Args)]
pub struct SessionArgs {
    #[command(flatten)]
    dir: Dir,
    #[command(flatten)]
    token: TokenArgs,
}

/// As [`SessionArgs`], for reading, which several roles may do.
#[derive(Debug, Args)]
pub struct ReaderArgs {
    #[command(flatten)]
    session: SessionArgs,
    /// Read with the configuration's token for this role, instead of contact or else officer
    #[arg(long = "as", value_name = "ROLE")]
    role: Option<Role>,
}

impl SessionArgs {
    /// Opens a session as a person with one of `roles`. Nothing is sent yet.
    ///
    /// # Errors
    /// A [`Failure`] where the folder, its configuration or the token cannot serve.
    pub fn open(&self, roles: &[Role]) -> Result<Session, Failure> {
        let config = Config::load(&self.dir.dir)?;
        let token = self.token.token(&config, roles)?;
        let api =
            Addresses::load(&config)?.map_or(config.settings.api.listen, |running| running.api);
        if api.port() == 0 {
            let dir = self.dir.dir.display();
            return Err(Failure::new(
                Exit::Unreachable,
                "node-unreachable",
                "the node does not answer",
                format!("no node serves from {dir}"),
                format!("is `liaison serve --dir {dir}` running?"),
            ));
        }
        Ok(Session {
            client: Client::new(api, token),
        })
    }

    /// As [`SessionArgs::open`], for composing what a second person may be asked to release.
    ///
    /// # Errors
    /// As [`SessionArgs::open`].
    pub fn compose(&self, roles: &[Role], review: &ForReleaseArgs) -> Result<Session, Failure> {
        let session = self.open(roles)?;
        Ok(match review.for_release {
            true => Session {
                client: session.client.for_release(),
            },
            false => session,
        })
    }
}

impl ReaderArgs {
    /// The node's folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.session.dir.dir
    }

    /// Opens a session for reading; `roles` count where the command names none.
    ///
    /// # Errors
    /// As [`SessionArgs::open`].
    pub fn open(&self, roles: &[Role]) -> Result<Session, Failure> {
        match self.role {
            Some(role) => self.session.open(&[role]),
            None => self.session.open(roles),
        }
    }
}

/// A person's session with a node.
pub struct Session {
    /// The node's API, as that person.
    pub client: Client,
}

impl Session {
    /// Uploads files in their order under a new reservation; none without files.
    ///
    /// # Errors
    /// A [`Failure`] for the first file that cannot be read or stored. Nothing is sent to anybody.
    pub async fn attach(&self, files: &[std::path::PathBuf]) -> Result<Option<MessageId>, Failure> {
        if files.is_empty() {
            return Ok(None);
        }
        if files.len() > usize::from(MOST_ATTACHMENTS) {
            return Err(Failure::new(
                Exit::Failure,
                "too-many-attachments",
                "a message cannot carry so many files",
                format!(
                    "{} files were given, {MOST_ATTACHMENTS} is the most",
                    files.len()
                ),
                "send the rest in a further message, or pack them together",
            ));
        }
        // Every file is looked at before the first is sent, which may take long.
        let mut sized = Vec::new();
        for file in files {
            let size = std::fs::metadata(file)
                .map_err(|error| Failure::file(file, &error))?
                .len();
            sized.push((file, size));
        }
        let reservation = self.client.reserve().await?.id;
        for (index, (file, size)) in (0..=u16::MAX).zip(sized) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let bar = output::bytes(size, &super::text::clean(&name));
            let outcome = self
                .client
                .upload(reservation, index, file, counting(&bar))
                .await;
            bar.finish_and_clear();
            let StagedAttachment { size: stored, .. } = outcome?;
            if stored != size {
                return Err(Failure::new(
                    Exit::Failure,
                    "attachment-changed",
                    "a file changed while it was read",
                    format!("{}: {size} bytes, then {stored}", file.display()),
                    "send again once nobody writes to it; nothing was sent",
                ));
            }
        }
        Ok(Some(reservation))
    }
}

/// Moves `bar` on as bytes move.
pub fn counting(bar: &ProgressBar) -> Progress {
    let bar = bar.clone();
    Box::new(move |bytes| bar.inc(bytes))
}
