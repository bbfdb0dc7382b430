//! The liaison node: signed, encrypted requests for information and smuggling-trend alerts
//! between liaison offices, each with its own log that auditors can trust.
//!
//! The modules stand in the order of the outbound path; each imports only from those above it.

#[macro_use]
pub mod base;

pub mod domain;

pub mod wire;

pub mod seal;

pub mod audit;

pub mod exchange;

pub mod store;

pub mod app;

pub mod driver;

pub mod api;

pub mod transport;

pub mod http;

pub mod client;

pub mod config;

pub mod node;

pub mod cli;
