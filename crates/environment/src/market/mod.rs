//! The market of simulated shoppers: who they are, what meets them, what they buy.

mod bidding;
pub(crate) mod calendar;
mod channel;
pub(crate) mod channel_parts;
mod clicks;
mod delivery;
mod friction;
pub(crate) mod parts;
mod purchases;
pub mod settings;
pub(crate) mod shoppers;
pub(crate) mod state;
mod supply;
mod targeting;
mod visits;
pub(crate) mod world;
