//! What a what-if question found: the export schema of `outlay what-if --json`, written field by field in this order.
//!
//! Money is an integer of minor units unless a field says otherwise.

use outlay_environment::Money;
use serde::Serialize;

use super::alternatives::Alternative;
use super::sample::Sample;
use crate::incremental::return_on;
use crate::results::ScenarioId;
use crate::statistics::{self, Interval};

/// `outlay what-if --json`.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    /// `outlay.what-if/1`
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) scenario: &'a ScenarioId,
    pub(super) agent: &'a str,
    /// Seeds, half-open, as typed.
    pub(super) seeds: String,
    /// Noise seeds a world.
    pub(super) noise: u64,
    /// What the intervals are about.
    pub(super) estimand: &'static str,
    /// `changes`, `next`, `limits`, `curve` or `stress`.
    pub(super) question: &'static str,
    #[serde(flatten)]
    pub(super) answer: &'a Answer,
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds_total: Option<f64>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    /// The scenario as it is.
    pub(super) as_it_is: Row,
    /// What it was compared with.
    pub(super) alternatives: Vec<Row>,
}

/// One alternative, or the scenario as it is.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What is other.
    pub(super) name: String,
    /// Hash of the changed scenario; null where money was forced onto a line or off it.
    pub(super) scenario_hash: Option<String>,
    /// Budget.
    pub(super) budget: i64,
    /// Mean score, by the goal of the scenario as it is.
    pub(super) score: f64,
    /// Mean money spent.
    pub(super) spend: i64,
    /// Credited revenue / spend.
    pub(super) return_on_spend: Option<f64>,
    /// (Revenue - revenue without spending) / spend.
    pub(super) incremental_return_on_spend: Option<f64>,
    /// Against the scenario as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) against: Option<Against>,
    /// What was forced; only of `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) forced: Option<Forcing>,
    /// How often the limit bound in the scenario as it is; only of `limits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bound: Option<Binding>,
    /// What more budget brought since the point before; only of `curve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) more: Option<More>,
    /// Mean money spent on each line.
    pub(super) lines: Vec<LineSpend>,
}

/// A paired difference from the scenario as it is.
#[derive(Debug, Serialize)]
pub(super) struct Against {
    /// Mean paired difference of the score.
    pub(super) difference: f64,
    /// 95 % studentised bootstrap interval of it.
    pub(super) difference_ci95: Interval,
    /// Difference as a fraction of the mean as it is; null where that is 0.
    pub(super) uplift: Option<f64>,
    /// Interval of the uplift.
    pub(super) uplift_ci95: Option<Interval>,
    /// Share of episodes that it makes better; a tie counts half.
    pub(super) p_better: f64,
    /// Mean difference of money spent.
    pub(super) spend_difference: i64,
    /// Major units spent more for each unit of the score gained, or saved for each lost; null where they go apart, where
    /// the interval holds 0, and where less than a thousandth of the money moved.
    pub(super) cost_each: Option<f64>,
}

/// Money that the agent got or lost, or that was forced onto a line or off it.
#[derive(Debug, Serialize)]
pub(super) struct Forcing {
    /// The line; null where the agent decided.
    pub(super) line: Option<String>,
    /// Money, negative where it was taken away.
    pub(super) money: i64,
    /// The line that it came from, where it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
}

/// How often a limit bound.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Binding {
    /// Share of steps in which the money stood at a hard limit.
    Steps(f64),
    /// Share of episodes that miss a soft limit.
    Missed(f64),
}

/// What more budget brought.
#[derive(Debug, Serialize)]
pub(super) struct More {
    /// Units of the score for each thousand major units of budget since the point before.
    pub(super) per_thousand: f64,
    /// 95 % interval of it.
    pub(super) per_thousand_ci95: Interval,
}

/// Money of one line.
#[derive(Debug, Serialize)]
pub(super) struct LineSpend {
    /// Its name.
    pub(super) name: String,
    /// Mean money spent.
    pub(super) spend: i64,
}

impl Row {
    /// What the episodes of an alternative came to.
    pub(super) fn of(alternative: &Alternative, samples: &[Sample]) -> Self {
        let sum = |value: fn(&Sample) -> Money| samples.iter().map(value).sum::<Money>();
        let spend = sum(|sample| sample.spend);
        let lines = alternative.scenario.brief.lines.iter().enumerate();
        Self {
            name: alternative.name.clone(),
            scenario_hash: Some(alternative.scenario.hash.clone()),
            budget: alternative.scenario.brief.budget.0,
            score: statistics::mean(&scores(samples)),
            spend: mean(samples, |sample| sample.spend),
            return_on_spend: return_on(spend, sum(|sample| sample.credited)),
            incremental_return_on_spend: return_on(spend, sum(|sample| sample.caused)),
            against: None,
            forced: None,
            bound: None,
            more: None,
            lines: lines
                .map(|(line, brief)| LineSpend {
                    name: brief.name.clone(),
                    spend: mean(samples, |sample| sample.lines[line]),
                })
                .collect(),
        }
    }

    /// With what differs from the scenario as it is.
    pub(super) fn against(mut self, base: &[Sample], samples: &[Sample], noises: u64) -> Self {
        let comparison = statistics::compare(&scores(samples), &scores(base), noises as usize);
        let more: Money =
            samples.iter().map(|it| it.spend).sum::<Money>() - base.iter().map(|it| it.spend).sum();
        let spend = more.major() / samples.len().max(1) as f64;
        let [low, high] = comparison.difference_interval;
        let as_it_is: Money = base.iter().map(|it| it.spend).sum();
        // Money that only rounding moved bought nothing, and what may be nothing has no price.
        let is_priced = more.0.saturating_abs() >= as_it_is.0 / 1_000 && (low > 0.0 || high < 0.0);
        let cost = spend / comparison.difference;
        self.against = Some(Against {
            difference: comparison.difference,
            difference_ci95: comparison.difference_interval,
            uplift: comparison.uplift,
            uplift_ci95: comparison.uplift_interval,
            p_better: comparison.better,
            spend_difference: Money::from_major(spend).0,
            cost_each: Some(cost).filter(|cost| is_priced && cost.is_finite() && *cost > 0.0),
        });
        self
    }

    /// With what `more` budget brought since the point before.
    pub(super) fn after(mut self, before: &[Sample], samples: &[Sample], more: Money, noises: u64) -> Self {
        let comparison = statistics::compare(&scores(samples), &scores(before), noises as usize);
        let thousands = more.major() / 1_000.0;
        self.more = Some(More {
            per_thousand: comparison.difference / thousands,
            per_thousand_ci95: comparison.difference_interval.map(|end| end / thousands),
        });
        self
    }

    /// The difference from the scenario as it is.
    pub(super) fn gain(&self) -> f64 {
        self.against.as_ref().map_or(0.0, |against| against.difference)
    }
}

fn scores(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.score).collect()
}

fn mean(samples: &[Sample], value: impl Fn(&Sample) -> Money) -> i64 {
    let sum: Money = samples.iter().map(value).sum();
    (sum.0 as f64 / samples.len().max(1) as f64).round() as i64
}
