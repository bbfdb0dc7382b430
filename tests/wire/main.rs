//! The checked-in protobuf types are what the schema gives.

use std::path::Path;

/// Set to write the file instead of comparing it.
const WRITE: &str = "LIAISON_WRITE_GENERATED";

#[test]
fn the_generated_types_are_those_of_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = ["liaison/v1/message.proto", "liaison/v1/frame.proto"];
    let files = protox::compile(schema, [root.join("proto")]).expect("the schema compiles");
    let out = tempfile::tempdir().expect("a temporary folder");
    prost_build::Config::new()
        .out_dir(out.path())
        .compile_fds(files)
        .expect("the types are generated");
    let made = std::fs::read_to_string(out.path().join("liaison.v1.rs")).expect("they are there");
    let kept = root.join("src/wire/generated/liaison.v1.rs");
    if std::env::var_os(WRITE).is_some() {
        std::fs::create_dir_all(kept.parent().expect("it has a folder")).expect("a folder");
        std::fs::write(&kept, &made).expect("it is written");
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(
        kept == made,
        "run this test once with {WRITE}=1 and commit the result"
    );
}
