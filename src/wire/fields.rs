//! The fields of an encoded message, counted before it is decoded: decoding two bytes of a nothing
//! can take fifty of memory.

use super::WireError;

/// The fields at the top level of a message; each gives its bytes, or none for a number.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields of `bytes`.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Checks that there are at most so many.
    ///
    /// # Errors
    /// [`WireError::TooMany`], and [`WireError::Malformed`] for what is not protobuf.
    pub(super) fn at_most(self, most: usize) -> Result<(), WireError> {
        for (n, field) in self.enumerate() {
            field?;
            if n >= most {
                return Err(WireError::TooMany);
            }
        }
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        prost::encoding::decode_varint(&mut self.0).map_err(|_| WireError::Malformed)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(length).map_err(|_| WireError::Malformed)?;
        let split = self.0.split_at_checked(length);
        let (taken, rest) = split.ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<&'a [u8], WireError> {
        match self.varint()? & 7 {
            0 => self.varint().map(|_| &[][..]),
            1 => self.take(8).map(|_| &[][..]),
            2 => {
                let length = self.varint()?;
                self.take(length)
            }
            5 => self.take(4).map(|_| &[][..]),
            _ => Err(WireError::Malformed),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<&'a [u8], WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}
