//! One run of a world: the step, in a fixed order, and what is reported of it.

use std::sync::Arc;

use crate::deeplink::STAGES;
use crate::delivery::{Delivered, Moment, Scratch, deliver};
use crate::draws::Key;
use crate::guard::{Guard, Ruling};
use crate::ledger::{Ledger, LineRow, ShopRow};
use crate::money::{MICRO_PER_MINOR, Money};
use crate::observation::{Allocation, LineReport, Observation, Pricing, ShopReport};
use crate::purchases::{Order, last_click_line, purchase, within};
use crate::shoppers::Shoppers;
use crate::visits::{Audience, fade, free_traffic, visit};
use crate::world::World;

/// One run of a world. A clone is a snapshot: both go on independently, and the same allocations give the same bytes.
#[derive(Debug, Clone)]
pub struct Episode {
    world: Arc<World>,
    key: Key,
    shoppers: Shoppers,
    accounts: Vec<Account>,
    /// `[longest delay + 1, lines]` what the reports will show, by the step in which it arrives.
    due: Vec<Due>,
    guard: Guard,
    ledger: Ledger,
    observation: Observation,
    buffers: Buffers,
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
    ruling: Ruling,
    previous: Vec<Money>,
}

impl Episode {
    /// Starts an episode of `world` with a noise seed.
    #[must_use]
    pub fn new(world: Arc<World>, noise: u64) -> Self {
        let brief = &world.scenario.brief;
        let lines = brief.lines.len();
        let shoppers = world.shoppers.clone();
        let step_days = brief.step_days;
        let accounts = world.scenario.lines.iter().map(|line| {
            let cohorts = libm::ceil(line.channel.commission_days / step_days) as usize;
            Account { reserved: vec![0; cohorts], ..Account::default() }
        });
        let mut ledger = Ledger { budget: brief.budget, lines, ..Ledger::default() };
        ledger.rows.reserve_exact(lines * brief.steps);
        ledger.shop.reserve_exact(brief.steps);
        ledger.multipliers.reserve_exact(brief.steps);
        let mut episode = Self {
            key: Key::new(world.seed).with(noise),
            accounts: accounts.collect(),
            due: vec![Due::default(); world.report_delay.len() * lines],
            guard: Guard::new(&brief.limits, brief.budget, brief.steps),
            ledger,
            observation: Observation {
                step: 0,
                budget_left: brief.budget,
                reserved: Money::ZERO,
                lines: vec![LineReport::default(); lines],
                shop: ShopReport::default(),
                stages: [0; STAGES],
            },
            buffers: Buffers::default(),
            shoppers,
            world,
        };
        episode.observation.stages = episode.stages();
        episode
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// What the agent sees now.
    #[must_use]
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The record so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the guard made of the last allocation.
    #[must_use]
    pub fn ruling(&self) -> &Ruling {
        &self.buffers.ruling
    }

    /// Whether the last step is done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.observation.step >= self.world.scenario.brief.steps
    }

    /// `[8]` people in each DEEPLINK stage, unreached first.
    #[must_use]
    pub fn stages(&self) -> [u64; STAGES] {
        self.shoppers.stocks.map(|shoppers| shoppers * self.world.scenario.weight())
    }

    /// `[8, 8]` people by stage at the start of the episode (row) and now (column).
    #[must_use]
    pub fn flow(&self) -> [[u64; STAGES]; STAGES] {
        self.flow_since(&self.world.shoppers)
    }

    /// `[8, 8]` people by stage in an earlier snapshot of this episode (row) and now (column).
    #[must_use]
    pub fn flow_from(&self, earlier: &Self) -> [[u64; STAGES]; STAGES] {
        self.flow_since(&earlier.shoppers)
    }

    fn flow_since(&self, earlier: &Shoppers) -> [[u64; STAGES]; STAGES] {
        let mut flow = [[0; STAGES]; STAGES];
        for (before, after) in earlier.stage.iter().zip(&self.shoppers.stage) {
            flow[*before as usize][*after as usize] += self.world.scenario.weight();
        }
        flow
    }

    /// Shoppers with a visit or a session in the last step, and contacts bought so far: how busy the market is.
    #[must_use]
    pub fn activity(&self) -> (u64, u64) {
        (self.buffers.audience.active(), self.shoppers.contacts.iter().sum())
    }

    /// Plays one step with what the guard makes of `allocation`. Nothing happens after the last step.
    pub fn step(&mut self, allocation: &Allocation) {
        let Buffers { ruling, previous, .. } = &mut self.buffers;
        previous.clear();
        previous.extend(self.observation.lines.iter().map(|line| line.granted));
        let previous = (self.observation.step > 0).then_some(previous.as_slice());
        self.guard.rule(self.observation.step, self.observation.budget_left, previous, allocation, ruling);
        let granted = std::mem::take(&mut ruling.granted);
        let (multiplier, relaxed) = (ruling.multiplier, ruling.relaxed.len() as u64);
        self.play(&granted, multiplier, relaxed);
        self.buffers.ruling.granted = granted;
    }

    /// Plays one step with money as it was granted before, as far as it lasts: a recorded plan, or one with a line at
    /// zero whose money is not moved.
    pub fn replay(&mut self, granted: &[Money]) {
        let mut left = self.observation.budget_left;
        let mut money = std::mem::take(&mut self.buffers.previous);
        money.clear();
        for line in 0..self.ledger.lines {
            let wanted = granted.get(line).copied().unwrap_or_default();
            let given = wanted.clamp(Money::ZERO, left.max(Money::ZERO));
            left -= given;
            money.push(given);
        }
        self.play(&money, 0.0, 0);
        self.buffers.previous = money;
    }

    fn play(&mut self, granted: &[Money], multiplier: f64, relaxed: u64) {
        if self.is_over() {
            return;
        }
        let world = Arc::clone(&self.world);
        let step = self.observation.step;
        let moment = Moment { world: &world, step, key: self.key.with(step as u64) };
        let weight = world.scenario.weight();
        let Buffers { mut audience, mut scratch, mut orders, ruling, previous } =
            std::mem::take(&mut self.buffers);

        // Market and visits.
        fade(&world, &mut self.shoppers);
        visit(&world, step, moment.key, &mut self.shoppers, &mut audience);

        // Delivery and response, line by line.
        scratch.arrivals.clear();
        let mut page_visitors = 0;
        for (line, money) in granted.iter().enumerate() {
            let mut delivered = Delivered::default();
            if *money > Money::ZERO {
                delivered = deliver(moment, line, money.micro(), &mut self.shoppers, &audience, &mut scratch);
            }
            let account = &mut self.accounts[line];
            if account.reserved.is_empty() {
                account.spent += delivered.cost;
            } else {
                let cohort = step % account.reserved.len();
                account.reserved[cohort] = delivered.cost;
            }
            page_visitors += delivered.clicks;
            self.ledger.rows.push(LineRow {
                granted: *money,
                impressions: delivered.impressions,
                clicks: delivered.clicks,
                engagements: delivered.engagements,
                ..LineRow::default()
            });
        }

        // Free traffic, then orders: ours and rivals'.
        page_visitors +=
            weight * free_traffic(&world, step, moment.key, &mut self.shoppers, &audience.visitors);
        let visiting =
            audience.visitors.iter().map(|visitor| visitor.shopper).chain(scratch.arrivals.iter().copied());
        let expected = purchase(moment, &mut self.shoppers, visiting, &mut orders);
        let mut shop = ShopRow { visitors: page_visitors, ..ShopRow::default() };
        let scale = weight as f64 / 4_294_967_296.0;
        shop.expected_new_customers = expected.new_customers as f64 * scale;
        shop.expected_revenue = expected.orders as f64 * scale * world.scenario.merchant.order_value;
        for order in &orders {
            shop.orders += weight;
            shop.new_customers += if order.new { weight } else { 0 };
            shop.revenue += Money(order.value.0 * weight as i64);
            self.credit(step, order);
        }

        self.buffers = Buffers { audience, scratch, orders, ruling, previous };
        self.close(step, shop, multiplier, relaxed);
    }

    /// Credits an order by last click inside each platform, pays a commission that fell due, and files the report.
    fn credit(&mut self, step: usize, order: &Order) {
        let world = Arc::clone(&self.world);
        let i = order.shopper as usize;
        let weight = world.scenario.weight();
        if let Some(line) = last_click_line(&world, &self.shoppers, i, step) {
            let people = self.pay_commission(step, line, order).unwrap_or(weight);
            self.file(step, line, order, people);
        }
        for line in 0..self.ledger.lines {
            if let Some(place) = world.lines[line].outside {
                let days = world.scenario.lines[line].channel.credit_days;
                if within(&world, self.shoppers.outside_click[place][i], step, days) {
                    self.file(step, line, order, weight);
                }
            }
        }
    }

    /// Pays the commission of an order from what its click reserved; the people it was paid for, `None` where the line
    /// is not paid by commission.
    fn pay_commission(&mut self, step: usize, line: usize, order: &Order) -> Option<u64> {
        let channel = &self.world.scenario.lines[line].channel;
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
        self.shoppers.last_line[i] = crate::shoppers::NO_LINE;
        Some(people as u64)
    }

    /// Books a credited order in the ledger and lets its report arrive later.
    fn file(&mut self, step: usize, line: usize, order: &Order, people: u64) {
        let lines = self.ledger.lines;
        let slot = (step + order.delay) % self.world.report_delay.len();
        let due = &mut self.due[slot * lines + line];
        let row = &mut self.ledger.rows[step * lines + line];
        let new = if order.new { people } else { 0 };
        let revenue = Money(order.value.0 * people as i64);
        row.credited_orders += people;
        row.credited_new_customers += new;
        row.credited_revenue += revenue;
        due.orders += people;
        due.new_customers += new;
        due.revenue += revenue;
    }

    /// Rounds the money of the step, and shows what a merchant is shown.
    fn close(&mut self, step: usize, shop: ShopRow, multiplier: f64, relaxed: u64) {
        let lines = self.ledger.lines;
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
            let row = &mut self.ledger.rows[step * lines + line];
            row.spend = Money(account.spent / MICRO_PER_MINOR) - account.booked;
            account.booked += row.spend;
            self.observation.budget_left -= row.spend;
            let due = std::mem::take(&mut self.due[slot * lines + line]);
            self.observation.lines[line] = LineReport {
                granted: row.granted,
                spend: row.spend,
                impressions: row.impressions,
                clicks: row.clicks,
                engagements: row.engagements,
                orders: due.orders,
                new_customers: due.new_customers,
                revenue: due.revenue,
            };
        }
        // What is reserved is rounded up, so that it can always be paid.
        let reserved = Money((reserved + MICRO_PER_MINOR - 1) / MICRO_PER_MINOR);
        self.observation.budget_left += self.observation.reserved;
        self.observation.budget_left -= reserved;
        self.observation.reserved = reserved;
        self.observation.shop = ShopReport {
            visitors: shop.visitors,
            orders: shop.orders,
            new_customers: shop.new_customers,
            revenue: shop.revenue,
        };
        self.observation.step = step + 1;
        self.observation.stages = self.stages();
        self.ledger.shop.push(shop);
        self.ledger.multipliers.push(multiplier);
        self.ledger.relaxations += relaxed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    /// With no other line limited by budget or supply, whoever a line never met is as they would have been without it.
    #[test]
    fn a_line_leaves_those_it_never_met_as_they_were() {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(5_000);
        let world = World::draw(&scenario, 3);
        for line in 0..scenario.lines.len() {
            let (mut with, mut without) = (Episode::new(world.clone(), 4), Episode::new(world.clone(), 4));
            while !with.is_over() {
                let mut money = vec![Money::ZERO; scenario.lines.len()];
                without.replay(&money);
                money[line] = Money(200_000);
                with.replay(&money);
            }
            let (a, b) = (&with.shoppers, &without.shoppers);
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
