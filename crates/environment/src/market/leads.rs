//! Leads: goods that are sold after a talk. A form is left at an advertisement, the sales team calls in the order of
//! arrival, and some of those it reaches in time order days later. Whether a form was worth a call shows in the call.

use std::collections::VecDeque;

use super::buyers;
use super::delivery::Moment;
use super::purchases::Order;
use super::shoppers::{Shoppers, flag};
use super::visits::shopper_bits;
use crate::draws::{Key, mix, purpose};
use crate::ledger::{LineRow, ShopRow};
use crate::money::Money;
use crate::reader::{Bounds, Section};

/// How an industry sells by leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leads {
    /// Share of favourites and carts at advertisements that are forms instead.
    pub form_rate: f64,
    /// Share of the forms of people with a need that are worth a call; of others a tenth of it, of bonus hunters none.
    pub quality: f64,
    /// Share of those reached and worth a call who order.
    pub close_rate: f64,
    /// Days from the call to the order.
    pub close_days: f64,
    /// Forms that the sales team calls in a day.
    pub calls_per_day: f64,
    /// Days after which a form that nobody has called is cold.
    pub patience_days: f64,
}

impl Leads {
    /// Reads `[leads]` of an industry.
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let days = Bounds::between(0.5, 365.0, "days");
        let share = Bounds::share("a chance");
        Self {
            form_rate: section.number("form_rate", share),
            quality: section.number("quality", share),
            close_rate: section.number("close_rate", share),
            close_days: section.number("close_days", days),
            calls_per_day: section.number("calls_per_day", Bounds::above_zero("forms a day")),
            patience_days: section.number("patience_days", days),
        }
    }
}

/// A form left by all people of a shopper, or by those whom the money reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) shopper: u32,
    pub(crate) line: u32,
    pub(crate) people: u32,
}

/// Forms that wait for a call, and orders that will follow one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desk {
    /// Step and form, in the order of arrival.
    waiting: VecDeque<(usize, Form)>,
    /// Calls that the team could not make whole in the steps before: parts of a shopper's people.
    calls: f64,
    /// Step of the order and its form.
    closing: VecDeque<(usize, Form)>,
}

impl Desk {
    /// One step: books the forms that came in (`rows` are `[lines]`), lets the team call, and books the orders that
    /// follow earlier calls, which are added to `orders`.
    pub(crate) fn play(
        &mut self,
        moment: Moment<'_>,
        forms: &[Form],
        shoppers: &mut Shoppers,
        rows: &mut [LineRow],
        orders: &mut Vec<Order>,
        shop: &mut ShopRow,
    ) {
        let Moment { world, step, .. } = moment;
        let Some(leads) = &world.market.industry.leads else { return };
        for form in forms {
            rows[form.line as usize].leads += u64::from(form.people);
            shop.leads += u64::from(form.people);
            // Whoever left a form looks no further.
            shoppers.flags[form.shopper as usize] |= flag::SATIATED;
            self.waiting.push_back((step, *form));
        }
        self.call(moment, leads, shoppers, shop);
        let merchant = &world.market.merchant;
        let value = Money::from_major(merchant.order_value);
        while let Some((_, form)) = self.closing.pop_front_if(|(due, _)| *due <= step) {
            let i = form.shopper as usize;
            let people = u64::from(form.people);
            let new = shoppers.recent_orders(i, &world.clock, step) == 0;
            let all = Money(value.0 * people as i64);
            shop.orders += people;
            shop.new_customers += if new { people } else { 0 };
            shop.won_back += if new && shoppers.has_ordered(i) { people } else { 0 };
            shop.revenue += all;
            shop.contribution += Money((all.0 as f64 * merchant.margin) as i64);
            shop.expected_orders += people as f64;
            shop.expected_new_customers += if new { people as f64 } else { 0.0 };
            shop.expected_revenue += all.major();
            shop.expected_contribution += all.major() * merchant.margin;
            buyers::order(moment, shoppers, i);
            orders.push(Order { shopper: form.shopper, product: 0, people, new, value, delay: 0 });
        }
    }

    fn call(&mut self, moment: Moment<'_>, leads: &Leads, shoppers: &Shoppers, shop: &mut ShopRow) {
        let Moment { world, step, key } = moment;
        let (key, step_days) = (key.with(purpose::LEADS), world.brief.step_days);
        // Calls that a team did not make are lost, but for those that do not make up one shopper's people.
        let most = (leads.calls_per_day * step_days).max(world.market.weight() as f64);
        self.calls = (self.calls + leads.calls_per_day * step_days).min(most);
        while let Some((came, form)) = self.waiting.front().copied() {
            let cold = (step - came) as f64 * step_days >= leads.patience_days;
            if !cold && self.calls < f64::from(form.people) {
                break;
            }
            self.waiting.pop_front();
            if cold {
                continue;
            }
            self.calls -= f64::from(form.people);
            let line = &world.market.lines[form.line as usize];
            if !is_qualified(leads, shoppers, form, key, line.lead_quality) {
                continue;
            }
            shop.qualified_leads += u64::from(form.people);
            let bits = shopper_bits(key.with(1), shoppers.number(form.shopper));
            if ((bits >> 40) as f64) < leads.close_rate * 16_777_216.0 {
                self.closing.push_back((step + libm::ceil(leads.close_days / step_days) as usize, form));
            }
        }
    }
}

/// What a form is worth, drawn once for a shopper and step.
fn is_qualified(leads: &Leads, shoppers: &Shoppers, form: Form, key: Key, line_quality: f64) -> bool {
    let flags = shoppers.flags[form.shopper as usize];
    let need = if flags & flag::IN_MARKET != 0 { 1.0 } else { 0.1 };
    let quality =
        if flags & (flag::HUNTER | flag::LEFT) != 0 { 0.0 } else { leads.quality * need * line_quality };
    let bits = mix(shopper_bits(key, shoppers.number(form.shopper)) ^ u64::from(form.line));
    ((bits >> 40) as f64) < quality * 16_777_216.0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::World;
    use crate::market::world::MarketWorld;

    const LEADS: Leads = Leads {
        form_rate: 1.0,
        quality: 1.0,
        close_rate: 1.0,
        close_days: 2.0,
        calls_per_day: 40.0,
        patience_days: 2.0,
    };

    /// A world of shoppers of 20 people each, all with a need, none a customer.
    fn world(leads: Leads, line_quality: f64) -> (Arc<MarketWorld>, Shoppers) {
        let scenario = crate::Scenario::load("new-customer").unwrap();
        let mut market = scenario.market().unwrap().as_ref().clone();
        market.industry.leads = Some(leads);
        market.lines[0].lead_quality = line_quality;
        let kind = crate::Kind::Market(Arc::new(market));
        let scenario = Arc::new(crate::Scenario { kind, ..scenario.as_ref().clone() });
        let world = World::draw(&scenario, 3).market_world().clone();
        let mut shoppers = world.shoppers.clone();
        shoppers.flags.fill(flag::IN_MARKET);
        shoppers.orders.iter_mut().for_each(|slot| slot.fill(0));
        (world, shoppers)
    }

    struct Office {
        world: Arc<MarketWorld>,
        shoppers: Shoppers,
        desk: Desk,
    }

    impl Office {
        fn new(leads: Leads, line_quality: f64) -> Self {
            let (world, shoppers) = world(leads, line_quality);
            Self { world, shoppers, desk: Desk::default() }
        }

        fn play(&mut self, step: usize, forms: &[Form]) -> (LineRow, ShopRow) {
            let moment = Moment { world: &self.world, step, key: Key::new(step as u64) };
            let (mut rows, mut shop) = (vec![LineRow::default(); 7], ShopRow::default());
            let mut orders = Vec::new();
            self.desk.play(moment, forms, &mut self.shoppers, &mut rows, &mut orders, &mut shop);
            assert_eq!(orders.iter().map(|order| order.people).sum::<u64>(), shop.orders);
            (rows[0], shop)
        }
    }

    fn forms(shoppers: std::ops::Range<u32>) -> Vec<Form> {
        shoppers.map(|shopper| Form { shopper, line: 0, people: 20 }).collect()
    }

    #[test]
    fn the_team_calls_in_order_and_what_waits_too_long_is_cold() {
        let mut office = Office::new(LEADS, 1.0);
        // Five forms of 20 people; two can be called a day, and after two days a form is cold.
        let (row, shop) = office.play(0, &forms(0..5));
        assert_eq!((row.leads, shop.leads, shop.qualified_leads), (100, 100, 40));
        assert_eq!(office.play(1, &[]).1.qualified_leads, 40);
        let (_, shop) = office.play(2, &[]);
        assert_eq!((shop.qualified_leads, shop.orders, shop.new_customers), (0, 40, 40));
        assert!(shop.contribution > Money::ZERO && shop.contribution < shop.revenue);
        assert_eq!(office.play(3, &[]).1.orders, 40);
        assert_eq!(office.play(9, &[]).1.orders, 0);
    }

    #[test]
    fn bad_forms_are_no_qualified_leads() {
        let busy = Leads { calls_per_day: 1e6, ..LEADS };
        let share = |quality: f64| {
            let (row, shop) = Office::new(busy, quality).play(0, &forms(0..4_000));
            assert_eq!(row.leads, 80_000);
            shop.qualified_leads as f64 / 80_000.0
        };
        assert_eq!((share(1.0), share(0.0)), (1.0, 0.0));
        // Four standard deviations of 4,000 draws.
        assert!((share(0.3) - 0.3).abs() < 4.0 * libm::sqrt(0.3 * 0.7 / 4_000.0), "{}", share(0.3));
    }
}
