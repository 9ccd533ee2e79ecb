//! The card of a checkpoint: what it is, where it comes from, how good it is, and where it ends. No dates, no timings:
//! the same command writes the same bytes.

use std::sync::Arc;

use outlay_environment::Scenario;
use serde::{Deserialize, Serialize};

use crate::learn::{TrainSettings, TrainState};
use crate::policy::{FEATURES_VERSION, Policy, Prefer};

/// What a card's `format` says.
pub(super) const FORMAT: &str = "outlay.checkpoint/";
/// Newest format this program reads, and the one it writes.
pub(super) const FORMAT_VERSION: u64 = 2;

/// `card.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// `outlay.checkpoint/2`
    pub format: String,
    /// Version of the program that wrote it.
    pub version: String,
    /// The command that trained it, without output, thread and display flags.
    pub command: String,
    /// What the policy is not good for.
    pub limits: String,
    /// Its network.
    pub network: CardNetwork,
    /// How it was trained.
    pub training: CardTraining,
    /// Its files.
    #[serde(default)]
    pub files: CardFiles,
    /// What it was trained for.
    pub scenarios: Vec<CardScenario>,
    /// Judged on evaluation worlds, beside other agents; filled after training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CardResult>,
}

/// What a policy was trained for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardScenario {
    /// Name of the scenario.
    pub name: String,
    /// Hash of its files, 64 hex digits.
    pub hash: String,
    /// Goal, e.g. `new-customers`.
    pub goal: String,
    /// Unit of the score.
    pub unit: String,
    /// Budget in minor units.
    pub budget: i64,
    /// Steps of an episode.
    pub steps: usize,
    /// Lines.
    pub lines: Vec<String>,
    /// Simulated shoppers in a training world.
    pub training_shoppers: usize,
}

/// A policy's network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardNetwork {
    /// Version of the features.
    pub features: u32,
    /// Features of one line.
    pub line_features: usize,
    /// Features of the whole.
    pub global_features: usize,
    /// Width of the hidden layers.
    pub width: usize,
    /// Number of parameters.
    pub parameters: usize,
    /// Whether its logits are added to those of the planner's allocation.
    #[serde(default)]
    pub guided: bool,
    /// Whether it may leave money unspent where its goal gives no reason to.
    #[serde(default, skip_serializing_if = "Prefer::is_default")]
    pub prefer: Prefer,
    /// Whether it decides bids where the scenario opens them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bids: bool,
    /// Numbers that its recurrent unit carries of each line; 0 without one.
    #[serde(default, skip_serializing_if = "crate::learn::is_zero")]
    pub memory: usize,
}

/// How a policy was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardTraining {
    /// Environment steps of the run so far.
    pub steps: u64,
    /// Environment steps after which this policy, the best on the validation worlds, was reached.
    pub best_steps: u64,
    /// Its mean score on the validation worlds; none before the first validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_score: Option<f64>,
    /// Share of the validation worlds in which it missed a soft limit beyond those in which it may by the promise of the
    /// run; none without a promise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_excess: Option<f64>,
    /// Mean score of the even plan on the same worlds.
    pub validate_even: f64,
    /// Environment steps after which the policy was tried on the validation worlds; none in cards of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validated_steps: Vec<u64>,
    /// Its mean score each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validated_scores: Vec<f64>,
    /// Settings of the run.
    pub settings: TrainSettings,
}

impl CardTraining {
    /// Environment steps and mean score of each validation of the run.
    #[must_use]
    pub fn validations(&self) -> Vec<(u64, f64)> {
        self.validated_steps.iter().copied().zip(self.validated_scores.iter().copied()).collect()
    }
}

/// Checksums of a checkpoint's files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CardFiles {
    /// Of `policy.safetensors`; filled when it is written.
    pub policy: String,
}

/// One agent judged on evaluation worlds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardResult {
    /// Its name; the policy itself is `policy`.
    pub agent: String,
    /// Seeds it was judged on, e.g. `0..64`.
    pub seeds: String,
    /// Mean score.
    pub mean: f64,
    /// Interquartile mean of the score.
    pub iqm: f64,
    /// 95 % interval of the interquartile mean.
    pub iqm_ci95: [f64; 2],
    /// How much more the policy scores than this agent, a fraction of the agent's score; none for the policy itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uplift: Option<f64>,
    /// 95 % interval of the uplift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uplift_ci95: Option<[f64; 2]>,
}

impl Card {
    /// The card of the best policy of a run. `command` is what the user typed, without output, thread and display
    /// flags.
    #[must_use]
    pub fn new(scenarios: &[Arc<Scenario>], state: &TrainState, command: impl Into<String>) -> Self {
        let (named, variants) = scenarios.split_at(state.settings.validated_of(scenarios.len()));
        let mut trained_on = names(named.iter().map(|scenario| scenario.name.as_str()));
        if !variants.is_empty() {
            trained_on += &format!(" and {} variants of them", variants.len());
        }
        let limits = format!(
            "Trained in a simulated market, on worlds drawn from {trained_on} alone. On other scenarios, budgets or calendars \
             it decides, but nothing was measured there. It has not spent real money: before it does, try it beside \
             the present way of spending, with limits."
        );
        Self {
            format: format!("{FORMAT}{FORMAT_VERSION}"),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.into(),
            limits,
            scenarios: named.iter().map(|scenario| CardScenario::of(scenario)).collect(),
            network: CardNetwork::of(state.best_policy()),
            training: CardTraining {
                steps: state.steps,
                best_steps: state.best.as_ref().map_or(state.steps, |best| best.steps),
                validate_score: state.best.as_ref().map(|best| best.score),
                validate_excess: state
                    .best
                    .as_ref()
                    .filter(|_| state.settings.promise.is_some())
                    .map(|best| best.excess),
                validate_even: state.even(),
                validated_steps: state.validations.iter().map(|(steps, _)| *steps).collect(),
                validated_scores: state.validations.iter().map(|(_, score)| *score).collect(),
                settings: state.settings.clone(),
            },
            files: CardFiles::default(),
            results: Vec::new(),
        }
    }
}

/// Names for a sentence; of many their number.
pub(super) fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    if names.len() > 4 {
        return format!("{} scenarios", names.len());
    }
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl CardScenario {
    fn of(scenario: &Scenario) -> Self {
        let brief = &scenario.brief;
        Self {
            name: scenario.name.clone(),
            hash: scenario.hash.clone(),
            goal: scenario.goal.name().to_owned(),
            unit: scenario.goal.unit().to_owned(),
            budget: brief.budget.0,
            steps: brief.steps,
            lines: brief.lines.iter().map(|line| line.name.clone()).collect(),
            training_shoppers: scenario.market().map_or(0, |market| market.training_shoppers),
        }
    }
}

impl CardNetwork {
    fn of(policy: &Policy) -> Self {
        Self {
            features: FEATURES_VERSION,
            line_features: policy.sizes.line_features,
            global_features: policy.sizes.global_features,
            width: policy.sizes.width,
            parameters: policy.layout.parameters(),
            guided: policy.guided,
            prefer: policy.prefer,
            bids: policy.sizes.bids,
            memory: policy.sizes.memory,
        }
    }
}
