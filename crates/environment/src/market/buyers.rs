//! Shoppers who differ in how often they need something, and customers who leave the shop for good (`[buyers]`).
//!
//! The model is that of repeat purchase known as BG/NBD (Fader, Hardie and Lee 2005, "Counting your customers the easy
//! way", Marketing Science 24): rates are gamma distributed over people, and after each order a customer leaves with a
//! chance of their own, which is beta distributed. What a shopper's figures are says nothing of their history on the eve,
//! and who is a customer then has not left.

use super::delivery::Moment;
use super::settings::Market;
use super::shoppers::{Shoppers, flag};
use crate::draws::{Key, purpose};
use crate::reader::{Bounds, Section};

/// The unit of a personal rate in its integer form.
const RATE_UNIT: f64 = 1024.0;
/// Halvings of the logarithm of a range of 2^120 until the eve is in balance.
const HALVINGS: usize = 40;

/// How shoppers differ in how often they buy.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Buyers {
    /// Shape of the gamma distribution of shoppers' rates of need, whose mean is 1; `None` where all need alike.
    pub need_spread: Option<f64>,
    /// Who leaves; `None` where nobody does.
    pub dropout: Option<Dropout>,
}

/// Beta distribution of a customer's chance to leave for good after an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// First parameter; the mean is `a / (a + b)`.
    pub a: f64,
    /// Second parameter.
    pub b: f64,
}

/// The table `[buyers]`, where there is one.
pub(crate) fn read_buyers(top: &mut Section<'_>) -> Option<Buyers> {
    let shape = Bounds::between(0.05, 1_000.0, "a shape");
    top.section_if_any("buyers").map(|mut section| {
        let buyers = Buyers {
            need_spread: section.number_if_any("need_spread", shape),
            dropout: section.section_if_any("dropout").map(|mut section| {
                let dropout = Dropout { a: section.number("a", shape), b: section.number("b", shape) };
                section.finish();
                dropout
            }),
        };
        section.finish();
        buyers
    })
}

/// Personal rates at which needs arise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    /// `[shoppers]` in units of 1/1024 of the mean; empty where all need alike.
    pub(crate) rates: Vec<u16>,
    /// Sum of the rates of those without a need.
    idle: u64,
}

impl Needs {
    /// Draws the rates; `world` is the key of the world's shoppers.
    pub(crate) fn draw(market: &Market, world: Key) -> Self {
        let Some(shape) = market.industry.buyers.need_spread else { return Self::default() };
        let rate =
            |shopper: u64| (RATE_UNIT * world.with(shopper).with(12).gamma(shape) / shape + 0.5) as u16;
        let rates: Vec<u16> = (0..market.shoppers as u64).map(rate).collect();
        Self { idle: rates.iter().map(|rate| u64::from(*rate)).sum(), rates }
    }

    /// Chance to get a need in a step, for a unit of rate, with which `share` of all shoppers have one on average when a need
    /// ends with chance `leave` in a step; 0 where all need alike.
    pub(crate) fn balance(&self, share: f64, leave: f64) -> f64 {
        if self.rates.is_empty() {
            return 0.0;
        }
        let (mut low, mut high) = (-80.0, 40.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let enter = libm::exp2(middle);
            let sum: f64 = self.rates.iter().map(|rate| time_with_need(*rate, enter, leave)).sum();
            if sum < share * self.rates.len() as f64 { low = middle } else { high = middle }
        }
        libm::exp2(low)
    }

    /// Share of time that a shopper spends with a need; `None` where all need alike.
    pub(crate) fn share(&self, i: usize, enter: f64, leave: f64) -> Option<f64> {
        self.rates.get(i).map(|rate| time_with_need(*rate, enter, leave))
    }

    /// Notes that the need of a shopper has come or gone.
    pub(crate) fn turn(&mut self, i: usize, has_need: bool) {
        if let Some(rate) = self.rates.get(i) {
            let rate = u64::from(*rate);
            self.idle = if has_need { self.idle - rate } else { self.idle + rate };
        }
    }

    /// What a rate is to be multiplied by, so that as many of `waiting` shoppers get a need as if each did with chance
    /// `enter`. For [`personal_chance`].
    pub(crate) fn enter(&self, enter: f64, waiting: u64) -> u64 {
        (65_536.0 * RATE_UNIT * enter * waiting as f64 / self.idle.max(1) as f64) as u64
    }
}

/// Share of steps in a state that is entered with chance `enter` for a unit of rate and left with chance `leave`.
fn time_with_need(rate: u16, enter: f64, leave: f64) -> f64 {
    let enter = (enter * f64::from(rate) / RATE_UNIT).min(1.0);
    enter / (enter + leave)
}

/// Chance, in 65,536ths, that a shopper gets a need.
#[inline]
pub(crate) fn personal_chance(enter: u64, rate: u16) -> u32 {
    (enter.saturating_mul(u64::from(rate)) / RATE_UNIT as u64).min(65_536) as u32
}

/// An order of the shopper in this step, after which they may leave for good: what they buy in the category they buy from
/// rivals then. Nobody is told.
pub(crate) fn order(Moment { world, step, key }: Moment<'_>, shoppers: &mut Shoppers, i: usize) {
    shoppers.order(i, &world.clock, step);
    if let Some(Dropout { a, b }) = world.market.industry.buyers.dropout {
        let chance = world.identity.with(i as u64).with(13).beta(a, b);
        if key.with(purpose::DROPOUT).with(i as u64).uniform() < chance {
            shoppers.flags[i] |= flag::LEFT;
        }
    }
}
