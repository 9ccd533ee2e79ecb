//! Built-in agents and trained policies, asked step by step.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use outlay_agent::{Agent, Entrant, checkpoint, entrant};
use outlay_environment::{Brief, Observation};
use pyo3::prelude::*;

use crate::batch::Batch;
use crate::errors::{AgentError, CheckpointError, agent_error};
use crate::scenario::{Scenario, is_folder};

/// An agent that decides seasons of one scenario, one after the other. It remembers what it saw: it is asked once for each
/// step, in their order, and forgets when it sees a first step.
#[pyclass(module = "outlay")]
pub(crate) struct Player {
    agent: Mutex<Box<dyn Agent>>,
    brief: Arc<Brief>,
    /// The step it is to be asked for next.
    next: usize,
    /// What should be known before it is believed.
    #[pyo3(get)]
    warning: Option<String>,
}

#[pymethods]
impl Player {
    /// A built-in agent, or the policy in a checkpoint folder. `seed` is of its own randomness.
    #[new]
    #[pyo3(signature = (name, scenario, seed = 0))]
    fn new(py: Python<'_>, name: &str, scenario: &Scenario, seed: u64) -> PyResult<Self> {
        let composed = &scenario.composed;
        // A planner studies its scenario first, which takes a while.
        let (agent, warning) = py.detach(|| match entrant(name, composed) {
            Ok(Entrant::Agent(recipe)) => Ok((recipe.make(seed), None)),
            Ok(Entrant::Oracle(_)) => Err(AgentError::new_err(format!(
                "`{name}` plans a whole season; `outlay.evaluate` judges it"
            ))),
            Err(error) if !is_folder(name) => Err(agent_error(error)),
            Err(_) => {
                let read = read(name)?;
                let warning = read.warning(composed).map(|warning| warning.to_string());
                Ok((outlay_agent::Recipe::make(&read.recipe(composed), seed), warning))
            }
        })?;
        Ok(Self { agent: Mutex::new(agent), brief: composed.brief.clone(), next: 0, warning })
    }

    /// The names of the scenarios that a checkpoint was trained for.
    #[staticmethod]
    fn trained(folder: &str) -> PyResult<Vec<String>> {
        Ok(read(folder)?.card.scenarios.into_iter().map(|scenario| scenario.name).collect())
    }

    /// `[lines]` major units for the step that an observation is of; it is JSON as `exec:` agents read it.
    fn act(&mut self, py: Python<'_>, observation: &str) -> PyResult<Vec<f64>> {
        let observation: Observation = serde_json::from_str(observation)
            .map_err(|error| AgentError::new_err(format!("this is no observation: {error}")))?;
        self.decide(py, &observation)
    }

    /// The same for the step at hand of an environment.
    #[pyo3(signature = (batch, lane = 0))]
    fn act_in(&mut self, py: Python<'_>, batch: &Batch, lane: usize) -> PyResult<Vec<f64>> {
        self.decide(py, batch.episode(lane)?.observation())
    }
}

impl Player {
    fn decide(&mut self, py: Python<'_>, observation: &Observation) -> PyResult<Vec<f64>> {
        let (asked, lines) = (observation.step, self.brief.lines.len());
        if observation.lines.len() != lines {
            let got = observation.lines.len();
            return Err(AgentError::new_err(format!(
                "an observation of {got} lines; this agent knows {lines}"
            )));
        }
        if asked != 0 && asked != self.next || asked >= self.brief.steps {
            let next = self.next;
            return Err(AgentError::new_err(format!(
                "asked for step {asked} after step {next} was due: an agent is asked once for each step, in their order"
            )));
        }
        self.next = asked + 1;
        let Self { agent, brief, .. } = self;
        let agent = agent.get_mut().unwrap_or_else(PoisonError::into_inner);
        let allocation = py.detach(|| {
            if asked == 0 {
                agent.start(brief);
            }
            agent.decide(observation)
        });
        Ok(allocation.money)
    }
}

fn read(folder: &str) -> PyResult<checkpoint::Checkpoint> {
    checkpoint::read(Path::new(folder)).map_err(|error| CheckpointError::new_err(error.to_string()))
}
