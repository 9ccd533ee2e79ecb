//! Studies a scenario before the first episode: simulates and fits its average world, draws worlds to learn what reports
//! tell, and tries the planner itself with what was found.

use std::sync::Arc;

use outlay_environment::{Key, Scenario, World};

use super::appeals::Habits;
use super::book::{Belief, Book, Noise};
use super::explore::{Explored, explore};
use super::linear::Normal;
use super::model::{Ahead, Model};
use super::mpc::{Horizon, Planner};
use super::price::{may_keep, price_of_money};
use super::prior::{Prior, answer};
use super::product_test::{decides, uncommitted};
use super::reports::{EVIDENCE, Evidence, Expectations};
use super::runs::{Run, perturbed_runs};
use super::search::{Effort, Shape, evolve};
use super::spread::{Drawn, Spread, model_error};
use super::trials::{Mix, Trials};
use crate::agent::play;
use crate::planning::Response;

/// Proposals of the model that are tried, and learnt from, in turn.
const ROUNDS: u64 = 3;
/// Worlds drawn to learn what reports tell.
const WORLDS: u64 = 60;
/// Plans tried in each of them.
const PLANS: u64 = 8;
/// Least error of the model in one step, relative to the outcome; chosen on validation worlds, as are the numbers above.
const LEAST_ERROR: f64 = 0.03;
/// Prior spread of a line's effect, in logarithms, where a drawn world's effects are estimated.
const SPREAD: f64 = 0.4;

/// Search for a better plan than the model's in the average world, on this many noises.
const SEARCH: Effort = Effort { trials: 120, step: 0.2 };
const NOISES: usize = 10;
/// Part of its weight that a plan gives evenly to the cells of open lines before that search.
const TRACE: f64 = 0.002;
/// Most that a marginal return is tilted.
const TILT: f64 = 2.0;

/// How far the planner may follow its model away from the plan, and worlds that each is tried in with each model.
const TRUSTS: [f64; 3] = [1.0, 0.5, 0.0];
const TRIED: u64 = 24;

/// Simulates and fits: some 2,500 episodes of training size, twelve seconds, half a minute with thirteen lines. On one thread,
/// because agents that wait for it may be all the threads there are.
#[must_use]
pub fn study(scenario: &Scenario) -> Arc<Prior> {
    let played = scenario.at_training_size();
    let (mut small, mut habits) = (played.clone(), None);
    if decides(&scenario.brief) {
        small = Arc::new(uncommitted(&played));
        habits = Habits::study(&small).map(Arc::new);
    }
    let world = World::average(&small);
    let trials = Trials::new(world, 1, NOISES);
    let mut explored = explore(&trials, ROUNDS, 1);
    explored.refine(trials.world(), 1 + 2 * ROUNDS);
    let Explored { models, mix, closed, runs } = explored;
    let budget = scenario.brief.budget.major();
    let around = mix.money(budget);
    let average = perturbed_runs(trials.world(), &around, 2 * PLANS, WORLDS);
    let drawn: Vec<Vec<Run>> = (0..WORLDS).map(|number| draw(&small, &around, number)).collect();
    let plan = improved(&trials, &mix).money(budget);
    let price = price_of_money(&scenario.brief);
    let part =
        if may_keep(&scenario.brief) && price == 0.0 { plan.iter().sum::<f64>() / budget } else { 1.0 };
    let prior = |model: Model| {
        let expectations = Expectations::fit(&small.brief, &model, &runs);
        let error = model_error(&model, &outcomes(&model, &average)).max(LEAST_ERROR);
        let (weights, spread) = learn_from_draws(&model, &drawn, &expectations, error);
        let mut prior = Prior {
            tilt: Vec::new(),
            plan: plan.clone(),
            closed: closed.clone(),
            trust: 1.0,
            price,
            part: part.min(1.0),
            expectations,
            weights,
            spread,
            habits: habits.clone(),
            model,
        };
        let expected = prior.belief(&Evidence::new(&prior.expectations)).factors();
        prior.tilt = tilt(&prior.model, &expected, &plan, price, budget);
        prior
    };
    // Between products the planner makes plans of its own.
    let trusts = if habits.is_some() { &TRUSTS[..1] } else { &TRUSTS };
    let candidates = models
        .map(prior)
        .into_iter()
        .flat_map(|prior| trusts.iter().map(move |&trust| Arc::new(Prior { trust, ..prior.clone() })));
    let scored = candidates.map(|prior| (tried(&played, &prior), prior));
    let better = |best: (f64, Arc<Prior>), next: (f64, Arc<Prior>)| if next.0 > best.0 { next } else { best };
    scored.reduce(better).expect("two models").1
}

/// What the planner reaches with `prior` in drawn worlds, in the mean.
fn tried(scenario: &Arc<Scenario>, prior: &Arc<Prior>) -> f64 {
    let mut planner = Planner::new(scenario, prior.clone(), Horizon::Rest);
    let score = |number: u64| {
        let key = Key::new(number).with_name("prior trials");
        let episode = play(&mut planner, &World::draw(scenario, key.with(0).bits()), key.with(1).bits());
        let steps = 0..scenario.brief.steps;
        steps.map(|step| scenario.expected_step(episode.ledger(), step)).sum::<f64>()
    };
    (0..TRIED).map(score).sum::<f64>() / TRIED as f64
}

/// A plan that does better in the trials' world than `mix`, which is the best that a model proposed.
fn improved(trials: &Trials, mix: &Mix) -> Mix {
    let scenario = &trials.world().scenario;
    let shape = Shape::timed(&scenario.brief).keeping(may_keep(&scenario.brief));
    let trace = TRACE * mix.weights.iter().sum::<f64>() / mix.weights.len() as f64;
    let weight = |weight: &f64| if *weight > 0.0 { weight + trace } else { 0.0 };
    let base = Mix { weights: mix.weights.iter().map(weight).collect(), ..mix.clone() };
    let (numbers, _) =
        evolve(&shape, SEARCH, 1, |numbers| trials.respill(&base.changed(&shape, numbers)).score);
    base.changed(&shape, &numbers)
}

/// `[steps * lines]` the square root of the inverse of the model's marginal returns at `plan`, relative to their mean. With
/// the inverse itself they would be equal, as they are at a best plan; the search is noisy, so the model is moved half of
/// the way in logarithms (on 48 validation worlds as good as 0.3 or 0.7 of it, and better than none or all). Where the plan
/// keeps money at a `price`, they would be equal to that.
fn tilt(model: &Model, scale: &[f64], plan: &[f64], price: f64, budget: f64) -> Vec<f64> {
    /// Least part of the budget that is kept on purpose.
    const KEPT: f64 = 0.01;
    let stock = vec![0.0; model.lines];
    let mut slopes = vec![0.0; plan.len()];
    Ahead { model, step: 0, stock: &stock, scale, tilt: &[] }.gradient(plan, &mut slopes);
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
        for (step, spend) in run.working.chunks(model.lines).enumerate() {
            model.carry(step, spend, &mut stock);
            book.record(step, &stock, run.outcome[step]);
        }
    }
    book
}

/// Plans near `plan` played in a drawn world.
fn draw(scenario: &Arc<Scenario>, plan: &[f64], number: u64) -> Vec<Run> {
    let key = Key::new(number).with_name("prior worlds");
    perturbed_runs(&World::draw(scenario, key.bits()), plan, PLANS, number)
}

/// Estimates the effects of the lines of `drawn` worlds (runs near the best plan in each) from true outcomes, and
/// regresses these on the evidence that an agent would have had on the way: so a line's credit counts for as much as it
/// was worth. What all lines share does not change a plan and is taken out. Then learns how far worlds are from these
/// answers.
fn learn_from_draws(
    model: &Model,
    drawn: &[Vec<Run>],
    expectations: &Expectations,
    error: f64,
) -> (Vec<Vec<f64>>, Spread) {
    /// Penalty on the squares of the weights, in examples of evidence of one.
    const PENALTY: f64 = 4.0;
    let lines = model.lines;
    let mut problems = vec![Normal::new(&[PENALTY; EVIDENCE + 1]); lines];
    let mut worlds = Vec::new();
    for runs in drawn {
        let book = outcomes(model, runs);
        let blank = Belief::independent(lines + 1, 0.0, SPREAD);
        let logs = blank.after(&book, model, Noise { counting: 0.0, error }).mean;
        let mean = logs[..lines].iter().sum::<f64>() / lines as f64;
        let mut seen = Vec::new();
        for run in runs {
            let mut evidence = Evidence::new(expectations);
            let steps = run.reports.chunks(lines).zip(run.working.chunks(lines));
            for (step, (reports, working)) in steps.enumerate() {
                evidence.record(expectations, step, reports, working);
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
