//! Passphrases and tokens: taken from files or a prompt, never from an argument.

use std::fmt;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use zeroize::Zeroizing;

use super::failure::{Exit, Failure};
use crate::base::{Role, files};
use crate::config::Config;

/// The shortest passphrase that the prompt takes for new keys, in characters.
const SHORTEST: usize = 12;

/// The most that is read of a file that holds a secret, in bytes: a device has no end.
const LONGEST: u64 = 65_536;

/// What opens a node's keys. Wiped when dropped, and never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase's bytes, UTF-8.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

impl From<Zeroizing<String>> for Passphrase {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

/// Where the passphrase comes from.
#[derive(Debug, Clone, Args)]
pub struct PassphraseArgs {
    /// A file whose first line is the passphrase; else the file that the configuration names, else
    /// the systemd credential `passphrase`, else a prompt
    #[arg(long, value_name = "FILE", env = "LIAISON_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The passphrase of an existing node.
    ///
    /// # Errors
    /// A [`Failure`] where the file cannot be read, or nobody is there to be asked.
    pub fn existing(&self, config: &Config) -> Result<Passphrase, Failure> {
        let file = self
            .passphrase_file
            .clone()
            .or_else(|| config.passphrase_file())
            .or_else(credential);
        match file {
            Some(file) => first_line(&file).map(Passphrase),
            None => ask(&format!("Passphrase of {}: ", config.node())),
        }
    }

    /// A passphrase for new keys; the prompt asks for it twice.
    ///
    /// # Errors
    /// As [`PassphraseArgs::existing`], and where the two differ or are too short.
    pub fn new_keys(&self) -> Result<Passphrase, Failure> {
        if let Some(file) = &self.passphrase_file {
            return first_line(file).map(Passphrase);
        }
        let refused = |why: &str| {
            Failure::new(
                Exit::Failure,
                "passphrase-refused",
                "the passphrase cannot serve",
                why,
                "run the command again; six random words are easy to type and hard to guess",
            )
        };
        let first = ask("New passphrase for the keys: ")?;
        if first.0.chars().count() < SHORTEST {
            return Err(refused(&format!(
                "it is shorter than {SHORTEST} characters"
            )));
        }
        let second = ask("The same again: ")?;
        if first.0 != second.0 {
            return Err(refused("the two are not the same"));
        }
        Ok(first)
    }
}

/// The passphrase that systemd hands to a service alone (`LoadCredentialEncrypted=`), if it does.
fn credential() -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let file = PathBuf::from(folder).join("passphrase");
    file.exists().then_some(file)
}

fn ask(prompt: &str) -> Result<Passphrase, Failure> {
    let missing = |why: &str| {
        Failure::new(
            Exit::Failure,
            "passphrase-missing",
            "no passphrase was given",
            why,
            "give --passphrase-file or LIAISON_PASSPHRASE_FILE, or name passphrase_file in the configuration",
        )
    };
    if !std::io::stdin().is_terminal() {
        return Err(missing(
            "no file is named, and there is no terminal to ask on",
        ));
    }
    rpassword::prompt_password(prompt)
        .map(|text| Passphrase(Zeroizing::new(text)))
        .map_err(|error| missing(&error.to_string()))
}

/// Where the token comes from.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// A file whose first line is your token, from `liaison user add`
    #[arg(long, value_name = "FILE", env = "LIAISON_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
}

impl TokenArgs {
    /// The token of a person who holds one of `roles`: the first role for which the configuration
    /// names a token file counts where the command was given none.
    ///
    /// # Errors
    /// A [`Failure`] where no file is named, or it cannot be read.
    pub fn token(&self, config: &Config, roles: &[Role]) -> Result<Zeroizing<String>, Failure> {
        let named = || roles.iter().find_map(|role| config.token_file(*role));
        match self.token_file.clone().or_else(named) {
            Some(file) => first_line(&file),
            None => Err(Failure::new(
                Exit::Failure,
                "token-missing",
                "no token was given",
                "this command acts as a person, whom the node knows by a token",
                "give --token-file or LIAISON_TOKEN_FILE; `liaison user add` makes a token",
            )),
        }
    }
}

/// The first line of a file that holds a secret, without blanks around it.
pub(super) fn first_line(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    File::open(file)
        .and_then(|open| open.take(LONGEST).read_to_string(&mut text))
        .map_err(|error| Failure::file(file, &error))?;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(Failure::new(
            Exit::Failure,
            "secret-empty",
            "a file that should hold a secret is empty",
            format!("the first line of {} is empty", file.display()),
            "put the secret on the first line",
        ));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// Keeps what is in memory out of core dumps, also of those that the system hands to another program,
/// and from other processes of the same user.
pub fn keep_out_of_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A hardened service may not set limits of its own, and its unit has this one.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Bytes that a new file takes on the disk before it is filled.
const ROOM: usize = 512;

/// A new file that only its owner may read. It is removed again unless it is filled.
#[derive(Debug)]
pub struct PrivateFile {
    path: PathBuf,
    file: std::fs::File,
    filled: bool,
}

impl PrivateFile {
    /// Makes the file, with its folders, mode 0600 and 0700.
    ///
    /// # Errors
    /// A [`Failure`] where it exists already or cannot be made.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::file(path, &error);
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            files::make_folders(folder, files::OWNERS_FOLDER).map_err(failed)?;
        }
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let mut private = Self {
            path: path.to_owned(),
            file,
            filled: false,
        };
        // On a full disk this fails, while nothing depends on the secret yet.
        private
            .file
            .write_all(&[b'\n'; ROOM])
            .and_then(|()| private.file.sync_all())
            .map_err(failed)?;
        Ok(private)
    }

    /// Writes the secret and a line break, and waits until they are on the disk.
    ///
    /// # Errors
    /// A [`Failure`] where writing fails.
    pub fn fill(mut self, secret: &str) -> Result<(), Failure> {
        let line = Zeroizing::new(format!("{secret}\n"));
        self.file
            .write_all_at(line.as_bytes(), 0)
            .and_then(|()| self.file.set_len(line.len() as u64))
            .and_then(|()| self.file.sync_all())
            .and_then(|()| files::sync_folder_of(&self.path))
            .map_err(|error| Failure::file(&self.path, &error))?;
        self.filled = true;
        Ok(())
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if !self.filled {
            // What is left behind holds no secret.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
