//! Rules of thumb: how a step's money is split by people without a model.
//!
//! All keep an even pace ([`Paced`](super::paced::Paced)). Sources: `even` B0, `roi-proportional` B1, `buyer-rule` B2 in
//! the usual order of the literature on budget allocation.

use outlay_environment::{Brief, LineReport};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::history::History;
use super::paced::Split;
use super::yardstick::Yardstick;

/// Days that a platform's report is summed over by those who act on it.
const PERIOD_DAYS: f64 = 7.0;

/// A fresh split for each step, uniform over all splits (Dirichlet with every parameter 1).
#[derive(Debug)]
pub struct Random {
    stream: ChaCha8Rng,
    lines: usize,
}

impl Random {
    /// Draws from `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { stream: ChaCha8Rng::seed_from_u64(seed), lines: 0 }
    }
}

impl Split for Random {
    fn start(&mut self, brief: &Brief) {
        self.lines = brief.lines.len();
    }

    fn weights(&mut self, _history: &History, _money: f64) -> Vec<f64> {
        // Independent exponentials divided by their sum are uniform on the simplex.
        (0..self.lines).map(|_| -libm::log(1.0 - self.stream.random::<f64>())).collect()
    }
}

/// The same weights in every step: all equal, or all on one line.
#[derive(Debug, Clone)]
pub struct Fixed {
    chosen: Option<usize>,
    weights: Vec<f64>,
}

impl Fixed {
    /// Every line the same.
    #[must_use]
    pub fn even() -> Self {
        Self { chosen: None, weights: Vec::new() }
    }

    /// Everything on one line.
    #[must_use]
    pub fn single(line: usize) -> Self {
        Self { chosen: Some(line), weights: Vec::new() }
    }
}

impl Split for Fixed {
    fn start(&mut self, brief: &Brief) {
        let weight = |line| f64::from(self.chosen.is_none_or(|chosen| chosen == line));
        self.weights = (0..brief.lines.len()).map(weight).collect();
    }

    fn weights(&mut self, _history: &History, _money: f64) -> Vec<f64> {
        self.weights.clone()
    }
}

/// Repeats in each period of seven days the split by which money was *spent* in the period before; the first is even.
/// What a line could not spend is lost to it, so the split drifts to where money flows.
#[derive(Debug, Clone, Default)]
pub struct LastPeriod {
    lines: usize,
}

impl Split for LastPeriod {
    fn start(&mut self, brief: &Brief) {
        self.lines = brief.lines.len();
    }

    fn weights(&mut self, history: &History, _money: f64) -> Vec<f64> {
        let period = history.window(PERIOD_DAYS);
        let end = history.steps() / period * period;
        if end == 0 {
            return vec![1.0; self.lines];
        }
        history.sum(end - period..end).iter().map(|report| report.spend.major()).collect()
    }
}

/// Share proportional to credited revenue per spend, both over the last seven days (B1). A line without spend in them
/// counts as average.
#[derive(Debug, Clone, Default)]
pub struct RoiProportional;

impl Split for RoiProportional {
    fn start(&mut self, _brief: &Brief) {}

    fn weights(&mut self, history: &History, _money: f64) -> Vec<f64> {
        rates(&history.last_days(PERIOD_DAYS), Yardstick::default())
    }

    fn watches_spending(&self) -> bool {
        true
    }
}

/// The practitioners' rule (B2): a line's money of the step before times 1.2 if its seven days beat the average of all
/// lines, times 0.8 if they do not, then rescaled to the step's money.
///
/// A buyer who is after new customers reads the credited cost of one, any other the credited revenue per spend.
#[derive(Debug, Clone, Default)]
pub struct BuyerRule {
    yardstick: Yardstick,
    /// `[lines]` weights of the step before.
    weights: Vec<f64>,
}

impl Split for BuyerRule {
    fn start(&mut self, brief: &Brief) {
        self.yardstick = Yardstick::of(brief);
        self.weights = vec![1.0 / brief.lines.len().max(1) as f64; brief.lines.len()];
    }

    fn weights(&mut self, history: &History, _money: f64) -> Vec<f64> {
        if history.steps() == 0 {
            return self.weights.clone();
        }
        let rates = rates(&history.last_days(PERIOD_DAYS), self.yardstick);
        let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        for (weight, rate) in self.weights.iter_mut().zip(rates) {
            *weight *= match rate.total_cmp(&mean) {
                std::cmp::Ordering::Greater => 1.2,
                std::cmp::Ordering::Equal => 1.0,
                std::cmp::Ordering::Less => 0.8,
            };
        }
        let total = self.weights.iter().sum::<f64>();
        self.weights.iter_mut().for_each(|weight| *weight /= total);
        self.weights.clone()
    }

    fn watches_spending(&self) -> bool {
        true
    }
}

/// `[lines]` a ratio per line, with the mean of the others where it is not defined; all 1 where none is above zero.
fn rates(reports: &[LineReport], yardstick: Yardstick) -> Vec<f64> {
    let rates: Vec<_> = reports.iter().map(|report| yardstick.rate(report)).collect();
    let (count, sum) = rates.iter().flatten().fold((0.0, 0.0), |(n, sum), rate| (n + 1.0, sum + rate));
    if sum <= 0.0 {
        return vec![1.0; rates.len()];
    }
    rates.into_iter().map(|rate| rate.unwrap_or(sum / count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Agent;
    use crate::baselines::paced::Paced;
    use crate::baselines::testing::{brief, observation, play, scenario, spent};

    fn money(agent: &mut dyn Agent, step: usize, left: f64, lines: &[(f64, f64)]) -> Vec<f64> {
        let reports = lines.iter().map(|&(spend, revenue)| spent(spend, revenue)).collect();
        agent.decide(&observation(step, left, reports)).money
    }

    fn assert_close(left: &[f64], right: &[f64]) {
        assert_eq!(left.len(), right.len());
        assert!(left.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-9), "{left:?} is not {right:?}");
    }

    #[test]
    fn even_divides_what_is_left() {
        let mut agent = Paced::new(Fixed::even());
        agent.start(&brief(4, 10));
        assert_close(&money(&mut agent, 0, 1000.0, &[(0.0, 0.0); 4]), &[25.0; 4]);
        // Line 0 spent nothing; its money is offered again.
        assert_close(&money(&mut agent, 1, 925.0, &[(0.0, 0.0); 4]), &[925.0 / 36.0; 4]);
    }

    #[test]
    fn a_closed_line_gets_nothing() {
        let mut plan = brief(4, 10);
        plan.limits.lines[1].first_step = 3;
        let mut agent = Paced::new(Fixed::even());
        agent.start(&plan);
        assert_close(&money(&mut agent, 0, 900.0, &[(0.0, 0.0); 4]), &[30.0, 0.0, 30.0, 30.0]);
        let mut agent = Paced::new(Fixed::single(1));
        agent.start(&plan);
        assert_close(&money(&mut agent, 0, 900.0, &[(0.0, 0.0); 4]), &[30.0, 0.0, 30.0, 30.0]);
        assert_close(&money(&mut agent, 4, 600.0, &[(0.0, 0.0); 4]), &[0.0, 100.0, 0.0, 0.0]);
    }

    #[test]
    fn last_period_repeats_what_was_spent_a_week_at_a_time() {
        let mut agent = Paced::new(LastPeriod::default());
        agent.start(&brief(2, 21));
        for step in 0..7 {
            assert_close(
                &money(&mut agent, step, 100.0 * (21 - step) as f64, &[(30.0, 0.0), (10.0, 0.0)]),
                &[50.0; 2],
            );
        }
        for step in 7..14 {
            let split = money(
                &mut agent,
                step,
                100.0 * (21 - step) as f64,
                &[(if step == 7 { 30.0 } else { 1.0 }, 0.0), (10.0, 0.0)],
            );
            assert_close(&split, &[75.0, 25.0]);
        }
        assert_close(
            &money(&mut agent, 14, 700.0, &[(1.0, 0.0), (10.0, 0.0)]),
            &[100.0 / 11.0, 1000.0 / 11.0],
        );
    }

    #[test]
    fn roi_proportional_by_hand() {
        let mut agent = Paced::new(RoiProportional);
        agent.start(&brief(3, 10));
        // No report yet: even. Then returns 4, 2 and (without spend) their mean 3.
        assert_close(&money(&mut agent, 0, 900.0, &[(0.0, 0.0); 3]), &[30.0; 3]);
        assert_close(
            &money(&mut agent, 1, 810.0, &[(10.0, 40.0), (20.0, 40.0), (0.0, 0.0)]),
            &[40.0, 20.0, 30.0],
        );
        // The seven days add up: (40 + 0) / (10 + 30) = 1, (40 + 80) / (20 + 20) = 3, mean 2.
        assert_close(
            &money(&mut agent, 2, 720.0, &[(30.0, 0.0), (20.0, 80.0), (0.0, 0.0)]),
            &[15.0, 45.0, 30.0],
        );
    }

    #[test]
    fn the_buyer_moves_by_a_fifth() {
        let mut agent = Paced::new(BuyerRule::default());
        agent.start(&Brief { goal: "revenue".into(), ..brief(3, 10) });
        assert_close(&money(&mut agent, 0, 1000.0, &[(0.0, 0.0); 3]), &[100.0 / 3.0; 3]);
        // Returns 4, 2, 3: above, below, at the mean of 3.
        let lines = [(10.0, 40.0), (10.0, 20.0), (10.0, 30.0)];
        assert_close(&money(&mut agent, 1, 900.0, &lines), &[40.0, 80.0 / 3.0, 100.0 / 3.0]);
        let total = 1.44 + 0.64 + 1.0;
        assert_close(&money(&mut agent, 2, 800.0, &lines), &[144.0 / total, 64.0 / total, 100.0 / total]);
    }

    #[test]
    fn the_buyer_counts_customers_where_they_are_the_goal() {
        let mut agent = Paced::new(BuyerRule::default());
        agent.start(&brief(2, 10));
        money(&mut agent, 0, 1000.0, &[(0.0, 0.0); 2]);
        // 3 customers for 20 against 1 for 10.
        assert_close(&money(&mut agent, 1, 900.0, &[(20.0, 30.0), (10.0, 19.0)]), &[60.0, 40.0]);
    }

    #[test]
    fn random_splits_are_uniform_and_follow_the_seed() {
        let plan = brief(3, 1);
        let draw = |seed| {
            let mut agent = Paced::new(Random::new(seed));
            agent.start(&plan);
            money(&mut agent, 0, 100.0, &[(0.0, 0.0); 3])
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let n = 4_000;
        let (mut mean, mut square) = (0.0, 0.0);
        for seed in 0..n {
            let split = draw(seed);
            assert!((split.iter().sum::<f64>() - 100.0).abs() < 1e-9);
            mean += split[0] / 100.0 / n as f64;
            square += (split[0] / 100.0).powi(2) / n as f64;
        }
        // Dirichlet(1, 1, 1): mean 1/3, variance 1/18.
        assert!((mean - 1.0 / 3.0).abs() < 0.02 && (square - mean * mean - 1.0 / 18.0).abs() < 0.005);
    }

    #[test]
    fn all_spend_within_the_budget() {
        let scenario = scenario();
        let agents: [Box<dyn Agent>; 6] = [
            Box::new(Paced::new(Random::new(3))),
            Box::new(Paced::new(Fixed::even())),
            Box::new(Paced::new(Fixed::single(0))),
            Box::new(Paced::new(LastPeriod::default())),
            Box::new(Paced::new(RoiProportional)),
            Box::new(Paced::new(BuyerRule::default())),
        ];
        for mut agent in agents {
            let ledger = play(agent.as_mut(), &scenario, 0);
            assert_eq!(ledger.violations(&scenario.brief.limits), 0);
            assert!(ledger.cash() <= scenario.brief.budget);
        }
    }
}
