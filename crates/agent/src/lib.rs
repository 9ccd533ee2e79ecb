//! Agents of every kind, learning, checkpoints. The only crate that names burn.
pub mod agent;
pub mod checkpoint;
pub mod learn;
pub mod policy;

pub use agent::{Agent, Entrant, Oracle, Recipe};
