//! The shoppers of a market in shards: put by in few bytes, and taken out shard by shard to live through a step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::agreement::{Counts, Part, Plan, Share};
use super::benefits::Till;
use super::books::Books;
use super::buyers::{Needs, balance};
use super::packed::Packed;
use super::shard::{Counter, Given, Shard, Tally};
use super::shelves::Shelves;
use super::shoppers::Crowd;
use super::stores::Stores;
use super::world::MarketWorld;
use crate::deeplink::STAGES;
use crate::ledger::LineRow;

/// One shard in so many tells beforehand where the money of lines will end.
const SAMPLE: usize = 32;

/// `[8, 8]` shoppers by stage before (row) and after (column).
type Flow = [[u64; STAGES]; STAGES];

/// Shoppers of one episode.
#[derive(Debug, Clone)]
pub(crate) struct Shards {
    world: Arc<MarketWorld>,
    /// As the last step left them; empty before the first one, and after the last, when nobody asks for them any more.
    kept: Vec<Packed>,
    stocks: [u64; STAGES],
    crowd: Crowd,
    /// `[lines]` contacts bought so far.
    contacts: Vec<u64>,
    flow: Flow,
    /// Reused in every step.
    workers: Vec<Worker>,
}

/// Room in which one thread plays a shard.
#[derive(Debug, Clone, Default)]
struct Worker {
    shard: Shard,
    opening: Vec<u8>,
}

/// What shards are played for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    /// To see where the money of lines ends.
    Scout,
    /// For the step and those after it.
    Play,
    /// For the last step, after which nobody asks for shoppers.
    Last,
}

/// What has come of a shard's step.
#[derive(Debug, Clone)]
struct Played {
    counts: Counts,
    tally: Tally,
    shelves: Shelves,
    till: Till,
    books: Books,
    rows: Vec<LineRow>,
    contacts: Vec<u64>,
    stocks: [u64; STAGES],
    crowd: Crowd,
    flow: Flow,
    /// The shoppers after it, where there is another step.
    after: Option<Packed>,
}

/// Draws the shoppers of a world, shard by shard.
pub(crate) fn draw_shards(world: &MarketWorld) -> Vec<Packed> {
    let market = &world.market;
    let (all, size) = (market.shoppers as u32, market.shard.clamp(1, u32::MAX as usize) as u32);
    let shards = all.div_ceil(size);
    let numbers = |shard: u32| shard * size..(shard + 1).saturating_mul(size).min(all);
    let needs: Vec<Needs> = (0..shards)
        .into_par_iter()
        .map(|shard| Needs::draw(market, world.identity, numbers(shard)))
        .collect();
    let rates: Vec<&[u16]> = needs.iter().map(|needs| needs.rates.as_slice()).collect();
    let enter = balance(&rates, world.in_market, world.clock.leave(market));
    let next = AtomicUsize::new(0);
    let mut workers = vec![Worker::default(); rayon::current_num_threads()];
    each(&mut workers, shards as usize, &next, |worker, place| {
        let shard = &mut worker.shard;
        let numbers = numbers(place as u32);
        shard.begin(world, numbers.clone());
        shard.shoppers.needs = needs[place].clone();
        let Shard { shoppers, .. } = shard;
        shoppers.draw_again(market, &world.clock, world.identity, world.in_market, enter, numbers);
        Packed::new(shard, None)
    })
}

/// Does something for every one of `count` places, whoever comes first taking the next; the results stand in the order of
/// places.
fn each<T: Send>(
    workers: &mut [Worker],
    count: usize,
    next: &AtomicUsize,
    work: impl Fn(&mut Worker, usize) -> T + Sync,
) -> Vec<T> {
    next.store(0, Ordering::Relaxed);
    let mut done: Vec<(usize, T)> = (workers.par_iter_mut().with_max_len(1))
        .flat_map_iter(|worker| {
            let mut done = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= count {
                    return done;
                }
                done.push((place, work(worker, place)));
            }
        })
        .collect();
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, done)| done).collect()
}

impl Shards {
    /// As on the eve.
    pub(crate) fn new(world: &Arc<MarketWorld>) -> Self {
        let mut shards = Self {
            world: Arc::clone(world),
            kept: Vec::new(),
            stocks: [0; STAGES],
            crowd: Crowd::default(),
            contacts: vec![0; world.lines.len()],
            flow: Flow::default(),
            workers: Vec::new(),
        };
        shards.count(world.eve.iter().map(|shard| (shard.stocks, shard.crowd)));
        for (stage, stock) in shards.stocks.iter().enumerate() {
            shards.flow[stage][stage] = *stock;
        }
        shards
    }

    /// Shoppers in each stage.
    pub(crate) fn stocks(&self) -> [u64; STAGES] {
        self.stocks
    }

    pub(crate) fn crowd(&self) -> Crowd {
        self.crowd
    }

    /// `[lines]` contacts bought so far.
    pub(crate) fn contacts(&self) -> &[u64] {
        &self.contacts
    }

    /// `[8, 8]` shoppers by stage at the start of the episode (row) and now (column).
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    fn count(&mut self, shards: impl Iterator<Item = ([u64; STAGES], Crowd)>) {
        (self.stocks, self.crowd) = ([0; STAGES], Crowd::default());
        for (stocks, crowd) in shards {
            self.stocks.iter_mut().zip(stocks).for_each(|(sum, stock)| *sum += stock);
            self.crowd.shoppers += crowd.shoppers;
            self.crowd.in_market += crowd.in_market;
            self.crowd.idle += crowd.idle;
        }
    }

    /// Plays a step: all shoppers, until they agree. What it comes to is added to `counter`, `books` and `rows` and stands in
    /// `tally` afterwards.
    pub(crate) fn play(
        &mut self,
        given: Given<'_>,
        counter: &mut Counter<'_>,
        books: &mut Books,
        rows: &mut [LineRow],
        tally: &mut Tally,
    ) {
        let count = self.world.eve.len();
        self.workers.resize_with(rayon::current_num_threads(), Worker::default);
        let mut workers = std::mem::take(&mut self.workers);
        let stores = Stores::of(counter.shelves, counter.till);
        let all: Vec<usize> = (0..count).collect();
        let (mut plan, share) = Plan::blank(given, &self.contacts, &stores);
        let mut shares = vec![share; count];
        if given.terms.iter().any(|terms| terms.money > 0) || self.world.exposures.is_some() {
            // A sample tells nearly where each line's money ends, and then all of them tell it better.
            let sample: Vec<usize> = (0..count).step_by(SAMPLE).collect();
            for places in [&sample, &sample, &all] {
                let found =
                    self.play_some(given, counter, &plan, &shares, places, Errand::Scout, &mut workers);
                // Each of a sample stands for those up to the next.
                let stride = if places.len() < count { SAMPLE } else { 1 };
                let counts: Vec<&Counts> = (0..count).map(|place| &found[place / stride].counts).collect();
                (plan, shares) = plan.revise(given, &self.contacts, &stores, &counts, places.len() < count);
            }
        }
        let errand =
            if given.moment.step + 1 == self.world.brief.steps { Errand::Last } else { Errand::Play };
        let mut played: Vec<Option<Played>> = (0..count).map(|_| None).collect();
        let mut stale = all;
        while !stale.is_empty() {
            let again = self.play_some(given, counter, &plan, &shares, &stale, errand, &mut workers);
            for (place, again) in stale.iter().zip(again) {
                played[*place] = Some(again);
            }
            let counts: Vec<&Counts> = played.iter().flatten().map(|played| &played.counts).collect();
            let (revised, changed) = plan.revise(given, &self.contacts, &stores, &counts, false);
            stale.clear();
            stale.extend((0..count).filter(|place| {
                !plan.is_like(&shares[*place], (&revised, &changed[*place]), counts[*place])
            }));
            if stale.is_empty() {
                Plan::rest(&stores, &counts).fill_pools(counter.till);
            }
            (plan, shares) = (revised, changed);
        }
        self.workers = workers;
        self.close(given, &plan, played, counter, books, rows, tally);
    }

    #[expect(clippy::too_many_arguments, reason = "what a step is made of, and for whom it is played")]
    fn play_some(
        &self,
        given: Given<'_>,
        counter: &Counter<'_>,
        plan: &Plan<'_>,
        shares: &[Share],
        places: &[usize],
        errand: Errand,
        workers: &mut [Worker],
    ) -> Vec<Played> {
        let next = AtomicUsize::new(0);
        let (shelves, till) = (&*counter.shelves, &*counter.till);
        each(workers, places.len(), &next, |worker, place| {
            let place = places[place];
            let part = Part::new(plan, &shares[place], errand == Errand::Scout);
            self.play_one(given, (shelves, till), part, place, errand, worker)
        })
    }

    fn play_one(
        &self,
        given: Given<'_>,
        (shelves, till): (&Shelves, &Till),
        mut part: Part<'_>,
        place: usize,
        errand: Errand,
        Worker { shard, opening }: &mut Worker,
    ) -> Played {
        let world = &*self.world;
        let eve = &world.eve[place];
        let before = self.kept.get(place).unwrap_or(eve);
        before.unpack(world, shard);
        let (mut shelves, mut till) = (shelves.beside(), till.beside());
        let mut counter = Counter { shelves: &mut shelves, till: &mut till, journal: None };
        let mut tally = Tally::default();
        shard.play(given, Some(&mut part), &mut counter, &mut tally);
        let (mut books, mut rows) = (Books::default(), Vec::new());
        let mut flow = Flow::default();
        if errand != Errand::Scout {
            (books, rows) = (Books::new(world), vec![LineRow::default(); world.lines.len()]);
            shard.credit(given.moment, usize::MAX, &mut books, &mut rows, None);
            eve.stages(opening);
            flow = flow_of(opening, &shard.shoppers.stage);
        }
        Played {
            counts: part.counts,
            tally,
            shelves,
            till,
            books,
            rows,
            contacts: shard.shoppers.contacts.clone(),
            stocks: shard.shoppers.stocks,
            crowd: shard.shoppers.crowd(),
            flow,
            after: (errand == Errand::Play).then(|| Packed::new(shard, Some(before))),
        }
    }

    /// Adds up what has come of a step, in the order of shards.
    #[expect(clippy::too_many_arguments, reason = "what a step is made of, and where it is booked")]
    fn close(
        &mut self,
        given: Given<'_>,
        plan: &Plan<'_>,
        played: Vec<Option<Played>>,
        counter: &mut Counter<'_>,
        books: &mut Books,
        rows: &mut [LineRow],
        tally: &mut Tally,
    ) {
        tally.begin(given.terms.len());
        self.flow = Flow::default();
        self.kept.clear();
        let mut counts = Vec::with_capacity(played.len());
        for played in played.into_iter().flatten() {
            tally.add(&played.tally);
            counter.shelves.add(&played.shelves);
            counter.till.add(&played.till);
            books.add(&played.books);
            for (row, other) in rows.iter_mut().zip(&played.rows) {
                row.credited_orders += other.credited_orders;
                row.credited_new_customers += other.credited_new_customers;
                row.credited_revenue += other.credited_revenue;
            }
            self.contacts.iter_mut().zip(&played.contacts).for_each(|(sum, contacts)| *sum += contacts);
            for (row, other) in self.flow.iter_mut().zip(played.flow) {
                row.iter_mut().zip(other).for_each(|(sum, shoppers)| *sum += shoppers);
            }
            counts.push((played.stocks, played.crowd));
            self.kept.extend(played.after);
        }
        for ((delivered, cost), terms) in tally.delivered.iter_mut().zip(plan.costs()).zip(given.terms) {
            delivered.cost += if terms.money > 0 { cost } else { 0 };
        }
        self.count(counts.into_iter());
    }
}

/// `[8, 8]` shoppers by stage before (row) and after (column).
fn flow_of(before: &[u8], after: &[u8]) -> Flow {
    // Most move as the one before did, and a sum that has just been written is slow to read: hence four of them.
    let mut lanes = [[0_u64; STAGES * STAGES]; 4];
    for (place, (before, after)) in before.iter().zip(after).enumerate() {
        lanes[place & 3][usize::from((before & 7) << 3 | (after & 7))] += 1;
    }
    std::array::from_fn(|from| {
        std::array::from_fn(|to| lanes.iter().map(|lane| lane[from * STAGES + to]).sum())
    })
}

impl Tally {
    /// Adds what the same step came to for others.
    fn add(&mut self, other: &Self) {
        self.contacted.contacts += other.contacted.contacts;
        self.contacted.clicks += other.contacted.clicks;
        self.contacted.leavers += other.contacted.leavers;
        self.shown.people += other.shown.people;
        self.shown.clicks += other.shown.clicks;
        for (sum, other) in self.delivered.iter_mut().zip(&other.delivered) {
            sum.cost += other.cost;
            sum.impressions += other.impressions;
            sum.clicks += other.clicks;
            sum.engagements += other.engagements;
            sum.carts += other.carts;
            sum.joins += other.joins;
            sum.leaked += other.leaked;
        }
        self.supply.iter_mut().zip(&other.supply).for_each(|(sum, supply)| *sum += supply);
        self.free_clicks += other.free_clicks;
        self.expected += other.expected;
        let (shop, other_shop) = (&mut self.shop, &other.shop);
        shop.orders += other_shop.orders;
        shop.lost_orders += other_shop.lost_orders;
        shop.new_customers += other_shop.new_customers;
        shop.won_back += other_shop.won_back;
        shop.revenue += other_shop.revenue;
        shop.contribution += other_shop.contribution;
        self.coupons.claimed += other.coupons.claimed;
        self.coupons.expired += other.coupons.expired;
        self.coupons.held += other.coupons.held;
    }
}
