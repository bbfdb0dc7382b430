//! Real nodes, each a process of its own, driven by the public command line and API: killed,
//! damaged, starved of room, and used wrongly.

mod alerts;
mod attachments;
mod backup;
mod blocked;
mod bundle;
mod bundles;
mod damage;
mod duty;
mod earlier;
mod easy;
mod erasure;
mod examples;
mod facility;
mod liar;
mod lies;
mod mistakes;
mod office;
mod program;
mod run;
mod search;
#[path = "../transport/trusting.rs"]
mod trusting;
mod world;

mod floods;
mod folders;
mod half_open;
mod hostile;
mod index;
mod keys;
mod kills;
mod life;
mod moves;
mod passing;
mod power;
mod release;
mod restored;
mod returned;
mod secrets;
mod stick;
mod trust;
mod violations;
mod webhooks;
mod witness;
