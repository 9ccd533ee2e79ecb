//! The first part of a step: needs come and go, satisfied shoppers return, stages lapse, memories fade, and some
//! shoppers visit the platform.

use crate::draws::{Key, mix};
use crate::scenario::MEMORIES;
use crate::shoppers::{LEVELS, SEEN, Shoppers, VIEWED, flag};
use crate::world::{World, purpose};

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 bits for one shopper; the same as `key.with(shopper)`.
#[inline]
pub(crate) fn shopper_bits(key: Key, shopper: u32) -> u64 {
    mix(key.bits() ^ (u64::from(shopper) + 1).wrapping_mul(GOLDEN))
}

/// One of the four 16-bit fields of a draw.
#[inline]
pub(crate) fn field(bits: u64, place: u32) -> u32 {
    ((bits >> (16 * place)) & 0xffff) as u32
}

/// A chance in 65,536ths, to be compared with a field.
#[inline]
pub(crate) fn chance(probability: f64) -> u32 {
    (65_536.0 * probability.clamp(0.0, 1.0)) as u32
}

/// What a visitor searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    None,
    Category,
    Brand,
}

/// A visitor of this step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor {
    pub(crate) shopper: u32,
    pub(crate) query: Query,
    pub(crate) deals: bool,
    pub(crate) tasks: bool,
    /// Field for meeting the brand for nothing.
    pub(crate) free: u16,
}

/// Fades memories: `m * keep`, rounded down, so that they end at zero.
pub(crate) fn fade(world: &World, shoppers: &mut Shoppers) {
    for (memory, tables) in shoppers.memory.iter_mut().zip(&world.memories) {
        let keep = tables.keep.min(65_535);
        for amount in memory {
            *amount = ((u32::from(*amount) * keep) >> 16) as u16;
        }
    }
}

/// Moves needs, satiation and stages, and fills `visitors`.
///
/// The market follows AMSS: the share with a need moves to its target by the smallest flow, on top of the turnover
/// that the mean duration of a need implies.
pub(crate) fn visit(
    world: &World,
    step: usize,
    key: Key,
    shoppers: &mut Shoppers,
    visitors: &mut Vec<Visitor>,
) {
    let industry = &world.scenario.industry;
    let day = &world.scenario.brief.calendar[step];
    let step_days = world.scenario.brief.step_days;
    let now = world.clock.stamp(step);
    let share = shoppers.in_market as f64 / shoppers.len() as f64;
    let leave = 1.0 - libm::exp(-step_days / industry.need_days);
    let (enter, leave) = market_flow(share, world.in_market, leave);
    let (enter, leave) = (chance(enter), chance(leave));
    let recover = chance(1.0 - libm::exp(-step_days / industry.satiation_days));

    // `[class, in market, stage]` chance of a visit.
    let classes = industry.personas.len() * LEVELS;
    let mut visit_chance = [[[0_u32; 8]; 2]; crate::shoppers::MOST_PERSONAS * LEVELS];
    for (class, table) in visit_chance.iter_mut().enumerate().take(classes) {
        let habit =
            industry.personas[class / LEVELS].visits_per_month / 30.0 * industry.activity[class % LEVELS];
        for (need, row) in table.iter_mut().enumerate() {
            let need = if need == 1 { industry.in_market_visits } else { 1.0 };
            for (stage, cell) in row.iter_mut().enumerate() {
                *cell = chance((habit * need * day.traffic * industry.stage_visits[stage]).min(0.95));
            }
        }
    }
    let category_query = chance(industry.category_query);
    let brand_query = industry.brand_query.map(chance);
    let (deals, tasks): (Vec<u32>, Vec<u32>) =
        industry.personas.iter().map(|persona| (chance(persona.deals), chance(persona.tasks))).unzip();
    let key = key.with(purpose::DAY);
    let other = key.with(1);

    visitors.clear();
    for i in 0..shoppers.len() {
        let bits = shopper_bits(key, i as u32);
        let mut flags = shoppers.flags[i];
        let need = flags & flag::IN_MARKET;
        let turn = if need != 0 { leave } else { enter };
        if field(bits, 0) < turn {
            flags ^= flag::IN_MARKET;
            shoppers.in_market = if need != 0 { shoppers.in_market - 1 } else { shoppers.in_market + 1 };
        }
        if flags & flag::SATIATED != 0 && field(bits, 1) < recover {
            flags &= !flag::SATIATED;
        }
        shoppers.flags[i] = flags;
        if shoppers.expires[i] <= now {
            shoppers.find_stage(i, &world.clock, step);
        }
        let class = shoppers.class[i] as usize;
        let stage = shoppers.stage[i] as usize;
        let in_market = (flags & flag::IN_MARKET) as usize;
        if field(bits, 2) < visit_chance[class][in_market][stage] {
            shoppers.flags[i] |= flag::VISITING;
            let more = shopper_bits(other, i as u32);
            let curiosity: u32 = (0..MEMORIES.min(world.memories.len()))
                .map(|m| {
                    world.memories[m].curiosity
                        [(shoppers.memory[m][i] >> crate::world::MEMORY_SHIFT) as usize]
                })
                .sum();
            let query = if field(more, 0) < brand_query[stage] + curiosity {
                Query::Brand
            } else if in_market == 1 && field(more, 1) < category_query {
                Query::Category
            } else {
                Query::None
            };
            let persona = class / LEVELS;
            let task_chance = if flags & flag::HUNTER != 0 { 3 * tasks[persona] } else { tasks[persona] };
            visitors.push(Visitor {
                shopper: i as u32,
                query,
                deals: field(more, 2) < deals[persona],
                tasks: field(more, 3) < task_chance,
                free: field(bits, 3) as u16,
            });
        }
    }
}

/// Chances to enter and to leave the market so that its expected share becomes `target`, given the turnover.
///
/// With no turnover this is the minimal flow of AMSS: enter with (r-c)/(1-c), or leave with (c-r)/c.
pub(crate) fn market_flow(share: f64, target: f64, turnover: f64) -> (f64, f64) {
    let staying = share * (1.0 - turnover);
    if target >= staying {
        (if share < 1.0 { ((target - staying) / (1.0 - share)).min(1.0) } else { 0.0 }, turnover)
    } else {
        (0.0, if share > 0.0 { (share - target) / share } else { 0.0 })
    }
}

/// Free traffic: the brand is met by the way, and brand queries that met no advertisement lead to the shop. Returns the
/// shop's free visitors.
pub(crate) fn free_traffic(
    world: &World,
    step: usize,
    key: Key,
    shoppers: &mut Shoppers,
    visitors: &[Visitor],
) -> u64 {
    let industry = &world.scenario.industry;
    let exposure = chance(world.free_exposure);
    let click = chance(industry.free_click);
    let query_click = chance(industry.brand_query_free);
    let key = key.with(purpose::FREE);
    let mut clicks = 0;
    for visitor in visitors {
        let met = u32::from(visitor.free) < exposure;
        if !met && visitor.query != Query::Brand {
            continue;
        }
        let i = visitor.shopper as usize;
        let bits = shopper_bits(key, visitor.shopper);
        let searched = visitor.query == Query::Brand
            && shoppers.flags[i] & flag::CLICKED == 0
            && field(bits, 0) < query_click;
        if searched || (met && field(bits, 1) < click) {
            shoppers.touch(i, VIEWED, &world.clock, step);
            clicks += 1;
        } else if met {
            shoppers.touch(i, SEEN, &world.clock, step);
        }
    }
    clicks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_turnover_the_flow_is_that_of_amss() {
        assert_eq!(market_flow(0.2, 0.3, 0.0), ((0.3 - 0.2) / 0.8, 0.0));
        assert_eq!(market_flow(0.3, 0.2, 0.0), (0.0, (0.3 - 0.2) / 0.3));
    }

    #[test]
    fn the_flow_reaches_its_target_in_expectation() {
        for share in [0.0, 0.1, 0.5, 1.0] {
            for target in [0.0, 0.2, 0.9] {
                for turnover in [0.0, 0.1, 1.0] {
                    let (enter, leave) = market_flow(share, target, turnover);
                    let next = share * (1.0 - leave) + (1.0 - share) * enter;
                    // No more can enter than are outside.
                    let reachable = target.min(share * (1.0 - turnover) + 1.0 - share);
                    assert!((next - reachable).abs() < 1e-12, "{share} {target} {turnover}: {next}");
                }
            }
        }
    }
}
