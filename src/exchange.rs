//! The exchange of messages with peers, without sockets: outbox, inbox, retry, duplicates, priorities.
