//! `status`: the running node and its links.

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};

use super::attention;
use super::audit::own_words;
use super::failure::Failure;
use super::output;
use super::session::ReaderArgs;
use super::text::{WIDTH, clean, count, duration, hang, time};
use crate::api::{Health, PeerHealth, WaitingLetters};
use crate::base::{Role, Timestamp};

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    session: ReaderArgs,
}

impl Status {
    /// Asks the node, and prints what it says.
    ///
    /// # Errors
    /// A [`Failure`].
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let everybody = [
            Role::Contact,
            Role::Officer,
            Role::Admin,
            Role::Auditor,
            Role::Releaser,
            Role::Observer,
        ];
        let health = self.session.open(&everybody)?.client.health().await?;
        output::print(&health, || text(&health, Timestamp::system()), json)
    }
}

fn text(health: &Health, now: Timestamp) -> String {
    let mut text = attention::pressing(&health.pressing);
    text += &attention::pressing_alerts(&health.pressing_alerts);
    text += &attention::pressing_letters(&health.pressing_letters);
    text += &format!(
        "{} serves for {} (version {})\n",
        health.node,
        duration(now.since(health.serving_since)),
        clean(&health.version)
    );
    text += &format!(
        "  log    {}, root {}…\n",
        count(health.log_size, "entry", "entries"),
        health.log_root.short()
    );
    let behind = health.log_size.saturating_sub(health.index_size);
    if behind > 0 {
        text += &format!("  index  {} behind\n", count(behind, "entry", "entries"));
    } else {
        text += "  index  holds the whole log\n";
    }
    if let Some(own) = &health.own_log {
        text += &hang("  ", own_words(own, now).trim_end());
    }
    text += &match (health.trust_list, health.trust_list_expires) {
        (Some(version), Some(expires)) if expires <= now => {
            format!("  trust  list {version}, EXPIRED {}\n", time(expires))
        }
        (Some(version), Some(expires)) => {
            format!("  trust  list {version}, until {}\n", time(expires))
        }
        (Some(version), None) => format!("  trust  list {version}\n"),
        (None, _) => "  trust  no list installed: `liaison trust install`\n".to_owned(),
    };
    for out in &health.out {
        let waiting = count(out.waiting, "message waits", "messages wait");
        text += &format!(
            "  out    {} is {}: {waiting} and are not sent\n",
            out.member,
            clean(&out.why)
        );
    }
    for alarm in &health.alarms {
        text += &hang(
            "  ALARM  ",
            &format!("[{}] {}", clean(&alarm.code), clean(&alarm.detail)),
        );
        text += &hang("         ", &clean(&alarm.next));
    }
    text += &letters(&health.letters, now);
    if !health.peers.is_empty() {
        text += &peers(&health.peers, now);
    }
    text
}

/// What waits for a second person; nothing where nothing does.
fn letters(waiting: &WaitingLetters, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |count: u64, says: &str, command: &str| {
        if count > 0 {
            text += &format!("  {says}: {count}; `liaison rfi list --state {command}`\n");
        }
    };
    line(waiting.in_review, "letters in review", "in-review");
    line(
        waiting.stopped,
        "letters STOPPED by the protection gate",
        "stopped",
    );
    line(
        waiting.unreviewed,
        "EMERGENCY RELEASES NOT REVIEWED",
        "unreviewed",
    );
    if let Some(since) = waiting.since.filter(|_| !text.is_empty()) {
        text += &format!("  the oldest waits for {}\n", duration(now.since(since)));
    }
    text
}

fn peers(peers: &[PeerHealth], now: Timestamp) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(WIDTH).expect("80 fits"))
        .set_header(["Peer", "Link", "Waiting", "Last fault"]);
    for peer in peers {
        let waiting = match (peer.waiting, peer.waiting_since) {
            (0, _) => "nothing".to_owned(),
            (waiting, Some(since)) => format!("{waiting}, for {}", duration(now.since(since))),
            (waiting, None) => waiting.to_string(),
        };
        table.add_row([
            peer.node.to_string(),
            match (&peer.link, peer.connected) {
                (Some(link), true) => {
                    let since = duration(now.since(link.since));
                    format!("up for {since}, {}", clean(&link.over))
                }
                (None, true) => "up".to_owned(),
                (_, false) => "DOWN".to_owned(),
            },
            waiting,
            clean(peer.last_error.as_deref().unwrap_or_default()),
        ]);
    }
    format!("\n{table}\n")
}
