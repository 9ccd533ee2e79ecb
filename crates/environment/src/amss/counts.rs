//! Whole-number draws: how many of so many people, each from one key.
//!
//! A draw is the inverse of its distribution function at the key's uniform number, so that it rises with it, and two
//! plans on one seed meet the same luck. Small counts are inverted exactly. Where the variance is [`EXACT`] or more the
//! inverse is that of Cornish and Fisher (1938), the normal one with corrections for skewness and kurtosis, rounded:
//! there its distribution function is within 3e-5 of the exact one. AMSS itself turns to the plain normal distribution
//! above 2^31; counts are floating-point numbers here too, whole and exact up to 2^53.

use crate::draws::Key;

/// Variance from which a count is drawn by the expansion of Cornish and Fisher.
pub const EXACT: f64 = 100.0;

/// Standard deviations below the mean at which an exact inversion may begin: the chance of less is below 1e-25.
const FAR: f64 = 12.0;

/// Successes among `trials`, each with `chance`.
#[must_use]
pub fn binomial(key: Key, trials: f64, chance: f64) -> f64 {
    if trials <= 0.0 || chance <= 0.0 {
        return 0.0;
    }
    if chance >= 1.0 {
        return trials;
    }
    // The rarer outcome is counted: its exact inversion is short. The uniform number is turned round with it.
    let (rare, uniform) =
        if chance > 0.5 { (1.0 - chance, 1.0 - key.uniform()) } else { (chance, key.uniform()) };
    let variance = trials * rare * (1.0 - rare);
    let count = if variance < EXACT {
        let odds = rare / (1.0 - rare);
        let none = libm::exp(trials * libm::log1p(-rare));
        invert(uniform, 0.0, none, trials, |k| (trials - k) / (k + 1.0) * odds)
    } else {
        let skewness = (1.0 - 2.0 * rare) / libm::sqrt(variance);
        let kurtosis = (1.0 - 6.0 * rare * (1.0 - rare)) / variance;
        expand(uniform, trials * rare, variance, skewness, kurtosis).clamp(0.0, trials)
    };
    if chance > 0.5 { trials - count } else { count }
}

/// Events with this `mean` and no memory.
#[must_use]
pub fn poisson(key: Key, mean: f64) -> f64 {
    if mean <= 0.0 {
        0.0
    } else if mean < EXACT {
        invert(key.uniform(), 0.0, libm::exp(-mean), f64::INFINITY, |k| mean / (k + 1.0))
    } else {
        expand(key.uniform(), mean, mean, 1.0 / libm::sqrt(mean), 1.0 / mean).max(0.0)
    }
}

/// Failures before the `successes`-th success, each trial with `chance` of one.
#[must_use]
pub fn negative_binomial(key: Key, successes: f64, chance: f64) -> f64 {
    if successes <= 0.0 || chance >= 1.0 {
        return 0.0;
    }
    if chance <= 0.0 {
        return f64::INFINITY;
    }
    let failure = 1.0 - chance;
    let variance = successes * failure / (chance * chance);
    if variance < EXACT {
        let none = libm::exp(successes * libm::log(chance));
        return invert(key.uniform(), 0.0, none, f64::INFINITY, |k| (successes + k) / (k + 1.0) * failure);
    }
    let skewness = (1.0 + failure) / libm::sqrt(successes * failure);
    let kurtosis = 6.0 / successes + chance * chance / (successes * failure);
    expand(key.uniform(), successes * failure / chance, variance, skewness, kurtosis).max(0.0)
}

/// White balls among `drawn` without replacement from `white` and `black` ones.
#[must_use]
pub fn hypergeometric(key: Key, white: f64, black: f64, drawn: f64) -> f64 {
    let all = white + black;
    let (least, most) = ((drawn - black).max(0.0), white.min(drawn));
    if least >= most {
        return most;
    }
    let share = white / all;
    let mean = drawn * share;
    let variance = mean * (1.0 - share) * (all - drawn) / (all - 1.0);
    if variance < EXACT {
        let start = libm::floor(mean - FAR * libm::sqrt(variance) - 1.0).max(least);
        let choose =
            |n: f64, k: f64| libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
        let chance = libm::exp(choose(white, start) + choose(black, drawn - start) - choose(all, drawn));
        let rise = |k: f64| (white - k) * (drawn - k) / ((k + 1.0) * (black - drawn + k + 1.0));
        return invert(key.uniform(), start, chance, most, rise);
    }
    let skewness = (1.0 - 2.0 * share) * (all - 2.0 * drawn)
        / (libm::sqrt(mean * (1.0 - share) * (all - drawn) / (all - 1.0)) * (all - 2.0));
    expand(key.uniform(), mean, variance, skewness, 0.0).clamp(least, most)
}

/// `people` over the cells of `chances`, which are made to add up to 1: `give(cell, count)` for each cell, one binomial
/// of what is left after another.
pub fn multinomial(key: Key, people: f64, chances: &[f64], mut give: impl FnMut(usize, f64)) {
    let (mut left, mut chance_left) = (people, chances.iter().sum::<f64>());
    for (cell, chance) in chances.iter().enumerate() {
        if left <= 0.0 {
            return;
        }
        if *chance > 0.0 {
            let last = chances[cell + 1..].iter().all(|chance| *chance <= 0.0);
            let share = if last { 1.0 } else { chance / chance_left };
            let count = binomial(key.with(cell as u64), left, share);
            give(cell, count);
            left -= count;
        }
        chance_left -= chance;
    }
}

/// Mean and variance of how many of `urns` stay empty when `balls` fall into them at random.
#[must_use]
pub fn empty_urns(balls: f64, urns: f64) -> (f64, f64) {
    let mean = urns * stays_empty(balls, urns);
    let second = mean * (1.0 + (urns - 1.0) * stays_empty(balls, urns - 1.0));
    (mean, (second - mean * mean).max(0.0))
}

/// The chance that one of `urns` gets none of `balls`.
fn stays_empty(balls: f64, urns: f64) -> f64 {
    if balls <= 0.0 {
        f64::from(urns > 0.0)
    } else if urns <= 1.0 {
        0.0
    } else {
        libm::exp(balls * libm::log1p(-1.0 / urns))
    }
}

/// How many of `urns` get at least one of `balls`: the people reached by so many exposures. Normal with the moments of
/// [`empty_urns`], within what is possible; up to 20 urns are filled one by one.
#[must_use]
pub fn urns_with_balls(key: Key, balls: f64, urns: f64) -> f64 {
    if (2.0..=20.0).contains(&urns) {
        let mut filled = 0.0;
        let even = [1.0; 20];
        multinomial(key, balls, &even[..urns as usize], |_, count| filled += f64::from(count > 0.0));
        return filled;
    }
    let (mean, variance) = empty_urns(balls, urns);
    let empty = (mean + libm::sqrt(variance) * key.normal()).round();
    (urns - empty).max(f64::from(balls > 0.0)).min(urns).min(balls)
}

/// The smallest count whose distribution function reaches `uniform`, counting up from `start`, which has `chance`;
/// `rise(k)` is what makes the chance of `k + 1` from that of `k`.
fn invert(uniform: f64, start: f64, chance: f64, most: f64, rise: impl Fn(f64) -> f64) -> f64 {
    let (mut count, mut chance, mut sum) = (start, chance, chance);
    // Far out in the tail chances no longer add anything: there the count stands for all that are larger.
    while sum < uniform && count < most && sum + chance > sum {
        chance *= rise(count);
        sum += chance;
        count += 1.0;
    }
    count
}

/// The rounded quantile of a distribution of these moments (`kurtosis` over that of the normal one). Rounding adds a
/// twelfth to the variance (Sheppard 1898), which is taken off before.
fn expand(uniform: f64, mean: f64, variance: f64, skewness: f64, kurtosis: f64) -> f64 {
    let z = crate::draws::normal_quantile(uniform);
    let square = z * z;
    let corrected = z + (square - 1.0) * skewness / 6.0 + z * (square - 3.0) * kurtosis / 24.0
        - z * (2.0 * square - 5.0) * skewness * skewness / 36.0;
    (mean + libm::sqrt(variance - 1.0 / 12.0) * corrected).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error of a distribution function where draws turn from exact inversion to the expansion.
    const ERROR: f64 = 3e-5;

    /// Walks through an exact distribution and asks the expansion just below and just above each of its steps.
    fn check(name: &str, none: f64, rise: impl Fn(f64) -> f64, moments: [f64; 4]) {
        let [mean, variance, skewness, kurtosis] = moments;
        assert!((variance / EXACT - 1.0).abs() < 0.02, "{name}: {variance}");
        let (mut chance, mut sum, mut count) = (none, none, 0.0);
        while sum < 1.0 - 2.0 * ERROR {
            if sum > 2.0 * ERROR {
                let below = expand(sum - ERROR, mean, variance, skewness, kurtosis);
                let above = expand(sum + ERROR, mean, variance, skewness, kurtosis);
                assert!(below <= count && above > count, "{name}: {below} {count} {above}");
            }
            chance *= rise(count);
            sum += chance;
            count += 1.0;
        }
    }

    #[test]
    fn the_expansion_is_close_where_it_begins() {
        for (trials, p) in [(400.0_f64, 0.5_f64), (527.0, 0.255), (100_100.0, 0.001)] {
            let variance = trials * p * (1.0 - p);
            let moments = [
                trials * p,
                variance,
                (1.0 - 2.0 * p) / variance.sqrt(),
                (1.0 - 6.0 * p * (1.0 - p)) / variance,
            ];
            let none = (1.0 - p).powf(trials);
            check("binomial", none, |k| (trials - k) / (k + 1.0) * p / (1.0 - p), moments);
        }
        check("poisson", (-100.0_f64).exp(), |k| 100.0 / (k + 1.0), [100.0, 100.0, 0.1, 0.01]);
        let (size, p) = (100.0_f64, 0.618_f64);
        let q = 1.0 - p;
        let moments = [
            size * q / p,
            size * q / (p * p),
            (1.0 + q) / (size * q).sqrt(),
            6.0 / size + p * p / (size * q),
        ];
        check("negative binomial", p.powf(size), |k| (size + k) / (k + 1.0) * q, moments);
    }

    #[test]
    fn a_draw_rises_with_its_chance_and_its_trials() {
        for seed in 0..200 {
            let key = Key::new(seed);
            for (trials, chance) in [(30.0, 0.4), (1e4, 0.9), (1e9, 0.002)] {
                let count = binomial(key, trials, chance);
                assert!(binomial(key, trials, chance * 1.05) >= count);
                assert!(binomial(key, trials + 1.0, chance) >= count - 1.0);
                assert!((0.0..=trials).contains(&count) && count.fract() == 0.0);
            }
        }
    }
}
