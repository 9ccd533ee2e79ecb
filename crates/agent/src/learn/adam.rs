//! Adam on the flat vector of parameters (Kingma and Ba, 2015; burn's implementation).

use burn::optim::{AdamConfig, AdamState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};

/// Adam with its moments as plain vectors, so that they can be saved and compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    /// Added to the denominator.
    pub epsilon: f32,
    /// Steps taken.
    pub time: usize,
    /// `[parameters]` running mean of the gradient.
    pub first: Vec<f32>,
    /// `[parameters]` running mean of its square.
    pub second: Vec<f32>,
}

impl Adam {
    /// Before the first step.
    #[must_use]
    pub fn new(parameters: usize, epsilon: f32) -> Self {
        Self { epsilon, time: 0, first: vec![0.0; parameters], second: vec![0.0; parameters] }
    }

    /// Takes one step.
    pub fn step(&mut self, weights: &mut Vec<f32>, gradient: Vec<f32>, learning_rate: f64) {
        let device = Device::flex();
        let tensor = |values: Vec<f32>| {
            let length = values.len();
            Tensor::<1>::from_data(TensorData::new(values, [length]), &device)
        };
        let rule = AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(self.epsilon).build();
        let state = (self.time > 0).then(|| {
            let (first, second) = (std::mem::take(&mut self.first), std::mem::take(&mut self.second));
            AdamState::new(AdaptiveMomentumState::new(self.time, tensor(first), tensor(second)))
        });
        let (moved, state) =
            rule.step(learning_rate, tensor(std::mem::take(weights)), tensor(gradient), state);
        *weights = vector(moved);
        if let Some(AdamState { momentum }) = state {
            self.time = momentum.time;
            self.first = vector(momentum.moment_1);
            self.second = vector(momentum.moment_2);
        }
    }
}

fn vector(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first step has the length of the learning rate in the direction of the sign, whatever the gradient's size;
    /// the second with the same gradient too.
    #[test]
    fn the_first_steps_have_the_closed_form() {
        let mut adam = Adam::new(2, 1e-12);
        let mut weights = vec![1.0, -1.0];
        adam.step(&mut weights, vec![100.0, -0.01], 0.1);
        assert!((weights[0] - 0.9).abs() < 1e-6 && (weights[1] + 0.9).abs() < 1e-6, "{weights:?}");
        adam.step(&mut weights, vec![100.0, -0.01], 0.1);
        assert!((weights[0] - 0.8).abs() < 1e-5 && (weights[1] + 0.8).abs() < 1e-5, "{weights:?}");
        assert_eq!(adam.time, 2);
    }
}
