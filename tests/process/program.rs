//! The program that the tests run.

use std::env;
use std::ffi::OsString;

/// What `LIAISON_PROGRAM` names, as the product that its users build, or else the program that was built
/// with these tests.
pub fn program() -> OsString {
    env::var_os("LIAISON_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_liaison").into())
}
