//! Agents that mean harm, in every kind of world that ships, for as many steps as are asked for.
//!
//! `cargo run --release -p outlay-environment --example guards -- 40000000`
//!
//! A second number is the round to begin with, so that several machines can share the work: a round plays each scenario in
//! one drawn world, every other one with limits and a budget of its own. Every step of every episode is audited from the brief and the books alone. The first that breaks a limit, or in which
//! the books do not add up, is printed with what repeats it, and ends the program with 1.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "../tests/support/adversary.rs"]
mod adversary;
#[path = "../tests/support/audit.rs"]
mod audit;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use adversary::{attack, besieged};
use audit::{Auditor, Tally};
use outlay_environment::{Domain, Episode, Key, Scenario, Seeds, World};

/// Few, so that many steps are played; a shopper's size does not matter to money.
const SHOPPERS: usize = 40;
/// Episodes in one drawn world.
const NOISES: u64 = 50;

fn main() -> ExitCode {
    let argument = |place: usize| std::env::args().nth(place).and_then(|text| text.parse().ok());
    let (wanted, mut round) = (argument(1).unwrap_or(1_000_000_u64), argument(2).unwrap_or(0_u64));
    let scenarios: Vec<Arc<Scenario>> =
        match Scenario::every_shipped().iter().map(|name| Scenario::load(name)).collect() {
            Ok(scenarios) => scenarios,
            Err(problems) => {
                println!("{problems}");
                return ExitCode::FAILURE;
            }
        };
    let start = Instant::now();
    let mut tallies: BTreeMap<&str, (u64, Tally)> = BTreeMap::new();
    let mut total = Tally::default();
    while total.steps < wanted {
        for shipped in &scenarios {
            match siege(shipped, round) {
                Ok(tally) => {
                    let (episodes, kind) = tallies.entry(shipped.kind.name()).or_default();
                    *episodes += NOISES;
                    add(kind, tally);
                    add(&mut total, tally);
                }
                Err(found) => {
                    println!("{}: {found}", shipped.name);
                    return ExitCode::FAILURE;
                }
            }
        }
        round += 1;
    }
    println!("{:12} {:>10} {:>12} {:>16} {:>12}", "kind", "episodes", "steps", "checks", "limits gave");
    for (kind, (episodes, tally)) in &tallies {
        println!("{kind:12} {episodes:>10} {:>12} {:>16} {:>12}", tally.steps, tally.checks, tally.gave);
    }
    println!(
        "{} scenarios, {} steps, {} checks, none failed, {:.0} s",
        scenarios.len(),
        total.steps,
        total.checks,
        start.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

/// Several episodes in one world of the scenario.
fn siege(shipped: &Scenario, round: u64) -> Result<Tally, String> {
    let scenario = besieged(shipped, round, SHOPPERS);
    let world = World::draw(&scenario, Seeds::numbered(Domain::Train, round, 0).world);
    let mut tally = Tally::default();
    for noise in 0..NOISES {
        let mut episode = Episode::new(world.clone(), Seeds::numbered(Domain::Train, round, noise).noise);
        let mut auditor = Auditor::new(&episode);
        let key = Key::new(round).with(noise).with_name(&shipped.name);
        while !episode.is_over() {
            let before = episode.observation().clone();
            episode.step(&attack(key, &scenario.brief, &before));
            auditor
                .step(&before, &episode)
                .map_err(|found| format!("round {round}, noise {noise}, step {}: {found}", before.step))?;
        }
        add(&mut tally, auditor.tally());
    }
    Ok(tally)
}

fn add(sum: &mut Tally, tally: Tally) {
    sum.steps += tally.steps;
    sum.checks += tally.checks;
    sum.gave += tally.gave;
}
