//! Simulating plans in one world and fitting a model to them in turn, so that the model is most faithful where it matters;
//! and the best of the plans that came up, by trial.

use std::sync::Arc;

use outlay_environment::World;

use super::fit::{Timing, fit_model};
use super::model::Model;
use super::price::may_keep;
use super::prior::best_plan;
use super::runs::{Run, designed_runs, perturbed_runs};
use super::trials::{Mix, Outcome, Trials, gain};

/// Random mixes among the designed plans, and plans around each proposal.
const MIXES: usize = 60;
const AROUND: u64 = 8;
const TIMINGS: [Timing; 2] = [Timing::Free, Timing::Tested];

/// What was found out about one world.
#[derive(Debug, Clone)]
pub struct Explored {
    /// The models fitted last, whose timing is free and tested.
    pub models: [Model; 2],
    /// The best plan tried.
    pub mix: Mix,
    /// `[lines]` which lines it leaves closed, because the others do more with their money.
    pub closed: Vec<bool>,
    /// All episodes simulated.
    pub runs: Vec<Run>,
}

/// Simulates designed plans in the world of `trials` and fits a model, then `rounds` times simulates plans around the
/// model's best one and fits again. The model is smooth and takes lines apart; the world has fees, reviews and lines that
/// win the same shoppers. So the even plan and each plan that a model proposed are tried in the world itself, and from the
/// best of them lines are dropped as long as the plan gains by that.
#[must_use]
pub fn explore(trials: &Trials, rounds: u64, seed: u64) -> Explored {
    let world = trials.world();
    let brief = &world.scenario.brief;
    let lines = brief.lines.len();
    let mut runs = designed_runs(world, MIXES, seed);
    let even = Mix::of(vec![1.0; brief.steps * lines]);
    let mut best = Tried::of(trials, even);
    let first = fit_model(world, &runs, Timing::Free, None).0;
    let mut models = [first.clone(), first];
    for round in 0..=rounds {
        let mut around = Vec::new();
        refit(&mut models, world, &runs);
        for model in &models {
            let plan = best_plan(&world.scenario, model);
            let proposed = Tried::of(trials, Mix::spending(brief, &plan));
            if proposed.outcome.score > best.outcome.score {
                best = proposed;
            }
            around.push(plan);
        }
        if round < rounds {
            let seeds = (0..).map(|kind| seed.wrapping_add(2 * round + kind));
            runs.extend(
                around.iter().zip(seeds).flat_map(|(plan, seed)| perturbed_runs(world, plan, AROUND, seed)),
            );
        }
    }
    let best = best.without_idle_lines(trials);
    let is_closed =
        |line: usize| best.mix.weights.iter().skip(line).step_by(lines).all(|weight| *weight == 0.0);
    let closed: Vec<bool> = (0..lines).map(is_closed).collect();
    Explored { models, mix: best.mix, closed, runs }
}

impl Explored {
    /// Simulates plans around the best one, too, and fits the models once more.
    pub fn refine(&mut self, world: &Arc<World>, seed: u64) {
        let plan = self.mix.money(world.scenario.brief.budget.major());
        self.runs.extend(perturbed_runs(world, &plan, AROUND, seed));
        refit(&mut self.models, world, &self.runs);
    }
}

fn refit(models: &mut [Model; 2], world: &World, runs: &[Run]) {
    for (model, timing) in models.iter_mut().zip(TIMINGS) {
        *model = fit_model(world, runs, timing, Some(model)).0;
    }
}

/// A plan and what came of it.
struct Tried {
    mix: Mix,
    outcome: Outcome,
}

impl Tried {
    fn of(trials: &Trials, mix: Mix) -> Self {
        let outcome = trials.respill(&mix);
        Self { mix, outcome }
    }

    /// Closes lines, those with the least money first, where that is better beyond the standard error: with their money
    /// in the other lines or, where it may be kept, kept.
    fn without_idle_lines(mut self, trials: &Trials) -> Self {
        let lines = trials.world().scenario.brief.lines.len();
        let total = |mix: &Mix| mix.weights.iter().sum::<f64>();
        let of_line = |mix: &Mix, line: usize| mix.weights.iter().skip(line).step_by(lines).sum::<f64>();
        let mut order: Vec<usize> = (0..lines).collect();
        order.sort_by(|&a, &b| of_line(&self.mix, a).total_cmp(&of_line(&self.mix, b)));
        for line in order {
            let mut moved = self.mix.clone();
            moved.weights.iter_mut().skip(line).step_by(lines).for_each(|weight| *weight = 0.0);
            let rest = total(&moved) / total(&self.mix);
            if rest == 0.0 {
                break;
            }
            let kept = Mix { part: rest * moved.part, ..moved.clone() };
            let keeps = may_keep(&trials.world().scenario.brief);
            for mix in std::iter::once(moved).chain(keeps.then_some(kept)) {
                let tried = Self::of(trials, mix);
                let (mean, error) = gain(&tried.outcome.scores, &self.outcome.scores);
                if mean > error {
                    self = tried;
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::Scenario;

    #[test]
    fn a_line_that_only_pays_for_production_is_closed() {
        // A note costs 3,000 yuan before anybody reads it: more than a sixteenth of so small a budget.
        let mut scenario = Scenario::clone(&Scenario::load("all-domain").unwrap().with_shoppers(1_000));
        let brief = Arc::make_mut(&mut scenario.brief);
        brief.budget = outlay_environment::Money::from_major(20_000.0);
        let notes = brief.lines.iter().position(|line| line.name == "xiaohongshu").unwrap();
        let lines = brief.lines.len();
        let world = World::average(&Arc::new(scenario));
        let trials = Trials::new(world.clone(), 1, 4);
        let even = Tried::of(&trials, Mix::of(vec![1.0; world.scenario.brief.steps * lines]));
        let before = even.outcome.score;
        let rest = even.without_idle_lines(&trials);
        assert!(rest.outcome.score > before, "{} {before}", rest.outcome.score);
        assert!(rest.mix.weights.iter().skip(notes).step_by(lines).all(|weight| *weight == 0.0));
        assert!(rest.mix.weights.iter().any(|weight| *weight > 0.0));
    }
}
