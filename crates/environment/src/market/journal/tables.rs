//! The tables of a journal, in people: shoppers times the people each stands for, so that their sums are exact.

use super::{Journal, LINKED, RECOGNISED};
use crate::deeplink::{DOMAINS, STAGES};
use crate::money::Money;

/// People by stage before (row) and after (column).
pub type Flow = [[u64; STAGES]; STAGES];

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

/// A source is a line, in the order of the scenario, or free traffic, which is the last.
impl Journal {
    /// `[steps + 1, 8]` people in each stage before the first step and after each.
    #[must_use]
    pub fn stocks(&self) -> Vec<[u64; STAGES]> {
        self.stocks.iter().map(|stocks| stocks.map(|shoppers| shoppers * self.weight)).collect()
    }

    /// `[0..]` people by the number of orders they have made in the episode.
    #[must_use]
    pub fn people_by_orders(&self) -> Vec<u64> {
        let most = self.ordered.iter().copied().max().unwrap_or(0);
        let mut people = vec![0; usize::from(most) + 1];
        for orders in &self.ordered {
            people[usize::from(*orders)] += self.weight;
        }
        people
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

    /// `[steps, 2]` moves of people to a higher stage (inflow) and to a lower one (lapse).
    #[must_use]
    pub fn ups_and_downs(&self) -> Vec<[u64; 2]> {
        self.ups_and_downs.iter().map(|moves| moves.map(|shoppers| shoppers * self.weight)).collect()
    }

    /// `[8][steps + 1]` people by the number of steps that they were in a stage before they moved up from it. Only stays
    /// that began in the episode: when the others did is not known.
    #[must_use]
    pub fn stays(&self) -> Vec<Vec<u64>> {
        self.stays.iter().map(|stays| stays.iter().map(|shoppers| shoppers * self.weight).collect()).collect()
    }

    /// Orders so far that the reports credit to clicks on a line in one step: what a platform shows by the day of the click
    /// (转化按点击归属), once all reports have arrived. Over all steps they are the ledger's credited orders.
    #[must_use]
    pub fn orders_by_click(&self, step: usize, line: usize) -> Orders {
        let lines = self.domains.len() - 1;
        let place = (line < lines).then_some(step * lines + line);
        place.and_then(|place| self.by_click.get(place)).copied().unwrap_or_default()
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
        self.by_last_touch.clone()
    }

    /// `[8]` orders by the stage in which the person was at the start of the episode; together they are all orders.
    #[must_use]
    pub fn orders_by_opening_stage(&self) -> [Orders; STAGES] {
        self.by_opening
    }
}
