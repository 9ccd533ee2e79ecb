//! Tests of limits that can never hold.

use super::*;

const BUDGET: Money = Money(100_000);

fn open(steps: usize) -> LineLimits {
    LineLimits { end_step: steps, ..LineLimits::default() }
}

fn sentences(limits: &Limits) -> Vec<String> {
    limits.contradictions(BUDGET, 10).iter().map(ToString::to_string).collect()
}

#[test]
fn guard_limits_that_can_hold_are_silent() {
    let line =
        LineLimits { cap: Some(Money(5000)), floor: Some(Money(2000)), pin: Some(Money(5000)), ..open(10) };
    let limits = Limits {
        step_cap: Some(Money(10_000)),
        largest_change: Some(0.2),
        lines: vec![line; 2],
        ..Limits::default()
    };
    assert_eq!(sentences(&limits), Vec::<String>::new());
    let late = LineLimits { first_step: 9, end_step: usize::MAX, pin: Some(BUDGET), ..LineLimits::default() };
    assert_eq!(sentences(&Limits { lines: vec![late], ..Limits::default() }), Vec::<String>::new());
}

#[test]
fn guard_limits_of_a_line_that_never_hold_are_all_found() {
    let lines = vec![
        LineLimits { floor: Some(Money(200)), cap: Some(Money(100)), ..open(10) },
        LineLimits { pin: Some(Money(200)), cap: Some(Money(100)), ..open(10) },
        LineLimits { pin: Some(Money(100)), floor: Some(Money(200)), ..open(10) },
        LineLimits { first_step: 4, ..open(4) },
        LineLimits { first_step: 10, ..open(12) },
    ];
    assert_eq!(
        sentences(&Limits { lines, largest_change: Some(f64::NAN), ..Limits::default() }),
        [
            "a largest change of NaN is not above zero; write a fraction such as 0.2, or leave it out",
            "lines[0]: the floor of 2.00 is above the cap of 1.00; lower the floor or raise the cap",
            "lines[1]: the pin of 2.00 is above the cap of 1.00; lower the pin or raise the cap",
            "lines[2]: the pin of 1.00 is below the floor of 2.00; raise the pin or remove the floor",
            "lines[3]: the line opens at step 4 and closes at step 4, so it can never spend; \
             let it close after it opens, or remove the line",
            "lines[4]: the line opens at step 10, but the steps are 0 to 9; \
             let it open earlier, lengthen the calendar, or remove the line",
        ]
    );
}

#[test]
fn guard_sums_that_never_hold_are_found() {
    let floor = LineLimits { floor: Some(Money(6000)), ..open(10) };
    let pin = LineLimits { first_step: 3, pin: Some(Money(6000)), ..open(10) };
    let limits = Limits { step_cap: Some(Money(10_000)), lines: vec![floor, pin], ..Limits::default() };
    assert_eq!(
        sentences(&limits),
        [
            "floors and pins of step 3 need 120.00, above the step-cap of 100.00; \
             lower floors and pins, or raise the step-cap",
            "floors and pins of all steps need 1,020.00, above the budget of 1,000.00; \
             lower floors and pins, shorten their windows, or raise the budget",
        ]
    );
}

#[test]
fn guard_negative_amounts_are_found() {
    let line = LineLimits { cap: Some(Money(-1)), floor: Some(Money(-2)), pin: Some(Money(-3)), ..open(10) };
    let limits = Limits {
        step_cap: Some(Money(-4)),
        largest_change: Some(0.0),
        lines: vec![line],
        ..Limits::default()
    };
    let found = limits.contradictions(Money(-5), 10);
    let negative = found.iter().filter(|found| matches!(found, Contradiction::Negative { .. })).count();
    assert_eq!(negative, 5);
    assert!(found.contains(&Contradiction::NoChange { change: 0.0 }));
    assert_eq!(
        found[0].to_string(),
        "the budget of -0.05 is below zero; write zero or more, or leave the limit out"
    );
}

#[test]
fn guard_limits_of_any_size_do_not_overflow() {
    let huge = LineLimits { floor: Some(Money(i64::MAX)), end_step: usize::MAX, ..LineLimits::default() };
    let limits = Limits { step_cap: Some(Money(1)), lines: vec![huge; 3], ..Limits::default() };
    assert_eq!(limits.contradictions(BUDGET, usize::MAX).len(), 2);
}

#[test]
fn holds_come_free_one_after_another() {
    let hold = |until_step, money| Hold { until_step, money: Money(money) };
    let limits = Limits { holds: vec![hold(5, 300), hold(2, 100)], ..Limits::default() };
    assert_eq!([0, 1, 2, 4, 5].map(|step| limits.held(step).0), [400, 400, 300, 300, 0]);
    assert_eq!([0, 2, 5].map(|step| limits.next_release(step)), [Some(2), Some(5), None]);
    let found = limits.contradictions(Money(399), 10);
    assert_eq!(found, [Contradiction::HeldAboveBudget { held: Money(400), budget: Money(399) }]);
}
