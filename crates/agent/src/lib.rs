//! Agents of every kind, learning, checkpoints; curves from a history. The only crate that names burn.
pub mod agent;
mod backend;
pub mod baselines;
pub mod calibrate;
pub mod checkpoint;
pub mod entrant;
pub mod heads;
pub mod learn;
pub mod planning;
pub mod policy;

pub use agent::{Agent, Entrant, Marginal, Oracle, Recipe, play};
pub use entrant::{AgentInfo, UnknownAgent, entrant, names};
