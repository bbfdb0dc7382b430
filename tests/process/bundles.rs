//! Auditors: whole logs of running and stopped nodes, and exported files alone.

use std::fs;

use crate::run::Call;
use crate::world::World;

/// No passphrase is given or asked for here: the folder's own is not even readable.
#[test]
fn a_bundle_is_checked_against_the_root_that_the_auditor_knows() {
    let world = World::serving(&["MK", "TR"]);
    let mk = world.office("MK");
    let out = mk.part("mk.bundle.tar");
    mk.call("audit export").option("--out", &out).run().done();
    mk.stop();
    assert!(mk.verified() > 0, "a stopped node's log is verified too");
    assert!(!mk.segments().is_empty());

    let verify = || Call::of("audit verify").option("--bundle", &out);
    let (exit, said, _) = verify().run_as_text();
    assert_eq!(exit, Some(0));
    assert!(said.contains(&world.root), "it prints the root to compare");
    assert!(
        said.contains("UNCHECKED"),
        "it says that the origin is unchecked"
    );

    let known = verify().option("--root", &world.root).run_as_text();
    assert_eq!(known.0, Some(0));
    let wrong = verify().option("--root", "0".repeat(64)).run_as_text();
    assert_eq!(wrong.0, Some(3), "{}", wrong.2);

    let mut bytes = fs::read(&out).expect("the bundle is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&out, bytes).expect("it is damaged");
    let damaged = verify().run_as_text();
    assert_eq!(damaged.0, Some(3), "{}", damaged.2);
}
