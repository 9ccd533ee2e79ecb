//! Whole minor units with the sum of a plan that is not whole.

use crate::money::Money;

/// Rounds `plan` (`[lines]` minor units) to whole minor units by largest remainder, inside `ends` (whose lower ends the
/// total can pay for), with the sum `exactly` where it is given and else the sum of the plan, never above `total`. Of
/// equal remainders the first line's counts more.
pub(super) fn round(
    plan: &[f64],
    ends: impl Fn(usize) -> (i64, i64),
    total: i64,
    exactly: Option<i64>,
    remainder: &mut Vec<f64>,
    order: &mut Vec<usize>,
    granted: &mut Vec<Money>,
) {
    granted.clear();
    remainder.clear();
    for (line, &money) in plan.iter().enumerate() {
        let (low, high) = ends(line);
        let whole = (money.floor() as i64).clamp(low, high);
        granted.push(Money(whole));
        remainder.push(money - whole as f64);
    }
    let sum: i128 = granted.iter().map(|money| i128::from(money.0)).sum();
    let target = exactly.map_or_else(|| sum + remainder.iter().sum::<f64>().round() as i128, i128::from);
    let mut rest = target.min(i128::from(total)) - sum;
    if rest == 0 {
        return;
    }
    order.clear();
    order.extend(0..plan.len());
    order.sort_unstable_by(|&a, &b| remainder[b].total_cmp(&remainder[a]).then(a.cmp(&b)));
    // One each; more than that only for amounts so large that their f64 is not exact.
    for most in [1, i64::MAX] {
        for &line in order.iter() {
            let room = ends(line).1.saturating_sub(granted[line].0).min(most);
            let more = rest.clamp(0, i128::from(room)) as i64;
            granted[line].0 += more;
            rest -= i128::from(more);
        }
    }
    for &line in order.iter().rev() {
        let room = granted[line].0 - ends(line).0;
        let less = (-rest).clamp(0, i128::from(room)) as i64;
        granted[line].0 -= less;
        rest += i128::from(less);
    }
}
