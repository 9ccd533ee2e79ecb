//! A promise: the policy is to keep every soft limit of its scenario in at least a given share of worlds.
//!
//! Each episode that misses a limit pays a penalty, and the price of the penalty is a Lagrange multiplier that learns
//! beside the policy (Tessler et al. 2019, "Reward constrained policy optimization"): it rises while too many episodes miss
//! and falls, down to nothing, while fewer do. Plain ascent overshoots, because the policy answers late; a part in
//! proportion to the present error damps it (Stooke et al. 2020, "Responsive safety in reinforcement learning by PID
//! Lagrangian methods"). Theirs too is the division of the objective by one plus the price, which keeps the critic's targets
//! of one size.

use outlay_environment::{Ledger, Scenario, SoftLimit};
use serde::{Deserialize, Serialize};

/// What the fading mean of the misses keeps of itself in one iteration: some eight worlds are too few to judge by alone.
const KEPT: f64 = 0.8;
/// Rise of the price in one iteration for each unit of error, and the part in proportion to the error.
const INTEGRAL: f64 = 0.1;
const PROPORTIONAL: f64 = 10.0;
/// Highest price: from there on the score hardly counts, and a promise that nothing can keep would let it rise for ever.
const HIGHEST: f64 = 20.0;
/// Weight of how far a limit is missed against that it is missed. Without it no one learns in worlds where all miss.
const DEPTH: f64 = 4.0;

/// What a broken promise costs in one scenario.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Multiplier {
    /// Price of one unit of [`penalty`], in the learner's units of reward.
    pub price: f64,
    /// The part of it that remembers.
    pub integral: f64,
    /// Fading mean of the share of worlds that missed.
    pub missed: f64,
}

impl Multiplier {
    /// Before the first iteration, for a promise to keep the limits in this share of worlds: nothing is charged.
    #[must_use]
    pub fn new(promise: f64) -> Self {
        Self { price: 0.0, integral: 0.0, missed: 1.0 - promise }
    }

    /// Moves the price after an iteration in which this share of worlds missed.
    pub fn follow(&mut self, missed: f64, promise: f64) {
        self.missed = KEPT * self.missed + (1.0 - KEPT) * missed;
        let error = self.missed - (1.0 - promise);
        self.integral = (self.integral + INTEGRAL * error).clamp(0.0, HIGHEST);
        self.price = (self.integral + PROPORTIONAL * error).clamp(0.0, HIGHEST);
    }

    /// The reward of a step, in the learner's units, that also pays `penalty`.
    #[must_use]
    pub fn charge(&self, reward: f64, penalty: f64) -> f64 {
        (reward - self.price * penalty) / (1.0 + self.price)
    }
}

/// By how much the credited result pays for more than was spent, as a share of the budget; below 0 exactly where a finished
/// episode misses a soft limit. Of several limits the one that is furthest behind; 0 where there is none.
#[must_use]
pub fn margin(scenario: &Scenario, ledger: &Ledger) -> f64 {
    let mut soft = scenario.brief.limits.soft().peekable();
    if soft.peek().is_none() {
        return 0.0;
    }
    let total = ledger.total();
    let spent = total.spend.major() / scenario.brief.budget.major().max(1e-9);
    let of =
        |limit: SoftLimit| limit.paid_for(scenario.goal, &total).map_or(0.0, |share| (share - 1.0) * spent);
    soft.map(of).fold(f64::INFINITY, f64::min)
}

/// What an episode with this [`margin`] pays at a price of 1: nothing where it keeps its limits; else one, which is what the
/// promise counts, and more the more of its spend nothing pays for.
#[must_use]
pub fn penalty(margin: f64) -> f64 {
    if margin < 0.0 { 1.0 - DEPTH * margin } else { 0.0 }
}

/// Share of worlds that miss, by the margins of their episodes, `group` of them a world. The noise of actions, which the
/// judged policy does not have, alone makes some episodes miss; the mean of a world's episodes is freer of it.
#[must_use]
pub(super) fn missed(margins: &[f64], group: usize) -> f64 {
    let worlds = margins.chunks(group.max(1)).map(|of_world| of_world.iter().sum::<f64>() < 0.0);
    worlds.clone().filter(|missed| *missed).count() as f64 / worlds.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use outlay_environment::{Allocation, Episode, World};

    use super::*;

    #[test]
    fn the_price_rises_while_the_promise_is_broken_and_falls_to_nothing_when_it_is_free() {
        let mut multiplier = Multiplier::new(0.9);
        let mut before = 0.0;
        for _ in 0..30 {
            multiplier.follow(0.5, 0.9);
            assert!(multiplier.price > before);
            before = multiplier.price;
        }
        // Kept as often as promised, it stands still: by hand, the integral of the errors 0.4 (1 - 0.8^k).
        let sum = |n: i32| (1..=n).map(|k| 0.4 * (1.0 - KEPT.powi(k))).sum::<f64>();
        assert!((multiplier.integral - INTEGRAL * sum(30)).abs() < 1e-9);
        for _ in 0..200 {
            multiplier.follow(0.0, 0.9);
        }
        assert_eq!((multiplier.price, multiplier.integral), (0.0, 0.0));
        for _ in 0..2_000 {
            multiplier.follow(1.0, 0.9);
        }
        assert_eq!(multiplier.price, HIGHEST);
    }

    /// A world with two ways to spend, of which the better misses: whoever answers the price by the softmax of the gains
    /// settles where the promise is just kept, at the price that a closed form gives.
    #[test]
    fn the_price_settles_where_the_promise_is_just_kept() {
        let (gain, heat, promise) = (0.5, 0.2, 0.9);
        let missed = |price: f64| 1.0 / (1.0 + ((price - gain) / heat).exp());
        let mut multiplier = Multiplier::new(promise);
        (0..4_000).for_each(|_| multiplier.follow(missed(multiplier.price), promise));
        // 1 / (1 + e^((price - gain) / heat)) = 1 - promise.
        let price = gain + heat * (promise / (1.0 - promise)).ln();
        assert!((multiplier.price - price).abs() < 1e-6, "{} {price}", multiplier.price);
    }

    #[test]
    fn nothing_is_charged_at_no_price() {
        let free = Multiplier::new(0.9);
        assert_eq!(free.charge(1.234, 7.0), 1.234);
        let dear = Multiplier { price: 3.0, ..free };
        assert_eq!(dear.charge(2.0, 1.5), (2.0 - 4.5) / 4.0);
    }

    /// P5 by hand: 200 units over the lines in proportion to v^2 = 9, 4, 1 bring sqrt(200 * 14) = 52.915, of which the
    /// floor of 0.4 wants 80; half the money brings 37.417 of 40, and an eighth of it more than enough.
    #[test]
    fn the_penalty_is_what_the_result_does_not_pay_for() {
        let scenario = Scenario::load("problems/p5-return-floor").expect("shipped");
        let charged = |money: f64| {
            let mut episode = Episode::new(World::average(&scenario), 1);
            let plan = [9.0, 4.0, 1.0].map(|part| money * part / 14.0);
            episode.step(&Allocation::of(plan.to_vec()));
            penalty(margin(&scenario, episode.ledger()))
        };
        assert!((charged(200.0) - (1.0 + DEPTH * (1.0 - 52.915 / 80.0))).abs() < 1e-3);
        assert!((charged(100.0) - (1.0 + DEPTH * (1.0 - 37.417 / 40.0) * 0.5)).abs() < 1e-3);
        assert_eq!(charged(25.0), 0.0);
    }

    #[test]
    fn a_world_is_judged_by_its_episodes_together() {
        assert_eq!(missed(&[0.3, -0.1, -0.2, 0.1, 0.0, 0.0], 2), 1.0 / 3.0);
        assert_eq!(missed(&[0.3, -0.1, -0.2, 0.1, 0.0, 0.0], 1), 2.0 / 6.0);
    }
}
