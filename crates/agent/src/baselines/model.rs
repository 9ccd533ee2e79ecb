//! A response model of the market, as media-mix models have it: a base, and for each line saturation after carry-over.
//!
//! `outcome_t = base_t + sum_i effect_ti * stock_ti / (stock_ti + half_i)`,
//! `stock_ti = spend_ti / price_t + retention_i * stock_(t-1)i` (Hill with slope 1 after geometric carry-over). The
//! calendar is in `effect`: what the line's full saturation is worth in each step.

use super::curves::{hill, hill_slope};
use super::planner::Response;

/// The model of one scenario or world.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Number of lines.
    pub lines: usize,
    /// `[steps]` outcome without any spend.
    pub base: Vec<f64>,
    /// `[steps]` price of advertising relative to an ordinary day.
    pub price: Vec<f64>,
    /// `[steps * lines]` outcome of a saturated line, row by row.
    pub effect: Vec<f64>,
    /// `[lines]` stock at which half of it is reached.
    pub half: Vec<f64>,
    /// `[lines]` share of the stock that is left after a step.
    pub retention: Vec<f64>,
}

impl Model {
    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.base.len()
    }

    /// Lets one step pass: `stock` (`[lines]`) decays and takes in what was spent (`[lines]`) in `step`.
    pub fn carry(&self, step: usize, spend: &[f64], stock: &mut [f64]) {
        for ((stock, retention), spend) in stock.iter_mut().zip(&self.retention).zip(spend) {
            *stock = spend / self.price[step] + retention * *stock;
        }
    }

    /// What `line` adds to the outcome of `step` with `stock`.
    #[must_use]
    pub fn added(&self, step: usize, line: usize, stock: f64) -> f64 {
        self.effect[step * self.lines + line] * hill(stock, self.half[line], 1.0)
    }

    /// `[steps]` outcomes of a whole plan `[steps * lines]`.
    #[must_use]
    pub fn outcomes(&self, plan: &[f64]) -> Vec<f64> {
        let mut stock = vec![0.0; self.lines];
        let step = |(step, spend): (usize, &[f64])| {
            self.carry(step, spend, &mut stock);
            self.base[step] + (0..self.lines).map(|line| self.added(step, line, stock[line])).sum::<f64>()
        };
        plan.chunks(self.lines).enumerate().map(step).collect()
    }
}

/// The rest of an episode under a model, as the planner sees it. Plans are `[steps left * lines]`, row by row.
#[derive(Debug, Clone)]
pub struct Ahead<'a> {
    /// The model.
    pub model: &'a Model,
    /// First step to plan.
    pub step: usize,
    /// `[lines]` stock before that step.
    pub stock: &'a [f64],
    /// `[lines]` factor on each line's effect.
    pub scale: &'a [f64],
    /// `[steps * lines]` factor on each marginal return (1 for the model's own).
    pub correction: Option<&'a [f64]>,
}

impl Response for Ahead<'_> {
    fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
        let Self { model, stock, scale, .. } = *self;
        let lines = model.lines;
        let mut stock = stock.to_vec();
        let mut total = 0.0;
        for (row, (spend, slopes)) in plan.chunks(lines).zip(gradient.chunks_mut(lines)).enumerate() {
            let step = self.step + row;
            model.carry(step, spend, &mut stock);
            for line in 0..lines {
                let effect = scale[line] * model.effect[step * lines + line];
                total += effect * hill(stock[line], model.half[line], 1.0);
                slopes[line] = effect * hill_slope(stock[line], model.half[line], 1.0);
            }
        }
        // Carry-over backwards: money spent in a step also serves every later one.
        let mut later = vec![0.0; lines];
        for (row, slopes) in gradient.chunks_mut(lines).enumerate().rev() {
            let step = self.step + row;
            for line in 0..lines {
                later[line] = slopes[line] + model.retention[line] * later[line];
                slopes[line] = later[line] / model.price[step];
            }
        }
        if let Some(correction) = self.correction {
            let ahead = &correction[self.step * lines..];
            gradient.iter_mut().zip(ahead).for_each(|(slope, factor)| *slope *= factor);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        Model {
            lines: 2,
            base: vec![1.0, 2.0, 3.0],
            price: vec![1.0, 2.0, 1.0],
            effect: vec![10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
            half: vec![2.0, 4.0],
            retention: vec![0.5, 0.0],
        }
    }

    #[test]
    fn outcomes_by_hand() {
        let outcomes = model().outcomes(&[2.0, 0.0, 0.0, 8.0, 0.0, 0.0]);
        let wanted = [1.0 + 10.0 * 0.5, 2.0 + 30.0 / 3.0 + 40.0 * 0.5, 3.0 + 50.0 * 0.5 / 2.5];
        assert!(outcomes.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{outcomes:?}");
    }

    #[test]
    fn the_gradient_is_the_derivative() {
        let model = model();
        let ahead =
            Ahead { model: &model, step: 1, stock: &[1.0, 3.0], scale: &[2.0, 0.5], correction: None };
        let plan = [1.0, 2.0, 3.0, 4.0];
        let mut gradient = [0.0; 4];
        ahead.gradient(&plan, &mut gradient);
        for cell in 0..4 {
            let at = |change: f64| {
                let mut plan = plan;
                plan[cell] += change;
                ahead.gradient(&plan, &mut [0.0; 4])
            };
            assert!(((at(1e-6) - at(-1e-6)) / 2e-6 - gradient[cell]).abs() < 1e-6, "cell {cell}");
        }
    }
}
