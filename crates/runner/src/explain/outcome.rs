//! What came of a move: the same season with it undone, on the same shoppers and rivals.

use std::sync::Arc;

use outlay_environment::{Allocation, Domain, Episode, Money, Scenario, Seeds, World};
use rayon::prelude::*;
use serde::Serialize;

use super::moves::Move;
use crate::episodes::{self, Games, Participant, Turn, noise_seed};
use crate::incremental::Record;
use crate::statistics::{self, Interval};

/// Score and money of a season with the move, and with it undone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Pair {
    pub(super) moved: f64,
    pub(super) undone: f64,
    pub(super) difference: f64,
    /// Money spent more with the move, minor units.
    pub(super) spend_difference: i64,
}

/// The move over other draws of chance in the same world.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Repeated {
    /// How many draws, the season's own among them.
    pub(super) noises: u64,
    /// Mean difference, with its studentised bootstrap interval over draws.
    pub(super) difference: f64,
    pub(super) difference_ci95: Interval,
    pub(super) p_better: f64,
}

/// What came of a move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Outcome {
    /// All other money as it was.
    pub(super) held: Pair,
    /// The agent decides again from the step after, having seen what came of the step without the move.
    pub(super) decided_again: Pair,
    /// All other money as it was, over several draws of chance; null for one.
    pub(super) repeated: Option<Repeated>,
}

/// The end of a season.
type End = (f64, Money);

/// Undoes a move of the episode that `record` holds.
pub(super) fn outcome(
    participant: &Participant,
    games: &Games,
    [seed, noise]: [u64; 2],
    record: &Record,
    moved: &Move,
    noises: u64,
) -> Result<Outcome, String> {
    let scenario = &games.scenario;
    let world = World::draw(scenario, Seeds::numbered(Domain::Evaluate, seed, 0).world);
    let mut undone = record.clone();
    undone.granted[moved.step] = moved.undone(&record.granted[moved.step]);
    // The season's own draw of chance comes first, then the others in order.
    let draws =
        std::iter::once(noise).chain((0..).filter(|other| *other != noise)).take(noises.max(1) as usize);
    let pairs: Vec<[End; 2]> = draws
        .collect::<Vec<u64>>()
        .into_par_iter()
        .map(|noise| {
            [record, &undone].map(|record| replayed(scenario, &world, noise_seed(seed, noise), record))
        })
        .collect();
    let Some(own) = pairs.first().copied() else { return Err("there is no draw of chance".to_owned()) };
    let again = decided_again(participant, games, [seed, noise], &undone, moved.step)?;
    let scores = |which: usize| pairs.iter().map(|pair| pair[which].0).collect::<Vec<f64>>();
    let comparison = (pairs.len() > 1).then(|| statistics::compare(&scores(0), &scores(1), 1));
    Ok(Outcome {
        held: Pair::of(own[0], own[1]),
        decided_again: Pair::of(own[0], again),
        repeated: comparison.map(|comparison| Repeated {
            noises,
            difference: comparison.difference,
            difference_ci95: comparison.difference_interval,
            p_better: comparison.better,
        }),
    })
}

fn replayed(scenario: &Scenario, world: &Arc<World>, noise: u64, record: &Record) -> End {
    let mut episode = Episode::new(Arc::clone(world), noise);
    record.replay(&mut episode, |_| true);
    (scenario.score(episode.ledger()), episode.ledger().cash())
}

/// The episode with one step's money as `undone` has it, and the agent's own decisions after it.
fn decided_again(
    participant: &Participant,
    games: &Games,
    [seed, noise]: [u64; 2],
    undone: &Record,
    at: usize,
) -> Result<End, String> {
    let edit = |step: usize, allocation: &mut Allocation| {
        if step == at {
            allocation.money = undone.granted[at].iter().map(|money| money.major()).collect();
        }
    };
    let turn = Turn { at, successor: None, edit: &edit, more: Money::ZERO };
    let mut end = (0.0, Money::ZERO);
    episodes::watch_turned(participant, Some(&turn), games, seed, noise, &mut |episode, _| {
        if episode.is_over() {
            end = (games.scenario.score(episode.ledger()), episode.ledger().cash());
        }
    })?;
    Ok(end)
}

impl Pair {
    fn of(moved: End, undone: End) -> Self {
        Self {
            moved: moved.0,
            undone: undone.0,
            difference: moved.0 - undone.0,
            spend_difference: (moved.1 - undone.1).0,
        }
    }
}
