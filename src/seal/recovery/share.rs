//! One person's share of a recovery key, as text that can be printed and typed.
//!
//! `liaison-share-1 <key> <needed>-of-<shares> <hex of the share, in groups of 8> <check>`: `key` is
//! the first 8 bytes of the recovery key's id, `check` the first 4 of the SHA-256 of all before it.

use std::fmt;
use std::str::FromStr;

use blahaj::Sharks;
use zeroize::Zeroizing;

use super::SECRET_LEN;
use crate::base::{Digest, Entropy};
use crate::seal::KeyId;
use crate::seal::rng::EntropyRng;

const LEAD: &str = "liaison-share-1";
/// The share's number, and a byte for each byte of the secret.
const SHARE_LEN: usize = 1 + SECRET_LEN;

/// Why shares open nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// The text is no share, or was mistyped.
    #[error("the text is no share, or a character of it is wrong")]
    Malformed,
    /// The shares are of another recovery key.
    #[error("the share is of another recovery key")]
    OtherKey,
    /// One share was given twice.
    #[error("one share was given twice")]
    Twice,
    /// There are too few.
    #[error("{given} shares are too few, {needed} are needed")]
    TooFew {
        /// How many came.
        given: usize,
        /// How many it takes.
        needed: u8,
    },
}

/// A share. Printing it by `{}` shows the secret text; `{:?}` does not.
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    key: [u8; 8],
    needed: u8,
    shares: u8,
    bytes: Zeroizing<[u8; SHARE_LEN]>,
}

impl Share {
    /// Splits a secret.
    pub(super) fn split(
        secret: &[u8; SECRET_LEN],
        key: &KeyId,
        needed: u8,
        shares: u8,
        entropy: &mut dyn Entropy,
    ) -> Vec<Self> {
        let mut rng = EntropyRng(entropy);
        let dealt = Sharks(needed).dealer_rng(secret, &mut rng);
        dealt
            .take(usize::from(shares))
            .map(|share| {
                let bytes = Zeroizing::new(Vec::from(&share));
                let bytes = bytes.as_slice().try_into();
                Self {
                    key: short(key),
                    needed,
                    shares,
                    bytes: Zeroizing::new(bytes.expect("a share is one byte longer")),
                }
            })
            .collect()
    }

    /// Puts the secret together. Wrong shares of the right form give another secret.
    pub(super) fn combine(
        shares: &[Self],
        key: &KeyId,
    ) -> Result<Zeroizing<[u8; SECRET_LEN]>, ShareError> {
        let mut numbers = std::collections::BTreeSet::new();
        let mut needed = u8::MAX;
        for share in shares {
            if share.key != short(key) {
                return Err(ShareError::OtherKey);
            }
            if !numbers.insert(share.number()) {
                return Err(ShareError::Twice);
            }
            needed = share.needed;
        }
        if shares.len() < usize::from(needed) {
            let given = shares.len();
            return Err(ShareError::TooFew { given, needed });
        }
        let parsed: Result<Vec<blahaj::Share>, _> = shares
            .iter()
            .map(|share| blahaj::Share::try_from(share.bytes.as_slice()))
            .collect();
        let parsed = parsed.map_err(|_| ShareError::Malformed)?;
        let sharks = Sharks(needed);
        let secret = sharks.recover(&parsed).map(Zeroizing::new);
        let secret = secret.map_err(|_| ShareError::Malformed)?;
        <[u8; SECRET_LEN]>::try_from(secret.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| ShareError::Malformed)
    }

    /// Which share it is, from 1.
    pub fn number(&self) -> u8 {
        self.bytes[0]
    }

    /// How each share of the recovery key with this id begins, as it is printed.
    pub fn beginning(key: &KeyId) -> String {
        format!("{LEAD} {}", hex::encode(short(key)))
    }

    /// How many shares open the key.
    pub fn needed(&self) -> u8 {
        self.needed
    }

    fn unchecked(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.bytes.as_slice()));
        let mut text = format!(
            "{LEAD} {} {}-of-{}",
            hex::encode(self.key),
            self.needed,
            self.shares
        );
        let mut rest = digits.as_str();
        while !rest.is_empty() {
            let (group, after) = rest.split_at(rest.len().min(8));
            text.push(' ');
            text.push_str(group);
            rest = after;
        }
        Zeroizing::new(text)
    }
}

fn short(key: &KeyId) -> [u8; 8] {
    *key.as_bytes()
        .first_chunk()
        .expect("a key id is longer than 8 bytes")
}

fn check(text: &str) -> String {
    hex::encode(&Digest::of(text.as_bytes()).as_bytes()[..4])
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.unchecked();
        write!(f, "{} {}", &*text, check(&text))
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} bytes)", self.bytes.len())
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let text = Zeroizing::new(text.trim().to_ascii_lowercase());
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [LEAD, key, counts, digits @ .., checked] = &words[..] else {
            return Err(ShareError::Malformed);
        };
        let (needed, shares) = counts.split_once("-of-").ok_or(ShareError::Malformed)?;
        let number = |text: &str| text.parse::<u8>().map_err(|_| ShareError::Malformed);
        let mut share = Self {
            key: [0; 8],
            needed: number(needed)?,
            shares: number(shares)?,
            bytes: Zeroizing::new([0; SHARE_LEN]),
        };
        hex::decode_to_slice(key, &mut share.key).map_err(|_| ShareError::Malformed)?;
        let digits = Zeroizing::new(digits.concat());
        hex::decode_to_slice(&*digits, share.bytes.as_mut_slice())
            .map_err(|_| ShareError::Malformed)?;
        if check(&share.unchecked()) != *checked || share.needed < 2 || share.number() == 0 {
            return Err(ShareError::Malformed);
        }
        Ok(share)
    }
}
