//! `outlay recommend`: what to spend in the step to come, line by line, and why, from a log of the season so far. Nothing
//! is spent by it.

mod answer;
mod beside;
mod decide;
mod evidence;
mod odds;
mod page;
mod question;
mod returns;
mod shadow;

use std::sync::Arc;

use outlay_agent::Agent;
use outlay_environment::{Brief, Observation, Scenario};

use crate::cli;
use crate::entrants;
use crate::episodes::Participant;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::plan;
use crate::terminal::Terminal;
pub(crate) use page::limit;
use question::Question;
pub(crate) use returns::Returns;

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Recommend, terminal: Terminal) -> Result<u8, Failure> {
    if let Some(file) = &arguments.reproduce {
        return evidence::reproduce(file, terminal);
    }
    let Some(agent) = &arguments.agent else { return Err(Failure::usage("no agent is named")) };
    let question = Question::of(arguments, agent, terminal)?;
    let scenario = plan::scenario(&question.scenario)?;
    let participant = participant(&question, &scenario, terminal)?;
    if arguments.shadow {
        return shadow::run(&question, &scenario, &participant, arguments.seed, terminal);
    }
    let Some(text) = answer::answer(&question, &scenario, &participant, terminal)? else {
        return Ok(EXIT_INTERRUPTED);
    };
    if let Some(file) = &arguments.evidence {
        evidence::write(file, question, &scenario, &participant, &text)?;
    }
    terminal.result(&text)?;
    Ok(0)
}

/// Who is asked.
fn participant(
    question: &Question,
    scenario: &Arc<Scenario>,
    terminal: Terminal,
) -> Result<Participant, Failure> {
    let agent = question.agent.clone();
    let known = entrants::player(&agent, scenario, question.time_limit)?;
    known.warning.iter().for_each(|warning| terminal.warn(warning));
    Ok(Participant { name: agent.clone(), agent, identity: known.identity, player: known.player })
}

/// Lets an agent decide every step it is shown.
pub(crate) fn follow(mut agent: Box<dyn Agent>, brief: &Brief, seen: &[Observation]) -> Box<dyn Agent> {
    agent.start(brief);
    for observation in seen {
        let _ = agent.decide(observation);
    }
    agent
}
