//! The one thread that owns the state: real clock, real entropy, group commit.
