//! Limits of a scenario: hard ones that the guard enforces, soft ones that are judged.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// A hard limit, the strongest first: where two conflict, the later one gives.
///
/// Only the last three can ever give way, because no money at all satisfies each of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Money neither spent nor reserved.
    Budget,
    /// The steps in which a line may spend.
    Eligibility,
    /// Money that is held for later steps.
    Hold,
    /// Most money of a group of lines over the whole episode.
    Group,
    /// Most money in a step over all lines.
    StepCap,
    /// Most money of a line in a step.
    LineCap,
    /// Exact money of a line in a step.
    Pin,
    /// Least money of a line in a step.
    Floor,
    /// Largest relative change of a line's money from one step to the next.
    LargestChange,
}

impl LimitKind {
    /// Its name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Eligibility => "eligibility",
            Self::Hold => "hold",
            Self::Group => "group",
            Self::StepCap => "step-cap",
            Self::LineCap => "line-cap",
            Self::Pin => "pin",
            Self::Floor => "floor",
            Self::LargestChange => "largest-change",
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Limits on one line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LineLimits {
    /// First step in which the line may spend.
    pub first_step: usize,
    /// Step from which it may spend no more.
    pub end_step: usize,
    /// Most money in a step.
    pub cap: Option<Money>,
    /// Least money in a step in which the line may spend.
    pub floor: Option<Money>,
    /// Exact money in each step in which the line may spend.
    pub pin: Option<Money>,
    /// Money of the step before the first, from which the largest change counts there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Money>,
    /// Whether advertising credit may pay for the line, before cash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub credit: bool,
}

impl LineLimits {
    /// Whether the line may spend in `step`.
    #[must_use]
    pub fn is_open(&self, step: usize) -> bool {
        (self.first_step..self.end_step).contains(&step)
    }

    /// Most money in a step in major units, infinite where there is no cap.
    #[must_use]
    pub fn cap_major(&self) -> f64 {
        self.cap.map_or(f64::INFINITY, Money::major)
    }

    /// Money promised to the line in each step in which it may spend: its pin, or else its floor.
    #[must_use]
    pub fn committed(&self) -> Money {
        self.pin.or(self.floor).unwrap_or(Money::ZERO)
    }
}

/// Money that must stay unspent for a while, so that it is there when a promotion opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// First step in which it may be spent.
    pub until_step: usize,
    /// How much of the budget.
    pub money: Money,
}

/// Lines that share a limit. A floor on some is a group of all others: what they may not spend is left for the some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Name in tables.
    pub name: String,
    /// Indices of its lines.
    pub lines: Vec<usize>,
    /// Most money of all of them together over the whole episode.
    pub most: Money,
}

/// Limits of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Hard: most money in a step over all lines.
    pub step_cap: Option<Money>,
    /// Hard: largest relative change of a line's money from one step to the next, e.g. 0.2.
    pub largest_change: Option<f64>,
    /// Soft: least credited revenue per unit of spend over the whole episode; a miss is reported.
    pub return_floor: Option<f64>,
    /// Soft: most spend, in major units, for each credited unit of what the goal counts; a miss is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_cap: Option<f64>,
    /// `[lines]` hard limits on each line.
    pub lines: Vec<LineLimits>,
    /// Hard: money held for later steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// Hard: groups of lines with a limit of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

impl Limits {
    /// Money that may not be spent yet in `step`.
    #[must_use]
    pub fn held(&self, step: usize) -> Money {
        self.holds.iter().filter(|hold| step < hold.until_step).map(|hold| hold.money).sum()
    }

    /// The step after `step` in which more money comes free, if there is one.
    #[must_use]
    pub fn next_release(&self, step: usize) -> Option<usize> {
        self.holds.iter().map(|hold| hold.until_step).filter(|until| *until > step).min()
    }

    /// Everything in these limits that can never hold, in the order: whole scenario, lines, sums over lines.
    ///
    /// The sums are left out where an amount is negative: they would mean nothing.
    #[must_use]
    pub fn contradictions(&self, budget: Money, steps: usize) -> Vec<Contradiction> {
        let mut found = Vec::new();
        let negative = |found: &mut Vec<_>, line, limit, amount: Option<Money>| {
            if let Some(amount) = amount.filter(|amount| *amount < Money::ZERO) {
                found.push(Contradiction::Negative { line, limit, amount });
            }
        };
        negative(&mut found, None, LimitKind::Budget, Some(budget));
        negative(&mut found, None, LimitKind::StepCap, self.step_cap);
        let held: Money = self.holds.iter().map(|hold| hold.money).sum();
        if held > budget {
            found.push(Contradiction::HeldAboveBudget { held, budget });
        }
        // Written so that what is not a number is found too.
        if let Some(change) = self.largest_change.filter(|change| change.is_nan() || *change <= 0.0) {
            found.push(Contradiction::NoChange { change });
        }
        for (line, limits) in self.lines.iter().enumerate() {
            let LineLimits { first_step, end_step, cap, floor, pin, .. } = *limits;
            negative(&mut found, Some(line), LimitKind::LineCap, cap);
            negative(&mut found, Some(line), LimitKind::Floor, floor);
            negative(&mut found, Some(line), LimitKind::Pin, pin);
            if first_step >= end_step {
                found.push(Contradiction::EmptyWindow { line, first_step, end_step });
            } else if first_step >= steps {
                found.push(Contradiction::WindowTooLate { line, first_step, steps });
            }
            if let (Some(floor), Some(cap)) = (floor, cap)
                && floor > cap
            {
                found.push(Contradiction::FloorAboveCap { line, floor, cap });
            }
            if let (Some(pin), Some(cap)) = (pin, cap)
                && pin > cap
            {
                found.push(Contradiction::PinAboveCap { line, pin, cap });
            }
            if let (Some(pin), Some(floor)) = (pin, floor)
                && pin < floor
            {
                found.push(Contradiction::PinBelowFloor { line, pin, floor });
            }
        }
        if !found.iter().any(|problem| matches!(problem, Contradiction::Negative { .. })) {
            self.contradictory_sums(budget, steps, &mut found);
        }
        found
    }

    /// Floors and pins against the step cap and against the budget.
    fn contradictory_sums(&self, budget: Money, steps: usize, found: &mut Vec<Contradiction>) {
        let amount = |sum: i128| Money(i64::try_from(sum).unwrap_or(i64::MAX));
        // What is promised changes only where a window opens, so a few steps stand for all.
        let openings = || self.lines.iter().map(|line| line.first_step).filter(|step| *step < steps);
        let committed = |step: usize| -> i128 {
            self.lines
                .iter()
                .filter(|line| line.is_open(step))
                .map(|line| i128::from(line.committed().0))
                .sum()
        };
        if let Some(step_cap) = self.step_cap
            && let Some(step) = openings().filter(|step| committed(*step) > i128::from(step_cap.0)).min()
        {
            found.push(Contradiction::AboveStepCap { step, committed: amount(committed(step)), step_cap });
        }
        let whole: i128 = self
            .lines
            .iter()
            .map(|line| {
                let open = line.end_step.min(steps).saturating_sub(line.first_step);
                i128::from(line.committed().0).saturating_mul(open as i128)
            })
            .fold(0, i128::saturating_add);
        if whole > i128::from(budget.0) {
            found.push(Contradiction::AboveBudget { committed: amount(whole), budget });
        }
    }
}

/// Limits that can never hold, whatever an agent does. `line` is an index into [`Limits::lines`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Contradiction {
    /// An amount below zero; no line means the scenario's own.
    Negative {
        /// The line it stands at, if any.
        line: Option<usize>,
        /// Which limit.
        limit: LimitKind,
        /// The amount.
        amount: Money,
    },
    /// A largest change that is not above zero.
    NoChange {
        /// The fraction as it was written.
        change: f64,
    },
    /// A line that closes before it opens.
    EmptyWindow {
        /// The line.
        line: usize,
        /// First step in which it may spend.
        first_step: usize,
        /// Step from which it may spend no more.
        end_step: usize,
    },
    /// A line that opens after the last step.
    WindowTooLate {
        /// The line.
        line: usize,
        /// First step in which it may spend.
        first_step: usize,
        /// Steps of the scenario.
        steps: usize,
    },
    /// Least money above most money.
    FloorAboveCap {
        /// The line.
        line: usize,
        /// Least money in a step.
        floor: Money,
        /// Most money in a step.
        cap: Money,
    },
    /// Exact money above most money.
    PinAboveCap {
        /// The line.
        line: usize,
        /// Exact money in a step.
        pin: Money,
        /// Most money in a step.
        cap: Money,
    },
    /// Exact money below least money.
    PinBelowFloor {
        /// The line.
        line: usize,
        /// Exact money in a step.
        pin: Money,
        /// Least money in a step.
        floor: Money,
    },
    /// Floors and pins of one step above the step cap.
    AboveStepCap {
        /// The first such step.
        step: usize,
        /// Sum of floors and pins in it.
        committed: Money,
        /// Most money in a step over all lines.
        step_cap: Money,
    },
    /// More money held for later than there is.
    HeldAboveBudget {
        /// Sum of all holds.
        held: Money,
        /// Money for the whole episode.
        budget: Money,
    },
    /// Floors and pins over all steps above the budget (so also those of any one step).
    AboveBudget {
        /// Sum of floors and pins over all steps.
        committed: Money,
        /// Money for the whole episode.
        budget: Money,
    },
}

impl Contradiction {
    /// The line it is about, if it is about one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match *self {
            Self::Negative { line, .. } => line,
            Self::EmptyWindow { line, .. }
            | Self::WindowTooLate { line, .. }
            | Self::FloorAboveCap { line, .. }
            | Self::PinAboveCap { line, .. }
            | Self::PinBelowFloor { line, .. } => Some(line),
            Self::NoChange { .. }
            | Self::AboveStepCap { .. }
            | Self::HeldAboveBudget { .. }
            | Self::AboveBudget { .. } => None,
        }
    }

    /// What is wrong, a lower-case fragment without the line.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Negative { limit, amount, .. } => format!("the {limit} of {amount} is below zero"),
            Self::NoChange { change } => format!("a largest change of {change} is not above zero"),
            Self::EmptyWindow { first_step, end_step, .. } => {
                format!(
                    "the line opens at step {first_step} and closes at step {end_step}, so it can never spend"
                )
            }
            Self::WindowTooLate { first_step, steps, .. } => {
                format!(
                    "the line opens at step {first_step}, but the steps are 0 to {}",
                    steps.saturating_sub(1)
                )
            }
            Self::FloorAboveCap { floor, cap, .. } => {
                format!("the floor of {floor} is above the cap of {cap}")
            }
            Self::PinAboveCap { pin, cap, .. } => format!("the pin of {pin} is above the cap of {cap}"),
            Self::PinBelowFloor { pin, floor, .. } => {
                format!("the pin of {pin} is below the floor of {floor}")
            }
            Self::AboveStepCap { step, committed, step_cap } => {
                format!("floors and pins of step {step} need {committed}, above the step-cap of {step_cap}")
            }
            Self::HeldAboveBudget { held, budget } => {
                format!("{held} are held for later, above the budget of {budget}")
            }
            Self::AboveBudget { committed, budget } => {
                format!("floors and pins of all steps need {committed}, above the budget of {budget}")
            }
        }
    }

    /// A way out, a lower-case fragment.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Negative { .. } => "write zero or more, or leave the limit out",
            Self::NoChange { .. } => "write a fraction such as 0.2, or leave it out",
            Self::EmptyWindow { .. } => "let it close after it opens, or remove the line",
            Self::WindowTooLate { .. } => "let it open earlier, lengthen the calendar, or remove the line",
            Self::FloorAboveCap { .. } => "lower the floor or raise the cap",
            Self::PinAboveCap { .. } => "lower the pin or raise the cap",
            Self::PinBelowFloor { .. } => "raise the pin or remove the floor",
            Self::AboveStepCap { .. } => "lower floors and pins, or raise the step-cap",
            Self::HeldAboveBudget { .. } => "hold less, or raise the budget",
            Self::AboveBudget { .. } => "lower floors and pins, shorten their windows, or raise the budget",
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line() {
            write!(formatter, "lines[{line}]: ")?;
        }
        write!(formatter, "{}; {}", self.cause(), self.help())
    }
}

#[cfg(test)]
mod tests;
