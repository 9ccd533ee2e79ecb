//! A pace of money, even or by the calendar, with any rule for its split.

use outlay_environment::{Allocation, Brief, LineReport, Money, Observation};

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

/// Spends what is left in equal parts (or as the calendar has it) over the steps that are left, split by a rule. Closed
/// lines get nothing; if the rule wants none of the open ones, they share evenly.
#[derive(Debug)]
pub struct Paced<S> {
    split: S,
    by_calendar: bool,
    /// `[steps]` part of the budget for each step.
    pace: Vec<f64>,
    brief: Brief,
    history: History,
}

impl<S: Split> Paced<S> {
    /// An even pace with `split`.
    pub fn new(split: S) -> Self {
        Self {
            split,
            by_calendar: false,
            pace: Vec::new(),
            brief: empty_brief(),
            history: History::default(),
        }
    }

    /// The pace of [`calendar_pace`] with `split`.
    pub fn by_calendar(split: S) -> Self {
        Self { by_calendar: true, ..Self::new(split) }
    }
}

impl<S: Split> Agent for Paced<S> {
    fn start(&mut self, brief: &Brief) {
        self.brief = brief.clone();
        self.history = History::new(brief);
        self.pace = if self.by_calendar { calendar_pace(brief) } else { vec![1.0; brief.steps] };
        self.split.start(brief);
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        self.history.record(observation);
        let money = free_part(&self.brief, observation, |money, end| {
            let ahead = self.pace.get(observation.step..end).unwrap_or_default();
            ahead.first().map_or(1.0, |now| now / ahead.iter().sum::<f64>()) * money
        });
        let weights = self.split.weights(&self.history, money);
        let last = self.history.steps().checked_sub(1).filter(|_| self.split.watches_spending());
        let last = last.map(|last| self.history.step(last));
        Allocation::of(offer(&self.brief, observation.step, weights, last, money))
    }
}

/// `money` of one step over the lines in proportion to `weights` (`[lines]`): none to closed lines, and where there are
/// reports of the `last` step, no more than a line has room for. If no weight is left, open lines share evenly.
pub(crate) fn offer(
    brief: &Brief,
    step: usize,
    mut weights: Vec<f64>,
    last: Option<&[LineReport]>,
    money: f64,
) -> Vec<f64> {
    for (line, weight) in weights.iter_mut().enumerate() {
        *weight *= f64::from(is_open(brief, line, step));
    }
    if weights.iter().sum::<f64>() <= 0.0 {
        weights = (0..weights.len()).map(|line| is_open(brief, line, step).into()).collect();
    }
    let mut room = vec![f64::INFINITY; weights.len()];
    for (room, report) in room.iter_mut().zip(last.unwrap_or_default()) {
        *room = room_of(report, money);
    }
    fill(&weights, &room, money)
}

/// `[steps]` weights of a pace that heeds the declared calendar: `traffic_t * sum_k memory^k * demand_(t+k)` over the
/// steps that are left, with `memory` 0.9 a day (assumed: half of what an advertisement does is done within a week). Money
/// spent early serves more of the season, and most of all what comes before a peak.
#[must_use]
pub fn calendar_pace(brief: &Brief) -> Vec<f64> {
    const MEMORY: f64 = 0.9;
    let kept = libm::pow(MEMORY, brief.step_days);
    let mut ahead = 0.0;
    let mut pace: Vec<f64> = brief
        .calendar
        .iter()
        .rev()
        .map(|step| {
            ahead = step.demand + kept * ahead;
            (step.traffic * ahead).max(f64::MIN_POSITIVE)
        })
        .collect();
    pace.reverse();
    pace
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

/// What is left divided by the steps that are left, in major units; what is held for later
/// is left out until it comes free.
#[must_use]
pub fn even_pace(brief: &Brief, observation: &Observation) -> f64 {
    free_part(brief, observation, |money, end| money / end.saturating_sub(observation.step).max(1) as f64)
}

/// This step's part of what is left, in major units, where `part(money, end)` is its part of money that has to last until
/// step `end`. Where money is held for later, no more than its part of what is free until more comes free.
fn free_part(brief: &Brief, observation: &Observation, part: impl Fn(f64, usize) -> f64) -> f64 {
    let whole = part(observation.budget_left.major(), brief.steps);
    let Some(release) = brief.limits.next_release(observation.step) else { return whole };
    let free = observation.budget_left - brief.limits.held(observation.step);
    part(free.major().max(0.0), release).min(whole)
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
        aim: outlay_environment::Aim::default(),
        goal: String::new(),
        budget: Money::ZERO,
        steps: 0,
        step_days: 1.0,
        margin: 0.0,
        lines: Vec::new(),
        calendar: Vec::new(),
        limits: outlay_environment::Limits::default(),
        products: Vec::new(),
        commit_step: None,
        levers: outlay_environment::Levers::default(),
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
    fn the_calendar_s_pace_by_hand() {
        let mut plan = crate::baselines::testing::brief(1, 3);
        (plan.calendar[1].demand, plan.calendar[2].traffic) = (2.0, 3.0);
        let wanted = [1.0 + 0.9 * 2.9, 2.9, 3.0];
        assert!(calendar_pace(&plan).iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn a_line_that_cannot_spend_is_offered_little_more_than_it_spent() {
        let report = |granted: i64, spend: i64| LineReport {
            granted: Money(100 * granted),
            spend: Money(100 * spend),
            ..LineReport::default()
        };
        assert_eq!(room_of(&report(100, 95), 1_000.0), f64::INFINITY);
        assert_eq!(room_of(&report(100, 60), 1_000.0), 90.0);
        assert_eq!(room_of(&report(100, 1), 1_000.0), 20.0);
        assert_eq!(room_of(&report(0, 0), 1_000.0), f64::INFINITY);
    }

    #[test]
    fn money_held_for_later_is_paced_apart() {
        let mut plan = crate::baselines::testing::brief(1, 10);
        plan.limits.holds = vec![outlay_environment::Hold { until_step: 5, money: Money::from_major(800.0) }];
        let pace =
            |step, left| even_pace(&plan, &crate::baselines::testing::observation(step, left, Vec::new()));
        // 200 are free for five steps, then 800 for five.
        assert_eq!([pace(0, 1_000.0), pace(4, 840.0), pace(5, 800.0)], [40.0, 40.0, 160.0]);
    }
}
