//! Families of random problems, for tests and measurements.

use std::f64::consts::TAU;

use outlay_environment::{Curve, CurveLine, Curves, Key};

/// Shape of the curves of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Hill slopes of at most 1.
    Concave,
    /// Hill slopes in (0.7, 1.3), as fitted media-mix models have them; some curves are slightly S-shaped.
    Fitted,
    /// Hill slopes in (1.5, 3), and a tight budget.
    SShaped,
}

/// Instance `seed` of a family and its budget: ceilings `100 LogN(0, 0.5)`, retentions U(0.1, 0.8), half-saturation
/// `40 LogN(0, 0.4) / (1 - retention)`, a weekly season of 30 % with a phase for each line, two days of promotion with
/// 2.5 times the response; budget `20 * lines * steps` times 0.6, or 0.35 where it is tight. The figures are assumed.
#[must_use]
pub fn family(shape: Shape, lines: usize, steps: usize, seed: u64) -> (Curves, f64) {
    let key = Key::new(seed).with_name("family");
    let promotions = [0, 1].map(|k| (key.with(k).uniform() * steps as f64) as usize);
    let line = |i: usize| {
        let draw = |what: &str| key.with_name(what).with(i as u64);
        let retention = 0.1 + 0.7 * draw("retention").uniform();
        let (least, most) = match shape {
            Shape::Concave => (0.7, 1.0),
            Shape::Fitted => (0.7, 1.3),
            Shape::SShaped => (1.5, 3.0),
        };
        let curve = Curve::Hill {
            value: 100.0 * libm::exp(0.5 * draw("value").normal()),
            half: 40.0 * libm::exp(0.4 * draw("half").normal()) / (1.0 - retention),
            slope: least + (most - least) * draw("slope").uniform(),
        };
        let phase = draw("phase").uniform();
        let weight = |step: usize| {
            let season = 1.0 + 0.3 * libm::sin(TAU * (step as f64 / 7.0 + phase));
            season * if promotions.contains(&step) { 2.5 } else { 1.0 }
        };
        CurveLine {
            curve,
            retention,
            stock: 0.0,
            weight: (0..steps).map(weight).collect(),
            quadratic_cost: 0.0,
        }
    };
    let curves = Curves { lines: (0..lines).map(line).collect(), synergy: Vec::new() };
    let part = if shape == Shape::SShaped { 0.35 } else { 0.6 };
    (curves, part * 20.0 * (lines * steps) as f64)
}
