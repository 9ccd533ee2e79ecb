//! What is asked, and what else there is to decide with: the goal and its window, money that is not cash, money held for
//! later, groups of lines, products and their stock.

use libm::{cos, log, sin};
use outlay_environment::{Brief, Goal, Observation};

use crate::baselines::price::{may_keep, price_of_money};

/// Features of the whole that this module writes.
pub(crate) const GLOBAL_CONDITIONS: usize = Goal::NAMED.len() + 16;
/// Features of one line that this module writes.
pub(crate) const LINE_CONDITIONS: usize = 11;

/// What of it changes during an episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// `[lines]` spent so far, major units.
    spent: Vec<f64>,
    /// `[products]` orders so far, and steps in which they could be bought.
    sold: Vec<f64>,
    /// The shop's orders so far, deposits and revenue in major units.
    orders: f64,
    deposits: f64,
    revenue: f64,
    refunds: f64,
    /// Name of the product that was chosen for good.
    chosen: Option<String>,
}

impl Conditions {
    /// Forgets everything.
    pub(crate) fn start(&mut self, brief: &Brief) {
        *self = Self {
            spent: vec![0.0; brief.lines.len()],
            sold: vec![0.0; brief.products.len()],
            ..Self::default()
        };
    }

    /// Takes in the step before `observation`.
    pub(crate) fn remember(&mut self, brief: &Brief, observation: &Observation) {
        for (spent, report) in self.spent.iter_mut().zip(&observation.lines) {
            *spent += report.spend.major();
        }
        for (sold, orders) in self.sold.iter_mut().zip(&observation.shop.products) {
            *sold += *orders as f64;
        }
        self.orders += observation.shop.orders as f64;
        self.deposits += observation.shop.deposits.major();
        self.revenue += observation.shop.revenue.major();
        self.refunds += observation.shop.refunds.major();
        if brief.commit_step.is_some_and(|commit| commit + 1 == observation.step) {
            self.chosen = chosen(brief, observation);
        }
    }

    /// The features of the whole.
    pub(crate) fn global(&self, brief: &Brief, observation: &Observation, mut put: impl FnMut(f64)) {
        for (name, _) in Goal::NAMED {
            put(f64::from(brief.goal == name));
        }
        let steps = brief.steps.max(1) as f64;
        let (step, aim) = (observation.step, &brief.aim);
        let end = aim.end_step.min(brief.steps);
        put(f64::from(may_keep(brief)));
        put(log(1.0 + price_of_money(brief)));
        put(f64::from((aim.from_step..end).contains(&step)));
        put(aim.from_step.saturating_sub(step) as f64 / steps);
        put(end.saturating_sub(step) as f64 / steps);
        put(if aim.orders > 0.0 { log((self.orders + 1.0) / (aim.orders + 1.0)) } else { 0.0 });
        let budget = brief.budget.major().max(1e-9);
        put(observation.credit.major() / budget);
        let held = brief.limits.holds.iter().filter(|hold| hold.until_step > step);
        put(held.map(|hold| hold.money.major()).fold(0.0, f64::max) / budget);
        let commit = brief.commit_step.map_or(0.0, |commit| commit.saturating_sub(step) as f64 / steps);
        put(commit);
        put(f64::from(brief.commit_step.is_some_and(|commit| step > commit)));
        let hour = brief.calendar.get(step).map_or(0.0, |step| step.hour);
        let angle = std::f64::consts::TAU * hour / 24.0;
        put(if brief.step_days < 1.0 { sin(angle) } else { 0.0 });
        put(if brief.step_days < 1.0 { cos(angle) } else { 0.0 });
        // Curves whose cost is part of the outcome may lose money.
        let revenue = self.revenue.max(0.0) + 1.0;
        put(log((self.deposits + 1.0) / revenue).max(-5.0));
        put(self.refunds / revenue);
        put(observation.shop.rating.map_or(0.0, log));
        put(log(1.0 + brief.products.len() as f64));
    }

    /// The features of `line`.
    pub(crate) fn line(
        &self,
        brief: &Brief,
        observation: &Observation,
        line: usize,
        mut put: impl FnMut(f64),
    ) {
        let described = &brief.lines[line];
        let limits = brief.limits.lines.get(line);
        put(f64::from(limits.is_some_and(|limits| limits.credit) && !observation.credit.is_zero()));
        put(self.room(brief, line));
        put(described.audience_size.map_or(0.0, log));
        let cuts = brief
            .lines
            .iter()
            .filter(|other| described.channel.is_some() && other.channel == described.channel);
        put(log(1.0 + cuts.count() as f64));
        let place = described.product.as_ref().and_then(|name| place(brief, name));
        let Some((place, product)) = place else {
            (0..LINE_CONDITIONS - 4).for_each(|_| put(0.0));
            return;
        };
        let step = observation.step;
        put(1.0);
        put(product.margin - brief.margin);
        let mean =
            brief.products.iter().map(|product| product.price).sum::<f64>() / brief.products.len() as f64;
        put(log(product.price / mean.max(1e-9)));
        put(f64::from(step >= product.launch_step));
        put(f64::from(self.chosen.as_ref().is_some_and(|chosen| chosen != &product.name)));
        // How long the stock lasts against the time left, at the pace so far; nothing where it is endless.
        let stock = observation.shop.stock.get(place).copied().unwrap_or(u64::MAX);
        let pace = (self.sold.get(place).copied().unwrap_or(0.0) + 1.0) / (step as f64 + 1.0);
        let left = brief.steps.saturating_sub(step).max(1) as f64;
        put(if stock == u64::MAX { 0.0 } else { log((stock as f64 + 0.1) / (pace * left)).clamp(-5.0, 5.0) });
        put(f64::from(stock == 0));
    }

    /// The least part of the budget that a group of lines leaves to `line`; 1 where it is in none.
    fn room(&self, brief: &Brief, line: usize) -> f64 {
        let of_line = brief.limits.groups.iter().filter(|group| group.lines.contains(&line));
        let room = of_line.map(|group| {
            let spent: f64 = group.lines.iter().filter_map(|line| self.spent.get(*line)).sum();
            (group.most.major() - spent).max(0.0) / brief.budget.major().max(1e-9)
        });
        room.fold(1.0, f64::min)
    }
}

fn place<'a>(brief: &'a Brief, name: &str) -> Option<(usize, &'a outlay_environment::ProductBrief)> {
    brief.products.iter().enumerate().find(|(_, product)| product.name == name)
}

/// The product whose lines were granted most in the step before.
fn chosen(brief: &Brief, observation: &Observation) -> Option<String> {
    let money = |name: &str| -> f64 {
        let lines = brief.lines.iter().zip(&observation.lines);
        lines
            .filter(|(line, _)| line.product.as_deref() == Some(name))
            .map(|(_, report)| report.granted.major())
            .sum()
    };
    let most = brief.products.iter().map(|product| (money(&product.name), &product.name));
    most.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, name)| name.clone())
}
