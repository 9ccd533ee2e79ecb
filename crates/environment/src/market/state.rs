//! One step of a market, in a fixed order, and what is reported of it.

use std::sync::Arc;

use super::benefits::Till;
use super::books::Books;
use super::choice::{backed, favoured, verdict};
use super::credit::{Funds, Rebate};
use super::delivery::Moment;
use super::friction::{Friction, Terms};
use super::goods::expect;
use super::journal::Journal;
use super::leads::Desk;
use super::own::Relations;
use super::shard::{Counter, Given, Shard, Tally};
use super::shards::Shards;
use super::shelves::Shelves;
use super::world::MarketWorld;
use crate::deeplink::STAGES;
use crate::draws::Key;
use crate::episode::{Outcome, Sheet};
use crate::ledger::{ProductRow, ShopRow};
use crate::money::{MICRO_PER_MINOR, Money};
use crate::observation::ShopReport;
use crate::tiers::Standing;

/// Shoppers and accounts of one episode. A clone is a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct MarketState {
    world: Arc<MarketWorld>,
    key: Key,
    population: Population,
    books: Books,
    shelves: Shelves,
    /// The product to whose lines delivery is confined, once there is one.
    committed: Option<usize>,
    friction: Friction,
    till: Till,
    desk: Desk,
    funds: Funds,
    /// Guaranteed exposures left, people.
    exposures: u64,
    /// Orders of this shop so far, people; and expected ones in the category, in 2^-32 shoppers.
    trade: (u64, u128),
    journal: Option<Box<Journal>>,
    // Reused in every step.
    terms: Vec<Terms>,
    tally: Tally,
}

/// The shoppers of a market: in one piece, or in shards.
#[derive(Debug, Clone)]
enum Population {
    One(Box<Shard>),
    Shards(Box<Shards>),
}

impl MarketState {
    /// The eve of an episode; `key` is that of its world and noise.
    pub(crate) fn new(world: Arc<MarketWorld>, key: Key) -> Self {
        let population = if world.eve.is_empty() {
            let shoppers = world.shoppers.clone();
            let relations = Relations::new(world.own.as_ref(), shoppers.len());
            Population::One(Box::new(Shard { shoppers, relations, ..Shard::default() }))
        } else {
            Population::Shards(Box::new(Shards::new(&world)))
        };
        Self {
            population,
            books: Books::new(&world),
            till: Till::new(&world),
            desk: Desk::default(),
            funds: Funds::new(world.market.benefits.credit.as_ref(), world.market.benefits.rebate.as_ref()),
            exposures: (world.market.benefits.free_exposures.as_ref()).map_or(0, |given| given.number),
            trade: (0, 0),
            key,
            shelves: Shelves::new(&world.goods),
            committed: None,
            friction: Friction::new(&world),
            journal: None,
            terms: Vec::new(),
            tally: Tally::default(),
            world,
        }
    }

    /// Keeps a journal from here on, the eve of an episode; where shoppers come in shards there is none.
    pub(crate) fn keep_journal(&mut self) {
        if let Population::One(shard) = &mut self.population {
            self.journal = Some(Box::new(Journal::new(&self.world)));
            shard.scratch.meetings = Some(Vec::new());
        }
    }

    /// The journal, where one is kept.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.journal.as_deref()
    }

    /// `[8]` people in each DEEPLINK stage, unreached first.
    pub(crate) fn stages(&self) -> [u64; STAGES] {
        let stocks = match &self.population {
            Population::One(shard) => shard.shoppers.stocks,
            Population::Shards(shards) => shards.stocks(),
        };
        stocks.map(|shoppers| shoppers * self.world.market.weight())
    }

    /// `[8, 8]` people by stage at the start of the episode (row) and now (column).
    pub(crate) fn flow(&self) -> [[u64; STAGES]; STAGES] {
        let weight = self.world.market.weight();
        match &self.population {
            Population::One(shard) => flow(&self.world.shoppers.stage, &shard.shoppers.stage, weight),
            Population::Shards(shards) => shards.flow().map(|row| row.map(|shoppers| shoppers * weight)),
        }
    }

    /// `[8, 8]` people by stage in an earlier state (row) and in this one (column); zero where shoppers come in shards.
    pub(crate) fn flow_from(&self, earlier: &Self) -> [[u64; STAGES]; STAGES] {
        match (&self.population, &earlier.population) {
            (Population::One(now), Population::One(then)) => {
                flow(&then.shoppers.stage, &now.shoppers.stage, self.world.market.weight())
            }
            _ => [[0; STAGES]; STAGES],
        }
    }

    /// Shoppers with a visit or a session in the last step, where they are kept in one piece, and contacts bought so far.
    pub(crate) fn activity(&self) -> (u64, u64) {
        match &self.population {
            Population::One(shard) => (shard.audience.active(), shard.shoppers.contacts.iter().sum()),
            Population::Shards(shards) => (0, shards.contacts().iter().sum()),
        }
    }

    /// Plays one step.
    pub(crate) fn play(&mut self, step: usize, granted: &[Money], sheet: &mut Sheet<'_>) -> Outcome {
        let world = Arc::clone(&self.world);
        let moment = Moment { world: &world, step, key: self.key.with(step as u64) };
        let weight = world.market.weight();
        self.shelves.open();
        self.commit(step, granted);
        self.terms.clear();
        for (line, money) in granted.iter().enumerate() {
            let money = if self.delivers(line) { *money } else { Money::ZERO };
            let (terms, production) = self.friction.open(&world, line, step, money, sheet.rows[line].bid);
            self.books.accounts[line].spent += production;
            self.terms.push(terms);
        }

        // What shoppers do, and what they are sold.
        let mut tally = std::mem::take(&mut self.tally);
        let crowd = match &self.population {
            Population::One(shard) => shard.shoppers.crowd(),
            Population::Shards(shards) => shards.crowd(),
        };
        let given = Given { moment, terms: &self.terms, crowd, exposures: self.exposures };
        let Self { shelves, till, journal, books, .. } = self;
        let mut counter = Counter { shelves, till, journal: journal.as_deref_mut() };
        match &mut self.population {
            Population::One(shard) => shard.play(given, None, &mut counter, &mut tally),
            Population::Shards(shards) => shards.play(given, &mut counter, books, sheet.rows, &mut tally),
        }
        for (line, delivered) in tally.delivered.iter().enumerate() {
            self.friction.close(&world, line, step, delivered, || weight * tally.supply[line]);
            self.books.pay(step, line, delivered.cost);
            let row = &mut sheet.rows[line];
            row.impressions = delivered.impressions;
            row.clicks = delivered.clicks;
            row.engagements = delivered.engagements;
            row.carts = delivered.carts;
            row.joins = delivered.joins;
            row.leaked = delivered.leaked;
        }
        self.friction.remember(&world);
        let clicks: u64 = tally.delivered.iter().map(|delivered| delivered.clicks).sum();
        let mut shop = ShopRow {
            visitors: weight * (tally.contacted.clicks + tally.free_clicks) + tally.shown.clicks + clicks,
            leavers: weight * tally.contacted.leavers,
            free_exposures: tally.shown.people,
            coupons_claimed: weight * tally.coupons.claimed,
            coupons_expired: weight * tally.coupons.expired,
            coupons_held: weight * tally.coupons.held,
            ..tally.shop
        };
        self.exposures -= tally.shown.people;
        expect(&world, step, &tally.expected, &mut shop);
        if let Population::One(shard) = &mut self.population {
            // What follows a call is nobody's click.
            let credited = shard.orders.len();
            let Shard { shoppers, scratch, orders, .. } = &mut **shard;
            self.desk.play(moment, &scratch.forms, shoppers, sheet.rows, orders, &mut shop);
            if let Some(journal) = &mut self.journal {
                for order in &*orders {
                    journal.order(step, order, shoppers.stage[order.shopper as usize]);
                }
                journal.close(step, &shoppers.stage, shoppers.stocks);
            }
            shard.credit(moment, credited, &mut self.books, sheet.rows, self.journal.as_deref_mut());
        }
        shop.joins = sheet.rows.iter().map(|row| row.joins).sum();

        // Refunds and restocking, then the books.
        self.shelves.close(&world, step, &mut shop);
        if world.market.test && step + 1 == world.brief.steps {
            shop.verdict = verdict(&world.goods, backed(&world.market.lines, granted));
        }
        self.trade.0 += shop.orders;
        self.trade.1 += u128::from(tally.expected.trades);
        self.tally = tally;
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
        let benefits = &world.market.benefits;
        let earned =
            |funds: &Funds| benefits.rebate.as_ref().map(|rebate: &Rebate| rebate.earned(funds.cash));
        let before = earned(&self.funds);
        for (row, limits) in sheet.rows.iter_mut().zip(&world.brief.limits.lines) {
            row.credit = self.funds.pay(row.spend, limits.credit);
        }
        shop.rebate = earned(&self.funds).unwrap_or_default() - before.unwrap_or_default();
        self.till.close(step, shop);
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
        Money((self.books.reserved(line) + MICRO_PER_MINOR - 1) / MICRO_PER_MINOR)
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

    /// Rounds the money of the step, and shows what a merchant is shown. Returns what is reserved.
    fn close(&mut self, step: usize, sheet: &mut Sheet<'_>) -> Money {
        let mut reserved = 0;
        for (line, (row, report)) in sheet.rows.iter_mut().zip(&mut *sheet.reports).enumerate() {
            reserved += self.books.close(&self.world, step, line, row, report);
            self.friction.report(&self.world, line, row.spend, report.orders, report.revenue);
        }
        // What is reserved is rounded up, so that it can always be paid.
        Money((reserved + MICRO_PER_MINOR - 1) / MICRO_PER_MINOR)
    }

    /// All shoppers, where they are kept in one piece.
    #[cfg(test)]
    pub(crate) fn whole(&self) -> &Shard {
        match &self.population {
            Population::One(shard) => shard,
            Population::Shards(_) => panic!("in shards"),
        }
    }

    /// All shoppers, where they are kept in one piece.
    #[cfg(test)]
    pub(crate) fn whole_mut(&mut self) -> &mut Shard {
        match &mut self.population {
            Population::One(shard) => shard,
            Population::Shards(_) => panic!("in shards"),
        }
    }
}

/// `[8, 8]` people by stage before (row) and after (column); `weight` is people a shopper.
fn flow(before: &[u8], after: &[u8], weight: u64) -> [[u64; STAGES]; STAGES] {
    let mut flow = [[0; STAGES]; STAGES];
    for (before, after) in before.iter().zip(after) {
        flow[*before as usize][*after as usize] += weight;
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::purchases::{Order, last_click_line};
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
            state.books.accounts[line].reserved[0] = 25 * cap;
            state.whole_mut().shoppers.last_line[7] = line as u8;
            state.whole_mut().shoppers.last_click[7] = state.world.clock.stamp(0);
            // An earlier click, which the last one takes the place of.
            state.whole_mut().shoppers.reserve(7, 3, 20);
            state.whole_mut().shoppers.reserve(7, reserved, 20);
            let order =
                Order { shopper: 7, product: 0, people: bought, new: true, value: Money(100), delay: 0 };
            let moment = Moment { world: &world, step: 0, key: Key::new(4) };
            let MarketState { books, population: Population::One(shard), .. } = &mut state else {
                unreachable!()
            };
            assert_eq!(books.pay_commission(moment, line, &order, &mut shard.shoppers), Some(paid));
            assert_eq!(state.books.accounts[line].reserved[0], (25 - i64::from(reserved)) * cap);
            assert_eq!(state.books.accounts[line].spent, paid as i64 * each);
            assert_eq!(last_click_line(&state.world, &state.whole().shoppers, 7, 0), None);
        }
    }
}
