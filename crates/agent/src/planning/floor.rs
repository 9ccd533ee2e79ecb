//! A floor on the average return: how much of a budget may be spent under it.

use super::dynamic::Plan;

/// The plan for the largest budget up to `budget` whose value is at least `floor` times its spend, to 1e-12 of the value;
/// `solve` plans a given budget.
///
/// The best value is a concave function of the budget where curves are, so Newton's method on `value - floor * spend`
/// comes down to the root from above: its tangent, by the multiplier, never passes it. Where that fails, curves are not
/// concave: the largest of 16 budgets that keeps the floor is taken, and what lies above it halved.
pub(super) fn within_floor(budget: f64, floor: Option<f64>, mut solve: impl FnMut(f64) -> Plan) -> Plan {
    let mut plan = solve(budget);
    let Some(floor) = floor else { return plan };
    let slack = |plan: &Plan| plan.value - floor * plan.spent();
    let keeps = |plan: &Plan| slack(plan) >= -1e-12 * plan.value.abs();
    let mut high = budget;
    for _ in 0..20 {
        if keeps(&plan) {
            return plan;
        }
        let next = high + slack(&plan) / (floor - plan.multiplier);
        if !(next > 0.0 && next < high) {
            break;
        }
        high = next;
        plan = solve(high);
    }
    let mut best = solve(0.0);
    let mut low = 0.0;
    high = budget;
    for part in (1..16).rev().map(|part| budget * f64::from(part) / 16.0) {
        plan = solve(part);
        if keeps(&plan) {
            (low, best) = (part, plan);
            break;
        }
        high = part;
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        plan = solve(middle);
        if keeps(&plan) { (low, best) = (middle, plan) } else { high = middle }
    }
    best
}
