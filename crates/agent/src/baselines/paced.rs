//! An even pace of money with any rule for its split.

use outlay_environment::{Allocation, Brief, Observation};

use super::history::History;
use crate::agent::Agent;

/// A rule that divides one step's money over the lines.
pub trait Split: Send {
    /// Forgets the episode before.
    fn start(&mut self, brief: &Brief);

    /// `[lines]` weights of the coming step, not negative; their sum does not matter. `money` is what the step may
    /// spend, in major units.
    fn weights(&mut self, history: &History, money: f64) -> Vec<f64>;
}

/// Spends what is left in equal parts over the steps that are left, split by a rule. Closed lines get nothing; if the
/// rule wants none of the open ones, they share evenly.
#[derive(Debug)]
pub struct Paced<S> {
    split: S,
    brief: Brief,
    history: History,
}

impl<S: Split> Paced<S> {
    /// An even pace with `split`.
    pub fn new(split: S) -> Self {
        Self { split, brief: empty_brief(), history: History::default() }
    }
}

impl<S: Split> Agent for Paced<S> {
    fn start(&mut self, brief: &Brief) {
        self.brief = brief.clone();
        self.history = History::new(brief);
        self.split.start(brief);
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        self.history.record(observation);
        let money = even_pace(&self.brief, observation);
        let mut weights = self.split.weights(&self.history, money);
        for (line, weight) in weights.iter_mut().enumerate() {
            *weight *= f64::from(is_open(&self.brief, line, observation.step));
        }
        if weights.iter().sum::<f64>() <= 0.0 {
            weights =
                (0..weights.len()).map(|line| is_open(&self.brief, line, observation.step).into()).collect();
        }
        let total = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        Allocation { money: weights.iter().map(|weight| money * weight / total).collect() }
    }
}

/// What is left divided by the steps that are left, in major units.
#[must_use]
pub fn even_pace(brief: &Brief, observation: &Observation) -> f64 {
    observation.budget_left.major() / brief.steps.saturating_sub(observation.step).max(1) as f64
}

/// Whether a line may spend in a step.
#[must_use]
pub fn is_open(brief: &Brief, line: usize, step: usize) -> bool {
    brief.limits.lines.get(line).is_none_or(|limits| limits.first_step <= step && step < limits.end_step)
}

/// A brief of no episode, for an agent that has not been started.
pub(crate) fn empty_brief() -> Brief {
    Brief {
        scenario: String::new(),
        goal: String::new(),
        budget: outlay_environment::Money::ZERO,
        steps: 0,
        step_days: 1.0,
        margin: 0.0,
        lines: Vec::new(),
        calendar: Vec::new(),
        limits: outlay_environment::Limits::default(),
    }
}
