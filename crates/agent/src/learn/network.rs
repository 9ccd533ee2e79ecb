//! The network in burn: the same layers as [`crate::policy::Forward`], a batch at a time. Soft actor-critic learns with it,
//! and what [`super::gradient`] computes by hand is held to it.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::policy::{Layer, Layout};

/// Actor and critic with trunks of their own. Lines are a set: one encoder for all, pooled by mean and maximum.
#[derive(Module, Debug)]
pub(crate) struct Network {
    /// In the order of [`Layer`].
    layers: Vec<Linear>,
    /// `[2 or 3]` log standard deviations of the logits: of the lines, of the reserve, of bids if they are decided.
    log_std: Param<Tensor<1>>,
}

impl Network {
    /// The network with these weights. On an autodiff device its parameters ask for gradients.
    pub(crate) fn new(layout: &Layout, weights: &[f32], device: &Device) -> Self {
        let layers = layout.places().iter().map(|place| {
            let weight =
                TensorData::new(weights[place.weight.clone()].to_vec(), [place.inputs, place.outputs]);
            let bias =
                place.bias.clone().map(|range| TensorData::new(weights[range].to_vec(), [place.outputs]));
            Linear {
                weight: Param::from_tensor(Tensor::from_data(weight, device)),
                bias: bias.map(|bias| Param::from_tensor(Tensor::from_data(bias, device))),
            }
        });
        let log_std = &weights[layout.log_std()];
        let log_std = TensorData::new(log_std.to_vec(), [log_std.len()]);
        Self { layers: layers.collect(), log_std: Param::from_tensor(Tensor::from_data(log_std, device)) }
    }

    fn layer(&self, layer: Layer) -> &Linear {
        &self.layers[layer as usize]
    }

    /// Lines -> hidden layers -> pool -> context.
    ///
    /// `lines` is `[batch * lines, line features]`, `global` is `[batch, global features]`. Gives the lines' hidden
    /// units, `[batch, lines, width]`, and the context, `[batch, width]`.
    fn trunk(
        &self,
        [line, whole, hidden, context]: [Layer; 4],
        lines: Tensor<2>,
        global: Tensor<2>,
    ) -> (Tensor<3>, Tensor<2>) {
        let [batch, _] = global.dims();
        let count = lines.dims()[0] / batch;
        let first = self.layer(line).forward(lines);
        let width = first.dims()[1];
        let shared = self.layer(whole).forward(global.clone());
        let first = relu(first.reshape([batch, count, width]) + shared.reshape([batch, 1, width]));
        let second = relu(self.layer(hidden).forward(first.reshape([batch * count, width])));
        let second = second.reshape([batch, count, width]);
        let mean = second.clone().mean_dim(1).reshape([batch, width]);
        let most = second.clone().max_dim(1).reshape([batch, width]);
        let pooled = Tensor::cat(vec![mean, most, global], 1);
        (second, relu(self.layer(context).forward(pooled)))
    }

    /// `[batch, lines + 1]` mean logits, the reserve last; with `bids` as many more as there are lines.
    pub(crate) fn logits(&self, lines: Tensor<2>, global: Tensor<2>, bids: bool) -> Tensor<2> {
        let trunk = [Layer::ActorLine, Layer::ActorGlobal, Layer::ActorHidden, Layer::ActorContext];
        let (hidden, context) = self.trunk(trunk, lines, global);
        let [batch, count, width] = hidden.dims();
        let own = self.layer(Layer::ScoreLine).forward(hidden.reshape([batch * count, width]));
        let shared = self.layer(Layer::ScoreContext).forward(context.clone());
        let both = relu(own.reshape([batch, count, width]) + shared.reshape([batch, 1, width]));
        let both = both.reshape([batch * count, width]);
        let of_lines = |layer| self.layer(layer).forward(both.clone()).reshape([batch, count]);
        let mut logits = vec![of_lines(Layer::Score), self.layer(Layer::Reserve).forward(context)];
        logits.extend(bids.then(|| of_lines(Layer::Bid)));
        Tensor::cat(logits, 1)
    }

    /// `[batch]` what is still to come, in the learner's units: what the critic by hand is held to.
    #[cfg(test)]
    pub(crate) fn values(&self, lines: Tensor<2>, global: Tensor<2>) -> Tensor<1> {
        let trunk = [Layer::CriticLine, Layer::CriticGlobal, Layer::CriticHidden, Layer::CriticContext];
        let (_, context) = self.trunk(trunk, lines, global);
        let [batch, _] = context.dims();
        let hidden = relu(self.layer(Layer::ValueHidden).forward(context));
        self.layer(Layer::Value).forward(hidden).reshape([batch])
    }

    /// `[1, lines + 1]` log standard deviation of each logit; with `bids` as many more as there are lines.
    pub(crate) fn log_std(&self, lines: usize, bids: bool) -> Tensor<2> {
        let all: Tensor<2> = self.log_std.val().unsqueeze();
        let of = |place, times| all.clone().narrow(1, place, 1).repeat_dim(1, times);
        let mut deviations = vec![of(0, lines), of(1, 1)];
        deviations.extend(bids.then(|| of(2, lines)));
        Tensor::cat(deviations, 1)
    }

    /// `[parameters]` the gradients in the order of the layout.
    pub(crate) fn gradients(&self, layout: &Layout, gradients: &mut Gradients) -> Vec<f32> {
        let mut flat = vec![0.0; layout.parameters()];
        for (layer, place) in self.layers.iter().zip(layout.places()) {
            copy_gradient(layer.weight.val().grad_remove(gradients), &mut flat[place.weight.clone()]);
            if let (Some(bias), Some(range)) = (&layer.bias, place.bias.clone()) {
                copy_gradient(bias.val().grad_remove(gradients), &mut flat[range]);
            }
        }
        copy_gradient(self.log_std.val().grad_remove(gradients), &mut flat[layout.log_std()]);
        flat
    }
}

/// A parameter that the loss does not reach has no gradient: it stays 0.
pub(crate) fn copy_gradient<const D: usize>(gradient: Option<Tensor<D>>, to: &mut [f32]) {
    if let Some(values) = gradient.map(|gradient| gradient.into_data())
        && let Ok(values) = values.as_slice::<f32>()
    {
        to.copy_from_slice(values);
    }
}

#[cfg(test)]
mod tests {
    use outlay_environment::Key;

    use super::*;
    use crate::backend;
    use crate::policy::{Forward, Scratch, Sizes};

    /// The plain forward pass and the burn network are two readings of the same file: they must agree.
    #[test]
    fn agrees_with_the_plain_forward_pass() {
        let sizes = Sizes { line_features: 11, global_features: 7, width: 24, bids: true, memory: 0 };
        let layout = Layout::new(sizes);
        let mut weights = layout.initial(3, -0.5);
        // Biases and scores start at nearly nothing: shake everything.
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight += 0.2 * Key::new(5).with(i as u64).normal() as f32;
        }
        let (batch, count) = (6, 5);
        let draw = |key: u64, length: usize| -> Vec<f32> {
            (0..length).map(|i| Key::new(key).with(i as u64).normal() as f32).collect()
        };
        let (lines, global) = (draw(1, batch * count * 11), draw(2, batch * 7));
        let device = backend::device();
        let network = Network::new(&layout, &weights, &device);
        let tensor = |data: &[f32], shape: [usize; 2]| {
            Tensor::<2>::from_data(TensorData::new(data.to_vec(), shape), &device)
        };
        let (all, whole) = (tensor(&lines, [batch * count, 11]), tensor(&global, [batch, 7]));
        let logits = network.logits(all.clone(), whole.clone(), true).into_data();
        let values = network.values(all, whole).into_data();
        let (logits, values) = (logits.as_slice::<f32>().unwrap(), values.as_slice::<f32>().unwrap());

        let forward = Forward { layout: &layout, weights: &weights };
        let mut scratch = Scratch::default();
        let mut own = vec![0.0; 2 * count + 1];
        for i in 0..batch {
            let (lines, global) = (&lines[i * count * 11..(i + 1) * count * 11], &global[i * 7..(i + 1) * 7]);
            forward.logits(lines, global, &mut scratch, &mut own);
            for (a, b) in own.iter().zip(&logits[i * (2 * count + 1)..]) {
                assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{a} against {b}");
            }
            let value = forward.value(lines, global, &mut scratch);
            assert!((value - values[i]).abs() < 1e-5 * (1.0 + value.abs()), "{value} against {}", values[i]);
        }
    }

    #[test]
    fn the_order_of_lines_does_not_matter() {
        let layout =
            Layout::new(Sizes { line_features: 4, global_features: 2, width: 8, bids: false, memory: 0 });
        let weights = layout.initial(1, 0.0);
        let forward = Forward { layout: &layout, weights: &weights };
        let lines = [0.1, 0.2, 0.3, 0.4, -1.0, 2.0, 0.5, 0.0, 0.7, -0.7, 1.5, 0.9];
        let turned = [lines[8..].to_vec(), lines[..8].to_vec()].concat();
        let (mut scratch, mut one, mut other) = (Scratch::default(), [0.0; 4], [0.0; 4]);
        forward.logits(&lines, &[0.3, -0.3], &mut scratch, &mut one);
        forward.logits(&turned, &[0.3, -0.3], &mut scratch, &mut other);
        for (a, b) in [(one[0], other[1]), (one[1], other[2]), (one[2], other[0]), (one[3], other[3])] {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
