//! Thompson sampling on lines' budget levels with a knapsack for each step (B4: Nuara et al. 2022, "Online joint bid/daily
//! budget optimization of Internet advertising campaigns", there with Gaussian processes for curves).

use outlay_environment::{Brief, Key};

use super::history::History;
use super::paced::Split;
use super::returns::{Returns, SHAPES, knapsack_weights};

/// Units that a step's money is divided into.
const UNITS: usize = 60;
/// Prior standard deviation of a coefficient of a curve; the mean is a third. As the next figure chosen on validation
/// worlds.
const SPREAD: f64 = 0.3;
/// Spread of the draws relative to the posterior's: a season is too short for as much exploration as regret bounds ask.
const BOLDNESS: f64 = 0.5;
/// Share of a step's money that all lines share evenly, so that none is starved.
const KEPT_ALIVE: f64 = 0.05;

/// Draws a curve for every line from what is believed of it, and gives each line the level that is best for the draws.
#[derive(Debug)]
pub struct Bandit {
    key: Key,
    returns: Option<Returns>,
    lines: usize,
}

impl Bandit {
    /// Draws from `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: Key::new(seed).with_name("bandit"), returns: None, lines: 0 }
    }
}

impl Split for Bandit {
    fn start(&mut self, brief: &Brief) {
        self.lines = brief.lines.len();
        self.returns = Some(Returns::new(brief, SPREAD));
    }

    fn weights(&mut self, history: &History, money: f64) -> Vec<f64> {
        let Some(returns) = &mut self.returns else { return Vec::new() };
        let step = history.steps();
        if let Some(last) = step.checked_sub(1) {
            returns.record(last, history.step(last), history.shop(last));
        }
        let unit = money / UNITS as f64;
        let values: Vec<Vec<f64>> = (0..self.lines)
            .map(|line| {
                let key = self.key.with(step as u64).with(line as u64);
                let normals: [f64; SHAPES.len()] =
                    std::array::from_fn(|shape| BOLDNESS * key.with(shape as u64).normal());
                let belief = returns.draw(line, &normals);
                (0..=UNITS).map(|level| belief.value(step, level as f64 * unit)).collect()
            })
            .collect();
        knapsack_weights(&values, UNITS, KEPT_ALIVE)
    }

    fn watches_spending(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{brief, observation, spent};

    #[test]
    fn the_better_line_gets_more_and_none_is_starved() {
        let plan = Brief { goal: "revenue".into(), ..brief(2, 40) };
        let mut bandit = Bandit::new(3);
        bandit.start(&plan);
        let mut history = History::new(&plan);
        for step in 0..20 {
            history.record(&observation(step, 0.0, vec![spent(50.0, 300.0), spent(50.0, 30.0)]));
            let weights = bandit.weights(&history, 100.0);
            let total: f64 = weights.iter().sum();
            assert!(weights.iter().all(|weight| *weight >= 0.5 * KEPT_ALIVE * total - 1e-9), "{weights:?}");
            assert!(step < 10 || weights[0] > 2.0 * weights[1], "{weights:?}");
        }
    }
}
