//! The curves world: lines with response curves instead of shoppers.
//!
//! ```text
//! stock_ti    = spend_ti + retention_i * stock_(t-1)i                              (geometric carry-over)
//! response_ti = weight_ti * curve_i(stock_ti) * (1 + sum_j synergy_ij * h_j(stock_tj))
//! value_t     = sum_i response_ti - quadratic_cost_i / 2 * spend_ti^2
//! ```
//!
//! `h` is a Hill curve's share of its ceiling, so synergy is a matter of how saturated the other lines are. It carries the
//! problems with a known answer and the curves that media-mix models produce.

pub(crate) mod read;
pub mod settings;
pub(crate) mod state;

use crate::curve::Curve;
pub use settings::{CurveLineSettings, CurveSettings, Delay, Synergy, UncertainCurve};

/// One line with known parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveLine {
    /// Response to the stock.
    pub curve: Curve,
    /// Share of the stock that is left after a step.
    pub retention: f64,
    /// Stock before the first step, major units.
    pub stock: f64,
    /// `[steps]` factor on the response: calendar, drift, what arrives in time.
    pub weight: Vec<f64>,
    /// Cost of spending, `c / 2 * spend^2` in units of the response; usually 0.
    pub quadratic_cost: f64,
}

/// Lines with known parameters: a drawn world, or what an agent believes of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// The lines.
    pub lines: Vec<CurveLine>,
    /// `[lines * lines]`, row by row: how much line i's response rises when line j is saturated. Empty without synergy.
    pub synergy: Vec<f64>,
}

impl Curves {
    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.lines.first().map_or(0, |line| line.weight.len())
    }

    /// Whether lines change each other's response.
    #[must_use]
    pub fn has_synergy(&self) -> bool {
        self.synergy.iter().any(|entry| *entry != 0.0)
    }

    /// The value of a whole plan, `[steps * lines]` major units, row by row.
    #[must_use]
    pub fn value(&self, plan: &[f64]) -> f64 {
        let mut stocks: Vec<f64> = self.lines.iter().map(|line| line.stock).collect();
        let mut responses = vec![0.0; self.lines.len()];
        let mut total = 0.0;
        for (step, spend) in plan.chunks(self.lines.len().max(1)).enumerate() {
            total += self.step(step, spend, &mut stocks, &mut responses);
        }
        total
    }

    /// Lets one step pass: `stocks` (`[lines]`) decay and take in `spend` (`[lines]`); `responses` (`[lines]`) is what each
    /// line brings, its cost taken off. Returns their sum.
    pub fn step(&self, step: usize, spend: &[f64], stocks: &mut [f64], responses: &mut [f64]) -> f64 {
        for ((line, stock), spend) in self.lines.iter().zip(stocks.iter_mut()).zip(spend) {
            *stock = spend + line.retention * *stock;
        }
        let mut total = 0.0;
        for (i, line) in self.lines.iter().enumerate() {
            let response = line.weight[step] * line.curve.value(stocks[i]) * self.lift(i, stocks);
            responses[i] = response - 0.5 * line.quadratic_cost * spend[i] * spend[i];
            total += responses[i];
        }
        total
    }

    /// What the other lines' saturation makes of line `i`'s response.
    fn lift(&self, i: usize, stocks: &[f64]) -> f64 {
        let lines = self.lines.len();
        let Some(row) = self.synergy.get(i * lines..(i + 1) * lines) else { return 1.0 };
        let others = row.iter().zip(&self.lines).zip(stocks);
        1.0 + others.map(|((entry, line), stock)| entry * line.curve.saturation(*stock)).sum::<f64>()
    }

    /// The same lines from `step` on, with the stocks (`[lines]`) as they are before it.
    #[must_use]
    pub fn rest(&self, step: usize, stocks: &[f64]) -> Self {
        let line = |(line, stock): (&CurveLine, &f64)| CurveLine {
            stock: *stock,
            weight: line.weight[step..].to_vec(),
            ..*line
        };
        Self { lines: self.lines.iter().zip(stocks).map(line).collect(), synergy: self.synergy.clone() }
    }

    /// The same lines with money divided by `money` and the response by `response`.
    #[must_use]
    pub fn in_units(&self, money: f64, response: f64) -> Self {
        let line = |line: &CurveLine| CurveLine {
            curve: line.curve.in_units(money, response),
            stock: line.stock / money,
            weight: line.weight.clone(),
            quadratic_cost: line.quadratic_cost * money * money / response,
            ..*line
        };
        Self { lines: self.lines.iter().map(line).collect(), synergy: self.synergy.clone() }
    }
}
