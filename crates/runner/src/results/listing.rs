//! `outlay scenarios --json`, `outlay agents --json` and `outlay check --json`.

use outlay_environment::{Answer, Limits};
use serde::Serialize;

use super::ScenarioId;

/// `outlay scenarios --json`.
#[derive(Debug, Serialize)]
pub(crate) struct ScenariosDocument {
    /// `outlay.scenarios/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Shipped scenarios.
    pub(crate) scenarios: Vec<ScenarioRow>,
    /// Shipped problems with a known answer.
    pub(crate) problems: Vec<ScenarioRow>,
    /// Shipped families of curves worlds, on which baselines are calibrated.
    pub(crate) families: Vec<ScenarioRow>,
    /// Shipped worlds that others designed.
    pub(crate) references: Vec<ScenarioRow>,
    /// Shipped scenarios with one figure fitted to a published result.
    pub(crate) marks: Vec<ScenarioRow>,
    /// Shipped scenarios that no policy is trained or tuned on.
    pub(crate) heldout: Vec<ScenarioRow>,
}

/// One shipped scenario.
#[derive(Debug, Serialize)]
pub(crate) struct ScenarioRow {
    /// What to type.
    pub(crate) name: String,
    /// One line about it.
    pub(crate) title: String,
    /// What is to be maximised.
    pub(crate) goal: String,
    /// Limits of the scenario.
    pub(crate) limits: ScenarioLimits,
    /// Steps and phases.
    pub(crate) calendar: Calendar,
    /// What a good agent should discover here.
    pub(crate) question: String,
    /// Currency of all money.
    pub(crate) currency: String,
    /// Names of the lines.
    pub(crate) lines: Vec<String>,
    /// Hash of the composed files.
    pub(crate) hash: String,
    /// What is known of the best that can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Answer>,
}

/// Limits of a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct ScenarioLimits {
    /// Money for an episode, minor units.
    pub(crate) budget: i64,
    /// Limits over all lines, and on each line in order.
    #[serde(flatten)]
    pub(crate) limits: Limits,
}

/// The calendar of a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Calendar {
    /// Title of its file.
    pub(crate) title: String,
    /// Number of steps.
    pub(crate) steps: usize,
    /// Length of a step in days.
    pub(crate) step_days: f64,
    /// Phases in order.
    pub(crate) phases: Vec<Phase>,
}

impl Calendar {
    /// What stands before the colon of the title.
    pub(crate) fn name(&self) -> &str {
        self.title.split(':').next().unwrap_or_default()
    }
}

/// A run of steps of one phase.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Phase {
    /// Its name.
    pub(crate) name: String,
    /// First step.
    pub(crate) first_step: usize,
    /// Step after its last.
    pub(crate) end_step: usize,
}

/// `outlay agents --json`.
#[derive(Debug, Serialize)]
pub(crate) struct AgentsDocument {
    /// `outlay.agents/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Agents that can be named.
    pub(crate) agents: Vec<AgentRow>,
}

/// One agent that can be named.
#[derive(Debug, Serialize)]
pub(crate) struct AgentRow {
    /// What to type.
    pub(crate) name: String,
    /// One line about it.
    pub(crate) summary: String,
}

/// `outlay check --json`.
#[derive(Debug, Serialize)]
pub(crate) struct CheckDocument {
    /// `outlay.check/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// The scenario, where the file is sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scenario: Option<ScenarioId>,
    /// The file as typed.
    pub(crate) file: String,
    /// Everything that is wrong with it.
    pub(crate) problems: Vec<ProblemRow>,
}

/// One problem of a file.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemRow {
    /// File.
    pub(crate) file: String,
    /// Line, from 1; null where the problem has no place.
    pub(crate) line: Option<usize>,
    /// Column in characters, from 1.
    pub(crate) column: Option<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What stands under the caret.
    pub(crate) label: String,
    /// A way out.
    pub(crate) help: Option<String>,
}
