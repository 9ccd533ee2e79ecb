//! A trained predictor: inputs, chances along the path, and features for a policy.

use outlay_environment::{Brief, LineReport, Observation};

use super::{HEADS, Head, Sizes, along_the_path};
use crate::policy::{GLOBAL_FEATURES, LINE_FEATURES, Normaliser};

/// What is written of one line in one step: its features, those of the whole, its money.
pub const INPUTS: usize = LINE_FEATURES + GLOBAL_FEATURES + 1;

/// Events at the rate of the training worlds that are added to what a line has shown.
const PRIOR_EVENTS: f64 = 5.0;
/// No rate is taken to be higher.
const MOST_RATE: f64 = 0.999;

/// Added to money before the log: a tenth of an even share counts as next to nothing.
const LITTLE: f64 = 0.1;

/// Impressions, and what came of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Impressions.
    pub impressions: u64,
    /// Events of each head; never more than impressions.
    pub events: [u64; HEADS],
}

impl Counts {
    /// What a report says.
    #[must_use]
    pub fn of(report: &LineReport) -> Self {
        let LineReport { impressions, clicks, engagements, carts, joins, orders, new_customers, .. } =
            *report;
        let repeated = orders.saturating_sub(new_customers);
        Self { impressions, events: [clicks, engagements, carts, joins, new_customers, repeated] }
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.impressions += other.impressions;
        self.events.iter_mut().zip(other.events).for_each(|(sum, events)| *sum += events);
    }

    /// Trials of a head: what its step of the path follows.
    fn trials(&self, head: Head) -> u64 {
        if head.follows_click() { self.events[Head::Click as usize] } else { self.impressions }
    }
}

/// What the reports of an episode have said of each line by now: some of it is late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// `[lines]`
    pub lines: Vec<Counts>,
}

impl Seen {
    /// Forgets everything.
    pub fn start(&mut self, brief: &Brief) {
        self.lines.clear();
        self.lines.resize(brief.lines.len(), Counts::default());
    }

    /// Takes in one observation. Observations must come in the order of their steps, each once.
    pub fn read(&mut self, observation: &Observation) {
        for (seen, report) in self.lines.iter_mut().zip(&observation.lines) {
            seen.add(&Counts::of(report));
        }
    }
}

/// Everything a prediction needs. What is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictor {
    /// Sizes of the network.
    pub sizes: Sizes,
    /// `[parameters]`
    pub weights: Vec<f32>,
    /// `[sizes.inputs - HEADS]` of what is written; what a line has shown is not normalised.
    pub normaliser: Normaliser,
    /// `[HEADS]` rate of each step of the path given the one before, where it was trained.
    pub rates: [f64; HEADS],
}

/// Writes what the network is shown.
#[derive(Debug, Clone, Copy)]
pub struct Inputs {
    /// Major units of one line's even share of one step.
    unit: f64,
}

impl Inputs {
    /// For episodes of this brief.
    #[must_use]
    pub fn new(brief: &Brief) -> Self {
        let shares = (brief.lines.len() * brief.steps).max(1) as f64;
        Self { unit: (brief.budget.major() / shares).max(1e-9) }
    }

    /// Adds the inputs of one line, `[INPUTS]`: `line` is `[LINE_FEATURES]` and `global` `[GLOBAL_FEATURES]` as
    /// [`crate::policy::Features`] writes them, `money` what the line is granted in the step, in major units.
    pub fn add(self, line: &[f32], global: &[f32], money: f64, to: &mut Vec<f32>) {
        to.extend_from_slice(line);
        to.extend_from_slice(global);
        to.push(libm::log(LITTLE + money.max(0.0) / self.unit) as f32);
    }
}

impl Predictor {
    /// What the network is shown: what was written (`[INPUTS]`), normalised, then for each head by how much the log odds that
    /// the line has shown so far exceed those of the training worlds.
    #[must_use]
    pub(super) fn complete(&self, inputs: &[f32], seen: &Counts) -> Vec<f32> {
        let mut all = Vec::with_capacity(inputs.len() + HEADS);
        all.extend_from_slice(inputs);
        self.normaliser.apply(&mut all);
        let log_odds = |rate: f64| libm::log(rate / (1.0 - rate));
        all.extend(Head::ALL.map(|head| {
            let place = head as usize;
            let usual = self.rates[place];
            let rate = (seen.events[place] as f64 + PRIOR_EVENTS)
                / (seen.trials(head) as f64 + PRIOR_EVENTS / usual);
            (log_odds(rate.min(MOST_RATE)) - log_odds(usual)) as f32
        }));
        all
    }

    /// `[HEADS]` log odds of each step of the path given the one before, for a line and step of which [`Inputs::add`] wrote
    /// `inputs` (`[INPUTS]`), and whose reports have said `seen`.
    #[must_use]
    pub fn log_odds(&self, inputs: &[f32], seen: &Counts) -> [f32; HEADS] {
        self.sizes.log_odds(&self.weights, &self.complete(inputs, seen))
    }

    /// `[HEADS]` chances given an impression, of the same.
    #[must_use]
    pub fn chances(&self, inputs: &[f32], seen: &Counts) -> [f64; HEADS] {
        along_the_path(self.log_odds(inputs, seen).map(|x| 1.0 / (1.0 + libm::exp(-f64::from(x)))))
    }

    /// `[HEADS]` chances given an impression by what the line has shown alone: the baseline.
    #[must_use]
    pub fn so_far(&self, seen: &Counts) -> [f64; HEADS] {
        let usual = along_the_path(self.rates);
        Head::ALL.map(|head| {
            let place = head as usize;
            let rate = (seen.events[place] as f64 + PRIOR_EVENTS)
                / (seen.impressions as f64 + PRIOR_EVENTS / usual[place]);
            rate.min(MOST_RATE)
        })
    }

    /// Writes `[lines, HEADS]`, the log odds of each line's heads, as features for a policy.
    ///
    /// `lines` is `[lines, LINE_FEATURES]` and `global` `[GLOBAL_FEATURES]`, both before they are normalised; `money` is
    /// `[lines]` what each line is supposed to be granted, in major units: the policy's own decision comes later, so
    /// what the line got in the step before, or a planner's proposal.
    pub fn features(
        &self,
        brief: &Brief,
        seen: &Seen,
        lines: &[f32],
        global: &[f32],
        money: &[f64],
        to: &mut [f32],
    ) {
        let inputs = Inputs::new(brief);
        let mut row = Vec::with_capacity(INPUTS);
        let lines = lines.chunks_exact(LINE_FEATURES).zip(money).zip(&seen.lines);
        for (((line, money), seen), to) in lines.zip(to.chunks_exact_mut(HEADS)) {
            row.clear();
            inputs.add(line, global, *money, &mut row);
            to.copy_from_slice(&self.log_odds(&row, seen));
        }
    }
}

#[cfg(test)]
impl Predictor {
    /// Heads that were never trained and do not say the same of everything.
    pub(crate) fn arbitrary(seed: u64) -> Self {
        let sizes = Sizes { inputs: INPUTS + HEADS, width: 8 };
        let weights = sizes.initial(seed, [-2.0, -3.0, -2.5, -4.0, -5.0, -6.0]);
        Self {
            sizes,
            weights: weights.iter().map(|x| 1.5 * x).collect(),
            normaliser: Normaliser::identity(INPUTS),
            rates: [0.1; HEADS],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::brief;

    #[test]
    fn features_are_the_log_odds_of_the_chances_line_by_line() {
        let predictor = Predictor::arbitrary(4);
        let brief = brief(2, 10);
        let lines: Vec<f32> = (0..2 * LINE_FEATURES).map(|i| (i as f32 * 0.37).sin()).collect();
        let global: Vec<f32> = (0..GLOBAL_FEATURES).map(|i| (i as f32 * 0.73).cos()).collect();
        let mut features = [0.0; 2 * HEADS];
        let mut seen = Seen::default();
        seen.start(&brief);
        let report = LineReport { impressions: 900, clicks: 90, engagements: 30, ..LineReport::default() };
        let observation =
            Observation { lines: vec![LineReport::default(), report], ..Observation::default() };
        seen.read(&observation);
        seen.read(&observation);
        assert_eq!(seen.lines[1], Counts { impressions: 1800, events: [180, 60, 0, 0, 0, 0] });
        predictor.features(&brief, &seen, &lines, &global, &[0.0, 500.0], &mut features);
        for (line, (features, money)) in features.chunks_exact(HEADS).zip([0.0, 500.0]).enumerate() {
            let mut row = Vec::new();
            let own = &lines[line * LINE_FEATURES..(line + 1) * LINE_FEATURES];
            Inputs::new(&brief).add(own, &global, money, &mut row);
            assert_eq!(row.len(), INPUTS);
            // An even share is 50 a step: ten of them, and a little.
            let shown = if money > 0.0 { 10.1_f64.ln() } else { 0.1_f64.ln() };
            assert!((f64::from(row[INPUTS - 1]) - shown).abs() < 1e-6);
            let chances = predictor.chances(&row, &seen.lines[line]);
            let odds = |log_odds: f32| 1.0 / (1.0 + (-f64::from(log_odds)).exp());
            assert!((chances[0] - odds(features[0])).abs() < 1e-12);
            assert!((chances[4] - odds(features[0]) * odds(features[4])).abs() < 1e-12);
        }
        assert_ne!(features[..HEADS], features[HEADS..]);
    }

    /// With no news a line is as usual; with news it is between the usual and what it has shown.
    #[test]
    fn what_a_line_has_shown_is_pulled_to_the_usual_rate() {
        let sizes = Sizes { inputs: 1 + HEADS, width: 1 };
        let predictor = Predictor {
            sizes,
            weights: vec![0.0; sizes.parameters()],
            normaliser: Normaliser::identity(1),
            rates: [0.1, 0.05, 0.5, 0.2, 0.25, 0.125],
        };
        let nothing = Counts::default();
        assert!(
            predictor.complete(&[7.0], &nothing).iter().zip([7.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6)
        );
        let usual = [0.1, 0.05, 0.05, 0.02, 0.025, 0.0125];
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(predictor.so_far(&nothing).iter().zip(usual).all(|(a, b)| close(*a, b)));
        let seen = Counts { impressions: 800, events: [30, 0, 0, 0, 5, 0] };
        // (30 + 5) / (800 + 50) and (5 + 5) / (800 + 200); given a click (5 + 5) / (30 + 20).
        let so_far = predictor.so_far(&seen);
        assert!(close(so_far[0], 35.0 / 850.0) && close(so_far[4], 0.01), "{so_far:?}");
        let moved = f64::from(predictor.complete(&[7.0], &seen)[1 + Head::FirstOrder as usize]);
        let log_odds = |rate: f64| (rate / (1.0 - rate)).ln();
        assert!((moved - (log_odds(0.2) - log_odds(0.25))).abs() < 1e-6);
    }
}
