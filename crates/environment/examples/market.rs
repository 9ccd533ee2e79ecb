//! A look at the market of a scenario: what each line sells, and what it causes.
//!
//! `cargo run --release -p outlay-environment --example market -- new-customer 8`
//!
//! Plays an even split on a few validation worlds, then again with one line at a time at zero (its money not moved).
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::sync::Arc;
use std::time::Instant;

use outlay_environment::{Allocation, Domain, Episode, Ledger, Money, Scenario, Seeds, World};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "new-customer".to_owned());
    let seeds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(8);
    let shoppers: Option<usize> = arguments.next().and_then(|text| text.parse().ok());
    let scenario = match Scenario::load(&name) {
        Ok(scenario) => shoppers.map_or(scenario.clone(), |n| scenario.with_shoppers(n)),
        Err(problems) => return println!("{problems}"),
    };
    let lines = scenario.brief.lines.len();
    let mut rows = vec![[0.0; 8]; lines];
    let mut shop = [0.0; 6];
    let start = Instant::now();
    let mut steps = 0;
    for seed in 0..seeds {
        let seeds = Seeds::numbered(Domain::Validate, seed, 0);
        let world = World::draw(&scenario, seeds.world);
        let played = even(&world, seeds.noise);
        let granted = played.granted();
        let nothing = replay(&world, seeds.noise, &granted, None);
        let total = played.shop();
        steps += scenario.brief.steps * (2 + lines);
        for (place, value) in [
            total.new_customers as f64,
            nothing.shop().new_customers as f64,
            total.orders as f64,
            total.revenue.major(),
            played.spend().major(),
            played.return_on_spend().unwrap_or(0.0),
        ]
        .into_iter()
        .enumerate()
        {
            shop[place] += value;
        }
        for (line, row) in rows.iter_mut().enumerate() {
            let without = replay(&world, seeds.noise, &granted, Some(line));
            let sums = played.line(line);
            for (place, value) in [
                sums.spend.major(),
                sums.impressions as f64,
                sums.clicks as f64,
                sums.credited_orders as f64,
                sums.credited_new_customers as f64,
                sums.credited_revenue.major(),
                total.expected_new_customers - without.shop().expected_new_customers,
                sums.granted.major(),
            ]
            .into_iter()
            .enumerate()
            {
                row[place] += value;
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{:12} {:>9} {:>9} {:>7} {:>6} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8}",
        "line", "granted", "spend", "cpc", "ctr", "orders", "new", "cvr", "roi", "incr.new", "cost/new"
    );
    let n = seeds as f64;
    for (row, brief) in rows.iter().zip(&scenario.brief.lines) {
        println!(
            "{:12} {:9.0} {:9.0} {:7.2} {:6.4} {:7.0} {:7.0} {:7.4} {:7.2} {:8.0} {:8.1}",
            brief.name,
            row[7] / n,
            row[0] / n,
            row[0] / row[2],
            row[2] / row[1],
            row[3] / n,
            row[4] / n,
            row[3] / row[2],
            row[5] / row[0],
            row[6] / n,
            row[0] / row[6]
        );
    }
    println!(
        "new customers {:.0} (without spending {:.0}), orders {:.0}, revenue {:.0}, spend {:.0}, return {:.2}",
        shop[0] / n,
        shop[1] / n,
        shop[2] / n,
        shop[3] / n,
        shop[4] / n,
        shop[5] / n
    );
    println!(
        "{:.1} million shopper-days a second ({:.2} ms a step)",
        (steps * scenario.market().map_or(0, |market| market.shoppers)) as f64 / seconds / 1e6,
        seconds / steps as f64 * 1e3
    );
}

fn even(world: &Arc<World>, noise: u64) -> Ledger {
    let brief = &world.scenario.brief;
    let mut episode = Episode::new(world.clone(), noise);
    while !episode.is_over() {
        let observation = episode.observation();
        let money = observation.budget_left.major()
            / (brief.steps - observation.step) as f64
            / brief.lines.len() as f64;
        episode.step(&Allocation::of(vec![money; brief.lines.len()]));
    }
    episode.ledger().clone()
}

fn replay(world: &Arc<World>, noise: u64, granted: &[Vec<Money>], zero: Option<usize>) -> Ledger {
    let mut episode = Episode::new(world.clone(), noise);
    for row in granted {
        let mut row = row.clone();
        match zero {
            Some(line) => row[line] = Money::ZERO,
            None => row.fill(Money::ZERO),
        }
        episode.replay(&row);
    }
    episode.ledger().clone()
}
