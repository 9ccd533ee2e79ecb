//! `outlay levers`: what each lever is worth to an agent, on the same worlds and noise with one lever more each time.

use std::time::Instant;

use outlay_environment::Levers;
use serde::Serialize;

use crate::cli;
use crate::evaluate::{kept, play, setting, warn_interrupted};
use crate::evaluation::{scenario_id, scores};
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{interval, major, number, or_undefined, percent, signed, signed_percent};
use crate::phrases::Language;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::statistics::{self, ESTIMAND, Interval};
use crate::tables::Setting;
use crate::terminal::Terminal;
use crate::warning::Warning;

/// `outlay levers --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.levers/1`
    schema: &'static str,
    version: &'static str,
    scenario: &'a ScenarioId,
    agent: &'a str,
    /// Seeds, half-open, as typed.
    seeds: String,
    /// Noise seeds a world.
    noise: u64,
    /// What the intervals are about.
    estimand: &'static str,
    /// With nothing but the budget, then with one lever more each time.
    levers: &'a [Rung],
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_total: Option<f64>,
}

/// What the agent reached with a set of levers.
#[derive(Debug, Serialize)]
struct Rung {
    /// What may be decided.
    open: Levers,
    /// Mean score.
    score: f64,
    /// Mean money spent, minor units.
    spend: i64,
    /// Against the set before; none for the first.
    added: Option<Added>,
}

/// What a lever more brought.
#[derive(Debug, Serialize)]
struct Added {
    /// Mean paired difference.
    difference: f64,
    /// 95 % studentised bootstrap interval of it.
    difference_ci95: Interval,
    /// Difference as a fraction of the mean without the lever; null where that is 0.
    uplift: Option<f64>,
    /// Share of episodes that it made better; a tie counts half.
    p_better: f64,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Levers, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    let stage = &arguments.stage;
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let mut games = plan::games(stage, &cli::Destination::default(), false)?;
    let whole = games.scenario.clone();
    let ladder = whole.brief.levers.ladder();
    if ladder.len() < 2 {
        let failure = Failure::usage(format!("`{}` opens no lever besides the budget", whole.name));
        return Err(failure
            .help("`levers = [\"budget\", \"bid\", \"audience\", \"creative\"]` in its file opens all"));
    }
    let mut rungs = Vec::with_capacity(ladder.len());
    let mut before: Option<Vec<f64>> = None;
    let mut name = String::new();
    for open in ladder {
        games.scenario = whole.with_levers(open);
        let (participant, warnings) =
            plan::participant(&arguments.agent, &games.scenario, stage.running.time_limit)?;
        if before.is_none() {
            warnings.iter().for_each(|warning| terminal.warn(warning));
        }
        name.clone_from(&participant.name);
        games.store = kept(&arguments.keep, &games, timing, terminal)?;
        let played = play(&[participant], &games, terminal);
        if played.interrupted {
            warn_interrupted(&games, 0, terminal);
            return Ok(EXIT_INTERRUPTED);
        }
        let outcomes = played.outcomes.into_iter().next().unwrap_or_else(|| Ok(Vec::new()));
        let outcomes = outcomes.map_err(|error| Failure::run(format!("`{name}` failed: {error}")))?;
        let scores = scores(&outcomes);
        let spend: i64 = outcomes.iter().map(|outcome| outcome.spend.0).sum();
        rungs.push(Rung {
            open,
            score: statistics::mean(&scores),
            spend: spend / i64::try_from(outcomes.len()).unwrap_or(1).max(1),
            added: before.as_deref().map(|before| added(&scores, before, games.noises as usize)),
        });
        before = Some(scores);
    }
    if terminal.json {
        terminal.document(&Document {
            schema: "outlay.levers/1",
            version: VERSION,
            scenario: &scenario_id(&whole),
            agent: &name,
            seeds: stage.seeds.to_string(),
            noise: games.noises,
            estimand: ESTIMAND,
            levers: &rungs,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?;
    } else {
        games.scenario = whole;
        terminal.result(&page(&name, &rungs, &setting(&games, stage, arguments.markdown, Language::En)))?;
    }
    if let Some(warning) = Warning::few_seeds(&stage.seeds) {
        terminal.warn(&warning);
    }
    Ok(0)
}

fn added(with: &[f64], without: &[f64], noises: usize) -> Added {
    let comparison = statistics::compare(with, without, noises);
    Added {
        difference: comparison.difference,
        difference_ci95: comparison.difference_interval,
        uplift: comparison.uplift,
        p_better: comparison.better,
    }
}

fn page(name: &str, rungs: &[Rung], setting: &Setting<'_>) -> String {
    let look = setting.look;
    let mut header = vec![format!("{name} decides"), format!("{} (mean)", setting.scenario.goal.unit())];
    header.extend(["added", "95 % interval", "uplift", "P(better)"].map(Into::into));
    header.push(format!("spend {}", setting.scenario.currency));
    let mut shown = Levers::default();
    let rows = rungs.iter().map(|rung| {
        let mut row = vec![added_name(shown, rung.open).to_owned(), number(rung.score)];
        shown = rung.open;
        match &rung.added {
            Some(added) => row.extend([
                signed(added.difference),
                interval(added.difference_ci95, signed),
                or_undefined(added.uplift, signed_percent),
                percent(added.p_better),
            ]),
            None => row.resize(6, String::new()),
        }
        row.push(major(rung.spend));
        row
    });
    let table = look.table(&header, rows);
    let notes = format!("added: {ESTIMAND}, against the row above\n{}", setting.footing());
    look.page(look.heading(3, setting.heading()) + "\n" + &table + "\n" + &look.notes(&notes))
}

/// The lever that is open in `now` and was not `before`.
fn added_name(before: Levers, now: Levers) -> &'static str {
    if now.bid != before.bid {
        "+ bid"
    } else if now.audience != before.audience {
        "+ audience"
    } else if now.creative != before.creative {
        "+ creative"
    } else {
        "budget"
    }
}
