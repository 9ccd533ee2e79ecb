//! Intervals by resampling worlds.
//!
//! A resample draws whole worlds, each with all its noises. The means of the worlds then vary by just as much as worlds
//! and noises together make them vary; to draw noises again within a drawn world would count their variance twice
//! (Davison and Hinkley, 1997, section 3.8).

use outlay_environment::draws::{Key, normal_quantile};

use super::aggregates::{quantile_of_sorted, sorted};

/// Resamples of every interval.
pub(crate) const RESAMPLES: usize = 10_000;

/// The seed of the bootstrap: fixed, so that a result can be repeated.
const BOOTSTRAP_SEED: u64 = 0x626f_6f74;

/// Below this share of its size a sum of squares is the rounding of nothing.
const ROUNDING: f64 = 1e-12;

/// A 95 % interval, lower end first.
pub(crate) type Interval = [f64; 2];

/// Scores of one task, `[worlds, noises]`, on a scale that several tasks share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stratum<'a> {
    /// `[worlds * noises]`, a world's noises side by side.
    pub(crate) scores: &'a [f64],
    /// Noises of each world.
    pub(crate) noises: usize,
}

/// Bootstrap interval of the interquartile mean of scores `[worlds, noises]`: the percentiles of the resamples, as rliable
/// takes them.
pub(crate) fn interquartile_mean_interval(scores: &[f64], noises: usize) -> Interval {
    stratified_interval(&[Stratum { scores, noises }])
}

/// Bootstrap interval of the interquartile mean of the scores of all tasks together; each resample draws anew the worlds
/// of each task (the stratified bootstrap of Agarwal et al. 2021, "Deep reinforcement learning at the edge of the
/// statistical precipice").
pub(crate) fn stratified_interval(strata: &[Stratum<'_>]) -> Interval {
    let scores: Vec<f64> = strata.iter().flat_map(|stratum| stratum.scores).copied().collect();
    let ranked = Ranked::of(&scores);
    let cut = scores.len() / 4;
    let mut counts = vec![0_usize; scores.len()];
    let mut means = Vec::with_capacity(RESAMPLES);
    let worlds: Vec<usize> = strata.iter().map(|stratum| stratum.scores.len() / stratum.noises).collect();
    for_each_stratified_resample(&worlds, RESAMPLES, |picks| {
        let (mut first, mut picks) = (0, picks.iter());
        counts.fill(0);
        for (stratum, &worlds) in strata.iter().zip(&worlds) {
            for world in picks.by_ref().take(worlds) {
                ranked.count(first + world * stratum.noises, stratum.noises, &mut counts);
            }
            first += stratum.scores.len();
        }
        let (mut skip, mut left, mut sum) = (cut, scores.len() - 2 * cut, 0.0);
        for (count, value) in counts.iter().zip(&ranked.sorted) {
            let kept = (count - skip.min(*count)).min(left);
            skip -= skip.min(*count);
            left -= kept;
            sum += kept as f64 * value;
        }
        means.push(sum / (scores.len() - 2 * cut) as f64);
    });
    percentile_interval(means)
}

/// Bootstrap interval of how far a quantile of `a` lies above that of `b`, both `[worlds, noises]` and drawn together.
pub(super) fn quantile_difference_interval(
    a: &[f64],
    b: &[f64],
    probability: f64,
    noises: usize,
) -> Interval {
    let both = [a, b].map(Ranked::of);
    let mut counts = vec![0_usize; a.len()];
    let mut differences = Vec::with_capacity(RESAMPLES);
    for_each_resample(a.len() / noises, RESAMPLES, |worlds| {
        let [a, b] = both.each_ref().map(|ranked| {
            counts.fill(0);
            worlds.iter().for_each(|world| ranked.count(world * noises, noises, &mut counts));
            ranked.quantile(&counts, probability)
        });
        differences.push(a - b);
    });
    percentile_interval(differences)
}

/// Scores in ascending order. A resample is then a count for each rank, so that no resample needs sorting.
struct Ranked {
    sorted: Vec<f64>,
    /// The place in `sorted` of each score.
    ranks: Vec<usize>,
}

impl Ranked {
    fn of(scores: &[f64]) -> Self {
        let sorted = sorted(scores);
        let ranks = scores.iter().map(|score| sorted.partition_point(|other| other < score)).collect();
        Self { sorted, ranks }
    }

    /// Counts scores `first..first + number`.
    fn count(&self, first: usize, number: usize, counts: &mut [usize]) {
        self.ranks[first..first + number].iter().for_each(|&rank| counts[rank] += 1);
    }

    /// The quantile of as many scores of each rank as `counts` says, as many together as there are scores.
    fn quantile(&self, counts: &[usize], probability: f64) -> f64 {
        let place = (self.sorted.len() - 1) as f64 * probability;
        let at = |place: usize| {
            let mut passed = 0;
            let here = counts.iter().position(|count| {
                passed += count;
                passed > place
            });
            here.map_or(f64::NAN, |rank| self.sorted[rank])
        };
        let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
        low + (high - low) * place.fract()
    }
}

/// Studentised bootstrap interval (bootstrap-t) of the ratio of the sums of `values` and `base`, one of each for a world.
/// A base of ones makes it the interval of a mean. Nothing where the sum of the base may not be above zero.
///
/// The percentile interval of a mean is too narrow by `sqrt((n - 1) / n)` and by the tails of Student's t, and leans the
/// wrong way where worlds are skewed. The studentised one mends all three: it is accurate to the second order (Hall, 1988)
/// and covers what it says from three worlds up; `coverage` measures both.
///
/// Where a resample may hold no spread at all, because worlds are few or differ on a few worlds only, it has no finite
/// ends and Student's t interval stands in. One world says nothing about others: its interval is the whole line.
pub(super) fn studentised_interval(values: &[f64], base: &[f64], resamples: usize) -> Option<Interval> {
    let worlds = values.len();
    let total: f64 = base.iter().sum();
    let mut positive = total > 0.0;
    let ratio = values.iter().sum::<f64>() / total;
    let residuals: Vec<f64> = values.iter().zip(base).map(|(value, base)| value - ratio * base).collect();
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let correction = worlds as f64 / (worlds as f64 - 1.0);
    let mut pivots = Vec::with_capacity(resamples);
    for_each_resample(worlds, resamples, |picks| {
        let (mut r, mut b, mut rr, mut rb, mut bb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &pick in picks {
            let (residual, base) = (residuals[pick], base[pick]);
            r += residual;
            b += base;
            rr += residual * residual;
            rb += residual * base;
            bb += base * base;
        }
        positive &= b > 0.0;
        // The resample's ratio is off by `shift`, and its own residuals are `residual - shift * base`.
        let shift = r / b;
        let spread = rr - 2.0 * shift * rb + shift * shift * bb;
        pivots.push(match spread > ROUNDING * rr {
            true => r / (spread * correction).sqrt(),
            false if r == 0.0 => 0.0,
            false => f64::INFINITY.copysign(r),
        });
    });
    if !positive {
        return None;
    }
    if worlds < 2 {
        return Some([f64::NEG_INFINITY, f64::INFINITY]);
    }
    let error = (squares * correction).sqrt() / total;
    let [low, high] = percentile_interval(pivots);
    let [low, high] = if low.is_finite() && high.is_finite() {
        [low, high]
    } else {
        let student = student_quantile(worlds - 1);
        [-student, student]
    };
    Some([ratio - high * error, ratio - low * error])
}

/// The 97.5 % quantile of Student's t, to 0.3 %: known values, then the expansion of Cornish and Fisher.
fn student_quantile(degrees: usize) -> f64 {
    const FEW: [f64; 3] = [12.706_205, 4.302_653, 3.182_446];
    let z = normal_quantile(0.975);
    let z2 = z * z;
    let terms = [
        (z2 + 1.0) / 4.0,
        ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
        (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0,
    ];
    let expansion = || terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees as f64);
    FEW.get(degrees - 1).copied().unwrap_or_else(|| z * (1.0 + expansion()))
}

/// Calls `use_worlds` with the worlds of each resample.
pub(super) fn for_each_resample(worlds: usize, resamples: usize, use_worlds: impl FnMut(&[usize])) {
    for_each_stratified_resample(&[worlds], resamples, use_worlds);
}

/// Calls `use_worlds` with the worlds of each resample, those of one task after those of another, each numbered in its own.
fn for_each_stratified_resample(strata: &[usize], resamples: usize, mut use_worlds: impl FnMut(&[usize])) {
    let sizes: Vec<usize> = strata.iter().flat_map(|&worlds| std::iter::repeat_n(worlds, worlds)).collect();
    let mut picks = vec![0_usize; sizes.len()];
    for resample in 0..resamples {
        let key = Key::new(BOOTSTRAP_SEED).with(resample as u64);
        for (place, (pick, &worlds)) in picks.iter_mut().zip(&sizes).enumerate() {
            *pick = below(key.with(place as u64), worlds);
        }
        use_worlds(&picks);
    }
}

/// A whole number below `end`, from the high bits of a key.
fn below(key: Key, end: usize) -> usize {
    ((u128::from(key.bits()) * end as u128) >> 64) as usize
}

/// The middle 95 % of values.
pub(super) fn percentile_interval(mut values: Vec<f64>) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    [quantile_of_sorted(&values, 0.025), quantile_of_sorted(&values, 0.975)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{close, interquartile_mean, quantile};
    use proptest::prelude::*;

    /// Two tasks of which each resample draws its own worlds: against drawing them plainly.
    #[test]
    fn tasks_are_drawn_each_by_itself() {
        let (one, two) = ([5.0, 1.0, 9.0, 1.0], [7.0, 3.0, 2.0, 8.0, 6.0, 4.0]);
        let strata = [Stratum { scores: &one, noises: 1 }, Stratum { scores: &two, noises: 2 }];
        let mut means = Vec::new();
        for_each_stratified_resample(&[4, 3], RESAMPLES, |picks| {
            let first = picks[..4].iter().map(|&world| one[world]);
            let second = picks[4..].iter().flat_map(|&world| two[2 * world..2 * world + 2].iter().copied());
            means.push(interquartile_mean(&first.chain(second).collect::<Vec<_>>()));
        });
        let (expected, found) = (percentile_interval(means), stratified_interval(&strata));
        assert!(close(expected[0], found[0]) && close(expected[1], found[1]));
    }

    #[test]
    fn quantiles_by_rank_are_those_of_each_resample() {
        let (a, b) = ([5.0, 1.0, 9.0, 1.0, 7.0, 3.0, 2.0, 8.0], [4.0, 4.5, 9.0, 0.0, 6.0, 6.0, 2.5, 1.0]);
        let mut differences = Vec::new();
        for_each_resample(4, RESAMPLES, |worlds| {
            let [a, b] = [a, b].map(|scores| {
                let drawn = worlds.iter().flat_map(|world| scores[2 * world..2 * world + 2].iter().copied());
                quantile(&drawn.collect::<Vec<_>>(), 0.1)
            });
            differences.push(a - b);
        });
        let expected = percentile_interval(differences);
        let found = quantile_difference_interval(&a, &b, 0.1, 2);
        assert!(close(expected[0], found[0]) && close(expected[1], found[1]), "{expected:?} {found:?}");
    }

    #[test]
    fn rank_counting_gives_the_trimmed_mean_of_each_resample() {
        let scores = [5.0, 1.0, 9.0, 1.0, 7.0, 3.0, 2.0, 8.0];
        let mut means = Vec::new();
        for_each_resample(scores.len() / 2, RESAMPLES, |worlds| {
            let drawn = worlds.iter().flat_map(|world| &scores[2 * world..2 * world + 2]);
            means.push(interquartile_mean(&drawn.copied().collect::<Vec<_>>()));
        });
        let expected = percentile_interval(means);
        let found = interquartile_mean_interval(&scores, 2);
        assert!(close(expected[0], found[0]) && close(expected[1], found[1]));
    }

    #[test]
    fn students_quantile_agrees_with_tables() {
        for (degrees, quantile) in [(1, 12.7062), (3, 3.1824), (4, 2.7764), (7, 2.3646), (63, 1.9983)] {
            assert!((student_quantile(degrees) / quantile - 1.0).abs() < 3e-3, "{degrees}");
        }
    }

    /// Of worlds 1 and 3 half the resamples have no spread: 2 ± 12.706.
    #[test]
    fn where_resamples_have_no_spread_students_interval_stands_in() {
        let [low, high] = studentised_interval(&[1.0, 3.0], &[1.0; 2], RESAMPLES).unwrap();
        assert!(close(low, 2.0 - 12.706_205) && close(high, 2.0 + 12.706_205), "{low} {high}");
        let mut rare = [0.0; 64];
        rare[5] = 64.0;
        let [low, high] = studentised_interval(&rare, &[1.0; 64], RESAMPLES).unwrap();
        assert!((low + 0.9983).abs() < 1e-3 && (high - 2.9983).abs() < 1e-3, "{low} {high}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn intervals_are_ordered_and_inside_the_range(scores in prop::collection::vec(-1e3..1e3_f64, 1..24)) {
            let [low, high] = interquartile_mean_interval(&scores, 1);
            prop_assert!(low <= high);
            prop_assert!(low >= quantile(&scores, 0.0) - 1e-9 && high <= quantile(&scores, 1.0) + 1e-9);
        }

        #[test]
        fn the_studentised_interval_moves_and_grows_with_its_values(
            values in prop::collection::vec(-1e3..1e3_f64, 2..24), shift in -1e3..1e3_f64, scale in 0.1..10.0_f64
        ) {
            let ones = vec![1.0; values.len()];
            let moved: Vec<f64> = values.iter().map(|value| shift + scale * value).collect();
            let found = studentised_interval(&moved, &ones, 500).unwrap();
            let expected = studentised_interval(&values, &ones, 500).unwrap().map(|end| shift + scale * end);
            let size = 1e-6 * (1.0 + expected[1] - expected[0] + shift.abs());
            prop_assert!((found[0] - expected[0]).abs() < size && (found[1] - expected[1]).abs() < size);
            prop_assert!(found[0] <= found[1]);
        }
    }
}
