//! `config check`: the configuration as the node reads it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::Dir;
use super::failure::Failure;
use super::report::Report;
use super::text::{clean, hang};
use crate::base::{NodeId, Role};
use crate::config::Config;

/// What the configuration says, and what may trouble it.
#[derive(Debug, Serialize)]
pub struct Checked {
    node: NodeId,
    name: String,
    contact: String,
    exchange_listen: SocketAddr,
    exchange_address: Option<String>,
    api_listen: SocketAddr,
    console: String,
    passphrase_file: Option<PathBuf>,
    log_format: String,
    /// What is allowed, and perhaps not meant.
    notes: Vec<String>,
}

/// Reads the configuration in a folder, and looks for the files that it names.
///
/// # Errors
/// A [`Failure`] where the node would refuse it too.
pub fn check(args: &Dir) -> Result<Checked, Failure> {
    let config = Config::load(&args.dir)?;
    let passphrase_file = config.passphrase_file();
    let mut notes = Vec::new();
    let mut named = |what: &str, file: Option<&Path>| {
        if let Some(error) = file.and_then(|file| std::fs::File::open(file).err())
            && let Some(file) = file
        {
            notes.push(format!("the {what}, {}: {error}", file.display()));
        }
    };
    named("passphrase file", passphrase_file.as_deref());
    for role in Role::ALL {
        let what = format!("token file of {role}");
        named(&what, config.token_file(role).as_deref());
    }
    let settings = config.settings.clone();
    if settings.exchange.address.is_none() {
        notes.push("exchange.address is not set: peers cannot dial this node".to_owned());
    }
    if settings.contact.trim().is_empty() {
        notes.push("contact is empty: peers cannot reach the office at night".to_owned());
    }
    Ok(Checked {
        node: config.node(),
        name: settings.name,
        contact: settings.contact,
        exchange_listen: settings.exchange.listen,
        exchange_address: settings.exchange.address,
        api_listen: settings.api.listen,
        console: settings
            .console
            .origin(settings.member, settings.api.listen),
        passphrase_file,
        log_format: settings.log.format.to_string(),
        notes,
    })
}

impl Report for Checked {
    fn text(&self) -> String {
        let passphrase = self.passphrase_file.as_ref();
        let passphrase = passphrase.map(|file| file.display().to_string());
        let mut text = format!("{}: the configuration is valid.\n", self.node);
        text += &hang("  name        ", &clean(&self.name));
        text += &hang("  contact     ", or_none(&self.contact));
        text += &format!(
            "  exchange    listens on {} (UDP and TCP)\n",
            self.exchange_listen
        );
        text += &format!(
            "              peers dial {}\n",
            or_none(self.exchange_address.as_deref().unwrap_or_default())
        );
        text += &format!("  api         http://{}\n", self.api_listen);
        text += &format!("  console     {}\n", self.console);
        text += &format!(
            "  passphrase  {}\n",
            or_none(passphrase.as_deref().unwrap_or_default())
        );
        for note in &self.notes {
            text += &hang("  note        ", note);
        }
        text
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
