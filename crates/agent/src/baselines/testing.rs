//! Small briefs, observations and episodes for tests.

use std::sync::Arc;

use outlay_environment::{
    Brief, CalendarStep, Curve, CurveLine, Curves, Domain, Episode, Key, Ledger, Limits, LineBrief,
    LineLimits, LineReport, Money, Observation, Pricing, STAGES, Scenario, Seeds, ShopReport, World,
};

use crate::agent::Agent;

/// A plain brief of day-steps with a budget of 100 a step.
pub(crate) fn brief(lines: usize, steps: usize) -> Brief {
    let line = |index| LineBrief {
        name: format!("line-{index}"),
        pricing: Pricing::PerClick,
        outside: false,
        list_price: 1.0,
        season: Vec::new(),
        prior: None,
    };
    let day = |step| CalendarStep {
        phase: "all".into(),
        phase_index: 0,
        weekday: (step % 7) as u8,
        traffic: 1.0,
        demand: 1.0,
        price: 1.0,
    };
    Brief {
        scenario: "test".into(),
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
    Observation {
        step,
        budget_left: Money::from_major(left),
        reserved: Money::ZERO,
        lines,
        shop: ShopReport::default(),
        stages: [0; STAGES],
        offers: Vec::new(),
    }
}

/// The shipped scenario with few shoppers.
pub(crate) fn scenario() -> Arc<Scenario> {
    let scenario = Scenario::load("new-customer").unwrap();
    scenario.with_shoppers(1_000)
}

/// One episode of a validation world.
pub(crate) fn play(agent: &mut dyn Agent, scenario: &Arc<Scenario>, number: u64) -> Ledger {
    let seeds = Seeds::numbered(Domain::Validate, number, 0);
    let mut episode = Episode::new(World::draw(scenario, seeds.world), seeds.noise);
    agent.start(&scenario.brief);
    while !episode.is_over() {
        let allocation = agent.decide(episode.observation());
        episode.step(&allocation);
    }
    episode.ledger().clone()
}

/// The true value of an episode of six lines with response curves and sixty steps, as media-mix models have them, where
/// only spend, grant and a late, noisy revenue are reported: values `100 LogN(0, 0.5)`, halves `40 LogN(0, 0.4)` over
/// `1 - retention`, retention uniform in 0.1 to 0.8, slopes uniform in `slopes`, two steps of 2.5 times the demand.
pub(crate) fn play_curves(agent: &mut dyn Agent, seed: u64, slopes: (f64, f64)) -> f64 {
    let (lines, steps) = (6, 60);
    let key = Key::new(seed).with_name("test curves");
    let mut plan = Brief { goal: "response".into(), ..brief(lines, steps) };
    plan.budget = Money::from_major(12.0 * (lines * steps) as f64);
    [29, 44].into_iter().for_each(|step| plan.calendar[step].demand = 2.5);
    let line = |line: u64| {
        let key = key.with(line);
        let between =
            |name: &str, (low, high): (f64, f64)| low + (high - low) * key.with_name(name).uniform();
        let retention = between("retention", (0.1, 0.8));
        let half = 40.0 * libm::exp(0.4 * key.with_name("half").normal()) / (1.0 - retention);
        let value = 100.0 * libm::exp(0.5 * key.with_name("value").normal());
        CurveLine {
            curve: Curve::Hill { value, half, slope: between("slope", slopes) },
            retention,
            stock: 0.0,
            weight: plan.calendar.iter().map(|step| step.demand).collect(),
            quadratic_cost: 0.0,
        }
    };
    let world = Curves { lines: (0..lines as u64).map(line).collect(), synergy: Vec::new() };
    let (mut stocks, mut responses, mut late) = (vec![0.0; lines], vec![0.0; lines], vec![0.0; lines]);
    let (mut left, mut total, mut reports) = (plan.budget.major(), 0.0, vec![LineReport::default(); lines]);
    agent.start(&plan);
    for step in 0..steps {
        let money = agent.decide(&observation(step, left, reports.clone())).money;
        assert!(money.len() == lines && money.iter().all(|money| money.is_finite() && *money >= 0.0));
        let asked: f64 = money.iter().sum();
        let money: Vec<f64> = money.iter().map(|money| money * (left / asked.max(1e-9)).min(1.0)).collect();
        left = (left - money.iter().sum::<f64>()).max(0.0);
        total += world.step(step, &money, &mut stocks, &mut responses);
        for (line, report) in reports.iter_mut().enumerate() {
            let noise = libm::exp(0.2 * key.with_name("noise").with(line as u64).with(step as u64).normal());
            late[line] += responses[line] * noise;
            *report = LineReport {
                granted: Money::from_major(money[line]),
                spend: Money::from_major(money[line]),
                revenue: Money::from_major(0.5 * late[line]),
                ..LineReport::default()
            };
            late[line] *= 0.5;
        }
    }
    total
}
