//! Agents that mean harm: every number that a program can send, in every shape, on limits and budgets drawn at random.

use std::sync::Arc;

use outlay_environment::{
    Allocation, Brief, Group, Hold, Key, Levers, Limits, LineLimits, Money, Observation, Scenario,
};

/// Numbers that break programs.
const HOSTILE: [f64; 18] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    1e308,
    -1e308,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    1e-9,
    0.005,
    -1.0,
    9_007_199_254_740_993.0,
    9.3e16,
    1e19,
];

/// A draw in `0..count`, keyed as everything random is.
pub(crate) fn draw(key: Key, count: u64) -> u64 {
    key.bits() % count.max(1)
}

/// Money and bids of one step. The manner is kept for a whole episode, so that a season can alternate, hoard or flood.
pub(crate) fn attack(key: Key, brief: &Brief, seen: &Observation) -> Allocation {
    let lines = brief.lines.len();
    let key = key.with(seen.step as u64 + 1);
    // A wrong length now and then: nothing, too few, too many.
    let length = match draw(key.with(1), 12) {
        0 => 0,
        1 => draw(key.with(2), lines as u64 + 1) as usize,
        2 => lines + 1 + draw(key.with(2), 4) as usize,
        _ => lines,
    };
    let left = seen.budget_left.major();
    let money = (0..length).map(|line| amount(key.with(10 + line as u64), seen.step, line, left));
    let bids = (0..length).map(|line| amount(key.with(1_000 + line as u64), seen.step, line, 2.0));
    Allocation { money: money.collect(), bids: bids.collect() }
}

/// One number: hostile, alternating between extremes, or of a size that can be meant.
fn amount(key: Key, step: usize, line: usize, usual: f64) -> f64 {
    match draw(key, 5) {
        0 | 1 => HOSTILE[draw(key.with(1), HOSTILE.len() as u64) as usize],
        2 if (step + line).is_multiple_of(2) => f64::MAX,
        2 => -f64::MAX,
        3 => f64::from_bits(key.with(1).bits()),
        _ => usual * 2.0 * key.with(1).uniform(),
    }
}

/// The scenario with few shoppers, all levers open, and, for odd `number`s, limits and a budget of its own.
pub(crate) fn besieged(scenario: &Scenario, number: u64, shoppers: usize) -> Arc<Scenario> {
    let small = scenario.with_shoppers(shoppers);
    let small = if small.market().is_some() { small.with_levers(Levers::ALL) } else { small };
    if number.is_multiple_of(2) {
        return small;
    }
    let key = Key::new(number).with_name(&small.name);
    let budget = match draw(key.with(1), 8) {
        0 => Money::ZERO,
        1 => Money(1),
        2 => Money(7),
        3 => Money::from_major(1e12),
        _ => small.brief.budget,
    };
    let drawn = |own: &Limits| limits(key.with(2), own, budget, small.brief.steps);
    // Floors above the budget and the like cannot stand in a file, so they are drawn again without them.
    let limits = Some(drawn(&small.brief.limits))
        .filter(|limits| limits.contradictions(budget, small.brief.steps).is_empty())
        .unwrap_or_else(|| {
            let own = &small.brief.limits;
            let lines =
                own.lines.iter().map(|line| LineLimits { floor: None, pin: None, cap: None, ..line.clone() });
            Limits { lines: lines.collect(), largest_change: own.largest_change, ..Limits::default() }
        });
    let brief = Brief { budget, limits, ..Brief::clone(&small.brief) };
    Arc::new(Scenario { brief: Arc::new(brief), ..Scenario::clone(&small) })
}

fn limits(key: Key, own: &Limits, budget: Money, steps: usize) -> Limits {
    let lines = own.lines.len();
    let even = budget.0 / (steps * lines).max(1) as i64;
    // Now and then an amount of up to `most`.
    let some = |key: Key, most: i64| {
        (draw(key, 3) == 0).then(|| Money((key.with(1).uniform() * most as f64) as i64))
    };
    let line = |(place, own): (usize, &LineLimits)| {
        let key = key.with(100 + place as u64);
        let pin = some(key.with(1), 2 * even);
        let floor = some(key.with(2), even).map(|floor| pin.map_or(floor, |pin| floor.min(pin)));
        let cap = some(key.with(3), 6 * even)
            .map(|cap| cap.max(pin.unwrap_or_default()).max(floor.unwrap_or_default()));
        let first_step = if draw(key.with(4), 3) == 0 { draw(key.with(5), steps as u64) as usize } else { 0 };
        let open = 1 + draw(key.with(6), (steps - first_step) as u64) as usize;
        LineLimits {
            first_step,
            end_step: first_step + open,
            cap,
            floor,
            pin,
            before: some(key.with(7), 2 * even),
            ..own.clone()
        }
    };
    let group = |number: u64| {
        let key = key.with(200 + number);
        let members = (0..lines).filter(|line| draw(key.with(*line as u64 + 10), 2) == 0);
        Group {
            name: format!("group {number}"),
            lines: members.collect(),
            most: Money((key.with(1).uniform() * budget.0 as f64) as i64),
        }
    };
    Limits {
        step_cap: some(key.with(1), 4 * even * lines as i64),
        largest_change: (draw(key.with(2), 2) == 0).then(|| 0.01 + key.with(3).uniform()),
        lines: own.lines.iter().enumerate().map(line).collect(),
        holds: some(key.with(4), budget.0)
            .map(|money| Hold { until_step: draw(key.with(5), steps as u64) as usize, money })
            .into_iter()
            .collect(),
        groups: (0..draw(key.with(6), 3)).map(group).collect(),
        ..own.clone()
    }
}
