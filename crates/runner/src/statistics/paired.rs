//! How two agents differ on the same worlds and noises.

use super::aggregates::{mean, probability_better, probability_of_improvement, quantile, world_means};
use super::bootstrap::{Interval, RESAMPLES, quantile_difference_interval, studentised_interval};
use super::significance::{FLIPS, sign_flip_p_value};

/// What a bad episode comes to.
const TENTH: f64 = 0.1;

/// How `a` differs from `b` on the same worlds and noises.
///
/// The difference is an estimate of [`ESTIMAND`](super::ESTIMAND); its interval and its p value are about that number,
/// with worlds as what varies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// Mean of a - b.
    pub(crate) difference: f64,
    /// Interval of the mean of a - b.
    pub(crate) difference_interval: Interval,
    /// The difference as a fraction of the mean of b; of its size where scores are negative. Nothing where that is 0.
    pub(crate) uplift: Option<f64>,
    /// Interval of the uplift; nothing where the mean of b may have either sign, or of one world.
    pub(crate) uplift_interval: Option<Interval>,
    /// Probability that a is better on the same world and noise.
    pub(crate) better: f64,
    /// Probability that a is better on a world and noise of its own.
    pub(crate) improvement: f64,
    /// Tenth percentile of the episodes of a - that of b.
    pub(crate) tenth: f64,
    /// Interval of it, by the percentiles of the resamples.
    pub(crate) tenth_interval: Interval,
    /// Two-sided p value of a difference of nothing, by flipping the signs of worlds.
    pub(crate) p_value: f64,
}

/// Compares scores `[worlds, noises]` of two agents.
pub(crate) fn compare(a: &[f64], b: &[f64], noises: usize) -> Comparison {
    let each: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let differences = world_means(&each, noises);
    let mut base = world_means(b, noises);
    let difference = mean(&differences);
    let sign = mean(&base).signum();
    base.iter_mut().for_each(|base| *base *= sign);
    let uplift = Some(difference / mean(&base)).filter(|uplift| uplift.is_finite());
    let ones = vec![1.0; differences.len()];
    Comparison {
        difference,
        difference_interval: studentised_interval(&differences, &ones, RESAMPLES)
            .unwrap_or([f64::NEG_INFINITY, f64::INFINITY]),
        uplift,
        uplift_interval: studentised_interval(&differences, &base, RESAMPLES)
            .filter(|ends| ends.iter().all(|end| end.is_finite())),
        better: probability_better(a, b),
        improvement: probability_of_improvement(a, b),
        tenth: quantile(a, TENTH) - quantile(b, TENTH),
        tenth_interval: match differences.len() {
            1 => [f64::NEG_INFINITY, f64::INFINITY],
            _ => quantile_difference_interval(a, b, TENTH, noises),
        },
        p_value: sign_flip_p_value(&differences, FLIPS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::close;
    use outlay_environment::draws::Key;

    #[test]
    fn a_constant_lead_has_an_interval_of_no_width() {
        let b: Vec<f64> = (0..16).map(|i| 100.0 + f64::from(i)).collect();
        let a: Vec<f64> = b.iter().map(|b| b + 5.0).collect();
        let result = compare(&a, &b, 2);
        assert!(close(result.difference, 5.0));
        assert!(result.difference_interval.iter().all(|end| close(*end, 5.0)));
        assert!(close(result.better, 1.0));
        assert!(close(result.tenth, 5.0) && result.tenth_interval.iter().all(|end| close(*end, 5.0)));
        assert!(close(result.uplift.unwrap(), 5.0 / 107.5));
        // Eight worlds: two of 256 patterns of signs.
        assert_eq!(result.p_value, 1.0 / 128.0);
        // Of 256 pairs of episodes a is ahead unless b's is six or more above, which 55 are, or five, a tie, which 11 are.
        assert!(close(result.improvement, (256.0 - 55.0 - 5.5) / 256.0));
    }

    #[test]
    fn uplift_of_nothing_is_not_defined_and_of_a_loss_is_measured_by_its_size() {
        assert_eq!(compare(&[1.0, 1.0], &[0.0, 0.0], 1).uplift, None);
        assert_eq!(compare(&[1.0, 1.0], &[0.0, 1.0], 1).uplift_interval, None);
        let loss = compare(&[-10.0, -10.0], &[-12.5, -12.5], 1);
        assert!(close(loss.uplift.unwrap(), 0.2));
        assert!(loss.uplift_interval.unwrap().iter().all(|end| close(*end, 0.2)));
    }

    #[test]
    fn one_world_says_nothing_of_others() {
        let one = compare(&[3.0, 4.0], &[1.0, 1.0], 2);
        assert_eq!(one.difference, 2.5);
        assert_eq!(one.difference_interval, [f64::NEG_INFINITY, f64::INFINITY]);
        assert_eq!(one.uplift_interval, None);
        assert_eq!(one.tenth_interval, one.difference_interval);
        assert_eq!(one.p_value, 1.0);
    }

    /// Noises of one world move together: an interval that took them for independent worlds would be too narrow.
    #[test]
    fn worlds_are_clusters() {
        let worlds: Vec<f64> = (0..12).map(|world| Key::new(3).with(world).normal()).collect();
        let repeated: Vec<f64> = worlds.iter().flat_map(|world| [*world; 4]).collect();
        let zero = vec![0.0; repeated.len()];
        let width = |interval: Interval| interval[1] - interval[0];
        let one = width(compare(&worlds, &zero[..12], 1).difference_interval);
        let clustered = width(compare(&repeated, &zero, 4).difference_interval);
        let naive = width(compare(&repeated, &zero, 1).difference_interval);
        assert!(close(clustered, one) && naive < 0.6 * one, "{one} {clustered} {naive}");
    }
}
