//! TLS keys that are not pinned, for which the identity key vouches: a peer that was away while keys
//! were rotated knows the node all the same.

use std::time::Duration;

use liaison::base::{SeededEntropy, Timestamp};
use liaison::seal::sign::SigningKey;
use liaison::seal::trust::{TlsVoucher, VOUCHER_LIFE};
use liaison::transport::{Class, LinkError, PeerAddress, Vouched, pin_of, tls_identity};

use crate::support::{Event, Identity, Node, id, soon};

/// The bundle of MK that TR has.
const KNOWN: u64 = 4;

/// MK with another TLS key than the one by which TR lists it, and TR.
struct Pair {
    identity: SigningKey,
    mk: Node,
    tr: Node,
}

/// How TR lists MK: by the key that it had.
fn listed(identity: &SigningKey, after: u64) -> PeerAddress {
    PeerAddress {
        vouched: Some(Vouched {
            by: identity.verifying_key().clone(),
            after,
        }),
        ..Identity::new("MK-1").listed(None)
    }
}

impl Pair {
    fn new() -> Self {
        let identity = SigningKey::generate(&mut SeededEntropy::new(1));
        let (mk, tr) = (Node::start("MK-1"), Node::start("TR-1"));
        tr.knows([listed(&identity, KNOWN)]);
        Self { identity, mk, tr }
    }

    /// The word of an identity key for MK's key, as one of the bundle with this sequence.
    fn voucher(&self, by: &SigningKey, sequence: u64, now: Timestamp) -> TlsVoucher {
        let pin = pin_of(&self.mk.identity.pkcs8).unwrap();
        let named = (sequence, &pin);
        TlsVoucher::issue(by, self.mk.node(), named, now, &mut SeededEntropy::new(2))
    }

    fn shows(&self, voucher: Option<&TlsVoucher>) {
        let pkcs8 = &self.mk.identity.pkcs8;
        let shown = tls_identity(pkcs8, self.mk.node(), voucher).unwrap();
        self.mk.transport.present(&shown);
    }

    /// MK, which shows this, gets no link.
    async fn is_refused(&self, voucher: Option<&TlsVoucher>) {
        self.shows(voucher);
        self.mk.knows([self.tr.dialled()]);
        soon(async {
            while self.tr.transport.refused().unlisted_key == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(self.tr.transport.connected(), []);
    }
}

#[tokio::test]
async fn a_key_of_a_later_bundle_is_known_by_the_word_of_the_identity_key() {
    let mut pair = Pair::new();
    let voucher = pair.voucher(&pair.identity, KNOWN + 1, Timestamp::system());
    pair.shows(Some(&voucher));
    pair.mk.knows([pair.tr.dialled()]);
    pair.mk.up(id("TR-1")).await;
    pair.tr.up(id("MK-1")).await;
    let class = Class::Urgent;
    pair.mk.transport.send(id("TR-1"), class, vec![1]).unwrap();
    assert_eq!(pair.tr.frame(class).await, [1]);
}

#[tokio::test]
async fn whoever_dials_takes_the_word_too() {
    let mut pair = Pair::new();
    let voucher = pair.voucher(&pair.identity, KNOWN + 1, Timestamp::system());
    pair.shows(Some(&voucher));
    pair.mk.knows([pair.tr.known()]);
    let address = Some(pair.mk.address().to_string());
    pair.tr.knows([PeerAddress {
        address,
        ..listed(&pair.identity, KNOWN)
    }]);
    pair.tr.up(id("MK-1")).await;
    pair.mk.up(id("TR-1")).await;
}

#[tokio::test]
async fn a_key_that_nobody_vouches_for_is_refused() {
    Pair::new().is_refused(None).await;
}

#[tokio::test]
async fn the_word_for_a_key_that_the_bundle_here_could_have_named_is_not_taken() {
    for sequence in [0, KNOWN - 1, KNOWN] {
        let pair = Pair::new();
        let voucher = pair.voucher(&pair.identity, sequence, Timestamp::system());
        pair.is_refused(Some(&voucher)).await;
    }
}

#[tokio::test]
async fn the_word_of_another_identity_is_not_taken() {
    let pair = Pair::new();
    let thief = SigningKey::generate(&mut SeededEntropy::new(3));
    let voucher = pair.voucher(&thief, KNOWN + 1, Timestamp::system());
    pair.is_refused(Some(&voucher)).await;
}

#[tokio::test]
async fn the_word_for_another_key_is_not_taken() {
    let pair = Pair::new();
    let stranger = pin_of(&Identity::new("MK-1").pkcs8).unwrap();
    let now = Timestamp::system();
    let named = (KNOWN + 1, &stranger);
    let mut entropy = SeededEntropy::new(4);
    let voucher = TlsVoucher::issue(&pair.identity, id("MK-1"), named, now, &mut entropy);
    pair.is_refused(Some(&voucher)).await;
}

#[tokio::test]
async fn an_old_word_is_not_taken() {
    let pair = Pair::new();
    let long_ago = Timestamp::system()
        .minus(VOUCHER_LIFE)
        .minus(Duration::from_secs(60));
    let voucher = pair.voucher(&pair.identity, KNOWN + 1, long_ago);
    pair.is_refused(Some(&voucher)).await;
}

#[tokio::test]
async fn a_link_on_a_word_ends_once_the_bundle_is_here_and_does_not_name_the_key() {
    for (names_it, ends) in [(true, false), (false, true)] {
        let mut pair = Pair::new();
        let voucher = pair.voucher(&pair.identity, KNOWN + 1, Timestamp::system());
        pair.shows(Some(&voucher));
        pair.mk.knows([pair.tr.dialled()]);
        pair.mk.up(id("TR-1")).await;
        pair.tr.up(id("MK-1")).await;
        let mut next = listed(&pair.identity, KNOWN + 1);
        if names_it {
            next.pins = pair.mk.known().pins;
        }
        pair.tr.knows([next]);
        if ends {
            let down = Event::Down(id("MK-1"), LinkError::Unlisted);
            assert_eq!(pair.tr.event().await, down);
        } else {
            let class = Class::Urgent;
            pair.mk.transport.send(id("TR-1"), class, vec![2]).unwrap();
            assert_eq!(
                pair.tr.event().await,
                Event::Frame(id("MK-1"), class, vec![2])
            );
        }
    }
}

#[tokio::test]
async fn another_certificate_is_shown_without_a_restart_and_links_stay() {
    let mut pair = Pair::new();
    let next = Identity::new("MK-1");
    let mut both = pair.mk.known();
    both.pins.extend(next.listed(None).pins);
    pair.tr.knows([both]);
    pair.mk.knows([pair.tr.dialled()]);
    pair.mk.up(id("TR-1")).await;
    pair.tr.up(id("MK-1")).await;
    pair.mk.transport.present(&next.tls());
    let class = Class::Urgent;
    pair.mk.transport.send(id("TR-1"), class, vec![1]).unwrap();
    assert_eq!(pair.tr.frame(class).await, [1]);
    // The old key is listed no more: the link that it made ends, and the new one makes another.
    pair.tr.knows([next.listed(None)]);
    let down = Event::Down(id("MK-1"), LinkError::Unlisted);
    assert_eq!(pair.tr.event().await, down);
    pair.tr.up(id("MK-1")).await;
}
