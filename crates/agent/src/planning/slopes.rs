//! The value of a plan for lines of known curves, its gradient, and its curvature by stock.

use outlay_environment::Curves;

use super::mirror::Response;

/// Values and derivatives of [`Curves`] at plans `[steps * lines]`, row by row, with the memory they need.
#[derive(Debug)]
pub(super) struct Slopes<'a> {
    curves: &'a Curves,
    synergy: bool,
    /// `[lines]` each.
    stock: Vec<f64>,
    later: Vec<f64>,
    response: Vec<[f64; 3]>,
    share: Vec<[f64; 3]>,
    weight: Vec<f64>,
}

impl<'a> Slopes<'a> {
    pub(super) fn new(curves: &'a Curves) -> Self {
        let lines = curves.lines.len();
        Self {
            curves,
            synergy: curves.has_synergy(),
            stock: vec![0.0; lines],
            later: vec![0.0; lines],
            response: vec![[0.0; 3]; lines],
            share: vec![[0.0; 3]; lines],
            weight: vec![0.0; lines],
        }
    }

    pub(super) fn curves(&self) -> &'a Curves {
        self.curves
    }

    /// The value of `plan`; `gradient` becomes its derivative by money, `bend` the second derivative of each step's
    /// response by the stock of that step (of a pair of lines that synergy ties, only each one's own).
    pub(super) fn at(&mut self, plan: &[f64], gradient: &mut [f64], bend: &mut [f64]) -> f64 {
        let (curves, lines) = (self.curves, self.curves.lines.len());
        for (stock, line) in self.stock.iter_mut().zip(&curves.lines) {
            *stock = line.stock;
        }
        let mut total = 0.0;
        let rows = plan.chunks(lines).zip(gradient.chunks_mut(lines)).zip(bend.chunks_mut(lines));
        for (step, ((spend, slopes), bends)) in rows.enumerate() {
            for (i, line) in curves.lines.iter().enumerate() {
                self.stock[i] = spend[i] + line.retention * self.stock[i];
                self.weight[i] = line.weight[step];
                self.response[i] = line.curve.jet(self.stock[i]);
                slopes[i] = self.weight[i] * self.response[i][1];
                bends[i] = self.weight[i] * self.response[i][2];
                total += self.weight[i] * self.response[i][0];
                total -= 0.5 * line.quadratic_cost * spend[i] * spend[i];
            }
            if self.synergy {
                total += self.synergy(slopes, bends);
            }
        }
        // Carry-over backwards: money in a step also serves every later one.
        self.later.fill(0.0);
        for (spend, slopes) in plan.chunks(lines).zip(gradient.chunks_mut(lines)).rev() {
            for (i, line) in curves.lines.iter().enumerate() {
                self.later[i] = slopes[i] + line.retention * self.later[i];
                slopes[i] = self.later[i] - line.quadratic_cost * spend[i];
            }
        }
        total
    }

    /// Adds what lines do to each other in one step to its slopes and bends; returns the response that this adds.
    fn synergy(&mut self, slopes: &mut [f64], bends: &mut [f64]) -> f64 {
        let (curves, lines) = (self.curves, self.curves.lines.len());
        for ((share, line), stock) in self.share.iter_mut().zip(&curves.lines).zip(&self.stock) {
            *share = line.curve.saturation_jet(*stock);
        }
        let mut total = 0.0;
        for i in 0..lines {
            // What the others make of this line, and this line of the others.
            let (mut lift, mut lent) = (0.0, 0.0);
            for j in 0..lines {
                lift += curves.synergy[i * lines + j] * self.share[j][0];
                lent += curves.synergy[j * lines + i] * self.weight[j] * self.response[j][0];
            }
            total += self.weight[i] * self.response[i][0] * lift;
            slopes[i] += self.weight[i] * self.response[i][1] * lift + self.share[i][1] * lent;
            bends[i] += self.weight[i] * self.response[i][2] * lift + self.share[i][2] * lent;
        }
        total
    }
}

impl Response for Curves {
    fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
        Slopes::new(self).at(plan, gradient, &mut vec![0.0; plan.len()])
    }
}
