//! What a rule compares lines by.

use outlay_environment::{Brief, Goal, LineReport, Money, ShopReport};

/// The outcome that a rule counts, as the platforms credit it: what comes nearest to the goal. By default revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Yardstick(Goal);

impl Yardstick {
    /// That of the brief's goal; revenue, which every world reports, where the goal is not known.
    #[must_use]
    pub fn of(brief: &Brief) -> Self {
        Self(Goal::named(&brief.goal).unwrap_or_default())
    }

    /// The outcome credited to a line in a report.
    #[must_use]
    pub fn credited(self, report: &LineReport) -> f64 {
        self.0.credited(report)
    }

    /// The shop's own outcome, whatever caused it.
    #[must_use]
    pub fn total(self, shop: &ShopReport) -> f64 {
        self.0.seen(shop)
    }

    /// Credited outcome for a major unit of spend, `None` without spend. For a count this is the inverse of the cost of
    /// one, so that higher is better.
    #[must_use]
    pub fn rate(self, report: &LineReport) -> Option<f64> {
        (report.spend > Money::ZERO).then(|| self.credited(report) / report.spend.major())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{brief, spent};

    #[test]
    fn the_goal_decides() {
        let mut plan = brief(1, 1);
        let report = LineReport { revenue: Money::from_major(70.0), joins: 4, ..spent(2.0, 50.0) };
        let rates = [("new-customers", 2.5), ("revenue", 35.0), ("response", 35.0), ("members", 2.0)];
        for (goal, rate) in rates {
            plan.goal = goal.into();
            assert_eq!(Yardstick::of(&plan).rate(&report), Some(rate), "{goal}");
        }
        assert_eq!(Yardstick::of(&plan).rate(&spent(0.0, 5.0)), None);
    }
}
