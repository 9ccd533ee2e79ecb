//! Delivery of one line in one step: its money buys opportunities against rivals, and contacts move shoppers.
//!
//! Every opportunity has a rank, drawn for it alone, and costs what rivals bid at that quantile. A line buys from the
//! cheapest rank upward until its money is spent, so the price of the next opportunity rises with the share bought, and
//! what less money buys is part of what more money buys. Where a shopper stands for several people, the last one is
//! bought for as many people as the money pays for, and moves with that share as chance: no money is lost to the size
//! of a shopper, and nothing is biased by it.

use super::clicks::Clicks;
use super::friction::Terms;
use super::journal::Meeting;
use super::leads::Form;
use super::list::List;
use super::response::{Contact, Response};
use super::shoppers::Shoppers;
use super::supply::{Opportunity, meet};
use super::targeting::Targeting;
use super::visits::Audience;
use super::world::{BINS, MarketWorld};
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) money: i64,
    pub(super) contacts: i64,
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
    let drawn = &moment.world.lines[line];
    let channel = &moment.world.market.lines[line].channel;
    let people = moment.world.market.weight() as i64;
    let price = |bin: usize| match channel.pricing {
        Pricing::Commission => (channel.commission_cap * 1e6) as i64,
        _ => {
            let rivals = drawn.price[moment.step] * terms.price * drawn.landscape[bin];
            (rivals.max(drawn.floor) as i64).max(1)
        }
    };
    // Ranks from here on are dearer than the bid.
    let asked =
        |bin: usize| if channel.pricing == Pricing::Commission { drawn.commission } else { price(bin) };
    let end = if terms.bid == i64::MAX { BINS } else { first_above(terms.bid, asked) };
    let clicks = Clicks::new(moment, line, terms.quality, shoppers);
    let targeting = Targeting::new(moment, line, shoppers, audience);
    let targeting = targeting.as_ref();

    // Dear opportunities are not looked at unless the money reaches them: first up to twice the last step's reach, and
    // all of them only if that leaves money over.
    scratch.reach.resize(moment.world.lines.len(), BINS);
    let mut left = Left { money: terms.money, contacts: terms.contacts };
    let mut delivered = Delivered::default();
    let mut highest = if channel.contract.is_some() { end } else { near(scratch.reach[line]).min(end) };
    let mut last;
    loop {
        meet(moment, line, highest, targeting, shoppers, audience, &mut scratch.opportunities);
        if let Some(contract) = &channel.contract {
            // A rate card is no auction: one price, and no more placements than can be kept.
            let price = drawn.price[moment.step] as i64;
            let supply = scratch.opportunities.as_slice().len() as u64 * people as u64;
            let placements =
                if price > terms.bid { 0 } else { contract.affordable(left.money, price, supply) };
            delivered.cost = placements * price;
            left.contacts = placements * contract.exposures as i64;
        }
        if clicks.are_billed() {
            clicks.find(shoppers, &mut scratch.opportunities, &mut scratch.likely);
        }
        clicks.count(left.contacts < i64::MAX, scratch);
        let reached = last_bin(scratch, end, people, left, price);
        last = reached.0;
        if last < highest || highest == end {
            left = reached.1;
            break;
        }
        highest = (2 * highest).min(end);
    }
    scratch.reach[line] = last;

    delivered.cost += if channel.contract.is_some() { 0 } else { terms.money - left.money };
    let exhausted = last == end;
    let beyond = if exhausted { last } else { last + 1 };
    scratch.opportunities.retain(|opportunity| usize::from(opportunity.bin) < beyond);
    if !clicks.are_billed() {
        clicks.find(shoppers, &mut scratch.opportunities, &mut scratch.likely);
    }
    let last_price = price(last.min(BINS - 1));
    let effect = drawn.effect[moment.step] * terms.quality;
    let opportunities = std::mem::take(&mut scratch.opportunities);
    let mut cost = 0;
    let mut spent = false;
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
    let response = Response::new(moment, line, effect);
    response.play(opportunities.as_slice(), bought, shoppers, scratch, &mut delivered);
    delivered.cost += cost;
    scratch.opportunities = opportunities;
    delivered
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

/// The first bin that cannot be bought whole (`end` where nothing runs out before), and what is left for it.
pub(super) fn last_bin(
    Scratch { billed, met, .. }: &Scratch,
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
