//! What a test needs of the machine beside the program, and what it means where that is missing.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;

/// The facilities that this machine cannot give, with commas between, as tests/run explains them.
const ABSENT: &str = "LIAISON_ABSENT";
/// The file in which tests/run gathers what was skipped.
const SKIPPED: &str = "LIAISON_SKIPPED";

/// Says that the calling test is skipped for want of a facility; the test has to return then.
///
/// # Panics
/// With `CI` set, where `LIAISON_ABSENT` does not name the facility: nobody reads what a test that passes
/// says.
#[track_caller]
pub fn skipped(facility: &str, why: &str) {
    let absent = env::var(ABSENT).unwrap_or_default();
    let named = absent.split(',').any(|one| one.trim() == facility);
    let in_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty());
    assert!(
        named || !in_ci,
        "this test needs {facility}: {why}. Give the machine what is missing, or name {facility} in \
         {ABSENT} (tests/run)"
    );
    let here = thread::current();
    let line = format!(
        "{}: {facility}: {why}",
        here.name().unwrap_or("a test without a name")
    );
    eprintln!("1 skipped: {line}");
    if let Some(file) = env::var_os(SKIPPED) {
        let file = OpenOptions::new().create(true).append(true).open(file);
        let gathered = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        gathered.expect("tests/run made a file for what is skipped");
    }
}
