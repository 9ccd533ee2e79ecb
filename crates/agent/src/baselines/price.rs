//! What a goal charges for money: planners keep what would bring less.

use outlay_environment::{Goal, Scenario};

/// Outcome, in units of what [`Scenario::caused_step`] counts, that one major unit of spend must bring to be worth it: 1 for
/// a profit, the weight of the profit among weighted goals, 0 where money that is left is worth nothing. The price of a
/// test of products is in other units than what its model explains; there only the search for a level heeds it.
#[must_use]
pub fn price_of_money(scenario: &Scenario) -> f64 {
    match scenario.goal {
        Goal::Profit => 1.0,
        Goal::Weighted => {
            let weights = scenario.aim.weights.iter();
            weights.filter(|(goal, _)| *goal == Goal::Profit).map(|(_, weight)| weight).sum()
        }
        _ => 0.0,
    }
}

/// Whether money that is left is worth something.
#[must_use]
pub fn may_keep(scenario: &Scenario) -> bool {
    price_of_money(scenario) > 0.0 || scenario.goal == Goal::BestProduct && scenario.aim.price > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_goal_decides() {
        let prices =
            [("new-customer", 0.0, false), ("steady-profit", 1.0, true), ("product-test", 0.0, true)];
        for (name, price, keeps) in prices {
            let scenario = Scenario::load(name).unwrap();
            assert_eq!((price_of_money(&scenario), may_keep(&scenario)), (price, keeps), "{name}");
        }
        let mut weighted = Scenario::clone(&Scenario::load("portfolio").unwrap());
        weighted.aim.weights = vec![(Goal::Members, 3.0), (Goal::Profit, 0.5)];
        assert_eq!((price_of_money(&weighted), may_keep(&weighted)), (0.5, true));
    }
}
