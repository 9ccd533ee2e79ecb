//! How far a drawn world's effects are from what evidence says of them, learned from drawn worlds: the prior of the
//! belief that the shop's book changes in an episode.
//!
//! In each drawn world the factors `f` on effects and base follow from true outcomes only up to noise, so their own
//! spread is that of their estimates less what noise adds: expectation-maximisation of the Gaussian hierarchy
//! (Dempster, Laird and Rubin 1977, section 4.2) `g ~ N(mean, covariance)`, `f_i = exp(answer_i) g_i`. On factors the model
//! is linear. On their logarithms, a line whose noise makes it look useless in one world would be infinitely far from the
//! others (tried: the spread of a small line doubled, and planning for the means cost 20 new customers). What is handed
//! on is the log-normal belief with the same means, variances and correlations.

use super::book::{Belief, Book, Noise};
use super::model::Model;

/// Rounds of expectation-maximisation, which then changes little.
const ROUNDS: usize = 20;
/// Standard deviation of factors in the first of them, and error of the model.
const FIRST: (f64, f64) = (0.4, 0.1);
/// Steps whose errors are summed before they are squared, because errors of neighbouring steps are alike (batch means).
const BATCH: usize = 8;
/// Least mean of a factor.
const LEAST: f64 = 0.1;

/// What is believed of the logarithms of factors beside the answer of evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Of `ln f - answer`, `[lines + 1]` with the base last, which has no answer.
    pub belief: Belief,
    /// Error of the model in one step of a drawn world, relative to the outcome, of its steps together as if each had its
    /// own: at training size, whose fewer shoppers add to it.
    pub error: f64,
}

/// A drawn world: true outcomes of several episodes, and `[lines]` what evidence answers in it, logarithms.
pub struct Drawn {
    /// Outcomes, episode by episode.
    pub book: Book,
    /// Mean answer over episodes and their steps.
    pub answer: Vec<f64>,
}

impl Spread {
    /// Learns from drawn worlds.
    #[must_use]
    pub fn learn(model: &Model, worlds: &[Drawn]) -> Self {
        let n = model.lines + 1;
        let share = 1.0 / worlds.len() as f64;
        let (mut factors, mut error) = (Belief::independent(n, 1.0, FIRST.0), FIRST.1);
        for _ in 0..ROUNDS {
            let (mut mean, mut covariance) = (vec![0.0; n], vec![0.0; n * n]);
            let (mut square, mut freedom) = (0.0, 0.0);
            let mut posteriors = Vec::with_capacity(worlds.len());
            for world in worlds {
                let unit: Vec<f64> = world.answer.iter().chain(&[0.0]).map(|log| libm::exp(*log)).collect();
                let noise = Noise { counting: 0.0, error };
                let posterior = factors.linked(&world.book, model, noise, |i, g| (unit[i] * g, unit[i]));
                let found: Vec<f64> = posterior.mean.iter().zip(&unit).map(|(g, unit)| g * unit).collect();
                let misses = world.book.misses(model, &found);
                let (batches, sum) = batched(&misses, model.steps());
                square += sum;
                // The numbers fitted take as many batches' freedom.
                let free = (1.0 - n as f64 / batches as f64).max(1.0 / batches as f64);
                freedom += misses.len() as f64 * free;
                mean.iter_mut().zip(&posterior.mean).for_each(|(sum, g)| *sum += share * g);
                posteriors.push(posterior);
            }
            for posterior in &posteriors {
                for (cell, sum) in covariance.iter_mut().enumerate() {
                    let off = |number: usize| posterior.mean[number] - mean[number];
                    *sum += share * (off(cell / n) * off(cell % n) + posterior.covariance[cell]);
                }
            }
            factors = Belief { mean, covariance };
            error = libm::sqrt(square / freedom);
        }
        Self { belief: log_normal(&factors), error }
    }
}

/// Error of `model` in one step, relative to the outcome, as if each step had its own, in episodes of the world that it was
/// fitted to.
#[must_use]
pub fn model_error(model: &Model, book: &Book) -> f64 {
    let misses = book.misses(model, &vec![1.0; model.lines + 1]);
    libm::sqrt(batched(&misses, model.steps()).1 / misses.len() as f64)
}

/// Number and sum of squares of the sums over batches of steps, of `misses` of episodes of so many steps.
fn batched(misses: &[f64], steps: usize) -> (usize, f64) {
    let batches = misses.chunks(steps).flat_map(|episode| episode.chunks(BATCH));
    batches.fold((0, 0.0), |(count, square), batch| {
        let sum: f64 = batch.iter().sum();
        (count + 1, square + sum * sum)
    })
}

/// The belief on logarithms under which factors have the same means and coefficients of variation, and the correlations
/// are the factors' own.
fn log_normal(factors: &Belief) -> Belief {
    let n = factors.mean.len();
    let mean = |number: usize| factors.mean[number].max(LEAST);
    let variance = |number: usize| {
        let relative = factors.variance(number) / (mean(number) * mean(number));
        libm::log(1.0 + relative)
    };
    // From a covariance of factors to one of logarithms, number by number.
    let ratio: Vec<f64> =
        (0..n).map(|number| libm::sqrt(variance(number) / factors.variance(number))).collect();
    Belief {
        mean: (0..n).map(|number| libm::log(mean(number)) - 0.5 * variance(number)).collect(),
        covariance: (0..n * n)
            .map(|cell| ratio[cell / n] * ratio[cell % n] * factors.covariance[cell])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::Key;

    #[test]
    fn finds_the_spread_that_worlds_were_drawn_with() {
        let (steps, lines, count) = (32, 2, 200);
        let model = Model {
            lines,
            base: vec![10.0; steps],
            scale: vec![10.0; steps],
            room: vec![1.0; steps],
            price: vec![1.0; steps],
            effect: vec![30.0; steps * lines],
            half: vec![1.0; lines],
            retention: vec![0.0; lines],
            crowding: 0.0,
            capacity: vec![f64::INFINITY; steps * lines],
        };
        // The second line's answer is twice too high; the first line's factors differ by 0.3, the others hardly.
        let world = |number: u64| {
            let key = Key::new(number);
            let factors = [1.0 + 0.3 * key.with(1).normal(), 1.0, 1.0];
            let mut book = Book::default();
            for row in 0..2 * steps {
                let key = key.with(2).with(row as u64);
                let stock = [key.with(0).uniform(), key.with(1).uniform()];
                let mean = 10.0 + 30.0 * (stock[0] * factors[0] + stock[1] * factors[1]);
                book.record(row % steps, &stock, mean * (1.0 + 0.05 * key.with(2).normal()));
            }
            Drawn { book, answer: vec![0.0, libm::log(2.0)] }
        };
        let Spread { belief, error } = Spread::learn(&model, &(0..count).map(world).collect::<Vec<_>>());
        let means = belief.factors();
        assert!((means[0] - 1.0).abs() < 0.05 && (means[1] - 0.5).abs() < 0.02, "{means:?}");
        // A coefficient of variation of 0.3 is a variance of the logarithm of ln 1.09.
        assert!((libm::sqrt(belief.variance(0)) - libm::sqrt(libm::log(1.09))).abs() < 0.05, "{belief:?}");
        assert!(belief.variance(1) < 0.01, "{belief:?}");
        assert!((error - 0.05).abs() < 0.01, "{error}");
    }

    #[test]
    fn log_normal_factors_keep_means_and_variances() {
        let factors = Belief { mean: vec![1.0, 2.0], covariance: vec![0.25, 0.1, 0.1, 0.64] };
        let logs = log_normal(&factors);
        for number in 0..2 {
            let variance = logs.variance(number);
            let mean = libm::exp(logs.mean[number] + 0.5 * variance);
            assert!((mean - factors.mean[number]).abs() < 1e-12);
            assert!((mean * mean * (libm::exp(variance) - 1.0) - factors.variance(number)).abs() < 1e-12);
        }
        let correlation =
            |belief: &Belief| belief.covariance[1] / libm::sqrt(belief.variance(0) * belief.variance(1));
        assert!((correlation(&logs) - correlation(&factors)).abs() < 1e-12);
    }
}
