//! The account of one episode: the agent's money replayed with the journal on, and again without some of its lines.

use std::sync::Arc;

use outlay_environment::market::journal::{Flow, Link, Orders, Outside};
use outlay_environment::{Domain, Episode, Journal, Key, LineRow, Money, STAGES, Seeds, Standing, World};
use rayon::prelude::*;

use crate::deeplink::shapley::{Coalition, Shapley};
use crate::episodes::{self, Games, Participant};
use crate::incremental::{self, Record, Totals};

/// One episode. `[sources]` are the lines, then free traffic.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Seed.
    pub(crate) seed: u64,
    /// Money spent.
    pub(crate) spend: Money,
    /// Limits that gave way to others.
    pub(crate) relaxations: u64,
    /// `[lines]` sums over the episode.
    pub(crate) lines: Vec<LineRow>,
    /// What the episode came to.
    pub(crate) totals: Totals,
    /// What it would have come to without any spending.
    pub(crate) free: Totals,
    /// `[lines]` what it would have come to with that line at zero.
    pub(crate) without: Vec<Totals>,
    /// Shapley values, where they were asked for.
    pub(crate) shapley: Option<LineShares>,
    /// What the shoppers did.
    pub(crate) people: People,
    /// The merchant's standing at the end, where it has a tier.
    pub(crate) standing: Option<Standing>,
    /// `[8]` people by stage at the end without any spending.
    pub(crate) free_closing: [u64; STAGES],
    /// `[8]` orders by opening stage without any spending.
    pub(crate) free_by_opening: [Orders; STAGES],
}

/// `[lines]` Shapley values.
#[derive(Debug, Clone)]
pub(crate) struct LineShares {
    pub(crate) orders: Vec<f64>,
    pub(crate) new_customers: Vec<f64>,
    /// Minor units.
    pub(crate) revenue: Vec<f64>,
    /// Whether every coalition was played.
    pub(crate) exact: bool,
}

/// The tables of a journal.
#[derive(Debug, Clone)]
pub(crate) struct People {
    pub(crate) stocks: Vec<[u64; STAGES]>,
    pub(crate) flow: Flow,
    pub(crate) moves: Vec<Flow>,
    pub(crate) ups_and_downs: Vec<[u64; 2]>,
    pub(crate) stays: Vec<Vec<u64>>,
    pub(crate) touches: Vec<u64>,
    pub(crate) reach: Vec<u64>,
    pub(crate) total_reach: [u64; 2],
    pub(crate) link: Link,
    pub(crate) outside: Vec<Outside>,
    pub(crate) by_last_touch: Vec<Orders>,
}

impl People {
    fn of(journal: &Journal) -> Self {
        Self {
            stocks: journal.stocks(),
            flow: journal.flow(),
            moves: journal.moves(),
            ups_and_downs: journal.ups_and_downs(),
            stays: journal.stays(),
            touches: journal.touches(),
            reach: journal.reach(),
            total_reach: journal.total_reach(),
            link: journal.link(),
            outside: journal.outside(),
            by_last_touch: journal.orders_by_last_touch(),
        }
    }
}

/// Plays one episode of a participant in a market of shoppers and takes account of it.
pub(crate) fn account(
    participant: &Participant,
    games: &Games,
    seed: u64,
    noise: u64,
    shapley: bool,
) -> Result<Account, String> {
    let (mut record, mut relaxations) = (None, 0);
    episodes::watch(participant, games, seed, noise, &mut |episode, _| {
        if episode.is_over() {
            record = Some(Record::of(episode.ledger()));
            relaxations = episode.ledger().relaxations;
        }
    })?;
    let record = record.ok_or("the episode did not end")?;
    let world = World::draw(&games.scenario, Seeds::numbered(Domain::Evaluate, seed, 0).world);
    let noise = Seeds::numbered(Domain::Evaluate, seed, noise).noise;

    // A recorded plan replays to the same bytes, now with somebody who writes down who was met.
    let episode = with_journal(&world, noise, &record, |_| true);
    let free = with_journal(&world, noise, &record, |_| false);
    let (Some(journal), Some(free_journal)) = (episode.journal(), free.journal()) else {
        return Err("there are no shoppers".to_owned());
    };
    let ledger = episode.ledger();
    let lines = 0..games.scenario.brief.lines.len();
    Ok(Account {
        seed,
        spend: ledger.cash(),
        relaxations,
        lines: lines.clone().map(|line| ledger.line(line)).collect(),
        totals: Totals::of(&world, ledger),
        free: Totals::of(&world, free.ledger()),
        without: lines
            .into_par_iter()
            .map(|line| incremental::without_line(&world, noise, &record, line))
            .collect(),
        shapley: shapley.then(|| shares(&world, noise, &record)),
        people: People::of(journal),
        standing: episode.standing(),
        free_closing: free.stages(),
        free_by_opening: free_journal.orders_by_opening_stage(),
    })
}

fn with_journal(world: &Arc<World>, noise: u64, record: &Record, keeps: fn(usize) -> bool) -> Episode {
    let mut episode = Episode::with_journal(Arc::clone(world), noise);
    record.replay(&mut episode, keeps);
    episode
}

/// Shapley values of the lines. Those that were granted nothing contribute nothing, and need not be played.
fn shares(world: &Arc<World>, noise: u64, record: &Record) -> LineShares {
    let lines = world.scenario.brief.lines.len();
    let funded = |line: &usize| record.granted.iter().any(|step| step[*line] > Money::ZERO);
    let players: Vec<usize> = (0..lines).filter(funded).collect();
    let shapley = Shapley::new(players.len(), Key::new(noise).with_name("shapley"));
    let coalitions: Vec<Coalition> = shapley.coalitions().into_iter().collect();
    let values: Vec<Totals> = coalitions
        .par_iter()
        .map(|coalition| {
            let joins =
                |line: usize| players.iter().zip(coalition).any(|(player, joins)| *player == line && *joins);
            incremental::with_lines(world, noise, record, joins)
        })
        .collect();
    let shares = |value: fn(&Totals) -> i64| {
        let of = |coalition: &Coalition| {
            let place = coalitions.binary_search(coalition);
            place.ok().and_then(|place| values.get(place)).map_or(0, value)
        };
        let mut by_line = vec![0.0; lines];
        for (line, share) in players.iter().zip(shapley.shares(of).values()) {
            by_line[*line] = share;
        }
        by_line
    };
    LineShares {
        orders: shares(|totals| totals.orders as i64),
        new_customers: shares(|totals| totals.new_customers as i64),
        revenue: shares(|totals| totals.revenue.0),
        exact: matches!(shapley, Shapley::Exact(_)),
    }
}
