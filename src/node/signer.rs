//! The node's own keys at work: what leaves and what is logged is signed here.

use crate::app::core::Signer;
use crate::audit::Checkpoint;
use crate::base::{Digest, Entropy, OsEntropy};
use crate::driver::Current;
use crate::seal::group::{MessageSignature, sign_group};
use crate::seal::keystore::Keys;
use crate::seal::sign::HybridSignature;
use crate::store::CheckpointSigner;

/// Signs messages with the identity key and checkpoints with the log key, as they are at that moment.
#[derive(Clone)]
pub struct KeySigner(pub Current<Keys>);

impl CheckpointSigner for KeySigner {
    fn sign(&self, checkpoint: &Checkpoint, entropy: &mut dyn Entropy) -> HybridSignature {
        CheckpointSigner::sign(&self.0.get().log, checkpoint, entropy)
    }
}

impl Signer for KeySigner {
    fn sign_group(&self, leaves: &[Digest]) -> Vec<MessageSignature> {
        let keys = self.0.get();
        sign_group(&keys.identity, keys.node, leaves, &mut OsEntropy)
    }

    fn sign_cosignature(&self, text: &str, entropy: &mut dyn Entropy) -> HybridSignature {
        self.0.get().log.sign_raw(text.as_bytes(), entropy)
    }
}
