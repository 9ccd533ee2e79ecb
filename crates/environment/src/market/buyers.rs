//! Shoppers who differ in how often they need something, and customers who leave the shop for good (`[buyers]`).
//!
//! The model is that of repeat purchase known as BG/NBD (Fader, Hardie and Lee 2005, "Counting your customers the easy
//! way", Marketing Science 24): rates are gamma distributed over people, and after each order a customer leaves with a
//! chance of their own, which is beta distributed. A shopper's figures say nothing of their history on the eve: who is
//! a customer then has not left, and who once was one has left with that chance, whatever the silence since.

use std::ops::Range;

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

impl Buyers {
    /// Whether a shopper leaves after an order; `identity` is the shopper's key, `draw` that of the event.
    pub(crate) fn leaves(&self, identity: Key, draw: Key) -> bool {
        self.dropout.is_some_and(|Dropout { a, b }| draw.uniform() < identity.with(13).beta(a, b))
    }
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
    /// `[shoppers]` in units of 1/1024 of the mean, of which none has more than 64; empty where all need alike.
    pub(crate) rates: Vec<u16>,
    /// Sum of the rates of those without a need.
    pub(super) idle: u64,
}

impl Needs {
    /// Draws the rates of those shoppers who have these numbers; `world` is the key of the world's shoppers.
    pub(crate) fn draw(market: &Market, world: Key, numbers: Range<u32>) -> Self {
        let Some(shape) = market.industry.buyers.need_spread else { return Self::default() };
        let rate = |shopper: u32| {
            (RATE_UNIT * world.with(u64::from(shopper)).with(12).gamma(shape) / shape + 0.5) as u16
        };
        Self::of(numbers.map(rate).collect())
    }

    /// Of shoppers with these rates, none of whom has a need.
    pub(crate) fn of(rates: Vec<u16>) -> Self {
        Self { idle: rates.iter().map(|rate| u64::from(*rate)).sum(), rates }
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
}

/// Chance to get a need in a step, for a unit of rate, with which `share` of all shoppers have one on average when a need
/// ends with chance `leave` in a step; 0 where all need alike. `rates` are those of all shoppers, piece by piece.
pub(crate) fn balance(rates: &[&[u16]], share: f64, leave: f64) -> f64 {
    let count: usize = rates.iter().map(|rates| rates.len()).sum();
    if count == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (-80.0, 40.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let enter = libm::exp2(middle);
        // In the order of shoppers, however they are cut.
        let rates = rates.iter().copied().flatten();
        let sum: f64 = rates.map(|rate| time_with_need(*rate, enter, leave)).sum();
        if sum < share * count as f64 { low = middle } else { high = middle }
    }
    libm::exp2(low)
}

/// What a rate is to be multiplied by, so that as many of `waiting` shoppers, the sum of whose rates is `idle`, get a need
/// as if each did with chance `enter`. For [`personal_chance`].
pub(crate) fn enter_by_rate(enter: f64, waiting: u64, idle: u64) -> u64 {
    (65_536.0 * RATE_UNIT * enter * waiting as f64 / idle.max(1) as f64) as u64
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
    let number = u64::from(shoppers.number(i as u32));
    let draw = key.with(purpose::DROPOUT).with(number);
    if world.market.industry.buyers.leaves(world.identity.with(number), draw) {
        shoppers.flags[i] |= flag::LEFT;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::money::Money;
    use crate::{Episode, Kind, Scenario, World};

    /// `repeat-purchase` with other buyers.
    fn scenario(shoppers: usize, buyers: Buyers) -> Arc<Scenario> {
        let scenario = Scenario::load("repeat-purchase").unwrap().with_shoppers(shoppers);
        let mut market = scenario.market().unwrap().as_ref().clone();
        market.industry.buyers = buyers;
        Arc::new(Scenario { kind: Kind::Market(Arc::new(market)), ..scenario.as_ref().clone() })
    }

    fn play(scenario: &Arc<Scenario>, mut look: impl FnMut(&Shoppers)) -> Episode {
        let mut episode = Episode::new(World::average(scenario), 3);
        while !episode.is_over() {
            episode.replay(&vec![Money(10_000); scenario.brief.lines.len()]);
            look(episode.market_shoppers());
        }
        episode
    }

    #[test]
    fn as_many_have_a_need_whether_or_not_they_differ() {
        for shape in [0.243, 0.78, 5.0] {
            let buyers = Buyers { need_spread: Some(shape), dropout: None };
            let scenario = scenario(20_000, buyers);
            let target = World::average(&scenario).market_world().in_market;
            let mut sum = 0.0;
            let mut eager = [0_u64; 2];
            play(&scenario, |shoppers| {
                let count = shoppers.flags.iter().filter(|flags| **flags & flag::IN_MARKET != 0).count();
                assert_eq!(count as u64, shoppers.in_market);
                let idle = shoppers.flags.iter().zip(&shoppers.needs.rates);
                let idle = idle.filter(|(flags, _)| **flags & flag::IN_MARKET == 0);
                assert_eq!(idle.map(|(_, rate)| u64::from(*rate)).sum::<u64>(), shoppers.needs.idle);
                let share = shoppers.in_market as f64 / 20_000.0;
                assert!((share - target).abs() < 0.02, "{shape}: {share} for {target}");
                sum += share / scenario.brief.steps as f64;
                for (flags, rate) in shoppers.flags.iter().zip(&shoppers.needs.rates) {
                    let rare = usize::from(f64::from(*rate) < 0.2 * RATE_UNIT);
                    eager[rare] += u64::from(flags & flag::IN_MARKET != 0);
                }
            });
            assert!((sum - target).abs() < 0.005, "{shape}: {sum} for {target}");
            assert!(eager[0] > 3 * eager[1], "{shape}: {eager:?}");
        }
    }

    #[test]
    fn who_has_left_never_orders_again_and_nobody_leaves_without_the_table() {
        let dropout = Some(Dropout { a: 0.793, b: 2.426 });
        let scenario = scenario(8_000, Buyers { need_spread: None, dropout });
        let clock = World::average(&scenario).market_world().clock;
        let mut gone: Vec<Option<u16>> = vec![None; 8_000];
        let (mut orders, mut leavers, mut step) = (0_u32, 0_u32, 0);
        play(&scenario, |shoppers| {
            assert!(shoppers.needs.rates.is_empty());
            for (i, gone) in gone.iter_mut().enumerate() {
                let last = shoppers.orders[0][i];
                orders += u32::from(last == clock.day(step));
                if let Some(then) = *gone {
                    assert_eq!(last, then, "shopper {i} came back");
                } else if shoppers.flags[i] & flag::LEFT != 0 {
                    // After an order of this step, or lapsed and lost before the eve.
                    let before = step == 0 && clock.day(0) - last > clock.customer_days;
                    assert!(before || last == clock.day(step));
                    leavers += u32::from(!before);
                    *gone = Some(last);
                }
            }
            step += 1;
        });
        // The mean of the beta distribution is 0.246, but those who leave seldom order more often.
        let share = f64::from(leavers) / f64::from(orders);
        assert!((0.18..0.26).contains(&share), "{share} of {orders} orders were the last");
        play(&self::scenario(2_000, Buyers::default()), |shoppers| {
            assert!(shoppers.flags.iter().all(|flags| flags & flag::LEFT == 0));
        });
    }

    #[test]
    fn the_scenario_s_word_is_before_the_industry_s_and_a_shape_is_above_zero() {
        let text = include_str!("../../../../environments/repeat-purchase.toml");
        let buyers =
            |text: &str| Scenario::from_text("t", text).map(|it| it.market().unwrap().industry.buyers);
        let found = buyers(text).unwrap();
        assert_eq!(found, Buyers { need_spread: Some(0.78), dropout: Some(Dropout { a: 0.793, b: 2.426 }) });
        let none = text.replace("need_spread = 0.78", "").replace("dropout = { a = 0.793, b = 2.426 }", "");
        assert_eq!(buyers(&none).unwrap(), Buyers::default());
        let wrong = buyers(&text.replace("need_spread = 0.78", "need_spread = 0")).unwrap_err();
        assert_eq!(wrong.0[0].message, "`need_spread` must lie between 0.05 and 1000");
    }
}
