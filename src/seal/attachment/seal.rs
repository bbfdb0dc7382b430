//! Sealing an attachment as it is pushed in.

use std::fmt;

use ring::aead::Aad;
use zeroize::Zeroizing;

use super::{
    AttachmentKey, CHUNK_LEN, Chunks, HEADER_LEN, Measured, Meter, SALT_LEN, TAG_LEN, measured,
};
use crate::base::Entropy;

/// From so many bytes on, the digest of the plaintext is made on another thread, beside the rest.
const WORTH_A_THREAD: usize = 128 * 1024;

/// Seals one attachment.
pub struct AttachmentSealer {
    chunks: Chunks,
    header: Option<[u8; HEADER_LEN]>,
    /// Less than a chunk of plaintext.
    pending: Zeroizing<Vec<u8>>,
    ciphertext: Meter,
    plaintext: Meter,
}

impl AttachmentSealer {
    /// Begins an attachment. `context` binds it to its place: see [`super::context`].
    pub fn new(key: &AttachmentKey, context: &[u8], entropy: &mut dyn Entropy) -> Self {
        let salt: [u8; SALT_LEN] = entropy.array();
        let (chunks, commitment) = Chunks::derive(key, &salt, context);
        let mut header = [0; HEADER_LEN];
        header[..SALT_LEN].copy_from_slice(&salt);
        header[SALT_LEN..].copy_from_slice(&commitment);
        Self {
            chunks,
            header: Some(header),
            pending: Zeroizing::new(Vec::with_capacity(CHUNK_LEN)),
            ciphertext: Meter::new(),
            plaintext: Meter::new(),
        }
    }

    /// Takes plaintext in, and appends to `out` the ciphertext that is ready.
    ///
    /// # Panics
    /// After 4 PiB.
    pub fn push(&mut self, plaintext: &[u8], out: &mut Vec<u8>) {
        self.put_header(out);
        if plaintext.len() < WORTH_A_THREAD {
            self.plaintext.update(plaintext);
            return self.put_chunks(plaintext, out);
        }
        let mut meter = std::mem::replace(&mut self.plaintext, Meter::new());
        self.plaintext = std::thread::scope(|scope| {
            let measuring = scope.spawn(move || {
                meter.update(plaintext);
                meter
            });
            self.put_chunks(plaintext, out);
            measuring.join().expect("digesting does not panic")
        });
    }

    fn put_chunks(&mut self, mut plaintext: &[u8], out: &mut Vec<u8>) {
        while !plaintext.is_empty() {
            let room = CHUNK_LEN - self.pending.len();
            let (taken, rest) = plaintext.split_at(room.min(plaintext.len()));
            self.pending.extend_from_slice(taken);
            plaintext = rest;
            if self.pending.len() == CHUNK_LEN {
                self.put_chunk(out);
            }
        }
    }

    /// Ends the attachment, and appends the rest of the ciphertext to `out`.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Measured {
        self.put_header(out);
        self.put_chunk(out);
        measured(self.ciphertext, self.plaintext)
    }

    fn put_header(&mut self, out: &mut Vec<u8>) {
        if let Some(header) = self.header.take() {
            self.ciphertext.update(&header);
            out.extend_from_slice(&header);
        }
    }

    fn put_chunk(&mut self, out: &mut Vec<u8>) {
        let (nonce, _) = self
            .chunks
            .advance()
            .expect("an attachment is shorter than 4 PiB");
        let tag = self
            .chunks
            .cipher
            .seal_in_place_separate_tag(nonce, Aad::empty(), &mut self.pending)
            .expect("a chunk is below the cipher's limit");
        let start = out.len();
        out.reserve(self.pending.len() + TAG_LEN);
        out.extend_from_slice(&self.pending);
        out.extend_from_slice(tag.as_ref());
        self.ciphertext.update(&out[start..]);
        // What is left there is ciphertext.
        self.pending.clear();
    }
}

impl fmt::Debug for AttachmentSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentSealer")
    }
}
