//! What a file says of a curves world, and the drawing of its hidden parameters.

use super::{CurveLine, Curves};
use crate::curve::Curve;
use crate::draws::{Key, purpose};
use crate::observation::Brief;
use crate::reader::Drawn;

/// Lines with response curves.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveSettings {
    /// Standard deviation of the logarithm of the noise on each line's response in a step; its mean is 1.
    pub noise: f64,
    /// When what was caused arrives.
    pub delay: Option<Delay>,
    /// How lines change each other's response.
    pub synergy: Option<Synergy>,
    /// How many draws each list of numbers has, of which a world takes one: 0 where all numbers are drawn by themselves.
    pub draws: usize,
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
#[derive(Debug, Clone, PartialEq)]
pub enum UncertainCurve {
    /// `value * x^exponent`
    Power {
        /// Response at one major unit.
        value: Drawn,
        /// Elasticity, up to 1.
        exponent: Drawn,
    },
    /// `value * x^slope / (half^slope + x^slope)`
    Hill {
        /// Response far out.
        value: Drawn,
        /// Stock at which half of it is reached; or, where `daily`, the spend that leads there when kept up.
        half: Drawn,
        /// Whether `half` is a daily spend: the stock at half is then `half / (1 - retention)`.
        daily: bool,
        /// Steepness.
        slope: Drawn,
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
    pub retention: Drawn,
    /// Stock before the first step, major units, without what `history` left.
    pub stock: f64,
    /// `[steps before]` money spent before the first step, the last step last, major units.
    pub history: Vec<f64>,
    /// Cost of spending: `c / 2 * spend^2`.
    pub quadratic_cost: f64,
    /// Standard deviation of the daily change of the logarithm of its response, a random walk that nobody is told.
    pub drift: f64,
}

impl CurveSettings {
    /// Draws the hidden parameters from the key of a world; without one each is at its median, and nothing drifts.
    /// A line's draws depend on its name alone; where numbers are lists, the place in them is the world's.
    #[must_use]
    pub fn draw(&self, brief: &Brief, world: Option<Key>) -> Curves {
        let place = world.filter(|_| self.draws > 0).map(|key| {
            let uniform = key.with(purpose::PARAMETERS).with(2).uniform();
            ((uniform * self.draws as f64) as usize).min(self.draws - 1)
        });
        let line = |(index, line): (usize, &CurveLineSettings)| {
            let key = world.map(|key| key.with(purpose::PARAMETERS).with(1).with_name(&line.name));
            let (curve, retention) = line.draw(key, place);
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
                stock: line.opening_stock(retention),
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
    /// The curve and the retention of one world, which takes lists at `place`.
    fn draw(&self, key: Option<Key>, place: Option<usize>) -> (Curve, f64) {
        let draw = |value: &Drawn, purpose: u64| value.draw(key.map(|key| key.with(purpose)), place);
        let retention = draw(&self.retention, 0);
        let curve = match &self.curve {
            UncertainCurve::Power { value, exponent } => {
                Curve::Power { value: draw(value, 1), exponent: draw(exponent, 2) }
            }
            UncertainCurve::Hill { value, half, daily, slope } => {
                let stock = if *daily { 1.0 / (1.0 - retention) } else { 1.0 };
                Curve::Hill { value: draw(value, 1), half: draw(half, 2) * stock, slope: draw(slope, 3) }
            }
        };
        (curve, retention)
    }

    /// The curve and the retention that the file alone tells.
    #[must_use]
    pub fn median(&self) -> (Curve, f64) {
        self.draw(None, None)
    }

    /// The stock before the first step, where this share of it is left after a step.
    #[must_use]
    pub fn opening_stock(&self, retention: f64) -> f64 {
        self.history.iter().fold(self.stock, |stock, spend| spend + retention * stock)
    }

    /// The numbers that are lists, with their keys.
    pub(crate) fn lists(&self) -> Vec<(&'static str, usize)> {
        let numbers: Vec<(&'static str, &Drawn)> = match &self.curve {
            UncertainCurve::Power { value, exponent } => vec![("value", value), ("exponent", exponent)],
            UncertainCurve::Hill { value, half, daily, slope } => {
                vec![("value", value), (if *daily { "daily_half" } else { "half" }, half), ("slope", slope)]
            }
        };
        let numbers = numbers.into_iter().chain([("retention", &self.retention)]);
        numbers.filter_map(|(key, number)| Some((key, number.draws()?))).collect()
    }
}

impl Delay {
    /// Share of what a step causes that counts, with `steps` steps left, its own included.
    #[must_use]
    pub fn in_time(&self, steps: usize) -> f64 {
        if self.counted_after_end { 1.0 } else { 1.0 - libm::pow(self.later, steps as f64) }
    }
}
