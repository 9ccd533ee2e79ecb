//! From accounts of episodes to a report.

use std::collections::BTreeMap;

use outlay_environment::market::journal::{Flow, Orders};
use outlay_environment::{ChannelDomain, Money, STAGES, Scenario, Stage};

use crate::cli::SeedRange;
use crate::deeplink::account::{Account, LineShares};
use crate::deeplink::results::{
    Asset, Contribution, LineContribution, Link, Outside, Reach, Report, ShapleySample, Source, Step,
};
use crate::evaluation::{stages, tier};
use crate::incremental::{Totals, break_even, profit_on, return_on};
use crate::results::{Returns, Spend};

/// The report on episodes, of which there is at least one.
pub(crate) fn report(agent: &str, scenario: &Scenario, accounts: &[Account]) -> Report {
    let all = Accounts { scenario, accounts };
    Report {
        agent: agent.to_owned(),
        episodes: accounts.len(),
        people: scenario.market().map_or(0, |market| market.people),
        step_days: scenario.brief.step_days,
        spend: all.spend(),
        returns: all.returns(
            |account| account.spend,
            |account| account.lines.iter().map(|line| line.credited_revenue).sum(),
            |account| account.free,
        ),
        stages: stages(&accounts.iter().map(|account| account.people.flow).collect::<Vec<_>>()),
        assets: (0..STAGES).map(|stage| all.asset(stage)).collect(),
        steps: (0..scenario.brief.steps).map(|step| all.step(step)).collect(),
        sources: (0..=all.lines()).map(|source| all.source(source)).collect(),
        tier: tier(scenario, accounts.iter().filter_map(|account| account.standing)),
        reach: all.reach(),
        link: all.link(),
        outside: all.outside(),
        contribution: BTreeMap::from([
            (
                "orders",
                all.contribution(|it| it.orders as f64, |it| it.orders as f64, |it| it.orders.as_slice()),
            ),
            (
                "new_customers",
                all.contribution(
                    |it| it.new_customers as f64,
                    |it| it.new_customers as f64,
                    |it| it.new_customers.as_slice(),
                ),
            ),
            (
                "revenue",
                all.contribution(
                    |it| it.revenue.0 as f64,
                    |it| it.revenue.0 as f64,
                    |it| it.revenue.as_slice(),
                ),
            ),
        ]),
        shapley: all.shapley(),
    }
}

/// What is averaged.
#[derive(Clone, Copy)]
struct Accounts<'a> {
    scenario: &'a Scenario,
    accounts: &'a [Account],
}

impl Accounts<'_> {
    fn lines(self) -> usize {
        self.scenario.brief.lines.len()
    }

    fn mean(self, value: impl Fn(&Account) -> f64) -> f64 {
        self.accounts.iter().map(value).sum::<f64>() / self.accounts.len() as f64
    }

    fn people(self, value: impl Fn(&Account) -> u64) -> f64 {
        self.mean(|account| value(account) as f64)
    }

    fn money(self, value: impl Fn(&Account) -> Money) -> Money {
        self.accounts.iter().map(value).sum()
    }

    fn name(self, source: usize) -> String {
        self.scenario.brief.lines.get(source).map_or_else(|| "free".to_owned(), |line| line.name.clone())
    }

    fn spend(self) -> Spend {
        let budget = self.scenario.brief.budget.0;
        let mean = self.mean(|account| account.spend.0 as f64).round() as i64;
        let max = self.accounts.iter().map(|account| account.spend.0).max().unwrap_or_default();
        Spend { budget, mean, max, unspent: budget - mean }
    }

    /// Of the money `spend`, the revenue credited to it and the episode as it would have been without it.
    fn returns(
        self,
        spend: impl Fn(&Account) -> Money,
        credited: impl Fn(&Account) -> Money,
        without: impl Fn(&Account) -> Totals,
    ) -> Returns {
        let spend = self.money(spend);
        let caused = self.money(|account| account.totals.revenue - without(account).revenue);
        let incremental = return_on(spend, caused);
        Returns {
            reported: return_on(spend, self.money(credited)),
            incremental,
            profit: profit_on(self.scenario, incremental),
            break_even: break_even(self.scenario),
        }
    }

    fn asset(self, stage: usize) -> Asset {
        let steps = self.scenario.brief.steps;
        let moves = |counts: fn(usize, usize) -> bool, of: &dyn Fn(&Flow, usize) -> u64| {
            let others = (0..STAGES).filter(|other| counts(*other, stage));
            let total = others.map(|other| {
                self.people(|account| account.people.moves.iter().map(|flow| of(flow, other)).sum())
            });
            // Not `sum`, which is -0 of nothing.
            total.fold(0.0, |total, moves| total + moves)
        };
        let into = |flow: &Flow, other: usize| flow[other][stage];
        let out = |flow: &Flow, other: usize| flow[stage][other];
        let lower = |other: usize, stage: usize| other < stage;
        let higher = |other: usize, stage: usize| other > stage;
        let opening = self.people(|account| account.people.stocks[0][stage]);
        let closing = self.people(|account| account.people.stocks[steps][stage]);
        let without = self.people(|account| account.free_closing[stage]);
        let raised_out = moves(higher, &out);
        // The stage's days: its stock before each step.
        let days = self
            .people(|account| account.people.stocks.iter().take(steps).map(|stocks| stocks[stage]).sum())
            * self.scenario.brief.step_days;
        let margin =
            self.mean(|account| account.free_by_opening[stage].revenue.0 as f64) * self.scenario.net_margin();
        let value = (opening > 0.0).then(|| margin / opening);
        let (median, stays) = self.stays(stage);
        Asset {
            stage: Stage::ALL[stage].name(),
            opening,
            raised_in: moves(lower, &into),
            raised_out,
            lapsed_in: moves(higher, &into),
            lapsed_out: moves(lower, &out),
            closing,
            closing_without_spend: without,
            value,
            opening_value: value.map(|value| value * opening),
            closing_value: value.map(|value| value * closing),
            closing_value_without_spend: value.map(|value| value * without),
            advance_rate_per_day: (days > 0.0).then(|| raised_out / days),
            median_days_to_advance: median,
            stays,
        }
    }

    /// Median days before moving up, over the stays of all episodes, and how many there were in one.
    fn stays(self, stage: usize) -> (Option<f64>, f64) {
        let by_steps: Vec<u64> = (0..=self.scenario.brief.steps)
            .map(|steps| self.accounts.iter().map(|account| account.people.stays[stage][steps]).sum())
            .collect();
        let total: u64 = by_steps.iter().sum();
        let mut below = 0;
        let median = by_steps.iter().position(|stays| {
            below += stays;
            total > 0 && 2 * below >= total
        });
        let days = median.map(|steps| steps as f64 * self.scenario.brief.step_days);
        (days, total as f64 / self.accounts.len() as f64)
    }

    fn step(self, step: usize) -> Step {
        Step {
            step,
            stocks: std::array::from_fn(|stage| {
                self.people(|account| account.people.stocks[step + 1][stage])
            }),
            inflow: self.people(|account| account.people.ups_and_downs[step][0]),
            lapse: self.people(|account| account.people.ups_and_downs[step][1]),
        }
    }

    fn source(self, source: usize) -> Source {
        let line = (source < self.lines()).then_some(source);
        let spend = |account: &Account| line.map_or(Money::ZERO, |line| account.lines[line].spend);
        let spent = self.mean(|account| spend(account).0 as f64);
        let (reach, touches) = (
            self.people(|account| account.people.reach[source]),
            self.people(|account| account.people.touches[source]),
        );
        let up_moves: [f64; STAGES] = std::array::from_fn(|to| {
            self.people(|account| account.people.moves[source][..to].iter().map(|row| row[to]).sum())
        });
        let cost = |moves: f64| line.filter(|_| moves > 0.0).map(|_| spent / moves);
        let market = self.scenario.market();
        let channel = line.and_then(|line| market.map(|market| market.lines[line].channel.domain));
        Source {
            name: self.name(source),
            domain: channel.unwrap_or(ChannelDomain::Own).name(),
            spend: spent.round() as i64,
            reach,
            touches,
            frequency: ratio(touches, reach),
            leaked: line.map_or(0.0, |line| self.people(|account| account.lines[line].leaked)),
            up_moves,
            cost_per_advance: up_moves.map(cost),
            cost_per_any_advance: cost(up_moves.iter().sum()),
            returns: self.returns(
                spend,
                |account| line.map_or(Money::ZERO, |line| account.lines[line].credited_revenue),
                |account| line.map_or(account.totals, |line| account.without[line]),
            ),
        }
    }

    fn reach(self) -> Reach {
        let [bought, all] = [0, 1].map(|place| self.people(|account| account.people.total_reach[place]));
        let touches = |sources: usize| self.people(|account| account.people.touches[..sources].iter().sum());
        Reach {
            bought,
            bought_frequency: ratio(touches(self.lines()), bought),
            all,
            all_frequency: ratio(touches(self.lines() + 1), all),
        }
    }

    fn link(self) -> Link {
        let touched = self.people(|account| account.people.link.touched);
        let linked = self.people(|account| account.people.link.linked);
        let recognised = self.people(|account| account.people.link.recognised);
        Link {
            domains: ChannelDomain::ALL.map(ChannelDomain::name),
            touched,
            linked,
            linked_share: ratio(linked, touched),
            recognised,
            recognised_share: ratio(recognised, linked),
            first_to_order: std::array::from_fn(|first| {
                std::array::from_fn(|last| {
                    self.people(|account| account.people.link.first_to_order[first][last])
                })
            }),
        }
    }

    fn outside(self) -> Vec<Outside> {
        let Some(first) = self.accounts.first() else { return Vec::new() };
        let sources = 0..=self.lines();
        let tables = first.people.outside.iter().enumerate();
        tables
            .map(|(place, table)| {
                let of = |account: &Account| account.people.outside[place].clone();
                let bought: Vec<f64> =
                    sources.clone().map(|source| self.people(|account| of(account).bought[source])).collect();
                Outside {
                    line: self.name(table.line),
                    met: self.people(|account| of(account).met),
                    clicked: sources
                        .clone()
                        .map(|source| self.people(|account| of(account).clicked[source]))
                        .collect(),
                    buyers: bought.iter().sum(),
                    bought,
                }
            })
            .collect()
    }

    fn shapley(self) -> Option<ShapleySample> {
        let sampled = || self.accounts.iter().filter_map(|it| Some((it.seed, it.shapley.as_ref()?)));
        let (first, last) = (sampled().next()?.0, sampled().next_back()?.0);
        Some(ShapleySample {
            seeds: SeedRange(first..last + 1).to_string(),
            episodes: sampled().count(),
            exact: sampled().all(|(_, shares)| shares.exact),
        })
    }

    fn contribution(
        self,
        value: fn(&Totals) -> f64,
        touched: fn(&Orders) -> f64,
        share: fn(&LineShares) -> &[f64],
    ) -> Contribution {
        let sampled: Vec<&Account> = self.accounts.iter().filter(|it| it.shapley.is_some()).collect();
        let sample_mean = |of: &dyn Fn(&Account) -> f64| {
            let total: f64 = sampled.iter().map(|account| of(account)).sum();
            (!sampled.is_empty()).then(|| total / sampled.len() as f64)
        };
        let lines: Vec<LineContribution> = (0..self.lines())
            .map(|line| LineContribution {
                name: self.name(line),
                last_touch: self.mean(|account| touched(&account.people.by_last_touch[line])),
                removal: self.mean(|account| value(&account.totals) - value(&account.without[line])),
                shapley: sample_mean(&|account| {
                    account.shapley.as_ref().map_or(0.0, |shares| share(shares)[line])
                }),
            })
            .collect();
        let effect = self.mean(|account| value(&account.totals) - value(&account.free));
        Contribution {
            free_by_last_touch: self.mean(|account| account.people.by_last_touch.last().map_or(0.0, touched)),
            effect,
            interaction: effect - lines.iter().map(|line| line.removal).sum::<f64>(),
            without_spend: self.mean(|account| value(&account.free)),
            total: self.mean(|account| value(&account.totals)),
            shapley_effect: sample_mean(&|account| value(&account.totals) - value(&account.free)),
            lines,
        }
    }
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}
