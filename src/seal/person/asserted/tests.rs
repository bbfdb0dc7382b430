use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::*;
use crate::base::{Digest, PersonId};
use crate::seal::person::{
    DecisionKind, DecisionText, PersonKey, PersonSignature, SignedDecision, TokenKey,
};

/// An authenticator and the browser before it.
struct Holder(EcdsaKeyPair);

impl Holder {
    fn new() -> Self {
        let (algorithm, chance) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).expect("a key");
        let pen = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance);
        Self(pen.expect("a key"))
    }

    fn key(&self) -> PersonKey {
        let key = PasskeyKey::new(-7, self.0.public_key().as_ref());
        PersonKey::Passkey(key.expect("a key of P-256"))
    }

    fn asserts(&self, client_data: &str, flags: u8) -> PersonSignature {
        let mut authenticator_data = vec![5; 32];
        authenticator_data.push(flags);
        authenticator_data.extend([0, 0, 0, 1]);
        let hash = Sha256::digest(client_data.as_bytes());
        let signed = [&authenticator_data[..], &hash].concat();
        let signature = self.0.sign(&SystemRandom::new(), &signed);
        let made = Assertion {
            id: vec![1],
            client_data: client_data.as_bytes().to_vec(),
            authenticator_data,
            signature: signature.expect("it signs").as_ref().to_vec(),
        };
        PersonSignature::of_assertion(&made).expect("it is short")
    }

    fn signs(&self, decided: &DecisionText) -> PersonSignature {
        self.asserts(&said("webauthn.get", &decided.challenge()), 0x05)
    }
}

fn said(kind: &str, challenge: &Challenge) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(challenge.0);
    format!(
        r#"{{"type":"{kind}","challenge":"{challenge}","origin":"https://a.example","crossOrigin":false}}"#
    )
}

fn decided(kind: DecisionKind) -> DecisionText {
    DecisionText {
        kind,
        node: "MK-1".parse().expect("a node"),
        letter: Digest::of(b"a letter"),
        drafter: PersonId::from_bytes([2; 16]),
        by: PersonId::from_bytes([3; 16]),
        reason: Digest::EMPTY,
    }
}

#[test]
fn an_assertion_signs_one_decision_for_its_passkey_alone() {
    let (holder, other) = (Holder::new(), Holder::new());
    let text = decided(DecisionKind::Release);
    let signature = holder.signs(&text);
    let keys = [
        TokenKey::of("liaison_1").public(),
        other.key(),
        holder.key(),
    ];
    let signed = SignedDecision::verify(text, &keys, signature.clone()).expect("it holds");
    assert_eq!(signed.key(), &holder.key());
    assert!(SignedDecision::verify(text, &keys[..2], signature.clone()).is_err());
    let another = decided(DecisionKind::Clear);
    assert!(SignedDecision::verify(another, &keys, signature).is_err());
}

#[test]
fn an_assertion_for_anything_else_is_no_decision() {
    let holder = Holder::new();
    let text = decided(DecisionKind::Release);
    let fits = |client_data: &str, flags| {
        let signature = holder.asserts(client_data, flags);
        SignedDecision::verify(text, &[holder.key()], signature).is_ok()
    };
    let honest = said("webauthn.get", &text.challenge());
    assert!(fits(&honest, 0x05));
    // A sign-in, an enrolment, nobody verified, and a challenge that stands elsewhere.
    assert!(!fits(&said("webauthn.get", &Challenge([9; 32])), 0x05));
    assert!(!fits(&said("webauthn.create", &text.challenge()), 0x05));
    for flags in [0x00, 0x01, 0x04] {
        assert!(!fits(&honest, flags), "{flags}");
    }
    let hidden = honest.replacen('{', r#"{"a":1,"#, 1);
    assert!(!fits(&hidden, 0x05));
}

#[test]
fn every_changed_byte_of_an_assertion_is_refused() {
    let holder = Holder::new();
    let text = decided(DecisionKind::Review);
    let bytes = holder.signs(&text).to_bytes();
    let keys = [holder.key()];
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let Ok(signature) = PersonSignature::from_bytes(&changed) else {
                continue;
            };
            let verified = SignedDecision::verify(text, &keys, signature);
            assert!(verified.is_err(), "{place} {bit}");
        }
    }
}

#[test]
fn passkeys_and_their_assertions_survive_their_bytes() {
    let holder = Holder::new();
    let signature = holder.signs(&decided(DecisionKind::Release));
    let bytes = signature.to_bytes();
    assert_eq!(PersonSignature::from_bytes(&bytes), Ok(signature));
    for cut in 0..bytes.len() {
        assert!(PersonSignature::from_bytes(&bytes[..cut]).is_err());
    }
    let token = TokenKey::of("liaison_1").public();
    let keys = [token.clone(), holder.key(), token];
    let bytes: Vec<u8> = keys.iter().flat_map(PersonKey::to_bytes).collect();
    assert_eq!(PersonKey::read_all(&bytes).as_deref(), Ok(&keys[..]));
    assert!(PersonKey::from_bytes(&bytes).is_err());
    assert!(PasskeyKey::new(-7, &[4; 64]).is_err());
    assert!(PasskeyKey::new(-257, &[4; 401]).is_err());
    assert!(PasskeyKey::new(-65_535, &[4; 65]).is_err());
}
