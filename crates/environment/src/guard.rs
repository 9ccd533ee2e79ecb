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

use crate::limits::{LimitKind, Limits, LineLimits};
use crate::money::{MINOR_PER_MAJOR, Money};
use crate::observation::Allocation;
use crate::projection::{project_at_most, project_exactly};

/// A line is off below its starting amount divided by this. Assumed: small enough that nobody calls it running.
const OFF: i64 = 100;

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

/// Lawful money of one line in one step, in minor units; `0 <= lower[k] <= lower[k + 1] <= upper`.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// `[4]` lower end by nothing; and the pin; and the floor; and the largest change.
    lower: [i64; 4],
    upper: i64,
    /// The limit that set the upper end.
    upper_limit: LimitKind,
    /// What the largest change alone allows.
    change: Option<(i64, i64)>,
}

/// The limits behind `Bounds::lower`.
const LOWER_LIMITS: [LimitKind; 3] = [LimitKind::Pin, LimitKind::Floor, LimitKind::LargestChange];

impl Bounds {
    /// Up to `upper`, by `limit`.
    fn up_to(upper: i64, limit: LimitKind) -> Self {
        Self { lower: [0; 4], upper, upper_limit: limit, change: None }
    }

    /// Lowers the upper end.
    fn cap(&mut self, upper: i64, limit: LimitKind) {
        if upper < self.upper {
            self.upper = upper.max(0);
            self.upper_limit = limit;
        }
    }

    /// Adds a weaker limit: the part of `low..=high` that is lawful, or else the lawful amount nearest to it.
    fn hear(&mut self, level: usize, low: i64, high: i64) {
        let lower = self.lower[level];
        self.cap(high.max(lower), LOWER_LIMITS[level - 1]);
        self.lower[level..].fill(low.clamp(lower, self.upper));
    }
}

/// Makes any wish legal. Holds the limits and its own working memory: with a used ruling nothing is allocated in a step.
#[derive(Debug, Clone)]
pub struct Guard {
    limits: Limits,
    /// `[lines]` starting amounts in minor units.
    start: Vec<i64>,
    /// `[groups]` money that each may still spend, in minor units.
    groups: Vec<i64>,
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
        let groups = limits.groups.iter().map(|group| group.most.0.max(0)).collect();
        Self { limits: limits.clone(), start, groups, scratch: Scratch::for_lines(limits.lines.len()) }
    }

    /// Books what each line (`[lines]`) spent in a step against the groups it is in.
    pub fn book(&mut self, spent: impl Iterator<Item = Money> + Clone) {
        for (left, group) in self.groups.iter_mut().zip(&self.limits.groups) {
            let all = spent.clone().enumerate().filter(|(line, _)| group.lines.contains(line));
            *left -= all.map(|(_, money)| money.0).sum::<i64>();
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
        for (left, group) in self.groups.iter().zip(&self.limits.groups) {
            let asked: i64 = group.lines.iter().map(|line| ruling.granted[*line].0).sum();
            if asked <= *left {
                continue;
            }
            for line in &group.lines {
                let money = &mut ruling.granted[*line].0;
                if *money > 0 {
                    ruling.bound[*line] = Some(LimitKind::Group);
                }
                *money = (i128::from(*money) * i128::from((*left).max(0)) / i128::from(asked)) as i64;
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

/// The nearest whole number where only rounding in the last places keeps `value` from it, so that 0.29 yuan is 29 fen.
fn snapped(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() <= 4.0 * f64::EPSILON * value.abs() { whole } else { value }
}

/// What the largest change allows after `previous`, in minor units.
fn change_range(previous: i64, change: f64, start: i64) -> (i64, i64) {
    // The cast saturates.
    let by = (snapped(previous as f64 * change).floor() as i64).max(1);
    if previous.saturating_mul(OFF) < start {
        return (0, start.max(previous.saturating_add(by)));
    }
    (previous.saturating_sub(by).max(0), previous.saturating_add(by))
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

/// Rounds `plan` (`[lines]` minor units) to whole minor units by largest remainder, inside `ends` (whose lower ends the
/// total can pay for), with the sum `exactly` where it is given and else the sum of the plan, never above `total`. Of
/// equal remainders the first line's counts more.
fn round(
    plan: &[f64],
    ends: impl Fn(usize) -> (i64, i64),
    total: i64,
    exactly: Option<i64>,
    remainder: &mut Vec<f64>,
    order: &mut Vec<usize>,
    granted: &mut Vec<Money>,
) {
    granted.clear();
    remainder.clear();
    for (line, &money) in plan.iter().enumerate() {
        let (low, high) = ends(line);
        let whole = (money.floor() as i64).clamp(low, high);
        granted.push(Money(whole));
        remainder.push(money - whole as f64);
    }
    let sum: i128 = granted.iter().map(|money| i128::from(money.0)).sum();
    let target = exactly.map_or_else(|| sum + remainder.iter().sum::<f64>().round() as i128, i128::from);
    let mut rest = target.min(i128::from(total)) - sum;
    if rest == 0 {
        return;
    }
    order.clear();
    order.extend(0..plan.len());
    order.sort_unstable_by(|&a, &b| remainder[b].total_cmp(&remainder[a]).then(a.cmp(&b)));
    // One each; more than that only for amounts so large that their f64 is not exact.
    for most in [1, i64::MAX] {
        for &line in order.iter() {
            let room = ends(line).1.saturating_sub(granted[line].0).min(most);
            let more = rest.clamp(0, i128::from(room)) as i64;
            granted[line].0 += more;
            rest -= i128::from(more);
        }
    }
    for &line in order.iter().rev() {
        let room = granted[line].0 - ends(line).0;
        let less = (-rest).clamp(0, i128::from(room)) as i64;
        granted[line].0 -= less;
        rest += i128::from(less);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::LineLimits;

    const STEPS: usize = 10;

    fn open() -> LineLimits {
        LineLimits { end_step: STEPS, ..LineLimits::default() }
    }

    fn limits(lines: Vec<LineLimits>) -> Limits {
        Limits { lines, ..Limits::default() }
    }

    /// The ruling on a wish in major units, other money in minor units.
    fn ruling(
        limits: &Limits,
        step: usize,
        available: i64,
        previous: Option<&[i64]>,
        wish: &[f64],
    ) -> Ruling {
        let mut guard = Guard::new(limits, Money(100_000), STEPS);
        let previous: Option<Vec<Money>> = previous.map(|money| money.iter().copied().map(Money).collect());
        let mut ruling = Ruling::default();
        let wish = Allocation::of(wish.to_vec());
        guard.rule(step, Money(available), previous.as_deref(), &wish, &mut ruling);
        ruling
    }

    fn granted(ruling: &Ruling) -> Vec<i64> {
        ruling.granted.iter().map(|money| money.0).collect()
    }

    fn projected(wish: &[f64], lower: &[f64], upper: &[f64], total: f64) -> (Vec<f64>, f64) {
        let mut plan = vec![0.0; wish.len()];
        let multiplier = project_at_most(wish, lower, upper, total, &mut plan, &mut Vec::new());
        (plan, multiplier)
    }

    /// P10: from 1,000 at most 20 % a day, up to the cap of 5,000: five times as much takes nine days.
    #[test]
    fn the_largest_change_counts_from_what_was_spent_before() {
        let line =
            LineLimits { before: Some(Money(100_000)), cap: Some(Money(500_000)), end_step: 15, ..open() };
        let limits = Limits { largest_change: Some(0.2), lines: vec![line], ..Limits::default() };
        let mut guard = Guard::new(&limits, Money(10_000_000), 15);
        let (mut ruling, mut previous, mut wanted) = (Ruling::default(), None, 100_000);
        for step in 0..12 {
            let wish = Allocation::of(vec![1e9]);
            guard.rule(step, Money(10_000_000), previous.as_deref(), &wish, &mut ruling);
            wanted = 500_000.min(wanted + wanted / 5);
            assert_eq!(ruling.granted, [Money(wanted)]);
            assert_eq!(wanted == 500_000, step >= 8);
            previous = Some(ruling.granted.clone());
        }
    }

    #[test]
    fn projection_by_hand() {
        let (zero, ten) = ([0.0; 3], [10.0; 3]);
        assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &ten, 20.0), (vec![5.0, 3.0, 1.0], 0.0));
        assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &ten, 6.0), (vec![4.0, 2.0, 0.0], 1.0));
        assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &ten, 0.0), (vec![0.0; 3], 5.0));
        assert_eq!(projected(&[6.0, 6.0, 6.0], &zero, &[1.0, 10.0, 10.0], 7.0), (vec![1.0, 3.0, 3.0], 3.0));
        assert_eq!(projected(&[1.0, 9.0], &[3.0, 0.0], &[10.0; 2], 8.0), (vec![3.0, 5.0], 4.0));
        assert_eq!(projected(&[1.0, 9.0], &[3.0, 4.0], &[10.0; 2], 6.0), (vec![3.0, 4.0], 5.0));
        assert_eq!(projected(&[], &[], &[], 6.0), (vec![], 0.0));
        let mut plan = [0.0; 2];
        let exactly = project_exactly(&[1.0, 1.0], &[0.0; 2], &[2.0, 10.0], 6.0, &mut plan, &mut Vec::new());
        assert_eq!((plan, exactly), ([2.0, 4.0], -3.0));
        let above = project_exactly(&[1.0, 1.0], &[0.0; 2], &[2.0, 3.0], 6.0, &mut plan, &mut Vec::new());
        assert_eq!((plan, above), ([2.0, 3.0], -2.0));
        let endless = [f64::INFINITY; 3];
        assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &endless, 6.0), (vec![4.0, 2.0, 0.0], 1.0));
    }

    #[test]
    fn garbage_is_made_legal() {
        let two = limits(vec![open(); 2]);
        for (wish, expected) in [
            (vec![f64::NAN, -5.0], [0, 0]),
            (vec![f64::NEG_INFINITY, 2.0], [0, 200]),
            (vec![f64::INFINITY], [1000, 0]),
            (vec![1e308, f64::INFINITY, 7.0], [500, 500]),
            (vec![], [0, 0]),
            (vec![10.01, 0.0, 9.0], [1000, 0]),
        ] {
            assert_eq!(granted(&ruling(&two, 0, 1000, None, &wish)), expected, "{wish:?}");
        }
        let everything = ruling(&two, 0, 1000, None, &[f64::INFINITY]);
        assert_eq!(everything.bound, [Some(LimitKind::Budget), None]);
        assert_eq!(granted(&ruling(&two, 0, -7, None, &[1.0, 1.0])), [0, 0]);
        let most = ruling(&two, 0, i64::MAX, Some(&[i64::MAX, i64::MIN]), &[f64::MAX, 1.0]);
        assert_eq!(granted(&most).iter().map(|money| i128::from(*money)).sum::<i128>(), i128::from(i64::MAX));
    }

    #[test]
    fn the_binding_limit_is_named() {
        use LimitKind::{Budget, Eligibility, Floor, LargestChange, LineCap, Pin, StepCap};
        let lines = vec![
            LineLimits { cap: Some(Money(100)), ..open() },
            LineLimits { floor: Some(Money(200)), ..open() },
            LineLimits { pin: Some(Money(300)), ..open() },
            LineLimits { first_step: 5, ..open() },
            open(),
        ];
        let mut limits = limits(lines);
        let free = ruling(&limits, 0, 10_000, None, &[9.0, 1.0, 1.0, 1.0, 4.0]);
        assert_eq!(granted(&free), [100, 200, 300, 0, 400]);
        assert_eq!(free.bound, [Some(LineCap), Some(Floor), Some(Pin), Some(Eligibility), None]);
        assert_eq!((free.multiplier, free.relaxed.len()), (0.0, 0));
        let short = ruling(&limits, 0, 800, None, &[9.0, 1.0, 1.0, 1.0, 4.0]);
        assert_eq!(granted(&short), [100, 200, 300, 0, 200]);
        assert_eq!((short.bound[4], short.multiplier), (Some(Budget), 2.0));
        limits.step_cap = Some(Money(700));
        let capped = ruling(&limits, 0, 800, None, &[9.0, 1.0, 1.0, 1.0, 4.0]);
        assert_eq!((capped.bound[4], granted(&capped)[4]), (Some(StepCap), 100));
        limits.step_cap = None;
        limits.largest_change = Some(0.2);
        let slow = ruling(&limits, 1, 10_000, Some(&[50, 200, 300, 0, 500]), &[9.0, 9.0, 1.0, 1.0, 0.0]);
        assert_eq!(granted(&slow), [60, 240, 300, 0, 400]);
        assert_eq!(slow.bound[0..2], [Some(LargestChange); 2]);
        assert_eq!(slow.bound[4], Some(LargestChange));
    }

    #[test]
    fn weaker_limits_give_and_are_logged() {
        use LimitKind::{Floor, LargestChange, Pin};
        let entry = |line, limit, by| Relaxation { line, limit, by: Money(by) };
        // The cap is stronger than the change: the nearest lawful amount, whatever the wish.
        let mut capped = limits(vec![LineLimits { cap: Some(Money(50)), ..open() }]);
        capped.largest_change = Some(0.2);
        let ruled = ruling(&capped, 1, 1000, Some(&[100]), &[0.0]);
        assert_eq!((granted(&ruled), ruled.relaxed), (vec![50], vec![entry(0, LargestChange, 30)]));
        // A line that closes.
        let mut closing = limits(vec![LineLimits { end_step: 1, ..open() }]);
        closing.largest_change = Some(0.2);
        let ruled = ruling(&closing, 1, 1000, Some(&[100]), &[9.0]);
        assert_eq!((granted(&ruled), ruled.relaxed), (vec![0], vec![entry(0, LargestChange, 80)]));
        // Short of money: change first, by what is missing only, and where the wish asks for least.
        let mut falling = limits(vec![open(); 2]);
        falling.largest_change = Some(0.2);
        let ruled = ruling(&falling, 1, 100, Some(&[100, 100]), &[0.0, 9.0]);
        assert_eq!((granted(&ruled), ruled.relaxed), (vec![20, 80], vec![entry(0, LargestChange, 60)]));
        // Then the floor, then the pin.
        let lines = vec![
            LineLimits { pin: Some(Money(100)), ..open() },
            LineLimits { floor: Some(Money(100)), ..open() },
            open(),
        ];
        let ruled = ruling(&limits(lines.clone()), 0, 150, None, &[0.0, 0.0, 9.0]);
        assert_eq!((granted(&ruled), ruled.relaxed), (vec![100, 50, 0], vec![entry(1, Floor, 50)]));
        let ruled = ruling(&limits(lines), 0, 50, None, &[0.0, 0.0, 9.0]);
        assert_eq!(granted(&ruled), [50, 0, 0]);
        assert_eq!(ruled.relaxed, [entry(0, Pin, 50), entry(1, Floor, 100)]);
    }

    #[test]
    fn remainders_go_to_the_largest() {
        let three = limits(vec![open(); 3]);
        assert_eq!(granted(&ruling(&three, 0, 100, None, &[9.0, 9.0, 9.0])), [34, 33, 33]);
        assert_eq!(granted(&ruling(&three, 0, 999, None, &[0.103, 0.103, 0.107])), [10, 10, 11]);
        assert_eq!(granted(&ruling(&three, 0, 999, None, &[0.29, 0.57, 1.15])), [29, 57, 115]);
        let capped = limits(vec![LineLimits { cap: Some(Money(33)), ..open() }, open(), open()]);
        assert_eq!(granted(&ruling(&capped, 0, 100, None, &[9.0, 9.0, 9.0])), [33, 34, 33]);
    }

    #[test]
    fn a_line_starts_again_after_it_was_off() {
        let mut limits = limits(vec![open(), LineLimits { cap: Some(Money(200)), ..open() }]);
        limits.largest_change = Some(0.2);
        let guard = Guard::new(&limits, Money(100_000), STEPS);
        assert_eq!([0, 1, 2].map(|line| guard.starting_amount(line).0), [5_000, 200, 0]);
        let again =
            |previous: [i64; 2], wish| granted(&ruling(&limits, 3, 99_999, Some(&previous), &[wish, wish]));
        assert_eq!(again([0, 0], 900.0), [5_000, 200]);
        assert_eq!(again([49, 1], 900.0), [5_000, 200]);
        assert_eq!(again([49, 1], 0.0), [0, 0]);
        assert_eq!(again([50, 2], 900.0), [60, 3]);
        assert_eq!(again([50, 2], 0.0), [40, 1]);
        // No limit in the first step, nor where a line opens; but one where the past is known.
        assert_eq!(granted(&ruling(&limits, 0, 99_999, None, &[900.0]))[0], 90_000);
        limits.lines[0].first_step = 3;
        assert_eq!(granted(&ruling(&limits, 3, 99_999, Some(&[0, 0]), &[900.0]))[0], 90_000);
        limits.lines[0].first_step = 0;
        assert_eq!(granted(&ruling(&limits, 0, 99_999, Some(&[500, 0]), &[900.0]))[0], 600);
    }

    /// P10: linear response, so the wish is everything; x_t = min(U, x0 1.2^t), five times as much after 9 days.
    #[test]
    fn change_limit_grows_fivefold_in_nine_days() {
        let start = 5_i64.pow(9); // minor units; x0 1.2^t = 5^(9-t) 6^t is whole up to the ninth day
        let cap = 5 * start;
        let line = LineLimits { cap: Some(Money(cap)), end_step: 30, ..LineLimits::default() };
        let limits = Limits { largest_change: Some(0.2), lines: vec![line], ..Limits::default() };
        let mut guard = Guard::new(&limits, Money(30 * cap), 30);
        let mut ruling = Ruling::default();
        let wish = Allocation::of(vec![f64::INFINITY]);
        let mut previous = [Money(start)];
        for day in 1..30_u32 {
            guard.rule(day as usize, Money(i64::MAX), Some(&previous), &wish, &mut ruling);
            previous[0] = ruling.granted[0];
            let grown = if day < 9 { 5_i64.pow(9 - day) * 6_i64.pow(day) } else { cap };
            assert_eq!(previous[0].0, grown.min(cap), "day {day}");
            let expected = if day < 9 { LimitKind::LargestChange } else { LimitKind::LineCap };
            assert_eq!(ruling.bound[0], Some(expected), "day {day}");
        }
    }

    #[test]
    fn a_used_ruling_keeps_its_memory() {
        let lines = vec![LineLimits { pin: Some(Money(10)), floor: Some(Money(10)), ..open() }; 5];
        let limits = Limits { largest_change: Some(0.2), ..limits(lines) };
        let mut guard = Guard::new(&limits, Money(100_000), STEPS);
        let mut ruling = Ruling::default();
        let memory = |guard: &Guard, ruling: &Ruling| {
            let Scratch {
                bounds,
                pot_lines,
                wish,
                lower,
                upper,
                plan,
                granted,
                remainder,
                order,
                breakpoints,
            } = &guard.scratch;
            let numbers = [wish, lower, upper, plan, remainder, breakpoints].map(Vec::capacity);
            let others = [
                bounds.capacity(),
                pot_lines.capacity(),
                granted.capacity(),
                order.capacity(),
                ruling.granted.capacity(),
                ruling.bound.capacity(),
            ];
            (numbers, others, ruling.relaxed.capacity())
        };
        guard.rule(0, Money(100_000), None, &Allocation::default(), &mut ruling);
        let before = memory(&guard, &ruling);
        let wish = Allocation::of(vec![0.333; 5]);
        guard.rule(1, Money(13), Some(&[Money(1_000); 5]), &wish, &mut ruling);
        assert_eq!(ruling.relaxed.len(), 15);
        assert_eq!(memory(&guard, &ruling), before);
    }

    fn any_money() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => 0.0..20.0_f64,
            1 => any::<f64>(),
            1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e308, 1e-308, 0.0]),
        ]
    }

    fn some<T: Clone + std::fmt::Debug>(inner: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
        prop::option::weighted(0.3, inner)
    }

    prop_compose! {
        fn any_line(most: i64)(
            first_step in 0..3_usize, open in 1..8_usize,
            cap in some(0..most), floor in some(0..most / 4), pin in some(0..most / 4),
        ) -> LineLimits {
            // Consistent: floor <= pin <= cap.
            let cap = cap.map(|cap| cap.max(floor.unwrap_or(0)).max(pin.unwrap_or(0)));
            let floor = floor.map(|floor| pin.map_or(floor, |pin| floor.min(pin)));
            let [cap, floor, pin] = [cap, floor, pin].map(|money| money.map(Money));
            LineLimits { first_step, end_step: first_step + open, cap, floor, pin, ..LineLimits::default() }
        }
    }

    prop_compose! {
        fn any_limits(lines: std::ops::Range<usize>, most: i64)(
            step_cap in some(0..most * 2),
            largest_change in some(prop_oneof![0.01..1.5_f64, Just(0.2), Just(0.5)]),
            lines in prop::collection::vec(any_line(most), lines),
        ) -> Limits {
            Limits { step_cap: step_cap.map(Money), largest_change, lines, ..Limits::default() }
        }
    }

    /// How much `money` breaks pins, floors and the largest change, written without the guard's own bounds; `None`
    /// where it breaks a limit that never gives.
    fn broken(
        limits: &Limits,
        step: usize,
        available: i64,
        previous: Option<&[i64]>,
        money: &[i64],
    ) -> Option<[i64; 3]> {
        let sum: i64 = money.iter().sum();
        let mut broken = [0; 3];
        if sum > available || limits.step_cap.is_some_and(|cap| sum > cap.0) {
            return None;
        }
        for (line, (&money, limit)) in money.iter().zip(&limits.lines).enumerate() {
            let is_open = step >= limit.first_step && step < limit.end_step;
            if money < 0 || (money > 0 && !is_open) || limit.cap.is_some_and(|cap| money > cap.0) {
                return None;
            }
            if is_open {
                broken[0] += limit.pin.map_or(0, |pin| (pin.0 - money).abs());
                broken[1] += limit.floor.map_or(0, |floor| (floor.0 - money).max(0));
            }
            let opens = step > 0 && step == limit.first_step;
            if let (Some(change), Some(previous)) = (limits.largest_change, previous.filter(|_| !opens)) {
                let start = Guard::new(limits, Money(100_000), STEPS).starting_amount(line).0;
                let by = ((previous[line] as f64 * change + 1e-9) as i64).max(1);
                let off = previous[line] * 100 < start;
                let high = if off { start.max(previous[line] + by) } else { previous[line] + by };
                let low = if off { 0 } else { previous[line] - by };
                broken[2] += (money - high).max(low - money).max(0);
            }
        }
        Some(broken)
    }

    fn logged(ruling: &Ruling) -> [i64; 3] {
        LOWER_LIMITS
            .map(|kind| ruling.relaxed.iter().filter(|log| log.limit == kind).map(|log| log.by.0).sum())
    }

    #[test]
    fn money_held_for_later_cannot_be_had() {
        let holds = vec![crate::limits::Hold { until_step: 3, money: Money(900) }];
        let limits = Limits { holds, ..limits(vec![open(), open()]) };
        let early = ruling(&limits, 2, 1_000, None, &[10.0, 0.0]);
        assert_eq!((granted(&early), early.bound[0]), (vec![100, 0], Some(LimitKind::Hold)));
        assert_eq!(granted(&ruling(&limits, 3, 1_000, None, &[10.0, 0.0])), [1_000, 0]);
        // What is held may be more than what is left.
        assert_eq!(granted(&ruling(&limits, 2, 800, None, &[10.0, 5.0])), [0, 0]);
    }

    #[test]
    fn a_group_shares_what_it_has_left() {
        let group = crate::limits::Group { name: "two".into(), lines: vec![0, 2], most: Money(300) };
        let limits = Limits { groups: vec![group], ..limits(vec![open(), open(), open()]) };
        let mut guard = Guard::new(&limits, Money(100_000), STEPS);
        let mut ruling = Ruling::default();
        let wish = Allocation::of(vec![3.0, 4.0, 1.0]);
        guard.rule(0, Money(100_000), None, &wish, &mut ruling);
        assert_eq!(granted(&ruling), [225, 400, 75]);
        assert_eq!(ruling.bound, [Some(LimitKind::Group), None, Some(LimitKind::Group)]);
        guard.book([200, 400, 50].map(Money).into_iter());
        guard.rule(1, Money(100_000), None, &wish, &mut ruling);
        assert_eq!(granted(&ruling), [37, 400, 12]);
        guard.book([37, 400, 13].map(Money).into_iter());
        guard.rule(2, Money(100_000), None, &wish, &mut ruling);
        assert_eq!(granted(&ruling), [0, 400, 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever is wished: what never gives holds, and what gave is in the log, to the minor unit.
        #[test]
        fn no_wish_breaks_a_limit_in_silence(
            limits in any_limits(0..7, 1000), step in 0..STEPS, available in 0..5000_i64,
            previous in some(prop::collection::vec(0..1000_i64, 7)), wish in prop::collection::vec(any_money(), 0..9),
        ) {
            let ruled = ruling(&limits, step, available, previous.as_deref(), &wish);
            let broken = broken(&limits, step, available, previous.as_deref(), &granted(&ruled));
            prop_assert_eq!(broken, Some(logged(&ruled)));
            prop_assert_eq!(ruled.granted.len(), limits.lines.len());
            prop_assert_eq!(ruled.bound.len(), limits.lines.len());
            prop_assert!(ruled.multiplier >= 0.0 && ruled.multiplier.is_finite());
            // Granted again, it stays as it is.
            let again: Vec<f64> = ruled.granted.iter().map(|money| money.major()).collect();
            let again = ruling(&limits, step, available, previous.as_deref(), &again);
            prop_assert_eq!(granted(&again), granted(&ruled));
        }

        /// Credit pays for its lines alone: whatever is wished, no more is granted than cash and credit can pay.
        #[test]
        fn credit_pays_for_its_lines_alone(
            limits in any_limits(0..7, 1000), eligible in prop::collection::vec(any::<bool>(), 7),
            step in 0..STEPS, cash in 0..3000_i64, credit in 0..3000_i64,
            previous in some(prop::collection::vec(0..1000_i64, 7)), wish in prop::collection::vec(any_money(), 0..9),
        ) {
            let mut limits = limits;
            limits.lines.iter_mut().zip(&eligible).for_each(|(line, eligible)| line.credit = *eligible);
            let previous: Option<Vec<Money>> = previous.map(|money| money.into_iter().map(Money).collect());
            let mut guard = Guard::new(&limits, Money(100_000), STEPS);
            let mut ruling = Ruling::default();
            let purse = Purse { cash: Money(cash), credit: Money(credit) };
            guard.rule(step, purse, previous.as_deref(), &Allocation::of(wish), &mut ruling);
            let all: i64 = granted(&ruling).iter().sum();
            let in_cash: i64 =
                granted(&ruling).iter().zip(&limits.lines).filter(|(_, line)| !line.credit).map(|(money, _)| money).sum();
            prop_assert!(all <= cash + credit && in_cash <= cash);
            prop_assert!(ruling.multiplier >= 0.0 && ruling.multiplier.is_finite());
            // The limits hold as ever, or stand in the log.
            let amounts: Vec<i64> = previous.iter().flatten().map(|money| money.0).collect();
            let broken =
                broken(&limits, step, cash + credit, previous.as_ref().map(|_| amounts.as_slice()), &granted(&ruling));
            prop_assert_eq!(broken, Some(logged(&ruling)));
        }

        /// With credit too, the grants are the nearest that are lawful: by trying every allocation.
        #[test]
        fn credit_leaves_the_nearest_allocation(
            wish in prop::collection::vec(0..9_i64, 3), eligible in prop::collection::vec(any::<bool>(), 3),
            cash in 0..12_i64, credit in 0..12_i64, cap in some(0..16_i64),
        ) {
            let lines = eligible.iter().map(|credit| LineLimits { credit: *credit, ..open() }).collect();
            let limits = Limits { step_cap: cap.map(Money), ..limits(lines) };
            let mut guard = Guard::new(&limits, Money(100_000), STEPS);
            let mut ruling = Ruling::default();
            let purse = Purse { cash: Money(cash), credit: Money(credit) };
            let money = wish.iter().map(|money| Money(*money).major()).collect();
            guard.rule(0, purse, None, &Allocation::of(money), &mut ruling);
            // What is above all that there is for a line is taken as that.
            let wish: Vec<i64> =
                wish.iter().zip(&eligible).map(|(wish, eligible)| (*wish).min(purse.for_line(*eligible))).collect();
            let distance = |money: &[i64]| money.iter().zip(&wish).map(|(a, b)| (a - b).pow(2)).sum::<i64>();
            let lawful = |money: &[i64; 3]| {
                let in_cash: i64 = (0..3).filter(|line| !eligible[*line]).map(|line| money[line]).sum();
                let all: i64 = money.iter().sum();
                in_cash <= cash && all <= cash + credit && cap.is_none_or(|cap| all <= cap)
            };
            let every = (0..9_i64.pow(3)).map(|n| [n % 9, n / 9 % 9, n / 81]);
            let least = every.filter(lawful).map(|money| distance(&money)).min().expect("nothing is lawful");
            prop_assert_eq!(distance(&granted(&ruling)), least);
        }

        /// Nothing overflows, however senseless the amounts.
        #[test]
        fn amounts_of_any_size_are_survived(
            lines in prop::collection::vec((some(any::<i64>()), some(any::<i64>()), some(any::<i64>())), 1..6),
            amounts in prop::collection::vec(any::<i64>(), 8), change in some(any::<f64>()), wish in any_money(),
        ) {
            let lines = lines.iter().map(|(cap, floor, pin)| {
                LineLimits { cap: cap.map(Money), floor: floor.map(Money), pin: pin.map(Money), ..open() }
            });
            let limits = Limits {
                step_cap: (amounts[6] % 2 == 0).then_some(Money(amounts[6])),
                largest_change: change,
                ..limits(lines.collect())
            };
            let mut guard = Guard::new(&limits, Money(amounts[7]), STEPS);
            let previous: Vec<Money> = amounts.iter().copied().map(Money).collect();
            let mut ruling = Ruling::default();
            let wish = Allocation::of(vec![wish, amounts[5] as f64, f64::MAX]);
            guard.rule(1, Money(amounts[7]), Some(&previous), &wish, &mut ruling);
            let sum: i128 = granted(&ruling).iter().map(|money| i128::from(*money)).sum();
            prop_assert!(sum <= i128::from(amounts[7].max(0)));
            prop_assert!(limits.step_cap.is_none_or(|cap| sum <= i128::from(cap.0.max(0))));
            for (money, line) in granted(&ruling).iter().zip(&limits.lines) {
                prop_assert!(*money >= 0 && line.cap.is_none_or(|cap| *money <= cap.0.max(0)));
            }
        }

        /// Weaker limits give no more than they must: by trying every allocation of a few minor units.
        #[test]
        fn no_limit_gives_more_than_it_must(
            limits in any_limits(3..4, 12), step in 0..6_usize, available in 0..12_i64,
            previous in some(prop::collection::vec(0..12_i64, 3)), wish in prop::collection::vec(any_money(), 3),
        ) {
            let wish: Vec<f64> = wish.iter().map(|money| money / 100.0).collect();
            let ruled = ruling(&limits, step, available, previous.as_deref(), &wish);
            let every = (0..13_i64.pow(3)).map(|n| [n % 13, n / 13 % 13, n / 169]);
            let least = every.filter_map(|money| broken(&limits, step, available, previous.as_deref(), &money)).min();
            let mut least = least.expect("nothing at all never breaks a limit that holds always");
            let mut logged = logged(&ruled);
            // Below the first kind that gives for want of money, the wish decides.
            if let Some(first) = logged.iter().position(|by| *by > 0) {
                logged[first + 1..].fill(0);
                least[first + 1..].fill(0);
            }
            prop_assert_eq!(logged, least);
        }

        /// A wish that is legal comes back as it is, for amounts up to a trillion.
        #[test]
        fn legal_wishes_are_granted(wish in prop::collection::vec(0..100_000_000_000_000_i64, 1..12), spare in 0..2_i64) {
            let total: i64 = wish.iter().sum();
            let majors: Vec<f64> = wish.iter().map(|money| Money(*money).major()).collect();
            let mut limits = limits(wish.iter().map(|money| LineLimits { cap: Some(Money(*money)), ..open() }).collect());
            limits.step_cap = Some(Money(total));
            limits.largest_change = Some(0.2);
            let ruled = ruling(&limits, 1, total + spare, Some(&wish), &majors);
            prop_assert_eq!(granted(&ruled), wish);
            prop_assert!(ruled.bound.iter().all(Option::is_none) && ruled.relaxed.is_empty());
        }

        /// The grants are the real-valued projection to within a minor unit.
        #[test]
        fn grants_are_the_projection_rounded(wish in prop::collection::vec(0.0..50.0_f64, 1..9), available in 0..9000_i64) {
            let minor: Vec<f64> = wish.iter().map(|money| (money * 100.0).min(available as f64)).collect();
            let (plan, multiplier) = projected(&minor, &vec![0.0; wish.len()], &vec![1e9; wish.len()], available as f64);
            let ruled = ruling(&limits(vec![open(); wish.len()]), 0, available, None, &wish);
            for (granted, plan) in granted(&ruled).iter().zip(&plan) {
                prop_assert!((*granted as f64 - plan).abs() < 1.0);
            }
            let expected = if multiplier > 0.0 { available } else { plan.iter().sum::<f64>().round() as i64 };
            prop_assert_eq!(granted(&ruled).iter().sum::<i64>(), expected);
            prop_assert!((ruled.multiplier * 100.0 - multiplier).abs() < 1e-9);
        }

        /// Optimality: (w - x) . (y - x) <= 0 for every legal y, and the multiplier's complementary slackness.
        #[test]
        fn the_projection_is_the_nearest_point(
            lines in prop::collection::vec((0.0..100.0_f64, 0.0..20.0_f64, 0.0..50.0_f64), 1..30), share in 0.0..1.2_f64,
            others in prop::collection::vec(prop::collection::vec(0.0..1.0_f64, 30), 20),
        ) {
            let wish: Vec<f64> = lines.iter().map(|line| line.0).collect();
            let lower: Vec<f64> = lines.iter().map(|line| line.1).collect();
            let upper: Vec<f64> = lines.iter().map(|line| line.1 + line.2).collect();
            let (least, most) = (lower.iter().sum::<f64>(), upper.iter().sum::<f64>());
            let total = least + share * (most - least);
            let (plan, multiplier) = projected(&wish, &lower, &upper, total);
            let sum: f64 = plan.iter().sum();
            prop_assert!(sum <= total + 1e-9);
            prop_assert!(multiplier == 0.0 || (sum - total).abs() < 1e-9);
            for other in others {
                let mut other: Vec<f64> = other.iter().zip(&lines).map(|(u, line)| line.1 + u * line.2).collect();
                let spread = (total - least) / (other.iter().sum::<f64>() - least).max(1e-12);
                for (money, lower) in other.iter_mut().zip(&lower) {
                    *money = lower + (*money - lower) * spread.min(1.0);
                }
                let slope: f64 = (0..wish.len()).map(|i| (wish[i] - plan[i]) * (other[i] - plan[i])).sum();
                prop_assert!(slope <= 1e-7, "{slope}");
            }
            let (again, _) = projected(&plan, &lower, &upper, total);
            prop_assert!(again.iter().zip(&plan).all(|(a, b)| (a - b).abs() < 1e-9));
        }

        /// Money in another unit changes no share by more than 1e-9.
        #[test]
        fn the_unit_of_money_does_not_matter(
            lines in prop::collection::vec((0.0..100.0_f64, 0.0..1.0_f64, 0.0..50.0_f64), 1..30), share in 0.01..1.2_f64,
        ) {
            let columns = |unit: f64| {
                let wish: Vec<f64> = lines.iter().map(|line| line.0 * unit).collect();
                let lower: Vec<f64> = lines.iter().map(|line| line.1 * unit).collect();
                let upper: Vec<f64> = lines.iter().map(|line| (line.1 + line.2) * unit).collect();
                let total = unit * lines.iter().map(|line| line.1 + share * line.2).sum::<f64>();
                (projected(&wish, &lower, &upper, total), total)
            };
            let ((plan, multiplier), total) = columns(1.0);
            for unit in [1e6, 1e-6] {
                let ((scaled, price), scaled_total) = columns(unit);
                for (a, b) in plan.iter().zip(&scaled) {
                    prop_assert!((a / total - b / scaled_total).abs() < 1e-9);
                }
                prop_assert!((price / unit - multiplier).abs() < 1e-9);
            }
        }
    }
}
