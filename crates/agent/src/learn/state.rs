//! Everything a training run needs to go on: the bytes after resuming are those of a run that never stopped.

use outlay_environment::Scenario;

use super::adam::Adam;
use super::rollout::FeatureMoments;
use super::settings::TrainSettings;
use crate::policy::Policy;

/// The best policy of a run so far, by its score on the validation worlds alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The policy.
    pub policy: Policy,
    /// Its mean score on the validation worlds.
    pub score: f64,
    /// Environment steps after which it was reached.
    pub steps: u64,
}

/// State of a training run between two iterations. Episodes end within an iteration and every draw is keyed, so there
/// is no generator and no half-played episode to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainState {
    /// Settings of the run.
    pub settings: TrainSettings,
    /// Name of the scenario.
    pub scenario: String,
    /// Hash of the scenario's files.
    pub scenario_hash: String,
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
    /// Units of the goal in one unit of reward: the standard deviation of the returns of the even plan.
    pub reward_scale: f64,
    /// Mean score of the even plan on the validation worlds.
    pub even: f64,
    /// What the normaliser has seen.
    pub moments: FeatureMoments,
    /// The best policy so far.
    pub best: Option<Best>,
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

    /// Whether the run belongs to this scenario.
    #[must_use]
    pub fn belongs_to(&self, scenario: &Scenario) -> bool {
        self.scenario_hash == scenario.hash
    }
}
