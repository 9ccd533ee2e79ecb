//! The network in burn, for gradients: the same layers as [`super::Sizes::log_odds`], a batch at a time.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::{log_sigmoid, relu};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use super::{HEADS, Head, Sizes};
use crate::backend;
use crate::learn::copy_gradient;

/// A shared encoder and the heads.
#[derive(Module, Debug)]
pub(super) struct Network {
    /// In the order of [`Sizes::places`].
    layers: Vec<Linear>,
}

/// Rows to learn from. All arrays go row by row.
pub(super) struct Part {
    /// `[rows, inputs]` normalised.
    pub(super) inputs: Vec<f32>,
    /// `[rows]` impressions.
    pub(super) trials: Vec<f32>,
    /// `[rows, HEADS]`
    pub(super) events: Vec<f32>,
    /// `[rows, HEADS]` factor on a row's part of the loss.
    pub(super) weights: Vec<f32>,
}

impl Network {
    /// The network with these weights. On an autodiff device its parameters ask for gradients.
    fn new(sizes: Sizes, weights: &[f32], device: &Device) -> Self {
        let layers = sizes.places().into_iter().map(|place| {
            let weight = TensorData::new(weights[place.weight].to_vec(), [place.inputs, place.outputs]);
            let bias = TensorData::new(weights[place.bias].to_vec(), [place.outputs]);
            Linear {
                weight: Param::from_tensor(Tensor::from_data(weight, device)),
                bias: Some(Param::from_tensor(Tensor::from_data(bias, device))),
            }
        });
        Self { layers: layers.collect() }
    }

    /// `[rows, HEADS]` log odds of each step of the path given the one before. `inputs` is `[rows, inputs]`.
    fn log_odds(&self, inputs: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let own = inputs.clone().narrow(1, inputs.dims()[1] - HEADS, HEADS);
        let hidden = self.layers[..last].iter().fold(inputs, |x, layer| relu(layer.forward(x)));
        self.layers[last].forward(hidden) + own
    }

    /// `[parameters]` the gradients in the order of the flat vector.
    fn gradients(&self, sizes: Sizes, gradients: &mut Gradients) -> Vec<f32> {
        let mut flat = vec![0.0; sizes.parameters()];
        for (layer, place) in self.layers.iter().zip(sizes.places()) {
            copy_gradient(layer.weight.val().grad_remove(gradients), &mut flat[place.weight]);
            let bias = layer.bias.as_ref().and_then(|bias| bias.val().grad_remove(gradients));
            copy_gradient(bias, &mut flat[place.bias]);
        }
        flat
    }
}

/// Gradient of the weighted binomial log-loss of a part, summed over its rows: with `p` the chance given an impression, each
/// head of a row loses `-events log p - (impressions - events) log(1 - p)`.
pub(super) fn gradient(sizes: Sizes, weights: &[f32], part: Part) -> Vec<f32> {
    /// No chance is taken to be nearer to certain.
    const NEARLY_CERTAIN: f32 = 1.0 - 1e-6;
    let device = backend::device().autodiff();
    let network = Network::new(sizes, weights, &device);
    let rows = part.trials.len();
    let tensor = |values: Vec<f32>, columns: usize| -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, [rows, columns]), &device)
    };
    let step = log_sigmoid(network.log_odds(tensor(part.inputs, sizes.inputs)));
    let click = step.clone().narrow(1, Head::Click as usize, 1);
    let follows = Head::ALL.map(|head| f32::from(u8::from(head.follows_click())));
    let follows = Tensor::<2>::from_data(TensorData::new(follows.to_vec(), [1, HEADS]), &device);
    let log_chance = step + click * follows;
    let none = (-log_chance.clone().exp().clamp_max(NEARLY_CERTAIN)).log1p();
    let events = tensor(part.events, HEADS);
    let misses = tensor(part.trials, 1) - events.clone();
    let loss = -((events * log_chance + misses * none) * tensor(part.weights, HEADS)).sum();
    network.gradients(sizes, &mut loss.backward())
}

#[cfg(test)]
mod tests {
    use outlay_environment::Key;

    use super::*;
    use crate::heads::along_the_path;

    const SIZES: Sizes = Sizes { inputs: 5 + HEADS, width: 8 };

    fn draw(key: u64, length: usize) -> Vec<f32> {
        (0..length).map(|i| Key::new(key).with(i as u64).normal() as f32).collect()
    }

    /// The plain forward pass and the burn network are two readings of the same file: they must agree.
    #[test]
    fn agrees_with_the_plain_forward_pass() {
        let (weights, inputs) = (draw(1, SIZES.parameters()), draw(2, 7 * SIZES.inputs));
        let device = backend::device();
        let network = Network::new(SIZES, &weights, &device);
        let batch = Tensor::<2>::from_data(TensorData::new(inputs.clone(), [7, SIZES.inputs]), &device);
        let data = network.log_odds(batch).into_data();
        let rows = data.as_slice::<f32>().unwrap().chunks_exact(HEADS);
        for (row, inputs) in rows.zip(inputs.chunks_exact(SIZES.inputs)) {
            for (a, b) in row.iter().zip(SIZES.log_odds(&weights, inputs)) {
                assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{a} against {b}");
            }
        }
    }

    /// The gradient is that of the loss as it is written above, found by differences.
    #[test]
    fn the_gradient_is_that_of_the_binomial_log_loss() {
        let weights: Vec<f32> = draw(3, SIZES.parameters()).iter().map(|x| 0.4 * x).collect();
        let inputs = draw(4, 2 * SIZES.inputs);
        let trials = [40.0, 7.0];
        let events = [[9.0, 4.0, 3.0, 1.0, 2.0, 0.0], [2.0, 0.0, 1.0, 0.0, 0.0, 1.0]];
        let factors = [1.0, 0.5, 2.0, 3.0, 1.5, 4.0];
        let loss = |weights: &[f32]| -> f64 {
            let mut loss = 0.0;
            for (row, inputs) in inputs.chunks_exact(SIZES.inputs).enumerate() {
                let log_odds = SIZES.log_odds(weights, inputs);
                let chances = along_the_path(log_odds.map(|x| 1.0 / (1.0 + (-f64::from(x)).exp())));
                for head in 0..HEADS {
                    let (k, n, p) = (f64::from(events[row][head]), f64::from(trials[row]), chances[head]);
                    loss -= f64::from(factors[head]) * (k * p.ln() + (n - k) * (1.0 - p).ln());
                }
            }
            loss
        };
        let part = Part {
            inputs: inputs.clone(),
            trials: trials.to_vec(),
            events: events.concat(),
            weights: [factors, factors].concat(),
        };
        let gradient = gradient(SIZES, &weights, part);
        for place in (0..SIZES.parameters()).step_by(3) {
            let at = |by: f32| {
                let mut moved = weights.clone();
                moved[place] += by;
                loss(&moved)
            };
            let slope = (at(5e-3) - at(-5e-3)) / 1e-2;
            let found = f64::from(gradient[place]);
            assert!((slope - found).abs() < 0.02 * (3.0 + slope.abs()), "{place}: {found} against {slope}");
        }
    }
}
