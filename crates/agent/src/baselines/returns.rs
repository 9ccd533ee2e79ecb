//! Response curves of lines, learned from nothing but reports: Bayesian regression on saturating curves.
//!
//! ```text
//! outcome_ti = demand_t * own_ti * sum_k (1 - delay) * delay^k * unit * sum_j theta_ij * shape_j(spend_(t-k)i, t-k) + noise
//! shape_j(x, t) = room_t * h_j(x / (pace * price_t * room_t)) / h_j(1)         h_j a Hill curve of given half
//! theta_ij ~ N(1 / shapes, spread^2)
//! ```
//!
//! `pace` is an even split's money for one line and step, `unit` the mean outcome of that (empirical Bayes over all
//! lines), so neither the unit of money nor that of the outcome matters. `room`, `price` and `demand` are the calendar's
//! traffic, price and demand, `own` what it declares for the line alone. Reports come late and shoppers think things over: `delay` takes in both, as the one of a
//! few that explains the reports best. Coefficients below zero are left out, so curves rise. Old reports fade, because
//! worlds drift.

use outlay_environment::curve::{hill, hill_slope};
use outlay_environment::{Brief, CalendarStep, LineReport, ShopReport};

use super::linear::Normal;
use super::yardstick::Yardstick;
use crate::planning::best_levels;

/// Shares of an outcome still to come after each step; one is chosen.
const DELAYS: [f64; 5] = [0.0, 0.3, 0.5, 0.7, 0.85];
/// Weight of a report one step later.
const KEPT: f64 = 0.98;
/// Steps of noise of half a unit that stand for what is known of the noise before any report.
const NOISE: (f64, f64) = (4.0, 0.5);

/// Halves of the Hill curves, in units of `pace`. All have slope 1, so every sum of them is concave; steep curves were tried
/// and mislead more often than they help.
pub const SHAPES: [f64; 3] = [0.5, 3.0, 20.0];

/// What one line is believed to bring, in units of an even split's step.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief<'a> {
    /// `[SHAPES]`, none below zero.
    theta: Vec<f64>,
    /// What trust makes of one unit of credit.
    trusted: f64,
    pace: f64,
    calendar: &'a [CalendarStep],
    /// `[steps]` the line's own season relative to the calendar's demand.
    own: &'a [f64],
}

/// One line's sums under one delay.
#[derive(Debug, Clone)]
struct Sums {
    /// Carry-over of each shape.
    stocks: [f64; SHAPES.len()],
    problem: Normal,
    /// Sum of squared outcomes.
    square: f64,
}

/// Learns the curves of all lines.
#[derive(Debug, Clone)]
pub struct Returns {
    /// Prior standard deviation of a coefficient.
    spread: f64,
    yardstick: Yardstick,
    pace: f64,
    calendar: Vec<CalendarStep>,
    /// `[lines][steps]` each line's own season relative to the calendar's demand.
    own: Vec<Vec<f64>>,
    /// `[DELAYS][lines]`
    sums: Vec<Vec<Sums>>,
    /// `[DELAYS]` outcome that the prior expects of all lines for one unit.
    expected: [f64; DELAYS.len()],
    outcome: f64,
    /// Outcome in the shop's own book.
    total: f64,
    /// Reports taken in, faded like their sums.
    count: f64,
    /// Index of the chosen delay.
    delay: usize,
    /// `[lines]` variance of a report, in squared units.
    noise: Vec<f64>,
}

impl Returns {
    /// Nothing known yet of an episode of `brief`.
    #[must_use]
    pub fn new(brief: &Brief, spread: f64) -> Self {
        let lines = brief.lines.len();
        let none =
            Sums { stocks: [0.0; SHAPES.len()], problem: Normal::new(&[0.0; SHAPES.len()]), square: 0.0 };
        Self {
            spread,
            yardstick: Yardstick::of(brief),
            pace: (brief.budget.major() / (brief.steps * lines).max(1) as f64).max(f64::MIN_POSITIVE),
            calendar: brief.calendar.clone(),
            own: (0..lines).map(|line| own_season(brief, line)).collect(),
            sums: vec![vec![none; lines]; DELAYS.len()],
            expected: [0.0; DELAYS.len()],
            outcome: 0.0,
            total: 0.0,
            count: 0.0,
            delay: 0,
            noise: vec![NOISE.1 * NOISE.1; lines],
        }
    }

    /// Takes in the reports (`[lines]`) of one step, and the shop's book.
    pub fn record(&mut self, step: usize, reports: &[LineReport], shop: &ShopReport) {
        let calendar = &self.calendar[step];
        self.outcome *= KEPT;
        self.outcome += reports.iter().map(|report| self.yardstick.credited(report)).sum::<f64>();
        self.total = KEPT * self.total + self.yardstick.total(shop);
        self.count = KEPT * self.count + 1.0;
        let mut features = [0.0; SHAPES.len()];
        for ((sums, delay), expected) in self.sums.iter_mut().zip(DELAYS).zip(&mut self.expected) {
            *expected *= KEPT;
            for ((sums, report), own) in sums.iter_mut().zip(reports).zip(&self.own) {
                let outcome = self.yardstick.credited(report);
                let money = report.spend.major() / self.pace;
                for ((stock, shape), feature) in sums.stocks.iter_mut().zip(SHAPES).zip(&mut features) {
                    *stock = delay * *stock + (1.0 - delay) * reach(shape, money, calendar);
                    *feature = calendar.demand * own[step] * *stock;
                }
                *expected += features.iter().sum::<f64>() / SHAPES.len() as f64;
                sums.problem.fade(KEPT);
                sums.problem.add(&features, outcome, 1.0);
                sums.square = KEPT * sums.square + outcome * outcome;
            }
        }
        self.choose();
    }

    /// Chooses the delay of least squared error, each line by its own size, and sets the noise by it.
    fn choose(&mut self) {
        let mut least = f64::INFINITY;
        for delay in 0..DELAYS.len() {
            let unit = self.unit(delay);
            let error = |line: usize| {
                let sums = &self.sums[delay][line];
                let theta = self.posterior(delay, line, None);
                let money: Vec<f64> = theta.iter().map(|theta| theta * unit).collect();
                sums.problem.error(&money, sums.square) / (unit * unit)
            };
            let errors: Vec<f64> = (0..self.noise.len()).map(error).collect();
            // Relative to each line's own outcome, so that the largest line does not decide alone.
            let total: f64 = errors
                .iter()
                .zip(&self.sums[delay])
                .map(|(error, sums)| error * unit * unit / sums.square.max(f64::MIN_POSITIVE))
                .sum();
            if total < least {
                (least, self.delay) = (total, delay);
                let (steps, deviation) = NOISE;
                for (noise, error) in self.noise.iter_mut().zip(errors) {
                    *noise = (error + steps * deviation * deviation) / (self.count + steps);
                }
            }
        }
    }

    /// Outcome of an even split's step on a line of average worth; 1 before anything was reported.
    fn unit(&self, delay: usize) -> f64 {
        let unit = self.outcome / self.expected[delay];
        if unit > 0.0 && unit.is_finite() { unit } else { 1.0 }
    }

    /// `[SHAPES]` coefficients of a line: the posterior mean, or a draw from the posterior.
    fn posterior(&self, delay: usize, line: usize, normals: Option<&[f64; SHAPES.len()]>) -> Vec<f64> {
        let precision = 1.0 / (self.spread * self.spread);
        let mut problem = Normal::new(&[precision; SHAPES.len()]);
        problem.shift(&vec![precision / SHAPES.len() as f64; SHAPES.len()]);
        if self.outcome > 0.0 {
            problem.merge(&self.sums[delay][line].problem, 1.0 / self.noise[line], 1.0 / self.unit(delay));
        }
        if let Some(normals) = normals {
            problem.perturb(normals);
        }
        problem.solve_positive()
    }

    /// How far credit is trusted to be cause: the square of the share of the shop's outcome that the platforms claim, 1
    /// where the shop keeps no book. What nobody is credited with may be any line's doing, and what is credited may have
    /// come anyway. Lines' levels are raised to this power, so that untrusted credit tells little between lines.
    fn trust(&self) -> f64 {
        if self.total > 0.0 { (self.outcome / self.total).min(1.0).powi(2) } else { 1.0 }
    }

    /// What a line is believed to bring on the mean.
    #[must_use]
    pub fn mean(&self, line: usize) -> Belief<'_> {
        self.belief(line, None)
    }

    /// A draw of what a line may bring, from independent standard `normals` (`[SHAPES]`).
    #[must_use]
    pub fn draw(&self, line: usize, normals: &[f64; SHAPES.len()]) -> Belief<'_> {
        self.belief(line, Some(normals))
    }

    fn belief(&self, line: usize, normals: Option<&[f64; SHAPES.len()]>) -> Belief<'_> {
        let theta = self.posterior(self.delay, line, normals);
        // Each shape brings 1 at an even split's money, so their sum is the line's level.
        let level: f64 = theta.iter().sum();
        let trusted = libm::pow(level.max(1e-3), self.trust() - 1.0);
        Belief { theta, trusted, pace: self.pace, calendar: &self.calendar, own: &self.own[line] }
    }

    /// Share of an outcome that is still to come after a step.
    #[must_use]
    pub fn delay(&self) -> f64 {
        DELAYS[self.delay]
    }

    /// What was credited to a line in a step, in units on a day of ordinary demand, and the variance of that.
    #[must_use]
    pub fn credited(&self, step: usize, line: usize, report: &LineReport) -> (f64, f64) {
        let scale = self.calendar[step].demand.max(1e-3);
        let units = self.yardstick.credited(report) / self.unit(self.delay);
        (units / scale, self.noise[line] / (scale * scale))
    }

    /// Forgets what was learned of a line; what is still to be reported of it stays.
    pub fn forget(&mut self, line: usize) {
        for sums in self.sums.iter_mut().map(|lines| &mut lines[line]) {
            sums.problem.fade(0.0);
            sums.square = 0.0;
        }
    }

    /// An even split's money for one line and step, major units.
    #[must_use]
    pub fn pace(&self) -> f64 {
        self.pace
    }
}

/// `[steps]` a line's own season relative to the calendar's demand, 1 where it has none.
fn own_season(brief: &Brief, line: usize) -> Vec<f64> {
    let own = |step: usize| {
        let demand = brief.calendar[step].demand;
        if demand > 0.0 { brief.season(line, step) / demand } else { 1.0 }
    };
    (0..brief.steps).map(own).collect()
}

/// Reach of `money` (in units of `pace`) in a step, 1 for one unit on an ordinary day.
fn reach(half: f64, money: f64, step: &CalendarStep) -> f64 {
    let room = step.traffic.max(1e-3);
    let scale = room * step.price.max(1e-3);
    room * hill(money / scale, half, 1.0) / hill(1.0, half, 1.0)
}

/// Derivative of the reach by money.
fn rise(half: f64, money: f64, step: &CalendarStep) -> f64 {
    let room = step.traffic.max(1e-3);
    let scale = room * step.price.max(1e-3);
    room * hill_slope(money / scale, half, 1.0) / hill(1.0, half, 1.0) / scale
}

impl Belief<'_> {
    /// Outcome of `money` (major units) spent in `step`, in units, on a day of ordinary demand.
    #[must_use]
    pub fn value(&self, step: usize, money: f64) -> f64 {
        let each = self.theta.iter().zip(SHAPES);
        let credited = each.map(|(theta, half)| theta * reach(half, money / self.pace, &self.calendar[step]));
        self.trusted * self.own[step] * credited.sum::<f64>()
    }

    /// Marginal outcome of `money`, in units for an even split's money.
    #[must_use]
    pub fn slope(&self, step: usize, money: f64) -> f64 {
        let each = self.theta.iter().zip(SHAPES);
        let credited = each.map(|(theta, half)| theta * rise(half, money / self.pace, &self.calendar[step]));
        self.trusted * self.own[step] * credited.sum::<f64>()
    }

    /// What trust makes of one unit of credit.
    #[must_use]
    pub fn trusted(&self) -> f64 {
        self.trusted
    }

    /// Money up to `most` at which the marginal outcome of concave shapes has fallen to `price`.
    #[must_use]
    pub fn money_at(&self, step: usize, price: f64, most: f64) -> f64 {
        if self.slope(step, most) >= price {
            return most;
        }
        if self.slope(step, 0.0) <= price {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.slope(step, middle) > price { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// `[lines]` money of one step at which all concave beliefs have the same marginal outcome, none above its room.
#[must_use]
pub fn equalise(beliefs: &[Belief<'_>], step: usize, rooms: &[f64], money: f64) -> Vec<f64> {
    let at = |price: f64| -> Vec<f64> {
        beliefs
            .iter()
            .zip(rooms)
            .map(|(belief, room)| belief.money_at(step, price, room.min(money)))
            .collect()
    };
    let (mut low, mut high) = (-30.0, 30.0);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if at(libm::exp(middle)).iter().sum::<f64>() > money { low = middle } else { high = middle }
    }
    at(libm::exp(high))
}

/// `[lines]` weights of a step's money: the best levels within `units` by `values` (`[lines][units + 1]`), and the share
/// `kept_alive` evenly over all lines, so that none is starved.
pub fn knapsack_weights(values: &[Vec<f64>], units: usize, kept_alive: f64) -> Vec<f64> {
    let even = kept_alive * units as f64 / values.len() as f64;
    let levels = best_levels(values, units);
    levels.into_iter().map(|level| (1.0 - kept_alive) * level as f64 + even).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{brief, spent};
    use outlay_environment::Brief;

    fn plan() -> Brief {
        Brief { goal: "revenue".into(), ..brief(2, 60) }
    }

    #[test]
    fn before_any_report_all_lines_are_the_same() {
        let plan = plan();
        let returns = Returns::new(&plan, 0.5);
        assert_eq!(returns.mean(0), returns.mean(1));
        assert!((returns.mean(0).value(0, returns.pace()) - 1.0).abs() < 1e-12);
        let split = equalise(&[returns.mean(0), returns.mean(1)], 0, &[f64::INFINITY; 2], 100.0);
        assert!(split.iter().all(|money| (money - 50.0).abs() < 1e-6), "{split:?}");
        let split = equalise(&[returns.mean(0), returns.mean(1)], 0, &[20.0, f64::INFINITY], 100.0);
        assert!((split[0] - 20.0).abs() < 1e-9 && (split[1] - 80.0).abs() < 1e-6, "{split:?}");
    }

    #[test]
    fn late_reports_are_matched_with_what_caused_them() {
        // Line 0 brings three times line 1, both on the same curve, half of it a step late each time.
        let plan = plan();
        let mut returns = Returns::new(&plan, 1.0);
        let mut stocks = [0.0; 2];
        for step in 0..60 {
            let money = [20.0 + 10.0 * (step % 7) as f64, 80.0 - 10.0 * (step % 7) as f64];
            let reports: Vec<_> = (0..2)
                .map(|line| {
                    let value = [300.0, 100.0][line];
                    stocks[line] = 0.5 * stocks[line] + 0.5 * value * hill(money[line], 100.0, 1.0);
                    spent(money[line], stocks[line])
                })
                .collect();
            returns.record(step, &reports, &ShopReport::default());
        }
        assert_eq!(DELAYS[returns.delay], 0.5);
        let ratio = returns.mean(0).value(0, 50.0) / returns.mean(1).value(0, 50.0);
        assert!((ratio - 3.0).abs() < 0.2, "{ratio}");
        let rise = returns.mean(0).value(0, 80.0) / returns.mean(0).value(0, 20.0);
        assert!((rise / (hill(80.0, 100.0, 1.0) / hill(20.0, 100.0, 1.0)) - 1.0).abs() < 0.15, "{rise}");
    }

    #[test]
    fn the_slope_is_the_derivative_and_is_inverted() {
        let plan = plan();
        let returns = Returns::new(&plan, 0.5);
        let belief = returns.mean(0);
        let numeric = (belief.value(0, 31.0) - belief.value(0, 29.0)) / 2.0 * returns.pace();
        assert!((belief.slope(0, 30.0) - numeric).abs() < 1e-3);
        assert!((belief.money_at(0, belief.slope(0, 30.0), 100.0) - 30.0).abs() < 1e-6);
    }

    #[test]
    fn draws_spread_less_as_reports_come_in() {
        let plan = plan();
        let mut returns = Returns::new(&plan, 0.5);
        let spread = |returns: &Returns| {
            let value = |sign: f64| returns.draw(0, &[sign, 0.0, 0.0]).value(0, 50.0);
            (value(1.0) - value(-1.0)).abs()
        };
        let before = spread(&returns);
        for step in 0..30 {
            returns.record(step, &[spent(50.0, 100.0), spent(50.0, 100.0)], &ShopReport::default());
        }
        assert!(spread(&returns) < 0.7 * before);
    }
}
