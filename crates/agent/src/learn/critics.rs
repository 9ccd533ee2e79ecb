//! Critics of an action: what a decision and all that follow it bring. Training alone needs them.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use outlay_environment::Key;

use crate::policy::{GLOBAL_FEATURES, LIMIT, LINE_FEATURES};

/// Inputs that say what a line gets: the logarithm of its money in units of the mean line's, and that money.
const LINE_ACTION: usize = 2;
/// Inputs that say what the whole gets: the logit of the reserve.
const GLOBAL_ACTION: usize = 1;

/// Inputs, outputs, and whether there is a bias, of each layer.
fn shapes(width: usize) -> [(usize, usize, bool); 6] {
    let (lines, global) = (LINE_FEATURES + LINE_ACTION, GLOBAL_FEATURES + GLOBAL_ACTION);
    [
        (lines, width, true),
        (global, width, false),
        (width, width, true),
        (2 * width + global, width, true),
        (width, width, true),
        (width, 1, true),
    ]
}

/// Number of parameters of one critic.
pub(super) fn parameters(width: usize) -> usize {
    shapes(width).iter().map(|(inputs, outputs, bias)| (inputs + usize::from(*bias)) * outputs).sum()
}

/// First weights of one critic: He et al. (2015); biases zero.
pub(super) fn initial(width: usize, key: Key) -> Vec<f32> {
    let mut weights = Vec::with_capacity(parameters(width));
    for (layer, (inputs, outputs, bias)) in shapes(width).into_iter().enumerate() {
        let gain = if outputs == 1 { 1.0 } else { std::f64::consts::SQRT_2 };
        let (key, deviation) = (key.with(layer as u64), gain / (inputs as f64).sqrt());
        weights.extend((0..inputs * outputs).map(|i| (key.with(i as u64).normal() * deviation) as f32));
        weights.extend(std::iter::repeat_n(0.0, if bias { outputs } else { 0 }));
    }
    weights
}

/// One critic in burn: the policy's trunk (lines are a set) with what the action gives as further inputs.
pub(super) struct Critic {
    layers: Vec<(Tensor<2>, Option<Tensor<1>>)>,
    normalised: bool,
}

/// A state and an action as a critic sees them: `[batch * lines, inputs]`, `[batch, inputs]`.
#[derive(Clone)]
pub(super) struct Seen(Tensor<2>, Tensor<2>);

impl Seen {
    /// `lines` is `[batch * lines, LINE_FEATURES]`, `global` `[batch, GLOBAL_FEATURES]`, `actions` `[batch, lines + 1]`.
    ///
    /// Lines share money by a softmax, so that only differences between their logits count: the critic sees shares, and
    /// nothing pulls at what all lines have in common.
    pub(super) fn new(lines: Tensor<2>, global: Tensor<2>, actions: Tensor<2>) -> Self {
        let [batch, logits] = actions.dims();
        let count = logits - 1;
        let shares = log_softmax(actions.clone().narrow(1, 0, count).clamp(-LIMIT, LIMIT), 1);
        let relative = shares.add_scalar((count as f64).ln()).reshape([batch * count, 1]);
        let reserve = actions.narrow(1, count, 1).clamp(-LIMIT, LIMIT);
        let lines = Tensor::cat(vec![lines, relative.clone(), relative.exp()], 1);
        Self(lines, Tensor::cat(vec![global, reserve], 1))
    }
}

impl Critic {
    /// The critic with these weights. Where it `learns`, its parameters ask for gradients.
    pub(super) fn new(
        width: usize,
        weights: &[f32],
        normalised: bool,
        learns: bool,
        device: &Device,
    ) -> Self {
        let mut rest = weights;
        let mut take = |length: usize| {
            let (part, left) = rest.split_at(length);
            rest = left;
            part.to_vec()
        };
        let layers = shapes(width).into_iter().map(|(inputs, outputs, bias)| {
            let weight = TensorData::new(take(inputs * outputs), [inputs, outputs]);
            let weight = Tensor::<2>::from_data(weight, device);
            let bias =
                bias.then(|| Tensor::<1>::from_data(TensorData::new(take(outputs), [outputs]), device));
            if learns { (weight.require_grad(), bias.map(Tensor::require_grad)) } else { (weight, bias) }
        });
        Self { layers: layers.collect(), normalised }
    }

    /// `[batch]` what is still to come, in the learner's units.
    pub(super) fn values(&self, seen: &Seen) -> Tensor<1> {
        let Seen(lines, global) = seen.clone();
        let [batch, _] = global.dims();
        let count = lines.dims()[0] / batch;
        let first = self.affine(0, lines);
        let width = first.dims()[1];
        let shared = self.affine(1, global.clone());
        let first = relu(first.reshape([batch, count, width]) + shared.reshape([batch, 1, width]));
        let second = relu(self.affine(2, first.reshape([batch * count, width])));
        let second = second.reshape([batch, count, width]);
        let mean = second.clone().mean_dim(1).reshape([batch, width]);
        let most = second.max_dim(1).reshape([batch, width]);
        let context = relu(self.norm(self.affine(3, Tensor::cat(vec![mean, most, global], 1))));
        let hidden = relu(self.norm(self.affine(4, context)));
        self.affine(5, hidden).reshape([batch])
    }

    fn affine(&self, layer: usize, input: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = &self.layers[layer];
        let product = input.matmul(weight.clone());
        match bias {
            Some(bias) => product + bias.clone().unsqueeze(),
            None => product,
        }
    }

    /// Layer normalisation (Ba et al. 2016) without gains: it keeps a critic from making up values far from what it has
    /// seen (Ball et al. 2023).
    fn norm(&self, values: Tensor<2>) -> Tensor<2> {
        if !self.normalised {
            return values;
        }
        let centred = values.clone() - values.mean_dim(1);
        let variance = centred.clone().square().mean_dim(1);
        centred / variance.add_scalar(1e-5).sqrt()
    }

    /// `[parameters]` the gradients in the order of the weights.
    pub(super) fn gradients(&self, gradients: &mut Gradients) -> Vec<f32> {
        let mut flat = Vec::new();
        for (weight, bias) in &self.layers {
            append(weight, gradients, &mut flat);
            if let Some(bias) = bias {
                append(bias, gradients, &mut flat);
            }
        }
        flat
    }
}

/// A parameter that the loss does not reach has a gradient of 0.
fn append<const D: usize>(parameter: &Tensor<D>, gradients: &mut Gradients, to: &mut Vec<f32>) {
    let length = parameter.shape().num_elements();
    let values = parameter.grad_remove(gradients).and_then(|gradient| gradient.into_data().try_to_vec().ok());
    to.extend(values.unwrap_or_else(|| vec![0.0; length]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend;

    fn draw(key: u64, length: usize) -> Vec<f32> {
        (0..length).map(|i| Key::new(key).with(i as u64).normal() as f32).collect()
    }

    fn tensor(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// What one decision over three lines is worth.
    fn value(critic: &Critic, lines: &[f32], actions: &[f32], device: &Device) -> f32 {
        let lines = tensor(lines.to_vec(), [3, LINE_FEATURES], device);
        let global = tensor(draw(2, GLOBAL_FEATURES), [1, GLOBAL_FEATURES], device);
        let seen = Seen::new(lines, global, tensor(actions.to_vec(), [1, 4], device));
        critic.values(&seen).into_scalar()
    }

    #[test]
    fn money_counts_and_neither_the_order_of_lines_nor_a_shift_of_all_logits_does() {
        let device = backend::device();
        let weights = initial(8, Key::new(1));
        assert_eq!(weights.len(), parameters(8));
        let critic = Critic::new(8, &weights, true, false, &device);
        let lines = draw(1, 3 * LINE_FEATURES);
        let turned = [&lines[LINE_FEATURES..], &lines[..LINE_FEATURES]].concat();
        let one = value(&critic, &lines, &[0.1, -0.5, 0.8, 0.3], &device);
        let close = |other: f32| (one - other).abs() < 1e-5;
        assert!(close(value(&critic, &turned, &[-0.5, 0.8, 0.1, 0.3], &device)));
        assert!(close(value(&critic, &lines, &[2.1, 1.5, 2.8, 0.3], &device)));
        assert!(!close(value(&critic, &lines, &[0.8, -0.5, 0.1, 0.3], &device)));
        assert!(!close(value(&critic, &lines, &[0.1, -0.5, 0.8, -0.3], &device)));
    }

    /// The gradients come back in the order of the weights: against differences.
    #[test]
    fn gradients_agree_with_differences() {
        let device = backend::device().autodiff();
        let weights = initial(4, Key::new(3));
        let lines = draw(4, 3 * LINE_FEATURES);
        let actions = [0.3, -0.2, 0.1, 0.4];
        let at = |weights: &[f32]| {
            let critic = Critic::new(4, weights, true, false, &backend::device());
            value(&critic, &lines, &actions, &backend::device())
        };
        let critic = Critic::new(4, &weights, true, true, &device);
        let global = tensor(draw(2, GLOBAL_FEATURES), [1, GLOBAL_FEATURES], &device);
        let seen = Seen::new(
            tensor(lines.clone(), [3, LINE_FEATURES], &device),
            global,
            tensor(actions.to_vec(), [1, 4], &device),
        );
        let flat = critic.gradients(&mut critic.values(&seen).backward());
        assert_eq!(flat.len(), weights.len());
        for place in (0..weights.len()).step_by(37).chain([weights.len() - 1]) {
            let moved = |by: f32| {
                let mut weights = weights.clone();
                weights[place] += by;
                at(&weights)
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!(
                (slope - flat[place]).abs() < 0.02 + 0.05 * slope.abs(),
                "{place}: {slope} {}",
                flat[place]
            );
        }
    }
}
