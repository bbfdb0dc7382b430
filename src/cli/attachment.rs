//! `attachment save`: a file that came with a message, checked against what the message lists.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::report::Report;
use super::session::{ReaderArgs, Session, counting};
use super::text::{clean, size};
use super::{output, rfi};
use crate::api::{AttachmentView, EventView};
use crate::base::{Digest, MemberId, MessageId};
use crate::client::ClientError;

/// `attachment …`.
#[derive(Debug, Subcommand)]
pub enum Attachment {
    /// Save a file that came with a request, an answer or an alert
    Save(Save),
}

/// `attachment save`.
#[derive(Debug, Args)]
pub struct Save {
    /// The exchange or the alert
    id: MessageId,
    #[command(flatten)]
    session: ReaderArgs,
    /// The message that carries it, where several carry files
    #[arg(long, value_name = "ID")]
    message: Option<MessageId>,
    /// The member whose message it is, where several have the same id
    #[arg(long, value_name = "MEMBER")]
    of: Option<MemberId>,
    /// Its place among the message's files, from 0, where there are several
    #[arg(long, value_name = "NUMBER")]
    index: Option<u16>,
    /// The file to write, or a folder for it; without it, here, under the sender's name for it
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Saved {
    message: MessageId,
    index: u16,
    file: PathBuf,
    size: u64,
    sha256: Digest,
}

impl Report for Saved {
    fn text(&self) -> String {
        format!(
            "Saved {} ({}).\n  sha256 {}, as its signed message lists it\n",
            self.file.display(),
            size(self.size),
            self.sha256
        )
    }
}

impl Attachment {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`]; no part of a file is left behind.
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let Self::Save(args) = self;
        output::report(&args.save().await?, json)
    }
}

impl Save {
    async fn save(self) -> Result<Saved, Failure> {
        let session = self.session.open(&rfi::READERS)?;
        let events = events(&session, self.id).await?;
        let (event, attachment) = self.choose(&events)?;
        let file = target(self.out.as_deref(), &attachment.name, attachment.index);
        let bar = output::bytes(attachment.size, &clean(&attachment.name));
        let outcome = session
            .client
            .download(
                (event.member, event.message),
                attachment,
                &file,
                counting(&bar),
            )
            .await;
        bar.finish_and_clear();
        outcome?;
        Ok(Saved {
            message: event.message,
            index: attachment.index,
            file,
            size: attachment.size,
            sha256: attachment.sha256,
        })
    }

    /// The one attachment that the arguments mean.
    fn choose<'a>(
        &self,
        events: &'a [EventView],
    ) -> Result<(&'a EventView, &'a AttachmentView), Failure> {
        let mut fitting = events
            .iter()
            .filter(|event| self.message.is_none_or(|message| message == event.message))
            .filter(|event| self.of.is_none_or(|of| of == event.member))
            .flat_map(|event| event.attachments.iter().map(move |file| (event, file)))
            .filter(|(_, file)| self.index.is_none_or(|index| index == file.index));
        let first = fitting.next().ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                "attachment-not-found",
                "there is no such attachment",
                format!("nothing in {} fits what you asked for", self.id),
                "list the files with `liaison rfi show` or `liaison alert show`",
            )
        })?;
        let others: Vec<_> = fitting.collect();
        if others.is_empty() {
            return Ok(first);
        }
        let all: Vec<_> = std::iter::once(first)
            .chain(others)
            .map(|(event, file)| {
                format!(
                    "--message {} --of {} --index {}: {}",
                    event.message,
                    event.member,
                    file.index,
                    clean(&file.name)
                )
            })
            .collect();
        Err(Failure::new(
            Exit::Usage,
            "attachment-ambiguous",
            "several attachments fit",
            all.join("\n"),
            "give --message, --of and --index",
        ))
    }
}

/// The events of the exchange or the alert `id`.
async fn events(session: &Session, id: MessageId) -> Result<Vec<EventView>, Failure> {
    match session.client.exchange(id).await {
        Ok(view) => Ok(view.events),
        Err(ClientError::Problem(problem)) if problem.status == 404 => {
            Ok(session.client.alert(id).await?.events)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where to write: the sender's name counts only as a name, never as a path.
fn target(out: Option<&Path>, name: &str, index: u16) -> PathBuf {
    let name = file_name(name, index);
    match out {
        Some(out) if out.is_dir() => out.join(name),
        Some(out) => out.to_owned(),
        None => PathBuf::from(name),
    }
}

fn file_name(name: &str, index: u16) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = clean(last)
        .chars()
        .map(|c| if c == '\u{fffd}' { '_' } else { c })
        .collect();
    let safe = safe.trim().trim_start_matches(['.', '-']);
    if safe.is_empty() || safe.len() > 200 {
        return format!("attachment-{index}");
    }
    safe.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_senders_name_for_a_file_stays_a_name() {
        for (name, saved) in [
            ("photo of the van.jpg", "photo of the van.jpg"),
            ("../../.ssh/authorized_keys", "authorized_keys"),
            ("C:\\temp\\список.pdf", "список.pdf"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("..", "attachment-3"),
            ("a/", "attachment-3"),
            ("x\u{202e}fdp.exe", "x_fdp.exe"),
        ] {
            assert_eq!(target(None, name, 3), PathBuf::from(saved));
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(target(Some(dir.path()), "../x", 0), dir.path().join("x"));
        let file = dir.path().join("y");
        assert_eq!(target(Some(&file), "x", 0), file);
    }
}
