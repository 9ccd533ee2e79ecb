//! Agreement with published packages: rliable, and what it stands on.

use serde_json::Value;

use super::aggregates::{
    interquartile_mean, mean, optimality_gap, probability_of_improvement, quantile, share_above, world_means,
};
use super::bootstrap::{Interval, RESAMPLES, interquartile_mean_interval, studentised_interval};
use super::profiles::profile;
use super::significance::{FLIPS, holm, sign_flip_p_value};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/rliable.json")).expect("a fixture")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

/// A matrix, row after row, and the length of a row.
fn matrix(value: &Value) -> (Vec<f64>, usize) {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(numbers).collect();
    (rows.concat(), rows[0].len())
}

fn agree(found: f64, expected: &Value, what: &str) {
    let expected = number(expected);
    assert!((found - expected).abs() <= 1e-12, "{what}: {found}, not {expected}");
}

/// Ends differ by no more than the draws of two bootstraps let them.
fn ends_agree([low, high]: Interval, expected: &Value, what: &str) {
    let expected = numbers(expected);
    let error = 0.03 * (expected[1] - expected[0]);
    let near = (low - expected[0]).abs() <= error && (high - expected[1]).abs() <= error;
    assert!(near, "{what}: [{low}, {high}], not {expected:?}");
}

#[test]
fn points_agree_with_rliable() {
    for case in fixture()["points"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let ((x, runs), (y, _)) = (matrix(&case["x"]), matrix(&case["y"]));
        let means = world_means(&x, runs);
        agree(mean(&x), &case["mean"], name);
        agree(quantile(&means, 0.5), &case["median"], name);
        agree(interquartile_mean(&x), &case["iqm"], name);
        agree(optimality_gap(&x, 1.0), &case["optimality_gap"], name);
        let improvements = x.chunks_exact(runs).zip(y.chunks_exact(runs));
        let improvements: Vec<f64> = improvements.map(|(x, y)| probability_of_improvement(x, y)).collect();
        agree(mean(&improvements), &case["probability_of_improvement"], name);
        let taus = numbers(&case["taus"]);
        for (place, &tau) in taus.iter().enumerate() {
            agree(share_above(&x, tau), &case["score_distribution"][place], name);
            agree(share_above(&means, tau), &case["average_score_distribution"][place], name);
        }
    }
}

#[test]
fn intervals_agree_with_rliable() {
    let document = fixture();
    let (case, expected) = (&document["points"][0], &document["intervals"]);
    let ((worlds, _), (rival, _)) = (matrix(&case["x"]), matrix(&case["y"]));
    ends_agree(interquartile_mean_interval(&worlds, 1), &expected["iqm"], "IQM");
    let (shares, bands) = profile(&worlds, 1, &numbers(&expected["taus"]));
    for (place, (share, band)) in shares.into_iter().zip(bands).enumerate() {
        agree(share, &expected["score_distribution"][place], "profile");
        // An end of a share of 64 worlds moves by whole worlds.
        let ends = numbers(&expected["score_distribution_bands"][place]);
        assert!(band.iter().zip(&ends).all(|(a, b)| (a - b).abs() < 1.01 / 64.0), "{band:?} {ends:?}");
    }
    let differences: Vec<f64> = worlds.iter().zip(&rival).map(|(a, b)| a - b).collect();
    let interval = |base: &[f64]| studentised_interval(&differences, base, RESAMPLES).expect("an interval");
    ends_agree(interval(&[1.0; 64]), &expected["difference"], "difference");
    ends_agree(interval(&rival), &expected["uplift"], "uplift");
    let (clusters, noises) = matrix(&expected["clusters"]);
    ends_agree(interquartile_mean_interval(&clusters, noises), &expected["clusters_iqm"], "clusters");
}

/// `scipy.stats.permutation_test` of all sign patterns, and `statsmodels.stats.multitest.multipletests`.
#[test]
fn tests_agree_with_scipy_and_statsmodels() {
    let document = fixture();
    let flips = &document["sign_flips"];
    agree(sign_flip_p_value(&numbers(&flips["differences"]), FLIPS), &flips["p_value"], "sign flips");
    let adjusted = holm(&numbers(&document["holm"]["p_values"]));
    for (place, p_value) in adjusted.into_iter().enumerate() {
        agree(p_value, &document["holm"]["adjusted"][place], "Holm");
    }
}
