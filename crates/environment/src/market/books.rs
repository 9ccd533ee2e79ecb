//! The books of lines: what each has spent and reserved, which orders it is credited with, and when its report says so.
//!
//! An order is credited by last click inside each platform. All entries are integer sums, so that books that were kept
//! apart, for some of the shoppers each, can be added up.

use super::delivery::Moment;
use super::journal::Journal;
use super::purchases::{Order, last_click_line, within};
use super::shoppers::Shoppers;
use super::world::MarketWorld;
use crate::ledger::LineRow;
use crate::money::{MICRO_PER_MINOR, Money};
use crate::observation::{LineReport, Pricing};

/// The books of all lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    /// `[lines]`
    pub(super) accounts: Vec<Account>,
    /// `[longest delay + 1, lines]` what the reports will show, by the step in which it arrives.
    due: Vec<Due>,
}

/// Money of one line, in millionths of the major unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) spent: i64,
    /// What the ledger holds of it, in whole minor units.
    booked: Money,
    /// Commission: reserved and not yet due, by step of the click, a ring of the steps in which it may fall due.
    pub(super) reserved: Vec<i64>,
}

/// Credited outcomes on their way into the report of one line.
#[derive(Debug, Clone, Copy, Default)]
struct Due {
    orders: u64,
    new_customers: u64,
    revenue: Money,
}

impl Books {
    /// With nothing in them.
    pub(crate) fn new(world: &MarketWorld) -> Self {
        let accounts = world.market.lines.iter().map(|line| {
            let cohorts = libm::ceil(line.channel.commission_days / world.brief.step_days) as usize;
            Account { reserved: vec![0; cohorts], ..Account::default() }
        });
        let due = vec![Due::default(); world.report_delay.len() * world.lines.len()];
        Self { accounts: accounts.collect(), due }
    }

    /// Adds what stands in other books of the same lines.
    pub(crate) fn add(&mut self, other: &Self) {
        for (account, other) in self.accounts.iter_mut().zip(&other.accounts) {
            account.spent += other.spent;
            account.booked += other.booked;
            account.reserved.iter_mut().zip(&other.reserved).for_each(|(sum, other)| *sum += other);
        }
        for (due, other) in self.due.iter_mut().zip(&other.due) {
            due.orders += other.orders;
            due.new_customers += other.new_customers;
            due.revenue += other.revenue;
        }
    }

    /// Notes what a line's deliveries of a step cost: spent, or set aside where an order is what is paid.
    pub(crate) fn pay(&mut self, step: usize, line: usize, cost: i64) {
        let account = &mut self.accounts[line];
        match account.reserved.len() {
            0 => account.spent += cost,
            cohorts => account.reserved[step % cohorts] += cost,
        }
    }

    /// Credits an order by last click inside each platform, pays a commission that fell due, and files the report.
    /// `rows` are those of the step, `[lines]`.
    pub(crate) fn credit(
        &mut self,
        moment: Moment<'_>,
        order: &Order,
        shoppers: &mut Shoppers,
        rows: &mut [LineRow],
        mut journal: Option<&mut Journal>,
    ) {
        let Moment { world, step, .. } = moment;
        let i = order.shopper as usize;
        let mut note = |clicked: u16, line: usize, people: u64| {
            if let Some(journal) = &mut journal {
                let age = usize::from(world.clock.stamp(step).saturating_sub(clicked));
                journal.credit(step, age, line, order, people);
            }
        };
        if let Some(line) = last_click_line(world, shoppers, i, step) {
            let people = self.pay_commission(moment, line, order, shoppers).unwrap_or(order.people);
            self.file(moment, line, order, people, rows);
            note(shoppers.last_click[i], line, people);
        }
        for line in 0..world.lines.len() {
            if let Some(place) = world.lines[line].outside {
                let days = world.market.lines[line].channel.credit_days;
                let clicked = shoppers.outside_click[place][i];
                if within(world, clicked, step, days) {
                    self.file(moment, line, order, order.people, rows);
                    note(clicked, line, order.people);
                }
            }
        }
    }

    /// Pays the commission of an order from what its click reserved; the people it was paid for, `None` where the line
    /// is not paid by commission.
    pub(super) fn pay_commission(
        &mut self,
        Moment { world, step, .. }: Moment<'_>,
        line: usize,
        order: &Order,
        shoppers: &mut Shoppers,
    ) -> Option<u64> {
        let channel = &world.market.lines[line].channel;
        if channel.pricing != Pricing::Commission {
            return None;
        }
        let i = order.shopper as usize;
        // One click earns one commission.
        let reserved = i64::from(shoppers.take_reserved(i, world.market.weight() as u32));
        let people = reserved.min(order.people as i64);
        let cap = (channel.commission_cap * 1e6) as i64;
        let share = (world.lines[line].commission_rate * 1e6) as i64;
        let due = (order.value.0 * share / 100).min(cap) * people;
        let account = &mut self.accounts[line];
        let age = (world.clock.stamp(step) - shoppers.last_click[i]) as usize;
        let cohort = (step - age) % account.reserved.len();
        account.reserved[cohort] -= cap * reserved;
        account.spent += due;
        Some(people as u64)
    }

    /// Books a credited order in the ledger and lets its report arrive later.
    fn file(
        &mut self,
        Moment { world, step, .. }: Moment<'_>,
        line: usize,
        order: &Order,
        people: u64,
        rows: &mut [LineRow],
    ) {
        let slot = (step + order.delay) % world.report_delay.len();
        let due = &mut self.due[slot * rows.len() + line];
        let row = &mut rows[line];
        let new = if order.new { people } else { 0 };
        let revenue = Money(order.value.0 * people as i64);
        row.credited_orders += people;
        row.credited_new_customers += new;
        row.credited_revenue += revenue;
        due.orders += people;
        due.new_customers += new;
        due.revenue += revenue;
    }

    /// Rounds the money that a line has spent in a step, and shows what a merchant is shown of the line. Returns what is
    /// reserved, in millionths of the major unit.
    pub(crate) fn close(
        &mut self,
        world: &MarketWorld,
        step: usize,
        line: usize,
        row: &mut LineRow,
        report: &mut LineReport,
    ) -> i64 {
        let slot = step % world.report_delay.len();
        let account = &mut self.accounts[line];
        // Reservations of clicks too old to fall due in the next step are released.
        if !account.reserved.is_empty() {
            let oldest = (step + 1) % account.reserved.len();
            account.reserved[oldest] = 0;
        }
        row.spend = Money(account.spent / MICRO_PER_MINOR) - account.booked;
        account.booked += row.spend;
        let due = std::mem::take(&mut self.due[slot * world.lines.len() + line]);
        report.orders = due.orders;
        report.new_customers = due.new_customers;
        report.revenue = due.revenue;
        account.reserved.iter().sum()
    }

    /// Money set aside for commissions of a line that may still fall due, in millionths of the major unit.
    pub(crate) fn reserved(&self, line: usize) -> i64 {
        self.accounts[line].reserved.iter().sum()
    }
}
