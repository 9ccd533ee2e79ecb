//! What other programs may call: scenarios with the terminal's own errors, and comparisons with its own tables.
//!
//! Episodes are played apart from their comparison, so that seeds can be shared out over machines: what each of them
//! played is text, and put together it is compared as if one had played everything.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use outlay_agent::{Entrant, Recipe};
use outlay_environment::Scenario;

use crate::cli::SeedRange;
use crate::compare::{self, Field, Found};
use crate::episodes::{self, Games, Outcome, Participant, Played, Player};
use crate::evaluation;
use crate::failure::Failure;
use crate::look::Look;
use crate::phrases::Language;
use crate::plan;
use crate::tables::{Setting, Shown};
use crate::terminal;
use crate::warning::Warning;

/// Seconds an `exec:` agent may take for one answer, as without `--time-limit`.
const TIME_LIMIT: f64 = 30.0;

/// Why something was refused, in the words of the terminal, without its colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let text = anstream::adapter::strip_str(&terminal::failure_text(&failure)).to_string();
        let text = text.trim_end();
        // The kind of an exception says that it is an error; problems of a file say so one by one.
        let plain = !matches!(failure, Failure::Scenario(_));
        Self(text.strip_prefix("error: ").filter(|_| plain).unwrap_or(text).to_owned())
    }
}

/// The scenario of a name or path.
///
/// # Errors
///
/// An unknown name, or every problem of the file, each with its place.
pub fn scenario(name: &str) -> Result<Arc<Scenario>, Refusal> {
    Ok(plan::scenario(name)?)
}

/// Somebody who takes part in a comparison.
pub enum Contender {
    /// As on the command line: a built-in name, a checkpoint folder, `exec:COMMAND`; `NAME=` before it names it.
    Typed(String),
    /// Decides by code of the caller.
    Own {
        /// Name in tables and results.
        name: String,
        /// Makes the agent of each episode.
        recipe: Box<dyn Recipe>,
    },
}

/// Agents to be compared on the same evaluation worlds and noises.
pub struct Comparison {
    /// As typed, for tables.
    typed: String,
    games: Games,
    field: Field,
    warnings: Vec<Warning>,
}

/// The episodes of a comparison, or of a part of its seeds.
pub struct Episodes(Played);

impl Comparison {
    /// Looks everybody up. The others are measured against the agent of the name `against`, or against the first.
    ///
    /// # Errors
    ///
    /// No agent or no seed, an agent that is not known or cannot be read, two of one name.
    pub fn new(
        typed: &str,
        scenario: Arc<Scenario>,
        contenders: Vec<Contender>,
        against: Option<&str>,
        seeds: Range<u64>,
        noises: u64,
    ) -> Result<Self, Refusal> {
        let SeedRange(seeds) = format!("{}..{}", seeds.start, seeds.end).parse().map_err(Failure::usage)?;
        if contenders.is_empty() || noises == 0 {
            return Err(Failure::usage("a comparison needs an agent and a noise at least").into());
        }
        let games = Games { scenario, seeds, noises, agent_seed: 0, truth: false, store: None };
        let (mut participants, mut warnings) = (Vec::<Participant>::new(), Vec::new());
        for contender in contenders {
            let participant = match contender {
                Contender::Own { name, recipe } => {
                    let player = Player::Inside(Entrant::Agent(recipe));
                    Participant { agent: name.clone(), name, identity: None, player }
                }
                Contender::Typed(text) => {
                    let (participant, warning) = plan::participant(&text, &games.scenario, TIME_LIMIT)?;
                    warnings.extend(warning);
                    participant
                }
            };
            if participants.iter().any(|other| other.name == participant.name) {
                return Err(Failure::usage(format!("two agents are called `{}`", participant.name)).into());
            }
            participants.push(participant);
        }
        let against = against.map(|name| plan::place(name, &participants, "against")).transpose()?;
        let asked = participants.len();
        compare::add_references(&mut participants, false, &games.scenario, TIME_LIMIT)?;
        let field =
            Field { participants, asked, against: against.unwrap_or_default(), requirements: Vec::new() };
        Ok(Self { typed: typed.to_owned(), games, field, warnings })
    }

    /// What should be known before the results are believed.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.iter().map(|warning| warning.complaint().message).collect()
    }

    /// Plays every episode, side by side. `stop` is asked between episodes; after it said yes, only seeds that everybody
    /// finished count.
    #[must_use]
    pub fn play(&self, stop: &(dyn Fn() -> bool + Sync)) -> Episodes {
        Episodes(episodes::play(&self.field.participants, &self.games, stop, &|| ()))
    }

    /// Puts the episodes of parts of the seeds together; parts come in the order of their seeds.
    ///
    /// # Errors
    ///
    /// A text that [`Episodes::text`] did not write, or not of these agents.
    pub fn gather(&self, parts: &[String]) -> Result<Episodes, Refusal> {
        let mut outcomes: Vec<Result<Vec<Outcome>, String>> =
            self.field.participants.iter().map(|_| Ok(Vec::new())).collect();
        for part in parts {
            let part: Vec<Result<Vec<Outcome>, String>> = serde_json::from_str(part).map_err(|error| {
                Failure::usage("these are not the episodes of a comparison").because(error)
            })?;
            if part.len() != outcomes.len() {
                return Err(Failure::usage("these are the episodes of other agents").into());
            }
            for (all, part) in outcomes.iter_mut().zip(part) {
                match (&mut *all, part) {
                    (Ok(all), Ok(part)) => all.extend(part),
                    (Ok(_), Err(error)) => *all = Err(error),
                    (Err(_), _) => {}
                }
            }
        }
        Ok(Episodes(Played { outcomes, interrupted: false, reused: 0 }))
    }

    /// Compares what was played.
    #[must_use]
    pub fn judge(&self, episodes: Episodes) -> Judged<'_> {
        Judged { comparison: self, found: compare::found(&self.field, &self.games, episodes.0, false) }
    }
}

impl Episodes {
    /// The episodes as text, for [`Comparison::gather`].
    ///
    /// # Errors
    ///
    /// None that is known; writing JSON may fail in principle.
    pub fn text(&self) -> Result<String, Refusal> {
        serde_json::to_string(&self.0.outcomes)
            .map_err(|error| Failure::run("the episodes could not be written").because(error).into())
    }
}

/// What a comparison found.
pub struct Judged<'a> {
    comparison: &'a Comparison,
    found: Found,
}

impl Judged<'_> {
    /// The tables of `outlay compare`, without colours.
    #[must_use]
    pub fn tables(&self, markdown: bool) -> String {
        let Comparison { typed, games, field, .. } = self.comparison;
        let seeds = SeedRange(games.seeds.clone()).to_string();
        let look = Look::new(markdown);
        let (scenario, noise, language) = (&*games.scenario, games.noises, Language::En);
        let setting = Setting { scenario, typed, seeds, noise, look, language };
        let text = compare::table(&self.found, field, &setting, Shown::default());
        anstream::adapter::strip_str(&text).to_string()
    }

    /// The document of `outlay compare --json`.
    ///
    /// # Errors
    ///
    /// None that is known; writing JSON may fail in principle.
    pub fn document(&self) -> Result<String, Refusal> {
        let games = &self.comparison.games;
        let scenario = evaluation::scenario_id(&games.scenario);
        serde_json::to_string(&compare::document(&self.found, &scenario, games, None))
            .map_err(|error| Failure::run("the results could not be written as JSON").because(error).into())
    }
}
