use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::json;

use super::*;

const CHALLENGE: Challenge = Challenge([7; 32]);

/// The head of a SubjectPublicKeyInfo of P-256 and of Ed25519.
const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
const ED25519: &str = "302a300506032b6570032100";

fn site() -> RelyingParty {
    RelyingParty {
        id: "mk.localhost".to_owned(),
        origin: "http://mk.localhost:8480".to_owned(),
    }
}

enum Pen {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// An authenticator that does what the tests tell it.
struct Authenticator {
    pen: Pen,
    site: String,
    flags: u8,
    count: u32,
}

impl Authenticator {
    fn new() -> Self {
        let (algorithm, chance) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).expect("a key");
        let pen = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance).expect("a key");
        Self {
            pen: Pen::P256(pen),
            site: site().id,
            flags: PRESENT | VERIFIED,
            count: 1,
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.site.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn registers(&self) -> Registration {
        let mut data = self.data(self.flags | ATTESTED);
        data.extend([0; 16]);
        data.extend([0, 4, 1, 2, 3, 4, 0xa5]);
        let (head, key, algorithm) = match &self.pen {
            Pen::P256(pen) => (P256, pen.public_key().as_ref(), -7),
            Pen::Ed25519(pen) => (ED25519, pen.public_key().as_ref(), -8),
        };
        Registration {
            client_data: said("webauthn.create"),
            authenticator_data: data,
            public_key: [hex::decode(head).expect("hex").as_slice(), key].concat(),
            algorithm,
        }
    }

    fn asserts(&self, client_data: Vec<u8>) -> Assertion {
        let data = self.data(self.flags);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature = match &self.pen {
            Pen::P256(pen) => {
                let signature = pen.sign(&SystemRandom::new(), &signed);
                signature.expect("it signs").as_ref().to_vec()
            }
            Pen::Ed25519(pen) => pen.sign(&signed).as_ref().to_vec(),
        };
        Assertion {
            id: vec![1, 2, 3, 4],
            client_data,
            authenticator_data: data,
            signature,
        }
    }
}

fn client_data(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    let data = json!({ "type": kind, "challenge": challenge, "origin": origin, "extra": [1] });
    data.to_string().into_bytes()
}

fn said(kind: &str) -> Vec<u8> {
    client_data(kind, &CHALLENGE.0, &site().origin)
}

fn enrolled(authenticator: &Authenticator) -> Passkey {
    let registered = site().register(&CHALLENGE, &authenticator.registers());
    registered.expect("it holds")
}

#[test]
fn a_passkey_that_was_enrolled_is_verified_and_counted() {
    let mut authenticator = Authenticator::new();
    let passkey = enrolled(&authenticator);
    assert_eq!(passkey.id, [1, 2, 3, 4]);
    authenticator.count = 2;
    let made = authenticator.asserts(said("webauthn.get"));
    assert_eq!(challenge_of(&made.client_data).expect("one").0, CHALLENGE.0);
    let next = site()
        .verify(&CHALLENGE, &passkey, &made)
        .expect("it holds");
    assert_eq!(next.count, 2);
    let again = site().verify(&CHALLENGE, &next, &made);
    assert_eq!(again, Err(PasskeyError::Count));
}

#[test]
fn an_edwards_key_is_verified_too() {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let pen = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let mut authenticator = Authenticator::new();
    authenticator.pen = Pen::Ed25519(pen);
    let passkey = enrolled(&authenticator);
    authenticator.count = 9;
    let made = authenticator.asserts(said("webauthn.get"));
    assert!(site().verify(&CHALLENGE, &passkey, &made).is_ok());
}

#[test]
fn a_signature_over_anything_else_is_refused() {
    let mut authenticator = Authenticator::new();
    let passkey = enrolled(&authenticator);
    authenticator.count = 2;
    let verify = |made: &Assertion| site().verify(&CHALLENGE, &passkey, made);
    let made = authenticator.asserts(said("webauthn.get"));
    let mut other = made.clone();
    other.client_data = client_data("webauthn.get", &CHALLENGE.0, "http://mk.localhost:8480");
    other.client_data.push(b' ');
    assert_eq!(verify(&other), Err(PasskeyError::Signature));
    let mut other = made.clone();
    other.authenticator_data[36] = 9;
    assert_eq!(verify(&other), Err(PasskeyError::Signature));
    let mut other = made.clone();
    other.signature[10] ^= 1;
    assert_eq!(verify(&other), Err(PasskeyError::Signature));
    let stranger = Authenticator::new();
    let forged = stranger.asserts(said("webauthn.get"));
    assert_eq!(verify(&forged), Err(PasskeyError::Signature));
}

#[test]
fn an_answer_of_another_site_ceremony_or_challenge_is_refused() {
    let mut authenticator = Authenticator::new();
    let passkey = enrolled(&authenticator);
    authenticator.count = 2;
    let verify = |data: Vec<u8>| {
        let made = authenticator.asserts(data);
        site().verify(&CHALLENGE, &passkey, &made).map(|_| ())
    };
    let origin = site().origin;
    let from = |origin: &str| client_data("webauthn.get", &CHALLENGE.0, origin);
    assert_eq!(verify(from(&origin)), Ok(()));
    for wrong in [
        "http://mk.localhost:8481",
        "https://mk.localhost:8480",
        "http://evil.example",
    ] {
        assert_eq!(verify(from(wrong)), Err(PasskeyError::Origin), "{wrong}");
    }
    let other = client_data("webauthn.get", &[8; 32], &origin);
    assert_eq!(verify(other), Err(PasskeyError::Challenge));
    assert_eq!(
        verify(said("webauthn.create")),
        Err(PasskeyError::ClientData)
    );
    assert_eq!(verify(b"{}".to_vec()), Err(PasskeyError::ClientData));
    let framed = String::from_utf8(said("webauthn.get")).expect("text");
    let framed = framed.replace("\"extra\":[1]", "\"crossOrigin\":true");
    assert_eq!(verify(framed.into_bytes()), Err(PasskeyError::Origin));
    authenticator.site = "evil.example".to_owned();
    let made = authenticator.asserts(said("webauthn.get"));
    let refused = site().verify(&CHALLENGE, &passkey, &made);
    assert_eq!(refused, Err(PasskeyError::Origin));
}

#[test]
fn nobody_there_and_nobody_verified_are_refused() {
    let mut authenticator = Authenticator::new();
    let passkey = enrolled(&authenticator);
    authenticator.count = 2;
    for flags in [0, PRESENT, VERIFIED] {
        authenticator.flags = flags;
        let made = authenticator.asserts(said("webauthn.get"));
        let refused = site().verify(&CHALLENGE, &passkey, &made);
        assert_eq!(refused, Err(PasskeyError::NotVerified), "{flags}");
        let refused = site().register(&CHALLENGE, &authenticator.registers());
        assert_eq!(refused, Err(PasskeyError::NotVerified), "{flags}");
    }
}

#[test]
fn a_key_of_another_kind_than_it_names_is_refused() {
    let authenticator = Authenticator::new();
    let register = |algorithm: i32, key: Vec<u8>| {
        let mut made = authenticator.registers();
        (made.algorithm, made.public_key) = (algorithm, key);
        site().register(&CHALLENGE, &made).map(|_| ())
    };
    let key = authenticator.registers().public_key;
    assert_eq!(register(-7, key.clone()), Ok(()));
    for algorithm in [-8, -257, -35, 0, i32::MIN] {
        assert_eq!(register(algorithm, key.clone()), Err(PasskeyError::Key));
    }
    for cut in 0..key.len() {
        assert_eq!(register(-7, key[..cut].to_vec()), Err(PasskeyError::Key));
    }
}

#[test]
fn authenticator_data_that_is_cut_is_refused() {
    let authenticator = Authenticator::new();
    let whole = authenticator.registers();
    // The id ends one byte before what the credential's key would begin with.
    for cut in 0..whole.authenticator_data.len() - 1 {
        let mut made = whole.clone();
        made.authenticator_data.truncate(cut);
        let refused = site().register(&CHALLENGE, &made);
        assert_eq!(refused, Err(PasskeyError::AuthenticatorData), "{cut}");
    }
    let mut made = whole;
    made.authenticator_data[32] |= BACKED_UP;
    let refused = site().register(&CHALLENGE, &made);
    assert_eq!(refused, Err(PasskeyError::AuthenticatorData));
}
