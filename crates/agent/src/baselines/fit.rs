//! Fits a response model to simulated episodes.

use outlay_environment::{Brief, World};

use super::linear::Normal;
use super::model::Model;
use super::runs::Run;

/// How much a line's effect may differ from step to step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// As much as a few runs say.
    Free,
    /// As much as lets one half of the runs explain the other best: for goals of few events.
    Tested,
}

/// Fits a model by least squares on the pull that each outcome implies: `effect` of every step (none below zero, shrunk
/// towards the line's mean effect in proportion to declared demand) for given `half`, `retention` and `crowding`, and
/// these by coordinate descent (variable projection: Golub and Pereyra 1973). The first runs must be without spend; they
/// give `base`. Goes on from the curves of another model, if there is one. Returns the model and the share of the variance of outcomes above the base that it explains.
#[must_use]
pub fn fit_model(world: &World, runs: &[Run], timing: Timing, from: Option<&Model>) -> (Model, f64) {
    const RETENTIONS: [f64; 12] = [0.0, 0.3, 0.5, 0.65, 0.75, 0.8, 0.85, 0.88, 0.91, 0.94, 0.97, 0.99];
    /// Least scale at all, where nothing was ever seen.
    const LEAST: f64 = 1e-9;
    /// Least scale of a step, relative to the mean size of outcomes: a goal may have no base, or one below zero, and need
    /// not count in every step.
    const LEAST_SCALE: f64 = 0.25;
    /// Weight of a line's effect over all steps against that of one step, in runs, until the best is looked for.
    const SHRINKAGE: f64 = 2.0;
    /// Sweeps over all lines, each with smaller changes, and how many of the last go on from another model.
    const SWEEPS: u32 = 6;
    const LAST_SWEEPS: u32 = 3;
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
        half: from.map_or(vec![4.0 * pace; lines], |from| from.half.clone()),
        retention: from.map_or(vec![0.85; lines], |from| from.retention.clone()),
        crowding: from.map_or(0.05, |from| from.crowding),
        capacity: capacity(brief, runs),
    };
    let demand: Vec<f64> = brief.calendar.iter().map(|step| step.demand).collect();
    let runs: &[&Run] = &runs[idle..].iter().collect::<Vec<_>>();
    let mut stocks = Stocks::of(&model, runs);
    let mut shrinkage = SHRINKAGE;
    let mut error = stocks.fit(&mut model, &demand, runs, shrinkage);
    let sweeps = if from.is_some() { LAST_SWEEPS } else { SWEEPS };
    for left in (1..=sweeps).rev() {
        let factor = 1.0 + libm::pow(0.7, f64::from(SWEEPS - left));
        if left == LAST_SWEEPS && timing == Timing::Tested {
            shrinkage = stocks.best_shrinkage(&model, &demand, runs);
            error = stocks.fit(&mut model, &demand, runs, shrinkage);
        }
        for line in 0..lines {
            let halves = [factor, 1.0 / factor].map(|by| (model.half[line] * by, model.retention[line]));
            let retentions = RETENTIONS.map(|retention| (model.half[line], retention));
            for (half, retention) in halves.into_iter().chain(retentions) {
                let mut trial = model.clone();
                (trial.half[line], trial.retention[line]) =
                    (half.clamp(0.02 * pace, 500.0 * pace), retention);
                let mut changed = stocks.clone();
                changed.update(&trial, runs, line);
                let trial_error = changed.fit(&mut trial, &demand, runs, shrinkage);
                if trial_error < error {
                    (model, stocks, error) = (trial, changed, trial_error);
                }
            }
        }
        for crowding in CROWDINGS {
            let mut trial = Model { crowding, ..model.clone() };
            let trial_error = stocks.fit(&mut trial, &demand, runs, shrinkage);
            if trial_error < error {
                (model, error) = (trial, trial_error);
            }
        }
    }
    let above = |run: &&Run| {
        run.outcome.iter().zip(&model.base).map(|(y, base)| (y - base) * (y - base)).sum::<f64>()
    };
    let spread: f64 = runs.iter().map(above).sum();
    (model, 1.0 - error / spread.max(f64::MIN_POSITIVE))
}

/// Whether what a line spent on shoppers of its grant shows the most that it can spend. Who spends next to nothing is in
/// review, in production or sold out: that says when it can spend, not how much.
pub(super) fn shows_capacity(granted: f64, working: f64) -> bool {
    working < 0.95 * granted && working > 0.02 * granted
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
            .flat_map(|run| run.working.iter().zip(&run.granted).enumerate().skip(line).step_by(lines))
            .filter(|(_, (spend, granted))| shows_capacity(**granted, **spend) && **granted > pace)
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
    fn of(model: &Model, runs: &[&Run]) -> Self {
        let mut stocks = Self(runs.iter().map(|run| vec![0.0; run.spend.len()]).collect());
        (0..model.lines).for_each(|line| stocks.update(model, runs, line));
        stocks
    }

    /// Recomputes one line.
    fn update(&mut self, model: &Model, runs: &[&Run], line: usize) {
        for (stocks, run) in self.0.iter_mut().zip(runs) {
            let mut stock = 0.0;
            for step in 0..model.steps() {
                let cell = step * model.lines + line;
                stock = model.reach(step, line, run.working[cell]) + model.retention[line] * stock;
                stocks[cell] = stock;
            }
        }
    }

    /// Sets `effect` and returns the sum of squared errors of the outcomes.
    fn fit(&self, model: &mut Model, demand: &[f64], runs: &[&Run], shrinkage: f64) -> f64 {
        let lines = model.lines;
        let cells = |step: usize| step * lines..(step + 1) * lines;
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
        let mut features = vec![0.0; lines];
        for (stocks, run) in self.0.iter().zip(runs) {
            for (step, demand) in demand.iter().enumerate() {
                let (pull, weight) = target(model, run, step);
                let stocks = &stocks[cells(step)];
                for ((feature, square), stock) in features.iter_mut().zip(&mut square).zip(stocks) {
                    *feature = stock * demand;
                    *square += stock * stock / (runs.len() * brief_steps) as f64;
                }
                common.add(&features, pull, weight);
            }
        }
        let common = common.solve_positive();
        // Then the departures of each step.
        let penalties: Vec<f64> = square.iter().map(|square| shrinkage * square).collect();
        for (step, season) in demand.iter().enumerate() {
            let mut normal = Normal::new(&penalties);
            let pull = |(penalty, effect): (&f64, &f64)| penalty * effect * season;
            normal.shift(&penalties.iter().zip(&common).map(pull).collect::<Vec<_>>());
            for (stocks, run) in self.0.iter().zip(runs) {
                let (pull, weight) = target(model, run, step);
                normal.add(&stocks[cells(step)], pull, weight);
            }
            // Nothing is an effect in a step that does not count.
            let counts = runs.iter().any(|run| run.outcome[step] != 0.0);
            let effects = if counts { normal.solve_positive() } else { vec![0.0; lines] };
            model.effect[step * lines..(step + 1) * lines].copy_from_slice(&effects);
        }
        self.error(model, runs)
    }

    /// The sum of squared errors of the outcomes.
    fn error(&self, model: &Model, runs: &[&Run]) -> f64 {
        let mut error = 0.0;
        for (stocks, run) in self.0.iter().zip(runs) {
            for (step, stocks) in stocks.chunks(model.lines).enumerate() {
                let pull = stocks.iter().zip(model.effects(step)).map(|(stock, effect)| stock * effect).sum();
                let miss = run.outcome[step] - model.base[step] - model.shown(step, pull);
                error += miss * miss;
            }
        }
        error
    }

    /// The shrinkage with which either half of the runs explains the other best.
    fn best_shrinkage(&self, model: &Model, demand: &[f64], runs: &[&Run]) -> f64 {
        /// In runs.
        const TRIED: [f64; 5] = [2.0, 8.0, 32.0, 128.0, 512.0];
        let half = |odd: usize| -> (Self, Vec<&Run>) {
            let stocks = self.0.iter().skip(odd).step_by(2).cloned().collect();
            (Self(stocks), runs.iter().skip(odd).step_by(2).copied().collect())
        };
        let [even, odd] = [half(0), half(1)];
        let error = |shrinkage: f64| -> f64 {
            let across = |learned: &(Self, Vec<&Run>), tried: &(Self, Vec<&Run>)| {
                let mut model = model.clone();
                learned.0.fit(&mut model, demand, &learned.1, shrinkage);
                tried.0.error(&model, &tried.1)
            };
            across(&even, &odd) + across(&odd, &even)
        };
        let errors = TRIED.map(|shrinkage| (error(shrinkage), shrinkage));
        errors.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(TRIED[0], |best| best.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::runs::designed_runs;
    use crate::baselines::testing::scenario;
    use outlay_environment::{Key, Scenario};

    #[test]
    fn explains_the_average_world() {
        let scenario = scenario();
        let world = World::average(&scenario);
        let (_, explained) = fit_model(&world, &designed_runs(&world, 30, 1), Timing::Free, None);
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
            fit_model(&world, &runs, Timing::Free, None)
        };
        let base = fit_model(&world, &runs, Timing::Free, None).0.base;
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
    #[test]
    fn a_line_in_review_keeps_its_capacity() {
        // Weixin reviews for two days before it spends a cent: that once read as a line without any capacity.
        let scenario = Scenario::load("member").unwrap().with_shoppers(300);
        let world = World::average(&scenario);
        let runs = designed_runs(&world, 0, 1);
        let lines = scenario.brief.lines.len();
        let weixin = scenario.brief.lines.iter().position(|line| line.name == "weixin").unwrap();
        let alone = |run: &&Run| run.granted[weixin] > 1_000.0 && run.working[2 * lines + weixin] > 0.0;
        let run = runs.iter().find(alone).unwrap();
        assert_eq!((run.spend[weixin], run.spend[lines + weixin]), (0.0, 0.0));
        assert!(capacity(&scenario.brief, &runs)[weixin] > run.working[2 * lines + weixin]);
    }

    #[test]
    fn timing_that_runs_do_not_bear_out_is_shrunk_away() {
        let scenario = scenario();
        let world = World::average(&scenario);
        let mut runs = designed_runs(&world, 40, 1);
        let lines = scenario.brief.lines.len();
        // Noise as large as the outcome itself, other in every run: no step's effects can be told from the mean's.
        for (number, run) in runs.iter_mut().enumerate().skip(4) {
            for (step, outcome) in run.outcome.iter_mut().enumerate() {
                let key = Key::new(number as u64).with_name("noise of a test").with(step as u64);
                *outcome *= libm::exp(key.normal());
            }
        }
        let wobble = |timing| {
            let model = fit_model(&world, &runs, timing, None).0;
            let ratio = |cell: usize| model.effect[cell] / scenario.brief.calendar[cell / lines].demand;
            let of_line = |line: usize| {
                let ratios: Vec<f64> = (0..model.steps()).map(|step| ratio(step * lines + line)).collect();
                let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
                ratios.iter().map(|ratio| (ratio - mean) * (ratio - mean)).sum::<f64>()
                    / (mean * mean).max(1e-12)
            };
            (0..lines).map(of_line).sum::<f64>()
        };
        let (free, tested) = (wobble(Timing::Free), wobble(Timing::Tested));
        assert!(tested < 0.2 * free, "{tested} {free}");
    }
}
