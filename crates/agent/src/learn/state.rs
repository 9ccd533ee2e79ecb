//! Everything a training run needs to go on: the bytes after resuming are those of a run that never stopped.

use std::sync::Arc;

use outlay_environment::Scenario;
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::promise::Multiplier;
use super::rollout::FeatureMoments;
use super::sac::Sac;
use super::settings::TrainSettings;
use crate::policy::Policy;

/// The best policy of a run so far on the validation worlds: the score decides, but among those that keep the promise of the
/// run; while none does, how far they are from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The policy.
    pub policy: Policy,
    /// Its mean score on the validation worlds.
    pub score: f64,
    /// Share of the validation worlds in which it missed a limit beyond those in which it may; 0 without a promise.
    pub excess: f64,
    /// Environment steps after which it was reached.
    pub steps: u64,
}

impl Best {
    /// Whether a policy with this score and excess is better.
    #[must_use]
    pub fn is_behind(&self, score: f64, excess: f64) -> bool {
        excess < self.excess || excess == self.excess && score > self.score
    }
}

/// What a run knows of one of its scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskState {
    /// Its name.
    pub scenario: String,
    /// Hash of its files.
    pub hash: String,
    /// Units of the goal in one unit of reward: the standard deviation of the returns of the untrained policy.
    pub reward_scale: f64,
    /// Mean score of the even plan on the validation worlds.
    pub even: f64,
    /// What a broken promise costs; none where nothing is promised or the scenario has no soft limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Multiplier>,
}

/// State of a training run between two iterations. Episodes end within an iteration and every draw is keyed, so there
/// is no generator and no half-played episode to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainState {
    /// Settings of the run.
    pub settings: TrainSettings,
    /// The scenarios, in the order of the run.
    pub tasks: Vec<TaskState>,
    /// Iterations done.
    pub iteration: u64,
    /// Environment steps done.
    pub steps: u64,
    /// The policy as it learns.
    pub policy: Policy,
    /// The optimiser.
    pub adam: Adam,
    /// `[parameters]` running mean of the policy's weights: what is validated and kept. It wanders less than the policy
    /// that learns (Polyak and Juditsky 1992).
    pub average: Vec<f32>,
    /// What the normaliser has seen.
    pub moments: FeatureMoments,
    /// The best policy so far.
    pub best: Option<Best>,
    /// Environment steps and mean score of each validation so far; of a run saved by an older version only later ones.
    pub validations: Vec<(u64, f64)>,
    /// What soft actor-critic keeps beside the policy, where that learns.
    pub sac: Option<Sac>,
}

impl TrainState {
    /// The policy with its averaged weights.
    #[must_use]
    pub fn averaged(&self) -> Policy {
        Policy { weights: self.average.clone(), ..self.policy.clone() }
    }

    /// The best policy, or the current one before the first validation.
    #[must_use]
    pub fn best_policy(&self) -> &Policy {
        self.best.as_ref().map_or(&self.policy, |best| &best.policy)
    }

    /// Whether the run belongs to these scenarios.
    #[must_use]
    pub fn belongs_to(&self, scenarios: &[Arc<Scenario>]) -> bool {
        let hashes = scenarios.iter().map(|scenario| &scenario.hash);
        hashes.eq(self.tasks.iter().map(|task| &task.hash))
    }

    /// Names of the scenarios, with spaces between them.
    #[must_use]
    pub fn scenario_names(&self) -> String {
        self.tasks.iter().map(|task| task.scenario.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What is validated, of the scores on each scenario's validation worlds (`[validated tasks]`): the score itself where there is
    /// one scenario; of several, whose goals have different units, the mean gain over the even plan in standard deviations
    /// of the returns.
    #[must_use]
    pub fn mean_score(&self, scores: &[f64]) -> f64 {
        match (scores, &self.tasks[..]) {
            ([score], _) => *score,
            (scores, tasks) => {
                let gains =
                    scores.iter().zip(tasks).map(|(score, task)| (score - task.even) / task.reward_scale);
                gains.sum::<f64>() / scores.len().max(1) as f64
            }
        }
    }

    /// What the even plan scores by [`Self::mean_score`].
    #[must_use]
    pub fn even(&self) -> f64 {
        let validated = self.settings.validated_of(self.tasks.len());
        self.mean_score(&self.tasks.iter().take(validated).map(|task| task.even).collect::<Vec<_>>())
    }
}
