//! A policy's recurrent unit through whole episodes, and the gradient back through all of their steps.

use super::gradient::{affine, matrix, multiply, weights_back, zeros};
use crate::policy::{Gates, Layout, Place, step};

/// The unit's weights, ready for episodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'a> {
    layout: &'a Layout,
    weights: &'a [f32],
}

/// What the way forward leaves for the way back. A row is a line of an episode.
#[derive(Debug, Default)]
pub(super) struct Recall {
    /// `[steps, rows, line features]`
    features: Vec<f32>,
    /// `[steps, rows, 3 memory]` what the gates came to, and the product of what was remembered.
    gates: Vec<f32>,
    remembered: Vec<f32>,
    /// `[steps + 1, rows, memory]` what is remembered before the first step and behind each.
    memory: Vec<f32>,
    /// `[steps, rows, memory]` the gradient by what is remembered behind each step, as far as the same step uses it.
    by_memory: Vec<f32>,
    /// `[rows, memory]` the gradient that a step hands to the one before.
    carried: Vec<f32>,
    /// `[rows, 3 memory]` gradients by the two products of a step.
    by_seen: Vec<f32>,
    by_remembered: Vec<f32>,
}

impl Recall {
    /// Forgets what it holds.
    pub(super) fn clear(&mut self) {
        self.features.clear();
        self.by_memory.clear();
    }

    /// Room for the features of one step more.
    pub(super) fn features(&mut self) -> &mut Vec<f32> {
        &mut self.features
    }

    /// Takes in the gradient of the next step.
    pub(super) fn hear(&mut self, by_memory: &[f32]) {
        self.by_memory.extend_from_slice(by_memory);
    }
}

impl<'a> Unit<'a> {
    /// None where the policy has no unit.
    pub(super) fn of(layout: &'a Layout, weights: &'a [f32]) -> Option<Self> {
        (!layout.unit().is_empty()).then_some(Self { layout, weights })
    }

    fn place(&self, gates: Gates) -> &'a Place {
        &self.layout.unit()[gates as usize]
    }

    fn weights_of(&self, place: &Place) -> &'a [f32] {
        &self.weights[place.weight.clone()]
    }

    /// Goes through `steps` steps, whose features lie in `recall`.
    pub(super) fn forth(&self, steps: usize, recall: &mut Recall) {
        let (seen, remembered) = (self.place(Gates::Seen), self.place(Gates::Remembered));
        let (features, width, gates) = (seen.inputs, remembered.inputs, remembered.outputs);
        let rows = recall.features.len() / features / steps;
        zeros(&mut recall.memory, (steps + 1) * rows * width);
        zeros(&mut recall.remembered, steps * rows * gates);
        affine(seen, self.weights, &recall.features, (&[], 1), &mut recall.gates);
        let weights = matrix(self.weights_of(remembered), gates);
        let of_steps = recall.gates.chunks_exact_mut(rows * gates);
        for (index, (seen, products)) in
            of_steps.zip(recall.remembered.chunks_exact_mut(rows * gates)).enumerate()
        {
            let (before, behind) = recall.memory.split_at_mut((index + 1) * rows * width);
            let before = &before[index * rows * width..];
            let behind = &mut behind[..rows * width];
            multiply(matrix(before, width), weights, 0.0, products);
            behind.copy_from_slice(before);
            let of_rows = seen.chunks_exact_mut(gates).zip(products.chunks_exact(gates));
            of_rows
                .zip(behind.chunks_exact_mut(width))
                .for_each(|((seen, product), row)| step(seen, product, row));
        }
    }

    /// Writes what the network is shown in a step, `[rows, line features + memory]`.
    pub(super) fn show(&self, index: usize, steps: usize, recall: &Recall, shown: &mut Vec<f32>) {
        let (features, width) = (self.place(Gates::Seen).inputs, self.place(Gates::Remembered).inputs);
        let rows = recall.features.len() / features / steps;
        let of_step = &recall.features[index * rows * features..][..rows * features];
        let memory = &recall.memory[(index + 1) * rows * width..][..rows * width];
        shown.clear();
        for (line, memory) in of_step.chunks_exact(features).zip(memory.chunks_exact(width)) {
            shown.extend_from_slice(line);
            shown.extend_from_slice(memory);
        }
    }

    /// Adds to `gradient`, `[parameters]`, what follows from the gradients that `recall` has heard of, from the last step to the
    /// first.
    pub(super) fn back(&self, steps: usize, recall: &mut Recall, gradient: &mut [f32]) {
        let (seen, remembered) = (self.place(Gates::Seen), self.place(Gates::Remembered));
        let (features, width, gates) = (seen.inputs, remembered.inputs, remembered.outputs);
        let rows = recall.features.len() / features / steps;
        let Recall { carried, by_seen, by_remembered, .. } = recall;
        zeros(carried, rows * width);
        zeros(by_seen, rows * gates);
        zeros(by_remembered, rows * gates);
        for index in (0..steps).rev() {
            let of_step = |each: usize| index * rows * each..(index + 1) * rows * each;
            let by_memory = &recall.by_memory[of_step(width)];
            let before = &recall.memory[of_step(width)];
            carried.iter_mut().zip(by_memory).for_each(|(sum, by)| *sum += by);
            let values = recall.gates[of_step(gates)].chunks_exact(gates);
            let products = recall.remembered[of_step(gates)].chunks_exact(gates);
            let given = values.zip(products).zip(before.chunks_exact(width));
            let wanted = carried.chunks_exact_mut(width).zip(by_seen.chunks_exact_mut(gates));
            for (((values, products), before), ((by, by_seen), by_remembered)) in
                given.zip(wanted.zip(by_remembered.chunks_exact_mut(gates)))
            {
                step_back(values, products, before, by, by_seen, by_remembered);
            }
            weights_back(seen, &recall.features[of_step(features)], by_seen, gradient);
            weights_back(remembered, before, by_remembered, gradient);
            let by = matrix(by_remembered, gates);
            multiply(by, matrix(self.weights_of(remembered), gates).reversed_axes(), 1.0, carried);
        }
    }
}

/// The way back through [`step`] for one line: from `by`, the gradient by what is remembered behind it, to those by its two
/// products; `by` becomes the gradient by what was remembered before it, as far as it does not go through a product.
fn step_back(
    values: &[f32],
    products: &[f32],
    before: &[f32],
    by: &mut [f32],
    by_seen: &mut [f32],
    by_remembered: &mut [f32],
) {
    let width = by.len();
    for (place, by) in by.iter_mut().enumerate() {
        let (reset, update) = (values[place], values[width + place]);
        let candidate = values[2 * width + place];
        let by_candidate = *by * (1.0 - update) * (1.0 - candidate * candidate);
        let by_update = *by * (before[place] - candidate) * update * (1.0 - update);
        let by_reset = by_candidate * products[2 * width + place] * reset * (1.0 - reset);
        by_seen[place] = by_reset;
        by_seen[width + place] = by_update;
        by_seen[2 * width + place] = by_candidate;
        by_remembered[place] = by_reset;
        by_remembered[width + place] = by_update;
        by_remembered[2 * width + place] = by_candidate * reset;
        *by *= update;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, Array3, Array4, Axis};
    use outlay_environment::Key;

    use super::super::{Adam, Alone, Batch, FeatureMoments, Lesson, TrainSettings, update};
    use crate::policy::{GLOBAL_FEATURES, LINE_FEATURES, Policy, Recurrent, Scratch, Untrained};

    /// Sixteen episodes of five steps. What a line shows in the first step, and never again, is the logit that a teacher shows in
    /// every step.
    fn lesson(policy: &Policy, number: u64) -> Lesson {
        let (episodes, steps, lines) = (16, 5, 2);
        let told = |episode: usize, line: usize| {
            Key::new(number).with(episode as u64).with(line as u64).normal() as f32
        };
        let features = |(episode, step, line, feature)| match (step, feature) {
            (0, 0) => told(episode, line),
            _ => 0.0,
        };
        let shown = |(episode, _, line)| if line < lines { told(episode, line) } else { 0.0 };
        let batch = Batch {
            lines: Array4::from_shape_fn((episodes, steps, lines, LINE_FEATURES), features),
            global: Array3::zeros((episodes, steps, GLOBAL_FEATURES)),
            actions: Array3::zeros((episodes, steps, lines + 1)),
            shown: Array3::from_shape_fn((episodes, steps, lines + 1), shown),
            log_probs: Array2::zeros((episodes, steps)),
            values: Array2::zeros((episodes, steps)),
            rewards: Array2::zeros((episodes, steps)),
            margins: Array1::zeros(episodes),
        };
        let numbers = vec![0.0; episodes * steps];
        let seen = FeatureMoments::new(policy);
        Lesson { batch, advantages: numbers.clone(), targets: numbers, explained: 0.0, seen, imitate: true }
    }

    /// Mean square of what the logits of lines are off, over the steps in which nothing is shown.
    fn error(policy: &Policy) -> f32 {
        let lesson = lesson(policy, 1_000_000);
        let (episodes, steps, lines, _) = lesson.batch.lines.dim();
        let (mut sum, mut count) = (0.0, 0.0);
        let mut recurrent = Recurrent::default();
        let mut scratch = Scratch::default();
        let mut logits = vec![0.0; lines + 1];
        for episode in 0..episodes {
            recurrent.start(policy, lines);
            for step in 0..steps {
                let of_step = lesson.batch.lines.index_axis(Axis(0), episode);
                let features: Vec<f32> = of_step.index_axis(Axis(0), step).iter().copied().collect();
                let seen = recurrent.see(policy, &features);
                policy.forward().logits(seen, &[0.0; GLOBAL_FEATURES], &mut scratch, &mut logits);
                for (line, logit) in logits[..lines].iter().enumerate().filter(|_| step > 0) {
                    sum += (logit - lesson.batch.shown[[episode, step, line]]).powi(2);
                    count += 1.0;
                }
            }
        }
        sum / count
    }

    #[test]
    fn what_was_shown_once_is_remembered_with_a_unit_alone() {
        let settings = TrainSettings { minibatch: 80, shards: 2, ..TrainSettings::default() };
        let after = |memory: usize| {
            let untrained = Untrained { width: 16, seed: 2, memory, ..Untrained::default() };
            let mut policy = Policy::untrained(&untrained);
            let mut adam = Adam::new(policy.layout.parameters(), settings.adam_epsilon);
            for number in 0..150 {
                let lessons = [lesson(&policy, number)];
                update(&mut policy, &mut adam, &lessons, &settings, 3e-3, Key::new(number), &Alone).unwrap();
            }
            error(&policy)
        };
        let (without, with) = (after(0), after(6));
        assert!(with < 0.1 && without > 0.7, "{with} {without}");
    }
}
