//! A response model of the market, as media-mix models have it: a base, and for each line saturation within a step, then
//! carry-over.
//!
//! ```text
//! reach_ti = room_t * spend_ti / (spend_ti + half_i * price_t * room_t)     (Hill with slope 1)
//! stock_ti = reach_ti + retention_i * stock_(t-1)i                          (geometric carry-over)
//! pull_t   = sum_i effect_ti * stock_ti
//! outcome_t = base_t + pull_t / (1 + crowding * pull_t / scale_t)
//! ```
//!
//! `room` is the calendar's traffic and `price` its price of advertising, so that saturation is a matter of a step's
//! auctions; what was reached works on for as long as shoppers remember. `crowding` is how much lines take from each
//! other; `scale` is the base, or a small part of the mean outcome where next to nothing comes without spend. The demand of the calendar is in `effect`.

use crate::planning::Response;
use outlay_environment::curve::{hill, hill_slope};

/// The model of one scenario or world.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Number of lines.
    pub lines: usize,
    /// `[steps]` outcome without any spend.
    pub base: Vec<f64>,
    /// `[steps]` what a pull is measured against where lines crowd, above zero.
    pub scale: Vec<f64>,
    /// `[steps]` traffic relative to an ordinary day.
    pub room: Vec<f64>,
    /// `[steps]` price of advertising relative to an ordinary day.
    pub price: Vec<f64>,
    /// `[steps * lines]` outcome of one unit of stock, row by row.
    pub effect: Vec<f64>,
    /// `[lines]` spend at which half of the room of an ordinary day is reached.
    pub half: Vec<f64>,
    /// `[lines]` share of the stock that is left after a step.
    pub retention: Vec<f64>,
    /// How much the lines' effects take from each other, relative to the scale.
    pub crowding: f64,
    /// `[steps * lines]` most money that each line can spend in each step, infinite where no end was seen.
    pub capacity: Vec<f64>,
}

impl Model {
    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.base.len()
    }

    /// What `spend` reaches.
    #[must_use]
    pub fn reach(&self, step: usize, line: usize, spend: f64) -> f64 {
        self.room[step] * hill(spend, self.half[line] * self.price[step] * self.room[step], 1.0)
    }

    /// Lets one step pass: `stock` (`[lines]`) decays and takes in what was spent (`[lines]`) in `step`.
    pub fn carry(&self, step: usize, spend: &[f64], stock: &mut [f64]) {
        for (line, stock) in stock.iter_mut().enumerate() {
            *stock = self.reach(step, line, spend[line]) + self.retention[line] * *stock;
        }
    }

    /// `[lines]` effect of one unit of stock in a step.
    #[must_use]
    pub fn effects(&self, step: usize) -> &[f64] {
        &self.effect[step * self.lines..(step + 1) * self.lines]
    }

    /// The part of a `pull` on a step that shows in its outcome.
    #[must_use]
    pub fn shown(&self, step: usize, pull: f64) -> f64 {
        pull / (1.0 + self.crowding * pull / self.scale[step])
    }

    /// Derivative of [`Self::shown`] by the pull.
    #[must_use]
    pub fn shown_slope(&self, step: usize, pull: f64) -> f64 {
        let crowd = 1.0 + self.crowding * pull / self.scale[step];
        1.0 / (crowd * crowd)
    }

    /// `[steps]` outcomes of a whole plan `[steps * lines]`.
    #[must_use]
    pub fn outcomes(&self, plan: &[f64]) -> Vec<f64> {
        let mut stock = vec![0.0; self.lines];
        let step = |(step, spend): (usize, &[f64])| {
            self.carry(step, spend, &mut stock);
            let pull = stock.iter().zip(self.effects(step)).map(|(stock, effect)| stock * effect).sum();
            self.base[step] + self.shown(step, pull)
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
    /// `[steps * lines]` factor on the marginal return of money in each cell, from the season's first step on; empty for
    /// none. Where a search knows a better plan than the model's, it draws the model towards that.
    pub tilt: &'a [f64],
}

impl Response for Ahead<'_> {
    fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
        let Self { model, scale, .. } = *self;
        let lines = model.lines;
        let mut stock = self.stock.to_vec();
        let mut total = 0.0;
        for (row, (spend, slopes)) in plan.chunks(lines).zip(gradient.chunks_mut(lines)).enumerate() {
            let step = self.step + row;
            model.carry(step, spend, &mut stock);
            let effects = || model.effects(step).iter().zip(scale).map(|(effect, scale)| effect * scale);
            let pull = effects().zip(&stock).map(|(effect, stock)| effect * stock).sum();
            total += model.shown(step, pull);
            let shown = model.shown_slope(step, pull);
            slopes.iter_mut().zip(effects()).for_each(|(slope, effect)| *slope = shown * effect);
        }
        // Carry-over backwards: what is reached in a step also serves every later one.
        let mut later = vec![0.0; lines];
        for (row, slopes) in gradient.chunks_mut(lines).enumerate().rev() {
            let step = self.step + row;
            let room = model.room[step];
            for line in 0..lines {
                later[line] = slopes[line] + model.retention[line] * later[line];
                let half = model.half[line] * model.price[step] * room;
                let tilt = self.tilt.get(step * lines + line).copied().unwrap_or(1.0);
                slopes[line] = tilt * later[line] * room * hill_slope(plan[row * lines + line], half, 1.0);
            }
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
            base: vec![10.0, 20.0, 30.0],
            scale: vec![10.0, 20.0, 30.0],
            room: vec![1.0, 2.0, 1.0],
            price: vec![1.0, 2.0, 1.0],
            effect: vec![10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
            half: vec![2.0, 4.0],
            retention: vec![0.5, 0.0],
            crowding: 0.0,
            capacity: vec![f64::INFINITY; 6],
        }
    }

    #[test]
    fn outcomes_by_hand() {
        let mut model = model();
        let plan = [2.0, 0.0, 0.0, 16.0, 0.0, 0.0];
        // Line 0 reaches half of the room and keeps half of it twice; line 1 half of a double room, and forgets.
        let pulls = [10.0 * 0.5, 30.0 * 0.25 + 40.0 * 1.0, 50.0 * 0.125];
        let close = |outcomes: Vec<f64>, wanted: [f64; 3]| {
            assert!(outcomes.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{outcomes:?}");
        };
        close(model.outcomes(&plan), [10.0 + pulls[0], 20.0 + pulls[1], 30.0 + pulls[2]]);
        model.crowding = 0.5;
        let crowded = |base: f64, pull: f64| base + pull / (1.0 + 0.5 * pull / base);
        close(
            model.outcomes(&plan),
            [crowded(10.0, pulls[0]), crowded(20.0, pulls[1]), crowded(30.0, pulls[2])],
        );
    }

    #[test]
    fn the_gradient_is_the_derivative() {
        let model = Model { crowding: 0.3, ..model() };
        let ahead = Ahead { model: &model, step: 1, stock: &[1.0, 3.0], scale: &[2.0, 0.5], tilt: &[] };
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
