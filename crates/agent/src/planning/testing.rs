//! Problems with a known answer.

use outlay_environment::{Curve, CurveLine, Curves};

pub(super) const P2: [Curve; 4] = [
    Curve::Hill { value: 100.0, half: 50.0, slope: 1.0 },
    Curve::Hill { value: 80.0, half: 20.0, slope: 1.0 },
    Curve::Hill { value: 60.0, half: 100.0, slope: 1.0 },
    Curve::Hill { value: 5.0, half: 40.0, slope: 1.0 },
];

pub(super) fn powers(values: &[f64], exponent: f64) -> Vec<Curve> {
    values.iter().map(|&value| Curve::Power { value, exponent }).collect()
}

pub(super) fn p1() -> Vec<Curve> {
    powers(&[3.0, 2.0, 1.0], 0.5)
}

pub(super) fn line(curve: Curve, retention: f64, weight: &[f64]) -> CurveLine {
    CurveLine { curve, retention, stock: 0.0, weight: weight.to_vec(), quadratic_cost: 0.0 }
}

pub(super) fn curves(lines: Vec<CurveLine>) -> Curves {
    Curves { lines, synergy: Vec::new() }
}

pub(super) fn one_step(lines: &[Curve]) -> Curves {
    curves(lines.iter().map(|curve| line(*curve, 0.0, &[1.0])).collect())
}

/// Lines `(value, retention)` with square-root response and one calendar.
pub(super) fn roots(lines: &[(f64, f64)], weight: &[f64]) -> Curves {
    let root =
        |&(value, retention): &(f64, f64)| line(Curve::Power { value, exponent: 0.5 }, retention, weight);
    curves(lines.iter().map(root).collect())
}

pub(super) fn p3() -> Curves {
    roots(&[(4.0, 0.3), (1.5, 0.2)], &[1.0, 1.0, 1.5, 2.0, 1.5, 1.0, 0.8])
}
