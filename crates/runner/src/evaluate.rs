//! `outlay evaluate`: one agent on fixed seeds.

use std::time::Instant;

use crate::cli;
use crate::compare::Format;
use crate::deeplink;
use crate::episodes::{self, Games, Participant, Played};
use crate::evaluation;
use crate::export;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::interrupt;
use crate::look::Look;
use crate::merchants;
use crate::phrases::Language;
use crate::plan;
use crate::progress;
use crate::replay;
use crate::results::{EvaluateDocument, VERSION};
use crate::store::{self, Store};
use crate::tables::{self, Setting};
use crate::terminal::Terminal;
use crate::warning::{Warning, plural};

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Evaluate, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    if !arguments.merchants.is_empty() {
        return merchants::run(arguments, timing, terminal);
    }
    let start = Instant::now();
    let show = &arguments.show;
    let format = Format::of(show, terminal)?;
    let mut games = plan::games(&arguments.stage, &arguments.destination, arguments.truth)?;
    games.scenario = plan::sized(&games.scenario, &arguments.size)?;
    let (participant, warnings) =
        plan::participant(&arguments.agent, &games.scenario, arguments.stage.running.time_limit)?;
    let name = participant.name.clone();
    let agent = participant.agent.clone();
    warnings.iter().for_each(|warning| terminal.warn(warning));
    if let Some(at) = show.replay {
        return replay::run(&[participant], &games, at, show, terminal);
    }
    if arguments.report == Some(cli::Report::Deeplink) {
        return deeplink::run(&participant, &games, arguments, timing, terminal);
    }
    games.store = kept(&arguments.keep, &games, timing, terminal)?;
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
    let setting = setting(&games, &arguments.stage, show.markdown, terminal.language);
    match format {
        Format::Json => terminal.document(&EvaluateDocument {
            schema: "outlay.evaluate/1",
            version: VERSION,
            scenario: &evaluation::scenario_id(&games.scenario),
            seeds: arguments.stage.seeds.to_string(),
            noise: games.noises,
            interrupted,
            evaluation: &result,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?,
        Format::Csv => {
            let judged = std::iter::once((name.as_str(), &*games.scenario, &result));
            terminal.result(&export::episodes(judged)?)?;
        }
        Format::Page => terminal.result(&tables::evaluation(&name, &result, &setting))?,
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
    if played.reused > 0 {
        terminal.note(&format!("reused {} of {}", played.reused, plural(total, "episode")));
    }
    if let Some(trouble) = games.store.as_ref().and_then(Store::trouble) {
        terminal.warn(&trouble);
    }
    played
}

/// Where episodes are kept, if they are.
pub(crate) fn kept(
    keep: &cli::Keep,
    games: &Games,
    timing: bool,
    terminal: Terminal,
) -> Result<Option<Store>, Failure> {
    let (store, warning) = store::open(keep, &games.scenario, timing)?;
    warning.iter().for_each(|warning| terminal.warn(warning));
    Ok(store)
}

/// Says how much is in after an interrupt.
pub(crate) fn warn_interrupted(games: &Games, episodes: usize, terminal: Terminal) {
    terminal.warn(&Warning::Interrupted {
        finished: episodes / games.noises as usize,
        asked: games.seeds.end - games.seeds.start,
        kept: games.store.is_some(),
    });
}

/// Where results came about, for tables.
pub(crate) fn setting<'a>(
    games: &'a Games,
    stage: &'a cli::Stage,
    markdown: bool,
    language: Language,
) -> Setting<'a> {
    Setting {
        scenario: &games.scenario,
        typed: &stage.scenario,
        seeds: stage.seeds.to_string(),
        noise: games.noises,
        look: Look::new(markdown),
        language,
    }
}
