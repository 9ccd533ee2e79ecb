//! `outlay evaluate`: one agent on fixed seeds.

use std::time::Instant;

use crate::cli;
use crate::episodes::{self, Games, Participant, Played};
use crate::evaluation;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::interrupt;
use crate::plan;
use crate::progress;
use crate::results::{EvaluateDocument, VERSION};
use crate::tables::{self, Setting};
use crate::terminal::Terminal;
use crate::warning::Warning;

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Evaluate, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    let games = plan::games(&arguments.stage, arguments.truth)?;
    let (participant, warnings) =
        plan::participant(&arguments.agent, &games.scenario, arguments.stage.time_limit)?;
    let name = participant.name.clone();
    let agent = participant.agent.clone();
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let played = play(&[participant], &games, terminal);
    let interrupted = played.interrupted;
    let outcomes = match played.outcomes.into_iter().next() {
        Some(Ok(outcomes)) => outcomes,
        Some(Err(error)) => return Err(Failure::run(format!("`{name}` failed: {error}"))),
        None => Vec::new(),
    };
    if interrupted {
        warn_interrupted(&games, outcomes.len(), terminal);
    }
    if outcomes.is_empty() {
        return Ok(EXIT_INTERRUPTED);
    }
    let result = evaluation::evaluate(&agent, &games.scenario, &outcomes, games.noises as usize, timing);
    let scenario = evaluation::scenario_id(&games.scenario);
    if terminal.json {
        terminal.document(&EvaluateDocument {
            schema: "outlay.evaluate/1",
            version: VERSION,
            scenario: &scenario,
            seeds: arguments.stage.seeds.to_string(),
            noise: games.noises,
            interrupted,
            evaluation: &result,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?;
    } else {
        let setting = setting(&games, &arguments.stage);
        terminal.result(&tables::evaluation(&name, &result, &setting))?;
    }
    let relaxations = outcomes.iter().map(|outcome| outcome.relaxations).sum();
    if relaxations > 0 {
        terminal.warn(&Warning::Relaxed { agent: name, times: relaxations });
    }
    // A single seed is somebody looking at that seed, not at an interval.
    if outcomes.len() > 1
        && let Some(warning) = Warning::few_seeds(&arguments.stage.seeds)
    {
        terminal.warn(&warning);
    }
    Ok(if interrupted { EXIT_INTERRUPTED } else { 0 })
}

/// Plays with a bar.
pub(crate) fn play(participants: &[Participant], games: &Games, terminal: Terminal) -> Played {
    let seeds = games.seeds.end - games.seeds.start;
    let total = seeds.saturating_mul(games.noises).saturating_mul(participants.len() as u64);
    let bar = progress::Episodes::new(terminal, total);
    let played = episodes::play(participants, games, &interrupt::requested, &|| bar.finished());
    bar.clear();
    played
}

/// Says how much is in after an interrupt.
pub(crate) fn warn_interrupted(games: &Games, episodes: usize, terminal: Terminal) {
    terminal.warn(&Warning::Interrupted {
        finished: episodes / games.noises as usize,
        asked: games.seeds.end - games.seeds.start,
    });
}

/// Where results came about, for tables.
pub(crate) fn setting<'a>(games: &'a Games, stage: &'a cli::Stage) -> Setting<'a> {
    Setting {
        scenario: &games.scenario,
        typed: &stage.scenario,
        seeds: stage.seeds.to_string(),
        noise: games.noises,
    }
}
