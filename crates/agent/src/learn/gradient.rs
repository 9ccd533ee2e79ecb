//! Gradients of the policy's network in plain Rust: what burn finds for [`super::network`], to which a test holds it, at a
//! fraction of the cost. The network is small, so that with burn most time goes into what lies between its products.
//!
//! A block of decisions at a time goes forward and back through the actor and then through the critic, in the same few
//! buffers, which stay in the cache. Every sum has a fixed order.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::policy::{Layer, Layout, Place};

/// Decisions in a block: what their layers hold fits into a second-level cache.
pub(super) const BLOCK: usize = 32;

/// Layers of a trunk: of a line, of the whole, of a line again, of the pool.
type Trunk = [Layer; 4];
const ACTOR: Trunk = [Layer::ActorLine, Layer::ActorGlobal, Layer::ActorHidden, Layer::ActorContext];
const CRITIC: Trunk = [Layer::CriticLine, Layer::CriticGlobal, Layer::CriticHidden, Layer::CriticContext];

/// Decisions over the same number of lines, normalised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) decisions: usize,
    /// `[decisions, lines, line features + memory]`
    pub(super) lines: &'a [f32],
    /// `[decisions, global features]`
    pub(super) global: &'a [f32],
}

/// The network's weights, ready for blocks of decisions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backward<'a> {
    pub(super) layout: &'a Layout,
    pub(super) weights: &'a [f32],
}

/// What layers hold for one block, kept from block to block so that nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    forth: Forth,
    back: Back,
}

/// What the way forward leaves for the way back.
#[derive(Debug, Default)]
struct Forth {
    /// `[decisions, lines, width]`
    first: Vec<f32>,
    second: Vec<f32>,
    scored: Vec<f32>,
    /// `[decisions, 2 width + global features]`
    pooled: Vec<f32>,
    /// `[decisions, width]`
    shared: Vec<f32>,
    context: Vec<f32>,
    hidden: Vec<f32>,
    /// `[decisions, width]` the line whose hidden unit is largest.
    leaders: Vec<u32>,
}

/// Gradients by what has the same name on the way forward.
#[derive(Debug, Default)]
struct Back {
    first: Vec<f32>,
    second: Vec<f32>,
    scored: Vec<f32>,
    /// `[decisions, 2 width]`: features are given.
    pooled: Vec<f32>,
    shared: Vec<f32>,
    context: Vec<f32>,
    hidden: Vec<f32>,
    /// `[decisions, lines, memory]`
    memory: Vec<f32>,
}

impl Buffers {
    /// `[decisions, lines, memory]` the gradient by what is remembered, which [`Backward::logits_back`] begins and
    /// [`Backward::values_back`] adds to.
    pub(super) fn by_memory(&self) -> &[f32] {
        &self.back.memory
    }
}

impl Backward<'_> {
    /// Writes the mean logits, `[decisions, logits]`: of lines, of the reserve and, where there is room, bids on lines.
    pub(super) fn logits(&self, inputs: Inputs<'_>, buffers: &mut Buffers, logits: &mut [f32]) {
        let count = self.trunk(ACTOR, inputs, &mut buffers.forth);
        let Forth { second, scored, shared, context, .. } = &mut buffers.forth;
        self.product(Layer::ScoreContext, context, shared);
        self.affine(Layer::ScoreLine, second, (shared, count), scored);
        rectify(scored);
        let width = self.width();
        let rows = scored.chunks_exact(count * width).zip(context.chunks_exact(width));
        for ((scored, context), logits) in rows.zip(logits.chunks_exact_mut(logits.len() / inputs.decisions))
        {
            for (line, scored) in scored.chunks_exact(width).enumerate() {
                logits[line] = self.score(Layer::Score, scored);
                if let Some(bid) = logits.get_mut(count + 1 + line) {
                    *bid = self.score(Layer::Bid, scored);
                }
            }
            logits[count] = self.score(Layer::Reserve, context);
        }
    }

    /// Adds to `gradient`, `[parameters]`, what follows from `by_logits`, the gradient by the logits that were computed last.
    pub(super) fn logits_back(
        &self,
        inputs: Inputs<'_>,
        buffers: &mut Buffers,
        by_logits: &[f32],
        gradient: &mut [f32],
    ) {
        let Buffers { forth, back } = buffers;
        let width = self.width();
        let count = forth.second.len() / width / inputs.decisions;
        zeros(&mut back.memory, inputs.decisions * count * self.memory());
        zeros(&mut back.scored, forth.scored.len());
        zeros(&mut back.context, forth.context.len());
        let lines = forth.scored.chunks_exact(count * width).zip(back.scored.chunks_exact_mut(count * width));
        let whole = forth.context.chunks_exact(width).zip(back.context.chunks_exact_mut(width));
        let by_logits = by_logits.chunks_exact(by_logits.len() / inputs.decisions);
        for (((scored, by_scored), (context, by_context)), by_logits) in lines.zip(whole).zip(by_logits) {
            let lines = scored.chunks_exact(width).zip(by_scored.chunks_exact_mut(width));
            for (line, (scored, by_scored)) in lines.enumerate() {
                self.score_back(Layer::Score, scored, by_logits[line], by_scored, gradient);
                if let Some(by_bid) = by_logits.get(count + 1 + line) {
                    self.score_back(Layer::Bid, scored, *by_bid, by_scored, gradient);
                }
            }
            self.score_back(Layer::Reserve, context, by_logits[count], by_context, gradient);
        }
        let_through(&forth.scored, &mut back.scored);
        self.weights_back(Layer::ScoreLine, &forth.second, &back.scored, gradient);
        self.inputs_back(Layer::ScoreLine, &back.scored, &mut back.second);
        sum_lines(&back.scored, (count, width), &mut back.shared);
        self.weights_back(Layer::ScoreContext, &forth.context, &back.shared, gradient);
        let weights = matrix(self.weights_of(Layer::ScoreContext), width);
        multiply(matrix(&back.shared, width), weights.reversed_axes(), 1.0, &mut back.context);
        self.trunk_back(ACTOR, inputs, forth, back, gradient);
    }

    /// Writes what is still to come, `[decisions]`, in the learner's units.
    pub(super) fn values(&self, inputs: Inputs<'_>, buffers: &mut Buffers, values: &mut [f32]) {
        self.trunk(CRITIC, inputs, &mut buffers.forth);
        let Forth { context, hidden, .. } = &mut buffers.forth;
        self.affine(Layer::ValueHidden, context, (&[], 1), hidden);
        rectify(hidden);
        for (value, hidden) in values.iter_mut().zip(hidden.chunks_exact(self.width())) {
            *value = self.score(Layer::Value, hidden);
        }
    }

    /// As [`Self::logits_back`], by the values.
    pub(super) fn values_back(
        &self,
        inputs: Inputs<'_>,
        buffers: &mut Buffers,
        by_values: &[f32],
        gradient: &mut [f32],
    ) {
        let Buffers { forth, back } = buffers;
        let width = self.width();
        zeros(&mut back.hidden, forth.hidden.len());
        let rows = forth.hidden.chunks_exact(width).zip(back.hidden.chunks_exact_mut(width));
        for ((hidden, by_hidden), by_value) in rows.zip(by_values) {
            self.score_back(Layer::Value, hidden, *by_value, by_hidden, gradient);
        }
        let_through(&forth.hidden, &mut back.hidden);
        self.weights_back(Layer::ValueHidden, &forth.context, &back.hidden, gradient);
        self.inputs_back(Layer::ValueHidden, &back.hidden, &mut back.context);
        zeros(&mut back.second, forth.second.len());
        self.trunk_back(CRITIC, inputs, forth, back, gradient);
    }

    /// Lines -> hidden layers -> pool -> context; gives the number of lines.
    fn trunk(&self, [line, whole, hidden, context]: Trunk, inputs: Inputs<'_>, forth: &mut Forth) -> usize {
        let Inputs { decisions, lines, global } = inputs;
        let (width, globals) = (self.width(), global.len() / decisions);
        let count = lines.len() / self.layout.place(line).inputs / decisions;
        self.product(whole, global, &mut forth.shared);
        self.affine(line, lines, (&forth.shared, count), &mut forth.first);
        rectify(&mut forth.first);
        self.affine(hidden, &forth.first, (&[], 1), &mut forth.second);
        rectify(&mut forth.second);
        forth.pooled.resize(decisions * (2 * width + globals), 0.0);
        forth.leaders.resize(decisions * width, 0);
        let pools = forth.pooled.chunks_exact_mut(2 * width + globals);
        let from = forth.second.chunks_exact(count * width).zip(global.chunks_exact(globals));
        for ((pooled, leaders), (second, global)) in
            pools.zip(forth.leaders.chunks_exact_mut(width)).zip(from)
        {
            let (pool, tail) = pooled.split_at_mut(2 * width);
            let (mean, most) = pool.split_at_mut(width);
            pool_lines(second, mean, most, leaders);
            tail.copy_from_slice(global);
        }
        self.affine(context, &forth.pooled, (&[], 1), &mut forth.context);
        rectify(&mut forth.context);
        count
    }

    /// The way back through a trunk, from the gradients by its context and by the lines' second layer.
    fn trunk_back(
        &self,
        [line, whole, hidden, context]: Trunk,
        inputs: Inputs<'_>,
        forth: &Forth,
        back: &mut Back,
        gradient: &mut [f32],
    ) {
        let width = self.width();
        let count = forth.second.len() / width / inputs.decisions;
        let_through(&forth.context, &mut back.context);
        self.weights_back(context, &forth.pooled, &back.context, gradient);
        let of_pool = matrix(&self.weights_of(context)[..2 * width * width], width);
        back.pooled.resize(inputs.decisions * 2 * width, 0.0);
        multiply(matrix(&back.context, width), of_pool.reversed_axes(), 0.0, &mut back.pooled);
        let pools = back.pooled.chunks_exact(2 * width).zip(forth.leaders.chunks_exact(width));
        for (by_second, (by_pool, leaders)) in back.second.chunks_exact_mut(count * width).zip(pools) {
            let (by_mean, by_most) = by_pool.split_at(width);
            for by_line in by_second.chunks_exact_mut(width) {
                by_line.iter_mut().zip(by_mean).for_each(|(to, from)| *to += from / count as f32);
            }
            for (place, (leader, by_most)) in leaders.iter().zip(by_most).enumerate() {
                by_second[*leader as usize * width + place] += by_most;
            }
        }
        let_through(&forth.second, &mut back.second);
        self.weights_back(hidden, &forth.first, &back.second, gradient);
        self.inputs_back(hidden, &back.second, &mut back.first);
        let_through(&forth.first, &mut back.first);
        self.weights_back(line, inputs.lines, &back.first, gradient);
        if self.memory() > 0 {
            let features = self.layout.place(line).inputs - self.memory();
            let of_memory = matrix(&self.weights_of(line)[features * width..], width);
            multiply(matrix(&back.first, width), of_memory.reversed_axes(), 1.0, &mut back.memory);
        }
        sum_lines(&back.first, (count, width), &mut back.shared);
        self.weights_back(whole, inputs.global, &back.shared, gradient);
    }

    /// Width of the hidden layers.
    fn width(&self) -> usize {
        self.layout.place(Layer::ActorLine).outputs
    }

    /// Numbers that are remembered of a line.
    fn memory(&self) -> usize {
        self.layout.unit().last().map_or(0, |place| place.inputs)
    }

    fn weights_of(&self, layer: Layer) -> &[f32] {
        &self.weights[self.layout.place(layer).weight.clone()]
    }

    fn bias_of(&self, layer: Layer) -> &[f32] {
        self.layout.place(layer).bias.clone().map_or(&[], |range| &self.weights[range])
    }

    /// out = input x weight.
    fn product(&self, layer: Layer, input: &[f32], out: &mut Vec<f32>) {
        let place = self.layout.place(layer);
        out.resize(input.len() / place.inputs * place.outputs, 0.0);
        multiply(matrix(input, place.inputs), matrix(self.weights_of(layer), place.outputs), 0.0, out);
    }

    /// See [`affine`].
    fn affine(&self, layer: Layer, input: &[f32], shared: (&[f32], usize), out: &mut Vec<f32>) {
        affine(self.layout.place(layer), self.weights, input, shared, out);
    }

    /// A layer with one output, of one input.
    fn score(&self, layer: Layer, input: &[f32]) -> f32 {
        dot(input, self.weights_of(layer)) + self.bias_of(layer)[0]
    }

    /// The way back through a layer with one output.
    fn score_back(&self, layer: Layer, input: &[f32], by: f32, by_input: &mut [f32], gradient: &mut [f32]) {
        let place = self.layout.place(layer);
        by_input.iter_mut().zip(self.weights_of(layer)).for_each(|(to, weight)| *to += by * weight);
        gradient[place.weight.clone()].iter_mut().zip(input).for_each(|(to, input)| *to += by * input);
        place.bias.iter().for_each(|bias| gradient[bias.start] += by);
    }

    /// See [`weights_back`].
    fn weights_back(&self, layer: Layer, input: &[f32], by_output: &[f32], gradient: &mut [f32]) {
        weights_back(self.layout.place(layer), input, by_output, gradient);
    }

    /// Writes the gradient by a layer's inputs.
    fn inputs_back(&self, layer: Layer, by_output: &[f32], by_input: &mut Vec<f32>) {
        let place = self.layout.place(layer);
        by_input.resize(by_output.len() / place.outputs * place.inputs, 0.0);
        let weights = matrix(self.weights_of(layer), place.outputs);
        multiply(matrix(by_output, place.outputs), weights.reversed_axes(), 0.0, by_input);
    }
}

/// out = bias + input x weight, and what `count` rows share where they share something.
pub(super) fn affine(
    place: &Place,
    weights: &[f32],
    input: &[f32],
    (shared, count): (&[f32], usize),
    out: &mut Vec<f32>,
) {
    let bias = place.bias.clone().map_or(&[][..], |range| &weights[range]);
    out.resize(input.len() / place.inputs * place.outputs, 0.0);
    for (index, row) in out.chunks_exact_mut(place.outputs).enumerate() {
        row.copy_from_slice(bias);
        if !shared.is_empty() {
            let from = &shared[index / count * place.outputs..][..place.outputs];
            row.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }
    let weights = matrix(&weights[place.weight.clone()], place.outputs);
    multiply(matrix(input, place.inputs), weights, 1.0, out);
}

/// Adds the gradient by the weights and the bias at `place`.
pub(super) fn weights_back(place: &Place, input: &[f32], by_output: &[f32], gradient: &mut [f32]) {
    let (input, by) = (matrix(input, place.inputs), matrix(by_output, place.outputs));
    multiply(input.reversed_axes(), by, 1.0, &mut gradient[place.weight.clone()]);
    if let Some(bias) = place.bias.clone() {
        let to = &mut gradient[bias];
        for row in by_output.chunks_exact(place.outputs) {
            to.iter_mut().zip(row).for_each(|(to, by)| *to += by);
        }
    }
}

/// Rows of `columns` numbers.
pub(super) fn matrix(values: &[f32], columns: usize) -> ArrayView2<'_, f32> {
    // Every length is a product of the sizes, so that no number is ever left over.
    ArrayView2::from_shape((values.len() / columns, columns), values)
        .unwrap_or_else(|_| ArrayView2::from(&[[0.0; 0]; 0]))
}

/// to = left x right + keep x to.
pub(super) fn multiply(left: ArrayView2<'_, f32>, right: ArrayView2<'_, f32>, keep: f32, to: &mut [f32]) {
    if let Ok(mut to) = ArrayViewMut2::from_shape((left.nrows(), right.ncols()), to) {
        general_mat_mul(1.0, &left, &right, keep, &mut to);
    }
}

/// Mean and maximum over lines, and the first line that has the maximum. Nothing rectified lies below 0.
fn pool_lines(second: &[f32], mean: &mut [f32], most: &mut [f32], leaders: &mut [u32]) {
    let width = mean.len();
    mean.fill(0.0);
    most.fill(0.0);
    leaders.fill(0);
    for (row, line) in second.chunks_exact(width).zip(0..) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        for ((most, leader), value) in most.iter_mut().zip(&mut *leaders).zip(row) {
            *leader = if value > most { line } else { *leader };
            *most = most.max(*value);
        }
    }
    let count = (second.len() / width) as f32;
    mean.iter_mut().for_each(|sum| *sum /= count);
}

/// What the lines of each decision have in common: `[decisions, lines, width]` to `[decisions, width]`.
fn sum_lines(lines: &[f32], (count, width): (usize, usize), to: &mut Vec<f32>) {
    zeros(to, lines.len() / count);
    for (to, lines) in to.chunks_exact_mut(width).zip(lines.chunks_exact(count * width)) {
        for line in lines.chunks_exact(width) {
            to.iter_mut().zip(line).for_each(|(to, from)| *to += from);
        }
    }
}

pub(super) fn zeros(values: &mut Vec<f32>, length: usize) {
    values.clear();
    values.resize(length, 0.0);
}

fn rectify(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
}

/// A gradient comes through a rectifier where its output is above 0.
fn let_through(output: &[f32], by_output: &mut [f32]) {
    by_output.iter_mut().zip(output).for_each(|(by, output)| *by = if *output > 0.0 { *by } else { 0.0 });
}

/// Eight sums side by side, so that the compiler may use vectors.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (one, other) in one.iter().zip(other) {
        for ((sum, a), b) in sums.iter_mut().zip(one).zip(other) {
            *sum += a * b;
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
