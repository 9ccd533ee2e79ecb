//! The journal of an episode: who was met, where, who moved because of it, and what was clicked before an order.
//!
//! It is kept only where it is asked for ([`crate::Episode::with_journal`]), changes nothing of what happens, and costs
//! nothing otherwise. Unlike the reports it knows everybody: people whom no platform recognises are in it, robots are
//! not. Its tables are in people.
//!
//! A *touch* is a contact that reached a person, bought or free. A *source* is what touched: a line, or the free traffic
//! of the platform, which comes after the lines. An order's *last touch* is the last click before it within the window
//! of Engage, whatever its source; an order without one belongs to free traffic.

mod tables;

use super::purchases::Order;
use super::shoppers::{SEEN, VIEWED};
use super::world::MarketWorld;
use crate::deeplink::{ChannelDomain, DOMAINS, STAGES};
use crate::money::Money;
pub use tables::{Flow, Link, Orders, Outside};

/// Met in two domains within the window of Discover.
const LINKED: u8 = 1;
/// The same, and recognised in both.
const RECOGNISED: u8 = 2;

/// A touch as the step notes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meeting {
    pub(crate) shopper: u32,
    pub(crate) click: bool,
    pub(crate) recognised: bool,
}

impl Meeting {
    /// Kept out of the step's own code, which seldom has a journal.
    #[cold]
    #[inline(never)]
    pub(crate) fn note(self, meetings: &mut Vec<Self>) {
        meetings.push(self);
    }
}

/// A flag for each shopper and source.
#[derive(Debug, Clone)]
struct Flags {
    sources: usize,
    set: Vec<bool>,
}

impl Flags {
    fn new(shoppers: usize, sources: usize) -> Self {
        Self { sources, set: vec![false; shoppers * sources] }
    }

    fn at(&mut self, i: usize, source: usize) -> &mut bool {
        &mut self.set[i * self.sources + source]
    }

    fn of(&self, i: usize) -> &[bool] {
        &self.set[i * self.sources..(i + 1) * self.sources]
    }

    /// `[sources]` shoppers with the flag.
    fn count(&self) -> Vec<u64> {
        let mut count = vec![0; self.sources];
        for row in self.set.chunks_exact(self.sources) {
            for (count, set) in count.iter_mut().zip(row) {
                *count += u64::from(*set);
            }
        }
        count
    }
}

/// The journal of one episode. Stamps are steps from 1, and 0 means never.
#[derive(Debug, Clone)]
pub struct Journal {
    weight: u64,
    /// `[sources]`
    domains: Vec<ChannelDomain>,
    /// Lines outside the platform.
    outside: Vec<usize>,
    /// Windows of Discover and Engage, in steps.
    windows: [u16; 2],

    // `[shoppers]` in each array.
    opening: Vec<u8>,
    stage: Vec<u8>,
    /// Stamp of the step in which the stage was entered.
    entered: Vec<u16>,
    /// Place of the domain of the first touch before the first order, [`DOMAINS`] for none.
    first: Vec<u8>,
    /// Stamps of the last touch in each domain, and of the last recognised one.
    touched: Vec<[u16; DOMAINS]>,
    recognised: Vec<[u16; DOMAINS]>,
    linked: Vec<u8>,
    /// Source and stamp of the last click.
    last_click: Vec<(usize, u16)>,
    /// Last touch of the first order of the episode.
    bought_from: Vec<Option<usize>>,
    /// Orders in the episode.
    ordered: Vec<u16>,
    /// Sources that touched the shopper.
    reached: Flags,
    /// `[outside]` sources on which the shopper clicked after the outside line had touched them.
    clicked_after: Vec<Flags>,

    // Counts of shoppers; orders are people's.
    touches: Vec<u64>,
    bought_after: Vec<Vec<u64>>,
    /// `[sources + 1]` moves by what made them; time is the last.
    moves: Vec<Flow>,
    /// `[8][steps]` steps in a stage before moving up, of those who entered it in the episode.
    stays: Vec<Vec<u64>>,
    stocks: Vec<[u64; STAGES]>,
    /// `[steps, 2]` moves upward and downward.
    ups_and_downs: Vec<[u64; 2]>,
    by_last_touch: Vec<Orders>,
    by_opening: [Orders; STAGES],
    /// `[steps, lines]` credited orders by the step of the click that they are credited to.
    by_click: Vec<Orders>,
}

impl Journal {
    /// Of an episode that has not begun.
    pub(crate) fn new(world: &MarketWorld) -> Self {
        let lines = &world.market.lines;
        let (shoppers, sources, steps) = (world.shoppers.len(), lines.len() + 1, world.brief.steps);
        let outside: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].channel.outside).collect();
        let own = std::iter::once(ChannelDomain::Own);
        Self {
            weight: world.market.weight(),
            domains: lines.iter().map(|line| line.channel.domain).chain(own).collect(),
            windows: [world.clock.windows[SEEN], world.clock.windows[VIEWED]],
            opening: world.shoppers.stage.clone(),
            stage: world.shoppers.stage.clone(),
            entered: vec![0; shoppers],
            first: vec![DOMAINS as u8; shoppers],
            touched: vec![[0; DOMAINS]; shoppers],
            recognised: vec![[0; DOMAINS]; shoppers],
            linked: vec![0; shoppers],
            last_click: vec![(0, 0); shoppers],
            bought_from: vec![None; shoppers],
            ordered: vec![0; shoppers],
            reached: Flags::new(shoppers, sources),
            clicked_after: vec![Flags::new(shoppers, sources); outside.len()],
            touches: vec![0; sources],
            bought_after: vec![vec![0; sources]; outside.len()],
            moves: vec![[[0; STAGES]; STAGES]; sources + 1],
            stays: vec![vec![0; steps + 1]; STAGES],
            stocks: vec![world.shoppers.stocks],
            ups_and_downs: vec![[0; 2]; steps],
            by_last_touch: vec![Orders::default(); sources],
            by_opening: [Orders::default(); STAGES],
            by_click: vec![Orders::default(); steps * lines.len()],
            outside,
        }
    }

    /// The source that stands for free traffic.
    pub(crate) fn free(&self) -> usize {
        self.domains.len() - 1
    }

    /// What a source did in a step: takes its meetings, and the moves that came of them. `stages` are the shoppers' now.
    pub(crate) fn source(&mut self, step: usize, source: usize, meetings: &mut Vec<Meeting>, stages: &[u8]) {
        for meeting in meetings.drain(..) {
            self.meet(step, source, meeting);
        }
        self.moved(step, source, stages);
    }

    /// Moves that came of time passing.
    pub(crate) fn lapse(&mut self, step: usize, stages: &[u8]) {
        self.moved(step, self.free() + 1, stages);
    }

    /// The source of the last touch of shopper `i`.
    fn last_touch(&self, step: usize, i: usize) -> usize {
        let (clicked, stamp) = self.last_click[i];
        let fresh = stamp > 0 && stamp_of(step) - stamp < self.windows[1];
        if fresh { clicked } else { self.free() }
    }

    /// An order, after which the shopper is in `stage`.
    pub(crate) fn order(&mut self, step: usize, order: &Order, stage: u8) {
        let i = order.shopper as usize;
        let source = self.last_touch(step, i);
        self.ordered[i] = self.ordered[i].saturating_add(1);
        if self.bought_from[i].is_none() {
            self.bought_from[i] = Some(source);
            for (bought, line) in self.bought_after.iter_mut().zip(&self.outside) {
                bought[source] += u64::from(self.reached.of(i)[*line]);
            }
        }
        for orders in [&mut self.by_last_touch[source], &mut self.by_opening[self.opening[i] as usize]] {
            orders.orders += order.people;
            orders.new_customers += if order.new { order.people } else { 0 };
            orders.revenue += Money(order.value.0 * order.people as i64);
        }
        self.moves_to(step, source, i, stage);
    }

    /// An order of which `people` are credited to a click on `line`, `age` steps ago. Clicks before the episode are of no
    /// step.
    pub(crate) fn credit(&mut self, step: usize, age: usize, line: usize, order: &Order, people: u64) {
        let lines = self.domains.len() - 1;
        let place = step.checked_sub(age).map(|clicked| clicked * lines + line);
        if let Some(orders) = place.and_then(|place| self.by_click.get_mut(place)) {
            orders.orders += people;
            orders.new_customers += if order.new { people } else { 0 };
            orders.revenue += Money(order.value.0 * people as i64);
        }
    }

    /// The end of a step: `stages` are the shoppers' then. What moved without an order, by a deposit, belongs to the last
    /// touch.
    pub(crate) fn close(&mut self, step: usize, stages: &[u8], stocks: [u64; STAGES]) {
        for (i, stage) in stages.iter().enumerate() {
            if self.stage[i] != *stage {
                self.moves_to(step, self.last_touch(step, i), i, *stage);
            }
        }
        self.stocks.push(stocks);
    }

    fn meet(&mut self, step: usize, source: usize, meeting: Meeting) {
        let (i, stamp) = (meeting.shopper as usize, stamp_of(step));
        self.touches[source] += 1;
        if meeting.click {
            for (clicked, line) in self.clicked_after.iter_mut().zip(&self.outside) {
                if self.reached.of(i)[*line] {
                    *clicked.at(i, source) = true;
                }
            }
            self.last_click[i] = (source, stamp);
        }
        *self.reached.at(i, source) = true;
        let domain = self.domains[source] as usize;
        if self.first[i] as usize == DOMAINS && self.bought_from[i].is_none() {
            self.first[i] = domain as u8;
        }
        let window = self.windows[0];
        let elsewhere = |stamps: &[u16; DOMAINS]| {
            stamps
                .iter()
                .enumerate()
                .any(|(other, last)| other != domain && *last > 0 && stamp - last < window)
        };
        self.touched[i][domain] = stamp;
        self.linked[i] |= if elsewhere(&self.touched[i]) { LINKED } else { 0 };
        if meeting.recognised {
            self.recognised[i][domain] = stamp;
            self.linked[i] |= if elsewhere(&self.recognised[i]) { RECOGNISED } else { 0 };
        }
    }

    fn moved(&mut self, step: usize, cause: usize, stages: &[u8]) {
        for (i, stage) in stages.iter().enumerate() {
            if self.stage[i] != *stage {
                self.moves_to(step, cause, i, *stage);
            }
        }
    }

    fn moves_to(&mut self, step: usize, cause: usize, i: usize, to: u8) {
        let from = std::mem::replace(&mut self.stage[i], to);
        if from == to {
            return;
        }
        // A touch lifts; whoever falls in its step, as a member who leaves, does so by time.
        let cause = if to < from { self.free() + 1 } else { cause };
        self.moves[cause][from as usize][to as usize] += 1;
        self.ups_and_downs[step][usize::from(to < from)] += 1;
        let stamp = stamp_of(step);
        let entered = std::mem::replace(&mut self.entered[i], stamp);
        if to > from && entered > 0 {
            self.stays[from as usize][usize::from(stamp - entered)] += 1;
        }
    }
}

fn stamp_of(step: usize) -> u16 {
    u16::try_from(step + 1).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scenario, World};

    const SEARCH: usize = 0;
    const DISPLAY: usize = 1;
    const VIDEO: usize = 5;
    const FREE: usize = 7;

    /// Twenty unreached shoppers of one person each, by the windows of the shipped industry: 15 days.
    fn journal() -> Journal {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(20);
        let world = World::draw(&scenario, 1).market_world().clone();
        assert_eq!(world.clock.windows[..2], [15, 15]);
        let mut journal = Journal { weight: 1, ..Journal::new(&world) };
        journal.opening.fill(0);
        journal.stage.fill(0);
        journal
    }

    fn meet(journal: &mut Journal, step: usize, source: usize, shopper: u32, click: bool, recognised: bool) {
        journal.meet(step, source, Meeting { shopper, click, recognised });
    }

    fn order(journal: &mut Journal, step: usize, shopper: u32) {
        let order = Order { shopper, product: 0, people: 1, new: true, value: Money(100), delay: 0 };
        journal.order(step, &order, crate::Stage::Initial as u8);
    }

    #[test]
    fn two_domains_are_linked_within_the_window_and_not_after_it() {
        let mut journal = journal();
        for (shopper, gap) in [(0, 14), (1, 15)] {
            meet(&mut journal, 0, VIDEO, shopper, false, true);
            meet(&mut journal, gap, SEARCH, shopper, false, true);
        }
        // Met in one domain, though by two lines.
        meet(&mut journal, 0, VIDEO, 2, false, true);
        meet(&mut journal, 1, VIDEO + 1, 2, false, true);
        // Linked in truth, and not in the platform's eyes.
        meet(&mut journal, 0, VIDEO, 3, false, false);
        meet(&mut journal, 0, FREE, 3, false, true);
        let link = journal.link();
        assert_eq!((link.touched, link.linked, link.recognised), (4, 2, 1));
        assert_eq!(journal.reach()[VIDEO], 4);
        assert_eq!(journal.total_reach(), [4, 4]);
        assert_eq!(journal.touches().iter().sum::<u64>(), 8);
    }

    #[test]
    fn an_order_belongs_to_the_last_click_within_the_window() {
        let mut journal = journal();
        // Video, then search, then the order: search has it, and video led there.
        meet(&mut journal, 0, VIDEO, 0, true, false);
        meet(&mut journal, 3, SEARCH, 0, true, true);
        order(&mut journal, 3, 0);
        // A contact without a click does not take it.
        meet(&mut journal, 0, SEARCH, 1, true, true);
        meet(&mut journal, 1, DISPLAY, 1, false, true);
        order(&mut journal, 14, 1);
        // Too late: free.
        meet(&mut journal, 0, SEARCH, 2, true, true);
        order(&mut journal, 15, 2);
        // Met only after the order.
        order(&mut journal, 0, 3);
        meet(&mut journal, 1, VIDEO, 3, true, true);
        let credited: Vec<u64> = journal.orders_by_last_touch().iter().map(|row| row.orders).collect();
        assert_eq!(credited, [2, 0, 0, 0, 0, 0, 0, 2]);
        let video = &journal.outside()[0];
        assert_eq!((video.line, video.met), (VIDEO, 2));
        assert_eq!(video.clicked, [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(video.bought, [1, 0, 0, 0, 0, 0, 0, 0]);
        let matrix = journal.link().first_to_order;
        let place = |domain: ChannelDomain| domain as usize;
        assert_eq!(matrix[place(ChannelDomain::Outside)][place(ChannelDomain::Search)], 1);
        assert_eq!(matrix[place(ChannelDomain::Search)][place(ChannelDomain::Search)], 1);
        assert_eq!(matrix[place(ChannelDomain::Search)][place(ChannelDomain::Own)], 1);
        assert_eq!(matrix[DOMAINS][place(ChannelDomain::Own)], 1);
        assert_eq!(matrix[DOMAINS][DOMAINS], 16);
    }

    #[test]
    fn a_stay_counts_from_its_beginning_in_the_episode() {
        let mut journal = journal();
        let mut stages = vec![0; 20];
        stages[0] = 1;
        journal.source(2, DISPLAY, &mut Vec::new(), &stages);
        stages[0] = 4;
        journal.source(7, SEARCH, &mut Vec::new(), &stages);
        stages[0] = 0;
        journal.lapse(9, &stages);
        let moves = journal.moves();
        assert_eq!((moves[DISPLAY][0][1], moves[SEARCH][1][4], moves[FREE + 1][4][0]), (1, 1, 1));
        assert_eq!(moves.iter().flatten().flatten().sum::<u64>(), 3);
        let stays = journal.stays();
        assert_eq!((stays[1][5], stays.iter().flatten().sum::<u64>()), (1, 1));
    }
}
