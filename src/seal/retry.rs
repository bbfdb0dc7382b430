//! The key of the tokens with which strangers show that they receive at their address (RFC 9000 § 8.1.2).

use ring::hkdf::{HKDF_SHA256, Prk, Salt};

/// The key that follows from 32 random bytes.
pub fn retry_key(secret: &[u8; 32]) -> Prk {
    Salt::new(HKDF_SHA256, &[]).extract(secret)
}
