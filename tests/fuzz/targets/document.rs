//! Signed documents: roots, trust lists, suspend lists, key bundles, cards.

#![no_main]

use liaison::seal::trust::{
    Directory, DocumentKind, KeyBundle, MemberCard, Root, SignedDocument, SuspendList, TrustList,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(document) = SignedDocument::from_json(bytes) {
        let again = SignedDocument::from_json(&document.to_json());
        assert_eq!(again.expect("what was written can be read"), document);
        read(&document);
    }
    read(&SignedDocument::unsigned(bytes));
});

/// What the document says of itself is what its own reader takes.
fn read(document: &SignedDocument) {
    let Ok(kind) = document.kind() else {
        return;
    };
    match kind {
        DocumentKind::Root => {
            Root::peek(document).expect("it is a root");
            let built = Directory::build(std::slice::from_ref(document), document, []);
            assert!(built.is_err(), "a root is no trust list");
        }
        DocumentKind::TrustList => {
            let list = TrustList::peek(document).expect("it is a trust list");
            for node in list.members.iter().flat_map(|member| member.node_ids()) {
                list.node(node).expect("it lists the node");
            }
        }
        DocumentKind::SuspendList => {
            let list = SuspendList::peek(document).expect("it is a suspend list");
            for out in &list.suspended {
                assert!(list.suspends(out.member));
            }
        }
        DocumentKind::Bundle => {
            let bundle = KeyBundle::peek(document).expect("it is a bundle");
            bundle.newest_log_keys().expect("it names a log key");
        }
        DocumentKind::Card => {
            let _card = MemberCard::read(document);
        }
    }
}
