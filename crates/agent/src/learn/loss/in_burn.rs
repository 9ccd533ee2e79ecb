//! The same loss in burn, whose gradients those by hand are held to.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::{Array1, Array2, Array3, Array4};
use outlay_environment::Key;

use super::*;
use crate::backend;
use crate::learn::network::{Network, copy_gradient};
use crate::learn::rollout::{Batch, FeatureMoments};
use crate::policy::{GLOBAL_FEATURES, LINE_FEATURES, Untrained};

fn draw(name: &str, length: usize) -> Vec<f32> {
    let key = Key::new(7).with_name(name);
    (0..length as u64).map(|i| key.with(i).normal() as f32).collect()
}

/// A policy that has moved on from the one that played, so that some ratios are clipped.
fn policy(untrained: &Untrained) -> Policy {
    let mut policy = Policy::untrained(untrained);
    let noise = draw("weights", policy.weights.len());
    policy.weights.iter_mut().zip(noise).for_each(|(weight, noise)| *weight += 0.02 * noise);
    policy
}

/// Two episodes of 20 steps, with what `policy` itself would have found most of the densities to be.
fn lesson(policy: &Policy, lines: usize, imitate: bool) -> Lesson {
    let (episodes, steps) = (2, 20);
    let rows = episodes * steps;
    let logits = if policy.sizes.bids { 2 * lines + 1 } else { lines + 1 };
    let actions = Array3::from_shape_vec((episodes, steps, logits), draw("actions", rows * logits)).unwrap();
    let shown = Array3::from_shape_vec((episodes, steps, logits), draw("shown", rows * logits)).unwrap();
    let mut batch = Batch {
        lines: Array4::from_shape_vec(
            (episodes, steps, lines, LINE_FEATURES),
            draw("lines", rows * lines * LINE_FEATURES),
        )
        .unwrap(),
        global: Array3::from_shape_vec(
            (episodes, steps, GLOBAL_FEATURES),
            draw("global", rows * GLOBAL_FEATURES),
        )
        .unwrap(),
        actions,
        shown,
        log_probs: Array2::zeros((episodes, steps)),
        values: Array2::zeros((episodes, steps)),
        rewards: Array2::zeros((episodes, steps)),
        margins: Array1::zeros(episodes),
    };
    // Densities near those of the policy that learns, so that some ratios are clipped and some are not.
    let moved = draw("moved", rows);
    let advantages = draw("advantages", rows);
    let mut lesson = Lesson {
        batch: batch.clone(),
        targets: draw("targets", rows),
        advantages,
        explained: 0.0,
        seen: FeatureMoments::new(policy),
        imitate,
    };
    let all = transitions(&[0, 1], steps);
    let (_, log_probs) = in_burn(policy, &lesson, &all, rows, &TrainSettings::default());
    for ((index, log_prob), moved) in all.iter().zip(&log_probs).zip(moved) {
        batch.log_probs[[index / steps, index % steps]] = log_prob + 0.25 * moved;
    }
    lesson.batch = batch;
    lesson
}

/// Those of whole episodes, step by step.
fn transitions(episodes: &[usize], steps: usize) -> Vec<usize> {
    (0..steps).flat_map(|step| episodes.iter().map(move |episode| episode * steps + step)).collect()
}

/// The gradient over the transitions `part` of a minibatch of `total`, and by how much the logarithms of densities moved.
fn in_burn(
    policy: &Policy,
    lesson: &Lesson,
    part: &[usize],
    total: usize,
    settings: &TrainSettings,
) -> (Vec<f32>, Vec<f32>) {
    let device = backend::device().autodiff();
    let network = Network::new(&policy.layout, &policy.weights, &device);
    let batch = &lesson.batch;
    let (_, steps, count, width) = batch.lines.dim();
    let (rows, logits) = (part.len(), batch.actions.dim().2);
    let pick = |from: &dyn Fn(usize) -> f32| -> Tensor<1> {
        let values: Vec<f32> = part.iter().map(|&index| from(index)).collect();
        Tensor::from_data(TensorData::new(values, [rows]), &device)
    };
    let rows_of = |from: Option<&[f32]>, each: usize, width: usize| -> Tensor<2> {
        let mut values = Vec::new();
        gather(part, from, each * width, &mut values);
        Tensor::from_data(TensorData::new(values, [rows * each, width]), &device)
    };
    let lines = rows_of(batch.lines.as_slice(), count, width);
    let unit = unit(policy, &device);
    let lines = if unit.is_empty() { lines } else { remembering(&unit, &lines, steps) };
    let global = rows_of(batch.global.as_slice(), 1, GLOBAL_FEATURES);
    let actions = rows_of(batch.actions.as_slice(), 1, logits);
    let shown = rows_of(batch.shown.as_slice(), 1, logits);
    let bids = logits > count + 1;
    let played = pick(&|index| batch.log_probs[(index / steps, index % steps)]);
    let advantages = pick(&|index| lesson.advantages[index]);
    let targets = pick(&|index| lesson.targets[index]);

    // Log density of a diagonal Gaussian, constant and all, because the old one has it too.
    let log_std = network.log_std(count, bids);
    let means = network.logits(lines.clone(), global.clone(), bids);
    let anchored = policy.guided && settings.anchor > 0.0;
    let left = anchored.then(|| {
        let deviations = log_std.clone().exp().detach();
        (means.clone() / deviations).square().sum().mul_scalar(0.5 * settings.anchor)
    });
    let means = if policy.guided { means + shown.clone() } else { means };
    let noise = (actions - means.clone()) / log_std.clone().exp();
    let constant = 0.5 * std::f64::consts::TAU.ln() * logits as f64;
    let spread = log_std.sum_dim(1).reshape([1]);
    let log_probs = noise.square().sum_dim(1).reshape([rows]).mul_scalar(-0.5) - spread.clone();
    let moved = log_probs.sub_scalar(constant) - played;
    let ratio = moved.clone().exp();
    let (low, high) = (1.0 - settings.clip, 1.0 + settings.clip);
    let gain = (ratio.clone() * advantages.clone()).min_pair(ratio.clone().clamp(low, high) * advantages);
    // A teacher is followed by least squares on the logits.
    let gain = if lesson.imitate { (shown - means).square().sum_dim(1).reshape([rows]).neg() } else { gain };
    let errors = network.values(lines, global) - targets;
    let value_loss = errors.square();
    // The entropy of a Gaussian is the sum of its log deviations and a constant.
    let entropy = spread.mul_scalar(rows as f32);
    let loss = gain.sum().neg()
        + value_loss.clone().sum().mul_scalar(settings.value_weight)
        + entropy.mul_scalar(-settings.entropy_weight);
    let loss = match left {
        Some(left) => loss + left,
        None => loss,
    };
    let mut gradients = loss.div_scalar(total as f64).backward();

    let moved = moved.into_data().try_to_vec().unwrap();
    let mut gradient = network.gradients(&policy.layout, &mut gradients);
    let mut start = policy.layout.log_std().end;
    for part in &unit {
        let length = part.dims().iter().product::<usize>();
        copy_gradient(part.grad_remove(&mut gradients), &mut gradient[start..start + length]);
        start += length;
    }
    (gradient, moved)
}

/// Weights and biases of the recurrent unit, as they lie one behind another; nothing without one.
fn unit(policy: &Policy, device: &Device) -> Vec<Tensor<2>> {
    let tensor = |range: Range<usize>, rows: usize| {
        let shape = [rows, range.len() / rows];
        let data = TensorData::new(policy.weights[range].to_vec(), shape);
        Tensor::<2>::from_data(data, device).require_grad()
    };
    let parts = policy.layout.unit().iter().flat_map(|place| {
        let bias = place.bias.clone().map(|range| (range, 1));
        std::iter::once((place.weight.clone(), place.inputs)).chain(bias)
    });
    parts.map(|(range, rows)| tensor(range, rows)).collect()
}

/// Lines of whole episodes, step by step, with what the unit remembers behind the features of each.
fn remembering(unit: &[Tensor<2>], lines: &Tensor<2>, steps: usize) -> Tensor<2> {
    let [seen, bias, remembered] = unit else { panic!("a unit has three parts") };
    let ([all, _], [width, _]) = (lines.dims(), remembered.dims());
    let rows = all / steps;
    let mut memory = Tensor::zeros([rows, width], &lines.device());
    let step = |step: usize| {
        let features = lines.clone().narrow(0, step * rows, rows);
        let seen = features.clone().matmul(seen.clone()) + bias.clone();
        let products = memory.clone().matmul(remembered.clone());
        let part = |of: &Tensor<2>, place: usize| of.clone().narrow(1, place * width, width);
        let reset = sigmoid(part(&seen, 0) + part(&products, 0));
        let update = sigmoid(part(&seen, 1) + part(&products, 1));
        let candidate = (part(&seen, 2) + reset * part(&products, 2)).tanh();
        memory = candidate.clone() * (1.0 - update.clone()) + update * memory.clone();
        Tensor::cat(vec![features, memory.clone()], 1)
    };
    Tensor::cat((0..steps).map(step).collect(), 0)
}

#[test]
fn gradients_by_hand_are_those_of_burn() {
    let plain = Untrained { width: 24, seed: 3, log_std: -0.7, ..Untrained::default() };
    let settings = TrainSettings { entropy_weight: 0.01, anchor: 0.3, ..TrainSettings::default() };
    for (untrained, imitate) in [
        (plain.clone(), false),
        (plain.clone(), true),
        (Untrained { bids: true, ..plain.clone() }, false),
        (Untrained { guided: true, ..plain.clone() }, false),
        (Untrained { guided: true, bids: true, ..plain.clone() }, false),
        (Untrained { memory: 6, ..plain.clone() }, false),
        (Untrained { memory: 6, guided: true, bids: true, ..plain }, true),
    ] {
        let policy = policy(&untrained);
        let lesson = lesson(&policy, 5, imitate);
        // Whole episodes where something is remembered; else more than a block, and not all of the minibatch.
        let episodes = [1, 0];
        let some: Vec<usize> = (0..40).rev().filter(|index| index % 8 != 3).collect();
        assert!(some.len() > BLOCK);
        let (part, learned) = if untrained.memory > 0 {
            (transitions(&episodes, 20), &episodes[..])
        } else {
            (some.clone(), &some[..])
        };
        let (burn, moved) = in_burn(&policy, &lesson, &part, 48, &settings);
        let mut shard = Shard::new(policy.layout.parameters());
        // Twice, as buffers are used again.
        for _ in 0..2 {
            shard.learn(&policy, &lesson, learned, 48, &settings);
        }
        let of_unit = &burn[policy.layout.log_std().end..];
        let most_of_unit = of_unit.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(of_unit.is_empty() || most_of_unit > 1e-3, "{most_of_unit}");
        let largest = burn.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(largest > 0.01, "{largest}");
        for (place, (own, burn)) in shard.gradient.iter().zip(&burn).enumerate() {
            assert!((own - burn).abs() < 1e-5 * largest.max(1.0), "{place}: {own} for {burn} of {largest}");
        }
        let clipped = moved.iter().filter(|moved| (moved.exp() - 1.0).abs() > settings.clip).count();
        assert!((1..part.len()).contains(&clipped) && shard.clipped as usize == clipped, "{clipped}");
        let kl: f32 = moved.iter().map(|moved| moved.exp() - 1.0 - moved).sum();
        assert!((shard.kl as f32 - kl).abs() < 1e-3 * kl, "{} for {kl}", shard.kl);
    }
}
