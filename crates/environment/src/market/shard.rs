//! Shoppers who are played together, all of a market's or a part of them, and the part of a step that is theirs, in a
//! fixed order. What a step comes to is counted in integer sums, so that the sums of several shards can be added up.

use std::ops::Range;

use super::agreement::Part;
use super::benefits::Till;
use super::books::Books;
use super::delivery::{Delivered, Moment, Scratch, deliver};
use super::friction::Terms;
use super::goods::Expected;
use super::guaranteed::{Shown, show};
use super::journal::Journal;
use super::own::{Contacted, Relations};
use super::purchases::{Order, purchase};
use super::shelves::Shelves;
use super::shoppers::{Crowd, Shoppers};
use super::supply::candidates;
use super::visits::{Audience, fade, free_traffic, leave, visit};
use super::world::MarketWorld;
use crate::ledger::{LineRow, ShopRow};

/// Shoppers with what is kept of them between steps, and buffers that are reused in every step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shard {
    pub(crate) shoppers: Shoppers,
    pub(crate) relations: Relations,
    pub(crate) audience: Audience,
    pub(crate) scratch: Scratch,
    /// Orders of the step.
    pub(crate) orders: Vec<Order>,
}

/// What is known of a step before anybody has met anything.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) moment: Moment<'a>,
    /// `[lines]` on what terms each may buy; none with money where it may not.
    pub(crate) terms: &'a [Terms],
    /// All shoppers of the market.
    pub(crate) crowd: Crowd,
    /// Guaranteed exposures left, people.
    pub(crate) exposures: u64,
}

/// Where shoppers are sold to.
pub(crate) struct Counter<'a> {
    pub(crate) shelves: &'a mut Shelves,
    pub(crate) till: &'a mut Till,
    pub(crate) journal: Option<&'a mut Journal>,
}

/// What a step comes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) contacted: Contacted,
    pub(crate) shown: Shown,
    /// `[lines]` what each got for its money.
    pub(crate) delivered: Vec<Delivered>,
    /// `[lines]` shoppers whom each could have met.
    pub(crate) supply: Vec<u64>,
    /// Shoppers who came for nothing.
    pub(crate) free_clicks: u64,
    pub(crate) expected: Expected,
    /// Columns of what was sold.
    pub(crate) shop: ShopRow,
    pub(crate) coupons: Coupons,
}

/// Shoppers who claimed a coupon in a step, whose coupon expired, and who hold one after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Coupons {
    pub(crate) claimed: u64,
    pub(crate) expired: u64,
    pub(crate) held: u64,
}

impl Shard {
    /// Becomes shoppers of a world who have these numbers, and to whom nothing has happened yet; their needs stay.
    pub(crate) fn begin(&mut self, world: &MarketWorld, numbers: Range<u32>) {
        self.relations.begin(world.own.as_ref(), numbers.len());
        self.shoppers.begin(&world.market, numbers);
    }

    /// Lets these shoppers live through a step as far as the sale of the orders of the step. `part` is what several shards
    /// have agreed on; without it these are all shoppers of the market. Scouts turn back before anything is sold.
    pub(crate) fn play(
        &mut self,
        given: Given<'_>,
        mut part: Option<&mut Part<'_>>,
        counter: &mut Counter<'_>,
        tally: &mut Tally,
    ) {
        let Given { moment, terms, crowd, exposures } = given;
        let Moment { world, step, .. } = moment;
        let Self { shoppers, relations, audience, scratch, orders } = self;
        let journal = &mut counter.journal;
        tally.begin(terms.len());

        // Market and visits.
        fade(world, step, shoppers);
        shoppers.claims.expire(world.clock.stamp(step));
        visit(world, step, moment.key, crowd, shoppers, audience);
        if let Some(journal) = journal {
            journal.lapse(step, &shoppers.stage);
        }

        // Contact that costs nothing: with members, and what the platform guarantees.
        scratch.arrivals.clear();
        scratch.forms.clear();
        tally.contacted = relations.contact(moment, shoppers, scratch);
        scratch.arrived.clear();
        scratch.arrived.push(scratch.arrivals.len());
        let visitors = audience.visitors.as_slice();
        tally.shown = match &mut part {
            None => show(moment, exposures, shoppers, visitors, scratch),
            Some(part) => part.show(moment, shoppers, visitors, scratch),
        };
        if let (Some(journal), Some(meetings)) = (&mut *journal, &mut scratch.meetings) {
            journal.source(step, journal.free(), meetings, &shoppers.stage);
        }

        // Delivery and response, line by line.
        for (line, terms) in terms.iter().enumerate() {
            if terms.money > 0 {
                tally.delivered[line] = match &mut part {
                    None => deliver(moment, line, *terms, shoppers, audience, scratch),
                    Some(part) => part.deliver(moment, line, shoppers, audience, scratch),
                };
            }
            scratch.arrived.push(scratch.arrivals.len());
            let supply = candidates(world.market.lines[line].channel.supply, audience);
            tally.supply[line] = supply.len() as u64;
            if let (Some(journal), Some(meetings)) = (&mut *journal, &mut scratch.meetings) {
                journal.source(step, line, meetings, &shoppers.stage);
            }
        }

        if part.as_ref().is_some_and(|part| part.scouts) {
            return;
        }

        // Free traffic, then orders: ours and rivals'.
        let factor = counter.shelves.exposure(&world.goods);
        let meetings = scratch.meetings.as_mut();
        tally.free_clicks = free_traffic(moment, shoppers, audience, factor, meetings);
        if let (Some(journal), Some(meetings)) = (&mut *journal, &mut scratch.meetings) {
            journal.source(step, journal.free(), meetings, &shoppers.stage);
        }
        leave(shoppers, audience, &scratch.arrivals);
        let (needing, Counter { shelves, till, .. }) = (audience.needing.as_slice(), counter);
        orders.clear();
        tally.expected = match &mut part {
            Some(part) if part.runs_short() => {
                let arrivals = (scratch.arrivals.as_slice(), scratch.arrived.as_slice());
                part.sell(moment, shoppers, (shelves, till), (needing, arrivals), orders, &mut tally.shop)
            }
            _ => purchase(moment, shoppers, shelves, till, needing, orders, &mut tally.shop),
        };
        till.collect(moment, shoppers, shelves, orders, &mut tally.expected, &mut tally.shop);
        tally.coupons = shoppers.claims.take_counts();
    }

    /// Credits the first `count` orders of the step to lines; `rows` are those of the step, `[lines]`.
    pub(crate) fn credit(
        &mut self,
        moment: Moment<'_>,
        count: usize,
        books: &mut Books,
        rows: &mut [LineRow],
        mut journal: Option<&mut Journal>,
    ) {
        for order in self.orders.iter().take(count) {
            books.credit(moment, order, &mut self.shoppers, rows, journal.as_deref_mut());
        }
    }
}

impl Tally {
    /// Sets everything to zero, for `lines` lines.
    pub(crate) fn begin(&mut self, lines: usize) {
        let Self { mut delivered, mut supply, .. } = std::mem::take(self);
        delivered.clear();
        delivered.resize(lines, Delivered::default());
        supply.clear();
        supply.resize(lines, 0);
        *self = Self { delivered, supply, ..Self::default() };
    }
}
