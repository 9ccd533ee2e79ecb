//! `--csv`: rows as spreadsheets and data frames expect them. Money is in major units, unlike in `--json`: a spreadsheet
//! does not divide by a hundred by itself.

use outlay_environment::{Money, Scenario};
use serde::Serialize;

use crate::failure::Failure;
use crate::results::Evaluation;

/// An episode.
#[derive(Debug, Serialize)]
struct Episode<'a> {
    /// Name of the scenario.
    scenario: &'a str,
    /// Name in the comparison.
    agent: &'a str,
    /// Seed of the world.
    seed: u64,
    /// Noise seed of the world.
    noise: u64,
    /// Unit of the score.
    unit: &'a str,
    /// Score.
    score: f64,
    /// Currency of the spend.
    currency: &'a str,
    /// Money spent, major units.
    spend: f64,
    /// Credited revenue / spend; empty at zero spend.
    return_on_spend: Option<f64>,
    /// (Revenue - revenue without spending) / spend; empty at zero spend.
    incremental_return_on_spend: Option<f64>,
    /// Days until last year's revenue was passed; empty where it never was, or is not stated.
    days_to_pass: Option<f64>,
}

/// A line of an agent, means over the episodes.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// Name of the scenario.
    scenario: &'a str,
    /// Name in the comparison.
    agent: &'a str,
    /// Name of the line.
    line: &'a str,
    /// Currency of the spend.
    currency: &'a str,
    /// Money spent, major units.
    spend: f64,
    /// Share of all money spent; empty where none was.
    share_of_spend: Option<f64>,
    /// What is credited.
    unit: &'a str,
    /// How much is.
    credited: f64,
    /// How much for each 1,000 major units spent; empty at zero spend.
    credited_per_thousand: Option<f64>,
}

/// Name of an agent, where it was judged, and what it reached.
pub(crate) type Judged<'a> = (&'a str, &'a Scenario, &'a Evaluation);

/// Every episode of every agent.
pub(crate) fn episodes<'a>(agents: impl Iterator<Item = Judged<'a>>) -> Result<String, Failure> {
    let of_agent = |(agent, scenario, evaluation): Judged<'a>| {
        evaluation.per_seed.iter().map(move |row| Episode {
            scenario: &scenario.name,
            agent,
            seed: row.seed,
            noise: row.noise,
            unit: scenario.goal.unit(),
            score: row.score,
            currency: &scenario.currency,
            spend: Money(row.spend).major(),
            return_on_spend: row.return_on_spend,
            incremental_return_on_spend: row.incremental_return_on_spend,
            days_to_pass: row.days_to_pass,
        })
    };
    csv(agents.flat_map(of_agent))
}

/// Every line of every agent.
pub(crate) fn lines<'a>(agents: impl Iterator<Item = Judged<'a>>) -> Result<String, Failure> {
    let of_agent = |(agent, scenario, evaluation): Judged<'a>| {
        evaluation.lines.iter().map(move |line| Line {
            scenario: &scenario.name,
            agent,
            line: &line.name,
            currency: &scenario.currency,
            spend: Money(line.spend).major(),
            share_of_spend: line.share_of_spend,
            unit: evaluation.credited_unit,
            credited: line.credited,
            credited_per_thousand: line.credited_per_thousand,
        })
    };
    csv(agents.flat_map(of_agent))
}

/// Rows under their header.
pub(crate) fn csv(rows: impl Iterator<Item = impl Serialize>) -> Result<String, Failure> {
    let failed = |error: String| Failure::run("the results could not be written as CSV").because(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}
