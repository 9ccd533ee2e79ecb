//! What contacts do to shoppers.
//!
//! All contacts of a line in a step are alike but for the shopper, and a shopper has one of them. So what follows from
//! every contact is done for all of them first, without branches; then what follows from the few clicks.

use super::delivery::{Delivered, Moment, Scratch};
use super::journal::Meeting;
use super::leads::Form;
use super::shoppers::{INTENDED, INTERACTED, MEMORY_UNIT, Shoppers, VIEWED, flag};
use super::supply::Opportunity;
use super::visits::field;
use crate::draws::{mix, purpose};
use crate::observation::Pricing;

/// A contact that was bought.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contact {
    /// Place among the opportunities.
    place: u32,
    /// For so many people of the shopper.
    people: u32,
}

/// How shoppers respond to one line in a step.
#[derive(Clone, Copy)]
pub(super) struct Response<'a> {
    moment: Moment<'a>,
    line: usize,
    /// Factor on what follows.
    effect: f64,
    /// People whom a shopper stands for.
    weight: u32,
    /// Share of contacts after which the shop knows the shopper, in 65,536ths, rounded up.
    identity: u32,
}

impl<'a> Response<'a> {
    pub(super) fn new(moment: Moment<'a>, line: usize, effect: f64) -> Self {
        let identity = moment.world.market.lines[line].channel.identity;
        let weight = moment.world.market.weight() as u32;
        Self { moment, line, effect, weight, identity: libm::ceil(identity * 65_536.0) as u32 }
    }

    /// Whether the contact reached a person, and the shopper moves with those of their people who were met.
    #[inline]
    fn moves(&self, opportunity: &Opportunity, people: u32) -> bool {
        let part = || {
            let draw = u64::from(field(more(opportunity), 0));
            draw * u64::from(self.weight) < u64::from(people) << 16
        };
        !self.is_worthless(opportunity) & (people == self.weight || part())
    }

    #[inline]
    fn is_worthless(&self, opportunity: &Opportunity) -> bool {
        field(opportunity.bits, 2) < self.moment.world.lines[self.line].worthless
    }

    /// Whether the shop knows whom it has met.
    #[inline]
    fn recognises(&self, opportunity: &Opportunity) -> bool {
        self.identity > 0xffff || field(mix(more(opportunity)), 0) < self.identity
    }

    /// Lets shoppers respond to the opportunities that were bought; `bought` says for how many people.
    #[inline(never)]
    pub(super) fn play(
        &self,
        opportunities: &[Opportunity],
        mut bought: impl FnMut(&Opportunity) -> u32,
        shoppers: &mut Shoppers,
        scratch: &mut Scratch,
        delivered: &mut Delivered,
    ) {
        let Moment { world, step, .. } = self.moment;
        let channel = &world.market.lines[self.line].channel;
        let drawn = &world.lines[self.line];
        let stamp = world.clock.stamp(step);
        let gain = (drawn.impact * self.effect * MEMORY_UNIT) as u16;
        let mut capped = drawn.capped.map(|cap| (cap, shoppers.capped[cap.place].as_mut_slice()));
        let memory = shoppers.memory[channel.memory].as_mut_slice();
        let count = opportunities.len();
        let (recognised, clicked) = (scratch.recognised.room(count), scratch.clicked.room(count));
        let mut meetings = scratch.meetings.as_mut();
        let (mut contacted, mut people, mut known, mut clicks) = (0, 0, 0, 0);
        for (place, opportunity) in opportunities.iter().enumerate() {
            let i = opportunity.shopper as usize;
            let counted = bought(opportunity);
            if counted == 0 {
                continue;
            }
            contacted += 1;
            people += u64::from(counted);
            if let Some((cap, stamps)) = &mut capped {
                cap.note(stamps, i, stamp);
            }
            #[cfg(test)]
            (shoppers.met[i] = true);
            let moves = self.moves(opportunity, counted);
            memory[i] = memory[i].saturating_add(if moves { gain } else { 0 });
            let recognises = self.recognises(opportunity);
            recognised[known] = opportunity.shopper;
            known += usize::from(moves & recognises);
            clicked[clicks] = Contact { place: place as u32, people: counted };
            clicks += usize::from(opportunity.click);
            if let Some(meetings) = &mut meetings
                && moves
            {
                Meeting { shopper: opportunity.shopper, click: opportunity.click, recognised: recognises }
                    .note(meetings);
            }
        }
        shoppers.contacts[self.line] += contacted;
        delivered.impressions += people * u64::from(channel.impressions);
        shoppers.see(&recognised[..known], &world.clock, step);
        scratch.clicked.set_length(clicks);
        let clicked = std::mem::take(&mut scratch.clicked);
        for contact in clicked.as_slice() {
            let opportunity = &opportunities[contact.place as usize];
            self.click(opportunity, contact.people, shoppers, scratch, delivered);
        }
        scratch.clicked = clicked;
    }

    /// What follows from a click.
    fn click(
        &self,
        opportunity: &Opportunity,
        people: u32,
        shoppers: &mut Shoppers,
        scratch: &mut Scratch,
        delivered: &mut Delivered,
    ) {
        let &Self { moment, line, effect, weight, .. } = self;
        let Moment { world, step, .. } = moment;
        let channel = &world.market.lines[line].channel;
        let drawn = &world.lines[line];
        let i = opportunity.shopper as usize;
        let counted = u64::from(people);
        delivered.clicks += counted;
        let engaged = channel.pricing == Pricing::PerEngagement;
        if self.is_worthless(opportunity) {
            // Nobody was there; what was engaged, if that is what is paid, was a script.
            delivered.engagements += if engaged { counted } else { 0 };
            return;
        }
        if channel.pricing == Pricing::Commission {
            // The reservation belongs to exactly these people, whether or not the shopper moves with them.
            shoppers.last_line[i] = line as u8;
            shoppers.last_click[i] = world.clock.stamp(step);
            shoppers.reserve(i, people, weight);
        }
        if !self.moves(opportunity, people) {
            return;
        }
        let more = more(opportunity);
        let last = mix(more);
        let needs = shoppers.flags[i] & (flag::IN_MARKET | flag::SATIATED) == flag::IN_MARKET;
        if needs && field(last, 2) < drawn.leak {
            shoppers.flags[i] |= flag::SATIATED;
            delivered.leaked += counted;
            return;
        }
        if let (Some(product), Some(in_view)) =
            (world.market.lines[line].product, shoppers.in_view.get_mut(i))
        {
            *in_view = product as u8;
        }
        if channel.outside {
            if let (true, Some(place)) = (self.recognises(opportunity), drawn.outside) {
                shoppers.outside_click[place][i] = world.clock.stamp(step);
            }
            if shoppers.flags[i] & flag::VISITING == 0 {
                shoppers.flags[i] |= flag::VISITING;
                scratch.arrivals.push(opportunity.shopper);
            }
        } else {
            shoppers.flags[i] |= flag::CLICKED;
            if channel.pricing != Pricing::Commission {
                shoppers.last_line[i] = line as u8;
                shoppers.last_click[i] = world.clock.stamp(step);
            }
        }
        shoppers.touch(i, VIEWED, &world.clock, step);
        shoppers.claim(moment, line, i);
        let hunter = shoppers.flags[i] & flag::HUNTER != 0;
        let interacts = f64::from(field(more, 1)) < drawn.interact_rate * effect * 65_536.0;
        if interacts || engaged {
            delivered.engagements += counted;
            if interacts {
                shoppers.touch(i, INTERACTED, &world.clock, step);
                let usual = world.market.merchant.member_rate;
                let joins = channel.hunter_joins.filter(|_| hunter).unwrap_or(usual);
                if f64::from(field(last, 1)) < joins * 65_536.0 {
                    delivered.joins += if shoppers.flags[i] & flag::MEMBER == 0 { counted } else { 0 };
                    shoppers.flags[i] |= flag::MEMBER;
                    shoppers.find_stage(i, &world.clock, step);
                }
            }
        }
        if !hunter && f64::from(field(more, 2)) < drawn.intent_rate * effect * 65_536.0 {
            shoppers.touch(i, INTENDED, &world.clock, step);
            delivered.carts += counted;
            if let Some(leads) = &world.market.industry.leads
                && shoppers.flags[i] & flag::SATIATED == 0
                && f64::from(field(last, 3)) < leads.form_rate * 65_536.0
            {
                scratch.forms.push(Form { shopper: opportunity.shopper, line: line as u32, people });
            }
        }
    }
}

/// Draws for the response, beside those of the opportunity.
#[inline]
fn more(opportunity: &Opportunity) -> u64 {
    mix(opportunity.bits ^ purpose::LINE)
}
