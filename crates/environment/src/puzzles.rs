//! Two small worlds with a known best policy: pacing money by what is on offer, and finding out which line is better.

use crate::draws::Key;
use crate::episode::{Outcome, Sheet};
use crate::ledger::ShopRow;
use crate::money::{MINOR_PER_MAJOR, Money};
use crate::observation::Brief;

/// Every unit of money buys what is on offer in the step: a value, uniform on (0, 1), that is seen before deciding.
/// At most one unit can be bought in a step. With n steps left and k units the best policy is worth
/// `V(n, k) = V(n-1, k) + (1 - c)^2 / 2` with `c = V(n-1, k) - V(n-1, k-1)`, and buys where the value is above `c`;
/// units can be divided, which does not change it, because V is linear between whole units.
#[derive(Debug, Clone)]
pub(crate) struct PacingState {
    key: Key,
}

impl PacingState {
    pub(crate) fn new(key: Key) -> Self {
        Self { key }
    }

    /// What a unit is worth in `step`.
    pub(crate) fn offer(&self, step: usize) -> f64 {
        self.key.with(step as u64).uniform()
    }

    pub(crate) fn play(&mut self, step: usize, granted: &[Money], sheet: &mut Sheet<'_>) -> Outcome {
        let offer = self.offer(step);
        let mut left = Money(MINOR_PER_MAJOR);
        let mut shop = ShopRow::default();
        for (line, money) in granted.iter().enumerate() {
            let bought = (*money).min(left);
            left -= bought;
            let value = offer * bought.major();
            sheet.rows[line].spend = bought;
            earn(&mut shop, sheet, line, value, value);
        }
        Outcome { shop, reserved: Money::ZERO }
    }
}

/// The step's money goes to the line that was given most (the first of equals), which succeeds with a chance that is
/// uniform on (0, 1) and not known. A success is worth one unit.
#[derive(Debug, Clone)]
pub(crate) struct ExplorationState {
    /// `[lines]` keys of the tries, by the lines' names, and chances of a success.
    lines: Vec<(Key, f64)>,
}

impl ExplorationState {
    pub(crate) fn new(brief: &Brief, chances: &[f64], key: Key) -> Self {
        let names = brief.lines.iter().map(|line| key.with_name(&line.name));
        Self { lines: names.zip(chances.iter().copied()).collect() }
    }

    pub(crate) fn play(&mut self, step: usize, granted: &[Money], sheet: &mut Sheet<'_>) -> Outcome {
        let mut shop = ShopRow::default();
        for report in sheet.reports.iter_mut() {
            report.revenue = Money::ZERO;
        }
        let most = granted.iter().copied().max().unwrap_or_default();
        if let Some(line) = granted.iter().position(|money| *money == most && most > Money::ZERO) {
            let (key, chance) = self.lines[line];
            let success = key.with(step as u64).uniform() < chance;
            sheet.rows[line].spend = most.min(Money(MINOR_PER_MAJOR));
            earn(&mut shop, sheet, line, f64::from(success), chance);
        }
        Outcome { shop, reserved: Money::ZERO }
    }
}

/// Books what a line brought, at once and without noise in the report.
fn earn(shop: &mut ShopRow, sheet: &mut Sheet<'_>, line: usize, value: f64, expected: f64) {
    let revenue = Money::from_major(value);
    sheet.rows[line].credited_revenue = revenue;
    sheet.reports[line].revenue = revenue;
    shop.revenue += revenue;
    shop.expected_revenue += expected;
}
