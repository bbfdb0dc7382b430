//! The log that auditors trust: entries, Merkle tree, checkpoints, receipts, proofs and bundles. No input or output.
