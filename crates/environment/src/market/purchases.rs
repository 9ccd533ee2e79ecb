//! The last part of a step: shoppers with a need buy in the category, from us or from a rival.

use super::benefits::Till;
use super::buyers;
use super::delivery::Moment;
use super::goods::{Expected, NO_PRODUCT};
use super::settings::MEMORIES;
use super::shelves::{Sale, Shelves};
use super::shoppers::{LEVELS, NO_LINE, Shoppers, flag};
use super::visits::{field, shopper_bits};
use super::world::{MEMORY_SHIFT, MarketWorld};
use crate::draws::{mix, purpose};
use crate::ledger::ShopRow;
use crate::money::Money;
use crate::observation::Pricing;

/// An order of this shop, of the shopper's people together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) shopper: u32,
    pub(crate) product: usize,
    /// People who bought: all of the shopper's, or those for whom there was stock.
    pub(crate) people: u64,
    /// Whether it is the first in 365 days.
    pub(crate) new: bool,
    /// Value of one person's order.
    pub(crate) value: Money,
    /// Steps until the report shows it.
    pub(crate) delay: usize,
}

/// Chance that a purchase in the category goes to this shop: its pull against that of all rivals together, which is 1.
/// `factor` is that of the product wanted and of its price. Nothing brings back who has left for good.
fn brand_share(world: &MarketWorld, shoppers: &Shoppers, i: usize, factor: f64) -> f64 {
    if shoppers.flags[i] & flag::LEFT != 0 {
        return 0.0;
    }
    let mut pull = world.market.industry.attraction[shoppers.stage[i] as usize]
        * world.appeal[shoppers.class[i] as usize];
    for m in 0..MEMORIES.min(world.memories.len()) {
        pull *= world.memories[m].pull[(shoppers.memory[m][i] >> MEMORY_SHIFT) as usize];
    }
    pull *= factor;
    pull / (1.0 + pull)
}

/// Lets every visitor with an unmet need buy or not; books our sales, adds the orders to those before and returns the
/// expectations.
pub(crate) fn purchase(
    moment: Moment<'_>,
    shoppers: &mut Shoppers,
    shelves: &mut Shelves,
    till: &mut Till,
    needing: &[u32],
    orders: &mut Vec<Order>,
    shop: &mut ShopRow,
) -> Expected {
    let Moment { world, step, key } = moment;
    let industry = &world.market.industry;
    let demand = world.brief.calendar[step].demand;
    let rates: [f64; super::shoppers::MOST_PERSONAS] = std::array::from_fn(|p| {
        industry.personas.get(p).map_or(0.0, |persona| persona.purchases * industry.purchase_rate * demand)
    });
    let weight = world.market.weight();
    let offer = world.goods.offer(&world.clock, step, shelves.rating());
    let key = key.with(purpose::ORDER);
    let mut expected = Expected::default();
    // A purchase that begins with a deposit is expected on the day of its balance.
    let presale = till.takes_deposits(moment);
    for &shopper in needing {
        let i = shopper as usize;
        let hunter = if shoppers.flags[i] & flag::HUNTER != 0 { industry.hunter_purchases } else { 1.0 };
        let rate = (rates[shoppers.class[i] as usize / LEVELS] * hunter).min(1.0);
        let bits = shopper_bits(key, shoppers.number(shopper));
        let more = mix(bits);
        let wanted = offer.wanted(shoppers, i, field(more, 1));
        let new = shoppers.recent_orders(i, &world.clock, step) == 0;
        let price = till.offer(moment, shoppers, i, new);
        let share =
            wanted.map_or(0.0, |product| brand_share(world, shoppers, i, offer.pull[product] * price.pull));
        let mut mean = if presale { 0 } else { (rate * share * 4_294_967_296.0) as u64 };
        let available = wanted.map_or(0, |product| shelves.available(product, weight));
        if available < weight {
            mean = (mean as f64 * available as f64 / weight as f64) as u64;
        }
        expected.trades += (rate * 4_294_967_296.0) as u64;
        if let Some(product) = wanted {
            expected.orders[product] += mean;
        }
        if new {
            expected.new_customers += mean;
        }
        // 24 bits for whether, 24 for from whom, 16 for how much and how late.
        if ((bits & 0xff_ffff) as f64) >= rate * 16_777_216.0 {
            continue;
        }
        // Who finds our product sold out buys from a rival.
        shoppers.flags[i] |= flag::SATIATED;
        let ours = (((bits >> 24) & 0xff_ffff) as f64) < share * 16_777_216.0;
        let Some(product) = wanted.filter(|_| ours) else { continue };
        let sold = &world.goods.products[product];
        let value = sold.value(step, (field(bits, 3) >> 8) as usize);
        let late = field(more, 0);
        let delay = world.report_delay.iter().take_while(|shown| late >= **shown).count();
        let delay = delay.min(world.report_delay.len() - 1);
        let order = Order { shopper, product, people: available, new, value, delay };
        // With a deposit the order comes later.
        let now = available > 0 && till.sell(moment, shoppers, price, &order);
        let people = if now { available } else { 0 };
        let refunded = sold.refunded(people, field(more, 2));
        shelves.sell(
            &world.goods,
            step,
            Sale { product, people, lost: weight - available, refunded, value },
            shop,
        );
        if !now {
            continue;
        }
        shop.new_customers += if new { available } else { 0 };
        shop.won_back += if new && shoppers.has_ordered(i) { available } else { 0 };
        orders.push(order);
        // Where there was stock for a part of the shopper's people, that part is the chance that the shopper has bought.
        if available == weight || u64::from(field(more, 3)) * weight < available << 16 {
            buyers::order(moment, shoppers, i);
            if let Some(in_view) = shoppers.in_view.get_mut(i) {
                *in_view = NO_PRODUCT;
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
