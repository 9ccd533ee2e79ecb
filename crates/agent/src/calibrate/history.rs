//! What was spent and what came of it, step by step.

/// A history without gaps: one entry for each step everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Length of a step: 1 day or 7.
    pub step_days: u32,
    /// Day of the first step, counted from 1970-01-01.
    pub first_day: i64,
    /// `[steps]` what is to be explained: revenue, or orders.
    pub outcome: Vec<f64>,
    /// Paid media.
    pub channels: Vec<Channel>,
    /// What else moves the outcome and is known beforehand, or at least afterwards.
    pub controls: Vec<Control>,
}

/// One paid channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its name, unique.
    pub name: String,
    /// `[steps]` money, major units, not below 0.
    pub spend: Vec<f64>,
}

/// One control: an event, a price, a rival's activity, what is sent for free.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Its name, unique.
    pub name: String,
    /// `[steps]` its values, in any unit.
    pub values: Vec<f64>,
}

/// Why a history cannot be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{steps} steps are too few: at least {least} are needed")]
pub struct TooShort {
    /// Steps there are.
    pub steps: usize,
    /// Steps needed.
    pub least: usize,
}

impl History {
    /// Fewest steps of which curves are found at all: half a year of weeks, eight weeks of days.
    #[must_use]
    pub fn least_steps(step_days: u32) -> usize {
        if step_days == 7 { 26 } else { 56 }
    }

    /// Number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.outcome.len()
    }

    /// Years from the first step to the last.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.steps() as f64 * f64::from(self.step_days) / DAYS_OF_A_YEAR
    }

    /// Steps that the present is judged by: a quarter of weeks, four weeks of days.
    #[must_use]
    pub fn recent_steps(&self) -> usize {
        (if self.step_days == 7 { 13 } else { 28 }).min(self.steps())
    }

    /// The steps up to `steps`.
    #[must_use]
    pub fn first(&self, steps: usize) -> Self {
        let cut = |values: &[f64]| values[..steps.min(values.len())].to_vec();
        Self {
            outcome: cut(&self.outcome),
            channels: (self.channels.iter())
                .map(|it| Channel { name: it.name.clone(), spend: cut(&it.spend) })
                .collect(),
            controls: (self.controls.iter())
                .map(|it| Control { name: it.name.clone(), values: cut(&it.values) })
                .collect(),
            ..*self
        }
    }

    /// The history with a plan (`[steps * channels]` money, row by row) behind it. Controls, which nobody knows yet, are as
    /// they were a year before, or at their mean where the history is shorter; the outcome is 0.
    #[must_use]
    pub fn with_plan(&self, plan: &[f64]) -> Self {
        let channels = self.channels.len().max(1);
        let (steps, ahead) = (self.steps(), plan.len() / channels);
        let year = libm::round(DAYS_OF_A_YEAR / f64::from(self.step_days)) as usize;
        let mut longer = self.clone();
        longer.outcome.resize(steps + ahead, 0.0);
        for (place, channel) in longer.channels.iter_mut().enumerate() {
            channel.spend.extend(plan.chunks(channels).map(|row| row[place]));
        }
        for control in &mut longer.controls {
            let mean = mean(&control.values);
            for step in steps..steps + ahead {
                let before = step.checked_sub(year).and_then(|before| control.values.get(before));
                control.values.push(before.copied().unwrap_or(mean));
            }
        }
        longer
    }
}

/// Mean length of a year in the Gregorian calendar.
pub(super) const DAYS_OF_A_YEAR: f64 = 365.2425;

/// Mean; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_laid_behind_the_history() {
        let history = History {
            step_days: 7,
            first_day: 0,
            outcome: vec![5.0; 60],
            channels: vec![
                Channel { name: "a".into(), spend: vec![1.0; 60] },
                Channel { name: "b".into(), spend: vec![2.0; 60] },
            ],
            controls: vec![Control { name: "c".into(), values: (0..60).map(f64::from).collect() }],
        };
        let longer = history.with_plan(&[10.0, 20.0, 11.0, 21.0]);
        assert_eq!(longer.channels[1].spend[59..], [2.0, 20.0, 21.0]);
        // 52 weeks before.
        assert_eq!(longer.controls[0].values[60..], [8.0, 9.0]);
        assert_eq!(longer.first(60), history);
        let mut short = history.first(10);
        short = short.with_plan(&[0.0; 4]);
        assert_eq!(short.controls[0].values[10..], [4.5, 4.5]);
    }
}
