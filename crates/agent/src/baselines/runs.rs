//! Simulated episodes that a model is fitted to: plans designed to tell lines apart, and plans around a given one.

use std::sync::Arc;

use outlay_environment::{Allocation, Episode, Key, LineReport, Scenario, World};

use super::price::may_keep;

/// One simulated episode, as far as a fit needs it.
#[derive(Debug, Clone)]
pub struct Run {
    /// `[steps * lines]` money granted, major units, row by row.
    pub granted: Vec<f64>,
    /// `[steps * lines]` money spent, major units.
    pub spend: Vec<f64>,
    /// `[steps * lines]` what of it met shoppers, major units (see [`working`]).
    pub working: Vec<f64>,
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
        let working = reports.chunks(lines).flat_map(|step| working(&world.scenario, step)).collect();
        Self {
            working,
            granted: ledger.rows.iter().map(|row| row.granted.major()).collect(),
            spend: ledger.rows.iter().map(|row| row.spend.major()).collect(),
            outcome: (0..ledger.steps()).map(|step| world.scenario.caused_step(ledger, step)).collect(),
            reports,
        }
    }
}

/// `[lines]` money spent in a step that met shoppers, major units. A market's line that spends without one contact pays
/// for production: that is a fee, and buys no reach. Worlds of curves count no contacts: there all of it works.
#[must_use]
pub fn working(scenario: &Scenario, reports: &[LineReport]) -> Vec<f64> {
    let fees = scenario.market().is_some();
    let works = |report: &LineReport| !fees || report.impressions > 0;
    reports.iter().map(|report| if works(report) { report.spend.major() } else { 0.0 }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::Money;

    #[test]
    fn what_production_takes_meets_nobody() {
        let scenario = Scenario::load("member").unwrap();
        let report = |spend: f64, impressions| LineReport {
            spend: Money::from_major(spend),
            impressions,
            ..LineReport::default()
        };
        assert_eq!(working(&scenario, &[report(3_000.0, 0), report(50.0, 7)]), [0.0, 50.0]);
        let curves = Scenario::load("families/concave").unwrap();
        assert_eq!(working(&curves, &[report(3_000.0, 0)]), [3_000.0]);
    }
}
