//! Planners that learn the curves of a world without shoppers while they spend: model-predictive control, and
//! water-filling of each step.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Curves, Key, Observation, Scenario};

use super::belief::Belief;
use crate::agent::{Agent, Recipe};
use crate::baselines::mpc::Horizon;
use crate::baselines::paced::{empty_brief, even_pace};
use crate::planning::{Plan, plan, replan};

/// Draws of the posterior that a plan must do well on.
const DRAWS: u64 = 8;
/// Steps after which a plan is made from nothing again, in case the one at hand is stuck.
const AFRESH: usize = 10;

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

/// Plans on what is believed of the curves: the plan of those that are most likely, and plans of draws from the posterior,
/// are each tried on all the draws, and the one with the highest mean is followed for a step. So what is not known counts
/// as the spread that it has, and not as its middle.
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
    /// `[steps * lines]` most money of each cell from `step` on.
    fn caps(&self, step: usize, steps: usize) -> Vec<f64> {
        let lines = &self.brief.limits.lines;
        let open = |step: usize| {
            lines.iter().map(move |line| if line.is_open(step) { line.cap_major() } else { 0.0 })
        };
        (step..step + steps).flat_map(open).collect()
    }

    /// The best plan for the steps left.
    fn plan_rest(&mut self, belief: &Belief, step: usize, budget: f64) -> Vec<f64> {
        let caps = self.caps(step, self.brief.steps - step);
        let floor = self.brief.limits.return_floor;
        let likely = belief.rest(step);
        let fresh = self.ahead.is_empty() || step.is_multiple_of(AFRESH);
        let best =
            |curves: &Curves, start: &[f64]| -> Plan { replan(curves, budget, Some(&caps), floor, start) };
        let first =
            if fresh { plan(&likely, budget, Some(&caps), floor) } else { best(&likely, &self.ahead) };
        if !belief.is_uncertain() {
            return first.money;
        }
        let draws: Vec<Curves> = (0..DRAWS).map(|draw| self.draw(belief, step, draw)).collect();
        let others: Vec<Plan> = draws.iter().map(|draw| best(draw, &first.money)).collect();
        let mut plans: Vec<Vec<f64>> = std::iter::once(first).chain(others).map(|plan| plan.money).collect();
        let mean = |plan: &[f64]| draws.iter().map(|draw| draw.value(plan)).sum::<f64>();
        let values: Vec<f64> = plans.iter().map(|plan| mean(plan)).collect();
        let place = (0..plans.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        plans.swap_remove(place)
    }

    /// The curves by one draw of the posterior.
    fn draw(&self, belief: &Belief, step: usize, draw: u64) -> Curves {
        let key = self.key.with(step as u64).with(draw);
        let mut count = 0;
        belief.sample(step, || {
            count += 1;
            key.with(count).normal()
        })
    }
}

impl Agent for CurvePlanner {
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
                plan(&curves, pace, Some(&self.caps(step, 1)), floor).money
            }
        };
        self.ahead = money.split_off(lines.min(money.len()));
        self.belief = Some(belief);
        Allocation { money }
    }
}
