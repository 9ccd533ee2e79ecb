//! `outlay plan`: what an agent would spend over a whole season, step by step and line by line, as far as that can be said
//! beforehand: means and tenth to ninetieth percentiles over worlds, because it adjusts to what comes back.

use outlay_environment::{Episode, Scenario};
use serde::Serialize;

use crate::cli;
use crate::episodes::{self, Games, Participant};
use crate::evaluation::scenario_id;
use crate::export;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{grouped, number, percent};
use crate::look::Look;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::statistics::{mean, quantile};
use crate::sweep;
use crate::terminal::Terminal;

/// `outlay plan --json`. Money in major units, because it is a mean.
#[derive(Debug, Serialize)]
struct Document {
    /// `outlay.plan/1`
    schema: &'static str,
    version: &'static str,
    scenario: ScenarioId,
    agent: String,
    /// Seeds, half-open, as typed.
    seeds: String,
    /// Noise seeds a world.
    noise: u64,
    unit: &'static str,
    /// Score at the end.
    score: Spread,
    /// Money spent at the end.
    spend: Spread,
    steps: Vec<Step>,
}

/// A number over the episodes.
#[derive(Debug, Clone, Copy, Serialize)]
struct Spread {
    mean: f64,
    p10: f64,
    p90: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        Self { mean: mean(values), p10: quantile(values, 0.1), p90: quantile(values, 0.9) }
    }
}

/// A step of the season.
#[derive(Debug, Serialize)]
struct Step {
    /// From 0.
    step: usize,
    phase: String,
    /// Money granted, all lines together.
    total: Spread,
    /// Score up to and with the step.
    reached: Spread,
    lines: Vec<Line>,
}

/// A line in a step.
#[derive(Debug, Serialize)]
struct Line {
    line: String,
    /// Money granted.
    money: Spread,
}

/// A row of `--csv`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    step: usize,
    phase: &'a str,
    line: &'a str,
    money: f64,
    money_p10: f64,
    money_p90: f64,
}

/// One episode: `[steps][lines + 1]` money granted in major units, the score by then behind it.
type Season = Vec<Vec<f64>>;

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Plan, terminal: Terminal) -> Result<u8, Failure> {
    let stage = &arguments.stage;
    let games = plan::games(stage, false)?;
    let (participant, warnings) = plan::participant(&arguments.agent, &games.scenario, stage.time_limit)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let seasons = sweep::episodes(&games, &participant.name, terminal, |seed, noise| {
        season(&participant, &games, seed, noise)
    })?;
    let Some(seasons) = seasons else { return Ok(EXIT_INTERRUPTED) };
    let document = document(&participant.name, &games, stage.seeds.to_string(), &seasons);
    if terminal.json {
        terminal.document(&document)?;
    } else if arguments.csv {
        terminal.result(&csv(&document)?)?;
    } else {
        terminal.result(&page(&document, &games.scenario, Look::new(arguments.markdown)))?;
    }
    Ok(0)
}

/// One episode of the participant.
fn season(participant: &Participant, games: &Games, seed: u64, noise: u64) -> Result<Season, String> {
    let mut season = Season::new();
    let mut seen = |episode: &Episode, _: &_| season.push(row(&games.scenario, episode));
    episodes::watch(participant, games, seed, noise, &mut seen)?;
    Ok(season)
}

/// The step that an episode has just done.
fn row(scenario: &Scenario, episode: &Episode) -> Vec<f64> {
    let granted = episode.observation().lines.iter().map(|report| report.granted.major());
    granted.chain(std::iter::once(scenario.score(episode.ledger()))).collect()
}

fn document(agent: &str, games: &Games, seeds: String, seasons: &[Season]) -> Document {
    let brief = &games.scenario.brief;
    let lines = brief.lines.len();
    let over = |of: &dyn Fn(&Season) -> f64| Spread::of(&seasons.iter().map(of).collect::<Vec<f64>>());
    let step = |step: usize| Step {
        step,
        phase: brief.calendar.get(step).map(|day| day.phase.clone()).unwrap_or_default(),
        total: over(&|season| season[step][..lines].iter().sum()),
        reached: over(&|season| season[step][lines]),
        lines: (brief.lines.iter().enumerate())
            .map(|(place, line)| Line { line: line.name.clone(), money: over(&|season| season[step][place]) })
            .collect(),
    };
    let all = |season: &Season| season.iter().map(|row| row[..lines].iter().sum::<f64>()).sum();
    Document {
        schema: "outlay.plan/1",
        version: VERSION,
        scenario: scenario_id(&games.scenario),
        agent: agent.to_owned(),
        seeds,
        noise: games.noises,
        unit: games.scenario.goal.unit(),
        score: over(&|season| season.last().map_or(0.0, |row| row[lines])),
        spend: over(&all),
        steps: (0..brief.steps).map(step).collect(),
    }
}

fn csv(document: &Document) -> Result<String, Failure> {
    export::csv(document.steps.iter().flat_map(|step| {
        step.lines.iter().map(|line| Row {
            step: step.step,
            phase: &step.phase,
            line: &line.line,
            money: line.money.mean,
            money_p10: line.money.p10,
            money_p90: line.money.p90,
        })
    }))
}

fn page(document: &Document, scenario: &Scenario, look: Look) -> String {
    let Document { score, spend, steps, .. } = document;
    let between = |spread: &Spread, text: fn(f64) -> String| {
        format!("{} ({} to {})", text(spread.mean), text(spread.p10), text(spread.p90))
    };
    let heading = format!(
        "{} on {}, seeds {}: {} {}\n\n",
        document.agent,
        document.scenario.name,
        document.seeds,
        between(score, number),
        document.unit,
    );
    let mut text = look.heading(3, heading);
    let mut header = vec!["step".to_owned(), "phase".into()];
    header.extend(scenario.brief.lines.iter().map(|line| line.name.clone()));
    header.extend(["all", "10 % to 90 %", "spent", "reached"].map(Into::into));
    let mut spent = 0.0;
    let budget = scenario.brief.budget.major().max(1e-9);
    let rows: Vec<Vec<String>> = steps
        .iter()
        .map(|step| {
            spent += step.total.mean;
            let mut row = vec![step.step.to_string(), step.phase.clone()];
            row.extend(step.lines.iter().map(|line| grouped(line.money.mean)));
            row.push(grouped(step.total.mean));
            row.push(format!("{} to {}", grouped(step.total.p10), grouped(step.total.p90)));
            row.push(percent(spent / budget));
            row.push(number(step.reached.mean));
            row
        })
        .collect();
    text += &look.table(&header, rows.into_iter());
    text.push('\n');
    text += &look.notes(&format!(
        "money granted in {}, means over worlds; spent = part of the budget by then; reached = {} by then\n\
         {} granted in all; in brackets and under `10 % to 90 %` the tenth and the ninetieth percentile\n\
         the agent adjusts to what comes back: a plan is where it expects to go, `outlay recommend` says what to do today\n",
        scenario.currency,
        document.unit,
        between(spend, grouped),
    ));
    look.page(text)
}
