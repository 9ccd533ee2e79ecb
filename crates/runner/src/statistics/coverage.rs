//! Whether intervals cover the truth, and tests err, as often as they say.
//!
//! Share of 5,000 made-up comparisons whose 95 % interval holds the true mean of the paired difference:
//!
//! | worlds x noises | percentile | studentised |
//! |---|---|---|
//! | 64 x 1 | 94.1 % | 94.4 % |
//! | 16 x 1 | 91.7 % | 94.0 % |
//! | 8 x 4 | 88.1 % | 94.5 % |
//! | 5 x 4 | 83.2 % | 94.5 % |
//! | 3 x 4 | 75.7 % | 95.5 % |
//!
//! The studentised interval of the uplift holds the true one in 93.8 % (64 x 1) and 93.9 % (8 x 4). At 64 x 1 the sign-flip
//! test of a difference of nothing finds p at most 0.05 in 5.0 %.

use outlay_environment::draws::Key;
use rayon::prelude::*;

use super::aggregates::world_means;
use super::bootstrap::{Interval, for_each_resample, percentile_interval, studentised_interval};
use super::significance::sign_flip_p_value;

const MATRICES: u64 = 5_000;
/// Fewer draws than a result has, for speed.
const RESAMPLES: usize = 1_000;
const FLIPS: u64 = 999;
/// What the lesser agent reaches on an average world, and what the better one reaches more.
const BASE: f64 = 1_000.0;
const LEAD: f64 = 30.0;
/// Standard deviation of the logarithm of a world's size.
const SPREAD: f64 = 0.5;
/// Scale of each agent's noise.
const NOISE: f64 = 20.0;

/// A made-up comparison: of each world the difference of two agents and the score of the lesser, means over noises.
///
/// Worlds differ in size, log-normally, so that a few are several times the others. A world gives both agents the same,
/// and the better one a lead in proportion to its size, so that differences are skewed. Each agent's noise has Student's t
/// distribution with five degrees of freedom.
fn comparison(key: Key, worlds: u64, noises: u64) -> (Vec<f64>, Vec<f64>) {
    let episode = |world: u64, noise: u64| {
        let key = key.with(world);
        let size = (SPREAD * key.normal() - SPREAD * SPREAD / 2.0).exp();
        let score = |agent: u64, mean: f64| mean * size + NOISE * student(key.with(noise).with(agent));
        let (better, lesser) = (score(0, BASE + LEAD), score(1, BASE));
        (better - lesser, lesser)
    };
    let episodes = (0..worlds).flat_map(|world| (0..noises).map(move |noise| episode(world, noise)));
    let (differences, base): (Vec<f64>, Vec<f64>) = episodes.unzip();
    (world_means(&differences, noises as usize), world_means(&base, noises as usize))
}

/// Student's t with five degrees of freedom.
fn student(key: Key) -> f64 {
    let squares: f64 = (1..6).map(|place| key.with(place).normal().powi(2)).sum();
    key.with(0).normal() / (squares / 5.0).sqrt()
}

/// Share of comparisons of which something is true.
fn share(worlds: u64, noises: u64, is_true: impl Fn(&[f64], &[f64]) -> bool + Sync) -> f64 {
    let hits = (0..MATRICES).into_par_iter().filter(|&number| {
        let (differences, base) = comparison(Key::new(number).with(worlds), worlds, noises);
        is_true(&differences, &base)
    });
    hits.count() as f64 / MATRICES as f64
}

fn holds([low, high]: Interval, truth: f64) -> bool {
    low <= truth && truth <= high
}

#[test]
fn the_interval_of_a_difference_covers_it_as_often_as_it_says() {
    for (worlds, noises) in [(64, 1), (16, 1), (8, 4), (5, 4), (3, 4)] {
        let covered = share(worlds, noises, |differences, _| {
            let ones = vec![1.0; differences.len()];
            studentised_interval(differences, &ones, RESAMPLES).is_some_and(|ends| holds(ends, LEAD))
        });
        assert!((0.935..=0.965).contains(&covered), "{worlds} x {noises}: {covered}");
    }
}

#[test]
fn the_interval_of_an_uplift_covers_it_as_often_as_it_says() {
    for (worlds, noises) in [(64, 1), (8, 4)] {
        let covered = share(worlds, noises, |differences, base| {
            studentised_interval(differences, base, RESAMPLES).is_some_and(|ends| holds(ends, LEAD / BASE))
        });
        assert!((0.935..=0.965).contains(&covered), "{worlds} x {noises}: {covered}");
    }
}

/// Why the interval of a difference is not the one of percentiles.
#[test]
fn percentiles_of_few_worlds_are_too_close_together() {
    let covered = share(8, 4, |differences, _| {
        let mut means = Vec::with_capacity(RESAMPLES);
        for_each_resample(differences.len(), RESAMPLES, |worlds| {
            means.push(worlds.iter().map(|&world| differences[world]).sum::<f64>() / worlds.len() as f64);
        });
        holds(percentile_interval(means), LEAD)
    });
    assert!(covered < 0.9, "{covered}");
}

/// Differences whose mean is zero but which are skewed, so that the test is right by its many worlds alone.
#[test]
fn the_test_of_a_difference_errs_as_often_as_it_says() {
    let rejected = share(64, 1, |differences, _| {
        let centred: Vec<f64> = differences.iter().map(|difference| difference - LEAD).collect();
        sign_flip_p_value(&centred, FLIPS) <= 0.05
    });
    assert!((0.04..=0.06).contains(&rejected), "{rejected}");
}
