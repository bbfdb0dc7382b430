//! Passkeys: what a browser brings back from its authenticator, checked as Web Authentication
//! Level 2 says (W3C, § 7.1 and § 7.2), for one relying party and without attestation.
//!
//! An enrolment rests on a one-time code, so whoever holds the code may name any public key: the
//! browser hands it over in SubjectPublicKeyInfo beside the authenticator's data, and no CBOR is
//! parsed. User verification is always demanded.

mod asked;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub use asked::ChallengeKey;

/// COSE algorithm numbers that are taken, the preferred first: EdDSA, ES256, RS256.
pub const ALGORITHMS: [i32; 3] = [-8, -7, -257];

/// The longest credential id (CTAP 2.1 § 5.1 allows 1023 bytes).
const LONGEST_ID: usize = 1_023;

/// Flags of the authenticator's data: somebody was there, was verified; a credential follows.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// The site that passkeys are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// Its domain, without scheme and port.
    pub id: String,
    /// The one origin that it is reached under, such as `https://liaison.example`.
    pub origin: String,
}

/// The random bytes that an authenticator signs, once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Challenge(pub [u8; 32]);

/// A public key that a person proves to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// The credential's id, as its authenticator chose it.
    #[serde(with = "hex::serde")]
    pub id: Vec<u8>,
    /// Its COSE algorithm, one of [`ALGORITHMS`].
    pub algorithm: i32,
    /// The raw public key, as `ring` takes it.
    #[serde(with = "hex::serde")]
    key: Vec<u8>,
    /// The authenticator's count of signatures; 0 where it keeps none.
    count: u32,
}

impl Passkey {
    /// The raw public key.
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

/// What the browser gives for a new credential.
#[derive(Debug, Clone)]
pub struct Registration {
    /// `response.clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `response.getAuthenticatorData()`.
    pub authenticator_data: Vec<u8>,
    /// `response.getPublicKey()`: SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// `response.getPublicKeyAlgorithm()`.
    pub algorithm: i32,
}

/// What the browser gives for a credential that exists.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// `rawId`.
    pub id: Vec<u8>,
    /// `response.clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `response.authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `response.signature`.
    pub signature: Vec<u8>,
}

/// Why it is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The client's data cannot be read, or is of another ceremony.
    #[error("the browser's answer is not of this ceremony")]
    ClientData,
    /// It answers another challenge.
    #[error("the browser's answer is to another challenge")]
    Challenge,
    /// It was made for another site.
    #[error("the passkey was used at another address")]
    Origin,
    /// The authenticator's data cannot be read.
    #[error("the authenticator's answer cannot be read")]
    AuthenticatorData,
    /// The authenticator did not verify that it is the person.
    #[error("the authenticator did not ask who is there")]
    NotVerified,
    /// The public key is of no kind that is taken.
    #[error("the passkey is of a kind that is not taken")]
    Key,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The authenticator's count went back: the credential may have been copied.
    #[error("the authenticator's count went back, as that of a copy would")]
    Count,
}

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

impl RelyingParty {
    /// Takes a new credential.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn register(
        &self,
        challenge: &Challenge,
        made: &Registration,
    ) -> Result<Passkey, PasskeyError> {
        self.check_client_data("webauthn.create", challenge, &made.client_data)?;
        let seen = self.authenticator_data(&made.authenticator_data)?;
        let id = seen.credential.ok_or(PasskeyError::AuthenticatorData)?;
        Ok(Passkey {
            id: id.to_vec(),
            algorithm: made.algorithm,
            key: raw_key(made.algorithm, &made.public_key)?,
            count: seen.count,
        })
    }

    /// Checks that the holder of a passkey is there; gives the passkey with its new count.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub fn verify(
        &self,
        challenge: &Challenge,
        passkey: &Passkey,
        made: &Assertion,
    ) -> Result<Passkey, PasskeyError> {
        self.check_client_data("webauthn.get", challenge, &made.client_data)?;
        let seen = self.authenticator_data(&made.authenticator_data)?;
        let mut signed = made.authenticator_data.clone();
        signed.extend_from_slice(&Sha256::digest(&made.client_data));
        if !holds(passkey.algorithm, &passkey.key, &signed, &made.signature) {
            return Err(PasskeyError::Signature);
        }
        let counted = seen.count != 0 || passkey.count != 0;
        if counted && seen.count <= passkey.count {
            return Err(PasskeyError::Count);
        }
        Ok(Passkey {
            count: seen.count,
            ..passkey.clone()
        })
    }

    fn check_client_data(
        &self,
        kind: &str,
        challenge: &Challenge,
        json: &[u8],
    ) -> Result<(), PasskeyError> {
        let data: ClientData =
            serde_json::from_slice(json).map_err(|_| PasskeyError::ClientData)?;
        if data.kind != kind {
            return Err(PasskeyError::ClientData);
        }
        let answered = URL_SAFE_NO_PAD
            .decode(&data.challenge)
            .map_err(|_| PasskeyError::Challenge)?;
        if !bool::from(answered.ct_eq(&challenge.0[..])) {
            return Err(PasskeyError::Challenge);
        }
        if data.origin != self.origin || data.cross_origin {
            return Err(PasskeyError::Origin);
        }
        Ok(())
    }

    fn authenticator_data<'a>(&self, bytes: &'a [u8]) -> Result<Seen<'a>, PasskeyError> {
        let unreadable = PasskeyError::AuthenticatorData;
        let (site, rest) = bytes.split_first_chunk::<32>().ok_or(unreadable)?;
        let (flags, rest) = rest.split_first().ok_or(unreadable)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(unreadable)?;
        if site[..] != Sha256::digest(self.id.as_bytes())[..] {
            return Err(PasskeyError::Origin);
        }
        if flags & BACKED_UP != 0 && flags & ELIGIBLE == 0 {
            return Err(unreadable);
        }
        if flags & PRESENT == 0 || flags & VERIFIED == 0 {
            return Err(PasskeyError::NotVerified);
        }
        let credential = match flags & ATTESTED {
            0 => None,
            _ => {
                let (_model, rest) = rest.split_first_chunk::<16>().ok_or(unreadable)?;
                let (length, rest) = rest.split_first_chunk::<2>().ok_or(unreadable)?;
                let id = rest.get(..usize::from(u16::from_be_bytes(*length)));
                let id = id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
                Some(id.ok_or(unreadable)?)
            }
        };
        Ok(Seen {
            count: u32::from_be_bytes(*count),
            credential,
        })
    }
}

/// What the authenticator says, its flags checked.
struct Seen<'a> {
    count: u32,
    credential: Option<&'a [u8]>,
}

/// The client's data names the challenge that it answers.
///
/// # Errors
/// [`PasskeyError::ClientData`], [`PasskeyError::Challenge`].
pub fn challenge_of(client_data: &[u8]) -> Result<Challenge, PasskeyError> {
    let data: ClientData =
        serde_json::from_slice(client_data).map_err(|_| PasskeyError::ClientData)?;
    let mut challenge = [0; 32];
    match URL_SAFE_NO_PAD.decode_slice(&data.challenge, &mut challenge) {
        Ok(32) => Ok(Challenge(challenge)),
        Ok(_) | Err(_) => Err(PasskeyError::Challenge),
    }
}

/// Whether the client's data begins as every browser writes that of an assertion (Web Authentication
/// Level 2 § 5.8.1.2) and names this challenge.
pub(super) fn names_challenge(client_data: &[u8], challenge: &Challenge) -> bool {
    let challenge = URL_SAFE_NO_PAD.encode(challenge.0);
    let begins = format!(r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":""#);
    client_data.starts_with(begins.as_bytes())
}

/// Whether the authenticator's data says that it verified who is there.
pub(super) fn verified(authenticator_data: &[u8]) -> bool {
    let flags = authenticator_data.get(32).copied().unwrap_or(0);
    authenticator_data.len() >= 37 && flags & PRESENT != 0 && flags & VERIFIED != 0
}

/// Whether the signature is the key's over these bytes.
pub(super) fn holds(algorithm: i32, key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    verifier(algorithm).is_some_and(|verifier| {
        UnparsedPublicKey::new(verifier, key)
            .verify(signed, signature)
            .is_ok()
    })
}

fn verifier(algorithm: i32) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        -8 => Some(&signature::ED25519),
        -7 => Some(&signature::ECDSA_P256_SHA256_ASN1),
        -257 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        _ => None,
    }
}

/// The key as `ring` takes it, from a SubjectPublicKeyInfo (RFC 5280 § 4.1) of the kind that the
/// algorithm names.
fn raw_key(algorithm: i32, der: &[u8]) -> Result<Vec<u8>, PasskeyError> {
    let info: spki::SubjectPublicKeyInfoRef<'_> = der.try_into().map_err(|_| PasskeyError::Key)?;
    let oid = match algorithm {
        -8 => "1.3.101.112",
        -7 => "1.2.840.10045.2.1",
        -257 => "1.2.840.113549.1.1.1",
        _ => return Err(PasskeyError::Key),
    };
    let key = info
        .subject_public_key
        .as_bytes()
        .ok_or(PasskeyError::Key)?;
    let fits = info.algorithm.oid.to_string() == oid && is_key(algorithm, key);
    fits.then(|| key.to_vec()).ok_or(PasskeyError::Key)
}

/// Whether a raw public key has a length that the algorithm takes. RSA ends at 3,072 bits, so that
/// one log entry holds all the passkeys of a person.
pub(super) fn is_key(algorithm: i32, key: &[u8]) -> bool {
    match algorithm {
        -8 => key.len() == 32,
        -7 => key.len() == 65,
        -257 => (256..=400).contains(&key.len()),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
