//! Whom a line meets among those it could: audiences, desks that look for a need, frequency caps.
//!
//! Each only ever leaves people out, by a draw of the shopper and line alone, before anything is bought.

use std::ops::Add;

use super::delivery::Moment;
use super::settings::AudienceSettings;
use super::shoppers::{LEVELS, Shoppers, flag};
use super::supply::{Opportunity, candidates};
use super::visits::{Audience, chance, field};
use crate::draws::{mix, purpose};

/// An audience in the form in which shoppers are tested.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AudienceTest {
    /// Bits of personas, and of stages.
    personas: u32,
    stages: u32,
    exclude_buyers_days: Option<u16>,
    precision: f64,
}

impl AudienceTest {
    pub(crate) fn new(settings: &AudienceSettings) -> Self {
        let bits = |places: &[usize]| match places {
            [] => u32::MAX,
            places => places.iter().fold(0, |bits, place| bits | 1 << (place & 31)),
        };
        Self {
            personas: bits(&settings.personas),
            stages: bits(&settings.stages),
            exclude_buyers_days: settings.exclude_buyers_days,
            precision: settings.precision,
        }
    }

    /// Whether a shopper belongs on the day with stamp `today`.
    #[inline]
    pub(crate) fn holds(&self, shoppers: &Shoppers, i: usize, today: u16) -> bool {
        let persona = shoppers.class[i] as usize / LEVELS;
        let last = shoppers.orders[0][i];
        let bought =
            self.exclude_buyers_days.is_some_and(|days| (last > 0) & (today.wrapping_sub(last) <= days));
        // Without branches, as nobody can foresee it.
        (self.personas >> (persona & 31) & self.stages >> (shoppers.stage[i] & 31) & 1 == 1) & !bought
    }

    /// Chance, in 65,536ths, that someone who does not belong is met all the same, so that of all who can be met the share
    /// who belong is the precision.
    pub(crate) fn mistake(&self, Belonging { belong, others }: Belonging) -> u32 {
        if others == 0 {
            return 0;
        }
        chance(belong as f64 * (1.0 - self.precision) / self.precision / others as f64)
    }
}

/// How many of those whom a line could meet belong to its audience, and how many do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Belonging {
    pub(crate) belong: u64,
    pub(crate) others: u64,
}

impl Add for Belonging {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { belong: self.belong + other.belong, others: self.others + other.others }
    }
}

/// Whom one line leaves out in a step.
pub(crate) struct Targeting<'a> {
    /// The audience, and the chance of a mistake in 65,536ths.
    audience: Option<(&'a AudienceTest, u32)>,
    today: u16,
    /// Chance that someone without a need is passed over, in 65,536ths.
    passed_over: u32,
    /// Stamps of the contact that must be past before the next, and when it is.
    capped: Option<(&'a [u16], u16)>,
}

impl<'a> Targeting<'a> {
    /// Counts, of those whom a line could meet, who belongs to its audience and who does not; nobody where it has none.
    pub(crate) fn count(
        Moment { world, step, .. }: Moment<'_>,
        line: usize,
        shoppers: &Shoppers,
        audience: &Audience,
    ) -> Belonging {
        let today = world.clock.day(step);
        world.lines[line].audience.as_ref().map_or_else(Belonging::default, |test| {
            let candidates = candidates(world.market.lines[line].channel.supply, audience);
            let belong = candidates.iter().filter(|shopper| test.holds(shoppers, **shopper as usize, today));
            let (belong, all) = (belong.count() as u64, candidates.len() as u64);
            Belonging { belong, others: all - belong }
        })
    }

    /// `None` where the line meets whomever it can. `count` is of all shoppers of the market.
    pub(crate) fn new(
        moment: Moment<'a>,
        line: usize,
        shoppers: &'a Shoppers,
        count: Belonging,
    ) -> Option<Self> {
        let Moment { world, step, .. } = moment;
        let drawn = &world.lines[line];
        let optimised = world.market.lines[line].channel.friction.optimised;
        if drawn.audience.is_none() && drawn.capped.is_none() && optimised == 0.0 {
            return None;
        }
        let today = world.clock.day(step);
        let audience = drawn.audience.as_ref().map(|test| (test, test.mistake(count)));
        let capped = drawn.capped.and_then(|cap| {
            let oldest = shoppers.capped[cap.place].last()?.as_slice();
            Some((oldest, world.clock.stamp(step).saturating_sub(cap.window)))
        });
        Some(Self { audience, today, passed_over: chance(optimised), capped })
    }

    /// Whether the line can meet the shopper of an opportunity.
    #[inline]
    pub(crate) fn keeps(&self, shoppers: &Shoppers, opportunity: &Opportunity) -> bool {
        let i = opportunity.shopper as usize;
        let bits = mix(opportunity.bits ^ purpose::TARGETING);
        let in_market = shoppers.flags[i] & flag::IN_MARKET != 0;
        // The window starts after `since`, whose contacts are past.
        let full = self.capped.is_some_and(|(oldest, since)| oldest[i] > since);
        let meant = self
            .audience
            .is_none_or(|(test, mistake)| (field(bits, 0) < mistake) | test.holds(shoppers, i, self.today));
        !full & meant & (in_market | (field(bits, 1) >= self.passed_over))
    }
}

/// The frequency cap of a line: where its contacts are kept, and the window in steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cap {
    /// Place among the capped lines.
    pub(crate) place: usize,
    pub(crate) contacts: usize,
    pub(crate) window: u16,
}

impl Cap {
    /// Notes a contact with shopper `i` at a stamp among `[contacts][shoppers]` stamps.
    pub(crate) fn note(&self, stamps: &mut [Vec<u16>], i: usize, stamp: u16) {
        for later in (1..self.contacts).rev() {
            stamps[later][i] = stamps[later - 1][i];
        }
        stamps[0][i] = stamp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_fill_up_to_the_precision() {
        let test = |precision| AudienceTest { personas: 0, stages: 0, exclude_buyers_days: None, precision };
        let mistake = |precision, belong, others| test(precision).mistake(Belonging { belong, others });
        assert_eq!(mistake(1.0, 300, 700), 0);
        // 300 who belong are 60 % of 500: 200 of the 700 others.
        assert_eq!(mistake(0.6, 300, 700), 65_536 * 2 / 7);
        // There are not enough others to be so wrong.
        assert_eq!(mistake(0.1, 900, 100), 65_536);
        assert_eq!(mistake(0.5, 10, 0), 0);
    }
}
