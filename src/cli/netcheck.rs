//! `netcheck`: which ways to peers work, and what to do where none does.

use clap::Args;

use super::failure::{Exit, Failure};
use super::output;
use super::session::ReaderArgs;
use super::text::{clean, duration, hang};
use crate::api::{CLOCK_SKEW_MS, Hindrance, Netcheck as Checked, PeerReach, Tried};
use crate::base::{MemberId, Role, Timestamp};

/// `netcheck`.
#[derive(Debug, Args)]
pub struct Netcheck {
    #[command(flatten)]
    session: ReaderArgs,
    /// Only this member
    #[arg(long, value_name = "MEMBER")]
    peer: Option<MemberId>,
}

impl Netcheck {
    /// Lets the node try, and prints what it found.
    ///
    /// # Errors
    /// `peer-unreachable` where nothing works to any peer that was tried.
    pub async fn run(self, json: bool) -> Result<(), Failure> {
        let anybody = [
            Role::Admin,
            Role::Contact,
            Role::Officer,
            Role::Releaser,
            Role::Auditor,
            Role::Observer,
        ];
        let client = self.session.open(&anybody)?.client;
        let checked = client.netcheck(self.peer).await?;
        output::print(&checked, || text(&checked, Timestamp::system()), json)?;
        if checked.peers.is_empty() || checked.peers.iter().any(PeerReach::works) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Unreachable,
            "peer-unreachable",
            "no way to a peer works",
            format!("{} tried {}", checked.node, named(&checked.peers)),
            "see what is said of each; until then `liaison bundle export` carries messages by hand",
        ))
    }
}

fn named(peers: &[PeerReach]) -> String {
    let names: Vec<String> = peers.iter().map(|peer| peer.node.to_string()).collect();
    names.join(", ")
}

fn text(checked: &Checked, now: Timestamp) -> String {
    if checked.peers.is_empty() {
        return "There is no peer: install a trust list with `liaison trust install`.\n".to_owned();
    }
    let peers = checked.peers.iter().map(|peer| of_peer(peer, now));
    peers.collect::<Vec<_>>().join("\n")
}

fn of_peer(peer: &PeerReach, now: Timestamp) -> String {
    let mut text = match &peer.address {
        Some(address) => format!("{} at {}\n", peer.node, clean(address)),
        None => format!("{} has no address: it dials this node\n", peer.node),
    };
    for tried in &peer.tried {
        let over = if tried.over == "quic" { "UDP" } else { "TCP" };
        text += &hang(&format!("  {over}    "), &found(tried));
    }
    text += &match &peer.link {
        Some(link) => format!(
            "  link   up over {} for {}\n",
            if link.over == "quic" { "QUIC" } else { "TCP" },
            duration(now.since(link.since))
        ),
        None => "  link   down\n".to_owned(),
    };
    text += &match peer.clock_ahead_ms {
        Some(ahead) if ahead.unsigned_abs() < CLOCK_SKEW_MS => {
            "  clock  agrees with this node's\n".to_owned()
        }
        Some(ahead) => {
            let by = duration(std::time::Duration::from_millis(ahead.unsigned_abs()));
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            format!("  clock  {by} {way} this node's\n")
        }
        None => "  clock  not known before a link is up\n".to_owned(),
    };
    text + &hang("  next   ", &next(peer))
}

fn found(tried: &Tried) -> String {
    let at = clean(&tried.address);
    match (tried.found.as_str(), tried.rtt_ms) {
        ("works", Some(rtt)) => {
            let packets = tried
                .mtu
                .map(|mtu| format!(", packets of {mtu} bytes pass"))
                .unwrap_or_default();
            format!("{at} works: {rtt} ms there and back{packets}")
        }
        ("silent", _) => format!("{at} does not answer"),
        ("refused", _) => format!("{at} answers that nobody listens"),
        ("untrusted", _) => {
            format!("{at} answers, but does not prove to be the peer, or refuses this node's key")
        }
        ("not-admitted", _) => format!("{at} is the peer, which does not admit this node"),
        (other, _) => format!("{at}: {}", clean(other)),
    }
}

/// What to do next.
fn next(peer: &PeerReach) -> String {
    let port = peer.port();
    let Some(hindrance) = peer.hindrance() else {
        let dialled = !peer.tried.iter().any(Tried::works);
        return match dialled {
            true => "nothing: the peer dials this node, and that works",
            false => "nothing: it works",
        }
        .to_owned();
    };
    let fixed = match hindrance {
        Hindrance::NameUnknown => {
            "the name in the address leads nowhere: check it, and this machine's DNS"
        }
        Hindrance::ClockAstray => "set both clocks by NTP: messages expire by them",
        Hindrance::ShortPackets => {
            "it works; long packets do not pass, so transfers take a little longer"
        }
        Hindrance::Untrusted => {
            "compare trust lists at both ends (`liaison trust show`), and the peer's address: \
             another machine may answer there"
        }
        Hindrance::NotAdmitted => {
            "both offices compare the versions they run and their trust lists"
        }
        Hindrance::NotDialled => "wait for the peer to dial, or ask that office",
        Hindrance::UdpBlocked => {
            return format!(
                "it works over TCP, slower on a bad line: ask whoever runs the network, here or \
                 there, to let UDP {port} pass"
            );
        }
        Hindrance::NotServing => {
            return format!(
                "the machine is there and its node does not serve, or listens elsewhere: ask that \
                 office; port {port}"
            );
        }
        Hindrance::Silent => {
            return format!(
                "ask that office whether its node serves, and whoever runs the networks between to \
                 let UDP or TCP {port} pass; `liaison bundle export` carries messages by hand until \
                 then"
            );
        }
    };
    fixed.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(over: &str, found: &str) -> Tried {
        Tried {
            over: over.to_owned(),
            address: "192.0.2.1:4433".to_owned(),
            found: found.to_owned(),
            rtt_ms: (found == "works").then_some(40),
            mtu: (over == "quic" && found == "works").then_some(1452),
        }
    }

    fn peer(tried: Vec<Tried>) -> PeerReach {
        PeerReach {
            node: "TR-1".parse().unwrap(),
            address: Some("tr.example.org:4433".to_owned()),
            resolves: true,
            link: None,
            clock_ahead_ms: None,
            tried,
        }
    }

    #[test]
    fn what_to_do_next_follows_from_what_was_found() {
        for (found, says) in [
            (
                vec![tried("quic", "works"), tried("tcp", "silent")],
                "nothing: it works",
            ),
            (
                vec![tried("quic", "silent"), tried("tcp", "works")],
                "UDP 4433",
            ),
            (
                vec![tried("quic", "silent"), tried("tcp", "refused")],
                "does not serve",
            ),
            (
                vec![tried("quic", "untrusted"), tried("tcp", "silent")],
                "trust lists",
            ),
            (
                vec![tried("quic", "silent"), tried("tcp", "silent")],
                "bundle export",
            ),
            (vec![], "wait for the peer"),
        ] {
            let peer = peer(found);
            let text = of_peer(&peer, Timestamp::system());
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(says), "{says}: {text}");
        }
    }

    #[test]
    fn a_wrong_clock_is_told_before_a_way_that_works() {
        let mut peer = peer(vec![tried("quic", "works")]);
        peer.clock_ahead_ms = Some(-3_600_000);
        let text = of_peer(&peer, Timestamp::system());
        assert!(
            text.contains("behind this node's") && text.contains("NTP"),
            "{text}"
        );
    }
}
