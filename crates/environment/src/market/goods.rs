//! What the shop sells: products with their hidden appeal, what is on offer in a step, and which of it a shopper wants.

use std::ops::AddAssign;

use super::clock::Clock;
use super::goods_parts::{Clearance, MOST_PRODUCTS, Product, Rank, Rating, Restock};
use super::settings::{Market, Merchant};
use super::shoppers::{Shoppers, VIEWED};
use super::world::MarketWorld;
use crate::draws::{Key, normal_quantile};
use crate::ledger::ShopRow;
use crate::money::Money;
use crate::observation::Brief;

/// No product, in [`Shoppers::in_view`].
pub(crate) const NO_PRODUCT: u8 = u8::MAX;

/// What a world has drawn of the products, and of where the rating goes.
#[derive(Debug)]
pub(crate) struct GoodsWorld {
    /// At least one; the only one may have no name.
    pub(crate) products: Vec<ProductWorld>,
    /// Whether the products have names, and books of their own.
    pub(crate) named: bool,
    pub(crate) rank: Option<Rank>,
    pub(crate) rating: Option<Rating>,
    /// Where the rating goes.
    pub(crate) quality: f64,
}

/// A product with its hidden appeal drawn.
#[derive(Debug)]
pub(crate) struct ProductWorld {
    pub(crate) appeal: f64,
    /// Mean value of an order, major units.
    pub(crate) price: f64,
    pub(crate) margin: f64,
    /// `[256]` order values in minor units, by quantile.
    order_values: Vec<i64>,
    interest: f64,
    pub(crate) stock: Option<u64>,
    pub(crate) restock: Option<Restock>,
    pub(crate) restock_steps: usize,
    launch_step: usize,
    pub(crate) refund_rate: f64,
    pub(crate) refund_steps: usize,
    pub(crate) leftover_cost: f64,
    clearance: Option<Clearance>,
    clearance_step: usize,
}

impl GoodsWorld {
    /// Draws appeals and quality from the key of a name; without keys they are at their medians.
    pub(crate) fn build(brief: &Brief, market: &Market, named: impl Fn(&str) -> Option<Key>) -> Self {
        let merchant = &market.merchant;
        let goods = &merchant.goods;
        let product = |product: &Product| {
            let appeal = product.appeal.draw(named("product").map(|key| key.with_name(&product.name)));
            ProductWorld::build(brief, merchant, product, appeal)
        };
        let mut products: Vec<ProductWorld> = goods.products.iter().map(product).collect();
        if products.is_empty() {
            products.push(ProductWorld::build(brief, merchant, &unnamed(merchant), 1.0));
        }
        Self {
            products,
            named: !goods.products.is_empty(),
            rank: goods.rank,
            rating: goods.rating,
            quality: goods.rating.map_or(1.0, |rating| rating.quality.draw(named("rating"))),
        }
    }

    /// What shoppers find in `step`, in a shop of this rating.
    pub(crate) fn offer(&self, clock: &Clock, step: usize, rating: f64) -> Offer {
        let products = &self.products;
        let mut offer = Offer {
            below: [0; MOST_PRODUCTS],
            pull: [0.0; MOST_PRODUCTS],
            products: products.len(),
            stamp: clock.stamp(step),
            window: clock.windows[VIEWED],
        };
        let mut sum = 0.0;
        let mut sums = [0.0; MOST_PRODUCTS];
        for (place, product) in products.iter().enumerate() {
            if step >= product.launch_step {
                let marked = product.cleared(step).map_or(1.0, |clearance| clearance.pull);
                offer.pull[place] = product.appeal * marked * rating;
                // Whoever comes to a shop with one product wants that one.
                sum += if products.len() == 1 { 1.0 } else { product.interest * product.appeal };
            }
            sums[place] = sum;
        }
        if sum > 0.0 {
            offer.below = sums.map(|below| (65_536.0 * below / sum) as u32);
        }
        offer
    }
}

/// The product of a merchant without any.
fn unnamed(merchant: &Merchant) -> Product {
    Product {
        name: String::new(),
        price: merchant.order_value,
        price_log_sd: None,
        margin: merchant.margin,
        interest: 1.0,
        appeal: crate::reader::Uncertain::Fixed(1.0),
        stock: None,
        restock: None,
        launch_day: 0.0,
        refund_rate: 0.0,
        refund_days: 0.0,
        leftover_cost: 0.0,
        clearance: None,
    }
}

impl ProductWorld {
    fn build(brief: &Brief, merchant: &Merchant, product: &Product, appeal: f64) -> Self {
        let step_of = |day: f64| libm::round(day / brief.step_days) as usize;
        // What takes time takes a step at least.
        let steps = |days: f64| (libm::ceil(days / brief.step_days) as usize).max(1);
        Self {
            appeal,
            price: product.price,
            margin: product.margin,
            order_values: order_values(
                product.price,
                product.price_log_sd.unwrap_or(merchant.order_value_log_sd),
            ),
            interest: product.interest,
            stock: product.stock,
            restock: product.restock,
            restock_steps: product.restock.map_or(1, |restock| steps(restock.lead_days)),
            launch_step: step_of(product.launch_day),
            refund_rate: product.refund_rate,
            refund_steps: steps(product.refund_days),
            leftover_cost: product.leftover_cost,
            clearance: product.clearance,
            clearance_step: product.clearance.map_or(usize::MAX, |clearance| step_of(clearance.day)),
        }
    }

    fn cleared(&self, step: usize) -> Option<Clearance> {
        self.clearance.filter(|_| step >= self.clearance_step)
    }

    /// Share of an order's value that is left after the cost of goods, which a mark-down does not lower.
    pub(crate) fn margin_in(&self, step: usize) -> f64 {
        self.cleared(step).map_or(self.margin, |clearance| 1.0 - (1.0 - self.margin) / clearance.price)
    }

    /// Mean value of an order, major units.
    fn price_in(&self, step: usize) -> f64 {
        self.price * self.cleared(step).map_or(1.0, |clearance| clearance.price)
    }

    /// Of `people` who buy, those who will give it back: their share, rounded up with the chance of the rest. `draw` is a
    /// field of 16 bits.
    pub(crate) fn refunded(&self, people: u64, draw: u32) -> u64 {
        (people as f64 * self.refund_rate + f64::from(draw) / 65_536.0) as u64
    }

    /// Value of an order at one of 256 quantiles.
    pub(crate) fn value(&self, step: usize, quantile: usize) -> Money {
        let value = self.order_values[quantile];
        let marked = |clearance: Clearance| libm::round(value as f64 * clearance.price) as i64;
        Money(self.cleared(step).map_or(value, marked))
    }
}

/// Log-normal order values at 256 quantiles, scaled to the stated mean.
fn order_values(mean: f64, log_sd: f64) -> Vec<i64> {
    let shape: Vec<f64> =
        (0..256).map(|i| libm::exp(log_sd * normal_quantile((f64::from(i) + 0.5) / 256.0))).collect();
    let mean_shape: f64 = shape.iter().sum::<f64>() / 256.0;
    shape.iter().map(|value| Money::from_major(mean * value / mean_shape).0).collect()
}

/// What is on offer in one step.
#[derive(Debug)]
pub(crate) struct Offer {
    /// `[products]` chance, in 65,536ths, that a shopper with none in view wants it or one before it.
    below: [u32; MOST_PRODUCTS],
    /// `[products]` factor on the brand's pull; 0 before the launch.
    pub(crate) pull: [f64; MOST_PRODUCTS],
    products: usize,
    /// Stamp of the step, and for how long a viewed product stays in view.
    stamp: u16,
    window: u16,
}

impl Offer {
    /// The product that shopper `i` wants, if any is on sale. `draw` is a field of 16 bits.
    #[inline]
    pub(crate) fn wanted(&self, shoppers: &Shoppers, i: usize, draw: u32) -> Option<usize> {
        if let Some(product) = shoppers.in_view.get(i) {
            let viewed = shoppers.contact[VIEWED][i];
            let product = usize::from(*product);
            let in_view = viewed > 0 && self.stamp - viewed < self.window;
            if in_view && product < self.products && self.pull[product] > 0.0 {
                return Some(product);
            }
        }
        self.below[..self.products].iter().position(|below| draw < *below)
    }
}

/// Expectations of a step, in 2^-32 shoppers, before the last draws.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    pub(crate) new_customers: u64,
    /// Orders in the category, from anybody.
    pub(crate) trades: u64,
    /// `[products]`
    pub(crate) orders: [u64; MOST_PRODUCTS],
}

impl AddAssign for Expected {
    fn add_assign(&mut self, other: Self) {
        self.new_customers += other.new_customers;
        self.trades += other.trades;
        self.orders.iter_mut().zip(other.orders).for_each(|(sum, orders)| *sum += orders);
    }
}

/// Writes the expectations of a step, given what each product sells for and how much of it comes back.
pub(crate) fn expect(world: &MarketWorld, step: usize, expected: &Expected, shop: &mut ShopRow) {
    let scale = world.market.weight() as f64 / 4_294_967_296.0;
    shop.expected_new_customers = expected.new_customers as f64 * scale;
    shop.expected_orders = expected.orders.iter().sum::<u64>() as f64 * scale;
    for (product, orders) in world.goods.products.iter().zip(expected.orders) {
        let revenue = orders as f64 * scale * product.price_in(step);
        shop.expected_revenue += revenue;
        shop.expected_contribution += revenue * product.margin_in(step) * (1.0 - product.refund_rate);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::market::settings::Goods;
    use crate::reader::Uncertain;
    use crate::scenario::Kind;
    use crate::{Scenario, World};

    pub(crate) fn product(name: &str) -> Product {
        let merchant = Scenario::load("new-customer").unwrap().market().unwrap().merchant.clone();
        Product { name: name.into(), ..unnamed(&merchant) }
    }

    /// The average world of a merchant with other goods.
    pub(crate) fn world(goods: Goods) -> Arc<MarketWorld> {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(100);
        let mut market = scenario.market().unwrap().as_ref().clone();
        market.merchant.goods = goods;
        let scenario =
            Arc::new(Scenario { kind: Kind::Market(Arc::new(market)), ..scenario.as_ref().clone() });
        World::average(&scenario).market_world().clone()
    }

    #[test]
    fn what_is_left_of_revenue_by_hand() {
        let some = |interest, price, margin, refund_rate| Product {
            interest,
            price,
            margin,
            refund_rate,
            ..product("some")
        };
        let goods = Goods {
            products: vec![some(1.0, 100.0, 0.5, 0.0), some(3.0, 200.0, 0.6, 0.5)],
            ..Goods::default()
        };
        // (1 * 100 * 0.5 + 3 * 200 * 0.6 * 0.5) / (1 * 100 + 3 * 200).
        assert!((goods.net_margin().unwrap() - 230.0 / 700.0).abs() < 1e-12);
        assert_eq!(Goods::default().net_margin(), None);
    }

    #[test]
    fn part_of_a_person_is_given_back_by_chance() {
        let quarter = Product { refund_rate: 0.25, refund_days: 1.0, ..product("a") };
        let world = world(Goods { products: vec![quarter], ..Goods::default() });
        let product = &world.goods.products[0];
        assert_eq!([0, 32_767, 32_768, 65_535].map(|draw| product.refunded(10, draw)), [2, 2, 3, 3]);
        assert_eq!(product.refunded(100, 65_535), 25);
    }

    #[test]
    fn shoppers_choose_among_what_is_on_sale_unless_they_have_something_in_view() {
        let products = vec![
            Product { interest: 3.0, ..product("a") },
            Product { interest: 1.0, appeal: Uncertain::Fixed(2.0), launch_day: 4.0, ..product("b") },
            Product { interest: 5.0, ..product("c") },
        ];
        let world = world(Goods { products, ..Goods::default() });
        let mut shoppers = world.shoppers.clone();
        let offer = |step| world.goods.offer(&world.clock, step, 1.0);
        let (before, after) = (offer(3), offer(4));
        // 3 of 8, then 3 : 1 * 2 : 5 of 10.
        assert_eq!(before.below[..3], [24_576, 24_576, 65_536]);
        assert_eq!(after.below[..3], [19_660, 32_768, 65_536]);
        assert_eq!(after.pull[..3], [1.0, 2.0, 1.0]);
        assert_eq!(
            (before.wanted(&shoppers, 0, 24_575), before.wanted(&shoppers, 0, 24_576)),
            (Some(0), Some(2))
        );
        // A click on a line of `b` on day 3: in view from the launch on, until the view lapses.
        shoppers.touch(0, VIEWED, &world.clock, 3);
        shoppers.in_view[0] = 1;
        assert_eq!((before.wanted(&shoppers, 0, 0), after.wanted(&shoppers, 0, 0)), (Some(0), Some(1)));
        let lapsed = 3 + usize::from(world.clock.windows[VIEWED]);
        assert_eq!(offer(lapsed - 1).wanted(&shoppers, 0, 0), Some(1));
        assert_eq!(offer(lapsed).wanted(&shoppers, 0, 0), Some(0));
    }
}
