//! Agents of the two small worlds whose best policy is known: exact dynamic programmes, and Thompson sampling.

use std::collections::HashMap;

use outlay_environment::{Allocation, Brief, Key, Observation};

use crate::agent::Agent;
use crate::baselines::paced::empty_brief;

/// Buys where what is on offer is above the price of a unit that the dynamic programme gives: with n steps after this one
/// and k units, `V(n, k) - V(n, k-1)`. `V(n, k) = V(n-1, k) + (1 - c)^2 / 2` with `c = V(n-1, k) - V(n-1, k-1)`.
pub struct PacingProgram {
    brief: Brief,
    /// `[steps + 1][units + 1]`
    value: Vec<Vec<f64>>,
}

impl PacingProgram {
    /// One that knows nothing yet of its budget.
    #[must_use]
    pub fn new() -> Self {
        Self { brief: empty_brief(), value: Vec::new() }
    }
}

impl Default for PacingProgram {
    fn default() -> Self {
        Self::new()
    }
}

impl Agent for PacingProgram {
    fn start(&mut self, brief: &Brief) {
        let units = brief.budget.major().ceil() as usize;
        self.value = vec![vec![0.0; units + 1]];
        for n in 1..=brief.steps {
            let before = &self.value[n - 1];
            let mut row = vec![0.0; units + 1];
            for k in 1..=units {
                let price = before[k] - before[k - 1];
                row[k] = before[k] + 0.5 * (1.0 - price) * (1.0 - price);
            }
            self.value.push(row);
        }
        self.brief = brief.clone();
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let after = &self.value[self.brief.steps - observation.step - 1];
        let left = observation.budget_left.major();
        let offer = observation.offers.first().copied().unwrap_or(0.0);
        // Between whole units the value is linear, so the last unit's price holds for every part of it.
        let k = (left.ceil() as usize).min(after.len() - 1);
        let price = if k > 0 { after[k] - after[k - 1] } else { f64::INFINITY };
        let money = if offer > price { left.min(1.0) } else { 0.0 };
        let mut all = vec![0.0; self.brief.lines.len()];
        all[0] = money;
        Allocation::of(all)
    }
}

/// Successes and failures of each line.
type Counts = Vec<[u16; 2]>;

/// The Bayes-optimal policy from uniform priors, by dynamic programming over the counts seen; for few lines and steps,
/// since the number of counts grows as steps to the power of twice the lines. With more of them it looks only as far ahead
/// as 400,000 counts reach.
pub struct ExplorationProgram {
    brief: Brief,
    counts: Counts,
    values: HashMap<(usize, Counts), f64>,
    depth: usize,
}

/// Counts that the programme may hold.
const MOST_COUNTS: f64 = 400_000.0;

impl ExplorationProgram {
    /// One that knows nothing yet of its lines.
    #[must_use]
    pub fn new() -> Self {
        Self { brief: empty_brief(), counts: Vec::new(), values: HashMap::new(), depth: 0 }
    }

    /// Expected successes in the next `steps` steps.
    fn value(&mut self, steps: usize, counts: &mut Counts) -> f64 {
        if steps == 0 {
            return 0.0;
        }
        if let Some(value) = self.values.get(&(steps, counts.clone())) {
            return *value;
        }
        let best = (0..counts.len()).map(|line| self.trying(line, steps, counts)).fold(0.0, f64::max);
        self.values.insert((steps, counts.clone()), best);
        best
    }

    /// Expected successes in the next `steps` steps when `line` is tried first.
    fn trying(&mut self, line: usize, steps: usize, counts: &mut Counts) -> f64 {
        let chance = mean(counts[line]);
        let mut value = 0.0;
        for (outcome, weight) in [(0, chance), (1, 1.0 - chance)] {
            counts[line][outcome] += 1;
            let later = self.value(steps - 1, counts);
            counts[line][outcome] -= 1;
            value += weight * (later + if outcome == 0 { 1.0 } else { 0.0 });
        }
        value
    }
}

impl Default for ExplorationProgram {
    fn default() -> Self {
        Self::new()
    }
}

/// Posterior mean of a chance from a uniform prior.
fn mean([wins, losses]: [u16; 2]) -> f64 {
    (f64::from(wins) + 1.0) / (f64::from(wins) + f64::from(losses) + 2.0)
}

/// Reads which line was tried in the step before, and whether it succeeded.
fn count(observation: &Observation, counts: &mut Counts) {
    for (report, counts) in observation.lines.iter().zip(counts) {
        if report.spend.0 > 0 {
            counts[usize::from(report.revenue.0 == 0)] += 1;
        }
    }
}

/// One unit for one line.
fn only(line: usize, lines: usize) -> Allocation {
    let mut money = vec![0.0; lines];
    money[line] = 1.0;
    Allocation::of(money)
}

impl Agent for ExplorationProgram {
    fn start(&mut self, brief: &Brief) {
        let lines = brief.lines.len();
        if self.brief != *brief {
            self.values.clear();
        }
        self.brief = brief.clone();
        self.counts = vec![[0; 2]; lines];
        // Counts of `2 * lines` kinds that add up to at most d: about d^(2 lines) / (2 lines)!.
        let kinds = 2 * lines;
        let reached = |depth: usize| (1..=kinds).map(|k| (depth + k) as f64 / k as f64).product::<f64>();
        self.depth = (1..=brief.steps).take_while(|depth| reached(*depth) < MOST_COUNTS).count().max(1);
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        count(observation, &mut self.counts);
        let steps = (self.brief.steps - observation.step).min(self.depth);
        let mut counts = self.counts.clone();
        let values: Vec<f64> = (0..counts.len()).map(|line| self.trying(line, steps, &mut counts)).collect();
        // The first of equals.
        let best = (0..values.len()).rev().max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        only(best, values.len())
    }
}

/// Thompson sampling on Bernoulli lines with uniform priors (Thompson 1933; Chapelle and Li 2011): tries the line whose
/// chance is the highest in one draw from the posterior.
pub struct Thompson {
    seed: u64,
    counts: Counts,
}

impl Thompson {
    /// One whose draws come from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counts: Vec::new() }
    }
}

impl Agent for Thompson {
    fn start(&mut self, brief: &Brief) {
        self.counts = vec![[0; 2]; brief.lines.len()];
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        count(observation, &mut self.counts);
        let key = Key::new(self.seed).with(observation.step as u64);
        let draw = |line: usize| {
            let [wins, losses] = self.counts[line];
            // The k-th smallest of n uniform numbers has a beta distribution with k and n - k + 1.
            let (k, n) = (usize::from(wins) + 1, usize::from(wins) + usize::from(losses) + 1);
            let mut uniforms: Vec<f64> =
                (0..n).map(|i| key.with(line as u64).with(i as u64).uniform()).collect();
            *uniforms.select_nth_unstable_by(k - 1, f64::total_cmp).1
        };
        let draws: Vec<f64> = (0..self.counts.len()).map(draw).collect();
        let best = (0..draws.len()).max_by(|a, b| draws[*a].total_cmp(&draws[*b])).unwrap_or(0);
        only(best, draws.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::{Domain, Episode, Scenario, Seeds, World};

    fn mean_score(name: &str, games: u64, make: impl Fn(u64) -> Box<dyn Agent>) -> f64 {
        let scenario = Scenario::load(name).unwrap();
        let mut total = 0.0;
        let mut agent = make(0);
        for seed in 0..games {
            let seeds = Seeds::numbered(Domain::Validate, seed, 0);
            let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
            agent.start(&scenario.brief);
            while !episode.is_over() {
                let allocation = agent.decide(episode.observation());
                episode.step(&allocation);
            }
            total += scenario.score(episode.ledger());
        }
        total / games as f64
    }

    #[test]
    fn the_programmes_reach_the_known_answers() {
        for (name, games, within) in
            [("problems/p7-pacing-10-1", 4_000, 0.015), ("problems/p7-pacing-30-5", 2_000, 0.06)]
        {
            let answer = Scenario::load(name).unwrap().answer.clone().unwrap().value;
            let reached = mean_score(name, games, |_| Box::new(PacingProgram::new()));
            assert!((reached - answer).abs() < within, "{name}: {reached} for {answer}");
        }
        let mut program = ExplorationProgram::new();
        let scenario = Scenario::load("problems/p8-exploration-20").unwrap();
        program.start(&scenario.brief);
        let value = program.value(20, &mut vec![[0; 2]; 2]);
        assert!((value - scenario.answer.as_ref().unwrap().value).abs() < 1e-9, "{value}");
    }

    #[test]
    fn a_draw_from_the_posterior_has_its_mean() {
        let mut total = 0.0;
        for seed in 0..4_000 {
            let mut thompson = Thompson::new(seed);
            thompson.counts = vec![[3, 1], [0, 0]];
            // Beta(4, 2) beats a uniform number with chance 2/3, its mean.
            let tried = thompson.decide(&crate::baselines::testing::observation(0, 1.0, Vec::new()));
            total += tried.money[0];
        }
        assert!((total / 4_000.0 - 2.0 / 3.0).abs() < 0.03, "{}", total / 4_000.0);
    }
}
