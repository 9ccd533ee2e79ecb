//! Delivery of one line in one step: its money buys opportunities against rivals, and contacts move shoppers.
//!
//! Every opportunity has a rank, drawn for it alone, and costs what rivals bid at that quantile. A line buys from the
//! cheapest rank upward until its money is spent, so the price of the next opportunity rises with the share bought, and
//! what less money buys is part of what more money buys. Where a shopper stands for several people, the last one is
//! bought for as many people as the money pays for, and moves with that share as chance: no money is lost to the size
//! of a shopper, and nothing is biased by it.

use super::journal::Meeting;
use super::settings::Supply;
use super::shoppers::{INTENDED, INTERACTED, SEEN, Shoppers, VIEWED, flag};
use super::visits::{Audience, Query, Visitor, chance, field, shopper_bits};
use super::world::{BINS, MEMORY_BINS, MEMORY_SHIFT, MarketWorld};
use crate::draws::{Key, mix, purpose};
use crate::observation::Pricing;

/// An opportunity to meet one shopper.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opportunity {
    shopper: u32,
    /// Rank among rivals' bids, in bins.
    bin: u16,
    /// What it is asked for, where it is a search.
    query: Query,
    bits: u64,
}

/// Reused buffers of a step.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    opportunities: Vec<Opportunity>,
    /// `[bins]` billed opportunities.
    billed: Vec<u32>,
    /// `[lines]` highest bin that each line reached in its last step: where to look first in the next.
    reach: Vec<usize>,
    /// Shoppers who came to the shop from outside in this step.
    pub(crate) arrivals: Vec<u32>,
    /// Touches for the journal, where one is kept.
    pub(crate) meetings: Option<Vec<Meeting>>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            opportunities: Vec::new(),
            billed: vec![0; BINS],
            reach: Vec::new(),
            arrivals: Vec::new(),
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
}

/// The step in which something is delivered.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) world: &'a MarketWorld,
    pub(crate) step: usize,
    /// Key of noise and step.
    pub(crate) key: Key,
}

/// Spends up to `money` (millionths of the major unit) on line `line`.
pub(crate) fn deliver(
    moment: Moment<'_>,
    line: usize,
    money: i64,
    shoppers: &mut Shoppers,
    audience: &Audience,
    scratch: &mut Scratch,
) -> Delivered {
    let drawn = &moment.world.lines[line];
    let channel = &moment.world.market.lines[line].channel;
    let people = moment.world.market.weight() as i64;
    let price = |bin: usize| match channel.pricing {
        Pricing::Commission => (channel.commission_cap * 1e6) as i64,
        _ => ((drawn.price[moment.step] * drawn.landscape[bin]).max(drawn.floor) as i64).max(1),
    };
    let clicks = Clicks::new(moment, line, shoppers);

    // Dear opportunities are not looked at unless the money reaches them: first up to twice the last step's reach, and
    // all of them only if that leaves money over.
    scratch.reach.resize(moment.world.lines.len(), BINS);
    let mut highest = (2 * scratch.reach[line] + 16).min(BINS);
    let (mut last, mut left);
    loop {
        meet(moment, line, highest, shoppers, audience, &mut scratch.opportunities);
        clicks.count_billed(shoppers, &scratch.opportunities, &mut scratch.billed);
        (last, left) = last_bin(&scratch.billed, people, money, price);
        if last < highest || highest == BINS {
            break;
        }
        highest = BINS;
    }
    scratch.reach[line] = last;

    let mut delivered = Delivered { cost: money - left, ..Delivered::default() };
    let mut exhausted = false;
    let last_price = price(last.min(BINS - 1));
    let opportunities = std::mem::take(&mut scratch.opportunities);
    for opportunity in &opportunities {
        let bin = opportunity.bin as usize;
        if bin > last || (bin == last && exhausted) {
            continue;
        }
        let click = clicks.happens(shoppers, opportunity);
        let mut bought = people;
        if bin == last && (clicks.pays_contact || click) {
            bought = people.min(left / last_price);
            exhausted = bought < people;
            left -= bought * last_price;
            delivered.cost += bought * last_price;
        }
        if bought > 0 {
            let contact = Contact { opportunity: *opportunity, click, people: bought as u32 };
            respond(moment, line, contact, shoppers, scratch, &mut delivered);
        }
    }
    scratch.opportunities = opportunities;
    delivered
}

/// The first bin that cannot be bought whole ([`BINS`] where the money reaches all), and the money left for it.
fn last_bin(billed: &[u32], people: i64, money: i64, price: impl Fn(usize) -> i64) -> (usize, i64) {
    let mut left = money;
    for (bin, count) in billed.iter().enumerate() {
        if *count > 0 {
            let cost = i64::from(*count) * people * price(bin);
            if cost > left {
                return (bin, left);
            }
            left -= cost;
        }
    }
    (BINS, left)
}

/// Who would click on a line in this step.
struct Clicks<'a> {
    /// `[in market, stage]` chance before fatigue, in 65,536ths.
    chance: [[u32; 8]; 2],
    /// The highest of them, a brand query's included.
    most: u32,
    /// Factor by the memory that the line feeds, in 65,536ths.
    fatigue: Option<&'a [u32; MEMORY_BINS]>,
    memory: usize,
    brand_query: f64,
    /// Share of contacts that are no people; they click too, but not where a sale is what is paid.
    worthless: u32,
    commission: bool,
    pays_contact: bool,
}

impl<'a> Clicks<'a> {
    fn new(moment: Moment<'a>, line: usize, shoppers: &Shoppers) -> Self {
        let Moment { world, step, .. } = moment;
        let industry = &world.market.industry;
        let channel = &world.market.lines[line].channel;
        let rate = world.lines[line].click_rate[step] * wear_out(moment, line, shoppers);
        let of_need = |need: f64| industry.stage_clicks.map(|stage| chance(rate * need * stage));
        let chance = [of_need(1.0), of_need(industry.in_market_clicks)];
        let most = chance.iter().flatten().copied().max().unwrap_or(0);
        Self {
            chance,
            most: (f64::from(most) * industry.brand_query_clicks.max(1.0)) as u32,
            fatigue: world.memories.get(channel.memory).map(|memory| &memory.clicks),
            memory: channel.memory,
            brand_query: industry.brand_query_clicks,
            worthless: world.lines[line].worthless,
            commission: channel.pricing == Pricing::Commission,
            pays_contact: matches!(channel.pricing, Pricing::PerThousand | Pricing::PerImpression),
        }
    }

    /// Whether an opportunity ends in a click. Depends only on this shopper, as they were before the contact.
    #[inline]
    fn happens(&self, shoppers: &Shoppers, opportunity: &Opportunity) -> bool {
        let drawn = field(opportunity.bits, 1);
        if drawn >= self.most {
            return false;
        }
        let i = opportunity.shopper as usize;
        let in_market = (shoppers.flags[i] & flag::IN_MARKET) as usize;
        let mut chance = self.chance[in_market][shoppers.stage[i] as usize];
        if let Some(fatigue) = self.fatigue {
            let amount = shoppers.memory[self.memory][i] >> MEMORY_SHIFT;
            chance = ((u64::from(chance) * u64::from(fatigue[amount as usize])) >> 16) as u32;
        }
        if opportunity.query == Query::Brand {
            chance = (f64::from(chance) * self.brand_query) as u32;
        }
        drawn < chance && !(self.commission && self.worthless(opportunity))
    }

    fn worthless(&self, opportunity: &Opportunity) -> bool {
        field(opportunity.bits, 2) < self.worthless
    }

    /// Counts by rank what would be billed: every contact, or those that end in a click.
    fn count_billed(&self, shoppers: &Shoppers, opportunities: &[Opportunity], billed: &mut [u32]) {
        billed.fill(0);
        for opportunity in opportunities {
            if self.pays_contact || self.happens(shoppers, opportunity) {
                billed[opportunity.bin as usize] += 1;
            }
        }
    }
}

/// Finds the step's opportunities of a line, those of a rank certainly above `highest` left out.
fn meet(
    moment: Moment<'_>,
    line: usize,
    highest: usize,
    shoppers: &Shoppers,
    audience: &Audience,
    opportunities: &mut Vec<Opportunity>,
) {
    let Moment { world, key, .. } = moment;
    let industry = &world.market.industry;
    let channel = &world.market.lines[line].channel;
    let key = key.with(world.lines[line].name);
    // Interest only ever raises a rank, so a plain rank above the highest bin can be left out.
    let raises = industry.rival_interest >= 1.0;
    let highest_rank = if raises && highest < BINS { (highest as u32 + 2) << 6 } else { 65_536 };
    opportunities.clear();
    match channel.supply {
        Supply::Sessions(habit) => {
            for shopper in audience.sessions[habit].as_slice() {
                let bits = shopper_bits(key, *shopper);
                if field(bits, 0) < highest_rank {
                    opportunities.push(Opportunity { shopper: *shopper, bits, ..Opportunity::default() });
                }
            }
        }
        supply => {
            let (queries, wanted): (bool, fn(&Visitor) -> bool) = match supply {
                Supply::Queries => (true, |visitor| visitor.query != Query::None),
                Supply::Deals => (false, |visitor| visitor.deals),
                Supply::Tasks => (false, |visitor| visitor.tasks),
                Supply::Visits | Supply::Sessions(_) => (false, |_| true),
            };
            for visitor in audience.visitors.iter().filter(|visitor| wanted(visitor)) {
                let bits = shopper_bits(key, visitor.shopper);
                let query = if queries { visitor.query } else { Query::None };
                if query == Query::Brand || field(bits, 0) < highest_rank {
                    opportunities.push(Opportunity { shopper: visitor.shopper, bits, query, bin: 0 });
                }
            }
        }
    }
    let brand = (industry.brand_query_rank * 65_536.0) as u32;
    for opportunity in opportunities {
        let rank = field(opportunity.bits, 0);
        let in_market = shoppers.flags[opportunity.shopper as usize] & flag::IN_MARKET != 0;
        let bin = if opportunity.query == Query::Brand {
            (rank * brand) >> 22
        } else if in_market {
            // Between neighbouring places of the table, so that bins stay evenly filled.
            let (from, to) = (world.dear[(rank >> 10) as usize], world.dear[(rank >> 10) as usize + 1]);
            u32::from(from) + ((u32::from(to - from) * (rank & 1023)) >> 10)
        } else {
            rank >> 6
        };
        opportunity.bin = bin.min(BINS as u32 - 1) as u16;
    }
}

/// Creative wear-out: clicks fall with the contacts that the line has already bought for each person in the market.
fn wear_out(moment: Moment<'_>, line: usize, shoppers: &Shoppers) -> f64 {
    let channel = &moment.world.market.lines[line].channel;
    let contacts = shoppers.contacts[line] as f64 / shoppers.len() as f64;
    libm::exp(-channel.wear_out * contacts)
}

/// A contact that was bought for `people` of a shopper.
#[derive(Clone, Copy)]
struct Contact {
    opportunity: Opportunity,
    click: bool,
    people: u32,
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
    let Contact { opportunity, click, people } = contact;
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
        shoppers.reserved_people[i] = people;
    }
    if !moved {
        return;
    }
    let last = mix(more);
    let effect = drawn.effect[step];
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
            shoppers.reserved_people[i] = 0;
        }
    }
    shoppers.touch(i, VIEWED, &world.clock, step);
    let interacts = f64::from(field(more, 1)) < drawn.interact_rate * effect * 65_536.0;
    let engaged = channel.pricing == Pricing::PerEngagement;
    if interacts || engaged {
        delivered.engagements += counted;
        if interacts {
            shoppers.touch(i, INTERACTED, &world.clock, step);
            if f64::from(field(last, 1)) < world.market.merchant.member_rate * 65_536.0 {
                shoppers.flags[i] |= flag::MEMBER;
                shoppers.find_stage(i, &world.clock, step);
            }
        }
    }
    let hunter = shoppers.flags[i] & flag::HUNTER != 0;
    if !hunter && f64::from(field(more, 2)) < drawn.intent_rate * effect * 65_536.0 {
        shoppers.touch(i, INTENDED, &world.clock, step);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::market::visits::visit;

    #[test]
    fn buys_from_the_cheapest_rank_until_the_money_is_spent() {
        let mut billed = vec![0; BINS];
        (billed[3], billed[10], billed[700]) = (2, 1, 5);
        let price = |bin: usize| bin as i64;
        // Two shoppers of 20 people at 3, one at 10, five at 700.
        assert_eq!(last_bin(&billed, 20, 119, price), (3, 119));
        assert_eq!(last_bin(&billed, 20, 120, price), (10, 0));
        assert_eq!(last_bin(&billed, 20, 320, price), (700, 0));
        assert_eq!(last_bin(&billed, 20, 1_000_000, price), (BINS, 1_000_000 - 320 - 70_000));
    }

    struct Stage {
        world: Arc<MarketWorld>,
        shoppers: Shoppers,
        audience: Audience,
    }

    fn stage() -> Stage {
        let scenario = crate::Scenario::load("new-customer").unwrap().with_shoppers(2_000);
        let world = crate::World::draw(&scenario, 11).market_world().clone();
        let mut shoppers = world.shoppers.clone();
        let mut audience = Audience::default();
        visit(&world, 0, Key::new(5), &mut shoppers, &mut audience);
        Stage { world, shoppers, audience }
    }

    /// The pricing rule, person by person in the order of rank: what was spent is exactly its sum.
    #[test]
    fn spend_is_the_pricing_rule_applied_to_the_events() {
        for line in 0..7 {
            for money in [1_000_000, 300_000_000, 1_500_000_000, 90_000_000_000] {
                let Stage { world, shoppers, audience } = stage();
                let moment = Moment { world: &world, step: 0, key: Key::new(5) };
                let mut scratch = Scratch::default();
                let delivered = deliver(moment, line, money, &mut shoppers.clone(), &audience, &mut scratch);

                let clicks = Clicks::new(moment, line, &shoppers);
                let mut all = Vec::new();
                meet(moment, line, BINS, &shoppers, &audience, &mut all);
                all.sort_by_key(|opportunity| (opportunity.bin, opportunity.shopper));
                let channel = &world.market.lines[line].channel;
                let (mut cost, mut clicked, mut shown) = (0, 0, 0);
                'money: for opportunity in &all {
                    let click = clicks.happens(&shoppers, opportunity);
                    let price = match channel.pricing {
                        Pricing::Commission => (channel.commission_cap * 1e6) as i64,
                        _ => {
                            let drawn = &world.lines[line];
                            let bid = drawn.price[0] * drawn.landscape[opportunity.bin as usize];
                            bid.max(drawn.floor) as i64
                        }
                    };
                    for _ in 0..world.market.weight() {
                        let billed = clicks.pays_contact || click;
                        if billed && cost + price > money {
                            break 'money;
                        }
                        cost += if billed { price } else { 0 };
                        clicked += u64::from(click);
                        shown += u64::from(channel.impressions);
                    }
                }
                assert_eq!((delivered.cost, delivered.clicks), (cost, clicked), "line {line}, {money}");
                assert_eq!(delivered.impressions, shown, "line {line}, {money}");
                assert!(delivered.cost <= money);
            }
        }
    }

    #[test]
    fn what_less_money_buys_is_part_of_what_more_buys() {
        for line in 0..7 {
            let met = |money: i64| {
                let Stage { world, mut shoppers, audience } = stage();
                let moment = Moment { world: &world, step: 0, key: Key::new(5) };
                deliver(moment, line, money, &mut shoppers, &audience, &mut Scratch::default());
                shoppers.met
            };
            let (less, more) = (met(400_000_000), met(900_000_000));
            assert!(less.iter().zip(&more).all(|(less, more)| !less || *more), "line {line}");
        }
    }

    #[test]
    fn looking_at_cheap_opportunities_first_changes_nothing() {
        for line in 0..7 {
            let bought = |reach: usize| {
                let Stage { world, mut shoppers, audience } = stage();
                let moment = Moment { world: &world, step: 0, key: Key::new(5) };
                let mut scratch = Scratch { reach: vec![reach; 7], ..Scratch::default() };
                let delivered = deliver(moment, line, 800_000_000, &mut shoppers, &audience, &mut scratch);
                (delivered, shoppers.met, shoppers.stage)
            };
            let all = bought(BINS);
            for reach in [0, 7, 100, 400] {
                assert!(bought(reach) == all, "line {line}, reach {reach}");
            }
        }
    }
}
