//! Ways to peers, and what is carried to them by hand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LinkOut;
use crate::base::{MemberId, MessageId, NodeId};

/// `POST /netcheck?peer=TR` (no body): every way to one member's nodes, or to all, is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Netcheck {
    /// This node.
    pub node: NodeId,
    /// Each peer that was tried.
    pub peers: Vec<PeerReach>,
}

/// How a peer can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerReach {
    /// The peer.
    pub node: NodeId,
    /// Where the trust list says that it listens; none where it only dials.
    pub address: Option<String>,
    /// Whether the name in the address leads to any host.
    pub resolves: bool,
    /// The link that is up.
    pub link: Option<LinkOut>,
    /// By how many milliseconds the peer's clock is ahead of this node's, or was when the link came
    /// up.
    pub clock_ahead_ms: Option<i64>,
    /// What was tried, UDP first.
    pub tried: Vec<Tried>,
}

/// One attempt to reach a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tried {
    /// `quic` or `tcp`.
    pub over: String,
    /// The address, `ip:port`.
    pub address: String,
    /// `works`, `silent`, `refused`, `untrusted` or `not-admitted`.
    pub found: String,
    /// There and back, in milliseconds, where it works.
    pub rtt_ms: Option<u64>,
    /// The longest datagram that is known to pass, in bytes, where QUIC works.
    pub mtu: Option<u16>,
}

impl Tried {
    /// Whether the peer admitted this node.
    pub fn works(&self) -> bool {
        self.found == "works"
    }
}

/// A clock that is wrong by as much is worth a word.
pub const CLOCK_SKEW_MS: u64 = 60_000;

/// What every path of the internet should pass, in bytes: QUIC's own packets are 1,200 long.
const SHORT: u16 = 1_280;

/// What stands in the way to a peer, or slows it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// The name in the address leads nowhere.
    NameUnknown,
    /// The clocks differ by a minute or more.
    ClockAstray,
    /// It works; long packets do not pass.
    ShortPackets,
    /// UDP does not pass, TCP does.
    UdpBlocked,
    /// What answers does not prove to be the peer, or refuses this node's key.
    Untrusted,
    /// The peer does not admit this node.
    NotAdmitted,
    /// There is no address to dial, and the peer has not dialled.
    NotDialled,
    /// The machine answers that nobody listens there.
    NotServing,
    /// Nothing answers.
    Silent,
}

impl Hindrance {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NameUnknown => "name-unknown",
            Self::ClockAstray => "clock-astray",
            Self::ShortPackets => "short-packets",
            Self::UdpBlocked => "udp-blocked",
            Self::Untrusted => "untrusted",
            Self::NotAdmitted => "not-admitted",
            Self::NotDialled => "not-dialled",
            Self::NotServing => "not-serving",
            Self::Silent => "silent",
        }
    }
}

impl PeerReach {
    /// Whether a link is up, or one could be.
    pub fn works(&self) -> bool {
        self.link.is_some() || self.tried.iter().any(Tried::works)
    }

    /// What somebody has to see to, the most telling first; none where all is well.
    pub fn hindrance(&self) -> Option<Hindrance> {
        let over = |over: &'static str| self.tried.iter().filter(move |tried| tried.over == over);
        let any = |found: &str| self.tried.iter().any(|tried| tried.found == found);
        let works = |way: &'static str| over(way).any(Tried::works);
        let astray = |ahead: i64| ahead.unsigned_abs() >= CLOCK_SKEW_MS;
        let hindrance = if !self.resolves {
            Hindrance::NameUnknown
        } else if self.clock_ahead_ms.is_some_and(astray) {
            Hindrance::ClockAstray
        } else if works("quic") {
            let short = over("quic").any(|tried| tried.mtu.is_some_and(|mtu| mtu < SHORT));
            return short.then_some(Hindrance::ShortPackets);
        } else if works("tcp") {
            Hindrance::UdpBlocked
        } else if self.link.is_some() {
            return None;
        } else if any("untrusted") {
            Hindrance::Untrusted
        } else if any("not-admitted") {
            Hindrance::NotAdmitted
        } else if self.tried.is_empty() {
            Hindrance::NotDialled
        } else if over("tcp").any(|tried| tried.found == "refused") {
            Hindrance::NotServing
        } else {
            Hindrance::Silent
        };
        Some(hindrance)
    }

    /// The port of the address.
    pub fn port(&self) -> &str {
        let address = self.address.as_deref();
        let parted = address.and_then(|address| address.rsplit_once(':'));
        parted.map_or("4433", |(_, port)| port)
    }
}

/// The header of the answer to [`TakeOut`] that says how many messages stay.
pub const KEPT_BACK: &str = "liaison-kept-back";

/// `POST /bundles`: what waits for a member, as files for a stick. The answer is a stream: for
/// each file its length in eight bytes, big-endian, and the file; a length of 0 after the last. The
/// header `liaison-kept-back` says how many messages stay, since the member is an observer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeOut {
    /// The member.
    pub peer: MemberId,
    /// The most bytes of one file, at least 2 MiB.
    pub size: u64,
}

/// `POST /bundles/imports`, with a file as the body: what was taken of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BroughtIn {
    /// The node that wrote the file.
    pub from: NodeId,
    /// The export.
    pub export: MessageId,
    /// The file's number in the export, from 1.
    pub number: u16,
    /// Whether it is the last.
    pub last: bool,
    /// Messages that are new here.
    pub messages: u64,
    /// Messages that were here already.
    pub known: u64,
    /// Messages that have to come again, after those that they follow.
    pub later: u64,
    /// Messages that are refused; the log says why.
    pub refused: u64,
    /// Receipts that say something new.
    pub receipts: u64,
    /// Attachments that are whole now.
    pub attachments: u64,
    /// Parts of attachments that have to come again, after those that they follow.
    pub parts_later: u64,
}
