//! Scores on worlds that no training run looks at.

use std::sync::Arc;

use outlay_agent::Recipe;
use outlay_environment::{Allocation, Domain, Episode, Observation, Scenario, Seeds, World};
use rayon::prelude::*;

/// The first world.
const FIRST: u64 = 10_000;

/// `[worlds]` scores of an agent on validation worlds from number 10,000 up.
pub(crate) fn scores(scenario: &Arc<Scenario>, worlds: u64, recipe: &dyn Recipe) -> Vec<f64> {
    play_all(scenario, worlds, |_, number| {
        let mut agent = recipe.make(number);
        agent.start(&scenario.brief);
        move |observation: &Observation| agent.decide(observation)
    })
}

/// `[worlds]` the score of each by its low-noise expectation; `prepare` makes what decides in it.
pub(crate) fn play_all<D: FnMut(&Observation) -> Allocation>(
    scenario: &Arc<Scenario>,
    worlds: u64,
    prepare: impl Fn(&Arc<World>, u64) -> D + Sync,
) -> Vec<f64> {
    let play = |number: u64| {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        let world = World::draw(scenario, seeds.world);
        let mut decide = prepare(&world, number);
        let mut episode = Episode::new(world, seeds.noise);
        while !episode.is_over() {
            let allocation = decide(episode.observation());
            episode.step(&allocation);
        }
        scenario.expected(episode.ledger())
    };
    (FIRST..FIRST + worlds).into_par_iter().map(play).collect()
}
