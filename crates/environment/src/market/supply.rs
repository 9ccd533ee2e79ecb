//! Who can be met where: the supply of a line in a step, and its ranks among rivals' bids.

use super::delivery::Moment;
use super::list::List;
use super::settings::Supply;
use super::shoppers::{Shoppers, flag};
use super::targeting::Targeting;
use super::visits::{Audience, field};
use super::world::BINS;
use crate::observation::Pricing;

/// An opportunity to meet one shopper.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opportunity {
    pub(crate) bits: u64,
    pub(crate) shopper: u32,
    /// Rank among rivals' bids, in bins.
    pub(crate) bin: u16,
    /// Whether it is a search for the brand.
    pub(crate) brand: bool,
    /// Whether it ends in a click, where that has been found.
    pub(crate) click: bool,
}

/// Shoppers who can be met in this step.
pub(crate) fn candidates(supply: Supply, audience: &Audience) -> &[u32] {
    let list = match supply {
        Supply::Sessions(habit) => &audience.sessions[habit as usize],
        Supply::Visits => &audience.visitors,
        Supply::Queries => &audience.queries,
        Supply::BrandQueries => &audience.brand_queries,
        Supply::Deals => &audience.deals,
        Supply::Tasks => &audience.tasks,
    };
    list.as_slice()
}

/// Finds the step's opportunities of a line, those of a rank certainly above `highest` left out.
#[inline(never)]
pub(crate) fn meet(
    moment: Moment<'_>,
    line: usize,
    highest: usize,
    targeting: Option<&Targeting<'_>>,
    shoppers: &Shoppers,
    audience: &Audience,
    opportunities: &mut List<Opportunity>,
) {
    let Moment { world, key, .. } = moment;
    let industry = &world.market.industry;
    let channel = &world.market.lines[line].channel;
    let key = key.with(world.lines[line].name);
    // Interest only ever raises a rank, so a plain rank above the highest bin can be left out.
    let raises = industry.rival_interest >= 1.0;
    let highest_rank = if raises && highest < BINS { (highest as u32 + 2) << 6 } else { 65_536 };
    let candidates = candidates(channel.supply, audience);
    let count = candidates.len();
    let (draws, flags) = (key.row(u64::from(shoppers.first)), shoppers.flags.as_slice());
    let opportunity = |shopper: u32, brand: bool| {
        let bits = draws.bits_at(shopper);
        let opportunity = Opportunity { shopper, bits, brand, ..Opportunity::default() };
        (opportunity, (field(bits, 0) < highest_rank) | brand)
    };
    if matches!(channel.supply, Supply::Queries | Supply::BrandQueries) {
        let brand = |shopper: u32| flags[shopper as usize] & flag::SEARCHES_BRAND != 0;
        opportunities.keep(count, candidates.iter().map(|shopper| opportunity(*shopper, brand(*shopper))));
    } else {
        opportunities.keep(count, candidates.iter().map(|shopper| opportunity(*shopper, false)));
    }
    if let Some(targeting) = targeting {
        opportunities.retain(|opportunity| targeting.keeps(shoppers, opportunity));
    }
    let brand = (industry.brand_query_rank * 65_536.0) as u32;
    // Where nobody bids, a rank is a lot.
    let interest = if channel.pricing == Pricing::Fixed { 0 } else { flag::IN_MARKET };
    for opportunity in opportunities.as_mut_slice() {
        let rank = field(opportunity.bits, 0);
        let interested = flags[opportunity.shopper as usize] & interest;
        let bin = if opportunity.brand {
            (rank * brand) >> 22
        } else {
            // Between neighbouring places of the table, so that bins stay evenly filled.
            let (from, width) = world.ranks[usize::from(interested != 0)][(rank >> 10) as usize];
            u32::from(from) + ((u32::from(width) * (rank & 1023)) >> 10)
        };
        opportunity.bin = bin.min(BINS as u32 - 1) as u16;
    }
}
