//! What is known of the best that can be done: an answer from a file, and a bound that no plan exceeds.

use outlay_agent::planning;
use outlay_environment::{Domain, Scenario, Seeds, World};
use rayon::prelude::*;

use crate::episodes::Games;
use crate::results::{CertifiedBound, SeedBound};

/// The bound on each world of `games`, where lines have curves and no floor on the return is scored: a bound that knows
/// nothing of the floor would mean little.
pub(crate) fn bound(games: &Games) -> Option<CertifiedBound> {
    let scenario = &games.scenario;
    if scenario.curves().is_none() || scenario.brief.limits.return_floor.is_some() {
        return None;
    }
    let of = |seed: u64| {
        let world = World::draw(scenario, Seeds::numbered(Domain::Evaluate, seed, 0).world);
        let bound = planning::bound(world.curves()?, scenario.brief.budget.major());
        Some((SeedBound { seed, bound: bound.value }, bound.certified))
    };
    // Each world alone, then in the order of the seeds, so that threads change nothing.
    let found: Vec<(SeedBound, bool)> =
        games.seeds.clone().into_par_iter().map(of).collect::<Option<Vec<_>>>()?;
    let mean = found.iter().map(|(row, _)| row.bound).sum::<f64>() / found.len() as f64;
    Some(CertifiedBound {
        mean,
        certified: found.iter().all(|(_, certified)| *certified),
        per_seed: found.into_iter().map(|(row, _)| row).collect(),
    })
}

/// Share of the known answer that a mean score is.
pub(crate) fn share_of_answer(scenario: &Scenario, mean: f64) -> Option<f64> {
    scenario.answer.as_ref().map(|answer| mean / answer.value)
}
