//! The market of simulated shoppers: who they are, what meets them, what they buy.

mod bidding;
pub(crate) mod calendar;
mod channel;
pub(crate) mod channel_parts;
mod choice;
mod clicks;
mod delivery;
mod friction;
mod goods;
pub(crate) mod goods_parts;
pub(crate) mod parts;
mod purchases;
pub mod settings;
mod shelves;
pub(crate) mod shoppers;
pub(crate) mod state;
mod supply;
mod targeting;
mod visits;
pub(crate) mod world;
