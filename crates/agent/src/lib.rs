//! Agents of every kind, learning, checkpoints. The only crate that names burn.
pub mod agent;

pub use agent::{Agent, Entrant, Oracle, Recipe};
