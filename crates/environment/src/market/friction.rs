//! What keeps a line's money from buying at once: production, review, learning, rivals who react. Also its bid.
//!
//! Before a line delivers, [`Friction::open`] says on what terms it may; afterwards [`Friction::close`] notes what it
//! did. A line whose channel states none of these buys on plain terms.

use super::bidding::Bidder;
use super::delivery::Delivered;
use super::world::MarketWorld;
use crate::money::Money;

/// On what terms a line buys in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Terms {
    /// Money for what is billed, millionths of the major unit.
    pub(crate) money: i64,
    /// Most that is paid for one billed event of one person, in the same unit.
    pub(crate) bid: i64,
    /// Most people met.
    pub(crate) contacts: i64,
    /// Factor on rivals' bids.
    pub(crate) price: f64,
    /// Factor on clicks, effects and impact.
    pub(crate) quality: f64,
}

impl Terms {
    /// Money without any friction.
    pub(crate) fn plain(money: i64) -> Self {
        Self { money, bid: i64::MAX, contacts: i64::MAX, price: 1.0, quality: 1.0 }
    }
}

/// What is remembered of all lines of an episode.
#[derive(Debug, Clone)]
pub(crate) struct Friction {
    lines: Vec<LineFriction>,
    /// `[lines]` money paid for the production of a creative, kept at the first line that shows it.
    produced: Vec<i64>,
    /// `[lines]` share of a channel's supply that was bought lately, and in this step, kept at its first line.
    bought: Vec<f64>,
    buying: Vec<f64>,
}

/// What is remembered of one line.
#[derive(Debug, Clone)]
struct LineFriction {
    first_money: Option<usize>,
    granted: Money,
    learned: bool,
    /// Clicks of the last steps, a ring as long as the learning window; empty where nothing is learned.
    clicks: Vec<u64>,
    bidder: Option<Bidder>,
}

impl Friction {
    pub(crate) fn new(world: &MarketWorld) -> Self {
        let lines = world.market.lines.iter().map(|line| {
            let window = line.channel.friction.learning.map_or(0.0, |learning| learning.days);
            LineFriction {
                first_money: None,
                granted: Money::ZERO,
                learned: line.channel.friction.learning.is_none(),
                clicks: vec![0; libm::ceil(window / world.brief.step_days) as usize],
                bidder: Bidder::new(line, &world.market.merchant),
            }
        });
        let count = world.lines.len();
        Self {
            lines: lines.collect(),
            produced: vec![0; count],
            bought: vec![0.0; count],
            buying: vec![0.0; count],
        }
    }

    /// The terms of a line for the money it was granted, and what of that money production takes. `bid` is the agent's,
    /// in millionths of the price unit, 0 where it names none.
    pub(crate) fn open(
        &mut self,
        world: &MarketWorld,
        line: usize,
        step: usize,
        granted: Money,
        bid: u64,
    ) -> (Terms, i64) {
        let drawn = &world.lines[line];
        let friction = &world.market.lines[line].channel.friction;
        let state = &mut self.lines[line];
        if let Some(learning) = friction.learning
            && is_edit(state.granted, granted, learning.edit)
        {
            state.learned = false;
            state.clicks.fill(0);
        }
        state.granted = granted;
        if granted > Money::ZERO {
            state.first_money.get_or_insert(step);
        }
        let setup = (friction.setup * 1e6) as i64;
        let paid = &mut self.produced[drawn.creative];
        let production = granted.micro().min(setup - *paid).max(0);
        *paid += production;
        let mut terms = Terms::plain(granted.micro() - production);
        let waited = |first: usize| (step - first) as f64 * world.brief.step_days >= friction.review_days;
        if *paid < setup || !state.first_money.is_some_and(waited) {
            terms.money = 0;
        }
        let bid = match (bid, &state.bidder) {
            (0, None) => None,
            (0, Some(bidder)) => Some(bidder.bid() * 1e6),
            (bid, _) => Some(bid as f64),
        };
        // A price of no more than a whole bid: what is left of a millionth is cut off.
        terms.bid = bid.map_or(i64::MAX, |bid| (bid * drawn.events) as i64);
        if let Some(rivals) = friction.rivals {
            terms.price = 1.0 + (rivals.reaction * self.bought[drawn.channel]).min(rivals.most);
        }
        if let (Some(learning), false) = (friction.learning, state.learned) {
            terms.quality = learning.clicks;
        }
        if let Some(cap) = friction.daily_cap {
            terms.contacts = (cap * world.market.people as f64 * world.brief.step_days) as i64;
        }
        (terms, production)
    }

    /// Notes what a line got. `supply` counts the people whom its channel could have met.
    pub(crate) fn close(
        &mut self,
        world: &MarketWorld,
        line: usize,
        step: usize,
        delivered: &Delivered,
        supply: impl FnOnce() -> u64,
    ) {
        let channel = &world.market.lines[line].channel;
        let state = &mut self.lines[line];
        if let (Some(learning), false) = (channel.friction.learning, state.learned) {
            let place = step % state.clicks.len();
            state.clicks[place] = delivered.clicks;
            state.learned = state.clicks.iter().sum::<u64>() >= learning.events;
        }
        if channel.friction.rivals.is_some() && delivered.impressions > 0 {
            let people = delivered.impressions / u64::from(channel.impressions);
            self.buying[world.lines[line].channel] += people as f64 / supply().max(1) as f64;
        }
    }

    /// Ends a step: rivals remember what they saw in it.
    pub(crate) fn remember(&mut self, world: &MarketWorld) {
        for (line, described) in world.market.lines.iter().enumerate() {
            if let Some(rivals) = described.channel.friction.rivals {
                let kept = libm::exp2(-world.brief.step_days / rivals.memory_days);
                let bought = std::mem::take(&mut self.buying[line]).min(1.0);
                self.bought[line] = self.bought[line] * kept + (1.0 - kept) * bought;
            }
        }
    }

    /// What is reported of a line's step, for a platform that bids.
    pub(crate) fn report(
        &mut self,
        world: &MarketWorld,
        line: usize,
        spent: Money,
        orders: u64,
        revenue: Money,
    ) {
        let state = &mut self.lines[line];
        if let (Some(bidder), true) = (&mut state.bidder, state.granted > Money::ZERO) {
            bidder.learn(spent, orders, revenue, world.brief.step_days);
        }
    }
}

/// Whether the granted money changed by more than the share `edit`. Taking money up again is none.
fn is_edit(before: Money, now: Money, edit: f64) -> bool {
    let change = i128::from((now - before).0.abs()) * 1_000_000;
    before > Money::ZERO && change > i128::from(before.0) * (edit * 1e6) as i128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_fifth_is_an_edit_and_a_fifth_is_not() {
        let before = Money(10_000);
        for (now, edit) in [(12_000, false), (12_001, true), (8_000, false), (7_999, true), (0, true)] {
            assert_eq!(is_edit(before, Money(now), 0.2), edit, "{now}");
        }
        assert!(!is_edit(Money::ZERO, before, 0.2));
    }
}
