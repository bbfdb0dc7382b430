//! What is kept: the message log in files, its index, and attachments.
