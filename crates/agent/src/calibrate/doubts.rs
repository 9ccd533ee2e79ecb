//! What the data cannot tell, said before anybody believes it.

use super::design::{Noise, Seen, WIDE, Whitened};
use super::history::{History, mean};
use super::posterior::Fit;
use super::shape::{Shape, Spend, saturate};

/// Variation of spend, relative to its mean, below which nothing can be learned from it (assumed).
const LEAST_VARIATION: f64 = 0.05;
/// Correlation of two channels' spend above which they can hardly be told apart (assumed).
const ALIKE: f64 = 0.9;
/// Variance inflation above which the others tell nearly all of a channel (Marquardt 1970).
const INFLATED: f64 = 10.0;
/// Largest distance between the distributions before and after at which the data have said next to nothing (assumed).
const UNMOVED: f64 = 0.15;
/// R-hat above which chains do not agree (Vehtari et al. 2021 ask for 1.01 of long ones).
const DISAGREE: f64 = 1.05;

/// Something that the data cannot tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// A channel's spend hardly ever changed.
    Constant {
        /// The channel.
        channel: String,
    },
    /// Two channels were spent on together.
    Together {
        /// The one.
        one: String,
        /// The other.
        other: String,
        /// Correlation of their spend.
        spend: f64,
        /// Correlation of what they are found to have caused.
        found: f64,
    },
    /// The other channels and the base tell nearly all of a channel's response.
    Inflated {
        /// The channel.
        channel: String,
        /// Variance inflation factor.
        factor: f64,
    },
    /// After the data as much is known of what a channel caused as before.
    Unmoved {
        /// The channel.
        channel: String,
        /// Largest distance between the two distribution functions.
        distance: f64,
    },
    /// Fewer than two years: a season and a trend cannot be told from what was spent in them.
    Short {
        /// Years of history.
        years: f64,
    },
    /// The chains do not agree.
    Unsettled {
        /// The worst R-hat.
        r_hat: f64,
    },
}

/// All doubts about a fit of the first steps of a history.
#[must_use]
pub fn doubts(history: &History, fit: &Fit) -> Vec<Doubt> {
    let spends: Vec<&[f64]> = history.channels.iter().map(|it| &it.spend[..fit.rows]).collect();
    let name = |channel: usize| fit.channels[channel].clone();
    let mut found = Vec::new();
    let years = fit.rows as f64 * f64::from(history.step_days) / super::history::DAYS_OF_A_YEAR;
    if years < 1.99 {
        found.push(Doubt::Short { years });
    }
    for (channel, spend) in spends.iter().enumerate() {
        if libm::sqrt(covariance(spend, spend)) < LEAST_VARIATION * mean(spend) {
            found.push(Doubt::Constant { channel: name(channel) });
        }
    }
    for one in 0..spends.len() {
        for other in one + 1..spends.len() {
            let spend = correlation(spends[one], spends[other]);
            if spend.abs() > ALIKE {
                let of = |channel: usize| fit.each(|draw| draw.channels[channel].contribution);
                let found_together = correlation(&of(one), &of(other));
                found.push(Doubt::Together {
                    one: name(one),
                    other: name(other),
                    spend,
                    found: found_together,
                });
            }
        }
    }
    let factors = inflation(history, fit);
    for (channel, factor) in factors.into_iter().enumerate().filter(|(_, factor)| *factor > INFLATED) {
        found.push(Doubt::Inflated { channel: name(channel), factor });
    }
    for channel in 0..spends.len() {
        let distance = distance_from_prior(fit, channel);
        if distance < UNMOVED {
            found.push(Doubt::Unmoved { channel: name(channel), distance });
        }
    }
    let (r_hat, _) = fit.convergence();
    if r_hat > DISAGREE {
        found.push(Doubt::Unsettled { r_hat });
    }
    found
}

/// `[channels]` variance inflation factors of the channels' responses at the median shape: by how much the variance of a
/// channel's size is larger than if its response had nothing to do with the base's and the others'. Infinite where it never
/// varies.
fn inflation(history: &History, fit: &Fit) -> Vec<f64> {
    let whitened = Whitened::new(0.0, &fit.design, fit.rows);
    let noise = Noise::new(&whitened, &fit.design.penalties(&WIDE));
    let channels = history.channels.len();
    let (mut seen, mut squares) = (Vec::new(), Vec::new());
    for (channel, it) in history.channels.iter().enumerate() {
        let spend = Spend::new(&it.spend[..fit.rows], fit.rows);
        let of =
            |number: fn(&super::ChannelDraw) -> f64| fit.interval(|draw| number(&draw.channels[channel]))[1];
        let shape = Shape([
            libm::log(of(|it| it.half) / spend.unit),
            libm::log(of(|it| it.slope)),
            of(|it| it.retention),
        ]);
        let (mut logs, mut column) = (vec![0.0; fit.rows], vec![0.0; fit.rows]);
        spend.log_levels(shape.retention(), &mut logs);
        saturate(&logs, &shape, &mut column);
        let mut looked = Seen::default();
        noise.see(&column, &mut looked);
        seen.push(looked);
        squares.push(covariance(&column, &column) * fit.rows as f64);
    }
    // Scaled to a diagonal near 1, and a hair added so that a column without variation has an inverse.
    let scale: Vec<f64> = squares.iter().map(|square| 1.0 / libm::sqrt(square.max(1e-12))).collect();
    let mut products = vec![0.0; channels * channels];
    for i in 0..channels {
        for j in 0..channels {
            products[i * channels + j] = seen[i].product(&seen[j]) * scale[i] * scale[j];
        }
        products[i * channels + i] += 1e-9;
    }
    let inverse = crate::baselines::linear::inverse(&mut products, channels);
    (0..channels)
        .map(|i| if squares[i] > 1e-12 { inverse[i * channels + i] } else { f64::INFINITY })
        .collect()
}

/// Largest distance between the distribution functions of what a channel caused, before (half-normal) and after.
fn distance_from_prior(fit: &Fit, channel: usize) -> f64 {
    let mut values = fit.each(|draw| draw.channels[channel].contribution);
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let before = |value: f64| libm::erf(value / fit.scales[channel] * std::f64::consts::FRAC_1_SQRT_2);
    let gap = |(place, value): (usize, &f64)| {
        let (low, high) = (place as f64 / count, (place + 1) as f64 / count);
        f64::max(before(*value) - low, high - before(*value))
    };
    values.iter().enumerate().map(gap).fold(0.0, f64::max)
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let (centre, other) = (mean(a), mean(b));
    mean(&a.iter().zip(b).map(|(a, b)| (a - centre) * (b - other)).collect::<Vec<_>>())
}

/// Correlation; 0 where one of the two never varies.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let size = libm::sqrt(covariance(a, a) * covariance(b, b));
    if size > 0.0 { covariance(a, b) / size } else { 0.0 }
}
