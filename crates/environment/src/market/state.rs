//! One step of a market, in a fixed order, and what is reported of it.

use std::sync::Arc;

use super::delivery::{Delivered, Moment, Scratch, deliver};
use super::journal::Journal;
use super::purchases::{Order, last_click_line, purchase, within};
use super::shoppers::Shoppers;
use super::visits::{Audience, fade, free_traffic, visit};
use super::world::MarketWorld;
use crate::deeplink::STAGES;
use crate::draws::Key;
use crate::episode::{Outcome, Sheet};
use crate::ledger::ShopRow;
use crate::money::{MICRO_PER_MINOR, Money};
use crate::observation::Pricing;

/// Shoppers and accounts of one episode. A clone is a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct MarketState {
    world: Arc<MarketWorld>,
    key: Key,
    pub(crate) shoppers: Shoppers,
    accounts: Vec<Account>,
    /// `[longest delay + 1, lines]` what the reports will show, by the step in which it arrives.
    due: Vec<Due>,
    buffers: Buffers,
    journal: Option<Box<Journal>>,
}

/// Money of one line, in millionths of the major unit.
#[derive(Debug, Clone, Default)]
struct Account {
    spent: i64,
    /// What the ledger holds of it, in whole minor units.
    booked: Money,
    /// Commission: reserved and not yet due, by step of the click, a ring of the steps in which it may fall due.
    reserved: Vec<i64>,
}

/// Credited outcomes on their way into the report of one line.
#[derive(Debug, Clone, Copy, Default)]
struct Due {
    orders: u64,
    new_customers: u64,
    revenue: Money,
}

/// Reused in every step.
#[derive(Debug, Clone, Default)]
struct Buffers {
    audience: Audience,
    scratch: Scratch,
    orders: Vec<Order>,
}

impl MarketState {
    /// The eve of an episode; `key` is that of its world and noise.
    pub(crate) fn new(world: Arc<MarketWorld>, key: Key) -> Self {
        let step_days = world.brief.step_days;
        let accounts = world.market.lines.iter().map(|line| {
            let cohorts = libm::ceil(line.channel.commission_days / step_days) as usize;
            Account { reserved: vec![0; cohorts], ..Account::default() }
        });
        Self {
            key,
            shoppers: world.shoppers.clone(),
            accounts: accounts.collect(),
            due: vec![Due::default(); world.report_delay.len() * world.lines.len()],
            buffers: Buffers::default(),
            journal: None,
            world,
        }
    }

    /// Keeps a journal from here on, the eve of an episode.
    pub(crate) fn keep_journal(&mut self) {
        self.journal = Some(Box::new(Journal::new(&self.world)));
        self.buffers.scratch.meetings = Some(Vec::new());
    }

    /// The journal, where one is kept.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.journal.as_deref()
    }

    /// `[8]` people in each DEEPLINK stage, unreached first.
    pub(crate) fn stages(&self) -> [u64; STAGES] {
        self.shoppers.stocks.map(|shoppers| shoppers * self.world.market.weight())
    }

    /// `[8, 8]` people by stage in an earlier state (row) and in this one (column).
    pub(crate) fn flow_from(&self, earlier: &Shoppers) -> [[u64; STAGES]; STAGES] {
        let mut flow = [[0; STAGES]; STAGES];
        for (before, after) in earlier.stage.iter().zip(&self.shoppers.stage) {
            flow[*before as usize][*after as usize] += self.world.market.weight();
        }
        flow
    }

    /// The shoppers before the first step.
    pub(crate) fn opening(&self) -> &Shoppers {
        &self.world.shoppers
    }

    /// Shoppers with a visit or a session in the last step, and contacts bought so far.
    pub(crate) fn activity(&self) -> (u64, u64) {
        (self.buffers.audience.active(), self.shoppers.contacts.iter().sum())
    }

    /// Plays one step.
    pub(crate) fn play(&mut self, step: usize, granted: &[Money], sheet: &mut Sheet<'_>) -> Outcome {
        let world = Arc::clone(&self.world);
        let moment = Moment { world: &world, step, key: self.key.with(step as u64) };
        let weight = world.market.weight();
        let Buffers { mut audience, mut scratch, mut orders } = std::mem::take(&mut self.buffers);

        // Market and visits.
        fade(&world, &mut self.shoppers);
        visit(&world, step, moment.key, &mut self.shoppers, &mut audience);
        if let Some(journal) = &mut self.journal {
            journal.lapse(step, &self.shoppers.stage);
        }

        // Delivery and response, line by line.
        scratch.arrivals.clear();
        let mut page_visitors = 0;
        for (line, money) in granted.iter().enumerate() {
            let mut delivered = Delivered::default();
            if *money > Money::ZERO {
                delivered = deliver(moment, line, money.micro(), &mut self.shoppers, &audience, &mut scratch);
            }
            if let (Some(journal), Some(meetings)) = (&mut self.journal, &mut scratch.meetings) {
                journal.source(step, line, meetings, &self.shoppers.stage);
            }
            let account = &mut self.accounts[line];
            if account.reserved.is_empty() {
                account.spent += delivered.cost;
            } else {
                let cohort = step % account.reserved.len();
                account.reserved[cohort] = delivered.cost;
            }
            page_visitors += delivered.clicks;
            let row = &mut sheet.rows[line];
            row.impressions = delivered.impressions;
            row.clicks = delivered.clicks;
            row.engagements = delivered.engagements;
        }

        // Free traffic, then orders: ours and rivals'.
        let meetings = scratch.meetings.as_mut();
        page_visitors +=
            weight * free_traffic(&world, step, moment.key, &mut self.shoppers, &audience.visitors, meetings);
        if let (Some(journal), Some(meetings)) = (&mut self.journal, &mut scratch.meetings) {
            journal.source(step, journal.free(), meetings, &self.shoppers.stage);
        }
        let visiting =
            audience.visitors.iter().map(|visitor| visitor.shopper).chain(scratch.arrivals.iter().copied());
        let expected = purchase(moment, &mut self.shoppers, visiting, &mut orders);
        let mut shop = ShopRow { visitors: page_visitors, ..ShopRow::default() };
        let scale = weight as f64 / 4_294_967_296.0;
        shop.expected_new_customers = expected.new_customers as f64 * scale;
        shop.expected_revenue = expected.orders as f64 * scale * world.market.merchant.order_value;
        for order in &orders {
            shop.orders += weight;
            shop.new_customers += if order.new { weight } else { 0 };
            shop.revenue += Money(order.value.0 * weight as i64);
            if let Some(journal) = &mut self.journal {
                journal.order(step, order, self.shoppers.stage[order.shopper as usize]);
            }
            self.credit(step, order, sheet);
        }
        if let Some(journal) = &mut self.journal {
            journal.close(self.shoppers.stocks);
        }

        self.buffers = Buffers { audience, scratch, orders };
        let reserved = self.close(step, sheet);
        Outcome { shop, reserved }
    }

    /// Credits an order by last click inside each platform, pays a commission that fell due, and files the report.
    fn credit(&mut self, step: usize, order: &Order, sheet: &mut Sheet<'_>) {
        let world = Arc::clone(&self.world);
        let i = order.shopper as usize;
        let weight = world.market.weight();
        if let Some(line) = last_click_line(&world, &self.shoppers, i, step) {
            let people = self.pay_commission(step, line, order).unwrap_or(weight);
            self.file(step, line, order, people, sheet);
        }
        for line in 0..world.lines.len() {
            if let Some(place) = world.lines[line].outside {
                let days = world.market.lines[line].channel.credit_days;
                if within(&world, self.shoppers.outside_click[place][i], step, days) {
                    self.file(step, line, order, weight, sheet);
                }
            }
        }
    }

    /// Pays the commission of an order from what its click reserved; the people it was paid for, `None` where the line
    /// is not paid by commission.
    fn pay_commission(&mut self, step: usize, line: usize, order: &Order) -> Option<u64> {
        let channel = &self.world.market.lines[line].channel;
        if channel.pricing != Pricing::Commission {
            return None;
        }
        let i = order.shopper as usize;
        let people = i64::from(std::mem::take(&mut self.shoppers.reserved_people[i]));
        let cap = (channel.commission_cap * 1e6) as i64;
        let share = (self.world.lines[line].commission_rate * 1e6) as i64;
        let due = (order.value.0 * share / 100).min(cap) * people;
        let account = &mut self.accounts[line];
        let age = (self.world.clock.stamp(step) - self.shoppers.last_click[i]) as usize;
        let cohort = (step - age) % account.reserved.len();
        account.reserved[cohort] -= cap * people;
        account.spent += due;
        // One click earns one commission.
        self.shoppers.last_line[i] = super::shoppers::NO_LINE;
        Some(people as u64)
    }

    /// Books a credited order in the ledger and lets its report arrive later.
    fn file(&mut self, step: usize, line: usize, order: &Order, people: u64, sheet: &mut Sheet<'_>) {
        let slot = (step + order.delay) % self.world.report_delay.len();
        let due = &mut self.due[slot * sheet.rows.len() + line];
        let row = &mut sheet.rows[line];
        let new = if order.new { people } else { 0 };
        let revenue = Money(order.value.0 * people as i64);
        row.credited_orders += people;
        row.credited_new_customers += new;
        row.credited_revenue += revenue;
        due.orders += people;
        due.new_customers += new;
        due.revenue += revenue;
    }

    /// Rounds the money of the step, and shows what a merchant is shown. Returns what is reserved.
    fn close(&mut self, step: usize, sheet: &mut Sheet<'_>) -> Money {
        let lines = sheet.rows.len();
        let slot = step % self.world.report_delay.len();
        let mut reserved = 0;
        for line in 0..lines {
            let account = &mut self.accounts[line];
            // Reservations of clicks too old to fall due in the next step are released.
            if !account.reserved.is_empty() {
                let oldest = (step + 1) % account.reserved.len();
                account.reserved[oldest] = 0;
                reserved += account.reserved.iter().sum::<i64>();
            }
            let row = &mut sheet.rows[line];
            row.spend = Money(account.spent / MICRO_PER_MINOR) - account.booked;
            account.booked += row.spend;
            let due = std::mem::take(&mut self.due[slot * lines + line]);
            let report = &mut sheet.reports[line];
            report.orders = due.orders;
            report.new_customers = due.new_customers;
            report.revenue = due.revenue;
        }
        // What is reserved is rounded up, so that it can always be paid.
        Money((reserved + MICRO_PER_MINOR - 1) / MICRO_PER_MINOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scenario, World};

    /// With no other line limited by budget or supply, whoever a line never met is as they would have been without it.
    #[test]
    fn a_line_leaves_those_it_never_met_as_they_were() {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(5_000);
        let world = World::draw(&scenario, 3);
        for line in 0..scenario.brief.lines.len() {
            let mut with = crate::Episode::new(world.clone(), 4);
            let mut without = with.clone();
            while !with.is_over() {
                let mut money = vec![Money::ZERO; scenario.brief.lines.len()];
                without.replay(&money);
                money[line] = Money(200_000);
                with.replay(&money);
            }
            let (a, b) = (with.market_shoppers(), without.market_shoppers());
            let same = |i: usize| {
                a.flags[i] == b.flags[i]
                    && a.stage[i] == b.stage[i]
                    && a.contact.iter().zip(&b.contact).all(|(a, b)| a[i] == b[i])
                    && a.orders.iter().zip(&b.orders).all(|(a, b)| a[i] == b[i])
                    && a.memory.iter().zip(&b.memory).all(|(a, b)| a[i] == b[i])
                    && a.last_line[i] == b.last_line[i]
            };
            let met = a.met.iter().filter(|met| **met).count();
            assert!((1..5_000).contains(&met), "line {line} met {met}");
            assert!((0..5_000).all(|i| a.met[i] || same(i)), "line {line}");
            assert!((0..5_000).any(|i| !same(i)), "line {line} did nothing");
        }
    }
}
