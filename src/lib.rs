//! The liaison node: signed, encrypted requests for information and smuggling-trend alerts
//! between liaison offices, each with its own log that auditors can trust.
//!
//! The modules stand in the order of the outbound path; each imports only from those above it. What fuzzes
//! parsers is built without those that have none.

#[macro_use]
pub mod base;

pub mod domain;

pub mod wire;

pub mod seal;

pub mod audit;

pub mod exchange;

pub mod store;

pub mod app;

#[cfg(not(fuzzing))]
pub mod driver;

#[cfg(not(fuzzing))]
pub mod api;

pub mod transport;

#[cfg(not(fuzzing))]
pub mod http;

#[cfg(not(fuzzing))]
pub mod client;

#[cfg(not(fuzzing))]
pub mod config;

#[cfg(not(fuzzing))]
pub mod node;

#[cfg(not(fuzzing))]
pub mod cli;
