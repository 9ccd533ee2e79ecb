//! Who can be met where: the supply of a line in a step, and its ranks among rivals' bids.

use super::delivery::Moment;
use super::settings::Supply;
use super::shoppers::{Shoppers, flag};
use super::targeting::Targeting;
use super::visits::{Audience, Query, field, shopper_bits};
use super::world::BINS;
use crate::observation::Pricing;

/// An opportunity to meet one shopper.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opportunity {
    pub(crate) shopper: u32,
    /// Rank among rivals' bids, in bins.
    pub(crate) bin: u16,
    /// What it is asked for, where it is a search.
    pub(crate) query: Query,
    pub(crate) bits: u64,
}

/// Calls `each` with everyone who can be met in this step, once, and with what they search.
#[inline]
pub(crate) fn candidates(supply: Supply, audience: &Audience, mut each: impl FnMut(u32, Query)) {
    let visitors = audience.visitors.iter();
    match supply {
        Supply::Sessions(habit) => {
            audience.sessions[habit as usize]
                .as_slice()
                .iter()
                .for_each(|shopper| each(*shopper, Query::None));
        }
        Supply::Visits => visitors.for_each(|visitor| each(visitor.shopper, Query::None)),
        Supply::Queries => visitors
            .filter(|visitor| visitor.query != Query::None)
            .for_each(|visitor| each(visitor.shopper, visitor.query)),
        Supply::BrandQueries => visitors
            .filter(|visitor| visitor.query == Query::Brand)
            .for_each(|visitor| each(visitor.shopper, visitor.query)),
        Supply::Deals => {
            visitors.filter(|visitor| visitor.deals).for_each(|visitor| each(visitor.shopper, Query::None));
        }
        Supply::Tasks => {
            visitors.filter(|visitor| visitor.tasks).for_each(|visitor| each(visitor.shopper, Query::None));
        }
    }
}

/// Shoppers who can be met in this step.
pub(crate) fn size(supply: Supply, audience: &Audience) -> u64 {
    let mut count = 0;
    candidates(supply, audience, |_, _| count += 1);
    count
}

/// Finds the step's opportunities of a line, those of a rank certainly above `highest` left out.
pub(crate) fn meet(
    moment: Moment<'_>,
    line: usize,
    highest: usize,
    targeting: Option<&Targeting<'_>>,
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
    candidates(channel.supply, audience, |shopper, query| {
        let bits = shopper_bits(key, shopper);
        if query == Query::Brand || field(bits, 0) < highest_rank {
            opportunities.push(Opportunity { shopper, bits, query, bin: 0 });
        }
    });
    if let Some(targeting) = targeting {
        opportunities.retain(|opportunity| targeting.keeps(shoppers, opportunity));
    }
    let brand = (industry.brand_query_rank * 65_536.0) as u32;
    // Where nobody bids, a rank is a lot.
    let interest = if channel.pricing == Pricing::Fixed { 0 } else { flag::IN_MARKET };
    for opportunity in opportunities {
        let rank = field(opportunity.bits, 0);
        let bin = if opportunity.query == Query::Brand {
            (rank * brand) >> 22
        } else if shoppers.flags[opportunity.shopper as usize] & interest != 0 {
            // Between neighbouring places of the table, so that bins stay evenly filled.
            let (from, to) = (world.dear[(rank >> 10) as usize], world.dear[(rank >> 10) as usize + 1]);
            u32::from(from) + ((u32::from(to - from) * (rank & 1023)) >> 10)
        } else {
            rank >> 6
        };
        opportunity.bin = bin.min(BINS as u32 - 1) as u16;
    }
}
