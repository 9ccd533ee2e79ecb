//! A number over episodes: its mean, and where eight in ten of them lie.

use serde::Serialize;

use super::aggregates::{mean, quantile};

/// A number over episodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// Mean.
    pub(crate) mean: f64,
    /// Tenth percentile.
    pub(crate) p10: f64,
    /// Ninetieth percentile.
    pub(crate) p90: f64,
}

impl Spread {
    /// Of one number an episode.
    pub(crate) fn of(values: &[f64]) -> Self {
        Self { mean: mean(values), p10: quantile(values, 0.1), p90: quantile(values, 0.9) }
    }
}
