//! The node's one configuration file, which explains itself.
