//! The trust list: who the members are, which keys their nodes hold, and who may say so.
//!
//! Several kinds of signed document. The **root** names the countries that may change anything;
//! each root is signed by two thirds of the countries of the one before and of its own. The
//! **list** names the members and the identity key of each of their nodes; it is signed by a
//! majority of the root's countries. The **suspend list** takes members out of the list until the
//! next one, by two countries. A **bundle** names the other keys of a node and who is on duty at its
//! office, and is signed by its identity key, so that changing those needs no ceremony. A fifth, the
//! **card**, is what a new member hands over, and proves that it holds the keys it names.
//!
//! What is signed is the exact payload, strict JSON with a `type`; what is counted is countries,
//! not keys. A [`Directory`] is what follows from root, list and bundles, and is never changed:
//! the next one is made from it.

mod bundle;
mod card;
mod ceremony;
mod directory;
mod document;
mod files;
mod list;
mod log_keys;
mod possession;
mod root;
mod suspend;
#[cfg(test)]
mod tests;
mod voucher;

pub use bundle::{BundledKey, KeyBundle, log_origin};
pub use card::{MemberCard, Profile};
pub use ceremony::{Proposal, propose_first, propose_next};
pub use directory::Directory;
pub use document::{DocumentKind, DocumentSignature, SignedDocument};
pub use files::TrustFileError;
pub use list::{LONGEST_LIFE, ListedNode, Member, MemberKind, TrustList, list_threshold};
pub use log_keys::{LogKey, LogKeys};
pub use possession::Possession;
pub use root::{Country, Root, root_threshold};
pub use suspend::{SUSPEND_THRESHOLD, SuspendList, SuspendedMember, propose_suspension};
pub use voucher::{TlsVoucher, VOUCHER_LEN, VOUCHER_LIFE};

use crate::base::{MemberId, NodeId};

/// Why a document is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The document is not strict JSON of any known shape, or is too long.
    #[error("the document is malformed")]
    Malformed,
    /// The document is of another kind than the one that belongs here.
    #[error("the document is a {found}, not a {expected}")]
    WrongKind {
        /// What belongs here.
        expected: DocumentKind,
        /// What the document says it is.
        found: DocumentKind,
    },
    /// The document says something that no such document may say.
    #[error("the {0} breaks a rule: {1}")]
    Rule(DocumentKind, Rule),
    /// A signature is by someone who may not sign this document, or under a key that is not theirs.
    #[error("{0} signed with a key that may not sign this")]
    UnknownSigner(MemberId),
    /// A signature stands twice.
    #[error("{0} signed twice with one key")]
    DuplicateSigner(MemberId),
    /// A signature does not hold.
    #[error("the signature of {0} does not hold")]
    BadSignature(MemberId),
    /// Not enough members have signed.
    #[error("{signed} of the {needed} signatures that are needed")]
    TooFewSignatures {
        /// How many members have signed, among those that count.
        signed: usize,
        /// How many must.
        needed: usize,
    },
    /// The version is not the next one: a rollback or a gap.
    #[error("version {found} where version {expected} is due")]
    Version {
        /// The version that is due.
        expected: u32,
        /// The document's.
        found: u32,
    },
    /// The document names another predecessor than the one in force.
    #[error("the {0} follows another one than that in force")]
    Previous(DocumentKind),
    /// The list was made under another root.
    #[error("the list was made under root {found}, not root {expected}")]
    RootVersion {
        /// The version of the root in force.
        expected: u32,
        /// The version that the list names.
        found: u32,
    },
    /// The suspend list was made for another list than the one in force.
    #[error("the suspend list amends another trust list than the one in force")]
    AmendsAnother,
    /// The list in force has no such member.
    #[error("{0} is not a member of the trust list in force")]
    NotAMember(MemberId),
    /// The suspend list leaves out a member that is suspended, which only the next list may.
    #[error("the suspend list gives {0} back, which only the next trust list can")]
    GivenBack(MemberId),
    /// Two parts of one document that were to be put together differ.
    #[error("the two documents are not the same")]
    Different,
    /// The list has no such node.
    #[error("the list has no node {0}")]
    NotListed(NodeId),
    /// The bundle is older than the one in force.
    #[error("the bundle of {0} is older than the one in force")]
    BundleRollback(NodeId),
    /// Two bundles of one node have the same sequence number: the node has said two things.
    #[error("{0} has issued two different bundles with one number")]
    BundleConflict(NodeId),
    /// The bundle leaves out or changes a log key that is known.
    #[error("the bundle of {0} rewrites its log keys")]
    LogKeyChanged(NodeId),
    /// The bundle has another key sign at a size for which a checkpoint of the log is known.
    #[error("the bundle of {0} gives what its log has signed to another log key")]
    LogKeyBackdated(NodeId),
    /// The bundle claims a TLS key of another node.
    #[error("the bundle of {0} claims another node's TLS key")]
    PinTaken(NodeId),
    /// A key on a card or in a bundle is not proved to be held.
    #[error("{0} does not prove that it holds its keys")]
    NotProved(NodeId),
    /// The list has run out: no members and no keys come in until there is another.
    #[error("the trust list has run out, and takes no new keys")]
    Expired,
}

/// A rule that a document can break by what it says alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Fewer than two countries cannot hold each other in check.
    #[error("a root has at least two countries")]
    TooFewCountries,
    /// Countries have two-letter codes.
    #[error("a country has a two-letter code")]
    NotACountry,
    /// A list that is signed by countries calls none of them an organisation.
    #[error("a country of the root is listed as an organisation")]
    CountryAsOrganisation,
    /// A member or node stands twice.
    #[error("a member or node stands twice")]
    Duplicate,
    /// Two nodes, or two countries, share a key.
    #[error("a key stands twice")]
    SharedKey,
    /// There are more entries than the format allows.
    #[error("there are too many entries")]
    TooMany,
    /// An entry is missing that must be there.
    #[error("there are too few entries")]
    TooFew,
    /// A text is empty, too long, or holds characters that do not show.
    #[error("a name or contact is empty, too long or not printable")]
    Text,
    /// An address is not `host:port`.
    #[error("an address is a host and a port")]
    Address,
    /// A time lies before another one that it must follow.
    #[error("the times are out of order")]
    Times,
    /// A list is to last longer than any may.
    #[error("a list is valid for at most 30 days")]
    TooLong,
    /// A number is out of its range.
    #[error("a number is out of range")]
    Number,
    /// A log's origin does not belong to the node.
    #[error("the log's origin is not this node's")]
    Origin,
    /// A first version names a predecessor, or a later one names none.
    #[error("exactly the first version has no predecessor")]
    Previous,
    /// A duty roster breaks a rule of its own.
    #[error("the duty roster breaks a rule")]
    Duty,
    /// Two cards of one member contradict each other.
    #[error("two cards of one member differ")]
    Contradiction,
}
