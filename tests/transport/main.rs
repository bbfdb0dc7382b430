//! Links between nodes, and between a node and peers that are others' or that misbehave.

mod attachments;
mod hostile;
mod interop;
mod links;
mod lossy;
mod raw;
mod refused;
mod slow;
mod support;
mod tcp;
mod trusting;
mod vouched;
