//! Suspension: what two countries can do at once, and what they cannot.

use super::*;

fn suspended(world: &mut World, directory: &Directory, who: &str, by: &[usize]) -> SignedDocument {
    let proposal =
        propose_suspension(directory, member(who), ("keys stolen", None), at(121)).unwrap();
    world.signed(proposal, by)
}

fn too_few(signed: usize) -> TrustError {
    TrustError::TooFewSignatures { signed, needed: 2 }
}

#[test]
fn a_suspended_member_is_as_if_it_were_not_listed() {
    let mut world = World::new();
    let directory = world.directory();
    let document = suspended(&mut world, &directory, "AL", &[0, 1]);
    let next = directory.suspend(&document).unwrap();
    let al = node("AL-1");
    let keys = &world.keys[2];
    assert!(next.is_suspended(member("AL")));
    assert_eq!(next.member(member("AL")), None);
    assert!(next.members().iter().all(|m| m.member != member("AL")));
    assert!(next.nodes().all(|node| node != al));
    assert_eq!(next.node(al), None);
    assert_eq!(next.address(al), None);
    assert_eq!(next.identity(al), None);
    let identity = keys.identity.verifying_key().key_id();
    assert!(next.identity_by_id(al, identity).is_none());
    assert_eq!(next.bundle(al), None);
    assert_eq!(next.recipient_key(al, at(122)), None);
    assert_eq!(next.tls_pins(al), []);
    assert_eq!(next.node_by_pin(&keys.tls.pin()), None);
    assert!(!next.is_pinned(al, &keys.tls.pin()));
    assert_eq!(next.current_log(al), None);
    assert!(
        next.log_keys("al-1.liaison/1").is_some(),
        "its past stays provable"
    );
    let newer = world.next_bundle(2, |_| {});
    assert_eq!(
        next.with_bundle(newer).map(drop),
        Err(TrustError::NotListed(al))
    );
    assert_eq!(next.hash(), directory.hash());
    assert_eq!(directory.member(member("AL")).unwrap().member, member("AL"));
    for other in ["MK-1", "RS-1", "ICMPD-1"] {
        assert!(next.recipient_key(node(other), at(122)).is_some());
    }
}

#[test]
fn nobody_vetoes_their_own_suspension_and_two_others_suffice() {
    let mut world = World::new();
    let directory = world.directory();
    for (by, outcome) in [
        (&[0, 1][..], Ok(())),
        (&[0, 1, 2], Ok(())),
        (&[0, 2], Err(too_few(1))),
        (&[2], Err(too_few(0))),
        (&[0], Err(too_few(1))),
        (&[0, 3], Err(TrustError::UnknownSigner(member("ICMPD")))),
    ] {
        let document = suspended(&mut world, &directory, "AL", by);
        assert_eq!(directory.suspend(&document).map(drop), outcome, "{by:?}");
    }
}

#[test]
fn later_suspensions_add_and_only_the_next_list_gives_back() {
    let mut world = World::new();
    let directory = world.directory();
    let first = suspended(&mut world, &directory, "ICMPD", &[0, 1]);
    let one = directory.suspend(&first).unwrap();
    let second = suspended(&mut world, &one, "AL", &[0, 1]);
    let two = one.suspend(&second).unwrap();
    assert_eq!(two.suspension().unwrap().version, 2);
    assert_eq!(two.members().len(), 2);
    assert_eq!(two.suspend(&second).unwrap().hash(), two.hash());
    assert!(one.suspend(&first).unwrap().is_suspended(member("ICMPD")));
    assert_eq!(
        two.suspend(&first).map(drop),
        Err(TrustError::Version {
            expected: 3,
            found: 1
        })
    );
    let list = world.next_list(&directory, &[0, 1]);
    let next = two.advance(&[], &list).unwrap();
    assert_eq!(next.suspension(), None);
    assert!(next.recipient_key(node("AL-1"), at(122)).is_some());
}

#[test]
fn those_whom_two_countries_suspend_can_still_sign_the_list_that_ends_it() {
    let mut world = World::new();
    let directory = world.directory();
    let document = suspended(&mut world, &directory, "AL", &[0, 1]);
    let next = directory.suspend(&document).unwrap();
    let list = world.next_list(&directory, &[1, 2]);
    assert!(next.advance(&[], &list).is_ok());
}

#[test]
fn a_suspension_survives_its_files_and_ends_with_its_list() {
    let mut world = World::new();
    let directory = world.directory();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let first = suspended(&mut world, &directory, "ICMPD", &[0, 1]);
    let one = directory.suspend(&first).unwrap();
    let second = suspended(&mut world, &one, "AL", &[0, 1]);
    let two = one.suspend(&second).unwrap();
    two.save(dir).unwrap();
    let read = Directory::load(dir).unwrap();
    assert_eq!(read.suspension(), two.suspension());
    assert!(dir.join("bundles/AL-1.json").exists(), "it may come back");

    // A power cut after the list and before the suspend list is removed.
    let stale = std::fs::read(dir.join("suspend.json")).unwrap();
    let list = world.next_list(&directory, &[0, 1]);
    read.advance(&[], &list).unwrap().save(dir).unwrap();
    assert!(!dir.join("suspend.json").exists());
    std::fs::write(dir.join("suspend.json"), &stale).unwrap();
    let read = Directory::load(dir).unwrap();
    assert_eq!(read.suspension(), None);
    assert!(read.bundle(node("AL-1")).is_some());

    std::fs::write(dir.join("suspend.json"), &stale[1..]).unwrap();
    let error = Directory::load(dir).unwrap_err().to_string();
    assert_eq!(error, "suspend.json is malformed");
}

#[test]
fn a_suspension_is_proposed_only_of_a_member_that_is_in() {
    let mut world = World::new();
    let directory = world.directory();
    let propose = |directory: &Directory, who, why| {
        propose_suspension(directory, member(who), (why, None), at(121)).map(drop)
    };
    let rule = |rule| Err(TrustError::Rule(DocumentKind::SuspendList, rule));
    let stranger = Err(TrustError::NotAMember(member("XX")));
    assert_eq!(propose(&directory, "XX", "why"), stranger);
    assert_eq!(propose(&directory, "AL", ""), rule(Rule::Text));
    let document = suspended(&mut world, &directory, "AL", &[0, 1]);
    let next = directory.suspend(&document).unwrap();
    assert_eq!(propose(&next, "AL", "why"), rule(Rule::Duplicate));
}
