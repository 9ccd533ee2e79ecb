//! Delivery of one line in one step: its money buys opportunities against rivals, and contacts move shoppers.
//!
//! Every opportunity has a rank, drawn for it alone, and costs what rivals bid at that quantile. A line buys from the
//! cheapest rank upward until its money is spent, so the price of the next opportunity rises with the share bought, and
//! what less money buys is part of what more money buys. Where a shopper stands for several people, the last one is
//! bought for as many people as the money pays for, and moves with that share as chance: no money is lost to the size
//! of a shopper, and nothing is biased by it.

use crate::draws::{Key, mix};
use crate::observation::Pricing;
use crate::scenario::Supply;
use crate::shoppers::{INTENDED, INTERACTED, LEVELS, SEEN, Shoppers, VIEWED, flag};
use crate::visits::{Query, Visitor, chance, field, shopper_bits};
use crate::world::{BINS, MEMORY_SHIFT, World, purpose};

/// An opportunity to meet one shopper.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opportunity {
    shopper: u32,
    /// Rank among rivals' bids, in bins.
    bin: u16,
    /// Whether it would end in a click.
    click: bool,
    /// Whether it is no person.
    worthless: bool,
    bits: u64,
}

/// Reused buffers of a step.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    opportunities: Vec<Opportunity>,
    /// `[bins]` billed opportunities.
    billed: Vec<u32>,
    /// Shoppers who came to the shop from outside in this step.
    pub(crate) arrivals: Vec<u32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { opportunities: Vec::new(), billed: vec![0; BINS], arrivals: Vec::new() }
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
    pub(crate) world: &'a World,
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
    visitors: &[Visitor],
    scratch: &mut Scratch,
) -> Delivered {
    meet(moment, line, shoppers, visitors, scratch);
    let drawn = &moment.world.lines[line];
    let channel = &moment.world.scenario.lines[line].channel;
    let people = moment.world.scenario.weight() as i64;
    let price = |bin: usize| match channel.pricing {
        Pricing::Commission => (channel.commission_cap * 1e6) as i64,
        _ => ((drawn.price[moment.step] * drawn.landscape[bin]).max(drawn.floor) as i64).max(1),
    };
    let (last_bin, left) = last_bin(&scratch.billed, people, money, price);

    let mut delivered = Delivered { cost: money - left, ..Delivered::default() };
    let mut left = left;
    let mut exhausted = false;
    let last_price = price(last_bin.min(BINS - 1));
    let pays_contact = matches!(channel.pricing, Pricing::PerThousand | Pricing::PerImpression);
    let mut opportunities = std::mem::take(&mut scratch.opportunities);
    for opportunity in &opportunities {
        let bin = opportunity.bin as usize;
        if bin > last_bin || (bin == last_bin && exhausted) {
            continue;
        }
        let mut bought = people;
        if bin == last_bin && (pays_contact || opportunity.click) {
            bought = people.min(left / last_price);
            exhausted = bought < people;
            left -= bought * last_price;
            delivered.cost += bought * last_price;
        }
        if bought > 0 {
            contact(moment, line, *opportunity, bought as u32, shoppers, scratch, &mut delivered);
        }
    }
    opportunities.clear();
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

/// Finds the step's opportunities of a line and counts the billed ones by rank.
fn meet(moment: Moment<'_>, line: usize, shoppers: &Shoppers, visitors: &[Visitor], scratch: &mut Scratch) {
    let Moment { world, step, key } = moment;
    let industry = &world.scenario.industry;
    let drawn = &world.lines[line];
    let channel = &world.scenario.lines[line].channel;
    let key = key.with(drawn.name);
    let fatigue = world.memories.get(channel.memory).map(|memory| &memory.clicks);
    // `[in market, stage]` chance of a click before fatigue.
    let mut click_chance = [[0_u32; 8]; 2];
    let wear = wear_out(moment, line, shoppers);
    for (need, row) in click_chance.iter_mut().enumerate() {
        let need = if need == 1 { industry.in_market_clicks } else { 1.0 };
        for (stage, cell) in row.iter_mut().enumerate() {
            *cell = chance(drawn.click_rate[step] * wear * need * industry.stage_clicks[stage]);
        }
    }
    // `[plain, in market, brand query]` bin of each rank.
    let interest = |rank: f64| 1.0 - libm::pow(1.0 - rank, industry.rival_interest);
    let mut dear = [0_u16; 64];
    for (place, bin) in dear.iter_mut().enumerate() {
        *bin = (interest((place as f64 + 0.5) / 64.0) * BINS as f64) as u16;
    }
    let brand = (industry.brand_query_rank * 65_536.0) as u32;
    let pays_contact = matches!(channel.pricing, Pricing::PerThousand | Pricing::PerImpression);

    scratch.billed.fill(0);
    let (opportunities, billed) = (&mut scratch.opportunities, &mut scratch.billed);
    opportunities.clear();
    let mut add = |shopper: u32, bits: u64, query: Query| {
        let i = shopper as usize;
        let in_market = (shoppers.flags[i] & flag::IN_MARKET) as usize;
        let rank = field(bits, 0);
        let bin = match (query, in_market) {
            (Query::Brand, _) => ((rank * brand) >> 16) >> 6,
            (_, 1) => {
                // Between neighbouring places of the table, so that bins stay evenly filled.
                let place = (rank >> 10) as usize;
                let next = dear.get(place + 1).copied().unwrap_or(BINS as u16);
                let span = u32::from(next.saturating_sub(dear[place]));
                u32::from(dear[place]) + ((span * (rank & 1023)) >> 10)
            }
            _ => rank >> 6,
        }
        .min(BINS as u32 - 1) as u16;
        let mut click = click_chance[in_market][shoppers.stage[i] as usize];
        if let Some(fatigue) = fatigue {
            let amount = shoppers.memory[channel.memory][i] >> MEMORY_SHIFT;
            click = ((u64::from(click) * u64::from(fatigue[amount as usize])) >> 16) as u32;
        }
        if query == Query::Brand {
            click = (f64::from(click) * industry.brand_query_clicks) as u32;
        }
        let worthless = field(bits, 2) < drawn.worthless;
        let click = field(bits, 1) < click && (!worthless || channel.pricing != Pricing::Commission);
        if pays_contact || click {
            billed[bin as usize] += 1;
        }
        opportunities.push(Opportunity { shopper, bin, click, worthless, bits });
    };
    match channel.supply {
        Supply::Visits => {
            for visitor in visitors {
                add(visitor.shopper, shopper_bits(key, visitor.shopper), Query::None);
            }
        }
        Supply::Queries => {
            for visitor in visitors.iter().filter(|visitor| visitor.query != Query::None) {
                add(visitor.shopper, shopper_bits(key, visitor.shopper), visitor.query);
            }
        }
        Supply::Deals => {
            for visitor in visitors.iter().filter(|visitor| visitor.deals) {
                add(visitor.shopper, shopper_bits(key, visitor.shopper), Query::None);
            }
        }
        Supply::Tasks => {
            for visitor in visitors.iter().filter(|visitor| visitor.tasks) {
                add(visitor.shopper, shopper_bits(key, visitor.shopper), Query::None);
            }
        }
        Supply::Sessions(habit) => {
            let days = world.scenario.brief.step_days;
            let mut session = [0_u32; crate::shoppers::MOST_PERSONAS * LEVELS];
            for (class, cell) in session.iter_mut().enumerate().take(LEVELS * industry.personas.len()) {
                *cell =
                    chance(1.0 - libm::pow(1.0 - industry.personas[class / LEVELS].sessions[habit], days));
            }
            for (i, class) in shoppers.class.iter().enumerate() {
                let bits = shopper_bits(key, i as u32);
                if field(bits, 3) < session[*class as usize] {
                    add(i as u32, bits, Query::None);
                }
            }
        }
    }
}

/// Creative wear-out: clicks fall with the contacts that the line has already bought for each person in the market.
fn wear_out(moment: Moment<'_>, line: usize, shoppers: &Shoppers) -> f64 {
    let channel = &moment.world.scenario.lines[line].channel;
    let contacts = shoppers.contacts[line] as f64 / shoppers.len() as f64;
    libm::exp(-channel.wear_out * contacts)
}

/// A contact that was bought for `people` of a shopper.
fn contact(
    moment: Moment<'_>,
    line: usize,
    opportunity: Opportunity,
    people: u32,
    shoppers: &mut Shoppers,
    scratch: &mut Scratch,
    delivered: &mut Delivered,
) {
    let Moment { world, step, .. } = moment;
    let channel = &world.scenario.lines[line].channel;
    let drawn = &world.lines[line];
    let i = opportunity.shopper as usize;
    let weight = world.scenario.weight() as u32;
    let counted = u64::from(people);
    delivered.impressions += counted * u64::from(channel.impressions);
    if opportunity.click {
        delivered.clicks += counted;
    }
    shoppers.contacts[line] += 1;
    if opportunity.worthless {
        // Nobody was there; what was engaged, if that is what is paid, was a script.
        if opportunity.click && channel.pricing == Pricing::PerEngagement {
            delivered.engagements += counted;
        }
        return;
    }
    let more = mix(opportunity.bits ^ purpose::LINE);
    let moved = people == weight || u64::from(field(more, 0)) * u64::from(weight) < counted << 16;
    if opportunity.click && channel.pricing == Pricing::Commission {
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
    let gain = (drawn.impact * effect * crate::shoppers::MEMORY_UNIT) as u16;
    let memory = &mut shoppers.memory[channel.memory][i];
    *memory = memory.saturating_add(gain);
    let known = f64::from(field(last, 0)) < channel.identity * 65_536.0;
    if known {
        shoppers.touch(i, SEEN, &world.clock, step);
    }
    if !opportunity.click {
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
            if f64::from(field(last, 1)) < world.scenario.merchant.member_rate * 65_536.0 {
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
    use super::*;

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
}
