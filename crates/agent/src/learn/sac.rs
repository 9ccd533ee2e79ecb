//! Soft actor-critic (Haarnoja et al. 2018, "Soft actor-critic algorithms and applications"): twin critics of actions, a
//! temperature that is learned, and what departs from the paper because of where it is used.
//!
//! - The Gaussian over the logits is not squashed: [`crate::policy::money`] takes any logit, and is part of the environment.
//! - Its deviations are the policy's own two (of the lines, of the reserve), the same in every state. Hence the entropy is
//!   known exactly and is not sampled: log pi enters by its mean.
//! - At first the critics learn alone what the rest of a season brought. Targets that ask critics who know nothing would
//!   see no further than a step, and an actor that follows them spends everything at once.
//! - Features are normalised by what the first batch of the run measured, for good: what is remembered keeps its meaning.

use burn::tensor::{Device, Tensor, TensorData};
use outlay_environment::Key;
use rayon::prelude::*;

use super::adam::Adam;
use super::critics::{self, Critic, Seen};
use super::network::Network;
use super::ppo::{UpdateReport, clip_norm};
use super::replay::{Place, Played, Replay};
use super::settings::{Learner, SacSettings, TrainSettings};
use crate::backend;
use crate::policy::{GLOBAL_FEATURES, LINE_FEATURES, Policy};

/// Least decisions of a shard: with fewer, making its tensors costs more than a second thread saves.
const LEAST_SHARD: usize = 128;

/// What soft actor-critic keeps beside the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Sac {
    /// `[2 x parameters]` the twin critics.
    pub critics: Vec<f32>,
    /// `[2 x parameters]` what follows them slowly (Polyak averaging), and is asked for targets.
    pub targets: Vec<f32>,
    /// The critics' optimiser.
    pub adam: Adam,
    /// Logarithm of the temperature.
    pub log_temperature: f64,
    /// What was played.
    pub replay: Replay,
}

/// What the actor is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// Nothing yet: the critics learn alone.
    Wait,
    /// The teacher's logits, where one was asked.
    Imitate,
    /// What the critics think best.
    Value,
}

/// What an iteration brings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// Decisions that were played.
    pub(super) played: u64,
    pub(super) aim: Aim,
    pub(super) learning_rate: f64,
    /// Orders the draws.
    pub(super) key: Key,
}

/// Sums over the decisions of one shard.
struct Shard {
    critics: Vec<f32>,
    actor: Vec<f32>,
    /// Of the twin critics' squared errors; of the targets and of their squares.
    errors: f64,
    targets: [f64; 2],
}

impl Sac {
    /// Before the first step.
    #[must_use]
    pub fn new(settings: &TrainSettings, sac: &SacSettings) -> Self {
        let key = Key::new(settings.seed).with_name("critics");
        let twins = [0, 1].map(|twin| critics::initial(settings.width, key.with(twin)));
        let critics = twins.concat();
        Self {
            adam: Adam::new(critics.len(), settings.adam_epsilon),
            targets: critics.clone(),
            critics,
            log_temperature: sac.temperature.ln(),
            replay: Replay::new(sac.memory),
        }
    }

    /// Learns from the memory; the critics first, the actor as far as `turn` says.
    pub(super) fn update(
        &mut self,
        policy: &mut Policy,
        adam: &mut Adam,
        settings: &TrainSettings,
        turn: &Turn,
    ) -> UpdateReport {
        let Learner::Sac(sac) = &settings.learner else { return UpdateReport::default() };
        let Turn { played, aim, learning_rate, key } = *turn;
        let mut report = UpdateReport::default();
        let steps = ((played as f64 * sac.replay_ratio / sac.minibatch as f64) as u64).max(1);
        let (mut seen, mut actor_steps) = ([0.0; 2], 0.0_f64);
        for step in 0..steps {
            let key = key.with(step);
            let places = self.replay.sample(sac.minibatch, key.with_name("places"));
            let size = places.len().div_ceil(settings.shards).max(LEAST_SHARD);
            let moves = aim != Aim::Wait && step.is_multiple_of(sac.actor_every);
            // Places come in the order of their scenarios.
            let work: Vec<&[Place]> =
                places.chunk_by(|a, b| a.task == b.task).flat_map(|of_task| of_task.chunks(size)).collect();
            let learn = |(number, part): (usize, &[Place])| {
                let key = key.with_name("noise").with(number as u64);
                Minibatch { policy, state: self, settings, sac, total: places.len(), aim, moves, key }
                    .shard(part)
            };
            let shards: Vec<Shard> = work.into_par_iter().enumerate().map(learn).collect();
            let count = places.len().max(1) as f64;
            report.value_loss += shards.iter().map(|shard| shard.errors).sum::<f64>() / (2.0 * count);
            for (sum, which) in seen.iter_mut().zip(0..) {
                *sum += shards.iter().map(|shard| shard.targets[which]).sum::<f64>() / count;
            }
            let (mut critics, mut actor) = sum_in_order(shards);
            clip_norm(&mut critics, settings.gradient_norm);
            self.adam.step(&mut self.critics, critics, learning_rate);
            for (target, critic) in self.targets.iter_mut().zip(&self.critics) {
                *target += sac.blend * (critic - *target);
            }
            report.minibatches += 1;
            if !moves {
                continue;
            }
            actor_steps += 1.0;
            report.gradient_norm += clip_norm(&mut actor, settings.gradient_norm);
            adam.step(&mut policy.weights, actor, learning_rate);
            let [least, most] = settings.log_std_range;
            policy.weights[policy.layout.log_std()].iter_mut().for_each(|x| *x = x.clamp(least, most));
            if aim == Aim::Value {
                self.warm(policy, &places, sac);
            }
        }
        let count = report.minibatches.max(1) as f64;
        report.value_loss /= count;
        report.gradient_norm /= actor_steps.max(1.0);
        let variance = seen[1] / count - (seen[0] / count).powi(2);
        report.explained = 1.0 - report.value_loss / variance.max(1e-12);
        report
    }

    /// Moves the temperature against what the entropy has too much: J(alpha) = alpha (entropy - target), per logit.
    fn warm(&mut self, policy: &Policy, places: &[Place], sac: &SacSettings) {
        let [line, reserve, _] = policy.log_std().map(f64::from);
        let logits: usize = places.iter().map(|place| self.replay.at(*place).actions.dim().2).sum();
        let reserves = places.len() as f64;
        let lines = logits as f64 - reserves;
        let excess =
            (lines * line + reserves * reserve) / (logits.max(1) as f64) - f64::from(sac.target_log_std);
        self.log_temperature -= sac.temperature_rate * excess;
    }
}

/// Soft target of the twin critics: rewards, then the lesser of what the two say of the state that follows and the
/// action taken there, and what its entropy is worth. Nothing has worth after a season's end.
fn target(rewards: &[f32], gamma: f32, next: Option<[f32; 2]>, entropy_worth: f32) -> f32 {
    let follows = next.map_or(0.0, |[one, other]| one.min(other) + entropy_worth);
    rewards.iter().rev().fold(follows, |sum, reward| reward + gamma * sum)
}

/// What a shard of a minibatch learns from.
struct Minibatch<'a> {
    policy: &'a Policy,
    state: &'a Sac,
    settings: &'a TrainSettings,
    sac: &'a SacSettings,
    /// Decisions of the whole minibatch.
    total: usize,
    aim: Aim,
    /// Whether the actor takes this step.
    moves: bool,
    key: Key,
}

impl Minibatch<'_> {
    /// Gradients of both losses over `part`, decisions of one scenario. Both are taken at the same weights.
    fn shard(&self, part: &[Place]) -> Shard {
        let targets = self.targets(part);
        let device = backend::device().autodiff();
        let here = self.inputs(part, &device);
        let gradient = |loss: Tensor<1>| loss.sum().div_scalar(self.total as f64).backward();

        let seen = Seen::new(here.lines.clone(), here.global.clone(), here.actions.clone());
        let wanted: Tensor<1> = Tensor::from_data(TensorData::new(targets.clone(), [targets.len()]), &device);
        let twins = self.twins(&self.state.critics, true, &device);
        let errors = twins.each_ref().map(|critic| (critic.values(&seen) - wanted.clone()).square());
        let [one, other] = errors.clone();
        let mut gradients = gradient(one + other);
        let critics = twins.iter().flat_map(|critic| critic.gradients(&mut gradients)).collect();

        let layout = &self.policy.layout;
        let actor = match self.actor_loss(here, &device) {
            None => vec![0.0; layout.parameters()],
            Some((network, loss)) => network.gradients(layout, &mut gradient(loss)),
        };
        let errors = errors.map(|errors| values(errors).iter().map(|&x| f64::from(x)).sum::<f64>());
        let powers = [1, 2].map(|power| targets.iter().map(|&x| f64::from(x).powi(power)).sum());
        Shard { critics, actor, errors: errors.iter().sum(), targets: powers }
    }

    /// The actor's network and its loss for each decision: the distance from the teacher's logits, or what the lesser
    /// critic says against the action and the entropy.
    fn actor_loss(&self, here: Inputs, device: &Device) -> Option<(Network, Tensor<1>)> {
        if !self.moves {
            return None;
        }
        let network = Network::new(&self.policy.layout, &self.policy.weights, device);
        let [rows, logits] = here.actions.dims();
        let means = network.logits(here.lines.clone(), here.global.clone(), false);
        if self.aim == Aim::Imitate {
            let loss = (here.shown - means).square().sum_dim(1).reshape([rows]);
            return Some((network, loss));
        }
        let means = if self.policy.guided { means + here.shown } else { means };
        let log_std = network.log_std(logits - 1, false);
        let actions = means + log_std.clone().exp() * self.noise("here", [rows, logits], device);
        let seen = Seen::new(here.lines, here.global, actions);
        let twins = self.twins(&self.state.critics, false, device).map(|critic| critic.values(&seen));
        let [one, other] = twins;
        let entropy = log_std.sum_dim(1).reshape([1]).mul_scalar(self.temperature());
        let loss = (one.min_pair(other) + entropy).neg();
        Some((network, loss))
    }

    /// What the critics should say of each decision.
    fn targets(&self, part: &[Place]) -> Vec<f32> {
        let device = backend::device();
        let steps = |place: &Place| self.state.replay.at(*place).rewards.dim().1;
        // Before the actor moves there is nothing that whoever played would have to be corrected for.
        let horizon = if self.aim == Aim::Value { self.sac.horizon } else { usize::MAX };
        let later = |place: &Place| Place { step: place.step.saturating_add(horizon), ..*place };
        let goes_on: Vec<Place> = part.iter().map(later).filter(|place| place.step < steps(place)).collect();
        let (mut next, mut entropy_worth) = (Vec::new(), 0.0);
        if !goes_on.is_empty() {
            let there = self.inputs(&goes_on, &device);
            let network = Network::new(&self.policy.layout, &self.policy.weights, &device);
            let [rows, logits] = there.actions.dims();
            let means = network.logits(there.lines.clone(), there.global.clone(), false);
            let means = if self.policy.guided { means + there.shown } else { means };
            let deviations = network.log_std(logits - 1, false).exp();
            let actions = means + deviations * self.noise("there", [rows, logits], &device);
            let seen = Seen::new(there.lines, there.global, actions);
            let [one, other] =
                self.twins(&self.state.targets, false, &device).map(|critic| values(critic.values(&seen)));
            next = one.into_iter().zip(other).map(|(one, other)| [one, other]).collect();
            entropy_worth = (self.temperature() * entropy(self.policy.log_std(), logits - 1)) as f32;
        }
        let mut next = next.into_iter();
        let of = |place: &Place| {
            let end = later(place).step.min(steps(place));
            let played = self.state.replay.at(*place);
            let rewards: Vec<f32> =
                (place.step..end).map(|step| played.rewards[[place.episode, step]]).collect();
            let next = if later(place).step < steps(place) { next.next() } else { None };
            target(&rewards, self.settings.gamma, next, entropy_worth)
        };
        part.iter().map(of).collect()
    }

    fn temperature(&self) -> f64 {
        self.state.log_temperature.exp()
    }

    fn twins(&self, weights: &[f32], learns: bool, device: &Device) -> [Critic; 2] {
        let (one, other) = weights.split_at(weights.len() / 2);
        let Self { settings, sac, .. } = self;
        [one, other].map(|weights| Critic::new(settings.width, weights, sac.layer_norm, learns, device))
    }

    /// Standard normal draws.
    fn noise(&self, name: &str, [rows, logits]: [usize; 2], device: &Device) -> Tensor<2> {
        let key = self.key.with_name(name);
        let noise: Vec<f32> = (0..(rows * logits) as u64).map(|i| key.with(i).normal() as f32).collect();
        Tensor::from_data(TensorData::new(noise, [rows, logits]), device)
    }

    /// What was seen and played at these places of one scenario.
    fn inputs(&self, part: &[Place], device: &Device) -> Inputs {
        let replay = &self.state.replay;
        let logits = part.first().map_or(1, |place| replay.at(*place).actions.dim().2);
        let rows = part.len();
        let tensor = |from: &dyn Fn(&Played) -> Option<&[f32]>, shape: [usize; 2]| -> Tensor<2> {
            let width = shape[0] * shape[1] / rows.max(1);
            let mut values = Vec::with_capacity(shape[0] * shape[1]);
            for place in part {
                let played = replay.at(*place);
                let at = (place.episode * played.rewards.dim().1 + place.step) * width;
                // Batches are made in standard layout, so the slice is always there.
                values.extend_from_slice(&from(played).unwrap_or_default()[at..at + width]);
            }
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        Inputs {
            lines: tensor(&|played| played.lines.as_slice(), [rows * (logits - 1), LINE_FEATURES]),
            global: tensor(&|played| played.global.as_slice(), [rows, GLOBAL_FEATURES]),
            actions: tensor(&|played| played.actions.as_slice(), [rows, logits]),
            shown: tensor(&|played| played.shown.as_slice(), [rows, logits]),
        }
    }
}

/// Decisions as tensors: `[rows x lines, LINE_FEATURES]`, `[rows, GLOBAL_FEATURES]`, twice `[rows, lines + 1]`.
struct Inputs {
    lines: Tensor<2>,
    global: Tensor<2>,
    actions: Tensor<2>,
    shown: Tensor<2>,
}

fn values(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap_or_default()
}

/// Entropy of the Gaussian over the logits, nats.
fn entropy([line, reserve, _]: [f32; 3], lines: usize) -> f64 {
    let log_std = lines as f64 * f64::from(line) + f64::from(reserve);
    log_std + 0.5 * (lines + 1) as f64 * (std::f64::consts::TAU.ln() + 1.0)
}

/// Adds the shards' gradients one after another, so that the sum does not depend on which was ready first.
fn sum_in_order(shards: Vec<Shard>) -> (Vec<f32>, Vec<f32>) {
    let mut shards = shards.into_iter().map(|shard| (shard.critics, shard.actor));
    let (mut critics, mut actor) = shards.next().unwrap_or_default();
    let add = |to: &mut Vec<f32>, part: Vec<f32>| to.iter_mut().zip(part).for_each(|(to, part)| *to += part);
    for (of_critics, of_actor) in shards {
        add(&mut critics, of_critics);
        add(&mut actor, of_actor);
    }
    (critics, actor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Untrained;

    /// Two rewards of 1 and 2 at a discount of 1/2, then critics that say 8 and 6, and entropy worth 1/4:
    /// 1 + 1/2 (2 + 1/2 (6 + 1/4)) = 3.5625. After the end of a season there is nothing: 1 + 1/2 x 2 = 2.
    #[test]
    fn the_lesser_of_the_twins_makes_the_target() {
        assert!((target(&[1.0, 2.0], 0.5, Some([8.0, 6.0]), 0.25) - 3.5625).abs() < 1e-6);
        assert!((target(&[1.0, 2.0], 0.5, Some([6.0, 8.0]), 0.25) - 3.5625).abs() < 1e-6);
        assert!((target(&[1.0, 2.0], 0.5, None, 0.25) - 2.0).abs() < 1e-6);
    }

    /// A standard normal logit has (1 + ln 2 pi) / 2 nats; twice the deviation is ln 2 more.
    #[test]
    fn entropy_has_the_closed_form() {
        let standard = 1.418_938_533;
        assert!((entropy([0.0; 3], 4) - 5.0 * standard).abs() < 1e-6);
        let two = std::f32::consts::LN_2;
        assert!((entropy([two, 0.0, 0.0], 4) - 5.0 * standard - 4.0 * f64::from(two)).abs() < 1e-6);
    }

    /// Too much entropy makes it cheaper, too little dearer.
    #[test]
    fn the_temperature_leads_to_the_target() {
        let settings = TrainSettings { width: 4, ..TrainSettings::default() };
        let sac = SacSettings { target_log_std: -1.0, temperature_rate: 0.1, ..SacSettings::default() };
        let mut state = Sac::new(&settings, &sac);
        state.replay.push(Played::of_actions(0, 0, ndarray::Array3::zeros((1, 1, 4))));
        let places = state.replay.sample(3, Key::new(1));
        let policy =
            |log_std| Policy::untrained(&Untrained { width: 4, seed: 1, log_std, ..Untrained::default() });
        let before = state.log_temperature;
        state.warm(&policy(-0.5), &places, &sac);
        assert!((state.log_temperature - (before - 0.05)).abs() < 1e-6);
        state.warm(&policy(-1.5), &places, &sac);
        assert!((state.log_temperature - before).abs() < 1e-6);
    }
}
