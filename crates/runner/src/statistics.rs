//! Statistics of a comparison: pure functions of scores.
//!
//! Scores come world by world, each world with the same number of noises. A world is one cluster: the bootstrap draws
//! worlds, then noises within each drawn world, because noises of one world share its hidden parameters. Its draws are
//! keyed by number, so the same scores give the same interval, on any machine and at any number of threads.

use outlay_environment::draws::Key;

/// Resamples of every interval.
pub(crate) const RESAMPLES: usize = 10_000;

/// The seed of the bootstrap: fixed, so that a result can be repeated.
const BOOTSTRAP_SEED: u64 = 0x626f_6f74;

/// A 95 % interval, lower end first.
pub(crate) type Interval = [f64; 2];

/// Arithmetic mean; NaN of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
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

/// Probability that `a` is better than `b`, paired; a tie counts half.
pub(crate) fn probability_better(a: &[f64], b: &[f64]) -> f64 {
    let wins: f64 =
        a.iter().zip(b).map(|(a, b)| if a > b { 1.0 } else { f64::from(u8::from(a == b)) * 0.5 }).sum();
    wins / a.len() as f64
}

/// `(score - even) / (clairvoyant - even)`, nothing where the divisor is not above zero.
pub(crate) fn headroom(score: f64, even: f64, clairvoyant: f64) -> Option<f64> {
    let room = clairvoyant - even;
    (room > 0.0).then(|| (score - even) / room)
}

/// Bootstrap interval of the interquartile mean of scores `[worlds, noises]`.
pub(crate) fn interquartile_mean_interval(scores: &[f64], noises: usize) -> Interval {
    let sorted = sorted(scores);
    // A resample is a count for each rank, so no resample needs sorting.
    let ranks: Vec<usize> =
        scores.iter().map(|score| sorted.partition_point(|other| other < score)).collect();
    let cut = scores.len() / 4;
    let mut counts = vec![0_usize; scores.len()];
    let mut means = Vec::with_capacity(RESAMPLES);
    for_each_resample(scores.len(), noises, RESAMPLES, |picks| {
        counts.fill(0);
        for &pick in picks {
            counts[ranks[pick]] += 1;
        }
        let (mut skip, mut left, mut sum) = (cut, picks.len() - 2 * cut, 0.0);
        for (count, value) in counts.iter().zip(&sorted) {
            let kept = (count - skip.min(*count)).min(left);
            skip -= skip.min(*count);
            left -= kept;
            sum += kept as f64 * value;
        }
        means.push(sum / (picks.len() - 2 * cut) as f64);
    });
    percentile_interval(means)
}

/// How `a` differs from `b` on the same worlds and noises.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// Mean of a - b.
    pub(crate) difference: f64,
    /// Interval of the mean of a - b.
    pub(crate) difference_interval: Interval,
    /// The difference as a fraction of the mean of b; of its size where scores are negative. Nothing where that is 0.
    pub(crate) uplift: Option<f64>,
    /// Interval of the uplift, from the same resamples.
    pub(crate) uplift_interval: Option<Interval>,
    /// Probability that a is better.
    pub(crate) better: f64,
}

/// Compares scores `[worlds, noises]` of two agents.
pub(crate) fn compare(a: &[f64], b: &[f64], noises: usize) -> Comparison {
    let difference = mean(a) - mean(b);
    let mut differences = Vec::with_capacity(RESAMPLES);
    let mut uplifts = Vec::with_capacity(RESAMPLES);
    for_each_resample(a.len(), noises, RESAMPLES, |picks| {
        let (sum, base) =
            picks.iter().fold((0.0, 0.0), |(sum, base), &pick| (sum + (a[pick] - b[pick]), base + b[pick]));
        differences.push(sum / picks.len() as f64);
        uplifts.push(sum / base.abs());
    });
    let uplift = finite(difference / mean(b).abs());
    let uplift_interval = (uplift.is_some() && uplifts.iter().all(|uplift| uplift.is_finite()))
        .then(|| percentile_interval(uplifts));
    Comparison {
        difference,
        difference_interval: percentile_interval(differences),
        uplift,
        uplift_interval,
        better: probability_better(a, b),
    }
}

/// Calls `use_picks` with the indices of each resample of scores `[worlds, noises]`.
fn for_each_resample(scores: usize, noises: usize, resamples: usize, mut use_picks: impl FnMut(&[usize])) {
    let worlds = scores / noises;
    let mut picks = vec![0_usize; scores];
    for resample in 0..resamples {
        let key = Key::new(BOOTSTRAP_SEED).with(resample as u64);
        for (place, picks) in picks.chunks_exact_mut(noises).enumerate() {
            let key = key.with(place as u64);
            let world = below(key, worlds);
            for (noise, pick) in picks.iter_mut().enumerate() {
                let noise = if noises == 1 { 0 } else { below(key.with(noise as u64), noises) };
                *pick = world * noises + noise;
            }
        }
        use_picks(&picks);
    }
}

/// A whole number below `end`, from the high bits of a key.
fn below(key: Key, end: usize) -> usize {
    ((u128::from(key.bits()) * end as u128) >> 64) as usize
}

fn percentile_interval(mut values: Vec<f64>) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    [quantile_of_sorted(&values, 0.025), quantile_of_sorted(&values, 0.975)]
}

fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1)) as f64 * probability;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(low), Some(high)) => low + (high - low) * (place - below as f64),
        _ => f64::NAN,
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
    }

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
    }

    #[test]
    fn headroom_needs_room() {
        assert_eq!(headroom(3.0, 2.0, 4.0), Some(0.5));
        assert_eq!(headroom(5.0, 2.0, 4.0), Some(1.5));
        assert_eq!(headroom(3.0, 2.0, 2.0), None);
        assert_eq!(headroom(3.0, 2.0, 1.0), None);
    }

    #[test]
    fn a_constant_lead_has_an_interval_of_no_width() {
        let b: Vec<f64> = (0..16).map(|i| 100.0 + f64::from(i)).collect();
        let a: Vec<f64> = b.iter().map(|b| b + 5.0).collect();
        let result = compare(&a, &b, 2);
        assert!(close(result.difference, 5.0));
        assert!(result.difference_interval.iter().all(|end| close(*end, 5.0)));
        assert!(close(result.better, 1.0));
        assert!(close(result.uplift.unwrap(), 5.0 / 107.5));
    }

    #[test]
    fn uplift_of_nothing_is_not_defined_and_of_a_loss_is_measured_by_its_size() {
        assert_eq!(compare(&[1.0, 1.0], &[0.0, 0.0], 1).uplift, None);
        assert_eq!(compare(&[1.0, 1.0], &[0.0, 1.0], 1).uplift_interval, None);
        assert!(close(compare(&[-10.0, -10.0], &[-12.5, -12.5], 1).uplift.unwrap(), 0.2));
    }

    #[test]
    fn rank_counting_gives_the_trimmed_mean_of_each_resample() {
        let scores = [5.0, 1.0, 9.0, 1.0, 7.0, 3.0, 2.0, 8.0];
        let mut means = Vec::new();
        for_each_resample(scores.len(), 2, RESAMPLES, |picks| {
            means.push(interquartile_mean(&picks.iter().map(|&pick| scores[pick]).collect::<Vec<_>>()));
        });
        let expected = percentile_interval(means);
        let found = interquartile_mean_interval(&scores, 2);
        assert!(close(expected[0], found[0]) && close(expected[1], found[1]));
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
        assert!(clustered > 0.9 * one && naive < 0.6 * one, "{one} {clustered} {naive}");
    }

    /// Of 300 intervals from 40 normal worlds, about 95 % must hold the true mean (a percentile bootstrap: 93-94 %).
    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        let covered = (0..300_u64)
            .filter(|&trial| {
                let scores: Vec<f64> =
                    (0..40).map(|world| 2.0 + Key::new(trial).with(world).normal()).collect();
                let mut means = Vec::new();
                for_each_resample(scores.len(), 1, 500, |picks| {
                    means.push(picks.iter().map(|&pick| scores[pick]).sum::<f64>() / picks.len() as f64);
                });
                let [low, high] = percentile_interval(means);
                low <= 2.0 && 2.0 <= high
            })
            .count();
        assert!((267..=295).contains(&covered), "{covered} of 300");
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
        }

        #[test]
        fn better_and_worse_make_one(pairs in prop::collection::vec((0..5_u8, 0..5_u8), 1..40)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            prop_assert!(close(probability_better(&a, &b) + probability_better(&b, &a), 1.0));
        }

        #[test]
        fn intervals_are_ordered_and_inside_the_range(scores in prop::collection::vec(-1e3..1e3_f64, 1..24)) {
            let [low, high] = interquartile_mean_interval(&scores, 1);
            prop_assert!(low <= high);
            prop_assert!(low >= quantile(&scores, 0.0) - 1e-9 && high <= quantile(&scores, 1.0) + 1e-9);
        }
    }
}
