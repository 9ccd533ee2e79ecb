//! Statistics of a comparison: pure functions of scores.
//!
//! Scores come world by world, each world with the same number of noises. A world is one cluster: intervals and tests take
//! worlds for what varies, because noises of one world share its hidden parameters. Draws are keyed by number, so the
//! same scores give the same interval, on any machine and at any number of threads.
//!
//! In the words of rliable (Agarwal and others, 2021) a scenario is a task and an episode, a world with a noise, is a run:
//! the matrix `[runs x tasks]` is one column of `worlds * noises` scores. With one noise a world its bootstrap over runs is
//! ours; with more, runs of one world depend on each other and are drawn together.

mod aggregates;
#[cfg(test)]
mod agreement;
mod bootstrap;
#[cfg(test)]
mod coverage;
mod paired;
mod profiles;
mod proportion;
mod significance;
mod spread;

pub(crate) use aggregates::{
    headroom, interquartile_mean, mean, normalised, optimality_gap, quantile, world_means,
};
pub(crate) use bootstrap::{Interval, Stratum, interquartile_mean_interval, stratified_interval};
pub(crate) use paired::{Comparison, compare};
pub(crate) use profiles::{deciles, profile};
pub(crate) use proportion::Proportion;
pub(crate) use significance::holm;
pub(crate) use spread::Spread;

/// What a difference, its interval and its p value are about.
pub(crate) const ESTIMAND: &str = "the mean over the scenario's worlds and noises of the paired difference";

/// Equal but for rounding.
#[cfg(test)]
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}
