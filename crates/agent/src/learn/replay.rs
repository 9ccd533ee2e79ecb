//! What an off-policy learner learns from: the latest episodes, whoever played them.

use std::collections::VecDeque;

use ndarray::{Array2, Array3, Array4};
use outlay_environment::Key;

use super::rollout::Batch;

/// Episodes of one scenario that were played in one iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// Place of the scenario in the run.
    pub task: usize,
    /// The iteration that played them.
    pub iteration: u64,
    /// `[episodes, steps, lines, LINE_FEATURES]` normalised.
    pub lines: Array4<f32>,
    /// `[episodes, steps, GLOBAL_FEATURES]` normalised.
    pub global: Array3<f32>,
    /// `[episodes, steps, logits]` that were played.
    pub actions: Array3<f32>,
    /// `[episodes, steps, logits]` of the planner, where one was asked; else 0.
    pub shown: Array3<f32>,
    /// `[episodes, steps]` in the learner's units.
    pub rewards: Array2<f32>,
}

/// One decision of the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Of its scenario in the run.
    pub task: usize,
    /// Of its episodes in the memory.
    pub played: usize,
    /// Of its episode among them.
    pub episode: usize,
    /// Of the decision in its episode.
    pub step: usize,
}

/// A bounded memory of whole batches of episodes; the oldest batch is forgotten first. It holds at most `capacity`
/// decisions, and always the newest batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    capacity: usize,
    played: VecDeque<Played>,
}

impl Played {
    /// What is kept of a batch. `scale` is how many units of the goal are one unit of reward.
    #[must_use]
    pub fn new(task: usize, iteration: u64, batch: &Batch, scale: f64) -> Self {
        Self {
            task,
            iteration,
            lines: batch.lines.clone(),
            global: batch.global.clone(),
            actions: batch.actions.clone(),
            shown: batch.shown.clone(),
            rewards: batch.rewards.mapv(|reward| (reward / scale) as f32),
        }
    }

    /// The actions alone: the rest comes back when they are played again.
    #[must_use]
    pub fn of_actions(task: usize, iteration: u64, actions: Array3<f32>) -> Self {
        let nothing = Array3::zeros((0, 0, 0));
        let (global, shown, rewards) = (nothing.clone(), nothing, Array2::zeros((0, 0)));
        Self { task, iteration, lines: Array4::zeros((0, 0, 0, 0)), global, actions, shown, rewards }
    }

    /// Number of decisions.
    #[must_use]
    pub fn decisions(&self) -> usize {
        let (episodes, steps, _) = self.actions.dim();
        episodes * steps
    }
}

impl Replay {
    /// An empty memory.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, played: VecDeque::new() }
    }

    /// Remembers, and forgets what no longer fits.
    pub fn push(&mut self, played: Played) {
        self.played.push_back(played);
        while self.played.len() > 1 && self.decisions() > self.capacity {
            self.played.pop_front();
        }
    }

    /// Number of decisions in memory.
    #[must_use]
    pub fn decisions(&self) -> usize {
        self.played.iter().map(Played::decisions).sum()
    }

    /// What is in memory, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Played> {
        self.played.iter()
    }

    /// The same, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Played> {
        self.played.iter_mut()
    }

    /// The episodes of a place.
    #[must_use]
    pub fn at(&self, place: Place) -> &Played {
        &self.played[place.played]
    }

    /// Draws `count` decisions, each as likely as any other, with replacement; in the order of their scenarios.
    /// Of an empty memory it draws nothing.
    #[must_use]
    pub fn sample(&self, count: usize, key: Key) -> Vec<Place> {
        let ends: Vec<usize> = self
            .played
            .iter()
            .scan(0, |end, played| {
                *end += played.decisions();
                Some(*end)
            })
            .collect();
        let total = ends.last().copied().unwrap_or(0);
        if total == 0 {
            return Vec::new();
        }
        let draw = |number: usize| {
            // A modulo of 64 bits favours no decision measurably.
            let at = (key.with(number as u64).bits() % total as u64) as usize;
            let played = ends.partition_point(|end| *end <= at);
            let of = &self.played[played];
            let (within, steps) = (at + of.decisions() - ends[played], of.actions.dim().1);
            Place { task: of.task, played, episode: within / steps, step: within % steps }
        };
        let mut places: Vec<Place> = (0..count).map(draw).collect();
        places.sort_unstable();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(task: usize, iteration: u64, episodes: usize, steps: usize) -> Played {
        Played::of_actions(task, iteration, Array3::zeros((episodes, steps, 2)))
    }

    #[test]
    fn draws_are_keyed_and_uniform_over_batches_of_all_sizes() {
        let mut replay = Replay::new(1000);
        replay.push(played(1, 0, 2, 5));
        replay.push(played(0, 0, 3, 10));
        replay.push(played(1, 1, 2, 5));
        assert_eq!(replay.decisions(), 50);
        let draw = |key: u64| replay.sample(20_000, Key::new(key));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mut counts = std::collections::BTreeMap::new();
        for place in draw(1) {
            assert_eq!(place.task, replay.at(place).task);
            *counts.entry((place.played, place.episode, place.step)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 50, "every decision is drawn");
        // 400 expected of each, with a standard deviation of 20: chi-squared with 49 degrees of freedom stays below 85
        // in all but one of a thousand keys.
        let chi_squared: f64 = counts.values().map(|count| (f64::from(*count) - 400.0).powi(2) / 400.0).sum();
        assert!(chi_squared < 85.0, "{chi_squared}");
    }

    #[test]
    fn forgets_the_oldest_batch_first_and_never_the_newest() {
        let mut replay = Replay::new(100);
        for iteration in 0..4 {
            replay.push(played(0, iteration, 4, 10));
        }
        assert_eq!(replay.iter().map(|played| played.iteration).collect::<Vec<_>>(), [2, 3]);
        replay.push(played(0, 4, 40, 10));
        assert_eq!(replay.iter().map(|played| played.iteration).collect::<Vec<_>>(), [4]);
        assert!(Replay::new(5).sample(3, Key::new(1)).is_empty());
    }
}
