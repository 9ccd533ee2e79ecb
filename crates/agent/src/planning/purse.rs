//! Mirror ascent with a purse: money may be kept at a price, and part of it is not free before a later step.

use super::mirror::{Response, cap_and_normalise, mirror_ascent};

/// Terms on which a budget may be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Purse {
    /// Response that each unit of money brings when it is kept, 0 where it brings nothing: then all is used that caps allow.
    pub price: f64,
    /// How many of the first cells share how much of the budget at most, fewest cells first.
    pub ceilings: Vec<(usize, f64)>,
}

impl Purse {
    /// Everything may be used at any time, and what is kept is worth nothing.
    pub const OPEN: Self = Self { price: 0.0, ceilings: Vec::new() };

    /// [`mirror_ascent`] within the purse. What is kept is one more cell of the plan, of constant marginal return: as in
    /// any best plan, marginal returns then end at the price, or above it where nothing is kept. Under ceilings each
    /// round ends on them, by scaling each stretch of cells between two of them (the projection in relative entropy).
    ///
    /// `shares` may add up to less than 1; where money has a price, the rest starts as kept, but for a trace.
    pub fn ascend(
        &self,
        response: &impl Response,
        budget: f64,
        caps: &[f64],
        shares: &mut [f64],
        rate: f64,
        rounds: usize,
    ) {
        if self.price <= 0.0 {
            self.within_ceilings(response, budget, caps, shares, rate, rounds);
            return;
        }
        let kept = (1.0 - shares.iter().sum::<f64>()).max(1e-4);
        let mut all: Vec<f64> = shares.iter().copied().chain([kept]).collect();
        let caps: Vec<f64> = caps.iter().copied().chain([f64::INFINITY]).collect();
        let priced = Priced { response, price: self.price };
        self.within_ceilings(&priced, budget, &caps, &mut all, rate, rounds);
        shares.copy_from_slice(&all[..shares.len()]);
    }

    fn within_ceilings(
        &self,
        response: &impl Response,
        budget: f64,
        caps: &[f64],
        shares: &mut [f64],
        rate: f64,
        rounds: usize,
    ) {
        if self.ceilings.is_empty() {
            return mirror_ascent(response, budget, caps, shares, rate, rounds);
        }
        for _ in 0..rounds {
            mirror_ascent(response, budget, caps, shares, rate, 1);
            self.lower(caps, shares);
        }
    }

    /// Brings the first cells under their ceilings, most cells first, and gives what they lose to the cells behind, up to
    /// those that the ceiling before did not cover.
    fn lower(&self, caps: &[f64], shares: &mut [f64]) {
        let mut end = shares.len();
        for &(cells, most) in self.ceilings.iter().rev() {
            let cells = cells.min(end);
            let (early, late) = shares[..end].split_at_mut(cells);
            let used: f64 = early.iter().sum();
            if used > most {
                early.iter_mut().for_each(|share| *share *= most / used);
                let room = (used - most + late.iter().sum::<f64>()).max(f64::MIN_POSITIVE);
                let caps: Vec<f64> = caps[cells..end].iter().map(|cap| cap / room).collect();
                cap_and_normalise(late, &caps);
                late.iter_mut().for_each(|share| *share *= room);
            }
            end = cells;
        }
    }
}

/// A response with one more cell, of money kept.
struct Priced<'a, R> {
    response: &'a R,
    price: f64,
}

impl<R: Response> Response for Priced<'_, R> {
    fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
        let cells = plan.len() - 1;
        gradient[cells] = self.price;
        self.response.gradient(&plan[..cells], &mut gradient[..cells]) + self.price * plan[cells]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sum_i value_i * sqrt(money_i)`, whose marginal return is a price at `(value_i / (2 price))^2`.
    struct Roots(Vec<f64>);

    impl Response for Roots {
        fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
            let cells = self.0.iter().zip(plan).zip(gradient);
            cells
                .map(|((value, money), slope)| {
                    let root = money.max(1e-12).sqrt();
                    *slope = 0.5 * value / root;
                    value * root
                })
                .sum()
        }
    }

    fn used(purse: &Purse, budget: f64) -> Vec<f64> {
        let mut shares = vec![0.25; 4];
        let roots = Roots(vec![2.0, 4.0, 6.0, 8.0]);
        purse.ascend(&roots, budget, &[f64::INFINITY; 4], &mut shares, 0.8, 300);
        shares.iter().map(|share| share * budget).collect()
    }

    #[test]
    fn money_is_used_until_it_brings_its_price() {
        let purse = Purse { price: 1.0, ..Purse::OPEN };
        for budget in [40.0, 1_000.0, 1e6] {
            let wanted = [1.0, 4.0, 9.0, 16.0];
            let used = used(&purse, budget);
            assert!(used.iter().zip(wanted).all(|(a, b)| (a / b - 1.0).abs() < 1e-3), "{budget}: {used:?}");
        }
        // Too little for that: all of it, in proportion to the squares of the values.
        let used = used(&purse, 15.0);
        assert!(used.iter().zip([0.5, 2.0, 4.5, 8.0]).all(|(a, b)| (a / b - 1.0).abs() < 1e-3), "{used:?}");
    }

    #[test]
    fn early_money_stays_under_its_ceiling() {
        // Without the ceiling the first two would get a sixth.
        let purse = Purse { price: 0.0, ceilings: vec![(2, 0.1)] };
        let wanted = [2.0, 8.0, 90.0 * 36.0 / 100.0, 90.0 * 64.0 / 100.0];
        let used_all = used(&purse, 100.0);
        assert!(used_all.iter().zip(wanted).all(|(a, b)| (a / b - 1.0).abs() < 1e-3), "{used_all:?}");
        // A ceiling that does not bind changes nothing, and money kept is not early.
        let purse = Purse { price: 1.0, ceilings: vec![(2, 0.5)] };
        let priced = used(&purse, 1_000.0);
        assert!(
            priced.iter().zip([1.0, 4.0, 9.0, 16.0]).all(|(a, b)| (a / b - 1.0).abs() < 1e-3),
            "{priced:?}"
        );
    }
}
