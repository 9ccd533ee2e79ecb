//! `outlay evaluate AGENT SCENARIO --merchants A,B`: one agent, the same scenario for one merchant after another.

use std::sync::Arc;
use std::time::Instant;

use outlay_environment::Scenario;
use serde::Serialize;

use crate::cli;
use crate::compare::Format;
use crate::evaluate::{kept, play, warn_interrupted};
use crate::evaluation::{self, scenario_id};
use crate::export;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{UNDEFINED, interval, major, number, or_undefined, percent, ratio};
use crate::phrases::fill;
use crate::plan;
use crate::results::{Evaluation, ScenarioId, VERSION};
use crate::tables::Setting;
use crate::terminal::Terminal;
use crate::warning::Warning;

/// `outlay evaluate --merchants --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.merchants/1`
    schema: &'static str,
    /// Version of the program.
    version: &'static str,
    /// Seeds, half-open, as typed.
    seeds: String,
    /// Noise seeds a world.
    noise: u64,
    /// Present and true where the run was interrupted: `merchants` then holds those that were finished.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    /// Merchants in the order asked for.
    merchants: &'a [Judged],
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_total: Option<f64>,
}

/// The agent's results for one merchant.
#[derive(Debug, Serialize)]
struct Judged {
    /// Name of the merchant's file.
    merchant: String,
    /// The scenario, named `SCENARIO@MERCHANT`.
    scenario: ScenarioId,
    /// As `outlay evaluate --json`.
    #[serde(flatten)]
    evaluation: Evaluation,
    #[serde(skip)]
    played: Arc<Scenario>,
}

/// Judges the agent for each merchant and returns the exit code.
pub(crate) fn run(arguments: &cli::Evaluate, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    let (stage, show) = (&arguments.stage, &arguments.show);
    let format = Format::of(show, terminal)?;
    let (scenario, _) = Scenario::split_merchant(&stage.scenario);
    let (mut judged, mut interrupted) = (Vec::new(), false);
    // Whatever cannot be found is said before anything is played.
    let scenarios =
        arguments.merchants.iter().map(|merchant| plan::scenario(&format!("{scenario}@{merchant}")));
    let scenarios = scenarios.collect::<Result<Vec<_>, _>>()?;
    for (merchant, scenario) in arguments.merchants.iter().zip(&scenarios) {
        let mut games = plan::games_in(scenario, stage, false);
        let (participant, warnings) =
            plan::participant(&arguments.agent, scenario, stage.running.time_limit)?;
        warnings.iter().for_each(|warning| terminal.warn(warning));
        games.store = kept(&arguments.keep, &games, timing, terminal)?;
        let mut played = play(std::slice::from_ref(&participant), &games, terminal);
        let outcomes = played.outcomes.pop().unwrap_or_else(|| Ok(Vec::new()));
        let outcomes =
            outcomes.map_err(|error| Failure::run(format!("`{}` failed: {error}", participant.name)))?;
        if played.interrupted {
            warn_interrupted(&games, outcomes.len(), terminal);
            interrupted = true;
            break;
        }
        let noises = games.noises as usize;
        judged.push(Judged {
            merchant: merchant.clone(),
            scenario: scenario_id(scenario),
            evaluation: evaluation::evaluate(&participant.agent, scenario, &outcomes, noises, timing),
            played: Arc::clone(scenario),
        });
    }
    match (format, scenarios.first()) {
        (Format::Json, _) => terminal.document(&Document {
            schema: "outlay.merchants/1",
            version: VERSION,
            seeds: stage.seeds.to_string(),
            noise: stage.noise,
            interrupted,
            merchants: &judged,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?,
        (Format::Csv, _) => {
            let agent = plan::split_alias(&arguments.agent);
            let name = agent.0.unwrap_or(agent.1);
            let rows = judged.iter().map(|it| (name, &*it.played, &it.evaluation));
            terminal.result(&export::episodes(rows)?)?;
        }
        (Format::Page, Some(first)) => {
            let setting = Setting {
                scenario: first,
                typed: scenario,
                seeds: stage.seeds.to_string(),
                noise: stage.noise,
                look: crate::look::Look::new(show.markdown),
                language: terminal.language,
            };
            terminal.result(&page(&arguments.agent, scenario, &judged, &setting))?;
        }
        (Format::Page, None) => {}
    }
    if let Some(warning) = Warning::few_seeds(&stage.seeds) {
        terminal.warn(&warning);
    }
    Ok(if interrupted { EXIT_INTERRUPTED } else { 0 })
}

/// One table, a row for each merchant.
fn page(agent: &str, scenario: &str, judged: &[Judged], setting: &Setting<'_>) -> String {
    let (look, brief) = (setting.look, &setting.scenario.brief);
    let phrases = setting.phrases();
    let (budget, currency) = (major(brief.budget.0), &setting.scenario.currency);
    let values = [agent, scenario, &setting.unit(), &budget, currency, &setting.seeds];
    let title = fill(phrases.merchants_title, &values) + "\n";
    let mut header = vec![phrases.merchant.to_owned(), setting.unit_mean()];
    header.extend([phrases.iqm_interval, phrases.no_spend, phrases.roi_reported].map(Into::into));
    header.extend([phrases.roi_incremental, phrases.profit, phrases.tier_before].map(Into::into));
    header.extend([phrases.tier_after, phrases.index, phrases.to_next].map(Into::into));
    let rows = judged.iter().map(|it| {
        let Evaluation { score, returns, tier, .. } = &it.evaluation;
        let mut row = vec![it.merchant.clone(), number(score.mean), interval(score.iqm_ci95, number)];
        row.push(number(score.without_spend));
        let values = [returns.reported, returns.incremental, returns.profit];
        row.extend(values.map(|value| or_undefined(value, ratio)));
        let Some(tier) = tier else {
            row.resize(11, UNDEFINED.into());
            return row;
        };
        let share = tier.reached.get(tier.usual).copied().unwrap_or_default();
        let often = if share < 1.0 { format!(" ({})", percent(share)) } else { String::new() };
        row.extend([tier.start.to_owned(), format!("{}{often}", tier.usual)]);
        row.extend([ratio(tier.index), or_undefined(tier.to_next, ratio)]);
        row
    });
    let table = look.table(&header, rows);
    look.page(look.heading(3, title) + "\n" + &table + "\n" + &look.notes(phrases.merchants_note))
}
