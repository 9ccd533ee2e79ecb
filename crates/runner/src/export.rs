//! `--csv`: one row for each agent, seed and noise, as spreadsheets and data frames expect them.

use outlay_environment::{Money, Scenario};
use serde::Serialize;

use crate::failure::Failure;
use crate::results::Evaluation;

/// A row. Money is in major units, unlike in `--json`: a spreadsheet does not divide by a hundred by itself.
#[derive(Debug, Serialize)]
struct Row<'a> {
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
}

/// Every episode of every agent.
pub(crate) fn csv<'a>(
    agents: impl Iterator<Item = (&'a str, &'a Evaluation)>,
    scenario: &Scenario,
) -> Result<String, Failure> {
    let failed = |error: String| Failure::run("the results could not be written as CSV").because(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (agent, evaluation) in agents {
        for row in &evaluation.per_seed {
            let row = Row {
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
            };
            writer.serialize(row).map_err(|error| failed(error.to_string()))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}
