//! Settings of a training run.

use std::sync::Arc;

use outlay_environment::Scenario;
use serde::{Deserialize, Serialize};

use super::without::Part;
use crate::policy::Prefer;

/// Settings of a training run. Sources: Schulman et al. 2017 (PPO), Andrychowicz et al. 2021 ("What matters in
/// on-policy reinforcement learning"), Kool et al. 2019 (leave-one-out baseline); what departs from them was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainSettings {
    /// Seed of the run: first weights, action noise, shuffles, training worlds.
    pub seed: u64,
    /// Checkpoint whose policy the run began with; none where it began with nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Share of worlds in which the policy is to keep every soft limit of its scenario; none: misses cost nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<f64>,
    /// Whether the policy may leave money unspent where its goal gives no reason to.
    #[serde(skip_serializing_if = "Prefer::is_default")]
    pub prefer: Prefer,
    /// Share of worlds, the worst, whose mean score is maximised; none: the mean of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<f64>,
    /// Environment steps of the whole run; rounded up to whole iterations.
    pub steps: u64,
    /// Share of the run at its start in which the policy learns to do what model-predictive control would do in its
    /// place, before it goes its own way; 0 starts from nothing.
    pub teacher_share: f64,
    /// Whether the policy starts from the allocation of model-predictive control in each step and learns what to add to it;
    /// then there is no teacher to follow.
    pub guided: bool,
    /// Share of the run at its end on worlds with as many shoppers as evaluation worlds: reports say more there, and a
    /// policy has to learn how much to trust them.
    pub full_size_share: f64,
    /// Learning rate of Adam while the teacher is followed.
    pub teacher_learning_rate: f64,
    /// Scenarios played in one iteration, where there are several.
    pub scenarios: usize,
    /// Episodes side by side in one iteration, all played to their end. A multiple of `group`. Several scenarios share
    /// them, longer seasons with fewer.
    pub worlds: usize,
    /// Episodes on the same world and noise, told apart by action noise alone. Their advantages are judged against
    /// each other (leave one out), which takes out what the world and the noise gave to all. 1 switches this off.
    pub group: usize,
    /// Passes over the episodes of an iteration. Fewer than the usual 3 to 10: with fresh worlds at hand, more passes
    /// cost more than they taught.
    pub epochs: usize,
    /// Transitions in one gradient step.
    pub minibatch: usize,
    /// Parts of a minibatch whose gradients are computed side by side and summed in order. A fixed number, so that
    /// results do not depend on the number of threads.
    pub shards: usize,
    /// Learning rate of Adam once the teacher is left; it falls linearly to a tenth.
    pub learning_rate: f64,
    /// Added to Adam's denominator (1e-5 in PPO's reference code, 1e-8 in Adam's paper).
    pub adam_epsilon: f32,
    /// Discount. 1: a customer is worth the same in every step of a season that ends.
    pub gamma: f32,
    /// Decay of generalised advantage estimation.
    pub lambda: f32,
    /// Largest change of the probability ratio that is rewarded.
    pub clip: f32,
    /// Weight of the value loss.
    pub value_weight: f32,
    /// Weight of the entropy bonus.
    pub entropy_weight: f32,
    /// What a guided policy pays for each nat that it moves away from its guide (Kullback-Leibler, of Gaussians around the
    /// two), in standard deviations of the advantage: scenarios whose guide is nearly right keep to it.
    pub anchor: f32,
    /// What the running mean of the weights keeps of itself in one iteration.
    pub average: f32,
    /// Largest norm of the whole gradient.
    pub gradient_norm: f64,
    /// An iteration stops updating when the policy moved further than 1.5 times this (Kullback-Leibler, nats).
    pub target_kl: f64,
    /// Width of the hidden layers.
    pub width: usize,
    /// Numbers that a recurrent unit carries of each line from step to step; 0: there is none, and what is remembered are the
    /// fading sums among the features.
    #[serde(skip_serializing_if = "is_zero")]
    pub memory: usize,
    /// Log standard deviation of the logits at the start.
    pub log_std: f32,
    /// Smallest and largest log standard deviation.
    pub log_std_range: [f32; 2],
    /// Iterations between two validations.
    pub validate_every: u64,
    /// Worlds of a validation, the same ones each time.
    pub validate_worlds: u64,
    /// How many of the scenarios, from the first, a run is validated on: variants that are drawn for training need not be.
    /// None: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validated: Option<usize>,
    /// Whether validation worlds have as many shoppers as evaluation worlds, instead of the training worlds' number.
    pub validate_full_size: bool,
    /// Heads whose predictions it sees, by the folder they were read from; none: it sees none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<String>,
    /// Parts of the policy that it learns without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Part>,
    /// How it learns.
    #[serde(skip_serializing_if = "Learner::is_default")]
    pub learner: Learner,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// How a run learns from what it plays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Learner {
    /// Proximal policy optimisation: each batch of episodes is learned from at once, and forgotten.
    #[default]
    Ppo,
    /// Soft actor-critic: episodes are remembered, and critics of actions learned from them again and again.
    Sac(SacSettings),
}

impl Learner {
    fn is_default(&self) -> bool {
        *self == Self::Ppo
    }

    /// Settings of soft actor-critic, where that learns.
    #[must_use]
    pub fn sac(&self) -> Option<&SacSettings> {
        match self {
            Self::Ppo => None,
            Self::Sac(settings) => Some(settings),
        }
    }
}

/// Settings of soft actor-critic (Haarnoja et al. 2018b) beside those it shares: learning rates, discount, largest norm of a
/// gradient, worlds, shards, width. What departs from the paper was measured (docs/learners.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SacSettings {
    /// Decisions that are remembered.
    pub memory: usize,
    /// Decisions learned from for each one that is played.
    pub replay_ratio: f64,
    /// Decisions in one gradient step.
    pub minibatch: usize,
    /// Gradient steps of the critics for each of the actor (Fujimoto et al. 2018).
    pub actor_every: u64,
    /// Rewards that a target adds up before it asks the critics, once the actor follows them. More than 1 are not corrected
    /// for who played them.
    pub horizon: usize,
    /// What the target critics take over of the critics in one gradient step.
    pub blend: f32,
    /// Whether the critics normalise their last two layers.
    pub layer_norm: bool,
    /// Share of the run at its start in which the critics learn alone, from whole seasons; a teacher is followed meanwhile.
    pub critics_alone: f64,
    /// Log standard deviation of the logits to which the temperature leads: the target of the entropy, per logit, without
    /// the constant of a Gaussian.
    pub target_log_std: f32,
    /// The temperature at the start: units of reward that one nat of entropy is worth.
    pub temperature: f64,
    /// Step of the temperature's logarithm for each nat per logit that the entropy is off its target.
    pub temperature_rate: f64,
}

impl Default for SacSettings {
    fn default() -> Self {
        Self {
            memory: 100_000,
            replay_ratio: 16.0,
            minibatch: 256,
            actor_every: 2,
            horizon: 1,
            blend: 0.02,
            layer_norm: true,
            critics_alone: 0.2,
            target_log_std: -1.0,
            temperature: 0.002,
            temperature_rate: 0.03,
        }
    }
}

impl SacSettings {
    fn problem(&self) -> Option<&'static str> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let shares = (0.0..=1.0).contains(&self.critics_alone) && self.blend > 0.0 && self.blend <= 1.0;
        let rates =
            positive(self.replay_ratio) && positive(self.temperature) && self.temperature_rate.is_finite();
        if self.memory == 0 || self.minibatch == 0 || self.horizon == 0 || self.actor_every == 0 {
            Some("`memory`, `minibatch`, `actor_every` and `horizon` of sac must be at least 1")
        } else if !(shares && rates && self.temperature_rate >= 0.0 && self.target_log_std.is_finite()) {
            Some("the shares of sac must lie between 0 and 1, its ratio, blend and temperature above 0")
        } else {
            None
        }
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            from: None,
            promise: None,
            prefer: Prefer::default(),
            risk: None,
            steps: 900_000,
            teacher_share: 0.1,
            guided: false,
            full_size_share: 0.05,
            teacher_learning_rate: 1e-3,
            scenarios: 4,
            worlds: 64,
            group: 8,
            epochs: 2,
            minibatch: 1024,
            shards: 4,
            learning_rate: 7e-4,
            adam_epsilon: 1e-5,
            gamma: 1.0,
            lambda: 1.0,
            clip: 0.2,
            value_weight: 0.5,
            entropy_weight: 0.0,
            anchor: 0.0,
            average: 0.98,
            gradient_norm: 0.5,
            target_kl: 0.03,
            width: 64,
            memory: 0,
            log_std: -0.7,
            log_std_range: [-2.5, 0.5],
            validate_every: 20,
            validate_worlds: 32,
            validated: None,
            validate_full_size: true,
            heads: None,
            without: Vec::new(),
            learner: Learner::Ppo,
        }
    }
}

impl TrainSettings {
    /// The defaults for scenarios that are trained on together: where an episode has few decisions, more episodes side by
    /// side, so that an update sees about two thousand decisions; where a world costs nothing, more of them to choose the
    /// best state on, and fewer of each where there are many.
    #[must_use]
    pub fn for_scenarios(scenarios: &[Arc<Scenario>]) -> Self {
        let settings = Self::default();
        let [scenario] = scenarios else {
            let several = Self { validate_worlds: 8, validate_every: 60, ..settings };
            // Of many, more at once: what an update follows is then less one scenario's own.
            let many = scenarios.len() > 16;
            return if many { Self { scenarios: 8, worlds: 128, ..several } } else { several };
        };
        let worlds = (2048 / scenario.brief.steps.max(1)).clamp(settings.worlds, 512);
        let validate_worlds = if scenario.market().is_some() { settings.validate_worlds } else { 256 };
        Self { worlds: worlds / settings.group * settings.group, validate_worlds, ..settings }
    }

    /// The same run with soft actor-critic: fewer episodes on one world, because its critics have to tell worlds apart and
    /// nothing is judged beside its neighbours; two, so that a teacher plays one of them.
    #[must_use]
    pub fn with_sac(self) -> Self {
        let group = if self.worlds.is_multiple_of(2) { 2 } else { 1 };
        Self { group, learner: Learner::Sac(SacSettings::default()), ..self }
    }

    /// How many of a run's scenarios it is validated on, the first ones; the others are variants for training alone.
    #[must_use]
    pub fn validated_of(&self, scenarios: usize) -> usize {
        self.validated.map_or(scenarios, |validated| validated.min(scenarios))
    }

    /// The first setting that cannot work, in words.
    pub(crate) fn problem(&self) -> Option<String> {
        let zero = [
            ("steps", self.steps == 0),
            ("scenarios", self.scenarios == 0),
            ("worlds", self.worlds == 0),
            ("group", self.group == 0),
            ("epochs", self.epochs == 0),
            ("minibatch", self.minibatch == 0),
            ("shards", self.shards == 0),
            ("width", self.width == 0),
            ("validate_every", self.validate_every == 0),
            ("validate_worlds", self.validate_worlds == 0),
        ];
        if let Some((name, _)) = zero.iter().find(|(_, zero)| *zero) {
            return Some(format!("`{name}` must be at least 1"));
        }
        if self.learner.sac().is_some() && !self.without.is_empty() {
            return Some("`without` needs the learner ppo: sac's critics know all parts".to_owned());
        }
        if self.learner.sac().is_some() && self.memory > 0 {
            return Some(
                "a learned memory needs the learner ppo: sac learns from single decisions".to_owned(),
            );
        }
        if self.learner.sac().is_some() && (self.promise.is_some() || self.risk.is_some()) {
            return Some("a promise and a risk need the learner ppo: sac knows nothing of them".to_owned());
        }
        if i64::try_from(self.seed).is_err() {
            return Some("`seed` must be below 2^63, the largest integer of a TOML file".to_owned());
        }
        if !self.worlds.is_multiple_of(self.group) {
            let (worlds, group) = (self.worlds, self.group);
            return Some(format!("`worlds` ({worlds}) must be a multiple of `group` ({group})"));
        }
        if !(0.0..=1.0).contains(&self.teacher_share) || !(0.0..=1.0).contains(&self.full_size_share) {
            return Some("`teacher_share` and `full_size_share` must lie between 0 and 1".to_owned());
        }
        if self.promise.is_some_and(|share| !(share > 0.0 && share < 1.0)) {
            return Some("`promise` must lie between 0 and 1".to_owned());
        }
        if self.risk.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return Some("`risk` must be above 0 and at most 1".to_owned());
        }
        let numbers = [
            self.learning_rate,
            self.teacher_learning_rate,
            self.gradient_norm,
            self.target_kl,
            f64::from(self.clip),
        ];
        if numbers.iter().any(|number| !(number.is_finite() && *number > 0.0)) {
            return Some("learning rate, gradient norm, target KL and clip must be positive".to_owned());
        }
        self.learner.sac().and_then(SacSettings::problem).map(str::to_owned)
    }
}
