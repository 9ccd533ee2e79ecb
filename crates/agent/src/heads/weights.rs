//! The parameters of the network: one flat vector, which part is what, and the forward pass in plain arrays.

use std::ops::Range;

use outlay_environment::Key;

use super::HEADS;

/// Sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Inputs of one line in one step. The last [`HEADS`] of them are added to the outputs too.
    pub inputs: usize,
    /// Width of both hidden layers.
    pub width: usize,
}

/// Where one layer lies in the flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// `[inputs, outputs]` row by row.
    pub(crate) weight: Range<usize>,
    /// `[outputs]`
    pub(crate) bias: Range<usize>,
}

impl Sizes {
    /// The layers in their order: two hidden ones that all heads share, and the heads.
    pub(crate) fn places(self) -> [Place; 3] {
        let mut end = 0;
        let mut take = |length: usize| {
            end += length;
            end - length..end
        };
        let layers = [
            ("encoder.first", self.inputs, self.width),
            ("encoder.second", self.width, self.width),
            ("heads", self.width, HEADS),
        ];
        layers.map(|(name, inputs, outputs)| Place {
            name,
            inputs,
            outputs,
            weight: take(inputs * outputs),
            bias: take(outputs),
        })
    }

    /// Number of parameters.
    #[must_use]
    pub fn parameters(self) -> usize {
        let [.., last] = self.places();
        last.bias.end
    }

    /// First weights: He et al. (2015) for the hidden layers, nearly nothing for the heads, whose biases are `log_odds`: an
    /// untrained network predicts these everywhere.
    pub(super) fn initial(self, seed: u64, log_odds: [f32; HEADS]) -> Vec<f32> {
        let mut weights = vec![0.0; self.parameters()];
        for place in self.places() {
            let gain = if place.name == "heads" { 0.01 } else { std::f64::consts::SQRT_2 };
            let deviation = gain / (place.inputs as f64).sqrt();
            let key = Key::new(seed).with_name("heads").with_name(place.name);
            for (index, weight) in weights[place.weight].iter_mut().enumerate() {
                *weight = (key.with(index as u64).normal() * deviation) as f32;
            }
        }
        let [.., heads] = self.places();
        weights[heads.bias].copy_from_slice(&log_odds);
        weights
    }

    /// `[HEADS]` log odds of each step of the path given the one before. `inputs` are normalised; the sums run in a fixed
    /// order.
    pub(super) fn log_odds(self, weights: &[f32], inputs: &[f32]) -> [f32; HEADS] {
        let [first, second, heads] = self.places();
        let (mut one, mut two, mut out) = (vec![0.0; self.width], vec![0.0; self.width], [0.0; HEADS]);
        affine(&first, weights, inputs, &mut one);
        one.iter_mut().for_each(|x| *x = x.max(0.0));
        affine(&second, weights, &one, &mut two);
        two.iter_mut().for_each(|x| *x = x.max(0.0));
        affine(&heads, weights, &two, &mut out);
        let own = &inputs[self.inputs - HEADS..];
        out.iter_mut().zip(own).for_each(|(out, own)| *out += own);
        out
    }
}

/// out = bias + input x weight.
fn affine(place: &Place, weights: &[f32], input: &[f32], out: &mut [f32]) {
    out.copy_from_slice(&weights[place.bias.clone()]);
    for (value, row) in input.iter().zip(weights[place.weight.clone()].chunks_exact(place.outputs)) {
        if *value != 0.0 {
            out.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_cover_the_vector_and_an_untrained_network_says_what_it_is_told() {
        let sizes = Sizes { inputs: 3 + HEADS, width: 4 };
        let mut end = 0;
        for place in sizes.places() {
            assert_eq!((place.weight.start, place.weight.end), (end, place.bias.start), "{}", place.name);
            assert_eq!(place.weight.len(), place.inputs * place.outputs);
            end = place.bias.end;
        }
        assert_eq!(end, sizes.parameters());
        let told = [-3.0, -4.0, -1.0, -6.0, -5.0, 0.5];
        let weights = sizes.initial(1, told);
        // What the line itself has shown moves it one for one.
        let inputs = [1.0, -1.0, 0.5, 2.0, 0.0, 0.0, 0.0, 0.0, -1.0];
        for ((said, told), own) in sizes.log_odds(&weights, &inputs).iter().zip(told).zip(&inputs[3..]) {
            assert!((said - told - own).abs() < 0.2, "{said} against {told} and {own}");
        }
    }

    /// Two inputs and those of the line itself, one hidden unit each way, by hand.
    #[test]
    fn the_forward_pass_by_hand() {
        let sizes = Sizes { inputs: 2 + HEADS, width: 1 };
        // relu(0.5 + 2 a - b), then relu(1 - 0.5 h), then heads 1..6 times it plus 0.1.
        let mut weights = vec![2.0, -1.0];
        weights.extend([0.0; HEADS]);
        weights.extend([0.5, -0.5, 1.0]);
        weights.extend((1..=HEADS).map(|head| head as f32));
        weights.extend([0.1; HEADS]);
        let close = |inputs: [f32; 2], unit: f32| {
            let inputs = [&inputs[..], &[3.0; HEADS]].concat();
            for (head, said) in sizes.log_odds(&weights, &inputs).iter().enumerate() {
                assert!((said - (3.1 + (head + 1) as f32 * unit)).abs() < 1e-6);
            }
        };
        close([0.25, 0.0], 0.5);
        close([-9.0, 0.0], 1.0);
        close([9.0, 0.0], 0.0);
    }
}
