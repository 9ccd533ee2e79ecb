//! `outlay evaluate --json`: what one agent reached.

use std::collections::BTreeMap;

use outlay_environment::STAGES;
use serde::Serialize;

use super::{ScenarioId, is_false};
use crate::statistics::Interval;

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
    /// How surely each soft limit of the scenario is kept; absent where it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) promises: Vec<Promise>,
    /// Time to pass last year's revenue; only where the scenario states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_year: Option<LastYear>,
    /// The merchant's tier; only where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tier: Option<TierReached>,
    /// Every seed, in order, then every noise.
    pub(crate) per_seed: Vec<SeedRow>,
    /// Shoppers by DEEPLINK stage, means over the seeds.
    pub(crate) stages: Stages,
    /// What `credited` of the lines counts: what a report comes nearest to the goal with.
    pub(crate) credited_unit: &'static str,
    /// Lines in the order of the scenario, means over the seeds.
    pub(crate) lines: Vec<Line>,
    /// Mean wall-clock seconds of a decision; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_per_decision: Option<f64>,
}

/// How surely a soft limit is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Promise {
    /// `return_floor` or `cost_cap`.
    pub(crate) limit: &'static str,
    /// Its figure in the scenario.
    pub(crate) level: f64,
    /// Share of seeds that keep it.
    pub(crate) kept: f64,
    /// 95 % interval of that share (Wilson), a world being one trial.
    pub(crate) kept_ci95: Interval,
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

/// How long it takes to pass last year's revenue, from the first step that counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct LastYear {
    /// Last year's revenue, minor units.
    pub(crate) revenue: i64,
    /// Median days over the seeds, one that never passes it being the longest; null where the median never does.
    pub(crate) median_days: Option<f64>,
    /// Share of seeds that never pass it.
    pub(crate) never: f64,
}

/// A merchant's tier in the year.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TierReached {
    /// At the start: the tier whose benefits it has.
    pub(crate) start: &'static str,
    /// Share of seeds that end in each tier.
    pub(crate) reached: BTreeMap<&'static str, f64>,
    /// The tier that most seeds end in.
    pub(crate) usual: &'static str,
    /// Mean index at the end, in [0, 1].
    pub(crate) index: f64,
    /// The tier above `usual`; null above the highest.
    pub(crate) next: Option<&'static str>,
    /// What the index lacks of it, mean over the seeds that end in `usual`.
    pub(crate) to_next: Option<f64>,
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
    /// Days until last year's revenue was passed; absent where it never was, or is not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) days_to_pass: Option<f64>,
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
    /// Share of all money spent; null where none was.
    pub(crate) share_of_spend: Option<f64>,
    /// What the report credits to the line of the goal, in `credited_unit`; money in major units.
    pub(crate) credited: f64,
    /// The same for each 1,000 major units of its spend; null at zero spend.
    pub(crate) credited_per_thousand: Option<f64>,
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
    /// People who clicked here and then bought in the medium's own shop; absent where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leaked: Option<f64>,
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
