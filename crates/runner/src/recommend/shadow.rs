//! `--shadow`: beside everything that was done in a log, what the agent would have asked for on the same morning, and, where
//! the log is that of a simulated season, what the difference would have brought.

use std::sync::Arc;

use outlay_environment::{Domain, Episode, Money, Observation, Scenario, Seeds, World};
use rayon::prelude::*;
use serde::Serialize;

use super::decide::{asked, ruled, season};
use super::page::shadow_page;
use super::question::{Form, Question};
use crate::cli;
use crate::episodes::{self, Games, Participant, noise_seed};
use crate::evaluation::scenario_id;
use crate::failure::Failure;
use crate::look::Look;
use crate::phrases::desk::Phrases;
use crate::results::{ScenarioId, VERSION};
use crate::terminal::Terminal;

/// `outlay recommend --shadow --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// `outlay.shadow/1`
    schema: &'static str,
    version: &'static str,
    pub(super) scenario: ScenarioId,
    pub(super) agent: String,
    log_sha256: String,
    pub(super) unit: &'static str,
    pub(super) steps: Vec<Step>,
    /// Sums over the steps of the log.
    pub(super) lines: Vec<Line>,
    /// What the difference would have brought; only with the seed of the season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) simulated: Option<Simulated>,
}

/// A step of the log.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) step: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<String>,
    pub(super) phase: String,
    /// `[lines]` what was granted.
    pub(super) done: Vec<i64>,
    /// `[lines]` what the agent would have asked for, as far as the limits let it, after the same days.
    pub(super) agent: Vec<i64>,
    /// What the agent's money in this step alone would have brought more; only with the seed of the season.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brought: Option<f64>,
}

/// A line over the log.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) line: String,
    pub(super) done: i64,
    pub(super) agent: i64,
    pub(super) difference: i64,
}

/// The same season, simulated.
#[derive(Debug, Serialize)]
pub(super) struct Simulated {
    pub(super) seed: u64,
    pub(super) noise: u64,
    /// Score with the money of the log, and nothing spent after its last step.
    pub(super) done: f64,
    /// Score had the agent decided from the first step to the log's last on its own; nothing is spent after it.
    pub(super) in_charge: f64,
    pub(super) difference: f64,
}

/// Runs the shadow and returns the exit code.
pub(super) fn run(
    question: &Question,
    scenario: &Arc<Scenario>,
    participant: &Participant,
    seed: Option<cli::Replay>,
    terminal: Terminal,
) -> Result<u8, Failure> {
    let Some(log) = &question.log else {
        return Err(Failure::usage("`--shadow` needs a log").help("name it with `--history LOG.csv`"));
    };
    let brief = &scenario.brief;
    let seen = season(log, brief, question.at)?;
    let days = seen.len() - 1;
    if days == 0 {
        return Err(Failure::usage("the log holds no step that is done"));
    }
    let (_, asked) = asked(participant, scenario, &seen[..days])?;
    let agent: Vec<Vec<Money>> =
        asked.iter().enumerate().map(|(step, asked)| ruled(brief, &seen[..=step], asked).granted).collect();
    let done: Vec<Vec<Money>> =
        seen[1..].iter().map(|seen| seen.lines.iter().map(|line| line.granted).collect()).collect();
    let world = seed.map(|seed| Simulation::new(scenario, seed, &seen, &done)).transpose()?;
    let brought: Vec<Option<f64>> = (0..days)
        .into_par_iter()
        .map(|step| world.as_ref().map(|world| world.with(step, &agent[step]) - world.score))
        .collect();
    let minor = |money: &[Money]| money.iter().map(|money| money.0).collect::<Vec<i64>>();
    let step = |step: usize| Step {
        step,
        date: scenario.date(step).map(|date| date.to_string()),
        phase: brief.calendar.get(step).map(|day| day.phase.clone()).unwrap_or_default(),
        done: minor(&done[step]),
        agent: minor(&agent[step]),
        brought: brought[step],
    };
    let line = |line: usize| {
        let sum = |rows: &[Vec<Money>]| rows.iter().map(|row| row[line].0).sum::<i64>();
        let (done, agent) = (sum(&done), sum(&agent));
        Line { line: brief.lines[line].name.clone(), done, agent, difference: agent - done }
    };
    let document = Document {
        schema: "outlay.shadow/1",
        version: VERSION,
        scenario: scenario_id(scenario),
        agent: question.agent.clone(),
        log_sha256: log.sha256.clone(),
        unit: scenario.goal.unit(),
        steps: (0..days).map(step).collect(),
        lines: (0..brief.lines.len()).map(line).collect(),
        simulated: world.map(|world| world.in_charge(participant, days)).transpose()?,
    };
    let phrases = Phrases::of(question.language);
    match question.form {
        Form::Json => terminal.document(&document)?,
        Form::Csv => {
            return Err(Failure::usage("`--shadow` writes no CSV").help("`--json` writes every number"));
        }
        Form::Page => terminal.result(&shadow_page(&document, scenario, Look::Text, phrases))?,
        Form::Markdown => terminal.result(&shadow_page(&document, scenario, Look::Markdown, phrases))?,
    }
    Ok(0)
}

/// The season that a log is of.
struct Simulation<'a> {
    scenario: &'a Arc<Scenario>,
    world: Arc<World>,
    at: cli::Replay,
    done: &'a [Vec<Money>],
    score: f64,
}

impl<'a> Simulation<'a> {
    /// # Errors
    ///
    /// Where the money of the log does not bring in this season what the log says.
    fn new(
        scenario: &'a Arc<Scenario>,
        at: cli::Replay,
        seen: &[Observation],
        done: &'a [Vec<Money>],
    ) -> Result<Self, Failure> {
        let world = World::draw(scenario, Seeds::numbered(Domain::Evaluate, at.seed, 0).world);
        let mut season = Self { scenario, world, at, done, score: 0.0 };
        let mut episode = Episode::new(Arc::clone(&season.world), noise_seed(at.seed, at.noise));
        for (step, money) in done.iter().enumerate() {
            episode.replay(money);
            let played = &episode.observation().lines;
            for ((line, played), logged) in scenario.brief.lines.iter().zip(played).zip(&seen[step + 1].lines)
            {
                if (played.spend, played.orders) != (logged.spend, logged.orders) {
                    let failure = Failure::usage(format!("the log is not that of seed {}", at.seed));
                    return Err(failure
                        .because(format!(
                            "in step {step} `{}` spends {} and is credited {} orders there, {} and {} in the log",
                            line.name, played.spend, played.orders, logged.spend, logged.orders
                        ))
                        .help("without `--seed` the shadow says what would have been asked for, and nothing of what it brings"));
                }
            }
        }
        season.score = season.to_the_end(episode);
        Ok(season)
    }

    /// The score once nothing more is spent.
    fn to_the_end(&self, mut episode: Episode) -> f64 {
        let nothing = vec![Money::ZERO; self.scenario.brief.lines.len()];
        while !episode.is_over() {
            episode.replay(&nothing);
        }
        self.scenario.score(episode.ledger())
    }

    /// The score with other money in one step.
    fn with(&self, step: usize, money: &[Money]) -> f64 {
        let mut episode = Episode::new(Arc::clone(&self.world), noise_seed(self.at.seed, self.at.noise));
        for (other, done) in self.done.iter().enumerate() {
            episode.replay(if other == step { money } else { done });
        }
        self.to_the_end(episode)
    }

    /// The agent's own season.
    fn in_charge(&self, participant: &Participant, days: usize) -> Result<Simulated, Failure> {
        let cli::Replay { seed, noise } = self.at;
        let games = Games {
            scenario: Arc::clone(self.scenario),
            seeds: seed..seed.saturating_add(1),
            noises: noise.saturating_add(1),
            agent_seed: 0,
            truth: false,
            store: None,
        };
        let mut money: Vec<Vec<Money>> = Vec::new();
        episodes::watch(participant, &games, seed, noise, &mut |episode, _| {
            money.push(episode.observation().lines.iter().map(|line| line.granted).collect());
        })
        .map_err(|error| Failure::run(format!("`{}` failed: {error}", participant.agent)))?;
        let mut episode = Episode::new(Arc::clone(&self.world), noise_seed(seed, noise));
        money.iter().take(days).for_each(|money| episode.replay(money));
        let in_charge = self.to_the_end(episode);
        Ok(Simulated { seed, noise, done: self.score, in_charge, difference: in_charge - self.score })
    }
}
