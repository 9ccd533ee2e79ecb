//! What a model of carry-over and saturation must be worth its trouble against.

use super::design::Design;
use super::history::{DAYS_OF_A_YEAR, History, mean};
use crate::baselines::linear::Normal;

/// The outcome of the same step a year before (of whole weeks, so that weekdays meet), or a week before where there is no
/// year of days, or of the last step; and the standard deviation of its error, from the same forecast within the first
/// `rows` steps. It is the better of with and without the growth between the last two years, by that same error. `[steps]`
/// both, from `rows` on.
#[must_use]
pub fn seasonal_naive(history: &History, rows: usize) -> (Vec<f64>, Vec<f64>) {
    let y = &history.outcome;
    let week = 7 / history.step_days.max(1) as usize;
    let year = week * libm::round(DAYS_OF_A_YEAR / 7.0) as usize;
    let period = [year, week, 1].into_iter().find(|period| rows >= period + (period / 4).max(4)).unwrap_or(1);
    let same = |step: usize| {
        // Farther ahead than a period, the last period that is known.
        let back = (step - rows) / period + 1;
        y[step - back * period]
    };
    let changes: Vec<f64> = (period..rows).map(|step| y[step] - y[step - period]).collect();
    let drift = mean(&changes);
    let squares =
        |drift: f64| mean(&changes.iter().map(|it| (it - drift) * (it - drift)).collect::<Vec<_>>());
    // A drift is one more number to learn.
    let count = changes.len() as f64;
    let drift = if squares(drift) * (count + 1.0) < squares(0.0) * (count - 1.0) { drift } else { 0.0 };
    let deviation = libm::sqrt(squares(drift));
    (rows..history.steps())
        .map(|step| {
            let periods = ((step - rows) / period + 1) as f64;
            (same(step) + drift * periods, deviation * libm::sqrt(periods))
        })
        .unzip()
}

/// Penalties that are tried, on standardised columns.
const PENALTIES: [f64; 13] = [1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4];
/// Beginnings of the training part from which a piece ahead is forecast to choose the penalty.
const FOLDS: usize = 5;

/// Ridge regression (Hoerl and Kennard 1970) on the spend of each channel as it is and on the model's own trend, season and
/// controls, all standardised; the penalty is the one that forecasts best from five earlier and earlier ends of the training
/// part. `[steps]` forecasts from `rows` on, and the standard deviation of their errors in that choice.
#[must_use]
pub fn ridge(history: &History, rows: usize) -> (Vec<f64>, Vec<f64>) {
    let design = Design::new(history, rows);
    let spends = history.channels.iter().map(|it| &it.spend);
    // The level is every column's mean.
    let columns: Vec<&Vec<f64>> = design.columns[1..].iter().chain(spends).collect();
    let ahead = (rows / (FOLDS + 5)).max(1);
    let error = |penalty: f64| {
        let squares = (1..=FOLDS).flat_map(|fold| {
            let known = rows - fold * ahead;
            let expected = regress(&columns, &history.outcome, known, known..known + ahead, penalty);
            let came = &history.outcome[known..known + ahead];
            came.iter()
                .zip(expected)
                .map(|(came, expected)| (came - expected) * (came - expected))
                .collect::<Vec<_>>()
        });
        mean(&squares.collect::<Vec<_>>())
    };
    let errors = PENALTIES.map(error);
    let best = (0..PENALTIES.len()).min_by(|a, b| errors[*a].total_cmp(&errors[*b])).unwrap_or(0);
    let expected = regress(&columns, &history.outcome, rows, rows..history.steps(), PENALTIES[best]);
    let deviations = vec![libm::sqrt(errors[best]); expected.len()];
    (expected, deviations)
}

/// Forecasts `steps` from what is known of the first `known` ones.
fn regress(
    columns: &[&Vec<f64>],
    outcome: &[f64],
    known: usize,
    steps: std::ops::Range<usize>,
    penalty: f64,
) -> Vec<f64> {
    let level = mean(&outcome[..known]);
    let scaled: Vec<(f64, f64)> = (columns.iter())
        .map(|column| {
            let centre = mean(&column[..known]);
            let squares: Vec<f64> = column[..known].iter().map(|x| (x - centre) * (x - centre)).collect();
            let deviation = libm::sqrt(mean(&squares));
            // An event that has not happened yet leaves a column without variation but for rounding.
            (centre, if deviation > 1e-9 * centre.abs() { 1.0 / deviation } else { 0.0 })
        })
        .collect();
    let features = |step: usize| -> Vec<f64> {
        columns.iter().zip(&scaled).map(|(column, (centre, scale))| (column[step] - centre) * scale).collect()
    };
    let mut normal = Normal::new(&vec![penalty; columns.len()]);
    (0..known).for_each(|step| normal.add(&features(step), outcome[step] - level, 1.0));
    let effects = normal.solve();
    let sum = |step| level + features(step).iter().zip(&effects).map(|(x, effect)| x * effect).sum::<f64>();
    steps.map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::history::Channel;

    fn history(outcome: Vec<f64>, spend: Vec<f64>) -> History {
        let channels = vec![Channel { name: "a".into(), spend }];
        History { step_days: 7, first_day: 0, outcome, channels, controls: vec![] }
    }

    #[test]
    fn the_year_before_repeats_itself() {
        let outcome: Vec<f64> = (0..150).map(|week| f64::from((week * 7) % 52)).collect();
        let (expected, deviations) = seasonal_naive(&history(outcome.clone(), vec![0.0; 150]), 110);
        assert_eq!(expected, outcome[110..]);
        assert!(deviations.iter().all(|it| *it == 0.0));
        // With a year's growth of 10 it is added once for each year ahead.
        let grown: Vec<f64> = outcome.iter().enumerate().map(|(i, y)| y + (i / 52 * 10) as f64).collect();
        let (expected, _) = seasonal_naive(&history(grown.clone(), vec![0.0; 150]), 104);
        assert_eq!(expected, grown[104..]);
    }

    /// An event that falls into the forecast of one fold must not decide the penalty.
    #[test]
    fn an_event_without_precedent_leaves_ridge_as_it_was() {
        let spend: Vec<f64> = (0..120).map(|week| f64::from((week * 37) % 23)).collect();
        let outcome: Vec<f64> = spend.iter().map(|spend| 50.0 + 3.0 * spend).collect();
        let mut history = history(outcome.clone(), spend);
        let event = (0..120).map(|week| if week == 80 { 1.0 } else { 0.0 }).collect();
        history.controls.push(crate::calibrate::Control { name: "event".into(), values: event });
        let (expected, _) = ridge(&history, 100);
        for (expected, came) in expected.iter().zip(&outcome[100..]) {
            assert!((expected - came).abs() < 0.05, "{expected} {came}");
        }
    }

    #[test]
    fn ridge_finds_a_line_through_spend() {
        let spend: Vec<f64> = (0..120).map(|week| f64::from((week * 37) % 23)).collect();
        let outcome: Vec<f64> = spend.iter().map(|spend| 50.0 + 3.0 * spend).collect();
        let (expected, _) = ridge(&history(outcome.clone(), spend), 100);
        for (expected, came) in expected.iter().zip(&outcome[100..]) {
            assert!((expected - came).abs() < 0.05, "{expected} {came}");
        }
    }
}
