//! Tests of the goals, by hand.

use super::*;
use crate::ledger::LineRow;

/// Two steps of one line, with figures that tell every column apart.
fn ledger() -> Ledger {
    let step = |factor: u64| ShopRow {
        orders: 10 * factor,
        new_customers: 4 * factor,
        revenue: Money(100_000 * factor as i64),
        won_back: factor,
        joins: 5 * factor,
        leavers: 2 * factor,
        qualified_leads: 3 * factor,
        contribution: Money(40_000 * factor as i64),
        coupons: Money(1_000 * factor as i64),
        leftover: Money(500),
        rebate: Money(300),
        stages: [100 - 10 * factor, 10 * factor, 0, 0, 0, 0, 0, 0],
        verdict: 0.5 * (factor - 1) as f64,
        expected_orders: 9.0 * factor as f64,
        ..ShopRow::default()
    };
    let spend =
        |major: i64| LineRow { spend: Money(100 * major), credit: Money(2_000), ..LineRow::default() };
    Ledger {
        budget: Money(100_000),
        lines: 1,
        opening_stages: [95, 5, 0, 0, 0, 0, 0, 0],
        rows: vec![spend(100), spend(200)],
        shop: vec![step(1), step(2)],
        ..Ledger::default()
    }
}

fn score(aim: &Aim, goal: Goal) -> f64 {
    let ledger = ledger();
    (0..2).map(|step| aim.worth(goal, &ledger, step)).sum()
}

#[test]
fn simple_goals_by_hand() {
    let aim = Aim::default();
    let wanted = [
        (Goal::NewCustomers, 12.0),
        (Goal::Revenue, 3_000.0),
        (Goal::Orders, 30.0),
        (Goal::RepeatOrders, 18.0),
        (Goal::WonBack, 3.0),
        (Goal::Members, 9.0),
        (Goal::QualifiedLeads, 9.0),
        // Margin 1,200 less coupons 30, cash 300 - 40, leftover 10; rebate 6.
        (Goal::Profit, 1_200.0 - 30.0 - 260.0 - 10.0 + 6.0),
    ];
    for (goal, wanted) in wanted {
        assert!((score(&aim, goal) - wanted).abs() < 1e-9, "{goal:?}: {}", score(&aim, goal));
    }
}

#[test]
fn a_window_leaves_out_outcomes_but_not_money() {
    let aim = Aim { from_step: 1, ..Aim::default() };
    assert_eq!(score(&aim, Goal::NewCustomers), 8.0);
    assert!((score(&aim, Goal::Profit) - (800.0 - 20.0 - 260.0 - 10.0 + 6.0)).abs() < 1e-9);
}

#[test]
fn goals_with_terms_by_hand() {
    let assets = Aim { values: [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], ..Aim::default() };
    // From 5 discovered to 20.
    assert_eq!(score(&assets, Goal::Assets), 2.0 * 15.0);
    // Ten orders on the first day, then 20 a day: the fifteenth comes a quarter into the second.
    let days = Aim { orders: 15.0, ..Aim::default() };
    assert_eq!(score(&days, Goal::DaysToOrders), -1.25);
    assert_eq!(score(&Aim { orders: 1e6, ..Aim::default() }, Goal::DaysToOrders), -2.0);
    assert_eq!(score(&Aim { orders: 10.0, ..Aim::default() }, Goal::DaysToOrders), -1.0);
    // Days before the first that counts cost nothing.
    assert_eq!(score(&Aim { orders: 10.0, from_step: 1, ..Aim::default() }, Goal::DaysToOrders), -0.5);
    let best = Aim { price: 0.2, ..Aim::default() };
    assert!((score(&best, Goal::BestProduct) - (0.5 - 0.2 * 0.3)).abs() < 1e-12);
    let weighted = Aim { weights: vec![(Goal::Orders, 2.0), (Goal::Members, 10.0)], ..Aim::default() };
    assert_eq!(score(&weighted, Goal::Weighted), 2.0 * 30.0 + 10.0 * 9.0);
}

#[test]
fn every_goal_has_its_name_once() {
    for (name, goal) in Goal::NAMED {
        assert_eq!((Goal::named(name), goal.name()), (Some(goal), name));
    }
}

#[test]
fn the_book_shows_what_the_goal_counts() {
    let report = ShopReport {
        orders: 70,
        new_customers: 40,
        revenue: Money::from_major(99.5),
        joins: 3,
        ..ShopReport::default()
    };
    let seen = [Goal::NewCustomers, Goal::Revenue, Goal::RepeatOrders, Goal::Members];
    assert_eq!(seen.map(|goal| goal.seen(&report)), [40.0, 99.5, 30.0, 3.0]);
}

#[test]
fn what_is_caused_leaves_out_what_money_costs() {
    let ledger = ledger();
    let aim = Aim { end_step: 2, orders: 15.0, weights: vec![(Goal::Profit, 2.0)], ..Aim::default() };
    // Margin as expected (0 here) less coupons.
    assert_eq!(aim.caused(Goal::Profit, &ledger, 0), -10.0);
    assert_eq!(aim.caused(Goal::Weighted, &ledger, 1), -40.0);
    // Nine orders with both steps to come, eighteen with one.
    assert_eq!([0, 1].map(|step| aim.caused(Goal::DaysToOrders, &ledger, step)), [9.0, 9.0]);
}

#[test]
fn last_year_is_passed_within_a_step() {
    // 1,000 yuan in the first step, 2,000 in the second; a step is a day.
    let days = |revenue: f64, from_step: usize| {
        Aim { last_year_revenue: Some(revenue), from_step, ..Aim::default() }.days_to_pass(&ledger())
    };
    assert_eq!([500.0, 1_000.0, 2_000.0, 3_000.0].map(|it| days(it, 0)), [0.5, 1.0, 1.5, 2.0].map(Some));
    assert_eq!([days(500.0, 1), days(3_000.1, 0), days(2_000.1, 1)], [Some(0.25), None, None]);
    // What no longer counts still passes it.
    let early = Aim { last_year_revenue: Some(2_000.0), end_step: 1, ..Aim::default() };
    assert_eq!(early.days_to_pass(&ledger()), Some(1.5));
    assert_eq!(Aim::default().days_to_pass(&ledger()), None);
}
