//! Guaranteed exposures (流量扶持): the platform shows the brand to a number of people, with no bid and at no price.
//!
//! They come before what is paid for, so that paid contacts meet people as these left them, and work like a contact of
//! display. Whom they reach is drawn: the visitors of lowest rank, as far as the day's number goes.

use super::delivery::{Left, Moment, Scratch, last_bin};
use super::journal::Meeting;
use super::own::memory_place;
use super::settings::Market;
use super::shoppers::{MEMORY_UNIT, SEEN, Shoppers, VIEWED, flag};
use super::visits::{chance, field, shopper_bits};
use super::world::{BINS, MEMORY_SHIFT};
use crate::draws::{Key, purpose};
use crate::reader::Uncertain;

/// Exposures that the platform gives away.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeExposures {
    /// How many, people.
    pub number: u64,
    /// Most in a day.
    pub per_day: u64,
    /// Day of the episode, from 0, from which what is left is lost.
    pub until_day: f64,
    /// Name of the memory that they feed; the industry's first where none is named.
    pub memory: Option<String>,
    /// Units of memory that one adds.
    pub impact: Uncertain,
    /// Chance that one ends in a click.
    pub click_rate: Uncertain,
}

/// What a world has drawn for them.
#[derive(Debug)]
pub(crate) struct ExposureTables {
    memory: usize,
    impact: f64,
    click_rate: f64,
}

impl ExposureTables {
    pub(crate) fn build(market: &Market, parameters: Option<Key>) -> Option<Self> {
        let exposures = market.benefits.free_exposures.as_ref()?;
        let draw = |value: Uncertain, name: &str| value.draw(parameters.map(|key| key.with_name(name)));
        Some(Self {
            memory: memory_place(&market.industry, exposures.memory.as_ref()),
            impact: draw(exposures.impact, "impact of free exposures"),
            click_rate: draw(exposures.click_rate, "clicks of free exposures"),
        })
    }
}

/// People who were shown the brand in a step, and who clicked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) people: u64,
    pub(crate) clicks: u64,
}

/// Shows the brand to up to `left` people among the visitors, as far as the step's share of a day goes.
pub(crate) fn show(
    moment: Moment<'_>,
    left: u64,
    shoppers: &mut Shoppers,
    visitors: &[u32],
    scratch: &mut Scratch,
) -> Shown {
    if moment.world.exposures.is_none() {
        return Shown::default();
    }
    count(moment, shoppers, visitors, &mut scratch.billed);
    let (last, rest) = cut(moment, left, &scratch.billed);
    expose(moment, last, rest, shoppers, visitors, scratch)
}

/// Counts visitors by rank.
pub(super) fn count(moment: Moment<'_>, shoppers: &Shoppers, visitors: &[u32], ranks: &mut [u32; BINS]) {
    let key = moment.key.with(purpose::EXPOSURES);
    ranks.fill(0);
    for visitor in visitors {
        ranks[rank(key, shoppers, *visitor)] += 1;
    }
}

fn rank(key: Key, shoppers: &Shoppers, visitor: u32) -> usize {
    let rank = (field(shopper_bits(key, shoppers.number(visitor)), 0) >> 6) as usize;
    rank.min(BINS - 1)
}

/// The first bin of visitors not all of whom are shown the brand, and to how many people of it it is.
pub(super) fn cut(moment: Moment<'_>, left: u64, ranks: &[u32; BINS]) -> (usize, i64) {
    let world = moment.world;
    let per_day = world.market.benefits.free_exposures.as_ref().map_or(0, |exposures| exposures.per_day);
    let most = (per_day as f64 * world.clock.step_days) as u64;
    // A unit of money a person.
    let left = Left { money: left.min(most) as i64, contacts: i64::MAX };
    let (last, left) = last_bin(ranks, &[], BINS, world.market.weight() as i64, left, |_| 1);
    (last, left.money)
}

/// Shows the brand to all visitors below bin `last`, and to `rest` people in it.
pub(super) fn expose(
    moment: Moment<'_>,
    last: usize,
    mut rest: i64,
    shoppers: &mut Shoppers,
    visitors: &[u32],
    scratch: &mut Scratch,
) -> Shown {
    let Moment { world, step, key } = moment;
    let Some(tables) = &world.exposures else { return Shown::default() };
    let people = world.market.weight() as i64;
    let key = key.with(purpose::EXPOSURES);
    let mut shown = Shown::default();
    for visitor in visitors {
        let bin = rank(key, shoppers, *visitor);
        let met = if bin < last { people } else { people.min(rest) };
        if bin > last || met == 0 {
            continue;
        }
        rest -= if bin == last { met } else { 0 };
        shown.people += met as u64;
        let i = *visitor as usize;
        let bits = shopper_bits(key, shoppers.number(*visitor));
        // Where only some of the people were shown it, the shopper moves with their share as chance.
        let moved = i64::from(field(bits, 1)) * people < met << 16;
        let clicks = field(bits, 2) < click_chance(moment, tables, shoppers, i);
        shown.clicks += if clicks { met as u64 } else { 0 };
        if !moved {
            continue;
        }
        if let Some(meetings) = &mut scratch.meetings {
            Meeting { shopper: *visitor, click: clicks, recognised: true }.note(meetings);
        }
        let memory = &mut shoppers.memory[tables.memory][i];
        *memory = memory.saturating_add((tables.impact * MEMORY_UNIT) as u16);
        if clicks {
            shoppers.flags[i] |= flag::CLICKED;
        }
        shoppers.touch(i, if clicks { VIEWED } else { SEEN }, &world.clock, step);
    }
    shown
}

/// Chance of a click in 65,536ths: by need, stage and fatigue, as for a contact that is paid.
fn click_chance(moment: Moment<'_>, tables: &ExposureTables, shoppers: &Shoppers, i: usize) -> u32 {
    let world = moment.world;
    let industry = &world.market.industry;
    let need = if shoppers.flags[i] & flag::IN_MARKET != 0 { industry.in_market_clicks } else { 1.0 };
    let rate = tables.click_rate * need * industry.stage_clicks[shoppers.stage[i] as usize];
    let tired = world
        .memories
        .get(tables.memory)
        .map_or(65_536, |memory| memory.clicks[(shoppers.memory[tables.memory][i] >> MEMORY_SHIFT) as usize]);
    ((u64::from(chance(rate)) * u64::from(tired)) >> 16) as u32
}
