//! The uncertain numbers of a line as functions of standard normal ones, and what is believed of these before anything is
//! seen.

use outlay_environment::curves::{CurveLineSettings, UncertainCurve};
use outlay_environment::draws::normal_quantile;
use outlay_environment::{Drawn, Uncertain};

use crate::baselines::linear::inverse;

/// Most uncertain parameters of one line: size, half, slope, retention.
pub(super) const PARAMETERS: usize = 4;

/// A number as a function of a standard normal `z`.
#[derive(Debug, Clone)]
pub(super) enum Parameter {
    Alone(Uncertain),
    /// Draws in rising order.
    Sorted(Vec<f64>),
}

impl Parameter {
    fn new(number: &Drawn) -> Self {
        match number {
            Drawn::Alone(value) => Self::Alone(*value),
            Drawn::Jointly(draws) => {
                let mut sorted = draws.to_vec();
                sorted.sort_by(f64::total_cmp);
                Self::Sorted(sorted)
            }
        }
    }

    /// The value at `z`, as a world draws it. Beyond the middle of the outermost draws it stays as it is.
    pub(super) fn at(&self, z: f64) -> f64 {
        match self {
            Self::Alone(value) => at(*value, z),
            Self::Sorted(draws) => {
                let place = share_below(z) * draws.len() as f64 - 0.5;
                let low = (place.max(0.0) as usize).min(draws.len() - 1);
                let high = (low + 1).min(draws.len() - 1);
                draws[low] + (place - low as f64).clamp(0.0, 1.0) * (draws[high] - draws[low])
            }
        }
    }
}

/// The numbers of a line; what its curve lacks is fixed.
pub(super) fn parameters(line: &CurveLineSettings) -> [Parameter; PARAMETERS] {
    numbers(line).map(|number| number.map_or(Parameter::Alone(Uncertain::Fixed(0.0)), Parameter::new))
}

fn numbers(line: &CurveLineSettings) -> [Option<&Drawn>; PARAMETERS] {
    let retention = Some(&line.retention);
    match &line.curve {
        UncertainCurve::Power { value, exponent } => [Some(value), Some(exponent), None, retention],
        UncertainCurve::Hill { value, half, slope, .. } => [Some(value), Some(half), Some(slope), retention],
    }
}

/// `[parameters, parameters]` the inverse of the correlation of the numbers' `z`: that of normal scores among lists of draws,
/// drawn a little towards none, as few draws ask for; none among numbers that are drawn by themselves.
pub(super) fn prior(line: &CurveLineSettings) -> Square {
    const TOWARDS_NONE: f64 = 0.02;
    let scores = numbers(line).map(|number| match number {
        Some(Drawn::Jointly(draws)) => normal_scores(draws),
        _ => Vec::new(),
    });
    if scores.iter().all(Vec::is_empty) {
        return identity();
    }
    let mut correlation = identity();
    for i in 0..PARAMETERS {
        for j in (0..PARAMETERS).filter(|j| *j != i) {
            let size = libm::sqrt(dot(&scores[i], &scores[i]) * dot(&scores[j], &scores[j]));
            if size > 0.0 {
                correlation[i * PARAMETERS + j] = (1.0 - TOWARDS_NONE) * dot(&scores[i], &scores[j]) / size;
            }
        }
    }
    let inverse = inverse(&mut correlation, PARAMETERS);
    std::array::from_fn(|place| inverse[place])
}

/// Standard normal quantiles of the draws' ranks; equal draws, which tell nothing, keep the order of the list.
fn normal_scores(draws: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by(|a, b| draws[*a].total_cmp(&draws[*b]));
    let mut scores = vec![0.0; draws.len()];
    for (rank, place) in order.into_iter().enumerate() {
        scores[place] = normal_quantile((rank as f64 + 0.5) / draws.len() as f64);
    }
    scores
}

/// Chance that a standard normal number lies below `z`.
fn share_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value of an uncertain number at a standard normal `z`, as a world draws it.
fn at(value: Uncertain, z: f64) -> f64 {
    match value {
        Uncertain::Fixed(value) => value,
        Uncertain::LogNormal { median, log_sd } => median * libm::exp(log_sd * z),
        Uncertain::Uniform { low, high } => low + (high - low) * share_below(z),
    }
}

/// `[parameters, parameters]`, row by row.
pub(super) type Square = [f64; PARAMETERS * PARAMETERS];

fn identity() -> Square {
    std::array::from_fn(|place| f64::from(u8::from(place % (PARAMETERS + 1) == 0)))
}

pub(super) fn times(matrix: &Square, z: &[f64; PARAMETERS]) -> [f64; PARAMETERS] {
    std::array::from_fn(|i| dot(&matrix[i * PARAMETERS..(i + 1) * PARAMETERS], z))
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
