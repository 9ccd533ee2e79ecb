//! The guard: projects any allocation onto the scenario's limits, exactly and by construction.
//!
//! # The projection
//!
//! The wish `w` (`[lines]`) becomes the nearest legal allocation `x`:
//!
//! ```text
//! min 1/2 sum_i (x_i - w_i)^2    with   lo_i <= x_i <= hi_i   and   sum_i x_i <= total
//! x_i = min(max(w_i - mu, lo_i), hi_i),   mu >= 0,   mu (total - sum_i x_i) = 0
//! ```
//!
//! `mu` is the multiplier of the total: every line that is free to move gives up the same amount of money. It is found
//! exactly, because the sum is piecewise linear in `mu` with breakpoints `w_i - hi_i` and `w_i - lo_i` (the continuous
//! quadratic knapsack: P. Brucker, Operations Research Letters 3, 1984; K. C. Kiwiel, Mathematical Programming 112,
//! 2008). See [`project_at_most`] and [`project_exactly`].
//!
//! # Advertising credit
//!
//! Lines that credit may pay share cash and credit; all others have the cash alone. Where the projection gives these
//! more than the cash, both groups are projected apart, the others onto the cash and the eligible lines onto the rest:
//! that is the nearest allocation under both sums, as one is part of the other (a laminar family of constraints).
//!
//! # Where limits conflict
//!
//! They give in this order, last first: budget, hold, group, eligibility, step cap, line cap, pin, floor, largest change
//! ([`LimitKind`]). No limit gives more than it must: on its own line the nearest amount to the weaker limit is taken,
//! and where the lower ends of all lines together are more than the total, the weakest kind falls short by exactly what
//! is missing, and the wish decides on which lines. Every relaxation is logged.
//!
//! # The largest change
//!
//! A line's money moves by at most `largest_change` times its previous grant, but always by a minor unit at least. A
//! relative limit has no meaning from nothing, so a line that is *off* (its previous grant is below a hundredth of its
//! [`starting amount`](Guard::starting_amount)) may stop altogether or start again at up to the starting amount. There
//! is no such limit in a line's first open step, nor where no previous grant is given.

mod bounds;
mod rounding;

use bounds::{Bounds, LOWER_LIMITS, change_range, snapped};
use rounding::round;

use crate::limits::{LimitKind, Limits, LineLimits};
use crate::money::{MINOR_PER_MAJOR, Money};
use crate::observation::Allocation;
use crate::projection::{project_at_most, project_exactly};

/// Money that a step may be paid with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purse {
    /// Money neither spent nor reserved.
    pub cash: Money,
    /// Advertising credit, for the lines that it may pay ([`crate::LineLimits::credit`]).
    pub credit: Money,
}

impl From<Money> for Purse {
    fn from(cash: Money) -> Self {
        Self { cash, credit: Money::ZERO }
    }
}

impl Purse {
    /// The most that a line can be given.
    fn for_line(self, eligible: bool) -> i64 {
        let credit = if eligible { self.credit.0.max(0) } else { 0 };
        self.cash.0.max(0).saturating_add(credit)
    }
}

/// Money that lines share in one step.
#[derive(Debug, Clone, Copy)]
struct Pot {
    /// All that there is, for each line alone.
    purse: Purse,
    /// The most for all of the pot's lines together, and the limit that sets it.
    total: i64,
    limit: LimitKind,
    /// The limit on what there is.
    scarce: LimitKind,
}

/// A limit that had to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relaxation {
    /// Index of the line. (Limits on the total never give.)
    pub line: usize,
    /// Which of its limits: pin, floor or largest change.
    pub limit: LimitKind,
    /// By how much money the grant misses it.
    pub by: Money,
}

/// What the guard decided for one step. Made to be reused: its vectors keep their memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ruling {
    /// `[lines]` money granted.
    pub granted: Vec<Money>,
    /// `[lines]` the limit that kept the line from its wish, if any.
    pub bound: Vec<Option<LimitKind>>,
    /// Multiplier of the projection in major units: what each line that is free to move gave up to the limit on the
    /// total. Zero where no total bound; never negative.
    pub multiplier: f64,
    /// Limits that had to give, by line.
    pub relaxed: Vec<Relaxation>,
}

/// Makes any wish legal. Holds the limits and its own working memory: with a used ruling nothing is allocated in a step.
#[derive(Debug, Clone)]
pub struct Guard {
    limits: Limits,
    /// `[lines]` starting amounts in minor units.
    start: Vec<i64>,
    /// `[groups]` money that each may still spend, in minor units.
    groups: Vec<i64>,
    /// `[groups]` part of it that is reserved for what may still fall due.
    reserved: Vec<i64>,
    scratch: Scratch,
}

/// Working memory, `[lines]` each but for the breakpoints.
#[derive(Debug, Clone, Default)]
struct Scratch {
    bounds: Vec<Bounds>,
    /// Lines of the pot at hand, and below what belongs to them.
    pot_lines: Vec<usize>,
    wish: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    plan: Vec<f64>,
    granted: Vec<Money>,
    remainder: Vec<f64>,
    order: Vec<usize>,
    breakpoints: Vec<f64>,
}

impl Scratch {
    fn for_lines(lines: usize) -> Self {
        let numbers = || Vec::with_capacity(lines);
        Self {
            bounds: Vec::with_capacity(lines),
            pot_lines: Vec::with_capacity(lines),
            wish: numbers(),
            lower: numbers(),
            upper: numbers(),
            plan: numbers(),
            granted: Vec::with_capacity(lines),
            remainder: numbers(),
            order: Vec::with_capacity(lines),
            breakpoints: Vec::with_capacity(2 * lines),
        }
    }
}

impl Guard {
    /// A guard for `limits.lines.len()` lines. `budget` and `steps` are those of the whole episode; they only set the
    /// starting amounts.
    #[must_use]
    pub fn new(limits: &Limits, budget: Money, steps: usize) -> Self {
        let lines = limits.lines.len().max(1) as i64;
        let steps = i64::try_from(steps).unwrap_or(i64::MAX).max(1);
        let even = budget.0 / lines.saturating_mul(steps);
        let even = limits.step_cap.map_or(even, |cap| even.min(cap.0 / lines));
        let start =
            limits.lines.iter().map(|line| line.cap.map_or(even, |cap| even.min(cap.0)).max(1)).collect();
        let groups: Vec<i64> = limits.groups.iter().map(|group| group.most.0.max(0)).collect();
        let reserved = vec![0; groups.len()];
        Self {
            limits: limits.clone(),
            start,
            groups,
            reserved,
            scratch: Scratch::for_lines(limits.lines.len()),
        }
    }

    /// Books what each line (`[lines]`) spent in a step against the groups it is in.
    pub fn book(&mut self, spent: impl Iterator<Item = Money> + Clone) {
        for (left, group) in self.groups.iter_mut().zip(&self.limits.groups) {
            let all = spent.clone().enumerate().filter(|(line, _)| group.lines.contains(line));
            *left -= all.map(|(_, money)| money.0).sum::<i64>();
        }
    }

    /// Says what is reserved for each line (`[lines]`) after a step: a commission may fall due on a later day, and its group
    /// must be able to pay it.
    pub fn reserve(&mut self, reserved: impl Iterator<Item = Money> + Clone) {
        for (sum, group) in self.reserved.iter_mut().zip(&self.limits.groups) {
            let of_group = reserved.clone().enumerate().filter(|(line, _)| group.lines.contains(line));
            *sum = of_group.map(|(_, money)| money.0).sum();
        }
    }

    /// Number of lines.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.limits.lines.len()
    }

    /// The most that a line may take up again in one step after it was off, where a largest change is set: the even
    /// share of the budget (or of the step cap, or the line's cap, where that is less), at least one minor unit.
    #[must_use]
    pub fn starting_amount(&self, line: usize) -> Money {
        self.start.get(line).copied().map_or(Money::ZERO, Money)
    }

    /// Grants the legal allocation nearest to `wish` in `step`.
    ///
    /// * `available`: money neither spent nor reserved, and advertising credit.
    /// * `previous`: `[lines]` grants of the step before, `None` in the first step: a largest change counts there only
    ///   from what the limits say was spent before.
    /// * `wish`: anything. What is not a number or below zero is taken as nothing, what is above `available` as
    ///   everything available, a missing line as nothing; extra lines are ignored.
    ///
    /// The grants are whole minor units by largest remainder, inside the bounds and never above the total.
    pub fn rule(
        &mut self,
        step: usize,
        available: impl Into<Purse>,
        previous: Option<&[Money]>,
        wish: &Allocation,
        ruling: &mut Ruling,
    ) {
        let mut purse: Purse = available.into();
        let cash = purse.cash.max(Money::ZERO);
        let held = self.limits.held(step).clamp(Money::ZERO, cash);
        purse.cash = cash - held;
        let scarce = if held > Money::ZERO { LimitKind::Hold } else { LimitKind::Budget };
        let step_cap = self.limits.step_cap;
        let pot = |money: i64| {
            let total = step_cap.map_or(money, |cap| cap.0.clamp(0, money));
            Pot { purse, scarce, total, limit: if total < money { LimitKind::StepCap } else { scarce } }
        };
        // What all lines together can have, and what those that credit may not pay can.
        let (all, cash) = (pot(purse.for_line(true)), pot(purse.for_line(false)));

        self.scratch.bounds.clear();
        for line in 0..self.lines() {
            let before = self.limits.lines[line].before.filter(|_| step == 0);
            let previous = previous.and_then(|previous| previous.get(line)).copied().or(before);
            let pot = if self.limits.lines[line].credit { &all } else { &cash };
            let bounds = self.bounds(step, line, previous, Bounds::up_to(pot.total, pot.limit));
            self.scratch.bounds.push(bounds);
        }
        ruling.granted.clear();
        ruling.granted.resize(self.lines(), Money::ZERO);
        ruling.bound.clear();
        ruling.bound.resize(self.lines(), None);

        let mut multiplier = self.grant(&all, |_| true, wish, ruling);
        let in_cash: i128 = (ruling.granted.iter().zip(&self.limits.lines))
            .filter(|(_, limits)| !limits.credit)
            .map(|(money, _)| i128::from(money.0))
            .sum();
        if in_cash > i128::from(cash.total) {
            let rest = Pot { total: all.total - cash.total, ..all };
            let by_credit = self.grant(&rest, |limits| limits.credit, wish, ruling);
            multiplier = by_credit.max(self.grant(&cash, |limits| !limits.credit, wish, ruling));
        }
        ruling.multiplier = multiplier.max(0.0) / MINOR_PER_MAJOR as f64;
        self.keep_groups(ruling);
        self.log(step, ruling);
    }

    /// Grants what is in the pot to the lines that belong to it. Returns the multiplier in minor units.
    fn grant(
        &mut self,
        pot: &Pot,
        belongs: impl Fn(&LineLimits) -> bool,
        wish: &Allocation,
        ruling: &mut Ruling,
    ) -> f64 {
        let &Pot { purse, total, limit, scarce } = pot;
        let limits = &self.limits.lines;
        let Scratch {
            bounds,
            pot_lines,
            wish: wishes,
            lower,
            upper,
            plan,
            granted,
            remainder,
            order,
            breakpoints,
        } = &mut self.scratch;
        pot_lines.clear();
        pot_lines.extend((0..limits.len()).filter(|line| belongs(&limits[*line])));
        let most = |line: usize| purse.for_line(limits[line].credit) as f64;
        wishes.clear();
        // `max` and `min` drop what is not a number.
        wishes.extend(pot_lines.iter().map(|line| asked(wish, *line).max(0.0).min(most(*line))));

        // The most limits whose lower ends the total can pay for; without any they are all zero.
        let affordable = |level: &usize| {
            pot_lines.iter().map(|line| i128::from(bounds[*line].lower[*level])).sum::<i128>()
                <= i128::from(total)
        };
        let level = (0..4).rev().find(affordable).unwrap_or(0);
        // Short of money, the next weaker limits are kept as far as it goes: between the two lower ends, all of it.
        let short = level < 3;
        let ends =
            |line: &Bounds| (line.lower[level], if short { line.lower[level + 1] } else { line.upper });

        lower.clear();
        upper.clear();
        lower.extend(pot_lines.iter().map(|line| ends(&bounds[*line]).0 as f64));
        upper.extend(pot_lines.iter().map(|line| ends(&bounds[*line]).1 as f64));
        plan.resize(pot_lines.len(), 0.0);
        let project = if short { project_exactly } else { project_at_most };
        let multiplier = project(wishes, lower, upper, total as f64, plan, breakpoints);

        let exactly = (short || multiplier > 0.0).then_some(total);
        round(plan, |place| ends(&bounds[pot_lines[place]]), total, exactly, remainder, order, granted);
        for (place, &line) in pot_lines.iter().enumerate() {
            let beyond = (asked(wish, line) > most(line)).then_some(scarce);
            ruling.bound[line] = binding(&bounds[line], wishes[place], plan[place], limit, beyond);
            ruling.granted[line] = granted[place];
        }
        multiplier
    }

    /// Lowers the grants of a group that are more than it may still spend, each in the same proportion and rounded down;
    /// what it may not have is not moved to others. Floors and pins of its lines give.
    fn keep_groups(&self, ruling: &mut Ruling) {
        for ((left, reserved), group) in self.groups.iter().zip(&self.reserved).zip(&self.limits.groups) {
            let left = (left - reserved).max(0);
            let asked: i64 = group.lines.iter().map(|line| ruling.granted[*line].0).sum();
            if asked <= left {
                continue;
            }
            for line in &group.lines {
                let money = &mut ruling.granted[*line].0;
                if *money > 0 {
                    ruling.bound[*line] = Some(LimitKind::Group);
                }
                *money = (i128::from(*money) * i128::from(left) / i128::from(asked)) as i64;
            }
        }
    }

    /// Lawful money of one line, the strongest limit first.
    fn bounds(&self, step: usize, line: usize, previous: Option<Money>, mut bounds: Bounds) -> Bounds {
        let limits = &self.limits.lines[line];
        if limits.is_open(step) {
            if let Some(cap) = limits.cap {
                bounds.cap(cap.0, LimitKind::LineCap);
            }
            if let Some(pin) = limits.pin {
                bounds.hear(1, pin.0, pin.0);
            }
            if let Some(floor) = limits.floor {
                bounds.hear(2, floor.0, i64::MAX);
            }
        } else {
            // Pins and floors are about open steps only.
            bounds.cap(-1, LimitKind::Eligibility);
        }
        let opens = step > 0 && step == limits.first_step;
        if let Some(change) = self.limits.largest_change.filter(|change| change.is_finite())
            && let Some(previous) = previous.filter(|_| !opens)
        {
            let (low, high) = change_range(previous.0.max(0), change, self.start[line]);
            bounds.change = Some((low, high));
            bounds.hear(3, low, high);
        }
        bounds
    }

    /// Logs each limit that the grants miss. Read off the grants, so nothing can be broken in silence.
    fn log(&self, step: usize, ruling: &mut Ruling) {
        ruling.relaxed.clear();
        ruling.relaxed.reserve(LOWER_LIMITS.len() * ruling.granted.len());
        for (line, (&Money(granted), limits)) in ruling.granted.iter().zip(&self.limits.lines).enumerate() {
            let mut miss = |limit, low: i64, high: i64| {
                let by = Money(low.saturating_sub(granted).max(granted.saturating_sub(high)));
                if by > Money::ZERO {
                    ruling.relaxed.push(Relaxation { line, limit, by });
                }
            };
            if limits.is_open(step) {
                if let Some(pin) = limits.pin {
                    miss(LimitKind::Pin, pin.0, pin.0);
                }
                if let Some(floor) = limits.floor {
                    miss(LimitKind::Floor, floor.0, i64::MAX);
                }
            }
            if let Some((low, high)) = self.scratch.bounds[line].change {
                miss(LimitKind::LargestChange, low, high);
            }
        }
    }
}

/// What was asked for a line in minor units: any number at all.
fn asked(wish: &Allocation, line: usize) -> f64 {
    wish.money.get(line).map_or(0.0, |major| snapped(major * MINOR_PER_MAJOR as f64))
}

/// The limit that kept a line from its wish. `beyond`: the limit, where more was asked for than there is.
fn binding(
    bounds: &Bounds,
    wish: f64,
    plan: f64,
    total: LimitKind,
    beyond: Option<LimitKind>,
) -> Option<LimitKind> {
    if plan < wish {
        return Some(if plan >= bounds.upper as f64 { bounds.upper_limit } else { total });
    }
    if plan > wish {
        let raised = LOWER_LIMITS.iter().zip(&bounds.lower[1..]).find(|(_, lower)| **lower as f64 >= plan);
        return Some(raised.map_or(LimitKind::LargestChange, |(limit, _)| *limit));
    }
    beyond
}

#[cfg(test)]
mod tests;
