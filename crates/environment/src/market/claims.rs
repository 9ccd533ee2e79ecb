//! Coupons that shoppers have claimed at a click and not used yet: one at a time, until it expires.

use super::benefits::Holder;
use super::delivery::Moment;
use super::settings::Market;
use super::shard::Coupons;
use super::shoppers::{INTENDED, Shoppers};

/// `[shoppers]` in each array, which are empty where no line gives a coupon.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims {
    /// The coupon that is held, from 1; 0 for none.
    pub(super) held: Vec<u8>,
    /// Stamp from which it is no longer valid.
    pub(super) until: Vec<u16>,
    /// Shoppers who claimed since the counts were last taken.
    claimed: u64,
    expired: u64,
}

impl Claims {
    /// `count` shoppers of whom nobody holds anything yet.
    pub(crate) fn begin(&mut self, market: &Market, count: usize) {
        let given = market.benefits.coupons.iter().any(|coupon| coupon.holder == Holder::Line);
        let count = if given { count } else { 0 };
        self.held.clear();
        self.held.resize(count, 0);
        self.until.clear();
        self.until.resize(count, 0);
        (self.claimed, self.expired) = (0, 0);
    }

    pub(crate) fn holds(&self, i: usize, coupon: usize) -> bool {
        self.held.get(i).is_some_and(|held| usize::from(*held) == coupon + 1)
    }

    /// The coupon of shopper `i` is used.
    pub(crate) fn drop(&mut self, i: usize) {
        self.held[i] = 0;
    }

    /// Takes back what is no longer valid at stamp `now`.
    pub(crate) fn expire(&mut self, now: u16) {
        for (held, until) in self.held.iter_mut().zip(&self.until) {
            if *held > 0 && *until <= now {
                *held = 0;
                self.expired += 1;
            }
        }
    }

    /// Shoppers who claimed, and whose claim expired, since this was last asked; and who hold a coupon now.
    pub(crate) fn take_counts(&mut self) -> Coupons {
        Coupons {
            claimed: std::mem::take(&mut self.claimed),
            expired: std::mem::take(&mut self.expired),
            held: self.held.iter().map(|held| u64::from(*held > 0)).sum(),
        }
    }
}

impl Shoppers {
    /// A click on `line`: the coupon that it gives, if any, is claimed by who holds none. That is an act of intent.
    pub(crate) fn claim(&mut self, moment: Moment<'_>, line: usize, i: usize) {
        let Moment { world, step, .. } = moment;
        let Some(place) = world.market.lines[line].coupon else { return };
        let coupon = &world.market.benefits.coupons[place];
        let step_days = world.clock.step_days;
        if self.claims.held[i] > 0 || !coupon.days.contains(&world.clock.days(step)) {
            return;
        }
        let valid = libm::ceil(coupon.valid_days / step_days).min(20_000.0) as u16;
        self.claims.held[i] = place as u8 + 1;
        self.claims.until[i] = world.clock.stamp(step).saturating_add(valid);
        self.claims.claimed += 1;
        self.touch(i, INTENDED, &world.clock, step);
    }
}
