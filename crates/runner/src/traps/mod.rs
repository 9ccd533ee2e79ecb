//! `outlay traps`: which agents put money where it only looks well spent, or handle it in a way that wastes it.

mod file;
mod measure;
mod page;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use outlay_environment::Scenario;
use serde::Serialize;

use crate::cli;
use crate::compare::Format;
use crate::episodes::{Games, Outcome};
use crate::evaluate::{kept, play, warn_interrupted};
use crate::evaluation::scenario_id;
use crate::export;
use crate::failure::{EXIT_FAILED, EXIT_INTERRUPTED, Failure};
use crate::look::Look;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::terminal::Terminal;
use crate::traps::file::{Measure, Trap};
use crate::traps::measure::{Evidence, number};
use crate::warning::Warning;

/// Agents where none are named: those that know nothing beforehand.
const DEFAULT_AGENTS: [&str; 8] =
    ["even", "last-period", "roi-proportional", "buyer-rule", "rules", "bandit", "pid", "dual-descent"];
/// Whose money shows whether a line is what it looks like: every line gets the same.
const EVEN: &str = "even";
/// Seconds an outside agent may take for one answer.
const TIME_LIMIT: f64 = 30.0;

/// `outlay traps --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.traps/1`
    schema: &'static str,
    /// Version of the program.
    version: &'static str,
    /// Seeds, half-open, as typed.
    seeds: String,
    /// Noise seeds a world.
    noise: u64,
    /// Present and true where the run was interrupted: `traps` then holds those that were finished.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    /// Traps in the order of the file.
    traps: &'a [Found],
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_total: Option<f64>,
}

/// One trap.
#[derive(Debug, Serialize)]
struct Found {
    /// Its name.
    name: String,
    /// What is wrong with it.
    why: String,
    /// The scenario.
    scenario: ScenarioId,
    /// Names of its lines.
    lines: Vec<String>,
    /// `share`, `sold-out` or `edits`.
    measure: &'static str,
    /// Unit of `value` and `most`.
    unit: &'static str,
    /// Above this an agent has fallen for it.
    most: f64,
    /// Whether it is a trap at all: false where the lines do not look better than the others, or are not worse.
    holds: bool,
    /// What the lines look like and what they cause; only with `share`.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    /// Agents in the order asked for.
    agents: Vec<Verdict>,
}

/// One agent at one trap.
#[derive(Debug, Serialize)]
struct Verdict {
    /// Its name.
    agent: String,
    /// What was measured; null where the agent failed.
    value: Option<f64>,
    /// Whether it fell for the trap.
    fallen: bool,
    /// Why it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A row of `--csv`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    trap: &'a str,
    scenario: &'a str,
    lines: String,
    measure: &'a str,
    unit: &'a str,
    agent: &'a str,
    value: Option<f64>,
    most: f64,
    holds: bool,
    fallen: bool,
}

/// Episodes of one scenario: of the even split with the truth of every line, and of everybody who was asked for.
struct Played {
    even: Result<Vec<Outcome>, String>,
    agents: Vec<(String, Result<Vec<Outcome>, String>)>,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Traps, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    let show = cli::Show { csv: arguments.csv, markdown: arguments.markdown, replay: None };
    let format = Format::of(&show, terminal)?;
    let traps = file::read(arguments.file.as_deref())?;
    let mut played: BTreeMap<String, Played> = BTreeMap::new();
    let (mut found, mut interrupted) = (Vec::new(), false);
    for trap in &traps {
        let hash = &trap.scenario.hash;
        if !played.contains_key(hash) {
            terminal.note(&format!("{}: seeds {}", trap.scenario.name, arguments.seeds));
            match episodes(&trap.scenario, arguments, timing, terminal)? {
                Some(episodes) => _ = played.insert(hash.clone(), episodes),
                None => {
                    interrupted = true;
                    break;
                }
            }
        }
        found.extend(played.get(hash).map(|played| judge(trap, played)));
    }
    for Verdict { agent, error, .. } in found.iter().flat_map(|trap: &Found| &trap.agents) {
        if let Some(error) = error {
            terminal.agent_failed(agent, error);
        }
    }
    match format {
        Format::Json => terminal.document(&Document {
            schema: "outlay.traps/1",
            version: VERSION,
            seeds: arguments.seeds.to_string(),
            noise: arguments.noise,
            interrupted,
            traps: &found,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?,
        Format::Csv => terminal.result(&export::csv(found.iter().flat_map(rows))?)?,
        Format::Page => {
            let look = Look::new(arguments.markdown);
            terminal.result(&page::page(&found, &arguments.seeds.to_string(), look))?;
        }
    }
    if let Some(warning) = Warning::few_seeds(&arguments.seeds) {
        terminal.warn(&warning);
    }
    let failed = found.iter().flat_map(|trap| &trap.agents).any(|verdict| verdict.error.is_some());
    Ok(if interrupted {
        EXIT_INTERRUPTED
    } else if failed {
        EXIT_FAILED
    } else {
        0
    })
}

/// Plays a scenario; nothing where somebody asked to stop.
fn episodes(
    scenario: &Arc<Scenario>,
    arguments: &cli::Traps,
    timing: bool,
    terminal: Terminal,
) -> Result<Option<Played>, Failure> {
    let mut texts: Vec<String> = arguments.agents.iter().chain(&arguments.agent).cloned().collect();
    if texts.is_empty() {
        texts = DEFAULT_AGENTS.map(ToOwned::to_owned).to_vec();
    }
    let (participants, warnings) = plan::participants(&texts, scenario, TIME_LIMIT)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let mut games = Games {
        scenario: Arc::clone(scenario),
        seeds: arguments.seeds.0.clone(),
        noises: arguments.noise,
        agent_seed: 0,
        truth: true,
        store: None,
    };
    games.store = kept(&arguments.keep, &games, timing, terminal)?;
    let (even, _) = plan::participant(EVEN, scenario, TIME_LIMIT)?;
    let mut yardstick = play(&[even], &games, terminal);
    games.truth = false;
    let agents = play(&participants, &games, terminal);
    if yardstick.interrupted || agents.interrupted {
        warn_interrupted(&games, 0, terminal);
        return Ok(None);
    }
    Ok(Some(Played {
        even: yardstick.outcomes.pop().unwrap_or_else(|| Ok(Vec::new())),
        agents: participants.into_iter().map(|it| it.name).zip(agents.outcomes).collect(),
    }))
}

fn judge(trap: &Trap, played: &Played) -> Found {
    let evidence = match (trap.measure, &played.even) {
        (Measure::Share(looks), Ok(even)) => Some(Evidence::of(trap, looks, even)),
        _ => None,
    };
    let holds = evidence.as_ref().is_none_or(Evidence::misleads);
    let agents = played.agents.iter().map(|(agent, outcomes)| {
        let value = outcomes.as_ref().ok().map(|outcomes| number(trap, outcomes));
        Verdict {
            agent: agent.clone(),
            value,
            fallen: holds && value.is_some_and(|value| value > trap.most),
            error: outcomes.as_ref().err().cloned(),
        }
    });
    Found {
        name: trap.name.clone(),
        why: trap.why.clone(),
        scenario: scenario_id(&trap.scenario),
        lines: trap.lines.iter().map(|line| trap.scenario.brief.lines[*line].name.clone()).collect(),
        measure: trap.measure.name(),
        unit: trap.measure.unit(),
        most: trap.most,
        holds,
        evidence,
        agents: agents.collect(),
    }
}

fn rows(found: &Found) -> impl Iterator<Item = Row<'_>> {
    found.agents.iter().map(|verdict| Row {
        trap: &found.name,
        scenario: &found.scenario.name,
        lines: found.lines.join(" "),
        measure: found.measure,
        unit: found.unit,
        agent: &verdict.agent,
        value: verdict.value,
        most: found.most,
        holds: found.holds,
        fallen: verdict.fallen,
    })
}
