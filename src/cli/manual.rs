//! The manual: pages on a topic, the page of each error code, and man pages of every command.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::output;
use super::report::Report;

/// A page of the manual.
struct Page {
    topic: &'static str,
    text: &'static str,
}

macro_rules! pages {
    ($($topic:literal)*) => {
        [$(Page {
            topic: $topic,
            text: include_str!(concat!("../../docs/manual/", $topic, ".md")),
        }),*]
    };
}

const PAGES: [Page; 20] = pages![
    "alarms" "alerts" "api" "clocks" "console" "errors" "handling" "log" "members" "network"
    "permissions" "recovery" "release" "requests" "retention" "roles" "search" "trust" "webhooks"
    "witness"
];

/// `help`.
#[derive(Debug, Args)]
pub struct Help {
    /// A command such as `rfi send`, a topic, or the code of an error
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
}

/// `manual`.
#[derive(Debug, Args)]
pub struct Manual {
    /// The folder to write the man pages to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// A page that was asked for.
#[derive(Debug, Serialize)]
pub struct Shown {
    topic: String,
    text: String,
}

impl Report for Shown {
    fn text(&self) -> String {
        self.text.clone()
    }
}

/// The man pages that were written.
#[derive(Debug, Serialize)]
pub struct Written {
    dir: PathBuf,
    pages: usize,
}

impl Report for Written {
    fn text(&self) -> String {
        format!("{} man pages in {}\n", self.pages, self.dir.display())
    }
}

/// Shows a command's help, a topic, or the page of an error code.
///
/// # Errors
/// `no-such-topic`, with what there is.
pub fn help(args: &Help, json: bool) -> Result<(), Failure> {
    let topic = args.topic.join(" ");
    let text = if topic.is_empty() {
        format!("{}\n{}", super::command().render_long_help(), overview())
    } else {
        page(&topic)
            .or_else(|| error(&topic))
            .or_else(|| command(&args.topic))
            .ok_or_else(|| no_such_topic(&topic))?
    };
    output::report(&Shown { topic, text }, json)
}

/// Writes a man page for each command.
///
/// # Errors
/// `file` where the folder cannot be written.
pub fn manual(args: &Manual, json: bool) -> Result<(), Failure> {
    let failed = |error| Failure::file(&args.out, &error);
    std::fs::create_dir_all(&args.out).map_err(failed)?;
    let mut command = super::command();
    command.build();
    let pages = write_pages(&command, &args.out).map_err(failed)?;
    let dir = args.out.clone();
    output::report(&Written { dir, pages }, json)
}

fn write_pages(command: &clap::Command, dir: &std::path::Path) -> std::io::Result<usize> {
    clap_mangen::Man::new(command.clone()).generate_to(dir)?;
    let mut pages = 1;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages += write_pages(sub, dir)?;
    }
    Ok(pages)
}

fn page(topic: &str) -> Option<String> {
    let found = PAGES.iter().find(|page| page.topic == topic)?;
    Some(found.text.to_owned())
}

/// What the page of errors says of one code, or of all codes that begin as it does.
fn error(code: &str) -> Option<String> {
    let family = |(start, _): (&str, &str)| error_headed(&format!("{start}-*"));
    error_headed(code).or_else(|| code.split_once('-').and_then(family))
}

fn error_headed(code: &str) -> Option<String> {
    let errors = page("errors")?;
    let heading = format!("## {code}\n");
    let start = errors.find(&format!("\n{heading}"))? + 1;
    let rest = &errors[start + heading.len()..];
    let end = rest.find("\n## ").map_or(rest.len(), |end| end + 1);
    Some(format!("{heading}{}", &rest[..end]))
}

/// The long help of a command, named by its words.
fn command(words: &[String]) -> Option<String> {
    let mut command = super::command();
    command.build();
    let mut found = &mut command;
    for word in words {
        found = found.find_subcommand_mut(word)?;
    }
    Some(found.render_long_help().to_string())
}

fn overview() -> String {
    let topics: Vec<&str> = PAGES.iter().map(|page| page.topic).collect();
    format!(
        "Topics: {}\nShow one, a command, or an error's code: liaison help TOPIC\n",
        topics.join(", ")
    )
}

fn no_such_topic(topic: &str) -> Failure {
    Failure::new(
        Exit::NotFound,
        "no-such-topic",
        "the manual has no such page",
        format!("{topic:?} is no command, no topic and no error's code"),
        overview().trim_end().replace('\n', ". "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_begins_with_its_heading() {
        for page in &PAGES {
            assert!(page.text.starts_with("# "), "{}", page.topic);
        }
    }

    #[test]
    fn an_errors_page_ends_where_the_next_begins() {
        let shown = error("not-found").expect("it has a page");
        assert!(shown.starts_with("## not-found\n"));
        assert_eq!(shown.matches("## ").count(), 1);
    }

    #[test]
    fn codes_of_one_family_share_a_page() {
        let shown = error("receipt-inclusion").expect("its family has a page");
        assert!(shown.starts_with("## receipt-*\n"));
    }

    #[test]
    fn commands_have_help_by_their_words() {
        let words = ["rfi".to_owned(), "send".to_owned()];
        assert!(command(&words).expect("there is one").contains("--to"));
        let alias = ["rfi".to_owned(), "await".to_owned()];
        assert!(
            command(&alias)
                .expect("it is another name")
                .contains("--expected")
        );
        assert!(command(&["rfi".to_owned(), "dance".to_owned()]).is_none());
    }
}
