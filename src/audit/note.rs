//! Checkpoints as text: C2SP `tlog-checkpoint` in a C2SP `signed-note`, so that tools nobody here
//! wrote can read a log's head and check its Ed25519 signature.
//!
//! A note carries two signatures of the log over the same text: one of the standard's type 0x01
//! (Ed25519), and one of the type 0xff that the standard leaves to others, named
//! `liaison.ml-dsa-65`. Here both must hold.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Checkpoint, Origin, SignedCheckpoint};
use crate::base::Digest;
use crate::seal::sign::{
    ED25519_SIGNATURE_LEN, HybridSignature, ML_DSA_SIGNATURE_LEN, VerifyingKey,
};
use crate::seal::trust::LogKeys;

/// The signature type of the standard's Ed25519 signatures.
const ED25519_TYPE: &[u8] = &[0x01];
/// The signature type of our ML-DSA-65 signatures: the standard's byte for types without a byte
/// of their own, and a name.
const ML_DSA_TYPE: &[u8] = b"\xffliaison.ml-dsa-65";

/// The longest note that is read, in bytes; ours are about 4,750.
pub const MAX_NOTE_LEN: usize = 8192;

/// Why a text is not a signed checkpoint of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not written as C2SP demands, with exactly our two signatures.
    #[error("the checkpoint is not a signed note of the expected form")]
    Malformed,
    /// The signatures are by a key other than the log's.
    #[error("the checkpoint names another key")]
    OtherKey,
    /// A signature does not hold.
    #[error("the checkpoint's signature does not hold")]
    BadSignature,
}

impl NoteError {
    /// A stable name for the error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "note-malformed",
            Self::OtherKey => "note-other-key",
            Self::BadSignature => "note-bad-signature",
        }
    }
}

impl Checkpoint {
    /// The text that a log signs: origin, size and root in base64, a line each.
    pub fn note_text(&self) -> String {
        let root = BASE64.encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] unless it is exactly what [`Checkpoint::note_text`] writes.
    pub fn from_note_text(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(NoteError::Malformed);
        let (origin, size, root) = (line()?, line()?, line()?);
        let root = BASE64.decode(root).map_err(|_| NoteError::Malformed)?;
        let checkpoint = Self {
            origin: origin.parse().map_err(|_| NoteError::Malformed)?,
            size: size.parse().map_err(|_| NoteError::Malformed)?,
            root: Digest::try_from(&root[..]).map_err(|_| NoteError::Malformed)?,
        };
        (checkpoint.note_text() == text)
            .then_some(checkpoint)
            .ok_or(NoteError::Malformed)
    }
}

impl SignedCheckpoint {
    /// The signed note. `key` is the log's, and only names the signatures.
    pub fn to_note(&self, key: &VerifyingKey) -> String {
        let mut note = self.checkpoint.note_text();
        let origin = self.checkpoint.origin;
        let (ed25519_id, ml_dsa_id) = key_ids(&origin, key);
        note.push('\n');
        for (id, signature) in [
            (ed25519_id, self.signature.ed25519()),
            (ml_dsa_id, self.signature.ml_dsa()),
        ] {
            let signature = BASE64.encode([&id, signature].concat());
            writeln!(note, "— {origin} {signature}").expect("writing to a string succeeds");
        }
        note
    }
}

/// A signed note that has been read but not verified: good for finding the key that it needs.
#[derive(Debug, Clone)]
pub struct UnverifiedNote {
    signed: SignedCheckpoint,
    key_ids: ([u8; 4], [u8; 4]),
}

impl UnverifiedNote {
    /// Reads a note, which must carry exactly the log's own two signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_LEN {
            return Err(NoteError::Malformed);
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Malformed)?;
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Malformed)?;
        let checkpoint = Checkpoint::from_note_text(&format!("{text}\n"))?;
        let prefix = format!("— {} ", checkpoint.origin);
        let mut lines = signatures.split('\n');
        let (ed25519_id, ed25519) = read_signature::<ED25519_SIGNATURE_LEN>(lines.next(), &prefix)?;
        let (ml_dsa_id, ml_dsa) = read_signature::<ML_DSA_SIGNATURE_LEN>(lines.next(), &prefix)?;
        if lines.next() != Some("") || lines.next().is_some() {
            return Err(NoteError::Malformed);
        }
        let signature = HybridSignature::from_halves(&ed25519, &ml_dsa);
        Ok(Self {
            signed: SignedCheckpoint {
                checkpoint,
                signature,
            },
            key_ids: (ed25519_id, ml_dsa_id),
        })
    }

    /// The log that the note claims to be of.
    pub fn origin(&self) -> Origin {
        self.signed.checkpoint.origin
    }

    /// The size that the note claims.
    pub fn size(&self) -> u64 {
        self.signed.checkpoint.size
    }

    /// The checkpoint, once both signatures hold under the key that the log had at its size.
    ///
    /// # Errors
    /// [`NoteError::OtherKey`] or [`NoteError::BadSignature`].
    pub fn verify(self, keys: &LogKeys) -> Result<SignedCheckpoint, NoteError> {
        let key = keys.at(self.size());
        if self.key_ids != key_ids(&self.origin(), key) {
            return Err(NoteError::OtherKey);
        }
        match self.signed.verify_of(keys) {
            Ok(()) => Ok(self.signed),
            Err(_) => Err(NoteError::BadSignature),
        }
    }
}

/// The log's Ed25519 verifier key as C2SP writes it, for tools that check notes.
pub fn verifier_key(origin: &Origin, key: &VerifyingKey) -> String {
    let (id, _) = key_ids(origin, key);
    let key = BASE64.encode([ED25519_TYPE, key.ed25519()].concat());
    format!("{origin}+{}+{key}", hex::encode(id))
}

/// The id of a signature of `name`: SHA-256(name ‖ 0x0A ‖ type ‖ public key)[..4].
pub(super) fn key_id(name: &Origin, kind: &[u8], public: &[u8]) -> [u8; 4] {
    let name = name.to_string();
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", kind, public]);
    let [a, b, c, d, ..] = *digest.as_bytes();
    [a, b, c, d]
}

/// The ids of the key's two halves.
fn key_ids(origin: &Origin, key: &VerifyingKey) -> ([u8; 4], [u8; 4]) {
    (
        key_id(origin, ED25519_TYPE, key.ed25519()),
        key_id(origin, ML_DSA_TYPE, key.ml_dsa()),
    )
}

pub(super) fn read_signature<const N: usize>(
    line: Option<&str>,
    prefix: &str,
) -> Result<([u8; 4], [u8; N]), NoteError> {
    let encoded = line.and_then(|line| line.strip_prefix(prefix));
    let bytes = BASE64
        .decode(encoded.ok_or(NoteError::Malformed)?)
        .map_err(|_| NoteError::Malformed)?;
    let (id, signature) = bytes.split_first_chunk().ok_or(NoteError::Malformed)?;
    let signature = signature.try_into().map_err(|_| NoteError::Malformed)?;
    Ok((*id, signature))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::checkpoint::tests::signed;

    #[test]
    fn a_note_is_written_as_c2sp_demands() {
        let (key, signed) = signed(20_852_163);
        let note = signed.to_note(key.verifying_key());
        let lines: Vec<&str> = note.split('\n').collect();
        assert_eq!(lines[0], "mk-1.liaison/1");
        assert_eq!(lines[1], "20852163");
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with("— mk-1.liaison/1 "));
        assert!(lines[5].starts_with("— mk-1.liaison/1 "));
        assert_eq!(&lines[6..], [""]);
        assert!(note.len() < MAX_NOTE_LEN);

        let oracle =
            tlog_tiles::Checkpoint::from_bytes(signed.checkpoint.note_text().as_bytes()).unwrap();
        assert_eq!(oracle.origin(), "mk-1.liaison/1");
        assert_eq!(oracle.size(), 20_852_163);
        assert_eq!(&oracle.hash().0, signed.checkpoint.root.as_bytes());
    }

    #[test]
    fn key_ids_agree_with_the_example_of_c2sp() {
        // From signed-note: example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
        let public = BASE64
            .decode("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
            .unwrap();
        let id = Digest::of_parts(&[b"example.com/foo", b"\n", &public]);
        assert_eq!(&id.as_bytes()[..4], [0x53, 0x0d, 0x90, 0x3a]);

        let (key, signed) = signed(1);
        let vkey = verifier_key(&signed.checkpoint.origin, key.verifying_key());
        let parts: Vec<&str> = vkey.split('+').collect();
        assert_eq!(parts[0], "mk-1.liaison/1");
        assert!(parts[2].starts_with('A'));
        let public = BASE64.decode(vkey.splitn(3, '+').last().unwrap()).unwrap();
        let id = Digest::of_parts(&[b"mk-1.liaison/1\n", &public]);
        assert_eq!(hex::encode(&id.as_bytes()[..4]), parts[1]);
    }

    #[test]
    fn a_note_survives_its_text_under_its_own_key_alone() {
        let (key, signed) = signed(3);
        let (other, _) = super::super::checkpoint::tests::signed(4);
        let note = signed.to_note(key.verifying_key());
        let read = || UnverifiedNote::parse(note.as_bytes()).unwrap();
        let alone = |key: &crate::seal::sign::SigningKey| key.verifying_key().clone().into();
        assert_eq!(read().verify(&alone(&key)), Ok(signed.clone()));
        assert_eq!(read().verify(&alone(&other)), Err(NoteError::OtherKey));
    }

    #[test]
    fn a_note_with_any_byte_changed_is_refused() {
        let (key, signed) = signed(5);
        let note = signed.to_note(key.verifying_key()).into_bytes();
        let keys = key.verifying_key().clone().into();
        for at in 0..note.len() {
            for change in [0x01, 0x20, 0x80] {
                let mut changed = note.clone();
                changed[at] ^= change;
                let verified = UnverifiedNote::parse(&changed).and_then(|note| note.verify(&keys));
                assert!(verified.is_err(), "byte {at} ^ {change:#x}");
            }
        }
        for len in 0..note.len() {
            assert!(UnverifiedNote::parse(&note[..len]).is_err());
        }
        let text = String::from_utf8(note).unwrap();
        for stray in [format!("{text}\n"), format!("{text}x"), format!("\n{text}")] {
            assert!(UnverifiedNote::parse(stray.as_bytes()).is_err());
        }
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text in "(mk-1.liaison/1\n)?[0-9]{0,20}\n?\\PC{0,80}(\n\n— )?\\PC*") {
            let _ = UnverifiedNote::parse(text.as_bytes());
            let _ = Checkpoint::from_note_text(&text);
        }
    }
}
