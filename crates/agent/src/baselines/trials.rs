//! Trying whole plans in a simulated world, always on the same few noise seeds, so that two plans meet the same shoppers
//! in the same moods and their difference is the plans' own.

use std::sync::Arc;

use outlay_environment::{Allocation, Episode, Key, World};

/// A world and the noise seeds that plans are tried on.
#[derive(Debug, Clone)]
pub struct Trials {
    world: Arc<World>,
    noises: Vec<u64>,
}

/// What came of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Mean over noise seeds of the goal's score, by its low-noise expectation.
    pub score: f64,
    /// `[steps, lines]` mean money granted, in major units.
    pub granted: Vec<Vec<f64>>,
}

impl Trials {
    /// Trials in `world` itself, on `noises` seeds that `seed` alone decides.
    #[must_use]
    pub fn new(world: Arc<World>, seed: u64, noises: usize) -> Self {
        let key = Key::new(seed).with_name("trials");
        Self { world, noises: (0..noises as u64).map(|noise| key.with(noise).bits()).collect() }
    }

    /// Trials in a world with the hidden parameters of `world` and the scenario's number of training shoppers.
    #[must_use]
    pub fn smaller(world: &World, seed: u64, noises: usize) -> Self {
        let scenario = world.scenario.at_training_size();
        Self::new(World::draw(&scenario, world.seed), seed, noises)
    }

    /// The world that plans are tried in.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Plays `[steps, lines]` money as it stands: what a line cannot spend stays unspent.
    #[must_use]
    pub fn play(&self, plan: &[Vec<f64>]) -> Outcome {
        self.run(|step, _| plan[step].clone())
    }

    /// Plays `[steps * lines]` weights, row by row: each step gets the money left in proportion to its part of the
    /// weight left, so that what a line cannot spend is offered again later.
    #[must_use]
    pub fn respill(&self, weights: &[f64]) -> Outcome {
        self.respill_part(weights, 1.0)
    }

    /// The same with a `part` of the budget, the rest of which is kept.
    #[must_use]
    pub fn respill_part(&self, weights: &[f64], part: f64) -> Outcome {
        let unused = (1.0 - part) * self.world.scenario.brief.budget.major();
        let lines = self.world.scenario.brief.lines.len();
        let mut left: Vec<f64> = weights.chunks(lines).map(|row| row.iter().sum()).collect();
        for step in (1..left.len()).rev() {
            left[step - 1] += left[step];
        }
        self.run(|step, money| {
            let money = (money - unused).max(0.0);
            let row = &weights[step * lines..(step + 1) * lines];
            row.iter().map(|weight| money * weight / left[step].max(f64::MIN_POSITIVE)).collect()
        })
    }

    /// Plays `wish(step, money left)` on every noise seed.
    fn run(&self, wish: impl Fn(usize, f64) -> Vec<f64>) -> Outcome {
        let scenario = &self.world.scenario;
        let brief = &scenario.brief;
        let share = 1.0 / self.noises.len() as f64;
        let mut outcome = Outcome { score: 0.0, granted: vec![vec![0.0; brief.lines.len()]; brief.steps] };
        for &noise in &self.noises {
            let mut episode = Episode::new(self.world.clone(), noise);
            while !episode.is_over() {
                let observation = episode.observation();
                let money = wish(observation.step, observation.budget_left.major());
                episode.step(&Allocation::of(money));
            }
            for (step, row) in outcome.granted.iter_mut().enumerate() {
                outcome.score += share * scenario.expected_step(episode.ledger(), step);
                for (mean, line) in row.iter_mut().zip(episode.ledger().step(step)) {
                    *mean += share * line.granted.major();
                }
            }
        }
        outcome
    }
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
        let outcome = trials.respill(&vec![1.0; steps * lines]);
        let even = scenario.brief.budget.major() / (steps * lines) as f64;
        assert!(
            outcome.granted[0].iter().all(|money| (money - even).abs() < 0.011),
            "{:?}",
            outcome.granted[0]
        );
        assert_eq!(outcome, trials.respill(&vec![3.0; steps * lines]));
        let total: f64 = outcome.granted.iter().flatten().sum();
        assert!(total <= 1.5 * scenario.brief.budget.major());
        // Of a part of the budget each cell gets that part.
        let fifth = trials.respill_part(&vec![1.0; steps * lines], 0.2);
        assert!(fifth.granted[0].iter().all(|money| (money - 0.2 * even).abs() < 0.011));
    }

    #[test]
    fn a_plan_of_nothing_spends_nothing() {
        let scenario = scenario();
        let trials = Trials::new(World::average(&scenario), 1, 1);
        let idle = trials.play(&vec![vec![0.0; scenario.brief.lines.len()]; scenario.brief.steps]);
        assert!(idle.granted.iter().flatten().all(|&money| money == 0.0));
    }
}
