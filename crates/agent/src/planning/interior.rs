//! Newton's method on a barrier: the best plan near a start, to the last digits, in some twenty rounds.
//!
//! ```text
//! maximise F(x) + barrier * (sum ln x + sum ln (cap - x) + ln reserve),   sum x + reserve = 1,   barrier -> 0
//! ```
//!
//! A primal-dual interior-point method (Wright 1997; Nocedal and Wright 2006, chapter 19) that keeps every plan within
//! the budget. In stocks `a_t = x_t + retention * a_(t-1)` the curvature of `F` is diagonal, so the Newton step of one
//! line is a linear-quadratic control problem, solved by a Riccati recursion in one pass back and one forth; the budget
//! adds one unknown, its multiplier. A round therefore costs a few operations per cell beside the evaluation of the
//! curves. Where a curve bends upward the absolute value of its curvature is used (a saddle-free step), and every step
//! must raise the barrier's value: such a plan is a local optimum. What synergy adds across lines is left out of the
//! curvature, not of the gradient.

use super::slopes::Slopes;

/// Most rounds; a concave problem needs some twenty.
const ROUNDS: usize = 300;
/// Share of the way to a bound that one step may go.
const REACH: f64 = 0.995;
/// Complementarity, relative to the value, at which a plan is final.
const DONE: f64 = 1e-12;
/// First-order gap, relative to the value, at which it is final, and the rounds that are granted to reach it.
const GAP: f64 = 1e-11;
const EXTRA: usize = 12;

/// A plan in shares of the budget.
#[derive(Debug, Clone)]
pub(super) struct Local {
    /// `[steps * lines]`, row by row.
    pub(super) shares: Vec<f64>,
    /// Value in the units of the curves.
    pub(super) value: f64,
    /// Value of one more unit of money.
    pub(super) multiplier: f64,
    /// `max over plans y of F'(x) (y - x)`: no plan is better by more if all curves are concave (Frank and Wolfe 1956).
    pub(super) gap: f64,
}

/// One bounded quantity of money: its amount, the room to its cap if it has one, and their multipliers.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    x: f64,
    cap: f64,
    low: f64,
    high: f64,
}

impl Cell {
    fn free(&self) -> bool {
        self.cap > 0.0
    }

    fn capped(&self) -> bool {
        self.cap < 1.0
    }

    /// Slope of the barrier.
    fn push(&self, barrier: f64) -> f64 {
        let push = barrier / self.x;
        if self.capped() { push - barrier / (self.cap - self.x) } else { push }
    }

    /// Curvature that stands for the bounds.
    fn stiffness(&self) -> f64 {
        let stiffness = self.low / self.x;
        if self.capped() { stiffness + self.high / (self.cap - self.x) } else { stiffness }
    }

    fn complementarity(&self) -> f64 {
        self.low * self.x + if self.capped() { self.high * (self.cap - self.x) } else { 0.0 }
    }

    /// Most of `step` that stays within the bounds.
    fn reach(&self, step: f64) -> f64 {
        if step < 0.0 {
            -REACH * self.x / step
        } else if self.capped() && step > 0.0 {
            REACH * (self.cap - self.x) / step
        } else {
            1.0
        }
    }

    /// Steps of the two multipliers that go with a full `step` of the money.
    fn dual_steps(&self, step: f64, barrier: f64) -> (f64, f64) {
        let low = (barrier - self.low * step) / self.x - self.low;
        let room = self.cap - self.x;
        (low, if self.capped() { (barrier + self.high * step) / room - self.high } else { 0.0 })
    }

    fn dual_reach(&self, (low, high): (f64, f64)) -> f64 {
        let reach = if low < 0.0 { -REACH * self.low / low } else { 1.0 };
        if high < 0.0 { reach.min(-REACH * self.high / high) } else { reach }
    }

    /// By what factor a step multiplies the distances to the bounds.
    fn growth(&self, moved: f64) -> f64 {
        let growth = (self.x + moved) / self.x;
        if self.capped() { growth * ((self.cap - self.x - moved) / (self.cap - self.x)) } else { growth }
    }
}

/// Improves `start` (shares, at most `caps`, together at most 1) to a plan at which no small change helps. `barrier` is
/// how far from the bounds the search begins, relative to the value: 0.1 forgets the start, 1e-6 hardly leaves it.
pub(super) fn ascend(slopes: &mut Slopes<'_>, caps: &[f64], start: &[f64], barrier: f64) -> Local {
    let mut search = Search::new(slopes, caps, start, barrier);
    for _ in 0..ROUNDS {
        if !search.round() {
            break;
        }
    }
    search.finish()
}

struct Search<'s, 'c> {
    slopes: &'s mut Slopes<'c>,
    /// `[steps * lines]`, and the reserve.
    cells: Vec<Cell>,
    reserve: Cell,
    barrier: f64,
    value: f64,
    plan: Vec<f64>,
    gradient: Vec<f64>,
    bend: Vec<f64>,
    trial: Trial,
    /// Newton step of the plan, and of it by the multiplier; first their feedback terms.
    step: Vec<f64>,
    per_price: Vec<f64>,
    gain: Vec<f64>,
    price: f64,
    /// Rounds since the barrier vanished.
    extra: usize,
}

#[derive(Default)]
struct Trial {
    plan: Vec<f64>,
    gradient: Vec<f64>,
    bend: Vec<f64>,
}

impl<'s, 'c> Search<'s, 'c> {
    fn new(slopes: &'s mut Slopes<'c>, caps: &[f64], start: &[f64], barrier: f64) -> Self {
        let n = start.len();
        // Mixed with a little of everything, so that no cell and no reserve begins at a bound.
        let mix = barrier.sqrt().min(0.1);
        let room: f64 = caps.iter().map(|cap| cap.min(1.0)).sum();
        let inner = |(&x, &cap): (&f64, &f64)| {
            let (cap, even) = (cap.min(1.0), cap.min(1.0) / room.max(1.0));
            Cell { x: (1.0 - mix) * x.clamp(0.0, cap) + 0.5 * mix * even, cap, ..Cell::default() }
        };
        let mut cells: Vec<Cell> = start.iter().zip(caps).map(inner).collect();
        let plan: Vec<f64> = cells.iter().map(|cell| if cell.free() { cell.x } else { 0.0 }).collect();
        let (mut gradient, mut bend) = (vec![0.0; n], vec![0.0; n]);
        let value = slopes.at(&plan, &mut gradient, &mut bend);
        let barrier = barrier * value.abs().max(1e-3) / n as f64;
        let mut reserve = Cell { x: 1.0 - plan.iter().sum::<f64>(), cap: 1.0, ..Cell::default() };
        reserve.low = barrier / reserve.x;
        for cell in &mut cells {
            cell.low = barrier / cell.x;
            cell.high = if cell.capped() { barrier / (cell.cap - cell.x) } else { 0.0 };
        }
        let trial = Trial { plan: plan.clone(), gradient: gradient.clone(), bend: bend.clone() };
        let (step, per_price, gain) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        Self {
            slopes,
            cells,
            reserve,
            barrier,
            value,
            plan,
            gradient,
            bend,
            trial,
            step,
            per_price,
            gain,
            price: 0.0,
            extra: 0,
        }
    }

    /// One Newton step; false when nothing more can be gained.
    fn round(&mut self) -> bool {
        let reserve_step = self.directions();
        let (mut primal, mut dual): (f64, f64) = (1.0, 1.0);
        let mut ascent = 0.0;
        let pairs = self.cells.iter().zip(&self.step).zip(&self.gradient);
        let pairs = pairs.filter(|((cell, _), _)| cell.free());
        for ((cell, &step), slope) in pairs.chain([((&self.reserve, &reserve_step), &0.0)]) {
            primal = primal.min(cell.reach(step));
            dual = dual.min(cell.dual_reach(cell.dual_steps(step, self.barrier)));
            ascent += (slope + cell.push(self.barrier)) * step;
        }
        let Some(taken) = self.search(primal, reserve_step, ascent) else { return false };
        for (cell, &step) in self.cells.iter_mut().zip(&self.step) {
            advance(cell, step, taken, dual, self.barrier);
        }
        advance(&mut self.reserve, reserve_step, taken, dual, self.barrier);
        self.next_barrier(taken.min(dual))
    }

    /// Halves the step until the barrier's value rises; the share of the step taken, none if it never does.
    fn search(&mut self, most: f64, reserve_step: f64, ascent: f64) -> Option<f64> {
        let mut taken = most;
        for _ in 0..40 {
            for ((trial, x), step) in self.trial.plan.iter_mut().zip(&self.plan).zip(&self.step) {
                *trial = x + taken * step;
            }
            let value = self.slopes.at(&self.trial.plan, &mut self.trial.gradient, &mut self.trial.bend);
            let mut logs = libm::log(self.reserve.growth(taken * reserve_step));
            // Products of a few factors instead of a logarithm each: a factor is between 1 - REACH and some thousands.
            for (cells, steps) in self.cells.chunks(8).zip(self.step.chunks(8)) {
                let pairs = cells.iter().zip(steps).filter(|(cell, _)| cell.free());
                logs += libm::log(pairs.map(|(cell, step)| cell.growth(taken * step)).product());
            }
            let rise = value - self.value + self.barrier * logs;
            if rise >= 1e-4 * taken * ascent - 1e-14 * self.value.abs() {
                std::mem::swap(&mut self.plan, &mut self.trial.plan);
                std::mem::swap(&mut self.gradient, &mut self.trial.gradient);
                std::mem::swap(&mut self.bend, &mut self.trial.bend);
                self.value = value;
                return Some(taken);
            }
            taken *= 0.5;
        }
        None
    }

    /// The Newton step, by a Riccati recursion per line: with `later` the curvature and `pull` the slope of what follows
    /// by the stock, `x = (b + pull - later * s) / (stiffness + later)` is best when stock `s` is carried in.
    ///
    /// Returns the step of the reserve: minus the sum of the others, but without its rounding.
    fn directions(&mut self) -> f64 {
        let lines = &self.slopes.curves().lines;
        let n = lines.len();
        let steps = self.cells.len() / n;
        let (mut all, mut all_per_price) = (0.0, 0.0);
        for (i, line) in lines.iter().enumerate() {
            let (mut later, mut pull, mut pull_price) = (0.0, 0.0, 0.0);
            for at in (0..steps).rev().map(|step| step * n + i) {
                let cell = &self.cells[at];
                later += self.bend[at].abs();
                if !cell.free() {
                    (self.step[at], self.per_price[at], self.gain[at]) = (0.0, 0.0, 0.0);
                } else {
                    let stiffness = cell.stiffness() + line.quadratic_cost;
                    let over = 1.0 / (stiffness + later);
                    self.step[at] = (self.gradient[at] + cell.push(self.barrier) + pull) * over;
                    self.per_price[at] = (1.0 + pull_price) * over;
                    self.gain[at] = later * over;
                    pull -= later * self.step[at];
                    pull_price -= later * self.per_price[at];
                    later *= stiffness * over;
                }
                pull *= line.retention;
                pull_price *= line.retention;
                later *= line.retention * line.retention;
            }
            let (mut stock, mut stock_price) = (0.0, 0.0);
            for at in (0..steps).map(|step| step * n + i) {
                stock *= line.retention;
                stock_price *= line.retention;
                self.step[at] -= self.gain[at] * stock;
                self.per_price[at] -= self.gain[at] * stock_price;
                stock += self.step[at];
                stock_price += self.per_price[at];
                all += self.step[at];
                all_per_price += self.per_price[at];
            }
        }
        // The price of money at which plan and reserve together change by nothing.
        let flow = self.reserve.x / self.reserve.low;
        let push = self.reserve.push(self.barrier);
        self.price = (all + push * flow) / (all_per_price + flow);
        for (step, per_price) in self.step.iter_mut().zip(&self.per_price) {
            *step -= self.price * per_price;
        }
        (push - self.price) * flow
    }

    /// Lowers the barrier as far as the last step allows; false when the plan is final.
    fn next_barrier(&mut self, taken: f64) -> bool {
        let free = self.cells.iter().filter(|cell| cell.free());
        let (mut all, mut count) = (self.reserve.complementarity(), 1.0);
        for cell in free {
            all += cell.complementarity();
            count += if cell.capped() { 2.0 } else { 1.0 };
        }
        let scale = self.value.abs().max(1e-3);
        if all <= DONE * scale {
            self.extra += 1;
            if self.extra > EXTRA || self.gap() <= GAP * scale {
                return false;
            }
        }
        let shrink = if taken > 0.9 {
            0.05
        } else if taken > 0.4 {
            0.3
        } else {
            0.9
        };
        self.barrier = (shrink * all / count).max(0.1 * DONE * scale / count).min(self.barrier);
        true
    }

    /// The largest `gradient * (y - plan)` over plans `y` with at most the cap in each cell and at most 1 in all.
    fn gap(&self) -> f64 {
        let gradient = &self.gradient;
        let now: f64 = gradient.iter().zip(&self.plan).map(|(slope, x)| slope * x).sum();
        if self.cells.iter().all(|cell| !cell.capped()) {
            return gradient.iter().copied().fold(0.0, f64::max) - now;
        }
        let mut order: Vec<usize> = (0..gradient.len()).filter(|&at| gradient[at] > 0.0).collect();
        order.sort_by(|&a, &b| gradient[b].total_cmp(&gradient[a]));
        let (mut left, mut best) = (1.0, 0.0);
        for at in order {
            let money = self.cells[at].cap.min(left);
            best += money * gradient[at];
            left -= money;
        }
        best - now
    }

    /// Takes out what the barrier left in cells that are worth nothing, and measures what is left to gain.
    fn finish(mut self) -> Local {
        self.trial.plan.copy_from_slice(&self.plan);
        for (x, cell) in self.plan.iter_mut().zip(&self.cells) {
            if *x < 1e-8 * cell.low {
                *x = 0.0;
            }
        }
        self.slopes.at(&self.plan, &mut self.gradient, &mut self.bend);
        // A curve may be so steep at 0 that a trace of money belongs there.
        for ((x, before), slope) in self.plan.iter_mut().zip(&self.trial.plan).zip(&self.gradient) {
            if *slope > self.price {
                *x = *before;
            }
        }
        let total: f64 = self.plan.iter().sum();
        if total > 1.0 {
            self.plan.iter_mut().for_each(|x| *x /= total);
        }
        let value = self.slopes.at(&self.plan, &mut self.gradient, &mut self.bend);
        let gap = self.gap();
        Local { shares: self.plan, value, multiplier: self.price.max(0.0), gap }
    }
}

/// Moves a cell by its share of the Newton step.
fn advance(cell: &mut Cell, step: f64, primal: f64, dual: f64, barrier: f64) {
    if !cell.free() {
        return;
    }
    let (low, high) = cell.dual_steps(step, barrier);
    cell.x += primal * step;
    // Kept near `barrier / distance`, so that a curve that bends upward cannot lead the multipliers astray.
    let keep = |multiplier: f64, distance: f64| {
        let centre = barrier / distance;
        multiplier.clamp(1e-10 * centre, 1e10 * centre)
    };
    cell.low = keep(cell.low + dual * low, cell.x);
    if cell.capped() {
        cell.high = keep(cell.high + dual * high, cell.cap - cell.x);
    }
}
