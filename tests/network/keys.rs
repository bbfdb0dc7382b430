//! Keys of TLS that follow from a seed: what a datagram looks like decides what becomes of it where nobody
//! has the keys to it, so that a seed would not be the same twice with fresh ones. The lattice's half of each
//! is one of a few, so that what follows from it is computed once; the curve's half is new each time.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use liaison::base::{Entropy, SeededEntropy};
use ml_kem::kem::{Decapsulate as _, KeyExport as _};
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Seed};
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom,
    SharedSecret, SupportedKxGroup,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use x25519_dalek::{PublicKey, StaticSecret};

/// Bytes of an ML-KEM-768 encapsulation key, and of a ciphertext (FIPS 203 table 3).
const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;

/// So many keys, and so many secrets, of the lattice there are.
const FEW: u8 = 16;

/// A number of a key or a secret, and what it meets.
type Met = (u8, Vec<u8>);

static KEYS: LazyLock<Vec<DecapsulationKey>> = LazyLock::new(|| {
    let key = |n| DecapsulationKey::from_seed(Seed::from([n; 64]));
    (0..FEW).map(key).collect()
});

#[derive(Clone)]
struct Encapsulated {
    ciphertext: Vec<u8>,
    secret: Vec<u8>,
}

/// What a number comes to under an encapsulation key.
fn encapsulated(n: u8, key: &[u8]) -> Result<Encapsulated, Error> {
    static KNOWN: Mutex<BTreeMap<Met, Encapsulated>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("nothing panics here");
    if let Some(known) = known.get(&(n, key.to_vec())) {
        return Ok(known.clone());
    }
    let bytes = key
        .try_into()
        .map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
    let read = EncapsulationKey::new(&bytes).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
    let (ciphertext, secret) = read.encapsulate_deterministic(&B32::from([n; 32]));
    let encapsulated = Encapsulated {
        ciphertext: ciphertext.to_vec(),
        secret: secret.to_vec(),
    };
    known.insert((n, key.to_vec()), encapsulated.clone());
    Ok(encapsulated)
}

/// The secret that a ciphertext holds for the key of this number.
fn decapsulated(n: u8, ciphertext: &[u8]) -> Result<Vec<u8>, Error> {
    static KNOWN: Mutex<BTreeMap<Met, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("nothing panics here");
    if let Some(known) = known.get(&(n, ciphertext.to_vec())) {
        return Ok(known.clone());
    }
    let read = Ciphertext::try_from(ciphertext).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
    let secret = KEYS[usize::from(n)].decapsulate(&read).to_vec();
    known.insert((n, ciphertext.to_vec()), secret.clone());
    Ok(secret)
}

/// The transport's own cryptography with keys from a seed. What it needs stays for as long as the process.
pub fn seeded(seed: u64) -> CryptoProvider {
    let random = |number| {
        Box::leak(Box::new(Seeded(Mutex::new(SeededEntropy::new(
            seed + number,
        )))))
    };
    CryptoProvider {
        kx_groups: vec![random(0)],
        secure_random: random(1),
        ..liaison::transport::crypto::provider()
    }
}

#[derive(Debug)]
struct Seeded(Mutex<SeededEntropy>);

impl Seeded {
    fn array<const N: usize>(&self) -> [u8; N] {
        let mut entropy = self.0.lock().expect("nothing panics here");
        let entropy: &mut dyn Entropy = &mut *entropy;
        entropy.array()
    }

    fn one_of_few(&self) -> u8 {
        let [n] = self.array();
        n % FEW
    }
}

impl SecureRandom for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.lock().expect("nothing panics here").fill(buffer);
        Ok(())
    }
}

impl SupportedKxGroup for Seeded {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let ml_kem = self.one_of_few();
        let x25519 = StaticSecret::from(self.array::<32>());
        let key = KEYS[usize::from(ml_kem)].encapsulation_key();
        let mut share = key.to_bytes().to_vec();
        share.extend_from_slice(PublicKey::from(&x25519).as_bytes());
        Ok(Box::new(Begun {
            ml_kem,
            x25519,
            share,
        }))
    }

    fn start_and_complete(&self, share: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (key, theirs) = halves(share, ENCAPSULATION_KEY_LEN)?;
        let Encapsulated { ciphertext, secret } = encapsulated(self.one_of_few(), key)?;
        let mut pub_key = ciphertext;
        let x25519 = StaticSecret::from(self.array::<32>());
        pub_key.extend_from_slice(PublicKey::from(&x25519).as_bytes());
        Ok(CompletedKeyExchange {
            group: self.name(),
            pub_key,
            secret: joined(&secret, &x25519, theirs),
        })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Begun {
    ml_kem: u8,
    x25519: StaticSecret,
    share: Vec<u8>,
}

impl ActiveKeyExchange for Begun {
    fn complete(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, theirs) = halves(share, CIPHERTEXT_LEN)?;
        let secret = decapsulated(self.ml_kem, ciphertext)?;
        Ok(joined(&secret, &self.x25519, theirs))
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

fn halves(share: &[u8], first: usize) -> Result<(&[u8], PublicKey), Error> {
    let (first, second) = share
        .split_at_checked(first)
        .ok_or(PeerMisbehaved::InvalidKeyShare)?;
    let second: [u8; 32] = second
        .try_into()
        .map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
    Ok((first, PublicKey::from(second)))
}

fn joined(ml_kem: &[u8], x25519: &StaticSecret, theirs: PublicKey) -> SharedSecret {
    let x25519 = x25519.diffie_hellman(&theirs);
    SharedSecret::from([ml_kem, x25519.as_bytes()].concat())
}
