//! A typed client of a node's API, which the command line uses.
