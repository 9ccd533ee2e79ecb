//! What a goal charges for money: planners keep what would bring less.

use outlay_environment::{Brief, Goal};

/// Outcome, in units of what `Scenario::caused_step` counts, that one major unit of spend must bring to be worth it: 1 for
/// a profit, the weight of the profit among weighted goals, 0 where money that is left is worth nothing. The price of a
/// test of products is in other units than what its model explains; there only the search for a level heeds it.
#[must_use]
pub fn price_of_money(brief: &Brief) -> f64 {
    match Goal::named(&brief.goal) {
        Some(Goal::Profit) => 1.0,
        Some(Goal::Weighted) => {
            let weights = brief.aim.weights.iter();
            weights.filter(|(goal, _)| *goal == Goal::Profit).map(|(_, weight)| weight).sum()
        }
        _ => 0.0,
    }
}

/// Whether money that is left is worth something.
#[must_use]
pub fn may_keep(brief: &Brief) -> bool {
    price_of_money(brief) > 0.0 || brief.goal == Goal::BestProduct.name() && brief.aim.price > 0.0
}

#[cfg(test)]
mod tests {
    use outlay_environment::Scenario;

    use super::*;

    #[test]
    fn the_goal_decides() {
        let prices =
            [("new-customer", 0.0, false), ("steady-profit", 1.0, true), ("product-test", 0.0, true)];
        for (name, price, keeps) in prices {
            let scenario = Scenario::load(name).unwrap();
            assert_eq!(
                (price_of_money(&scenario.brief), may_keep(&scenario.brief)),
                (price, keeps),
                "{name}"
            );
        }
        let mut weighted = Brief::clone(&Scenario::load("portfolio").unwrap().brief);
        weighted.aim.weights = vec![(Goal::Members, 3.0), (Goal::Profit, 0.5)];
        assert_eq!((price_of_money(&weighted), may_keep(&weighted)), (0.5, true));
    }
}
