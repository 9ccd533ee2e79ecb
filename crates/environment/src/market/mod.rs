//! The market of simulated shoppers: who they are, what meets them, what they buy.

mod delivery;
pub mod journal;
pub(crate) mod parts;
mod purchases;
pub mod settings;
pub(crate) mod shoppers;
pub(crate) mod state;
mod visits;
pub(crate) mod world;
