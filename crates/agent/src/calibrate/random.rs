//! Draws of a Markov chain: each has a key of its own.

use outlay_environment::Key;
use outlay_environment::draws::normal_quantile;

/// Logarithm of the chance that a standard normal number lies below `z`.
pub(super) fn log_share_below(z: f64) -> f64 {
    if z > -30.0 {
        libm::log(0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2))
    } else {
        // Mills's ratio far out; the next term is below 1e-5.
        let square = z * z;
        -0.5 * square - libm::log(-z) - 0.918_938_533_204_672_8 + libm::log1p(-1.0 / square)
    }
}

/// A draw of a normal number of this mean and standard deviation among those not below 0.
pub(super) fn normal_above_zero(mean: f64, deviation: f64, key: Key) -> f64 {
    let least = -mean / deviation;
    let uniform = key.uniform();
    let z = if least < 30.0 {
        let above = 0.5 * libm::erfc(least * std::f64::consts::FRAC_1_SQRT_2);
        -normal_quantile((uniform * above).max(f64::MIN_POSITIVE))
    } else {
        // The tail is about exponential.
        least - libm::log(uniform) / least
    };
    (mean + deviation * z.max(least)).max(0.0)
}

/// A draw of a normal number of this mean and standard deviation among those between `ends`.
pub(super) fn normal_between(mean: f64, deviation: f64, ends: [f64; 2], key: Key) -> f64 {
    let [low, high] = ends.map(|end| (end - mean) / deviation);
    // On the side of the nearer tail, where the chances keep their digits.
    let side = if low > 0.0 { -1.0 } else { 1.0 };
    let below = |z: f64| 0.5 * libm::erfc(-side * z * std::f64::consts::FRAC_1_SQRT_2);
    let chance = below(low) + key.uniform() * (below(high) - below(low));
    let z = side * normal_quantile(chance.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON));
    (mean + deviation * z).clamp(ends[0], ends[1].max(ends[0]))
}

/// One move of slice sampling (Neal 2003) from `now`, by stepping out and shrinking, within `bounds`. The last call of
/// `log_density` is at the value that is returned.
pub(super) fn slice(
    now: f64,
    width: f64,
    bounds: [f64; 2],
    key: Key,
    mut log_density: impl FnMut(f64) -> f64,
) -> f64 {
    const MOST: usize = 12;
    let level = log_density(now) + libm::log(key.with(0).uniform());
    let mut low = now - width * key.with(1).uniform();
    let mut high = low + width;
    let mut steps = 0;
    while low > bounds[0] && steps < MOST && log_density(low) > level {
        low -= width;
        steps += 1;
    }
    while high < bounds[1] && steps < MOST && log_density(high) > level {
        high += width;
        steps += 1;
    }
    let (mut low, mut high) = (low.max(bounds[0]), high.min(bounds[1]));
    for attempt in 2.. {
        let trial = low + (high - low) * key.with(attempt).uniform();
        if log_density(trial) >= level {
            return trial;
        }
        if trial < now {
            low = trial
        } else {
            high = trial
        }
        if high - low < 1e-12 * width {
            break;
        }
    }
    log_density(now);
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_tables() {
        // ln of the normal distribution function, from tables.
        for (z, wanted) in [
            (0.0, -std::f64::consts::LN_2),
            (-5.0, -15.064_998_394),
            (-29.9, -451.322_9),
            (-31.0, -484.854_0),
        ] {
            assert!((log_share_below(z) - wanted).abs() < 2e-3 * f64::max(1.0, -wanted * 1e-3), "{z}");
        }
        let (below, above) = (log_share_below(-30.0 - 1e-9), log_share_below(-30.0 + 1e-9));
        assert!((below - above).abs() < 1e-5, "{below} {above}");
    }

    /// Mean of a normal number above zero: `m + s * phi(-m/s) / Phi(m/s)`.
    #[test]
    fn truncated_draws_have_their_mean() {
        for (mean, deviation, wanted) in [
            (1.0, 1.0, 1.287_599_97),
            (0.0, 2.0, 1.595_769_12),
            (-3.0, 1.0, 0.283_098_65),
            (-40.0, 1.0, 0.024_968_8),
        ] {
            let n = 40_000_u64;
            let total: f64 = (0..n).map(|i| normal_above_zero(mean, deviation, Key::new(3).with(i))).sum();
            assert!((total / n as f64 / wanted - 1.0).abs() < 0.02, "{mean}: {}", total / n as f64);
        }
    }

    /// Mean of a normal number between two ends: `m + s * (phi(a) - phi(b)) / (Phi(b) - Phi(a))`.
    #[test]
    fn draws_between_ends_have_their_mean() {
        for (mean, ends, wanted) in [
            (0.0, [-1.0, 2.0], 0.229_637_2),
            (0.0, [3.0, 4.0], 3.260_454_3),
            (5.0, [-1.0, 1.0], 0.774_453_1),
            (0.0, [-50.0, -40.0], -40.0),
        ] {
            let n = 40_000_u64;
            let draw = |i| normal_between(mean, 1.0, ends, Key::new(4).with(i));
            let found = (0..n).map(draw).sum::<f64>() / n as f64;
            assert!((found - wanted).abs() < 0.03, "{mean} {ends:?}: {found}");
        }
    }

    #[test]
    fn slices_follow_the_density() {
        // Gamma with shape 3: mean 3, variance 3.
        let (mut x, mut sum, mut squares) = (1.0, 0.0, 0.0);
        let n = 40_000_u64;
        for i in 0..n {
            x = slice(x, 2.0, [1e-9, 100.0], Key::new(5).with(i), |x| {
                if x > 0.0 { 2.0 * libm::log(x) - x } else { f64::NEG_INFINITY }
            });
            sum += x;
            squares += x * x;
        }
        let mean = sum / n as f64;
        assert!((mean - 3.0).abs() < 0.06, "{mean}");
        assert!((squares / n as f64 - mean * mean - 3.0).abs() < 0.2);
    }
}
