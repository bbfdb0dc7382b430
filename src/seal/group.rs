//! One signature over a group of messages: a Merkle tree of salted leaves, of which each message
//! carries its own path, so that it stays verifiable alone.

use super::layout::{Reader, TooShort};
use super::sign::{
    BadSignature, HybridSignature, KeyId, Proven, SIGNATURE_LEN, SigningKey, VerifyingKey,
};
use crate::base::{Digest, Entropy, NodeId, merkle};

/// The context of every signature over a group of messages.
pub const CONTEXT: &str = "liaison/messages/v1";

/// The longest path that a tree of 2³² leaves can need.
const MAX_PATH: u8 = 32;

/// The leaf of one message: H(0x00 ‖ random ‖ H(header) ‖ H(body)). The random bytes keep a
/// sibling's leaf, seen in a path, from being an oracle for guesses at header and body.
pub fn leaf(random: &[u8; 32], header: &[u8], body: &[u8]) -> Digest {
    let (header, body) = (Digest::of(header), Digest::of(body));
    Digest::of_parts(&[&[0], random, header.as_bytes(), body.as_bytes()])
}

/// A message's share in the signature over its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSignature {
    /// The sender's identity key.
    pub key_id: KeyId,
    /// How many messages the group has, at least 1.
    pub size: u32,
    /// The message's place in the group, from 0.
    pub index: u32,
    /// The inclusion path of the message's leaf, lowest sibling first.
    pub path: Vec<Digest>,
    /// The signature over the group.
    pub signature: HybridSignature,
}

impl MessageSignature {
    /// Verifies that `sender` signed the message with this leaf.
    ///
    /// # Errors
    /// [`BadSignature`] if the key is another than the one named, the path does not fit the
    /// leaf's place, or the signature over the resulting root does not hold.
    pub fn verify(
        &self,
        sender: NodeId,
        leaf: &Digest,
        key: &VerifyingKey,
    ) -> Result<(), BadSignature> {
        self.verify_among(sender, leaf, key, &Proven::default())
    }

    /// As [`MessageSignature::verify`], where the group's signature may be known to hold from
    /// another of its messages.
    ///
    /// # Errors
    /// As [`MessageSignature::verify`].
    pub fn verify_among(
        &self,
        sender: NodeId,
        leaf: &Digest,
        key: &VerifyingKey,
        proven: &Proven,
    ) -> Result<(), BadSignature> {
        if self.key_id != key.key_id() {
            return Err(BadSignature);
        }
        let (index, size) = (u64::from(self.index), u64::from(self.size));
        let root =
            merkle::root_from_inclusion(leaf, index, size, &self.path).ok_or(BadSignature)?;
        let signed = signed_bytes(sender, &self.key_id, self.size, &root);
        proven.verify(key, CONTEXT, &signed, &self.signature)
    }

    /// Appends everything but the key id: size u32 ‖ index u32 ‖ path length u8 ‖ path ‖ signature.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.write_place(out);
        out.extend_from_slice(self.signature.as_bytes());
    }

    /// Appends what is the message's own: size u32 ‖ index u32 ‖ path length u8 ‖ path.
    pub(super) fn write_place(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&self.index.to_be_bytes());
        let count = u8::try_from(self.path.len()).expect("a path has at most 32 hashes");
        out.push(count);
        for hash in &self.path {
            out.extend_from_slice(hash.as_bytes());
        }
    }

    /// Reads what [`MessageSignature::write`] wrote.
    pub(super) fn read(key_id: KeyId, from: &mut Reader<'_>) -> Result<Self, TooShort> {
        let (size, index, path) = read_place(from)?;
        let signature = HybridSignature::from_bytes(from.slice(SIGNATURE_LEN)?)
            .expect("the slice has a signature's length");
        Ok(Self {
            key_id,
            size,
            index,
            path,
            signature,
        })
    }

    /// How many bytes [`MessageSignature::write`] appends.
    pub(super) fn len(&self) -> usize {
        4 + 4 + 1 + 32 * self.path.len() + SIGNATURE_LEN
    }
}

/// Reads what [`MessageSignature::write_place`] wrote: size, index and path.
pub(super) fn read_place(from: &mut Reader<'_>) -> Result<(u32, u32, Vec<Digest>), TooShort> {
    let (size, index, count) = (from.u32()?, from.u32()?, from.u8()?);
    if count > MAX_PATH {
        return Err(TooShort);
    }
    let mut path = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        path.push(Digest::from_bytes(from.array()?));
    }
    Ok((size, index, path))
}

/// Signs a group of messages, given their leaves, and gives each message its share, in order.
/// No leaves, no signatures.
///
/// # Panics
/// If there are 2³² leaves or more.
pub fn sign_group(
    key: &SigningKey,
    sender: NodeId,
    leaves: &[Digest],
    entropy: &mut dyn Entropy,
) -> Vec<MessageSignature> {
    if leaves.is_empty() {
        return Vec::new();
    }
    let size = u32::try_from(leaves.len()).expect("a group has fewer than 2^32 messages");
    let key_id = key.key_id();
    let (root, paths) = merkle::inclusion_paths(leaves);
    let signed = signed_bytes(sender, &key_id, size, &root);
    let signature = key.sign(CONTEXT, &signed, entropy);
    (0..size)
        .zip(paths)
        .map(|(index, path)| MessageSignature {
            key_id,
            size,
            index,
            path,
            signature: signature.clone(),
        })
        .collect()
}

/// sender 9 ‖ key id 32 ‖ size u32 ‖ root 32.
fn signed_bytes(sender: NodeId, key_id: &KeyId, size: u32, root: &Digest) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(77);
    bytes.extend_from_slice(&sender.to_bytes());
    bytes.extend_from_slice(key_id.as_bytes());
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes.extend_from_slice(root.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededEntropy;

    fn node(text: &str) -> NodeId {
        text.parse().unwrap()
    }

    #[test]
    fn every_message_of_a_group_verifies_alone_and_only_in_its_place() {
        let mut entropy = SeededEntropy::new(1);
        let key = SigningKey::generate(&mut entropy);
        for size in [1usize, 2, 3, 7] {
            let leaves: Vec<Digest> = (0..size)
                .map(|i| leaf(&[7; 32], b"header", &i.to_be_bytes()))
                .collect();
            let shares = sign_group(&key, node("MK-1"), &leaves, &mut entropy);
            assert_eq!(shares.len(), size);
            for (i, share) in shares.iter().enumerate() {
                for (j, leaf) in leaves.iter().enumerate() {
                    let verdict = share.verify(node("MK-1"), leaf, key.verifying_key());
                    assert_eq!(verdict.is_ok(), i == j);
                }
            }
        }
    }

    #[test]
    fn a_share_names_its_sender_key_size_and_place() {
        let mut entropy = SeededEntropy::new(2);
        let key = SigningKey::generate(&mut entropy);
        let other = SigningKey::generate(&mut entropy);
        let leaves = [leaf(&[1; 32], b"", b""), leaf(&[2; 32], b"", b"")];
        let share = sign_group(&key, node("MK-1"), &leaves, &mut entropy).remove(0);
        let public = key.verifying_key();
        let bad = Err(BadSignature);
        assert_eq!(share.verify(node("MK-1"), &leaves[0], public), Ok(()));
        assert_eq!(share.verify(node("MK-2"), &leaves[0], public), bad);
        assert_eq!(
            share.verify(node("MK-1"), &leaves[0], other.verifying_key()),
            bad
        );
        for (size, index) in [(0, 0), (1, 0), (3, 0), (2, 1), (2, 2)] {
            let changed = MessageSignature {
                size,
                index,
                ..share.clone()
            };
            assert_eq!(changed.verify(node("MK-1"), &leaves[0], public), bad);
        }
    }

    #[test]
    fn a_key_cannot_sign_in_the_name_of_another() {
        let mut entropy = SeededEntropy::new(4);
        let key = SigningKey::generate(&mut entropy);
        let named = SigningKey::generate(&mut entropy).key_id();
        let leaf = leaf(&[1; 32], b"", b"");
        let signed = signed_bytes(node("MK-1"), &named, 1, &leaf);
        let share = MessageSignature {
            key_id: named,
            size: 1,
            index: 0,
            path: Vec::new(),
            signature: key.sign(CONTEXT, &signed, &mut entropy),
        };
        assert_eq!(
            share.verify(node("MK-1"), &leaf, key.verifying_key()),
            Err(BadSignature)
        );
    }

    #[test]
    fn no_messages_need_no_signature() {
        let mut entropy = SeededEntropy::new(3);
        let key = SigningKey::generate(&mut entropy);
        assert!(sign_group(&key, node("MK-1"), &[], &mut entropy).is_empty());
    }
}
