//! Oracles: plans made with the drawn parameters in hand, by trying plans in the drawn world on noise of their own.
//!
//! Both return a closed plan, money per step and line without feedback, and bids where the scenario opens them. A plan
//! asks for what was granted in its trials, where money that a line could not spend was offered again later, so its rows may add up to more than the budget; the
//! guard cuts the last of them. Where money that is left is worth something, the part of the budget used is searched as well, and
//! a plan that spends nothing is what a better one is measured against.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Key, Levers, World};

use super::explore::explore;
use super::opening::opened;
use super::paced::is_open;
use super::price::may_keep;
use super::search::{Effort, Shape, evolve};
use super::trials::{Mix, Outcome, Trials};
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
    /// The best mix found, and what came of it.
    fn search(&self, trials: &Trials, seed: u64) -> (Mix, Outcome) {
        let scenario = &trials.world().scenario;
        let brief = &scenario.brief;
        let shape = Shape::constant(brief).keeping(may_keep(&scenario.brief));
        let starts = starting_mixes(brief, &shape, trials);
        let effort = Effort { trials: self.trials.saturating_sub(starts.tried), step: 0.4 };
        improve(trials, &shape, &starts.best, effort, seed)
    }
}

impl Oracle for StaticHindsight {
    fn plan(&self, world: &Arc<World>, seed: u64) -> Vec<Allocation> {
        let trials = Trials::smaller(world, world.scenario.brief.levers, seed, self.noises);
        let found = self.search(&trials, seed).1.plan;
        better_than_nothing(&trials, found)
    }
}

/// The best plan found for the drawn world: not a bound, a search may miss a better one. It searches from the best plan of
/// a response model that is fitted to the drawn world, and from the best constant mix; it takes that mix
/// where it is better on noise that no search used. Where levers are open besides the budget, it plans with all of them closed first and
/// then opens one after the other, each time from the plan before, which stays unless a better one or a better constant
/// mix is found.
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
    /// Other noise seeds, in a world of full size, on which the plans found are compared.
    pub judges: usize,
}

impl Default for Clairvoyant {
    fn default() -> Self {
        Self { constant: StaticHindsight::default(), rounds: 2, trials: 60, noises: 4, judges: 16 }
    }
}

impl Oracle for Clairvoyant {
    fn plan(&self, world: &Arc<World>, seed: u64) -> Vec<Allocation> {
        let ladder = world.scenario.brief.levers.ladder();
        let mut plan = self.budget(world, seed);
        for pair in ladder.windows(2) {
            let constant = Trials::smaller(world, pair[1], seed, self.constant.noises);
            let constant = self.constant.search(&constant, seed).1.plan;
            let search = Trials::smaller(world, pair[1], seed, self.noises);
            let judge = Trials::judge(world, pair[1], seed, self.judges);
            plan = opened([&search, &judge], pair[0], [plan, constant], self.trials, seed);
        }
        plan
    }
}

impl Clairvoyant {
    /// The best plan found for the budget alone.
    fn budget(&self, world: &Arc<World>, seed: u64) -> Vec<Allocation> {
        let closed = Levers::default();
        let trials = Trials::smaller(world, closed, seed, self.constant.noises);
        let (mix, constant) = self.constant.search(&trials, seed);
        let fitted = explore(&trials, self.rounds, Key::new(seed).with_name("explore").bits()).mix;
        // First few numbers, then all: a search over many takes noise for a better plan.
        let brief = &world.scenario.brief;
        let keeps = may_keep(&world.scenario.brief);
        let start = if trials.respill(&fitted).score > constant.score { fitted } else { mix };
        let finer = Trials::smaller(world, closed, seed, self.noises);
        let effort = Effort { trials: self.trials, step: 0.2 };
        let (levelled, _) = improve(&finer, &Shape::levels(brief).keeping(keeps), &start, effort, seed);
        let effort = Effort { step: 0.1, ..effort };
        let (_, timed) = improve(&finer, &Shape::timed(brief).keeping(keeps), &levelled, effort, seed);
        // Closed plans are played without offering money again, so they are compared as they will be played.
        let judge = Trials::judge(world, closed, seed, self.judges);
        let (constant, timed) = (constant.plan, timed.plan);
        let better = if judge.play(&timed).score >= judge.play(&constant).score { timed } else { constant };
        better_than_nothing(&judge, better)
    }
}

/// `plan` (`[steps]`), or nothing at all where money may be kept and that is better.
fn better_than_nothing(trials: &Trials, plan: Vec<Allocation>) -> Vec<Allocation> {
    if !may_keep(&trials.world().scenario.brief) {
        return plan;
    }
    let nothing = vec![Allocation::default(); plan.len()];
    if trials.play(&plan).score > trials.play(&nothing).score { plan } else { nothing }
}

/// Searches around `base`.
pub(super) fn improve(
    trials: &Trials,
    shape: &Shape,
    base: &Mix,
    effort: Effort,
    seed: u64,
) -> (Mix, Outcome) {
    let (numbers, _) =
        evolve(shape, effort, seed, |numbers| trials.respill(&base.changed(shape, numbers)).score);
    let best = base.changed(shape, &numbers);
    let outcome = trials.respill(&best);
    (best, outcome)
}

struct Starts {
    best: Mix,
    tried: usize,
}

/// The best of several mixes: even, each line with three times its share, and mixes along the differences that these
/// made (a finite-difference gradient in logarithms). Where money may be kept, first the best of several parts of the
/// budget for the even mix, and the best again for the mix found.
fn starting_mixes(brief: &Brief, shape: &Shape, trials: &Trials) -> Starts {
    /// Parts of the budget tried for a mix, most first.
    const PARTS: [f64; 6] = [1.0, 0.6, 0.35, 0.2, 0.1, 0.04];
    let lines = brief.lines.len();
    let keeps = may_keep(&trials.world().scenario.brief);
    let open: Vec<f64> = (0..brief.steps)
        .flat_map(|step| (0..lines).map(move |line| f64::from(is_open(brief, line, step))))
        .collect();
    let mix = |logs: &[f64]| -> Vec<f64> {
        open.iter().zip(shape.factors(logs)).map(|(open, factor)| open * factor).collect()
    };
    let score = |weights: Vec<f64>, part: f64| trials.respill(&Mix { part, ..Mix::of(weights) }).score;
    let best_part = |weights: &[f64]| {
        let score = |part: &f64| score(weights.to_vec(), *part);
        let scores = PARTS.iter().map(|part| (score(part), *part));
        scores.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(1.0, |(_, part)| part)
    };
    let even = vec![0.0; shape.len()];
    let part = if keeps { best_part(&mix(&even)) } else { 1.0 };
    let even_score = score(mix(&even), part);
    let mut candidates = vec![(even_score, even.clone())];
    for line in 0..lines {
        let mut tilted = even.clone();
        tilted[line] = libm::log(3.0);
        candidates.push((score(mix(&tilted), part), tilted));
    }
    let gains: Vec<f64> = candidates[1..].iter().map(|(score, _)| score - even_score).collect();
    let largest = gains.iter().fold(0.0_f64, |most, gain| most.max(gain.abs())).max(f64::MIN_POSITIVE);
    for reach in [0.7, 1.5, 3.0] {
        let mut along = even.clone();
        along.iter_mut().zip(&gains).for_each(|(log, gain)| *log = reach * gain / largest);
        candidates.push((score(mix(&along), part), along));
    }
    let tried = candidates.len() + if keeps { 2 * PARTS.len() } else { 0 };
    let best = candidates.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, logs)| mix(&logs));
    let weights = best.unwrap_or(open);
    let part = if keeps { best_part(&weights) } else { 1.0 };
    Starts { best: Mix { part, ..Mix::of(weights) }, tried }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::scenario;
    use outlay_environment::{Domain, Episode, Scenario, Seeds};

    #[test]
    fn oracles_are_ordered_and_repeat_themselves() {
        let scenario = scenario();
        let lines = scenario.brief.lines.len();
        let world = World::draw(&scenario, Seeds::numbered(Domain::Validate, 0, 0).world);
        let small = StaticHindsight { noises: 1, trials: 60 };
        let constant = small.plan(&world, 1);
        let timed =
            Clairvoyant { constant: small, rounds: 0, trials: 30, noises: 1, judges: 1 }.plan(&world, 1);
        assert_eq!(constant, small.plan(&world, 1));
        // On the noise that both were judged by.
        let trials = Trials::judge(&world, Levers::default(), 1, 1);
        let even = trials.respill(&Mix::of(vec![1.0; lines * scenario.brief.steps])).score;
        let (constant, timed) = (trials.play(&constant).score, trials.play(&timed).score);
        assert!(timed >= constant && constant > even, "{timed} {constant} {even}");
    }

    #[test]
    fn oracles_keep_money_that_would_bring_less() {
        let scenario = Scenario::load("marks/product-boost").unwrap().with_shoppers(1_000);
        let world = World::draw(&scenario, Seeds::numbered(Domain::Validate, 0, 0).world);
        let small = StaticHindsight { noises: 1, trials: 40 };
        let constant = small.plan(&world, 1);
        let trials = Trials::judge(&world, Levers::default(), 1, 1);
        let timed =
            Clairvoyant { constant: small, rounds: 0, trials: 14, noises: 1, judges: 1 }.plan(&world, 1);
        let lines = scenario.brief.lines.len();
        let nothing = trials.play(&vec![Allocation::default(); scenario.brief.steps]).score;
        let even = trials.respill(&Mix::of(vec![1.0; lines * scenario.brief.steps])).score;
        for plan in [constant, timed] {
            let score = trials.play(&plan).score;
            assert!(score >= nothing && score > even, "{score} {nothing} {even}");
            // What is granted and cannot be spent is granted again, so money kept shows in the spend.
            let mut episode = Episode::new(world.clone(), 1);
            plan.iter().for_each(|row| {
                episode.step(row);
            });
            let spend: f64 = episode.ledger().rows.iter().map(|row| row.spend.major()).sum();
            assert!(spend < 0.9 * scenario.brief.budget.major(), "{spend}");
        }
    }
}
