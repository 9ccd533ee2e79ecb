//! The ledger: the record of money and outcomes of one episode. It holds the truth, so no agent sees it.

use serde::{Deserialize, Serialize};

use crate::deeplink::STAGES;
use crate::limits::Limits;
use crate::money::Money;

/// Defines a row of the ledger, and how rows of steps are added up: each column is summed unless it says `= last`, then it
/// is that of the last step, or `= no_sum`, then it stays empty. A column cannot be left out of the sums by mistake.
macro_rules! row {
    ($(#[$about:meta])* pub struct $Row:ident {
        $($(#[$column_about:meta])* pub $column:ident: $Type:ty $(= $rule:ident)?,)*
    }) => {
        $(#[$about])*
        pub struct $Row {
            $($(#[$column_about])* pub $column: $Type,)*
        }

        impl $Row {
            /// Adds a later row.
            fn add(&mut self, later: &Self) {
                $(row!(@add self.$column, later.$column $(, $rule)?);)*
            }
        }
    };
    (@add $sum:expr, $later:expr) => { $sum += $later };
    (@add $sum:expr, $later:expr, last) => { $sum = $later };
    (@add $sum:expr, $later:expr, no_sum) => {};
}

row! {
    /// One line in one step.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub struct LineRow {
        /// Money the guard granted.
        pub granted: Money,
        /// Money spent: the line's pricing rule applied to its events.
        pub spend: Money,
        /// Part of it that advertising credit paid, and no cash.
        pub credit: Money,
        /// Exposures delivered, people.
        pub impressions: u64,
        /// Clicks.
        pub clicks: u64,
        /// Engagements.
        pub engagements: u64,
        /// Favourites and carts at the line's contacts.
        #[serde(default, skip_serializing_if = "none")]
        pub carts: u64,
        /// Orders of this step that the report credits to the line, whenever their report arrives.
        pub credited_orders: u64,
        /// First orders in 365 days among them.
        pub credited_new_customers: u64,
        /// Value of the credited orders.
        pub credited_revenue: Money,
        /// People who joined as members at the line's contacts.
        pub joins: u64,
        /// People who left their particulars at the line's contacts.
        pub leads: u64,
        /// People who, after a click here, bought in the medium's own shop instead.
        #[serde(default, skip_serializing_if = "none")]
        pub leaked: u64,
        /// The agent's bid in millionths of the line's price unit; 0 where it named none.
        #[serde(default, skip_serializing_if = "none")]
        pub bid: u64 = no_sum,
    }
}

row! {
    /// The shop in one step: what happened, whoever caused it.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
    pub struct ShopRow {
        /// People who visited the shop's pages.
        pub visitors: u64,
        /// Orders.
        pub orders: u64,
        /// Orders of people without an order in the last 365 days.
        pub new_customers: u64,
        /// Value of the orders.
        pub revenue: Money,
        /// Orders of people whose last order is older than 365 days.
        pub won_back: u64,
        /// People who joined as members.
        pub joins: u64,
        /// Members who left again.
        pub leavers: u64,
        /// People who left their particulars.
        pub leads: u64,
        /// Those among them who can become customers.
        pub qualified_leads: u64,
        /// Value of earlier orders that was given back.
        pub refunds: Money,
        /// Margin of the orders, net of refunds, before coupons and advertising.
        pub contribution: Money,
        /// What coupons cost the merchant.
        pub coupons: Money,
        /// What coupons and red packets cost the platform.
        pub subsidies: Money,
        /// Cash back for spending much.
        pub rebate: Money,
        /// Deposits taken for orders to come. These columns stand in a file only where they are not zero.
        #[serde(default, skip_serializing_if = "none")]
        pub deposits: Money,
        /// Deposits of the orders whose balance was paid.
        #[serde(default, skip_serializing_if = "none")]
        pub balances: Money,
        /// Deposits given back, because the balance was never paid.
        #[serde(default, skip_serializing_if = "none")]
        pub deposit_refunds: Money,
        /// People who claimed a coupon at a click.
        #[serde(default, skip_serializing_if = "none")]
        pub coupons_claimed: u64,
        /// People who used a claimed coupon.
        #[serde(default, skip_serializing_if = "none")]
        pub coupons_redeemed: u64,
        /// People whose claimed coupon expired.
        #[serde(default, skip_serializing_if = "none")]
        pub coupons_expired: u64,
        /// People who hold a claimed coupon at the end of the step.
        #[serde(default, skip_serializing_if = "none")]
        pub coupons_held: u64 = last,
        /// People who were shown the brand for nothing, as the platform guaranteed.
        #[serde(default, skip_serializing_if = "none")]
        pub free_exposures: u64,
        /// Guaranteed exposures that were lost.
        #[serde(default, skip_serializing_if = "none")]
        pub expired_exposures: u64,
        /// Advertising credit that was lost.
        #[serde(default, skip_serializing_if = "none")]
        pub expired_credit: Money,
        /// Red packets that nobody can use any more.
        #[serde(default, skip_serializing_if = "none")]
        pub expired_red_packets: Money,
        /// Lost on stock that is left at the end.
        pub leftover: Money,
        /// Orders of people who found what they wanted sold out.
        #[serde(default, skip_serializing_if = "none")]
        pub lost_orders: u64,
        /// `[8]` people in each DEEPLINK stage at the end of the step, unreached first.
        pub stages: [u64; STAGES] = last,
        /// Worth of the product backed in the last step relative to the best one, where products are tested.
        pub verdict: f64 = last,
        /// Expectation of `orders` before the last draw.
        pub expected_orders: f64,
        /// Expectation of `contribution` before the last draw.
        pub expected_contribution: f64,
        /// Expectation of `new_customers` before the last draw of the step (whether a shopper ready to choose buys here).
        /// The same mean with less noise: what a learner may use as its reward.
        pub expected_new_customers: f64,
        /// Expectation of `revenue` before the last draw.
        pub expected_revenue: f64,
    }
}

impl LineRow {
    /// Several rows together; a bid is not summed.
    #[must_use]
    pub fn sum<'a>(rows: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut total = Self::default();
        rows.into_iter().for_each(|row| total.add(row));
        total
    }
}

/// Whether a figure is zero.
fn none<T: Default + PartialEq>(figure: &T) -> bool {
    *figure == T::default()
}

/// One product in one step. Goods are counted in people's orders: `stock` at the end of a step is that of the step
/// before, less `orders`, plus `returned` and `arrived`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRow {
    /// Orders.
    pub orders: u64,
    /// Value of the orders.
    pub revenue: Money,
    /// Orders of people who found it sold out.
    pub lost_orders: u64,
    /// Earlier orders that were given back.
    pub returned: u64,
    /// Their value.
    pub refunds: Money,
    /// Goods that arrived.
    pub arrived: u64,
    /// Stock at the end of the step; `None` where it is endless.
    pub stock: Option<u64>,
}

/// The record of one episode so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Money for the whole episode.
    pub budget: Money,
    /// Number of lines.
    pub lines: usize,
    /// `[8]` people in each DEEPLINK stage before the first step.
    pub opening_stages: [u64; STAGES],
    /// `[steps, lines]`, row by row.
    pub rows: Vec<LineRow>,
    /// `[steps]`
    pub shop: Vec<ShopRow>,
    /// `[steps, products]`, row by row; empty where products have no names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductRow>,
    /// `[steps]` price of the step's money by the guard's projection (major units), zero where no total limit bound.
    pub multipliers: Vec<f64>,
    /// Limits that had to give because they conflicted on the way.
    pub relaxations: u64,
}

impl Ledger {
    /// Steps recorded.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.shop.len()
    }

    /// The lines of one step.
    #[must_use]
    pub fn step(&self, step: usize) -> &[LineRow] {
        &self.rows[step * self.lines..(step + 1) * self.lines]
    }

    /// The products of one step; none where products have no names.
    #[must_use]
    pub fn products_in(&self, step: usize) -> &[ProductRow] {
        let products = self.products.len() / self.steps().max(1);
        &self.products[step * products..(step + 1) * products]
    }

    /// Money spent so far.
    #[must_use]
    pub fn spend(&self) -> Money {
        self.rows.iter().map(|row| row.spend).sum()
    }

    /// Cash spent so far: what credit paid is left out.
    #[must_use]
    pub fn cash(&self) -> Money {
        self.rows.iter().map(|row| row.spend - row.credit).sum()
    }

    /// Sums over the episode for one line (`granted` included; a bid is not summed).
    #[must_use]
    pub fn line(&self, line: usize) -> LineRow {
        let mut total = LineRow::default();
        self.rows.iter().skip(line).step_by(self.lines).for_each(|row| total.add(row));
        total
    }

    /// Sums over the episode for all lines together.
    #[must_use]
    pub fn total(&self) -> LineRow {
        LineRow::sum(&self.rows)
    }

    /// Sums over the episode for the shop; `stages`, `verdict` and `coupons_held` are those of the last step.
    #[must_use]
    pub fn shop(&self) -> ShopRow {
        let mut total = ShopRow::default();
        self.shop.iter().for_each(|row| total.add(row));
        total
    }

    /// Credited revenue per unit of spend: what the merchant is shown once every report has arrived. `None` at zero
    /// spend.
    #[must_use]
    pub fn return_on_spend(&self) -> Option<f64> {
        let spend = self.spend();
        let revenue: Money = self.rows.iter().map(|row| row.credited_revenue).sum();
        (spend > Money::ZERO).then(|| revenue.major() / spend.major())
    }

    /// Money granted to each line in each step, to be replayed.
    #[must_use]
    pub fn granted(&self) -> Vec<Vec<Money>> {
        (0..self.steps()).map(|step| self.step(step).iter().map(|row| row.granted).collect()).collect()
    }

    /// `[steps][lines]` the agent's bids in millionths of the line's price unit, to be replayed with the money.
    #[must_use]
    pub fn bids(&self) -> Vec<Vec<u64>> {
        (0..self.steps()).map(|step| self.step(step).iter().map(|row| row.bid).collect()).collect()
    }

    /// How many hard limits were broken: 0 by construction, counted all the same.
    #[must_use]
    pub fn violations(&self, limits: &Limits) -> u64 {
        let mut broken = u64::from(self.cash() > self.budget);
        for group in &limits.groups {
            let spent: Money = group.lines.iter().map(|line| self.line(*line).spend).sum();
            broken += u64::from(spent > group.most);
        }
        let mut cash = Money::ZERO;
        for step in 0..self.steps() {
            let rows = self.step(step);
            cash += rows.iter().map(|row| row.spend - row.credit).sum::<Money>();
            broken += u64::from(cash > self.budget - limits.held(step));
            let granted: Money = rows.iter().map(|row| row.granted).sum();
            broken += u64::from(limits.step_cap.is_some_and(|cap| granted > cap));
            for (row, limit) in rows.iter().zip(&limits.lines) {
                let closed = step < limit.first_step || step >= limit.end_step;
                broken += u64::from(row.spend < Money::ZERO || row.granted < Money::ZERO);
                broken += u64::from(closed && row.granted > Money::ZERO);
                broken += u64::from(limit.cap.is_some_and(|cap| row.granted > cap));
            }
        }
        broken
    }
}
