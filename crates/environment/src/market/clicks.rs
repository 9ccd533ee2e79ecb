//! Who clicks on a line in a step, and what of its contacts is billed.

use super::delivery::{Moment, Scratch};
use super::list::List;
use super::settings::MEMORIES;
use super::shoppers::{Shoppers, flag};
use super::supply::Opportunity;
use super::visits::{chance, field};
use super::world::{BINS, MEMORY_BINS, MEMORY_SHIFT};
use crate::observation::Pricing;

/// What is paid for, person by person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Billed {
    Contacts,
    Clicks,
    /// The placement has been paid as a whole.
    Nothing,
}

/// Who would click on a line in this step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clicks<'a> {
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
    billed: Billed,
}

impl<'a> Clicks<'a> {
    /// `quality` is a factor on the line's click rate; `contacts` are those that each line has bought so far.
    pub(crate) fn new(moment: Moment<'a>, line: usize, quality: f64, contacts: &[u64]) -> Self {
        let Moment { world, step, .. } = moment;
        let industry = &world.market.industry;
        let channel = &world.market.lines[line].channel;
        let rate = world.lines[line].click_rate[step] * wear_out(moment, line, contacts) * quality;
        let of_need = |need: f64| industry.stage_clicks.map(|stage| chance(rate * need * stage));
        let chance = [of_need(1.0), of_need(industry.in_market_clicks)];
        let most = chance.iter().flatten().copied().max().unwrap_or(0);
        Self {
            chance,
            most: (f64::from(most) * industry.brand_query_clicks.max(1.0)) as u32,
            fatigue: world.memories.get(channel.memory).map(|memory| &memory.clicks),
            memory: channel.memory.min(MEMORIES - 1),
            brand_query: industry.brand_query_clicks,
            worthless: world.lines[line].worthless,
            commission: channel.pricing == Pricing::Commission,
            billed: match channel.pricing {
                Pricing::PerThousand | Pricing::PerImpression => Billed::Contacts,
                Pricing::Fixed => Billed::Nothing,
                _ => Billed::Clicks,
            },
        }
    }

    /// Whether an opportunity ends in a click. Depends only on this shopper, as they were before the contact.
    #[inline]
    pub(crate) fn happens(&self, shoppers: &Shoppers, opportunity: &Opportunity) -> bool {
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
        if opportunity.brand {
            chance = (f64::from(chance) * self.brand_query) as u32;
        }
        drawn < chance && !(self.commission && self.worthless(opportunity))
    }

    fn worthless(&self, opportunity: &Opportunity) -> bool {
        field(opportunity.bits, 2) < self.worthless
    }

    /// Finds which opportunities end in a click. `likely` is scratch: few are worth a look at their shopper.
    #[inline(never)]
    pub(crate) fn find(
        &self,
        shoppers: &Shoppers,
        opportunities: &mut List<Opportunity>,
        likely: &mut List<u32>,
    ) {
        let opportunities = opportunities.as_mut_slice();
        let places = opportunities.iter().enumerate();
        likely.keep(
            opportunities.len(),
            places.map(|(place, opportunity)| (place as u32, field(opportunity.bits, 1) < self.most)),
        );
        for place in likely.as_slice() {
            let opportunity = &mut opportunities[*place as usize];
            opportunity.click = self.happens(shoppers, opportunity);
        }
    }

    /// Whether the same shoppers would click.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.chance == other.chance
    }

    /// Whether it is clicks that are billed.
    pub(crate) fn are_billed(&self) -> bool {
        self.billed == Billed::Clicks
    }

    /// Whether a contact is billed, given whether it ended in a click.
    #[inline]
    pub(crate) fn bills(&self, click: bool) -> bool {
        self.billed == Billed::Contacts || (click && self.billed == Billed::Clicks)
    }

    /// Counts by rank what would be billed: every contact, or those that end in a click; and, where contacts are
    /// limited, every contact.
    pub(crate) fn count(&self, limited: bool, scratch: &mut Scratch) {
        let Scratch { opportunities, billed, met, .. } = scratch;
        let opportunities = opportunities.as_slice();
        billed.fill(0);
        match self.billed {
            Billed::Contacts => count(opportunities, billed, |_| true),
            Billed::Clicks => count(opportunities, billed, |opportunity| opportunity.click),
            Billed::Nothing => (),
        }
        if limited {
            met.fill(0);
            count(opportunities, met, |_| true);
        }
    }
}

/// Counts by rank the opportunities of which something holds.
fn count(opportunities: &[Opportunity], bins: &mut [u32; BINS], holds: impl Fn(&Opportunity) -> bool) {
    for opportunity in opportunities {
        bins[usize::from(opportunity.bin) % BINS] += u32::from(holds(opportunity));
    }
}

/// Creative wear-out: clicks fall with the contacts that the creative has already had for each person in the market. A
/// line without a named creative has one of its own.
fn wear_out(moment: Moment<'_>, line: usize, contacts: &[u64]) -> f64 {
    let lines = &moment.world.lines;
    let channel = &moment.world.market.lines[line].channel;
    let shown = contacts.iter().zip(lines).filter(|(_, other)| other.creative == lines[line].creative);
    let shoppers = moment.world.market.shoppers as f64;
    let contacts = shown.map(|(contacts, _)| contacts).sum::<u64>() as f64 / shoppers;
    libm::exp(-channel.wear_out * contacts)
}
