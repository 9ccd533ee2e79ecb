//! Mirror ascent: improves a plan for any smooth response, of which only the gradient need be known.
//!
//! Works in shares of the budget and in marginal returns relative to their mean, so neither the unit of money nor that of
//! the response changes a share.

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
    use super::super::testing::{P2, one_step, p1, p3};
    use super::*;

    fn plan(response: &impl Response, budget: f64, cells: usize, rounds: usize) -> (Vec<f64>, f64) {
        let mut shares = vec![1.0 / cells as f64; cells];
        mirror_ascent(response, budget, &vec![f64::INFINITY; cells], &mut shares, 0.8, rounds);
        let money: Vec<f64> = shares.iter().map(|share| share * budget).collect();
        let value = response.gradient(&money, &mut vec![0.0; cells]);
        (shares, value)
    }

    #[test]
    fn known_answers() {
        let (_, value) = plan(&one_step(&p1()), 100.0, 3, 100);
        assert!((value / 37.416_573_867_739_416 - 1.0).abs() < 1e-6, "{value}");
        for (money, wanted) in [(30.0, 57.431_458), (200.0, 144.302_490)] {
            let (_, value) = plan(&one_step(&P2), money, 4, 200);
            assert!(value / wanted > 1.0 - 1e-6, "{value}");
        }
        let (shares, value) = plan(&p3(), 100.0, 14, 400);
        assert!((value / 175.180_162 - 1.0).abs() < 1e-6, "{value}");
        assert!((shares[6] - 0.353_790).abs() < 1e-4 && (shares[13] - 0.002_401).abs() < 1e-4, "{shares:?}");
    }

    #[test]
    fn units_change_no_share() {
        for (money, response) in [(1e6, 1.0), (1.0, 1e-6), (1e6, 1e-6)] {
            for (curves, budget) in
                [(one_step(&p1()), 100.0), (one_step(&P2), 30.0), (one_step(&P2), 200.0), (p3(), 100.0)]
            {
                let cells = curves.steps() * curves.lines.len();
                let (plain, _) = plan(&curves, budget, cells, 200);
                let (unit, _) =
                    plan(&curves.in_units(1.0 / money, 1.0 / response), budget * money, cells, 200);
                assert!(plain.iter().zip(&unit).all(|(a, b)| (a - b).abs() < 1e-9));
            }
        }
    }

    #[test]
    fn caps_hold() {
        let mut shares = [4.0, 3.0, 2.0, 1.0];
        cap_and_normalise(&mut shares, &[0.2, 0.35, 1.0, 1.0]);
        assert!(shares.iter().zip([0.2, 0.35, 0.3, 0.15]).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?}");
        let mut shares = [1.0, 1.0];
        cap_and_normalise(&mut shares, &[0.2, 0.3]);
        assert_eq!(shares, [0.2, 0.3]);
    }
}
