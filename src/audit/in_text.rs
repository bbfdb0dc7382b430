//! Evidence in the records of a node: its fixed form in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Cosignature, Evidence, SignedCheckpoint};

/// Gives a type that has a fixed form its text.
macro_rules! in_text {
    ($($type:ty: $write:ident, $read:ident;)*) => {
        $(
            impl Serialize for $type {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(&BASE64.encode(self.$write()))
                }
            }

            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = String::deserialize(deserializer)?;
                    let bytes = BASE64.decode(text).map_err(de::Error::custom)?;
                    Self::$read(&bytes).map_err(de::Error::custom)
                }
            }
        )*
    };
}

in_text! {
    SignedCheckpoint: encode_with_origin, decode_with_origin;
    Cosignature: encode, decode;
    Evidence: encode, decode;
}
