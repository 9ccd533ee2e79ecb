//! What is declared of one line in advance: its own season, and the curve that the file gives it.

use libm::log;
use outlay_environment::{Brief, Curve, Observation};

/// Features of one line that this module writes.
pub(crate) const DECLARED_FEATURES: usize = 11;
/// Features of a line's season.
const SEASON_FEATURES: usize = 3;
/// Days ahead over which a line's season is averaged.
const AHEAD_DAYS: f64 = 3.0;

/// The declared side of every line of an episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    /// `[steps, lines, SEASON_FEATURES]` of the lines' own seasons against the common calendar.
    season: Vec<[f64; SEASON_FEATURES]>,
    /// `[lines]` what was spent, with the carry-over that the file declares, major units.
    stocks: Vec<f64>,
}

impl Declared {
    /// Reads the seasons of a brief.
    pub(crate) fn read(&mut self, brief: &Brief) {
        let span = ((AHEAD_DAYS / brief.step_days).round() as usize).max(1);
        self.season.clear();
        for step in 0..brief.steps {
            for (line, described) in brief.lines.iter().enumerate() {
                if described.season.is_empty() {
                    self.season.push([0.0; SEASON_FEATURES]);
                    continue;
                }
                let against = |from: usize, to: usize| {
                    let (mut own, mut common) = (1e-3, 1e-3);
                    for step in from..to {
                        own += brief.season(line, step);
                        common += brief.calendar[step].demand;
                    }
                    log(own / common)
                };
                let now = against(step, step + 1);
                let next = against(step + 1, (step + 1 + span).min(brief.steps));
                self.season.push([now, next - now, against(step, brief.steps) - now]);
            }
        }
    }

    /// Forgets what was spent.
    pub(crate) fn start(&mut self, brief: &Brief) {
        self.stocks.clear();
        self.stocks.extend(brief.lines.iter().map(|line| line.prior.map_or(0.0, |prior| prior.stock)));
    }

    /// Takes in the spending of the step before.
    pub(crate) fn remember(&mut self, brief: &Brief, observation: &Observation) {
        for ((stock, report), line) in self.stocks.iter_mut().zip(&observation.lines).zip(&brief.lines) {
            *stock = report.spend.major() + line.prior.map_or(0.0, |prior| prior.retention) * *stock;
        }
    }

    /// The features of `line`; `unit` is a line's even share of a step, major units.
    pub(crate) fn features(
        &self,
        brief: &Brief,
        observation: &Observation,
        line: usize,
        unit: f64,
    ) -> [f64; DECLARED_FEATURES] {
        let step = observation.step.min(brief.steps.saturating_sub(1));
        let [now, next, rest] =
            self.season.get(step * brief.lines.len() + line).copied().unwrap_or([0.0; SEASON_FEATURES]);
        let offer = observation.offers.get(line).copied().unwrap_or(0.0);
        let Some(prior) = brief.lines[line].prior else {
            return [now, next, rest, offer, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        };
        let priors = || brief.lines.iter().filter_map(|line| line.prior);
        let lines = priors().count().max(1) as f64;
        let mean = priors().map(|prior| level(&prior.curve)).sum::<f64>() / lines;
        // What a unit more would bring by the file, against the mean line.
        let kept = |line: usize, retention: f64| retention * self.stocks[line] + 0.5 * unit;
        let slopes = brief.lines.iter().enumerate().filter_map(|(line, described)| {
            let prior = described.prior?;
            Some(prior.curve.slope(kept(line, prior.retention)))
        });
        let slope = prior.curve.slope(kept(line, prior.retention));
        let (half, power) = match prior.curve {
            Curve::Power { exponent, .. } => (0.0, exponent),
            Curve::Hill { half, slope, .. } => (log(half / unit), slope),
        };
        let ratio = |a: f64, b: f64| log(a.max(1e-12) / b.max(1e-12)).clamp(-5.0, 5.0);
        [
            now,
            next,
            rest,
            offer,
            ratio(level(&prior.curve), mean),
            half,
            power,
            f64::from(matches!(prior.curve, Curve::Power { .. })),
            prior.retention,
            log(0.1 + self.stocks[line] / unit),
            ratio(slope, slopes.sum::<f64>() / lines),
        ]
    }
}

/// The curve's own size.
fn level(curve: &Curve) -> f64 {
    match *curve {
        Curve::Power { value, .. } | Curve::Hill { value, .. } => value,
    }
}
