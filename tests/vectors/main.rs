//! The algorithms that the node stands on, against vectors that others published, and against a
//! second implementation (aws-lc).
//!
//! Each Wycheproof test asserts how many vectors it ran. Together they run 2,817 vectors on the
//! implementations that the node uses and 669 on the second one, to know that it can be an oracle.

mod attachments;
mod envelope;
mod exchanges;
mod given;
mod hpke_xwing;
mod lattices;
mod oracle;
mod protocol;
mod signatures;
mod symmetric;
mod x25519;
