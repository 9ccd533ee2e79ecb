//! Figures: a chart, what it says in words, its numbers, and the command that gives the same.

use outlay_agent::checkpoint::Card;
use outlay_environment::Scenario;

use super::charts::{Axis, Drawn, Phase, tick};
use super::phrases::Phrases;
use super::study::{Course, Response};
use crate::cli;
use crate::compare::Found;
use crate::deeplink;
use crate::episodes::Participant;
use crate::format::{UNDEFINED, major};
use crate::phrases::{Language, fill};
use crate::results::Finished;
use crate::tables::quoted;

/// What a report is made of.
pub(super) struct Material<'a> {
    /// Language.
    pub(super) phrases: &'static Phrases,
    /// What was typed.
    pub(super) arguments: &'a cli::ReportFile,
    /// Where they played.
    pub(super) scenario: &'a Scenario,
    /// Who played, in the order asked for.
    pub(super) participants: &'a [Participant],
    /// What the comparison found.
    pub(super) found: &'a Found,
    /// Results of the first agent.
    pub(super) first: &'a Finished,
    /// Place of the agent it is held against, unless it is alone.
    pub(super) against: Option<usize>,
    /// Seasons of the first agent, and of the one it is held against.
    pub(super) courses: Vec<(String, Course)>,
    /// `[lines]` what each line's money does.
    pub(super) responses: Vec<Response>,
    /// The account of the shoppers, where there are any.
    pub(super) shoppers: Option<deeplink::Report>,
    /// The card of the first agent's checkpoint, where that keeps its validations.
    pub(super) learning: Option<Card>,
    /// Header and rows of one season of the first agent.
    pub(super) ledger: Ledger,
}

/// One season, a row a step.
pub(super) struct Ledger {
    /// Which.
    pub(super) at: cli::Replay,
    /// Names of the columns.
    pub(super) header: Vec<String>,
    /// What they hold.
    pub(super) rows: Vec<Vec<String>>,
}

/// Figures about one thing.
pub(super) struct Section {
    /// Its title.
    pub(super) title: &'static str,
    /// What it holds.
    pub(super) figures: Vec<Figure>,
}

/// A chart with its numbers, or numbers alone.
pub(super) struct Figure {
    /// Its place in the page's address.
    pub(super) id: &'static str,
    /// Its title.
    pub(super) title: String,
    /// The chart, and what it says to those who do not see it.
    pub(super) chart: Option<(Drawn, String)>,
    /// Colours and their names.
    pub(super) legend: Vec<(usize, String)>,
    /// What should be known.
    pub(super) notes: Vec<String>,
    /// Its numbers.
    pub(super) table: Table,
    /// The command that gives the same numbers.
    pub(super) command: Option<String>,
}

/// Numbers.
pub(super) struct Table {
    /// Names of the columns.
    pub(super) header: Vec<String>,
    /// A cell for each of them.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What stands in a table.
pub(super) enum Cell {
    /// A word.
    Text(String),
    /// Something to type.
    Code(String),
    /// A number, as a program and as a person reads it.
    Number(f64, String),
    /// A number with a share of 1 that says how dark its place is.
    Shaded(f64, String, f64),
}

impl Cell {
    /// A number that may not be defined.
    pub(super) fn number(value: impl Into<Option<f64>>, text: fn(f64) -> String) -> Self {
        match value.into().filter(|value| value.is_finite()) {
            Some(value) => Self::Number(value, text(value)),
            None => Self::Text(UNDEFINED.to_owned()),
        }
    }

    /// A word.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// Minor units as major ones.
pub(super) fn money(minor: f64) -> f64 {
    minor / 100.0
}

/// Minor units as a person reads them, in major ones.
pub(super) fn whole(minor: f64) -> String {
    major(minor.round() as i64)
}

impl Material<'_> {
    /// Unit of the goal.
    pub(super) fn unit(&self) -> String {
        self.phrases.term(self.scenario.goal.unit())
    }

    /// Code of the currency.
    pub(super) fn currency(&self) -> &str {
        &self.scenario.currency
    }

    /// A phrase with one value.
    pub(super) fn with(&self, phrase: &str, value: &str) -> String {
        fill(phrase, &[value])
    }

    /// The axis of the season.
    pub(super) fn steps(&self) -> Axis {
        let brief = &self.scenario.brief;
        let title = self.with(self.phrases.steps_axis, &format!("{}", brief.step_days));
        Axis { title, range: [0.0, brief.steps as f64], format: tick }
    }

    /// The calendar's phases, in order.
    pub(super) fn phases(&self) -> Vec<Phase> {
        let mut phases: Vec<Phase> = Vec::new();
        for (step, day) in self.scenario.brief.calendar.iter().enumerate() {
            match phases.last_mut() {
                Some(last) if last.name == day.phase => last.end = step + 1,
                _ => phases.push(Phase { name: day.phase.clone(), start: step, end: step + 1 }),
            }
        }
        phases
    }

    /// The calendar's phases in words; nothing where there is but one.
    pub(super) fn phases_note(&self) -> Vec<String> {
        let phases = self.phases();
        if phases.len() < 2 {
            return Vec::new();
        }
        let phase = |phase: &Phase| {
            let (start, end) = (phase.start.to_string(), (phase.end - 1).to_string());
            fill(self.phrases.phase_steps, &[&phase.name, &start, &end])
        };
        let list = phases.iter().map(phase).collect::<Vec<_>>().join(", ");
        vec![self.with(self.phrases.phases, &list)]
    }

    /// An agent as it was typed.
    pub(super) fn typed(participant: &Participant) -> String {
        let Participant { name, agent, .. } = participant;
        quoted(&if name == agent { agent.clone() } else { format!("{name}={agent}") })
    }

    /// `outlay evaluate` of the first agent, with more flags; without seeds where a flag names one.
    pub(super) fn evaluate(&self, flags: &str, seeds: bool) -> String {
        let agent = self.participants.first().map(Self::typed).unwrap_or_default();
        format!(
            "outlay evaluate {agent} {}{}{flags}",
            quoted(&self.arguments.stage.scenario),
            self.stage(seeds)
        )
    }

    /// `outlay compare` of all agents, with more flags.
    pub(super) fn compare(&self, flags: &str) -> String {
        format!("outlay compare {}{}{flags}", quoted(&self.arguments.stage.scenario), self.who())
    }

    /// `outlay report` as it was run.
    pub(super) fn report(&self) -> String {
        let language = if self.phrases.language == Language::En { "" } else { " --lang zh" };
        format!("outlay report {}{}{language}", quoted(&self.arguments.stage.scenario), self.who())
    }

    fn who(&self) -> String {
        let agents = self.participants.iter().map(|it| format!(" --agent {}", Self::typed(it)));
        let against =
            self.against.map(|place| format!(" --against {}", quoted(&self.participants[place].name)));
        format!("{}{}{}", agents.collect::<String>(), against.unwrap_or_default(), self.stage(true))
    }

    fn stage(&self, seeds: bool) -> String {
        let stage = &self.arguments.stage;
        let destination = &self.arguments.destination;
        let budget = destination.budget.iter().map(|budget| format!(" --budget {budget}"));
        let set = destination.set.iter().map(|set| format!(" --set {}", quoted(set)));
        let mut flags: String = budget.chain(set).collect();
        if seeds {
            flags += &format!(" --seeds {}", stage.seeds);
        }
        if seeds && stage.noise > 1 {
            flags += &format!(" --noise {}", stage.noise);
        }
        if stage.running.agent_seed != 0 {
            flags += &format!(" --agent-seed {}", stage.running.agent_seed);
        }
        flags
    }
}
