//! What money caused: the recorded run against the same world and noise with that money at zero.
//!
//! The granted money is replayed as it was, with its bids, only the lines in question get nothing, and what they had is
//! not moved.

use std::sync::Arc;

use outlay_environment::{Episode, Ledger, Money, Scenario, World};
use serde::{Deserialize, Serialize};

/// What an episode came to, as far as a difference needs it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Score.
    pub(crate) score: f64,
    /// Orders.
    pub(crate) orders: u64,
    /// New customers.
    pub(crate) new_customers: u64,
    /// Value of the orders.
    pub(crate) revenue: Money,
}

impl Totals {
    /// Of a finished episode.
    pub(crate) fn of(world: &World, ledger: &Ledger) -> Self {
        let shop = ledger.shop();
        Self {
            score: world.scenario.score(ledger),
            orders: shop.orders,
            new_customers: shop.new_customers,
            revenue: shop.revenue,
        }
    }
}

/// The episode without any spending. It does not depend on the agent.
pub(crate) fn without_spend(world: &Arc<World>, noise: u64) -> Totals {
    let nothing = vec![Money::ZERO; world.scenario.brief.lines.len()];
    let mut episode = Episode::new(Arc::clone(world), noise);
    while !episode.is_over() {
        episode.replay(&nothing);
    }
    Totals::of(world, episode.ledger())
}

/// What an episode was given, to be replayed.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// `[steps, lines]`
    pub(crate) granted: Vec<Vec<Money>>,
    /// `[steps, lines]` as [`Ledger::bids`] gives them.
    pub(crate) bids: Vec<Vec<u64>>,
}

impl Record {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        Self { granted: ledger.granted(), bids: ledger.bids() }
    }

    /// Plays the record on, every line at zero for which `keeps` says no.
    pub(crate) fn replay(&self, episode: &mut Episode, keeps: impl Fn(usize) -> bool) {
        for (step, bids) in self.granted.iter().zip(&self.bids) {
            let kept = |(line, money): (usize, &Money)| if keeps(line) { *money } else { Money::ZERO };
            episode.replay_at(&step.iter().enumerate().map(kept).collect::<Vec<_>>(), bids);
        }
    }
}

/// The recorded episode with one line at zero.
pub(crate) fn without_line(world: &Arc<World>, noise: u64, record: &Record, line: usize) -> Totals {
    with_lines(world, noise, record, |other| other != line)
}

/// The recorded episode with every line at zero for which `keeps` says no.
pub(crate) fn with_lines(
    world: &Arc<World>,
    noise: u64,
    record: &Record,
    keeps: impl Fn(usize) -> bool,
) -> Totals {
    let mut episode = Episode::new(Arc::clone(world), noise);
    record.replay(&mut episode, keeps);
    Totals::of(world, episode.ledger())
}

/// The recorded episode.
pub(crate) fn with_record(world: &Arc<World>, noise: u64, record: &Record) -> Totals {
    with_lines(world, noise, record, |_| true)
}

/// Value of a difference in revenue per unit of spend; nothing at zero spend.
pub(crate) fn return_on(spend: Money, revenue: Money) -> Option<f64> {
    (spend > Money::ZERO).then(|| revenue.major() / spend.major())
}

/// The return at which money pays for itself: 1 / net margin.
pub(crate) fn break_even(scenario: &Scenario) -> Option<f64> {
    let margin = scenario.net_margin();
    (margin > 0.0).then(|| 1.0 / margin)
}

/// What a unit of spend that brings `incremental` in revenue leaves as profit, after it has been paid back: 0 at
/// break-even.
pub(crate) fn profit_on(scenario: &Scenario, incremental: Option<f64>) -> Option<f64> {
    incremental.map(|incremental| incremental * scenario.net_margin() - 1.0)
}
