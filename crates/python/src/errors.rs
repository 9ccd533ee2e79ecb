//! Exceptions.

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    outlay,
    ScenarioError,
    PyValueError,
    "A scenario that is not known, or a file with problems."
);
create_exception!(outlay, ActionError, PyValueError, "An action that means no allocation.");
create_exception!(outlay, AgentError, PyValueError, "An agent that is not known, or that failed.");
create_exception!(outlay, CheckpointError, PyValueError, "A folder that holds no policy that can be read.");

/// Makes them known.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("ScenarioError", py.get_type::<ScenarioError>())?;
    module.add("ActionError", py.get_type::<ActionError>())?;
    module.add("AgentError", py.get_type::<AgentError>())?;
    module.add("CheckpointError", py.get_type::<CheckpointError>())
}

/// An error that is only text.
pub(crate) fn agent_error(error: impl std::fmt::Display) -> PyErr {
    AgentError::new_err(error.to_string())
}
