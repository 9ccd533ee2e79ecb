//! What comes next, and how well the last steps would have been foretold.

use outlay_environment::Key;

use super::benchmarks::{ridge, seasonal_naive};
use super::history::{History, TooShort};
use super::posterior::{Fit, quantile};
use super::sampler::{Settings, fit};
use super::shape::{Shape, Spend, saturate};

/// Standard normal quantile of the ends of a 90 % interval.
const NINETY: f64 = 1.644_853_626_951_472_2;

/// What is expected of some steps, with the ends of 90 % intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// `[steps]` median outcome.
    pub outcome: Vec<f64>,
    /// `[steps]` ends of its 90 % interval.
    pub band: Vec<[f64; 2]>,
    /// Low, median and high of the total outcome.
    pub total: [f64; 3],
    /// Low, median and high of the part of the total that is not paid for.
    pub base: [f64; 3],
    /// `[channels]` low, median and high of what each channel causes in these steps.
    pub channels: Vec<[f64; 3]>,
}

/// Forecasts the steps of `history` from `fit.rows` on, with their spending and controls; what came before is the history of
/// the fit.
#[must_use]
pub fn forecast(fit: &Fit, history: &History, seed: u64) -> Forecast {
    let (from, to) = (fit.rows, history.steps());
    let design = super::design::Design::new(history, from);
    let spends: Vec<Spend> = history.channels.iter().map(|it| Spend::new(&it.spend, from)).collect();
    let (mut logs, mut shares) = (vec![0.0; to], vec![0.0; to]);
    let mut outcomes = vec![Vec::with_capacity(fit.draws.len()); to - from];
    let mut parts = vec![Vec::with_capacity(fit.draws.len()); spends.len() + 2];
    let key = Key::new(seed).with_name("forecast");
    for (place, draw) in fit.draws.iter().enumerate() {
        let key = key.with(place as u64);
        let mut explained: Vec<f64> = (0..to).map(|step| design.base(step, &draw.base)).collect();
        parts[0].push(explained[from..].iter().sum());
        for (channel, spend) in spends.iter().enumerate() {
            let it = &draw.channels[channel];
            let shape = Shape([libm::log(it.half / spend.unit), libm::log(it.slope), it.retention]);
            spend.log_levels(it.retention, &mut logs);
            saturate(&logs, &shape, &mut shares);
            explained.iter_mut().zip(&shares).for_each(|(sum, share)| *sum += it.value * share);
            parts[channel + 2].push(it.value * shares[from..].iter().sum::<f64>());
        }
        let mut error = from.checked_sub(1).map_or(0.0, |last| history.outcome[last] - explained[last]);
        let mut total = 0.0;
        for (step, outcomes) in outcomes.iter_mut().enumerate() {
            error = draw.phi * error + draw.sigma * key.with(step as u64).normal();
            outcomes.push(explained[from + step] + error);
            total += explained[from + step] + error;
        }
        parts[1].push(total);
    }
    let ends = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        [0.05, 0.5, 0.95].map(|share| quantile(&values, share))
    };
    let steps: Vec<[f64; 3]> = outcomes.into_iter().map(ends).collect();
    let mut parts = parts.into_iter().map(ends);
    let (base, total) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Forecast {
        outcome: steps.iter().map(|[_, median, _]| *median).collect(),
        band: steps.iter().map(|[low, _, high]| [*low, *high]).collect(),
        total,
        base,
        channels: parts.collect(),
    }
}

/// What a plan (`[steps * channels]` money, row by row) after the end of the history would bring: see
/// [`History::with_plan`] for what is taken of the controls.
#[must_use]
pub fn outlook(fit: &Fit, history: &History, plan: &[f64], seed: u64) -> Forecast {
    forecast(fit, &history.first(fit.rows).with_plan(plan), seed)
}

/// How far off a forecast was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Sum of absolute errors over the sum of absolute outcomes.
    pub wape: f64,
    /// Root of the mean squared error, units of the outcome.
    pub rmse: f64,
    /// Share of steps within the 90 % band.
    pub coverage: f64,
}

impl Accuracy {
    /// Of a forecast (`[steps]`, with a band) for what came (`[steps]`).
    #[must_use]
    pub fn of(outcome: &[f64], expected: &[f64], band: &[[f64; 2]]) -> Self {
        let count = outcome.len().max(1) as f64;
        let errors = || outcome.iter().zip(expected).map(|(came, expected)| came - expected);
        let size: f64 = outcome.iter().map(|came| came.abs()).sum();
        let within =
            outcome.iter().zip(band).filter(|(came, band)| (band[0]..=band[1]).contains(came)).count();
        Self {
            wape: errors().map(f64::abs).sum::<f64>() / size.max(f64::MIN_POSITIVE),
            rmse: libm::sqrt(errors().map(|error| error * error).sum::<f64>() / count),
            coverage: within as f64 / count,
        }
    }
}

/// The model and its benchmarks on the last steps of a history, which none of them saw.
#[derive(Debug, Clone)]
pub struct Check {
    /// Steps that were learned from.
    pub rows: usize,
    /// Steps that were forecast.
    pub ahead: usize,
    /// The model.
    pub model: Accuracy,
    /// The outcome of a year before, with the steps' drift (a week before, or the last step, where there is no year).
    pub seasonal_naive: Accuracy,
    /// Ridge regression on raw spend and the same base.
    pub ridge: Accuracy,
    /// What the model foretold.
    pub forecast: Forecast,
}

/// Fits the first part of a history and forecasts the last `share` of it beside the benchmarks.
///
/// # Errors
///
/// Where the first part is too short.
pub fn check(history: &History, share: f64, settings: &Settings) -> Result<Check, TooShort> {
    let steps = history.steps();
    let ahead = (libm::round(share * steps as f64) as usize).clamp(1, steps.max(2) - 1);
    let rows = steps - ahead;
    let fitted = fit(history, rows, settings)?;
    let found = forecast(&fitted, history, settings.seed);
    let came = &history.outcome[rows..];
    let judged = |(expected, deviations): (Vec<f64>, Vec<f64>)| {
        let band: Vec<[f64; 2]> = (expected.iter().zip(&deviations))
            .map(|(expected, deviation)| [expected - NINETY * deviation, expected + NINETY * deviation])
            .collect();
        Accuracy::of(came, &expected, &band)
    };
    Ok(Check {
        rows,
        ahead,
        model: Accuracy::of(came, &found.outcome, &found.band),
        seasonal_naive: judged(seasonal_naive(history, rows)),
        ridge: judged(ridge(history, rows)),
        forecast: found,
    })
}
