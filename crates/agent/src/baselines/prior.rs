//! What can be known of a scenario before an episode, because its file is public: a response model of its average world,
//! what reports to expect there, how far reports tell a drawn world's effects from the average ones, and how far they do
//! not.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use outlay_environment::Scenario;

use super::appeals::Habits;
use super::book::Belief;
use super::model::{Ahead, Model};
use super::price::price_of_money;
use super::reports::{EVIDENCE, Evidence, Expectations};
use super::spread::Spread;
use super::study::study;
use crate::planning::Purse;

/// Rounds of the planner for a plan from scratch.
const ROUNDS: usize = 200;
/// Everything a planner starts an episode with.
#[derive(Debug, Clone)]
pub struct Prior {
    /// The average world.
    pub model: Model,
    /// `[steps * lines]` the best plan found for the average world, major units.
    pub plan: Vec<f64>,
    /// `[steps * lines]` factor on the model's marginal returns that draws its best plan towards `plan`.
    pub tilt: Vec<f64>,
    /// `[lines]` which lines get nothing, because the others do more with their money.
    pub closed: Vec<bool>,
    /// How far the planner follows its model away from `plan`: 1 all the way, 0 not at all.
    pub trust: f64,
    /// Outcome that a major unit of spend must bring, by the model.
    pub price: f64,
    /// Part of the budget to use where money may be kept at a price that the model has no unit for; else 1.
    pub part: f64,
    /// What the platforms report in the average world.
    pub expectations: Expectations,
    /// `[lines][EVIDENCE]` how the logarithm of a line's effect follows from each kind of evidence on it.
    pub weights: Vec<Vec<f64>>,
    /// How far drawn worlds are from what their evidence answers.
    pub spread: Spread,
    /// What orders tell of products, where something is decided between them; all else is then of the scenario without
    /// its commitment.
    pub habits: Option<Arc<Habits>>,
}

impl Prior {
    /// What `evidence` alone makes one believe of the logarithms of factors on effects and base.
    #[must_use]
    pub fn belief(&self, evidence: &Evidence) -> Belief {
        let mut belief = self.spread.belief.clone();
        let answer = answer(&self.weights, &evidence.features());
        belief.mean.iter_mut().zip(answer).for_each(|(mean, log)| *mean += log);
        belief
    }

    /// The prior of a scenario, made once in a process: three agents and the teacher of a training run share it. It is
    /// a function of the scenario alone, so who asks first makes no difference.
    #[must_use]
    pub fn shared(scenario: &Scenario) -> Arc<Self> {
        /// What a prior depends on, and the prior once somebody has made it.
        type Entry = ((String, usize), Arc<OnceLock<Arc<Prior>>>);
        static MADE: Mutex<Vec<Entry>> = Mutex::new(Vec::new());
        let key = (scenario.hash.clone(), scenario.market().map_or(0, |market| market.training_shoppers));
        let slot = {
            let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
            let known = made.iter().find(|entry| entry.0 == key).map(|entry| entry.1.clone());
            known.unwrap_or_else(|| {
                made.push((key, Arc::default()));
                made[made.len() - 1].1.clone()
            })
        };
        // Outside the lock: priors of two scenarios can be made side by side.
        slot.get_or_init(|| study(scenario)).clone()
    }
}

/// On which terms the money of a scenario may be used from `step` on, when `left` is left of it, major units.
#[must_use]
pub fn purse(scenario: &Scenario, step: usize, left: f64) -> Purse {
    let brief = &scenario.brief;
    let held = |step: usize| brief.limits.held(step).major();
    let mut ceilings = Vec::new();
    let mut now = step;
    while let Some(release) = brief.limits.next_release(now) {
        ceilings.push(((release - step) * brief.lines.len(), (1.0 - held(now) / left).max(0.0)));
        now = release;
    }
    Purse { price: price_of_money(&scenario.brief), ceilings }
}

/// `[steps * lines]` the best plan for a model of `scenario`.
#[must_use]
pub fn best_plan(scenario: &Scenario, model: &Model) -> Vec<f64> {
    let budget = scenario.brief.budget.major();
    let caps: Vec<f64> = model.capacity.iter().map(|money| money / budget).collect();
    let mut shares = vec![1.0 / caps.len() as f64; caps.len()];
    let (stock, scale) = (vec![0.0; model.lines], vec![1.0; model.lines]);
    let ahead = Ahead { model, step: 0, stock: &stock, scale: &scale, tilt: &[] };
    purse(scenario, 0, budget).ascend(&ahead, budget, &caps, &mut shares, 0.8, ROUNDS);
    shares.into_iter().map(|share| share * budget).collect()
}

/// `[lines]` what the regression answers to evidence: logarithms of factors on effects.
pub(super) fn answer(weights: &[Vec<f64>], features: &[[f64; EVIDENCE]]) -> Vec<f64> {
    let weigh = |(features, weights): (&[f64; EVIDENCE], &Vec<f64>)| -> f64 {
        let log: f64 = features.iter().chain(&[1.0]).zip(weights).map(|(x, weight)| x * weight).sum();
        log.clamp(-1.5, 1.5)
    };
    features.iter().zip(weights).map(weigh).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::{Hold, Money};

    /// Two lines without carry-over or crowding over two steps: `value * x / (x + half)` each.
    fn model(steps: usize) -> Model {
        Model {
            lines: 2,
            base: vec![0.0; steps],
            scale: vec![1.0; steps],
            room: vec![1.0; steps],
            price: vec![1.0; steps],
            effect: [400.0, 900.0].repeat(steps),
            half: vec![100.0, 100.0],
            retention: vec![0.0; 2],
            crowding: 0.0,
            capacity: vec![f64::INFINITY; 2 * steps],
        }
    }

    #[test]
    fn a_profit_is_planned_for_until_money_costs_what_it_brings() {
        let mut scenario = Scenario::clone(&Scenario::load("steady-profit").unwrap());
        Arc::make_mut(&mut scenario.brief).budget = Money::from_major(10_000.0);
        // The marginal return `value half / (x + half)^2` is 1 at `sqrt(value half) - half`.
        let plan = best_plan(&scenario, &model(2));
        assert!(plan.iter().zip([100.0, 200.0, 100.0, 200.0]).all(|(a, b)| (a - b).abs() < 0.5), "{plan:?}");
        Arc::make_mut(&mut scenario.brief).goal = "revenue".to_owned();
        let all: f64 = best_plan(&scenario, &model(2)).iter().sum();
        assert!((all - 10_000.0).abs() < 1e-6, "{all}");
    }

    #[test]
    fn money_held_for_later_is_not_planned_early() {
        let mut scenario = Scenario::clone(&Scenario::load("new-customer").unwrap());
        let brief = Arc::make_mut(&mut scenario.brief);
        brief.lines.truncate(2);
        brief.budget = Money::from_major(1_000.0);
        brief.limits.holds = vec![
            Hold { until_step: 1, money: Money::from_major(300.0) },
            Hold { until_step: 3, money: Money::from_major(600.0) },
        ];
        let plan = best_plan(&scenario, &model(4));
        let used = |steps: usize| plan[..2 * steps].iter().sum::<f64>();
        assert!(used(1) <= 100.0 + 1e-6 && used(3) <= 400.0 + 1e-6, "{plan:?}");
        // Three like steps under one ceiling, the first of them no lower than its own.
        assert!((used(1) - 100.0).abs() < 1.0 && (used(3) - 400.0).abs() < 1.0, "{plan:?}");
        assert!((plan.iter().sum::<f64>() - 1_000.0).abs() < 1e-6, "{plan:?}");
        // Left to itself half way, everything but the last hold is free.
        assert_eq!(purse(&scenario, 2, 800.0).ceilings, [(2, 0.25)]);
    }
}
