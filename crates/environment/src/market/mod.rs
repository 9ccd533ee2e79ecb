//! The market of simulated shoppers: who they are, what meets them, what they buy.

pub(crate) mod benefit_parts;
pub mod benefits;
pub(crate) mod calendar;
mod claims;
pub mod credit;
mod delivery;
pub mod deposits;
pub mod guaranteed;
pub mod own;
pub(crate) mod parts;
mod purchases;
pub mod settings;
pub(crate) mod shoppers;
pub(crate) mod state;
mod visits;
pub(crate) mod world;
