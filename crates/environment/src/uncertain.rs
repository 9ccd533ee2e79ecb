//! Numbers that nobody knows exactly: each world draws its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bounds::Bounds;
use crate::draws::Key;

/// A number that each world draws anew, or that is the same in all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Uncertain {
    /// The same in every world.
    Fixed(f64),
    /// Log-normal: the median, and the standard deviation of the logarithm.
    LogNormal {
        /// Half of the worlds lie below.
        median: f64,
        /// Standard deviation of the natural logarithm.
        log_sd: f64,
    },
    /// Uniform on an interval.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl Uncertain {
    /// What the spread of a log-normal number must satisfy.
    pub const LOG_SD: Bounds = Bounds::between(0.0, 3.0, "of the natural logarithm");

    /// The value in an average world.
    #[must_use]
    pub fn median(self) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::LogNormal { median, .. } => median,
            Self::Uniform { low, high } => 0.5 * (low + high),
        }
    }

    /// The value in the world of `key`, or the median where there is none.
    #[must_use]
    pub fn draw(self, key: Option<Key>) -> f64 {
        match (self, key) {
            (Self::LogNormal { median, log_sd }, Some(key)) => median * libm::exp(log_sd * key.normal()),
            (Self::Uniform { low, high }, Some(key)) => low + (high - low) * key.uniform(),
            _ => self.median(),
        }
    }
}

/// A number that is drawn by itself, or together with others.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// By itself.
    Alone(Uncertain),
    /// Equally likely values, at least one. A world takes all lists of its file at the same place, so that what was found
    /// together stays together: the draws of a posterior.
    Jointly(Arc<[f64]>),
}

impl Drawn {
    /// The value in an average world.
    #[must_use]
    pub fn median(&self) -> f64 {
        match self {
            Self::Alone(value) => value.median(),
            Self::Jointly(draws) => {
                let mut sorted = draws.to_vec();
                sorted.sort_by(f64::total_cmp);
                match sorted.len() {
                    0 => 0.0,
                    n => 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]),
                }
            }
        }
    }

    /// The value in the world of `key`, which takes lists at `place`; the median where there is none.
    #[must_use]
    pub fn draw(&self, key: Option<Key>, place: Option<usize>) -> f64 {
        match (self, place) {
            (Self::Alone(value), _) => value.draw(key),
            (Self::Jointly(draws), Some(place)) => draws.get(place).copied().unwrap_or_else(|| self.median()),
            (Self::Jointly(_), None) => self.median(),
        }
    }

    /// Number of draws in the list, if it is one.
    #[must_use]
    pub fn draws(&self) -> Option<usize> {
        match self {
            Self::Alone(_) => None,
            Self::Jointly(draws) => Some(draws.len()),
        }
    }
}
