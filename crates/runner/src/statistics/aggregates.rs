//! Numbers of a set of scores, without their uncertainty.

/// Arithmetic mean; NaN of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of each world over its noises.
pub(crate) fn world_means(scores: &[f64], noises: usize) -> Vec<f64> {
    scores.chunks_exact(noises).map(mean).collect()
}

/// Interquartile mean: the mean without the lowest and the highest quarter (rliable; `scipy.stats.trim_mean(x, 0.25)`,
/// which drops `floor(n / 4)` values at each end).
pub(crate) fn interquartile_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan, numpy's default).
pub(crate) fn quantile(values: &[f64], probability: f64) -> f64 {
    quantile_of_sorted(&sorted(values), probability)
}

/// Quantile of values in ascending order.
pub(super) fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1)) as f64 * probability;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(low), Some(high)) => low + (high - low) * (place - below as f64),
        _ => f64::NAN,
    }
}

/// Share of values above a threshold: rliable's score distribution, one point of a performance profile.
pub(crate) fn share_above(values: &[f64], threshold: f64) -> f64 {
    values.iter().filter(|value| **value > threshold).count() as f64 / values.len() as f64
}

/// How far scores fall short of `gamma` on average; what lies above it does not make up for what lies below (rliable).
pub(crate) fn optimality_gap(scores: &[f64], gamma: f64) -> f64 {
    gamma - scores.iter().map(|score| score.min(gamma)).sum::<f64>() / scores.len() as f64
}

/// Scores on a scale on which 1 is the clairvoyant plan in the same episode and 0 the even split on average:
/// `1 - (clairvoyant - score) / room`, room being the mean of `clairvoyant - even`. Nothing where there is no room.
///
/// An episode is measured against the plan of its own world and noise, so that a poor market is not taken for a poor
/// agent; the room is one number, because that of a single episode may be next to nothing or below it.
pub(crate) fn normalised(scores: &[f64], even: &[f64], clairvoyant: &[f64]) -> Option<Vec<f64>> {
    let room = mean(clairvoyant) - mean(even);
    let normalised = scores.iter().zip(clairvoyant).map(|(score, best)| 1.0 - (best - score) / room);
    (room > 0.0).then(|| normalised.collect())
}

/// `(score - even) / (clairvoyant - even)`, nothing where the divisor is not above zero.
pub(crate) fn headroom(score: f64, even: f64, clairvoyant: f64) -> Option<f64> {
    let room = clairvoyant - even;
    (room > 0.0).then(|| (score - even) / room)
}

/// Probability that `a` is better than `b`, paired; a tie counts half.
pub(crate) fn probability_better(a: &[f64], b: &[f64]) -> f64 {
    let wins: f64 =
        a.iter().zip(b).map(|(a, b)| if a > b { 1.0 } else { f64::from(u8::from(a == b)) * 0.5 }).sum();
    wins / a.len() as f64
}

/// Probability that any score of `a` is above any of `b`, whether or not they were paired; a tie counts half
/// (rliable's probability of improvement on one task: Mann and Whitney's U over the number of pairs).
pub(crate) fn probability_of_improvement(a: &[f64], b: &[f64]) -> f64 {
    let b = sorted(b);
    // Counted in halves, so that the sum is whole.
    let halves = a.iter().map(|a| b.partition_point(|b| b < a) + b.partition_point(|b| b <= a));
    halves.sum::<usize>() as f64 / (2.0 * a.len() as f64 * b.len() as f64)
}

/// Values in ascending order.
pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::close;
    use proptest::prelude::*;

    /// Values of `scipy.stats.trim_mean(x, 0.25)`.
    #[test]
    fn interquartile_mean_is_the_trimmed_mean_of_scipy() {
        assert!(close(interquartile_mean(&[1.0, 2.0, 30.0]), 11.0));
        assert!(close(interquartile_mean(&[100.0, 2.0, 4.0, -50.0]), 3.0));
        assert!(close(interquartile_mean(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 80.0, 9.0]), 5.0));
        assert!(interquartile_mean(&[]).is_nan());
    }

    /// Values of `numpy.quantile`.
    #[test]
    fn quantile_is_numpys_default() {
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        assert!(close(quantile(&values, 0.1), 17.0));
        assert!(close(quantile(&values, 0.4), 29.0));
        assert!(close(quantile(&values, 1.0), 50.0));
        assert!(close(quantile(&[3.0], 0.9), 3.0));
    }

    #[test]
    fn a_tie_counts_half() {
        assert!(close(probability_better(&[1.0, 2.0, 3.0, 4.0], &[0.0, 2.0, 4.0, 3.0]), 0.625));
        // Of nine pairs 2 wins two and ties one, 3 wins three, 1 ties two.
        assert!(close(probability_of_improvement(&[2.0, 3.0, 1.0], &[1.0, 1.0, 2.0]), 6.5 / 9.0));
    }

    #[test]
    fn headroom_needs_room() {
        assert_eq!(headroom(3.0, 2.0, 4.0), Some(0.5));
        assert_eq!(headroom(5.0, 2.0, 4.0), Some(1.5));
        assert_eq!(headroom(3.0, 2.0, 2.0), None);
        assert_eq!(headroom(3.0, 2.0, 1.0), None);
    }

    /// Two episodes in which the plan wins 4 and 2 more than the even split: the room is 3.
    #[test]
    fn the_gap_is_what_is_missing_to_the_plan_in_units_of_the_room() {
        let (even, plan) = ([10.0, 20.0], [14.0, 22.0]);
        let gap =
            |scores: &[f64]| normalised(scores, &even, &plan).map(|scores| optimality_gap(&scores, 1.0));
        assert_eq!(gap(&plan), Some(0.0));
        assert!(close(gap(&even).unwrap(), 1.0));
        assert!(close(gap(&[11.0, 22.0]).unwrap(), 0.5));
        // What the second episode wins beyond the plan does not pay for the first.
        assert!(close(gap(&[11.0, 30.0]).unwrap(), 0.5));
        assert_eq!(normalised(&even, &plan, &even), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_order_of_seeds_does_not_matter(
            pairs in prop::collection::vec((-1e6..1e6_f64, -1e6..1e6_f64), 1..40),
            turn in 0_usize..40,
        ) {
            let mut turned = pairs.clone();
            turned.rotate_left(turn % pairs.len());
            let split = |pairs: &[(f64, f64)]| -> (Vec<f64>, Vec<f64>) { pairs.iter().copied().unzip() };
            let ((a, b), (c, d)) = (split(&pairs), split(&turned));
            prop_assert!(close(interquartile_mean(&a), interquartile_mean(&c)));
            prop_assert_eq!(quantile(&a, 0.1), quantile(&c, 0.1));
            prop_assert_eq!(probability_better(&a, &b), probability_better(&c, &d));
            prop_assert_eq!(probability_of_improvement(&a, &b), probability_of_improvement(&c, &b));
        }

        #[test]
        fn better_and_worse_make_one(pairs in prop::collection::vec((0..5_u8, 0..5_u8), 1..40)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            for probability in [probability_better, probability_of_improvement] {
                prop_assert!(close(probability(&a, &b) + probability(&b, &a), 1.0));
            }
        }

        #[test]
        fn the_gap_falls_as_scores_rise(
            scores in prop::collection::vec(-3.0..3.0_f64, 1..40), more in 0.0..1.0_f64
        ) {
            let raised: Vec<f64> = scores.iter().map(|score| score + more).collect();
            let (gap, less) = (optimality_gap(&scores, 1.0), optimality_gap(&raised, 1.0));
            prop_assert!(less >= -1e-12 && less <= gap + 1e-12 && gap <= less + more + 1e-12);
        }
    }
}
