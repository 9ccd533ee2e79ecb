//! What shards of a market must agree on before each can play a step alone.
//!
//! A line buys from the cheapest rank upward, so shards need to know in which bin its money ends and how much of it is left
//! for the shoppers of that bin in each shard: all of them, some, or none. Whoever knows by rank how many opportunities
//! every shard has can tell; but that depends a little on what earlier lines did. So it is guessed, all shards are played
//! and count exactly, and those for which the guess was wrong are played again, until nothing changes. The first line's
//! counts depend on no guess, the second's on the first's alone, and so on: hence this ends, and what it ends with is what
//! one shard of everybody would have found.

use super::benefits::Till;
use super::clicks::Clicks;
use super::delivery::{Auction, Cut, Delivered, Left, Moment, Scratch};
use super::friction::Terms;
use super::goods::Expected;
use super::guaranteed::{self, Shown};
use super::purchases::{Order, purchase};
use super::shard::Given;
use super::shelves::Shelves;
use super::shoppers::Shoppers;
use super::stores::Stores;
use super::targeting::{Belonging, Targeting};
use super::visits::Audience;
use super::world::BINS;
use crate::ledger::ShopRow;

/// What holds for all shards in a step.
pub(crate) struct Plan<'a> {
    lines: Vec<LinePlan<'a>>,
    /// The first bin of visitors not all of whom are shown the brand for nothing.
    shown: usize,
    /// People whom a shopper stands for.
    people: i64,
    /// Groups of those who can buy, where anything can run out.
    groups: usize,
}

/// What holds for one line.
struct LinePlan<'a> {
    auction: Auction<'a>,
    clicks: Clicks<'a>,
    belonging: Belonging,
    /// The bin up to which opportunities are looked at.
    highest: usize,
    cut: Cut,
}

/// What falls to one shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// `[lines]` what is left for the shoppers of the last bin; nothing where others have had it.
    lines: Vec<Option<Left>>,
    /// People in the last bin who are shown the brand for nothing.
    shown: i64,
    /// What is there for each group of those who can buy; empty where nothing runs out.
    stores: Vec<Stores>,
}

/// What a shard has counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    lines: Vec<LineCounts>,
    /// Visitors by rank, where the platform gives exposures away.
    visitors: Box<[u32]>,
    /// What each group of those who can buy has taken.
    taken: Vec<Stores>,
}

#[derive(Debug, Clone, Default)]
struct LineCounts {
    /// By bin, up to the highest: opportunities that are billed, and all where contacts are limited.
    billed: Box<[u32]>,
    met: Box<[u32]>,
    opportunities: u64,
    belonging: Belonging,
    contacts: u64,
}

/// A shard's part in a step.
pub(crate) struct Part<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) share: &'a Share,
    pub(crate) counts: Counts,
    /// Whether only what lines have to agree on is asked for, and nothing is sold.
    pub(crate) scouts: bool,
}

impl<'a> Part<'a> {
    pub(crate) fn new(plan: &'a Plan<'a>, share: &'a Share, scouts: bool) -> Self {
        let counts = Counts { lines: vec![LineCounts::default(); plan.lines.len()], ..Counts::default() };
        Self { plan, share, counts, scouts }
    }

    /// Shows the brand to this shard's part of the visitors.
    pub(crate) fn show(
        &mut self,
        moment: Moment<'_>,
        shoppers: &mut Shoppers,
        visitors: &[u32],
        scratch: &mut Scratch,
    ) -> Shown {
        if moment.world.exposures.is_none() {
            return Shown::default();
        }
        guaranteed::count(moment, shoppers, visitors, &mut scratch.billed);
        self.counts.visitors = scratch.billed[..].into();
        guaranteed::expose(moment, self.plan.shown, self.share.shown, shoppers, visitors, scratch)
    }

    /// Buys this shard's part of what a line can. Of the costs only those of the last bin are told.
    pub(crate) fn deliver(
        &mut self,
        moment: Moment<'_>,
        line: usize,
        shoppers: &mut Shoppers,
        audience: &Audience,
        scratch: &mut Scratch,
    ) -> Delivered {
        let LinePlan { auction, clicks, belonging, highest, cut } = &self.plan.lines[line];
        let counts = &mut self.counts.lines[line];
        counts.belonging = Targeting::count(moment, line, shoppers, audience);
        let targeting = Targeting::new(moment, line, shoppers, *belonging);
        auction.look(*highest, clicks, targeting.as_ref(), shoppers, audience, scratch);
        counts.billed = scratch.billed[..*highest].into();
        counts.met = if auction.is_limited() { scratch.met[..*highest].into() } else { Box::default() };
        counts.opportunities = scratch.opportunities.as_slice().len() as u64;
        let before = shoppers.contacts[line];
        let delivered = auction.buy(cut.last, self.share.lines[line], clicks, shoppers, scratch);
        counts.contacts = shoppers.contacts[line] - before;
        delivered
    }
}

impl Part<'_> {
    /// Whether anything that is sold can run out.
    pub(crate) fn runs_short(&self) -> bool {
        !self.share.stores.is_empty()
    }

    /// [`purchase`], group by group: those of the visitors who have a need, and of the arrivals, of whom `arrived` says how
    /// many had come after what brought them.
    pub(crate) fn sell(
        &mut self,
        moment: Moment<'_>,
        shoppers: &mut Shoppers,
        (shelves, till): (&mut Shelves, &mut Till),
        (needing, (arrivals, arrived)): (&[u32], (&[u32], &[usize])),
        orders: &mut Vec<Order>,
        shop: &mut ShopRow,
    ) -> Expected {
        let needs = |shoppers: &Shoppers, arrivals: &[u32]| {
            arrivals.iter().filter(|shopper| shoppers.needs_now(**shopper as usize)).count()
        };
        let visitors = needing.len() - needs(shoppers, arrivals);
        let arrived = arrived.iter().map(|count| visitors + needs(shoppers, &arrivals[..*count]));
        let ends: Vec<usize> = std::iter::once(visitors).chain(arrived).collect();
        let mut expected = Expected::default();
        let mut start = 0;
        for (stores, end) in self.share.stores.iter().zip(ends) {
            stores.fill(shelves, till);
            expected += purchase(moment, shoppers, shelves, till, &needing[start..end], orders, shop);
            self.counts.taken.push(Stores::of(shelves, till).taken_from(stores));
            start = end;
        }
        expected
    }
}

impl<'a> Plan<'a> {
    /// A plan under which nothing is bought and everything is looked at; with what falls to each shard. `stores` is what
    /// there is before the step.
    pub(crate) fn blank(given: Given<'a>, contacts: &[u64], stores: &Stores) -> (Self, Share) {
        let Given { moment, terms, .. } = given;
        // Visitors, whom the shop has contacted, and who came by each line.
        let groups = if Stores::are_limited(&moment.world.market) { terms.len() + 2 } else { 0 };
        let stores = vec![stores.clone(); groups];
        let lines = terms.iter().enumerate().map(|(line, terms)| {
            let auction = Auction::new(moment, line, *terms);
            LinePlan {
                auction,
                clicks: Clicks::new(moment, line, terms.quality, contacts),
                belonging: Belonging::default(),
                highest: auction.end,
                cut: Cut::default(),
            }
        });
        let people = moment.world.market.weight() as i64;
        (
            Self { lines: lines.collect(), shown: 0, people, groups },
            Share { lines: vec![None; terms.len()], shown: 0, stores },
        )
    }

    /// The plan that follows from what each shard has counted under an earlier one, with the share of each. `contacts` are
    /// those that lines had bought before the step.
    pub(crate) fn revise(
        &self,
        given: Given<'a>,
        contacts: &[u64],
        stores: &Stores,
        counts: &[&Counts],
        look_near: bool,
    ) -> (Self, Vec<Share>) {
        let Given { moment, terms, exposures, .. } = given;
        let mut shares = vec![Share::default(); counts.len()];
        let mut contacts = contacts.to_vec();
        let mut lines = Vec::with_capacity(terms.len());
        for (line, (terms, before)) in terms.iter().zip(&self.lines).enumerate() {
            let clicks = Clicks::new(moment, line, terms.quality, &contacts);
            let counts = counts.iter().map(|counts| &counts.lines[line]);
            contacts[line] += counts.clone().map(|counts| counts.contacts).sum::<u64>();
            let plan = before.revise(terms, clicks, counts.clone(), look_near);
            let mut left = Some(plan.cut.left);
            for (share, counts) in shares.iter_mut().zip(counts) {
                share.lines.push(left);
                left = left.and_then(|left| plan.after(left, counts));
            }
            lines.push(plan);
        }
        // The first group of all shards comes before the second of any.
        let mut left = stores.clone();
        for group in 0..self.groups {
            for (share, counts) in shares.iter_mut().zip(counts) {
                share.stores.push(left.clone());
                if let Some(taken) = counts.taken.get(group) {
                    left = left.after(taken);
                }
            }
        }
        let mut shown = 0;
        if moment.world.exposures.is_some() {
            let visitors = sum(counts.iter().map(|counts| &counts.visitors));
            let (last, mut rest) = guaranteed::cut(moment, exposures, &visitors);
            for (share, counts) in shares.iter_mut().zip(counts) {
                share.shown = rest;
                rest = (rest - self.people_in(counts, last)).max(0);
            }
            shown = last;
        }
        (Self { lines, shown, ..*self }, shares)
    }

    /// What is left when all shards have taken what they did.
    pub(crate) fn rest(stores: &Stores, counts: &[&Counts]) -> Stores {
        counts.iter().flat_map(|counts| &counts.taken).fold(stores.clone(), |left, taken| left.after(taken))
    }

    /// `[lines]` what all below the last bins costs, all shards together.
    pub(crate) fn costs(&self) -> impl Iterator<Item = i64> {
        self.lines.iter().map(|line| line.cut.cost)
    }

    /// Whether a shard that has counted this would do under another plan, with another share, what it has done under
    /// this.
    pub(crate) fn is_like(&self, share: &Share, other: (&Self, &Share), counts: &Counts) -> bool {
        let (plan, changed) = other;
        let lines = self.lines.iter().zip(&plan.lines).zip(&counts.lines);
        let mut stores = share.stores.iter().zip(&changed.stores).zip(&counts.taken);
        let shares = share.lines.iter().zip(&changed.lines);
        self.shown == plan.shown
            && self.shows_like(share.shown, changed.shown, counts)
            && stores.all(|((stores, changed), taken)| stores.is_like(changed, taken, self.people))
            && lines.zip(shares).all(|(((line, other), counts), (share, changed))| {
                line.is_like(other)
                    && (share == changed
                        || line.takes_all(*share, counts) && line.takes_all(*changed, counts))
            })
    }

    fn shows_like(&self, rest: i64, changed: i64, counts: &Counts) -> bool {
        let people = self.people_in(counts, self.shown);
        rest == changed || rest >= people && changed >= people
    }

    /// People who visit with a rank in this bin.
    fn people_in(&self, counts: &Counts, bin: usize) -> i64 {
        counts.visitors.get(bin).map_or(0, |visitors| i64::from(*visitors) * self.people)
    }
}

impl<'a> LinePlan<'a> {
    fn revise<'b>(
        &self,
        terms: &Terms,
        clicks: Clicks<'a>,
        counts: impl Iterator<Item = &'b LineCounts> + Clone,
        look_near: bool,
    ) -> Self {
        let auction = self.auction;
        let mut plan = LinePlan { auction, clicks, ..*self };
        if terms.money <= 0 {
            return plan;
        }
        let billed = sum(counts.clone().map(|counts| &counts.billed));
        let met = sum(counts.clone().map(|counts| &counts.met));
        let opportunities = counts.clone().map(|counts| counts.opportunities).sum();
        plan.cut = auction.cut(self.highest, &billed, &met, opportunities);
        plan.belonging = counts.fold(Belonging::default(), |sum, counts| sum + counts.belonging);
        if plan.cut.last == self.highest && self.highest < auction.end {
            plan.highest = (2 * self.highest).min(auction.end);
        } else if look_near {
            plan.highest = auction.looks_first(plan.cut.last);
        }
        plan
    }

    /// What is left for the next shard.
    fn after(&self, left: Left, counts: &LineCounts) -> Option<Left> {
        let last = self.cut.last;
        let people = self.auction.people();
        let count = |bins: &[u32]| bins.get(last).map_or(0, |count| i64::from(*count) * people);
        let money = if last < BINS { count(&counts.billed) * self.auction.price(last) } else { 0 };
        let contacts = count(&counts.met);
        (money <= left.money && contacts <= left.contacts)
            .then(|| Left { money: left.money - money, contacts: left.contacts - contacts })
    }

    /// Whether a share is enough for all whom a shard has in the last bin.
    fn takes_all(&self, share: Option<Left>, counts: &LineCounts) -> bool {
        share.is_some_and(|left| self.after(left, counts).is_some())
    }

    /// Whether all shards would do the same but for their shares.
    fn is_like(&self, other: &Self) -> bool {
        self.cut.last == other.cut.last
            && self.highest == other.highest
            && self.clicks.is_like(&other.clicks)
            && self.auction.mistake(self.belonging) == self.auction.mistake(other.belonging)
    }
}

/// Sums bin by bin.
fn sum<'a>(counts: impl Iterator<Item = &'a Box<[u32]>>) -> [u32; BINS] {
    let mut sum = [0; BINS];
    for counts in counts {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sum
}
