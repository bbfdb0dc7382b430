//! Writing a file for a stick: items are sealed as they come, the head is written last.

use std::io::{Seek, SeekFrom, Write};

use hpke::kem::XWing;
use hpke::{OpModeS, Serializable as _};

use super::super::attachment::{AttachmentKey, AttachmentSealer};
use super::super::envelope::{WrapAead, WrapKdf};
use super::super::layout::put_length;
use super::super::recipient::RecipientPublicKey;
use super::super::rng::EntropyRng;
use super::super::sign::SigningKey;
use super::{FILE, FRAME, ITEM_HEAD, PART, PART_HEAD, STICK_HEAD, StickAddress, wrap_info};
use super::{StickItem, StickPlace};
use crate::base::Entropy;

/// Bytes that are sealed before they are written.
const WRITTEN_AT_ONCE: usize = 256 * 1024;

/// A file that is being written.
pub struct StickWriter<F> {
    file: F,
    address: StickAddress,
    key: AttachmentKey,
    sealer: AttachmentSealer,
    out: Vec<u8>,
    len: u64,
}

impl StickItem {
    /// What the item takes in a file before it is sealed, in bytes.
    pub fn size(&self) -> u64 {
        let payload = match self {
            Self::Frame(frame) => frame.len(),
            Self::Part { bytes, .. } => PART_HEAD + bytes.len(),
            Self::File { name, bytes, .. } => 10 + name.len() + bytes.len(),
        };
        (ITEM_HEAD + payload) as u64
    }
}

impl<F: Write + Seek> StickWriter<F> {
    /// Begins a file. Where it stands in its export is said when it is finished.
    ///
    /// # Errors
    /// Whatever the file gives.
    pub fn new(
        mut file: F,
        address: StickAddress,
        entropy: &mut dyn Entropy,
    ) -> std::io::Result<Self> {
        file.seek(SeekFrom::Start(STICK_HEAD as u64))?;
        let key = AttachmentKey::generate(entropy);
        let sealer = AttachmentSealer::new(&key, &address.context(), entropy);
        Ok(Self {
            file,
            address,
            key,
            sealer,
            out: Vec::new(),
            len: 0,
        })
    }

    /// How many bytes of items are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing is in it yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item.
    ///
    /// # Errors
    /// Whatever the file gives.
    pub fn push(&mut self, item: &StickItem) -> std::io::Result<()> {
        let mut head = Vec::with_capacity(ITEM_HEAD + PART_HEAD);
        let payload = match item {
            StickItem::Frame(frame) => {
                head.push(FRAME);
                put_length(&mut head, frame.len());
                frame
            }
            StickItem::Part {
                message,
                index,
                length,
                offset,
                bytes,
            } => {
                head.push(PART);
                put_length(&mut head, PART_HEAD + bytes.len());
                head.extend_from_slice(&message.to_bytes());
                head.extend_from_slice(&index.to_be_bytes());
                head.extend_from_slice(&length.to_be_bytes());
                head.extend_from_slice(&offset.to_be_bytes());
                bytes
            }
            StickItem::File {
                name,
                offset,
                bytes,
            } => {
                let length = u16::try_from(name.len()).map_err(std::io::Error::other)?;
                head.push(FILE);
                put_length(&mut head, 10 + name.len() + bytes.len());
                head.extend_from_slice(&length.to_be_bytes());
                head.extend_from_slice(name.as_bytes());
                head.extend_from_slice(&offset.to_be_bytes());
                bytes
            }
        };
        self.len += item.size();
        self.sealer.push(&head, &mut self.out);
        self.sealer.push(payload, &mut self.out);
        if self.out.len() >= WRITTEN_AT_ONCE {
            self.file.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    /// Ends the file, and gives it back.
    ///
    /// # Errors
    /// Whatever the file gives.
    pub fn finish(
        mut self,
        place: StickPlace,
        signer: &SigningKey,
        recipient: &RecipientPublicKey,
        entropy: &mut dyn Entropy,
    ) -> std::io::Result<F> {
        let measured = self.sealer.finish(&mut self.out);
        self.file.write_all(&self.out)?;
        let address = StickAddress {
            place,
            ..self.address
        };
        let mut head = address.to_bytes().to_vec();
        head.extend_from_slice(&measured.ciphertext_len.to_be_bytes());
        head.extend_from_slice(measured.ciphertext_digest.as_bytes());
        let (enc, wrapped) = hpke::single_shot_seal_with_rng::<WrapAead, WrapKdf, XWing>(
            &OpModeS::Base,
            recipient.hpke(),
            &wrap_info(address.kind, &head),
            self.key.as_bytes(),
            &[],
            &mut EntropyRng(entropy),
        )
        .expect("a validated key can be encapsulated to");
        head.extend_from_slice(&enc.to_bytes());
        head.extend_from_slice(&wrapped);
        let signature = signer.sign(address.kind.context(), &head, entropy);
        head.extend_from_slice(signature.as_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)?;
        self.file.flush()?;
        Ok(self.file)
    }
}
