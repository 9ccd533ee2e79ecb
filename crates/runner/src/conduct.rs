//! What an agent did with each line, beyond the sums of an episode: what traps are judged by.

use outlay_environment::{Ledger, Money, Scenario};
use serde::{Deserialize, Serialize};

/// One line over an episode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conduct {
    /// Spend in the last third of the steps.
    pub(crate) late: Money,
    /// Spend in steps that began with nothing left of the line's product.
    pub(crate) sold_out: Money,
    /// Changes of its money that began a learning phase anew.
    pub(crate) edits: u64,
}

/// `[lines]` of a finished episode.
pub(crate) fn conduct(scenario: &Scenario, ledger: &Ledger) -> Vec<Conduct> {
    let late = ledger.steps() - ledger.steps() / 3;
    let of_line = |line: usize| {
        let settings = scenario.market().map(|market| &market.lines[line]);
        let learning = settings.and_then(|line| line.channel.friction.learning);
        let product = settings.and_then(|line| line.product);
        let mut conduct = Conduct::default();
        for step in 0..ledger.steps() {
            let row = ledger.step(step)[line];
            let before = step.checked_sub(1);
            if step >= late {
                conduct.late += row.spend;
            }
            let stock =
                before.zip(product).map(|(before, product)| ledger.products_in(before)[product].stock);
            if stock == Some(Some(0)) {
                conduct.sold_out += row.spend;
            }
            if let Some((learning, before)) = learning.zip(before) {
                conduct.edits += u64::from(learning.restarts(ledger.step(before)[line].granted, row.granted));
            }
        }
        conduct
    };
    (0..ledger.lines).map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::{LineRow, ProductRow, ShopRow};

    /// Three steps of two lines, then three more: money, what was left of the product, and what follows from them.
    #[test]
    fn an_episode_by_hand() {
        let scenario = Scenario::load("stock-bound").unwrap();
        let lines = scenario.brief.lines.len();
        // The first line shows the first product, which is gone after the second step and back after the fourth.
        let stock = [5, 0, 0, 7, 7, 0];
        let products = scenario.brief.products.len();
        let row = |step: usize, place: usize| {
            let spend = Money(if place == 0 { 1_000 * (step as i64 + 1) } else { 0 });
            LineRow { spend, granted: spend, ..LineRow::default() }
        };
        let ledger = Ledger {
            lines,
            rows: (0..6).flat_map(|step| (0..lines).map(move |place| row(step, place))).collect(),
            shop: vec![ShopRow::default(); 6],
            products: stock
                .iter()
                .flat_map(|stock| {
                    (0..products)
                        .map(|_| ProductRow { stock: Some(*stock), ..ProductRow::default() })
                        .collect::<Vec<_>>()
                })
                .collect(),
            ..Ledger::default()
        };
        let found = conduct(&scenario, &ledger);
        // Steps 4 and 5; steps 2 and 3, which began with an empty shelf; search learns nothing.
        let wanted = Conduct { late: Money(5_000 + 6_000), sold_out: Money(3_000 + 4_000), edits: 0 };
        assert_eq!((found[0], found[1]), (wanted, Conduct::default()));
    }

    #[test]
    fn edits_are_those_that_begin_the_learning_anew() {
        let scenario = Scenario::load("cold-start").unwrap();
        let lines = scenario.brief.lines.len();
        let learns = scenario.brief.lines.iter().position(|line| line.name == "ocean-engine").unwrap();
        // Halved, kept, stopped (an edit), taken up again (none).
        let money = [1_000, 500, 500, 0, 800];
        let row = |money: i64| LineRow { granted: Money(money), ..LineRow::default() };
        let ledger = Ledger {
            lines,
            rows: money.iter().flat_map(|money| vec![row(*money); lines]).collect(),
            shop: vec![ShopRow::default(); money.len()],
            ..Ledger::default()
        };
        let edits: Vec<u64> = conduct(&scenario, &ledger).iter().map(|it| it.edits).collect();
        let search = scenario.brief.lines.iter().position(|line| line.name == "search").unwrap();
        assert_eq!((edits[learns], edits[search]), (2, 0));
    }
}
