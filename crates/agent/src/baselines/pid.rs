//! A pacing controller (B6): a PID loop holds cumulative spend on the plan, and each step's money is split so that the
//! marginal returns of the learned curves are equal.

use outlay_environment::{Allocation, Brief, Observation};

use super::history::History;
use super::paced::{calendar_pace, empty_brief, offer};
use super::returns::{Belief, Returns, equalise};
use crate::agent::Agent;

/// Prior standard deviation of a coefficient of a curve; the mean is a third. Chosen on validation worlds.
const SPREAD: f64 = 0.3;
/// Share of a step's money that all lines share evenly, so that none is starved.
const KEPT_ALIVE: f64 = 0.05;

/// Gains of the controller on the error, both in steps' worth of money. With the plan as feed-forward, what is left is
/// small and slow, so these are mild (assumed).
const GAINS: Gains = Gains { proportional: 0.5, integral: 0.05, derivative: 0.1 };

/// The textbook controller `u = p e + i sum(e) + d (e - e')`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gains {
    proportional: f64,
    integral: f64,
    derivative: f64,
}

/// What the controller remembers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Controller {
    sum: f64,
    before: f64,
}

impl Controller {
    /// The answer to an error.
    fn answer(&mut self, gains: Gains, error: f64) -> f64 {
        self.sum += error;
        let change = error - self.before;
        self.before = error;
        gains.proportional * error + gains.integral * self.sum + gains.derivative * change
    }
}

/// Holds spend on the plan of the calendar's pace.
#[derive(Debug, Default)]
pub struct Pid {
    episode: Option<Episode>,
}

/// What the agent knows of the episode it plays.
#[derive(Debug)]
struct Episode {
    brief: Brief,
    history: History,
    returns: Returns,
    controller: Controller,
    /// `[steps]` share of the budget that the plan spends in each step.
    plan: Vec<f64>,
}

impl Episode {
    fn new(brief: &Brief) -> Self {
        let mut plan = calendar_pace(brief);
        let total: f64 = plan.iter().sum();
        plan.iter_mut().for_each(|share| *share /= total);
        Self {
            brief: brief.clone(),
            history: History::new(brief),
            returns: Returns::new(brief, SPREAD),
            controller: Controller::default(),
            plan,
        }
    }

    /// Money for the step: the plan's, and the controller's answer to how far spend is behind the plan.
    fn money(&mut self, observation: &Observation) -> f64 {
        let (budget, left) = (self.brief.budget.major(), observation.budget_left.major());
        let ahead = &self.plan[observation.step..];
        if ahead.len() <= 1 {
            return left;
        }
        let planned = budget * ahead.iter().sum::<f64>();
        let behind = (left - planned) / (budget / self.plan.len() as f64);
        let correction = self.controller.answer(GAINS, behind) * budget / self.plan.len() as f64;
        let now = budget * ahead[0];
        (now + correction).clamp(0.2 * now, 5.0 * now).min(left)
    }
}

impl Agent for Pid {
    fn start(&mut self, brief: &Brief) {
        self.episode = Some(Episode::new(brief));
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let episode = self.episode.get_or_insert_with(|| Episode::new(&empty_brief()));
        episode.history.record(observation);
        let step = observation.step;
        if let Some(last) = step.checked_sub(1) {
            episode.returns.record(last, episode.history.step(last), episode.history.shop(last));
        }
        let money = episode.money(observation);
        let lines = episode.brief.lines.len();
        let beliefs: Vec<Belief<'_>> = (0..lines).map(|line| episode.returns.mean(line)).collect();
        let mut weights = equalise(&beliefs, step, &vec![f64::INFINITY; lines], money);
        let even = KEPT_ALIVE * money / lines as f64;
        weights.iter_mut().for_each(|weight| *weight = (1.0 - KEPT_ALIVE) * *weight + even);
        let last = step.checked_sub(1).map(|last| episode.history.step(last));
        Allocation::of(offer(&episode.brief, step, weights, last, money))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{brief, observation, spent};
    use outlay_environment::LineReport;

    #[test]
    fn the_controller_by_hand() {
        let mut controller = Controller::default();
        let gains = Gains { proportional: 0.5, integral: 0.05, derivative: 0.1 };
        // 0.5 * 2 + 0.05 * 2 + 0.1 * 2, then 0.5 * 1 + 0.05 * 3 - 0.1 * 1.
        assert!((controller.answer(gains, 2.0) - 1.3).abs() < 1e-12);
        assert!((controller.answer(gains, 1.0) - 0.55).abs() < 1e-12);
    }

    #[test]
    fn money_behind_the_plan_is_caught_up() {
        let mut plan = brief(2, 4);
        // With demand in the last step alone the pace is 0.729, 0.81, 0.9, 1.
        plan.calendar[..3].iter_mut().for_each(|step| step.demand = 0.0);
        let pace = [0.729, 0.81, 0.9, 1.0].map(|part| 400.0 * part / 3.439);
        let mut agent = Pid::default();
        agent.start(&plan);
        let money = |agent: &mut Pid, step, left, report| {
            agent.decide(&observation(step, left, vec![report; 2])).money.iter().sum::<f64>()
        };
        let first = money(&mut agent, 0, 400.0, spent(0.0, 0.0));
        assert!((first - pace[0]).abs() < 0.01, "{first}");
        // 50 less was spent than planned: half a step's money; p 0.5, i 0.05, d 0.1 of it.
        let report = spent(0.5 * pace[0] - 25.0, 10.0);
        let second =
            money(&mut agent, 1, 400.0 - pace[0] + 50.0, LineReport { granted: report.spend, ..report });
        assert!((second - (pace[1] + 0.65 * 50.0)).abs() < 0.01, "{second}");
        // At the end everything goes.
        money(&mut agent, 2, 200.0, spent(10.0, 10.0));
        let last = money(&mut agent, 3, 123.0, spent(10.0, 10.0));
        assert!((last - 123.0).abs() < 1e-6, "{last}");
    }
}
