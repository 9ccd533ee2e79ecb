//! What can be known of a scenario before an episode, because its file is public: a response model of its average world,
//! what reports to expect there, and how far reports tell a drawn world's effects from the average ones.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use outlay_environment::{Key, LineReport, Scenario, World};

use super::fit::{Run, designed_runs, fit_model, perturbed_runs};
use super::linear::Normal;
use super::model::{Ahead, Model};
use super::reports::{EVIDENCE, Evidence, Expectations};
use super::search::{Effort, Shape, evolve};
use super::trials::Trials;
use crate::planning::{Response, mirror_ascent};

/// Rounds of the planner for a plan from scratch.
const ROUNDS: usize = 200;
/// Worlds drawn to learn what reports tell.
const WORLDS: u64 = 60;
/// Plans tried in each of them.
const PLANS: u64 = 8;
/// Error of the model in one step, relative to the outcome; chosen on validation worlds, as are the numbers above.
const ERROR: f64 = 0.03;
/// Prior spread of a line's effect, in logarithms, where a drawn world's effects are estimated.
const SPREAD: f64 = 0.4;

/// Search for a better plan than the model's in the average world, on this many noises.
const SEARCH: Effort = Effort { trials: 120, step: 0.2 };
const NOISES: usize = 6;
/// Most that a marginal return is tilted.
const TILT: f64 = 2.0;

/// Everything a planner starts an episode with.
#[derive(Debug, Clone)]
pub struct Prior {
    /// The average world.
    pub model: Model,
    /// `[steps * lines]` the best plan found for the average world, major units.
    pub plan: Vec<f64>,
    /// `[steps * lines]` factor on the model's marginal returns that draws its best plan towards `plan`.
    pub tilt: Vec<f64>,
    /// What the platforms report in the average world.
    pub expectations: Expectations,
    /// `[lines][EVIDENCE]` how the logarithm of a line's effect follows from each kind of evidence on it.
    pub weights: Vec<Vec<f64>>,
}

impl Prior {
    /// The prior of a scenario, made once in a process: three agents and the teacher of a training run share it. It is
    /// a function of the scenario alone, so who asks first makes no difference.
    #[must_use]
    pub fn shared(scenario: &Scenario) -> Arc<Self> {
        /// What a prior depends on, and the prior once somebody has made it.
        type Entry = ((String, usize), Arc<OnceLock<Arc<Prior>>>);
        static MADE: Mutex<Vec<Entry>> = Mutex::new(Vec::new());
        let key = (scenario.hash.clone(), scenario.market().map_or(0, |market| market.training_shoppers));
        let slot = {
            let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
            let known = made.iter().find(|entry| entry.0 == key).map(|entry| entry.1.clone());
            known.unwrap_or_else(|| {
                made.push((key, Arc::default()));
                made[made.len() - 1].1.clone()
            })
        };
        // Outside the lock: priors of two scenarios can be made side by side.
        slot.get_or_init(|| Arc::new(Self::of(scenario))).clone()
    }

    /// Simulates and fits: some 1,300 episodes of training size, some ten seconds. On one thread, because agents that wait for
    /// it may be all the threads there are.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let small = scenario.at_training_size();
        let world = World::average(&small);
        let Explored { model, plan, runs } = explore(&world, 3, 1);
        let expectations = Expectations::fit(&world.scenario.brief, &model, &runs);
        // Around the model's own plan, where the model was fitted.
        let weights = learn_weights(&small, &model, &plan, &expectations);
        let plan = improved(&world, &plan);
        let tilt = tilt(&model, &plan);
        Self { model, plan, tilt, expectations, weights }
    }
}

/// What simulating and fitting in turn found out about one world.
#[derive(Debug, Clone)]
pub struct Explored {
    /// The model fitted last.
    pub model: Model,
    /// `[steps * lines]` its best plan, major units.
    pub plan: Vec<f64>,
    /// All episodes simulated.
    pub runs: Vec<Run>,
}

/// Simulates designed plans in a world and fits a model, then `rounds` times simulates plans around the model's best one
/// and fits again, so that the model is most faithful where it matters.
#[must_use]
pub fn explore(world: &Arc<World>, rounds: u64, seed: u64) -> Explored {
    let budget = world.scenario.brief.budget.major();
    let mut runs = designed_runs(world, 60, seed);
    let mut model = fit_model(world, &runs).0;
    let mut plan = best_plan(&model, &vec![1.0; model.lines], budget);
    for round in 0..rounds {
        runs.extend(perturbed_runs(world, &plan, 12, seed.wrapping_add(round)));
        model = fit_model(world, &runs).0;
        plan = best_plan(&model, &vec![1.0; model.lines], budget);
    }
    Explored { model, plan, runs }
}

/// `[steps * lines]` the best plan for a model with `scale` (`[lines]`) on its effects.
#[must_use]
pub fn best_plan(model: &Model, scale: &[f64], budget: f64) -> Vec<f64> {
    let caps: Vec<f64> = model.capacity.iter().map(|money| money / budget).collect();
    let mut shares = vec![1.0 / caps.len() as f64; caps.len()];
    let ahead = Ahead { model, step: 0, stock: &vec![0.0; model.lines], scale, tilt: &[] };
    mirror_ascent(&ahead, budget, &caps, &mut shares, 0.8, ROUNDS);
    shares.into_iter().map(|share| share * budget).collect()
}

/// A plan that does better in `world` itself than `plan` (both `[steps * lines]`), which a model only believes in.
fn improved(world: &Arc<World>, plan: &[f64]) -> Vec<f64> {
    let brief = &world.scenario.brief;
    let shape = Shape::timed(brief);
    let trials = Trials::new(world.clone(), 1, NOISES);
    let trace = 0.002 * plan.iter().sum::<f64>() / plan.len() as f64;
    let weights = |numbers: &[f64]| -> Vec<f64> {
        plan.iter().zip(shape.factors(numbers)).map(|(money, factor)| (money + trace) * factor).collect()
    };
    let (numbers, _) = evolve(&shape, SEARCH, 1, |numbers| trials.respill(&weights(numbers)).score);
    let weights = weights(&numbers);
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total * brief.budget.major()).collect()
}

/// `[steps * lines]` the square root of the inverse of the model's marginal returns at `plan`, relative to their mean. With
/// the inverse itself they would be equal, as they are at a best plan; the search is noisy, so the model is moved half of
/// the way in logarithms (on 48 validation worlds as good as 0.3 or 0.7 of it, and better than none or all).
fn tilt(model: &Model, plan: &[f64]) -> Vec<f64> {
    let (stock, scale) = (vec![0.0; model.lines], vec![1.0; model.lines]);
    let mut slopes = vec![0.0; plan.len()];
    Ahead { model, step: 0, stock: &stock, scale: &scale, tilt: &[] }.gradient(plan, &mut slopes);
    let total: f64 = plan.iter().sum();
    let mean = plan.iter().zip(&slopes).map(|(money, slope)| money * slope).sum::<f64>() / total;
    let tilt = |slope: &f64| libm::sqrt(mean / slope.max(f64::MIN_POSITIVE)).clamp(1.0 / TILT, TILT);
    slopes.iter().map(tilt).collect()
}

/// `[lines + 1]` logarithms of the factors on each line's effect, and on the base, that explain `runs` of a drawn world:
/// penalised least squares by Gauss and Newton.
#[must_use]
pub fn fit_scales(model: &Model, runs: &[Run]) -> Vec<f64> {
    let lines = model.lines;
    let mut logs = vec![0.0; lines + 1];
    for _ in 0..6 {
        let penalty = 1.0 / (SPREAD * SPREAD);
        let mut normal = Normal::new(&vec![penalty; lines + 1]);
        // The penalty pulls the logarithms themselves to zero, not their changes.
        normal.shift(&logs.iter().map(|log| -penalty * log).collect::<Vec<_>>());
        for run in runs {
            let mut stock = vec![0.0; lines];
            for (step, spend) in run.spend.chunks(lines).enumerate() {
                model.carry(step, spend, &mut stock);
                let mut parts: Vec<f64> = stock
                    .iter()
                    .zip(model.effects(step))
                    .zip(&logs)
                    .map(|((stock, effect), log)| stock * effect * libm::exp(*log))
                    .collect();
                let pull: f64 = parts.iter().sum();
                let base = model.base[step] * libm::exp(logs[lines]);
                let miss = run.outcome[step] - base - model.shown(step, pull);
                let slope = model.shown_slope(step, pull);
                parts.iter_mut().for_each(|part| *part *= slope);
                parts.push(base);
                let error = ERROR * (base + pull);
                normal.add(&parts, miss, 1.0 / (error * error));
            }
        }
        let change = normal.solve();
        logs.iter_mut().zip(change).for_each(|(log, change)| *log = (*log + change).clamp(-2.0, 2.0));
    }
    logs
}

/// Draws worlds, plays plans near the best one in each, estimates the effects of their lines from true outcomes, and
/// regresses these on the evidence that an agent would have had on the way: so a line's credit counts for as much as it
/// was worth. What all lines share does not change a plan and is taken out.
fn learn_weights(
    scenario: &Arc<Scenario>,
    model: &Model,
    plan: &[f64],
    expectations: &Expectations,
) -> Vec<Vec<f64>> {
    /// Penalty on the squares of the weights, in examples of evidence of one.
    const PENALTY: f64 = 4.0;
    let lines = model.lines;
    let mut problems = vec![Normal::new(&[PENALTY; EVIDENCE + 1]); lines];
    for number in 0..WORLDS {
        let key = Key::new(number).with_name("prior worlds");
        let world = World::draw(scenario, key.bits());
        let runs = perturbed_runs(&world, plan, PLANS, number);
        let logs = fit_scales(model, &runs);
        let mean = logs[..lines].iter().sum::<f64>() / lines as f64;
        for run in &runs {
            let mut evidence = Evidence::new(expectations);
            for (step, reports) in run.reports.chunks(lines).enumerate() {
                evidence.record(expectations, step, reports);
                if step % 6 == 5 {
                    for (line, features) in evidence.features().into_iter().enumerate() {
                        let mut row = features.to_vec();
                        row.push(1.0);
                        problems[line].add(&row, logs[line] - mean, 1.0);
                    }
                }
            }
        }
    }
    problems.into_iter().map(Normal::solve).collect()
}

/// Money spent in a step, `[lines]` major units.
#[must_use]
pub fn spends(reports: &[LineReport]) -> Vec<f64> {
    reports.iter().map(|report| report.spend.major()).collect()
}
