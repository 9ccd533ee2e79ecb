//! The best a line can do when money has a price: dynamic programming on its stock, rounded upward.
//!
//! ```text
//! best(price) = max over x >= 0 of sum_t [ weight_t f(a_t) - cost / 2 x_t^2 - price x_t ],   a_t = x_t + r a_(t-1)
//! ```
//!
//! **The recursion.** Without the quadratic cost and with a price `p_t` for each step, the value `V_t(a)` of what follows a
//! stock `a` is, by the choice of the next stock `b >= r a`,
//!
//! ```text
//! V_t(a) = p r a + M(r a),   M(s) = max over b >= s of q(b),   q(b) = weight f(b) - p b + V_(t+1)(b)
//! ```
//!
//! so all transitions of a step are one running maximum from the right.
//!
//! **Why its value is never too low.** Stocks form a ladder, 0 and `first * ratio^j`, with `ratio = r^(-1/m)`, so that the
//! decay `r` moves every cell of the ladder onto another cell and 0 on 0. On each cell `f` is replaced by a line above it
//! (`upper_nodes`, below). Suppose `V_(t+1)` has a bound that is linear on each cell. Then so has `q`, with values
//! `q_j` at the nodes. `M(s)` for `s` in cell `j` is the larger of `M_(j+1)` and that line: a convex function of `s`,
//! hence below its chord, which runs from `M_j = max(q_j, M_(j+1))` to `M_(j+1)`. And `s = r a` runs through exactly one
//! cell as `a` runs through one, so the bound of `V_t` is linear on each cell again; `V` after the last step is 0. The
//! largest stock of the ladder is more than all money together can make.
//!
//! The cost `c / 2 x^2` is at least its tangent `c z x - c / 2 z^2` at any `z`; with `z` a good plan's spend it becomes a
//! price of `c z_t` and a constant, which keeps the bound valid for every plan, and tight near that one.

use outlay_environment::{Curve, CurveLine};

/// Ratio of neighbouring stocks, at most. The error of the bound is quadratic in it, some 1e-5 of the value.
const RATIO: f64 = 1.01;
/// Smallest stock beside 0, relative to the largest.
const FIRST: f64 = 1e-8;
/// Above this retention the stock is treated as permanent, which only raises the bound.
const PERMANENT: f64 = 0.9995;
/// What rounding of the recursion may have lost, relative to its terms.
const ROUNDING: f64 = 1e-11;

/// One line's dynamic program.
#[derive(Debug, Clone)]
pub struct Program<'a> {
    line: &'a CurveLine,
    retention: f64,
    /// Stocks.
    nodes: Vec<f64>,
    /// The curve at the stocks, raised so that the lines between lie above it.
    upper: Vec<f64>,
    /// Decay moves a stock down by this many nodes.
    shift: usize,
    /// `[steps]` price of money by the tangent of the quadratic cost, and its constant.
    tangent: Vec<f64>,
    constant: f64,
    /// `[nodes]` `M` of the step in hand.
    ahead: Vec<f64>,
    /// `[steps * nodes]` node that is best to go to from each.
    choice: Vec<u32>,
}

impl<'a> Program<'a> {
    /// A program for `line`, on which no plan spends more than `most`. `near` (`[steps]`) is a plan at which the tangents
    /// of a quadratic cost are laid; without such a cost it does not matter.
    #[must_use]
    pub fn new(line: &'a CurveLine, most: f64, near: &[f64]) -> Self {
        let retention = if line.retention > PERMANENT { 1.0 } else { line.retention };
        let top = 1.000_001 * (most + line.stock).max(f64::MIN_POSITIVE);
        let fall = -libm::log(retention);
        // Retention 0 moves every stock to 0, and 1 none.
        let (ratio, shift) = if fall > 0.0 && fall.is_finite() {
            let shift = (fall / libm::log(RATIO)).ceil();
            (libm::exp(fall / shift), shift as usize)
        } else {
            (RATIO, if fall > 0.0 { usize::MAX } else { 0 })
        };
        let mut nodes = vec![0.0, FIRST * top];
        let growth = libm::log(ratio);
        while nodes[nodes.len() - 1] < top {
            nodes.push(FIRST * top * libm::exp(growth * (nodes.len() - 1) as f64));
        }
        let upper = upper_nodes(&line.curve, &nodes);
        let steps = line.weight.len();
        let tangent: Vec<f64> = near.iter().map(|z| line.quadratic_cost * z).collect();
        let constant = near.iter().map(|z| 0.5 * line.quadratic_cost * z * z).sum();
        let (ahead, choice) = (vec![0.0; nodes.len()], vec![0; steps * nodes.len()]);
        Self { line, retention, nodes, upper, shift, tangent, constant, ahead, choice }
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.line.weight.len()
    }

    /// An upper bound of what any plan brings, its money paid at `price`. Keeps the choices for [`Self::path`].
    pub fn solve(&mut self, price: f64) -> f64 {
        let (count, steps) = (self.nodes.len(), self.line.weight.len());
        let kept = (self.shift.saturating_add(1)).min(count);
        self.ahead.fill(0.0);
        for step in (0..steps).rev() {
            let next = if step + 1 < steps { price + self.tangent[step + 1] } else { 0.0 };
            // What a unit of stock costs, less what it saves in the next step.
            let cost = price + self.tangent[step] - next * self.retention;
            let weight = self.line.weight[step];
            let choice = &mut self.choice[step * count..(step + 1) * count];
            let (zero, first) = (self.ahead[0], self.ahead[1] - self.ahead[0]);
            let slope = self.retention / self.nodes[1];
            let (mut best, mut to) = (f64::NEG_INFINITY, count - 1);
            // From the right, in place: what is read lies left of what was written.
            for j in (kept..count).rev() {
                let value = weight * self.upper[j] - cost * self.nodes[j] + self.ahead[j - self.shift];
                if value > best {
                    (best, to) = (value, j);
                }
                self.ahead[j] = best;
                choice[j] = to as u32;
            }
            // Stocks whose decay ends in the first cell.
            for j in (0..kept).rev() {
                let after = zero + first * (self.nodes[j] * slope);
                let value = weight * self.upper[j] - cost * self.nodes[j] + after;
                if value > best {
                    (best, to) = (value, j);
                }
                self.ahead[j] = best;
                choice[j] = to as u32;
            }
        }
        let start = self.retention * self.line.stock;
        let paid = if steps > 0 { price + self.tangent[0] } else { 0.0 };
        let cell = self.cell(start);
        let (left, right) = (self.nodes[cell], self.nodes[cell + 1]);
        let along = ((start - left) / (right - left)).clamp(0.0, 1.0);
        let value = self.ahead[cell] + along * (self.ahead[cell + 1] - self.ahead[cell]);
        let guard = ROUNDING * (value.abs() + paid * self.nodes[count - 1]);
        value + paid * start + self.constant + guard
    }

    /// The plan (`[steps]` money) that the last [`Self::solve`] found best, to the width of a cell.
    pub fn path(&self, plan: &mut [f64]) {
        let count = self.nodes.len();
        let mut stock = self.line.stock;
        for (x, choice) in plan.iter_mut().zip(self.choice.chunks(count)) {
            stock *= self.retention;
            let cell = self.cell(stock);
            // A node that is its own best choice: the stock above it is better left as it is, too.
            let to =
                if choice[cell] as usize == cell { stock } else { self.nodes[choice[cell + 1] as usize] };
            *x = (to - stock).max(0.0);
            stock += *x;
        }
    }

    /// The cell in which a stock lies.
    fn cell(&self, stock: f64) -> usize {
        (self.nodes.partition_point(|node| *node <= stock).max(1) - 1).min(self.nodes.len() - 2)
    }
}

/// `[nodes]` values whose interpolation lies above a curve.
///
/// Within a cell of width `h` let `most` and `least` bound the slope from both sides and `chord` be the slope of the chord.
/// The curve lies below both lines of slope `most` from the left end and `least` into the right end; they meet
/// `(most - chord) (chord - least) / (most - least) h` above the chord. Raising both ends by that much is enough.
fn upper_nodes(curve: &Curve, nodes: &[f64]) -> Vec<f64> {
    let values: Vec<f64> = nodes.iter().map(|x| curve.value(*x)).collect();
    let bend = curve.inflection();
    let steepest = curve.slope(bend);
    let mut upper = values.clone();
    for j in 0..nodes.len() - 1 {
        let width = nodes[j + 1] - nodes[j];
        let chord = (values[j + 1] - values[j]) / width;
        let ends = (curve.slope(nodes[j]), curve.slope(nodes[j + 1]));
        // A convex cell lies below its chord.
        let lift = if nodes[j + 1] <= bend {
            0.0
        } else if j == 0 {
            // The slope at 0 may be infinite.
            if bend > 0.0 { values[1] } else { (chord - ends.1).max(0.0) * width }
        } else {
            let most = if nodes[j] < bend { steepest } else { ends.0 };
            let least = ends.0.min(ends.1);
            if most > least {
                (most - chord).max(0.0) * (chord - least).max(0.0) / (most - least) * width
            } else {
                0.0
            }
        };
        upper[j] = upper[j].max(values[j] + lift);
        upper[j + 1] = upper[j + 1].max(values[j + 1] + lift);
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::super::testing::line;
    use super::*;

    /// The best value by trying every path over a fine grid of spends.
    fn brute_force(line: &CurveLine, price: f64, spends: &[f64], step: usize, stock: f64) -> f64 {
        let Some(weight) = line.weight.get(step) else { return 0.0 };
        let value = |x: f64| {
            let stock = x + line.retention * stock;
            weight * line.curve.value(stock) - 0.5 * line.quadratic_cost * x * x - price * x
                + brute_force(line, price, spends, step + 1, stock)
        };
        spends.iter().map(|x| value(*x)).fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn close_above_brute_force() {
        let s_shaped = Curve::Hill { value: 10.0, half: 4.0, slope: 2.5 };
        let spends: Vec<f64> = (0..150).map(|k| 0.1 * f64::from(k)).collect();
        for curve in [
            s_shaped,
            Curve::Hill { value: 10.0, half: 4.0, slope: 0.8 },
            Curve::Power { value: 1.0, exponent: 0.5 },
        ] {
            for retention in [0.0, 0.2, 0.7, 0.9999, 1.0] {
                for price in [0.5, 0.8, 1.5] {
                    let line = CurveLine { stock: 2.0, ..line(curve, retention, &[1.0, 2.0]) };
                    let best = brute_force(&line, price, &spends, 0, line.stock);
                    let mut program = Program::new(&line, 40.0, &[0.0; 2]);
                    let bound = program.solve(price);
                    assert!(
                        bound >= best && bound < 1.02 * best,
                        "{curve:?} {retention} {price}: {best} {bound}"
                    );
                    let mut path = [0.0; 2];
                    program.path(&mut path);
                    let mut stock = line.stock;
                    let mut value = 0.0;
                    for (x, weight) in path.iter().zip(&line.weight) {
                        stock = x + retention * stock;
                        value += weight * curve.value(stock) - price * x;
                    }
                    assert!(
                        value > 0.995 * best - 1e-3 && value <= bound,
                        "{curve:?} {retention} {price}: {value} of {best}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_cost_keeps_the_bound_above_every_plan() {
        let spends: Vec<f64> = (0..80).map(|k| 0.2 * f64::from(k)).collect();
        let curve = Curve::Hill { value: 10.0, half: 4.0, slope: 2.5 };
        let line = CurveLine { quadratic_cost: 0.2, ..line(curve, 0.5, &[1.0, 2.0, 0.7]) };
        let best = brute_force(&line, 0.5, &spends, 0, 0.0);
        for near in [[0.0; 3], [3.0, 5.0, 0.0], [10.0; 3]] {
            assert!(Program::new(&line, 40.0, &near).solve(0.5) >= best);
        }
    }

    #[test]
    fn raised_nodes_lie_above_the_curve() {
        for slope in [0.5, 1.0, 1.7, 4.0] {
            let curve = Curve::Hill { value: 3.0, half: 7.0, slope };
            let nodes: Vec<f64> = (0..60).map(|j| 0.02 * libm::exp(0.15 * f64::from(j)) - 0.02).collect();
            let upper = upper_nodes(&curve, &nodes);
            for j in 0..nodes.len() - 1 {
                for part in 0..=20 {
                    let part = f64::from(part) / 20.0;
                    let x = nodes[j] + part * (nodes[j + 1] - nodes[j]);
                    assert!(upper[j] + part * (upper[j + 1] - upper[j]) >= curve.value(x) - 1e-14);
                }
            }
        }
    }
}
