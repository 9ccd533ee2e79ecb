//! `outlay evaluate --report deeplink`: the account of the shoppers (深链经营), in full.
//!
//! Every episode is played anew, because what is kept of one does not say who was met.

mod account;
mod cells;
mod report;
mod results;
mod shapley;
mod tables;

use std::time::Instant;

use rayon::prelude::*;

use crate::cli;
use crate::compare::Format;
use crate::deeplink::account::{Account, account};
use crate::deeplink::results::Document;
pub(crate) use crate::deeplink::results::{Asset, Report};
use crate::episodes::{Games, Participant};
use crate::evaluate::{setting, warn_interrupted};
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::interrupt;
use crate::progress;
use crate::results::VERSION;
use crate::terminal::Terminal;
use crate::warning::Warning;

/// Plays, reports, and returns the exit code.
pub(crate) fn run(
    participant: &Participant,
    games: &Games,
    arguments: &cli::Evaluate,
    timing: bool,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let start = Instant::now();
    let (scenario, seeds) = (&games.scenario, &arguments.stage.seeds);
    let format = Format::of(&arguments.show, terminal)?;
    if scenario.market().is_none() {
        return Err(Failure::usage(format!(
            "`{}` has no shoppers, so there is nothing for a DEEPLINK report to tell",
            scenario.name
        ))
        .help("`outlay scenarios` lists the scenarios; those for new customers or revenue have shoppers"));
    }
    let accounts = accounts(participant, games, arguments.shapley, terminal)?;
    let interrupted = interrupt::requested();
    if interrupted {
        warn_interrupted(games, accounts.len(), terminal);
    }
    if accounts.is_empty() {
        return Ok(EXIT_INTERRUPTED);
    }
    let report = report::report(&participant.agent, scenario, &accounts);
    match format {
        Format::Json => terminal.document(&Document {
            schema: "outlay.deeplink/1",
            version: VERSION,
            scenario: &scenario_id(scenario),
            seeds: seeds.to_string(),
            noise: games.noises,
            interrupted,
            report: &report,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?,
        Format::Csv => terminal.result(&cells::csv(&participant.name, &report, scenario)?)?,
        Format::Page => {
            let setting = setting(games, &arguments.stage, arguments.show.markdown, terminal.language);
            terminal.result(&tables::page(&participant.name, &report, &setting))?;
        }
    }
    let relaxations = accounts.iter().map(|account| account.relaxations).sum();
    if relaxations > 0 {
        terminal.warn(&Warning::Relaxed { agent: participant.name.clone(), times: relaxations });
    }
    if accounts.len() > 1
        && let Some(warning) = Warning::few_seeds(seeds)
    {
        terminal.warn(&warning);
    }
    Ok(if interrupted { EXIT_INTERRUPTED } else { 0 })
}

/// The report on every episode, without Shapley values; nothing after an interrupt.
pub(crate) fn whole(
    participant: &Participant,
    games: &Games,
    terminal: Terminal,
) -> Result<Option<Report>, Failure> {
    let accounts = accounts(participant, games, 0, terminal)?;
    let whole = !interrupt::requested() && !accounts.is_empty();
    Ok(whole.then(|| report::report(&participant.agent, &games.scenario, &accounts)))
}

/// Every episode, by seed and noise; after an interrupt the seeds that were finished. Shapley values are found on the first
/// `shapley` seeds.
fn accounts(
    participant: &Participant,
    games: &Games,
    shapley: u64,
    terminal: Terminal,
) -> Result<Vec<Account>, Failure> {
    let total = (games.seeds.end - games.seeds.start).saturating_mul(games.noises);
    let bar = progress::Episodes::new(terminal, total);
    let of_seed = |seed: u64| {
        let of_noise = |noise: u64| {
            if interrupt::requested() {
                return None;
            }
            let found = account(participant, games, seed, noise, seed - games.seeds.start < shapley);
            bar.finished();
            Some(found.map_err(|error| format!("{error} (seed {seed})")))
        };
        (0..games.noises).into_par_iter().map(of_noise).collect::<Option<Vec<_>>>()
    };
    let by_seed: Vec<Option<Vec<Result<Account, String>>>> =
        games.seeds.clone().into_par_iter().map(of_seed).collect();
    bar.clear();
    let finished = by_seed.into_iter().flatten().flatten().collect::<Result<_, String>>();
    finished.map_err(|error| Failure::run(format!("`{}` failed: {error}", participant.name)))
}
