//! What a file says of a curves world, and the drawing of its hidden parameters.

use super::{CurveLine, Curves};
use crate::curve::Curve;
use crate::draws::{Key, purpose};
use crate::observation::Brief;
use crate::reader::Uncertain;

/// Lines with response curves.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveSettings {
    /// Standard deviation of the logarithm of the noise on each line's response in a step; its mean is 1.
    pub noise: f64,
    /// When what was caused arrives.
    pub delay: Option<Delay>,
    /// How lines change each other's response.
    pub synergy: Option<Synergy>,
    /// The lines money is given to.
    pub lines: Vec<CurveLineSettings>,
}

/// Delay between the spending that causes a response and its arrival: a share `1 - later` in the same step, of the rest
/// again `1 - later` in the next, and so on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// Share of what is still to come that comes later than the next step.
    pub later: f64,
    /// Whether what arrives after the last step counts (it is then booked in the last step) or is lost.
    pub counted_after_end: bool,
}

/// Entries of the synergy matrix: each is zero, or normal with mean zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synergy {
    /// Share of entries off the diagonal that are not zero.
    pub density: f64,
    /// Standard deviation of an entry.
    pub spread: f64,
    /// Whether entries are made positive (`|N(0, spread)|`).
    pub positive: bool,
}

/// The shape of a line's curve with what is not known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum UncertainCurve {
    /// `value * x^exponent`
    Power {
        /// Response at one major unit.
        value: Uncertain,
        /// Elasticity, up to 1.
        exponent: Uncertain,
    },
    /// `value * x^slope / (half^slope + x^slope)`
    Hill {
        /// Response far out.
        value: Uncertain,
        /// Stock at which half of it is reached; or, where `daily`, the spend that leads there when kept up.
        half: Uncertain,
        /// Whether `half` is a daily spend: the stock at half is then `half / (1 - retention)`.
        daily: bool,
        /// Steepness.
        slope: Uncertain,
    },
}

/// One line of a curves world.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveLineSettings {
    /// Its name, unique.
    pub name: String,
    /// Its response.
    pub curve: UncertainCurve,
    /// Share of its stock that is left after a step.
    pub retention: Uncertain,
    /// Stock before the first step, major units.
    pub stock: f64,
    /// Cost of spending: `c / 2 * spend^2`.
    pub quadratic_cost: f64,
    /// Standard deviation of the daily change of the logarithm of its response, a random walk that nobody is told.
    pub drift: f64,
}

impl CurveSettings {
    /// Draws the hidden parameters from the key of a world; without one each is at its median, and nothing drifts.
    /// A line's draws depend on its name alone.
    #[must_use]
    pub fn draw(&self, brief: &Brief, world: Option<Key>) -> Curves {
        let line = |(index, line): (usize, &CurveLineSettings)| {
            let key = world.map(|key| key.with(purpose::PARAMETERS).with(1).with_name(&line.name));
            let (curve, retention) = line.draw(key);
            let mut log_drift = 0.0;
            let weight = (0..brief.steps).map(|step| {
                if let Some(world) = world {
                    let key = world.with(purpose::DRIFT).with_name(&line.name).with(step as u64);
                    log_drift += line.drift * libm::sqrt(brief.step_days) * key.normal();
                }
                let in_time = self.delay.map_or(1.0, |delay| delay.in_time(brief.steps - step));
                brief.season(index, step) * libm::exp(log_drift) * in_time
            });
            CurveLine {
                curve,
                retention,
                stock: line.stock,
                weight: weight.collect(),
                quadratic_cost: line.quadratic_cost,
            }
        };
        let lines: Vec<CurveLine> = self.lines.iter().enumerate().map(line).collect();
        let synergy = match (self.synergy, world) {
            (Some(synergy), Some(world)) => self.matrix(synergy, world),
            _ => Vec::new(),
        };
        Curves { lines, synergy }
    }

    /// `[lines * lines]` the drawn synergy.
    fn matrix(&self, synergy: Synergy, world: Key) -> Vec<f64> {
        let entry = |to: &CurveLineSettings, from: &CurveLineSettings| {
            let key = world.with(purpose::SYNERGY).with_name(&to.name).with_name(&from.name);
            if to.name == from.name || key.with(0).uniform() >= synergy.density {
                return 0.0;
            }
            let entry = synergy.spread * key.with(1).normal();
            if synergy.positive { entry.abs() } else { entry }
        };
        self.lines.iter().flat_map(|to| self.lines.iter().map(move |from| entry(to, from))).collect()
    }
}

impl CurveLineSettings {
    /// The curve and the retention of one world.
    fn draw(&self, key: Option<Key>) -> (Curve, f64) {
        let draw = |value: Uncertain, purpose: u64| value.draw(key.map(|key| key.with(purpose)));
        let retention = draw(self.retention, 0);
        let curve = match self.curve {
            UncertainCurve::Power { value, exponent } => {
                Curve::Power { value: draw(value, 1), exponent: draw(exponent, 2) }
            }
            UncertainCurve::Hill { value, half, daily, slope } => {
                let stock = if daily { 1.0 / (1.0 - retention) } else { 1.0 };
                Curve::Hill { value: draw(value, 1), half: draw(half, 2) * stock, slope: draw(slope, 3) }
            }
        };
        (curve, retention)
    }

    /// The curve and the retention that the file alone tells.
    #[must_use]
    pub fn median(&self) -> (Curve, f64) {
        self.draw(None)
    }
}

impl Delay {
    /// Share of what a step causes that counts, with `steps` steps left, its own included.
    #[must_use]
    pub fn in_time(&self, steps: usize) -> f64 {
        if self.counted_after_end { 1.0 } else { 1.0 - libm::pow(self.later, steps as f64) }
    }
}
