//! Money that is not cash, at the moment of purchase: coupons (优惠券), red packets (红包) and the members' price.
//!
//! Each lowers the price of an order and so raises the logarithm of the brand's pull by `sensitivity` for each share of
//! the price taken off (the pull's elasticity at the full price). A cost arises on redemption only. The ledger's revenue
//! and contribution are at the full price; what the merchant gives stands in `coupons`, what the platform gives in
//! `subsidies`. Of several coupons the one worth most is used; the members' price and a red packet come on top.

use std::ops::Range;

use super::credit::{AdCredit, Rebate};
use super::delivery::Moment;
use super::deposits::{Deposit, Deposits};
use super::goods::Expected;
use super::guaranteed::FreeExposures;
use super::own::Members;
use super::purchases::Order;
use super::settings::Market;
use super::shelves::Shelves;
use super::shoppers::{INTENDED, Shoppers, flag};
use super::world::MarketWorld;
use crate::draws::Key;
use crate::ledger::ShopRow;
use crate::money::Money;
use crate::observation::Brief;
use crate::reader::Uncertain;

/// Rise of the logarithm of the pull per share of the price taken off, where a file says nothing: the mean of 1,851
/// price elasticities in Bijmolt, van Heerde and Pieters, Journal of Marketing Research 42 (2005), is -2.62.
pub const SENSITIVITY: Uncertain = Uncertain::Fixed(2.62);

/// What a merchant or the platform gives besides advertising. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Benefits {
    /// Coupons.
    pub coupons: Vec<Coupon>,
    /// Red packets, paid by the platform.
    pub red_packets: Option<RedPackets>,
    /// Purchases that begin with a deposit.
    pub deposit: Option<Deposit>,
    /// Advertising credit.
    pub credit: Option<AdCredit>,
    /// Cash back for a year's spend.
    pub rebate: Option<Rebate>,
    /// Exposures that the platform gives away.
    pub free_exposures: Option<FreeExposures>,
    /// What members get.
    pub members: Option<Members>,
    /// Share of the price taken off lines marked `scarce`.
    pub scarce_discount: Option<f64>,
}

/// What is taken off an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Off {
    /// An amount, at most the order's value.
    Value(Money),
    /// A share of the order's value.
    Share(f64),
}

impl Off {
    /// What is taken off an order of `value`.
    #[must_use]
    pub fn of(self, value: Money) -> Money {
        match self {
            Self::Value(off) => Money(off.0.min(value.0)),
            Self::Share(share) => Money((value.0 as f64 * share) as i64),
        }
    }

    /// The share of the price that a shopper expects to save: of the usual order, as the order itself is not known yet.
    fn share(self, order_value: f64) -> f64 {
        match self {
            Self::Value(off) => (off.major() / order_value).min(1.0),
            Self::Share(share) => share,
        }
    }
}

/// Who can use a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Everyone who buys.
    Everyone,
    /// People without an order in the customer window (365 days).
    New,
    /// Members.
    Members,
    /// Who claimed it at a click on a line that gives it.
    Line,
}

/// A coupon.
#[derive(Debug, Clone, PartialEq)]
pub struct Coupon {
    /// Name, by which lines give it.
    pub name: String,
    /// What it takes off.
    pub off: Off,
    /// Who can use it.
    pub holder: Holder,
    /// Days for which a claimed one is valid.
    pub valid_days: f64,
    /// Part of its cost that the platform pays.
    pub platform_share: f64,
    /// Rise of the logarithm of the brand's pull per share of the price taken off.
    pub sensitivity: Uncertain,
    /// Days of the episode, from 0, in which it can be used; for [`Holder::Line`], in which it is given.
    pub days: Range<f64>,
    /// Most that all redemptions may cost.
    pub pool: Option<Money>,
}

/// Red packets (红包): a pool of the platform for this merchant's buyers.
#[derive(Debug, Clone, PartialEq)]
pub struct RedPackets {
    /// Most that all of them may cost.
    pub pool: Money,
    /// What one takes off an order.
    pub value: Money,
    /// Days of the episode, from 0, in which they are open.
    pub days: Range<f64>,
    /// Phases of the calendar in which they are open; all where none is named.
    pub phases: Vec<String>,
    /// Rise of the logarithm of the brand's pull per share of the price taken off.
    pub sensitivity: Uncertain,
}

impl RedPackets {
    fn is_open(&self, brief: &Brief, step: usize) -> bool {
        let phase = &brief.calendar[step].phase;
        self.days.contains(&(step as f64 * brief.step_days + 1e-9))
            && (self.phases.is_empty() || self.phases.contains(phase))
    }
}

/// What a world has drawn for the offers.
#[derive(Debug, Default)]
pub(crate) struct OfferTables {
    /// Coupons, the one worth most first.
    by_worth: Vec<u8>,
    /// `[coupons]` factor on the brand's pull.
    coupon_pull: Vec<f64>,
    packet_pull: f64,
    member_pull: f64,
    /// `[steps]` whether red packets are open.
    packets_open: Vec<bool>,
}

impl OfferTables {
    pub(crate) fn build(brief: &Brief, market: &Market, parameters: Option<Key>) -> Self {
        let Benefits { coupons, red_packets, members, .. } = &market.benefits;
        let usual = market.merchant.order_value;
        let pull = |sensitivity: Uncertain, name: &str, share: f64| {
            libm::exp(sensitivity.draw(parameters.map(|key| key.with_name(name))) * share)
        };
        let worth = |coupon: u8| coupons[usize::from(coupon)].off.share(usual);
        let mut by_worth: Vec<u8> = (0..coupons.len() as u8).collect();
        by_worth.sort_by(|a, b| worth(*b).total_cmp(&worth(*a)));
        Self {
            by_worth,
            coupon_pull: coupons
                .iter()
                .map(|coupon| {
                    pull(coupon.sensitivity, &format!("coupon {}", coupon.name), coupon.off.share(usual))
                })
                .collect(),
            packet_pull: red_packets.as_ref().map_or(1.0, |packets| {
                pull(packets.sensitivity, "red packets", Off::Value(packets.value).share(usual))
            }),
            member_pull: members
                .as_ref()
                .map_or(1.0, |members| pull(members.sensitivity, "members' price", members.price_share)),
            packets_open: red_packets.as_ref().map_or_else(Vec::new, |packets| {
                (0..brief.steps).map(|step| packets.is_open(brief, step)).collect()
            }),
        }
    }
}

/// What a shopper can have off the price now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    /// Factor on the brand's pull.
    pub(crate) pull: f64,
    coupon: Option<u8>,
    member: bool,
    packet: bool,
}

/// What an order's offer costs, all of the shopper's people together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reduction {
    coupon: Option<u8>,
    coupon_cost: Money,
    member_cost: Money,
    packet_cost: Money,
}

/// Pools and deposits of one episode, and what the step at hand has cost.
#[derive(Debug, Clone)]
pub(crate) struct Till {
    /// Whether anything can lower a price.
    offers: bool,
    /// `[coupons]` what redemptions may still cost.
    coupon_pools: Vec<Money>,
    packet_pool: Money,
    deposits: Deposits,
    /// Red packets are never opened again from this step on.
    packets_end: usize,
    /// Columns of the step at hand.
    today: ShopRow,
}

impl Till {
    pub(crate) fn new(world: &MarketWorld) -> Self {
        let benefits = &world.market.benefits;
        let member_price = benefits.members.as_ref().is_some_and(|members| members.price_share > 0.0);
        Self {
            offers: !benefits.coupons.is_empty() || benefits.red_packets.is_some() || member_price,
            coupon_pools: (benefits.coupons.iter())
                .map(|coupon| coupon.pool.unwrap_or(Money(i64::MAX)))
                .collect(),
            packet_pool: benefits.red_packets.as_ref().map_or(Money::ZERO, |packets| packets.pool),
            deposits: Deposits::default(),
            packets_end: world.offers.packets_open.iter().rposition(|open| *open).map_or(0, |last| last + 1),
            today: ShopRow::default(),
        }
    }

    /// What shopper `i` can have off the price in this step. `new`: no order in the customer window.
    pub(crate) fn offer(&self, moment: Moment<'_>, shoppers: &Shoppers, i: usize, new: bool) -> Offer {
        let mut offer = Offer { pull: 1.0, coupon: None, member: false, packet: false };
        if !self.offers {
            return offer;
        }
        let Moment { world, step, .. } = moment;
        let tables = &world.offers;
        let day = world.clock.days(step);
        let member = shoppers.flags[i] & flag::MEMBER != 0;
        if member {
            offer.member = true;
            offer.pull *= tables.member_pull;
        }
        offer.coupon = tables.by_worth.iter().copied().find(|coupon| {
            let place = usize::from(*coupon);
            let coupon = &world.market.benefits.coupons[place];
            let entitled = match coupon.holder {
                Holder::Everyone => coupon.days.contains(&day),
                Holder::New => new && coupon.days.contains(&day),
                Holder::Members => member && coupon.days.contains(&day),
                Holder::Line => shoppers.claims.holds(i, place),
            };
            entitled && self.coupon_pools[place] > Money::ZERO
        });
        if let Some(coupon) = offer.coupon {
            offer.pull *= tables.coupon_pull[usize::from(coupon)];
        }
        if self.packet_pool > Money::ZERO && tables.packets_open.get(step) == Some(&true) {
            offer.packet = true;
            offer.pull *= tables.packet_pull;
        }
        offer
    }

    /// Whether purchases of this step begin with a deposit.
    pub(crate) fn takes_deposits(&self, moment: Moment<'_>) -> bool {
        let day = moment.world.clock.days(moment.step);
        moment.world.market.benefits.deposit.as_ref().is_some_and(|deposit| deposit.days.contains(&day))
    }

    /// Sells an order at its offer: redeems what the shopper had off the price. Where a deposit comes first it is taken,
    /// and the answer is false: there is no order yet.
    pub(crate) fn sell(
        &mut self,
        moment: Moment<'_>,
        shoppers: &mut Shoppers,
        offer: Offer,
        order: &Order,
    ) -> bool {
        let reduction =
            if self.offers { self.redeem(moment, shoppers, offer, order) } else { Reduction::default() };
        let deposit = moment.world.market.benefits.deposit.as_ref();
        if let Some(deposit) = deposit.filter(|_| self.takes_deposits(moment)) {
            self.today.deposits += self.deposits.take(deposit, order, reduction);
            shoppers.touch(order.shopper as usize, INTENDED, &moment.world.clock, moment.step);
            return false;
        }
        self.book(moment.world, reduction);
        true
    }

    /// Takes from the pools what the offer costs. The last order that a pool reaches is paid for as far as it goes.
    fn redeem(
        &mut self,
        moment: Moment<'_>,
        shoppers: &mut Shoppers,
        offer: Offer,
        order: &Order,
    ) -> Reduction {
        let Benefits { coupons, red_packets, members, .. } = &moment.world.market.benefits;
        let people = order.people as i64;
        let mut price = order.value;
        let mut reduction = Reduction::default();
        if let Some(members) = members.as_ref().filter(|_| offer.member) {
            let off = Off::Share(members.price_share).of(price);
            price -= off;
            reduction.member_cost = Money(off.0 * people);
        }
        if let Some(place) = offer.coupon.map(usize::from) {
            let off = coupons[place].off.of(price);
            price -= off;
            reduction.coupon = offer.coupon;
            reduction.coupon_cost = draw(&mut self.coupon_pools[place], Money(off.0 * people));
            if coupons[place].holder == Holder::Line {
                shoppers.claims.drop(order.shopper as usize);
                self.today.coupons_redeemed += moment.world.market.weight();
            }
        }
        if let Some(packets) = red_packets.as_ref().filter(|_| offer.packet) {
            let off = Off::Value(packets.value).of(price);
            reduction.packet_cost = draw(&mut self.packet_pool, Money(off.0 * people));
        }
        reduction
    }

    /// Books what an order's reduction costs.
    fn book(&mut self, world: &MarketWorld, reduction: Reduction) {
        let coupon = reduction.coupon.map(|coupon| &world.market.benefits.coupons[usize::from(coupon)]);
        let platform_share = coupon.map_or(0.0, |coupon| coupon.platform_share);
        let platform = Money((reduction.coupon_cost.0 as f64 * platform_share) as i64);
        self.today.coupons += reduction.member_cost + reduction.coupon_cost - platform;
        self.today.subsidies += platform + reduction.packet_cost;
    }

    /// Collects the balances that are due: each deposit becomes an order or is given back, with what its reduction holds
    /// of a pool. Nothing is set aside for a deposit: one that finds the product sold out is given back too.
    pub(crate) fn collect(
        &mut self,
        moment: Moment<'_>,
        shoppers: &mut Shoppers,
        shelves: &mut Shelves,
        orders: &mut Vec<Order>,
        expected: &mut Expected,
        shop: &mut ShopRow,
    ) {
        let Moment { world, step, .. } = moment;
        let Some(deposit) = &world.market.benefits.deposit else { return };
        if world.clock.days(step) < deposit.balance_day {
            return;
        }
        for place in 0..self.deposits.open.len() {
            let open = self.deposits.open[place];
            match open.settle(moment, deposit, place as u64, shoppers, shelves, expected, shop) {
                Some(order) => {
                    self.today.balances += open.paid;
                    self.book(world, open.reduction);
                    orders.push(order);
                }
                None => {
                    self.today.deposit_refunds += open.paid;
                    if let Some(coupon) = open.reduction.coupon {
                        self.coupon_pools[usize::from(coupon)] += open.reduction.coupon_cost;
                    }
                    self.packet_pool += open.reduction.packet_cost;
                }
            }
        }
        self.deposits.open.clear();
    }

    /// The same till with nothing taken in this step, for shoppers who are played apart.
    pub(crate) fn beside(&self) -> Self {
        Self { today: ShopRow::default(), ..self.clone() }
    }

    /// `[coupons + 1]` what is left of the pools of coupons, and of red packets.
    pub(crate) fn pools(&self) -> impl Iterator<Item = i64> {
        self.coupon_pools.iter().chain(std::iter::once(&self.packet_pool)).map(|pool| pool.0)
    }

    /// Sets what is left of the pools.
    pub(crate) fn refill(&mut self, amounts: &mut impl Iterator<Item = i64>) {
        let pools = self.coupon_pools.iter_mut().chain(std::iter::once(&mut self.packet_pool));
        pools.zip(amounts).for_each(|(pool, amount)| *pool = Money(amount));
    }

    /// Adds what was taken at a till [beside](Self::beside) this one, where nothing is paid later; what it took from pools
    /// is for the caller to [refill](Self::refill).
    pub(crate) fn add(&mut self, other: &Self) {
        self.today.coupons += other.today.coupons;
        self.today.subsidies += other.today.subsidies;
        self.today.coupons_redeemed += other.today.coupons_redeemed;
    }

    /// Ends the step: what it cost stands in `shop` afterwards, and red packets that can never be opened again expire.
    pub(crate) fn close(&mut self, step: usize, shop: &mut ShopRow) {
        let today = std::mem::take(&mut self.today);
        shop.coupons = today.coupons;
        shop.subsidies = today.subsidies;
        shop.coupons_redeemed = today.coupons_redeemed;
        shop.deposits = today.deposits;
        shop.balances = today.balances;
        shop.deposit_refunds = today.deposit_refunds;
        if step + 1 >= self.packets_end {
            shop.expired_red_packets = std::mem::take(&mut self.packet_pool);
        }
    }

    /// Deposits whose balance is not due yet, what they hold of the first coupon's pool, and what is left of it.
    #[cfg(test)]
    pub(crate) fn presale(&self) -> (Money, Money, Money) {
        let open = &self.deposits.open;
        let promised = open.iter().map(|deposit| deposit.reduction.coupon_cost).sum();
        (open.iter().map(|deposit| deposit.paid).sum(), promised, self.coupon_pools[0])
    }
}

/// Takes up to `wanted` from a pool.
fn draw(pool: &mut Money, wanted: Money) -> Money {
    let taken = Money(wanted.0.min(pool.0));
    *pool -= taken;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_off_by_hand() {
        assert_eq!(Off::Value(Money(1_500)).of(Money(10_000)), Money(1_500));
        assert_eq!(Off::Value(Money(1_500)).of(Money(900)), Money(900));
        assert_eq!(Off::Share(0.15).of(Money(10_010)), Money(1_501));
        assert_eq!(Off::Value(Money(1_180)).share(118.0), 0.1);
        assert_eq!(Off::Value(Money(1_000_000)).share(118.0), 1.0);
    }

    #[test]
    fn a_pool_gives_what_it_has() {
        let mut pool = Money(100);
        assert_eq!(draw(&mut pool, Money(70)), Money(70));
        assert_eq!(draw(&mut pool, Money(70)), Money(30));
        assert_eq!(draw(&mut pool, Money(70)), Money::ZERO);
        assert_eq!(pool, Money::ZERO);
    }
}
