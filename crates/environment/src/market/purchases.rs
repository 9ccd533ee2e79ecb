//! The last part of a step: shoppers with a need buy in the category, from us or from a rival.

use super::benefits::Till;
use super::delivery::Moment;
use super::settings::MEMORIES;
use super::shoppers::{LEVELS, NO_LINE, Shoppers, flag};
use super::visits::{field, shopper_bits};
use super::world::{MEMORY_SHIFT, MarketWorld};
use crate::draws::purpose;
use crate::money::Money;
use crate::observation::Pricing;

/// An order of this shop, all of the shopper's people together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) shopper: u32,
    /// Whether it is the first in 365 days.
    pub(crate) new: bool,
    /// Value of one person's order.
    pub(crate) value: Money,
    /// Steps until the report shows it.
    pub(crate) delay: usize,
}

/// Expectations of the step, in 2^-32 shoppers, before the last draws.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    pub(crate) new_customers: u64,
    pub(crate) orders: u64,
    /// Orders in the category, from anybody.
    pub(crate) trades: u64,
}

/// Chance that a purchase in the category goes to this shop: its pull against that of all rivals together, which is 1.
/// `offer` is the factor that a lower price has on the pull.
fn brand_share(world: &MarketWorld, shoppers: &Shoppers, i: usize, offer: f64) -> f64 {
    let mut pull = world.market.industry.attraction[shoppers.stage[i] as usize]
        * world.appeal[shoppers.class[i] as usize];
    for m in 0..MEMORIES.min(world.memories.len()) {
        pull *= world.memories[m].pull[(shoppers.memory[m][i] >> MEMORY_SHIFT) as usize];
    }
    pull *= offer;
    pull / (1.0 + pull)
}

/// Lets every visiting shopper with an unmet need buy or not; notes our orders and returns the expectations.
pub(crate) fn purchase(
    moment: Moment<'_>,
    shoppers: &mut Shoppers,
    till: &mut Till,
    visiting: impl Iterator<Item = u32>,
    orders: &mut Vec<Order>,
) -> Expected {
    let Moment { world, step, key } = moment;
    let industry = &world.market.industry;
    let demand = world.brief.calendar[step].demand;
    let rates: [f64; super::shoppers::MOST_PERSONAS] = std::array::from_fn(|p| {
        industry.personas.get(p).map_or(0.0, |persona| persona.purchases * industry.purchase_rate * demand)
    });
    let key = key.with(purpose::ORDER);
    let mut expected = Expected::default();
    // A purchase that begins with a deposit is expected on the day of its balance.
    let presale = till.takes_deposits(moment);
    orders.clear();
    for shopper in visiting {
        let i = shopper as usize;
        let flags = shoppers.flags[i];
        shoppers.flags[i] &= !(flag::VISITING | flag::CLICKED);
        if flags & (flag::IN_MARKET | flag::SATIATED) != flag::IN_MARKET {
            continue;
        }
        let hunter = if flags & flag::HUNTER != 0 { industry.hunter_purchases } else { 1.0 };
        let rate = (rates[shoppers.class[i] as usize / LEVELS] * hunter).min(1.0);
        let new = shoppers.recent_orders(i, &world.clock, step) == 0;
        let offer = till.offer(moment, shoppers, i, new);
        let share = brand_share(world, shoppers, i, offer.pull);
        let mean = if presale { 0 } else { (rate * share * 4_294_967_296.0) as u64 };
        expected.trades += (rate * 4_294_967_296.0) as u64;
        expected.orders += mean;
        if new {
            expected.new_customers += mean;
        }
        let bits = shopper_bits(key, shopper);
        // 24 bits for whether, 24 for from whom, 16 for how much and how late.
        if ((bits & 0xff_ffff) as f64) >= rate * 16_777_216.0 {
            continue;
        }
        shoppers.flags[i] |= flag::SATIATED;
        if (((bits >> 24) & 0xff_ffff) as f64) < share * 16_777_216.0 {
            let value = Money(world.order_values[(field(bits, 3) >> 8) as usize]);
            let late = field(crate::draws::mix(bits), 0);
            let delay = world.report_delay.iter().take_while(|shown| late >= **shown).count();
            let order = Order { shopper, new, value, delay: delay.min(world.report_delay.len() - 1) };
            if till.sell(moment, shoppers, offer, &order) {
                orders.push(order);
                shoppers.order(i, &world.clock, step);
            }
        }
    }
    expected
}

/// The line on the platform that last click credits with an order now, if any.
pub(crate) fn last_click_line(
    world: &MarketWorld,
    shoppers: &Shoppers,
    i: usize,
    step: usize,
) -> Option<usize> {
    let line = shoppers.last_line[i];
    if line == NO_LINE {
        return None;
    }
    let channel = &world.market.lines[line as usize].channel;
    let days =
        if channel.pricing == Pricing::Commission { channel.commission_days } else { channel.credit_days };
    within(world, shoppers.last_click[i], step, days).then_some(line as usize)
}

/// Whether a stamp lies within `days` before `step`.
pub(crate) fn within(world: &MarketWorld, stamp: u16, step: usize, days: f64) -> bool {
    let age = world.clock.stamp(step).saturating_sub(stamp);
    stamp > 0 && f64::from(age) * world.clock.step_days < days
}
