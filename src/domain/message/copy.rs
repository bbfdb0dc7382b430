//! A message as its author signed it, carried within another: whoever reads that one can tell what
//! the author said, and that nobody changed it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The bytes of a signed message: its header, its body and its signature, in the form in which they
/// are stored. Written as base64.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedCopy(pub Vec<u8>);

impl Serialize for SignedCopy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SignedCopy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(D::Error::custom)
    }
}

written_as_text!(
    SignedCopy,
    "^[A-Za-z0-9+/]*={0,2}$",
    "A message as its author signed it, in base64; answers show what it says in its place.",
    "AAAA"
);

impl std::fmt::Debug for SignedCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignedCopy({} bytes)", self.0.len())
    }
}
