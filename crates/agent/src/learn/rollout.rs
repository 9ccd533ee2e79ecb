//! Episodes side by side: the policy plays, buffers fill.

use std::cmp::Ordering;
use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Array4, ArrayViewMut1, ArrayViewMut2, ArrayViewMut3, Axis};
use outlay_environment::{Allocation, Domain, Episode, Key, Scenario, Seeds, World};
use rayon::prelude::*;

use super::promise::margin;
use super::ranks::{Item, Numbers, Ranks, RanksError, divide};
use crate::agent::{Agent, Recipe};
use crate::policy::{
    GLOBAL_FEATURES, GUIDED, Moments, Policy, Recurrent, Scratch, Sight, Sizes, TAUGHT, decide, logits,
};

/// What one iteration's episodes left behind.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[episodes, steps, lines, line features]` normalised.
    pub lines: Array4<f32>,
    /// `[episodes, steps, GLOBAL_FEATURES]` normalised.
    pub global: Array3<f32>,
    /// `[episodes, steps, logits]` sampled; see [`Policy::logits`].
    pub actions: Array3<f32>,
    /// `[episodes, steps, logits]` those of the planner's allocation in the same places, where one is asked: a teacher to
    /// come near to, or a guide to start from. Else 0.
    pub shown: Array3<f32>,
    /// `[episodes, steps]` log density of the sampled logits.
    pub log_probs: Array2<f32>,
    /// `[episodes, steps]` the critic's values, in the learner's units.
    pub values: Array2<f32>,
    /// `[episodes, steps]` expected score of the step, in the goal's units.
    pub rewards: Array2<f64>,
    /// `[episodes]` by how much each kept or, below 0, missed its soft limits; see [`margin`].
    pub margins: Array1<f64>,
}

/// Moments of the features as they were before normalising.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMoments {
    /// `[line features]`
    pub lines: Moments,
    /// `[GLOBAL_FEATURES]`
    pub global: Moments,
}

impl FeatureMoments {
    /// Nothing seen yet of what `policy` is shown.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let Sizes { line_features, global_features, .. } = policy.sizes;
        Self { lines: Moments::new(line_features), global: Moments::new(global_features) }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Self) {
        self.lines.merge(&other.lines);
        self.global.merge(&other.global);
    }
}

/// What to play.
#[derive(Clone, Copy)]
pub struct Rollout<'a> {
    /// At the size of the worlds to play.
    pub scenario: &'a Arc<Scenario>,
    /// Who plays.
    pub policy: &'a Policy,
    /// Of the run.
    pub seed: u64,
    /// Tells iterations apart: each has worlds of its own.
    pub iteration: u64,
    /// Episodes on one world and noise.
    pub group: usize,
    /// Shows what it would do at each step. A guided policy adds to that. Where it is a teacher, every second episode of a
    /// group follows it instead of the policy, so that the policy learns what to do both where the teacher leads and where it
    /// leads itself (DAgger, Ross et al. 2011).
    pub planner: Option<&'a dyn Recipe>,
    /// Plays the actions that stand in the batch again, instead of the policy's.
    pub again: bool,
}

/// One group of episodes, and the part of a batch that it fills.
struct Slot<'a> {
    rollout: &'a Rollout<'a>,
    /// Of its world, among all of the run.
    number: u64,
    seen: FeatureMoments,
    lines: ndarray::ArrayViewMut4<'a, f32>,
    global: ArrayViewMut3<'a, f32>,
    actions: ArrayViewMut3<'a, f32>,
    shown: ArrayViewMut3<'a, f32>,
    log_probs: ArrayViewMut2<'a, f32>,
    values: ArrayViewMut2<'a, f32>,
    rewards: ArrayViewMut2<'a, f64>,
    margins: ArrayViewMut1<'a, f64>,
}

impl Batch {
    /// Room for `episodes` episodes of a scenario.
    pub fn new(scenario: &Scenario, policy: &Policy, episodes: usize) -> Self {
        let (steps, lines) = (scenario.brief.steps, scenario.brief.lines.len());
        let logits = policy.logits(&scenario.brief);
        Self {
            lines: Array4::zeros((episodes, steps, lines, policy.sizes.line_features)),
            global: Array3::zeros((episodes, steps, GLOBAL_FEATURES)),
            actions: Array3::zeros((episodes, steps, logits)),
            shown: Array3::zeros((episodes, steps, logits)),
            log_probs: Array2::zeros((episodes, steps)),
            values: Array2::zeros((episodes, steps)),
            rewards: Array2::zeros((episodes, steps)),
            margins: Array1::zeros(episodes),
        }
    }

    /// Mean over the episodes of the expected score.
    pub fn mean_score(&self) -> f64 {
        self.rewards.sum() / self.rewards.nrows().max(1) as f64
    }

    /// Plays all episodes to their end. The result does not depend on how groups are spread over threads.
    pub fn fill(&mut self, rollout: &Rollout<'_>) -> FeatureMoments {
        let mut slots = self.slots(rollout);
        slots.par_iter_mut().for_each(Slot::play);
        seen(rollout.policy, &slots)
    }

    /// `[groups]` what is to be played.
    fn slots<'a>(&'a mut self, rollout: &'a Rollout<'a>) -> Vec<Slot<'a>> {
        let group = rollout.group;
        let groups = self.margins.len().div_ceil(group) as u64;
        self.lines
            .axis_chunks_iter_mut(Axis(0), group)
            .zip(self.global.axis_chunks_iter_mut(Axis(0), group))
            .zip(self.actions.axis_chunks_iter_mut(Axis(0), group))
            .zip(self.shown.axis_chunks_iter_mut(Axis(0), group))
            .zip(self.log_probs.axis_chunks_iter_mut(Axis(0), group))
            .zip(self.values.axis_chunks_iter_mut(Axis(0), group))
            .zip(self.rewards.axis_chunks_iter_mut(Axis(0), group))
            .zip(self.margins.axis_chunks_iter_mut(Axis(0), group))
            .zip(rollout.iteration * groups..)
            .map(
                |(
                    (((((((lines, global), actions), shown), log_probs), values), rewards), margins),
                    number,
                )| {
                    let seen = FeatureMoments::new(rollout.policy);
                    Slot {
                        rollout,
                        number,
                        seen,
                        lines,
                        global,
                        actions,
                        shown,
                        log_probs,
                        values,
                        rewards,
                        margins,
                    }
                },
            )
            .collect()
    }
}

/// Plays all episodes of these batches to their end, each process its part; `[batches]` what was seen.
pub(super) fn fill(
    batches: &mut [Batch],
    rollouts: &[Rollout<'_>],
    ranks: &dyn Ranks,
) -> Result<Vec<FeatureMoments>, RanksError> {
    let of_batches: Vec<Vec<Slot<'_>>> =
        batches.iter_mut().zip(rollouts).map(|(batch, rollout)| batch.slots(rollout)).collect();
    let ends: Vec<usize> = of_batches.iter().map(Vec::len).collect();
    let mut slots: Vec<Slot<'_>> = of_batches.into_iter().flatten().collect();
    divide(ranks, &mut slots, |_, slot| slot.play())?;
    let mut left = &slots[..];
    let mut seen_in = |(rollout, count): (&Rollout<'_>, usize)| {
        let (slots, behind) = left.split_at(count);
        left = behind;
        seen(rollout.policy, slots)
    };
    Ok(rollouts.iter().zip(ends).map(&mut seen_in).collect())
}

/// What the features of these groups were.
fn seen(policy: &Policy, slots: &[Slot<'_>]) -> FeatureMoments {
    let mut sum = FeatureMoments::new(policy);
    slots.iter().for_each(|slot| sum.merge(&slot.seen));
    sum
}

impl Item for Slot<'_> {
    fn numbers(&mut self) -> Vec<Numbers<'_>> {
        let Self { seen: FeatureMoments { lines, global }, .. } = self;
        let single = [
            self.lines.as_slice_mut(),
            self.global.as_slice_mut(),
            self.actions.as_slice_mut(),
            self.shown.as_slice_mut(),
            self.log_probs.as_slice_mut(),
            self.values.as_slice_mut(),
        ];
        let moments = [lines, global].into_iter().flat_map(|moments| {
            [std::slice::from_mut(&mut moments.count), &mut moments.sum, &mut moments.squares]
        });
        let double = [self.rewards.as_slice_mut(), self.margins.as_slice_mut()];
        // Batches are made in standard layout, so that their slices are always there.
        let single = single.into_iter().flatten().map(Numbers::Single);
        single.chain(double.into_iter().flatten().chain(moments).map(Numbers::Double)).collect()
    }
}

/// Seeds of training world `number` of a run.
fn seeds(run: u64, number: u64) -> Seeds {
    // Runs with other seeds learn on other worlds.
    Seeds::numbered(Domain::Train, Key::new(run).with_name("worlds").with(number).bits(), 0)
}

impl Slot<'_> {
    /// Plays the episodes of the group.
    fn play(&mut self) {
        let Self { rollout, number, .. } = *self;
        let seeds = seeds(rollout.seed, number);
        let world = World::draw(rollout.scenario, seeds.world);
        let mut player = Sampler::new(rollout);
        for member in 0..self.margins.len() {
            let key = Key::new(rollout.seed).with_name("actions").with(number).with(member as u64);
            let mut episode = Episode::new(world.clone(), seeds.noise);
            player.start(member);
            for step in 0..rollout.scenario.brief.steps {
                let record = Record {
                    lines: self.lines.index_axis_mut(Axis(0), member).index_axis_move(Axis(0), step),
                    global: self.global.index_axis_mut(Axis(0), member).index_axis_move(Axis(0), step),
                    actions: self.actions.index_axis_mut(Axis(0), member).index_axis_move(Axis(0), step),
                    shown: self.shown.index_axis_mut(Axis(0), member).index_axis_move(Axis(0), step),
                };
                let (log_prob, value) = player.act(&episode, key.with(step as u64), record, &mut self.seen);
                self.log_probs[[member, step]] = log_prob;
                self.values[[member, step]] = value;
                episode.step(&player.allocation);
                self.rewards[[member, step]] = rollout.scenario.reward(episode.ledger());
            }
            self.margins[member] = margin(rollout.scenario, episode.ledger());
        }
    }
}

/// Where one step is written.
struct Record<'a> {
    lines: ArrayViewMut2<'a, f32>,
    global: ArrayViewMut1<'a, f32>,
    actions: ArrayViewMut1<'a, f32>,
    shown: ArrayViewMut1<'a, f32>,
}

/// Plays with action noise.
struct Sampler<'a> {
    rollout: &'a Rollout<'a>,
    sight: Sight,
    recurrent: Recurrent,
    scratch: Scratch,
    allocation: Allocation,
    planner: Option<Box<dyn Agent>>,
    follows: bool,
}

impl<'a> Sampler<'a> {
    fn new(rollout: &'a Rollout<'a>) -> Self {
        Self {
            rollout,
            sight: Sight::default(),
            recurrent: Recurrent::default(),
            scratch: Scratch::default(),
            allocation: Allocation::of(vec![0.0; rollout.scenario.brief.lines.len()]),
            // A planner's own chance, if it takes any, is the same in every group.
            planner: rollout.planner.map(|recipe| recipe.make(rollout.seed)),
            follows: false,
        }
    }

    /// Forgets the episode before. `member` is the place of the new one in its group.
    fn start(&mut self, member: usize) {
        let brief = &self.rollout.scenario.brief;
        self.sight.start(brief);
        self.recurrent.start(self.rollout.policy, brief.lines.len());
        if let Some(planner) = &mut self.planner {
            planner.start(brief);
            self.follows = !self.rollout.policy.guided && member % 2 == 1;
        }
    }

    /// Decides one step into `allocation`; gives the log density of the sampled logits and the critic's value.
    fn act(
        &mut self,
        episode: &Episode,
        key: Key,
        to: Record<'_>,
        moments: &mut FeatureMoments,
    ) -> (f32, f32) {
        let Record { lines, global, actions, shown } = to;
        // Rows of a fresh array are contiguous, so none of these is ever missing.
        let (Some(lines), Some(global), Some(actions), Some(shown)) =
            (lines.into_slice(), global.into_slice(), actions.into_slice(), shown.into_slice())
        else {
            return (0.0, 0.0);
        };
        let (policy, brief) = (self.rollout.policy, &self.rollout.scenario.brief);
        let observation = episode.observation();
        if let Some(planner) = &mut self.planner {
            let plan = planner.decide(observation);
            let least = if policy.guided { GUIDED } else { TAUGHT };
            let shares = brief.lines.len() + 1;
            logits(brief, observation, policy.prefer, &plan.money, least, &mut shown[..shares]);
        }
        let guide: &[f32] = if policy.guided { shown } else { &[] };
        self.sight.read(policy.heads.as_deref(), brief, observation, guide, (&mut *lines, &mut *global));
        for line in lines.chunks_exact_mut(policy.sizes.line_features) {
            moments.lines.add(line);
            policy.line_normaliser.apply(line);
        }
        moments.global.add(global);
        policy.global_normaliser.apply(global);
        if self.rollout.again {
            decide(brief, observation, policy.prefer, actions, &mut self.allocation);
            return (0.0, 0.0);
        }
        let forward = policy.forward();
        let seen = self.recurrent.see(policy, lines);
        let value = forward.value(seen, global, &mut self.scratch);
        forward.logits(seen, global, &mut self.scratch, actions);
        actions.iter_mut().zip(guide).for_each(|(action, shown)| *action += shown);
        if self.follows {
            actions.copy_from_slice(shown);
        }
        let log_prob = sample(actions, brief.lines.len(), policy.log_std(), key);
        decide(brief, observation, policy.prefer, actions, &mut self.allocation);
        (log_prob, value)
    }
}

/// Adds noise to the mean logits in place; gives the log density of the result.
fn sample(logits: &mut [f32], lines: usize, [line, reserve, bid]: [f32; 3], key: Key) -> f32 {
    const HALF_LOG_TAU: f32 = 0.918_938_5;
    let mut log_prob = 0.0;
    for (index, logit) in logits.iter_mut().enumerate() {
        let log_std = match index.cmp(&lines) {
            Ordering::Less => line,
            Ordering::Equal => reserve,
            Ordering::Greater => bid,
        };
        let noise = key.with(index as u64).normal() as f32;
        *logit += libm::expf(log_std) * noise;
        log_prob -= 0.5 * noise * noise + log_std + HALF_LOG_TAU;
    }
    log_prob
}
