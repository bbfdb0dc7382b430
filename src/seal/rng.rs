//! Our source of randomness in the shape that the RustCrypto crates ask for.

use std::convert::Infallible;

use hpke::rand_core::{TryCryptoRng, TryRng};

use crate::base::Entropy;

/// Lends an [`Entropy`] to a crate that takes a `rand_core` generator.
pub(super) struct EntropyRng<'a>(pub(super) &'a mut dyn Entropy);

impl TryRng for EntropyRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.0.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.0.array()))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for EntropyRng<'_> {}
