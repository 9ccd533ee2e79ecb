//! Playing a season: the even split, on training seeds.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;

use outlay_environment::{Allocation, Domain, Episode, Scenario, Seeds, World};

/// Episode `number` of a scenario.
pub(crate) fn start(scenario: &Arc<Scenario>, number: u64) -> Episode {
    let seeds = Seeds::numbered(Domain::Train, number, 0);
    Episode::new(World::draw(scenario, seeds.world), seeds.noise)
}

/// What is left, evenly over the lines and steps that are left.
pub(crate) fn even(episode: &Episode) -> Allocation {
    let observation = episode.observation();
    let brief = &episode.world().scenario.brief;
    let left = (brief.steps - observation.step) * brief.lines.len();
    Allocation::of(vec![observation.budget_left.major() / left as f64; brief.lines.len()])
}

/// Plays on by the even split.
pub(crate) fn finish(mut episode: Episode) -> Episode {
    while !episode.is_over() {
        episode.step(&even(&episode));
    }
    episode
}
