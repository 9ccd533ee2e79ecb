//! The training loop: collect, advantages, update, event, validate.

use std::sync::Arc;

use outlay_environment::{Key, Scenario};
use rayon::prelude::*;
use thiserror::Error;

use super::adam::Adam;
use super::advantage::{Transition, generalised_advantage, leave_one_out, standardise};
use super::event::{Event, Flow, Iteration, Started, Validated};
use super::ppo::{self, Lesson, UpdateReport};
use super::promise::{Multiplier, missed, penalty};
use super::replay::Played;
use super::risk::weigh;
use super::rollout::{Batch, FeatureMoments, Rollout};
use super::sac::{Aim, Sac, Turn};
use super::settings::TrainSettings;
use super::state::{Best, TaskState, TrainState};
use super::task::{Schedule, Task, Trial};
use crate::policy::{LearnedPolicy, Moments, Normaliser, Policy, Prefer};

/// Why training did not start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting cannot work.
    #[error("training settings: {0}")]
    Settings(String),
    /// The saved run had other settings.
    #[error("the saved run has other settings ({0}); resume it with its own, or start a new run elsewhere")]
    OtherSettings(String),
    /// The saved run is of other scenarios.
    #[error(
        "the saved run is of scenario `{saved}`, whose files differ from those of `{wanted}`; a run goes on only there"
    )]
    OtherScenario {
        /// Names of the saved run's scenarios.
        saved: String,
        /// Names of the scenarios at hand.
        wanted: String,
    },
    /// What the saved run remembers cannot have been played by it.
    #[error("the saved run remembers episodes that it cannot have played; start a new run")]
    Memory,
    /// Numbers left the finite.
    #[error("the weights are no longer finite after {steps} steps; try a lower learning rate")]
    Diverged {
        /// Environment steps done.
        steps: u64,
    },
}

/// Vectors of features that the normaliser of a policy trained elsewhere counts for: as many as some twenty iterations see.
const FROM: f64 = 50_000.0;

/// What a run leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The state at its end, the best policy included.
    pub state: TrainState,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// Where a run begins.
#[derive(Debug, Clone, Default)]
pub enum Start {
    /// With a network that says nothing.
    #[default]
    Fresh,
    /// With a policy that was trained elsewhere: its weights, and its normaliser as far as new features do not move it.
    From(Box<Policy>),
    /// Where a run stopped.
    Resume(Box<TrainState>),
}

/// Trains one policy on worlds of `scenarios`.
pub fn train(
    scenarios: &[Arc<Scenario>],
    settings: &TrainSettings,
    start: Start,
    on_event: &mut dyn FnMut(&Event<'_>) -> Flow,
) -> Result<Trained, TrainError> {
    settings.problem().map_or(Ok(()), |problem| Err(TrainError::Settings(problem)))?;
    if settings.promise.is_some() && !scenarios.iter().any(has_soft_limit) {
        let missing = "a promise needs a soft limit to keep: `return_floor` or `cost_cap` under `[limits]`";
        return Err(TrainError::Settings(missing.to_owned()));
    }
    let together = settings.scenarios.min(scenarios.len());
    let validated = settings.validated.unwrap_or(scenarios.len());
    let task = |(place, scenario)| Task::new(scenario, settings, together, place < validated);
    let tasks: Vec<Task> = scenarios.par_iter().enumerate().map(task).collect();
    let schedule = Schedule::new(&tasks, settings);
    let mut state = match start {
        Start::Resume(state) => {
            let mut state = check_resume(*state, scenarios, settings)?;
            remember(&mut state, &tasks, &schedule)?;
            state
        }
        Start::From(policy) => {
            let policy = Policy { prefer: settings.prefer, ..*policy };
            warm_up(&tasks, policy, Some(FROM), settings)
        }
        Start::Fresh => {
            let TrainSettings { width, seed, log_std, guided, prefer, .. } = *settings;
            let policy = Policy { prefer, ..Policy::untrained(width, seed, log_std, guided) };
            warm_up(&tasks, policy, None, settings)
        }
    };
    let mut flow = on_event(&Event::Started(&started(&state, &schedule)));

    while state.iteration < schedule.iterations && flow == Flow::Continue {
        let learning_rate = learning_rate(&mut state, &schedule);
        let lessons = play(&tasks, &schedule, &state);
        follow(&mut state, &schedule, &lessons);
        let report = learn(&mut state, &schedule, &lessons, learning_rate);
        state.steps += schedule.steps(state.iteration);
        state.iteration += 1;
        average(&mut state);
        if !state.policy.weights.iter().all(|weight| weight.is_finite()) {
            return Err(TrainError::Diverged { steps: state.steps });
        }
        let event = iteration(&state, &lessons, &report, learning_rate, schedule.total);
        flow = on_event(&Event::Iteration(&event));
        if state.iteration.is_multiple_of(settings.validate_every) || state.iteration == schedule.iterations {
            let validated = validate(&mut state, &tasks);
            if on_event(&Event::Validated(&validated, &state)) == Flow::Stop {
                flow = Flow::Stop;
            }
        }
    }
    let interrupted = state.iteration < schedule.iterations;
    Ok(Trained { state, interrupted })
}

/// Plays the tasks of an iteration, and says of every decision how good it was.
fn play(tasks: &[Task], schedule: &Schedule, state: &TrainState) -> Vec<Lesson> {
    let imitate = state.iteration < schedule.taught;
    let lesson = |task: usize| {
        let rollout = rollout(&tasks[task], schedule, state, state.iteration);
        let mut batch = Batch::new(rollout.scenario, tasks[task].episodes);
        let seen = batch.fill(&rollout);
        let (advantages, targets, explained) = judge(&batch, &state.tasks[task], &state.settings);
        Lesson { batch, advantages, targets, explained, seen, imitate }
    };
    schedule.tasks(state.iteration).into_par_iter().map(lesson).collect()
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

fn has_soft_limit(scenario: &Arc<Scenario>) -> bool {
    scenario.brief.limits.soft().next().is_some()
}

/// What is played of a task in an iteration.
fn rollout<'a>(task: &'a Task, schedule: &Schedule, state: &'a TrainState, iteration: u64) -> Rollout<'a> {
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
) -> UpdateReport {
    let key = Key::new(state.settings.seed).with_name("shuffles").with(state.iteration);
    let TrainState { policy, adam, settings, .. } = state;
    let Some(sac) = &mut state.sac else {
        let report = ppo::update(policy, adam, lessons, settings, learning_rate, key);
        // After the update, so that the policy that learned saw what the policy that played saw.
        lessons.iter().for_each(|lesson| state.moments.merge(&lesson.seen));
        normalise(state);
        return report;
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
    sac.update(policy, adam, settings, &Turn { played, aim, learning_rate, key })
}

/// Plays again what an off-policy learner remembers: its actions alone are saved, and the rest follows from them.
fn remember(state: &mut TrainState, tasks: &[Task], schedule: &Schedule) -> Result<(), TrainError> {
    let Some(mut sac) = state.sac.take() else { return Ok(()) };
    for played in sac.replay.iter_mut() {
        let task = tasks.get(played.task).ok_or(TrainError::Memory)?;
        let rollout = Rollout { again: true, ..rollout(task, schedule, state, played.iteration) };
        let mut batch = Batch::new(rollout.scenario, task.episodes);
        if batch.actions.dim() != played.actions.dim() {
            return Err(TrainError::Memory);
        }
        batch.actions.assign(&played.actions);
        batch.fill(&rollout);
        *played = Played::new(played.task, played.iteration, &batch, state.tasks[played.task].reward_scale);
    }
    state.sac = Some(sac);
    Ok(())
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

fn variance(values: &[f32]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count
}

/// Plays a first batch of each task with the policy as it is (untrained: its planner's plan or the even one, and action
/// noise): measures the features and the spread of the returns, so that the learner's units are about 1 in every scenario.
/// `known` is how many vectors the policy's normaliser stands for, if it was trained before.
fn warm_up(tasks: &[Task], policy: Policy, known: Option<f64>, settings: &TrainSettings) -> TrainState {
    let TrainSettings { seed, group, .. } = *settings;
    let first = |task: &Task| {
        let (scenario, planner) = task.at(false);
        let planner = planner.filter(|_| policy.guided);
        let mut batch = Batch::new(scenario, task.episodes);
        let rollout = Rollout { scenario, policy: &policy, seed, iteration: 0, group, planner, again: false };
        let seen = batch.fill(&rollout);
        let even = task.trial(&LearnedPolicy::new(even(&policy), task.judged())).score;
        let Scenario { name, hash, .. } = &*task.full;
        let (scenario, hash) = (name.clone(), hash.clone());
        let multiplier = settings.promise.filter(|_| has_soft_limit(&task.full)).map(Multiplier::new);
        let reward_scale = spread_of_returns(&batch).max(1e-9);
        (seen, TaskState { scenario, hash, reward_scale, even, multiplier })
    };
    let (seen, of_tasks): (Vec<_>, Vec<_>) = tasks.par_iter().map(first).unzip();
    let mut moments = known.map_or_else(FeatureMoments::default, |count| FeatureMoments {
        lines: Moments::behind(&policy.line_normaliser, count),
        global: Moments::behind(&policy.global_normaliser, count),
    });
    seen.iter().for_each(|part| moments.merge(part));
    let mut state = TrainState {
        settings: settings.clone(),
        tasks: of_tasks,
        iteration: 0,
        steps: 0,
        adam: Adam::new(policy.layout.parameters(), settings.adam_epsilon),
        average: policy.weights.clone(),
        policy,
        moments,
        best: None,
        sac: settings.learner.sac().map(|sac| Sac::new(settings, sac)),
    };
    normalise(&mut state);
    state
}

/// Standard deviation of what is still to come, over all steps of all episodes.
fn spread_of_returns(batch: &Batch) -> f64 {
    let to_go = batch.rewards.outer_iter().flat_map(|rewards| {
        let mut sum = 0.0;
        let to_go = |reward: &f64| {
            sum += reward;
            sum as f32
        };
        rewards.iter().rev().map(to_go).collect::<Vec<f32>>()
    });
    variance(&to_go.collect::<Vec<f32>>()).sqrt()
}

/// A policy whose logits are all zero and that spends all it has: the even plan.
fn even(policy: &Policy) -> Policy {
    let weights = vec![0.0; policy.weights.len()];
    Policy { weights, guided: false, prefer: Prefer::Spend, ..policy.clone() }
}

/// Takes over what the moments say of the features.
fn normalise(state: &mut TrainState) {
    let FeatureMoments { lines, global } = &state.moments;
    state.policy.line_normaliser = Normaliser::of(lines);
    state.policy.global_normaliser = Normaliser::of(global);
}

fn check_resume(
    state: TrainState,
    scenarios: &[Arc<Scenario>],
    settings: &TrainSettings,
) -> Result<TrainState, TrainError> {
    if !state.belongs_to(scenarios) {
        let saved = state.scenario_names();
        let wanted = scenarios.iter().map(|scenario| scenario.name.as_str()).collect::<Vec<_>>().join(" ");
        return Err(TrainError::OtherScenario { saved, wanted });
    }
    if state.settings != *settings {
        let saved = &state.settings;
        return Err(TrainError::OtherSettings(format!("seed {}, {} steps", saved.seed, saved.steps)));
    }
    Ok(state)
}

/// Tries the policy on the validation worlds and keeps it if it is the best so far.
fn validate(state: &mut TrainState, tasks: &[Task]) -> Validated {
    let policy = state.averaged();
    let reached = |task: &Task| task.trial(&LearnedPolicy::new(policy.clone(), task.judged()));
    let validated = state.settings.validated.unwrap_or(tasks.len());
    let trials: Vec<Trial> = tasks[..validated.min(tasks.len())].par_iter().map(reached).collect();
    let score = state.mean_score(&trials.iter().map(|trial| trial.score).collect::<Vec<_>>());
    // Scenarios without soft limits keep them all.
    let kept = trials.iter().map(|trial| trial.kept).fold(1.0, f64::min);
    let excess = state.settings.promise.map_or(0.0, |promise| (promise - kept).max(0.0));
    if state.best.as_ref().is_none_or(|best| best.is_behind(score, excess)) {
        state.best = Some(Best { policy, score, excess, steps: state.steps });
    }
    let (best, best_steps) =
        state.best.as_ref().map_or((score, state.steps), |best| (best.score, best.steps));
    let kept = state.settings.promise.map(|_| kept);
    Validated { steps: state.steps, score, best, best_steps, even: state.even(), kept }
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
    let [line, reserve] = state.policy.log_std().map(f64::from);
    let mean =
        |of: &dyn Fn(&Lesson) -> f64| lessons.iter().map(of).sum::<f64>() / lessons.len().max(1) as f64;
    let lines = mean(&|lesson| lesson.batch.actions.len_of(ndarray::Axis(2)) as f64 - 1.0);
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
