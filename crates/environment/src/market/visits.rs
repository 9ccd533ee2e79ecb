//! The first part of a step: needs come and go, satisfied shoppers return, stages lapse, memories fade, and some
//! shoppers visit the platform.

use super::buyers::{enter_by_rate, personal_chance};
use super::delivery::Moment;
use super::journal::Meeting;
use super::list::List;
use super::settings::{HABITS, Habit, Industry, Market, Supply};
use super::shoppers::{Crowd, LEVELS, SEEN, Shoppers, VIEWED, flag};
use super::world::{MEMORY_SHIFT, MarketWorld};
use crate::draws::{Key, Row, purpose};

/// Room for every persona and level of activity.
const CLASSES: usize = 64;
/// Habits for which one draw of a shopper has room.
const HABITS_A_DRAW: usize = 4;

/// 64 bits for the shopper of this number.
#[inline]
pub(crate) fn shopper_bits(key: Key, shopper: u32) -> u64 {
    key.with(u64::from(shopper)).bits()
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

/// Who can be met in this step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audience {
    /// Visitors of the platform; and those among them who search, who search the brand, and who look for deals and tasks.
    pub(crate) visitors: List<u32>,
    pub(crate) queries: List<u32>,
    pub(crate) brand_queries: List<u32>,
    pub(crate) deals: List<u32>,
    pub(crate) tasks: List<u32>,
    /// `[habits]` shoppers with a session elsewhere; empty where the industry does not tell the habit apart, or no line
    /// could meet them.
    pub(crate) sessions: [List<u32>; HABITS],
    /// `[shoppers]` the draws of the step.
    bits: Vec<u64>,
    /// Shoppers whose need, satiation or stage changes before they act.
    changing: List<u32>,
    /// Who visits with an unmet need, and may buy.
    pub(crate) needing: List<u32>,
    intentions: List<Intention>,
}

/// What a visitor came for.
#[derive(Debug, Clone, Copy, Default)]
struct Intention {
    shopper: u32,
    brand: bool,
    category: bool,
    deals: bool,
    tasks: bool,
}

impl Audience {
    /// Shoppers with a visit, or with a session that a line could meet, in this step.
    pub(crate) fn active(&self) -> u64 {
        let mut active = vec![false; self.bits.len()];
        let sessions = self.sessions.iter().flat_map(List::as_slice);
        for shopper in sessions.chain(self.visitors.as_slice()) {
            active[*shopper as usize] = true;
        }
        active.iter().map(|active| u64::from(*active)).sum()
    }
}

/// Fades memories: `m * keep`, rounded down, so that they end at zero. Where a step is shorter than a day this is done
/// at midnight: rounding would eat small amounts in small steps.
pub(crate) fn fade(world: &MarketWorld, step: usize, shoppers: &mut Shoppers) {
    if world.brief.calendar[step].hour > 0.0 {
        return;
    }
    for (memory, tables) in shoppers.memory.iter_mut().zip(&world.memories) {
        let keep = u32::from(tables.keep);
        for amount in memory {
            *amount = ((u32::from(*amount) * keep) >> 16) as u16;
        }
    }
}

/// Moves needs, satiation and stages, and finds the step's audience.
///
/// The market follows AMSS: the share with a need moves to its target by the smallest flow, on top of the turnover
/// that the mean duration of a need implies. `crowd` counts all shoppers of the market.
// Like the other large loops of a step it is kept out of line: one function of all of them runs short of registers.
#[inline(never)]
pub(crate) fn visit(
    world: &MarketWorld,
    step: usize,
    key: Key,
    crowd: Crowd,
    shoppers: &mut Shoppers,
    audience: &mut Audience,
) {
    let industry = &world.market.industry;
    let day = &world.brief.calendar[step];
    let step_days = world.brief.step_days;
    let now = world.clock.stamp(step);
    let share = crowd.in_market as f64 / crowd.shoppers as f64;
    let (enter, leave) = market_flow(share, world.in_market, world.clock.leave(&world.market));
    let enter_by_rate = enter_by_rate(enter, crowd.shoppers - crowd.in_market, crowd.idle);
    let turn = [chance(enter), chance(leave)];
    let recover = chance(1.0 - libm::exp(-step_days / industry.satiation_days));

    let key = key.with(purpose::DAY);

    // Chances to get or lose a need, and to be over a purchase, by both flags.
    let recovers = |flags: usize| if flags & usize::from(flag::SATIATED) != 0 { recover } else { 0 };
    let usual: [[u32; 2]; 4] = std::array::from_fn(|flags| [turn[flags & 1], recovers(flags)]);
    let changes = |bits: u64, expires: u16, [turn, recover]: [u32; 2]| {
        (field(bits, 0) < turn) | (field(bits, 1) < recover) | (expires <= now)
    };
    let own_turn = |rate: u16| [personal_chance(enter_by_rate, rate), turn[1]];
    let count = shoppers.len();
    audience.bits.resize(count, 0);
    let state = audience.bits.iter_mut().zip(&shoppers.flags).zip(&shoppers.expires);
    let mut row = key.row(u64::from(shoppers.first));
    let state = state.enumerate().map(|(i, ((kept, flags), expires))| {
        let bits = row.next_bits();
        *kept = bits;
        (i as u32, bits, *flags, *expires)
    });
    if shoppers.needs.rates.is_empty() {
        audience.changing.keep(
            count,
            state.map(|(i, bits, flags, expires)| (i, changes(bits, expires, usual[usize::from(flags & 3)]))),
        );
    } else {
        audience.changing.keep(
            count,
            (state.zip(&shoppers.needs.rates)).map(|((i, bits, flags, expires), rate)| {
                let [enter, leave] = own_turn(*rate);
                let turn = if flags & flag::IN_MARKET == 0 { enter } else { leave };
                (i, changes(bits, expires, [turn, usual[usize::from(flags & 3)][1]]))
            }),
        );
    }
    for shopper in audience.changing.as_slice() {
        let i = *shopper as usize;
        let bits = audience.bits[i];
        let need = shoppers.flags[i] & flag::IN_MARKET;
        let turn = shoppers.needs.rates.get(i).map_or(turn, |rate| own_turn(*rate));
        if field(bits, 0) < turn[need as usize] {
            shoppers.flags[i] ^= flag::IN_MARKET;
            shoppers.needs.turn(i, need == 0);
            shoppers.in_market = shoppers.in_market + 1 - 2 * u64::from(need);
        }
        if shoppers.flags[i] & flag::SATIATED != 0 && field(bits, 1) < recover {
            shoppers.flags[i] &= !flag::SATIATED;
        }
        if shoppers.expires[i] <= now {
            shoppers.find_stage(i, &world.clock, step);
        }
    }

    // `[class, in market and stage]` chance of a visit.
    let mut visit_chance = [[0_u32; 16]; CLASSES];
    for (class, cells) in visit_chance.iter_mut().enumerate() {
        let Some(persona) = industry.personas.get(class / LEVELS) else { break };
        let habit = persona.visits_per_month / 30.0 * industry.activity[class % LEVELS] * day.traffic;
        for (place, cell) in cells.iter_mut().enumerate() {
            let need = if place >= 8 { industry.in_market_visits } else { 1.0 };
            *cell = chance((habit * need * industry.stage_visits[place % 8] * step_days).min(0.95));
        }
    }
    let state =
        shoppers.class.iter().zip(&shoppers.flags).zip(&shoppers.stage).zip(&audience.bits).enumerate();
    audience.visitors.keep(
        count,
        state.map(|(i, (((class, flags), stage), bits))| {
            let place = usize::from((flags & flag::IN_MARKET) << 3 | (stage & 7));
            (i as u32, field(*bits, 2) < visit_chance[usize::from(*class) % CLASSES][place])
        }),
    );
    intentions(world, key.with(1), shoppers, audience);
    sessions(world, step, key.with(2), shoppers, audience);
}

/// Sessions by habit, of visitors of the platform and of others alike.
fn sessions(world: &MarketWorld, step: usize, key: Key, shoppers: &Shoppers, audience: &mut Audience) {
    // As many sessions as fall into this part of the day.
    let days = world.brief.step_days * world.brief.calendar[step].hour_traffic;
    let Market { industry: Industry { personas, .. }, lines, .. } = &*world.market;
    let counts = |habit: usize| {
        personas.iter().any(|persona| persona.sessions[habit].is_some())
            && lines.iter().any(|line| line.channel.supply == Supply::Sessions(Habit::ALL[habit]))
    };
    for (draw, lists) in audience.sessions.as_chunks_mut::<HABITS_A_DRAW>().0.iter_mut().enumerate() {
        let habits: [usize; HABITS_A_DRAW] = std::array::from_fn(|place| HABITS_A_DRAW * draw + place);
        if !habits.into_iter().any(counts) {
            continue;
        }
        let key = if draw == 0 { key } else { key.with(purpose::HABITS).with(draw as u64) };
        // `[habits, classes]`
        let mut chances = [[0_u32; CLASSES]; HABITS_A_DRAW];
        for (chances, habit) in chances.iter_mut().zip(habits).filter(|(_, habit)| counts(*habit)) {
            for (cells, persona) in chances.chunks_mut(LEVELS).zip(personas) {
                let daily = persona.sessions[habit].unwrap_or(0.0);
                cells.fill(chance(1.0 - libm::pow(1.0 - daily, days)));
            }
        }
        let mut met =
            habits.map(counts).into_iter().enumerate().filter(|(_, met)| *met).map(|(place, _)| place);
        let (row, classes) = (key.row(u64::from(shoppers.first)), shoppers.class.as_slice());
        match [met.next(), met.next(), met.next(), met.next()] {
            [Some(a), None, ..] => begin_sessions(row, classes, [a], &chances, lists),
            [Some(a), Some(b), None, _] => begin_sessions(row, classes, [a, b], &chances, lists),
            [Some(a), Some(b), Some(c), None] => begin_sessions(row, classes, [a, b, c], &chances, lists),
            _ => begin_sessions(row, classes, [0, 1, 2, 3], &chances, lists),
        }
    }
}

/// Fills the lists at `places`, which differ, from one draw of each shopper.
#[inline(never)]
fn begin_sessions<const N: usize>(
    mut row: Row,
    classes: &[u8],
    places: [usize; N],
    chances: &[[u32; CLASSES]; HABITS_A_DRAW],
    lists: &mut [List<u32>; HABITS_A_DRAW],
) {
    let Ok(mut lists) = lists.get_disjoint_mut(places) else { return };
    let chances = places.map(|place| chances[place]);
    let rooms = lists.each_mut().map(|list| list.room(classes.len()));
    let mut lengths = [0; N];
    for (i, class) in classes.iter().enumerate() {
        let bits = row.next_bits();
        for n in 0..N {
            rooms[n][lengths[n]] = i as u32;
            let chance = chances[n][usize::from(*class) % CLASSES];
            lengths[n] += usize::from(field(bits, places[n] as u32) < chance);
        }
    }
    for (list, length) in lists.iter_mut().zip(lengths) {
        list.set_length(length);
    }
}

/// What visitors came for: a search, deals, tasks.
#[inline(never)]
fn intentions(world: &MarketWorld, key: Key, shoppers: &mut Shoppers, audience: &mut Audience) {
    let industry = &world.market.industry;
    let category_query = chance(industry.category_query);
    // `[in market and stage]` chance of a search for the brand, and the factor on what is remembered of it: a table, as a
    // choice between two floats would be a branch.
    let brand_query: [(u32, f64); 16] = std::array::from_fn(|place| {
        let factor = if place >= 8 { industry.in_market_curiosity } else { 1.0 };
        (chance(industry.brand_query[place % 8]), factor)
    });
    // `[classes]` chance to look for deals, and for tasks.
    let mut errands = [[0_u32; 2]; CLASSES];
    for (cells, persona) in errands.chunks_mut(LEVELS).zip(&industry.personas) {
        cells.fill([chance(persona.deals), chance(persona.tasks)]);
    }
    let visitors = audience.visitors.as_slice();
    let Shoppers { first, flags, stage, class, memory, .. } = shoppers;
    let draws = key.row(u64::from(*first));
    let intentions = audience.intentions.room(visitors.len());
    for (intention, shopper) in intentions.iter_mut().zip(visitors) {
        let i = *shopper as usize;
        let bits = draws.bits_at(*shopper);
        let curiosity: u32 = (world.memories.iter().zip(&*memory))
            .map(|(tables, memory)| tables.curiosity[(memory[i] >> MEMORY_SHIFT) as usize])
            .sum();
        let needs = flags[i] & flag::IN_MARKET;
        let (usual, factor) = brand_query[usize::from(needs << 3 | (stage[i] & 7))];
        let curiosity = (f64::from(curiosity) * factor) as u32;
        let brand = field(bits, 0) < usual + curiosity;
        let category = (needs != 0) & !brand & (field(bits, 1) < category_query);
        let [deals, tasks] = errands[usize::from(class[i]) % CLASSES];
        // Bonus hunters are after tasks three times as often. Assumed.
        let eager = if flags[i] & flag::HUNTER != 0 { 3 } else { 1 };
        flags[i] |= flag::VISITING | if brand { flag::SEARCHES_BRAND } else { 0 };
        *intention = Intention {
            shopper: *shopper,
            brand,
            category,
            deals: field(bits, 2) < deals,
            tasks: field(bits, 3) < eager * tasks,
        };
    }
    let count = intentions.len();
    let came = |wanted: fn(&Intention) -> bool| {
        intentions.iter().map(move |intention| (intention.shopper, wanted(intention)))
    };
    audience.queries.keep(count, came(|visitor| visitor.brand | visitor.category));
    audience.brand_queries.keep(count, came(|visitor| visitor.brand));
    audience.deals.keep(count, came(|visitor| visitor.deals));
    audience.tasks.keep(count, came(|visitor| visitor.tasks));
}

/// Ends the step's visits, those from outside included, and finds who among the visitors has an unmet need.
pub(crate) fn leave(shoppers: &mut Shoppers, audience: &mut Audience, arrivals: &[u32]) {
    let visitors = audience.visitors.as_slice();
    let flags = shoppers.flags.as_mut_slice();
    audience.needing.keep(
        visitors.len() + arrivals.len(),
        visitors.iter().chain(arrivals).map(|shopper| {
            let flags = &mut flags[*shopper as usize];
            *flags &= !flag::PASSING;
            (*shopper, *flags & (flag::IN_MARKET | flag::SATIATED) == flag::IN_MARKET)
        }),
    );
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

/// Free traffic: the brand is met by the way, and brand queries that met no advertisement lead to the shop. `factor` is
/// what rank and rating make of the chance to be met. Returns the shop's free visitors; `meetings` is for the journal,
/// where one is kept.
pub(crate) fn free_traffic(
    Moment { world, step, key }: Moment<'_>,
    shoppers: &mut Shoppers,
    audience: &Audience,
    factor: f64,
    mut meetings: Option<&mut Vec<Meeting>>,
) -> u64 {
    let industry = &world.market.industry;
    let exposure = chance(world.free_exposure * factor);
    let click = chance(industry.free_click);
    let query_click = chance(industry.brand_query_free);
    let key = key.with(purpose::FREE);
    let mut clicks = 0;
    for shopper in audience.visitors.as_slice() {
        let i = *shopper as usize;
        let met = field(audience.bits[i], 3) < exposure;
        let brand = shoppers.flags[i] & flag::SEARCHES_BRAND != 0;
        if !met && !brand {
            continue;
        }
        let bits = shopper_bits(key, shoppers.number(*shopper));
        let searched = brand && shoppers.flags[i] & flag::CLICKED == 0 && field(bits, 0) < query_click;
        let clicked = searched || (met && field(bits, 1) < click);
        if clicked {
            shoppers.touch(i, VIEWED, &world.clock, step);
            clicks += 1;
        } else if met {
            shoppers.touch(i, SEEN, &world.clock, step);
        }
        if let Some(meetings) = &mut meetings
            && (clicked || met)
        {
            Meeting { shopper: *shopper, click: clicked, recognised: true }.note(meetings);
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
