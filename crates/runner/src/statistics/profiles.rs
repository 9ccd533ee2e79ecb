//! Performance profiles: how often an agent reaches how much.

use super::aggregates::{quantile, share_above};
use super::bootstrap::{Interval, RESAMPLES, for_each_resample, percentile_interval};

/// The nine deciles of scores, thresholds of a profile.
pub(crate) fn deciles(scores: &[f64]) -> Vec<f64> {
    (1..10_u8).map(|decile| quantile(scores, f64::from(decile) / 10.0)).collect()
}

/// Share of scores `[worlds, noises]` above each threshold, with an interval for each threshold by itself.
///
/// Of all scores it is rliable's score distribution, of the worlds' means its average-score distribution.
pub(crate) fn profile(scores: &[f64], noises: usize, thresholds: &[f64]) -> (Vec<f64>, Vec<Interval>) {
    // A resample only counts: how many scores of each world are above each threshold.
    let above = |world: &[f64], tau: f64| world.iter().filter(|score| **score > tau).count() as f64;
    let counts: Vec<Vec<f64>> = scores
        .chunks_exact(noises)
        .map(|world| thresholds.iter().map(|&tau| above(world, tau)).collect())
        .collect();
    let mut shares = vec![Vec::with_capacity(RESAMPLES); thresholds.len()];
    let mut totals = vec![0.0; thresholds.len()];
    for_each_resample(counts.len(), RESAMPLES, |worlds| {
        totals.fill(0.0);
        for &world in worlds {
            totals.iter_mut().zip(&counts[world]).for_each(|(total, count)| *total += count);
        }
        shares.iter_mut().zip(&totals).for_each(|(shares, total)| shares.push(total / scores.len() as f64));
    });
    let points = thresholds.iter().map(|&threshold| share_above(scores, threshold));
    (points.collect(), shares.into_iter().map(percentile_interval).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_profile_counts_what_is_strictly_above() {
        let (shares, bands) = profile(&[1.0, 2.0, 2.0, 3.0], 2, &[0.0, 1.0, 2.0, 3.0]);
        assert_eq!(shares, [1.0, 0.75, 0.25, 0.0]);
        assert_eq!(bands[0], [1.0, 1.0]);
        // Whole worlds: three quarters are the mean of one half and of one.
        assert_eq!(bands[1], [0.5, 1.0]);
    }

    #[test]
    fn deciles_split_scores_in_ten() {
        let scores: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(deciles(&scores), [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_profile_falls_and_its_bands_hold_it(scores in prop::collection::vec(-9.0..9.0_f64, 1..24)) {
            let (shares, bands) = profile(&scores, 1, &deciles(&scores));
            prop_assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]));
            for (share, [low, high]) in shares.iter().zip(&bands) {
                prop_assert!(low <= share && share <= high);
            }
        }
    }
}
