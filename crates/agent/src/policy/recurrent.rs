//! What a policy has learned to remember of each line: a gated recurrent unit (Cho et al. 2014), the same for every line.

use super::{Forward, Policy};

/// What is remembered of every line in one episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recurrent {
    /// `[lines, memory]`
    memory: Vec<f32>,
    /// `[3 memory]` each; see [`step`].
    gates: [Vec<f32>; 2],
    /// `[lines, line features + memory]`
    shown: Vec<f32>,
}

impl Recurrent {
    /// Forgets the episode before.
    pub(crate) fn start(&mut self, policy: &Policy, lines: usize) {
        let memory = policy.sizes.memory;
        self.memory.clear();
        self.memory.resize(lines * memory, 0.0);
        self.gates.iter_mut().for_each(|gates| gates.resize(3 * memory, 0.0));
        self.shown.resize(lines * (policy.sizes.line_features + memory), 0.0);
    }

    /// What the network is shown of lines with these features, `[lines, line features]` normalised: the features, and
    /// behind those of each line what it remembers, this step included. A policy without a unit is shown the features.
    pub(crate) fn see<'a>(&'a mut self, policy: &Policy, lines: &'a [f32]) -> &'a [f32] {
        let (features, memory) = (policy.sizes.line_features, policy.sizes.memory);
        if memory == 0 {
            return lines;
        }
        let forward: Forward<'_> = policy.forward();
        let rows = lines.chunks_exact(features).zip(self.memory.chunks_exact_mut(memory));
        for ((line, memory), shown) in rows.zip(self.shown.chunks_exact_mut(features + memory)) {
            forward.remember(line, memory, &mut self.gates);
            let (of_line, of_memory) = shown.split_at_mut(features);
            of_line.copy_from_slice(line);
            of_memory.copy_from_slice(memory);
        }
        &self.shown
    }
}

/// One step of the unit for one line: `seen` and `remembered` are `[reset, update, candidate]`, and `memory` moves on. `seen` is
/// left with what the gates came to. The reset gate stands behind its product, so that one product serves all three.
pub(crate) fn step(seen: &mut [f32], remembered: &[f32], memory: &mut [f32]) {
    let width = memory.len();
    let (reset, rest) = seen.split_at_mut(width);
    let (update, candidate) = rest.split_at_mut(width);
    for (place, memory) in memory.iter_mut().enumerate() {
        reset[place] = logistic(reset[place] + remembered[place]);
        update[place] = logistic(update[place] + remembered[width + place]);
        candidate[place] = libm::tanhf(candidate[place] + reset[place] * remembered[2 * width + place]);
        *memory = candidate[place] + update[place] * (*memory - candidate[place]);
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: reset 1/2, update 3/4, candidate tanh(0.2 + 0.5 * 0.4) = 0.379949, memory 0.25 * 0.379949 + 0.75 * 0.8.
    #[test]
    fn a_step_is_that_of_the_paper() {
        let mut seen = [0.3, 1.098_612_3, 0.2];
        let mut memory = [0.8];
        step(&mut seen, &[-0.3, 0.0, 0.4], &mut memory);
        for (found, by_hand) in seen.iter().chain(&memory).zip([0.5, 0.75, 0.379_949, 0.694_987]) {
            assert!((found - by_hand).abs() < 1e-6, "{found} {by_hand}");
        }
    }
}
