//! The agents that a learned policy must beat: rules of thumb, learners of curves from reports ([`returns`]), planners on
//! curves fitted before the episode, and oracles.
//!
//! Each is built as strong as its source; beating a weak baseline is worth nothing. What a line could not spend is
//! offered again in the steps that are left. Planners and oracles keep money where the goal has a price for it ([`price`]),
//! the others never do on purpose.

pub mod appeals;
pub mod automation;
pub mod bandit;
pub mod book;
pub mod curves;
pub mod dual_descent;
pub mod explore;
pub mod fit;
pub mod gp;
pub mod history;
pub(crate) mod linear;
pub mod model;
pub mod mpc;
mod opening;
pub mod oracles;
pub mod paced;
pub mod pid;
pub mod price;
pub mod prior;
pub mod product_study;
pub mod product_test;
pub mod reports;
pub mod returns;
pub mod rules;
pub mod runs;
pub mod search;
pub mod spread;
pub mod study;
pub mod trials;
pub mod yardstick;

#[cfg(test)]
pub(crate) mod testing;
