//! Opening an attachment as it is pushed in.

use std::fmt;

use ring::aead::Aad;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    AttachmentKey, CHUNK_LEN, COMMITMENT_LEN, Chunks, HEADER_LEN, Measured, Meter, SALT_LEN,
    TAG_LEN, measured,
};

/// Why an attachment does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// The ciphertext belongs to another key, message or index.
    #[error("the attachment belongs to another key or place")]
    WrongKeyOrContext,
    /// A chunk was changed, moved, or cut.
    #[error("chunk {0} of the attachment is damaged")]
    Damaged(u64),
    /// The ciphertext ends before its last chunk.
    #[error("the attachment is cut short")]
    Truncated,
    /// The ciphertext has more chunks than the format allows.
    #[error("the attachment is too long")]
    TooLong,
}

/// Opens one attachment. Each chunk is authenticated before it is given out; that nothing is
/// missing at the end is known only when [`AttachmentOpener::finish`] succeeds.
pub struct AttachmentOpener {
    key: AttachmentKey,
    context: Vec<u8>,
    chunks: Option<Chunks>,
    failed: Option<AttachmentError>,
    /// Less than a header, or less than a chunk with its tag.
    pending: Zeroizing<Vec<u8>>,
    ciphertext: Meter,
    plaintext: Meter,
}

impl AttachmentOpener {
    /// Begins to open. `context` must be that of sealing.
    pub fn new(key: &AttachmentKey, context: &[u8]) -> Self {
        Self {
            key: key.clone(),
            context: context.to_vec(),
            chunks: None,
            failed: None,
            pending: Zeroizing::new(Vec::with_capacity(CHUNK_LEN + TAG_LEN)),
            ciphertext: Meter::new(),
            plaintext: Meter::new(),
        }
    }

    /// Takes ciphertext in, and appends to `out` the plaintext that is authentic.
    ///
    /// # Errors
    /// [`AttachmentError`]; after one, every further call gives it again. What was appended
    /// before is authentic.
    pub fn push(
        &mut self,
        mut ciphertext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), AttachmentError> {
        self.check()?;
        self.ciphertext.update(ciphertext);
        while !ciphertext.is_empty() {
            let whole = match self.chunks {
                None => HEADER_LEN,
                Some(_) => CHUNK_LEN + TAG_LEN,
            };
            let room = whole - self.pending.len();
            let (taken, rest) = ciphertext.split_at(room.min(ciphertext.len()));
            self.pending.extend_from_slice(taken);
            ciphertext = rest;
            if self.pending.len() == whole {
                let result = self.take_whole(out);
                self.pending.clear();
                result.map_err(|error| self.fail(error))?;
            }
        }
        Ok(())
    }

    /// Ends the attachment: what is left must be its last chunk, shorter than the others.
    ///
    /// # Errors
    /// [`AttachmentError`]; then everything that was given out is to be thrown away.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Measured, AttachmentError> {
        self.check()?;
        if self.chunks.is_none() || self.pending.len() < TAG_LEN {
            return Err(AttachmentError::Truncated);
        }
        self.open_pending(out).map_err(|error| match error {
            // A cut in the middle of a chunk looks like a last chunk that is damaged.
            AttachmentError::Damaged(_) => AttachmentError::Truncated,
            other => other,
        })?;
        Ok(measured(self.ciphertext, self.plaintext))
    }

    fn check(&self) -> Result<(), AttachmentError> {
        self.failed.map_or(Ok(()), Err)
    }

    fn fail(&mut self, error: AttachmentError) -> AttachmentError {
        self.failed = Some(error);
        error
    }

    fn take_whole(&mut self, out: &mut Vec<u8>) -> Result<(), AttachmentError> {
        if self.chunks.is_some() {
            return self.open_pending(out);
        }
        let (salt, given): (&[u8; SALT_LEN], &[u8]) = self
            .pending
            .split_first_chunk()
            .expect("the header is whole");
        let (chunks, commitment): (Chunks, [u8; COMMITMENT_LEN]) =
            Chunks::derive(&self.key, salt, &self.context);
        if !bool::from(commitment.ct_eq(given)) {
            return Err(AttachmentError::WrongKeyOrContext);
        }
        self.chunks = Some(chunks);
        Ok(())
    }

    fn open_pending(&mut self, out: &mut Vec<u8>) -> Result<(), AttachmentError> {
        let chunks = self
            .chunks
            .as_mut()
            .expect("the header comes before any chunk");
        let (nonce, number) = chunks.advance().ok_or(AttachmentError::TooLong)?;
        let plaintext = chunks
            .cipher
            .open_in_place(nonce, Aad::empty(), &mut self.pending)
            .map_err(|_| AttachmentError::Damaged(number))?;
        self.plaintext.update(plaintext);
        out.extend_from_slice(plaintext);
        Ok(())
    }
}

impl fmt::Debug for AttachmentOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentOpener")
    }
}
