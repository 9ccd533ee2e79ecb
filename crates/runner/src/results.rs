//! What a command found: these structures are the export schema, written by `--json` field by field in this order.
//!
//! Money is an integer of minor units (fen, cents) unless a field says otherwise. A value that is not defined is null.

use std::collections::BTreeMap;

use outlay_agent::learn::{Iteration, Started, Validated};
use outlay_environment::{Answer, Limits, STAGES};
use serde::Serialize;

use crate::statistics::Interval;

/// The version in every document.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which scenario a document is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ScenarioId {
    /// Its name.
    pub(crate) name: String,
    /// Hash of its composed files, 64 hexadecimal digits.
    pub(crate) hash: String,
}

/// `outlay evaluate --json`.
#[derive(Debug, Serialize)]
pub(crate) struct EvaluateDocument<'a> {
    /// `outlay.evaluate/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// The scenario.
    pub(crate) scenario: &'a ScenarioId,
    /// Seeds, half-open, as typed.
    pub(crate) seeds: String,
    /// Noise seeds a world.
    pub(crate) noise: u64,
    /// Present and true where the run was interrupted: `per_seed` then says which seeds are in.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) interrupted: bool,
    /// The agent's results.
    #[serde(flatten)]
    pub(crate) evaluation: &'a Evaluation,
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_total: Option<f64>,
}

/// `outlay compare --json`.
#[derive(Debug, Serialize)]
pub(crate) struct CompareDocument<'a> {
    /// `outlay.compare/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// The scenario.
    pub(crate) scenario: &'a ScenarioId,
    /// Seeds, half-open, as typed.
    pub(crate) seeds: String,
    /// Noise seeds a world.
    pub(crate) noise: u64,
    /// Present and true where the run was interrupted: `per_seed` then says which seeds are in.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) interrupted: bool,
    /// Agents in the order asked for.
    pub(crate) agents: &'a [Contestant],
    /// Each other agent against the one of `--against`.
    pub(crate) pairs: &'a [Pair],
    /// What each `--require` came to.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) requirements: &'a [Requirement],
    /// What the differences of `pairs` estimate.
    pub(crate) estimand: &'static str,
    /// How often agents reach how much.
    pub(crate) profiles: &'a Profiles,
    /// What no plan can exceed; only where lines have curves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bound: Option<&'a CertifiedBound>,
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_total: Option<f64>,
}

/// What no plan can exceed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CertifiedBound {
    /// Mean over the worlds.
    pub(crate) mean: f64,
    /// Whether it comes of the problem itself: false where lines change each other's response, which makes it far too
    /// high.
    pub(crate) certified: bool,
    /// The bound on each world.
    pub(crate) per_seed: Vec<SeedBound>,
}

/// The bound on one world.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SeedBound {
    /// Seed.
    pub(crate) seed: u64,
    /// What no plan can exceed there.
    pub(crate) bound: f64,
}

/// One agent of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Contestant {
    /// It played every episode.
    Finished(Box<Finished>),
    /// It failed; the others' results stand.
    Failed {
        /// Name in the comparison.
        name: String,
        /// What was run.
        agent: String,
        /// What went wrong.
        error: String,
    },
}

/// An agent that played every episode of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Finished {
    /// Name in the comparison.
    pub(crate) name: String,
    /// (IQM - IQM of even) / (IQM of clairvoyant - IQM of even); null where the divisor is not above 0 or clairvoyant
    /// was not run.
    pub(crate) headroom: Option<f64>,
    /// As `evaluate`.
    #[serde(flatten)]
    pub(crate) evaluation: Evaluation,
    /// Mean shortfall of an episode against the clairvoyant plan of the same world and noise, in units of what that plan
    /// reaches more than even on average; an episode above the plan counts as 0. Null as `headroom`.
    pub(crate) optimality_gap: Option<f64>,
    /// Mean score / mean bound; only where there is a certified one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_bound: Option<f64>,
    /// Mean score / known answer; only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_answer: Option<f64>,
}

impl Contestant {
    /// The results, if it has any.
    pub(crate) fn finished(&self) -> Option<&Finished> {
        match self {
            Self::Finished(finished) => Some(finished),
            Self::Failed { .. } => None,
        }
    }
}

/// What one agent reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Evaluation {
    /// What was run: a name of `outlay agents`, a checkpoint folder, or `exec:COMMAND`.
    pub(crate) agent: String,
    /// The goal reached, over all seeds.
    pub(crate) score: Score,
    /// Money spent.
    pub(crate) spend: Spend,
    /// Value per unit of spend, over all seeds together.
    pub(crate) returns: Returns,
    /// Hard limits broken, over all seeds.
    pub(crate) violations: u64,
    /// Share of seeds that miss each soft limit of the scenario, e.g. `return_floor`.
    pub(crate) misses: BTreeMap<&'static str, f64>,
    /// Every seed, in order, then every noise.
    pub(crate) per_seed: Vec<SeedRow>,
    /// Shoppers by DEEPLINK stage, means over the seeds.
    pub(crate) stages: Stages,
    /// Lines in the order of the scenario, means over the seeds.
    pub(crate) lines: Vec<Line>,
    /// Mean wall-clock seconds of a decision; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_per_decision: Option<f64>,
}

/// Scores over all seeds; higher is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Score {
    /// Unit of the scores.
    pub(crate) unit: String,
    /// Mean.
    pub(crate) mean: f64,
    /// Interquartile mean.
    pub(crate) iqm: f64,
    /// 95 % bootstrap interval of the interquartile mean.
    pub(crate) iqm_ci95: Interval,
    /// Tenth percentile.
    pub(crate) p10: f64,
    /// Median.
    pub(crate) p50: f64,
    /// Ninetieth percentile.
    pub(crate) p90: f64,
    /// Mean of the same worlds and noises without any spending.
    pub(crate) without_spend: f64,
    /// The seeds with the lowest scores, lowest first; each can be seen by `--replay`.
    pub(crate) worst: Vec<SeedScore>,
}

/// The score of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct SeedScore {
    /// Seed.
    pub(crate) seed: u64,
    /// Noise seed of the world.
    pub(crate) noise: u64,
    /// Score.
    pub(crate) score: f64,
}

/// Money spent, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Spend {
    /// Money for an episode.
    pub(crate) budget: i64,
    /// Mean over the seeds, rounded.
    pub(crate) mean: i64,
    /// Most on one seed.
    pub(crate) max: i64,
    /// Mean left at the end, rounded.
    pub(crate) unspent: i64,
}

/// Value of orders per unit of spend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Returns {
    /// Credited revenue / spend: what the platforms report once every report has arrived.
    pub(crate) reported: Option<f64>,
    /// (Revenue - revenue of the same worlds and noises without any spending) / spend.
    pub(crate) incremental: Option<f64>,
    /// Incremental * margin - 1: what is left of a unit of spend after it has been paid back; 0 at break-even.
    pub(crate) profit: Option<f64>,
    /// 1 / margin: below it an incremental unit of spend costs more than it earns.
    pub(crate) break_even: Option<f64>,
}

/// One episode.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct SeedRow {
    /// Seed: world and noise.
    pub(crate) seed: u64,
    /// Which noise seed of the world.
    pub(crate) noise: u64,
    /// Score.
    pub(crate) score: f64,
    /// Money spent, minor units.
    pub(crate) spend: i64,
    /// Credited revenue / spend; null at zero spend.
    pub(crate) return_on_spend: Option<f64>,
    /// (Revenue - revenue of the same world and noise without any spending) / spend; null at zero spend.
    pub(crate) incremental_return_on_spend: Option<f64>,
}

/// Shoppers by DEEPLINK stage, people, means over the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Stages {
    /// `[8]` names of the stages.
    pub(crate) names: [&'static str; STAGES],
    /// `[8]` at the start.
    pub(crate) opening: [f64; STAGES],
    /// `[8]` at the end.
    pub(crate) closing: [f64; STAGES],
    /// `[8, 8]` from the stage at the start (row) to the stage at the end (column).
    pub(crate) flow: [[f64; STAGES]; STAGES],
    /// `[4]` aware, interested, purchased, loyal at the start.
    pub(crate) aipl_opening: [f64; 4],
    /// `[4]` aware, interested, purchased, loyal at the end.
    pub(crate) aipl_closing: [f64; 4],
}

/// One line, means over the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    /// Its name in the scenario.
    pub(crate) name: String,
    /// Money spent, minor units, rounded.
    pub(crate) spend: i64,
    /// Exposures, people.
    pub(crate) impressions: f64,
    /// Clicks.
    pub(crate) clicks: f64,
    /// Engagements.
    pub(crate) engagements: f64,
    /// Orders the report credits to the line.
    pub(crate) orders: f64,
    /// First orders in 365 days among them.
    pub(crate) new_customers: f64,
    /// Value of the credited orders, minor units, rounded.
    pub(crate) revenue: i64,
    /// Credited revenue / spend; null at zero spend.
    pub(crate) return_on_spend: Option<f64>,
    /// What the line caused; only with `--truth`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) truth: Option<LineTruth>,
}

/// What a line caused: the run, less the same run with this line at zero and its money not moved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct LineTruth {
    /// Score caused.
    pub(crate) incremental_score: f64,
    /// Orders caused.
    pub(crate) incremental_orders: f64,
    /// New customers caused.
    pub(crate) incremental_new_customers: f64,
    /// Value of the orders caused, minor units, rounded.
    pub(crate) incremental_revenue: i64,
    /// Revenue caused / spend; null at zero spend.
    pub(crate) incremental_return_on_spend: Option<f64>,
}

/// Agent `a` against agent `b` on the same worlds and noises.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Pair {
    /// The one.
    pub(crate) a: String,
    /// The other, of `--against`.
    pub(crate) b: String,
    /// Mean score of a - mean score of b: estimates the document's `estimand`.
    pub(crate) difference: f64,
    /// 95 % studentised bootstrap interval of the difference; its ends are null for one world.
    pub(crate) difference_ci95: Interval,
    /// Difference as a fraction of b's mean; null where that is 0.
    pub(crate) uplift: Option<f64>,
    /// 95 % studentised bootstrap interval of the uplift; null where b's mean may have either sign.
    pub(crate) uplift_ci95: Option<Interval>,
    /// Share of episodes on which a is better; a tie counts half.
    pub(crate) p_better: f64,
    /// Two-sided p value of the difference being 0: a test that flips the signs of worlds.
    pub(crate) p_value: f64,
    /// The p value adjusted for the number of pairs of the comparison (Holm).
    pub(crate) p_holm: f64,
    /// Probability that an episode of a is better than any of b, not paired; a tie counts half (rliable's probability of
    /// improvement).
    pub(crate) p_improvement: f64,
}

/// How often agents reach how much.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Profiles {
    /// `[9]` thresholds: the deciles of the scores of all agents together.
    pub(crate) tau: Vec<f64>,
    /// Agents that finished, in the order asked for.
    pub(crate) agents: Vec<Profile>,
}

/// How often one agent is above each threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Profile {
    /// Name in the comparison.
    pub(crate) name: String,
    /// `[9]` share of episodes with a score above the threshold.
    pub(crate) share: Vec<f64>,
    /// `[9]` 95 % bootstrap interval of each share by itself.
    pub(crate) share_ci95: Vec<Interval>,
    /// `[9]` share of worlds whose mean score over their noises is above the threshold.
    pub(crate) share_of_worlds: Vec<f64>,
    /// `[9]` 95 % bootstrap interval of each share of worlds by itself.
    pub(crate) share_of_worlds_ci95: Vec<Interval>,
}

/// What became of one `--require 'X > Y'`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Requirement {
    /// As typed.
    pub(crate) require: String,
    /// Interval of X - Y; null where one of them failed.
    pub(crate) difference_ci95: Option<Interval>,
    /// Whether its lower end is above 0.
    pub(crate) met: bool,
}

/// First line of `outlay train --json`.
#[derive(Debug, Serialize)]
pub(crate) struct TrainStarted<'a> {
    /// `outlay.train/1`, in every line.
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `started`
    pub(crate) event: &'static str,
    /// The scenario, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scenario: Option<&'a ScenarioId>,
    /// The scenarios, where there are several.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) scenarios: &'a [ScenarioId],
    /// Seed of the run.
    pub(crate) seed: u64,
    /// Whether the run goes on from a saved state.
    pub(crate) resumed: bool,
    /// Steps and size of the run.
    #[serde(flatten)]
    pub(crate) run: &'a Started,
}

/// A line of `outlay train --json` for each update.
#[derive(Debug, Serialize)]
pub(crate) struct TrainIteration<'a> {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `iteration`
    pub(crate) event: &'static str,
    /// What the update came to.
    #[serde(flatten)]
    pub(crate) iteration: &'a Iteration,
    /// Wall-clock seconds since the start; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_elapsed: Option<f64>,
}

/// A line of `outlay train --json` for each trial on the validation worlds.
#[derive(Debug, Serialize)]
pub(crate) struct TrainValidated<'a> {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `validated`
    pub(crate) event: &'static str,
    /// What the trial came to.
    #[serde(flatten)]
    pub(crate) validated: &'a Validated,
    /// Wall-clock seconds since the start; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_elapsed: Option<f64>,
}

/// Last line of `outlay train --json` after Ctrl-C.
#[derive(Debug, Serialize)]
pub(crate) struct TrainSaved {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `interrupted`
    pub(crate) event: &'static str,
    /// Folder of the checkpoint.
    pub(crate) folder: String,
    /// Steps done.
    pub(crate) steps: u64,
    /// The command that goes on; null where the training itself was done.
    pub(crate) resume: Option<String>,
}

/// Last line of `outlay train --json`: the policy beside baselines on evaluation worlds.
#[derive(Debug, Serialize)]
pub(crate) struct TrainComparison<'a> {
    /// `outlay.train/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// `finished`
    pub(crate) event: &'static str,
    /// The scenario.
    pub(crate) scenario: &'a ScenarioId,
    /// Folder of the checkpoint.
    pub(crate) folder: String,
    /// Steps done.
    pub(crate) steps: u64,
    /// Seeds of the comparison, half-open.
    pub(crate) seeds: String,
    /// The policy and the baselines.
    pub(crate) agents: &'a [Contestant],
    /// Each of the others against the first baseline.
    pub(crate) pairs: &'a [Pair],
}

/// `outlay scenarios --json`.
#[derive(Debug, Serialize)]
pub(crate) struct ScenariosDocument {
    /// `outlay.scenarios/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Shipped scenarios.
    pub(crate) scenarios: Vec<ScenarioRow>,
    /// Shipped problems with a known answer.
    pub(crate) problems: Vec<ScenarioRow>,
    /// Shipped families of curves worlds, on which baselines are calibrated.
    pub(crate) families: Vec<ScenarioRow>,
    /// Shipped worlds that others designed.
    pub(crate) references: Vec<ScenarioRow>,
    /// Shipped scenarios with one figure fitted to a published result.
    pub(crate) marks: Vec<ScenarioRow>,
}

/// One shipped scenario.
#[derive(Debug, Serialize)]
pub(crate) struct ScenarioRow {
    /// What to type.
    pub(crate) name: String,
    /// One line about it.
    pub(crate) title: String,
    /// What is to be maximised.
    pub(crate) goal: String,
    /// Limits of the scenario.
    pub(crate) limits: ScenarioLimits,
    /// Steps and phases.
    pub(crate) calendar: Calendar,
    /// What a good agent should discover here.
    pub(crate) question: String,
    /// Currency of all money.
    pub(crate) currency: String,
    /// Names of the lines.
    pub(crate) lines: Vec<String>,
    /// Hash of the composed files.
    pub(crate) hash: String,
    /// What is known of the best that can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Answer>,
}

/// Limits of a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct ScenarioLimits {
    /// Money for an episode, minor units.
    pub(crate) budget: i64,
    /// Limits over all lines, and on each line in order.
    #[serde(flatten)]
    pub(crate) limits: Limits,
}

/// The calendar of a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Calendar {
    /// Title of its file.
    pub(crate) title: String,
    /// Number of steps.
    pub(crate) steps: usize,
    /// Length of a step in days.
    pub(crate) step_days: f64,
    /// Phases in order.
    pub(crate) phases: Vec<Phase>,
}

impl Calendar {
    /// What stands before the colon of the title.
    pub(crate) fn name(&self) -> &str {
        self.title.split(':').next().unwrap_or_default()
    }
}

/// A run of steps of one phase.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Phase {
    /// Its name.
    pub(crate) name: String,
    /// First step.
    pub(crate) first_step: usize,
    /// Step after its last.
    pub(crate) end_step: usize,
}

/// `outlay agents --json`.
#[derive(Debug, Serialize)]
pub(crate) struct AgentsDocument {
    /// `outlay.agents/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// Agents that can be named.
    pub(crate) agents: Vec<AgentRow>,
}

/// One agent that can be named.
#[derive(Debug, Serialize)]
pub(crate) struct AgentRow {
    /// What to type.
    pub(crate) name: String,
    /// One line about it.
    pub(crate) summary: String,
}

/// `outlay check --json`.
#[derive(Debug, Serialize)]
pub(crate) struct CheckDocument {
    /// `outlay.check/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// The scenario, where the file is sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scenario: Option<ScenarioId>,
    /// The file as typed.
    pub(crate) file: String,
    /// Everything that is wrong with it.
    pub(crate) problems: Vec<ProblemRow>,
}

/// One problem of a file.
#[derive(Debug, Serialize)]
pub(crate) struct ProblemRow {
    /// File.
    pub(crate) file: String,
    /// Line, from 1; null where the problem has no place.
    pub(crate) line: Option<usize>,
    /// Column in characters, from 1.
    pub(crate) column: Option<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What stands under the caret.
    pub(crate) label: String,
    /// A way out.
    pub(crate) help: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}
