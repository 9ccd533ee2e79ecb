//! How fast the market is. `cargo bench -p outlay-environment`
//!
//! Items are shopper-days; the first lines tell how many of them were active and how many contacts were bought.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use outlay_environment::{Allocation, Domain, Episode, Scenario, Seeds, World};

fn main() {
    let mut active = 0;
    let played = play(&world(5_000), |episode| active += episode.activity().0);
    let shopper_days = 5_000.0 * played.world().scenario.brief.steps as f64;
    let (_, contacts) = played.activity();
    println!(
        "new-customer, even split: {:.1} % of shopper-days active, {:.3} contacts bought a shopper-day",
        100.0 * active as f64 / shopper_days,
        contacts as f64 / shopper_days,
    );
    divan::main();
}

fn world(shoppers: usize) -> Arc<World> {
    let scenario =
        Scenario::load("new-customer").expect("the shipped scenario loads").with_shoppers(shoppers);
    World::draw(&scenario, Seeds::numbered(Domain::Train, 0, 0).world)
}

fn play(world: &Arc<World>, mut look: impl FnMut(&Episode)) -> Episode {
    let brief = &world.scenario.brief;
    let mut episode = Episode::new(world.clone(), 1);
    let mut allocation = Allocation::of(vec![0.0; brief.lines.len()]);
    while !episode.is_over() {
        let left = (brief.steps - episode.observation().step) * brief.lines.len();
        allocation.money.fill(episode.observation().budget_left.major() / left as f64);
        episode.step(&allocation);
        look(&episode);
    }
    episode
}

/// A whole episode of 32 steps and 7 lines.
#[divan::bench(args = [5_000, 20_000])]
fn episode(bencher: Bencher, shoppers: usize) {
    let world = world(shoppers);
    bencher.counter(ItemsCount::new(shoppers * world.scenario.brief.steps)).bench(|| play(&world, |_| ()));
}

/// Weeks of AMSS's own example, 52 of an agent after 156 of history: what its authors' program takes for as many weeks.
#[divan::bench]
fn amss(bencher: Bencher) {
    let scenario = Scenario::load("references/amss-vignette").expect("it is shipped");
    bencher.counter(ItemsCount::new(208_usize)).bench(|| play(&World::draw(&scenario, 7), |_| ()));
}

/// Drawing the hidden parameters and the shoppers of a world, another one each time: the processor must not get to know them.
#[divan::bench(args = [5_000, 20_000])]
fn draw(bencher: Bencher, shoppers: usize) {
    let scenario = world(shoppers).scenario.clone();
    let mut seed = 0;
    bencher.counter(ItemsCount::new(shoppers)).bench_local(|| {
        seed += 1;
        World::draw(&scenario, seed)
    });
}
