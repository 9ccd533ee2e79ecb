//! From the numbers of an action to money, and back.

use std::str::FromStr;

use outlay_agent::policy::{Prefer, decide, logits};
use outlay_environment::{Allocation, Brief, Observation};
use pyo3::prelude::*;

use crate::errors::ActionError;

/// Logits further out than this are cut off, by the policies' own map as well.
pub(crate) const LIMIT: f64 = 10.0;

/// What the numbers of an action mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actions {
    /// `[lines + 1]` weights from 0 to 1, the reserve last.
    Shares,
    /// `[lines + 1]` logits as our own policies decide them, the reserve last.
    Logits,
    /// `[lines]` major units.
    Money,
}

impl FromStr for Actions {
    type Err = PyErr;

    fn from_str(name: &str) -> PyResult<Self> {
        match name {
            "shares" => Ok(Self::Shares),
            "logits" => Ok(Self::Logits),
            "money" => Ok(Self::Money),
            _ => Err(ActionError::new_err(format!(
                "`action` is \"shares\", \"logits\" or \"money\", not {name:?}"
            ))),
        }
    }
}

impl Actions {
    /// Numbers of an action.
    pub(crate) fn size(self, brief: &Brief) -> usize {
        brief.lines.len() + usize::from(self != Self::Money)
    }

    /// Least and most of each number.
    pub(crate) fn bounds(self, brief: &Brief) -> (f64, f64) {
        match self {
            Self::Shares => (0.0, 1.0),
            Self::Logits => (-LIMIT, LIMIT),
            Self::Money => (0.0, brief.budget.major()),
        }
    }

    /// Refuses actions that mean nothing: another number of numbers, or some that are none.
    pub(crate) fn check(self, brief: &Brief, action: &[f64]) -> PyResult<()> {
        let (size, lines) = (self.size(brief), brief.lines.len());
        if action.len() != size {
            let what =
                if self == Self::Money { "one for each line" } else { "one for each line and the reserve" };
            let got = action.len();
            return Err(ActionError::new_err(format!(
                "an action has {size} numbers, {what} ({lines} lines); this one has {got}"
            )));
        }
        match action.iter().position(|number| number.is_nan()) {
            Some(place) => Err(ActionError::new_err(format!("number {place} of the action is not a number"))),
            None => Ok(()),
        }
    }

    /// Writes the money that a checked action means. Numbers outside their bounds count as the nearest bound.
    pub(crate) fn money(self, brief: &Brief, observation: &Observation, action: &[f64], to: &mut Allocation) {
        let (least, most) = self.bounds(brief);
        let action = action.iter().map(|number| number.clamp(least, most));
        let lines = brief.lines.len();
        to.money.resize(lines, 0.0);
        match self {
            Self::Money => to.money.iter_mut().zip(action).for_each(|(money, number)| *money = number),
            Self::Logits => {
                let logits: Vec<f32> = action.map(|number| number as f32).collect();
                decide(brief, observation, Prefer::Spend, &logits, to);
            }
            Self::Shares => {
                let weights: Vec<f64> = action.collect();
                decide(brief, observation, Prefer::Spend, &logits_of(&weights), to);
                // A logit of minus infinity is cut off and would still get a little.
                if weights.iter().any(|weight| *weight > 0.0) {
                    let none = to.money.iter_mut().zip(&weights).filter(|(_, weight)| **weight == 0.0);
                    none.for_each(|(money, _)| *money = 0.0);
                }
            }
        }
    }

    /// The action that means `money` (`[lines]` major units), but for rounding.
    pub(crate) fn of(self, brief: &Brief, observation: &Observation, money: &[f64]) -> Vec<f64> {
        if self == Self::Money {
            return money.to_vec();
        }
        let mut found = vec![0.0; brief.lines.len() + 1];
        logits(brief, observation, Prefer::Spend, money, libm::exp(-LIMIT), &mut found);
        let found = found.into_iter().map(f64::from);
        if self == Self::Logits {
            return found.collect();
        }
        let mut weights: Vec<f64> = found.map(libm::exp).collect();
        // A share of the reserve is measured in the mean line's.
        if let Some((reserve, lines)) = weights.split_last_mut() {
            *reserve *= lines.iter().sum::<f64>() / lines.len() as f64;
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        weights.into_iter().map(|weight| weight / largest).collect()
    }
}

/// The logits of weights of which the reserve's is the last: of a line's the logarithm, of the reserve's that of its
/// ratio to the mean line's. All alike is the even plan, and so is nothing at all.
fn logits_of(weights: &[f64]) -> Vec<f32> {
    let Some((reserve, lines)) = weights.split_last() else { return Vec::new() };
    if weights.iter().all(|weight| *weight == 0.0) {
        return vec![0.0; weights.len()];
    }
    let mean = lines.iter().sum::<f64>() / lines.len() as f64;
    let against = |weight: &f64| if mean > 0.0 { libm::log(weight / mean) as f32 } else { 0.0 };
    let kept = if mean > 0.0 { against(reserve) } else { f32::INFINITY };
    lines.iter().map(against).chain([kept]).collect()
}
