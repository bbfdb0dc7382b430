//! A passkey as the key of a person, and its assertion as the signature under a decision, so that
//! whoever has the log can check both, without the site that asked.

use sha2::{Digest as _, Sha256};

use super::super::layout::Reader;
use super::super::passkey::{Assertion, Challenge, holds, is_key, names_challenge, verified};
use super::super::sign::BadSignature;
use super::{LONGEST_PROOF, ParsePersonProof};

/// A passkey's public key: COSE algorithm i32 ‖ raw public key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PasskeyKey {
    algorithm: i32,
    key: Box<[u8]>,
}

impl PasskeyKey {
    pub(super) fn new(algorithm: i32, key: &[u8]) -> Result<Self, ParsePersonProof> {
        match is_key(algorithm, key) {
            true => Ok(Self {
                algorithm,
                key: key.into(),
            }),
            false => Err(ParsePersonProof),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&self.algorithm.to_be_bytes()[..], &self.key].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ParsePersonProof> {
        let (algorithm, key) = bytes.split_first_chunk().ok_or(ParsePersonProof)?;
        Self::new(i32::from_be_bytes(*algorithm), key)
    }

    pub(super) fn verify(
        &self,
        challenge: &Challenge,
        made: &AssertedSignature,
    ) -> Result<(), BadSignature> {
        let said = names_challenge(&made.client_data, challenge);
        if !said || !verified(&made.authenticator_data) {
            return Err(BadSignature);
        }
        let hash = Sha256::digest(&made.client_data);
        let signed = [&made.authenticator_data[..], &hash].concat();
        match holds(self.algorithm, &self.key, &signed, &made.signature) {
            true => Ok(()),
            false => Err(BadSignature),
        }
    }
}

/// What an authenticator made: u16 length ‖ authenticator data ‖ u16 length ‖ client data ‖
/// signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertedSignature {
    authenticator_data: Box<[u8]>,
    client_data: Box<[u8]>,
    signature: Box<[u8]>,
}

impl AssertedSignature {
    pub(super) fn new(made: &Assertion) -> Result<Self, ParsePersonProof> {
        let new = Self {
            authenticator_data: (&*made.authenticator_data).into(),
            client_data: (&*made.client_data).into(),
            signature: (&*made.signature).into(),
        };
        let length = made.authenticator_data.len() + made.client_data.len() + made.signature.len();
        match 4 + length <= LONGEST_PROOF {
            true => Ok(new),
            false => Err(ParsePersonProof),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for part in [&self.authenticator_data, &self.client_data] {
            let length = u16::try_from(part.len()).expect("the whole is at most 2,048 bytes");
            out.extend(length.to_be_bytes());
            out.extend(&part[..]);
        }
        out.extend(&self.signature[..]);
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ParsePersonProof> {
        let mut reader = Reader::new(bytes);
        let mut part = || {
            let length = reader.u16().map_err(|_| ParsePersonProof)?;
            let part = reader.slice(usize::from(length));
            part.map(Box::from).map_err(|_| ParsePersonProof)
        };
        let (authenticator_data, client_data) = (part()?, part()?);
        Ok(Self {
            authenticator_data,
            client_data,
            signature: reader.rest().into(),
        })
    }
}

#[cfg(test)]
mod tests;
