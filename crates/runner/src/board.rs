//! `outlay suite --board AGENT`: one row for each comparison of a file.

use std::path::Path;

use serde::Serialize;

use crate::compare::Found;
use crate::format::{interval, number, or_undefined, percent, signed, signed_percent};
use crate::look::Look;
use crate::results::{Contestant, Finished, Pair, ScenarioId, VERSION};
use crate::statistics::{self, ESTIMAND, Interval, Stratum};

/// An agent in one comparison, against the one that the others are measured against.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// Scenario as typed.
    pub(crate) scenario: String,
    /// First letters of its hash.
    pub(crate) hash: String,
    /// What is counted.
    pub(crate) unit: String,
    /// The other.
    pub(crate) against: String,
    /// Mean score of the agent and of the other.
    pub(crate) means: [f64; 2],
    /// Tenth percentile of the episodes of the agent and of the other.
    pub(crate) p10: [f64; 2],
    /// Share of what could be won; null where `clairvoyant` was not run.
    pub(crate) headroom: Option<f64>,
    /// `[seeds * noises]` its scores between even (0) and the clairvoyant plan of the same episode (1), where that was run.
    #[serde(skip)]
    normalised: Option<Vec<f64>>,
    /// Noises of each seed.
    #[serde(skip)]
    noises: usize,
    /// Hard limits that the agent broke, over all seeds.
    pub(crate) violations: u64,
    /// The difference; null where the agent is the other itself.
    pub(crate) pair: Option<Pair>,
}

impl Row {
    /// The row of `agent`, if it finished there beside the other.
    pub(crate) fn of(
        agent: &str,
        other: &str,
        typed: &str,
        id: &ScenarioId,
        found: &Found,
        noises: u64,
    ) -> Option<Self> {
        let finished = |name: &str| -> Option<&Finished> {
            found.agents.iter().filter_map(Contestant::finished).find(|agent| agent.name == name)
        };
        let own = finished(agent)?;
        let both = [own, finished(other)?].map(|agent| &agent.evaluation.score);
        Some(Self {
            scenario: typed.to_owned(),
            hash: id.hash.chars().take(12).collect(),
            unit: both[0].unit.clone(),
            against: other.to_owned(),
            means: both.map(|score| score.mean),
            p10: both.map(|score| score.p10),
            headroom: own.headroom,
            normalised: own.normalised.clone(),
            noises: noises as usize,
            violations: own.evaluation.violations,
            pair: found.pairs.iter().find(|pair| pair.a == agent).cloned(),
        })
    }

    /// Its episodes between even and the clairvoyant plan.
    fn stratum(&self) -> Option<Stratum<'_>> {
        let scores = self.normalised.as_deref()?;
        Some(Stratum { scores, noises: self.noises })
    }

    /// 1 where the agent is ahead beyond the interval, -1 where it is behind, else 0.
    fn side(&self) -> i8 {
        match &self.pair {
            Some(Pair { difference_ci95: [low, _], .. }) if *low > 0.0 => 1,
            Some(Pair { difference_ci95: [_, high], .. }) if *high < 0.0 => -1,
            _ => 0,
        }
    }
}

/// Share of what could be won over all comparisons in which the clairvoyant plan was run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Headroom {
    /// Comparisons where that plan reaches more than even.
    pub(crate) comparisons: usize,
    /// Interquartile mean of all their episodes, each between even's mean (0) and the plan of the same episode (1).
    pub(crate) iqm: f64,
    /// 95 % stratified bootstrap interval.
    pub(crate) iqm_ci95: Interval,
}

/// The headroom over all rows; nothing where no row has one.
pub(crate) fn headroom(rows: &[Row]) -> Option<Headroom> {
    let strata: Vec<Stratum<'_>> = rows.iter().filter_map(Row::stratum).collect();
    let all: Vec<f64> = strata.iter().flat_map(|stratum| stratum.scores).copied().collect();
    (!strata.is_empty()).then(|| Headroom {
        comparisons: strata.len(),
        iqm: statistics::interquartile_mean(&all),
        iqm_ci95: statistics::stratified_interval(&strata),
    })
}

/// The table, and how often the agent is ahead.
pub(crate) fn page(file: &Path, agent: &str, rows: &[Row], look: Look) -> String {
    let first = rows.first().map_or("", |row| row.against.as_str());
    // Where the file measures against several agents, each row says against whom.
    let same = rows.iter().all(|row| row.against == first);
    let against = if same { first } else { "the other" };
    let headrooms = rows.iter().any(|row| row.headroom.is_some());
    let p10 = format!("p10 of {against}");
    let mut header =
        vec!["scenario", "unit", against, agent, "difference", "95 % interval", "uplift", "P(better)"];
    header.extend(["p10", &p10]);
    header.extend(headrooms.then_some("headroom"));
    header.extend(["limits broken", "hash"]);
    let header: Vec<String> = header.into_iter().map(str::to_owned).collect();
    let table = look.table(&header, rows.iter().map(|row| cells(row, same, headrooms)));
    let of = |side: i8| rows.iter().filter(|row| row.side() == side).count();
    let lower = rows.iter().filter(|row| row.p10[0] < row.p10[1]).count();
    let surely = |row: &&Row| row.pair.as_ref().is_some_and(|pair| pair.p10_difference_ci95[1] < 0.0);
    let mut notes = format!(
        "{agent} is ahead of {against} beyond the interval in {} of {} comparisons, behind in {}; its tenth percentile is lower \
         in {lower}, beyond the interval in {}\n",
        of(1),
        rows.len(),
        of(-1),
        rows.iter().filter(surely).count(),
    );
    if let Some(Headroom { comparisons, iqm, iqm_ci95 }) = headroom(rows) {
        let share = |share: f64| format!("{share:.2}");
        let all = if comparisons == rows.len() { "" } else { " that have room" };
        notes += &format!(
            "headroom over {comparisons} comparisons{all}: {} {} (interquartile mean of the episodes, each between even, 0, and the \
             clairvoyant plan of the same episode, 1)\n",
            share(iqm),
            interval(iqm_ci95, share),
        );
    }
    notes += &format!("difference: {ESTIMAND}\noutlay {VERSION}, {}\n", file.display());
    look.page(
        look.heading(2, format!("{agent} against {against}\n")) + "\n" + &table + "\n" + &look.notes(&notes),
    )
}

fn cells(row: &Row, same: bool, headrooms: bool) -> Vec<String> {
    let [own, other] = row.means.map(number);
    let scenario = if same { row.scenario.clone() } else { format!("{} ({})", row.scenario, row.against) };
    let mut cells = vec![scenario, row.unit.clone(), other, own];
    match &row.pair {
        Some(pair) => cells.extend([
            signed(pair.difference),
            interval(pair.difference_ci95, signed),
            or_undefined(pair.uplift, signed_percent),
            percent(pair.p_better),
        ]),
        None => cells.resize(8, String::new()),
    }
    cells.extend(row.p10.map(number));
    if headrooms {
        cells.push(or_undefined(row.headroom, |share| format!("{share:.2}")));
    }
    cells.extend([row.violations.to_string(), row.hash.clone()]);
    cells
}
