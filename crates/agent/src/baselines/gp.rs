//! A Gaussian-process bandit with a saturating mean, a sliding window and change points (B5, after TUCBMAE: Gangopadhyay
//! et al. 2025).
//!
//! What a line brings in a step is `mean(x) + g(x)`: `mean` the curve of [`Returns`], `g` a Gaussian process with kernel
//! `DEVIATION^2 * mean(x) * mean(x') * exp(-(u - u')^2 / (2 * LENGTH^2))`, `u = ln(1 + x)`, so that a line may depart from
//! its curve in proportion to what it brings. Lines get the levels of the largest sum of upper confidence bounds. Reports
//! are late: `x` is spend smoothed over the time that they take. Where a line's reports leave its curve for long (Page's
//! two-sided CUSUM, 1954), what was learned of it is forgotten, its bound rises, and it is explored anew.

use outlay_environment::{Brief, LineReport};

use super::history::History;
use super::linear::{factor, forward};
use super::paced::Split;
use super::returns::{Belief, Returns, knapsack_weights};

/// Prior standard deviation of a coefficient of a curve; the mean is a third. As all figures here chosen on validation
/// worlds and on worlds of random response curves.
const SPREAD: f64 = 0.3;
/// Steps that a line is judged by.
const WINDOW: usize = 28;
/// Prior standard deviation of a line's departure from its curve, relative to it.
const DEVIATION: f64 = 0.15;
/// How far in `ln(1 + x)` a departure reaches.
const LENGTH: f64 = 0.7;
/// Standard deviations in the upper confidence bound.
const CONFIDENCE: f64 = 0.5;
/// Slack and threshold of the CUSUM, in standard deviations: a false alarm in some ten thousand steps.
const SLACK: f64 = 0.5;
const ALARM: f64 = 8.0;
/// Units that a step's money is divided into.
const UNITS: usize = 60;
/// Share of a step's money that all lines share evenly, so that none is starved.
const KEPT_ALIVE: f64 = 0.05;

/// Gives each line the level that is best by upper confidence bounds.
#[derive(Debug, Default)]
pub struct GaussianProcess {
    returns: Option<Returns>,
    lines: Vec<Line>,
}

/// What is remembered of one line.
#[derive(Debug, Clone, Default)]
struct Line {
    /// Smoothed money for each step, major units.
    money: Vec<f64>,
    /// First step since the last change.
    since: usize,
    /// Upward and downward sums of the CUSUM.
    drift: [f64; 2],
}

impl Line {
    /// Takes in how far a report was from the curve, in standard deviations; whether that is a change.
    fn has_changed(&mut self, surprise: f64) -> bool {
        let [up, down] = self.drift;
        self.drift = [(up + surprise - SLACK).max(0.0), (down - surprise - SLACK).max(0.0)];
        self.drift.iter().any(|sum| *sum > ALARM)
    }
}

/// A Gaussian process conditioned on what one line was seen to bring.
struct Process {
    /// `[n]` `u` and mean of each observation.
    seen: Vec<(f64, f64)>,
    /// `[n, n]` Cholesky factor of the observations' covariance.
    root: Vec<f64>,
    /// `[n]` residuals behind the factor.
    residuals: Vec<f64>,
}

fn kernel((u, mean): (f64, f64), (v, other): (f64, f64)) -> f64 {
    let apart = (u - v) / LENGTH;
    DEVIATION * DEVIATION * mean * other * libm::exp(-0.5 * apart * apart)
}

impl Process {
    /// `observed`: `[n]` of `u` and mean, residual, variance of its noise.
    fn new(observed: &[((f64, f64), f64, f64)]) -> Self {
        let n = observed.len();
        let mut root = vec![0.0; n * n];
        for (i, (at, _, noise)) in observed.iter().enumerate() {
            for (j, (other, ..)) in observed.iter().enumerate().take(i + 1) {
                root[i * n + j] = kernel(*at, *other) + if i == j { *noise } else { 0.0 };
            }
        }
        factor(&mut root, n);
        let mut residuals: Vec<f64> = observed.iter().map(|(_, residual, _)| *residual).collect();
        forward(&root, &mut residuals);
        Self { seen: observed.iter().map(|(at, ..)| *at).collect(), root, residuals }
    }

    /// Mean and standard deviation of the departure at `u` where the curve is at `mean`.
    fn at(&self, u: f64, mean: f64) -> (f64, f64) {
        let mut cross: Vec<f64> = self.seen.iter().map(|seen| kernel(*seen, (u, mean))).collect();
        forward(&self.root, &mut cross);
        let departure = cross.iter().zip(&self.residuals).map(|(c, r)| c * r).sum();
        let known: f64 = cross.iter().map(|c| c * c).sum();
        (departure, libm::sqrt((kernel((u, mean), (u, mean)) - known).max(0.0)))
    }
}

impl GaussianProcess {
    /// Takes in the reports (`[lines]`) of `step`.
    fn learn(&mut self, step: usize, history: &History) {
        let Some(returns) = &mut self.returns else { return };
        let reports = history.step(step);
        for (index, (line, report)) in self.lines.iter_mut().zip(reports).enumerate() {
            let before = line.money.last().copied().unwrap_or(0.0);
            let delay = returns.delay();
            line.money.push(delay * before + (1.0 - delay) * report.spend.major());
            let curve = credit(&returns.mean(index), step, line.money[step]);
            let (seen, noise) = returns.credited(step, index, report);
            if step > 3 && line.has_changed((seen - curve) / libm::sqrt(noise)) {
                returns.forget(index);
                (line.since, line.drift) = (step, [0.0; 2]);
            }
        }
        returns.record(step, reports, history.shop(step));
    }

    /// What one line was seen to bring, since its last change and in the window.
    fn process(&self, returns: &Returns, index: usize, curve: &Belief<'_>, history: &History) -> Process {
        let line = &self.lines[index];
        let first = line.since.max(history.steps().saturating_sub(WINDOW));
        let observe = |step: usize| {
            let report: &LineReport = &history.step(step)[index];
            let mean = credit(curve, step, line.money[step]);
            let (seen, noise) = returns.credited(step, index, report);
            ((place(returns, line.money[step]), mean), seen - mean, noise)
        };
        Process::new(&(first..history.steps()).map(observe).collect::<Vec<_>>())
    }
}

/// The place of money on the axis of the process.
fn place(returns: &Returns, money: f64) -> f64 {
    libm::log1p(money / returns.pace())
}

/// What a line is expected to be credited with.
fn credit(curve: &Belief<'_>, step: usize, money: f64) -> f64 {
    curve.value(step, money) / curve.trusted()
}

impl Split for GaussianProcess {
    fn start(&mut self, brief: &Brief) {
        self.returns = Some(Returns::new(brief, SPREAD));
        self.lines = vec![Line::default(); brief.lines.len()];
    }

    fn weights(&mut self, history: &History, money: f64) -> Vec<f64> {
        let step = history.steps();
        if let Some(last) = step.checked_sub(1) {
            self.learn(last, history);
        }
        let Some(returns) = &self.returns else { return Vec::new() };
        let unit = money / UNITS as f64;
        let bounds: Vec<Vec<f64>> = (0..self.lines.len())
            .map(|index| {
                let curve = returns.mean(index);
                let process = self.process(returns, index, &curve, history);
                (0..=UNITS)
                    .map(|level| {
                        let money = level as f64 * unit;
                        let mean = credit(&curve, step, money);
                        let (departure, deviation) = process.at(place(returns, money), mean);
                        curve.trusted() * (mean + departure + CONFIDENCE * deviation)
                    })
                    .collect()
            })
            .collect();
        knapsack_weights(&bounds, UNITS, KEPT_ALIVE)
    }

    fn watches_spending(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_posterior_of_one_observation_by_hand() {
        // Prior variance 0.0225 at a mean of 1, noise 0.0025, residual 0.5: mean 0.45, variance 0.0225 * 0.0025 / 0.025.
        let process = Process::new(&[((0.0, 1.0), 0.5, 0.0025)]);
        let (mean, deviation) = process.at(0.0, 1.0);
        assert!((mean - 0.45).abs() < 1e-12 && (deviation - 0.0474341649).abs() < 1e-9);
        // Far away nothing is known.
        let (mean, deviation) = process.at(10.0, 2.0);
        assert!(mean.abs() < 1e-12 && (deviation - 0.3).abs() < 1e-12);
        assert_eq!(Process::new(&[]).at(1.0, 1.0), (0.0, 0.15));
    }

    #[test]
    fn only_lasting_surprise_is_a_change() {
        let mut line = Line::default();
        assert!((0..100).all(|step| !line.has_changed(if step % 2 == 0 { 2.0 } else { -2.0 })));
        let mut line = Line::default();
        let alarm = (0..10).position(|_| line.has_changed(-2.0));
        assert_eq!(alarm, Some(5));
    }
}
