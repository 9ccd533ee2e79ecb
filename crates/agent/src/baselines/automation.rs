//! Rules with a one-step prediction: what products did before they planned (the generation of AI智投, May 2021, of which
//! Wanxiangtai is the successor). Nothing is planned ahead but the pace.
//!
//! Each step: predict what every line will bring for its money in the coming step, from the curve that its reports show;
//! raise lines whose predicted return is above the mean by a margin, cut those below, leave the rest; keep each line
//! between a floor and a ceiling. The thresholds and steps are those usual in rule engines of advertising platforms
//! (assumed).

use outlay_environment::Brief;

use super::history::History;
use super::paced::Split;
use super::returns::Returns;

/// Prior standard deviation of a coefficient of a curve; the mean is a third.
const SPREAD: f64 = 0.3;
/// Predicted return relative to the mean beyond which a line's money changes.
const MARGIN: f64 = 0.1;
/// Change of a line's money in one step.
const CHANGE: f64 = 0.15;
/// Least and most money of a line, relative to an even split.
const FLOOR: f64 = 0.2;
const CEILING: f64 = 3.0;

/// Raises and cuts lines by thresholds on their predicted return.
#[derive(Debug, Default)]
pub struct Automation {
    returns: Option<Returns>,
    /// `[lines]` money relative to an even split.
    weights: Vec<f64>,
}

/// The rule: weights after a step, from predicted returns (both `[lines]`). `money` is what they divide.
fn adjust(weights: &mut [f64], returns: &[f64]) {
    let total: f64 = weights.iter().sum();
    let mean = weights.iter().zip(returns).map(|(weight, rate)| weight * rate).sum::<f64>() / total;
    for (weight, rate) in weights.iter_mut().zip(returns) {
        if *rate > (1.0 + MARGIN) * mean {
            *weight *= 1.0 + CHANGE;
        } else if *rate < (1.0 - MARGIN) * mean {
            *weight *= 1.0 - CHANGE;
        }
    }
    let even = weights.len() as f64 / weights.iter().sum::<f64>();
    weights.iter_mut().for_each(|weight| *weight = (*weight * even).clamp(FLOOR, CEILING));
}

impl Split for Automation {
    fn start(&mut self, brief: &Brief) {
        self.returns = Some(Returns::new(brief, SPREAD));
        self.weights = vec![1.0; brief.lines.len()];
    }

    fn weights(&mut self, history: &History, money: f64) -> Vec<f64> {
        let Some(returns) = &mut self.returns else { return self.weights.clone() };
        let step = history.steps();
        if let Some(last) = step.checked_sub(1) {
            returns.record(last, history.step(last), history.shop(last));
            let total: f64 = self.weights.iter().sum();
            let predict = |(line, weight): (usize, &f64)| {
                let spend = money * weight / total;
                returns.mean(line).value(step, spend) / spend.max(f64::MIN_POSITIVE)
            };
            let predicted: Vec<f64> = self.weights.iter().enumerate().map(predict).collect();
            adjust(&mut self.weights, &predicted);
        }
        self.weights.clone()
    }

    fn watches_spending(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_by_hand() {
        // Mean 1: above the margin, within it, below it.
        let mut weights = [1.0; 3];
        adjust(&mut weights, &[1.3, 1.0, 0.7]);
        for (weight, wanted) in weights.iter().zip([1.15, 1.0, 0.85]) {
            assert!((weight - wanted).abs() < 1e-12, "{weights:?}");
        }
        for _ in 0..50 {
            adjust(&mut weights, &[1.3, 1.0, 0.0]);
        }
        assert_eq!(weights[2], FLOOR);
        assert!(weights.iter().all(|weight| *weight <= CEILING));
    }
}
