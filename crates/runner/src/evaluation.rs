//! From episodes to results.

use std::collections::BTreeMap;

use outlay_environment::market::journal::Flow;
use outlay_environment::{LineReport, LineRow, Money, Scenario, SoftLimit, Stage, Standing, Tier, aipl};

use crate::episodes::Outcome;
use crate::incremental::{break_even, profit_on, return_on};
use crate::results::{
    Evaluation, LastYear, Line, LineTruth, Promise, Returns, ScenarioId, Score, SeedRow, SeedScore, Spend,
    Stages, TierReached,
};
use crate::statistics::{self, Proportion};

/// How many of the worst seeds are named.
const WORST: usize = 3;

/// Names a scenario in a document.
pub(crate) fn scenario_id(scenario: &Scenario) -> ScenarioId {
    ScenarioId { name: scenario.name.clone(), hash: scenario.hash.clone() }
}

/// `[worlds, noises]` scores of episodes.
pub(crate) fn scores(outcomes: &[Outcome]) -> Vec<f64> {
    outcomes.iter().map(|outcome| outcome.totals.score).collect()
}

/// What an agent reached in its episodes, of which there is at least one.
pub(crate) fn evaluate(
    agent: &str,
    scenario: &Scenario,
    outcomes: &[Outcome],
    noises: usize,
    timing: bool,
) -> Evaluation {
    let deciding: f64 = outcomes.iter().map(|outcome| outcome.deciding.as_secs_f64()).sum();
    let decisions: usize = outcomes.iter().map(|outcome| outcome.decisions).sum();
    Evaluation {
        agent: agent.to_owned(),
        score: score(scenario, outcomes, noises),
        spend: spend(scenario, outcomes),
        returns: returns(scenario, outcomes),
        violations: outcomes.iter().map(|outcome| outcome.violations).sum(),
        misses: misses(scenario, outcomes),
        promises: promises(scenario, outcomes, noises),
        last_year: last_year(scenario, outcomes),
        tier: tier(scenario, outcomes.iter().filter_map(|outcome| outcome.standing)),
        per_seed: outcomes.iter().map(seed_row).collect(),
        stages: stages(&outcomes.iter().map(|outcome| outcome.flow).collect::<Vec<_>>()),
        credited_unit: scenario.goal.credited_unit(),
        lines: lines(scenario, outcomes),
        seconds_per_decision: timing.then(|| deciding / decisions.max(1) as f64),
    }
}

fn score(scenario: &Scenario, outcomes: &[Outcome], noises: usize) -> Score {
    let scores = scores(outcomes);
    let free: Vec<f64> = outcomes.iter().map(|outcome| outcome.free.score).collect();
    let mut worst: Vec<SeedScore> = outcomes
        .iter()
        .map(|outcome| SeedScore { seed: outcome.seed, noise: outcome.noise, score: outcome.totals.score })
        .collect();
    worst.sort_by(|a, b| a.score.total_cmp(&b.score));
    worst.truncate(WORST);
    Score {
        unit: scenario.goal.unit().to_owned(),
        mean: statistics::mean(&scores),
        iqm: statistics::interquartile_mean(&scores),
        iqm_ci95: statistics::interquartile_mean_interval(&scores, noises),
        p10: statistics::quantile(&scores, 0.1),
        p50: statistics::quantile(&scores, 0.5),
        p90: statistics::quantile(&scores, 0.9),
        without_spend: statistics::mean(&free),
        worst,
    }
}

fn spend(scenario: &Scenario, outcomes: &[Outcome]) -> Spend {
    let budget = scenario.brief.budget.0;
    let mean = mean_of(outcomes, |outcome| outcome.spend.0 as f64).round() as i64;
    let max = outcomes.iter().map(|outcome| outcome.spend.0).max().unwrap_or_default();
    Spend { budget, mean, max, unspent: budget - mean }
}

fn returns(scenario: &Scenario, outcomes: &[Outcome]) -> Returns {
    let spend: Money = outcomes.iter().map(|outcome| outcome.spend).sum();
    let credited: Money =
        outcomes.iter().flat_map(|outcome| &outcome.lines).map(|line| line.credited_revenue).sum();
    let caused: Money = outcomes.iter().map(|outcome| outcome.totals.revenue - outcome.free.revenue).sum();
    let incremental = return_on(spend, caused);
    Returns {
        reported: return_on(spend, credited),
        incremental,
        profit: profit_on(scenario, incremental),
        break_even: break_even(scenario),
    }
}

/// Whether an episode misses a soft limit.
fn missed(scenario: &Scenario, outcome: &Outcome, limit: SoftLimit) -> bool {
    limit.misses(scenario.goal, &LineRow::sum(&outcome.lines))
}

/// Share of episodes that miss each soft limit.
fn misses(scenario: &Scenario, outcomes: &[Outcome]) -> BTreeMap<&'static str, f64> {
    let share = |limit| mean_of(outcomes, |outcome| f64::from(u8::from(missed(scenario, outcome, limit))));
    scenario.brief.limits.soft().map(|limit| (limit.name(), share(limit))).collect()
}

/// How surely each soft limit of the scenario is kept.
fn promises(scenario: &Scenario, outcomes: &[Outcome], noises: usize) -> Vec<Promise> {
    let promise = |limit: SoftLimit| {
        let kept: Vec<bool> = outcomes.iter().map(|outcome| !missed(scenario, outcome, limit)).collect();
        let Proportion { share, interval } = Proportion::of(&kept, noises);
        Promise { limit: limit.name(), level: limit.level(), kept: share, kept_ci95: interval }
    };
    scenario.brief.limits.soft().map(promise).collect()
}

/// Of the seeds, one that never passes last year's revenue is the longest.
fn last_year(scenario: &Scenario, outcomes: &[Outcome]) -> Option<LastYear> {
    let revenue = Money::from_major(scenario.brief.aim.last_year_revenue?).0;
    let mut days: Vec<f64> = outcomes.iter().map(|it| it.days_to_pass.unwrap_or(f64::INFINITY)).collect();
    days.sort_by(f64::total_cmp);
    let middle = [(days.len() - 1) / 2, days.len() / 2].map(|place| days[place]);
    let median = middle.iter().sum::<f64>() / 2.0;
    Some(LastYear {
        revenue,
        median_days: median.is_finite().then_some(median),
        never: mean_of(outcomes, |outcome| f64::from(u8::from(outcome.days_to_pass.is_none()))),
    })
}

/// Where standings at the end of episodes put a merchant.
pub(crate) fn tier(scenario: &Scenario, standings: impl Iterator<Item = Standing>) -> Option<TierReached> {
    let market = scenario.market()?;
    let (start, stars) = (market.merchant.tier?, market.stars.as_ref()?);
    let standings: Vec<Standing> = standings.collect();
    let mean = |standings: &[Standing], value: &dyn Fn(&Standing) -> f64| {
        standings.iter().map(value).sum::<f64>() / standings.len() as f64
    };
    let in_tier = |tier: Tier| -> Vec<Standing> {
        standings.iter().filter(|standing| stars.tier_of(standing) == tier).copied().collect()
    };
    let tiers = Tier::NAMED.map(|(_, tier)| (tier, in_tier(tier)));
    // Of equally many the lower tier.
    let (usual, there) = tiers.iter().rev().max_by_key(|(_, there)| there.len())?;
    let next = there.first().and_then(|standing| stars.to_next(standing)).map(|(next, _)| next);
    let lacking = |standing: &Standing| stars.to_next(standing).map_or(0.0, |(_, lacking)| lacking);
    Some(TierReached {
        start: start.name(),
        reached: (tiers.iter().filter(|(_, there)| !there.is_empty()))
            .map(|(tier, there)| (tier.name(), there.len() as f64 / standings.len() as f64))
            .collect(),
        usual: usual.name(),
        index: mean(&standings, &|standing| stars.index(standing)),
        next: next.map(Tier::name),
        to_next: next.map(|_| mean(there, &lacking)),
    })
}

fn seed_row(outcome: &Outcome) -> SeedRow {
    SeedRow {
        seed: outcome.seed,
        noise: outcome.noise,
        score: outcome.totals.score,
        spend: outcome.spend.0,
        return_on_spend: outcome.return_on_spend,
        incremental_return_on_spend: return_on(outcome.spend, outcome.totals.revenue - outcome.free.revenue),
        days_to_pass: outcome.days_to_pass,
    }
}

/// Means over episodes of the flow between stages, and of the stocks that it joins: its rows at the start, its columns at
/// the end.
pub(crate) fn stages(flows: &[Flow]) -> Stages {
    let mean = |value: &dyn Fn(&Flow) -> u64| {
        flows.iter().map(|flow| value(flow) as f64).sum::<f64>() / flows.len() as f64
    };
    let opening = |flow: &Flow| flow.map(|row| row.iter().sum::<u64>());
    let closing = |flow: &Flow| std::array::from_fn(|to| flow.iter().map(|row| row[to]).sum::<u64>());
    Stages {
        names: Stage::ALL.map(Stage::name),
        opening: std::array::from_fn(|stage| mean(&|flow| opening(flow)[stage])),
        closing: std::array::from_fn(|stage| mean(&|flow| closing(flow)[stage])),
        flow: std::array::from_fn(|from| std::array::from_fn(|to| mean(&|flow| flow[from][to]))),
        aipl_opening: std::array::from_fn(|group| mean(&|flow| aipl(&opening(flow))[group])),
        aipl_closing: std::array::from_fn(|group| mean(&|flow| aipl(&closing(flow))[group])),
    }
}

fn lines(scenario: &Scenario, outcomes: &[Outcome]) -> Vec<Line> {
    let lines = scenario.brief.lines.iter().enumerate();
    let all: Money = outcomes.iter().flat_map(|outcome| &outcome.lines).map(|line| line.spend).sum();
    lines
        .map(|(index, line)| {
            let mean = |value: fn(&LineRow) -> f64| mean_of(outcomes, |outcome| value(&outcome.lines[index]));
            let spend: Money = outcomes.iter().map(|outcome| outcome.lines[index].spend).sum();
            let credited: Money = outcomes.iter().map(|outcome| outcome.lines[index].credited_revenue).sum();
            let of_goal = |outcome: &Outcome| scenario.goal.credited(&LineReport::of(&outcome.lines[index]));
            let of_goal = outcomes.iter().map(of_goal).sum::<f64>();
            let leaked = mean(|row| row.leaked as f64);
            Line {
                name: line.name.clone(),
                spend: mean(|row| row.spend.0 as f64).round() as i64,
                share_of_spend: (all > Money::ZERO).then(|| spend.major() / all.major()),
                credited: of_goal / outcomes.len() as f64,
                credited_per_thousand: (spend > Money::ZERO).then(|| 1_000.0 * of_goal / spend.major()),
                impressions: mean(|row| row.impressions as f64),
                clicks: mean(|row| row.clicks as f64),
                engagements: mean(|row| row.engagements as f64),
                orders: mean(|row| row.credited_orders as f64),
                new_customers: mean(|row| row.credited_new_customers as f64),
                revenue: mean(|row| row.credited_revenue.0 as f64).round() as i64,
                return_on_spend: return_on(spend, credited),
                leaked: (leaked > 0.0).then_some(leaked),
                truth: line_truth(outcomes, index, spend),
            }
        })
        .collect()
}

fn line_truth(outcomes: &[Outcome], line: usize, spend: Money) -> Option<LineTruth> {
    if outcomes.iter().any(|outcome| outcome.without.is_empty()) {
        return None;
    }
    let revenue: Money =
        outcomes.iter().map(|outcome| outcome.totals.revenue - outcome.without[line].revenue).sum();
    let mean = |value: fn(&crate::incremental::Totals) -> f64| {
        mean_of(outcomes, |outcome| value(&outcome.totals) - value(&outcome.without[line]))
    };
    Some(LineTruth {
        incremental_score: mean(|totals| totals.score),
        incremental_orders: mean(|totals| totals.orders as f64),
        incremental_new_customers: mean(|totals| totals.new_customers as f64),
        incremental_revenue: mean(|totals| totals.revenue.0 as f64).round() as i64,
        incremental_return_on_spend: return_on(spend, revenue),
    })
}

fn mean_of(outcomes: &[Outcome], value: impl Fn(&Outcome) -> f64) -> f64 {
    outcomes.iter().map(value).sum::<f64>() / outcomes.len() as f64
}
