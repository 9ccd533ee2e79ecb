//! The lines of `outlay train --json`.

use outlay_agent::learn::{Iteration, Started, Validated};
use serde::Serialize;

use super::{Contestant, Pair, ScenarioId};

/// First line of `outlay train --json`.
#[derive(Debug, Serialize)]
pub(crate) struct TrainStarted<'a> {
    /// `outlay.train/1`, in every line.
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `started`
    pub(crate) event: &'static str,
    /// The scenario, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scenario: Option<&'a ScenarioId>,
    /// The scenarios, where there are several.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) scenarios: &'a [ScenarioId],
    /// Seed of the run.
    pub(crate) seed: u64,
    /// Whether the run goes on from a saved state.
    pub(crate) resumed: bool,
    /// Steps and size of the run.
    #[serde(flatten)]
    pub(crate) run: &'a Started,
}

/// A line of `outlay train --json` for each update.
#[derive(Debug, Serialize)]
pub(crate) struct TrainIteration<'a> {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `iteration`
    pub(crate) event: &'static str,
    /// What the update came to.
    #[serde(flatten)]
    pub(crate) iteration: &'a Iteration,
    /// Wall-clock seconds since the start; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_elapsed: Option<f64>,
}

/// A line of `outlay train --json` for each trial on the validation worlds.
#[derive(Debug, Serialize)]
pub(crate) struct TrainValidated<'a> {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `validated`
    pub(crate) event: &'static str,
    /// What the trial came to.
    #[serde(flatten)]
    pub(crate) validated: &'a Validated,
    /// Wall-clock seconds since the start; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_elapsed: Option<f64>,
}

/// Last line of `outlay train --json` after Ctrl-C.
#[derive(Debug, Serialize)]
pub(crate) struct TrainSaved {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `interrupted`
    pub(crate) event: &'static str,
    /// Folder of the checkpoint.
    pub(crate) folder: String,
    /// Steps done.
    pub(crate) steps: u64,
    /// The command that goes on; null where the training itself was done.
    pub(crate) resume: Option<String>,
}

/// Last line of `outlay train --json`: the policy beside baselines on evaluation worlds.
#[derive(Debug, Serialize)]
pub(crate) struct TrainComparison<'a> {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `finished`
    pub(crate) event: &'static str,
    /// The scenario.
    pub(crate) scenario: &'a ScenarioId,
    /// Folder of the checkpoint.
    pub(crate) folder: String,
    /// Steps done.
    pub(crate) steps: u64,
    /// Seeds of the comparison, half-open.
    pub(crate) seeds: String,
    /// The policy and the baselines.
    pub(crate) agents: &'a [Contestant],
    /// Each of the others against the first baseline.
    pub(crate) pairs: &'a [Pair],
}
