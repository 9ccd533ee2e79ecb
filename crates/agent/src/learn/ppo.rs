//! Proximal policy optimisation: one iteration's update, in the order of the paper (Schulman et al. 2017).

use outlay_environment::Key;

use super::adam::Adam;
use super::loss::Shard;
use super::ranks::{Ranks, RanksError, divide};
use super::rollout::{Batch, FeatureMoments};
use super::settings::TrainSettings;
use super::without::{silence, silenced};
use crate::policy::Policy;

/// What the update of one iteration did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct UpdateReport {
    /// Mean Kullback-Leibler divergence from the policy that played, in nats, at the last minibatch.
    pub kl: f64,
    /// Share of transitions whose probability ratio was clipped.
    pub clip_fraction: f64,
    /// Mean squared error of the critic, in the learner's units.
    pub value_loss: f64,
    /// Norm of the gradient before clipping, mean over minibatches.
    pub gradient_norm: f64,
    /// Share of the variance of what the critic should have said that it explained.
    pub explained: f64,
    /// Gradient steps taken.
    pub minibatches: u64,
    /// Whether the iteration stopped early because the policy had moved far enough.
    pub stopped: bool,
}

/// What the update learns from: a batch of one scenario, and what the advantages made of it.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What was played.
    pub batch: Batch,
    /// `[episodes * steps]` standardised.
    pub advantages: Vec<f32>,
    /// `[episodes * steps]` what the critic should have said.
    pub targets: Vec<f32>,
    /// Share of the returns' variance that the critic explained.
    pub explained: f64,
    /// Moments of the features.
    pub seen: FeatureMoments,
    /// Whether the actor is to come near the teacher's logits, instead of following the advantages.
    pub imitate: bool,
}

/// Learns from one batch, each process from its shards. `key` orders the shuffles.
///
/// # Errors
///
/// Where the processes cannot go on together; [`super::Alone`] always can.
pub fn update(
    policy: &mut Policy,
    adam: &mut Adam,
    lessons: &[Lesson],
    settings: &TrainSettings,
    learning_rate: f64,
    key: Key,
    ranks: &dyn Ranks,
) -> Result<UpdateReport, RanksError> {
    let mut report = UpdateReport::default();
    let silenced = silenced(policy, &settings.without);
    // What is remembered is learned from whole episodes, everything else from transitions.
    let span = |lesson: &Lesson| if policy.sizes.memory > 0 { lesson.batch.rewards.ncols() } else { 1 };
    let spans: Vec<usize> = lessons.iter().map(span).collect();
    let mut orders: Vec<Vec<usize>> = lessons
        .iter()
        .zip(&spans)
        .map(|(lesson, span)| (0..lesson.advantages.len() / span).collect())
        .collect();
    let transitions: usize = lessons.iter().map(|lesson| lesson.advantages.len()).sum();
    let most = orders.iter().map(Vec::len).max().unwrap_or(1);
    let minibatches = (transitions / settings.minibatch).clamp(1, most.max(1));
    let mut shards: Vec<Shard> = Vec::new();
    'epochs: for epoch in 0..settings.epochs {
        for (order, place) in orders.iter_mut().zip(0..) {
            shuffle(order, key.with(epoch as u64).with(place));
        }
        for minibatch in 0..minibatches {
            // Every minibatch has its part of every lesson.
            let parts: Vec<&[usize]> =
                orders.iter().map(|order| part(order, minibatch, minibatches)).collect();
            let total: usize = parts.iter().zip(&spans).map(|(part, span)| part.len() * span).sum();
            let size = total.div_ceil(settings.shards).max(1);
            let work: Vec<(&Lesson, &[usize])> = lessons
                .iter()
                .zip(parts.iter().zip(&spans))
                .flat_map(|(lesson, (part, span))| {
                    part.chunks((size / span).max(1)).map(move |chunk| (lesson, chunk))
                })
                .collect();
            shards.resize_with(work.len(), || Shard::new(policy.layout.parameters()));
            let learner = &*policy;
            divide(ranks, &mut shards, |place, shard| {
                let (lesson, part) = work[place];
                shard.learn(learner, lesson, part, total, settings);
            })?;
            let count = total as f64;
            report.kl = shards.iter().map(|shard| shard.kl).sum::<f64>() / count;
            if report.kl > 1.5 * settings.target_kl && !lessons.iter().any(|lesson| lesson.imitate) {
                report.stopped = true;
                break 'epochs;
            }
            report.clip_fraction += shards.iter().map(|shard| shard.clipped).sum::<f64>() / count;
            report.value_loss += shards.iter().map(|shard| shard.value_loss).sum::<f64>() / count;
            let mut gradient = sum_in_order(&shards);
            silence(&mut gradient, &silenced);
            report.gradient_norm += clip_norm(&mut gradient, settings.gradient_norm);
            adam.step(&mut policy.weights, gradient, learning_rate);
            let [least, most] = settings.log_std_range;
            policy.weights[policy.layout.log_std()].iter_mut().for_each(|x| *x = x.clamp(least, most));
            report.minibatches += 1;
        }
    }
    report.explained =
        lessons.iter().map(|lesson| lesson.explained).sum::<f64>() / lessons.len().max(1) as f64;
    let count = report.minibatches.max(1) as f64;
    report.clip_fraction /= count;
    report.value_loss /= count;
    report.gradient_norm /= count;
    Ok(report)
}

/// One of `count` parts of about equal length.
fn part(order: &[usize], index: usize, count: usize) -> &[usize] {
    &order[order.len() * index / count..order.len() * (index + 1) / count]
}

/// Fisher and Yates. A modulo of 64 bits favours no place measurably.
pub(crate) fn shuffle<T>(order: &mut [T], key: Key) {
    for last in (1..order.len()).rev() {
        let other = key.with(last as u64).bits() % (last as u64 + 1);
        order.swap(last, other as usize);
    }
}

/// Adds the shards' gradients one after another, so that the sum does not depend on which was ready first.
fn sum_in_order(shards: &[Shard]) -> Vec<f32> {
    let mut sum = shards.first().map(|shard| shard.gradient.clone()).unwrap_or_default();
    for shard in shards.iter().skip(1) {
        sum.iter_mut().zip(&shard.gradient).for_each(|(sum, part)| *sum += part);
    }
    sum
}

/// Scales a gradient down to `most`, over all parameters at once; gives the norm it had.
pub(super) fn clip_norm(gradient: &mut [f32], most: f64) -> f64 {
    let norm = gradient.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    if norm > most {
        let scale = (most / norm) as f32;
        gradient.iter_mut().for_each(|x| *x *= scale);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_is_clipped_over_all_parameters_at_once() {
        let mut gradient = [3.0, 0.0, 4.0];
        assert!((clip_norm(&mut gradient, 0.5) - 5.0).abs() < 1e-12);
        assert_eq!(gradient, [0.3, 0.0, 0.4]);
        assert!((clip_norm(&mut gradient, 0.6) - 0.5).abs() < 1e-6);
        assert_eq!(gradient, [0.3, 0.0, 0.4]);
    }

    #[test]
    fn parts_take_every_transition_once() {
        let order: Vec<usize> = (0..11).collect();
        assert_eq!([part(&order, 0, 2), part(&order, 1, 2)], [&order[..5], &order[5..]]);
        assert_eq!(part(&order, 0, 1), order);
        let mut shuffled = order.clone();
        shuffle(&mut shuffled, Key::new(1));
        assert_ne!(shuffled, order);
        shuffled.sort_unstable();
        assert_eq!(shuffled, order);
    }
}
