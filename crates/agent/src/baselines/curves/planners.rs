//! Planners that learn the curves of a world without shoppers while they spend: model-predictive control, and
//! water-filling of each step.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Curves, Key, Observation, Scenario};

use super::belief::Belief;
use super::caps;
use crate::agent::{Agent, Marginal, Recipe};
use crate::baselines::mpc::Horizon;
use crate::baselines::paced::{empty_brief, even_pace};
use crate::planning::{Response, plan, replan};

/// Steps after which a plan is made from nothing again where curves are about concave: what is in between is improved.
const AFRESH: usize = 10;
/// Part of an episode in which lines are tried out, where curves are S-shaped; chosen on validation worlds.
const TRYING: usize = 6;

/// Makes planners for one scenario.
pub struct CurvePlanners {
    scenario: Arc<Scenario>,
    horizon: Horizon,
}

impl CurvePlanners {
    /// Planners of one kind; the scenario must be a curves world.
    #[must_use]
    pub fn new(scenario: &Arc<Scenario>, horizon: Horizon) -> Self {
        Self { scenario: scenario.clone(), horizon }
    }
}

impl Recipe for CurvePlanners {
    fn make(&self, seed: u64) -> Box<dyn Agent> {
        Box::new(CurvePlanner {
            scenario: self.scenario.clone(),
            horizon: self.horizon,
            key: Key::new(seed).with_name("posterior"),
            brief: empty_brief(),
            belief: None,
            ahead: Vec::new(),
        })
    }
}

/// Plans on the curves as they are most likely. Where the file expects S-shaped ones a line that gets nothing teaches
/// nothing, so there the first sixth of the steps follows draws of the posterior instead (Thompson 1933): on validation
/// worlds worth 4 % of the score; among concave curves, where every line gets something, it costs 1 %. Plans for the mean
/// over eight draws were tried too, and were no better anywhere.
struct CurvePlanner {
    scenario: Arc<Scenario>,
    horizon: Horizon,
    key: Key,
    brief: Brief,
    belief: Option<Belief>,
    /// `[steps left * lines]` the plan that was followed, less the steps done.
    ahead: Vec<f64>,
}

impl CurvePlanner {
    /// The best plan for the steps left.
    fn plan_rest(&mut self, belief: &Belief, step: usize, budget: f64) -> Vec<f64> {
        let caps = caps(&self.brief.limits, step..self.brief.steps);
        let floor = self.brief.limits.return_floor;
        let s_shaped = belief.expects_s_shapes();
        let trying = s_shaped && step * TRYING < self.brief.steps;
        let curves = if trying { self.draw(belief, step) } else { belief.rest(step) };
        if self.ahead.is_empty() || s_shaped || step.is_multiple_of(AFRESH) {
            plan(&curves, budget, Some(&caps), floor).money
        } else {
            replan(&curves, budget, Some(&caps), floor, &self.ahead).money
        }
    }

    /// The curves by one draw of the posterior.
    fn draw(&self, belief: &Belief, step: usize) -> Curves {
        let key = self.key.with(step as u64);
        let mut count = 0;
        belief.sample(step, || {
            count += 1;
            key.with(count).normal()
        })
    }
}

impl Agent for CurvePlanner {
    fn marginal(&self, money: &[f64]) -> Option<Marginal> {
        let belief = self.belief.as_ref().filter(|_| self.horizon == Horizon::Rest)?;
        let lines = self.brief.lines.len();
        let step = self.brief.steps.checked_sub(self.ahead.len() / lines.max(1) + 1)?;
        let plan = [money, &self.ahead].concat();
        let mut slopes = vec![0.0; plan.len()];
        belief.rest(step).gradient(&plan, &mut slopes);
        slopes.truncate(lines);
        let caps = caps(&self.brief.limits, step..step + 1);
        let room = caps.iter().zip(money).map(|(cap, money)| (cap - money).max(0.0)).collect();
        Some(Marginal { returns: slopes, room })
    }

    fn start(&mut self, brief: &Brief) {
        self.brief = brief.clone();
        self.belief = self.scenario.curves().map(|settings| Belief::new(settings, brief));
        self.ahead.clear();
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let Some(mut belief) = self.belief.take() else { return Allocation::default() };
        let (step, lines) = (observation.step, self.brief.lines.len());
        if let Some(before) = step.checked_sub(1) {
            belief.learn(before, &observation.lines);
        }
        let mut money = match self.horizon {
            Horizon::Rest => self.plan_rest(&belief, step, observation.budget_left.major()),
            Horizon::Step => {
                let mut curves = belief.rest(step);
                curves.lines.iter_mut().for_each(|line| line.weight.truncate(1));
                let floor = self.brief.limits.return_floor;
                let pace = even_pace(&self.brief, observation);
                plan(&curves, pace, Some(&caps(&self.brief.limits, step..step + 1)), floor).money
            }
        };
        self.ahead = money.split_off(lines.min(money.len()));
        self.belief = Some(belief);
        Allocation::of(money)
    }
}
