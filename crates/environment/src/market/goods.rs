//! What the shop sells: products with stock, refunds and mark-downs, and the sales rank and rating that feed back into
//! free traffic.
//!
//! Stock is sold in the fixed order of shoppers and never falls below zero. A shopper who finds a product sold out goes
//! to a rival. What is given back, what arrives and what is ordered is booked after the sales of a step.

use super::goods_parts::{Clearance, MOST_PRODUCTS, Product, Rank, Rating, Restock};
use super::settings::{Market, Merchant};
use super::shoppers::{Shoppers, VIEWED};
use super::world::MarketWorld;
use crate::draws::{Key, normal_quantile};
use crate::ledger::{ProductRow, ShopRow};
use crate::money::Money;
use crate::observation::{Brief, ShopReport};

/// No product, in [`Shoppers::in_view`].
pub(crate) const NO_PRODUCT: u8 = u8::MAX;

/// What a world has drawn of the products, and of where the rating goes.
#[derive(Debug)]
pub(crate) struct GoodsWorld {
    /// At least one; the only one may have no name.
    pub(crate) products: Vec<ProductWorld>,
    /// Whether the products have names, and books of their own.
    named: bool,
    rank: Option<Rank>,
    rating: Option<Rating>,
    quality: f64,
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
    stock: Option<u64>,
    restock: Option<Restock>,
    restock_steps: usize,
    launch_step: usize,
    refund_rate: f64,
    refund_steps: usize,
    leftover_cost: f64,
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
    fn margin_in(&self, step: usize) -> f64 {
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
    /// `[products]`
    pub(crate) orders: [u64; MOST_PRODUCTS],
}

/// Stock, refunds to come, rank and rating of one episode.
#[derive(Debug, Clone)]
pub(crate) struct Shelves {
    /// `[products]` the step's book; the stock goes on.
    rows: Vec<ProductRow>,
    /// `[products]` step in which an order of goods can be sold.
    on_the_way: Vec<Option<usize>>,
    /// `[longest refund + 1, products]` what will be given back, by step; empty where nothing ever is.
    returns: Vec<Returns>,
    /// Smoothed orders a day.
    sales: f64,
    rating: f64,
}

/// Orders to be given back.
#[derive(Debug, Clone, Copy, Default)]
struct Returns {
    people: u64,
    value: Money,
    margin: Money,
}

impl Shelves {
    pub(crate) fn new(goods: &GoodsWorld) -> Self {
        let products = goods.products.len();
        let refunded = goods.products.iter().filter(|product| product.refund_rate > 0.0);
        let ring = refunded.map(|product| product.refund_steps + 1).max().unwrap_or(0);
        let row = |product: &ProductWorld| ProductRow { stock: product.stock, ..ProductRow::default() };
        Self {
            rows: goods.products.iter().map(row).collect(),
            on_the_way: vec![None; products],
            returns: vec![Returns::default(); ring * products],
            sales: 0.0,
            rating: goods.rating.map_or(1.0, |rating| rating.start),
        }
    }

    /// Begins the book of a step.
    pub(crate) fn open(&mut self) {
        for row in &mut self.rows {
            *row = ProductRow { stock: row.stock, ..ProductRow::default() };
        }
    }

    /// Factor on free exposure: rating, and rank by smoothed orders `s` as `1 + gain * s / (s + threshold)`.
    pub(crate) fn exposure(&self, goods: &GoodsWorld) -> f64 {
        let rank = |rank: Rank| 1.0 + rank.gain * self.sales / (self.sales + rank.orders_per_day);
        self.rating * goods.rank.map_or(1.0, rank)
    }

    /// What shoppers find in `step`.
    pub(crate) fn offer(&self, world: &MarketWorld, step: usize) -> Offer {
        let products = &world.goods.products;
        let mut offer = Offer {
            below: [0; MOST_PRODUCTS],
            pull: [0.0; MOST_PRODUCTS],
            products: products.len(),
            stamp: world.clock.stamp(step),
            window: world.clock.windows[VIEWED],
        };
        let mut sum = 0.0;
        let mut sums = [0.0; MOST_PRODUCTS];
        for (place, product) in products.iter().enumerate() {
            if step >= product.launch_step {
                let marked = product.cleared(step).map_or(1.0, |clearance| clearance.pull);
                offer.pull[place] = product.appeal * marked * self.rating;
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

    /// People of `people` for whom there is stock.
    #[inline]
    pub(crate) fn available(&self, product: usize, people: u64) -> u64 {
        self.rows[product].stock.map_or(people, |stock| stock.min(people))
    }

    /// Sells one order each to `people`, of whom `refunded` will give it back; `lost` more found nothing left.
    pub(crate) fn sell(&mut self, goods: &GoodsWorld, step: usize, sale: Sale, shop: &mut ShopRow) {
        let Sale { product, people, lost, refunded, value } = sale;
        let margin = Money((value.0 as f64 * goods.products[product].margin_in(step)) as i64);
        let row = &mut self.rows[product];
        row.stock = row.stock.map(|stock| stock.saturating_sub(people));
        row.orders += people;
        row.lost_orders += lost;
        row.revenue += Money(value.0 * people as i64);
        shop.orders += people;
        shop.lost_orders += lost;
        shop.revenue += Money(value.0 * people as i64);
        shop.contribution += Money(margin.0 * people as i64);
        if refunded > 0 {
            let products = self.rows.len();
            let ring = self.returns.len() / products;
            let due = (step + goods.products[product].refund_steps) % ring;
            let returns = &mut self.returns[due * products + product];
            returns.people += refunded;
            returns.value += Money(value.0 * refunded as i64);
            returns.margin += Money(margin.0 * refunded as i64);
        }
    }

    /// Ends the book of a step: goods are given back, arrive and are ordered; rank and rating move.
    ///
    /// In the last step everything that is still to be given back is, so that the books are complete, and what is left
    /// in stock is paid for. Goods on their way are not.
    pub(crate) fn close(&mut self, world: &MarketWorld, step: usize, shop: &mut ShopRow) {
        let goods = &world.goods;
        let last = step + 1 == world.brief.steps;
        let products = self.rows.len();
        let ring = self.returns.len() / products;
        for slot in 0..ring {
            if last || slot == step % ring {
                for product in 0..products {
                    let returns = std::mem::take(&mut self.returns[slot * products + product]);
                    let row = &mut self.rows[product];
                    row.returned += returns.people;
                    row.refunds += returns.value;
                    row.stock = row.stock.map(|stock| stock + returns.people);
                    shop.refunds += returns.value;
                    shop.contribution -= returns.margin;
                }
            }
        }
        for ((row, product), on_the_way) in
            self.rows.iter_mut().zip(&goods.products).zip(&mut self.on_the_way)
        {
            let Some(stock) = &mut row.stock else { continue };
            if let Some(restock) = product.restock {
                if on_the_way.is_none() && *stock <= restock.at {
                    *on_the_way = Some(step + product.restock_steps);
                }
                if *on_the_way == Some(step + 1) && !last {
                    *on_the_way = None;
                    row.arrived += restock.quantity;
                    *stock += restock.quantity;
                }
            }
            if last {
                shop.leftover += Money::from_major(product.leftover_cost * *stock as f64);
            }
        }
        let orders = self.rows.iter().map(|row| row.orders).sum::<u64>() as f64;
        if let Some(rank) = goods.rank {
            let keep = libm::exp(-world.brief.step_days / rank.memory_days);
            self.sales = keep * self.sales + (1.0 - keep) * orders / world.brief.step_days;
        }
        if let Some(rating) = goods.rating {
            let distance = libm::pow(1.0 - rating.speed, orders / 1_000.0);
            self.rating = goods.quality + (self.rating - goods.quality) * distance;
        }
    }

    /// `[products]` the book of the last step; empty where products have no names.
    pub(crate) fn rows<'a>(&'a self, goods: &GoodsWorld) -> &'a [ProductRow] {
        if goods.named { &self.rows } else { &[] }
    }

    /// Fills in what the merchant sees of stock, orders by product, and rating.
    pub(crate) fn show(&self, goods: &GoodsWorld, report: &mut ShopReport) {
        let rows = self.rows(goods);
        report.products.clear();
        report.products.extend(rows.iter().map(|row| row.orders));
        report.stock.clear();
        if rows.iter().any(|row| row.stock.is_some()) {
            report.stock.extend(rows.iter().map(|row| row.stock.unwrap_or(u64::MAX)));
        }
        report.rating = goods.rating.map(|_| self.rating);
    }
}

/// What a shopper's people buy of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sale {
    pub(crate) product: usize,
    pub(crate) people: u64,
    pub(crate) lost: u64,
    pub(crate) refunded: u64,
    /// Value of one person's order.
    pub(crate) value: Money,
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
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::market::settings::Goods;
    use crate::reader::Uncertain;
    use crate::scenario::Kind;
    use crate::{Scenario, World};

    fn product(name: &str) -> Product {
        let merchant = Scenario::load("new-customer").unwrap().market().unwrap().merchant.clone();
        Product { name: name.into(), ..unnamed(&merchant) }
    }

    /// The average world of a merchant with other goods.
    fn world(goods: Goods) -> Arc<MarketWorld> {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(100);
        let mut market = scenario.market().unwrap().as_ref().clone();
        market.merchant.goods = goods;
        let scenario =
            Arc::new(Scenario { kind: Kind::Market(Arc::new(market)), ..scenario.as_ref().clone() });
        World::average(&scenario).market_world().clone()
    }

    fn sale(product: usize, people: u64, refunded: u64) -> Sale {
        Sale { product, people, lost: 0, refunded, value: Money(10_000) }
    }

    #[test]
    fn sales_rank_by_hand() {
        let rank = Rank { orders_per_day: 100.0, gain: 2.0, memory_days: 10.0 };
        let world = world(Goods { rank: Some(rank), ..Goods::default() });
        let mut shelves = Shelves::new(&world.goods);
        assert_eq!(shelves.exposure(&world.goods), 1.0);
        let mut shop = ShopRow::default();
        shelves.open();
        shelves.sell(&world.goods, 0, sale(0, 50, 0), &mut shop);
        shelves.close(&world, 0, &mut shop);
        // 50 * (1 - exp(-1/10)) = 4.758129 smoothed orders a day: 1 + 2 * 4.758129 / 104.758129.
        assert!((shelves.exposure(&world.goods) - 1.090_840_2).abs() < 1e-6);
        // At the threshold half of the gain is reached.
        shelves.sales = 100.0;
        assert_eq!(shelves.exposure(&world.goods), 2.0);
        // Without sales it fades by exp(-1/10): 1 + 2 * 90.483742 / 190.483742.
        shelves.open();
        shelves.close(&world, 1, &mut shop);
        assert!((shelves.exposure(&world.goods) - 1.950_042_1).abs() < 1e-6);
    }

    #[test]
    fn rating_by_hand() {
        let rating = Rating { start: 0.8, quality: Uncertain::Fixed(1.2), speed: 0.5 };
        let world = world(Goods { rating: Some(rating), ..Goods::default() });
        let mut shelves = Shelves::new(&world.goods);
        let mut shop = ShopRow::default();
        assert_eq!((shelves.exposure(&world.goods), shelves.offer(&world, 0).pull[0]), (0.8, 0.8));
        shelves.close(&world, 0, &mut shop);
        assert_eq!(shelves.exposure(&world.goods), 0.8, "nobody has reviewed anything");
        shelves.sell(&world.goods, 1, sale(0, 2_000, 0), &mut shop);
        shelves.close(&world, 1, &mut shop);
        // Two thousand orders close three quarters of the distance of 0.4.
        assert!((shelves.exposure(&world.goods) - 1.1).abs() < 1e-12);
        assert!((shelves.offer(&world, 2).pull[0] - 1.1).abs() < 1e-12);
    }

    #[test]
    fn goods_are_ordered_when_stock_is_low_and_arrive_after_their_lead() {
        let restock = Some(Restock { quantity: 60, lead_days: 3.0, at: 40 });
        let product = Product { stock: Some(100), restock, ..product("a") };
        let world = world(Goods { products: vec![product], ..Goods::default() });
        let mut shelves = Shelves::new(&world.goods);
        let mut shop = ShopRow::default();
        let sold = [59, 1, 10, 0, 0, 5, 30, 0, 0];
        // Ordered at the end of step 1, on sale from step 4: the stock that is seen before it has them.
        let wanted = [41, 40, 30, 90, 90, 85, 55, 55, 55].map(Some);
        for step in 0..9 {
            shelves.open();
            shelves.sell(&world.goods, step, sale(0, sold[step], 0), &mut shop);
            shelves.close(&world, step, &mut shop);
            assert_eq!(shelves.rows[0].stock, wanted[step], "step {step}");
        }
    }

    #[test]
    fn refunds_come_when_they_are_due_and_the_rest_at_the_end() {
        let refunds = Product { stock: Some(100), refund_rate: 0.5, refund_days: 2.0, ..product("a") };
        let world = world(Goods { products: vec![refunds], ..Goods::default() });
        let mut shelves = Shelves::new(&world.goods);
        let mut given_back = Vec::new();
        for (step, people) in [(0, 10), (1, 0), (2, 20), (3, 0), (30, 8), (31, 6)] {
            let mut shop = ShopRow::default();
            shelves.open();
            shelves.sell(&world.goods, step, sale(0, people, people / 2), &mut shop);
            shelves.close(&world, step, &mut shop);
            given_back.push(shop.refunds.0 / 10_000);
        }
        // What was sold in step 2 is due in step 4, which is left out here, and so settled with the rest.
        assert_eq!(given_back, [0, 0, 5, 0, 0, 10 + 4 + 3]);
        assert_eq!(shelves.rows[0].stock, Some(100 - 44 + 22));
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
        let shelves = Shelves::new(&world.goods);
        let (before, after) = (shelves.offer(&world, 3), shelves.offer(&world, 4));
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
        assert_eq!(shelves.offer(&world, lapsed - 1).wanted(&shoppers, 0, 0), Some(1));
        assert_eq!(shelves.offer(&world, lapsed).wanted(&shoppers, 0, 0), Some(0));
    }
}
