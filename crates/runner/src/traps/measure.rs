//! Who fell for a trap, from episodes.

use outlay_environment::{Goal, LineRow, Money};
use serde::Serialize;

use super::file::{Looks, Measure, Trap};
use crate::episodes::Outcome;
use crate::incremental::Totals;

/// What lines look like and what they cause, under the even split, for each 1,000 major units of their spend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Evidence {
    /// What is reported of them.
    pub(super) looks: &'static str,
    /// How much on the trap's lines.
    pub(super) looks_there: f64,
    /// How much on all other lines.
    pub(super) looks_elsewhere: f64,
    /// What they cause: the run, less the same run with a line at zero and its money not moved.
    pub(super) causes: &'static str,
    /// How much on the trap's lines.
    pub(super) causes_there: f64,
    /// How much on all other lines.
    pub(super) causes_elsewhere: f64,
}

impl Evidence {
    /// Whether the lines look better than the others and are worse.
    pub(super) fn misleads(&self) -> bool {
        self.looks_there > self.looks_elsewhere && self.causes_there < self.causes_elsewhere
    }

    /// Of the even split, played with the truth of every line.
    pub(super) fn of(trap: &Trap, looks: Looks, even: &[Outcome]) -> Self {
        let goal = trap.scenario.goal;
        let (causes, value) = caused(goal);
        let report = |outcome: &Outcome, line: usize| looks.of(&outcome.lines[line]);
        let truth = |outcome: &Outcome, line: usize| {
            outcome.without.get(line).map_or(0.0, |without| value(&outcome.totals) - value(without))
        };
        let there = |line: usize| trap.lines.contains(&line);
        let elsewhere = |line: usize| !there(line);
        Self {
            looks: looks.name(),
            looks_there: per_thousand(even, report, there),
            looks_elsewhere: per_thousand(even, report, elsewhere),
            causes,
            causes_there: per_thousand(even, truth, there),
            causes_elsewhere: per_thousand(even, truth, elsewhere),
        }
    }
}

/// What money is to cause: the goal itself, or revenue where the score counts the money as well.
fn caused(goal: Goal) -> (&'static str, fn(&Totals) -> f64) {
    match goal {
        Goal::DaysToOrders => ("orders", |totals| totals.orders as f64),
        goal if goal.is_money() => ("revenue", |totals| totals.revenue.major()),
        goal => (goal.unit(), |totals| totals.score),
    }
}

/// A figure of the lines for which `counts` says yes, for each 1,000 major units of their spend; 0 where none is.
fn per_thousand(
    outcomes: &[Outcome],
    figure: impl Fn(&Outcome, usize) -> f64,
    counts: impl Fn(usize) -> bool,
) -> f64 {
    let lines = outcomes.iter().flat_map(|outcome| (0..outcome.lines.len()).map(move |line| (outcome, line)));
    let lines: Vec<_> = lines.filter(|(_, line)| counts(*line)).collect();
    let spend: Money = lines.iter().map(|(outcome, line)| outcome.lines[*line].spend).sum();
    let total: f64 = lines.iter().map(|(outcome, line)| figure(outcome, *line)).sum();
    if spend > Money::ZERO { 1_000.0 * total / spend.major() } else { 0.0 }
}

/// The number by which an agent is judged, over all its episodes together.
pub(super) fn number(trap: &Trap, outcomes: &[Outcome]) -> f64 {
    let lines = || outcomes.iter().flat_map(|outcome| trap.lines.iter().map(move |line| (outcome, *line)));
    let all = || outcomes.iter().flat_map(|outcome| &outcome.lines);
    let spend: Money = all().map(|row: &LineRow| row.spend).sum();
    let share = |part: Money, whole: Money| {
        if whole > Money::ZERO { part.major() / whole.major() } else { 0.0 }
    };
    match trap.measure {
        Measure::Share(_) => {
            let even = trap.lines.len() as f64 / trap.scenario.brief.lines.len() as f64;
            let late: Money = outcomes.iter().flat_map(|outcome| &outcome.conduct).map(|it| it.late).sum();
            let there = lines().map(|(outcome, line)| outcome.lines[line].spend).sum();
            let late_there = lines().map(|(outcome, line)| outcome.conduct[line].late).sum();
            share(there, spend).max(share(late_there, late)) / even
        }
        Measure::SoldOut => share(lines().map(|(outcome, line)| outcome.conduct[line].sold_out).sum(), spend),
        Measure::Edits => {
            let edits: u64 = lines().map(|(outcome, line)| outcome.conduct[line].edits).sum();
            edits as f64 / (outcomes.len() * trap.lines.len()).max(1) as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::Conduct;
    use crate::traps::file::read;

    /// An episode in which each line spent and showed what is given.
    fn outcome(spend: &[i64], late: &[i64], revenue: &[i64], caused: &[i64]) -> Outcome {
        let totals =
            |revenue: i64| Totals { score: 0.0, orders: 0, new_customers: 0, revenue: Money(revenue) };
        let money = |value: &i64| Money(*value);
        let lines = spend.iter().zip(revenue);
        Outcome {
            seed: 0,
            noise: 0,
            totals: totals(10_000),
            free: totals(0),
            spend: spend.iter().map(money).sum(),
            return_on_spend: None,
            violations: 0,
            relaxations: 0,
            lines: lines
                .map(|(spend, revenue)| LineRow {
                    spend: Money(*spend),
                    credited_revenue: Money(*revenue),
                    ..LineRow::default()
                })
                .collect(),
            without: caused.iter().map(|caused| totals(10_000 - caused)).collect(),
            flow: Default::default(),
            conduct: (late.iter())
                .map(|late| Conduct { late: Money(*late), sold_out: Money(*late), edits: 3 })
                .collect(),
            days_to_pass: None,
            standing: None,
            deciding: std::time::Duration::ZERO,
            decisions: 0,
        }
    }

    #[test]
    fn a_trap_by_hand() {
        let trap = read(None).unwrap().into_iter().find(|it| it.scenario.name == "product-boost").unwrap();
        // The second of six lines: brand search. It gets 300 of 1,000, and 100 of the last 200.
        assert_eq!((trap.lines.as_slice(), trap.scenario.brief.lines.len()), ([1].as_slice(), 6));
        let spend = [700, 300, 0, 0, 0, 0];
        let late = [100, 100, 0, 0, 0, 0];
        let played = [outcome(&spend, &late, &[1_400, 1_500, 0, 0, 0, 0], &[1_400, 30, 0, 0, 0, 0])];
        assert!((number(&trap, &played) - 0.5 * 6.0).abs() < 1e-12);
        let evidence = Evidence::of(&trap, Looks::Revenue, &played);
        let wanted = [5_000.0, 2_000.0, 100.0, 2_000.0];
        let Evidence { looks_there, looks_elsewhere, causes_there, causes_elsewhere, .. } = evidence;
        let found = [looks_there, looks_elsewhere, causes_there, causes_elsewhere];
        assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-9), "{found:?}");
        assert!(evidence.misleads() && !Evidence { causes_there: 3_000.0, ..evidence }.misleads());
        let sold_out = Trap { measure: Measure::SoldOut, ..trap };
        assert!((number(&sold_out, &played) - 0.1).abs() < 1e-12);
        assert!((number(&Trap { measure: Measure::Edits, ..sold_out }, &played) - 3.0).abs() < 1e-12);
        assert!(number(&read(None).unwrap()[0], &[]).abs() < 1e-12);
    }
}
