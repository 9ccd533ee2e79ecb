//! Units in which the budget is 1 and a good plan's value is near 1, so that no number in a planner has a currency.

use outlay_environment::Curves;

/// Lines in units of their own, and what those are.
#[derive(Debug)]
pub(super) struct Scaled {
    /// The lines in these units.
    pub(super) curves: Curves,
    /// Unit of the response.
    pub(super) response: f64,
}

impl Scaled {
    /// Lines in units of `budget` and of the response to simple plans; none where those bring nothing.
    pub(super) fn new(curves: &Curves, budget: f64) -> Option<Self> {
        let cells = (curves.steps() * curves.lines.len()) as f64;
        if !(budget > 0.0 && budget.is_finite() && cells > 0.0) {
            return None;
        }
        // An even split, or the best single purchase: the optimum is neither below the larger of the two nor many times
        // above it.
        let (mut even, mut single) = (0.0, 0.0);
        for line in &curves.lines {
            even += line.weight.iter().sum::<f64>() * line.curve.value(budget / cells);
            let highest = line.weight.iter().copied().fold(0.0, f64::max);
            single = f64::max(single, highest * line.curve.value(budget));
        }
        let response = f64::max(even, single);
        (response > 0.0 && response.is_finite())
            .then(|| Self { curves: curves.in_units(budget, response), response })
    }
}
