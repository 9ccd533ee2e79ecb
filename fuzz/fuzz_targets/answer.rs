//! A line of an agent in another process, and what the guard makes of it in a season.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use outlay_environment::{Allocation, Episode, Levers, Money, Scenario, World};

static WORLD: LazyLock<Arc<World>> = LazyLock::new(|| {
    let scenario = Scenario::load("new-customer-benefit").expect("it ships");
    World::draw(&scenario.with_shoppers(10).with_levers(Levers::ALL), 3)
});

fuzz_target!(|bytes: &[u8]| {
    let answers = bytes.split(|byte| *byte == b'\n').take(40);
    let mut episode = Episode::new(WORLD.clone(), 5);
    for answer in answers {
        let Ok(allocation) = serde_json::from_slice::<Allocation>(answer) else { continue };
        episode.step(&allocation);
        let (ledger, seen) = (episode.ledger(), episode.observation());
        assert_eq!(ledger.cash() + seen.budget_left + seen.reserved, ledger.budget);
        assert!(seen.budget_left >= Money::ZERO && seen.reserved >= Money::ZERO);
    }
    assert_eq!(episode.ledger().violations(&WORLD.scenario.brief.limits), 0);
});
