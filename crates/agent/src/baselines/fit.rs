//! Fits a response model to simulated episodes.

use std::sync::Arc;

use outlay_environment::{Allocation, Episode, Key, LineReport, World};

use super::curves::hill;
use super::linear::Normal;
use super::model::Model;

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
            episode.step(&Allocation { money: row.iter().map(|weight| rate * weight).collect() });
            left -= row.iter().sum::<f64>();
            reports.extend_from_slice(&episode.observation().lines);
        }
        let ledger = episode.ledger();
        Self {
            granted: ledger.rows.iter().map(|row| row.granted.major()).collect(),
            spend: ledger.rows.iter().map(|row| row.spend.major()).collect(),
            outcome: ledger.shop.iter().map(|row| world.scenario.goal.expected_step(row)).collect(),
            reports,
        }
    }
}

/// Plans that tell lines, levels and timing apart: nothing at all, each line alone at three levels, and mixes uniform
/// over all splits, each with a random level and a random weight for each phase.
#[must_use]
pub fn designed_runs(world: &Arc<World>, mixes: usize, seed: u64) -> Vec<Run> {
    let brief = &world.scenario.brief;
    let lines = brief.lines.len();
    let key = Key::new(seed).with_name("designed plans");
    let noise = |plan: u64| key.with_name("noise").with(plan).bits();
    let mut runs = vec![Run::play(world, noise(0), &vec![0.0; brief.steps * lines], 0.0)];
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

/// Fits `base` and `effect` of every step by least squares (none below zero, shrunk towards the line's mean effect in
/// proportion to declared demand) for given `half` and `retention`, and these by coordinate descent over a grid
/// (variable projection: Golub and Pereyra 1973). Returns the model and the share of variance it explains.
#[must_use]
pub fn fit_model(world: &World, runs: &[Run]) -> (Model, f64) {
    let brief = &world.scenario.brief;
    let lines = brief.lines.len();
    let pace = brief.budget.major() / (brief.steps * lines) as f64;
    let mut model = Model {
        lines,
        base: vec![0.0; brief.steps],
        price: brief.calendar.iter().map(|step| step.price.max(1e-3)).collect(),
        effect: vec![0.0; brief.steps * lines],
        half: vec![4.0 * pace; lines],
        retention: vec![0.3; lines],
    };
    let demand: Vec<f64> = brief.calendar.iter().map(|step| step.demand).collect();
    let mut saturation = Saturation::of(&model, runs);
    let mut error = saturation.fit(&mut model, &demand, runs);
    let mut stride = 2.0;
    for _sweep in 0..5 {
        for line in 0..lines {
            let moves = [(stride, 0.0), (1.0 / stride, 0.0), (1.0, 0.15), (1.0, -0.15)];
            for (factor, shift) in moves {
                let mut trial = model.clone();
                trial.half[line] = (trial.half[line] * factor).clamp(0.02 * pace, 500.0 * pace);
                trial.retention[line] = (trial.retention[line] + shift * (stride - 1.0)).clamp(0.0, 0.97);
                let mut changed = saturation.clone();
                changed.update(&trial, runs, line);
                let trial_error = changed.fit(&mut trial, &demand, runs);
                if trial_error < error {
                    (model, saturation, error) = (trial, changed, trial_error);
                }
            }
        }
        stride = 1.0 + (stride - 1.0) * 0.7;
    }
    let outcomes = || runs.iter().flat_map(|run| &run.outcome);
    let mean = outcomes().sum::<f64>() / outcomes().count() as f64;
    let spread: f64 = outcomes().map(|y| (y - mean) * (y - mean)).sum();
    (model, 1.0 - error / spread.max(f64::MIN_POSITIVE))
}

/// `[runs][steps * lines]` saturation of each line's stock.
#[derive(Clone)]
struct Saturation(Vec<Vec<f64>>);

impl Saturation {
    fn of(model: &Model, runs: &[Run]) -> Self {
        let mut saturation = Self(runs.iter().map(|run| vec![0.0; run.spend.len()]).collect());
        (0..model.lines).for_each(|line| saturation.update(model, runs, line));
        saturation
    }

    /// Recomputes one line.
    fn update(&mut self, model: &Model, runs: &[Run], line: usize) {
        for (levels, run) in self.0.iter_mut().zip(runs) {
            let mut stock = 0.0;
            for (step, price) in model.price.iter().enumerate() {
                let cell = step * model.lines + line;
                stock = run.spend[cell] / price + model.retention[line] * stock;
                levels[cell] = hill(stock, model.half[line], 1.0);
            }
        }
    }

    /// Sets `base` and `effect` and returns the sum of squared errors.
    fn fit(&self, model: &mut Model, demand: &[f64], runs: &[Run]) -> f64 {
        const SHRINKAGE: f64 = 0.3;
        let lines = model.lines;
        // First one effect per line, in proportion to declared demand, and one base.
        let mut common = Normal::new(&vec![1e-9; lines + 1]);
        let row = |levels: &[f64], step: usize| {
            let mut features = levels[step * lines..(step + 1) * lines].to_vec();
            features.push(1.0);
            features
        };
        for (levels, run) in self.0.iter().zip(runs) {
            for (step, &outcome) in run.outcome.iter().enumerate() {
                let mut features = row(levels, step);
                features.iter_mut().for_each(|feature| *feature *= demand[step]);
                common.add(&features, outcome, 1.0);
            }
        }
        let common = common.solve_positive();
        // Then the departures of each step.
        let mut error = 0.0;
        for step in 0..model.base.len() {
            let mut normal = Normal::new(&vec![SHRINKAGE; lines + 1]);
            for (part, &effect) in common.iter().enumerate() {
                let mut features = vec![0.0; lines + 1];
                features[part] = 1.0;
                normal.add(&features, effect * demand[step], SHRINKAGE);
            }
            for (levels, run) in self.0.iter().zip(runs) {
                normal.add(&row(levels, step), run.outcome[step], 1.0);
            }
            let numbers = normal.solve_positive();
            model.base[step] = numbers[lines];
            model.effect[step * lines..(step + 1) * lines].copy_from_slice(&numbers[..lines]);
            for (levels, run) in self.0.iter().zip(runs) {
                let fitted: f64 = row(levels, step).iter().zip(&numbers).map(|(x, b)| x * b).sum();
                error += (run.outcome[step] - fitted) * (run.outcome[step] - fitted);
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
        let start = std::time::Instant::now();
        let runs = designed_runs(&world, 40, 1);
        let played = start.elapsed();
        let (model, explained) = fit_model(&world, &runs);
        println!(
            "{played:?} {:?} r2 {explained} half {:?} retention {:?}",
            start.elapsed() - played,
            model.half,
            model.retention
        );
        assert!(explained > 0.9, "{explained}");
    }
}
