//! The parameters of the network: one flat vector, and a layout that says which part is what.
//!
//! The burn network, the plain forward pass, Adam, gradient clipping and the checkpoint are all views of this vector.

use std::ops::Range;

use outlay_environment::Key;
use serde::{Deserialize, Serialize};

/// Sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Features of one line.
    pub line_features: usize,
    /// Features of the whole.
    pub global_features: usize,
    /// Width of every hidden layer.
    pub width: usize,
    /// Whether a bid is decided for each line where the scenario opens them.
    #[serde(default)]
    pub bids: bool,
    /// Numbers of each line that a recurrent unit carries from step to step; 0: there is no unit.
    #[serde(default)]
    pub memory: usize,
}

/// A layer of the network. Actor and critic have trunks of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Features of a line, first layer.
    ActorLine,
    /// Features of the whole, added to every line's first layer.
    ActorGlobal,
    /// Second layer of each line.
    ActorHidden,
    /// Pooled lines and the whole.
    ActorContext,
    /// A line on its own, on the way to its score.
    ScoreLine,
    /// The context, added to every line on the way to its score.
    ScoreContext,
    /// Score of a line.
    Score,
    /// Score of the reserve.
    Reserve,
    /// As the actor's.
    CriticLine,
    /// As the actor's.
    CriticGlobal,
    /// As the actor's.
    CriticHidden,
    /// As the actor's.
    CriticContext,
    /// Second layer after the pool.
    ValueHidden,
    /// What is still to come.
    Value,
    /// Bid on a line; only where bids are decided.
    Bid,
}

/// Products of the recurrent unit, each with the reset gate's numbers first, then the update gate's, then the candidate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gates {
    /// From the features of a line.
    Seen,
    /// From what it remembers.
    Remembered,
}

/// Names in the checkpoint, in the order of [`Layer`].
const NAMES: [&str; 15] = [
    "actor.line",
    "actor.global",
    "actor.hidden",
    "actor.context",
    "actor.score_line",
    "actor.score_context",
    "actor.score",
    "actor.reserve",
    "critic.line",
    "critic.global",
    "critic.hidden",
    "critic.context",
    "critic.value_hidden",
    "critic.value",
    "actor.bid",
];
/// Name of the log standard deviations in the checkpoint: of the lines, of the reserve and, where they are decided, of bids.
const LOG_STD: &str = "actor.log_std";
/// Names in the checkpoint, in the order of [`Gates`].
const UNIT: [&str; 2] = ["memory.seen", "memory.remembered"];

/// Where one layer lies in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// `[inputs, outputs]` row by row.
    pub(crate) weight: Range<usize>,
    /// `[outputs]`, none where another layer's bias is added anyway.
    pub(crate) bias: Option<Range<usize>>,
}

/// Where every layer lies in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    places: Vec<Place>,
    log_std: Range<usize>,
    /// In the order of [`Gates`]; empty without a recurrent unit.
    unit: Vec<Place>,
}

impl Layout {
    /// The layout of a network of these sizes.
    #[must_use]
    pub fn new(sizes: Sizes) -> Self {
        let Sizes { line_features, global_features, width, bids, memory } = sizes;
        let line = line_features + memory;
        let context = 2 * width + global_features;
        let mut end = 0;
        let mut take = |length: usize| {
            let start = end;
            end += length;
            start..end
        };
        let mut place = |name, (inputs, outputs, bias): (usize, usize, bool)| Place {
            name,
            inputs,
            outputs,
            weight: take(inputs * outputs),
            bias: bias.then(|| take(outputs)),
        };
        let shapes = [
            (line, width, true),
            (global_features, width, false),
            (width, width, true),
            (context, width, true),
            (width, width, true),
            (width, width, false),
            (width, 1, true),
            (width, 1, true),
            (line, width, true),
            (global_features, width, false),
            (width, width, true),
            (context, width, true),
            (width, width, true),
            (width, 1, true),
            (width, 1, true),
        ];
        let layers = NAMES.len() - usize::from(!bids);
        let places = NAMES.iter().zip(shapes).take(layers).map(|(name, shape)| place(name, shape)).collect();
        let log_std = place(LOG_STD, (1, 2 + usize::from(bids), false)).weight;
        let gates = [(line_features, 3 * memory, true), (memory, 3 * memory, false)];
        let unit = UNIT.iter().zip(gates).take(if memory > 0 { 2 } else { 0 });
        let unit = unit.map(|(name, shape)| place(name, shape)).collect();
        Self { places, log_std, unit }
    }

    pub(crate) fn place(&self, layer: Layer) -> &Place {
        &self.places[layer as usize]
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Where the recurrent unit lies, in the order of [`Gates`]; nowhere without one.
    pub(crate) fn unit(&self) -> &[Place] {
        &self.unit
    }

    /// Where the log standard deviations lie: of the lines, of the reserve, of bids if they are decided.
    pub(crate) fn log_std(&self) -> Range<usize> {
        self.log_std.clone()
    }

    /// Number of parameters.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.unit.last().map_or(self.log_std.end, |place| place.bias.as_ref().unwrap_or(&place.weight).end)
    }

    /// Name, shape and range of every tensor in the order of the flat vector.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>, Range<usize>)> + '_ {
        let tensors = |place: &Place| {
            let weight =
                (format!("{}.weight", place.name), vec![place.inputs, place.outputs], place.weight.clone());
            let bias =
                place.bias.clone().map(|range| (format!("{}.bias", place.name), vec![place.outputs], range));
            std::iter::once(weight).chain(bias)
        };
        let log_std = (LOG_STD.to_owned(), vec![self.log_std.len()], self.log_std.clone());
        let layers = self.places.iter().flat_map(tensors).chain(std::iter::once(log_std));
        layers.chain(self.unit.iter().flat_map(tensors))
    }

    /// First weights: He et al. (2015) for layers before a ReLU; near zero for the scores, so that an untrained policy
    /// spends evenly (as Andrychowicz et al. 2021 advise for the last layer); biases zero, but for the update gate's, with
    /// which a recurrent unit remembers at first (Jozefowicz et al. 2015).
    #[must_use]
    pub fn initial(&self, seed: u64, log_std: f32) -> Vec<f32> {
        let mut weights = vec![0.0; self.parameters()];
        for place in self.places.iter().chain(&self.unit) {
            let last = place.outputs == 1;
            let gain: f64 = match (last, place.name) {
                (true, "critic.value") => 1.0,
                (true, _) => 0.01,
                (false, name) if UNIT.contains(&name) => 1.0,
                (false, _) => std::f64::consts::SQRT_2,
            };
            let deviation = gain / (place.inputs as f64).sqrt();
            let key = Key::new(seed).with_name("weights").with_name(place.name);
            for (index, weight) in weights[place.weight.clone()].iter_mut().enumerate() {
                *weight = (key.with(index as u64).normal() * deviation) as f32;
            }
        }
        weights[self.log_std()].fill(log_std);
        if let Some(bias) = self.unit.first().and_then(|place| place.bias.clone()) {
            let gate = bias.len() / 3;
            weights[bias][gate..2 * gate].fill(1.0);
        }
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_cover_the_vector_without_gap_or_overlap() {
        let layout = |(bids, memory)| {
            Layout::new(Sizes { line_features: 3, global_features: 5, width: 4, bids, memory })
        };
        for layout in [(false, 0), (true, 0), (false, 2), (true, 2)].map(layout) {
            let mut end = 0;
            for (name, shape, range) in layout.tensors() {
                assert_eq!(range.start, end, "{name}");
                assert_eq!(range.len(), shape.iter().product::<usize>(), "{name}");
                end = range.end;
            }
            assert_eq!(end, layout.parameters());
        }
        let layout = layout((true, 2));
        assert_eq!(layout.place(Layer::Bid).name, "actor.bid");
        assert_eq!(layout.place(Layer::Value).name, "critic.value");
        assert_eq!(layout.place(Layer::Reserve).name, "actor.reserve");
    }
}
