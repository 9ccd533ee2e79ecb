//! Shoppers: individuals, in a struct of arrays. What happened to them, and which DEEPLINK stage follows from it.

mod draw;

use super::buyers::Needs;
use super::claims::Claims;
use super::clock::Clock;
use super::settings::MEMORIES;
use crate::deeplink::{STAGES, Stage};

/// Most personas in an industry.
pub(crate) const MOST_PERSONAS: usize = 16;
/// Levels of activity within a persona.
pub(crate) const LEVELS: usize = 3;
/// One unit of exposure memory in its integer form.
pub(crate) const MEMORY_UNIT: f64 = 2048.0;
/// No line.
pub(crate) const NO_LINE: u8 = u8::MAX;
/// Orders that are remembered of each shopper.
const ORDERS: usize = 3;

/// Bits of [`Shoppers::flags`].
pub(crate) mod flag {
    /// Has a present need for the category.
    pub(crate) const IN_MARKET: u8 = 1;
    /// Bought lately, from anybody.
    pub(crate) const SATIATED: u8 = 2;
    /// Joined as a member; does not lapse.
    pub(crate) const MEMBER: u8 = 4;
    /// Engages for the bonus only.
    pub(crate) const HUNTER: u8 = 8;
    /// Can buy in this step.
    pub(crate) const VISITING: u8 = 16;
    /// Clicked in this step, on the platform.
    pub(crate) const CLICKED: u8 = 32;
    /// Was a customer and buys from rivals for good.
    pub(crate) const LEFT: u8 = 64;
    /// Searches the brand in this step.
    pub(crate) const SEARCHES_BRAND: u8 = 128;
    /// What is of this step only.
    pub(crate) const PASSING: u8 = VISITING | CLICKED | SEARCHES_BRAND;
}

/// What the needs of each depend on of all shoppers of a market.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Crowd {
    pub(crate) shoppers: u64,
    /// Those with a present need.
    pub(crate) in_market: u64,
    /// Sum of the personal rates of those without.
    pub(crate) idle: u64,
}

/// Kinds of contact, shallow to deep; a deeper one is also every shallower one.
pub(crate) const SEEN: usize = 0;
pub(crate) const VIEWED: usize = 1;
pub(crate) const INTERACTED: usize = 2;
pub(crate) const INTENDED: usize = 3;

/// `[shoppers]` in each array.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shoppers {
    /// Number of the first in its world: all, or a shard of them. Draws are keyed by these numbers.
    pub(crate) first: u32,
    /// Persona times [`LEVELS`] plus level of activity; never changes.
    pub(crate) class: Vec<u8>,
    pub(crate) flags: Vec<u8>,
    pub(crate) stage: Vec<u8>,
    /// Stamp from which the stage has to be found anew.
    pub(crate) expires: Vec<u16>,
    /// Stamps of the last contact of each kind.
    pub(crate) contact: [Vec<u16>; 4],
    /// Day stamps of the last orders, latest first.
    pub(crate) orders: [Vec<u16>; ORDERS],
    /// Exposure memories in units of 1/2048; empty for kinds that the industry does not have.
    pub(crate) memory: [Vec<u16>; MEMORIES],
    /// Line of the last click on the platform, and its stamp.
    pub(crate) last_line: Vec<u8>,
    pub(crate) last_click: Vec<u16>,
    /// Shoppers for only a part of whose people a commission is reserved by that click, and how many; of others it is all.
    /// The last that money reaches in a step, so hardly any.
    pub(super) reserved_in_part: Vec<(u32, u32)>,
    /// Stamp of the last recognised click on each outside line.
    pub(crate) outside_click: Vec<Vec<u16>>,
    /// Product of the last click on a line that shows one; empty where there are no products to choose from.
    pub(crate) in_view: Vec<u8>,
    /// `[capped lines][contacts]` stamps of the last contacts on each, latest first.
    pub(crate) capped: Vec<Vec<Vec<u16>>>,
    /// `[lines]` contacts bought so far.
    pub(crate) contacts: Vec<u64>,
    /// Coupons claimed and not used yet.
    pub(crate) claims: Claims,
    /// How often each needs something.
    pub(crate) needs: Needs,
    /// Shoppers whom any line has met.
    #[cfg(test)]
    pub(crate) met: Vec<bool>,
    /// Shoppers in each stage.
    pub(crate) stocks: [u64; STAGES],
    /// Shoppers with a present need.
    pub(crate) in_market: u64,
}

impl Shoppers {
    /// Number of shoppers.
    pub(crate) fn len(&self) -> usize {
        self.class.len()
    }

    /// The number in its world of the shopper at a place here.
    #[inline]
    pub(crate) fn number(&self, shopper: u32) -> u32 {
        self.first + shopper
    }

    /// How many there are, and how many of them have a need.
    pub(crate) fn crowd(&self) -> Crowd {
        Crowd { shoppers: self.len() as u64, in_market: self.in_market, idle: self.needs.idle }
    }

    /// Orders of the shopper within the customer window on the day of `step`.
    pub(crate) fn recent_orders(&self, i: usize, clock: &Clock, step: usize) -> usize {
        let today = clock.day(step);
        self.orders.iter().take_while(|slot| slot[i] > 0 && today - slot[i] <= clock.customer_days).count()
    }

    /// Whether the shopper has an unmet need.
    pub(crate) fn needs_now(&self, i: usize) -> bool {
        self.flags[i] & (flag::IN_MARKET | flag::SATIATED) == flag::IN_MARKET
    }

    /// Whether the shopper has ever ordered, however long ago.
    pub(crate) fn has_ordered(&self, i: usize) -> bool {
        self.orders[0][i] > 0
    }

    /// A contact of the given kind, which is also every shallower one.
    #[inline]
    pub(crate) fn touch(&mut self, i: usize, kind: usize, clock: &Clock, step: usize) {
        let stamp = clock.stamp(step);
        for shallower in 0..=kind {
            self.contact[shallower][i] = stamp;
        }
        // A customer's stage does not depend on contacts, and a deeper one stays until it expires.
        if (self.stage[i] as usize) <= kind + 1 {
            self.set_stage(i, kind + 1);
            self.expires[i] = self.deadline(i, kind + 1, clock);
        }
    }

    /// A contact that was no more than seen, of each of `seen`: a [`Self::touch`] without branches.
    pub(crate) fn see(&mut self, seen: &[u32], clock: &Clock, step: usize) {
        let stamp = clock.stamp(step);
        let lapses = stamp.saturating_add(clock.windows[SEEN]);
        let discover = Stage::Discover as u8;
        let mut discovered = 0;
        for shopper in seen {
            let i = *shopper as usize;
            self.contact[SEEN][i] = stamp;
            let stage = self.stage[i];
            discovered += u64::from(stage < discover);
            self.stage[i] = stage.max(discover);
            self.expires[i] = if stage > discover { self.expires[i] } else { lapses };
        }
        self.stocks[Stage::Unreached as usize] -= discovered;
        self.stocks[Stage::Discover as usize] += discovered;
    }

    /// Reserves a commission for so many of the shopper's people, in place of any before; `all` is how many there are.
    pub(crate) fn reserve(&mut self, i: usize, people: u32, all: u32) {
        self.take_part(i);
        if people < all {
            self.reserved_in_part.push((i as u32, people));
        }
    }

    /// Ends the reservation by the shopper's last click; `all` unless it was for fewer.
    pub(crate) fn take_reserved(&mut self, i: usize, all: u32) -> u32 {
        self.last_line[i] = NO_LINE;
        self.take_part(i).unwrap_or(all)
    }

    fn take_part(&mut self, i: usize) -> Option<u32> {
        let place = self.reserved_in_part.iter().position(|(shopper, _)| *shopper as usize == i)?;
        Some(self.reserved_in_part.swap_remove(place).1)
    }

    /// An order of the shopper on the day of `step`, from this shop.
    pub(crate) fn order(&mut self, i: usize, clock: &Clock, step: usize) {
        for later in (1..ORDERS).rev() {
            self.orders[later][i] = self.orders[later - 1][i];
        }
        self.orders[0][i] = clock.day(step);
        self.find_stage(i, clock, step);
    }

    /// Finds the stage anew from the shopper's history: the highest that applies.
    pub(crate) fn find_stage(&mut self, i: usize, clock: &Clock, step: usize) {
        let stamp = clock.stamp(step);
        let member = self.flags[i] & flag::MEMBER != 0;
        let orders = self.recent_orders(i, clock, step);
        let within = |kind: usize| {
            let last = self.contact[kind][i];
            last > 0 && stamp - last < clock.windows[kind]
        };
        let stage = if orders >= clock.keen_orders as usize && member {
            Stage::Keen
        } else if orders >= 2 {
            Stage::Numerous
        } else if orders == 1 {
            Stage::Initial
        } else if within(INTENDED) {
            Stage::Perform
        } else if within(INTERACTED) || member {
            Stage::Enthuse
        } else if within(VIEWED) {
            Stage::Engage
        } else if within(SEEN) {
            Stage::Discover
        } else {
            Stage::Unreached
        } as usize;
        self.set_stage(i, stage);
        self.expires[i] = self.deadline(i, stage, clock);
    }

    /// Stamp from which `stage` may no longer hold.
    fn deadline(&self, i: usize, stage: usize, clock: &Clock) -> u16 {
        match stage {
            0 => u16::MAX,
            1..=4 if stage == 3 && self.flags[i] & flag::MEMBER != 0 => u16::MAX,
            1..=4 => self.contact[stage - 1][i].saturating_add(clock.windows[stage - 1]),
            _ => {
                let oldest = self.orders.iter().rev().map(|slot| slot[i]).find(|day| *day > 0).unwrap_or(0);
                // The order must be out of the window before it counts as gone; looking a little early is harmless.
                let days =
                    f64::from(oldest) + f64::from(clock.customer_days) + 1.0 - f64::from(clock.origin_day);
                clock.stamp(0).saturating_add((days.max(0.0) / clock.step_days).min(60_000.0) as u16)
            }
        }
    }

    #[inline]
    fn set_stage(&mut self, i: usize, stage: usize) {
        self.stocks[self.stage[i] as usize] -= 1;
        self.stocks[stage] += 1;
        self.stage[i] = stage as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Key;

    fn one() -> (Clock, Shoppers) {
        let scenario = crate::Scenario::load("new-customer").unwrap().with_shoppers(1);
        let market = scenario.market().unwrap();
        let clock = Clock::new(market, 1.0);
        let mut shoppers = Shoppers::draw(market, &clock, Key::new(1), 0.0, 0..1);
        shoppers.flags[0] = 0;
        for slot in shoppers.contact.iter_mut().chain(&mut shoppers.orders) {
            slot[0] = 0;
        }
        shoppers.find_stage(0, &clock, 0);
        (clock, shoppers)
    }

    #[test]
    fn a_contact_lapses_when_its_window_has_passed() {
        let (clock, mut shoppers) = one();
        shoppers.touch(0, VIEWED, &clock, 3);
        assert_eq!(shoppers.stage[0], Stage::Engage as u8);
        let last = 3 + clock.windows[VIEWED] as usize - 1;
        shoppers.find_stage(0, &clock, last);
        assert_eq!(shoppers.stage[0], Stage::Engage as u8);
        assert_eq!(shoppers.expires[0], clock.stamp(last + 1));
        shoppers.find_stage(0, &clock, last + 1);
        assert_eq!(shoppers.stage[0], Stage::Unreached as u8);
    }

    #[test]
    fn an_order_makes_a_customer_for_365_days_and_not_366() {
        let (clock, mut shoppers) = one();
        shoppers.order(0, &clock, 0);
        assert_eq!(shoppers.stage[0], Stage::Initial as u8);
        assert_eq!(shoppers.recent_orders(0, &clock, 365), 1);
        assert_eq!(shoppers.recent_orders(0, &clock, 366), 0);
        shoppers.find_stage(0, &clock, 366);
        assert_eq!(shoppers.stage[0], Stage::Unreached as u8);
    }

    #[test]
    fn lapsed_people_have_ordered_before_the_window_and_are_no_customers() {
        let scenario = crate::Scenario::load("new-customer").unwrap().with_shoppers(4_000);
        let mut market = scenario.market().unwrap().as_ref().clone();
        market.merchant.lapsed = 0.25;
        let clock = Clock::new(&market, 1.0);
        let shoppers = Shoppers::draw(&market, &clock, Key::new(3), 0.2, 0..4_000);
        let old = |i: &usize| shoppers.orders[0][*i] > 0 && shoppers.recent_orders(*i, &clock, 0) == 0;
        let lapsed: Vec<usize> = (0..4_000).filter(old).collect();
        let others = (0..4_000).filter(|i| shoppers.recent_orders(*i, &clock, 0) == 0).count();
        let share = lapsed.len() as f64 / others as f64;
        assert!((share - 0.25).abs() < 0.03, "{share}");
        assert!(lapsed.iter().all(|i| shoppers.stage[*i] < Stage::Initial as u8));
    }

    #[test]
    fn deeper_contacts_win_and_orders_win_over_contacts() {
        let (clock, mut shoppers) = one();
        shoppers.touch(0, INTENDED, &clock, 0);
        shoppers.touch(0, SEEN, &clock, 2);
        assert_eq!(shoppers.stage[0], Stage::Perform as u8);
        shoppers.order(0, &clock, 3);
        shoppers.order(0, &clock, 4);
        assert_eq!(shoppers.stage[0], Stage::Numerous as u8);
        shoppers.flags[0] |= flag::MEMBER;
        shoppers.order(0, &clock, 5);
        assert_eq!(shoppers.stage[0], Stage::Keen as u8);
        assert_eq!(shoppers.stocks.iter().sum::<u64>(), 1);
    }
}
