//! Agents by what was typed: built in, a checkpoint folder, or a program.

use std::path::Path;
use std::sync::Arc;

use outlay_agent::{Entrant, UnknownAgent, checkpoint, entrant};
use outlay_environment::Scenario;

use crate::episodes::Player;
use crate::exec::Program;
use crate::failure::Failure;
use crate::plan::{did_you_mean, list};
use crate::warning::Warning;

/// The player behind `agent`. A built-in name comes before a folder of that name; `./even` is the folder.
pub(crate) fn player(
    agent: &str,
    scenario: &Arc<Scenario>,
    time_limit: f64,
) -> Result<(Player, Vec<Warning>), Failure> {
    if let Some(command) = agent.strip_prefix("exec:") {
        let program = Program::parse(command, time_limit).map_err(|error| {
            Failure::usage(format!("bad agent `{agent}`: {error}"))
                .help("an example: `--agent 'mine=exec:python my.py'`")
        })?;
        return Ok((Player::Outside(program), Vec::new()));
    }
    match entrant(agent, scenario) {
        Ok(entrant) => Ok((Player::Inside(entrant), Vec::new())),
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

/// Whether a text must mean a folder.
fn is_path(agent: &str) -> bool {
    agent.contains(['/', '\\']) || agent.starts_with('.') || Path::new(agent).exists()
}

/// The policy in a checkpoint folder.
fn saved_policy(agent: &str, scenario: &Scenario) -> Result<(Player, Vec<Warning>), Failure> {
    let read = checkpoint::read(Path::new(agent)).map_err(|error| {
        Failure::usage(error.to_string()).help("`outlay agents` lists the agents that need no checkpoint")
    })?;
    let warning = read
        .warning(scenario)
        .map(|warning| Warning::OtherScenario { agent: agent.to_owned(), warning: warning.to_string() });
    let player = Player::Inside(Entrant::Agent(Box::new(read.recipe())));
    Ok((player, warning.into_iter().collect()))
}
