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
use super::shoppers::{INTENDED, INTERACTED, SEEN, Shoppers, VIEWED, flag};
use super::supply::{Opportunity, meet};
use super::targeting::Targeting;
use super::visits::{Audience, field};
use super::world::{BINS, MarketWorld};
use crate::draws::{Key, mix, purpose};
use crate::observation::Pricing;

/// Reused buffers of a step.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    pub(crate) opportunities: Vec<Opportunity>,
    /// `[bins]` billed opportunities.
    pub(crate) billed: Vec<u32>,
    /// `[bins]` opportunities, where contacts are limited; else zero.
    pub(crate) met: Vec<u32>,
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
            opportunities: Vec::new(),
            billed: vec![0; BINS],
            met: vec![0; BINS],
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
    let mut highest = if channel.contract.is_some() { end } else { (2 * scratch.reach[line] + 16).min(end) };
    let mut last;
    loop {
        meet(moment, line, highest, targeting, shoppers, audience, &mut scratch.opportunities);
        if let Some(contract) = &channel.contract {
            // A rate card is no auction: one price, and no more placements than can be kept.
            let price = drawn.price[moment.step] as i64;
            let supply = scratch.opportunities.len() as u64 * people as u64;
            let placements =
                if price > terms.bid { 0 } else { contract.affordable(left.money, price, supply) };
            delivered.cost = placements * price;
            left.contacts = placements * contract.exposures as i64;
        }
        clicks.count(shoppers, left.contacts < i64::MAX, scratch);
        let reached = last_bin(scratch, end, people, left, price);
        last = reached.0;
        if last < highest || highest == end {
            left = reached.1;
            break;
        }
        highest = end;
    }
    scratch.reach[line] = last;

    delivered.cost += if channel.contract.is_some() { 0 } else { terms.money - left.money };
    let mut exhausted = last == end;
    let last_price = price(last.min(BINS - 1));
    let effect = drawn.effect[moment.step] * terms.quality;
    let opportunities = std::mem::take(&mut scratch.opportunities);
    for opportunity in &opportunities {
        let bin = opportunity.bin as usize;
        if bin > last || (bin == last && exhausted) {
            continue;
        }
        let click = clicks.happens(shoppers, opportunity);
        let mut bought = people;
        if bin == last {
            bought = bought.min(left.contacts);
            if clicks.bills(click) {
                bought = bought.min(left.money / last_price);
                left.money -= bought * last_price;
                delivered.cost += bought * last_price;
            }
            exhausted = bought < people;
            left.contacts -= bought;
        }
        if bought > 0 {
            let contact = Contact { opportunity: *opportunity, click, people: bought as u32, effect };
            respond(moment, line, contact, shoppers, scratch, &mut delivered);
        }
    }
    scratch.opportunities = opportunities;
    delivered
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

/// A contact that was bought for `people` of a shopper.
#[derive(Clone, Copy)]
struct Contact {
    opportunity: Opportunity,
    click: bool,
    people: u32,
    /// Factor on what follows.
    effect: f64,
}

/// What a contact does to its shopper.
fn respond(
    moment: Moment<'_>,
    line: usize,
    contact: Contact,
    shoppers: &mut Shoppers,
    scratch: &mut Scratch,
    delivered: &mut Delivered,
) {
    let Contact { opportunity, click, people, effect } = contact;
    let Moment { world, step, .. } = moment;
    let channel = &world.market.lines[line].channel;
    let drawn = &world.lines[line];
    let i = opportunity.shopper as usize;
    let weight = world.market.weight() as u32;
    let counted = u64::from(people);
    delivered.impressions += counted * u64::from(channel.impressions);
    if click {
        delivered.clicks += counted;
    }
    shoppers.contacts[line] += 1;
    if let Some(cap) = drawn.capped {
        cap.note(shoppers, i, world.clock.stamp(step));
    }
    #[cfg(test)]
    (shoppers.met[i] = true);
    if field(opportunity.bits, 2) < drawn.worthless {
        // Nobody was there; what was engaged, if that is what is paid, was a script.
        if click && channel.pricing == Pricing::PerEngagement {
            delivered.engagements += counted;
        }
        return;
    }
    let more = mix(opportunity.bits ^ purpose::LINE);
    let moved = people == weight || u64::from(field(more, 0)) * u64::from(weight) < counted << 16;
    if click && channel.pricing == Pricing::Commission {
        // The reservation belongs to exactly these people, whether or not the shopper moves with them.
        shoppers.last_line[i] = line as u8;
        shoppers.last_click[i] = world.clock.stamp(step);
        shoppers.reserve(i, people, weight);
    }
    if !moved {
        return;
    }
    let last = mix(more);
    let gain = (drawn.impact * effect * super::shoppers::MEMORY_UNIT) as u16;
    let memory = &mut shoppers.memory[channel.memory][i];
    *memory = memory.saturating_add(gain);
    let known = f64::from(field(last, 0)) < channel.identity * 65_536.0;
    if let Some(meetings) = &mut scratch.meetings {
        Meeting { shopper: opportunity.shopper, click, recognised: known }.note(meetings);
    }
    if known {
        shoppers.touch(i, SEEN, &world.clock, step);
    }
    if !click {
        return;
    }
    let needs = shoppers.flags[i] & (flag::IN_MARKET | flag::SATIATED) == flag::IN_MARKET;
    if needs && field(last, 2) < drawn.leak {
        shoppers.flags[i] |= flag::SATIATED;
        delivered.leaked += counted;
        return;
    }
    if let (Some(product), Some(in_view)) = (world.market.lines[line].product, shoppers.in_view.get_mut(i)) {
        *in_view = product as u8;
    }
    if channel.outside {
        if let (true, Some(place)) = (known, drawn.outside) {
            shoppers.outside_click[place][i] = world.clock.stamp(step);
        }
        if shoppers.flags[i] & flag::VISITING == 0 {
            shoppers.flags[i] |= flag::VISITING;
            scratch.arrivals.push(opportunity.shopper);
        }
    } else {
        shoppers.flags[i] |= flag::CLICKED;
        if channel.pricing != Pricing::Commission {
            shoppers.last_line[i] = line as u8;
            shoppers.last_click[i] = world.clock.stamp(step);
        }
    }
    shoppers.touch(i, VIEWED, &world.clock, step);
    shoppers.claim(moment, line, i);
    let hunter = shoppers.flags[i] & flag::HUNTER != 0;
    let interacts = f64::from(field(more, 1)) < drawn.interact_rate * effect * 65_536.0;
    let engaged = channel.pricing == Pricing::PerEngagement;
    if interacts || engaged {
        delivered.engagements += counted;
        if interacts {
            shoppers.touch(i, INTERACTED, &world.clock, step);
            let usual = world.market.merchant.member_rate;
            let joins = channel.hunter_joins.filter(|_| hunter).unwrap_or(usual);
            if f64::from(field(last, 1)) < joins * 65_536.0 {
                delivered.joins += if shoppers.flags[i] & flag::MEMBER == 0 { counted } else { 0 };
                shoppers.flags[i] |= flag::MEMBER;
                shoppers.find_stage(i, &world.clock, step);
            }
        }
    }
    if !hunter && f64::from(field(more, 2)) < drawn.intent_rate * effect * 65_536.0 {
        shoppers.touch(i, INTENDED, &world.clock, step);
        delivered.carts += counted;
        if let Some(leads) = &world.market.industry.leads
            && shoppers.flags[i] & flag::SATIATED == 0
            && f64::from(field(last, 3)) < leads.form_rate * 65_536.0
        {
            scratch.forms.push(Form { shopper: opportunity.shopper, line: line as u32, people });
        }
    }
}

#[cfg(test)]
mod tests;
