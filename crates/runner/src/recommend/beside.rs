//! `--beside`: a plan that somebody else made for the same step, weighed by the fitted returns.

use outlay_agent::Marginal;
use outlay_environment::{Brief, Money};
use serde::Serialize;

use super::question::File;
use super::returns::Returns;
use crate::failure::Failure;

/// A plan that somebody else made for the same step.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    /// `[lines]` its money.
    pub(super) lines: Vec<i64>,
    pub(super) total: i64,
    /// What the recommendation is expected to bring beyond it, by the marginal returns half way between the two; null where
    /// nobody can tell.
    pub(super) gain: Option<f64>,
}

/// Reads a plan of somebody else, `line,money`, and weighs it.
pub(super) fn beside(
    plan: &File,
    brief: &Brief,
    granted: &[f64],
    returns: &Returns,
) -> Result<Beside, Failure> {
    let bad = |cause: String| {
        Failure::usage(format!("the plan `{}` cannot be used", plan.path))
            .because(cause)
            .help("it has the columns `line` and `money`, a row for each line, money in major units")
    };
    let mut money = vec![None; brief.lines.len()];
    let mut problems = Vec::new();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(plan.text.as_bytes());
    let header = reader.headers().map_err(|error| bad(error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|known| known.trim_start_matches('\u{feff}') == name);
    let (Some(line), Some(amount)) = (column("line"), column("money")) else {
        return Err(bad("a column `line` or `money` is missing".to_owned()));
    };
    for (row, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|error| bad(error.to_string()))?;
        let (name, text) = (record.get(line).unwrap_or_default(), record.get(amount).unwrap_or_default());
        let place = brief.lines.iter().position(|known| known.name == name);
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        match (place, number) {
            (None, _) => problems.push(format!("row {row}: there is no line `{name}`")),
            (_, None) => problems.push(format!("row {row}: `{text}` is no number of 0 or more")),
            (Some(place), Some(number)) => money[place] = Some(number),
        }
    }
    let missing = brief.lines.iter().zip(&money).filter(|(_, money)| money.is_none());
    problems.extend(missing.map(|(line, _)| format!("there is no row for `{}`", line.name)));
    if !problems.is_empty() {
        return Err(bad(problems.join("\n  ")));
    }
    let money: Vec<f64> = money.into_iter().flatten().collect();
    let middle: Vec<f64> = money.iter().zip(granted).map(|(a, b)| 0.5 * (a + b)).collect();
    let gain = |marginal: Marginal| {
        let each = marginal.returns.iter().zip(granted).zip(&money);
        each.map(|((each, ours), theirs)| each * (ours - theirs)).sum::<f64>() / returns.per
    };
    let lines: Vec<i64> = money.iter().map(|money| Money::from_major(*money).0).collect();
    Ok(Beside { total: lines.iter().sum(), lines, gain: returns.at(&middle).map(gain) })
}
