//! Randomness that a vector gives.

use std::convert::Infallible;

use hpke::rand_core::{TryCryptoRng, TryRng};

/// Gives out the bytes that a vector says were random, all of them each time.
pub(crate) struct Given(pub(crate) Vec<u8>);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("the vectors' algorithms ask for bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("the vectors' algorithms ask for bytes")
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        buffer.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Given {}
