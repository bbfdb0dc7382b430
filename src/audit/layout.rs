//! Fixed binary layouts: reading fields from the front of some bytes, strictly.

/// The bytes end before the layout does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooShort;

/// Reads fields from the front. No declared length is trusted: a field is a slice of what is
/// there, or an error.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `len` bytes.
    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [u8], TooShort> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(TooShort)?;
        self.0 = rest;
        Ok(field)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], TooShort> {
        let (field, rest) = self.0.split_first_chunk().ok_or(TooShort)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, TooShort> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, TooShort> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, TooShort> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, TooShort> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A length of two bytes, and as many bytes.
    pub(crate) fn short(&mut self) -> Result<&'a [u8], TooShort> {
        let len = self.u16()?;
        self.slice(usize::from(len))
    }

    /// A length of four bytes, and as many bytes. On a machine where the length does not fit an
    /// index, nothing that long is there either.
    pub(crate) fn long(&mut self) -> Result<&'a [u8], TooShort> {
        let len = usize::try_from(self.u32()?).map_err(|_| TooShort)?;
        self.slice(len)
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a length of two bytes, and the bytes.
///
/// # Panics
/// If there are more than 65,535: every caller has bounded them.
pub(crate) fn put_short(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u16::try_from(bytes.len()).expect("a short field has been bounded");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a length of four bytes, and the bytes.
///
/// # Panics
/// If the length does not fit: every caller has bounded it.
pub(crate) fn put_long(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).expect("a long field has been bounded");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
}
