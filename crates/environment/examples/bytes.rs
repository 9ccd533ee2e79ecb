//! One hash of everything that episodes of every scenario write down: the same however this program was compiled.
//!
//! ```text
//! cargo run --release -p outlay-environment --example bytes
//! cargo run -p outlay-environment --example bytes
//! RUSTFLAGS="-C target-cpu=x86-64-v3" cargo run --release --target-dir target/v3 -p outlay-environment --example bytes
//! ```
//!
//! The optimiser may reorder nothing and the processor's wider instructions may fuse nothing that changes a bit.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

#[path = "../tests/support/adversary.rs"]
mod adversary;

use adversary::{attack, besieged};
use outlay_environment::{Allocation, Domain, Episode, Key, Scenario, Seeds, World};
use sha2::{Digest, Sha256};

/// Shoppers of each market, and worlds of each scenario.
const SHOPPERS: usize = 400;
const WORLDS: u64 = 4;

fn main() {
    let mut digest = Sha256::new();
    let (mut episodes, mut steps) = (0_u64, 0_u64);
    for name in Scenario::every_shipped() {
        let shipped = match Scenario::load(&name) {
            Ok(shipped) => shipped,
            Err(problems) => return println!("{problems}"),
        };
        for number in 0..WORLDS {
            let scenario = besieged(&shipped, number, SHOPPERS);
            let seeds = Seeds::numbered(Domain::Train, number, 0);
            let world = World::draw(&scenario, seeds.world);
            for hostile in [false, true] {
                let mut episode = Episode::new(world.clone(), seeds.noise);
                while !episode.is_over() {
                    let seen = episode.observation().clone();
                    let lines = scenario.brief.lines.len();
                    let left = (scenario.brief.steps - seen.step) * lines;
                    let allocation = if hostile {
                        attack(Key::new(number).with_name(&name), &scenario.brief, &seen)
                    } else {
                        Allocation::of(vec![seen.budget_left.major() / left as f64; lines])
                    };
                    episode.step(&allocation);
                }
                // Numbers as text in full: two floats that differ in their last bit differ here.
                digest.update(format!("{name} {number} {:?}", episode.ledger()));
                episodes += 1;
                steps += episode.ledger().steps() as u64;
            }
        }
    }
    let hash: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{episodes} episodes, {steps} steps: {hash}");
}
