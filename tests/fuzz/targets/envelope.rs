//! Envelopes and parcels, as they come to a node that holds the key of the vectors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

use liaison::base::NodeId;
use liaison::seal::envelope::{EnvelopePrefix, open_envelope, open_parcel};
use liaison::seal::recipient::{RecipientKey, RecipientKeys};
use liaison::seal::sign::{Proven, SigningKey, VerifyingKey};

struct Known {
    keys: RecipientKeys,
    sender: VerifyingKey,
    me: NodeId,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let key = RecipientKey::from_seed(&[2; 32]);
        Known {
            keys: [key].into_iter().collect(),
            sender: SigningKey::from_seeds(&[1; 64]).verifying_key().clone(),
            me: "MK-1".parse().expect("it is a node"),
        }
    })
}

fuzz_target!(|bytes: &[u8]| {
    let known = known();
    let sender = |_, id| (known.sender.key_id() == id).then(|| known.sender.clone());
    // Where it fails, no content is given out; nothing may break.
    let _prefix = EnvelopePrefix::read(bytes);
    let _message = open_envelope(bytes, known.me, &known.keys, sender);
    let _messages = open_parcel(bytes, known.me, &known.keys, sender, &Proven::default());
});
