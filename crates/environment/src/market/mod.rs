//! The market of simulated shoppers: who they are, what meets them, what they buy.

pub(crate) mod calendar;
mod delivery;
pub(crate) mod parts;
mod purchases;
pub mod settings;
pub(crate) mod shoppers;
pub(crate) mod state;
mod visits;
pub(crate) mod world;
