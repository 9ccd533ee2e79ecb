//! `--replay SEED`: one episode of each agent, step by step: its money, what was reported of it, and what was true.

use outlay_environment::{Allocation, Episode, LimitKind, Money, Observation, Scenario};
use rayon::prelude::*;
use serde::Serialize;

use crate::cli;
use crate::episodes::{self, Games, Participant};
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_FAILED, EXIT_INTERRUPTED, Failure};
use crate::format::{count, major, number};
use crate::interrupt;
use crate::log;
use crate::look::Look;
use crate::phrases::judging::Phrases;
use crate::phrases::{Language, fill};
use crate::results::{ScenarioId, VERSION};
use crate::terminal::Terminal;

/// `--replay --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
struct Document {
    /// `outlay.replay/1`
    schema: &'static str,
    /// Version of the program.
    version: &'static str,
    /// The scenario.
    scenario: ScenarioId,
    /// Seed.
    seed: u64,
    /// Noise seed of the world.
    noise: u64,
    /// Agents in the order asked for.
    agents: Vec<Replay>,
}

/// One agent's episode.
#[derive(Debug, Serialize)]
struct Replay {
    /// Name in the comparison.
    name: String,
    /// What was run.
    agent: String,
    /// Score of the steps that were played.
    score: f64,
    /// Money spent.
    spend: i64,
    /// Steps in order; fewer than the scenario has where the agent failed.
    steps: Vec<Step>,
    /// What it saw before each step, and after the last.
    #[serde(skip)]
    seen: Vec<Observation>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One step.
#[derive(Debug, Serialize)]
struct Step {
    /// From 0.
    step: usize,
    /// What the calendar calls it.
    phase: String,
    /// What the step added to the score.
    score: f64,
    /// Lines in the order of the scenario.
    lines: Vec<LineStep>,
    /// What happened in the shop, whoever caused it.
    shop: ShopStep,
    /// Money neither spent nor reserved after the step.
    budget_left: i64,
    /// Money set aside for commissions after the step.
    reserved: i64,
}

/// One line in one step.
#[derive(Debug, Serialize)]
struct LineStep {
    /// Its name in the scenario.
    name: String,
    /// Money the agent asked for.
    asked: i64,
    /// Money the guard granted.
    granted: i64,
    /// The limit that kept the grant from what was asked for.
    bound: Option<&'static str>,
    /// Money spent.
    spend: i64,
    /// Exposures, people.
    impressions: u64,
    /// Clicks.
    clicks: u64,
    /// Engagements.
    engagements: u64,
    /// Credited orders whose report arrived in the step.
    reported_orders: u64,
    /// First orders in 365 days among them.
    reported_new_customers: u64,
    /// Their value.
    reported_revenue: i64,
}

/// The shop in one step.
#[derive(Debug, Serialize)]
struct ShopStep {
    /// People who visited its pages.
    visitors: u64,
    /// Orders.
    orders: u64,
    /// Orders of people without one in the last 365 days.
    new_customers: u64,
    /// Value of the orders.
    revenue: i64,
}

/// Plays, shows, and returns the exit code.
pub(crate) fn run(
    participants: &[Participant],
    games: &Games,
    at: cli::Replay,
    show: &cli::Show,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let (csv, look) = (show.csv, Look::new(show.markdown));
    if csv && participants.len() > 1 {
        let many = Failure::usage("a log is of one agent: `--replay` with `--csv` takes no more");
        return Err(many.help("`outlay evaluate AGENT --replay SEED --csv` writes one"));
    }
    let agents: Vec<Replay> =
        participants.par_iter().map(|participant| play(participant, games, at)).collect();
    if interrupt::requested() {
        return Ok(EXIT_INTERRUPTED);
    }
    let failed = agents.iter().any(|agent| agent.error.is_some());
    for agent in &agents {
        if let Some(error) = &agent.error {
            terminal.agent_failed(&agent.name, error);
        }
    }
    if csv {
        let logs = agents.iter().map(|agent| log::write(&games.scenario.brief, &agent.seen));
        let failed = |error: csv::Error| Failure::run("the log could not be written").because(error);
        terminal.result(&logs.collect::<Result<String, _>>().map_err(failed)?)?;
    } else if terminal.json {
        terminal.document(&Document {
            schema: "outlay.replay/1",
            version: VERSION,
            scenario: scenario_id(&games.scenario),
            seed: at.seed,
            noise: at.noise,
            agents,
        })?;
    } else {
        let pages: Vec<String> =
            agents.iter().map(|agent| page(agent, &games.scenario, at, look, terminal.language)).collect();
        terminal.result(&pages.join("\n"))?;
    }
    Ok(if failed { EXIT_FAILED } else { 0 })
}

fn play(participant: &Participant, games: &Games, at: cli::Replay) -> Replay {
    let mut replay = Replay {
        name: participant.name.clone(),
        agent: participant.agent.clone(),
        score: 0.0,
        spend: 0,
        steps: Vec::new(),
        seen: vec![episodes::opening(games, at.seed, at.noise)],
        error: None,
    };
    let played = episodes::watch(participant, games, at.seed, at.noise, &mut |episode, asked| {
        replay.seen.push(episode.observation().clone());
        let score = games.scenario.score(episode.ledger());
        replay.steps.push(step(&games.scenario, episode, asked, score - replay.score));
        replay.spend = episode.ledger().cash().0;
        replay.score = score;
    });
    replay.error = played.err();
    replay
}

/// The step that an episode has just done.
fn step(scenario: &Scenario, episode: &Episode, asked: &Allocation, score: f64) -> Step {
    let seen = episode.observation();
    let step = episode.ledger().steps() - 1;
    let line = |line: usize| {
        let report = seen.lines[line];
        LineStep {
            name: scenario.brief.lines[line].name.clone(),
            asked: asked.money.get(line).map_or(0, |money| Money::from_major(*money).0),
            granted: report.granted.0,
            bound: episode.ruling().bound.get(line).copied().flatten().map(LimitKind::name),
            spend: report.spend.0,
            impressions: report.impressions,
            clicks: report.clicks,
            engagements: report.engagements,
            reported_orders: report.orders,
            reported_new_customers: report.new_customers,
            reported_revenue: report.revenue.0,
        }
    };
    Step {
        step,
        phase: scenario.brief.calendar.get(step).map(|day| day.phase.clone()).unwrap_or_default(),
        score,
        lines: (0..seen.lines.len()).map(line).collect(),
        shop: ShopStep {
            visitors: seen.shop.visitors,
            orders: seen.shop.orders,
            new_customers: seen.shop.new_customers,
            revenue: seen.shop.revenue.0,
        },
        budget_left: seen.budget_left.0,
        reserved: seen.reserved.0,
    }
}

/// One agent's episode as a table: its header, and a row a step.
pub(crate) fn ledger(
    participant: &Participant,
    games: &Games,
    at: cli::Replay,
) -> Result<(Vec<String>, Vec<Vec<String>>), String> {
    let replay = play(participant, games, at);
    match replay.error {
        Some(error) => Err(error),
        // A reader in another language finds the words by these.
        None => Ok(table(&replay, &games.scenario, Language::En)),
    }
}

/// One agent's episode on a page.
fn page(agent: &Replay, scenario: &Scenario, at: cli::Replay, look: Look, language: Language) -> String {
    let phrases = Phrases::of(language);
    let noise = match at.noise {
        0 => String::new(),
        noise => fill(phrases.noise, &[&noise.to_string()]),
    };
    let unit = language.term(scenario.goal.unit());
    let values = [
        &agent.name,
        &scenario.name,
        &at.seed.to_string(),
        &noise,
        &number(agent.score),
        &unit,
        &major(agent.spend),
        &scenario.currency,
    ];
    let mut text = look.heading(3, fill(phrases.replay_title, &values.map(String::as_str)) + "\n\n");
    let (header, rows) = table(agent, scenario, language);
    text += &look.table(&header, rows.into_iter());
    text.push('\n');
    text += &look.notes(&fill(phrases.replay_note, &[&unit]));
    if let Some(error) = &agent.error {
        text += &look.notes(&fill(phrases.replay_failed, &[error]));
    }
    look.page(text)
}

fn table(agent: &Replay, scenario: &Scenario, language: Language) -> (Vec<String>, Vec<Vec<String>>) {
    let term = |word: &str| language.term(word);
    let mut header = ["step", "phase"].map(term).to_vec();
    header.extend(scenario.brief.lines.iter().map(|line| line.name.clone()));
    header.push(term("spent"));
    let shoppers = scenario.market().is_some();
    header.extend(shoppers.then(|| term("reported new")));
    header.push(term("reported value"));
    header.push(term(scenario.goal.unit()));
    let arrived = if shoppers { "order value" } else { "arrived" };
    header.extend([arrived, "left", "bound"].map(term));
    let rows = agent.steps.iter().map(|step| {
        let lines = |value: fn(&LineStep) -> i64| step.lines.iter().map(value).sum::<i64>();
        let mut row = vec![step.step.to_string(), step.phase.clone()];
        row.extend(step.lines.iter().map(|line| major(line.granted)));
        row.push(major(lines(|line| line.spend)));
        let reported = step.lines.iter().map(|line| line.reported_new_customers).sum();
        row.extend(shoppers.then(|| count(reported)));
        row.push(major(lines(|line| line.reported_revenue)));
        let whole = step.score.fract() == 0.0 && step.score >= 0.0;
        row.push(if whole { count(step.score as u64) } else { number(step.score) });
        row.push(major(step.shop.revenue));
        row.push(major(step.budget_left));
        row.push(bound(&step.lines, language));
        row
    });
    let rows = rows.collect();
    (header, rows)
}

/// Each limit that bound, with its lines: `line-cap search+display`.
fn bound(lines: &[LineStep], language: Language) -> String {
    let mut limits: Vec<&str> = lines.iter().filter_map(|line| line.bound).collect();
    limits.sort_unstable();
    limits.dedup();
    let named = limits.into_iter().map(|limit| {
        let names: Vec<&str> =
            lines.iter().filter(|line| line.bound == Some(limit)).map(|line| line.name.as_str()).collect();
        let limit = language.term(limit);
        if names.len() == lines.len() { limit } else { format!("{limit} {}", names.join("+")) }
    });
    named.collect::<Vec<_>>().join(", ")
}
