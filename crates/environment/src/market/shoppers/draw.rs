//! Who the shoppers are on the eve of an episode, and what is behind them.

use std::ops::Range;

use super::super::buyers::{Needs, balance};
use super::super::clock::Clock;
use super::super::goods::NO_PRODUCT;
use super::super::settings::{Industry, Market};
use super::{LEVELS, NO_LINE, ORDERS, Shoppers, flag};
use crate::deeplink::STAGES;
use crate::draws::Key;

impl Shoppers {
    /// Those shoppers of a world who have these numbers, on the eve of the episode. `in_market` is the share with a present
    /// need.
    pub(crate) fn draw(
        market: &Market,
        clock: &Clock,
        world: Key,
        in_market: f64,
        numbers: Range<u32>,
    ) -> Self {
        let needs = Needs::draw(market, world, numbers.clone());
        let leave = clock.leave(market);
        let enter = balance(&[&needs.rates], in_market, leave);
        let mut shoppers = Self { needs, ..Self::default() };
        shoppers.draw_again(market, clock, world, in_market, enter, numbers);
        shoppers
    }

    /// Becomes those shoppers of a world who have these numbers, with the needs that are there already; `enter` is the
    /// [`balance`] of all shoppers of the world.
    pub(crate) fn draw_again(
        &mut self,
        market: &Market,
        clock: &Clock,
        world: Key,
        in_market: f64,
        enter: f64,
        numbers: Range<u32>,
    ) {
        self.begin(market, numbers.clone());
        let leave = clock.leave(market);
        let chances = Chances::new(market, in_market);
        for (shopper, number) in numbers.enumerate() {
            let in_market = self.needs.share(shopper, enter, leave).unwrap_or(in_market);
            self.draw_one(shopper, market, &chances, clock, world.with(u64::from(number)), in_market);
        }
    }

    /// Becomes shoppers with these numbers to whom nothing has happened yet; their needs stay.
    pub(crate) fn begin(&mut self, market: &Market, numbers: Range<u32>) {
        fn fill<T: Clone>(column: &mut Vec<T>, count: usize, value: T) {
            column.clear();
            column.resize(count, value);
        }
        let count = numbers.len();
        let lines = &market.lines;
        self.first = numbers.start;
        fill(&mut self.class, count, 0);
        fill(&mut self.flags, count, 0);
        fill(&mut self.stage, count, 0);
        fill(&mut self.expires, count, u16::MAX);
        self.contact.iter_mut().for_each(|stamps| fill(stamps, count, 0));
        self.orders.iter_mut().for_each(|days| fill(days, count, 0));
        let memories = market.industry.memories.len();
        self.memory.iter_mut().take(memories).for_each(|amounts| fill(amounts, count, 0));
        fill(&mut self.last_line, count, NO_LINE);
        fill(&mut self.last_click, count, 0);
        self.reserved_in_part.clear();
        self.outside_click.resize(lines.iter().filter(|line| line.channel.outside).count(), Vec::new());
        self.outside_click.iter_mut().for_each(|stamps| fill(stamps, count, 0));
        if market.merchant.goods.products.len() > 1 {
            fill(&mut self.in_view, count, NO_PRODUCT);
        }
        let caps = lines.iter().filter_map(|line| line.channel.friction.frequency_cap);
        self.capped.resize(caps.clone().count(), Vec::new());
        for (stamps, cap) in self.capped.iter_mut().zip(caps) {
            stamps.resize(cap.contacts, Vec::new());
            stamps.iter_mut().for_each(|stamps| fill(stamps, count, 0));
        }
        fill(&mut self.contacts, lines.len(), 0);
        self.claims.begin(market, count);
        #[cfg(test)]
        fill(&mut self.met, count, false);
        self.stocks = [0; STAGES];
        self.stocks[0] = count as u64;
        self.in_market = 0;
    }

    fn draw_one(
        &mut self,
        i: usize,
        market: &Market,
        chances: &Chances,
        clock: &Clock,
        key: Key,
        in_market: f64,
    ) {
        let industry = &market.industry;
        let persona = place(&chances.personas, key.with(0).uniform()).min(industry.personas.len() - 1);
        let level = (key.with(1).bits() % LEVELS as u64) as usize;
        let class = persona * LEVELS + level;
        self.class[i] = class as u8;
        let hunter = industry.hunters > 0.0 && key.with(2).uniform() < industry.hunters;
        let stage = place(&chances.stages, key.with(3).uniform()).min(STAGES - 1);
        let age = |purpose: u64, window: u16| (key.with(purpose).bits() % u64::from(window.max(1))) as u16;

        // The history that puts a shopper into the drawn stage.
        if (1..=4).contains(&stage) {
            let stamp = clock.origin - 1 - age(4, clock.windows[stage - 1].min(clock.origin - 1));
            for kind in 0..stage {
                self.contact[kind][i] = stamp;
            }
        }
        let orders = stage.saturating_sub(4);
        let mut days = [0; ORDERS];
        for (n, day) in days.iter_mut().enumerate().take(orders) {
            *day = 1 + age(5 + n as u64, clock.customer_days);
        }
        days[..orders].sort_unstable();
        for (slot, day) in self.orders.iter_mut().zip(days).take(orders) {
            slot[i] = clock.origin_day - day;
        }
        let lapsed =
            orders == 0 && market.merchant.lapsed > 0.0 && key.with(11).uniform() < market.merchant.lapsed;
        if lapsed {
            self.orders[0][i] = clock.origin_day - clock.customer_days - 1 - age(5, clock.customer_days);
        }
        let member = stage == 7 || ((3..7).contains(&stage) && key.with(8).uniform() < 0.3);
        let satiated = if in_market == chances.in_market {
            chances.satiated[class]
        } else {
            satiated(industry, class, in_market)
        };
        self.flags[i] = if key.with(9).uniform() < in_market { flag::IN_MARKET } else { 0 }
            | if key.with(10).uniform() < satiated { flag::SATIATED } else { 0 }
            | if member { flag::MEMBER } else { 0 }
            | if hunter { flag::HUNTER } else { 0 }
            | if lapsed && industry.buyers.leaves(key, key.with(14)) { flag::LEFT } else { 0 };
        if self.flags[i] & flag::IN_MARKET != 0 {
            self.in_market += 1;
            self.needs.turn(i, true);
        }
        // Nothing has ever happened to the others.
        if stage > 0 || lapsed {
            self.find_stage(i, clock, 0);
        }
    }
}

/// What is the same for all shoppers who are drawn.
struct Chances {
    /// Shares of the personas, and of the stages, each with those before it.
    personas: Vec<f64>,
    stages: Vec<f64>,
    /// Share with a present need where all need alike, and `[classes]` chance to have bought lately with it.
    in_market: f64,
    satiated: Vec<f64>,
}

impl Chances {
    fn new(market: &Market, in_market: f64) -> Self {
        let industry = &market.industry;
        let classes = industry.personas.len() * LEVELS;
        Self {
            personas: running_sums(industry.personas.iter().map(|persona| persona.share)),
            stages: running_sums(market.merchant.stages.iter().copied()),
            in_market,
            satiated: (0..classes).map(|class| satiated(industry, class, in_market)).collect(),
        }
    }
}

/// Chance to have bought lately, from anybody.
fn satiated(industry: &Industry, class: usize, in_market: f64) -> f64 {
    let persona = &industry.personas[class / LEVELS];
    let rate = in_market * persona.visits_per_month / 30.0
        * industry.activity[class % LEVELS]
        * industry.in_market_visits
        * industry.purchase_rate
        * persona.purchases
        * industry.satiation_days;
    rate / (1.0 + rate)
}

fn running_sums(shares: impl Iterator<Item = f64>) -> Vec<f64> {
    shares
        .scan(0.0, |below, share| {
            *below += share;
            Some(*below)
        })
        .collect()
}

/// Which of several shares a uniform draw falls into; without branches, as nobody can foresee it.
fn place(running_sums: &[f64], draw: f64) -> usize {
    running_sums.iter().map(|below| usize::from(*below <= draw)).sum()
}
