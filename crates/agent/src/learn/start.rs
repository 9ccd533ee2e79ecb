//! How a run begins: fresh, from a policy that was trained elsewhere, or where a run stopped.

use std::sync::Arc;

use outlay_environment::Scenario;
use thiserror::Error;

use super::adam::Adam;
use super::promise::Multiplier;
use super::ranks::{Ranks, RanksError};
use super::replay::Played;
use super::rollout::{Batch, FeatureMoments, Rollout, fill};
use super::sac::Sac;
use super::settings::TrainSettings;
use super::state::{TaskState, TrainState};
use super::task::{Schedule, Task, scores, tried};
use super::train::{rollout, variance};
use super::without::{Part, silence, silenced};
use crate::heads::Predictor;
use crate::policy::{Moments, Normaliser, Policy, Prefer, Untrained};

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
    #[error(
        "training diverged: after {steps} steps its numbers are no longer finite; a lower learning rate may help"
    )]
    Diverged {
        /// Environment steps done.
        steps: u64,
    },
    /// The processes of the run cannot go on together.
    #[error(transparent)]
    Ranks(#[from] RanksError),
}

/// Where a run begins.
#[derive(Debug, Clone, Default)]
pub enum Start {
    /// With a network that says nothing.
    #[default]
    Fresh,
    /// With a network that says nothing and is shown what these heads predict.
    Seeing(Box<Predictor>),
    /// With a policy that was trained elsewhere: its weights, and its normaliser as far as new features do not move it. Where
    /// a scenario opens bids and it never decided any, it learns to.
    From(Box<Policy>),
    /// Where a run stopped.
    Resume(Box<TrainState>),
}

impl Start {
    /// Iterations that are done already.
    pub(super) fn iteration(&self) -> u64 {
        match self {
            Self::Resume(state) => state.iteration,
            Self::Fresh | Self::Seeing(_) | Self::From(_) => 0,
        }
    }
}

/// Vectors of features that the normaliser of a policy trained elsewhere counts for: as many as some twenty iterations see.
const FROM: f64 = 50_000.0;

/// The state of a run before its first iteration, or where it stopped.
pub(super) fn begin(
    start: Start,
    scenarios: &[Arc<Scenario>],
    tasks: &[Task],
    schedule: &Schedule,
    settings: &TrainSettings,
    ranks: &dyn Ranks,
) -> Result<TrainState, TrainError> {
    let TrainSettings { width, memory, seed, log_std, guided, prefer, .. } = *settings;
    let bids = settings.learner.sac().is_none() && scenarios.iter().any(|it| it.brief.levers.bid);
    let fresh = |heads| {
        let untrained = Untrained { width, seed, log_std, guided, bids, memory, heads };
        let mut policy = Policy { prefer, ..Policy::untrained(&untrained) };
        let silenced = silenced(&policy, &settings.without);
        silence(&mut policy.weights, &silenced);
        suits(&policy, settings)?;
        Ok(warm_up(tasks, policy, None, settings, ranks)?)
    };
    match start {
        Start::Resume(state) => {
            let mut state = check_resume(*state, scenarios, settings)?;
            remember(&mut state, tasks, schedule)?;
            Ok(state)
        }
        Start::From(policy) => {
            let policy = Policy { prefer, ..*policy };
            let policy = if bids { policy.with_bids(seed, log_std) } else { policy };
            suits(&policy, settings)?;
            Ok(warm_up(tasks, policy, Some(FROM), settings, ranks)?)
        }
        Start::Fresh => fresh(None),
        Start::Seeing(heads) => fresh(Some(Arc::from(heads))),
    }
}

/// The critics of soft actor-critic judge money alone, know the features without heads, and learn from single decisions.
fn suits(policy: &Policy, settings: &TrainSettings) -> Result<(), TrainError> {
    let more = policy.sizes.bids || policy.heads.is_some() || policy.sizes.memory > 0;
    if settings.learner.sac().is_some() && more {
        let cannot = "soft actor-critic knows neither bids nor heads nor a learned memory, and this policy has one of them: \
                      use `ppo`";
        return Err(TrainError::Settings(cannot.to_owned()));
    }
    Ok(())
}

/// Plays a first batch of each task with the policy as it is (untrained: its planner's plan or the even one, and action
/// noise): measures the features and the spread of the returns, so that the learner's units are about 1 in every scenario.
/// `known` is how many vectors the policy's normaliser stands for, if it was trained before.
fn warm_up(
    tasks: &[Task],
    policy: Policy,
    known: Option<f64>,
    settings: &TrainSettings,
    ranks: &dyn Ranks,
) -> Result<TrainState, RanksError> {
    let TrainSettings { seed, group, .. } = *settings;
    let first = |task| {
        let (scenario, planner) = Task::at(task, false);
        let planner = planner.filter(|_| policy.guided);
        Rollout { scenario, policy: &policy, seed, iteration: 0, group, planner, again: false }
    };
    let (mut seen, mut spreads) = (Vec::new(), Vec::new());
    // As many at a time as an iteration holds: of thousands, the batches do not fit into memory at once.
    for tasks in tasks.chunks(settings.scenarios) {
        let rollouts: Vec<Rollout<'_>> = tasks.iter().map(first).collect();
        let batch = |task: &Task| Batch::new(task.at(false).0, &policy, task.episodes);
        let mut batches: Vec<Batch> = tasks.iter().map(batch).collect();
        seen.extend(fill(&mut batches, &rollouts, ranks)?);
        spreads.extend(batches.iter().map(|batch| spread_of_returns(batch).max(1e-9)));
    }
    let of_task = |((task, reward_scale), even): ((&Task, f64), f64)| {
        let Scenario { name, hash, .. } = &*task.full;
        let (scenario, hash) = (name.clone(), hash.clone());
        let multiplier = settings.promise.filter(|_| has_soft_limit(&task.full)).map(Multiplier::new);
        TaskState { scenario, hash, reward_scale, even, multiplier }
    };
    let even = scores(&tried(tasks, &even(&policy), ranks)?);
    let of_tasks = tasks.iter().zip(spreads).zip(even).map(of_task).collect();
    let mut moments = FeatureMoments::new(&policy);
    if let Some(count) = known {
        moments.lines = Moments::behind(&policy.line_normaliser, count);
        moments.global = Moments::behind(&policy.global_normaliser, count);
    }
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
        validations: Vec::new(),
        sac: settings.learner.sac().map(|sac| Sac::new(settings, sac)),
    };
    normalise(&mut state);
    Ok(state)
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
pub(super) fn normalise(state: &mut TrainState) {
    if state.settings.without.contains(&Part::Normalisation) {
        return;
    }
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

/// Plays again what an off-policy learner remembers: its actions alone are saved, and the rest follows from them.
fn remember(state: &mut TrainState, tasks: &[Task], schedule: &Schedule) -> Result<(), TrainError> {
    let Some(mut sac) = state.sac.take() else { return Ok(()) };
    for played in sac.replay.iter_mut() {
        let task = tasks.get(played.task).ok_or(TrainError::Memory)?;
        let rollout = Rollout { again: true, ..rollout(task, schedule, state, played.iteration) };
        let mut batch = Batch::new(rollout.scenario, rollout.policy, task.episodes);
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

/// Whether something can be promised there.
pub(super) fn has_soft_limit(scenario: &Arc<Scenario>) -> bool {
    scenario.brief.limits.soft().next().is_some()
}
