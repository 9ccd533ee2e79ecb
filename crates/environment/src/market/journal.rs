//! The journal of an episode: who was met, where, who moved because of it, and what was clicked before an order.
//!
//! It is kept only where it is asked for ([`crate::Episode::with_journal`]), changes nothing of what happens, and costs
//! nothing otherwise. Unlike the reports it knows everybody: people whom no platform recognises are in it, robots are
//! not. All tables are in people (shoppers times the people each stands for), so that their sums are exact.
//!
//! A *touch* is a contact that reached a person, bought or free. A *source* is what touched: a line, or the free traffic
//! of the platform, which comes after the lines. An order's *last touch* is the last click before it within the window
//! of Engage, whatever its source; an order without one belongs to free traffic.

use super::purchases::Order;
use super::shoppers::{SEEN, VIEWED};
use super::world::MarketWorld;
use crate::deeplink::{ChannelDomain, DOMAINS, STAGES};
use crate::money::Money;

/// People by stage before (row) and after (column).
pub type Flow = [[u64; STAGES]; STAGES];

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

/// Orders of people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orders {
    /// Orders.
    pub orders: u64,
    /// Orders of people without one in the last 365 days.
    pub new_customers: u64,
    /// Value of the orders.
    pub revenue: Money,
}

/// People met in more than one domain (全域).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// People touched at all.
    pub touched: u64,
    /// People touched in two or more domains within the window of Discover.
    pub linked: u64,
    /// Those among them whom the platform recognised in two or more domains within the window.
    pub recognised: u64,
    /// `[6, 6]` people by the domain of their first touch (row; the last row: none before they bought, or none at all)
    /// and by the domain of the last touch of their first order in the episode (column; the last column: no order). Rows
    /// and columns together are the population.
    pub first_to_order: [[u64; DOMAINS + 1]; DOMAINS + 1],
}

/// People met by a line outside the platform, and what they did later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The line.
    pub line: usize,
    /// People it touched.
    pub met: u64,
    /// `[sources]` people among them who clicked there after a touch by the line.
    pub clicked: Vec<u64>,
    /// `[sources]` people among them whom it touched before their first order of the episode, by that order's last touch.
    pub bought: Vec<u64>,
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
    /// Sources that touched the shopper.
    reached: Flags,
    /// `[outside]` sources on which the shopper clicked after the outside line had touched them.
    clicked_after: Vec<Flags>,

    // Counts of shoppers.
    touches: Vec<u64>,
    bought_after: Vec<Vec<u64>>,
    /// `[sources + 1]` moves by what made them; time is the last.
    moves: Vec<Flow>,
    /// `[8][steps]` steps in a stage before moving up, of those who entered it in the episode.
    stays: Vec<Vec<u64>>,
    stocks: Vec<[u64; STAGES]>,
    by_last_touch: Vec<Orders>,
    by_opening: [Orders; STAGES],
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
            reached: Flags::new(shoppers, sources),
            clicked_after: vec![Flags::new(shoppers, sources); outside.len()],
            touches: vec![0; sources],
            bought_after: vec![vec![0; sources]; outside.len()],
            moves: vec![[[0; STAGES]; STAGES]; sources + 1],
            stays: vec![vec![0; steps + 1]; STAGES],
            stocks: vec![world.shoppers.stocks],
            by_last_touch: vec![Orders::default(); sources],
            by_opening: [Orders::default(); STAGES],
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

    /// An order, after which the shopper is in `stage`.
    pub(crate) fn order(&mut self, step: usize, order: &Order, stage: u8) {
        let i = order.shopper as usize;
        let (clicked, stamp) = self.last_click[i];
        let fresh = stamp > 0 && stamp_of(step) - stamp < self.windows[1];
        let source = if fresh { clicked } else { self.free() };
        if self.bought_from[i].is_none() {
            self.bought_from[i] = Some(source);
            for (bought, line) in self.bought_after.iter_mut().zip(&self.outside) {
                bought[source] += u64::from(self.reached.of(i)[*line]);
            }
        }
        for orders in [&mut self.by_last_touch[source], &mut self.by_opening[self.opening[i] as usize]] {
            orders.orders += 1;
            orders.new_customers += u64::from(order.new);
            orders.revenue += order.value;
        }
        self.moves_to(step, source, i, stage);
    }

    /// The end of a step.
    pub(crate) fn close(&mut self, stocks: [u64; STAGES]) {
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
        self.moves[cause][from as usize][to as usize] += 1;
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

/// The tables. A source is a line, in the order of the scenario, or free traffic, which is the last.
impl Journal {
    /// `[steps + 1, 8]` people in each stage before the first step and after each.
    #[must_use]
    pub fn stocks(&self) -> Vec<[u64; STAGES]> {
        self.stocks.iter().map(|stocks| stocks.map(|shoppers| shoppers * self.weight)).collect()
    }

    /// `[8, 8]` people by stage at the start of the episode (row) and now (column).
    #[must_use]
    pub fn flow(&self) -> Flow {
        let mut flow = [[0; STAGES]; STAGES];
        for (before, after) in self.opening.iter().zip(&self.stage) {
            flow[*before as usize][*after as usize] += self.weight;
        }
        flow
    }

    /// `[sources + 1]` every move of a person from one stage to another, by what made it: a touch of that source, an
    /// order after its click, or time (the last), which makes stages lapse.
    #[must_use]
    pub fn moves(&self) -> Vec<Flow> {
        self.moves.iter().map(|flow| flow.map(|row| row.map(|shoppers| shoppers * self.weight))).collect()
    }

    /// `[8][steps + 1]` people by the number of steps that they were in a stage before they moved up from it. Only stays
    /// that began in the episode: when the others did is not known.
    #[must_use]
    pub fn stays(&self) -> Vec<Vec<u64>> {
        self.stays.iter().map(|stays| stays.iter().map(|shoppers| shoppers * self.weight).collect()).collect()
    }

    /// `[sources]` touches.
    #[must_use]
    pub fn touches(&self) -> Vec<u64> {
        self.touches.iter().map(|touches| touches * self.weight).collect()
    }

    /// `[sources]` distinct people touched.
    #[must_use]
    pub fn reach(&self) -> Vec<u64> {
        self.reached.count().into_iter().map(|shoppers| shoppers * self.weight).collect()
    }

    /// Distinct people touched by any line, and by any source.
    #[must_use]
    pub fn total_reach(&self) -> [u64; 2] {
        let mut total = [0; 2];
        for row in self.reached.set.chunks_exact(self.reached.sources) {
            let bought = row[..row.len() - 1].contains(&true);
            total[0] += self.weight * u64::from(bought);
            total[1] += self.weight * u64::from(bought || row.last() == Some(&true));
        }
        total
    }

    /// Who was met in more than one domain.
    #[must_use]
    pub fn link(&self) -> Link {
        let count = |flag: u8| self.linked.iter().filter(|linked| **linked & flag != 0).count() as u64;
        let mut matrix = [[0; DOMAINS + 1]; DOMAINS + 1];
        for (first, bought) in self.first.iter().zip(&self.bought_from) {
            let last = bought.map_or(DOMAINS, |source| self.domains[source] as usize);
            matrix[*first as usize][last] += self.weight;
        }
        Link {
            touched: self.total_reach()[1],
            linked: self.weight * count(LINKED),
            recognised: self.weight * count(RECOGNISED),
            first_to_order: matrix,
        }
    }

    /// Each line outside the platform, and what the people it met did later.
    #[must_use]
    pub fn outside(&self) -> Vec<Outside> {
        let reach = self.reach();
        let people =
            |shoppers: Vec<u64>| shoppers.into_iter().map(|shoppers| shoppers * self.weight).collect();
        let tables = self.outside.iter().zip(&self.clicked_after).zip(&self.bought_after);
        tables
            .map(|((line, clicked), bought)| Outside {
                line: *line,
                met: reach[*line],
                clicked: people(clicked.count()),
                bought: people(bought.clone()),
            })
            .collect()
    }

    /// `[sources]` orders by their last touch; together they are all orders of the shop.
    #[must_use]
    pub fn orders_by_last_touch(&self) -> Vec<Orders> {
        self.by_last_touch.iter().map(|orders| orders.times(self.weight)).collect()
    }

    /// `[8]` orders by the stage in which the person was at the start of the episode; together they are all orders.
    #[must_use]
    pub fn orders_by_opening_stage(&self) -> [Orders; STAGES] {
        self.by_opening.map(|orders| orders.times(self.weight))
    }
}

impl Orders {
    fn times(self, people: u64) -> Self {
        Self {
            orders: self.orders * people,
            new_customers: self.new_customers * people,
            revenue: Money(self.revenue.0 * people as i64),
        }
    }
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
        let order = Order { shopper, new: true, value: Money(100), delay: 0 };
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
