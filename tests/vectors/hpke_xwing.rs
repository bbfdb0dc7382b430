//! The published vectors of X-Wing and of HPKE with X-Wing, for which there is no Wycheproof.
//!
//! `xwing.json` is from draft-connolly-cfrg-xwing-kem, appendix C; `hpke-xwing.json` from
//! draft-ietf-hpke-pq, test-vectors.json: base mode, MLKEM768-X25519, HKDF-SHA256,
//! ChaCha20-Poly1305 (the drafts publish none with AES-256-GCM, which `oracle` covers).

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use liaison::seal::recipient::{RecipientKey, RecipientPublicKey};
use serde_json::Value;

use crate::given::Given;

fn vectors(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn xwing_agrees_with_its_draft() {
    let vectors = vectors(include_str!("xwing.json"));
    let vectors = vectors.as_array().unwrap();
    for vector in vectors {
        let seed = bytes(&vector["sk"]);
        let key = RecipientKey::from_seed(&seed.as_slice().try_into().unwrap());
        assert_eq!(key.public().as_bytes()[..], bytes(&vector["pk"]));

        let private = <XWing as Kem>::PrivateKey::from_bytes(&seed).unwrap();
        let public = XWing::sk_to_pk(&private);
        let mut random = Given(bytes(&vector["eseed"]));
        let (shared, enc) = XWing::encap_with_rng(&public, None, &mut random).unwrap();
        assert_eq!(enc.to_bytes()[..], bytes(&vector["ct"]));
        assert_eq!(shared.0[..], bytes(&vector["ss"]));
        let shared = XWing::decap(&private, None, &enc).unwrap();
        assert_eq!(shared.0[..], bytes(&vector["ss"]));
    }
    assert_eq!(vectors.len(), 3);
}

#[test]
fn hpke_with_xwing_agrees_with_its_draft() {
    let vector = vectors(include_str!("hpke-xwing.json"));
    let info = bytes(&vector["info"]);
    let seed = bytes(&vector["skRm"]);
    let private = <XWing as Kem>::PrivateKey::from_bytes(&seed).unwrap();
    let public = RecipientPublicKey::from_bytes(&bytes(&vector["pkRm"])).unwrap();
    let key = RecipientKey::from_seed(&seed.as_slice().try_into().unwrap());
    assert_eq!(key.public(), &public);
    let enc = <XWing as Kem>::EncappedKey::from_bytes(&bytes(&vector["enc"])).unwrap();
    let shared = XWing::decap(&private, None, &enc).unwrap();
    assert_eq!(shared.0[..], bytes(&vector["shared_secret"]));

    let mut receiver = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private,
        &enc,
        &info,
    )
    .unwrap();
    let (sent, mut sender) = hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &XWing::sk_to_pk(&private),
        &info,
        &mut Given(bytes(&vector["ikmE"])),
    )
    .unwrap();
    assert_eq!(sent.to_bytes(), enc.to_bytes());

    let encryptions = vector["encryptions"].as_array().unwrap();
    for encryption in encryptions {
        let (aad, ct) = (bytes(&encryption["aad"]), bytes(&encryption["ct"]));
        let plaintext = bytes(&encryption["pt"]);
        assert_eq!(receiver.open(&ct, &aad).unwrap(), plaintext);
        assert_eq!(sender.seal(&plaintext, &aad).unwrap(), ct);
    }
    assert_eq!(encryptions.len(), 10);
    let exports = vector["exports"].as_array().unwrap();
    for export in exports {
        let mut out = vec![0; 32];
        receiver
            .export(&bytes(&export["exporter_context"]), &mut out)
            .unwrap();
        assert_eq!(out, bytes(&export["exported_value"]));
    }
    assert_eq!(exports.len(), 5);
}
