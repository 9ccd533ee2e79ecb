//! A value that no plan exceeds.
//!
//! Concave curves: the tangent at the plan found, `F(y) <= F(x) + F'(x) (y - x)`, maximised over all plans `y`. Any shape:
//! the Lagrangian dual, `D(price) = price * budget + sum_i best_i(price)`, with each line's best by [`Program`], at the
//! price where it is lowest (Everett 1963). What is between it and the best plan shrinks as lines and steps grow.

use outlay_environment::{Curve, CurveLine, Curves};
use rayon::prelude::*;

use super::dynamic::plan_and_bound;
use super::interior::{Local, ascend};
use super::program::Program;
use super::slopes::Slopes;
use super::starts::starts;

/// Most prices tried within the bracket, and how near the dual must come to its lowest value.
const ROUNDS: usize = 24;
const TOLERANCE: f64 = 1e-6;

/// An upper bound on the value of plans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The bound, in the unit of the response.
    pub value: f64,
    /// The price of money that proves it.
    pub multiplier: f64,
    /// Whether it comes of the problem itself. With synergy it is that of a richer problem, in which every line is lifted
    /// as if the others were as saturated as all the money could make them: still above every plan, but far.
    pub certified: bool,
}

/// A value that no plan of at most `budget` exceeds ([`Curves::value`]), in the unit of the response.
///
/// On concave curves within some 1e-8 of the best plan's; on S-shaped ones within the gap of the dual.
#[must_use]
pub fn bound(curves: &Curves, budget: f64) -> Bound {
    plan_and_bound(curves, budget).1
}

/// The best plan found and a bound, for lines in units of the budget and `caps` in shares of it.
pub(super) fn best_with_bound(curves: &Curves, caps: &[f64]) -> (Local, Bound) {
    let mut slopes = Slopes::new(curves);
    if curves.has_synergy() {
        // Two problems without it, that of lines alone and that of lines lifted as far as can be, give the starts.
        let (lifted, bound) = best_with_bound(&lifted(curves), caps);
        let (alone, _) = best_with_bound(&Curves { synergy: Vec::new(), ..curves.clone() }, caps);
        let locals = [lifted, alone].map(|start| ascend(&mut slopes, caps, &start.shares, 1e-3));
        return (best(locals), Bound { certified: false, ..bound });
    }
    let even = vec![1.0 / caps.len() as f64; caps.len()];
    let first = ascend(&mut slopes, caps, &even, 0.1);
    if curves.lines.iter().all(|line| line.curve.is_concave()) {
        let value = first.value + first.gap.max(0.0) + 1e-13 * first.value.abs();
        let bound = Bound { value, multiplier: first.multiplier, certified: true };
        return (first, bound);
    }
    let dual = Dual::new(curves, &first.shares);
    let mut locals = vec![first];
    for mut start in starts(curves, &dual.paths, dual.around) {
        start.iter_mut().zip(caps).for_each(|(x, cap)| *x = x.min(*cap));
        locals.push(ascend(&mut slopes, caps, &start, 1e-7));
    }
    (best(locals), Bound { value: dual.value, multiplier: dual.price, certified: true })
}

/// The first of the highest value.
fn best(locals: impl IntoIterator<Item = Local>) -> Local {
    let better = |best: Local, next: Local| if next.value > best.value { next } else { best };
    locals.into_iter().reduce(better).unwrap_or(Local {
        shares: Vec::new(),
        value: 0.0,
        multiplier: 0.0,
        gap: 0.0,
    })
}

/// Lines without synergy of which each brings at least what it can with it.
fn lifted(curves: &Curves) -> Curves {
    let lines = curves.lines.len();
    let lift = |i: usize| -> f64 {
        let row = &curves.synergy[i * lines..(i + 1) * lines];
        let highest = |line: &CurveLine| line.curve.saturation(1.0 + line.stock);
        1.0 + row.iter().zip(&curves.lines).map(|(entry, line)| entry.max(0.0) * highest(line)).sum::<f64>()
    };
    let line = |(i, line): (usize, &CurveLine)| CurveLine {
        curve: Curve::scaled(line.curve, lift(i)),
        ..line.clone()
    };
    Curves { lines: curves.lines.iter().enumerate().map(line).collect(), synergy: Vec::new() }
}

/// The dual at its lowest, and the paths of each line at all prices tried.
struct Dual {
    value: f64,
    price: f64,
    /// `[lines][prices][steps]`.
    paths: Vec<Vec<Vec<f64>>>,
    /// Which of them cost just less than the budget, and just more.
    around: [usize; 2],
}

/// The dual at a price, and what is spent there beyond the budget.
#[derive(Debug, Clone, Copy)]
struct Tried {
    price: f64,
    value: f64,
    excess: f64,
}

impl Dual {
    /// For lines in units of the budget; `near` (`[steps * lines]`) is a good plan.
    fn new(curves: &Curves, near: &[f64]) -> Self {
        let lines = curves.lines.len();
        let mut programs: Vec<Program<'_>> = curves
            .lines
            .iter()
            .enumerate()
            .map(|(i, line)| {
                Program::new(line, 1.0, &near.iter().skip(i).step_by(lines).copied().collect::<Vec<_>>())
            })
            .collect();
        let mut dual =
            Self { value: f64::INFINITY, price: 0.0, paths: vec![Vec::new(); lines], around: [0; 2] };
        let mut low = dual.try_price(&mut programs, 1.0);
        let mut high = low;
        if low.excess > 0.0 {
            while high.excess > 0.0 && high.price < 1e12 {
                low = high;
                high = dual.try_price(&mut programs, 4.0 * high.price);
            }
        } else {
            while low.excess <= 0.0 && low.price > 1e-9 {
                high = low;
                low = dual.try_price(&mut programs, 0.25 * low.price);
            }
            if low.excess <= 0.0 {
                // Money is not scarce.
                dual.try_price(&mut programs, 0.0);
                return dual;
            }
        }
        for _ in 0..ROUNDS {
            // The dual is convex, and falls by what is spent in excess: its lowest value lies above the tangents' meeting.
            let price = (high.value - low.value - low.excess * low.price + high.excess * high.price)
                / (high.excess - low.excess);
            if dual.value - (low.value - low.excess * (price - low.price)) <= TOLERANCE * dual.value {
                break;
            }
            let margin = 0.1 * (high.price - low.price);
            let next = dual.try_price(&mut programs, price.clamp(low.price + margin, high.price - margin));
            if next.excess > 0.0 { low = next } else { high = next }
        }
        dual
    }

    fn try_price(&mut self, programs: &mut [Program<'_>], price: f64) -> Tried {
        let solve = |program: &mut Program<'_>| {
            let value = program.solve(price);
            let mut path = vec![0.0; program.steps()];
            program.path(&mut path);
            (value, path)
        };
        // Gathered before it is added up, so that the order of the sum does not depend on threads.
        let solved: Vec<(f64, Vec<f64>)> = programs.par_iter_mut().map(solve).collect();
        let (mut value, mut spend) = (price, 0.0);
        for ((best, path), paths) in solved.into_iter().zip(&mut self.paths) {
            value += best;
            spend += path.iter().sum::<f64>();
            paths.push(path);
        }
        if value < self.value {
            (self.value, self.price) = (value, price);
        }
        self.around[usize::from(spend > 1.0)] = self.paths.first().map_or(0, |paths| paths.len() - 1);
        Tried { price, value, excess: spend - 1.0 }
    }
}
