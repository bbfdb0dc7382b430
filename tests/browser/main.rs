//! The consoles of a demo in a real browser: Debian's Chromium, driven by WebDriver, with a virtual
//! authenticator in it and no way around the passkey in the server.
//!
//! `tests/run` installs the browser, its driver and axe-core first.

mod browser;
mod keyboard;
mod pages;
#[path = "../process/program.rs"]
mod program;
mod stage;
mod story;
mod tabs;
