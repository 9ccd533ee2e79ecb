//! What total outcomes tell of a world: a Gaussian belief on the factors that lines' effects, and the base, have in it.
//!
//! ```text
//! outcome_t ~ base_t f_n + shown(sum_i stock_ti effect_ti f_i),   variance = counting * mean_t + (error * mean_t)^2
//! ```
//!
//! The model is [`Model`]; `f` has a factor for each line and a last one for the base, by default `f = exp(z)` with
//! `z ~ N(mean, covariance)`. The posterior is Laplace's, its mode found by Gauss and Newton with the variance at the
//! present mean (Fisher scoring). A row tells of all lines together; with the covariance and the timing of each line's
//! stock it tells something of each.

use outlay_environment::Scenario;

use super::linear::{Normal, inverse};
use super::model::Model;

/// Rounds of Gauss and Newton, and the most by which a number changes in one.
const ROUNDS: usize = 6;
const LARGEST: f64 = 1.0;

/// Outcomes of steps beside the stocks that lines had in them.
#[derive(Debug, Clone, Default)]
pub struct Book {
    steps: Vec<usize>,
    /// `[rows * lines]`.
    stocks: Vec<f64>,
    outcomes: Vec<f64>,
}

impl Book {
    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.stocks.clear();
        self.outcomes.clear();
    }

    /// Notes the outcome of `step`, in which lines had `stock` (`[lines]`).
    pub fn record(&mut self, step: usize, stock: &[f64], outcome: f64) {
        self.steps.push(step);
        self.stocks.extend_from_slice(stock);
        self.outcomes.push(outcome);
    }

    /// Step, stock (`[lines]`) and outcome of each row.
    fn rows(&self, lines: usize) -> impl Iterator<Item = (usize, &[f64], f64)> {
        let rows = self.steps.iter().zip(self.stocks.chunks(lines)).zip(&self.outcomes);
        rows.map(|((&step, stock), &outcome)| (step, stock, outcome))
    }

    /// `[rows]` how far outcomes are from what `model` expects with `factors` (`[lines + 1]`), relative to that.
    #[must_use]
    pub fn misses(&self, model: &Model, factors: &[f64]) -> Vec<f64> {
        let mut slopes = vec![0.0; factors.len()];
        self.rows(model.lines)
            .map(|(step, stock, outcome)| {
                let (expected, scale) = expect(model, step, stock, factors, &mut slopes);
                (outcome - expected) / scale
            })
            .collect()
    }
}

/// The outcome of a step with `factors` (`[lines + 1]`), and the mean at which its variance is taken; `slopes` become its
/// derivatives by the factors.
fn expect(model: &Model, step: usize, stock: &[f64], factors: &[f64], slopes: &mut [f64]) -> (f64, f64) {
    let lines = model.lines;
    let mut pull = 0.0;
    for (line, (stock, effect)) in stock.iter().zip(model.effects(step)).enumerate() {
        slopes[line] = stock * effect;
        pull += slopes[line] * factors[line];
    }
    let shown = model.shown_slope(step, pull);
    slopes[..lines].iter_mut().for_each(|slope| *slope *= shown);
    slopes[lines] = model.base[step];
    let expected = model.base[step] * factors[lines] + model.shown(step, pull);
    (expected, expected.max(model.scale[step]))
}

/// How far outcomes are from their means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Variance for each unit of the mean.
    pub counting: f64,
    /// Error of the model in one step, relative to the mean.
    pub error: f64,
}

/// Variance of the shop's count of the goal for each unit of its mean: orders come by chance, each of all the people
/// that a simulated shopper stands for, and differ in value (compound Poisson).
#[must_use]
pub fn counting(scenario: &Scenario) -> f64 {
    let Some(market) = scenario.market() else { return 0.0 };
    let people = market.weight() as f64;
    if !scenario.goal.is_money() {
        return people;
    }
    // Values are log-normal: 1 + their squared coefficient of variation is the exponential of the log's variance.
    let spread = market.merchant.order_value_log_sd;
    people * market.merchant.order_value * libm::exp(spread * spread)
}

/// A Gaussian belief on `[lines + 1]` numbers, the last of them the base's.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    /// `[lines + 1]`.
    pub mean: Vec<f64>,
    /// `[lines + 1, lines + 1]`.
    pub covariance: Vec<f64>,
}

impl Belief {
    /// Independent numbers, each with standard deviation `spread` about `mean`.
    #[must_use]
    pub fn independent(numbers: usize, mean: f64, spread: f64) -> Self {
        let entry = |cell: usize| if cell.is_multiple_of(numbers + 1) { spread * spread } else { 0.0 };
        Self { mean: vec![mean; numbers], covariance: (0..numbers * numbers).map(entry).collect() }
    }

    /// Variance of one number.
    #[must_use]
    pub fn variance(&self, number: usize) -> f64 {
        self.covariance[number * (self.mean.len() + 1)]
    }

    /// The belief on logarithms of the factors after `book`.
    #[must_use]
    pub fn after(&self, book: &Book, model: &Model, noise: Noise) -> Self {
        self.linked(book, model, noise, |_, log| {
            let factor = libm::exp(log);
            (factor, factor)
        })
    }

    /// The belief after `book`, where `factor` gives the factor that follows from a number (of this place and value), and
    /// its derivative.
    #[must_use]
    pub fn linked(
        &self,
        book: &Book,
        model: &Model,
        noise: Noise,
        factor: impl Fn(usize, f64) -> (f64, f64),
    ) -> Self {
        let n = self.mean.len();
        let precision = inverse(&mut self.covariance.clone(), n);
        let mut belief = self.clone();
        let (mut factors, mut derivatives, mut slopes) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for _ in 0..ROUNDS {
            // The prior pulls the numbers themselves to its mean, not their changes.
            let from: Vec<f64> = self.mean.iter().zip(&belief.mean).map(|(prior, now)| prior - now).collect();
            let pull = |row: &[f64]| row.iter().zip(&from).map(|(entry, from)| entry * from).sum();
            let right = precision.chunks(n).map(pull).collect();
            let mut normal = Normal::with_prior(precision.clone(), right);
            for (number, value) in belief.mean.iter().enumerate() {
                (factors[number], derivatives[number]) = factor(number, *value);
            }
            for (step, stock, outcome) in book.rows(model.lines) {
                let (expected, scale) = expect(model, step, stock, &factors, &mut slopes);
                slopes.iter_mut().zip(&derivatives).for_each(|(slope, derivative)| *slope *= derivative);
                let error = noise.error * scale;
                let variance = noise.counting * scale + error * error;
                normal.add(&slopes, outcome - expected, 1.0 / variance.max(f64::MIN_POSITIVE));
            }
            let (change, covariance) = normal.posterior();
            belief.covariance = covariance;
            belief
                .mean
                .iter_mut()
                .zip(change)
                .for_each(|(number, change)| *number += change.clamp(-LARGEST, LARGEST));
        }
        belief
    }

    /// `[lines]` means of the factors whose logarithms are believed in: their spread raises them.
    #[must_use]
    pub fn factors(&self) -> Vec<f64> {
        (0..self.mean.len() - 1).map(|line| libm::exp(self.mean[line] + 0.5 * self.variance(line))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lines without crowding, of which the second has no retention.
    fn model() -> Model {
        Model {
            lines: 2,
            base: vec![10.0; 8],
            scale: vec![10.0; 8],
            room: vec![1.0; 8],
            price: vec![1.0; 8],
            effect: [40.0, 20.0].repeat(8),
            half: vec![1.0; 2],
            retention: vec![0.5, 0.0],
            crowding: 0.0,
            capacity: vec![f64::INFINITY; 16],
        }
    }

    /// Eight steps of a world with these factors, in each of which lines get different money.
    fn book(model: &Model, factors: [f64; 3]) -> Book {
        let (mut book, mut stock) = (Book::default(), [0.0; 2]);
        for step in 0..8 {
            model.carry(step, &[(step % 3) as f64, (step % 2) as f64], &mut stock);
            let pull = 40.0 * stock[0] * factors[0] + 20.0 * stock[1] * factors[1];
            book.record(step, &stock, 10.0 * factors[2] + pull);
        }
        book
    }

    fn far(belief: &Belief, factors: [f64; 3]) -> f64 {
        belief.mean.iter().zip(factors).map(|(log, factor)| (log - libm::log(factor)).abs()).sum()
    }

    const EXACT: Noise = Noise { counting: 0.0, error: 0.01 };

    #[test]
    fn one_line_by_hand() {
        // Only the first line is uncertain and the factor is the number itself: prior N(1, 0.01), one row
        // 10 + 40 f = 70 whose variance is 2 for each unit of the mean. The mode solves
        // 100 (f - 1) = 40 (60 - 40 f) / (2 (10 + 40 f)): f^2 - 0.55 f - 0.55 = 0, so f = 1.06596....
        let mut book = Book::default();
        book.record(0, &[1.0, 0.0], 70.0);
        let mut prior = Belief::independent(3, 1.0, 1e-6);
        prior.covariance[0] = 0.01;
        let noise = Noise { counting: 2.0, error: 0.0 };
        let posterior = prior.linked(&book, &model(), noise, |_, factor| (factor, 1.0));
        let wanted = (0.55 + libm::sqrt(0.55 * 0.55 + 4.0 * 0.55)) / 2.0;
        assert!((posterior.mean[0] - wanted).abs() < 1e-4, "{} {wanted}", posterior.mean[0]);
        // Precision 100 + 40^2 / (2 (10 + 40 f)).
        let variance = 1.0 / (100.0 + 1600.0 / (2.0 * (10.0 + 40.0 * wanted)));
        assert!((posterior.variance(0) - variance).abs() < 1e-6);
    }

    #[test]
    fn a_book_pulls_a_wrong_prior_to_the_truth() {
        let (model, truth) = (model(), [1.5, 0.6, 1.2]);
        let prior = Belief::independent(3, 0.0, 0.5);
        let posterior = prior.after(&book(&model, truth), &model, EXACT);
        assert!(far(&posterior, truth) < 0.01, "{:?}", posterior.mean);
        let means = posterior.factors();
        assert!((means[0] - 1.5).abs() < 0.02 && (means[1] - 0.6).abs() < 0.02, "{means:?}");
        assert_eq!(prior.after(&Book::default(), &model, EXACT).mean, prior.mean);
    }

    #[test]
    fn more_noise_pulls_less_and_leaves_more_spread() {
        let (model, truth) = (model(), [1.5, 0.6, 1.2]);
        let prior = Belief::independent(3, 0.0, 0.5);
        let book = book(&model, truth);
        let posteriors =
            [1.0, 20.0, 400.0].map(|counting| prior.after(&book, &model, Noise { counting, error: 0.0 }));
        for pair in posteriors.windows(2) {
            assert!(far(&pair[0], truth) < far(&pair[1], truth));
            assert!((0..3).all(|number| pair[0].variance(number) < pair[1].variance(number)));
        }
        assert!(far(&posteriors[2], truth) < far(&prior, truth));
    }

    #[test]
    fn an_uncertain_factor_is_worth_its_mean() {
        let mut belief = Belief::independent(3, 0.0, 0.5);
        belief.covariance[4] = 0.0;
        // A log-normal factor of median 1 and spread 0.5 has the mean exp(1 / 8).
        assert_eq!(belief.factors(), [libm::exp(0.125), 1.0]);
    }

    #[test]
    fn counts_come_in_shoppers() {
        let scenario = Scenario::load("new-customer").unwrap();
        assert_eq!(counting(&scenario), 20.0);
        assert_eq!(counting(&scenario.at_training_size()), 80.0);
    }
}
