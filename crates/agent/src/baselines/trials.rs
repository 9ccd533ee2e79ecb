//! Trying whole plans in a simulated world, always on the same few noise seeds, so that two plans meet the same shoppers
//! in the same moods and their difference is the plans' own.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Episode, Key, Levers, LineBrief, World};

use super::price::may_keep;
use super::search::Shape;

/// A world and the noise seeds that plans are tried on.
#[derive(Debug, Clone)]
pub struct Trials {
    world: Arc<World>,
    noises: Vec<u64>,
}

/// A plan in proportions: what a line cannot spend in a step is offered again later.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// `[steps * lines]` row by row; each step gets the money left in proportion to its part of the weight left.
    pub weights: Vec<f64>,
    /// Part of the budget that is offered; the rest is kept.
    pub part: f64,
    /// `[lines]` bids in multiples of the list price in a step, its declared price included; infinite where a line buys
    /// as much as its money does. None at all are the same as infinite ones.
    pub bids: Vec<f64>,
}

impl Mix {
    /// All of the budget in proportion to `weights` (`[steps * lines]`), without bids.
    #[must_use]
    pub fn of(weights: Vec<f64>) -> Self {
        Self { weights, part: 1.0, bids: Vec::new() }
    }

    /// The mix that spends as `plan` does (`[steps * lines]`, major units) under `brief`: a plan of less than the budget
    /// keeps the rest where that may be, but for a trace.
    #[must_use]
    pub fn spending(brief: &Brief, plan: &[f64]) -> Self {
        /// Least part of the budget that a search can start from.
        const LEAST: f64 = 0.02;
        let used = plan.iter().sum::<f64>();
        let weights = if used > 0.0 { plan.to_vec() } else { vec![1.0; plan.len()] };
        let part = (used / brief.budget.major()).clamp(LEAST, 1.0);
        Self { part: if may_keep(brief) { part } else { 1.0 }, ..Self::of(weights) }
    }

    /// `[steps * lines]` the money that it offers of `budget`, major units.
    #[must_use]
    pub fn money(&self, budget: f64) -> Vec<f64> {
        let rate = self.part * budget / self.weights.iter().sum::<f64>();
        self.weights.iter().map(|weight| rate * weight).collect()
    }

    /// The mix at `numbers` of a search around it.
    #[must_use]
    pub fn changed(&self, shape: &Shape, numbers: &[f64]) -> Self {
        let weights = self.weights.iter().zip(shape.factors(numbers));
        Self {
            weights: weights.map(|(weight, factor)| weight * factor).collect(),
            part: shape.part(numbers, self.part),
            bids: self.bids.clone(),
        }
    }

    /// `[lines]` bids of a step in major units; empty where there are none.
    fn bids(&self, brief: &Brief, step: usize) -> Vec<f64> {
        let price = brief.calendar[step].price;
        let bid = |(line, factor): (&LineBrief, &f64)| {
            if factor.is_finite() { factor * price * line.list_price } else { 0.0 }
        };
        brief.lines.iter().zip(&self.bids).map(bid).collect()
    }
}

/// What came of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Mean over noise seeds of the goal's score, by its low-noise expectation.
    pub score: f64,
    /// `[noises]` the same on each seed.
    pub scores: Vec<f64>,
    /// `[steps]` mean money granted, with the bids of the plan.
    pub plan: Vec<Allocation>,
}

impl Trials {
    /// Trials in `world` itself, on `noises` seeds that `seed` alone decides.
    #[must_use]
    pub fn new(world: Arc<World>, seed: u64, noises: usize) -> Self {
        let key = Key::new(seed).with_name("trials");
        Self { world, noises: (0..noises as u64).map(|noise| key.with(noise).bits()).collect() }
    }

    /// Trials in a world with the hidden parameters of `world`, the scenario's number of training shoppers, and these
    /// levers open.
    #[must_use]
    pub fn smaller(world: &World, levers: Levers, seed: u64, noises: usize) -> Self {
        let scenario = world.scenario.with_levers(levers).at_training_size();
        Self::new(World::draw(&scenario, world.seed), seed, noises)
    }

    /// Trials in the world itself with these levers open, on seeds that no search uses: plans that a search found are
    /// compared here.
    #[must_use]
    pub fn judge(world: &World, levers: Levers, seed: u64, noises: usize) -> Self {
        let world = World::draw(&world.scenario.with_levers(levers), world.seed);
        Self::new(world, Key::new(seed).with_name("judge").bits(), noises)
    }

    /// The world that plans are tried in.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Plays `[steps]` allocations as they stand: what a line cannot spend stays unspent.
    #[must_use]
    pub fn play(&self, plan: &[Allocation]) -> Outcome {
        self.run(|step, _| plan[step].clone())
    }

    /// Plays a mix: what a line cannot spend is offered again later.
    #[must_use]
    pub fn respill(&self, mix: &Mix) -> Outcome {
        let brief = &self.world.scenario.brief;
        let unused = (1.0 - mix.part) * brief.budget.major();
        let lines = brief.lines.len();
        let mut left: Vec<f64> = mix.weights.chunks(lines).map(|row| row.iter().sum()).collect();
        for step in (1..left.len()).rev() {
            left[step - 1] += left[step];
        }
        self.run(|step, money| {
            let money = (money - unused).max(0.0);
            let row = &mix.weights[step * lines..(step + 1) * lines];
            let share = |weight: &f64| money * weight / left[step].max(f64::MIN_POSITIVE);
            Allocation { money: row.iter().map(share).collect(), bids: mix.bids(brief, step) }
        })
    }

    /// Plays `wish(step, money left)` on every noise seed.
    fn run(&self, wish: impl Fn(usize, f64) -> Allocation) -> Outcome {
        let scenario = &self.world.scenario;
        let brief = &scenario.brief;
        let share = 1.0 / self.noises.len() as f64;
        let nothing = Allocation::of(vec![0.0; brief.lines.len()]);
        let mut outcome = Outcome { score: 0.0, scores: Vec::new(), plan: vec![nothing; brief.steps] };
        for &noise in &self.noises {
            let mut episode = Episode::new(self.world.clone(), noise);
            while !episode.is_over() {
                let observation = episode.observation();
                let wish = wish(observation.step, observation.budget_left.major());
                outcome.plan[observation.step].bids.clone_from(&wish.bids);
                episode.step(&wish);
            }
            let steps = (0..brief.steps).map(|step| scenario.expected_step(episode.ledger(), step));
            outcome.scores.push(steps.sum());
            for (step, row) in outcome.plan.iter_mut().enumerate() {
                for (mean, line) in row.money.iter_mut().zip(episode.ledger().step(step)) {
                    *mean += share * line.granted.major();
                }
            }
        }
        outcome.score = share * outcome.scores.iter().sum::<f64>();
        outcome
    }
}

/// Mean paired difference of `scores` from `others`, and its standard error: nought for one pair.
pub(super) fn gain(scores: &[f64], others: &[f64]) -> (f64, f64) {
    let count = scores.len() as f64;
    let differences: Vec<f64> = scores.iter().zip(others).map(|(a, b)| a - b).collect();
    let mean = differences.iter().sum::<f64>() / count;
    let squares: f64 = differences.iter().map(|difference| (difference - mean) * (difference - mean)).sum();
    (mean, if count > 1.0 { libm::sqrt(squares / (count - 1.0) / count) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::scenario;

    #[test]
    fn respilled_even_weights_are_the_even_plan() {
        let scenario = scenario();
        let (steps, lines) = (scenario.brief.steps, scenario.brief.lines.len());
        let trials = Trials::new(World::average(&scenario), 1, 2);
        let outcome = trials.respill(&Mix::of(vec![1.0; steps * lines]));
        let even = scenario.brief.budget.major() / (steps * lines) as f64;
        assert!(
            outcome.plan[0].money.iter().all(|money| (money - even).abs() < 0.011),
            "{:?}",
            outcome.plan[0]
        );
        assert_eq!(outcome, trials.respill(&Mix::of(vec![3.0; steps * lines])));
        let total: f64 = outcome.plan.iter().flat_map(|row| &row.money).sum();
        assert!(total <= 1.5 * scenario.brief.budget.major());
        // Of a part of the budget each cell gets that part.
        let fifth = trials.respill(&Mix { part: 0.2, ..Mix::of(vec![1.0; steps * lines]) });
        assert!(fifth.plan[0].money.iter().all(|money| (money - 0.2 * even).abs() < 0.011));
    }

    #[test]
    fn a_plan_of_nothing_spends_nothing() {
        let scenario = scenario();
        let trials = Trials::new(World::average(&scenario), 1, 1);
        let idle = trials.play(&vec![Allocation::default(); scenario.brief.steps]);
        assert!(idle.plan.iter().flat_map(|row| &row.money).all(|&money| money == 0.0));
    }
    #[test]
    fn a_mix_offers_what_the_plan_spends() {
        let mut brief = Brief::clone(&scenario().brief);
        brief.budget = outlay_environment::Money::from_major(100.0);
        // All of it has to be spent, so a plan of half is a plan of all in the same proportions.
        assert_eq!(Mix::spending(&brief, &[10.0, 0.0, 30.0, 10.0]).money(100.0), [20.0, 0.0, 60.0, 20.0]);
        brief.goal = "profit".to_owned();
        assert!(may_keep(&brief));
        assert_eq!(Mix::spending(&brief, &[10.0, 0.0, 30.0, 10.0]).money(100.0), [10.0, 0.0, 30.0, 10.0]);
        // A plan of nothing is a trace of an even one, which a search can raise.
        assert_eq!(Mix::spending(&brief, &[0.0; 4]).money(100.0), [0.5; 4]);
    }
}
