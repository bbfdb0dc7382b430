//! The command line: what each command asks for and what it prints.
