//! Identities of the DEEPLINK account that hold on every run, in every shipped market, whoever spends the money.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use outlay_environment::market::journal::{Flow, Orders};
use outlay_environment::{
    Allocation, ChannelDomain, DOMAINS, Domain, Episode, Journal, Key, Kind, Money, STAGES, Scenario, Seeds,
    World, aipl,
};

const SEEDS: u64 = 2;

/// Every shipped scenario with shoppers, with few of them.
fn markets() -> Vec<Arc<Scenario>> {
    let scenarios = Scenario::every_shipped().into_iter().map(|name| Scenario::load(&name).unwrap());
    let markets: Vec<_> = scenarios.filter(|it| it.market().is_some()).collect();
    assert!(!markets.is_empty());
    markets.into_iter().map(|scenario| scenario.with_shoppers(500)).collect()
}

/// How the money is split: nothing, evenly, at random, all of it on one line.
#[derive(Debug, Clone, Copy)]
enum Split {
    Nothing,
    Even,
    Random,
    Only(usize),
}

impl Split {
    fn money(self, episode: &Episode) -> Vec<f64> {
        let (brief, seen) = (&episode.world().scenario.brief, episode.observation());
        let today = seen.budget_left.major() / (brief.steps - seen.step) as f64;
        let lines = brief.lines.len();
        (0..lines)
            .map(|line| match self {
                Self::Nothing => 0.0,
                Self::Even => today / lines as f64,
                Self::Random => {
                    2.0 * today / lines as f64 * Key::new(line as u64).with(seen.step as u64).uniform()
                }
                Self::Only(only) => today * f64::from(u8::from(line == only)),
            })
            .collect()
    }
}

fn play(scenario: &Arc<Scenario>, seed: u64, split: Split, journal: bool) -> Episode {
    let seeds = Seeds::numbered(Domain::Train, seed, 0);
    let start = if journal { Episode::with_journal } else { Episode::new };
    let mut episode = start(World::draw(scenario, seeds.world), seeds.noise);
    while !episode.is_over() {
        episode.step(&Allocation::of(split.money(&episode)));
    }
    episode
}

/// Calls `check` on episodes of every market, seed and split.
fn everywhere(check: impl Fn(&Scenario, &Episode, &Journal)) {
    for scenario in markets() {
        let lines = scenario.brief.lines.len();
        let splits = [Split::Nothing, Split::Even, Split::Random, Split::Only(0), Split::Only(lines - 1)];
        for seed in 0..SEEDS {
            for split in splits {
                let episode = play(&scenario, seed, split, true);
                check(&scenario, &episode, episode.journal().unwrap());
            }
        }
    }
}

/// Most people by which whole shoppers and their orders may differ: where stock runs out it does so within a shopper's
/// people, who then count as one by chance. Each product can run out a few times, after returns and arrivals.
fn partial(scenario: &Scenario) -> u64 {
    let market = scenario.market().unwrap();
    let limited = market.merchant.goods.products.iter().filter(|product| product.stock.is_some()).count();
    market.weight() * (limited * scenario.brief.steps) as u64
}

fn sum(flow: &Flow) -> u64 {
    flow.iter().flatten().sum()
}

#[test]
fn a_journal_changes_nothing() {
    for scenario in markets() {
        for split in [Split::Nothing, Split::Even, Split::Random] {
            let (with, without) = (play(&scenario, 7, split, true), play(&scenario, 7, split, false));
            assert_eq!(with.ledger(), without.ledger());
            assert_eq!(with.flow(), without.flow());
            assert!(without.journal().is_none());
        }
    }
}

#[test]
fn worlds_without_shoppers_have_no_journal() {
    let scenario = Scenario::load("problems/p1-power").unwrap();
    assert!(Episode::with_journal(World::draw(&scenario, 1), 2).journal().is_none());
}

/// A branch goes on with its own copy.
#[test]
fn a_branch_carries_the_journal() {
    for scenario in markets() {
        let mut trunk = Episode::with_journal(World::draw(&scenario, 3), 4);
        let granted = vec![Money(100_000); scenario.brief.lines.len()];
        for _ in 0..scenario.brief.steps / 2 {
            trunk.replay(&granted);
        }
        let mut branch = trunk.clone();
        let before = trunk.journal().unwrap().touches();
        while !branch.is_over() {
            branch.replay(&granted);
        }
        assert_eq!(trunk.journal().unwrap().touches(), before);
        while !trunk.is_over() {
            trunk.replay(&granted);
        }
        let (a, b) = (trunk.journal().unwrap(), branch.journal().unwrap());
        assert!(a.touches() != before && a.touches() == b.touches() && a.moves() == b.moves());
        assert_eq!(a.link(), b.link());
    }
}

/// Stocks and unreached are the population in each step, everybody is in exactly one stage, and AIPL are sums.
#[test]
fn stocks_are_the_population_in_every_step() {
    everywhere(|scenario, episode, journal| {
        let people = scenario.market().unwrap().people;
        let stocks = journal.stocks();
        assert_eq!(stocks.len(), scenario.brief.steps + 1);
        for stock in &stocks {
            assert_eq!(stock.iter().sum::<u64>(), people);
            assert_eq!(stock[0] + aipl(stock).iter().sum::<u64>(), people);
        }
        assert_eq!(stocks.last(), Some(&episode.stages()));
    });
}

/// The flow is that of the episode; rows are the opening stocks, columns the closing ones, and what came in and went out
/// of a stage by single moves joins the two.
#[test]
fn flows_and_moves_join_the_stocks() {
    everywhere(|scenario, episode, journal| {
        let flow = journal.flow();
        assert_eq!(flow, episode.flow());
        let stocks = journal.stocks();
        let (opening, closing) = (stocks[0], stocks[scenario.brief.steps]);
        let moves = journal.moves();
        assert_eq!(moves.len(), scenario.brief.lines.len() + 2);
        for stage in 0..STAGES {
            assert_eq!(flow[stage].iter().sum::<u64>(), opening[stage]);
            assert_eq!(flow.iter().map(|row| row[stage]).sum::<u64>(), closing[stage]);
            let into: u64 = moves.iter().flatten().map(|row| row[stage]).sum();
            let out: u64 = moves.iter().map(|flow| flow[stage].iter().sum::<u64>()).sum();
            assert_eq!(opening[stage] + into, closing[stage] + out);
        }
        // A touch lifts and time lowers.
        let (time, sources) = moves.split_last().unwrap();
        for from in 0..STAGES {
            assert!(sources.iter().all(|flow| flow[from][..=from].iter().all(|people| *people == 0)));
            assert!(time[from][from..].iter().all(|people| *people == 0));
        }
        let steps = journal.ups_and_downs();
        assert_eq!(steps.len(), scenario.brief.steps);
        assert_eq!(steps.iter().map(|step| step[0]).sum::<u64>(), sources.iter().map(sum).sum());
        assert_eq!(steps.iter().map(|step| step[1]).sum::<u64>(), sum(time));
        // Stays that ended upward are among the moves upward.
        let lifted: u64 = sources.iter().map(sum).sum();
        assert!(journal.stays().iter().flatten().sum::<u64>() <= lifted);
    });
}

/// By last touch, and by opening stage, orders are those of the ledger; spending is what the lines spent.
#[test]
fn every_order_and_every_yuan_is_counted_once() {
    everywhere(|scenario, episode, journal| {
        let shop = episode.ledger().shop();
        let (touch, opening) = (journal.orders_by_last_touch(), journal.orders_by_opening_stage());
        for parts in [&touch[..], &opening] {
            assert_eq!(parts.iter().map(|part| part.orders).sum::<u64>(), shop.orders);
            assert_eq!(parts.iter().map(|part| part.new_customers).sum::<u64>(), shop.new_customers);
            assert_eq!(parts.iter().map(|part| part.revenue).sum::<Money>(), shop.revenue);
        }
        let lines = scenario.brief.lines.len();
        let spend: Money = (0..lines).map(|line| episode.ledger().line(line).spend).sum();
        assert_eq!(spend, episode.ledger().spend());
        for (line, orders) in touch.iter().take(lines).enumerate() {
            assert!(orders.orders == 0 || episode.ledger().line(line).clicks > 0);
        }
        // People with a first order in 365 days enter a customer's stage by it, and so do no others.
        let firsts: u64 = journal.moves()[..=lines]
            .iter()
            .flat_map(|flow| flow[..5].iter().map(|row| row[5..].iter().sum::<u64>()))
            .sum();
        assert!(firsts.abs_diff(shop.new_customers) <= partial(scenario));
    });
}

#[test]
fn reach_is_at_most_the_sum_of_the_lines_and_the_population() {
    everywhere(|scenario, episode, journal| {
        let (lines, people) = (scenario.brief.lines.len(), scenario.market().unwrap().people);
        let (reach, touches, [bought, all]) = (journal.reach(), journal.touches(), journal.total_reach());
        let most = *reach[..lines].iter().max().unwrap();
        assert!(most <= bought && bought <= reach[..lines].iter().sum());
        assert!(bought <= all && all <= bought + reach[lines] && all <= people);
        for (source, reach) in reach.iter().enumerate() {
            assert!(*reach <= touches[source] && (*reach > 0) == (touches[source] > 0));
            let spent = source == lines || episode.ledger().line(source).granted > Money::ZERO;
            assert!(spent || *reach == 0);
        }
    });
}

/// The matrix of first domain and converting domain is the population; linked people were touched.
#[test]
fn the_link_account_is_the_population() {
    everywhere(|scenario, _, journal| {
        let link = journal.link();
        assert!(link.recognised <= link.linked && link.linked <= link.touched);
        assert_eq!(link.touched, journal.total_reach()[1]);
        let rows = link.first_to_order.iter().map(|row| row.iter().sum::<u64>());
        assert_eq!(rows.sum::<u64>(), scenario.market().unwrap().people);
        let buyers: u64 = link.first_to_order.iter().map(|row| row[..DOMAINS].iter().sum::<u64>()).sum();
        let orders: u64 = journal.orders_by_last_touch().iter().map(|row| row.orders).sum();
        assert!(buyers <= orders + partial(scenario) && (orders == 0 || buyers > 0));
        // Without a touch nothing was clicked, so such an order came of itself.
        assert_eq!(link.first_to_order[DOMAINS][..DOMAINS - 1], [0; DOMAINS - 1]);
        for outside in journal.outside() {
            assert_eq!(outside.met, journal.reach()[outside.line]);
            assert!(outside.bought.iter().sum::<u64>() <= outside.met);
            assert!(outside.clicked.iter().all(|people| *people <= outside.met));
        }
    });
}

/// With identity matching everybody who is linked is recognised; without it nobody is by a touch outside.
#[test]
fn identity_matching_decides_who_is_recognised() {
    for scenario in markets() {
        let matched = |identity: f64| {
            let Kind::Market(market) = &scenario.kind else { panic!("a market") };
            let mut market = market.as_ref().clone();
            for line in &mut market.lines {
                line.channel.identity = identity;
                line.channel.domain = ChannelDomain::Outside;
            }
            let scenario = Scenario { kind: Kind::Market(Arc::new(market)), ..scenario.as_ref().clone() };
            play(&Arc::new(scenario), 1, Split::Even, true).journal().unwrap().link()
        };
        let (all, none) = (matched(1.0), matched(0.0));
        assert!(all.linked > 0 && all.recognised == all.linked);
        assert!(none.linked > 0 && none.recognised == 0);
    }
}

/// By the step of the click or by the step of the order, the reports credit the same; carts follow clicks, and the merchant
/// is shown them.
#[test]
fn credited_orders_are_the_same_by_click_and_by_order() {
    let mut some = 0;
    everywhere(|scenario, episode, journal| {
        let (brief, ledger) = (&scenario.brief, episode.ledger());
        for line in 0..brief.lines.len() {
            let by_click: Vec<_> = (0..brief.steps).map(|step| journal.orders_by_click(step, line)).collect();
            let row = ledger.line(line);
            let sum = |count: fn(&Orders) -> u64| by_click.iter().map(count).sum::<u64>();
            assert_eq!(sum(|orders| orders.orders), row.credited_orders, "{} {line}", scenario.name);
            assert_eq!(sum(|orders| orders.new_customers), row.credited_new_customers);
            assert_eq!(by_click.iter().map(|orders| orders.revenue).sum::<Money>(), row.credited_revenue);
            for (step, orders) in by_click.iter().enumerate() {
                assert!(orders.orders == 0 || ledger.step(step)[line].clicks > 0);
            }
            assert!(row.carts <= row.clicks);
        }
        let (shown, last) = (&episode.observation().lines, ledger.step(brief.steps - 1));
        assert!(shown.iter().zip(last).all(|(shown, row)| shown.carts == row.carts));
    });
    for scenario in markets() {
        some += play(&scenario, 0, Split::Even, true).ledger().rows.iter().map(|row| row.carts).sum::<u64>();
    }
    assert!(some > 0);
}
