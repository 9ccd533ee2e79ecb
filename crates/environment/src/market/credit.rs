//! Advertising credit (广告金), which is spent before cash on the lines it may pay, and the yearly rebate (年框返点).

use crate::money::Money;

/// Money for advertising that is no cash: it pays named lines only, and expires.
#[derive(Debug, Clone, PartialEq)]
pub struct AdCredit {
    /// How much.
    pub amount: Money,
    /// Names of the lines that it may pay.
    pub lines: Vec<String>,
    /// Day of the episode, from 0, from which what is left is lost.
    pub until_day: f64,
}

/// Cash back for what is spent in a year: on passing `above`, `share` of that amount, less what smaller steps brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rebate {
    /// Cash spent this year before the episode; its rebate is paid already.
    pub spent_before: Option<Money>,
    /// The steps, the lowest first.
    pub steps: Vec<RebateStep>,
}

/// A step of the rebate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RebateStep {
    /// Spend of the year from which it is earned.
    pub above: Money,
    /// Share of `above` that is paid back.
    pub share: f64,
}

impl Rebate {
    /// What a year's spend has earned in all: a step function.
    #[must_use]
    pub fn earned(&self, spend: Money) -> Money {
        let passed = self.steps.iter().take_while(|step| spend >= step.above).last();
        passed.map_or(Money::ZERO, |step| Money((step.above.0 as f64 * step.share) as i64))
    }
}

/// Credit left and cash spent in one episode.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Funds {
    pub(crate) credit: Money,
    /// Cash of the year: before the episode and in it.
    pub(crate) cash: Money,
}

impl Funds {
    pub(crate) fn new(credit: Option<&AdCredit>, rebate: Option<&Rebate>) -> Self {
        Self {
            credit: credit.map_or(Money::ZERO, |credit| credit.amount),
            cash: rebate.and_then(|rebate| rebate.spent_before).unwrap_or_default(),
        }
    }

    /// Pays for a line; the part that credit paid.
    pub(crate) fn pay(&mut self, spend: Money, eligible: bool) -> Money {
        let part = if eligible { Money(spend.0.min(self.credit.0)) } else { Money::ZERO };
        self.credit -= part;
        self.cash += spend - part;
        part
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rebate() -> Rebate {
        let step = |above: i64, share| RebateStep { above: Money(above), share };
        Rebate {
            spent_before: None,
            steps: vec![step(10_000, 0.02), step(50_000, 0.04), step(200_000, 0.05)],
        }
    }

    #[test]
    fn steps_by_hand() {
        let earned = |spend: i64| rebate().earned(Money(spend)).0;
        assert_eq!(
            [0, 9_999, 10_000, 49_999, 50_000, 10_000_000].map(earned),
            [0, 0, 200, 200, 2_000, 10_000]
        );
    }

    proptest! {
        /// However a year's spend is cut into pieces, the pieces' rebates add up to that of the whole.
        #[test]
        fn nothing_is_paid_back_twice(before in 0_i64..300_000, spends in prop::collection::vec(0_i64..60_000, 0..40)) {
            let rebate = Rebate { spent_before: Some(Money(before)), ..rebate() };
            let mut funds = Funds::new(None, Some(&rebate));
            let mut paid = Money::ZERO;
            for spend in &spends {
                let earned = rebate.earned(funds.cash);
                funds.pay(Money(*spend), false);
                let back = rebate.earned(funds.cash) - earned;
                prop_assert!(back >= Money::ZERO);
                paid += back;
            }
            let total = Money(before + spends.iter().sum::<i64>());
            prop_assert_eq!(funds.cash, total);
            prop_assert_eq!(paid, rebate.earned(total) - rebate.earned(Money(before)));
        }

        #[test]
        fn credit_pays_first_and_never_more_than_there_is(
            amount in 0_i64..100_000,
            spends in prop::collection::vec((0_i64..20_000, any::<bool>()), 0..40),
        ) {
            let credit = AdCredit { amount: Money(amount), lines: Vec::new(), until_day: 1.0 };
            let mut funds = Funds::new(Some(&credit), None);
            let mut paid = 0;
            for (spend, eligible) in &spends {
                let part = funds.pay(Money(*spend), *eligible).0;
                prop_assert!((0..=*spend).contains(&part) && (*eligible || part == 0));
                paid += part;
            }
            let wanted: i64 = spends.iter().filter(|(_, eligible)| *eligible).map(|(spend, _)| spend).sum();
            prop_assert_eq!(paid, wanted.min(amount));
            prop_assert_eq!(funds.credit.0, amount - paid);
            prop_assert_eq!(funds.cash.0, spends.iter().map(|(spend, _)| spend).sum::<i64>() - paid);
        }
    }
}
