//! Scenarios.

use std::path::Path;
use std::sync::Arc;

use outlay::library;
use outlay_agent::policy::{GLOBAL_FEATURES, LINE_FEATURES};
use outlay_environment::Scenario as Composed;
use pyo3::prelude::*;

use crate::errors::ScenarioError;

/// A scenario, composed and checked.
#[pyclass(frozen, module = "outlay")]
pub(crate) struct Scenario {
    pub(crate) composed: Arc<Composed>,
    /// As it was asked for.
    #[pyo3(get)]
    pub(crate) asked: String,
}

/// What `shoppers` may be: a number, or `"training"`.
#[derive(FromPyObject)]
pub(crate) enum Size {
    Number(usize),
    Name(String),
}

#[pymethods]
impl Scenario {
    /// Loads a shipped scenario by name, or a file by path.
    #[new]
    #[pyo3(signature = (name, shoppers = None))]
    fn load(name: &str, shoppers: Option<Size>) -> PyResult<Self> {
        let found = library::scenario(name).map_err(|error| ScenarioError::new_err(error.to_string()))?;
        let composed = match shoppers {
            None => found,
            Some(Size::Number(number)) if number > 0 => found.with_shoppers(number),
            Some(Size::Name(word)) if word == "training" => found.at_training_size(),
            Some(_) => {
                let message = "`shoppers` is a number above 0, \"training\" or None (as the file says)";
                return Err(ScenarioError::new_err(message));
            }
        };
        Ok(Self { composed, asked: name.to_owned() })
    }

    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.composed.name
    }

    /// One line for people.
    #[getter]
    fn title(&self) -> &str {
        &self.composed.title
    }

    /// SHA-256 over its files.
    #[getter]
    fn hash(&self) -> &str {
        &self.composed.hash
    }

    /// What a score counts.
    #[getter]
    fn unit(&self) -> &'static str {
        self.composed.goal.unit()
    }

    /// Steps of an episode.
    #[getter]
    fn steps(&self) -> usize {
        self.composed.brief.steps
    }

    /// Money for an episode, in major units.
    #[getter]
    fn budget(&self) -> f64 {
        self.composed.brief.budget.major()
    }

    /// Names of the lines.
    #[getter]
    fn lines(&self) -> Vec<String> {
        self.composed.brief.lines.iter().map(|line| line.name.clone()).collect()
    }

    /// Simulated shoppers; 0 where there are none.
    #[getter]
    fn shoppers(&self) -> usize {
        self.composed.market().map_or(0, |market| market.shoppers)
    }

    /// Numbers of an observation: features of each line, of the whole, and all of them.
    #[getter]
    fn features(&self) -> (usize, usize, usize) {
        (LINE_FEATURES, GLOBAL_FEATURES, features(&self.composed))
    }

    /// What an agent is told before an episode, as JSON.
    fn brief_json(&self) -> PyResult<String> {
        json(&*self.composed.brief)
    }

    fn __repr__(&self) -> String {
        format!("Scenario({:?})", self.asked)
    }
}

/// Length of a flat observation.
pub(crate) fn features(scenario: &Composed) -> usize {
    scenario.brief.lines.len() * LINE_FEATURES + GLOBAL_FEATURES
}

/// Text for `json.loads`.
pub(crate) fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(crate::errors::agent_error)
}

/// Names of all shipped scenarios, those in folders included.
#[pyfunction]
pub(crate) fn shipped() -> Vec<String> {
    Composed::every_shipped()
}

/// Built-in agents: name and what each does.
#[pyfunction]
pub(crate) fn agents() -> Vec<(&'static str, &'static str)> {
    outlay_agent::names().into_iter().map(|agent| (agent.name, agent.summary)).collect()
}

/// Whether a text must mean a folder.
pub(crate) fn is_folder(text: &str) -> bool {
    Path::new(text).is_dir()
}
