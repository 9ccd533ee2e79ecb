//! What a run learns on: scenarios, each with its planner and its worlds of validation, and who is played when.

use std::ops::Range;
use std::sync::Arc;

use outlay_environment::{Domain, Key, Scenario, Seeds, World};
use rayon::prelude::*;

use super::promise::margin;
use super::ranks::{Item, Numbers, Ranks, RanksError, divide};
use super::risk::tail_mean;
use super::settings::TrainSettings;
use crate::agent::{Recipe, play};
use crate::policy::{LearnedPolicy, Policy, planner};

/// Decisions of an episode of the shipped season: what the number of worlds is measured in where seasons differ.
const SEASON: usize = 32;

/// A scenario to learn on.
#[derive(Clone)]
pub(super) struct Task {
    /// As it is judged.
    pub(super) full: Arc<Scenario>,
    /// With fewer shoppers, as it is trained on.
    pub(super) small: Arc<Scenario>,
    /// Who shows the way there, where somebody is asked; of the small and of the full scenario, because a planner knows
    /// how many people a shopper stands for.
    planners: [Option<Arc<dyn Recipe>>; 2],
    /// Episodes in an iteration that plays it.
    pub(super) episodes: usize,
    /// The worlds of every validation, with their noise.
    worlds: Vec<(Arc<World>, u64)>,
    /// Share of them, the worst, whose mean score counts; none: all.
    risk: Option<f64>,
}

/// Tries a policy in each of these tasks on the validation worlds, without action noise and before the last draws of each
/// step: less noise in the choice. What is learned is judged whole: how far it leaves its guide in a scenario is found out
/// when it is played.
pub(super) fn tried(tasks: &[Task], policy: &Policy, ranks: &dyn Ranks) -> Result<Vec<Trial>, RanksError> {
    let policy = Arc::new(policy.clone());
    let player = |task: &Task| LearnedPolicy::new(policy.clone(), task.judged()).with_share(1.0);
    let players: Vec<LearnedPolicy> = tasks.iter().map(player).collect();
    let places: Vec<(usize, usize)> = tasks
        .iter()
        .enumerate()
        .flat_map(|(task, of)| (0..of.worlds.len()).map(move |world| (task, world)))
        .collect();
    let mut played = vec![Played::default(); places.len()];
    divide(ranks, &mut played, |index, played| {
        let (task, place) = places[index];
        let (world, noise) = &tasks[task].worlds[place];
        let episode = play(&mut *players[task].make(0), world, *noise);
        let margin = margin(&world.scenario, episode.ledger());
        *played = Played { score: world.scenario.expected(episode.ledger()), margin };
    })?;
    let mut played = played.into_iter();
    Ok(tasks.iter().map(|task| task.trial(played.by_ref().take(task.worlds.len()))).collect())
}

/// The share of worlds that keep every soft limit in the task where fewest do; tasks without any keep them all.
pub(super) fn least_kept(trials: &[Trial]) -> f64 {
    trials.iter().map(|trial| trial.kept).fold(1.0, f64::min)
}

/// `[tasks]` scores.
pub(super) fn scores(trials: &[Trial]) -> Vec<f64> {
    trials.iter().map(|trial| trial.score).collect()
}

/// What a policy reached on one world of a validation.
#[derive(Debug, Clone, Copy, Default)]
struct Played {
    score: f64,
    margin: f64,
}

impl Item for Played {
    fn numbers(&mut self) -> Vec<Numbers<'_>> {
        [&mut self.score, &mut self.margin].map(|number| Numbers::Double(std::slice::from_mut(number))).into()
    }
}

/// What a policy reached on the worlds of a validation.
pub(super) struct Trial {
    /// Mean score, of the worst worlds where only they count.
    pub(super) score: f64,
    /// Share of the worlds in which it kept every soft limit.
    pub(super) kept: f64,
}

impl Task {
    /// `tasks` is how many share an iteration; only one that is `validated` has worlds of validation.
    pub(super) fn new(
        scenario: &Arc<Scenario>,
        settings: &TrainSettings,
        tasks: usize,
        validated: bool,
    ) -> Self {
        let small = scenario.at_training_size();
        let asked = settings.guided || settings.teacher_share > 0.0;
        let planners = [&small, scenario].map(|size| if asked { planner(size) } else { None });
        let judged = if settings.validate_full_size { scenario } else { &small };
        let group = settings.group;
        let share = settings.worlds * SEASON / tasks / scenario.brief.steps.max(1);
        let episodes = if tasks > 1 { (share / group).max(1) * group } else { settings.worlds };
        let worlds = if validated { worlds(judged, 0..settings.validate_worlds) } else { Vec::new() };
        Self { full: scenario.clone(), worlds, small, planners, episodes, risk: settings.risk }
    }

    /// Lets the planner study its scenario, which it does when it is first made. Scenarios do so side by side; in an episode,
    /// those beside it would wait for it.
    pub(super) fn study(&self, seed: u64) {
        self.planners.iter().flatten().for_each(|planner| drop(planner.make(seed)));
    }

    /// The scenario and the planner at one of the two sizes.
    pub(super) fn at(&self, full: bool) -> (&Arc<Scenario>, Option<&dyn Recipe>) {
        let size = if full { &self.full } else { &self.small };
        (size, self.planners[usize::from(full)].as_deref())
    }

    /// Decisions in an iteration that plays it.
    pub(super) fn steps(&self) -> u64 {
        (self.episodes * self.full.brief.steps) as u64
    }

    /// The same task, tried on other worlds of the *validate* domain.
    pub(super) fn on_worlds(&self, numbers: Range<u64>) -> Self {
        Self { worlds: worlds(self.judged(), numbers), ..self.clone() }
    }

    /// What comes of these worlds together.
    fn trial(&self, played: impl Iterator<Item = Played>) -> Trial {
        let (scores, kept): (Vec<f64>, Vec<bool>) =
            played.map(|played| (played.score, played.margin >= 0.0)).unzip();
        let share = kept.iter().filter(|kept| **kept).count() as f64 / kept.len().max(1) as f64;
        Trial { score: tail_mean(&scores, self.risk), kept: share }
    }

    /// The scenario of the validation worlds.
    pub(super) fn judged(&self) -> &Arc<Scenario> {
        self.worlds.first().map_or(&self.full, |(world, _)| &world.scenario)
    }
}

fn worlds(scenario: &Arc<Scenario>, numbers: Range<u64>) -> Vec<(Arc<World>, u64)> {
    let draw = |number: u64| {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        (World::draw(scenario, seeds.world), seeds.noise)
    };
    numbers.into_par_iter().map(draw).collect()
}

/// Who is played when, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schedule {
    /// Iterations of the run.
    pub(super) iterations: u64,
    /// Those at its start that follow a teacher.
    pub(super) taught: u64,
    /// The first in which the actor follows critics of actions, where there are any.
    pub(super) critics_alone: u64,
    /// The first on worlds of full size.
    pub(super) full_size_from: u64,
    /// Decisions of the run.
    pub(super) total: u64,
    /// Tasks of an iteration.
    together: usize,
    /// `[tasks]` decisions of each in an iteration.
    steps: Vec<u64>,
    seed: u64,
}

impl Schedule {
    pub(super) fn new(tasks: &[Task], settings: &TrainSettings) -> Self {
        let steps: Vec<u64> = tasks.iter().map(Task::steps).collect();
        let together = settings.scenarios.min(steps.len()).max(1);
        let round = (steps.iter().sum::<u64>() * together as u64 / steps.len().max(1) as u64).max(1);
        let iterations = settings.steps.div_ceil(round);
        let taught = if settings.guided { 0.0 } else { settings.teacher_share };
        let mut schedule = Self {
            iterations,
            taught: (taught * iterations as f64).ceil() as u64,
            critics_alone: settings
                .learner
                .sac()
                .map_or(0, |sac| (sac.critics_alone * iterations as f64).ceil() as u64),
            full_size_from: ((1.0 - settings.full_size_share) * iterations as f64).floor() as u64,
            total: 0,
            together,
            steps,
            seed: settings.seed,
        };
        schedule.total = (0..iterations).map(|iteration| schedule.steps(iteration)).sum();
        schedule
    }

    /// Places of the tasks of an iteration: each comes once in a round of all, in an order of its own each time.
    pub(super) fn tasks(&self, iteration: u64) -> Vec<usize> {
        let tasks = self.steps.len() as u64;
        let first = iteration * self.together as u64;
        (first..first + self.together as u64)
            .map(|place| self.order(place / tasks)[(place % tasks) as usize])
            .collect()
    }

    /// Decisions of an iteration.
    pub(super) fn steps(&self, iteration: u64) -> u64 {
        self.tasks(iteration).into_iter().map(|task| self.steps[task]).sum()
    }

    fn order(&self, round: u64) -> Vec<usize> {
        let key = Key::new(self.seed).with_name("tasks").with(round);
        let mut order: Vec<usize> = (0..self.steps.len()).collect();
        order.sort_by_key(|task| key.with(*task as u64).bits());
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_comes_once_in_a_round() {
        let scenarios = ["problems/p7-pacing-10-1", "problems/p7-pacing-30-5", "problems/p8-exploration-30"];
        let settings =
            TrainSettings { scenarios: 2, teacher_share: 0.0, steps: 100_000, ..TrainSettings::default() };
        let tasks: Vec<Task> = scenarios
            .iter()
            .map(|name| Task::new(&Scenario::load(name).unwrap(), &settings, 2, true))
            .collect();
        let schedule = Schedule::new(&tasks, &settings);
        for round in 0..5 {
            let mut played: Vec<usize> = (3 * round..3 * round + 3).flat_map(|k| schedule.tasks(k)).collect();
            played.sort_unstable();
            assert_eq!(played, [0, 0, 1, 1, 2, 2]);
        }
        let all: u64 = (0..schedule.iterations).map(|k| schedule.steps(k)).sum();
        assert_eq!(all, schedule.total);
        assert!(all.abs_diff(settings.steps) < 2 * schedule.steps(0) + schedule.steps(1));
    }
}
