//! What a report needs and a comparison does not keep: an agent's season step by step, and the same season with less
//! money on one line.

use outlay_environment::{Domain, Episode, Money, Seeds, World};
use rayon::prelude::*;

use crate::episodes::{self, Games, Participant};
use crate::incremental::{Record, Totals};
use crate::interrupt;
use crate::statistics;

/// Quarters of its money that a line is left with, from none to all.
const QUARTERS: i64 = 4;

/// `[5]` a line's spend, and what everything came to.
type Quarters = Vec<(Money, Totals)>;

/// An agent's season, over all episodes.
pub(super) struct Course {
    /// `[steps, lines]` mean spend, minor units.
    pub(super) spend: Vec<Vec<f64>>,
    /// `[steps]` mean money that has left the budget by the end of the step, minor units.
    pub(super) spent: Vec<f64>,
    /// `[steps]` the goal reached by the end of the step: mean, tenth and ninetieth percentile.
    pub(super) score: Vec<[f64; 3]>,
}

/// What one line's money does, all else being as it was; means over all episodes.
pub(super) struct Response {
    /// `[5]` the line's spend with none, a quarter, a half, three quarters and all of what it was granted, minor units.
    pub(super) spend: [f64; QUARTERS as usize + 1],
    /// `[5]` what that causes of the goal: the run less the same run with the line at zero.
    pub(super) score: [f64; QUARTERS as usize + 1],
    /// `[5]` what it causes in the value of orders, minor units.
    pub(super) revenue: [f64; QUARTERS as usize + 1],
}

impl Response {
    /// Value of orders caused per unit of spend, by all of the line's money and by its last quarter alone.
    pub(super) fn returns(&self) -> [Option<f64>; 2] {
        const LAST: usize = QUARTERS as usize;
        let between = |from: usize| {
            let spend = self.spend[LAST] - self.spend[from];
            (spend > 0.0).then(|| (self.revenue[LAST] - self.revenue[from]) / spend)
        };
        [between(0), between(LAST - 1)]
    }
}

/// One episode as it went.
struct Season {
    seed: u64,
    noise: u64,
    spend: Vec<Vec<Money>>,
    spent: Vec<Money>,
    score: Vec<f64>,
    record: Record,
    end: Totals,
}

/// Every season of one agent, by seed and noise; nothing after an interrupt.
pub(super) struct Seasons(Vec<Season>);

impl Seasons {
    /// Plays them.
    pub(super) fn play(participant: &Participant, games: &Games) -> Result<Option<Self>, String> {
        let episodes: Vec<(u64, u64)> =
            games.seeds.clone().flat_map(|seed| (0..games.noises).map(move |noise| (seed, noise))).collect();
        let play = |(seed, noise): (u64, u64)| -> Result<Option<Season>, String> {
            if interrupt::requested() {
                return Ok(None);
            }
            let (mut spent, mut score, mut last) = (Vec::new(), Vec::new(), None);
            episodes::watch(participant, games, seed, noise, &mut |episode, _| {
                let ledger = episode.ledger();
                spent.push(ledger.cash());
                score.push(games.scenario.score(ledger));
                if episode.is_over() {
                    let steps = 0..ledger.steps();
                    let spend = steps.map(|step| ledger.step(step).iter().map(|row| row.spend).collect());
                    last = Some((spend.collect(), Record::of(ledger), Totals::of(episode.world(), ledger)));
                }
            })
            .map_err(|error| format!("{error} (seed {seed})"))?;
            Ok(last.map(|(spend, record, end)| Season { seed, noise, spend, spent, score, record, end }))
        };
        let seasons: Vec<Option<Season>> =
            episodes.into_par_iter().map(play).collect::<Result<_, String>>()?;
        Ok(seasons.into_iter().collect::<Option<Vec<Season>>>().map(Self))
    }

    /// How they went.
    pub(super) fn course(&self) -> Course {
        let steps = self.0.iter().map(|season| season.spent.len()).min().unwrap_or_default();
        let lines = self.0.first().and_then(|season| season.spend.first()).map_or(0, Vec::len);
        let mean = |of: &dyn Fn(&Season) -> f64| statistics::mean(&self.each(of));
        let spend = |step: usize| -> Vec<f64> {
            (0..lines).map(|line| mean(&|season| season.spend[step][line].0 as f64)).collect()
        };
        let score = |step: usize| {
            let scores = self.each(&|season| season.score[step]);
            let quantile = |at| statistics::quantile(&scores, at);
            [statistics::mean(&scores), quantile(0.1), quantile(0.9)]
        };
        Course {
            spend: (0..steps).map(spend).collect(),
            spent: (0..steps).map(|step| mean(&|season| season.spent[step].0 as f64)).collect(),
            score: (0..steps).map(score).collect(),
        }
    }

    /// `[lines]` what each line's money does; nothing after an interrupt.
    pub(super) fn responses(&self, games: &Games) -> Option<Vec<Response>> {
        let lines = games.scenario.brief.lines.len();
        // `[episodes][lines][quarters]` the line's spend and everything's totals.
        let found: Option<Vec<Vec<Quarters>>> = (self.0.par_iter())
            .map(|season| {
                let seeds = Seeds::numbered(Domain::Evaluate, season.seed, season.noise);
                let numbered = Seeds::numbered(Domain::Evaluate, season.seed, 0);
                let world = World::draw(&games.scenario, numbered.world);
                (0..lines).into_par_iter().map(|line| season.quarters(&world, seeds.noise, line)).collect()
            })
            .collect();
        let found = found?;
        let response = |line: usize| {
            let mean = |quarter: usize, of: &dyn Fn(&(Money, Totals)) -> f64| {
                let values: Vec<f64> = found.iter().map(|episode| of(&episode[line][quarter])).collect();
                statistics::mean(&values)
            };
            let score = |quarter| mean(quarter, &|(_, totals)| totals.score);
            let revenue = |quarter| mean(quarter, &|(_, totals)| totals.revenue.0 as f64);
            Response {
                spend: std::array::from_fn(|quarter| mean(quarter, &|(spend, _)| spend.0 as f64)),
                score: std::array::from_fn(|quarter| score(quarter) - score(0)),
                revenue: std::array::from_fn(|quarter| revenue(quarter) - revenue(0)),
            }
        };
        Some((0..lines).map(response).collect())
    }

    fn each(&self, of: &dyn Fn(&Season) -> f64) -> Vec<f64> {
        self.0.iter().map(of).collect()
    }
}

impl Season {
    /// The season with the line at none of its money, at a quarter of it, and so on to all.
    fn quarters(&self, world: &std::sync::Arc<World>, noise: u64, line: usize) -> Option<Quarters> {
        let at = |quarter: i64| {
            if interrupt::requested() {
                return None;
            }
            if quarter == QUARTERS {
                return Some((self.spend.iter().map(|step| step[line]).sum(), self.end));
            }
            let mut record = self.record.clone();
            for step in &mut record.granted {
                step[line] = Money(step[line].0 * quarter / QUARTERS);
            }
            let mut episode = Episode::new(std::sync::Arc::clone(world), noise);
            record.replay(&mut episode, |_| true);
            Some((episode.ledger().line(line).spend, Totals::of(world, episode.ledger())))
        };
        (0..=QUARTERS).map(at).collect()
    }
}
