//! What can be known of a scenario before an episode, because its file is public: a response model of its average world,
//! what reports to expect there, how far reports tell a drawn world's effects from the average ones, and how far they do
//! not.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use outlay_environment::{Key, LineReport, Scenario, World};

use super::appeals::Habits;
use super::book::{Belief, Book, Noise};
use super::fit::{Run, designed_runs, fit_model, perturbed_runs};
use super::linear::Normal;
use super::model::{Ahead, Model};
use super::price::{may_keep, price_of_money};
use super::product_test::{decides, uncommitted};
use super::reports::{EVIDENCE, Evidence, Expectations};
use super::search::{Effort, Shape, evolve};
use super::spread::{Drawn, Spread};
use super::trials::{Mix, Trials};
use crate::planning::{Purse, Response};

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
    /// Outcome that a major unit of spend must bring, by the model.
    pub price: f64,
    /// Part of the budget to use where money may be kept at a price that the model has no unit for; else 1.
    pub part: f64,
    /// What the platforms report in the average world.
    pub expectations: Expectations,
    /// `[lines][EVIDENCE]` how the logarithm of a line's effect follows from each kind of evidence on it.
    pub weights: Vec<Vec<f64>>,
    /// How far drawn worlds are from what their evidence answers.
    pub spread: Spread,
    /// What orders tell of products, where something is decided between them; all else is then of the scenario without
    /// its commitment.
    pub habits: Option<Arc<Habits>>,
}

impl Prior {
    /// What `evidence` alone makes one believe of the logarithms of factors on effects and base.
    #[must_use]
    pub fn belief(&self, evidence: &Evidence) -> Belief {
        let mut belief = self.spread.belief.clone();
        let answer = answer(&self.weights, &evidence.features());
        belief.mean.iter_mut().zip(answer).for_each(|(mean, log)| *mean += log);
        belief
    }

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
        let mut small = scenario.at_training_size();
        let mut habits = None;
        if decides(&scenario.brief) {
            small = Arc::new(uncommitted(&small));
            habits = Habits::study(&small).map(Arc::new);
        }
        let world = World::average(&small);
        let Explored { model, plan, runs } = explore(&world, 3, 1);
        let expectations = Expectations::fit(&world.scenario.brief, &model, &runs);
        // Around the model's own plan, where the model was fitted.
        let (weights, spread) = learn_from_draws(&small, &model, &plan, &expectations);
        let plan = improved(&world, &plan);
        let price = price_of_money(&world.scenario.brief);
        let tilt = tilt(&model, &plan, price, scenario.brief.budget.major());
        let searched = may_keep(&scenario.brief) && price == 0.0;
        let used = plan.iter().sum::<f64>() / scenario.brief.budget.major();
        let part = if searched { used.min(1.0) } else { 1.0 };
        Self { model, plan, tilt, price, part, expectations, weights, spread, habits }
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
    let mut runs = designed_runs(world, 60, seed);
    let mut model = fit_model(world, &runs).0;
    let mut plan = best_plan(&world.scenario, &model);
    for round in 0..rounds {
        runs.extend(perturbed_runs(world, &plan, 12, seed.wrapping_add(round)));
        model = fit_model(world, &runs).0;
        plan = best_plan(&world.scenario, &model);
    }
    Explored { model, plan, runs }
}

/// On which terms the money of a scenario may be used from `step` on, when `left` is left of it, major units.
#[must_use]
pub fn purse(scenario: &Scenario, step: usize, left: f64) -> Purse {
    let brief = &scenario.brief;
    let held = |step: usize| brief.limits.held(step).major();
    let mut ceilings = Vec::new();
    let mut now = step;
    while let Some(release) = brief.limits.next_release(now) {
        ceilings.push(((release - step) * brief.lines.len(), (1.0 - held(now) / left).max(0.0)));
        now = release;
    }
    Purse { price: price_of_money(&scenario.brief), ceilings }
}

/// `[steps * lines]` the best plan for a model of `scenario`.
#[must_use]
pub fn best_plan(scenario: &Scenario, model: &Model) -> Vec<f64> {
    let budget = scenario.brief.budget.major();
    let caps: Vec<f64> = model.capacity.iter().map(|money| money / budget).collect();
    let mut shares = vec![1.0 / caps.len() as f64; caps.len()];
    let (stock, scale) = (vec![0.0; model.lines], vec![1.0; model.lines]);
    let ahead = Ahead { model, step: 0, stock: &stock, scale: &scale, tilt: &[] };
    purse(scenario, 0, budget).ascend(&ahead, budget, &caps, &mut shares, 0.8, ROUNDS);
    shares.into_iter().map(|share| share * budget).collect()
}

/// A plan that does better in `world` itself than `plan` (both `[steps * lines]`), which a model only believes in.
fn improved(world: &Arc<World>, plan: &[f64]) -> Vec<f64> {
    /// Least part of the budget that a search starts from.
    const LEAST: f64 = 0.02;
    let brief = &world.scenario.brief;
    let keeps = may_keep(&world.scenario.brief);
    let shape = Shape::timed(brief).keeping(keeps);
    let trials = Trials::new(world.clone(), 1, NOISES);
    let used = plan.iter().sum::<f64>().max(LEAST * brief.budget.major());
    let trace = 0.002 * used / plan.len() as f64;
    let part = if keeps { (used / brief.budget.major()).min(1.0) } else { 1.0 };
    let weights = plan.iter().map(|money| money + trace).collect();
    let base = Mix { part, ..Mix::of(weights) };
    let (numbers, _) =
        evolve(&shape, SEARCH, 1, |numbers| trials.respill(&base.changed(&shape, numbers)).score);
    let best = base.changed(&shape, &numbers);
    let total: f64 = best.weights.iter().sum();
    let money = best.part * brief.budget.major();
    best.weights.iter().map(|weight| weight / total * money).collect()
}

/// `[steps * lines]` the square root of the inverse of the model's marginal returns at `plan`, relative to their mean. With
/// the inverse itself they would be equal, as they are at a best plan; the search is noisy, so the model is moved half of
/// the way in logarithms (on 48 validation worlds as good as 0.3 or 0.7 of it, and better than none or all). Where the plan
/// keeps money at a `price`, they would be equal to that.
fn tilt(model: &Model, plan: &[f64], price: f64, budget: f64) -> Vec<f64> {
    /// Least part of the budget that is kept on purpose.
    const KEPT: f64 = 0.01;
    let (stock, scale) = (vec![0.0; model.lines], vec![1.0; model.lines]);
    let mut slopes = vec![0.0; plan.len()];
    Ahead { model, step: 0, stock: &stock, scale: &scale, tilt: &[] }.gradient(plan, &mut slopes);
    let total: f64 = plan.iter().sum();
    let mean = plan.iter().zip(&slopes).map(|(money, slope)| money * slope).sum::<f64>() / total;
    let goal = if price > 0.0 && total < (1.0 - KEPT) * budget { price } else { mean };
    let tilt = |slope: &f64| libm::sqrt(goal / slope.max(f64::MIN_POSITIVE)).clamp(1.0 / TILT, TILT);
    slopes.iter().map(tilt).collect()
}

/// True outcomes of `runs`, and the stocks that the model has in them.
fn outcomes(model: &Model, runs: &[Run]) -> Book {
    let mut book = Book::default();
    for run in runs {
        let mut stock = vec![0.0; model.lines];
        for (step, spend) in run.spend.chunks(model.lines).enumerate() {
            model.carry(step, spend, &mut stock);
            book.record(step, &stock, run.outcome[step]);
        }
    }
    book
}

/// Draws worlds, plays plans near the best one in each, estimates the effects of their lines from true outcomes, and
/// regresses these on the evidence that an agent would have had on the way: so a line's credit counts for as much as it
/// was worth. What all lines share does not change a plan and is taken out. Then learns how far worlds are from these
/// answers.
fn learn_from_draws(
    scenario: &Arc<Scenario>,
    model: &Model,
    plan: &[f64],
    expectations: &Expectations,
) -> (Vec<Vec<f64>>, Spread) {
    /// Penalty on the squares of the weights, in examples of evidence of one.
    const PENALTY: f64 = 4.0;
    let lines = model.lines;
    let mut problems = vec![Normal::new(&[PENALTY; EVIDENCE + 1]); lines];
    let mut worlds = Vec::new();
    for number in 0..WORLDS {
        let key = Key::new(number).with_name("prior worlds");
        let world = World::draw(scenario, key.bits());
        let runs = perturbed_runs(&world, plan, PLANS, number);
        let book = outcomes(model, &runs);
        let blank = Belief::independent(lines + 1, 0.0, SPREAD);
        let logs = blank.after(&book, model, Noise { counting: 0.0, error: ERROR }).mean;
        let mean = logs[..lines].iter().sum::<f64>() / lines as f64;
        let mut seen = Vec::new();
        for run in &runs {
            let mut evidence = Evidence::new(expectations);
            for (step, reports) in run.reports.chunks(lines).enumerate() {
                evidence.record(expectations, step, reports);
                if step % 6 == 5 {
                    let features = evidence.features();
                    for (line, features) in features.iter().enumerate() {
                        let mut row = features.to_vec();
                        row.push(1.0);
                        problems[line].add(&row, logs[line] - mean, 1.0);
                    }
                    seen.push(features);
                }
            }
        }
        worlds.push((book, seen));
    }
    let weights: Vec<Vec<f64>> = problems.into_iter().map(Normal::solve).collect();
    let drawn = |(book, seen): (Book, Vec<Vec<[f64; EVIDENCE]>>)| {
        let mut mean = vec![0.0; lines];
        for features in &seen {
            let answer = answer(&weights, features);
            mean.iter_mut().zip(answer).for_each(|(mean, log)| *mean += log / seen.len() as f64);
        }
        Drawn { book, answer: mean }
    };
    let worlds: Vec<Drawn> = worlds.into_iter().map(drawn).collect();
    let spread = Spread::learn(model, &worlds);
    (weights, spread)
}

/// `[lines]` what the regression answers to evidence: logarithms of factors on effects.
fn answer(weights: &[Vec<f64>], features: &[[f64; EVIDENCE]]) -> Vec<f64> {
    let weigh = |(features, weights): (&[f64; EVIDENCE], &Vec<f64>)| -> f64 {
        let log: f64 = features.iter().chain(&[1.0]).zip(weights).map(|(x, weight)| x * weight).sum();
        log.clamp(-1.5, 1.5)
    };
    features.iter().zip(weights).map(weigh).collect()
}

/// Money spent in a step, `[lines]` major units.
#[must_use]
pub fn spends(reports: &[LineReport]) -> Vec<f64> {
    reports.iter().map(|report| report.spend.major()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::{Hold, Money};

    /// Two lines without carry-over or crowding over two steps: `value * x / (x + half)` each.
    fn model(steps: usize) -> Model {
        Model {
            lines: 2,
            base: vec![0.0; steps],
            scale: vec![1.0; steps],
            room: vec![1.0; steps],
            price: vec![1.0; steps],
            effect: [400.0, 900.0].repeat(steps),
            half: vec![100.0, 100.0],
            retention: vec![0.0; 2],
            crowding: 0.0,
            capacity: vec![f64::INFINITY; 2 * steps],
        }
    }

    #[test]
    fn a_profit_is_planned_for_until_money_costs_what_it_brings() {
        let mut scenario = Scenario::clone(&Scenario::load("steady-profit").unwrap());
        Arc::make_mut(&mut scenario.brief).budget = Money::from_major(10_000.0);
        // The marginal return `value half / (x + half)^2` is 1 at `sqrt(value half) - half`.
        let plan = best_plan(&scenario, &model(2));
        assert!(plan.iter().zip([100.0, 200.0, 100.0, 200.0]).all(|(a, b)| (a - b).abs() < 0.5), "{plan:?}");
        Arc::make_mut(&mut scenario.brief).goal = "revenue".to_owned();
        let all: f64 = best_plan(&scenario, &model(2)).iter().sum();
        assert!((all - 10_000.0).abs() < 1e-6, "{all}");
    }

    #[test]
    fn money_held_for_later_is_not_planned_early() {
        let mut scenario = Scenario::clone(&Scenario::load("new-customer").unwrap());
        let brief = Arc::make_mut(&mut scenario.brief);
        brief.lines.truncate(2);
        brief.budget = Money::from_major(1_000.0);
        brief.limits.holds = vec![
            Hold { until_step: 1, money: Money::from_major(300.0) },
            Hold { until_step: 3, money: Money::from_major(600.0) },
        ];
        let plan = best_plan(&scenario, &model(4));
        let used = |steps: usize| plan[..2 * steps].iter().sum::<f64>();
        assert!(used(1) <= 100.0 + 1e-6 && used(3) <= 400.0 + 1e-6, "{plan:?}");
        // Three like steps under one ceiling, the first of them no lower than its own.
        assert!((used(1) - 100.0).abs() < 1.0 && (used(3) - 400.0).abs() < 1.0, "{plan:?}");
        assert!((plan.iter().sum::<f64>() - 1_000.0).abs() < 1e-6, "{plan:?}");
        // Left to itself half way, everything but the last hold is free.
        assert_eq!(purse(&scenario, 2, 800.0).ceilings, [(2, 0.25)]);
    }
}
