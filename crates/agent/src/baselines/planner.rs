//! Planners: how to divide money when the response is known.
//!
//! Both work in shares of the budget and in marginal returns relative to their mean, so neither the unit of money nor
//! that of the response changes a share.

use outlay_environment::Curve;

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
        if at(middle).sum::<f64>() > money { low = middle } else { high = middle }
    }
    (at(high).collect(), high)
}

/// A response to a whole plan, smooth and rising.
pub trait Response {
    /// The response to `plan` (money per cell, in any order that the implementation chooses), and its gradient.
    fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64;
}

/// Improves a plan of shares by mirror (exponentiated-gradient) ascent (Kivinen and Warmuth 1997) for `rounds` rounds:
/// `share_j <- share_j * exp(rate * (g_j / mean - 1))`, with `mean` the average of the marginal returns `g` weighted by
/// shares, then back onto the shares with sum 1 and at most `caps` by scaling (the projection in relative entropy).
///
/// On curves whose marginal return has an elasticity of at most `e` (2 for Hill with slope 1, 1 - exponent for a power)
/// each round shrinks the error as long as `rate < 2 / e`; 0.8 serves both, carry-over included.
pub fn mirror_ascent(
    response: &impl Response,
    budget: f64,
    caps: &[f64],
    shares: &mut [f64],
    rate: f64,
    rounds: usize,
) {
    let mut plan = vec![0.0; shares.len()];
    let mut gradient = vec![0.0; shares.len()];
    cap_and_normalise(shares, caps);
    for _ in 0..rounds {
        plan.iter_mut().zip(shares.iter()).for_each(|(x, share)| *x = share * budget);
        response.gradient(&plan, &mut gradient);
        let weight: f64 = shares.iter().sum();
        let mean = shares.iter().zip(&gradient).map(|(share, g)| share * g).sum::<f64>() / weight;
        if !(mean > 0.0 && mean.is_finite()) {
            return;
        }
        for (share, g) in shares.iter_mut().zip(&gradient) {
            // Far from the optimum a marginal return can be many times the mean; one round moves by a factor e at most.
            *share *= libm::exp(rate * (g / mean - 1.0).clamp(-1.0, 1.0 / rate));
        }
        cap_and_normalise(shares, caps);
    }
}

/// Scales shares to a sum of 1 where caps allow it: `share_j = min(cap_j, c * share_j)` with one factor `c`.
pub fn cap_and_normalise(shares: &mut [f64], caps: &[f64]) {
    let (mut room, mut free) = (1.0, shares.iter().sum::<f64>());
    if free <= 0.0 {
        return;
    }
    // Each pass fixes the cells that the factor would push over their cap; the factor only grows.
    let mut factor = room / free;
    loop {
        let (mut fixed, mut rest) = (0.0, 0.0);
        for (share, cap) in shares.iter().zip(caps) {
            if share * factor >= *cap { fixed += cap } else { rest += share }
        }
        room = 1.0 - fixed;
        if rest <= 0.0 || rest == free || room <= 0.0 {
            break;
        }
        free = rest;
        factor = factor.max(room / free);
    }
    for (share, cap) in shares.iter_mut().zip(caps) {
        *share = (*share * factor).min(*cap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::curve::{adstock, adstock_gradient};

    const P2: [Curve; 4] = [
        Curve::Hill { value: 100.0, half: 50.0, slope: 1.0 },
        Curve::Hill { value: 80.0, half: 20.0, slope: 1.0 },
        Curve::Hill { value: 60.0, half: 100.0, slope: 1.0 },
        Curve::Hill { value: 5.0, half: 40.0, slope: 1.0 },
    ];

    fn p1() -> Vec<Curve> {
        [3.0, 2.0, 1.0].map(|value| Curve::Power { value, exponent: 0.5 }).to_vec()
    }

    fn scaled(curves: &[Curve], money: f64, response: f64) -> Vec<Curve> {
        let scale = |curve: &Curve| match *curve {
            Curve::Power { value, exponent } => {
                Curve::Power { value: value * response / money.powf(exponent), exponent }
            }
            Curve::Hill { value, half, slope: 1.0 } => {
                Curve::Hill { value: value * response, half: half * money, slope: 1.0 }
            }
        };
        curves.iter().map(scale).collect()
    }

    struct OneStep(Vec<Curve>);

    impl Response for OneStep {
        fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
            for ((g, curve), &x) in gradient.iter_mut().zip(&self.0).zip(plan) {
                *g = curve.slope(x);
            }
            self.0.iter().zip(plan).map(|(curve, &x)| curve.value(x)).sum()
        }
    }

    /// P3, in units of money and response; plan `[lines, steps]`.
    struct CarryOver {
        money: f64,
        response: f64,
    }

    const SEASON: [f64; 7] = [1.0, 1.0, 1.5, 2.0, 1.5, 1.0, 0.8];

    impl Response for CarryOver {
        fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
            let mut total = 0.0;
            for (line, (value, retention)) in [(4.0, 0.3), (1.5, 0.2)].into_iter().enumerate() {
                let cells = line * 7..(line + 1) * 7;
                let mut stock: Vec<f64> = plan[cells.clone()].iter().map(|x| x / self.money).collect();
                adstock(&mut stock, retention);
                for ((g, &a), w) in gradient[cells.clone()].iter_mut().zip(&stock).zip(SEASON) {
                    total += self.response * w * value * a.sqrt();
                    *g = self.response * w * value * 0.5 / a.sqrt() / self.money;
                }
                adstock_gradient(&mut gradient[cells], retention);
            }
            total
        }
    }

    fn plan(response: &impl Response, budget: f64, cells: usize, rounds: usize) -> (Vec<f64>, f64) {
        let mut shares = vec![1.0 / cells as f64; cells];
        mirror_ascent(response, budget, &vec![f64::INFINITY; cells], &mut shares, 0.8, rounds);
        let money: Vec<f64> = shares.iter().map(|share| share * budget).collect();
        let value = response.gradient(&money, &mut vec![0.0; cells]);
        (shares, value)
    }

    #[test]
    fn p1_power_curves() {
        let (x, _) = water_fill(&p1(), &[f64::INFINITY; 3], 100.0);
        for (x, wanted) in x.iter().zip([900.0 / 14.0, 400.0 / 14.0, 100.0 / 14.0]) {
            assert!((x - wanted).abs() < 1e-9, "{x}");
        }
        let (_, value) = plan(&OneStep(p1()), 100.0, 3, 100);
        assert!((value / 37.416_573_867_739_416 - 1.0).abs() < 1e-6, "{value}");
    }

    #[test]
    fn p2_bad_lines_get_nothing_and_the_price_is_known() {
        for (money, wanted, price) in [(30.0, 57.431_458, 1.225_685), (200.0, 144.302_490, 0.258_642)] {
            let (x, multiplier) = water_fill(&P2, &[f64::INFINITY; 4], money);
            let value: f64 = P2.iter().zip(&x).map(|(curve, &x)| curve.value(x)).sum();
            assert!((value - wanted).abs() < 1e-6 && (multiplier - price).abs() < 1e-6);
            assert_eq!(x[3], 0.0);
            let (_, value) = plan(&OneStep(P2.to_vec()), money, 4, 200);
            assert!(value / wanted > 1.0 - 1e-6, "{value}");
        }
    }

    #[test]
    fn p3_carry_over_season_and_end() {
        let (shares, value) = plan(&CarryOver { money: 1.0, response: 1.0 }, 100.0, 14, 400);
        assert!((value / 175.180_162 - 1.0).abs() < 1e-6, "{value}");
        assert!((shares[3] - 0.353_790).abs() < 1e-4 && (shares[13] - 0.002_401).abs() < 1e-4, "{shares:?}");
    }

    #[test]
    fn units_change_no_share() {
        for (money, response) in [(1e6, 1.0), (1.0, 1e-6), (1e6, 1e-6)] {
            for (curves, budget) in [(p1(), 100.0), (P2.to_vec(), 30.0), (P2.to_vec(), 200.0)] {
                let other = scaled(&curves, money, response);
                let caps = vec![f64::INFINITY; curves.len()];
                let (plain, _) = water_fill(&curves, &caps, budget);
                let (unit, _) = water_fill(&other, &caps, budget * money);
                let (plain_shares, _) = plan(&OneStep(curves.clone()), budget, curves.len(), 100);
                let (unit_shares, _) = plan(&OneStep(other), budget * money, curves.len(), 100);
                for i in 0..curves.len() {
                    assert!((plain[i] / budget - unit[i] / (budget * money)).abs() < 1e-9);
                    assert!((plain_shares[i] - unit_shares[i]).abs() < 1e-9);
                }
            }
            let (plain, _) = plan(&CarryOver { money: 1.0, response: 1.0 }, 100.0, 14, 200);
            let (unit, _) = plan(&CarryOver { money, response }, 100.0 * money, 14, 200);
            assert!(plain.iter().zip(&unit).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn caps_hold_and_the_rest_goes_elsewhere() {
        let (x, _) = water_fill(&P2, &[10.0, 100.0, 100.0, 100.0], 200.0);
        assert_eq!(x[0], 10.0);
        assert!((x.iter().sum::<f64>() - 200.0).abs() < 1e-9);
        assert_eq!(water_fill(&P2, &[1.0; 4], 200.0), (vec![1.0; 4], 0.0));
        let mut shares = [4.0, 3.0, 2.0, 1.0];
        cap_and_normalise(&mut shares, &[0.2, 0.35, 1.0, 1.0]);
        assert!(shares.iter().zip([0.2, 0.35, 0.3, 0.15]).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?}");
        let mut shares = [1.0, 1.0];
        cap_and_normalise(&mut shares, &[0.2, 0.3]);
        assert_eq!(shares, [0.2, 0.3]);
    }
}
