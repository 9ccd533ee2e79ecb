//! A trained policy as an agent: the mean of its distribution, no randomness.

use std::sync::{Arc, OnceLock};

use outlay_environment::{Allocation, Brief, Observation, Scenario};

use super::trust::trusted_share;
use super::{GLOBAL_FEATURES, GUIDED, Policy, Prefer, Recurrent, Scratch, Sight, decide, logits};
use crate::agent::{Agent, Entrant, Marginal, Recipe};
use crate::entrant::entrant;

/// Makes agents that follow one trained policy.
#[derive(Clone)]
pub struct LearnedPolicy {
    policy: Arc<Policy>,
    guide: Option<Arc<dyn Recipe>>,
    scenario: Arc<Scenario>,
    /// How far it goes from its guide towards itself; found out when it is first needed where nobody has set it.
    share: Arc<OnceLock<f32>>,
}

impl LearnedPolicy {
    /// A recipe from a policy, e.g. a checkpoint's, for episodes of `scenario`. A guided policy finds out there, before its
    /// first episode, how far it pays to leave its guide.
    #[must_use]
    pub fn new(policy: impl Into<Arc<Policy>>, scenario: &Arc<Scenario>) -> Self {
        let policy = policy.into();
        let guide = policy.guided.then(|| planner(scenario)).flatten();
        Self { policy, guide, scenario: scenario.clone(), share: Arc::default() }
    }

    /// Going this far from its guide towards itself: 0 is the guide alone, 1 what was trained.
    #[must_use]
    pub fn with_share(&self, share: f32) -> Self {
        Self { share: Arc::new(OnceLock::from(share)), ..self.clone() }
    }

    /// How far it goes from its guide towards itself in this scenario; 1 without a guide.
    #[must_use]
    pub fn share(&self) -> f32 {
        let Some(guide) = &self.guide else { return 1.0 };
        *self.share.get_or_init(|| {
            // The guide studies its scenario when it is first asked: before several threads wait for it.
            drop(guide.make(0));
            trusted_share(&self.scenario, |share| self.with_share(share))
        })
    }
}

/// Who shows the way: model-predictive control.
pub(crate) fn planner(scenario: &Arc<Scenario>) -> Option<Arc<dyn Recipe>> {
    match entrant("mpc", scenario) {
        Ok(Entrant::Agent(recipe)) => Some(recipe.into()),
        _ => None,
    }
}

/// What a guided policy starts from, asked beside it in each step.
pub(crate) struct Guide {
    planner: Box<dyn Agent>,
}

impl Guide {
    pub(crate) fn new(planner: Box<dyn Agent>) -> Self {
        Self { planner }
    }

    pub(crate) fn start(&mut self, brief: &Brief) {
        self.planner.start(brief);
    }

    /// Gives its allocation, and writes that allocation's logits, `[lines + 1]`.
    pub(crate) fn show(
        &mut self,
        brief: &Brief,
        observation: &Observation,
        prefer: Prefer,
        to: &mut [f32],
    ) -> Allocation {
        let shown = self.planner.decide(observation);
        logits(brief, observation, prefer, &shown.money, GUIDED, to);
        shown
    }
}

impl Recipe for LearnedPolicy {
    fn make(&self, seed: u64) -> Box<dyn Agent> {
        let guide = self.guide.as_ref().map(|guide| Guide::new(guide.make(seed)));
        Box::new(Player::new(self.policy.clone(), guide, self.share()))
    }
}

/// One agent that follows a policy through an episode.
pub struct Player {
    policy: Arc<Policy>,
    guide: Option<Guide>,
    /// How far it goes from its guide's money towards its own: 0 is the guide's to the last yuan, 1 its own.
    share: f32,
    brief: Option<Brief>,
    sight: Sight,
    recurrent: Recurrent,
    scratch: Scratch,
    /// `[lines, line features]`
    lines: Vec<f32>,
    /// `[GLOBAL_FEATURES]`
    global: Vec<f32>,
    /// `[logits]` see [`Policy::logits`].
    logits: Vec<f32>,
    /// `[lines + 1]` what the guide shows; empty without one.
    shown: Vec<f32>,
}

impl Player {
    /// An agent that has not started yet.
    #[must_use]
    pub(crate) fn new(policy: Arc<Policy>, guide: Option<Guide>, share: f32) -> Self {
        Self {
            policy,
            guide,
            share,
            brief: None,
            sight: Sight::default(),
            recurrent: Recurrent::default(),
            scratch: Scratch::default(),
            lines: Vec::new(),
            global: vec![0.0; GLOBAL_FEATURES],
            logits: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// `[logits]` behind the last decision: of the lines, of the reserve, of bids where they are decided.
    #[must_use]
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }
}

impl Agent for Player {
    fn marginal(&self, money: &[f64]) -> Option<Marginal> {
        self.guide.as_ref()?.planner.marginal(money)
    }

    fn start(&mut self, brief: &Brief) {
        self.sight.start(brief);
        self.recurrent.start(&self.policy, brief.lines.len());
        self.lines.resize(brief.lines.len() * self.policy.sizes.line_features, 0.0);
        self.logits.resize(self.policy.logits(brief), 0.0);
        if let Some(guide) = &mut self.guide {
            guide.start(brief);
            self.shown.resize(brief.lines.len() + 1, 0.0);
        }
        if self.brief.as_ref() != Some(brief) {
            self.brief = Some(brief.clone());
        }
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let mut allocation = Allocation::of(vec![0.0; observation.lines.len()]);
        let Some(brief) = &self.brief else { return allocation };
        let prefer = self.policy.prefer;
        let planned =
            self.guide.as_mut().map(|guide| guide.show(brief, observation, prefer, &mut self.shown));
        if self.share == 0.0 {
            return planned.unwrap_or(allocation);
        }
        let policy = &*self.policy;
        let features = (&mut self.lines[..], &mut self.global[..]);
        self.sight.read(policy.heads.as_deref(), brief, observation, &self.shown, features);
        let width = policy.sizes.line_features;
        self.lines.chunks_exact_mut(width).for_each(|line| policy.line_normaliser.apply(line));
        policy.global_normaliser.apply(&mut self.global);
        let lines = self.recurrent.see(policy, &self.lines);
        policy.forward().logits(lines, &self.global, &mut self.scratch, &mut self.logits);
        self.logits.iter_mut().zip(&self.shown).for_each(|(logit, shown)| *logit += shown);
        decide(brief, observation, prefer, &self.logits, &mut allocation);
        let share = f64::from(self.share);
        for (money, planned) in allocation.money.iter_mut().zip(planned.iter().flat_map(|it| &it.money)) {
            *money = (planned + share * (*money - planned)).max(0.0);
        }
        allocation
    }
}
