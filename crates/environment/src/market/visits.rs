//! The first part of a step: needs come and go, satisfied shoppers return, stages lapse, memories fade, and some
//! shoppers visit the platform.

use super::buyers::personal_chance;
use super::delivery::Moment;
use super::journal::Meeting;
use super::settings::HABITS;
use super::shoppers::{LEVELS, SEEN, Shoppers, VIEWED, flag};
use super::world::{MEMORY_SHIFT, MarketWorld};
use crate::draws::{Key, purpose};

/// Room for every persona and level of activity.
const CLASSES: usize = 64;
/// Habits for which one draw of a shopper has room.
const HABITS_A_DRAW: usize = 4;

/// 64 bits for one shopper.
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

/// What a visitor searches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Query {
    #[default]
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

/// A list of shoppers, found anew in each step. Keeps its room, so that nothing is allocated or cleared.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    room: Vec<u32>,
    length: usize,
}

impl List {
    /// Keeps the shoppers, in order, for whom `wanted` says so. Each is written in any case and kept on the condition: a
    /// branch that cannot be foreseen costs more than what it saves.
    fn keep(&mut self, wanted: impl ExactSizeIterator<Item = bool>) {
        self.room.resize(wanted.len(), 0);
        self.length = 0;
        for (shopper, wanted) in wanted.enumerate() {
            self.room[self.length] = shopper as u32;
            self.length += usize::from(wanted);
        }
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.room[..self.length]
    }
}

/// Who can be met in this step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audience {
    /// Visitors of the platform.
    pub(crate) visitors: Vec<Visitor>,
    /// `[habits]` shoppers with a session elsewhere; empty where the industry does not tell the habit apart.
    pub(crate) sessions: [List; HABITS],
    /// `[shoppers]` the draws at hand of each.
    bits: Vec<u64>,
    /// Shoppers whose need, satiation or stage changes before they act.
    changing: List,
    visiting: List,
}

impl Audience {
    /// Shoppers with a visit or a session in this step.
    pub(crate) fn active(&self) -> u64 {
        let mut active = vec![false; self.bits.len()];
        let sessions = self.sessions.iter().flat_map(|session| session.as_slice()).copied();
        for shopper in sessions.chain(self.visitors.iter().map(|visitor| visitor.shopper)) {
            active[shopper as usize] = true;
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
        for amount in memory {
            *amount = ((u32::from(*amount) * u32::from(tables.keep)) >> 16) as u16;
        }
    }
}

/// Moves needs, satiation and stages, and finds the step's audience.
///
/// The market follows AMSS: the share with a need moves to its target by the smallest flow, on top of the turnover
/// that the mean duration of a need implies.
pub(crate) fn visit(
    world: &MarketWorld,
    step: usize,
    key: Key,
    shoppers: &mut Shoppers,
    audience: &mut Audience,
) {
    let industry = &world.market.industry;
    let day = &world.brief.calendar[step];
    let step_days = world.brief.step_days;
    let now = world.clock.stamp(step);
    let share = shoppers.in_market as f64 / shoppers.len() as f64;
    let leave = 1.0 - libm::exp(-step_days / industry.need_days);
    let (enter, leave) = market_flow(share, world.in_market, leave);
    let waiting = shoppers.len() as u64 - shoppers.in_market;
    let enter_by_rate = shoppers.needs.enter(enter, waiting);
    let turn = [chance(enter), chance(leave)];
    let recover = chance(1.0 - libm::exp(-step_days / industry.satiation_days));

    let key = key.with(purpose::DAY);

    // Loops are kept apart and free of calls.
    let count = shoppers.len();
    audience.bits.resize(count, 0);
    for (i, bits) in audience.bits.iter_mut().enumerate() {
        *bits = shopper_bits(key, i as u32);
    }
    let changes = |bits: u64, flags: u8, expires: u16, turn: [u32; 2]| {
        let turns = field(bits, 0) < turn[(flags & flag::IN_MARKET) as usize];
        let recovers = (flags & flag::SATIATED != 0) & (field(bits, 1) < recover);
        turns | recovers | (expires <= now)
    };
    let own_turn = |rate: u16| [personal_chance(enter_by_rate, rate), turn[1]];
    let state = audience.bits.iter().zip(&shoppers.flags).zip(&shoppers.expires);
    if shoppers.needs.rates.is_empty() {
        audience.changing.keep(state.map(|((bits, flags), expires)| changes(*bits, *flags, *expires, turn)));
    } else {
        audience.changing.keep(
            (state.zip(&shoppers.needs.rates))
                .map(|(((bits, flags), expires), rate)| changes(*bits, *flags, *expires, own_turn(*rate))),
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
    let state = shoppers.class.iter().zip(&shoppers.flags).zip(&shoppers.stage).zip(&audience.bits);
    audience.visiting.keep(state.map(|(((class, flags), stage), bits)| {
        let place = usize::from((flags & flag::IN_MARKET) << 3 | (stage & 7));
        field(*bits, 2) < visit_chance[usize::from(*class) % CLASSES][place]
    }));
    intentions(world, key.with(1), shoppers, audience);
    sessions(world, step, key.with(2), shoppers, audience);
}

/// Sessions by habit, of visitors of the platform and of others alike.
fn sessions(world: &MarketWorld, step: usize, key: Key, shoppers: &Shoppers, audience: &mut Audience) {
    // As many sessions as fall into this part of the day.
    let days = world.brief.step_days * world.brief.calendar[step].hour_traffic;
    let personas = &world.market.industry.personas;
    let told = |habit: usize| personas.iter().any(|persona| persona.sessions[habit].is_some());
    for (draw, sessions) in audience.sessions.chunks_mut(HABITS_A_DRAW).enumerate() {
        let first = HABITS_A_DRAW * draw;
        if !(first..first + sessions.len()).any(told) {
            continue;
        }
        let key = if draw == 0 { key } else { key.with(purpose::HABITS).with(draw as u64) };
        for (i, bits) in audience.bits.iter_mut().enumerate() {
            *bits = shopper_bits(key, i as u32);
        }
        for (place, session) in sessions.iter_mut().enumerate().filter(|(place, _)| told(first + place)) {
            let mut chances = [0_u32; CLASSES];
            for (class, cell) in chances.iter_mut().enumerate() {
                let Some(persona) = personas.get(class / LEVELS) else { break };
                let daily = persona.sessions[first + place].unwrap_or(0.0);
                *cell = chance(1.0 - libm::pow(1.0 - daily, days));
            }
            session
                .keep((audience.bits.iter().zip(&shoppers.class)).map(|(bits, class)| {
                    field(*bits, place as u32) < chances[usize::from(*class) % CLASSES]
                }));
        }
    }
}

/// What visitors came for: a search, deals, tasks.
fn intentions(world: &MarketWorld, key: Key, shoppers: &mut Shoppers, audience: &mut Audience) {
    let industry = &world.market.industry;
    let category_query = chance(industry.category_query);
    let brand_query = industry.brand_query.map(chance);
    let personas = industry.personas.iter();
    let (deals, tasks): (Vec<u32>, Vec<u32>) =
        personas.map(|persona| (chance(persona.deals), chance(persona.tasks))).unzip();
    audience.visitors.clear();
    for shopper in audience.visiting.as_slice() {
        let i = *shopper as usize;
        shoppers.flags[i] |= flag::VISITING;
        let bits = shopper_bits(key, *shopper);
        let curiosity: u32 = world
            .memories
            .iter()
            .zip(&shoppers.memory)
            .map(|(tables, memory)| tables.curiosity[(memory[i] >> MEMORY_SHIFT) as usize])
            .sum();
        let needs = shoppers.flags[i] & flag::IN_MARKET != 0;
        let factor = if needs { industry.in_market_curiosity } else { 1.0 };
        let curiosity = (f64::from(curiosity) * factor) as u32;
        let query = if field(bits, 0) < brand_query[shoppers.stage[i] as usize] + curiosity {
            Query::Brand
        } else if needs && field(bits, 1) < category_query {
            Query::Category
        } else {
            Query::None
        };
        let persona = shoppers.class[i] as usize / LEVELS;
        // Bonus hunters are after tasks three times as often. Assumed.
        let eager = if shoppers.flags[i] & flag::HUNTER != 0 { 3 } else { 1 };
        audience.visitors.push(Visitor {
            shopper: *shopper,
            query,
            deals: field(bits, 2) < deals[persona],
            tasks: field(bits, 3) < eager * tasks[persona],
            free: field(audience.bits[i], 3) as u16,
        });
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

/// Free traffic: the brand is met by the way, and brand queries that met no advertisement lead to the shop. `factor` is
/// what rank and rating make of the chance to be met. Returns the shop's free visitors; `meetings` is for the journal,
/// where one is kept.
pub(crate) fn free_traffic(
    Moment { world, step, key }: Moment<'_>,
    shoppers: &mut Shoppers,
    visitors: &[Visitor],
    factor: f64,
    mut meetings: Option<&mut Vec<Meeting>>,
) -> u64 {
    let industry = &world.market.industry;
    let exposure = chance(world.free_exposure * factor);
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
            Meeting { shopper: visitor.shopper, click: clicked, recognised: true }.note(meetings);
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
