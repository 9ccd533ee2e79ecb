//! `outlay compare --json`: agents beside each other.

use serde::Serialize;

use super::{Evaluation, ScenarioId, is_false};
use crate::statistics::Interval;

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
    /// `[seeds * noises]` the scores on that scale: 1 is the clairvoyant plan of the same episode, 0 even on average.
    #[serde(skip)]
    pub(crate) normalised: Option<Vec<f64>>,
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
    /// Tenth percentile of the episodes of a - that of b.
    pub(crate) p10_difference: f64,
    /// 95 % bootstrap interval of it; its ends are null for one world.
    pub(crate) p10_difference_ci95: Interval,
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
