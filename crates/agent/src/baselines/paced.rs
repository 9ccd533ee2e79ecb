//! An even pace of money with any rule for its split.

use outlay_environment::{Allocation, Brief, LineReport, Observation};

use super::history::History;
use crate::agent::Agent;

/// A rule that divides one step's money over the lines.
pub trait Split: Send {
    /// Forgets the episode before.
    fn start(&mut self, brief: &Brief);

    /// `[lines]` weights of the coming step, not negative; their sum does not matter. `money` is what the step may
    /// spend, in major units.
    fn weights(&mut self, history: &History, money: f64) -> Vec<f64>;

    /// Whether whoever follows the rule watches that the money is spent: what a line has shown it cannot spend goes to
    /// the others.
    fn watches_spending(&self) -> bool {
        false
    }
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
        let mut room = vec![f64::INFINITY; weights.len()];
        if self.split.watches_spending() && self.history.steps() > 0 {
            for (room, report) in room.iter_mut().zip(self.history.step(self.history.steps() - 1)) {
                *room = room_of(report, money);
            }
        }
        Allocation { money: fill(&weights, &room, money) }
    }
}

/// A line that spent less than nine tenths of its grant is offered half as much again as it spent, and at least a
/// fiftieth of the step's money, so that it can come back. Assumed figures; money reserved for commissions counts as
/// not spent.
fn room_of(report: &LineReport, money: f64) -> f64 {
    let (granted, spend) = (report.granted.major(), report.spend.major());
    if spend >= 0.9 * granted { f64::INFINITY } else { (1.5 * spend).max(money / 50.0) }
}

/// `money` in proportion to the weights, none above its room; what does not fit goes to the others in proportion.
fn fill(weights: &[f64], room: &[f64], money: f64) -> Vec<f64> {
    let mut full = vec![false; weights.len()];
    loop {
        let taken: f64 = room.iter().zip(&full).filter(|(_, full)| **full).map(|(room, _)| room).sum();
        let sum: f64 = weights.iter().zip(&full).filter(|(_, full)| !**full).map(|(weight, _)| weight).sum();
        let scale = if sum > 0.0 { (money - taken).max(0.0) / sum } else { 0.0 };
        let over = (0..weights.len()).filter(|line| !full[*line] && weights[*line] * scale > room[*line]);
        let over: Vec<usize> = over.collect();
        if over.is_empty() {
            return (0..weights.len())
                .map(|line| if full[line] { room[line] } else { weights[line] * scale })
                .collect();
        }
        over.into_iter().for_each(|line| full[line] = true);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_to_the_others_in_proportion() {
        let none = f64::INFINITY;
        assert_eq!(fill(&[1.0, 1.0, 2.0], &[none; 3], 80.0), [20.0, 20.0, 40.0]);
        assert_eq!(fill(&[1.0, 1.0, 2.0], &[5.0, none, none], 80.0), [5.0, 25.0, 50.0]);
        assert_eq!(fill(&[1.0, 1.0, 2.0], &[5.0, 22.0, none], 80.0), [5.0, 22.0, 53.0]);
        // Nowhere left to go: the rest is held.
        assert_eq!(fill(&[1.0, 0.0], &[5.0, none], 80.0), [5.0, 0.0]);
    }

    #[test]
    fn a_line_that_cannot_spend_is_offered_little_more_than_it_spent() {
        let report = |granted: i64, spend: i64| LineReport {
            granted: outlay_environment::Money(100 * granted),
            spend: outlay_environment::Money(100 * spend),
            ..LineReport::default()
        };
        assert_eq!(room_of(&report(100, 95), 1_000.0), f64::INFINITY);
        assert_eq!(room_of(&report(100, 60), 1_000.0), 90.0);
        assert_eq!(room_of(&report(100, 1), 1_000.0), 20.0);
        assert_eq!(room_of(&report(0, 0), 1_000.0), f64::INFINITY);
    }
}
