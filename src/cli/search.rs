//! `search`: finds exchanges and alerts by what stands in them.

use clap::Args;

use super::failure::Failure;
use super::rfi::READERS;
use super::session::ReaderArgs;
use super::text::{clean, duration, hang};
use super::{alert, output, thread};
use crate::api::{Direction, EarlierExchange, MatchedTerm, Page, Search, SearchHit};
use crate::base::Timestamp;
use crate::domain::terms::TermKind;

/// `search`.
#[derive(Debug, Args)]
pub struct Find {
    /// Words of a name, a plate, a number, a reference, an id; in any script
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    #[command(flatten)]
    session: ReaderArgs,
    /// Only as this: plate, vin, phone, device, document, account, registration, name, reference or
    /// word (of an alert)
    #[arg(long)]
    kind: Option<TermKind>,
    /// At most this many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// Go on where an earlier page ended
    #[arg(long)]
    cursor: Option<String>,
}

impl Find {
    /// Does it, and prints the outcome.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let session = self.session.open(&READERS)?;
        let body = Search {
            query: self.query.join(" "),
            kind: self.kind.map(|kind| kind.to_string()),
            limit: self.limit,
            cursor: self.cursor,
        };
        let page = session.client.search(&body).await?;
        output::print(&page, || page_text(&page), json)
    }
}

fn page_text(page: &Page<SearchHit>) -> String {
    let now = Timestamp::system();
    let line = |hit: &SearchHit| {
        let mut text = match (&hit.exchange, &hit.alert) {
            (Some(exchange), _) => thread::exchange_lines(exchange, now),
            (None, Some(alert)) => alert::words::lines(alert, now),
            (None, None) => String::new(),
        };
        if !hit.matched.is_empty() {
            text += &hang("    found: ", &matched(&hit.matched));
        }
        text
    };
    let none = "nothing that you may see holds this";
    output::page(page.items.iter().map(line), page.next.as_deref(), none)
}

/// `plate`, `name (alike)`.
fn matched(terms: &[MatchedTerm]) -> String {
    let term = |term: &MatchedTerm| match term.strength.as_str() {
        "exact" => clean(&term.kind),
        other => format!("{} ({})", clean(&term.kind), clean(other)),
    };
    terms.iter().map(term).collect::<Vec<_>>().join(", ")
}

/// The other exchanges about the same, each as `plate, phone: asked 12 d ago by HU, answered`.
pub fn earlier(exchanges: &[EarlierExchange], now: Timestamp) -> String {
    let mut text = String::new();
    for (at, other) in exchanges.iter().enumerate() {
        let ago = duration(now.since(other.created));
        let asked = match other.direction {
            Direction::Outgoing => format!("asked {ago} ago of {}", other.peer),
            Direction::Incoming => format!("asked {ago} ago by {}", other.peer),
        };
        let words = format!(
            "{}: {asked}, {} ({}, {})",
            matched(&other.matched),
            clean(&other.state),
            clean(&other.reference),
            other.id
        );
        let lead = if at == 0 {
            "  same as    "
        } else {
            "             "
        };
        text += &hang(lead, &words);
    }
    text
}
