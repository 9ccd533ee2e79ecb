//! What is believed of a curves world while money is spent: the file's distributions as prior, reports as evidence.
//!
//! Every uncertain parameter is a monotone function of a standard normal number `z`, as the world draws it. Of a list of
//! draws it is the quantile at `z`, and the numbers of one line are normal with the correlation of their ranks (a Gaussian
//! copula); what the draws of different lines have to do with each other is left out. On the logarithm of a line's response `y_t` in step `t`, with `f` its curve on the stock of what was really spent,
//!
//! ```text
//! ln y_t = ln(weight_t * f(stock_t; z)) + e_t + noise,   e a random walk of the file's drift,   noise ~ N(-s^2/2, s^2)
//! ```
//!
//! so the residuals have covariance `R = s^2 I + d^2 min(t, u)`. The estimate is the mode of the posterior, by Gauss and
//! Newton with damping on `z' C^-1 z + r' R^-1 r`, `C` the correlation of `z` (regularised least squares on the logarithm); its spread is Laplace's. The
//! drift up to now follows from the residuals as in Gaussian-process regression. Late reports are turned back into the
//! responses that caused them, which the file's law of delay allows.

use outlay_environment::curves::{CurveLineSettings, CurveSettings, UncertainCurve};
use outlay_environment::{Brief, Curve, CurveLine, Curves, LineReport, Uncertain};

use super::numbers::{PARAMETERS, Parameter, Square, dot, parameters, prior, times};
use crate::baselines::linear::{backward, factor, forward, solve};

/// Rounds of Gauss and Newton after each step.
const ROUNDS: usize = 6;
/// Response below which a report's rounding to hundredths would speak instead of it.
const LEAST: f64 = 0.05;
/// Standard deviation of the logarithm that lines' unknown effects on each other add, relative to the spread of synergy:
/// a few other lines, each about half saturated.
const SYNERGY_NOISE: f64 = 0.5;

/// The belief on all lines.
#[derive(Debug, Clone)]
pub struct Belief {
    lines: Vec<LineBelief>,
    /// `[steps * lines]` what is declared of each cell: season, and the share that arrives in time.
    weights: Vec<f64>,
    /// Share of late responses that come later still.
    later: f64,
    /// Whether what arrives after the end is lost, which `weights` then hold already.
    lost: bool,
    steps: usize,
}

/// The belief on one line.
#[derive(Debug, Clone)]
struct LineBelief {
    settings: CurveLineSettings,
    /// `[parameters]` size, then the others in their order.
    parameters: [Parameter; PARAMETERS],
    /// `[parameters, parameters]` inverse of the correlation of `z` before anything is seen.
    prior: Square,
    /// Standard deviation of the noise of one step, and of one step's drift, in logarithms.
    noise: f64,
    drift: f64,
    z: [f64; PARAMETERS],
    /// `[steps seen]` money spent, major units.
    spend: Vec<f64>,
    /// `[usable]` step and logarithm of the response over what is declared of the step.
    seen: Vec<(usize, f64)>,
    /// What was reported in the step before.
    arrived: f64,
    /// Drift of the logarithm up to now.
    log_drift: f64,
    /// `[parameters, parameters]` lower Cholesky factor of the posterior's precision.
    precision: Square,
}

impl Belief {
    /// The belief before the first step: what the file says.
    #[must_use]
    pub fn new(settings: &CurveSettings, brief: &Brief) -> Self {
        let in_time = |step: usize| settings.delay.map_or(1.0, |delay| delay.in_time(brief.steps - step));
        let weights = (0..brief.steps).flat_map(|step| {
            (0..brief.lines.len()).map(move |line| brief.season(line, step) * in_time(step))
        });
        let unmodelled = settings.synergy.map_or(0.0, |synergy| SYNERGY_NOISE * synergy.spread);
        let line = |line: &CurveLineSettings| LineBelief {
            settings: line.clone(),
            parameters: parameters(line),
            prior: prior(line),
            noise: libm::sqrt(settings.noise * settings.noise + unmodelled * unmodelled).max(1e-3),
            drift: line.drift * libm::sqrt(brief.step_days),
            z: [0.0; PARAMETERS],
            spend: Vec::with_capacity(brief.steps),
            seen: Vec::with_capacity(brief.steps),
            arrived: 0.0,
            log_drift: 0.0,
            precision: prior(line),
        };
        Self {
            lines: settings.lines.iter().map(line).collect(),
            weights: weights.collect(),
            later: settings.delay.map_or(0.0, |delay| delay.later),
            lost: settings.delay.is_some_and(|delay| !delay.counted_after_end),
            steps: brief.steps,
        }
    }

    /// Takes in the reports (`[lines]`) of `step`.
    pub fn learn(&mut self, step: usize, reports: &[LineReport]) {
        let lines = self.lines.len();
        for (index, (line, report)) in self.lines.iter_mut().zip(reports).enumerate() {
            line.spend.push(report.spend.major());
            let arrived = report.revenue.major();
            // With a share `1 - later` of what is coming in each step, two reports give the response between them.
            let response = (arrived - self.later * line.arrived) / (1.0 - self.later);
            line.arrived = arrived;
            let weight = self.weights[step * lines + index];
            let declared = if self.lost { weight / in_time(self.later, self.steps - step) } else { weight };
            if response > LEAST && declared > 0.0 {
                line.seen.push((step, libm::log(response / declared)));
                line.fit();
            }
        }
    }

    /// Whether some curve is open and its marginal return expected to rise before it falls.
    #[must_use]
    pub fn expects_s_shapes(&self) -> bool {
        self.lines.iter().any(|line| line.uncertain().contains(&true) && line.expects_s_shape())
    }

    /// The curves from `step` on as they are most likely.
    #[must_use]
    pub fn rest(&self, step: usize) -> Curves {
        self.with(step, |line| line.z)
    }

    /// The curves from `step` on as one draw of the posterior has them; `normals` gives independent standard normals.
    #[must_use]
    pub fn sample(&self, step: usize, mut normals: impl FnMut() -> f64) -> Curves {
        self.with(step, |line| {
            // With precision L L', x = L'^-1 n has its inverse as covariance.
            let mut x: [f64; PARAMETERS] = std::array::from_fn(|_| normals());
            backward(&line.precision, &mut x);
            std::array::from_fn(|i| line.z[i] + x[i])
        })
    }

    fn with(&self, step: usize, mut z: impl FnMut(&LineBelief) -> [f64; PARAMETERS]) -> Curves {
        let lines = self.lines.len();
        let line = |(index, line): (usize, &LineBelief)| {
            let (curve, retention) = line.curve(&z(line));
            let scale = libm::exp(line.log_drift);
            let opening = line.settings.opening_stock(retention);
            let stock = line.spend.iter().fold(opening, |stock, spend| spend + retention * stock);
            let weight = (step..self.steps).map(|step| scale * self.weights[step * lines + index]).collect();
            CurveLine { curve, retention, stock, weight, quadratic_cost: line.settings.quadratic_cost }
        };
        Curves { lines: self.lines.iter().enumerate().map(line).collect(), synergy: Vec::new() }
    }
}

/// Share of what a step causes that arrives within `steps` steps, its own included.
fn in_time(later: f64, steps: usize) -> f64 {
    1.0 - libm::pow(later, steps as f64)
}

impl LineBelief {
    /// The curve and the retention at `z`.
    fn curve(&self, z: &[f64; PARAMETERS]) -> (Curve, f64) {
        let [value, second, slope, retention] = std::array::from_fn(|i| self.parameters[i].at(z[i]));
        let curve = match self.settings.curve {
            UncertainCurve::Power { .. } => Curve::Power { value, exponent: second },
            UncertainCurve::Hill { daily, .. } => {
                let stock = if daily { 1.0 / (1.0 - retention) } else { 1.0 };
                Curve::Hill { value, half: second * stock, slope }
            }
        };
        (curve, retention)
    }

    /// `[usable]` what the logarithms of the responses would be at `z` without noise and drift.
    fn predict(&self, z: &[f64; PARAMETERS], predicted: &mut Vec<f64>) {
        let (curve, retention) = self.curve(z);
        let mut stock = self.settings.opening_stock(retention);
        let mut seen = self.seen.iter().map(|(step, _)| *step).peekable();
        predicted.clear();
        for (step, spend) in self.spend.iter().enumerate() {
            stock = spend + retention * stock;
            if seen.next_if_eq(&step).is_some() {
                let cost = 0.5 * self.settings.quadratic_cost * spend * spend;
                predicted.push(libm::log((curve.value(stock) - cost).max(1e-9)));
            }
        }
    }

    /// Moves the estimate to the mode of the posterior.
    fn fit(&mut self) {
        let count = self.seen.len();
        let chol = self.covariance();
        let uncertain = self.uncertain();
        let (mut base, mut moved) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut jacobian = vec![vec![0.0; count]; PARAMETERS];
        let mut residual = vec![0.0; count];
        let mut damping = 1e-3;
        let mut cost = self.whitened(&self.z, &chol, &mut base, &mut residual);
        for _ in 0..ROUNDS {
            for parameter in 0..PARAMETERS {
                jacobian[parameter].fill(0.0);
                if uncertain[parameter] {
                    let mut z = self.z;
                    z[parameter] += 1e-4;
                    self.predict(&z, &mut moved);
                    for ((slot, moved), base) in jacobian[parameter].iter_mut().zip(&moved).zip(&base) {
                        *slot = (moved - base) / 1e-4;
                    }
                    forward(&chol, &mut jacobian[parameter]);
                }
            }
            let mut normal = self.prior;
            let mut gradient = times(&self.prior, &self.z).map(|z| -z);
            for i in 0..PARAMETERS {
                for j in 0..PARAMETERS {
                    normal[i * PARAMETERS + j] += dot(&jacobian[i], &jacobian[j]);
                }
                gradient[i] += dot(&jacobian[i], &residual);
            }
            self.precision = normal;
            factor(&mut self.precision, PARAMETERS);
            normal.iter_mut().step_by(PARAMETERS + 1).for_each(|diagonal| *diagonal *= 1.0 + damping);
            // The gradient becomes the step.
            solve(&mut normal, &mut gradient);
            let trial = std::array::from_fn(|i| (self.z[i] + gradient[i]).clamp(-4.0, 4.0));
            let (before, kept) = (base.clone(), residual.clone());
            let found = self.whitened(&trial, &chol, &mut base, &mut residual);
            if found < cost {
                let gained = cost - found;
                (self.z, cost, damping) = (trial, found, damping * 0.3);
                if gained < 1e-9 {
                    break;
                }
            } else {
                (base, residual, damping) = (before, kept, damping * 10.0);
            }
        }
        self.find_drift(&chol, residual);
    }

    /// Whitened residuals at `z` into `residual`, and the penalised sum of squares.
    fn whitened(
        &self,
        z: &[f64; PARAMETERS],
        chol: &[f64],
        predicted: &mut Vec<f64>,
        residual: &mut [f64],
    ) -> f64 {
        self.predict(z, predicted);
        // The noise of a response has mean 1, so that of its logarithm lies below 0.
        let bias = 0.5 * self.noise * self.noise;
        for ((residual, (_, seen)), predicted) in residual.iter_mut().zip(&self.seen).zip(predicted.iter()) {
            *residual = seen + bias - predicted;
        }
        forward(chol, residual);
        dot(residual, residual) + dot(z, &times(&self.prior, z))
    }

    /// `[usable, usable]` lower Cholesky factor of the residuals' covariance.
    fn covariance(&self) -> Vec<f64> {
        let count = self.seen.len();
        let mut chol = vec![0.0; count * count];
        for i in 0..count {
            for j in 0..=i {
                let shared = (self.seen[j].0 + 1) as f64 * self.drift * self.drift;
                let own = if i == j { self.noise * self.noise } else { 0.0 };
                chol[i * count + j] = shared + own;
            }
        }
        factor(&mut chol, count);
        chol
    }

    /// The drift up to now, by regression on whitened residuals.
    fn find_drift(&mut self, chol: &[f64], residual: Vec<f64>) {
        if self.drift == 0.0 {
            return;
        }
        let mut with_now: Vec<f64> =
            self.seen.iter().map(|(step, _)| (step + 1) as f64 * self.drift * self.drift).collect();
        forward(chol, &mut with_now);
        self.log_drift = dot(&with_now, &residual);
    }

    /// Whether the marginal return is expected to rise before it falls: of draws, whether it does in nine of ten.
    fn expects_s_shape(&self) -> bool {
        match (&self.settings.curve, &self.parameters[2]) {
            (UncertainCurve::Power { .. }, _) => false,
            (UncertainCurve::Hill { .. }, Parameter::Alone(slope)) => slope.median() > 1.0,
            (UncertainCurve::Hill { .. }, Parameter::Sorted(draws)) => draws[draws.len() / 10] > 1.0,
        }
    }

    /// Which parameters are not known.
    fn uncertain(&self) -> [bool; PARAMETERS] {
        std::array::from_fn(|i| !matches!(self.parameters[i], Parameter::Alone(Uncertain::Fixed(_))))
    }
}

#[cfg(test)]
mod tests;
