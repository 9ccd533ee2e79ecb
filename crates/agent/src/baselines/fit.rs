//! Fits a response model to simulated episodes.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Episode, Key, LineReport, World};

use super::linear::Normal;
use super::model::Model;
use super::price::may_keep;

/// One simulated episode, as far as a fit needs it.
#[derive(Debug, Clone)]
pub struct Run {
    /// `[steps * lines]` money granted, major units, row by row.
    pub granted: Vec<f64>,
    /// `[steps * lines]` money spent, major units.
    pub spend: Vec<f64>,
    /// `[steps]` the goal's outcome by its low-noise expectation.
    pub outcome: Vec<f64>,
    /// `[steps * lines]` what the platforms reported at the end of each step.
    pub reports: Vec<LineReport>,
}

impl Run {
    /// Plays `[steps * lines]` weights: each step gets the money left in proportion to its part of the weight left.
    /// `level` is the part of the budget that the plan may use.
    #[must_use]
    pub fn play(world: &Arc<World>, noise: u64, weights: &[f64], level: f64) -> Self {
        let brief = &world.scenario.brief;
        let lines = brief.lines.len();
        let mut left: f64 = weights.iter().sum();
        let mut episode = Episode::new(world.clone(), noise);
        let mut reports = Vec::with_capacity(weights.len());
        let unused = (1.0 - level) * brief.budget.major();
        for row in weights.chunks(lines) {
            let money = (episode.observation().budget_left.major() - unused).max(0.0);
            let rate = money / left.max(f64::MIN_POSITIVE);
            episode.step(&Allocation::of(row.iter().map(|weight| rate * weight).collect()));
            left -= row.iter().sum::<f64>();
            reports.extend_from_slice(&episode.observation().lines);
        }
        let ledger = episode.ledger();
        Self {
            granted: ledger.rows.iter().map(|row| row.granted.major()).collect(),
            spend: ledger.rows.iter().map(|row| row.spend.major()).collect(),
            outcome: (0..ledger.steps()).map(|step| world.scenario.caused_step(ledger, step)).collect(),
            reports,
        }
    }
}

/// Plans that tell lines, levels and timing apart: nothing at all (first), each line alone at three levels, and mixes uniform
/// over all splits, each with a random level and a random weight for each phase.
#[must_use]
pub fn designed_runs(world: &Arc<World>, mixes: usize, seed: u64) -> Vec<Run> {
    let brief = &world.scenario.brief;
    let lines = brief.lines.len();
    let key = Key::new(seed).with_name("designed plans");
    let noise = |plan: u64| key.with_name("noise").with(plan).bits();
    let idle = vec![0.0; brief.steps * lines];
    let mut runs: Vec<Run> = (0..4).map(|plan| Run::play(world, noise(plan), &idle, 0.0)).collect();
    for line in 0..lines {
        for level in [0.1, 0.3, 0.8] {
            let weights: Vec<f64> =
                (0..brief.steps * lines).map(|cell| f64::from(cell % lines == line)).collect();
            runs.push(Run::play(world, noise(runs.len() as u64), &weights, level));
        }
    }
    for mix in 0..mixes as u64 {
        let plan = key.with(mix);
        let share = |line: usize| -libm::log(plan.with_name("share").with(line as u64).uniform());
        let weights: Vec<f64> = brief
            .calendar
            .iter()
            .flat_map(|step| {
                let phase = libm::exp(plan.with_name("phase").with(step.phase_index as u64).normal());
                (0..lines).map(move |line| phase * share(line))
            })
            .collect();
        let level = 0.4 + 0.6 * plan.with_name("level").uniform();
        runs.push(Run::play(world, noise(runs.len() as u64), &weights, level));
    }
    runs
}

/// Plans around `plan` (`[steps * lines]`), with random factors on each line, each phase, and each line in each phase; where
/// money may be kept, on what is used of the budget as well.
#[must_use]
pub fn perturbed_runs(world: &Arc<World>, plan: &[f64], count: u64, seed: u64) -> Vec<Run> {
    /// Least part of the budget tried.
    const LEAST_LEVEL: f64 = 0.05;
    let brief = &world.scenario.brief;
    let lines = brief.lines.len();
    let used: f64 = plan.iter().sum();
    let level = may_keep(&world.scenario.brief).then(|| (used / brief.budget.major()).max(LEAST_LEVEL));
    let trace = 0.002 * used.max(LEAST_LEVEL * brief.budget.major()) / plan.len() as f64;
    let key = Key::new(seed).with_name("perturbed plans");
    let run = |number: u64| {
        let key = key.with(number);
        let draw = |kind: u64, index: usize| key.with(kind).with(index as u64).normal();
        let weight = |(cell, money): (usize, &f64)| {
            let (line, phase) = (cell % lines, brief.calendar[cell / lines].phase_index);
            let log = 0.5 * draw(1, line) + 0.4 * draw(2, phase) + 0.4 * draw(3 + phase as u64, line);
            (money + trace) * libm::exp(log)
        };
        let weights: Vec<f64> = plan.iter().enumerate().map(weight).collect();
        let factor = libm::exp(0.4 * key.with_name("level").normal());
        Run::play(world, key.with(0).bits(), &weights, level.map_or(1.0, |level| (level * factor).min(1.0)))
    };
    (0..count).map(run).collect()
}

/// Fits a model by least squares on the pull that each outcome implies: `effect` of every step (none below zero, shrunk
/// towards the line's mean effect in proportion to declared demand) for given `half`, `retention` and `crowding`, and
/// these by coordinate descent (variable projection: Golub and Pereyra 1973). The first runs must be without spend; they
/// give `base`. Returns the model and the share of the variance of outcomes above the base that it explains.
#[must_use]
pub fn fit_model(world: &World, runs: &[Run]) -> (Model, f64) {
    const RETENTIONS: [f64; 12] = [0.0, 0.3, 0.5, 0.65, 0.75, 0.8, 0.85, 0.88, 0.91, 0.94, 0.97, 0.99];
    /// Least scale at all, where nothing was ever seen.
    const LEAST: f64 = 1e-9;
    /// Least scale of a step, relative to the mean size of outcomes: a goal may have no base, or one below zero, and need
    /// not count in every step.
    const LEAST_SCALE: f64 = 0.02;
    const CROWDINGS: [f64; 8] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4];
    let brief = &world.scenario.brief;
    let lines = brief.lines.len();
    let pace = brief.budget.major() / (brief.steps * lines) as f64;
    let idle = runs.iter().take_while(|run| run.spend.iter().all(|&spend| spend == 0.0)).count();
    let mean = |step: usize| runs[..idle].iter().map(|run| run.outcome[step]).sum::<f64>() / idle as f64;
    let base: Vec<f64> = (0..brief.steps).map(mean).collect();
    let sizes = runs.iter().flat_map(|run| &run.outcome).map(|outcome| outcome.abs());
    let floor = LEAST_SCALE * sizes.sum::<f64>() / (runs.len() * brief.steps) as f64;
    let mut model = Model {
        lines,
        scale: base.iter().map(|base| base.max(floor).max(LEAST)).collect(),
        base,
        room: brief.calendar.iter().map(|step| step.traffic.max(1e-3)).collect(),
        price: brief.calendar.iter().map(|step| step.price.max(1e-3)).collect(),
        effect: vec![0.0; brief.steps * lines],
        half: vec![4.0 * pace; lines],
        retention: vec![0.85; lines],
        crowding: 0.05,
        capacity: capacity(brief, runs),
    };
    let demand: Vec<f64> = brief.calendar.iter().map(|step| step.demand).collect();
    let runs = &runs[idle..];
    let mut stocks = Stocks::of(&model, runs);
    let mut error = stocks.fit(&mut model, &demand, runs);
    let mut factor = 2.0;
    for _sweep in 0..6 {
        for line in 0..lines {
            let halves = [factor, 1.0 / factor].map(|by| (model.half[line] * by, model.retention[line]));
            let retentions = RETENTIONS.map(|retention| (model.half[line], retention));
            for (half, retention) in halves.into_iter().chain(retentions) {
                let mut trial = model.clone();
                (trial.half[line], trial.retention[line]) =
                    (half.clamp(0.02 * pace, 500.0 * pace), retention);
                let mut changed = stocks.clone();
                changed.update(&trial, runs, line);
                let trial_error = changed.fit(&mut trial, &demand, runs);
                if trial_error < error {
                    (model, stocks, error) = (trial, changed, trial_error);
                }
            }
        }
        for crowding in CROWDINGS {
            let mut trial = Model { crowding, ..model.clone() };
            let trial_error = stocks.fit(&mut trial, &demand, runs);
            if trial_error < error {
                (model, error) = (trial, trial_error);
            }
        }
        factor = 1.0 + (factor - 1.0) * 0.7;
    }
    let above =
        |run: &Run| run.outcome.iter().zip(&model.base).map(|(y, base)| (y - base) * (y - base)).sum::<f64>();
    let spread: f64 = runs.iter().map(above).sum();
    (model, 1.0 - error / spread.max(f64::MIN_POSITIVE))
}

/// `[steps * lines]` most money that lines could spend where they were granted more, in proportion to the calendar's
/// traffic and price; infinite for a line that always spent its grant. Grants below an even split tell nothing: a few
/// yuan may be too little for one click.
fn capacity(brief: &Brief, runs: &[Run]) -> Vec<f64> {
    let lines = brief.lines.len();
    let pace = brief.budget.major() / (brief.steps * lines) as f64;
    let scale = |cell: usize| brief.calendar[cell / lines].traffic * brief.calendar[cell / lines].price;
    let most = |line: usize| {
        let mut ends: Vec<f64> = runs
            .iter()
            .flat_map(|run| run.spend.iter().zip(&run.granted).enumerate().skip(line).step_by(lines))
            .filter(|(_, (spend, granted))| **spend < 0.95 * **granted && **granted > pace)
            .map(|(cell, (spend, _))| spend / scale(cell))
            .collect();
        ends.sort_by(f64::total_cmp);
        ends.get(ends.len() * 9 / 10).copied().unwrap_or(f64::INFINITY)
    };
    let most: Vec<f64> = (0..lines).map(most).collect();
    (0..brief.steps * lines).map(|cell| scale(cell) * most[cell % lines]).collect()
}

/// `[runs][steps * lines]` stocks of each line.
#[derive(Clone)]
struct Stocks(Vec<Vec<f64>>);

impl Stocks {
    fn of(model: &Model, runs: &[Run]) -> Self {
        let mut stocks = Self(runs.iter().map(|run| vec![0.0; run.spend.len()]).collect());
        (0..model.lines).for_each(|line| stocks.update(model, runs, line));
        stocks
    }

    /// Recomputes one line.
    fn update(&mut self, model: &Model, runs: &[Run], line: usize) {
        for (stocks, run) in self.0.iter_mut().zip(runs) {
            let mut stock = 0.0;
            for step in 0..model.steps() {
                let cell = step * model.lines + line;
                stock = model.reach(step, line, run.spend[cell]) + model.retention[line] * stock;
                stocks[cell] = stock;
            }
        }
    }

    /// Sets `effect` and returns the sum of squared errors of the outcomes.
    fn fit(&self, model: &mut Model, demand: &[f64], runs: &[Run]) -> f64 {
        /// Weight of the common effect, in runs.
        const SHRINKAGE: f64 = 2.0;
        let lines = model.lines;
        let row = |stocks: &'_ [f64], step: usize| stocks[step * lines..(step + 1) * lines].to_vec();
        // The pull that shows as the outcome, and the weight that makes its error that of the outcome.
        let target = |model: &Model, run: &Run, step: usize| {
            let shown = run.outcome[step] - model.base[step];
            let crowd = (1.0 - model.crowding * shown / model.scale[step]).max(0.1);
            let slope = model.shown_slope(step, shown / crowd);
            (shown / crowd, slope * slope)
        };
        // First one effect per line, in proportion to declared demand.
        let mut common = Normal::new(&vec![1e-9; lines]);
        let (mut square, brief_steps) = (vec![1e-9; lines], model.steps());
        for (stocks, run) in self.0.iter().zip(runs) {
            for (step, demand) in demand.iter().enumerate() {
                let (pull, weight) = target(model, run, step);
                let features: Vec<f64> = row(stocks, step).iter().map(|stock| stock * demand).collect();
                common.add(&features, pull, weight);
                for (square, stock) in square.iter_mut().zip(row(stocks, step)) {
                    *square += stock * stock / (runs.len() * brief_steps) as f64;
                }
            }
        }
        let common = common.solve_positive();
        // Then the departures of each step.
        let penalties: Vec<f64> = square.iter().map(|square| SHRINKAGE * square).collect();
        let mut error = 0.0;
        for (step, season) in demand.iter().enumerate() {
            let mut normal = Normal::new(&penalties);
            let pull = |(penalty, effect): (&f64, &f64)| penalty * effect * season;
            normal.shift(&penalties.iter().zip(&common).map(pull).collect::<Vec<_>>());
            for (stocks, run) in self.0.iter().zip(runs) {
                let (pull, weight) = target(model, run, step);
                normal.add(&row(stocks, step), pull, weight);
            }
            // Nothing is an effect in a step that does not count.
            let counts = runs.iter().any(|run| run.outcome[step] != 0.0);
            let effects = if counts { normal.solve_positive() } else { vec![0.0; lines] };
            model.effect[step * lines..(step + 1) * lines].copy_from_slice(&effects);
            for (stocks, run) in self.0.iter().zip(runs) {
                let pull: f64 =
                    row(stocks, step).iter().zip(&effects).map(|(stock, effect)| stock * effect).sum();
                let miss = run.outcome[step] - model.base[step] - model.shown(step, pull);
                error += miss * miss;
            }
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::scenario;

    #[test]
    fn explains_the_average_world() {
        let scenario = scenario();
        let world = World::average(&scenario);
        let (_, explained) = fit_model(&world, &designed_runs(&world, 30, 1));
        assert!(explained > 0.9, "{explained}");
    }

    #[test]
    fn steps_without_a_base_or_that_do_not_count_are_explained() {
        let scenario = scenario();
        let world = World::average(&scenario);
        let runs = designed_runs(&world, 30, 1);
        let fit = |outcome: &dyn Fn(usize, f64) -> f64| {
            let mut runs = runs.clone();
            for run in &mut runs {
                for (step, value) in run.outcome.iter_mut().enumerate() {
                    *value = outcome(step, *value);
                }
            }
            fit_model(&world, &runs)
        };
        let base = fit_model(&world, &runs).0.base;
        // Half of the season counts for nothing.
        let (model, explained) = fit(&|step, value| if step < 16 { 0.0 } else { value });
        assert!(explained > 0.9, "{explained}");
        assert!(model.effect[..16 * model.lines].iter().all(|effect| *effect == 0.0));
        assert!(model.scale.iter().all(|scale| *scale > 0.0));
        let outcomes = model.outcomes(&vec![1_000.0; 32 * model.lines]);
        assert!(outcomes[..16].iter().all(|outcome| *outcome == 0.0), "{outcomes:?}");
        assert!(outcomes[16..].iter().zip(&base[16..]).all(|(outcome, base)| outcome > base));
        // Nothing, and less than nothing, comes without spend.
        for loss in [1.0, 1.5] {
            let (model, explained) = fit(&|step, value| value - loss * base[step]);
            assert!(explained > 0.9, "{loss}: {explained}");
            assert!(model.effect.iter().chain(&model.scale).all(|number| number.is_finite()));
        }
    }
}
