//! Plays agents x seeds x noises side by side, and returns what happened in a fixed order.
//!
//! All agents of a seed meet the same world and the same noise. A task is one seed: its world is drawn once, played by
//! everybody, and forgotten, so the memory needed does not grow with the number of worlds.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use outlay_agent::{Agent, Entrant};
use outlay_environment::{
    Allocation, Brief, Domain, Episode, Key, LineRow, Money, Observation, STAGES, Scenario, Seeds, Standing,
    World,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::conduct::{Conduct, conduct};
use crate::exec::{Process, Program};
use crate::incremental::{self, Record, Totals};
use crate::store::Store;

/// Somebody who takes part.
pub(crate) struct Participant {
    /// Name in tables and results.
    pub(crate) name: String,
    /// What was asked for: a name, a folder, `exec:COMMAND`. Its own randomness depends on this, not on the name.
    pub(crate) agent: String,
    /// Names it by everything of it that decides an episode; none where that is not known, and nothing is reused.
    pub(crate) identity: Option<String>,
    /// How it decides.
    pub(crate) player: Player,
}

/// How somebody decides.
pub(crate) enum Player {
    /// In this process.
    Inside(Entrant),
    /// In a process of its own.
    Outside(Program),
    /// Not at all: why not.
    Absent(String),
}

/// What is played.
pub(crate) struct Games {
    /// The scenario.
    pub(crate) scenario: Arc<Scenario>,
    /// Seeds of worlds and noise.
    pub(crate) seeds: Range<u64>,
    /// Noise seeds for each world.
    pub(crate) noises: u64,
    /// Seed of the agents' own randomness.
    pub(crate) agent_seed: u64,
    /// Whether to measure what each line caused.
    pub(crate) truth: bool,
    /// Where episodes are kept, if they are.
    pub(crate) store: Option<Store>,
}

/// One episode of one agent. Written to the store as it stands, but for the time it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Seed.
    pub(crate) seed: u64,
    /// Noise seed of the world.
    pub(crate) noise: u64,
    /// What it came to.
    pub(crate) totals: Totals,
    /// What it would have come to without any spending.
    pub(crate) free: Totals,
    /// Money spent.
    pub(crate) spend: Money,
    /// Credited revenue / spend.
    pub(crate) return_on_spend: Option<f64>,
    /// Hard limits broken.
    pub(crate) violations: u64,
    /// Limits that gave way to others.
    pub(crate) relaxations: u64,
    /// `[lines]` sums over the episode.
    pub(crate) lines: Vec<LineRow>,
    /// `[lines]` the episode with that line at zero; empty unless asked for.
    pub(crate) without: Vec<Totals>,
    /// `[8, 8]` people by stage at the start (row) and at the end (column).
    pub(crate) flow: [[u64; STAGES]; STAGES],
    /// `[lines]` what the agent did with them.
    pub(crate) conduct: Vec<Conduct>,
    /// Days until last year's revenue was passed, where it was.
    pub(crate) days_to_pass: Option<f64>,
    /// The merchant's standing at the end, where it has a tier.
    pub(crate) standing: Option<Standing>,
    /// Time spent deciding.
    #[serde(skip)]
    pub(crate) deciding: Duration,
    /// Decisions.
    pub(crate) decisions: usize,
}

/// What was played.
pub(crate) struct Played {
    /// `[participants]` the episodes by seed and noise, or why there are none.
    pub(crate) outcomes: Vec<Result<Vec<Outcome>, String>>,
    /// Whether somebody asked to stop: the outcomes then hold the seeds that everybody finished.
    pub(crate) interrupted: bool,
    /// Episodes that were taken from the store.
    pub(crate) reused: u64,
}

/// Plays everything that is not kept already. `stop` is asked between episodes, `finished` is called after each.
pub(crate) fn play(
    participants: &[Participant],
    games: &Games,
    stop: &(dyn Fn() -> bool + Sync),
    finished: &(dyn Fn() + Sync),
) -> Played {
    // An agent that failed on a seed need not play later ones; earlier ones it must, so that the error that is shown
    // does not depend on which thread came first.
    let failed: Vec<AtomicU64> = participants.iter().map(|_| AtomicU64::new(u64::MAX)).collect();
    let reused = AtomicU64::new(0);
    let by_seed: Vec<Vec<Option<Result<Outcome, String>>>> =
        each(games, games.seeds.clone().collect(), |seed| {
            let kept: Vec<Vec<Option<Outcome>>> =
                participants.iter().map(|participant| games.kept(participant, seed)).collect();
            let found = kept.iter().flatten().flatten().count() as u64;
            reused.fetch_add(found, Ordering::Relaxed);
            (0..found).for_each(|_| finished());
            let missing = participants.iter().zip(&kept).any(|(participant, kept)| {
                !matches!(participant.player, Player::Absent(_)) && kept.contains(&None)
            });
            if !missing || stop() {
                return kept.into_iter().flatten().map(|outcome| outcome.map(Ok)).collect();
            }
            let table = Table::new(games, seed, games.noises);
            let tasks = participants.iter().zip(kept).zip(&failed).collect();
            let outcomes = each(games, tasks, |((participant, kept), failed)| {
                table.play(participant, kept, failed, stop, finished)
            });
            outcomes.into_iter().flatten().collect()
        });
    let outcomes = collect(participants, games.noises as usize, by_seed);
    Played { outcomes, interrupted: stop(), reused: reused.into_inner() }
}

/// Does something with each item, side by side; but one after the other where a single market takes all threads and much of
/// the memory.
fn each<T: Send, R: Send>(games: &Games, items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if games.scenario.market().is_some_and(|market| market.shoppers > market.shard) {
        return items.into_iter().map(work).collect();
    }
    items.into_par_iter().map(work).collect()
}

/// What everybody sees before the first step of an episode.
pub(crate) fn opening(games: &Games, seed: u64, noise: u64) -> Observation {
    let seeds = Seeds::numbered(Domain::Evaluate, seed, noise);
    Episode::new(World::draw(&games.scenario, seeds.world), seeds.noise).observation().clone()
}

/// Lets one participant play one episode, outside any store; `seen` is shown each step and what was asked for.
pub(crate) fn watch(
    participant: &Participant,
    games: &Games,
    seed: u64,
    noise: u64,
    seen: &mut dyn FnMut(&Episode, &Allocation),
) -> Result<(), String> {
    watch_turned(participant, None, games, seed, noise, seen)
}

/// What becomes of the allocation of a step.
pub(crate) type Edit<'a> = dyn Fn(usize, &mut Allocation) + Sync + 'a;

/// What is other from a step of an episode on.
pub(crate) struct Turn<'a> {
    /// The first step that may differ.
    pub(crate) at: usize,
    /// Who decides from there, as one who plays these games. They are shown all that came before.
    pub(crate) successor: Option<(&'a Participant, &'a Games)>,
    /// What becomes of the allocation of each step from there.
    pub(crate) edit: &'a Edit<'a>,
    /// Money that the budget gains there, or loses as far as it is left.
    pub(crate) more: Money,
}

/// [`watch`], with a turn if there is one.
pub(crate) fn watch_turned(
    participant: &Participant,
    turn: Option<&Turn<'_>>,
    games: &Games,
    seed: u64,
    noise: u64,
    seen: &mut dyn FnMut(&Episode, &Allocation),
) -> Result<(), String> {
    let table = Table::new(games, seed, 0);
    guarded(|| {
        let plan = table.plan(participant).transpose()?;
        let decider = table.decider(participant, plan.as_deref(), noise)?;
        let Some(turn) = turn else { return table.run(decider, noise, None, seen).map(|_| ()) };
        let Some((successor, games)) = turn.successor else {
            return table.run(decider, noise, Some(&mut Turned { turn, successor: None }), seen).map(|_| ());
        };
        let other = Table::new(games, seed, 0);
        let plan = other.plan(successor).transpose()?;
        let successor = Some(other.decider(successor, plan.as_deref(), noise)?);
        table.run(decider, noise, Some(&mut Turned { turn, successor }), seen).map(|_| ())
    })
}

/// Sorts episodes by participant; after an interrupt only seeds that everybody finished count.
fn collect(
    participants: &[Participant],
    noises: usize,
    by_seed: Vec<Vec<Option<Result<Outcome, String>>>>,
) -> Vec<Result<Vec<Outcome>, String>> {
    let mut outcomes: Vec<Result<Vec<Outcome>, String>> = participants
        .iter()
        .map(|participant| match &participant.player {
            Player::Absent(why) => Err(why.clone()),
            _ => Ok(Vec::new()),
        })
        .collect();
    for row in &by_seed {
        for (outcome, place) in outcomes.iter_mut().zip(0..) {
            let episodes = row.get(place * noises..(place + 1) * noises).unwrap_or_default();
            if let (Ok(_), Some(Some(Err(error)))) =
                (&outcome, episodes.iter().find(|it| matches!(it, Some(Err(_)))))
            {
                *outcome = Err(error.clone());
            }
        }
    }
    for row in by_seed {
        let missing = |place: usize| {
            row.get(place * noises..(place + 1) * noises)
                .is_none_or(|episodes| episodes.iter().any(Option::is_none))
        };
        if (0..outcomes.len()).any(|place| outcomes[place].is_ok() && missing(place)) {
            continue;
        }
        for (index, episode) in row.into_iter().enumerate() {
            if let (Ok(outcomes), Some(Ok(episode))) = (&mut outcomes[index / noises], episode) {
                outcomes.push(episode);
            }
        }
    }
    outcomes
}

/// The seed of an episode's noise.
pub(crate) fn noise_seed(seed: u64, noise: u64) -> u64 {
    Seeds::numbered(Domain::Evaluate, seed, noise).noise
}

impl Games {
    /// `[noises]` what is kept of one participant on one seed.
    fn kept(&self, participant: &Participant, seed: u64) -> Vec<Option<Outcome>> {
        let find = |store: &Store, noise| store.find(participant, self.agent_seed, seed, noise, self.truth);
        (0..self.noises).map(|noise| self.store.as_ref().and_then(|store| find(store, noise))).collect()
    }
}

/// A world with everything that its episodes share.
struct Table<'a> {
    games: &'a Games,
    world: Arc<World>,
    free: Vec<Totals>,
    seed: u64,
}

impl<'a> Table<'a> {
    /// The world of a seed, and what `noises` episodes of it come to without any spending.
    fn new(games: &'a Games, seed: u64, noises: u64) -> Self {
        let world = World::draw(&games.scenario, Seeds::numbered(Domain::Evaluate, seed, 0).world);
        let free = each(games, (0..noises).collect(), |noise| {
            incremental::without_spend(&world, noise_seed(seed, noise))
        });
        Self { games, world, free, seed }
    }

    /// All noises of one participant; what is kept of them is not played.
    fn play(
        &self,
        participant: &Participant,
        kept: Vec<Option<Outcome>>,
        failed: &AtomicU64,
        stop: &(dyn Fn() -> bool + Sync),
        finished: &(dyn Fn() + Sync),
    ) -> Vec<Option<Result<Outcome, String>>> {
        // A plan knows the world and not the noise, so one plan serves all noises.
        let start = Instant::now();
        let plan = if kept.contains(&None) && !stop() { self.plan(participant) } else { None };
        let planning = start.elapsed() / u32::try_from(self.games.noises).unwrap_or(u32::MAX);
        let planning = plan.as_ref().map_or(Duration::ZERO, |_| planning);
        let play = |(noise, kept): (u64, Option<Outcome>)| {
            if let Some(outcome) = kept {
                return Some(Ok(outcome));
            }
            let absent = matches!(participant.player, Player::Absent(_));
            if absent || stop() || self.seed > failed.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = guarded(|| {
                let plan = plan.as_ref().map(|plan| plan.as_deref().map_err(Clone::clone)).transpose()?;
                let decider = self.decider(participant, plan, noise)?;
                self.episode(decider, noise, planning)
            });
            match (&outcome, &self.games.store) {
                (Ok(outcome), Some(store)) => store.keep(participant, self.games.agent_seed, outcome),
                (Err(_), _) => _ = failed.fetch_min(self.seed, Ordering::Relaxed),
                _ => {}
            }
            finished();
            Some(outcome.map_err(|error| format!("{error} (seed {})", self.seed)))
        };
        each(self.games, (0..).zip(kept).collect(), play)
    }

    /// `[steps]` what an oracle plans; nothing for others.
    fn plan(&self, participant: &Participant) -> Option<Result<Vec<Allocation>, String>> {
        let Player::Inside(Entrant::Oracle(oracle)) = &participant.player else { return None };
        let seed = self.agent_seed(participant, 0);
        Some(guarded(|| Ok(oracle.plan(&self.world, seed))))
    }

    /// Who answers in one episode.
    fn decider<'b>(
        &self,
        participant: &Participant,
        plan: Option<&'b [Allocation]>,
        noise: u64,
    ) -> Result<Decider<'b>, String> {
        let seed = self.agent_seed(participant, noise);
        let brief = &self.games.scenario.brief;
        match (&participant.player, plan) {
            (Player::Inside(Entrant::Agent(recipe)), _) => {
                Ok(Decider::Agent(started(recipe.make(seed), brief)))
            }
            (Player::Outside(program), _) => Ok(Decider::Process(program.start(brief, seed)?)),
            (Player::Inside(Entrant::Oracle(_)), Some(plan)) => Ok(Decider::Plan(plan)),
            (Player::Inside(Entrant::Oracle(_)), None) => Err("it was not asked for a plan".into()),
            (Player::Absent(why), _) => Err(why.clone()),
        }
    }

    /// Plays an episode to its end; returns it with the time spent deciding and the number of decisions.
    fn run(
        &self,
        mut decider: Decider<'_>,
        noise: u64,
        mut turned: Option<&mut Turned<'_>>,
        seen: &mut dyn FnMut(&Episode, &Allocation),
    ) -> Result<(Episode, Duration, usize), String> {
        let mut episode = Episode::new(Arc::clone(&self.world), noise_seed(self.seed, noise));
        let (mut deciding, mut decisions) = (Duration::ZERO, 0);
        while !episode.is_over() {
            let start = Instant::now();
            let step = episode.observation().step;
            if let Some(turned) = turned.as_ref().filter(|turned| turned.turn.at == step) {
                episode.add_to_budget(turned.turn.more);
            }
            let at_step = |error| format!("{error}, at step {step}");
            let mut allocation = decider.decide(episode.observation()).map_err(at_step)?;
            if let Some(turned) = &mut turned {
                turned.apply(episode.observation(), &mut allocation).map_err(at_step)?;
            }
            deciding += start.elapsed();
            decisions += 1;
            episode.step(&allocation);
            seen(&episode, &allocation);
        }
        Ok((episode, deciding, decisions))
    }

    fn episode(&self, decider: Decider<'_>, noise: u64, planning: Duration) -> Result<Outcome, String> {
        let (world, brief) = (&self.world, &self.games.scenario.brief);
        let noise_seed = noise_seed(self.seed, noise);
        let (episode, deciding, decisions) = self.run(decider, noise, None, &mut |_, _| ())?;
        let ledger = episode.ledger();
        let without = if self.games.truth {
            let record = Record::of(ledger);
            each(self.games, (0..brief.lines.len()).collect(), |line| {
                incremental::without_line(world, noise_seed, &record, line)
            })
        } else {
            Vec::new()
        };
        Ok(Outcome {
            seed: self.seed,
            noise,
            totals: Totals::of(world, ledger),
            free: self.free[noise as usize],
            spend: ledger.cash(),
            return_on_spend: ledger.return_on_spend(),
            violations: ledger.violations(&brief.limits),
            relaxations: ledger.relaxations,
            lines: (0..brief.lines.len()).map(|line| ledger.line(line)).collect(),
            without,
            flow: episode.flow(),
            conduct: conduct(&self.games.scenario, ledger),
            days_to_pass: self.games.scenario.brief.aim.days_to_pass(ledger),
            standing: episode.standing(),
            deciding: planning + deciding,
            decisions,
        })
    }

    /// The seed of an agent's own randomness: it follows from the number of the seed, not from what that draws.
    fn agent_seed(&self, participant: &Participant, noise: u64) -> u64 {
        Key::new(self.games.agent_seed)
            .with_name("agent")
            .with(self.seed)
            .with(noise)
            .with_name(&participant.agent)
            .bits()
    }
}

/// Who answers observations in one episode.
enum Decider<'a> {
    Agent(Box<dyn Agent>),
    Plan(&'a [Allocation]),
    Process(Process),
}

impl Decider<'_> {
    fn decide(&mut self, observation: &Observation) -> Result<Allocation, String> {
        match self {
            Self::Agent(agent) => Ok(agent.decide(observation)),
            Self::Plan(plan) => Ok(plan.get(observation.step).cloned().unwrap_or_default()),
            Self::Process(process) => process.decide(observation),
        }
    }
}

/// A turn, and who takes over in this episode.
struct Turned<'a> {
    turn: &'a Turn<'a>,
    successor: Option<Decider<'a>>,
}

impl Turned<'_> {
    /// From the turn on, puts what is other into what the first agent decided.
    fn apply(&mut self, observation: &Observation, allocation: &mut Allocation) -> Result<(), String> {
        let successor = self.successor.as_mut().map(|successor| successor.decide(observation)).transpose()?;
        if observation.step >= self.turn.at {
            if let Some(successor) = successor {
                *allocation = successor;
            }
            (self.turn.edit)(observation.step, allocation);
        }
        Ok(())
    }
}

fn started(mut agent: Box<dyn Agent>, brief: &Brief) -> Box<dyn Agent> {
    agent.start(brief);
    agent
}

/// An agent that panics has failed; the others go on.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("it panicked: {}", text.unwrap_or("without a message")))
    })
}
