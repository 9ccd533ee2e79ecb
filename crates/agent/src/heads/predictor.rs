//! A trained predictor: inputs, chances along the path, and features for a policy.

use outlay_environment::Brief;

use super::{HEADS, Sizes, along_the_path};
use crate::policy::{GLOBAL_FEATURES, LINE_FEATURES, Normaliser};

/// Inputs of one line in one step: its features, those of the whole, its money.
pub const INPUTS: usize = LINE_FEATURES + GLOBAL_FEATURES + 1;

/// Added to money before the log: a tenth of an even share counts as next to nothing.
const LITTLE: f64 = 0.1;

/// Everything a prediction needs. What is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictor {
    /// Sizes of the network.
    pub sizes: Sizes,
    /// `[parameters]`
    pub weights: Vec<f32>,
    /// `[inputs]`
    pub normaliser: Normaliser,
    /// `[HEADS]` events per impression where it was trained.
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
    /// `[HEADS]` log odds of each step of the path given the one before. `inputs` is `[inputs]`, not normalised.
    #[must_use]
    pub fn log_odds(&self, inputs: &[f32]) -> [f32; HEADS] {
        let mut normal = inputs.to_vec();
        self.normaliser.apply(&mut normal);
        self.sizes.log_odds(&self.weights, &normal)
    }

    /// `[HEADS]` chances given an impression. `inputs` is `[inputs]`, not normalised.
    #[must_use]
    pub fn chances(&self, inputs: &[f32]) -> [f64; HEADS] {
        along_the_path(self.log_odds(inputs).map(|x| 1.0 / (1.0 + libm::exp(-f64::from(x)))))
    }

    /// Writes `[lines, HEADS]`, the log odds of each line's heads, as features for a policy.
    ///
    /// `lines` is `[lines, LINE_FEATURES]` and `global` `[GLOBAL_FEATURES]`, both before they are normalised; `money` is
    /// `[lines]` what each line is supposed to be granted, in major units: the policy's own decision comes later, so
    /// what the line got in the step before, or a planner's proposal.
    pub fn features(&self, brief: &Brief, lines: &[f32], global: &[f32], money: &[f64], to: &mut [f32]) {
        let inputs = Inputs::new(brief);
        let mut row = Vec::with_capacity(INPUTS);
        for ((line, money), to) in
            lines.chunks_exact(LINE_FEATURES).zip(money).zip(to.chunks_exact_mut(HEADS))
        {
            row.clear();
            inputs.add(line, global, *money, &mut row);
            to.copy_from_slice(&self.log_odds(&row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::brief;

    #[test]
    fn features_are_the_log_odds_of_the_chances_line_by_line() {
        let sizes = Sizes { inputs: INPUTS, width: 8 };
        let predictor = Predictor {
            sizes,
            weights: sizes.initial(4, [-2.0, -3.0, -2.5, -4.0, -5.0, -6.0]).iter().map(|x| 1.5 * x).collect(),
            normaliser: Normaliser::identity(INPUTS),
            rates: [0.1; HEADS],
        };
        let brief = brief(2, 10);
        let lines: Vec<f32> = (0..2 * LINE_FEATURES).map(|i| (i as f32 * 0.37).sin()).collect();
        let global: Vec<f32> = (0..GLOBAL_FEATURES).map(|i| (i as f32 * 0.73).cos()).collect();
        let mut features = [0.0; 2 * HEADS];
        predictor.features(&brief, &lines, &global, &[0.0, 500.0], &mut features);
        for (line, (features, money)) in features.chunks_exact(HEADS).zip([0.0, 500.0]).enumerate() {
            let mut row = Vec::new();
            let own = &lines[line * LINE_FEATURES..(line + 1) * LINE_FEATURES];
            Inputs::new(&brief).add(own, &global, money, &mut row);
            assert_eq!(row.len(), INPUTS);
            // An even share is 50 a step: ten of them, and a little.
            let shown = if money > 0.0 { 10.1_f64.ln() } else { 0.1_f64.ln() };
            assert!((f64::from(row[INPUTS - 1]) - shown).abs() < 1e-6);
            let chances = predictor.chances(&row);
            let odds = |log_odds: f32| 1.0 / (1.0 + (-f64::from(log_odds)).exp());
            assert!((chances[0] - odds(features[0])).abs() < 1e-12);
            assert!((chances[4] - odds(features[0]) * odds(features[4])).abs() < 1e-12);
        }
        assert_ne!(features[..HEADS], features[HEADS..]);
    }
}
