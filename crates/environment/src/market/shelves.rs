//! The shop's books of goods: stock, what comes back, what is ordered, and the sales rank and rating that feed back
//! into free traffic.
//!
//! Stock is sold in the fixed order of shoppers and never falls below zero. A shopper who finds a product sold out goes
//! to a rival. What is given back, what arrives and what is ordered is booked after the sales of a step.

use super::goods::{GoodsWorld, ProductWorld};
use super::goods_parts::Rank;
use super::world::MarketWorld;
use crate::ledger::{ProductRow, ShopRow};
use crate::money::Money;
use crate::observation::ShopReport;

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

    /// Rating of the shop: 1 is usual, and stays so where nothing is rated.
    pub(crate) fn rating(&self) -> f64 {
        self.rating
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

    /// The same shelves with nothing sold, for shoppers who are played apart.
    pub(crate) fn beside(&self) -> Self {
        let mut shelves = self.clone();
        shelves.open();
        shelves.returns.fill(Returns::default());
        shelves
    }

    /// Adds what was sold from shelves [beside](Self::beside) these.
    pub(crate) fn add(&mut self, other: &Self) {
        for (row, other) in self.rows.iter_mut().zip(&other.rows) {
            row.stock = row.stock.map(|stock| stock.saturating_sub(other.orders));
            row.orders += other.orders;
            row.lost_orders += other.lost_orders;
            row.revenue += other.revenue;
        }
        for (returns, other) in self.returns.iter_mut().zip(&other.returns) {
            returns.people += other.people;
            returns.value += other.value;
            returns.margin += other.margin;
        }
    }

    /// `[products]` what is in stock; the largest number where there is no end of it.
    pub(crate) fn stock(&self) -> impl Iterator<Item = i64> {
        let amount = |stock: u64| i64::try_from(stock).unwrap_or(i64::MAX);
        self.rows.iter().map(move |row| row.stock.map_or(i64::MAX, amount))
    }

    /// Sets what is in stock of products whose stock has an end.
    pub(crate) fn restock(&mut self, amounts: &mut impl Iterator<Item = i64>) {
        for (row, amount) in self.rows.iter_mut().zip(amounts) {
            row.stock = row.stock.map(|_| amount as u64);
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

#[cfg(test)]
mod tests {
    use super::super::goods::tests::{product, world};
    use super::*;
    use crate::market::settings::{Goods, Product, Rating, Restock};
    use crate::reader::Uncertain;

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
        let pull = |shelves: &Shelves| world.goods.offer(&world.clock, 0, shelves.rating()).pull[0];
        let mut shop = ShopRow::default();
        assert_eq!((shelves.exposure(&world.goods), pull(&shelves)), (0.8, 0.8));
        shelves.close(&world, 0, &mut shop);
        assert_eq!(shelves.exposure(&world.goods), 0.8, "nobody has reviewed anything");
        shelves.sell(&world.goods, 1, sale(0, 2_000, 0), &mut shop);
        shelves.close(&world, 1, &mut shop);
        // Two thousand orders close three quarters of the distance of 0.4.
        assert!((shelves.exposure(&world.goods) - 1.1).abs() < 1e-12);
        assert!((pull(&shelves) - 1.1).abs() < 1e-12);
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
}
