//! The bound against every plan that can be thought of, and the derivatives that all planners rest on.

use outlay_environment::{Curve, CurveLine, Curves, Key};

use super::instances::{Shape, family};
use super::slopes::Slopes;
use super::{Response, plan, plan_and_bound};

fn random(key: Key, lines: usize, steps: usize) -> Curves {
    let line = |i: usize| {
        let draw = |what: &str| key.with_name(what).with(i as u64);
        let uniform = |what: &str| draw(what).uniform();
        let value = 10.0 * libm::exp(draw("value").normal());
        let half = 20.0 * libm::exp(draw("half").normal());
        let curve = match draw("kind").bits() % 4 {
            0 => Curve::Power { value, exponent: 0.2 + 0.8 * uniform("exponent") },
            1 => Curve::Hill { value, half, slope: 0.5 + 0.5 * uniform("slope") },
            _ => Curve::Hill { value, half, slope: 1.0 + 3.0 * uniform("slope") },
        };
        let retention = [0.0, 0.3, 0.9, 1.0, uniform("retention")][(draw("decay").bits() % 5) as usize];
        let quadratic_cost = if draw("costs").bits() % 4 == 0 { 0.02 * uniform("cost") } else { 0.0 };
        let stock = if draw("stocked").bits() % 2 == 0 { 30.0 * uniform("stock") } else { 0.0 };
        let weight = (0..steps).map(|step| 2.0 * draw("weight").with(step as u64).uniform()).collect();
        CurveLine { curve, retention, stock, weight, quadratic_cost }
    };
    Curves { lines: (0..lines).map(line).collect(), synergy: Vec::new() }
}

/// Random money: shares of a flat Dirichlet distribution for `spread` 1, sparser ones above.
fn dirichlet(key: Key, cells: usize, spread: f64, budget: f64) -> Vec<f64> {
    let parts: Vec<f64> =
        (0..cells).map(|cell| libm::pow(-libm::log(key.with(cell as u64).uniform()), spread)).collect();
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| budget * part / sum).collect()
}

#[test]
fn no_plan_exceeds_the_bound() {
    for seed in 0..1000 {
        let key = Key::new(seed).with_name("world");
        let (lines, steps) = (1 + (key.with(1).bits() % 5) as usize, 1 + (key.with(2).bits() % 20) as usize);
        let curves = random(key, lines, steps);
        let cells = lines * steps;
        let budget = 10.0 * cells as f64 * libm::exp(key.with(3).normal());
        let (plan, bound) = plan_and_bound(&curves, budget);
        assert!(bound.certified && plan.spent() <= budget * (1.0 + 1e-12));
        let mut plans = vec![plan.money, vec![0.0; cells], vec![budget / cells as f64; cells]];
        plans.extend((0..10).map(|k| dirichlet(key.with(4).with(k), cells, 1.0 + 2.0 * k as f64, budget)));
        // All money in one cell, or on every n-th step of one line.
        for every in 1..=steps {
            for at in 0..lines {
                let days = steps.div_ceil(every) as f64;
                let mut pulse = vec![0.0; cells];
                (0..steps).step_by(every).for_each(|step| pulse[step * lines + at] = budget / days);
                plans.push(pulse);
            }
        }
        for plan in plans {
            let value = curves.value(&plan);
            assert!(value <= bound.value, "seed {seed}: {value} over {}", bound.value);
        }
    }
}

#[test]
fn gaps_are_small() {
    for (shape, most) in [(Shape::Concave, 1e-6), (Shape::Fitted, 1e-4), (Shape::SShaped, 2e-3)] {
        let gap = |seed: u64| {
            let (curves, budget) = family(shape, 6, 60, seed);
            let (plan, bound) = plan_and_bound(&curves, budget);
            (bound.value - plan.value) / bound.value
        };
        let mean = (0..4).map(gap).sum::<f64>() / 4.0;
        assert!((0.0..most).contains(&mean), "{shape:?}: {mean}");
    }
}

#[test]
fn the_gradient_is_the_derivative() {
    for (synergy, seed) in [(false, 1), (true, 2), (true, 3)] {
        let mut curves = random(Key::new(seed), 3, 5);
        if synergy {
            curves.synergy = (0..9).map(|at| 0.5 * Key::new(seed).with(at).normal()).collect();
        }
        let plan = dirichlet(Key::new(seed), 15, 1.0, 200.0);
        let mut slopes = Slopes::new(&curves);
        let (mut gradient, mut bend) = (vec![0.0; 15], vec![0.0; 15]);
        let value = slopes.at(&plan, &mut gradient, &mut bend);
        assert!((value / curves.value(&plan) - 1.0).abs() < 1e-14);
        for cell in 0..15 {
            let at = |change: f64| {
                let mut plan = plan.clone();
                plan[cell] += change;
                curves.value(&plan)
            };
            let step = 1e-5 * plan[cell];
            let difference = (at(step) - at(-step)) / (2.0 * step);
            assert!(
                (difference - gradient[cell]).abs() < 1e-5 * gradient[cell].abs().max(0.01),
                "cell {cell}"
            );
        }
    }
}

#[test]
fn synergy_moves_money_to_lines_that_lift_others() {
    let hill = |value| Curve::Hill { value, half: 50.0, slope: 1.0 };
    let line = |value| super::testing::line(hill(value), 0.3, &[1.0; 10]);
    let mut curves = Curves { lines: vec![line(100.0), line(20.0)], synergy: Vec::new() };
    let (plain, _) = plan_and_bound(&curves, 500.0);
    curves.synergy = vec![0.0, 0.8, 0.0, 0.0];
    let (tied, bound) = plan_and_bound(&curves, 500.0);
    let second = |money: &[f64]| money.iter().skip(1).step_by(2).sum::<f64>();
    assert!(second(&tied.money) > 1.5 * second(&plain.money));
    assert!(tied.value > curves.value(&plain.money) && bound.value >= tied.value && !bound.certified);
}

#[test]
fn plans_with_synergy_cannot_be_improved_by_small_changes() {
    for shape in [Shape::Concave, Shape::SShaped] {
        for seed in 0..4 {
            let (mut curves, budget) = family(shape, 6, 60, seed);
            let entry = |at: u64| {
                let key = Key::new(seed).with_name("synergy").with(at);
                if key.uniform() < 0.3 { 0.25 * key.with(1).normal().abs() } else { 0.0 }
            };
            curves.synergy = (0..36).map(|at| if at % 7 == 0 { 0.0 } else { entry(at) }).collect();
            let (plan, bound) = plan_and_bound(&curves, budget);
            let mut gradient = vec![0.0; 360];
            curves.gradient(&plan.money, &mut gradient);
            let most = gradient.iter().copied().fold(0.0, f64::max);
            let now: f64 = gradient.iter().zip(&plan.money).map(|(slope, x)| slope * x).sum();
            assert!(
                (most * budget - now) / plan.value < 1e-6,
                "{shape:?} {seed}: {}",
                (most * budget - now) / plan.value
            );
            assert!(bound.value >= plan.value);
        }
    }
}

#[test]
fn caps_bind_and_units_change_no_share_of_large_plans() {
    for shape in [Shape::Concave, Shape::Fitted, Shape::SShaped] {
        let (curves, budget) = family(shape, 4, 30, 3);
        let free = plan(&curves, budget, None, None);
        let caps = vec![3.0 * budget / 120.0; 120];
        for caps in [None, Some(&caps[..])] {
            let plain = plan(&curves, budget, caps, None);
            if let Some(caps) = caps {
                assert!(plain.value < free.value && plain.spent() > 0.999_999 * budget);
                assert!(plain.money.iter().zip(caps).all(|(x, cap)| x <= cap));
            }
            let unit_caps: Option<Vec<f64>> = caps.map(|caps| caps.iter().map(|cap| 1e6 * cap).collect());
            let unit = plan(&curves.in_units(1e-6, 1e6), 1e6 * budget, unit_caps.as_deref(), None);
            for (a, b) in plain.money.iter().zip(&unit.money) {
                assert!((a - b * 1e-6).abs() < 1e-9 * budget, "{shape:?}: {a} {}", b * 1e-6);
            }
        }
    }
}

#[test]
fn floors_hold_on_every_shape() {
    for shape in [Shape::Concave, Shape::SShaped] {
        let (curves, budget) = family(shape, 3, 20, 5);
        let budget = 3.0 * budget;
        let free = plan(&curves, budget, None, None);
        let floor = 1.2 * free.value / free.spent();
        let kept = plan(&curves, budget, None, Some(floor));
        assert!(kept.value >= floor * kept.spent() * (1.0 - 1e-11));
        assert!(
            kept.value > 0.5 * free.value && kept.spent() < free.spent(),
            "{shape:?}: {} of {}, {} of {}",
            kept.value,
            free.value,
            kept.spent(),
            free.spent()
        );
    }
}
