//! Whatever an agent sends, in every kind of world that ships: no limit breaks and no minor unit is lost.
//! `cargo run --release -p outlay-environment --example guards` does the same for as many steps as are asked for.

#[path = "support/adversary.rs"]
mod adversary;
#[path = "support/audit.rs"]
mod audit;

use adversary::{attack, besieged};
use audit::Auditor;
use outlay_environment::{Domain, Episode, Key, Scenario, Seeds, World};

/// Each shipped scenario as it is, and three times with other limits and another budget.
#[test]
fn no_agent_breaks_a_limit_or_loses_a_minor_unit_anywhere() {
    for name in Scenario::every_shipped() {
        let shipped = Scenario::load(&name).unwrap();
        for number in [0, 1, 3, 5] {
            let scenario = besieged(&shipped, number, 50);
            let seeds = Seeds::numbered(Domain::Train, number, 0);
            let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
            let mut auditor = Auditor::new(&episode);
            while !episode.is_over() {
                let before = episode.observation().clone();
                let key = Key::new(number).with_name(&name);
                episode.step(&attack(key, &scenario.brief, &before));
                let found = auditor.step(&before, &episode);
                assert_eq!(found, Ok(()), "{name}, number {number}, step {}", before.step);
            }
            assert!(auditor.tally().checks > 20 * auditor.tally().steps);
        }
    }
}
