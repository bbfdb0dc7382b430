//! The node's one configuration file, which explains itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::{MESSAGES_A_DAY, WitnessTimes};
use crate::base::{MemberId, NodeId, Role, files};

mod console;
mod log;
mod policy;
mod render;
mod webhook;

pub use console::Console;
pub use log::{Log, LogFormat};
pub use policy::Policy;
pub use webhook::Webhook;

/// The file's name inside a node's folder.
pub const FILE: &str = "liaison.toml";

/// Why a configuration cannot be used. Holds places and names, never secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such file, hence no node in the folder.
    #[error("there is no {FILE} in {dir}")]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder already holds a configuration.
    #[error("{file} is there already")]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The file is not TOML, names a setting that does not exist, or lacks one.
    #[error("{file}, line {line}, column {column}: {message}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A setting has a value that cannot serve.
    #[error("{file}: {setting}: {message}")]
    Value {
        /// The file.
        file: PathBuf,
        /// The setting, such as `api.listen`.
        setting: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// Everything that `liaison.toml` says. Paths are as written: [`Config`] resolves them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The member that runs the node.
    pub member: MemberId,
    /// The member's own number for the node, from 1.
    #[serde(default = "first")]
    pub node: u8,
    /// The office's name, as other members see it.
    pub name: String,
    /// How to reach the office at any hour.
    #[serde(default)]
    pub contact: String,
    /// A file whose first line is the passphrase of the keys; without it, starting asks.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// The side that peers see.
    #[serde(default)]
    pub exchange: Exchange,
    /// The side that the office's own people see.
    #[serde(default)]
    pub api: Api,
    /// What is done about witnesses, and how often.
    #[serde(default)]
    pub witness: Witness,
    /// What reaches a person who looks at no screen.
    #[serde(default)]
    pub alarm: Alarm,
    /// Systems on this machine that are told what happens.
    #[serde(default)]
    pub webhook: Vec<Webhook>,
    /// Where browsers reach the web console.
    #[serde(default)]
    pub console: Console,
    /// What the running node writes about itself.
    #[serde(default)]
    pub log: Log,
    /// What a second person has to release.
    #[serde(default)]
    pub policy: Policy,
    /// Token files by role, for demonstrations.
    #[serde(default)]
    pub tokens: Tokens,
}

fn first() -> u8 {
    1
}

/// `[exchange]`: links between nodes, over QUIC and TCP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exchange {
    /// Where the node listens, UDP and TCP.
    pub listen: SocketAddr,
    /// What peers dial, `host:port`; none where only this node dials.
    pub address: Option<String>,
    /// How many messages of each other member are taken in a day, urgent and routine ones counted
    /// apart. A long one counts as one for each 16 KiB.
    pub messages_a_day: u32,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 4433)),
            address: None,
            messages_a_day: MESSAGES_A_DAY,
        }
    }
}

/// `[api]`: HTTP for the office's own people, on this machine only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// Where the API listens; a loopback address.
    pub listen: SocketAddr,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
        }
    }
}

/// `[witness]`: how often things are done about the members' witnessing of each other's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Witness {
    /// How long new entries may wait until cosignatures are asked for, in seconds; at most 300.
    pub interval_seconds: u64,
    /// After how long without an entry a heartbeat is recorded, in seconds; at most 300.
    pub heartbeat_seconds: u64,
    /// How long a linked peer may take to prove that its log goes on as it was, in seconds.
    pub challenge_seconds: u64,
    /// How long a linked peer's log may show nothing new before that is an alarm, in seconds.
    pub silence_seconds: u64,
}

impl Default for Witness {
    fn default() -> Self {
        let times = WitnessTimes::default();
        Self {
            interval_seconds: times.interval,
            heartbeat_seconds: times.heartbeat,
            challenge_seconds: times.challenge,
            silence_seconds: times.silence,
        }
    }
}

impl Witness {
    /// The longest interval and the longest time without a heartbeat, in seconds: what members
    /// promise each other.
    pub const LONGEST: u64 = 300;

    /// The same for the service.
    pub fn times(&self) -> WitnessTimes {
        WitnessTimes {
            interval: self.interval_seconds,
            heartbeat: self.heartbeat_seconds,
            challenge: self.challenge_seconds,
            silence: self.silence_seconds,
        }
    }
}

/// `[alarm]`: how an escalation reaches a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alarm {
    /// The program to run, with its arguments; none where escalations only show.
    pub command: Vec<String>,
}

/// `[tokens]`: the token file that a command takes when it is given none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// A liaison officer's.
    pub officer: Option<PathBuf>,
    /// A releasing officer's.
    pub releaser: Option<PathBuf>,
    /// A contact point's.
    pub contact: Option<PathBuf>,
    /// An auditor's.
    pub auditor: Option<PathBuf>,
    /// An administrator's.
    pub admin: Option<PathBuf>,
    /// An observer's.
    pub observer: Option<PathBuf>,
}

impl Tokens {
    /// The file named for a role.
    pub fn file(&self, role: Role) -> Option<&Path> {
        match role {
            Role::Officer => self.officer.as_deref(),
            Role::Releaser => self.releaser.as_deref(),
            Role::Contact => self.contact.as_deref(),
            Role::Auditor => self.auditor.as_deref(),
            Role::Admin => self.admin.as_deref(),
            Role::Observer => self.observer.as_deref(),
            Role::Node => None,
        }
    }
}

/// A node's folder and what its `liaison.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The folder.
    pub dir: PathBuf,
    /// The settings, checked.
    pub settings: Settings,
}

impl Config {
    /// Reads and checks `<dir>/liaison.toml`.
    ///
    /// # Errors
    /// [`ConfigError`] where the file is missing, unreadable or wrong; it names the place.
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        let file = dir.join(FILE);
        let text = std::fs::read_to_string(&file).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ConfigError::Missing {
                dir: dir.to_owned(),
            },
            _ => ConfigError::Io {
                file: file.clone(),
                source,
            },
        })?;
        Self::parse(dir, &text)
    }

    /// Reads and checks the text of a configuration that belongs to `dir`.
    ///
    /// # Errors
    /// As [`Config::load`], less what concerns the file itself.
    pub fn parse(dir: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = dir.join(FILE);
        let settings: Settings = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = place(text, at);
            ConfigError::Syntax {
                file: file.clone(),
                line,
                column,
                message: error.message().to_owned(),
            }
        })?;
        settings
            .check()
            .map_err(|(setting, message)| ConfigError::Value {
                file,
                setting,
                message,
            })?;
        Ok(Self {
            dir: dir.to_owned(),
            settings,
        })
    }

    /// Writes a new `<dir>/liaison.toml` with every setting explained. Never overwrites.
    ///
    /// # Errors
    /// [`ConfigError::Exists`] where there is one, [`ConfigError::Value`] for a setting that
    /// cannot serve, [`ConfigError::Io`] where writing fails.
    pub fn write_new(dir: &Path, settings: &Settings) -> Result<Self, ConfigError> {
        use std::io::Write as _;
        let text = settings.render();
        let config = Self::parse(dir, &text)?;
        let file = dir.join(FILE);
        let mut target = std::fs::File::create_new(&file).map_err(|source| {
            let file = file.clone();
            match source.kind() {
                std::io::ErrorKind::AlreadyExists => ConfigError::Exists { file },
                _ => ConfigError::Io { file, source },
            }
        })?;
        target
            .write_all(text.as_bytes())
            .and_then(|()| target.sync_all())
            .and_then(|()| files::sync_folder_of(&file))
            .map_err(|source| ConfigError::Io { file, source })?;
        Ok(config)
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        NodeId {
            member: self.settings.member,
            number: self.settings.node,
        }
    }

    /// A path that the file names: relative ones begin at the node's folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }

    /// The passphrase file, if the configuration names one.
    pub fn passphrase_file(&self) -> Option<PathBuf> {
        let named = self.settings.passphrase_file.as_deref()?;
        Some(self.resolve(named))
    }

    /// The token file for a role, if the configuration names one.
    pub fn token_file(&self, role: Role) -> Option<PathBuf> {
        Some(self.resolve(self.settings.tokens.file(role)?))
    }

    /// Where a serving node writes the addresses that it really has ([`Addresses`]).
    pub fn addresses_file(&self) -> PathBuf {
        self.dir.join("run").join("addresses.json")
    }
}

/// The addresses that a serving node really has: `<dir>/run/addresses.json`, written once both
/// listen. Where the configuration asks for port 0, only this file knows the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// QUIC and TCP, for peers.
    pub exchange: SocketAddr,
    /// HTTP, for the office's people.
    pub api: SocketAddr,
}

impl Addresses {
    /// Reads what the serving node wrote; none where no node serves from the folder.
    ///
    /// # Errors
    /// [`ConfigError::Io`] where the file is there and cannot be read as what it should be.
    pub fn load(config: &Config) -> Result<Option<Self>, ConfigError> {
        let file = config.addresses_file();
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ConfigError::Io { file, source }),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| ConfigError::Io {
                file,
                source: error.into(),
            })
    }
}

impl Settings {
    /// Settings with which a first node of `member` can begin.
    pub fn new(member: MemberId, name: &str) -> Self {
        Self {
            member,
            node: first(),
            name: name.to_owned(),
            contact: String::new(),
            passphrase_file: None,
            exchange: Exchange::default(),
            api: Api::default(),
            witness: Witness::default(),
            alarm: Alarm::default(),
            webhook: Vec::new(),
            console: Console::default(),
            log: Log::default(),
            policy: Policy::default(),
            tokens: Tokens::default(),
        }
    }

    /// What the types alone cannot hold. The error names the setting.
    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.node == 0 {
            return Err(("node", "nodes are numbered from 1".to_owned()));
        }
        if self.name.trim().is_empty() {
            return Err(("name", "an office has a name".to_owned()));
        }
        if self.name.len() > 200 {
            return Err(("name", "longer than 200 bytes".to_owned()));
        }
        if self.contact.len() > 500 {
            return Err(("contact", "longer than 500 bytes".to_owned()));
        }
        if let Some(address) = &self.exchange.address {
            let fits = address
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            if !fits {
                let message = format!("{address:?} is not host:port, such as mk.example.org:4433");
                return Err(("exchange.address", message));
            }
        }
        if self.exchange.messages_a_day == 0 {
            let message = "0 would take nothing from anybody".to_owned();
            return Err(("exchange.messages_a_day", message));
        }
        let Witness {
            interval_seconds,
            heartbeat_seconds,
            challenge_seconds,
            silence_seconds,
        } = self.witness;
        for (setting, seconds, most) in [
            (
                "witness.interval_seconds",
                interval_seconds,
                Witness::LONGEST,
            ),
            (
                "witness.heartbeat_seconds",
                heartbeat_seconds,
                Witness::LONGEST,
            ),
            ("witness.challenge_seconds", challenge_seconds, 86_400),
            ("witness.silence_seconds", silence_seconds, 86_400),
        ] {
            if !(1..=most).contains(&seconds) {
                return Err((setting, format!("{seconds} is not from 1 to {most}")));
            }
        }
        if silence_seconds <= heartbeat_seconds {
            let message = "shorter than what may pass between two heartbeats".to_owned();
            return Err(("witness.silence_seconds", message));
        }
        self.policy.check()?;
        let words = &self.alarm.command;
        if words
            .first()
            .is_some_and(|program| program.trim().is_empty())
        {
            let message = "the first word is the program to run".to_owned();
            return Err(("alarm.command", message));
        }
        Webhook::check(&self.webhook).map_err(|message| ("webhook.url", message))?;
        if !self.api.listen.ip().is_loopback() {
            let message = format!(
                "{} is not a loopback address: the API speaks plain HTTP and carries tokens, so put \
                 a TLS proxy on this machine before it",
                self.api.listen
            );
            return Err(("api.listen", message));
        }
        self.console
            .check()
            .map_err(|message| ("console.origin", message))?;
        Ok(())
    }
}

/// Line and column, from 1, of a byte of a text; the column counts characters.
pub fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests;
