//! What is expected of today's money, with odds: the season in drawn worlds, with the money of the log up to today, the
//! recommendation today, and the agent's own decisions after it; and again with a line's money of today at zero.
//!
//! What came of the money in the log does not narrow down the worlds. An agent that learns has put its money where this world is
//! better than others, so more often than not what comes lies above the middle.

use std::sync::Arc;

use outlay_environment::{Allocation, Money, Observation, Scenario};
use serde::Serialize;

use crate::cli::SeedRange;
use crate::episodes::{self, Games, Participant, Turn, noise_seed};
use crate::failure::Failure;
use crate::incremental::{Record, with_record};
use crate::statistics::Spread;
use crate::sweep;
use crate::terminal::Terminal;

/// What is expected, over worlds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Odds {
    /// Seeds of the worlds, half-open.
    pub(super) seeds: String,
    /// Part of the worlds between `p10` and `p90`.
    pub(super) level: f64,
    /// Score at the end of the season.
    pub(super) score: Spread,
    /// What today's money brings of it, now and later, against none today.
    pub(super) today: Spread,
    /// `[lines]` what a line's money of today brings, against none on it today.
    pub(super) lines: Vec<Spread>,
}

/// One world: the score, what today's money brought, and what each line's did.
type Brought = Vec<f64>;

/// Finds the odds of spending `today` (`[lines]`) after what was `seen`; nothing after an interrupt.
pub(super) fn odds(
    participant: &Participant,
    scenario: &Arc<Scenario>,
    seeds: &str,
    seen: &[Observation],
    today: &[Money],
    terminal: Terminal,
) -> Result<Option<Odds>, Failure> {
    let range: SeedRange = seeds.parse().map_err(Failure::usage)?;
    let (scenario, seeds) = (Arc::clone(scenario), range.0);
    let games = Games { scenario, seeds, noises: 1, agent_seed: 0, truth: false, store: None };
    let before = seen.iter().skip(1).map(|seen| seen.lines.iter().map(|line| line.granted).collect());
    let money: Vec<Vec<Money>> = before.chain(std::iter::once(today.to_vec())).collect();
    let found = sweep::episodes(&games, &participant.agent, terminal, |seed, noise| {
        brought(participant, &games, seed, noise, &money)
    })?;
    Ok(found.map(|found| {
        let spread = |place: usize| Spread::of(&found.iter().map(|world| world[place]).collect::<Vec<f64>>());
        Odds {
            seeds: range_text(&games),
            level: 0.8,
            score: spread(0),
            today: spread(1),
            lines: (0..today.len()).map(|line| spread(line + 2)).collect(),
        }
    }))
}

fn range_text(games: &Games) -> String {
    SeedRange(games.seeds.clone()).to_string()
}

/// One world, with this money (`[steps so far + 1][lines]`) in its first steps.
fn brought(
    participant: &Participant,
    games: &Games,
    seed: u64,
    noise: u64,
    money: &[Vec<Money>],
) -> Result<Brought, String> {
    let edit = |step: usize, allocation: &mut Allocation| {
        if let Some(money) = money.get(step) {
            allocation.money = money.iter().map(|money| money.major()).collect();
        }
    };
    let turn = Turn { at: 0, successor: None, edit: &edit, more: Money::ZERO };
    let mut end = None;
    episodes::watch_turned(participant, Some(&turn), games, seed, noise, &mut |episode, _| {
        if episode.is_over() {
            end = Some((Record::of(episode.ledger()), Arc::clone(episode.world())));
        }
    })?;
    let (record, world) = end.ok_or("it has no steps")?;
    let today = money.len() - 1;
    let score = |keeps: &dyn Fn(usize) -> bool| {
        let mut record = record.clone();
        let lines = record.granted[today].iter_mut().enumerate();
        lines.filter(|(line, _)| !keeps(*line)).for_each(|(_, money)| *money = Money::ZERO);
        with_record(&world, noise_seed(seed, noise), &record).score
    };
    let all = score(&|_| true);
    let mut brought = vec![all, all - score(&|_| false)];
    brought.extend((0..money[today].len()).map(|line| all - score(&|other| other != line)));
    Ok(brought)
}
