//! One step's money over lines.

use outlay_environment::{Curve, CurveLine, Curves};

use super::dynamic::{Plan, plan};
use super::floor::within_floor;

/// Equal marginal returns ("water-filling"): the split of `money` over `curves` at which every line that gets any has the
/// same marginal return, and every other line starts below it. Exact for concave curves; at most `caps` each.
///
/// Returns `[lines]` money and the multiplier, the response to one more unit of money (0 if all caps are reached).
#[must_use]
pub fn water_fill(curves: &[Curve], caps: &[f64], money: f64) -> (Vec<f64>, f64) {
    if caps.iter().sum::<f64>() <= money {
        return (caps.to_vec(), 0.0);
    }
    let at = |price: f64| curves.iter().zip(caps).map(move |(curve, &cap)| curve.money_at(price).min(cap));
    // Bracket the multiplier by factors of two, then bisect its logarithm to the last bit.
    let mut low = curves.iter().map(|curve| curve.slope(money)).fold(0.0, f64::max);
    if !(low > 0.0 && low.is_finite()) {
        return (vec![0.0; curves.len()], 0.0);
    }
    // Lines without any response never fill up, so the price may reach zero.
    while low > 0.0 && at(low).sum::<f64>() < money {
        low *= 0.5;
    }
    let mut high = low;
    while at(high).sum::<f64>() > money {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = libm::sqrt(low) * libm::sqrt(high);
        if middle <= low || middle >= high {
            break;
        }
        if at(middle).sum::<f64>() > money { low = middle } else { high = middle }
    }
    // Where a line's marginal return is constant both ends have the same price: the split lies between them.
    let (lower, upper): (Vec<f64>, Vec<f64>) = (at(high).collect(), at(low).map(|x| x.min(money)).collect());
    let (least, most): (f64, f64) = (lower.iter().sum(), upper.iter().sum());
    let part = if most > least { ((money - least) / (most - least)).clamp(0.0, 1.0) } else { 0.0 };
    (lower.iter().zip(&upper).map(|(lower, upper)| lower + part * (upper - lower)).collect(), high)
}

/// The best split of at most `money` over `curves`, at most `caps` (`[lines]`) each, that brings at least `floor` units of
/// response per unit of money: [`water_fill`] for concave curves, [`plan`] of a single step for others.
#[must_use]
pub fn split(curves: &[Curve], money: f64, caps: Option<&[f64]>, floor: Option<f64>) -> Plan {
    if curves.iter().all(Curve::is_concave) {
        let room = caps.map_or_else(|| vec![f64::INFINITY; curves.len()], <[f64]>::to_vec);
        return within_floor(money, floor, |money| {
            let (money, multiplier) = water_fill(curves, &room, money);
            let value = curves.iter().zip(&money).map(|(curve, x)| curve.value(*x)).sum();
            Plan { money, value, multiplier }
        });
    }
    let line = |curve: &Curve| CurveLine {
        curve: *curve,
        retention: 0.0,
        stock: 0.0,
        weight: vec![1.0],
        quadratic_cost: 0.0,
    };
    plan(&Curves { lines: curves.iter().map(line).collect(), synergy: Vec::new() }, money, caps, floor)
}
