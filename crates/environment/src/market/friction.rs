//! What keeps a line's money from buying at once: production, review, learning, rivals who react. Also its bid.
//!
//! Before a line delivers, [`Friction::open`] says on what terms it may; afterwards [`Friction::close`] notes what it
//! did. A line whose channel states none of these buys on plain terms.

use super::bidding::Bidder;
use super::calendar::steps_in;
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
                clicks: vec![0; steps_in(window, world.brief.step_days)],
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
            && learning.restarts(state.granted, granted)
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
        let review = steps_in(friction.review_days, world.brief.step_days);
        if *paid < setup || state.first_money.is_none_or(|first| step < first + review) {
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

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use super::super::settings::{self, Learning, Line, Market, Rivals};
    use crate::draws::Key;

    /// A market whose search line has `friction`, twice, as two creatives.
    fn world(friction: settings::Friction) -> MarketWorld {
        let scenario = crate::Scenario::load("new-customer").unwrap().with_shoppers(100);
        let mut market = Market::clone(scenario.market().unwrap());
        let mut line = market.lines[0].clone();
        line.channel.friction = friction;
        market.lines = ["a", "b"]
            .map(|name| Line { name: name.into(), creative: Some("one".into()), ..line.clone() })
            .into();
        MarketWorld::build(&scenario.brief, &Arc::new(market), 1, Some(Key::new(1)))
    }

    fn open(friction: &mut Friction, world: &MarketWorld, step: usize, major: i64) -> (Terms, i64) {
        friction.open(world, 0, step, Money(100 * major), 0)
    }

    fn clicks(clicks: u64) -> Delivered {
        Delivered { clicks, impressions: clicks, ..Delivered::default() }
    }

    #[test]
    fn a_channel_without_friction_buys_on_plain_terms() {
        let world = world(settings::Friction::default());
        let mut friction = Friction::new(&world);
        for (step, money) in [(0, 0), (1, 500), (2, 5_000), (3, 1)] {
            let (terms, production) = open(&mut friction, &world, step, money);
            assert_eq!((terms, production), (Terms::plain(Money(100 * money).micro()), 0));
            friction.close(&world, 0, step, &clicks(50), || 100);
            friction.remember(&world);
        }
    }

    #[test]
    fn nothing_is_delivered_until_reviewed_from_the_first_money() {
        let world = world(settings::Friction { review_days: 2.0, ..settings::Friction::default() });
        let mut friction = Friction::new(&world);
        let money = [0, 0, 300, 0, 300, 300].iter().enumerate();
        let delivers = money.map(|(step, money)| open(&mut friction, &world, step, *money).0.money > 0);
        assert_eq!(delivers.collect::<Vec<_>>(), [false, false, false, false, true, true]);
    }

    #[test]
    fn production_is_paid_once_for_all_lines_of_a_creative() {
        let world = world(settings::Friction { setup: 700.0, ..settings::Friction::default() });
        let mut friction = Friction::new(&world);
        let (terms, production) = open(&mut friction, &world, 0, 300);
        assert_eq!((terms.money, production), (0, 300_000_000));
        let (terms, production) = friction.open(&world, 1, 0, Money(50_000), 0);
        assert_eq!((terms.money, production), (100_000_000, 400_000_000));
        let (terms, production) = open(&mut friction, &world, 1, 300);
        assert_eq!((terms.money, production), (300_000_000, 0));
    }

    #[test]
    fn learning_ends_with_enough_clicks_in_its_window_and_an_edit_starts_it_again() {
        let learning = Learning { events: 50, days: 3.0, clicks: 0.7, edit: 0.2 };
        let world = world(settings::Friction { learning: Some(learning), ..settings::Friction::default() });
        let mut friction = Friction::new(&world);
        let mut step = 0;
        let mut play = |money: i64, clicked: u64| {
            let quality = open(&mut friction, &world, step, money).0.quality;
            friction.close(&world, 0, step, &clicks(clicked), || 100);
            step += 1;
            quality
        };
        // 45 clicks in any three days are too few, however long it goes on; 50 are enough.
        assert!((0..10).all(|_| play(100, 15) == 0.7));
        assert_eq!(play(100, 20), 0.7);
        assert_eq!(play(100, 0), 1.0);
        // 19 % and 20 % more or less is no edit.
        assert_eq!([play(119, 0), play(100, 0), play(120, 0), play(96, 0)], [1.0; 4]);
        // 21 % is, and what was learned before does not count.
        assert_eq!(play(117, 49), 0.7);
        assert_eq!([play(117, 1), play(117, 0)], [0.7, 1.0]);
        // A pause is one, and taking it up again is not a second.
        assert_eq!([play(0, 0), play(100, 60), play(100, 0)], [0.7, 0.7, 1.0]);
    }

    #[test]
    fn rivals_bid_up_what_is_bought_and_forget() {
        let rivals = Rivals { reaction: 2.0, memory_days: 7.0, most: 0.5 };
        let world = world(settings::Friction { rivals: Some(rivals), ..settings::Friction::default() });
        let mut friction = Friction::new(&world);
        let mut price = |bought: u64, steps: usize| {
            for step in 0..steps {
                // Both lines buy in the same auctions.
                friction.close(&world, 0, step, &clicks(bought), || 100);
                friction.close(&world, 1, step, &clicks(bought), || 100);
                friction.remember(&world);
            }
            let other = friction.open(&world, 1, 0, Money(100), 0).0.price;
            assert_eq!(open(&mut friction, &world, 0, 1).0.price, other);
            other
        };
        let kept = 0.5_f64.powf(1.0 / 7.0);
        let first = price(10, 1);
        assert!((first - (1.0 + 2.0 * 0.2 * (1.0 - kept))).abs() < 1e-12);
        assert!((price(10, 400) - 1.4).abs() < 1e-9);
        // Half is forgotten in the seven days after.
        assert!((price(0, 7) - 1.2).abs() < 1e-9);
        assert!((price(50, 400) - 1.5).abs() < 1e-12, "no more than the most");
    }

    #[test]
    fn bids_are_in_the_unit_of_the_price_and_the_agent_comes_first() {
        let mut world = world(settings::Friction::default());
        world.lines[0].events = 0.005;
        let mut friction = Friction::new(&world);
        // 40 yuan a thousand impressions are 0.2 yuan for five of them.
        assert_eq!(friction.open(&world, 0, 0, Money(100), 40_000_000).0.bid, 200_000);
        assert_eq!(friction.open(&world, 0, 0, Money(100), 0).0.bid, i64::MAX);
        let mut market = Market::clone(&world.market);
        market.lines[0].bid_mode = settings::BidMode::HoldCost(60.0);
        let world = MarketWorld { market: Arc::new(market), ..world };
        let mut friction = Friction::new(&world);
        assert_eq!(friction.open(&world, 0, 0, Money(100), 0).0.bid, 10_000);
        assert_eq!(friction.open(&world, 0, 0, Money(100), 40_000_000).0.bid, 200_000);
    }

    #[test]
    fn more_than_a_fifth_is_an_edit_and_a_fifth_is_not() {
        let learning = Learning { events: 1, days: 1.0, clicks: 1.0, edit: 0.2 };
        let before = Money(10_000);
        for (now, edit) in [(12_000, false), (12_001, true), (8_000, false), (7_999, true), (0, true)] {
            assert_eq!(learning.restarts(before, Money(now)), edit, "{now}");
        }
        assert!(!learning.restarts(Money::ZERO, before));
    }
}
