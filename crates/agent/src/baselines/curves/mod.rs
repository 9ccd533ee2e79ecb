//! The planning baselines of worlds without shoppers: what is believed of the curves, and plans on that belief.

use std::ops::Range;

use outlay_environment::Limits;

pub mod belief;
mod numbers;
pub mod oracles;
pub mod planners;
pub mod puzzles;

/// `[steps * lines]` most money of each cell of a range of steps, row by row.
fn caps(limits: &Limits, steps: Range<usize>) -> Vec<f64> {
    let row = |step: usize| {
        limits.lines.iter().map(move |line| if line.is_open(step) { line.cap_major() } else { 0.0 })
    };
    steps.flat_map(row).collect()
}
