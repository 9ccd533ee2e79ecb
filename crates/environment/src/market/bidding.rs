//! What the platform bids where the agent names no bid: as much as the money buys, or so that cost or return hold.
//!
//! The platform sees what the merchant sees: money spent, and credited orders as their reports arrive. It corrects its
//! bid in the logarithm, in proportion to how far what lately came is from what was asked: the multiplicative form of
//! the feedback controllers that bid for cost and return targets (Zhang et al. 2016, "Feedback control of real-time
//! display advertising").

use super::settings::{BidMode, Line, Merchant};
use crate::money::Money;

/// Days in which half of what came is forgotten. Assumed: a week holds a few of every weekday.
const HALF_LIFE_DAYS: f64 = 7.0;
/// Correction of the logarithm of the bid, a day, for one of the logarithm of what came. Assumed: reports are days
/// late, and a quicker hand swings.
const GAIN: f64 = 0.2;
/// Largest correction of the logarithm of the bid, a day. Assumed.
const LARGEST: f64 = 0.2;
/// The bid stays within this factor of the list price.
const RANGE: f64 = 50.0;

/// The bid of one line.
#[derive(Debug, Clone)]
pub(crate) struct Bidder {
    /// Money that one credited order, and one unit of credited revenue, may cost.
    worth_of_order: f64,
    worth_of_revenue: f64,
    /// What is taken for granted before anything came, in major units: one order at its target.
    prior: f64,
    list_price: f64,
    /// In major units of the line's price.
    bid: f64,
    /// Spent lately, and what the results that came lately may cost, major units.
    spent: f64,
    worth: f64,
}

impl Bidder {
    /// `None` where the line takes all the volume it can.
    pub(crate) fn new(line: &Line, merchant: &Merchant) -> Option<Self> {
        let (worth_of_order, worth_of_revenue) = match line.bid_mode {
            BidMode::MostVolume => return None,
            BidMode::HoldCost(cost) => (cost, 0.0),
            BidMode::TargetRoi(ratio) => (0.0, 1.0 / ratio),
        };
        let list_price = line.channel.price.median() * line.price_scale;
        let prior = worth_of_order + worth_of_revenue * merchant.order_value;
        Some(Self {
            worth_of_order,
            worth_of_revenue,
            prior,
            list_price,
            bid: list_price,
            spent: 0.0,
            worth: 0.0,
        })
    }

    /// The most that is paid for one billed event, major units of the line's price.
    pub(crate) fn bid(&self) -> f64 {
        self.bid
    }

    /// Learns from a step in which the line was granted money: what was spent, and the credited orders whose report
    /// arrived.
    pub(crate) fn learn(&mut self, spent: Money, orders: u64, revenue: Money, step_days: f64) {
        let kept = libm::exp2(-step_days / HALF_LIFE_DAYS);
        self.spent = self.spent * kept + spent.major();
        self.worth =
            self.worth * kept + self.worth_of_order * orders as f64 + self.worth_of_revenue * revenue.major();
        let came = libm::log((self.worth + self.prior) / (self.spent + self.prior));
        // A bid that buys nothing learns nothing.
        let correction = if spent == Money::ZERO { LARGEST } else { (GAIN * came).clamp(-LARGEST, LARGEST) };
        self.bid = (self.bid * libm::exp(step_days * correction))
            .clamp(self.list_price / RANGE, self.list_price * RANGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bidder(mode: BidMode) -> Bidder {
        let scenario = crate::Scenario::load("new-customer").unwrap();
        let market = scenario.market().unwrap();
        let line = Line { bid_mode: mode, ..market.lines[0].clone() };
        Bidder::new(&line, &market.merchant).unwrap()
    }

    /// Orders cost twice the bid: held at a cost of 60, the bid must come to 30 times a click in 15.
    #[test]
    fn finds_the_bid_at_which_the_cost_holds() {
        for (mode, revenue) in [(BidMode::HoldCost(60.0), 120.0), (BidMode::TargetRoi(2.0), 120.0)] {
            let mut bidder = bidder(mode);
            for _ in 0..200 {
                // Every click costs the bid, one in fifteen orders, and a hundred clicks come for each unit of bid.
                let clicks = 100.0 * bidder.bid();
                let orders = (clicks / 15.0) as u64;
                let spent = Money::from_major(clicks * bidder.bid());
                bidder.learn(spent, orders, Money::from_major(orders as f64 * revenue), 1.0);
            }
            assert!((bidder.bid() - 4.0).abs() < 0.2, "{mode:?}: {}", bidder.bid());
        }
    }

    #[test]
    fn a_bid_that_buys_nothing_rises_and_one_that_brings_nothing_falls() {
        let mut idle = bidder(BidMode::HoldCost(60.0));
        let mut vain = idle.clone();
        let start = idle.bid();
        for _ in 0..10 {
            idle.learn(Money::ZERO, 0, Money::ZERO, 1.0);
            vain.learn(Money::from_major(500.0), 0, Money::ZERO, 1.0);
        }
        assert!(idle.bid() > 2.0 * start && vain.bid() < 0.5 * start);
    }
}
