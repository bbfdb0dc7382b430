//! `bundle …`: what waits for a peer goes out as files for a USB stick, and comes in from one.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::Failure;
use super::output;
use super::report::Report;
use super::session::SessionArgs;
use super::text::{count, hang, size};
use crate::api::{BroughtIn, TakeOut};
use crate::base::{MemberId, Role};

/// Who may carry by hand.
const CARRIERS: [Role; 4] = [Role::Contact, Role::Officer, Role::Releaser, Role::Admin];

/// Where export and number stand in a file, in this order.
const PLACE: std::ops::Range<usize> = 90..108;

/// `bundle …`.
#[derive(Debug, Subcommand)]
pub enum Bundle {
    /// Write what waits for a member to files that only its node can read
    Export(Export),
    /// Take in files that a member's node exported, in any order, any number of times
    Import(Import),
}

/// `bundle export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    session: SessionArgs,
    /// The member
    #[arg(long, value_name = "MEMBER")]
    peer: MemberId,
    /// A folder for the files, or the file to write; with a second file, FILE.2, and so on
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// The most that one file may take, such as 700M; at least 2M
    #[arg(long, value_name = "SIZE", default_value = "3G", value_parser = bytes)]
    size: u64,
}

/// `bundle import`.
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    session: SessionArgs,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// A size in bytes, or with K, M or G for 1,024, its square and its cube.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let unit = match unit {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err("a size is a number, with K, M or G after it".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "no number".to_owned())?;
    number
        .checked_mul(unit)
        .filter(|size| (2 << 20..4 << 30).contains(size))
        .ok_or_else(|| "a file takes at least 2M and less than 4G".to_owned())
}

#[derive(Debug, Serialize)]
struct Exported {
    peer: MemberId,
    files: Vec<Written>,
    /// Messages that stay, since the member is an observer.
    kept_back: u64,
}

#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    size: u64,
}

impl Report for Exported {
    fn text(&self) -> String {
        let mut text = format!("What waits for {} is in\n", self.peer);
        for written in &self.files {
            text += &format!("  {} ({})\n", written.file.display(), size(written.size));
        }
        if self.kept_back > 0 {
            let kept_back = count(self.kept_back, "message stays", "messages stay");
            let why = format!("{kept_back} here: {} is an observer", self.peer);
            text += &hang("  NOT SENT: ", &why);
        }
        text + "\nOnly that office's node can read it. There: `liaison bundle import FILE…`, and then\n\
                `liaison bundle export` brings the receipts back. What is lost can be exported again.\n"
    }
}

#[derive(Debug, Serialize)]
struct Imported {
    files: Vec<Read>,
}

#[derive(Debug, Serialize)]
struct Read {
    file: PathBuf,
    #[serde(flatten)]
    taken: BroughtIn,
}

impl Report for Imported {
    fn text(&self) -> String {
        let mut text = String::new();
        for Read { file, taken } in &self.files {
            text += &format!("{} from {}\n", file.display(), taken.from);
            let mut parts = vec![
                count(taken.messages, "new message", "new messages"),
                count(taken.receipts, "new receipt", "new receipts"),
                count(taken.attachments, "whole attachment", "whole attachments"),
            ];
            if taken.known > 0 {
                parts.push(format!("{} known already", taken.known));
            }
            if taken.refused > 0 {
                parts.push(format!("{} REFUSED: see the log", taken.refused));
            }
            text += &hang("  took  ", &parts.join(", "));
            if taken.later + taken.parts_later > 0 {
                let later = "some of it follows what is in other files of this export, or in one \
                             before it: import those, and then this file again";
                text += &hang("  next  ", later);
            }
        }
        text
    }
}

impl Bundle {
    /// Does it, and prints what was done.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Export(export) => output::report(&export.run().await?, json),
            Self::Import(import) => output::report(&import.run().await?, json),
        }
    }
}

impl Export {
    async fn run(self) -> Result<Exported, Failure> {
        let client = self.session.open(&CARRIERS)?.client;
        let body = TakeOut {
            peer: self.peer,
            size: self.size,
        };
        let (into_folder, peer) = (self.out.is_dir(), self.peer);
        let (files, kept_back) = client
            .take_out(&body, |export, number| match (into_folder, number) {
                (true, number) => self.out.join(format!("{peer}-{export}-{number}.liaison")),
                (false, 1) => self.out.clone(),
                (false, number) => {
                    let mut name = self.out.clone().into_os_string();
                    name.push(format!(".{number}"));
                    name.into()
                }
            })
            .await?;
        let files = files.into_iter().map(|(file, size)| Written { file, size });
        Ok(Exported {
            peer,
            files: files.collect(),
            kept_back,
        })
    }
}

impl Import {
    async fn run(self) -> Result<Imported, Failure> {
        let client = self.session.open(&CARRIERS)?.client;
        let mut files: Vec<(Vec<u8>, PathBuf)> = Vec::new();
        for file in self.files {
            let place = place(&file).map_err(|error| Failure::file(&file, &error))?;
            files.push((place, file));
        }
        // In the order of their exports, which spares taking one in again.
        files.sort();
        let mut imported = Vec::new();
        for (_, file) in files {
            match client.bring_in(&file).await {
                Ok(taken) => imported.push(Read { file, taken }),
                Err(error) => {
                    let failure = Failure::from(error);
                    let before = count(imported.len() as u64, "file was", "files were");
                    let why = format!(
                        "{}: {}; {before} taken in before it",
                        file.display(),
                        failure.detail()
                    );
                    return Err(failure.because(why));
                }
            }
        }
        Ok(Imported { files: imported })
    }
}

/// What orders files: their export, which begins with its time, and their number in it.
fn place(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut head = Vec::new();
    let file = std::fs::File::open(file)?;
    file.take(PLACE.end as u64).read_to_end(&mut head)?;
    Ok(head.get(PLACE).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_those_that_no_stick_takes_are_refused() {
        assert_eq!(bytes("700M"), Ok(700 << 20));
        assert_eq!(bytes("3G"), Ok(3 << 30));
        assert_eq!(bytes("2097152"), Ok(2 << 20));
        for bad in ["", "1M", "4G", "700MB", "-1", "99999999999G"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
