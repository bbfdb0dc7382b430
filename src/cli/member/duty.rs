//! `member duty`: who is on duty at this office.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::reach::{posts, views};
use crate::api::PostView;
use crate::base::{NodeId, Timestamp};
use crate::cli::args::Dir;
use crate::cli::failure::{Exit, Failure};
use crate::cli::local::keys;
use crate::cli::report::Report;
use crate::cli::secret::PassphraseArgs;
use crate::config::Config;
use crate::domain::duty::Roster;
use crate::node::{Folder, announce};

/// `member duty`.
#[derive(Debug, Args)]
pub struct Duty {
    #[command(flatten)]
    dir: Dir,
    /// The roster, TOML; deploy/examples/duty.toml is one
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    duty: Roster,
}

/// `member duty`: the roster that others see from now on.
#[derive(Debug, Serialize)]
pub struct DutySaid {
    node: NodeId,
    /// The number of the bundle that says it.
    sequence: u64,
    duty: Vec<PostView>,
}

impl Report for DutySaid {
    fn text(&self) -> String {
        let mut text = format!(
            "{} says who is on duty (bundle {}). Linked peers learn it now.\n",
            self.node, self.sequence
        );
        text += &posts(&self.duty);
        text
    }
}

impl Duty {
    /// Signs for the roster.
    ///
    /// # Errors
    /// A [`Failure`] that names the field at fault.
    pub fn run(&self) -> Result<DutySaid, Failure> {
        let config = Config::load(&self.dir.dir)?;
        let file = &self.file;
        let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, &error))?;
        let invalid = |why: String| {
            Failure::new(
                Exit::Failure,
                "duty-roster",
                "the duty roster cannot be used",
                format!("{}: {why}", file.display()),
                "correct it; deploy/examples/duty.toml shows every field, and nothing was changed",
            )
        };
        let roster: File = toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = crate::config::place(&text, at);
            invalid(format!("line {line}, column {column}: {}", error.message()))
        })?;
        let roster = roster.duty;
        roster.validate().map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            invalid(faults.join("; "))
        })?;
        let passphrase = self.passphrase.existing(&config)?;
        let keys = keys(&config, &passphrase)?;
        let folder = Folder(config.dir.clone());
        let bundle = announce(&folder, &keys, |bundle| bundle.duty = roster)?;
        Ok(DutySaid {
            node: bundle.node,
            sequence: bundle.sequence,
            duty: views(&bundle.duty, Timestamp::system()),
        })
    }
}
