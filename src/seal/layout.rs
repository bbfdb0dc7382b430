//! Fixed binary layouts: reading from the front, strictly, and writing lengths.

/// The bytes end before the layout does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooShort;

/// Reads fields from the front of some bytes. No length that the bytes declare is trusted: a
/// field is a slice of what is there, or an error.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `len` bytes.
    pub(super) fn slice(&mut self, len: usize) -> Result<&'a [u8], TooShort> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(TooShort)?;
        self.0 = rest;
        Ok(field)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], TooShort> {
        let (field, rest) = self.0.split_first_chunk().ok_or(TooShort)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn u8(&mut self) -> Result<u8, TooShort> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, TooShort> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, TooShort> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, TooShort> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A length of four bytes, as an index. On a machine where it does not fit, nothing that long
    /// is there either.
    pub(super) fn length(&mut self) -> Result<usize, TooShort> {
        usize::try_from(self.u32()?).map_err(|_| TooShort)
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// Appends a length as four bytes.
///
/// # Panics
/// If it does not fit: every caller has bounded it.
pub(super) fn put_length(out: &mut Vec<u8>, len: usize) {
    let len = u32::try_from(len).expect("a length that is written has been bounded");
    out.extend_from_slice(&len.to_be_bytes());
}
