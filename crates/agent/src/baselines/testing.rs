//! Small briefs, observations and episodes for tests.

use std::sync::Arc;

use outlay_environment::{
    Brief, CalendarStep, Domain, Ledger, Levers, Limits, LineBrief, LineLimits, LineReport, Money,
    Observation, Pricing, Scenario, Seeds, World,
};

use crate::agent::Agent;

/// A plain brief of day-steps with a budget of 100 a step.
pub(crate) fn brief(lines: usize, steps: usize) -> Brief {
    let line =
        |index| LineBrief { list_price: 1.0, ..LineBrief::new(format!("line-{index}"), Pricing::PerClick) };
    let day = |step| CalendarStep {
        hour: 0.0,
        hour_traffic: 1.0,
        phase: "all".into(),
        phase_index: 0,
        weekday: (step % 7) as u8,
        traffic: 1.0,
        demand: 1.0,
        price: 1.0,
    };
    Brief {
        scenario: "test".into(),
        aim: outlay_environment::Aim::default(),
        goal: "new-customers".into(),
        budget: Money::from_major(100.0 * steps as f64),
        steps,
        step_days: 1.0,
        margin: 0.5,
        lines: (0..lines).map(line).collect(),
        calendar: (0..steps).map(day).collect(),
        limits: Limits {
            lines: vec![LineLimits { end_step: steps, ..LineLimits::default() }; lines],
            ..Limits::default()
        },
        products: Vec::new(),
        commit_step: None,
        levers: Levers::default(),
    }
}

/// The report of a line that spent, with revenue; one new customer for each 10 of revenue.
pub(crate) fn spent(spend: f64, revenue: f64) -> LineReport {
    LineReport {
        granted: Money::from_major(spend),
        spend: Money::from_major(spend),
        revenue: Money::from_major(revenue),
        new_customers: (revenue / 10.0) as u64,
        ..LineReport::default()
    }
}

/// What is seen before `step`.
pub(crate) fn observation(step: usize, left: f64, lines: Vec<LineReport>) -> Observation {
    Observation { step, budget_left: Money::from_major(left), lines, ..Observation::default() }
}

/// The shipped scenario with few shoppers.
pub(crate) fn scenario() -> Arc<Scenario> {
    let scenario = Scenario::load("new-customer").unwrap();
    scenario.with_shoppers(1_000)
}

/// One episode of a validation world.
pub(crate) fn play(agent: &mut dyn Agent, scenario: &Arc<Scenario>, number: u64) -> Ledger {
    let seeds = Seeds::numbered(Domain::Validate, number, 0);
    crate::agent::play(agent, &World::draw(scenario, seeds.world), seeds.noise).ledger().clone()
}
