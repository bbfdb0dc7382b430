//! The key exchange of TLS against aws-lc, an implementation that shares no line with ours.

use liaison::seal::kx::{self, ClientExchange};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;

const ROUNDS: usize = 2_000;

#[test]
fn two_thousand_exchanges_begun_here_agree_with_aws_lc() {
    for _ in 0..ROUNDS {
        let ours = ClientExchange::start().unwrap();
        let theirs = X25519MLKEM768.start_and_complete(ours.share()).unwrap();
        let secret = ours.complete(&theirs.pub_key).unwrap();
        assert_eq!(secret.as_bytes(), theirs.secret.secret_bytes());
    }
}

#[test]
fn two_thousand_exchanges_begun_by_aws_lc_agree_with_us() {
    for _ in 0..ROUNDS {
        let theirs = X25519MLKEM768.start().unwrap();
        let (share, secret) = kx::answer(theirs.pub_key()).unwrap();
        let theirs = theirs.complete(&share[..]).unwrap();
        assert_eq!(secret.as_bytes(), theirs.secret_bytes());
    }
}

#[test]
fn what_aws_lc_refuses_as_an_encapsulation_key_is_refused_here() {
    let good = *ClientExchange::start().unwrap().share();
    for byte in (0..1152).step_by(3) {
        // Every second coefficient stands alone in the last byte and a half of three.
        let mut share = good;
        share[byte + 1] |= 0xf0;
        share[byte + 2] = 0xff;
        let theirs = X25519MLKEM768.start_and_complete(&share);
        assert!(theirs.is_err() && kx::answer(&share).is_err(), "{byte}");
    }
}
