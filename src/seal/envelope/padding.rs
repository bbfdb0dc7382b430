//! Size buckets, so that a length tells little about a body.

/// Every padded length is a multiple of this, in bytes.
const STEP: usize = 512;

/// The length to which a plaintext of `len` bytes is padded: Padmé (Nikitin et al., PETS 2019,
/// § 4), which adds at most 12 %, and then up to the next multiple of 512.
pub(super) fn padded_len(len: usize) -> usize {
    let len = len.max(STEP);
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = (1usize << (exponent - kept)) - 1;
    ((len + mask) & !mask).next_multiple_of(STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_monotonic_idempotent_and_small() {
        let mut last = 0;
        for len in (0..300_000).step_by(7) {
            let padded = padded_len(len);
            assert!(padded >= len && padded >= last && padded.is_multiple_of(STEP));
            assert_eq!(padded_len(padded), padded);
            assert!(
                padded <= (len + len / 8).max(len + STEP),
                "{len} → {padded}"
            );
            last = padded;
        }
        assert_eq!(padded_len(0), 512);
        assert_eq!(padded_len(4_500), 4_608);
        assert_eq!(padded_len(266_586), 270_336);
    }
}
