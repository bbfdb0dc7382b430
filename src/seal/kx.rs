//! The hybrid key exchange X25519MLKEM768 in raw bytes (RFC 10024, TLS group 0x11EC): the secret
//! holds as long as either of its halves does.
//!
//! The client's share is an ML-KEM-768 encapsulation key and an X25519 key, the server's share an
//! ML-KEM-768 ciphertext and an X25519 key; the secret is the two shared secrets one after the
//! other, ML-KEM's first in all three. Keys serve one exchange and die with it. The random bytes
//! come from ring, which takes no other source for an X25519 key.

use std::fmt;

use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Seed};
use ring::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey, X25519};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, Zeroizing};

/// The group's number in TLS (RFC 10024 § 6).
pub const CODE_POINT: u16 = 0x11ec;

/// Bytes of an X25519 public key, and of its shared secret (RFC 7748 § 5).
const X25519_LEN: usize = 32;
/// Bytes of an ML-KEM-768 encapsulation key (FIPS 203 table 3).
const ENCAPSULATION_KEY_LEN: usize = 1184;
/// Bytes of an ML-KEM-768 ciphertext (FIPS 203 table 3).
const CIPHERTEXT_LEN: usize = 1088;
/// Bytes of an ML-KEM shared secret.
const ML_KEM_SECRET_LEN: usize = 32;

/// Bytes of what the client sends.
pub const CLIENT_SHARE_LEN: usize = ENCAPSULATION_KEY_LEN + X25519_LEN;
/// Bytes of what the server sends.
pub const SERVER_SHARE_LEN: usize = CIPHERTEXT_LEN + X25519_LEN;
/// Bytes of the secret that both get.
pub const SECRET_LEN: usize = ML_KEM_SECRET_LEN + X25519_LEN;

/// Why a key exchange came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KxError {
    /// The machine gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// The peer's share is longer or shorter than the group's.
    #[error("the peer's key share has the wrong length")]
    WrongLength,
    /// The peer's encapsulation key has a coefficient that is not reduced (FIPS 203 § 7.2).
    #[error("the peer's ML-KEM key is not one")]
    InvalidEncapsulationKey,
    /// The peer's X25519 key is of low order: the shared secret would be zero (RFC 7748 § 6.1).
    #[error("the peer's X25519 key is of low order")]
    LowOrder,
}

/// What both ends of an exchange know, and nobody else.
pub struct KxSecret(Zeroizing<[u8; SECRET_LEN]>);

impl KxSecret {
    fn new(ml_kem: &[u8; ML_KEM_SECRET_LEN], x25519: &[u8]) -> Self {
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        secret[..ML_KEM_SECRET_LEN].copy_from_slice(ml_kem);
        secret[ML_KEM_SECRET_LEN..].copy_from_slice(x25519);
        Self(secret)
    }

    /// The 64 bytes: ML-KEM's secret, then X25519's.
    pub fn as_bytes(&self) -> &[u8; SECRET_LEN] {
        &self.0
    }
}

impl fmt::Debug for KxSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KxSecret({SECRET_LEN} bytes)")
    }
}

/// An exchange that the client has begun and whose answer is awaited.
pub struct ClientExchange {
    x25519: EphemeralPrivateKey,
    ml_kem: DecapsulationKey,
    share: Box<[u8; CLIENT_SHARE_LEN]>,
}

impl ClientExchange {
    /// Makes a key of each kind.
    ///
    /// # Errors
    /// [`KxError::NoRandomness`].
    pub fn start() -> Result<Self, KxError> {
        let random = SystemRandom::new();
        let mut seed = Seed::default();
        random.fill(&mut seed).map_err(|_| KxError::NoRandomness)?;
        let ml_kem = DecapsulationKey::from_seed(seed);
        seed.zeroize();
        let x25519 = new_x25519(&random)?;

        let mut share = Box::new([0; CLIENT_SHARE_LEN]);
        let (first, second) = share.split_at_mut(ENCAPSULATION_KEY_LEN);
        first.copy_from_slice(&ml_kem.encapsulation_key().to_bytes());
        second.copy_from_slice(public_key(&x25519)?.as_ref());
        Ok(Self {
            x25519,
            ml_kem,
            share,
        })
    }

    /// What to send to the server.
    pub fn share(&self) -> &[u8; CLIENT_SHARE_LEN] {
        &self.share
    }

    /// The secret, from what the server sent. A ciphertext that was tampered with gives a secret
    /// that the server does not have (implicit rejection, FIPS 203 § 6.3), not an error.
    ///
    /// # Errors
    /// [`KxError::WrongLength`], [`KxError::LowOrder`].
    pub fn complete(self, server_share: &[u8]) -> Result<KxSecret, KxError> {
        if server_share.len() != SERVER_SHARE_LEN {
            return Err(KxError::WrongLength);
        }
        let (ciphertext, x25519) = server_share.split_at(CIPHERTEXT_LEN);
        let ciphertext = Ciphertext::try_from(ciphertext).map_err(|_| KxError::WrongLength)?;
        let ml_kem = Zeroizing::new(self.ml_kem.decapsulate(&ciphertext).into());
        agree(self.x25519, x25519, &ml_kem)
    }
}

impl fmt::Debug for ClientExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientExchange").finish_non_exhaustive()
    }
}

/// The server's whole part: answers a client's share with what to send back, and the secret.
///
/// # Errors
/// Any [`KxError`].
pub fn answer(client_share: &[u8]) -> Result<(Box<[u8; SERVER_SHARE_LEN]>, KxSecret), KxError> {
    if client_share.len() != CLIENT_SHARE_LEN {
        return Err(KxError::WrongLength);
    }
    let (key, x25519) = client_share.split_at(ENCAPSULATION_KEY_LEN);
    let key = key.try_into().map_err(|_| KxError::WrongLength)?;
    let key = EncapsulationKey::new(&key).map_err(|_| KxError::InvalidEncapsulationKey)?;

    let random = SystemRandom::new();
    let mut message = B32::default();
    random
        .fill(&mut message)
        .map_err(|_| KxError::NoRandomness)?;
    let (ciphertext, ml_kem) = key.encapsulate_deterministic(&message);
    message.zeroize();
    let ml_kem = Zeroizing::new(ml_kem.into());

    let private = new_x25519(&random)?;
    let mut share = Box::new([0; SERVER_SHARE_LEN]);
    let (first, second) = share.split_at_mut(CIPHERTEXT_LEN);
    first.copy_from_slice(&ciphertext);
    second.copy_from_slice(public_key(&private)?.as_ref());
    Ok((share, agree(private, x25519, &ml_kem)?))
}

fn new_x25519(random: &SystemRandom) -> Result<EphemeralPrivateKey, KxError> {
    EphemeralPrivateKey::generate(&X25519, random).map_err(|_| KxError::NoRandomness)
}

fn public_key(private: &EphemeralPrivateKey) -> Result<agreement::PublicKey, KxError> {
    private
        .compute_public_key()
        .map_err(|_| KxError::NoRandomness)
}

/// Ring refuses a shared secret of zeros itself, and no other key of 32 bytes.
fn agree(
    private: EphemeralPrivateKey,
    public: &[u8],
    ml_kem: &[u8; ML_KEM_SECRET_LEN],
) -> Result<KxSecret, KxError> {
    let public = UnparsedPublicKey::new(&X25519, public);
    agreement::agree_ephemeral(private, &public, |x25519| KxSecret::new(ml_kem, x25519))
        .map_err(|_| KxError::LowOrder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_get_the_same_secret_and_a_new_one_each_time() {
        let mut last = [0; SECRET_LEN];
        for _ in 0..8 {
            let client = ClientExchange::start().unwrap();
            let (share, server_secret) = answer(client.share()).unwrap();
            let client_secret = client.complete(&share[..]).unwrap();
            assert_eq!(client_secret.as_bytes(), server_secret.as_bytes());
            assert_ne!(client_secret.as_bytes(), &last);
            last = *client_secret.as_bytes();
        }
    }

    #[test]
    fn a_share_of_any_other_length_is_refused() {
        let client = ClientExchange::start().unwrap();
        let long = [&client.share()[..], &[0]].concat();
        for share in [&[][..], &client.share()[1..], &long, &[9; 32]] {
            assert_eq!(answer(share).unwrap_err(), KxError::WrongLength);
        }
        let (share, _) = answer(client.share()).unwrap();
        let long = [&share[..], &[0]].concat();
        for share in [&[][..], &share[1..], &long, &[9; 32]] {
            let client = ClientExchange::start().unwrap();
            assert_eq!(client.complete(share).unwrap_err(), KxError::WrongLength);
        }
    }

    #[test]
    fn an_encapsulation_key_that_is_not_reduced_is_refused() {
        let client = ClientExchange::start().unwrap();
        for at in [0, 3, 600, 1149] {
            let mut share = *client.share();
            share[at..at + 3].fill(0xff);
            assert_eq!(
                answer(&share).unwrap_err(),
                KxError::InvalidEncapsulationKey
            );
        }
    }

    #[test]
    fn x25519_keys_of_low_order_are_refused_both_ways() {
        // RFC 7748 § 6.1; the points are those of https://cr.yp.to/ecdh.html#validate.
        let mut one = [0; 32];
        one[0] = 1;
        let mut p_minus_one = [0xff; 32];
        p_minus_one[0] = 0xec;
        p_minus_one[31] = 0x7f;
        let mut p = p_minus_one;
        p[0] = 0xed;
        let mut order_eight = [0; 32];
        hex::decode_to_slice(
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            &mut order_eight,
        )
        .unwrap();
        for point in [[0; 32], one, p_minus_one, p, order_eight] {
            let client = ClientExchange::start().unwrap();
            let mut share = *client.share();
            share[ENCAPSULATION_KEY_LEN..].copy_from_slice(&point);
            assert_eq!(answer(&share).unwrap_err(), KxError::LowOrder);

            let (mut share, _) = answer(client.share()).unwrap();
            share[CIPHERTEXT_LEN..].copy_from_slice(&point);
            assert_eq!(client.complete(&share[..]).unwrap_err(), KxError::LowOrder);
        }
    }

    #[test]
    fn a_changed_ciphertext_gives_the_client_another_secret() {
        let client = ClientExchange::start().unwrap();
        let (mut share, server_secret) = answer(client.share()).unwrap();
        share[17] ^= 1;
        let client_secret = client.complete(&share[..]).unwrap();
        assert_ne!(client_secret.as_bytes(), server_secret.as_bytes());
    }

    #[test]
    fn secrets_are_not_printed() {
        let client = ClientExchange::start().unwrap();
        let (_, secret) = answer(client.share()).unwrap();
        assert_eq!(format!("{secret:?}"), "KxSecret(64 bytes)");
        assert_eq!(format!("{client:?}"), "ClientExchange { .. }");
    }
}
