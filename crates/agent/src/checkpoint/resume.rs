//! The state to go on from: numbers in `resume/state.safetensors`, counters in `resume/state.toml`.

use std::path::Path;

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use super::error::CheckpointError;
use super::tensors::Tensors;
use super::{Checkpoint, MOST_CARD, MOST_TENSORS, folder, put_policy, take_policy};
use crate::learn::{Adam, Best, FeatureMoments, Played, Sac, TaskState, TrainSettings, TrainState};
use crate::policy::{GLOBAL_FEATURES, Moments, Policy};

const TENSORS: &str = "resume/state.safetensors";
const COUNTERS: &str = "resume/state.toml";
const KIND: &str = "outlay.state/1";

/// `resume/state.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counters {
    /// Checksum of the tensors.
    tensors: String,
    iteration: u64,
    steps: u64,
    adam_time: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best_score: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best_steps: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best_excess: Option<f64>,
    settings: TrainSettings,
    tasks: Vec<TaskState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sac: Option<SacCounters>,
}

/// What soft actor-critic counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SacCounters {
    adam_time: usize,
    /// What it remembers, the oldest first.
    played: Vec<PlayedShape>,
}

/// Episodes that are remembered: the actions alone are saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PlayedShape {
    task: usize,
    iteration: u64,
    /// Episodes, steps, logits.
    shape: [usize; 3],
}

/// The files of a state. The best policy is the checkpoint's own, so it is not stored twice.
pub(super) fn files(state: &TrainState) -> Result<Vec<(&'static str, Vec<u8>)>, String> {
    let mut tensors = Tensors::default();
    put_policy(&mut tensors, "policy.", &state.policy);
    let length = [state.adam.first.len()];
    tensors.put_f32("adam.first", &length, &state.adam.first);
    tensors.put_f32("adam.second", &length, &state.adam.second);
    tensors.put_f32("average", &length, &state.average);
    for (name, moments) in [("line", &state.moments.lines), ("global", &state.moments.global)] {
        tensors.put_f64(format!("moments.{name}.count"), &[moments.count]);
        tensors.put_f64(format!("moments.{name}.sum"), &moments.sum);
        tensors.put_f64(format!("moments.{name}.squares"), &moments.squares);
    }
    let sac = state.sac.as_ref().map(|sac| put_sac(&mut tensors, sac));
    let bytes = tensors.to_bytes(KIND)?;
    let counters = Counters {
        tensors: folder::checksum(&bytes),
        iteration: state.iteration,
        steps: state.steps,
        adam_time: state.adam.time,
        best_score: state.best.as_ref().map(|best| best.score),
        best_steps: state.best.as_ref().map(|best| best.steps),
        best_excess: state.best.as_ref().map(|best| best.excess).filter(|_| state.settings.promise.is_some()),
        settings: state.settings.clone(),
        tasks: state.tasks.clone(),
        sac,
    };
    let text = toml::to_string_pretty(&counters).map_err(|error| error.to_string())?;
    Ok(vec![(TENSORS, bytes), (COUNTERS, text.into_bytes())])
}

/// Reads the state of the run that wrote `checkpoint` in the folder `path`.
pub(super) fn read(path: &Path, checkpoint: &Checkpoint) -> Result<TrainState, CheckpointError> {
    let (numbers, text) = (path.join(TENSORS), path.join(COUNTERS));
    if !numbers.exists() && !text.exists() {
        return Err(CheckpointError::Finished { path: path.to_owned() });
    }
    let damaged = |file: &Path, reason: String| CheckpointError::Damaged { path: file.to_owned(), reason };
    let counters = String::from_utf8(folder::read_bounded(&text, MOST_CARD)?)
        .map_err(|_| damaged(&text, "it is not text".to_owned()))?;
    let counters: Counters =
        toml::from_str(&counters).map_err(|error| damaged(&text, error.message().to_owned()))?;
    let bytes = folder::read_bounded(&numbers, MOST_TENSORS)?;
    if folder::checksum(&bytes) != counters.tensors {
        return Err(damaged(&numbers, "its checksum is not that of state.toml".to_owned()));
    }
    state(&bytes, counters, checkpoint).map_err(|reason| damaged(&numbers, reason))
}

fn state(bytes: &[u8], counters: Counters, checkpoint: &Checkpoint) -> Result<TrainState, String> {
    let mut tensors = Tensors::from_bytes(bytes, KIND)?;
    let read = take_policy(&mut tensors, "policy.", checkpoint.policy.sizes)?;
    let Policy { guided, prefer, ref heads, .. } = checkpoint.policy;
    let policy = Policy { guided, prefer, heads: heads.clone(), ..read };
    let length = [policy.layout.parameters()];
    let adam = Adam {
        epsilon: counters.settings.adam_epsilon,
        time: counters.adam_time,
        first: tensors.take_f32("adam.first", &length)?,
        second: tensors.take_f32("adam.second", &length)?,
    };
    let average = tensors.take_f32("average", &length)?;
    let sac = counters.sac.map(|sac| take_sac(&mut tensors, &sac, &counters.settings)).transpose()?;
    let mut moments = |name: &str, length: usize| -> Result<Moments, String> {
        Ok(Moments {
            count: tensors.take_f64(&format!("moments.{name}.count"), 1)?[0],
            sum: tensors.take_f64(&format!("moments.{name}.sum"), length)?,
            squares: tensors.take_f64(&format!("moments.{name}.squares"), length)?,
        })
    };
    let best = counters.best_score.zip(counters.best_steps);
    let excess = counters.best_excess.unwrap_or(0.0);
    Ok(TrainState {
        moments: FeatureMoments {
            lines: moments("line", checkpoint.policy.sizes.line_features)?,
            global: moments("global", GLOBAL_FEATURES)?,
        },
        tasks: counters.tasks,
        iteration: counters.iteration,
        steps: counters.steps,
        policy,
        adam,
        average,
        best: best.map(|(score, steps)| Best { policy: checkpoint.policy.clone(), score, excess, steps }),
        validations: checkpoint.card.training.validations(),
        settings: counters.settings,
        sac,
    })
}

/// Puts what soft actor-critic keeps beside the policy.
fn put_sac(tensors: &mut Tensors, sac: &Sac) -> SacCounters {
    let length = [sac.critics.len()];
    tensors.put_f32("sac.critics", &length, &sac.critics);
    tensors.put_f32("sac.targets", &length, &sac.targets);
    tensors.put_f32("sac.adam.first", &length, &sac.adam.first);
    tensors.put_f32("sac.adam.second", &length, &sac.adam.second);
    tensors.put_f64("sac.log_temperature", &[sac.log_temperature]);
    let put = |(played, number): (&Played, usize)| {
        let (episodes, steps, logits) = played.actions.dim();
        let shape = [episodes, steps, logits];
        let actions: Vec<f32> = played.actions.iter().copied().collect();
        tensors.put_f32(format!("sac.played.{number}"), &shape, &actions);
        PlayedShape { task: played.task, iteration: played.iteration, shape }
    };
    SacCounters { adam_time: sac.adam.time, played: sac.replay.iter().zip(0..).map(put).collect() }
}

/// Takes it again. Of what is remembered it takes the actions; they are played again when the run goes on.
fn take_sac(tensors: &mut Tensors, counters: &SacCounters, settings: &TrainSettings) -> Result<Sac, String> {
    let learner = settings.learner.sac().ok_or("soft actor-critic did not learn in this run")?;
    let mut sac = Sac::new(settings, learner);
    let length = [sac.critics.len()];
    sac.critics = tensors.take_f32("sac.critics", &length)?;
    sac.targets = tensors.take_f32("sac.targets", &length)?;
    sac.adam.time = counters.adam_time;
    sac.adam.first = tensors.take_f32("sac.adam.first", &length)?;
    sac.adam.second = tensors.take_f32("sac.adam.second", &length)?;
    sac.log_temperature = tensors.take_f64("sac.log_temperature", 1)?[0];
    for (PlayedShape { task, iteration, shape }, number) in counters.played.iter().zip(0..) {
        let actions = tensors.take_f32(&format!("sac.played.{number}"), shape)?;
        let actions = Array3::from_shape_vec(*shape, actions).map_err(|error| error.to_string())?;
        sac.replay.push(Played::of_actions(*task, *iteration, actions));
    }
    Ok(sac)
}
