//! A number over episodes: its mean, and where eight in ten further ones are expected.

use serde::Serialize;

use super::aggregates::{mean, quantile_of_sorted, sorted};

/// A number over episodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// Mean.
    pub(crate) mean: f64,
    /// Tenth percentile: a further episode is expected below it with a chance of a tenth.
    pub(crate) p10: f64,
    /// Ninetieth percentile, likewise.
    pub(crate) p90: f64,
}

impl Spread {
    /// Of one number an episode.
    pub(crate) fn of(values: &[f64]) -> Self {
        let sorted = sorted(values);
        // Of `n` values and one more of the same kind each place among them is equally likely for that one, so its chance to lie
        // below the k-th is `k / (n + 1)` (Weibull 1939). The quantiles of `n` values themselves leave too many outside.
        let count = sorted.len() as f64;
        let expected = |chance: f64| {
            let place = (chance * (count + 1.0) - 1.0) / (count - 1.0).max(1.0);
            quantile_of_sorted(&sorted, place.clamp(0.0, 1.0))
        };
        Self { mean: mean(values), p10: expected(0.1), p90: expected(0.9) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::close;

    #[test]
    fn eight_in_ten_further_values_lie_between_the_ends() {
        // Of 1 to 19 the second and the eighteenth: of twenty equally likely places four lie outside.
        let values: Vec<f64> = (1..=19).map(f64::from).rev().collect();
        let Spread { mean, p10, p90 } = Spread::of(&values);
        assert!(close(mean, 10.0) && close(p10, 2.0) && close(p90, 18.0), "{p10} {p90}");
        // Few values say no more than their ends.
        let Spread { p10, p90, .. } = Spread::of(&[3.0, 5.0, 4.0]);
        assert!(close(p10, 3.0) && close(p90, 5.0), "{p10} {p90}");
        let Spread { p10, p90, .. } = Spread::of(&[7.0]);
        assert!(close(p10, 7.0) && close(p90, 7.0));
    }
}
