//! Oracles: plans made with the drawn parameters in hand, by trying plans in the drawn world on noise of their own.
//!
//! Both return a closed plan, money per step and line without feedback. A plan asks for what was granted in its trials,
//! where money that a line could not spend was offered again later, so its rows may add up to more than the budget; the
//! guard cuts the last of them.

use std::sync::Arc;

use outlay_environment::{Brief, Key, World};

use super::paced::is_open;
use super::prior::explore;
use super::search::{Effort, Shape, evolve};
use super::trials::{Outcome, Trials};
use crate::agent::Oracle;

/// The best constant mix found for the drawn world, at an even pace: the usual answer of a marketing-mix model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StaticHindsight {
    /// Noise seeds on which each plan is tried.
    pub noises: usize,
    /// Plans tried.
    pub trials: usize,
}

impl Default for StaticHindsight {
    fn default() -> Self {
        Self { noises: 2, trials: 80 }
    }
}

impl StaticHindsight {
    /// The best weights `[steps * lines]` found, and what came of them.
    fn search(&self, trials: &Trials, seed: u64) -> (Vec<f64>, Outcome) {
        let brief = &trials.world().scenario.brief;
        let shape = Shape::constant(brief);
        let starts = starting_mixes(brief, &shape, trials);
        let effort = Effort { trials: self.trials.saturating_sub(starts.tried), step: 0.4 };
        improve(trials, &shape, &starts.best, effort, seed)
    }
}

impl Oracle for StaticHindsight {
    fn plan(&self, world: &Arc<World>, seed: u64) -> Vec<Vec<f64>> {
        let trials = Trials::smaller(world, seed, self.noises);
        self.search(&trials, seed).1.granted
    }
}

/// The best plan found for the drawn world: not a bound, a search may miss a better one. It searches from the best plan of
/// a response model that is fitted to the drawn world, and from the best constant mix; it never ends below that mix on
/// the noise that it searches on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clairvoyant {
    /// The search for the best constant mix.
    pub constant: StaticHindsight,
    /// Rounds of simulating and fitting a response model.
    pub rounds: u64,
    /// Plans tried from the better start, with a level for each line and phase, and as many again with a mix for each phase.
    pub trials: usize,
    /// Noise seeds on which these are tried.
    pub noises: usize,
}

impl Default for Clairvoyant {
    fn default() -> Self {
        Self { constant: StaticHindsight::default(), rounds: 2, trials: 60, noises: 4 }
    }
}

impl Oracle for Clairvoyant {
    fn plan(&self, world: &Arc<World>, seed: u64) -> Vec<Vec<f64>> {
        let trials = Trials::smaller(world, seed, self.constant.noises);
        let (mix, constant) = self.constant.search(&trials, seed);
        let fitted = explore(trials.world(), self.rounds, Key::new(seed).with_name("explore").bits()).plan;
        let start = if trials.respill(&fitted).score > constant.score { fitted } else { mix };
        // First few numbers, then all: a search over many takes noise for a better plan.
        let brief = &world.scenario.brief;
        let finer = Trials::smaller(world, seed, self.noises);
        let effort = Effort { trials: self.trials, step: 0.2 };
        let (levelled, _) = improve(&finer, &Shape::levels(brief), &start, effort, seed);
        let effort = Effort { step: 0.1, ..effort };
        let (_, timed) = improve(&finer, &Shape::timed(brief), &levelled, effort, seed);
        // Closed plans are played without offering money again, so they are compared as they will be played.
        let (constant, timed) = (constant.granted, timed.granted);
        if finer.play(&timed).score >= finer.play(&constant).score { timed } else { constant }
    }
}

/// Searches around `base` weights.
fn improve(trials: &Trials, shape: &Shape, base: &[f64], effort: Effort, seed: u64) -> (Vec<f64>, Outcome) {
    let weights = |numbers: &[f64]| -> Vec<f64> {
        base.iter().zip(shape.factors(numbers)).map(|(weight, factor)| weight * factor).collect()
    };
    let (numbers, _) = evolve(shape, effort, seed, |numbers| trials.respill(&weights(numbers)).score);
    let best = weights(&numbers);
    let outcome = trials.respill(&best);
    (best, outcome)
}

struct Starts {
    best: Vec<f64>,
    tried: usize,
}

/// The best of several mixes: even, each line with three times its share, and mixes along the differences that these
/// made (a finite-difference gradient in logarithms).
fn starting_mixes(brief: &Brief, shape: &Shape, trials: &Trials) -> Starts {
    let lines = brief.lines.len();
    let open: Vec<f64> = (0..brief.steps)
        .flat_map(|step| (0..lines).map(move |line| f64::from(is_open(brief, line, step))))
        .collect();
    let mix = |logs: &[f64]| -> Vec<f64> {
        open.iter().zip(shape.factors(logs)).map(|(open, factor)| open * factor).collect()
    };
    let even = vec![0.0; lines];
    let even_score = trials.respill(&mix(&even)).score;
    let mut candidates = vec![(even_score, even)];
    for line in 0..lines {
        let mut tilted = vec![0.0; lines];
        tilted[line] = libm::log(3.0);
        candidates.push((trials.respill(&mix(&tilted)).score, tilted));
    }
    let gains: Vec<f64> = candidates[1..].iter().map(|(score, _)| score - even_score).collect();
    let largest = gains.iter().fold(0.0_f64, |most, gain| most.max(gain.abs())).max(f64::MIN_POSITIVE);
    for reach in [0.7, 1.5, 3.0] {
        let along: Vec<f64> = gains.iter().map(|gain| reach * gain / largest).collect();
        candidates.push((trials.respill(&mix(&along)).score, along));
    }
    let tried = candidates.len();
    let best = candidates.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, logs)| mix(&logs));
    Starts { best: best.unwrap_or(open), tried }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::scenario;
    use outlay_environment::{Domain, Seeds};

    #[test]
    fn oracles_are_ordered_and_repeat_themselves() {
        let scenario = scenario();
        let lines = scenario.brief.lines.len();
        let world = World::draw(&scenario, Seeds::numbered(Domain::Validate, 0, 0).world);
        let small = StaticHindsight { noises: 1, trials: 60 };
        let constant = small.plan(&world, 1);
        let timed = Clairvoyant { constant: small, rounds: 0, trials: 30, noises: 1 }.plan(&world, 1);
        assert_eq!(constant, small.plan(&world, 1));
        // On the noise that both searched on.
        let trials = Trials::smaller(&world, 1, 1);
        let even = trials.respill(&vec![1.0; lines * scenario.brief.steps]).score;
        let (constant, timed) = (trials.play(&constant).score, trials.play(&timed).score);
        assert!(timed >= constant && constant > even, "{timed} {constant} {even}");
    }
}
