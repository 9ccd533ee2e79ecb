//! Planners against closed forms, with constants as inputs.

use outlay_environment::{Curve, CurveLine, Curves};
use proptest::prelude::*;

use super::testing::{P2, curves, line, one_step, p1, p3, powers, roots};
use super::{Plan, plan, split, water_fill};

/// Share of the optimum that every plan must reach.
const GATE: f64 = 1.0 - 1e-9;

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    let scale = b.iter().copied().fold(1e-300, f64::max);
    let near = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * scale);
    assert!(near, "{a:?}\n{b:?}");
}

/// A plan that is as good as it says and as good as it can be.
fn reaches(problem: &Curves, budget: f64, plan: &Plan, best: f64) {
    let value = problem.value(&plan.money);
    assert!((plan.value / value - 1.0).abs() < 1e-12, "says {}, brings {value}", plan.value);
    assert!(plan.spent() <= budget * (1.0 + 1e-12) && plan.money.iter().all(|x| *x >= 0.0));
    assert!(value >= GATE * best && value <= (1.0 + 1e-12) * best, "{value} of {best}");
}

/// Both planners on curves of one step.
fn both(lines: &[Curve], budget: f64, wanted: &[f64], best: f64, price: f64) {
    for plan in [split(lines, budget, None, None), plan(&one_step(lines), budget, None, None)] {
        reaches(&one_step(lines), budget, &plan, best);
        close(&plan.money, wanted, 1e-5);
        assert!((plan.multiplier / price - 1.0).abs() < 1e-6, "{} {price}", plan.multiplier);
    }
}

/// `x_i = B v_i^(1/(1-b)) / S`, `R = B^b S^(1-b)`, `S = sum v^(1/(1-b))`.
fn power_answer(values: &[f64], exponent: f64, budget: f64) -> (Vec<f64>, f64) {
    let parts: Vec<f64> = values.iter().map(|v| v.powf(1.0 / (1.0 - exponent))).collect();
    let sum: f64 = parts.iter().sum();
    (parts.iter().map(|part| budget * part / sum).collect(), budget.powf(exponent) * sum.powf(1.0 - exponent))
}

#[test]
fn p1_power_curves() {
    let (wanted, best) = power_answer(&[3.0, 2.0, 1.0], 0.5, 100.0);
    assert!((best - 37.416_573_867_739_416).abs() < 1e-12);
    both(&p1(), 100.0, &wanted, best, 0.5 * best / 100.0);
}

/// `x_i = sqrt(v_i k_i / price) - k_i` on the lines with the highest `v / k`, `1 / sqrt(price) = (B + sum k) / sum sqrt(v k)`.
fn hill_answer(lines: &[(f64, f64)], budget: f64) -> (Vec<f64>, f64, f64) {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|&a, &b| (lines[b].0 / lines[b].1).total_cmp(&(lines[a].0 / lines[a].1)));
    let (mut halves, mut roots, mut price) = (0.0, 0.0, f64::INFINITY);
    for i in order {
        let (v, k) = lines[i];
        if price <= v / k || price.is_infinite() {
            halves += k;
            roots += (v * k).sqrt();
            price = (roots / (budget + halves)).powi(2);
        }
    }
    let x: Vec<f64> = lines.iter().map(|(v, k)| ((v * k / price).sqrt() - k).max(0.0)).collect();
    let value = lines.iter().zip(&x).map(|((v, k), x)| v * x / (x + k)).sum();
    (x, value, price)
}

#[test]
fn p2_bad_lines_get_nothing_and_the_price_is_known() {
    for (budget, value, price) in [(30.0, 57.431_458, 1.225_685), (200.0, 144.302_490, 0.258_642)] {
        let lines = [(100.0, 50.0), (80.0, 20.0), (60.0, 100.0), (5.0, 40.0)];
        let (wanted, best, at) = hill_answer(&lines, budget);
        assert!((best - value).abs() < 1e-6 && (at - price).abs() < 1e-6);
        both(&P2, budget, &wanted, best, price);
        assert_eq!(split(&P2, budget, None, None).money[3], 0.0);
        assert_eq!(plan(&one_step(&P2), budget, None, None).money[3], 0.0);
    }
}

/// `a_ti = (B' / S) (w_ti v_i / p_ti)^2`, `R = sqrt(B' S)`, `p = 1 - r` and 1 in the last step, `B' = B + sum r a_0`;
/// none where a spend would be negative.
fn carry_over_answer(problem: &Curves, budget: f64) -> Option<(Vec<f64>, f64)> {
    let steps = problem.steps();
    let (mut money, mut sum) = (budget, 0.0);
    let mut parts = vec![0.0; steps * problem.lines.len()];
    for (i, line) in problem.lines.iter().enumerate() {
        money += line.retention * line.stock;
        let Curve::Power { value, .. } = line.curve else { return None };
        for (step, w) in line.weight.iter().enumerate() {
            let p = if step + 1 < steps { 1.0 - line.retention } else { 1.0 };
            parts[step * problem.lines.len() + i] = (w * value / p).powi(2);
            sum += (w * value).powi(2) / p;
        }
    }
    let mut plan = parts.clone();
    for (i, line) in problem.lines.iter().enumerate() {
        let mut before = line.stock;
        for step in 0..steps {
            let at = step * problem.lines.len() + i;
            let stock = money / sum * parts[at];
            plan[at] = stock - line.retention * before;
            before = stock;
        }
    }
    plan.iter().all(|x| *x >= 0.0).then(|| (plan, (money * sum).sqrt()))
}

#[test]
fn p3_carry_over_season_and_end() {
    let (wanted, best) = carry_over_answer(&p3(), 100.0).unwrap();
    let first = [10.6403, 7.4482, 20.7486, 35.3790, 11.1723, 3.4581, 0.1447];
    let second = [1.1456, 0.9165, 2.3485, 4.0669, 1.6611, 0.6301, 0.2401];
    let plan = plan(&p3(), 100.0, None, None);
    assert!((best - 175.180_162).abs() < 1e-6);
    for step in 0..7 {
        assert!((plan.money[2 * step] - first[step]).abs() < 1e-4);
        assert!((plan.money[2 * step + 1] - second[step]).abs() < 1e-4);
    }
    reaches(&p3(), 100.0, &plan, best);
    close(&plan.money, &wanted, 1e-6);
    assert!((plan.multiplier - 0.5 * best / 100.0).abs() < 1e-8);
}

/// `x_t = (v / c) (1 - r^(T-t+1)) / (1 - r)`, `J = c / 2 sum x^2`.
fn goodwill(value: f64, cost: f64, retention: f64, steps: usize) -> (Curves, Vec<f64>, f64) {
    let curve = Curve::Power { value, exponent: 1.0 };
    let problem =
        curves(vec![CurveLine { quadratic_cost: cost, ..line(curve, retention, &vec![1.0; steps]) }]);
    let x = |t: usize| value / cost * (1.0 - retention.powi((steps - t) as i32)) / (1.0 - retention);
    let plan: Vec<f64> = (0..steps).map(x).collect();
    let best = 0.5 * cost * plan.iter().map(|x| x * x).sum::<f64>();
    (problem, plan, best)
}

#[test]
fn p4_goodwill_and_quadratic_cost_keep_a_reserve() {
    let (problem, wanted, best) = goodwill(2.0, 0.5, 0.7, 12);
    assert!((best - 371.490_056).abs() < 1e-6);
    let plan = plan(&problem, 1000.0, None, None);
    reaches(&problem, 1000.0, &plan, best);
    close(&plan.money, &wanted, 1e-5);
    assert!(plan.multiplier < 1e-6);
}

#[test]
fn p5_floor_switches_the_constraint() {
    let problem = one_step(&p1());
    for budget in [60.0, 87.0, 90.0, 500.0] {
        let answer = if budget < 87.5 {
            power_answer(&[3.0, 2.0, 1.0], 0.5, budget)
        } else {
            (vec![56.25, 25.0, 6.25], 35.0)
        };
        for plan in [split(&p1(), budget, None, Some(0.4)), plan(&problem, budget, None, Some(0.4))] {
            reaches(&problem, budget, &plan, answer.1);
            close(&plan.money, &answer.0, 1e-5);
            assert!(plan.value >= 0.4 * plan.spent() * (1.0 - 1e-11));
        }
    }
}

/// Weights `c_t = 1 - d^(T-t+1)`: `x_t = B c_t^2 / sum c^2`, `R = sqrt(B sum c^2)`.
fn delayed(delay: f64, steps: usize, budget: f64) -> (Curves, Vec<f64>, f64) {
    let weight: Vec<f64> = (0..steps).map(|t| 1.0 - delay.powi((steps - t) as i32)).collect();
    let sum: f64 = weight.iter().map(|c| c * c).sum();
    let plan = weight.iter().map(|c| budget * c * c / sum).collect();
    (roots(&[(1.0, 0.0)], &weight), plan, (budget * sum).sqrt())
}

#[test]
fn p6_delayed_conversions() {
    let (problem, wanted, best) = delayed(0.6, 10, 100.0);
    assert!((best - 27.532_924).abs() < 1e-6);
    let plan = plan(&problem, 100.0, None, None);
    reaches(&problem, 100.0, &plan, best);
    close(&plan.money, &wanted, 1e-5);
}

/// `R = m v (s - 1) / s` for `B = m k (s - 1)^(1 / s)`: the tangent point on `m` days.
fn pulses(value: f64, half: f64, slope: f64, days: usize, steps: usize) -> (Curves, f64, f64, f64) {
    let point = half * (slope - 1.0).powf(1.0 / slope);
    let problem = curves(vec![line(Curve::Hill { value, half, slope }, 0.0, &vec![1.0; steps])]);
    (problem, point, days as f64 * point, days as f64 * value * (slope - 1.0) / slope)
}

#[test]
fn p9_pulsing_beats_smoothing() {
    let (problem, point, budget, best) = pulses(100.0, 50.0, 3.0, 5, 30);
    assert!((budget - 314.980).abs() < 1e-3 && (best - 333.333).abs() < 1e-3);
    let plan = plan(&problem, budget, None, None);
    reaches(&problem, budget, &plan, best);
    let mut days = plan.money.clone();
    days.sort_by(f64::total_cmp);
    close(&days[25..], &[point; 5], 1e-4);
    assert!(days[..25].iter().all(|x| *x < 1e-6));
    // The same five chances as five lines of one day.
    let lines = vec![Curve::Hill { value: 100.0, half: 50.0, slope: 3.0 }; 30];
    reaches(&one_step(&lines), budget, &split(&lines, budget, None, None), best);
}

#[test]
fn lines_shallow_curves_and_caps_are_split_exactly() {
    let linear = |value| Curve::Power { value, exponent: 1.0 };
    // The best line takes all; two alike share what a cap on the best leaves.
    let lines = [linear(3.0), linear(2.0), linear(2.0), linear(1.0)];
    let caps = [10.0, f64::INFINITY, f64::INFINITY, f64::INFINITY];
    let (money, price) = water_fill(&lines, &caps, 30.0);
    close(&money, &[10.0, 10.0, 10.0, 0.0], 1e-12);
    assert!((price - 2.0).abs() < 1e-12);
    let shallow = [Curve::Hill { value: 5.0, half: 3.0, slope: 0.6 }, P2[0], powers(&[2.0], 0.3)[0]];
    let (money, price) = water_fill(&shallow, &[f64::INFINITY; 3], 40.0);
    assert!((money.iter().sum::<f64>() - 40.0).abs() < 1e-9);
    for (curve, x) in shallow.iter().zip(&money) {
        assert!((curve.slope(*x) / price - 1.0).abs() < 1e-9);
    }
    close(&plan(&one_step(&shallow), 40.0, None, None).money, &money, 1e-5);
    let (money, _) = water_fill(&P2, &[10.0, 100.0, 100.0, 100.0], 200.0);
    assert_eq!(money[0], 10.0);
    assert!((money.iter().sum::<f64>() - 200.0).abs() < 1e-9);
    let capped = plan(&one_step(&P2), 200.0, Some(&[10.0, 100.0, 100.0, 100.0]), None);
    close(&capped.money, &money, 1e-5);
    assert_eq!(water_fill(&P2, &[1.0; 4], 200.0), (vec![1.0; 4], 0.0));
    close(&plan(&one_step(&P2), 200.0, Some(&[1.0; 4]), None).money, &[1.0; 4], 1e-9);
}

#[test]
fn units_change_no_share() {
    let problems = [
        (one_step(&p1()), 100.0),
        (one_step(&P2), 30.0),
        (one_step(&P2), 200.0),
        (p3(), 100.0),
        (goodwill(2.0, 0.5, 0.7, 12).0, 1000.0),
        (delayed(0.6, 10, 100.0).0, 100.0),
        (pulses(100.0, 50.0, 3.0, 5, 30).0, 314.98),
    ];
    for (problem, budget) in problems {
        let plain = plan(&problem, budget, None, None);
        for (money, response) in [(1e6, 1.0), (1.0, 1e-6), (1e6, 1e-6), (1e-2, 1e3)] {
            let unit = plan(&problem.in_units(1.0 / money, 1.0 / response), budget * money, None, None);
            for (a, b) in plain.money.iter().zip(&unit.money) {
                assert!((a / budget - b / (budget * money)).abs() < 1e-9, "{a} {b}");
            }
            assert!((unit.value / (plain.value * response) - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn nothing_to_gain_spends_nothing() {
    let nothing = one_step(&powers(&[0.0, 0.0], 0.5));
    assert_eq!(plan(&nothing, 10.0, None, None).money, [0.0, 0.0]);
    assert_eq!(plan(&p3(), 0.0, None, None).spent(), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn power_curves(values in prop::collection::vec(0.1..10.0, 1..6), exponent in 0.1..0.9, budget in 0.01..1e4) {
        let (wanted, best) = power_answer(&values, exponent, budget);
        both(&powers(&values, exponent), budget, &wanted, best, exponent * best / budget);
    }

    #[test]
    fn hill_curves(lines in prop::collection::vec((1.0..100.0, 5.0..100.0), 1..6), budget in 1.0..500.0) {
        let (wanted, best, price) = hill_answer(&lines, budget);
        let hills: Vec<Curve> =
            lines.iter().map(|&(value, half)| Curve::Hill { value, half, slope: 1.0 }).collect();
        both(&hills, budget, &wanted, best, price);
    }

    #[test]
    fn carry_over(
        lines in prop::collection::vec((0.5..5.0, 0.0..0.35), 1..5),
        weight in prop::collection::vec(0.9..1.1, 1..15),
        stock in 0.0..0.1,
        budget in 10.0..1000.0,
    ) {
        let mut problem = roots(&lines, &weight);
        problem.lines[0].stock = stock;
        let answer = carry_over_answer(&problem, budget);
        let plan = plan(&problem, budget, None, None);
        if let Some((wanted, best)) = answer {
            reaches(&problem, budget, &plan, best);
            close(&plan.money, &wanted, 1e-4);
        }
    }

    #[test]
    fn goodwill_for_any_constants(value in 0.5..5.0, cost in 0.1..2.0, retention in 0.0..0.9, steps in 1_usize..20) {
        let (problem, wanted, best) = goodwill(value, cost, retention, steps);
        let budget = 1.5 * wanted.iter().sum::<f64>();
        let plan = plan(&problem, budget, None, None);
        reaches(&problem, budget, &plan, best);
        close(&plan.money, &wanted, 1e-4);
    }

    #[test]
    fn floors(values in prop::collection::vec(0.5..5.0, 1..5), floor in 0.1..2.0) {
        let wanted: Vec<f64> = values.iter().map(|v| f64::powi(v / floor, 2)).collect();
        let spend: f64 = wanted.iter().sum();
        let lines = powers(&values, 0.5);
        for plan in
            [split(&lines, 3.0 * spend, None, Some(floor)), plan(&one_step(&lines), 3.0 * spend, None, Some(floor))]
        {
            reaches(&one_step(&lines), 3.0 * spend, &plan, floor * spend);
            close(&plan.money, &wanted, 1e-5);
        }
    }

    #[test]
    fn delays(delay in 0.05..0.95, steps in 1_usize..30, budget in 1.0..1e4) {
        let (problem, wanted, best) = delayed(delay, steps, budget);
        let plan = plan(&problem, budget, None, None);
        reaches(&problem, budget, &plan, best);
        close(&plan.money, &wanted, 1e-4);
    }

    #[test]
    fn pulses_for_any_constants(value in 1.0..100.0, half in 5.0..100.0, slope in 1.3..4.0, steps in 2_usize..30, part in 0.0..1.0) {
        let days = 1 + (part * (steps - 1) as f64) as usize;
        let (problem, _, budget, best) = pulses(value, half, slope, days, steps);
        reaches(&problem, budget, &plan(&problem, budget, None, None), best);
    }
}
