//! What platforms report: expected in the average world, and compared with it during an episode.

use outlay_environment::{Brief, LineReport};

use super::model::Model;
use super::runs::Run;
use outlay_environment::curve::hill;

/// Kinds of evidence on a line: contacts for its money, clicks a contact, credited new customers a click.
pub const EVIDENCE: usize = 3;
/// Share of evidence that is kept from one step to the next, because worlds drift.
const MEMORY: f64 = 0.93;
/// Events of the average world that evidence is mixed with, so that few events say little.
const DOUBT: [f64; EVIDENCE] = [200.0, 20.0, 5.0];

/// One kind of report of one line: `amount * season_t * stock`, `stock` geometric carry-over of `room * Hill`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Expected {
    amount: f64,
    half: f64,
    retention: f64,
}

/// What each line's reports look like in the average world for given spend.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectations {
    /// `[steps]` traffic, price and demand.
    calendar: Vec<[f64; 3]>,
    /// `[lines]` impressions, clicks, credited new customers.
    lines: Vec<[Expected; EVIDENCE]>,
}

fn counts(report: &LineReport) -> [f64; EVIDENCE] {
    [report.impressions as f64, report.clicks as f64, report.new_customers as f64]
}

impl Expectations {
    /// Fits each line and kind by least squares: amount in closed form, half and retention over a grid.
    #[must_use]
    pub fn fit(brief: &Brief, model: &Model, runs: &[Run]) -> Self {
        let calendar: Vec<_> =
            brief.calendar.iter().map(|step| [step.traffic, step.price, step.demand]).collect();
        let pace = brief.budget.major() / (brief.steps * model.lines) as f64;
        let mut expectations = Self {
            calendar,
            lines: vec![[Expected { amount: 0.0, half: pace, retention: 0.0 }; EVIDENCE]; model.lines],
        };
        for line in 0..model.lines {
            for kind in 0..EVIDENCE {
                let mut best = f64::INFINITY;
                let retentions: &[f64] = if kind == 2 { &[0.0, 0.3, 0.5, 0.7, 0.85] } else { &[0.0] };
                for &retention in retentions {
                    for power in -2..8 {
                        let half = pace * libm::exp2(f64::from(power));
                        let trial = Expected { amount: 1.0, half, retention };
                        let (mut cross, mut square, mut total) = (0.0, 1e-9, 0.0);
                        for run in runs {
                            let mut stock = 0.0;
                            for step in 0..brief.steps {
                                let cell = step * model.lines + line;
                                let shape =
                                    expectations.expect(&trial, kind, step, run.working[cell], &mut stock);
                                let seen = counts(&run.reports[cell])[kind];
                                cross += shape * seen;
                                square += shape * shape;
                                total += seen * seen;
                            }
                        }
                        let error = total - cross * cross / square;
                        if error < best {
                            best = error;
                            expectations.lines[line][kind] = Expected { amount: cross / square, ..trial };
                        }
                    }
                }
            }
        }
        expectations
    }

    fn expect(&self, expected: &Expected, kind: usize, step: usize, spend: f64, stock: &mut f64) -> f64 {
        let [traffic, price, demand] = self.calendar[step];
        *stock = expected.retention * *stock + traffic * hill(spend, expected.half * price * traffic, 1.0);
        let season = if kind == 2 { demand } else { 1.0 };
        expected.amount * season * *stock
    }
}

/// Reports of an episode against those of the average world for the same spend.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// `[lines]` carry-over of each kind.
    stocks: Vec<[f64; EVIDENCE]>,
    /// `[lines]` seen and expected, forgotten at the same pace.
    seen: Vec<[f64; EVIDENCE]>,
    expected: Vec<[f64; EVIDENCE]>,
}

impl Evidence {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(expectations: &Expectations) -> Self {
        let none = vec![[0.0; EVIDENCE]; expectations.lines.len()];
        Self { stocks: none.clone(), seen: none.clone(), expected: none }
    }

    /// Takes in the reports (`[lines]`) of one step and what met shoppers in it (`[lines]`, major units).
    pub fn record(
        &mut self,
        expectations: &Expectations,
        step: usize,
        reports: &[LineReport],
        working: &[f64],
    ) {
        for (line, (report, &working)) in reports.iter().zip(working).enumerate() {
            for kind in 0..EVIDENCE {
                let model = &expectations.lines[line][kind];
                let mean = expectations.expect(model, kind, step, working, &mut self.stocks[line][kind]);
                self.seen[line][kind] = MEMORY * self.seen[line][kind] + counts(report)[kind];
                self.expected[line][kind] = MEMORY * self.expected[line][kind] + mean;
            }
        }
    }

    /// `[lines][EVIDENCE]` logarithms of how much better than expected: contacts for the money, clicks a contact,
    /// credited new customers a click. Credit is taken relative to all lines, because it moves with the whole market.
    #[must_use]
    pub fn features(&self) -> Vec<[f64; EVIDENCE]> {
        let ratio = |line: usize, kind: usize| {
            libm::log((self.seen[line][kind] + DOUBT[kind]) / (self.expected[line][kind] + DOUBT[kind]))
        };
        let sum = |of: &[[f64; EVIDENCE]]| of.iter().map(|line| line[2]).sum::<f64>() + DOUBT[2];
        let market = libm::log(sum(&self.seen) / sum(&self.expected));
        (0..self.seen.len())
            .map(|line| {
                let [contacts, clicks, credit] = [0, 1, 2].map(|kind| ratio(line, kind));
                let surprise = self.expected[line][2] / (self.expected[line][2] + DOUBT[2]);
                [contacts, clicks - contacts, credit - clicks - surprise * market]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_nought_where_all_is_as_expected() {
        let expected = Expected { amount: 1000.0, half: 100.0, retention: 0.0 };
        let expectations = Expectations { calendar: vec![[1.0; 3]; 4], lines: vec![[expected; EVIDENCE]; 2] };
        let report = LineReport {
            spend: outlay_environment::Money::from_major(100.0),
            impressions: 500,
            clicks: 500,
            new_customers: 500,
            ..LineReport::default()
        };
        let mut evidence = Evidence::new(&expectations);
        evidence.record(&expectations, 0, &[report, report], &[100.0; 2]);
        assert!(evidence.features().iter().flatten().all(|feature| feature.abs() < 1e-12));
        // Twice the contacts and twice the clicks: only the first kind speaks, and credit lags behind.
        let better = LineReport { impressions: 1_000, clicks: 1_000, ..report };
        evidence.record(&expectations, 1, &[better, report], &[100.0; 2]);
        let [line, other] = [evidence.features()[0], evidence.features()[1]];
        assert!(line[0] > 0.2 && line[2] < -0.2, "{line:?}");
        assert!(other[0].abs() < 1e-12);
    }
}
