//! What an agent has seen of its episode, and sums over the last days of it.

use outlay_environment::{Brief, LineReport, Observation, ShopReport};

/// Everything reported since the start of an episode.
#[derive(Debug, Clone, Default)]
pub struct History {
    lines: usize,
    step_days: f64,
    /// `[steps seen, lines]`, row by row.
    reports: Vec<LineReport>,
    /// `[steps seen]`
    shop: Vec<ShopReport>,
}

impl History {
    /// Nothing seen yet of an episode of `brief`.
    #[must_use]
    pub fn new(brief: &Brief) -> Self {
        let reports = Vec::with_capacity(brief.steps * brief.lines.len());
        let shop = Vec::with_capacity(brief.steps);
        Self { lines: brief.lines.len(), step_days: brief.step_days, reports, shop }
    }

    /// Takes in the reports of the step before `observation`. Step 0 has none.
    pub fn record(&mut self, observation: &Observation) {
        if observation.step > 0 {
            self.reports.extend_from_slice(&observation.lines);
            self.shop.push(observation.shop.clone());
        }
    }

    /// Steps seen.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.shop.len()
    }

    /// `[lines]` reports of one step.
    #[must_use]
    pub fn step(&self, step: usize) -> &[LineReport] {
        &self.reports[step * self.lines..(step + 1) * self.lines]
    }

    /// The shop's book of one step.
    #[must_use]
    pub fn shop(&self, step: usize) -> &ShopReport {
        &self.shop[step]
    }

    /// How many steps make `days`, at least one.
    #[must_use]
    pub fn window(&self, days: f64) -> usize {
        ((days / self.step_days).round() as usize).max(1)
    }

    /// `[lines]` sums over the last `days` that were seen.
    #[must_use]
    pub fn last_days(&self, days: f64) -> Vec<LineReport> {
        self.sum(self.steps().saturating_sub(self.window(days))..self.steps())
    }

    /// `[lines]` sums over a range of steps.
    #[must_use]
    pub fn sum(&self, steps: std::ops::Range<usize>) -> Vec<LineReport> {
        let mut totals = vec![LineReport::default(); self.lines];
        for step in steps {
            for (total, report) in totals.iter_mut().zip(self.step(step)) {
                add(total, report);
            }
        }
        totals
    }
}

fn add(total: &mut LineReport, report: &LineReport) {
    total.granted += report.granted;
    total.spend += report.spend;
    total.impressions += report.impressions;
    total.clicks += report.clicks;
    total.engagements += report.engagements;
    total.carts += report.carts;
    total.orders += report.orders;
    total.new_customers += report.new_customers;
    total.joins += report.joins;
    total.leads += report.leads;
    total.revenue += report.revenue;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{brief, observation, spent};

    #[test]
    fn sums_only_the_window() {
        let mut history = History::new(&brief(2, 10));
        for step in 0..=9 {
            history.record(&observation(step, 0.0, vec![spent(1.0, 2.0), spent(step as f64, 0.0)]));
        }
        assert_eq!(history.steps(), 9);
        let week = history.last_days(7.0);
        assert_eq!(week[0].spend.major(), 7.0);
        assert_eq!(week[0].revenue.major(), 14.0);
        assert_eq!(week[1].spend.major(), f64::from((3..=9).sum::<i32>()));
        assert_eq!(history.sum(0..9)[0].spend.major(), 9.0);
    }

    #[test]
    fn windows_are_in_days() {
        let mut plan = brief(1, 4);
        plan.step_days = 0.5;
        assert_eq!(History::new(&plan).window(7.0), 14);
        plan.step_days = 30.0;
        assert_eq!(History::new(&plan).window(7.0), 1);
    }
}
