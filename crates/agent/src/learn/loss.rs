//! The loss of proximal policy optimisation (Schulman et al. 2017) over a part of a minibatch, and its gradient.

use std::ops::Range;

use super::gradient::{BLOCK, Backward, Buffers, Inputs};
use super::ppo::Lesson;
use super::ranks::{Item, Numbers};
use super::recurrent::{Recall, Unit};
use super::settings::TrainSettings;
use crate::policy::Policy;

/// Sums over the transitions of one part of a minibatch, and room to find them.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// `[parameters]` gradient of the loss.
    pub(super) gradient: Vec<f32>,
    /// Divergence from the policy that played, nats.
    pub(super) kl: f64,
    /// Transitions whose probability ratio was clipped.
    pub(super) clipped: f64,
    /// Squared errors of the critic.
    pub(super) value_loss: f64,
    buffers: Buffers,
    recall: Recall,
    /// What a block of decisions was shown, and what the network says of it, with the gradients by that.
    lines: Vec<f32>,
    global: Vec<f32>,
    logits: Vec<f32>,
    by_logits: Vec<f32>,
    values: Vec<f32>,
    by_values: Vec<f32>,
}

impl Item for Shard {
    fn numbers(&mut self) -> Vec<Numbers<'_>> {
        let sums = [&mut self.kl, &mut self.clipped, &mut self.value_loss].map(std::slice::from_mut);
        let gradient = Numbers::Single(&mut self.gradient);
        std::iter::once(gradient).chain(sums.map(Numbers::Double)).collect()
    }
}

impl Shard {
    /// Room for the gradient by so many parameters.
    pub(super) fn new(parameters: usize) -> Self {
        Self { gradient: vec![0.0; parameters], ..Self::default() }
    }

    /// Learns from a part of a minibatch of `total` transitions: from the transitions `part`, or, with a policy that remembers,
    /// from all of the episodes `part`.
    pub(super) fn learn(
        &mut self,
        policy: &Policy,
        lesson: &Lesson,
        part: &[usize],
        total: usize,
        settings: &TrainSettings,
    ) {
        self.gradient.fill(0.0);
        (self.kl, self.clipped, self.value_loss) = (0.0, 0.0, 0.0);
        let unit = Unit::of(&policy.layout, &policy.weights);
        for block in part.chunks(BLOCK) {
            match unit {
                Some(unit) => self.learn_episodes(policy, unit, lesson, block, settings),
                None => {
                    let (_, _, count, features) = lesson.batch.lines.dim();
                    gather(block, lesson.batch.lines.as_slice(), count * features, &mut self.lines);
                    self.learn_block(policy, lesson, block, settings);
                }
            }
        }
        let share = 1.0 / total as f32;
        self.gradient.iter_mut().for_each(|gradient| *gradient *= share);
    }

    /// Steps of the episodes one after another, as they were played; then back from the last to the first.
    fn learn_episodes(
        &mut self,
        policy: &Policy,
        unit: Unit<'_>,
        lesson: &Lesson,
        episodes: &[usize],
        settings: &TrainSettings,
    ) {
        let (_, steps, count, features) = lesson.batch.lines.dim();
        let of_step = |step: usize| -> Vec<usize> { episodes.iter().map(|it| it * steps + step).collect() };
        self.recall.clear();
        for step in 0..steps {
            let lines = lesson.batch.lines.as_slice();
            append(&of_step(step), lines, count * features, self.recall.features());
        }
        unit.forth(steps, &mut self.recall);
        for step in 0..steps {
            unit.show(step, steps, &self.recall, &mut self.lines);
            self.learn_block(policy, lesson, &of_step(step), settings);
            self.recall.hear(self.buffers.by_memory());
        }
        unit.back(steps, &mut self.recall, &mut self.gradient);
    }

    /// Learns from some transitions; `self.lines` holds what the network was shown of their lines.
    fn learn_block(&mut self, policy: &Policy, lesson: &Lesson, block: &[usize], settings: &TrainSettings) {
        let network = Backward { layout: &policy.layout, weights: &policy.weights };
        let batch = &lesson.batch;
        let (count, logits) = (batch.lines.dim().2, batch.actions.dim().2);
        gather(block, batch.global.as_slice(), batch.global.dim().2, &mut self.global);
        let inputs = Inputs { decisions: block.len(), lines: &self.lines, global: &self.global };

        self.logits.resize(block.len() * logits, 0.0);
        self.by_logits.resize(block.len() * logits, 0.0);
        network.logits(inputs, &mut self.buffers, &mut self.logits);
        let actor = Actor::new(policy, lesson, settings, count);
        let rows = self.logits.chunks_exact(logits).zip(self.by_logits.chunks_exact_mut(logits));
        let by_log_std = &mut self.gradient[policy.layout.log_std()];
        for (index, (means, by_means)) in block.iter().zip(rows) {
            let moved = actor.back(*index, means, by_means, by_log_std);
            let ratio = f64::from(moved).exp();
            // (ratio - 1) - log ratio: unbiased and never below 0 (Schulman, "Approximating KL divergence", 2020).
            self.kl += ratio - 1.0 - f64::from(moved);
            self.clipped += f64::from(u8::from((ratio - 1.0).abs() > f64::from(settings.clip)));
        }
        network.logits_back(inputs, &mut self.buffers, &self.by_logits, &mut self.gradient);

        self.values.resize(block.len(), 0.0);
        self.by_values.resize(block.len(), 0.0);
        network.values(inputs, &mut self.buffers, &mut self.values);
        for ((index, value), by_value) in block.iter().zip(&self.values).zip(&mut self.by_values) {
            let error = value - lesson.targets[*index];
            self.value_loss += f64::from(error * error);
            *by_value = 2.0 * settings.value_weight * error;
        }
        network.values_back(inputs, &mut self.buffers, &self.by_values, &mut self.gradient);
    }
}

/// The actor's part of the loss, one decision at a time.
struct Actor<'a> {
    lesson: &'a Lesson,
    settings: &'a TrainSettings,
    guided: bool,
    /// Logits that share a deviation: of lines, of the reserve, of bids.
    groups: [Range<usize>; 3],
    log_std: [f32; 3],
}

impl<'a> Actor<'a> {
    fn new(policy: &Policy, lesson: &'a Lesson, settings: &'a TrainSettings, lines: usize) -> Self {
        let logits = lesson.batch.actions.dim().2;
        let groups = [0..lines, lines..lines + 1, lines + 1..logits];
        Self { lesson, settings, guided: policy.guided, groups, log_std: policy.log_std() }
    }

    /// Writes the gradient by the means of decision `index`, adds that by the log deviations, and gives the logarithm of the
    /// probability ratio.
    fn back(&self, index: usize, means: &[f32], by_means: &mut [f32], by_log_std: &mut [f32]) -> f32 {
        let TrainSettings { clip, anchor, entropy_weight, .. } = *self.settings;
        let batch = &self.lesson.batch;
        let step = (index / batch.rewards.ncols(), index % batch.rewards.ncols());
        let row = |of: &'a ndarray::Array3<f32>| {
            let row = of.as_slice().unwrap_or_default();
            &row[index * means.len()..(index + 1) * means.len()]
        };
        let (actions, shown) = (row(&batch.actions), row(&batch.shown));
        let guide = |place: usize| if self.guided { shown[place] } else { 0.0 };

        // Log density of a diagonal Gaussian, constant and all, because the old one has it too.
        let mut log_prob = -0.5 * std::f32::consts::TAU.ln() * means.len() as f32;
        for (group, log_std) in self.groups.iter().zip(self.log_std) {
            let precision = libm::expf(-log_std);
            for place in group.clone() {
                let noise = (actions[place] - means[place] - guide(place)) * precision;
                by_means[place] = noise;
                log_prob -= 0.5 * noise * noise + log_std;
            }
        }
        let moved = log_prob - batch.log_probs[step];
        let ratio = libm::expf(moved);
        let advantage = self.lesson.advantages[index];
        let kept = ratio.clamp(1.0 - clip, 1.0 + clip);
        // What is clipped no longer follows from the policy.
        let follows = ratio == kept || ratio * advantage < kept * advantage;
        let by_log_prob = if follows && !self.lesson.imitate { -ratio * advantage } else { 0.0 };

        for ((group, log_std), by_log_std) in self.groups.iter().zip(self.log_std).zip(by_log_std) {
            let precision = libm::expf(-log_std);
            for place in group.clone() {
                let noise = by_means[place];
                *by_log_std += by_log_prob * (noise * noise - 1.0) - entropy_weight;
                by_means[place] = by_log_prob * noise * precision;
                if self.lesson.imitate {
                    // A teacher is followed by least squares on the logits.
                    by_means[place] += 2.0 * (means[place] + guide(place) - shown[place]);
                }
                if self.guided {
                    by_means[place] += anchor * means[place] * precision * precision;
                }
            }
        }
        moved
    }
}

/// Rows of `width` numbers, in the order of `block`.
fn gather(block: &[usize], from: Option<&[f32]>, width: usize, to: &mut Vec<f32>) {
    to.clear();
    append(block, from, width, to);
}

/// As [`gather`], behind what is there. Batches are made in standard layout, so that their slices are always there.
fn append(block: &[usize], from: Option<&[f32]>, width: usize, to: &mut Vec<f32>) {
    let from = from.unwrap_or_default();
    for &index in block {
        to.extend_from_slice(&from[index * width..(index + 1) * width]);
    }
}

#[cfg(test)]
mod in_burn;
