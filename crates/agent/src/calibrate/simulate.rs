//! Histories of which everything is known, to see whether it is found again.

use outlay_environment::Key;
use outlay_environment::curve::{adstock, hill};

use super::history::{Channel, Control, History};
use super::posterior::ChannelDraw;
use super::shape::Priors;

/// What kind of history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind {
    /// Steps of a week.
    pub weeks: usize,
    /// Channels that are spent on, each in its own way.
    pub channels: usize,
    /// Whether the last channel is spent on as the one before, and cannot be told from it.
    pub twins: bool,
    /// Whether the first channel is always given the same.
    pub constant: bool,
}

/// What a history was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// `[channels]` curves and what they caused.
    pub channels: Vec<ChannelDraw>,
    /// Standard deviation of the noise's innovations.
    pub sigma: f64,
    /// Autocorrelation of the noise.
    pub phi: f64,
}

/// Mean outcome of a week.
const LEVEL: f64 = 1e6;
/// Mean spend of a channel in a week.
const SPEND: f64 = 2e4;
/// Weeks before the history begins, so that its first stocks are nobody's assumption.
const BEFORE: usize = 60;

/// A history of weeks and its truth: shapes and contributions are drawn from what is believed beforehand ([`Priors`]), so that
/// 90 % intervals must hold 90 % of them; spend is log-normal around a wave or comes in flights; trend, two waves of a year,
/// a control and autocorrelated noise of 2 to 8 % are added.
#[must_use]
pub fn simulate(kind: &Kind, seed: u64) -> (History, Truth) {
    let key = Key::new(seed).with_name("simulate");
    let (weeks, all) = (kind.weeks, kind.weeks + BEFORE);
    let mut spends: Vec<Vec<f64>> =
        (0..kind.channels).map(|channel| spend(all, channel, key.with(channel as u64))).collect();
    if kind.constant {
        spends[0] = vec![SPEND; all];
    }
    if kind.twins && kind.channels > 1 {
        let noise = key.with_name("twin");
        let (firsts, last) = spends.split_at_mut(kind.channels - 1);
        for (week, twin) in last[0].iter_mut().enumerate() {
            *twin =
                0.8 * firsts[kind.channels - 2][week] * libm::exp(0.02 * noise.with(week as u64).normal());
        }
    }
    let priors = Priors::for_steps(7);
    let totals: Vec<f64> = spends.iter().map(|spend| spend[BEFORE..].iter().sum()).collect();
    let scales = priors.scales(&totals);
    // Contributions of more than 9 / 10 leave no base and are drawn again.
    let sizes = (0..)
        .map(|attempt| {
            let of = |(channel, scale): (usize, &f64)| {
                (scale * key.with_name("size").with(attempt).with(channel as u64).normal()).abs()
            };
            scales.iter().enumerate().map(of).collect::<Vec<f64>>()
        })
        .find(|sizes| sizes.iter().sum::<f64>() < 0.9)
        .unwrap_or_default();
    let (sigma, phi) = (0.02 + 0.06 * key.with_name("sigma").uniform(), 0.8 * key.with_name("phi").uniform());
    let base = 1.0 - sizes.iter().sum::<f64>();
    let control: Vec<f64> =
        (0..weeks).map(|week| key.with_name("control").with(week as u64).normal()).collect();
    let mut outcome: Vec<f64> = (0..weeks)
        .map(|week| {
            let year = week as f64 / 52.1775;
            let wave = 0.08 * libm::sin(std::f64::consts::TAU * year)
                + 0.04 * libm::cos(2.0 * std::f64::consts::TAU * year);
            LEVEL * (base + wave + 0.03 * (year - weeks as f64 / 104.0) + 0.03 * control[week])
        })
        .collect();
    let mut error = sigma / libm::sqrt(1.0 - phi * phi) * key.with_name("first").normal();
    for (week, outcome) in outcome.iter_mut().enumerate() {
        *outcome += LEVEL * error;
        error = phi * error + sigma * key.with_name("noise").with(week as u64).normal();
    }
    let mut channels = Vec::new();
    for (channel, spend) in spends.iter().enumerate() {
        let shape = priors.draw(key.with_name("shape").with(channel as u64));
        let seen: Vec<f64> = spend[BEFORE..].iter().copied().filter(|spend| *spend > 0.0).collect();
        let half = libm::exp(shape.0[0]) * super::history::mean(&seen);
        let (slope, retention) = (libm::exp(shape.0[1]), shape.retention());
        let mut stock = spend.clone();
        adstock(&mut stock, retention);
        let shares: Vec<f64> =
            stock[BEFORE..].iter().map(|stock| hill(*stock, half / (1.0 - retention), slope)).collect();
        let contribution = LEVEL * sizes[channel];
        let value = contribution / super::history::mean(&shares);
        outcome.iter_mut().zip(&shares).for_each(|(outcome, share)| *outcome += value * share);
        channels.push(ChannelDraw { value, half, slope, retention, contribution });
    }
    let history = History {
        step_days: 7,
        first_day: 18_000,
        outcome,
        channels: (spends.into_iter().enumerate())
            .map(|(place, spend)| Channel {
                name: format!("channel-{}", place + 1),
                spend: spend[BEFORE..].to_vec(),
            })
            .collect(),
        controls: vec![Control { name: "control".into(), values: control }],
    };
    (history, Truth { channels, sigma: LEVEL * sigma, phi })
}

/// `[weeks]` spend of a channel: every third comes in flights.
fn spend(weeks: usize, channel: usize, key: Key) -> Vec<f64> {
    let mut slow = 0.0;
    (0..weeks)
        .map(|week| {
            let key = key.with(week as u64);
            slow = 0.7 * slow + 0.4 * key.with(0).normal();
            let level = SPEND * libm::exp(slow + 0.3 * key.with(1).normal());
            let on = channel % 3 != 2 || (week + 3 * channel) % 11 < 6;
            if on { level } else { 0.0 }
        })
        .collect()
}
