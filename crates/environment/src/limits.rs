//! Limits of a scenario: hard ones that the guard enforces, soft ones that are judged.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Limits on one line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LineLimits {
    /// First step in which the line may spend.
    pub first_step: usize,
    /// Step from which it may spend no more.
    pub end_step: usize,
    /// Most money in a step.
    pub cap: Option<Money>,
    /// Least money in a step.
    pub floor: Option<Money>,
    /// Exact money in each step.
    pub pin: Option<Money>,
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
    /// `[lines]` hard limits on each line.
    pub lines: Vec<LineLimits>,
}
