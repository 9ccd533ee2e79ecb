//! The market of simulated shoppers: who they are, what meets them, what they buy.

pub(crate) mod calendar;
mod choice;
mod delivery;
mod goods;
pub(crate) mod goods_parts;
pub(crate) mod parts;
mod purchases;
pub mod settings;
mod shelves;
pub(crate) mod shoppers;
pub(crate) mod state;
mod visits;
pub(crate) mod world;
