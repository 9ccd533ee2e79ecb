//! Numbers that nobody knows exactly: each world draws its own.

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
