//! What browsers say of passkeys.

#![no_main]

use liaison::seal::passkey::{Registration, RelyingParty, challenge_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (Vec<u8>, Vec<u8>, Vec<u8>, i32)| {
    let (client_data, authenticator_data, public_key, algorithm) = parts;
    let Ok(challenge) = challenge_of(&client_data) else {
        return;
    };
    let console = RelyingParty {
        id: "mk.localhost".to_owned(),
        origin: "http://mk.localhost:8480".to_owned(),
    };
    let made = Registration {
        client_data,
        authenticator_data,
        public_key,
        algorithm: [-7, -8, -257, algorithm][(algorithm & 3) as usize],
    };
    let _passkey = console.register(&challenge, &made);
});
