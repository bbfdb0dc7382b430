//! Bundles that auditors verify offline.

#![no_main]

use liaison::audit::bundle::verify_bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _report = verify_bundle(bytes, None, &mut |_, _| ());
});
