use super::*;
use crate::base::SeededEntropy;

#[test]
fn a_signature_holds_for_its_message_context_and_key_alone() {
    let mut entropy = SeededEntropy::new(1);
    let key = SigningKey::generate(&mut entropy);
    let other = SigningKey::generate(&mut entropy);
    let signature = key.sign("a", b"bc", &mut entropy);
    let public = key.verifying_key();
    assert_eq!(public.verify("a", b"bc", &signature), Ok(()));
    assert_eq!(public.verify("ab", b"c", &signature), Err(BadSignature));
    assert_eq!(public.verify("a", b"bd", &signature), Err(BadSignature));
    assert_eq!(public.verify_raw(b"abc", &signature), Err(BadSignature));
    assert_eq!(
        other.verifying_key().verify("a", b"bc", &signature),
        Err(BadSignature)
    );
}

#[test]
fn each_half_of_a_signature_must_hold() {
    let mut entropy = SeededEntropy::new(2);
    let key = SigningKey::generate(&mut entropy);
    let one = key.sign("a", b"one", &mut entropy);
    let two = key.sign("a", b"two", &mut entropy);
    let join = |ed25519: &HybridSignature, ml_dsa: &HybridSignature| {
        HybridSignature::from_halves(
            ed25519.ed25519().try_into().unwrap(),
            ml_dsa.ml_dsa().try_into().unwrap(),
        )
    };
    let public = key.verifying_key();
    assert_eq!(public.verify("a", b"one", &join(&one, &one)), Ok(()));
    for mixed in [join(&one, &two), join(&two, &one)] {
        assert_eq!(public.verify("a", b"one", &mixed), Err(BadSignature));
        assert_eq!(public.verify("a", b"two", &mixed), Err(BadSignature));
    }
}

#[test]
fn signing_is_hedged_in_its_lattice_half() {
    let mut entropy = SeededEntropy::new(3);
    let key = SigningKey::generate(&mut entropy);
    let (one, two) = (
        key.sign("a", b"b", &mut entropy),
        key.sign("a", b"b", &mut entropy),
    );
    assert_eq!(one.ed25519(), two.ed25519());
    assert_ne!(one.ml_dsa(), two.ml_dsa());
}

#[test]
fn keys_and_signatures_survive_their_text_and_nothing_else_parses() {
    let mut entropy = SeededEntropy::new(4);
    let key = SigningKey::generate(&mut entropy);
    let public = key.verifying_key();
    let text = serde_json::to_string(public).unwrap();
    assert_eq!(
        &serde_json::from_str::<VerifyingKey>(&text).unwrap(),
        public
    );
    let signature = key.sign("a", b"b", &mut entropy);
    let text = serde_json::to_string(&signature).unwrap();
    assert_eq!(
        serde_json::from_str::<HybridSignature>(&text).unwrap(),
        signature
    );
    assert_eq!(
        VerifyingKey::from_bytes(&public.as_bytes()[1..]),
        Err(ParseKeyError::Length)
    );
    assert_eq!(
        HybridSignature::from_bytes(&signature.as_bytes()[1..]),
        Err(ParseKeyError::Length)
    );
    assert_eq!(
        VerifyingKey::try_from("?".to_owned()),
        Err(ParseKeyError::Base64)
    );
}

#[test]
fn a_key_of_small_order_is_refused_in_every_encoding() {
    let mut entropy = SeededEntropy::new(5);
    let mut bytes = *SigningKey::generate(&mut entropy)
        .verifying_key()
        .as_bytes();
    for y in SMALL_ORDER_ED25519 {
        for sign in [0, 0x80] {
            bytes[..32].copy_from_slice(&y);
            bytes[31] |= sign;
            assert_eq!(VerifyingKey::from_bytes(&bytes), Err(ParseKeyError::Weak));
        }
    }
}

#[test]
fn a_secret_key_prints_only_its_type() {
    let key = SigningKey::generate(&mut SeededEntropy::new(6));
    assert_eq!(format!("{key:?}"), "SigningKey");
}
