//! Signing, verifying, sealing and opening one message, beside the primitives they are made of.

use std::hint::black_box;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Kem as _, OpModeR, OpModeS};
use liaison::base::{Entropy, NodeId, OsEntropy};
use liaison::seal::envelope::{SignedMessage, open_envelope, seal_envelope};
use liaison::seal::recipient::{RecipientKey, RecipientKeys};
use liaison::seal::sign::SigningKey;
use libcrux_ml_dsa::ml_dsa_65::{self, MLDSA65KeyPair};
use ml_dsa::MlDsa65;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::sample::Samples;

/// Bytes of a header, about what one takes.
const HEADER: usize = 300;
/// Bytes of a body.
pub const BODY: usize = 1024;

/// Members that an alert goes to.
pub const MEMBERS: usize = 50;

/// Keys and messages, made once.
pub struct Crypto {
    sender: NodeId,
    recipient: NodeId,
    identity: SigningKey,
    keys: RecipientKeys,
    to: liaison::seal::recipient::RecipientPublicKey,
    ed25519: Ed25519KeyPair,
    ml_dsa: Box<MLDSA65KeyPair>,
    hpke: (
        <XWing as hpke::Kem>::PrivateKey,
        <XWing as hpke::Kem>::PublicKey,
    ),
    count: usize,
}

impl Crypto {
    /// Measures `count` operations of each kind a round.
    pub fn new(count: usize) -> Self {
        let entropy: &mut dyn Entropy = &mut OsEntropy;
        let key = RecipientKey::generate(entropy);
        let to = key.public().clone();
        Self {
            sender: node("MK-1"),
            recipient: node("TR-1"),
            identity: SigningKey::generate(entropy),
            to,
            keys: RecipientKeys::from_iter([key]),
            ed25519: Ed25519KeyPair::from_seed_unchecked(&entropy.array::<32>())
                .expect("any 32 bytes are a seed"),
            ml_dsa: Box::new(ml_dsa_65::generate_key_pair(entropy.array::<32>())),
            hpke: XWing::gen_keypair_with_rng(&mut Random),
            count,
        }
    }

    /// One round of everything.
    pub fn round(&self, samples: &mut Samples) {
        let signed = self.signing(samples);
        self.verifying(samples, &signed);
        let envelopes = self.sealing(samples, &signed);
        self.opening(samples, &envelopes);
        self.fanning_out(samples);
    }

    /// An alert to many members: signed once, and sealed to each.
    fn fanning_out(&self, samples: &mut Samples) {
        let (header, body) = (vec![1; HEADER], vec![2; BODY]);
        samples.time("fan-out", 1, || {
            let signed =
                SignedMessage::sign(&self.identity, self.sender, header, body, &mut OsEntropy);
            let signed = signed.expect("it is short");
            for _ in 0..MEMBERS {
                let envelope = seal_envelope(&signed, self.recipient, &self.to, &mut OsEntropy);
                black_box(envelope.expect("it is short"));
            }
        });
    }

    fn signing(&self, samples: &mut Samples) -> Vec<SignedMessage> {
        // What a signature covers is a root of 32 bytes and a few more, whatever the message has.
        let digest = [7; 77];
        samples.time("ed25519-sign", self.count, || {
            for _ in 0..self.count {
                black_box(self.ed25519.sign(black_box(&digest)));
            }
        });
        samples.time("ml-dsa-sign", self.count, || {
            for _ in 0..self.count {
                black_box(self.sign_ml_dsa(black_box(&digest)));
            }
        });
        let bodies = vec![(vec![1; HEADER], vec![2; BODY]); self.count];
        let mut signed = Vec::with_capacity(self.count);
        samples.time("sign", self.count, || {
            for (header, body) in bodies {
                let message =
                    SignedMessage::sign(&self.identity, self.sender, header, body, &mut OsEntropy);
                signed.push(message.expect("it is short"));
            }
        });
        signed
    }

    fn sign_ml_dsa(&self, message: &[u8]) -> [u8; 3309] {
        let entropy: &mut dyn Entropy = &mut OsEntropy;
        let key = &self.ml_dsa.signing_key;
        let signature = ml_dsa_65::sign(key, message, &[], entropy.array::<32>());
        *signature.expect("signing ends").as_ref()
    }

    fn verifying(&self, samples: &mut Samples, signed: &[SignedMessage]) {
        let digest = [7; 77];
        let ed25519 = self.ed25519.sign(&digest);
        let key = UnparsedPublicKey::new(&ED25519, self.ed25519.public_key().as_ref());
        samples.time("ed25519-verify", self.count, || {
            for _ in 0..self.count {
                key.verify(black_box(&digest), ed25519.as_ref())
                    .expect("it holds");
            }
        });
        let signature = self.sign_ml_dsa(&digest);
        let encoded = (*self.ml_dsa.verification_key.as_ref()).into();
        let key = ml_dsa::VerifyingKey::<MlDsa65>::decode(&encoded);
        samples.time("ml-dsa-verify", self.count, || {
            for _ in 0..self.count {
                let read = ml_dsa::Signature::<MlDsa65>::try_from(black_box(&signature[..]));
                let read = read.expect("it has the length of one");
                assert!(key.verify_with_context(black_box(&digest), &[], &read));
            }
        });
        samples.time("verify", self.count, || {
            for message in signed {
                message
                    .verify(self.identity.verifying_key())
                    .expect("it holds");
            }
        });
    }

    fn sealing(&self, samples: &mut Samples, signed: &[SignedMessage]) -> Vec<Vec<u8>> {
        samples.time("hpke-seal", self.count, || {
            for _ in 0..self.count {
                let sealed = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, XWing>(
                    &OpModeS::Base,
                    &self.hpke.1,
                    b"floor",
                    &mut Random,
                );
                black_box(sealed.expect("a key of its own can be encapsulated to"));
            }
        });
        let mut envelopes = Vec::with_capacity(self.count);
        samples.time("seal", self.count, || {
            for message in signed {
                let envelope = seal_envelope(message, self.recipient, &self.to, &mut OsEntropy);
                envelopes.push(envelope.expect("it is short"));
            }
        });
        envelopes
    }

    fn opening(&self, samples: &mut Samples, envelopes: &[Vec<u8>]) {
        let (enc, _) = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.hpke.1,
            b"floor",
            &mut Random,
        )
        .expect("a key of its own can be encapsulated to");
        samples.time("hpke-open", self.count, || {
            for _ in 0..self.count {
                let opened = hpke::setup_receiver::<AesGcm256, HkdfSha256, XWing>(
                    &OpModeR::Base,
                    &self.hpke.0,
                    black_box(&enc),
                    b"floor",
                );
                black_box(opened.expect("it was made for this key"));
            }
        });
        let identity = self.identity.verifying_key();
        samples.time("open", self.count, || {
            for envelope in envelopes {
                let known = |_, _| Some(identity.clone());
                let opened = open_envelope(envelope, self.recipient, &self.keys, known);
                black_box(opened.expect("it was sealed to this node"));
            }
        });
    }
}

fn node(text: &str) -> NodeId {
    text.parse().expect("it is a node")
}

/// The system's randomness, as the crates want it.
struct Random;

impl hpke::rand_core::TryRng for Random {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        hpke::rand_core::TryRng::try_next_u64(self).map(|bits| bits as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let entropy: &mut dyn Entropy = &mut OsEntropy;
        Ok(u64::from_be_bytes(entropy.array()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        OsEntropy.fill(bytes);
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Random {}
