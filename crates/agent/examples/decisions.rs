//! Two hashes of what agents do in an episode of every scenario, of those that compute and of one that learned: the same
//! however this program was compiled.
//!
//! ```text
//! cargo run --release -p outlay-agent --example decisions
//! cargo run -p outlay-agent --example decisions
//! RUSTFLAGS="-C target-cpu=x86-64-v3" cargo run --release --target-dir target/v3 -p outlay-agent --example decisions
//! qemu-x86_64 -cpu Nehalem target/release/examples/decisions
//! ```
//!
//! The last runs on a processor without AVX. Arguments name scenarios, instead of all that ship.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;

use outlay_agent::{Agent, Entrant, Recipe, checkpoint, entrant, play};
use outlay_environment::{Allocation, Brief, Domain, Episode, Kind, Observation, Scenario, Seeds, World};
use sha2::{Digest, Sha256};

/// Shoppers of each market: few, because what is compared is arithmetic.
const SHOPPERS: usize = 300;
const COMPUTED: [&str; 10] = [
    "random",
    "roi-proportional",
    "buyer-rule",
    "pid",
    "dual-descent",
    "rules",
    "gp",
    "bandit",
    "water-filling",
    "mpc",
];
/// Oracles search for long in a market: one market stands for all.
const ORACLES: [&str; 2] = ["static-hindsight", "clairvoyant"];
const ORACLES_MARKET: &str = "opening-red";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = Scenario::every_shipped();
    }
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../checkpoints/generalist"));
    let generalist = checkpoint::read(folder)?;
    let (mut computed, mut learned) = (Tally::default(), Tally::default());
    for name in &names {
        let scenario = Scenario::load(name)?.with_shoppers(SHOPPERS);
        let seeds = Seeds::numbered(Domain::Train, 0, 0);
        let world = World::draw(&scenario, seeds.world);
        let searched = !matches!(scenario.kind, Kind::Market(_) | Kind::Amss(_)) || name == ORACLES_MARKET;
        for agent in COMPUTED.iter().chain(ORACLES.iter().filter(|_| searched)) {
            // Some planners have no model of some kinds of world.
            let Ok(entrant) = entrant(agent, &scenario) else { continue };
            let mut player = match entrant {
                Entrant::Agent(recipe) => recipe.make(0),
                Entrant::Oracle(oracle) => Box::new(Planned(oracle.plan(&world, 0))),
            };
            computed.add(&format!("{name} {agent}"), &play(player.as_mut(), &world, seeds.noise));
        }
        let mut policy = generalist.recipe(&scenario).make(0);
        learned.add(name, &play(policy.as_mut(), &world, seeds.noise));
    }
    println!("computed: {}", computed.said());
    println!("learned:  {}", learned.said());
    Ok(())
}

/// What an oracle planned, step by step.
struct Planned(Vec<Allocation>);

impl Agent for Planned {
    fn start(&mut self, _: &Brief) {}

    fn decide(&mut self, seen: &Observation) -> Allocation {
        self.0[seen.step].clone()
    }
}

#[derive(Default)]
struct Tally {
    digest: Sha256,
    episodes: u64,
}

impl Tally {
    /// Numbers as text in full: two floats that differ in their last bit differ here.
    fn add(&mut self, name: &str, episode: &Episode) {
        self.digest.update(format!("{name} {:?}", episode.ledger()));
        self.episodes += 1;
    }

    fn said(self) -> String {
        let hash: String = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} episodes: {hash}", self.episodes)
    }
}
