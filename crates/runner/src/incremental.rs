//! What money caused: the recorded run against the same world and noise with that money at zero.
//!
//! The granted money is replayed as it was, with its bids, only the lines in question get nothing, and what they had is
//! not moved.

use std::sync::Arc;

use outlay_environment::{Episode, Ledger, Money, World};
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

/// The recorded episode with one line at zero. `bids` are those of the record ([`Ledger::bids`]).
pub(crate) fn without_line(
    world: &Arc<World>,
    noise: u64,
    granted: &[Vec<Money>],
    bids: &[Vec<u64>],
    line: usize,
) -> Totals {
    let mut episode = Episode::new(Arc::clone(world), noise);
    for (step, bids) in granted.iter().zip(bids) {
        let mut money = step.clone();
        money[line] = Money::ZERO;
        episode.replay_at(&money, bids);
    }
    Totals::of(world, episode.ledger())
}

/// Value of a difference in revenue per unit of spend; nothing at zero spend.
pub(crate) fn return_on(spend: Money, revenue: Money) -> Option<f64> {
    (spend > Money::ZERO).then(|| revenue.major() / spend.major())
}
