//! Whatever bytes come, decoding gives a value or a typed error, and a value has one encoding.

use super::frames::one_of_each;
use super::*;
use crate::base::{Entropy as _, SeededEntropy};

/// Decodes as everything; what decodes is exactly what would be encoded.
fn take(bytes: &[u8]) -> u32 {
    let mut taken = 0;
    if let Ok(header) = decode_header(bytes) {
        assert_eq!(encode_header(&header), bytes);
        taken += 1;
    }
    if let Ok(event) = decode_event(bytes) {
        // The content is JSON, which may be spelt in other ways; all else is exact.
        let again = decode_event(&encode_event(&event));
        assert_eq!(again, Ok(event));
        taken += 1;
    }
    if let Ok(frame) = Frame::decode(bytes) {
        assert_eq!(frame.encode(), bytes);
        taken += 1;
    }
    taken
}

fn honest() -> Vec<Vec<u8>> {
    let mut all = vec![encode_header(&header()), encode_event(&event())];
    all.extend(bodies().into_iter().map(|body| {
        let (_, event) = message(actor("TR", Role::Contact), hours(1), body);
        encode_event(&event)
    }));
    all.extend(one_of_each().iter().map(Frame::encode));
    all
}

#[test]
fn random_bytes_never_panic() {
    let mut entropy = SeededEntropy::new(1);
    for _ in 0..20_000 {
        let mut bytes = vec![0; usize::try_from(entropy.below(200)).expect("small")];
        entropy.fill(&mut bytes);
        take(&bytes);
    }
}

#[test]
fn changed_bytes_never_panic() {
    let mut entropy = SeededEntropy::new(2);
    let honest = honest();
    let below = |entropy: &mut SeededEntropy, n: usize| {
        usize::try_from(entropy.below(n as u64)).expect("small")
    };
    for round in 0..4_000 {
        let mut bytes = honest[round % honest.len()].clone();
        for _ in 0..=entropy.below(3) {
            let at = below(&mut entropy, bytes.len());
            match entropy.below(5) {
                0 => bytes[at] ^= 1 << entropy.below(8),
                1 => bytes[at] = [0, 0x7F, 0x80, 0xFF][below(&mut entropy, 4)],
                2 => bytes.truncate(at.max(1)),
                3 => bytes.insert(at, 0x80),
                _ => {
                    let other = &honest[below(&mut entropy, honest.len())];
                    let from = below(&mut entropy, other.len());
                    bytes.splice(at..at, other[from..].iter().copied().take(40));
                }
            }
        }
        take(&bytes);
    }
}

#[test]
fn a_flipped_bit_of_a_header_is_another_header_or_none() {
    let honest = encode_header(&header());
    for bit in 0..honest.len() * 8 {
        let mut bytes = honest.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = decode_header(&bytes) {
            assert_ne!(read, header(), "bit {bit}");
        }
    }
}

#[test]
fn what_is_cut_short_is_refused() {
    let honest = encode_header(&header());
    let whole = (0..honest.len()).filter(|cut| decode_header(&honest[..*cut]).is_ok());
    // Fields at the end may be missing; a header that lacks them says something else.
    for cut in whole {
        assert_ne!(decode_header(&honest[..cut]), Ok(header()), "cut at {cut}");
    }
    let honest = encode_event(&event());
    for cut in 0..honest.len() {
        assert!(decode_event(&honest[..cut]).is_err(), "cut at {cut}");
    }
}
