//! The forward pass in plain Rust: one decision at a time, the same bytes on every machine and at any thread count.
//!
//! The sums run in a fixed order without fused operations. A test holds it to the burn network's results.

use super::recurrent::step;
use super::weights::{Gates, Layer, Layout, Place};

/// Buffers for one observation at a time, reused from step to step.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// `[lines, width]`
    first: Vec<f32>,
    /// `[lines, width]`
    second: Vec<f32>,
    /// `[2 width + global]`
    pooled: Vec<f32>,
    /// `[width]`
    shared: Vec<f32>,
    /// `[width]`
    context: Vec<f32>,
}

/// A network's weights, ready for decisions.
#[derive(Debug, Clone, Copy)]
pub struct Forward<'a> {
    /// Which part is what.
    pub layout: &'a Layout,
    /// The parameters.
    pub weights: &'a [f32],
}

impl Forward<'_> {
    /// Writes the mean logits: `[lines]` scores, then that of the reserve; `[lines]` bids behind them, where there is room for
    /// as many more.
    ///
    /// `lines` is `[lines, line features + memory]`, `global` is `[global features]`, both normalised.
    pub fn logits(&self, lines: &[f32], global: &[f32], scratch: &mut Scratch, logits: &mut [f32]) {
        self.trunk(Layer::ActorLine, lines, global, scratch);
        let width = scratch.context.len();
        self.affine(Layer::ScoreContext, &scratch.context, &mut scratch.shared);
        let count = scratch.second.len() / width;
        let (scores, rest) = logits.split_at_mut(count);
        let (reserve, bids) = rest.split_at_mut(1);
        let mut bids = bids.iter_mut();
        for ((score, hidden), out) in scores
            .iter_mut()
            .zip(scratch.second.chunks_exact(width))
            .zip(scratch.first.chunks_exact_mut(width))
        {
            self.affine(Layer::ScoreLine, hidden, out);
            add(out, &scratch.shared);
            rectify(out);
            self.affine(Layer::Score, out, std::slice::from_mut(score));
            if let Some(bid) = bids.next() {
                self.affine(Layer::Bid, out, std::slice::from_mut(bid));
            }
        }
        self.affine(Layer::Reserve, &scratch.context, reserve);
    }

    /// What is still to come, in the learner's units.
    #[must_use]
    pub fn value(&self, lines: &[f32], global: &[f32], scratch: &mut Scratch) -> f32 {
        self.trunk(Layer::CriticLine, lines, global, scratch);
        let mut value = 0.0;
        self.affine(Layer::ValueHidden, &scratch.context, &mut scratch.shared);
        rectify(&mut scratch.shared);
        self.affine(Layer::Value, &scratch.shared, std::slice::from_mut(&mut value));
        value
    }

    /// Lines -> hidden layers -> pool -> context. `first` is the first of the trunk's four layers.
    fn trunk(&self, first: Layer, lines: &[f32], global: &[f32], scratch: &mut Scratch) {
        let [line, whole, hidden, context] = match first {
            Layer::CriticLine => {
                [Layer::CriticLine, Layer::CriticGlobal, Layer::CriticHidden, Layer::CriticContext]
            }
            _ => [Layer::ActorLine, Layer::ActorGlobal, Layer::ActorHidden, Layer::ActorContext],
        };
        let features = self.layout.place(line).inputs;
        let width = self.layout.place(line).outputs;
        let count = lines.len() / features;
        scratch.first.resize(count * width, 0.0);
        scratch.second.resize(count * width, 0.0);
        scratch.pooled.resize(2 * width + global.len(), 0.0);
        scratch.shared.resize(width, 0.0);
        scratch.context.resize(width, 0.0);

        self.affine(whole, global, &mut scratch.shared);
        let (mean, rest) = scratch.pooled.split_at_mut(width);
        let (most, tail) = rest.split_at_mut(width);
        mean.fill(0.0);
        // Hidden units are rectified: nothing lies below 0.
        most.fill(0.0);
        tail.copy_from_slice(global);
        for ((values, first), second) in lines
            .chunks_exact(features)
            .zip(scratch.first.chunks_exact_mut(width))
            .zip(scratch.second.chunks_exact_mut(width))
        {
            self.affine(line, values, first);
            add(first, &scratch.shared);
            rectify(first);
            self.affine(hidden, first, second);
            rectify(second);
            add(mean, second);
            for (most, value) in most.iter_mut().zip(second) {
                *most = most.max(*value);
            }
        }
        let share = 1.0 / count.max(1) as f32;
        mean.iter_mut().for_each(|sum| *sum *= share);
        self.affine(context, &scratch.pooled, &mut scratch.context);
        rectify(&mut scratch.context);
    }

    /// Moves on what one line remembers, `[memory]`, by its features, `[line features]`. `gates` are `[3 memory]` each.
    pub(super) fn remember(&self, line: &[f32], memory: &mut [f32], gates: &mut [Vec<f32>; 2]) {
        let unit = self.layout.unit();
        let [seen, remembered] = gates;
        self.affine_at(&unit[Gates::Seen as usize], line, seen);
        self.affine_at(&unit[Gates::Remembered as usize], memory, remembered);
        step(seen, remembered, memory);
    }

    /// out = bias + input x weight.
    fn affine(&self, layer: Layer, input: &[f32], out: &mut [f32]) {
        self.affine_at(self.layout.place(layer), input, out);
    }

    fn affine_at(&self, place: &Place, input: &[f32], out: &mut [f32]) {
        match &place.bias {
            Some(bias) => out.copy_from_slice(&self.weights[bias.clone()]),
            None => out.fill(0.0),
        }
        let rows = self.weights[place.weight.clone()].chunks_exact(place.outputs);
        for (&value, row) in input.iter().zip(rows) {
            // Half of what a rectifier lets through is zero.
            if value != 0.0 {
                for (sum, weight) in out.iter_mut().zip(row) {
                    *sum += value * weight;
                }
            }
        }
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

fn rectify(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
}
