//! What lets a node that was killed tell its peers so when it is back: stateless resets (RFC 9000
//! § 10.3) under a key that outlives the process. A peer then gives a dead link up with the next
//! packet that it sends, and not only when the silence has lasted too long.

use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::{CryptoError, HmacKey};
use quinn::{ConnectionId, ConnectionIdGenerator, EndpointConfig};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::network::Chance;
use crate::base::Digest;

/// The key of reset tokens.
#[derive(Clone)]
pub(super) struct ResetKey(Zeroizing<[u8; 32]>);

impl ResetKey {
    /// Derives the key from the TLS key, which is the same after a restart.
    pub(super) fn derive(pkcs8: &[u8]) -> Self {
        let digest = Digest::of_parts(&[b"liaison/quic-reset/v1", pkcs8]);
        Self(Zeroizing::new(*digest.as_bytes()))
    }

    /// The configuration of an endpoint that resets with this key.
    pub(super) fn endpoint(&self, chance: &Chance) -> EndpointConfig {
        let mut config = EndpointConfig::new(Arc::new(self.clone()));
        let ids = chance.clone();
        config.cid_generator(move || Box::new(RandomIds(ids.clone())));
        config.rng_seed(Some(chance.array()));
        config
    }

    /// A keyed hash, twice, so that no token can be extended to another.
    fn token(&self, data: &[u8]) -> Digest {
        let inner = Digest::of_parts(&[&self.0[..], &[0], data]);
        Digest::of_parts(&[&self.0[..], &[1], inner.as_bytes()])
    }
}

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], token: &mut [u8]) {
        token.copy_from_slice(self.token(data).as_bytes());
    }

    fn signature_len(&self) -> usize {
        32
    }

    fn verify(&self, data: &[u8], token: &[u8]) -> Result<(), CryptoError> {
        let good = self.token(data).as_bytes()[..].ct_eq(token);
        if bool::from(good) {
            Ok(())
        } else {
            Err(CryptoError)
        }
    }
}

/// Random connection ids. Quinn's own can be recognized by the process that made them and by no
/// other, which would not answer for those of the one before it.
struct RandomIds(Chance);

const ID_LEN: usize = 8;

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        ConnectionId::new(&self.0.array::<ID_LEN>())
    }

    fn cid_len(&self) -> usize {
        ID_LEN
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_follow_from_the_key_and_the_id_alone() {
        let key = ResetKey::derive(b"a key");
        let mut token = [0; 32];
        key.sign(b"an id", &mut token);
        assert!(ResetKey::derive(b"a key").verify(b"an id", &token).is_ok());
        assert!(key.verify(b"another", &token).is_err());
        assert!(
            ResetKey::derive(b"another")
                .verify(b"an id", &token)
                .is_err()
        );
    }
}
