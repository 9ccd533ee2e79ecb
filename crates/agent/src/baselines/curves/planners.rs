//! Planners that learn the curves of a world without shoppers while they spend: model-predictive control, and
//! water-filling of each step.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Observation, Scenario};

use super::belief::Belief;
use crate::agent::{Agent, Recipe};
use crate::baselines::mpc::Horizon;
use crate::baselines::paced::{empty_brief, even_pace};
use crate::planning::plan;

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
    fn make(&self, _seed: u64) -> Box<dyn Agent> {
        Box::new(CurvePlanner {
            scenario: self.scenario.clone(),
            horizon: self.horizon,
            brief: empty_brief(),
            belief: None,
        })
    }
}

/// Plans on the curves as they are most likely, from what was reported so far.
struct CurvePlanner {
    scenario: Arc<Scenario>,
    horizon: Horizon,
    brief: Brief,
    belief: Option<Belief>,
}

impl CurvePlanner {
    /// `[steps * lines]` most money of each cell from `step` on.
    fn caps(&self, step: usize, steps: usize) -> Vec<f64> {
        let limits = &self.brief.limits;
        let cap = |step: usize, line: usize| match limits.lines.get(line) {
            Some(line) if !line.is_open(step) => 0.0,
            Some(line) => line.cap.map_or(f64::INFINITY, |cap| cap.major()),
            None => f64::INFINITY,
        };
        (step..step + steps)
            .flat_map(|step| (0..self.brief.lines.len()).map(move |line| cap(step, line)))
            .collect()
    }
}

impl Agent for CurvePlanner {
    fn start(&mut self, brief: &Brief) {
        self.brief = brief.clone();
        self.belief = self.scenario.curves().map(|settings| Belief::new(settings, brief));
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let Some(belief) = &mut self.belief else { return Allocation::default() };
        let step = observation.step;
        if let Some(before) = step.checked_sub(1) {
            belief.learn(before, &observation.lines);
        }
        let mut curves = belief.rest(step);
        let (budget, steps) = match self.horizon {
            Horizon::Rest => (observation.budget_left.major(), self.brief.steps - step),
            Horizon::Step => {
                curves.lines.iter_mut().for_each(|line| line.weight.truncate(1));
                (even_pace(&self.brief, observation), 1)
            }
        };
        let caps = self.caps(step, steps);
        let floor = self.brief.limits.return_floor;
        let mut money = plan(&curves, budget, Some(&caps), floor).money;
        money.truncate(self.brief.lines.len());
        Allocation { money }
    }
}
