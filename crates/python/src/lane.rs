//! One season after the other: the worlds of a lane, what is seen of them, what they pay.

use std::str::FromStr;
use std::sync::Arc;

use outlay_agent::policy::{Features, LINE_FEATURES};
use outlay_environment::{Allocation, Domain, Episode, Key, Scenario, Seeds, World};
use pyo3::prelude::*;

use crate::action::Actions;
use crate::errors::{ActionError, ScenarioError};

/// What a step pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reward {
    /// The expectation before the last draws of the step, where the goal has one: what our own learner is paid.
    Expected,
    /// What happened: the sum over an episode is its score.
    Score,
}

impl FromStr for Reward {
    type Err = PyErr;

    fn from_str(name: &str) -> PyResult<Self> {
        match name {
            "expected" => Ok(Self::Expected),
            "score" => Ok(Self::Score),
            _ => Err(ActionError::new_err(format!("`reward` is \"expected\" or \"score\", not {name:?}"))),
        }
    }
}

/// The domain of a name.
pub(crate) fn domain(name: &str) -> PyResult<Domain> {
    match name {
        "train" => Ok(Domain::Train),
        "validate" => Ok(Domain::Validate),
        "evaluate" => Ok(Domain::Evaluate),
        _ => Err(ScenarioError::new_err(format!(
            "`seeds` is \"train\", \"validate\" or \"evaluate\", not {name:?}"
        ))),
    }
}

/// Which worlds are played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) domain: Domain,
    /// Seed of the first season.
    pub(crate) first: u64,
    pub(crate) noise: u64,
}

/// What all lanes of a batch share.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) actions: Actions,
    pub(crate) reward: Reward,
}

/// One environment: seasons one after the other.
pub(crate) struct Lane {
    order: Order,
    /// Seasons begun since the order was given.
    begun: u64,
    /// None before the first season.
    episode: Option<Episode>,
    features: Features,
    allocation: Allocation,
}

/// What a step left behind, beside the observation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stepped {
    pub(crate) reward: f64,
    pub(crate) over: bool,
    /// Money spent since the season began, major units.
    pub(crate) spend: f64,
    /// Score of the season so far.
    pub(crate) score: f64,
}

impl Lane {
    /// A lane that has not begun.
    pub(crate) fn new() -> Self {
        Self {
            order: Order { domain: Domain::Train, first: 0, noise: 0 },
            begun: 0,
            episode: None,
            features: Features::default(),
            allocation: Allocation::default(),
        }
    }

    /// From now on plays these worlds.
    pub(crate) fn follow(&mut self, order: Order) {
        (self.order, self.begun) = (order, 0);
    }

    /// Number of the season at hand among the seeds of its domain.
    pub(crate) fn seed(&self) -> u64 {
        match self.begun.saturating_sub(1) {
            0 => self.order.first,
            // Worlds of their own for each first seed, so that lanes next to each other never meet.
            later => Key::new(self.order.first).with_name("seasons").with(later).bits(),
        }
    }

    /// Begins the next season and writes what is seen first, see [`Self::look`].
    pub(crate) fn begin(&mut self, rules: &Rules, to: &mut [f32]) {
        self.begun += 1;
        let seeds = Seeds::numbered(self.order.domain, self.seed(), self.order.noise);
        let episode = Episode::new(World::draw(&rules.scenario, seeds.world), seeds.noise);
        self.features.start(&rules.scenario.brief);
        self.episode = Some(episode);
        self.look(rules, to);
    }

    /// Writes the features of the step at hand, those of the lines first: `[lines, LINE_FEATURES]`, then
    /// `[GLOBAL_FEATURES]`. Once for each step.
    fn look(&mut self, rules: &Rules, to: &mut [f32]) {
        let Some(episode) = &self.episode else { return };
        let (lines, global) = to.split_at_mut(rules.scenario.brief.lines.len() * LINE_FEATURES);
        self.features.read(episode.observation(), &[], lines, global);
    }

    /// Plays one step with a checked action and writes what is seen after it.
    pub(crate) fn step(&mut self, rules: &Rules, action: &[f64], to: &mut [f32]) -> Stepped {
        let Some(episode) = &mut self.episode else { return Stepped::default() };
        let (scenario, brief) = (&rules.scenario, &rules.scenario.brief);
        rules.actions.money(brief, episode.observation(), action, &mut self.allocation);
        episode.step(&self.allocation);
        let ledger = episode.ledger();
        let last = ledger.steps().saturating_sub(1);
        let reward = match rules.reward {
            Reward::Score if scenario.goal != outlay_environment::Goal::Response => {
                brief.aim.worth(scenario.goal, ledger, last)
            }
            // Curves are judged before noise, so both are the same there.
            _ => scenario.reward(ledger),
        };
        let (over, spend) = (episode.is_over(), ledger.cash().major());
        let score = if over { scenario.score(ledger) } else { 0.0 };
        self.look(rules, to);
        Stepped { reward, over, spend, score }
    }

    /// The season at hand, if one has begun.
    pub(crate) fn episode(&self) -> Option<&Episode> {
        self.episode.as_ref()
    }

    /// Whether a step can be played.
    pub(crate) fn can_step(&self) -> bool {
        self.episode.as_ref().is_some_and(|episode| !episode.is_over())
    }
}
