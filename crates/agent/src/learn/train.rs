//! The training loop: collect, advantages, update, event, validate.

use std::sync::Arc;

use outlay_environment::{Key, Scenario};
use rayon::prelude::*;

use super::adam::Adam;
use super::advantage::{Transition, generalised_advantage, leave_one_out, standardise};
use super::event::{Event, Flow, Iteration, Started, Validated};
use super::pace::keep_promise;
use super::ppo::{self, Lesson, UpdateReport};
use super::promise::{missed, penalty};
use super::ranks::{Alone, Ranks, RanksError, agree, same};
use super::replay::Played;
use super::risk::weigh;
use super::rollout::{Batch, FeatureMoments, Rollout, fill};
use super::sac::{Aim, Turn};
use super::settings::TrainSettings;
use super::start::{Start, TrainError, begin, has_soft_limit, normalise};
use super::state::{Best, TaskState, TrainState};
use super::task::{Schedule, Task, least_kept, scores, tried};

/// What a run leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The state at its end, the best policy included.
    pub state: TrainState,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// Trains one policy on worlds of `scenarios`.
pub fn train(
    scenarios: &[Arc<Scenario>],
    settings: &TrainSettings,
    start: Start,
    on_event: &mut dyn FnMut(&Event<'_>) -> Flow,
) -> Result<Trained, TrainError> {
    train_among(&Alone, scenarios, settings, start, on_event)
}

/// As [`train`], one run of several processes that all call this with the same: each plays and learns its part, and all of
/// them end with the state that one alone would have come to.
pub fn train_among(
    ranks: &dyn Ranks,
    scenarios: &[Arc<Scenario>],
    settings: &TrainSettings,
    start: Start,
    on_event: &mut dyn FnMut(&Event<'_>) -> Flow,
) -> Result<Trained, TrainError> {
    check(ranks, scenarios, settings, &start)?;
    let together = settings.scenarios.min(scenarios.len());
    let validated = settings.validated_of(scenarios.len());
    let task = |(place, scenario)| Task::new(scenario, settings, together, place < validated);
    let tasks: Vec<Task> = scenarios.par_iter().enumerate().map(task).collect();
    let schedule = Schedule::new(&tasks, settings);
    if settings.guided || start.iteration() < schedule.taught {
        tasks.par_iter().for_each(|task| task.study(settings.seed));
    }
    let mut state = begin(start, scenarios, &tasks, &schedule, settings, ranks)?;
    let mut flow = agree(ranks, on_event(&Event::Started(&started(&state, &schedule))), &state)?;

    while state.iteration < schedule.iterations && flow == Flow::Continue {
        let learning_rate = learning_rate(&mut state, &schedule);
        let lessons = play(&tasks, &schedule, &state, ranks)?;
        follow(&mut state, &schedule, &lessons);
        let report = learn(&mut state, &schedule, &lessons, learning_rate, ranks)?;
        state.steps += schedule.steps(state.iteration);
        state.iteration += 1;
        average(&mut state);
        if !is_finite(&state, &report) {
            return Err(TrainError::Diverged { steps: state.steps });
        }
        let event = iteration(&state, &lessons, &report, learning_rate, schedule.total);
        flow = on_event(&Event::Iteration(&event));
        if state.iteration.is_multiple_of(settings.validate_every) || state.iteration == schedule.iterations {
            let validated = validate(&mut state, &tasks, ranks)?;
            if on_event(&Event::Validated(&validated, &state)) == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        flow = agree(ranks, flow, &state)?;
    }
    let interrupted = state.iteration < schedule.iterations;
    if !interrupted {
        keep_promise(&mut state, &tasks, ranks)?;
    }
    Ok(Trained { state, interrupted })
}

/// What can be said against a run before it begins.
fn check(
    ranks: &dyn Ranks,
    scenarios: &[Arc<Scenario>],
    settings: &TrainSettings,
    start: &Start,
) -> Result<(), TrainError> {
    // First of all, so that every process comes to the same answer.
    let hashes = scenarios.iter().fold(Key::new(start.iteration()), |key, it| key.with_name(&it.hash));
    same(ranks, hashes.with_name(&format!("{settings:?}")))?;
    settings.problem().map_or(Ok(()), |problem| Err(TrainError::Settings(problem)))?;
    if settings.promise.is_some() && !scenarios.iter().any(has_soft_limit) {
        let missing = "a promise needs a soft limit to keep: `return_floor` or `cost_cap` under `[limits]`";
        return Err(TrainError::Settings(missing.to_owned()));
    }
    if ranks.count() > 1 && settings.learner.sac().is_some() {
        let alone = "soft actor-critic learns in one process: share a run of `ppo`, or start one process";
        return Err(TrainError::Settings(alone.to_owned()));
    }
    Ok(())
}

/// Whether an iteration left nothing but numbers: its weights, their average, which is what is tried and saved, what features
/// are normalised by, and what the update reports, which goes astray before they do.
fn is_finite(state: &TrainState, report: &UpdateReport) -> bool {
    let weights = state.policy.weights.iter().chain(&state.average);
    let normalisers = [&state.policy.line_normaliser, &state.policy.global_normaliser];
    let weights = weights.chain(normalisers.into_iter().flat_map(|it| it.mean.iter().chain(&it.scale)));
    let figures = [report.kl, report.value_loss, report.gradient_norm];
    weights.copied().all(f32::is_finite) && figures.iter().all(|figure| figure.is_finite())
}

/// Plays the tasks of an iteration, and says of every decision how good it was.
fn play(
    tasks: &[Task],
    schedule: &Schedule,
    state: &TrainState,
    ranks: &dyn Ranks,
) -> Result<Vec<Lesson>, RanksError> {
    let imitate = state.iteration < schedule.taught;
    let places = schedule.tasks(state.iteration);
    let rollout = |task: &usize| rollout(&tasks[*task], schedule, state, state.iteration);
    let rollouts: Vec<Rollout<'_>> = places.iter().map(rollout).collect();
    let batch = |(rollout, task): (&Rollout<'_>, &usize)| {
        Batch::new(rollout.scenario, rollout.policy, tasks[*task].episodes)
    };
    let mut batches: Vec<Batch> = rollouts.iter().zip(&places).map(batch).collect();
    let seen = fill(&mut batches, &rollouts, ranks)?;
    let lesson = |((batch, seen), task): ((Batch, FeatureMoments), usize)| {
        let (advantages, targets, explained) = judge(&batch, &state.tasks[task], &state.settings);
        Lesson { batch, advantages, targets, explained, seen, imitate }
    };
    Ok(batches.into_iter().zip(seen).zip(places).map(lesson).collect())
}

/// Moves the price of a broken promise by what the lessons missed, once the policy goes its own way.
fn follow(state: &mut TrainState, schedule: &Schedule, lessons: &[Lesson]) {
    let TrainSettings { promise: Some(promise), group, .. } = state.settings else { return };
    for (task, lesson) in schedule.tasks(state.iteration).into_iter().zip(lessons) {
        if let (Some(multiplier), false) = (&mut state.tasks[task].multiplier, lesson.imitate) {
            multiplier.follow(missed(&lesson.batch.margins.to_vec(), group), promise);
        }
    }
}

/// What is played of a task in an iteration.
pub(super) fn rollout<'a>(
    task: &'a Task,
    schedule: &Schedule,
    state: &'a TrainState,
    iteration: u64,
) -> Rollout<'a> {
    let TrainSettings { seed, group, .. } = state.settings;
    let (scenario, planner) = task.at(iteration >= schedule.full_size_from);
    let planner = planner.filter(|_| iteration < schedule.taught || state.policy.guided);
    // Iteration 0 is the warm-up's.
    Rollout { scenario, policy: &state.policy, seed, iteration: iteration + 1, group, planner, again: false }
}

/// Lets the learner of the run learn from what was played.
fn learn(
    state: &mut TrainState,
    schedule: &Schedule,
    lessons: &[Lesson],
    learning_rate: f64,
    ranks: &dyn Ranks,
) -> Result<UpdateReport, RanksError> {
    let key = Key::new(state.settings.seed).with_name("shuffles").with(state.iteration);
    let TrainState { policy, adam, settings, .. } = state;
    let Some(sac) = &mut state.sac else {
        let report = ppo::update(policy, adam, lessons, settings, learning_rate, key, ranks)?;
        // After the update, so that the policy that learned saw what the policy that played saw.
        lessons.iter().for_each(|lesson| state.moments.merge(&lesson.seen));
        normalise(state);
        return Ok(report);
    };
    for (lesson, task) in lessons.iter().zip(schedule.tasks(state.iteration)) {
        let scale = state.tasks[task].reward_scale;
        sac.replay.push(Played::new(task, state.iteration, &lesson.batch, scale));
    }
    let aim = match state.iteration {
        iteration if iteration < schedule.taught => Aim::Imitate,
        iteration if iteration < schedule.critics_alone => Aim::Wait,
        _ => Aim::Value,
    };
    let played = schedule.steps(state.iteration);
    Ok(sac.update(policy, adam, settings, &Turn { played, aim, learning_rate, key }))
}

/// The rate of the next iteration: the teacher's, then one that rises over the first iterations and falls linearly to a
/// tenth. The optimiser forgets the teacher's gradients when the policy goes its own way: they are of another scale.
fn learning_rate(state: &mut TrainState, schedule: &Schedule) -> f64 {
    /// Most iterations in which the rate rises, and their share of the run: Adam's first steps are as long as the rate
    /// allows, whatever the gradient.
    const WARM_UP: (f64, f64) = (20.0, 0.05);
    let (iterations, taught) = (schedule.iterations, schedule.taught);
    let settings = &state.settings;
    if state.iteration < taught {
        return settings.teacher_learning_rate;
    }
    let since = (state.iteration - taught) as f64;
    let done = since / (iterations - taught) as f64;
    let warm_up = WARM_UP.0.min(WARM_UP.1 * iterations as f64);
    let rate = settings.learning_rate * (1.0 - 0.9 * done) * ((since + 1.0) / warm_up).min(1.0);
    if state.iteration == taught && taught > 0 {
        state.adam = Adam::new(state.policy.weights.len(), settings.adam_epsilon);
    }
    rate
}

/// Moves the averaged weights towards the policy's, faster while there is little to average.
fn average(state: &mut TrainState) {
    let keep = state.settings.average.min(state.iteration as f32 / (state.iteration + 5) as f32);
    for (average, weight) in state.average.iter_mut().zip(&state.policy.weights) {
        *average = keep * *average + (1.0 - keep) * weight;
    }
}

/// Standardised advantages, targets of the critic, and the share of the returns' variance that the critic explained.
fn judge(batch: &Batch, task: &TaskState, settings: &TrainSettings) -> (Vec<f32>, Vec<f32>, f64) {
    let steps = batch.rewards.ncols();
    let mut advantages = vec![0.0; batch.rewards.len()];
    let mut record = Vec::with_capacity(steps);
    for (episode, advantages) in advantages.chunks_exact_mut(steps).enumerate() {
        record.clear();
        // Soft limits are judged over the whole episode, so a miss is paid for in the last step.
        let reward = |step: usize| {
            let reward = batch.rewards[[episode, step]] / task.reward_scale;
            let penalty = if step + 1 == steps { penalty(batch.margins[episode]) } else { 0.0 };
            task.multiplier.map_or(reward, |multiplier| multiplier.charge(reward, penalty))
        };
        record.extend((0..steps).map(|step| Transition {
            reward: reward(step) as f32,
            value: batch.values[[episode, step]],
            next_value: if step + 1 < steps { batch.values[[episode, step + 1]] } else { 0.0 },
            // The season's end is a termination on purpose: money left over is worth nothing.
            terminated: step + 1 == steps,
            truncated: false,
        }));
        generalised_advantage(&record, settings.gamma, settings.lambda, advantages);
    }
    let targets: Vec<f32> = advantages.iter().zip(&batch.values).map(|(a, v)| a + v).collect();
    let explained = 1.0 - variance(&advantages) / variance(&targets).max(1e-12);
    leave_one_out(&mut advantages, steps, settings.group);
    if let Some(share) = settings.risk {
        let scores = batch.rewards.sum_axis(ndarray::Axis(1)).to_vec();
        weigh(&mut advantages, settings.group * steps, &scores, settings.group, share);
    }
    standardise(&mut advantages);
    (advantages, targets, explained)
}

pub(super) fn variance(values: &[f32]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count
}

/// Tries the policy on the validation worlds and keeps it if it is the best so far.
fn validate(state: &mut TrainState, tasks: &[Task], ranks: &dyn Ranks) -> Result<Validated, RanksError> {
    let policy = state.averaged();
    let trials = tried(&tasks[..state.settings.validated_of(tasks.len())], &policy, ranks)?;
    let (score, kept) = (state.mean_score(&scores(&trials)), least_kept(&trials));
    let excess = state.settings.promise.map_or(0.0, |promise| (promise - kept).max(0.0));
    state.validations.push((state.steps, score));
    if state.best.as_ref().is_none_or(|best| best.is_behind(score, excess)) {
        state.best = Some(Best { policy, score, excess, steps: state.steps });
    }
    let (best, best_steps) =
        state.best.as_ref().map_or((score, state.steps), |best| (best.score, best.steps));
    let kept = state.settings.promise.map(|_| kept);
    Ok(Validated { steps: state.steps, score, best, best_steps, even: state.even(), kept })
}

fn started(state: &TrainState, schedule: &Schedule) -> Started {
    let parameters = state.policy.layout.parameters();
    let (iterations, total) = (schedule.iterations, schedule.total);
    Started { steps: state.steps, total, iterations, parameters, even: state.even() }
}

fn iteration(
    state: &TrainState,
    lessons: &[Lesson],
    report: &UpdateReport,
    learning_rate: f64,
    total: u64,
) -> Iteration {
    let [line, reserve, _] = state.policy.log_std().map(f64::from);
    let mean =
        |of: &dyn Fn(&Lesson) -> f64| lessons.iter().map(of).sum::<f64>() / lessons.len().max(1) as f64;
    let lines = mean(&|lesson| lesson.batch.lines.len_of(ndarray::Axis(2)) as f64);
    let log_std = (line * lines + reserve) / (lines + 1.0);
    let prices: Vec<f64> = state.tasks.iter().filter_map(|task| task.multiplier).map(|it| it.price).collect();
    Iteration {
        iteration: state.iteration,
        steps: state.steps,
        total,
        score: mean(&|lesson| lesson.batch.mean_score()),
        kl: report.kl,
        deviation: libm::exp(line),
        entropy: log_std + 0.5 * (std::f64::consts::TAU.ln() + 1.0),
        clip_fraction: report.clip_fraction,
        explained: report.explained,
        value_loss: report.value_loss,
        gradient_norm: report.gradient_norm,
        learning_rate,
        minibatches: report.minibatches,
        missed: state
            .settings
            .promise
            .map(|_| mean(&|lesson| missed(&lesson.batch.margins.to_vec(), state.settings.group))),
        price: (!prices.is_empty()).then(|| prices.iter().sum::<f64>() / prices.len() as f64),
    }
}
