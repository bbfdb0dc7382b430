//! Every engine of the store behaves alike, and no damage to its files goes unnoticed.

mod blobs;
mod convicted;
mod damage;
mod decisions;
mod erasure;
#[path = "../process/facility.rs"]
mod facility;
mod faults;
mod full;
mod incarnation;
mod index;
mod log;
mod office;
mod power;
mod verify;
mod world;
