//! The folder of a run: made before any work, written whole, read back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use outlay_agent::checkpoint::{self, Card, CardResult, CheckpointError, Claim};
use outlay_agent::learn::TrainState;
use outlay_environment::Scenario;

use crate::failure::Failure;
use crate::results::Finished;
use crate::statistics;
use crate::tables::quoted;

/// The folder of a run.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Nobody else writes there meanwhile. Without it, another process of the run does.
    claim: Option<Claim>,
}

impl Folder {
    /// A folder for a new run: new or empty, and writable.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let folder = Self::claim(path)?;
        let typed = folder.typed();
        if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Failure::usage(format!("{typed} already holds something"))
                .help(format!("go on with an interrupted run in it: `outlay train --resume {typed}`"))
                .help("or name another folder with `--out`"));
        }
        let made = std::fs::create_dir_all(path).and_then(|()| tempfile::tempfile_in(path));
        made.map_err(|error| {
            Failure::usage(format!("{typed} cannot be written"))
                .because(error)
                .help("name another folder with `--out`")
        })?;
        Ok(folder)
    }

    /// The folder of a run that the first of its processes writes, seen from another.
    pub(crate) fn of_the_first(path: &Path) -> Self {
        Self { path: path.to_owned(), claim: None }
    }

    /// The folder of a saved run.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let missing = || {
            Failure::usage(format!("there is no folder {}", quoted(&path.display().to_string())))
                .help("`outlay train` starts a run and prints its folder")
        };
        if path.parent().is_some_and(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
            return Err(missing());
        }
        // After the claim, which puts back what a killed run left beside it.
        let folder = Self::claim(path)?;
        if path.is_dir() { Ok(folder) } else { Err(missing()) }
    }

    fn claim(path: &Path) -> Result<Self, Failure> {
        let refused = |error: CheckpointError| match error {
            CheckpointError::Io { source, .. } => {
                Failure::usage(format!("{} cannot be written", quoted(&path.display().to_string())))
                    .because(source)
                    .help("name another folder with `--out`")
            }
            error => Failure::usage(error.to_string()),
        };
        Ok(Self { path: path.to_owned(), claim: Some(Claim::take(path).map_err(refused)?) })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path for a command line.
    pub(crate) fn typed(&self) -> String {
        quoted(&self.path.display().to_string())
    }

    /// The state to go on from.
    pub(crate) fn state(&self) -> Result<TrainState, Failure> {
        checkpoint::read_resume(&self.path).map_err(|error| match error {
            CheckpointError::Finished { .. } => Failure::usage(error.to_string())
                .help(format!("evaluate it: `outlay evaluate {}`", self.typed()))
                .help("or train longer from the start: `outlay train --steps N --out DIR`"),
            error => Failure::usage(error.to_string()).help("`outlay train` starts a new run"),
        })
    }

    /// Saves a run that may go on.
    pub(crate) fn save(
        &self,
        state: &TrainState,
        scenarios: &[Arc<Scenario>],
        command: &str,
    ) -> Result<(), Failure> {
        self.write(&Card::new(scenarios, state, command), state, Some(state))
    }

    /// Saves a run that is done, with what its policy reached beside others.
    pub(crate) fn save_finished(
        &self,
        state: &TrainState,
        scenarios: &[Arc<Scenario>],
        command: &str,
        results: Vec<CardResult>,
    ) -> Result<(), Failure> {
        self.write(&Card { results, ..Card::new(scenarios, state, command) }, state, None)
    }

    /// Only who claimed it writes.
    fn write(&self, card: &Card, state: &TrainState, resume: Option<&TrainState>) -> Result<(), Failure> {
        if self.claim.is_none() {
            return Ok(());
        }
        checkpoint::write(&self.path, state.best_policy(), card, resume)
            .map_err(|error| Failure::run(format!("{} could not be saved", self.typed())).because(error))
    }
}

/// What a card says of a policy and those beside it.
pub(crate) fn card_results(
    policy: &Finished,
    beside: &[&Finished],
    seeds: &str,
    noises: usize,
) -> Vec<CardResult> {
    let scores = |agent: &Finished| agent.evaluation.per_seed.iter().map(|row| row.score).collect::<Vec<_>>();
    let own = scores(policy);
    let result = |agent: &Finished, uplift: Option<f64>, interval| CardResult {
        agent: agent.name.clone(),
        seeds: seeds.to_owned(),
        mean: agent.evaluation.score.mean,
        iqm: agent.evaluation.score.iqm,
        iqm_ci95: agent.evaluation.score.iqm_ci95,
        uplift,
        uplift_ci95: interval,
    };
    let others = beside.iter().map(|agent| {
        let comparison = statistics::compare(&own, &scores(agent), noises);
        result(agent, comparison.uplift, comparison.uplift_interval)
    });
    std::iter::once(result(policy, None, None)).chain(others).collect()
}
