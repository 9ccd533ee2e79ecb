//! What a rule compares lines by.

use outlay_environment::{Brief, LineReport, Money, ShopReport};

/// The outcome that a rule counts, as the platforms credit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Yardstick {
    /// First orders in 365 days.
    NewCustomers,
    /// Revenue in major units.
    #[default]
    Revenue,
}

impl Yardstick {
    /// New customers where they are the goal, else revenue, which every world reports.
    #[must_use]
    pub fn of(brief: &Brief) -> Self {
        if brief.goal == "new-customers" { Self::NewCustomers } else { Self::Revenue }
    }

    /// The outcome credited to a line in a report.
    #[must_use]
    pub fn credited(self, report: &LineReport) -> f64 {
        match self {
            Self::NewCustomers => report.new_customers as f64,
            Self::Revenue => report.revenue.major(),
        }
    }

    /// The shop's own outcome, whatever caused it.
    #[must_use]
    pub fn total(self, shop: &ShopReport) -> f64 {
        match self {
            Self::NewCustomers => shop.new_customers as f64,
            Self::Revenue => shop.revenue.major(),
        }
    }

    /// Credited outcome for a major unit of spend, `None` without spend. For new customers this is the inverse of the
    /// cost of one, so that higher is better.
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
        assert_eq!(Yardstick::of(&plan), Yardstick::NewCustomers);
        for goal in ["revenue", "response"] {
            plan.goal = goal.into();
            assert_eq!(Yardstick::of(&plan), Yardstick::Revenue);
        }
    }

    #[test]
    fn a_rate_without_spend_is_not_defined() {
        assert_eq!(Yardstick::Revenue.rate(&spent(0.0, 5.0)), None);
        assert_eq!(Yardstick::Revenue.rate(&spent(2.0, 5.0)), Some(2.5));
        assert_eq!(Yardstick::NewCustomers.rate(&spent(2.0, 50.0)), Some(2.5));
    }
}
