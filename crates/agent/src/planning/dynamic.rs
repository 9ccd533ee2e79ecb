//! The best plan over lines and steps.

use outlay_environment::Curves;

use super::bound::{Bound, best_with_bound};
use super::floor::within_floor;
use super::interior::Local;
use super::units::Scaled;

/// Money for lines, or for lines and steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// `[steps * lines]` money, row by row, in the unit of the budget.
    pub money: Vec<f64>,
    /// What it brings, in the unit of the response.
    pub value: f64,
    /// What one more unit of money would bring; 0 where money is left.
    pub multiplier: f64,
}

impl Plan {
    /// Money that is given out.
    #[must_use]
    pub fn spent(&self) -> f64 {
        self.money.iter().sum()
    }

    pub(super) fn from_shares(local: &Local, budget: f64, response: f64) -> Self {
        Self {
            money: local.shares.iter().map(|share| share * budget).collect(),
            value: local.value * response,
            multiplier: local.multiplier * response / budget,
        }
    }
}

/// The plan with the highest value ([`Curves::value`]) that spends at most `budget`, at most `caps` (`[steps * lines]`, row
/// by row) in each cell, and brings at least `floor` units of response per unit of money.
///
/// Where all curves are concave and no synergy ties them it is optimal, to some 1e-10 of its value. Otherwise it is the best
/// of several local optima: begun from an even plan, from the best paths of each line at the dual's price of money and
/// from pulses; [`super::bound`](fn@super::bound) says how far from the optimum it can be. Under a floor, money that
/// would push the average return below it stays unspent. Without any response nothing is spent.
///
/// The money's and the response's units change no share.
#[must_use]
pub fn plan(curves: &Curves, budget: f64, caps: Option<&[f64]>, floor: Option<f64>) -> Plan {
    within_floor(budget, floor, |money| solve(curves, money, caps).0)
}

/// [`plan`] without caps or a floor, and [`super::bound`](fn@super::bound) on it, for little more than the cost of one.
#[must_use]
pub fn plan_and_bound(curves: &Curves, budget: f64) -> (Plan, Bound) {
    solve(curves, budget, None)
}

fn solve(curves: &Curves, budget: f64, caps: Option<&[f64]>) -> (Plan, Bound) {
    let cells = curves.steps() * curves.lines.len();
    let Some(scaled) = Scaled::new(curves, budget) else {
        let money = vec![0.0; cells];
        let value = curves.value(&money);
        let bound = Bound { value, multiplier: 0.0, certified: true };
        return (Plan { money, value, multiplier: 0.0 }, bound);
    };
    let shares: Vec<f64> = match caps {
        Some(caps) => caps.iter().map(|cap| (cap / budget).clamp(0.0, 1.0)).collect(),
        None => vec![1.0; cells],
    };
    let (local, bound) = best_with_bound(&scaled.curves, &shares);
    let plan = Plan::from_shares(&local, budget, scaled.response);
    let bound = Bound {
        value: bound.value * scaled.response,
        multiplier: bound.multiplier * scaled.response / budget,
        ..bound
    };
    (plan, bound)
}
