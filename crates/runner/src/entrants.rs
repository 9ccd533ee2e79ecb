//! Agents by what was typed: built in, a checkpoint folder, or a program.

use std::path::Path;
use std::sync::Arc;

use outlay_agent::{Entrant, UnknownAgent, checkpoint, entrant};
use outlay_environment::Scenario;

use crate::episodes::Player;
use crate::exec::Program;
use crate::failure::Failure;
use crate::format::sha256;
use crate::plan::{did_you_mean, list};
use crate::warning::Warning;

/// What stands behind a text.
pub(crate) struct Known {
    /// How it decides.
    pub(crate) player: Player,
    /// As [`crate::episodes::Participant::identity`].
    pub(crate) identity: Option<String>,
    /// What should be known of it.
    pub(crate) warning: Option<Warning>,
}

/// The player behind `agent`. A built-in name comes before a folder of that name; `./even` is the folder.
pub(crate) fn player(agent: &str, scenario: &Arc<Scenario>, time_limit: f64) -> Result<Known, Failure> {
    if let Some(command) = agent.strip_prefix("exec:") {
        let program = Program::parse(command, time_limit).map_err(|error| {
            Failure::usage(format!("bad agent `{agent}`: {error}"))
                .help("an example: `--agent 'mine=exec:python my.py'`")
        })?;
        // Nobody knows what a program reads: it is asked anew each time.
        return Ok(Known { player: Player::Outside(program), identity: None, warning: None });
    }
    match entrant(agent, scenario) {
        // Its code is part of the build, and its line, if it has one, of the name.
        Ok(entrant) => {
            let identity = Some(format!("built-in:{agent}"));
            Ok(Known { player: Player::Inside(entrant), identity, warning: None })
        }
        Err(UnknownAgent::Name { .. }) if is_scenario(agent) => {
            Err(Failure::usage(format!("`{agent}` is a scenario, where an agent was expected"))
                .help(format!("agents are named before the scenario, as in `outlay evaluate mpc {agent}`")))
        }
        Err(UnknownAgent::Name { .. }) if is_path(agent) => saved_policy(agent, scenario),
        Err(UnknownAgent::Name { nearest, .. }) => {
            let failure = Failure::usage(format!("there is no agent `{agent}`"));
            Err(did_you_mean(failure, nearest.as_deref())
                .help("`outlay agents` lists them all; a checkpoint folder or `exec:COMMAND` works as well"))
        }
        Err(error @ UnknownAgent::Kind { .. }) => Err(Failure::usage(error.to_string())),
        Err(UnknownAgent::Line { nearest, lines, .. }) => {
            let failure = Failure::usage(format!("`{agent}`: `{}` has no such line", scenario.name));
            Err(did_you_mean(failure, nearest.as_deref())
                .help(format!("its lines are {}", list(lines.iter().map(String::as_str)))))
        }
    }
}

/// Whether a text means a scenario.
fn is_scenario(agent: &str) -> bool {
    agent.ends_with(".toml") || Scenario::every_shipped().iter().any(|name| name == agent)
}

/// Whether a text must mean a folder.
fn is_path(agent: &str) -> bool {
    agent.contains(['/', '\\']) || agent.starts_with('.') || Path::new(agent).exists()
}

/// The policy in a checkpoint folder.
fn saved_policy(agent: &str, scenario: &Arc<Scenario>) -> Result<Known, Failure> {
    let read = checkpoint::read(Path::new(agent)).map_err(|error| {
        Failure::usage(error.to_string()).help("`outlay agents` lists the agents that need no checkpoint")
    })?;
    let warning = read.warning(scenario).map(|warning| Warning::OtherScenario {
        agent: agent.to_owned(),
        warning: warning.to_string(),
        command: format!("outlay train SCENARIO --from {agent}"),
    });
    // The card holds the checksum of the weights, which was compared when they were read. Where the folder lies does
    // not matter: a policy decides by its mean, without a seed.
    let card = serde_json::to_vec(&read.card).map_err(|error| {
        Failure::run(format!("the card of `{agent}` could not be read again")).because(error)
    })?;
    let hash = sha256(&card);
    let player = Player::Inside(Entrant::Agent(Box::new(read.recipe(scenario))));
    Ok(Known { player, identity: Some(format!("checkpoint:{hash}")), warning })
}
