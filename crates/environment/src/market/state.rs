//! One step of a market, in a fixed order, and what is reported of it.

use std::sync::Arc;

use super::benefits::Till;
use super::choice::{backed, favoured, verdict};
use super::credit::{Funds, Rebate};
use super::delivery::{Delivered, Moment, Scratch, deliver};
use super::friction::Friction;
use super::goods::expect;
use super::guaranteed::show;
use super::journal::Journal;
use super::leads::Desk;
use super::own::Relations;
use super::purchases::{Order, last_click_line, purchase, within};
use super::shelves::Shelves;
use super::shoppers::Shoppers;
use super::supply::candidates;
use super::visits::{Audience, fade, free_traffic, leave, visit};
use super::world::MarketWorld;
use crate::deeplink::STAGES;
use crate::draws::Key;
use crate::episode::{Outcome, Sheet};
use crate::ledger::{ProductRow, ShopRow};
use crate::money::{MICRO_PER_MINOR, Money};
use crate::observation::{Pricing, ShopReport};
use crate::tiers::Standing;

/// Shoppers and accounts of one episode. A clone is a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct MarketState {
    world: Arc<MarketWorld>,
    key: Key,
    pub(crate) shoppers: Shoppers,
    accounts: Vec<Account>,
    shelves: Shelves,
    /// The product to whose lines delivery is confined, once there is one.
    committed: Option<usize>,
    friction: Friction,
    /// `[longest delay + 1, lines]` what the reports will show, by the step in which it arrives.
    due: Vec<Due>,
    till: Till,
    desk: Desk,
    pub(super) relations: Relations,
    funds: Funds,
    /// Guaranteed exposures left, people.
    exposures: u64,
    /// Orders of this shop so far, people; and expected ones in the category, in 2^-32 shoppers.
    trade: (u64, u128),
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
            till: Till::new(&world),
            desk: Desk::default(),
            relations: Relations::new(world.own.as_ref(), world.shoppers.len()),
            funds: Funds::new(world.market.benefits.credit.as_ref(), world.market.benefits.rebate.as_ref()),
            exposures: (world.market.benefits.free_exposures.as_ref()).map_or(0, |given| given.number),
            trade: (0, 0),
            key,
            shoppers: world.shoppers.clone(),
            accounts: accounts.collect(),
            shelves: Shelves::new(&world.goods),
            committed: None,
            friction: Friction::new(&world),
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

        self.shelves.open();

        // Market and visits.
        fade(&world, step, &mut self.shoppers);
        self.shoppers.claims.expire(world.clock.stamp(step));
        visit(&world, step, moment.key, &mut self.shoppers, &mut audience);
        if let Some(journal) = &mut self.journal {
            journal.lapse(step, &self.shoppers.stage);
        }

        // Contact that costs nothing: with members, and what the platform guarantees.
        scratch.arrivals.clear();
        scratch.forms.clear();
        let contacted = self.relations.contact(moment, &mut self.shoppers, &mut scratch);
        let shown =
            show(moment, self.exposures, &mut self.shoppers, audience.visitors.as_slice(), &mut scratch);
        self.exposures -= shown.people;
        let mut page_visitors = weight * contacted.clicks + shown.clicks;
        if let (Some(journal), Some(meetings)) = (&mut self.journal, &mut scratch.meetings) {
            journal.source(step, journal.free(), meetings, &self.shoppers.stage);
        }

        // Delivery and response, line by line.
        self.commit(step, granted);
        for (line, money) in granted.iter().enumerate() {
            let money = if self.delivers(line) { *money } else { Money::ZERO };
            let (terms, production) = self.friction.open(&world, line, step, money, sheet.rows[line].bid);
            let mut delivered = Delivered::default();
            if terms.money > 0 {
                delivered = deliver(moment, line, terms, &mut self.shoppers, &audience, &mut scratch);
            }
            let channel = &world.market.lines[line].channel;
            let supply = || weight * candidates(channel.supply, &audience).len() as u64;
            self.friction.close(&world, line, step, &delivered, supply);
            if let (Some(journal), Some(meetings)) = (&mut self.journal, &mut scratch.meetings) {
                journal.source(step, line, meetings, &self.shoppers.stage);
            }
            let account = &mut self.accounts[line];
            account.spent += production;
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
            row.carts = delivered.carts;
            row.joins = delivered.joins;
            row.leaked = delivered.leaked;
        }
        self.friction.remember(&world);

        // Free traffic, then orders: ours and rivals'.
        let factor = self.shelves.exposure(&world.goods);
        let meetings = scratch.meetings.as_mut();
        page_visitors += weight * free_traffic(moment, &mut self.shoppers, &audience, factor, meetings);
        if let (Some(journal), Some(meetings)) = (&mut self.journal, &mut scratch.meetings) {
            journal.source(step, journal.free(), meetings, &self.shoppers.stage);
        }
        leave(&mut self.shoppers, &mut audience, &scratch.arrivals);
        let mut shop = ShopRow {
            visitors: page_visitors,
            leavers: weight * contacted.leavers,
            free_exposures: shown.people,
            ..ShopRow::default()
        };
        let Self { shoppers, shelves, till, .. } = self;
        let mut expected =
            purchase(moment, shoppers, shelves, till, audience.needing.as_slice(), &mut orders, &mut shop);
        till.collect(moment, shoppers, shelves, &mut orders, &mut expected, &mut shop);
        expect(&world, step, &expected, &mut shop);
        let credited = orders.len();
        self.desk.play(moment, &scratch.forms, &mut self.shoppers, sheet.rows, &mut orders, &mut shop);
        shop.joins = sheet.rows.iter().map(|row| row.joins).sum();
        if let Some(journal) = &mut self.journal {
            for order in &orders {
                journal.order(step, order, self.shoppers.stage[order.shopper as usize]);
            }
            journal.close(step, &self.shoppers.stage, self.shoppers.stocks);
        }
        // What follows a call is nobody's click.
        for order in &orders[..credited] {
            self.credit(step, order, sheet);
        }

        // Refunds and restocking, then the books.
        self.shelves.close(&world, step, &mut shop);
        if world.market.test && step + 1 == world.brief.steps {
            shop.verdict = verdict(&world.goods, backed(&world.market.lines, granted));
        }
        self.trade.0 += shop.orders;
        self.trade.1 += u128::from(expected.trades);

        self.buffers = Buffers { audience, scratch, orders };
        let reserved = self.close(step, sheet);
        self.close_benefits(step, sheet, &mut shop);
        Outcome { shop, reserved }
    }

    /// Settles in the step of commitment, or the first after it in which a product gets money, on the product that gets
    /// most.
    fn commit(&mut self, step: usize, granted: &[Money]) {
        let market = &self.world.market;
        if self.committed.is_none() && market.commit_step.is_some_and(|commit| step >= commit) {
            self.committed = favoured(&market.lines, granted, self.world.goods.products.len());
        }
    }

    /// Whether money of `line` buys anything: always, until another product has been settled on.
    fn delivers(&self, line: usize) -> bool {
        self.committed.is_none() || self.world.market.lines[line].product == self.committed
    }

    /// `[products]` the books of the last step; empty where products have no names.
    pub(crate) fn products(&self) -> &[ProductRow] {
        self.shelves.rows(&self.world.goods)
    }

    /// Fills in what the merchant sees of stock, orders by product, and rating.
    pub(crate) fn show(&self, report: &mut ShopReport) {
        self.shelves.show(&self.world.goods, report);
    }

    /// Pays for the step, from credit first, and books what is not cash: what was redeemed, earned and lost.
    fn close_benefits(&mut self, step: usize, sheet: &mut Sheet<'_>, shop: &mut ShopRow) {
        let world = Arc::clone(&self.world);
        let weight = world.market.weight();
        let benefits = &world.market.benefits;
        let earned =
            |funds: &Funds| benefits.rebate.as_ref().map(|rebate: &Rebate| rebate.earned(funds.cash));
        let before = earned(&self.funds);
        for (row, limits) in sheet.rows.iter_mut().zip(&world.brief.limits.lines) {
            row.credit = self.funds.pay(row.spend, limits.credit);
        }
        shop.rebate = earned(&self.funds).unwrap_or_default() - before.unwrap_or_default();
        self.till.close(step, shop);
        let (claimed, expired) = self.shoppers.claims.take_counts();
        shop.coupons_claimed = weight * claimed;
        shop.coupons_expired = weight * expired;
        shop.coupons_held = weight * self.shoppers.claims.holders();
        let next = world.clock.days(step + 1);
        if benefits.credit.as_ref().is_some_and(|credit| next >= credit.until_day) {
            shop.expired_credit = std::mem::take(&mut self.funds.credit);
        }
        if benefits.free_exposures.as_ref().is_some_and(|given| next >= given.until_day) {
            shop.expired_exposures = std::mem::take(&mut self.exposures);
        }
    }

    #[cfg(test)]
    pub(crate) fn presale(&self) -> (Money, Money, Money) {
        self.till.presale()
    }

    /// Money set aside for commissions of a line that may still fall due, rounded up.
    pub(crate) fn reserved(&self, line: usize) -> Money {
        let reserved: i64 = self.accounts[line].reserved.iter().sum();
        Money((reserved + MICRO_PER_MINOR - 1) / MICRO_PER_MINOR)
    }

    /// Advertising credit left.
    pub(crate) fn credit_left(&self) -> Money {
        self.funds.credit
    }

    /// The merchant's standing, where its tier is found.
    pub(crate) fn standing(&self) -> Option<Standing> {
        let stars = self.world.market.stars.as_ref()?;
        let trades = self.trade.1 as f64 / 4_294_967_296.0 * self.world.market.weight() as f64;
        Some(Standing {
            spend: self.funds.cash.major(),
            assets: stars.assets(&self.stages()),
            share: if trades > 0.0 { (self.trade.0 as f64 / trades).min(1.0) } else { 0.0 },
        })
    }

    /// Credits an order by last click inside each platform, pays a commission that fell due, and files the report.
    fn credit(&mut self, step: usize, order: &Order, sheet: &mut Sheet<'_>) {
        let world = Arc::clone(&self.world);
        let i = order.shopper as usize;
        if let Some(line) = last_click_line(&world, &self.shoppers, i, step) {
            let people = self.pay_commission(step, line, order).unwrap_or(order.people);
            self.file(step, line, order, people, sheet);
            self.note_credit(step, self.shoppers.last_click[i], line, order, people);
        }
        for line in 0..world.lines.len() {
            if let Some(place) = world.lines[line].outside {
                let days = world.market.lines[line].channel.credit_days;
                let clicked = self.shoppers.outside_click[place][i];
                if within(&world, clicked, step, days) {
                    self.file(step, line, order, order.people, sheet);
                    self.note_credit(step, clicked, line, order, order.people);
                }
            }
        }
    }

    /// Notes in the journal, where one is kept, the click that an order is credited to.
    fn note_credit(&mut self, step: usize, clicked: u16, line: usize, order: &Order, people: u64) {
        if let Some(journal) = &mut self.journal {
            let age = usize::from(self.world.clock.stamp(step).saturating_sub(clicked));
            journal.credit(step, age, line, order, people);
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
        // One click earns one commission.
        let reserved = i64::from(self.shoppers.take_reserved(i, self.world.market.weight() as u32));
        let people = reserved.min(order.people as i64);
        let cap = (channel.commission_cap * 1e6) as i64;
        let share = (self.world.lines[line].commission_rate * 1e6) as i64;
        let due = (order.value.0 * share / 100).min(cap) * people;
        let account = &mut self.accounts[line];
        let age = (self.world.clock.stamp(step) - self.shoppers.last_click[i]) as usize;
        let cohort = (step - age) % account.reserved.len();
        account.reserved[cohort] -= cap * reserved;
        account.spent += due;
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
            self.friction.report(&self.world, line, row.spend, due.orders, due.revenue);
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
    /// A click reserves for all people of a shopper, or for those whom the line's last money reached; those who found
    /// nothing left cost nothing and are released.
    #[test]
    fn a_commission_is_paid_for_those_who_bought() {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(20_000);
        let world = World::draw(&scenario, 3).market_world().clone();
        let line = scenario.brief.lines.iter().position(|line| line.name == "affiliate").unwrap();
        let cap = (scenario.market().unwrap().lines[line].channel.commission_cap * 1e6) as i64;
        let each = (world.lines[line].commission_rate * 1e6) as i64;
        assert!(each > 0 && each < cap);
        for (reserved, bought, paid) in [(20, 5, 5), (8, 20, 8)] {
            let mut state = MarketState::new(world.clone(), Key::new(4));
            state.accounts[line].reserved[0] = 25 * cap;
            state.shoppers.last_line[7] = line as u8;
            state.shoppers.last_click[7] = state.world.clock.stamp(0);
            // An earlier click, which the last one takes the place of.
            state.shoppers.reserve(7, 3, 20);
            state.shoppers.reserve(7, reserved, 20);
            let order =
                Order { shopper: 7, product: 0, people: bought, new: true, value: Money(100), delay: 0 };
            assert_eq!(state.pay_commission(0, line, &order), Some(paid));
            assert_eq!(state.accounts[line].reserved[0], (25 - i64::from(reserved)) * cap);
            assert_eq!(state.accounts[line].spent, paid as i64 * each);
            assert_eq!(last_click_line(&state.world, &state.shoppers, 7, 0), None);
        }
    }
}
