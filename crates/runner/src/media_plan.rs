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
use crate::phrases::desk::Phrases;
use crate::phrases::fill;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::statistics::Spread;
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

/// A step of the season.
#[derive(Debug, Serialize)]
struct Step {
    /// From 0.
    step: usize,
    /// The day on which it begins, where the scenario says when the season does.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
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
    let games = plan::games(stage, &arguments.destination, false)?;
    let (participant, warnings) =
        plan::participant(&arguments.agent, &games.scenario, stage.running.time_limit)?;
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
        let phrases = Phrases::of(terminal.language);
        terminal.result(&page(&document, &games.scenario, Look::new(arguments.markdown), phrases))?;
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
        date: games.scenario.date(step).map(|date| date.to_string()),
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

fn page(document: &Document, scenario: &Scenario, look: Look, phrases: &Phrases) -> String {
    let Document { score, spend, steps, .. } = document;
    let between = |spread: &Spread, text: fn(f64) -> String| {
        fill(phrases.between, &[&text(spread.mean), &text(spread.p10), &text(spread.p90)])
    };
    let unit = phrases.term(document.unit);
    let Document { agent, scenario: ScenarioId { name, .. }, seeds, .. } = document;
    let title = fill(phrases.plan_title, &[agent, name, seeds, &between(score, number), &unit]);
    let mut text = look.heading(3, title + "\n\n");
    let mut header = vec![phrases.step.to_owned()];
    header.extend(scenario.start_date.map(|_| phrases.date.to_owned()));
    header.push(phrases.phase.to_owned());
    header.extend(scenario.brief.lines.iter().map(|line| line.name.clone()));
    header.extend([phrases.all, phrases.band, phrases.spent, phrases.reached].map(ToOwned::to_owned));
    let mut spent = 0.0;
    let budget = scenario.brief.budget.major().max(1e-9);
    let rows: Vec<Vec<String>> = steps
        .iter()
        .map(|step| {
            spent += step.total.mean;
            let mut row = vec![step.step.to_string()];
            row.extend(step.date.clone());
            row.push(step.phase.clone());
            row.extend(step.lines.iter().map(|line| grouped(line.money.mean)));
            row.push(grouped(step.total.mean));
            row.push(fill(phrases.to, &[&grouped(step.total.p10), &grouped(step.total.p90)]));
            row.push(percent(spent / budget));
            row.push(number(step.reached.mean));
            row
        })
        .collect();
    text += &look.table(&header, rows.into_iter());
    text.push('\n');
    text += &look.notes(&fill(phrases.plan_notes, &[&scenario.currency, &unit, &between(spend, grouped)]));
    look.page(text)
}
