//! Delivery of one line in one step: its money buys opportunities against rivals, and contacts move shoppers.
//!
//! Every opportunity has a rank, drawn for it alone, and costs what rivals bid at that quantile. A line buys from the
//! cheapest rank upward until its money is spent, so the price of the next opportunity rises with the share bought, and
//! what less money buys is part of what more money buys. Where a shopper stands for several people, the last one is
//! bought for as many people as the money pays for, and moves with that share as chance: no money is lost to the size
//! of a shopper, and nothing is biased by it.

use super::channel::Channel;
use super::clicks::Clicks;
use super::friction::Terms;
use super::journal::Meeting;
use super::leads::Form;
use super::list::List;
use super::response::{Contact, Response};
use super::shoppers::Shoppers;
use super::supply::{Opportunity, meet};
use super::targeting::{Belonging, Targeting};
use super::visits::Audience;
use super::world::{BINS, LineWorld, MarketWorld};
use crate::draws::Key;
use crate::observation::Pricing;

/// Reused buffers of a step.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    pub(crate) opportunities: List<Opportunity>,
    /// Places of opportunities that may end in a click.
    likely: List<u32>,
    /// Billed opportunities.
    pub(crate) billed: Box<[u32; BINS]>,
    /// Opportunities, where contacts are limited; else zero.
    pub(crate) met: Box<[u32; BINS]>,
    /// Shoppers who were recognised in a contact, and contacts that ended in a click.
    pub(super) recognised: List<u32>,
    pub(super) clicked: List<Contact>,
    /// `[lines]` highest bin that each line reached in its last step: where to look first in the next.
    reach: Vec<usize>,
    /// Shoppers who came to the shop from outside in this step.
    pub(crate) arrivals: Vec<u32>,
    /// How many of them had come after the shop's own contact, and after each line.
    pub(crate) arrived: Vec<usize>,
    /// Forms left in this step, where the industry sells by leads.
    pub(crate) forms: Vec<Form>,
    /// Touches for the journal, where one is kept.
    pub(crate) meetings: Option<Vec<Meeting>>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            opportunities: List::default(),
            likely: List::default(),
            billed: Box::new([0; BINS]),
            met: Box::new([0; BINS]),
            recognised: List::default(),
            clicked: List::default(),
            reach: Vec::new(),
            arrivals: Vec::new(),
            arrived: Vec::new(),
            forms: Vec::new(),
            meetings: None,
        }
    }
}

/// What a line got for its money in a step. Counts are people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Millionths of the major unit; for commission what was reserved, not yet spent.
    pub(crate) cost: i64,
    pub(crate) impressions: u64,
    pub(crate) clicks: u64,
    pub(crate) engagements: u64,
    /// Favourites and carts.
    pub(crate) carts: u64,
    pub(crate) joins: u64,
    /// Bought in the medium's own shop after a click.
    pub(crate) leaked: u64,
}

/// The step in which something is delivered.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) world: &'a MarketWorld,
    pub(crate) step: usize,
    /// Key of noise and step.
    pub(crate) key: Key,
}

/// What a line can still buy: money in millionths of the major unit, and people met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) money: i64,
    pub(super) contacts: i64,
}

/// Where the money of a line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// The first bin that is not bought whole.
    pub(super) last: usize,
    /// What is left for it.
    pub(super) left: Left,
    /// What everything below it costs.
    pub(super) cost: i64,
}

/// Buys for line `line` what `terms` allow.
pub(crate) fn deliver(
    moment: Moment<'_>,
    line: usize,
    terms: Terms,
    shoppers: &mut Shoppers,
    audience: &Audience,
    scratch: &mut Scratch,
) -> Delivered {
    let auction = Auction::new(moment, line, terms);
    let clicks = Clicks::new(moment, line, terms.quality, &shoppers.contacts);
    let belong = Targeting::count(moment, line, shoppers, audience);
    let targeting = Targeting::new(moment, line, shoppers, belong);
    let targeting = targeting.as_ref();

    // Dear opportunities are not looked at unless the money reaches them: first up to twice the last step's reach, and
    // all of them only if that leaves money over.
    scratch.reach.resize(moment.world.lines.len(), BINS);
    let mut highest = auction.looks_first(scratch.reach[line]);
    let mut cut;
    loop {
        auction.look(highest, &clicks, targeting, shoppers, audience, scratch);
        let supply = scratch.opportunities.as_slice().len() as u64;
        cut = auction.cut(auction.end, &scratch.billed[..], &scratch.met[..], supply);
        if cut.last < highest || highest == auction.end {
            break;
        }
        highest = (2 * highest).min(auction.end);
    }
    scratch.reach[line] = cut.last;
    let mut delivered = auction.buy(cut.last, Some(cut.left), &clicks, shoppers, scratch);
    delivered.cost += cut.cost;
    delivered
}

/// The auction in which one line buys in one step.
#[derive(Clone, Copy)]
pub(super) struct Auction<'a> {
    moment: Moment<'a>,
    line: usize,
    terms: Terms,
    channel: &'a Channel,
    drawn: &'a LineWorld,
    /// Rivals' median bid.
    median: f64,
    /// Ranks from here on are dearer than the bid.
    pub(super) end: usize,
}

impl<'a> Auction<'a> {
    pub(super) fn new(moment: Moment<'a>, line: usize, terms: Terms) -> Self {
        let Moment { world, step, .. } = moment;
        let (channel, drawn) = (&world.market.lines[line].channel, &world.lines[line]);
        let median = drawn.price[step] * terms.price;
        let mut auction = Self { moment, line, terms, channel, drawn, median, end: BINS };
        if terms.bid < i64::MAX {
            let commission = channel.pricing == Pricing::Commission;
            let asked = |bin| if commission { drawn.commission } else { auction.price(bin) };
            auction.end = first_above(terms.bid, asked);
        }
        auction
    }

    /// People whom a shopper stands for.
    pub(super) fn people(&self) -> i64 {
        self.moment.world.market.weight() as i64
    }

    /// What one billed event of one person costs.
    #[inline]
    pub(super) fn price(&self, bin: usize) -> i64 {
        match self.channel.pricing {
            Pricing::Commission => (self.channel.commission_cap * 1e6) as i64,
            _ => ((self.median * self.drawn.landscape[bin]).max(self.drawn.floor) as i64).max(1),
        }
    }

    /// Whether something besides money limits the contacts.
    pub(super) fn is_limited(&self) -> bool {
        self.channel.contract.is_some() || self.terms.contacts < i64::MAX
    }

    /// Chance, in 65,536ths, that someone who does not belong to the line's audience is met all the same.
    pub(super) fn mistake(&self, count: Belonging) -> u32 {
        self.drawn.audience.as_ref().map_or(0, |test| test.mistake(count))
    }

    /// The bin up to which to look first, given a reach.
    pub(super) fn looks_first(&self, reach: usize) -> usize {
        if self.channel.contract.is_some() { self.end } else { near(reach).min(self.end) }
    }

    /// Finds the opportunities below bin `highest`, and counts what is billed of them by rank.
    pub(super) fn look(
        &self,
        highest: usize,
        clicks: &Clicks<'_>,
        targeting: Option<&Targeting<'_>>,
        shoppers: &Shoppers,
        audience: &Audience,
        scratch: &mut Scratch,
    ) {
        meet(self.moment, self.line, highest, targeting, shoppers, audience, &mut scratch.opportunities);
        if clicks.are_billed() {
            clicks.find(shoppers, &mut scratch.opportunities, &mut scratch.likely);
        }
        clicks.count(self.is_limited(), scratch);
    }

    /// Where the money ends, given by rank what would be billed and, where contacts are limited, who would be met; `supply`
    /// is how many can be met at all.
    pub(super) fn cut(&self, end: usize, billed: &[u32], met: &[u32], supply: u64) -> Cut {
        let people = self.people();
        let mut left = Left { money: self.terms.money, contacts: self.terms.contacts };
        let mut cost = 0;
        let contract = self.channel.contract.as_ref();
        if let Some(contract) = contract {
            // A rate card is no auction: one price, and no more placements than can be kept.
            let price = self.drawn.price[self.moment.step] as i64;
            let supply = supply * people as u64;
            let placements =
                if price > self.terms.bid { 0 } else { contract.affordable(left.money, price, supply) };
            cost = placements * price;
            left.contacts = placements * contract.exposures as i64;
        }
        let (last, left) = last_bin(billed, met, end, people, left, |bin| self.price(bin));
        cost += if contract.is_some() { 0 } else { self.terms.money - left.money };
        Cut { last, left, cost }
    }

    /// Buys, of the opportunities that were found, all below bin `last`, and those in it as far as `left` goes; none of
    /// them where it is gone. What those in it cost is all that the answer holds of costs.
    pub(super) fn buy(
        &self,
        last: usize,
        left: Option<Left>,
        clicks: &Clicks<'_>,
        shoppers: &mut Shoppers,
        scratch: &mut Scratch,
    ) -> Delivered {
        let people = self.people();
        let exhausted = last == self.end;
        let beyond = if exhausted { last } else { last + 1 };
        scratch.opportunities.retain(|opportunity| usize::from(opportunity.bin) < beyond);
        if !clicks.are_billed() {
            clicks.find(shoppers, &mut scratch.opportunities, &mut scratch.likely);
        }
        let last_price = self.price(last.min(BINS - 1));
        let effect = self.drawn.effect[self.moment.step] * self.terms.quality;
        let opportunities = std::mem::take(&mut scratch.opportunities);
        let mut cost = 0;
        let mut spent = left.is_none();
        let mut left = left.unwrap_or_default();
        // Of the last bin, as many people as can still be paid for.
        let bought = |opportunity: &Opportunity| {
            if usize::from(opportunity.bin) < last {
                return people as u32;
            }
            if spent {
                return 0;
            }
            let mut bought = people.min(left.contacts);
            if clicks.bills(opportunity.click) {
                bought = bought.min(left.money / last_price);
                left.money -= bought * last_price;
                cost += bought * last_price;
            }
            left.contacts -= bought;
            spent = bought < people;
            bought as u32
        };
        let mut delivered = Delivered::default();
        let response = Response::new(self.moment, self.line, effect);
        response.play(opportunities.as_slice(), bought, shoppers, scratch, &mut delivered);
        delivered.cost = cost;
        scratch.opportunities = opportunities;
        delivered
    }
}

/// Where to look first, given the last step's reach.
fn near(reach: usize) -> usize {
    reach + reach / 2 + 8
}

/// The first bin whose price is above a bid. Prices rise with the bin.
fn first_above(bid: i64, price: impl Fn(usize) -> i64) -> usize {
    let (mut low, mut high) = (0, BINS);
    while low < high {
        let middle = (low + high) / 2;
        if price(middle) <= bid {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The first bin that cannot be bought whole (`end` where nothing runs out before), and what is left for it. `billed` and
/// `met` count shoppers of `people` people by bin.
pub(super) fn last_bin(
    billed: &[u32],
    met: &[u32],
    end: usize,
    people: i64,
    mut left: Left,
    price: impl Fn(usize) -> i64,
) -> (usize, Left) {
    let limited = left.contacts < i64::MAX;
    for bin in 0..end {
        let contacts = if limited { i64::from(met[bin]) * people } else { 0 };
        let cost = if billed[bin] > 0 { i64::from(billed[bin]) * people * price(bin) } else { 0 };
        if cost > left.money || contacts > left.contacts {
            return (bin, left);
        }
        left.money -= cost;
        left.contacts -= contacts;
    }
    (end, left)
}

#[cfg(test)]
mod tests;
