//! How to divide money when the response is known, and how much better any other plan could be.
//!
//! `split` divides one step's money, `dynamic` a whole budget over lines and steps; both come down to `interior`, Newton's
//! method on a barrier. `program` plans one line at a given price of money, whatever the shape of its curve, and `bound`
//! makes of that a value that no plan exceeds. `mirror` needs nothing but a gradient and serves models of another form; `purse` lets it
//! keep money that is worth more than it would bring.

pub mod bound;
#[cfg(test)]
mod bounds_hold;
pub mod dynamic;
mod floor;
pub mod instances;
mod interior;
mod knapsack;
#[cfg(test)]
mod known_answers;
pub mod mirror;
pub mod program;
pub mod purse;
mod slopes;
pub mod split;
mod starts;
#[cfg(test)]
mod testing;
mod units;

pub use bound::{Bound, bound};
pub use dynamic::{Plan, plan, plan_and_bound, replan};
pub use knapsack::best_levels;
pub use mirror::{Response, cap_and_normalise, mirror_ascent};
pub use purse::Purse;
pub use split::{split, water_fill};
