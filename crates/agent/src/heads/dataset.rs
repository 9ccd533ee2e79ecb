//! What the heads learn from and are judged on: every line in every step of an episode that showed anything to anybody.
//!
//! Labels are what the reports finally say. Clicks, engagements, carts and joins are told in the step of the impressions;
//! a credited order belongs to the step of the click that it is credited to (转化按点击归属), as platforms show it once
//! their window has passed, here at the end of the episode.

use std::sync::Arc;

use outlay_environment::{Brief, Episode, Key, Ledger, LineReport, Scenario, Seeds, World};
use rayon::prelude::*;

use super::{Counts, Inputs, Seen};
use crate::agent::Recipe;
use crate::policy::{Features, GLOBAL_FEATURES, LINE_FEATURES};

/// Lines in steps with impressions, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Examples {
    /// `[rows, INPUTS]` not normalised.
    pub inputs: Vec<f32>,
    /// `[rows]` what came of the step.
    pub counts: Vec<Counts>,
    /// `[rows]` what the line's reports had said of all steps before, some of it late.
    pub before: Vec<Counts>,
}

impl Examples {
    /// Adds the rows of another.
    pub fn append(&mut self, mut other: Self) {
        self.inputs.append(&mut other.inputs);
        self.counts.append(&mut other.counts);
        self.before.append(&mut other.before);
    }

    /// Sums over all rows.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.counts.iter().for_each(|counts| total.add(counts));
        total
    }
}

/// A scenario, at the size of the worlds to play, and who plays it.
pub struct Play {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Who plays; what they buy is what the heads see.
    pub players: Vec<Box<dyn Recipe>>,
}

/// Plays episodes, each with the player in this place, and takes what each showed. The rows do not depend on how episodes
/// are spread over threads. A world without shoppers gives none.
#[must_use]
pub fn gather(play: &Play, episodes: &[(Seeds, usize)]) -> Examples {
    let played: Vec<Option<Examples>> = episodes
        .par_iter()
        .map(|(seeds, place)| {
            play.players.get(*place).and_then(|player| rows(&play.scenario, &**player, *seeds))
        })
        .collect();
    let mut all = Examples::default();
    played.into_iter().flatten().for_each(|examples| all.append(examples));
    all
}

/// One episode.
fn rows(scenario: &Arc<Scenario>, player: &dyn Recipe, seeds: Seeds) -> Option<Examples> {
    let brief: &Brief = &scenario.brief;
    let (steps, lines) = (brief.steps, brief.lines.len());
    let mut episode = Episode::with_journal(World::draw(scenario, seeds.world), seeds.noise);
    episode.journal()?;
    let mut agent = player.make(Key::new(seeds.world).with_name("player").bits());
    agent.start(brief);
    let mut features = Features::default();
    features.start(brief);
    let (mut own, mut global) = (vec![0.0; lines * LINE_FEATURES], vec![0.0; GLOBAL_FEATURES]);
    let inputs = Inputs::new(brief);
    let mut seen = Seen::default();
    seen.start(brief);
    let mut found = Examples::default();
    // `[rows]` step and line.
    let mut places = Vec::new();
    for step in 0..steps {
        let observation = episode.observation();
        features.read(observation, &[], &mut own, &mut global);
        seen.read(observation);
        let allocation = agent.decide(observation);
        episode.step(&allocation);
        for (line, row) in
            episode.ledger().step(step).iter().enumerate().filter(|(_, row)| row.impressions > 0)
        {
            let own = &own[line * LINE_FEATURES..(line + 1) * LINE_FEATURES];
            inputs.add(own, &global, row.granted.major(), &mut found.inputs);
            found.before.push(seen.lines[line]);
            places.push((step, line));
        }
    }
    found.counts = places.into_iter().map(|(step, line)| matured(&episode, step, line)).collect();
    Some(found)
}

/// What the reports finally say of a line's impressions in a step.
fn matured(episode: &Episode, step: usize, line: usize) -> Counts {
    let ledger: &Ledger = episode.ledger();
    let orders = episode.journal().map(|journal| journal.orders_by_click(step, line)).unwrap_or_default();
    let report = LineReport {
        orders: orders.orders,
        new_customers: orders.new_customers,
        ..LineReport::of(&ledger.step(step)[line])
    };
    let mut counts = Counts::of(&report);
    // Somebody may order twice after one click: where next to nobody was met that could be more than there were chances.
    counts.events.iter_mut().for_each(|events| *events = (*events).min(counts.impressions));
    counts
}

#[cfg(test)]
mod tests {
    use outlay_environment::Domain;

    use super::*;
    use crate::agent::Entrant;
    use crate::baselines::testing::scenario;
    use crate::entrant::entrant;
    use crate::heads::{Head, INPUTS};

    fn recipe(name: &str, scenario: &Arc<Scenario>) -> Box<dyn Recipe> {
        match entrant(name, scenario) {
            Ok(Entrant::Agent(recipe)) => recipe,
            _ => panic!("{name} is no agent"),
        }
    }

    #[test]
    fn rows_hold_every_impression_and_every_credited_order() {
        let scenario = scenario();
        let play = Play { players: vec![recipe("even", &scenario)], scenario: scenario.clone() };
        let seeds = Seeds::numbered(Domain::Train, 5, 0);
        let examples = gather(&play, &[(seeds, 0)]);
        let mut again = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
        let mut agent = play.players[0].make(0);
        agent.start(&scenario.brief);
        while !again.is_over() {
            let allocation = agent.decide(again.observation());
            again.step(&allocation);
        }
        let mut total = Counts::default();
        let lines = 0..scenario.brief.lines.len();
        lines.for_each(|line| total.add(&Counts::of(&LineReport::of(&again.ledger().line(line)))));
        assert_eq!(examples.total(), total);
        assert!(total.events.iter().all(|events| *events > 0), "{total:?}");
        assert_eq!(examples.inputs.len(), examples.counts.len() * INPUTS);
        // Nothing is known before the first step; in the last, what was reported of the steps before.
        assert_eq!(examples.before[0], Counts::default());
        let last = examples.before.last().unwrap();
        assert!(last.events[Head::Click as usize] > 0 && last.impressions < total.impressions);
    }

    #[test]
    fn a_world_without_shoppers_gives_nothing() {
        let scenario = Scenario::load("families/concave").unwrap();
        let play = Play { players: vec![recipe("even", &scenario)], scenario };
        assert_eq!(gather(&play, &[(Seeds::numbered(Domain::Train, 1, 0), 0)]), Examples::default());
    }
}
