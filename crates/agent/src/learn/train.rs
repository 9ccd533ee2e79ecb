//! The training loop: collect, advantages, update, event, validate.

use std::sync::Arc;

use outlay_environment::{Domain, Episode, Key, Scenario, Seeds, World};
use rayon::prelude::*;
use thiserror::Error;

use super::adam::Adam;
use super::advantage::{Transition, generalised_advantage, leave_one_out, standardise};
use super::event::{Event, Flow, Iteration, Started, Validated};
use super::ppo::{Lesson, UpdateReport, update};
use super::rollout::{Batch, FeatureMoments, Rollout};
use super::settings::TrainSettings;
use super::state::{Best, TrainState};
use crate::agent::Recipe;
use crate::policy::{LearnedPolicy, Normaliser, Policy, planner};

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
    /// The saved run is of another scenario.
    #[error(
        "the saved run is of scenario `{saved}`, whose files differ from `{wanted}`'s; a run goes on only there"
    )]
    OtherScenario {
        /// Name of the saved run's scenario.
        saved: String,
        /// Name of the scenario at hand.
        wanted: String,
    },
    /// Numbers left the finite.
    #[error("the weights are no longer finite after {steps} steps; try a lower learning rate")]
    Diverged {
        /// Environment steps done.
        steps: u64,
    },
}

/// What a run leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The state at its end, the best policy included.
    pub state: TrainState,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// Trains a policy on worlds of `scenario`, from the start or from where `resume` stopped.
pub fn train(
    scenario: &Arc<Scenario>,
    settings: &TrainSettings,
    resume: Option<TrainState>,
    on_event: &mut dyn FnMut(&Event<'_>) -> Flow,
) -> Result<Trained, TrainError> {
    settings.problem().map_or(Ok(()), |problem| Err(TrainError::Settings(problem)))?;
    let small = scenario.at_training_size();
    let judged = if settings.validate_full_size { scenario } else { &small };
    let worlds = validation_worlds(judged, settings);
    let guide = |size: &Arc<Scenario>| if settings.guided { planner(size) } else { None };
    let guides = [guide(&small), guide(scenario)];
    let mut batch = Batch::new(&small, settings.worlds);
    let mut state = match resume {
        Some(state) => check_resume(state, scenario, settings)?,
        None => warm_up(scenario, &small, settings, &worlds, guides[0].as_deref(), &mut batch),
    };
    let episode_steps = (settings.worlds * scenario.brief.steps) as u64;
    let iterations = settings.iterations(scenario.brief.steps);
    let total = iterations * episode_steps;
    let taught = settings.taught_iterations(scenario.brief.steps);
    let full_size_from = settings.full_size_from(scenario.brief.steps);
    let mut flow = on_event(&Event::Started(&started(&state, iterations, total)));

    while state.iteration < iterations && flow == Flow::Continue {
        let learning_rate = learning_rate(&mut state, iterations, taught);
        // A planner is made for the size it plays in, because it knows how many people a shopper stands for.
        let full = state.iteration >= full_size_from;
        let size = if full { scenario } else { &small };
        let teacher = if state.iteration < taught { planner(size) } else { None };
        let asked = teacher.as_deref().or(guides[usize::from(full)].as_deref());
        let played = batch.fill(&Rollout { planner: asked, ..rollout(size, &state) });
        let (advantages, targets, explained) = judge(&batch, state.reward_scale, settings);
        let imitate = teacher.is_some();
        let lesson = Lesson { batch: &batch, advantages: &advantages, targets: &targets, imitate };
        let key = Key::new(settings.seed).with_name("shuffles").with(state.iteration);
        let report = update(&mut state.policy, &mut state.adam, lesson, settings, learning_rate, key);
        // After the update, so that the policy that learned saw what the policy that played saw.
        state.moments.merge(&played);
        normalise(&mut state);
        state.iteration += 1;
        state.steps += episode_steps;
        average(&mut state);
        if !state.policy.weights.iter().all(|weight| weight.is_finite()) {
            return Err(TrainError::Diverged { steps: state.steps });
        }
        let event = iteration(&state, &batch, &report, explained, learning_rate, total);
        flow = on_event(&Event::Iteration(&event));
        if state.iteration.is_multiple_of(settings.validate_every) || state.iteration == iterations {
            let validated = validate(&mut state, &worlds, judged);
            if on_event(&Event::Validated(&validated, &state)) == Flow::Stop {
                flow = Flow::Stop;
            }
        }
    }
    let interrupted = state.iteration < iterations;
    Ok(Trained { state, interrupted })
}

/// The rate of the next iteration: the teacher's, then one that rises over the first iterations and falls linearly to a
/// tenth. The optimiser forgets the teacher's gradients when the policy goes its own way: they are of another scale.
fn learning_rate(state: &mut TrainState, iterations: u64, taught: u64) -> f64 {
    /// Most iterations in which the rate rises, and their share of the run: Adam's first steps are as long as the rate
    /// allows, whatever the gradient.
    const WARM_UP: (f64, f64) = (20.0, 0.05);
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

/// What the next iteration plays.
fn rollout<'a>(scenario: &'a Arc<Scenario>, state: &'a TrainState) -> Rollout<'a> {
    let TrainSettings { seed, group, .. } = state.settings;
    // Iteration 0 is the warm-up's.
    Rollout { scenario, policy: &state.policy, seed, iteration: state.iteration + 1, group, planner: None }
}

/// Standardised advantages, targets of the critic, and the share of the returns' variance that the critic explained.
fn judge(batch: &Batch, scale: f64, settings: &TrainSettings) -> (Vec<f32>, Vec<f32>, f64) {
    let steps = batch.rewards.ncols();
    let mut advantages = vec![0.0; batch.rewards.len()];
    let mut record = Vec::with_capacity(steps);
    for (episode, advantages) in advantages.chunks_exact_mut(steps).enumerate() {
        record.clear();
        record.extend((0..steps).map(|step| Transition {
            reward: (batch.rewards[[episode, step]] / scale) as f32,
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
    standardise(&mut advantages);
    (advantages, targets, explained)
}

fn variance(values: &[f32]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count
}

/// Plays a first batch with an untrained policy (the even plan and action noise): measures the features and the
/// spread of the returns, so that the learner's units are about 1 in every scenario.
fn warm_up(
    scenario: &Arc<Scenario>,
    small: &Arc<Scenario>,
    settings: &TrainSettings,
    worlds: &[(Arc<World>, u64)],
    guide: Option<&dyn Recipe>,
    batch: &mut Batch,
) -> TrainState {
    let policy = Policy::untrained(settings.width, settings.seed, settings.log_std, settings.guided);
    let TrainSettings { seed, group, .. } = *settings;
    let moments =
        batch.fill(&Rollout { scenario: small, policy: &policy, seed, iteration: 0, group, planner: guide });
    let to_go = batch.rewards.outer_iter().flat_map(|rewards| {
        let mut sum = 0.0;
        rewards
            .iter()
            .rev()
            .map(|reward| {
                sum += reward;
                sum as f32
            })
            .collect::<Vec<f32>>()
    });
    let reward_scale = variance(&to_go.collect::<Vec<f32>>()).sqrt().max(1e-9);
    let mut state = TrainState {
        settings: settings.clone(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        iteration: 0,
        steps: 0,
        adam: Adam::new(policy.layout.parameters(), settings.adam_epsilon),
        average: policy.weights.clone(),
        even: mean_score(worlds, &LearnedPolicy::new(even(&policy), scenario)),
        policy,
        reward_scale,
        moments,
        best: None,
    };
    normalise(&mut state);
    state
}

/// A policy whose logits are all zero: the even plan.
fn even(policy: &Policy) -> Policy {
    Policy { weights: vec![0.0; policy.weights.len()], guided: false, ..policy.clone() }
}

/// Takes over what the moments say of the features.
fn normalise(state: &mut TrainState) {
    let FeatureMoments { lines, global } = &state.moments;
    state.policy.line_normaliser = Normaliser::of(lines);
    state.policy.global_normaliser = Normaliser::of(global);
}

fn check_resume(
    state: TrainState,
    scenario: &Scenario,
    settings: &TrainSettings,
) -> Result<TrainState, TrainError> {
    if !state.belongs_to(scenario) {
        let (saved, wanted) = (state.scenario, scenario.name.clone());
        return Err(TrainError::OtherScenario { saved, wanted });
    }
    if state.settings != *settings {
        let saved = &state.settings;
        return Err(TrainError::OtherSettings(format!("seed {}, {} steps", saved.seed, saved.steps)));
    }
    Ok(state)
}

/// The worlds of every validation, with their noise.
fn validation_worlds(scenario: &Arc<Scenario>, settings: &TrainSettings) -> Vec<(Arc<World>, u64)> {
    let numbers: Vec<u64> = (0..settings.validate_worlds).collect();
    let draw = |number: u64| {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        (World::draw(scenario, seeds.world), seeds.noise)
    };
    numbers.into_par_iter().map(draw).collect()
}

/// Tries the policy on the validation worlds and keeps it if it is the best so far.
fn validate(state: &mut TrainState, worlds: &[(Arc<World>, u64)], scenario: &Arc<Scenario>) -> Validated {
    let policy = state.averaged();
    let score = mean_score(worlds, &LearnedPolicy::new(policy.clone(), scenario));
    if state.best.as_ref().is_none_or(|best| score > best.score) {
        state.best = Some(Best { policy, score, steps: state.steps });
    }
    let (best, best_steps) =
        state.best.as_ref().map_or((score, state.steps), |best| (best.score, best.steps));
    Validated { steps: state.steps, score, best, best_steps, even: state.even }
}

/// Mean score of a policy without action noise, before the last draws of each step: less noise in the choice.
fn mean_score(worlds: &[(Arc<World>, u64)], policy: &LearnedPolicy) -> f64 {
    let scores: Vec<f64> = worlds
        .par_iter()
        .map(|(world, noise)| {
            let mut player = policy.make(0);
            let mut episode = Episode::new(world.clone(), *noise);
            player.start(&world.scenario.brief);
            while !episode.is_over() {
                let allocation = player.decide(episode.observation());
                episode.step(&allocation);
            }
            world.scenario.expected(episode.ledger())
        })
        .collect();
    scores.iter().sum::<f64>() / scores.len().max(1) as f64
}

fn started(state: &TrainState, iterations: u64, total: u64) -> Started {
    let parameters = state.policy.layout.parameters();
    Started { steps: state.steps, total, iterations, parameters, even: state.even }
}

fn iteration(
    state: &TrainState,
    batch: &Batch,
    report: &UpdateReport,
    explained: f64,
    learning_rate: f64,
    total: u64,
) -> Iteration {
    let [line, reserve] = state.policy.log_std().map(f64::from);
    let lines = batch.actions.len_of(ndarray::Axis(2)) as f64 - 1.0;
    let log_std = (line * lines + reserve) / (lines + 1.0);
    Iteration {
        iteration: state.iteration,
        steps: state.steps,
        total,
        score: batch.mean_score(),
        kl: report.kl,
        deviation: libm::exp(line),
        entropy: log_std + 0.5 * (std::f64::consts::TAU.ln() + 1.0),
        clip_fraction: report.clip_fraction,
        explained,
        value_loss: report.value_loss,
        gradient_norm: report.gradient_norm,
        learning_rate,
        minibatches: report.minibatches,
    }
}
