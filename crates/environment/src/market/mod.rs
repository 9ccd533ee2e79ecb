//! The market of simulated shoppers: who they are, what meets them, what they buy.

pub(crate) mod benefit_parts;
pub mod benefits;
mod bidding;
pub(crate) mod buyers;
pub(crate) mod calendar;
mod channel;
pub(crate) mod channel_parts;
mod choice;
mod claims;
mod clicks;
pub mod credit;
mod delivery;
pub mod deposits;
mod friction;
mod goods;
pub(crate) mod goods_parts;
pub mod guaranteed;
pub mod journal;
pub mod leads;
mod list;
pub mod own;
pub(crate) mod parts;
#[cfg(test)]
mod persons;
mod purchases;
mod response;
pub mod settings;
mod shelves;
pub(crate) mod shoppers;
pub(crate) mod state;
mod supply;
mod targeting;
mod visits;
pub(crate) mod world;
