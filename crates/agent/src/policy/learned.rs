//! A trained policy as an agent: the mean of its distribution, no randomness.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Observation};

use super::{Features, GLOBAL_FEATURES, LINE_FEATURES, Policy, Scratch, money};
use crate::agent::{Agent, Recipe};

/// Makes agents that follow one trained policy.
#[derive(Debug, Clone)]
pub struct LearnedPolicy {
    policy: Arc<Policy>,
}

impl LearnedPolicy {
    /// A recipe from a policy, e.g. a checkpoint's.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy: Arc::new(policy) }
    }
}

impl Recipe for LearnedPolicy {
    fn make(&self, _seed: u64) -> Box<dyn Agent> {
        Box::new(Player::new(self.policy.clone()))
    }
}

/// One agent that follows a policy through an episode.
#[derive(Debug, Clone)]
pub struct Player {
    policy: Arc<Policy>,
    brief: Option<Brief>,
    features: Features,
    scratch: Scratch,
    /// `[lines, LINE_FEATURES]`
    lines: Vec<f32>,
    /// `[GLOBAL_FEATURES]`
    global: Vec<f32>,
    /// `[lines + 1]`
    logits: Vec<f32>,
}

impl Player {
    /// An agent that has not started yet.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            brief: None,
            features: Features::default(),
            scratch: Scratch::default(),
            lines: Vec::new(),
            global: vec![0.0; GLOBAL_FEATURES],
            logits: Vec::new(),
        }
    }

    /// `[lines + 1]` the logits behind the last decision, the reserve last.
    #[must_use]
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }
}

impl Agent for Player {
    fn start(&mut self, brief: &Brief) {
        self.features.start(brief);
        self.lines.resize(brief.lines.len() * LINE_FEATURES, 0.0);
        self.logits.resize(brief.lines.len() + 1, 0.0);
        if self.brief.as_ref() != Some(brief) {
            self.brief = Some(brief.clone());
        }
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let mut allocation = Allocation::of(vec![0.0; observation.lines.len()]);
        let Some(brief) = &self.brief else { return allocation };
        self.features.read(observation, &mut self.lines, &mut self.global);
        self.lines.chunks_exact_mut(LINE_FEATURES).for_each(|line| self.policy.line_normaliser.apply(line));
        self.policy.global_normaliser.apply(&mut self.global);
        self.policy.forward().logits(&self.lines, &self.global, &mut self.scratch, &mut self.logits);
        money(brief, observation, &self.logits, &mut allocation.money);
        allocation
    }
}
