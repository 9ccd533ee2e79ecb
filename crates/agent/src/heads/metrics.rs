//! How good predicted chances are: calibration, log-loss, ranking. Every impression counts as one trial.

use serde::Serialize;

use super::{Examples, HEADS, Head, Predictor};

/// Bins of the calibration error.
const BINS: usize = 10;
/// Predictions this near to certain are taken as this far from it.
const NEARLY: f64 = 1e-9;

/// A prediction, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Predicted chance of an event in one trial.
    pub chance: f64,
    /// Trials.
    pub trials: u64,
    /// Events.
    pub events: u64,
}

/// How good predictions are. What is not defined is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metrics {
    /// Predicted events over observed ones (predicted click over click, PCOC); 1 is right on the whole.
    pub predicted_over_observed: Option<f64>,
    /// Expected calibration error: mean distance of the predicted from the observed rate over ten bins of equal trials, by
    /// the height of the prediction (Naeini et al. 2015). Equal predictions share a bin.
    pub calibration_error: f64,
    /// Nats a trial.
    pub log_loss: f64,
    /// Chance that an event was given a higher prediction than a trial without one; a tie counts half.
    pub auc: Option<f64>,
}

/// One head on a set of episodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Which.
    pub head: Head,
    /// Impressions.
    pub impressions: u64,
    /// Events.
    pub events: u64,
    /// Of the predictor.
    pub heads: Metrics,
    /// Of the observed rate itself, the best constant in hindsight.
    pub constant: Metrics,
    /// Of the line's mean in the reports so far, pulled to the rate of the training worlds by five events.
    pub running: Metrics,
}

/// Judges each head on these rows. All chances are given an impression.
#[must_use]
pub fn judge(predictor: &Predictor, examples: &Examples) -> [Report; HEADS] {
    let inputs = examples.inputs.chunks_exact(predictor.sizes.inputs - HEADS);
    let chances: Vec<[f64; HEADS]> =
        inputs.zip(&examples.before).map(|(row, seen)| predictor.chances(row, seen)).collect();
    let so_far: Vec<[f64; HEADS]> = examples.before.iter().map(|seen| predictor.so_far(seen)).collect();
    let total = examples.total();
    Head::ALL.map(|head| {
        let place = head as usize;
        let scored = |chance: &dyn Fn(usize) -> f64| -> Metrics {
            let row = |(row, counts): (usize, &super::Counts)| Scored {
                chance: chance(row),
                trials: counts.impressions,
                events: counts.events[place],
            };
            metrics(examples.counts.iter().enumerate().map(row).collect())
        };
        let (impressions, events) = (total.impressions, total.events[place]);
        let rate = events as f64 / (impressions as f64).max(1.0);
        Report {
            head,
            impressions,
            events,
            heads: scored(&|row| chances[row][place]),
            constant: scored(&|_| rate),
            running: scored(&|row| so_far[row][place]),
        }
    })
}

/// Measures predictions. Rows may come in any order.
#[must_use]
pub fn metrics(mut rows: Vec<Scored>) -> Metrics {
    rows.sort_by(|a, b| a.chance.total_cmp(&b.chance));
    let sum = |of: fn(&Scored) -> f64| rows.iter().map(of).sum::<f64>();
    let (trials, events) = (sum(|row| row.trials as f64), sum(|row| row.events as f64));
    let misses = trials - events;
    let predicted = sum(|row| row.chance * row.trials as f64);
    let log_loss = -sum(|row| {
        let chance = row.chance.clamp(NEARLY, 1.0 - NEARLY);
        row.events as f64 * libm::log(chance) + (row.trials - row.events) as f64 * libm::log1p(-chance)
    });
    // Trials, predicted and observed events of each bin; trials, and pairs in the right order, on the way.
    let mut bins = [[0.0; 3]; BINS];
    let (mut below, mut misses_below, mut ordered) = (0.0, 0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.chance == b.chance) {
        let trials_here: f64 = tied.iter().map(|row| row.trials as f64).sum();
        let events_here: f64 = tied.iter().map(|row| row.events as f64).sum();
        let middle = (below + 0.5 * trials_here) / trials.max(1.0);
        let bin = &mut bins[((middle * BINS as f64) as usize).min(BINS - 1)];
        let chance = tied.first().map_or(0.0, |row| row.chance);
        bin.iter_mut().zip([trials_here, trials_here * chance, events_here]).for_each(|(sum, x)| *sum += x);
        ordered += events_here * (misses_below + 0.5 * (trials_here - events_here));
        below += trials_here;
        misses_below += trials_here - events_here;
    }
    let gaps: f64 = bins.iter().map(|[_, predicted, observed]| (predicted - observed).abs()).sum();
    Metrics {
        predicted_over_observed: (events > 0.0).then(|| predicted / events),
        calibration_error: gaps / trials.max(1.0),
        log_loss: log_loss / trials.max(1.0),
        auc: (events > 0.0 && misses > 0.0).then(|| ordered / (events * misses)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(chance: f64, trials: u64, events: u64) -> Scored {
        Scored { chance, trials, events }
    }

    /// Three rows of ten trials, in three bins of their own.
    #[test]
    fn by_hand() {
        let found = metrics(vec![scored(0.5, 10, 4), scored(0.1, 10, 2), scored(0.3, 10, 2)]);
        assert!((found.predicted_over_observed.unwrap() - 9.0 / 8.0).abs() < 1e-12);
        assert!((found.calibration_error - (1.0 + 1.0 + 1.0) / 30.0).abs() < 1e-12);
        let loss = -(2.0 * 0.1_f64.ln() + 8.0 * 0.9_f64.ln() + 2.0 * 0.3_f64.ln() + 8.0 * 0.7_f64.ln());
        let loss = loss - (4.0 * 0.5_f64.ln() + 6.0 * 0.5_f64.ln());
        assert!((found.log_loss - loss / 30.0).abs() < 1e-12);
        // Events 2, 2, 4 against misses 8, 8, 6 from the lowest prediction up.
        let pairs = 2.0 * 4.0 + 2.0 * (8.0 + 4.0) + 4.0 * (16.0 + 3.0);
        assert!((found.auc.unwrap() - pairs / (8.0 * 22.0)).abs() < 1e-12);
    }

    #[test]
    fn ends_of_the_scale() {
        let perfect = metrics(vec![scored(1.0, 3, 3), scored(0.0, 5, 0)]);
        assert_eq!((perfect.auc, perfect.calibration_error), (Some(1.0), 0.0));
        assert!(perfect.log_loss < 1e-8 && perfect.log_loss >= 0.0);
        let reversed = metrics(vec![scored(0.1, 3, 3), scored(0.2, 5, 0)]);
        assert_eq!(reversed.auc, Some(0.0));
        let constant = metrics(vec![scored(0.25, 40, 1), scored(0.25, 40, 19)]);
        assert_eq!((constant.auc, constant.calibration_error), (Some(0.5), 0.0));
        let nothing = metrics(vec![scored(0.2, 10, 0)]);
        assert_eq!((nothing.predicted_over_observed, nothing.auc), (None, None));
    }

    /// Errors in both directions cancel on the whole and not in the bins.
    #[test]
    fn bins_have_equal_trials() {
        // 100 trials in rows of one: twenty predictions of .1, where .2 happen, and eighty of .4, where .375 do.
        let low = (0..20).map(|i| scored(0.1 + 1e-6 * f64::from(i), 1, u64::from(i % 5 == 0)));
        let high = (0..80).map(|i| scored(0.4 + 1e-6 * f64::from(i), 1, u64::from(i % 8 < 3)));
        let found = metrics(low.chain(high).collect());
        assert!((found.predicted_over_observed.unwrap() - 1.0).abs() < 1e-3);
        // The two lowest bins are off by a tenth, one event each. In the others the events repeat with period eight.
        let high: f64 = (0..8)
            .map(|bin| (10 * bin..10 * bin + 10).filter(|i| i % 8 < 3).count() as f64 - 4.0)
            .map(f64::abs)
            .sum();
        assert!((found.calibration_error - (2.0 + high) / 100.0).abs() < 1e-4, "{found:?}");
    }
}
