//! What officers may do: requests for information and alerts as machines that decide and apply,
//! with their code lists and time limits, and who is to be told when.

#[macro_use]
mod code;

pub mod alert;
pub mod duty;
mod fault;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod handling;
pub mod message;
pub mod profile;
pub mod protection;
mod redact;
pub mod release;
pub mod retention;
pub mod rfi;
mod status;
pub mod terms;
#[cfg(test)]
mod tests;

pub(crate) use fault::Faults;
pub use fault::FieldError;
pub use redact::ERASED;
pub use status::{MalformedStatus, Status};
