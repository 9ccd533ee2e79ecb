//! What runs out in the order of shoppers, where they are played in shards: stock, and the pools of coupons and red packets.
//!
//! Who visits the platform comes before who arrives from elsewhere, and those in the order of what brought them; so the
//! sales of a shard come in groups, and the first group of every shard is before the second of any. How much of everything is
//! there for a group is agreed on like the last bin of a line (see [`super::agreement`]).

use super::benefits::Till;
use super::settings::Market;
use super::shelves::Shelves;

/// How much is there of everything that can run out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stores(Vec<i64>);

impl Stores {
    /// Whether anything can run out.
    pub(crate) fn are_limited(market: &Market) -> bool {
        market.merchant.goods.products.iter().any(|product| product.stock.is_some())
            || market.benefits.coupons.iter().any(|coupon| coupon.pool.is_some())
            || market.benefits.red_packets.is_some()
    }

    /// What stands on the shelves and in the till.
    pub(crate) fn of(shelves: &Shelves, till: &Till) -> Self {
        Self(shelves.stock().chain(till.pools()).collect())
    }

    /// Puts it there.
    pub(crate) fn fill(&self, shelves: &mut Shelves, till: &mut Till) {
        let mut amounts = self.0.iter().copied();
        shelves.restock(&mut amounts);
        till.refill(&mut amounts);
    }

    /// Puts what is left of pools into the till; stock is what was not sold.
    pub(crate) fn fill_pools(&self, till: &mut Till) {
        let pools = till.pools().count();
        till.refill(&mut self.0[self.0.len().saturating_sub(pools)..].iter().copied());
    }

    /// What has been taken since it was `before`.
    pub(crate) fn taken_from(&self, before: &Self) -> Self {
        Self(before.0.iter().zip(&self.0).map(|(before, now)| before - now).collect())
    }

    /// What is left after something has been taken.
    pub(crate) fn after(&self, taken: &Self) -> Self {
        Self(self.0.iter().zip(&taken.0).map(|(amount, taken)| (amount - taken).max(0)).collect())
    }

    /// Whether those who took this from here would have done the same with the other: there is as much of everything, or
    /// more than enough of it in both. `people` is how many one shopper stands for.
    pub(crate) fn is_like(&self, other: &Self, taken: &Self, people: i64) -> bool {
        self.0.iter().zip(&other.0).zip(&taken.0).all(|((amount, other), taken)| {
            amount == other || (amount - taken >= people && other - taken >= people)
        })
    }
}
