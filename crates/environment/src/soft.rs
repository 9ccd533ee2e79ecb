//! Soft limits: no guard can enforce them, because only the whole episode shows whether they were kept. Each says how much
//! spend the credited result pays for; who spends more has missed it.

use crate::goal::Goal;
use crate::ledger::LineRow;
use crate::limits::Limits;
use crate::observation::LineReport;

/// A soft limit at its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SoftLimit {
    /// Least credited revenue per unit of spend.
    ReturnFloor(f64),
    /// Most spend, in major units, for each credited unit of what the goal counts.
    CostCap(f64),
}

impl Limits {
    /// The soft limits.
    pub fn soft(&self) -> impl Iterator<Item = SoftLimit> {
        let floor = self.return_floor.map(SoftLimit::ReturnFloor);
        floor.into_iter().chain(self.cost_cap.map(SoftLimit::CostCap))
    }
}

impl SoftLimit {
    /// The name in files and results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReturnFloor(_) => "return_floor",
            Self::CostCap(_) => "cost_cap",
        }
    }

    /// The figure of the file.
    #[must_use]
    pub fn level(self) -> f64 {
        match self {
            Self::ReturnFloor(level) | Self::CostCap(level) => level,
        }
    }

    /// Share of the spend that the credited result pays for; `None` where nothing was spent, which keeps every soft limit.
    /// `total` is summed over lines and steps ([`crate::Ledger::total`]).
    #[must_use]
    pub fn paid_for(self, goal: Goal, total: &LineRow) -> Option<f64> {
        let spend = total.spend.major();
        if spend <= 0.0 {
            return None;
        }
        Some(match self {
            Self::ReturnFloor(floor) => total.credited_revenue.major() / spend / floor,
            Self::CostCap(cap) => goal.credited(&LineReport::of(total)) * cap / spend,
        })
    }

    /// Whether an episode misses the limit.
    #[must_use]
    pub fn misses(self, goal: Goal, total: &LineRow) -> bool {
        self.paid_for(goal, total).is_some_and(|share| share < 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;

    fn total(spend: i64, revenue: i64, new: u64) -> LineRow {
        LineRow {
            spend: Money(spend),
            credited_revenue: Money(revenue),
            credited_new_customers: new,
            ..LineRow::default()
        }
    }

    #[test]
    fn a_floor_is_missed_below_it_and_a_cap_above_it() {
        let (floor, cap) = (SoftLimit::ReturnFloor(2.0), SoftLimit::CostCap(50.0));
        let goal = Goal::NewCustomers;
        // 1,000 spent: 2,000 in revenue and 20 new customers are just enough.
        let just = total(100_000, 200_000, 20);
        assert_eq!((floor.paid_for(goal, &just), cap.paid_for(goal, &just)), (Some(1.0), Some(1.0)));
        assert!(!floor.misses(goal, &just) && !cap.misses(goal, &just));
        let less = total(100_000, 150_000, 19);
        assert_eq!((floor.paid_for(goal, &less), cap.paid_for(goal, &less)), (Some(0.75), Some(0.95)));
        assert!(floor.misses(goal, &less) && cap.misses(goal, &less));
        // Nothing for something misses; nothing for nothing does not.
        assert!(cap.misses(goal, &total(1, 0, 0)));
        assert!(!cap.misses(goal, &total(0, 0, 0)) && !floor.misses(goal, &total(0, 0, 0)));
    }
}
