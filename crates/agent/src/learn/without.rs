//! Learning without a part of the network, to see what the part is worth.
//!
//! A part is left out by weights that are zero and stay so: what remains is an ordinary policy.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::policy::{Gates, Layer, Place, Policy, REMEMBERED_GLOBAL, REMEMBERED_LINE};

/// What a policy can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Features that need more of the past than the last step's report. A recurrent unit does not see them either.
    Memory,
    /// What a line's score hears of the other lines: the pool of their hidden units.
    OtherLines,
    /// The normalisation of features.
    Normalisation,
}

/// Where the weights lie that stay zero without these parts.
pub(super) fn silenced(policy: &Policy, without: &[Part]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut silence_at = |place: &Place, inputs: Range<usize>| {
        let start = place.weight.start;
        ranges.push(start + inputs.start * place.outputs..start + inputs.end * place.outputs);
    };
    if without.contains(&Part::Memory)
        && let Some(seen) = policy.layout.unit().get(Gates::Seen as usize)
    {
        REMEMBERED_LINE.into_iter().for_each(|inputs| silence_at(seen, inputs));
    }
    let mut silence = |layer: Layer, inputs: Range<usize>| silence_at(policy.layout.place(layer), inputs);
    let pool = 2 * policy.sizes.width;
    if without.contains(&Part::OtherLines) {
        [Layer::ActorContext, Layer::CriticContext].into_iter().for_each(|layer| silence(layer, 0..pool));
    }
    if without.contains(&Part::Memory) {
        for inputs in REMEMBERED_LINE {
            [Layer::ActorLine, Layer::CriticLine]
                .into_iter()
                .for_each(|layer| silence(layer, inputs.clone()));
        }
        for inputs in REMEMBERED_GLOBAL {
            let tail = pool + inputs.start..pool + inputs.end;
            silence(Layer::ActorGlobal, inputs.clone());
            silence(Layer::CriticGlobal, inputs.clone());
            silence(Layer::ActorContext, tail.clone());
            silence(Layer::CriticContext, tail);
        }
    }
    ranges
}

/// Sets what is silenced to zero. `values` is `[parameters]`: weights, or their gradient.
pub(super) fn silence(values: &mut [f32], silenced: &[Range<usize>]) {
    silenced.iter().for_each(|range| values[range.clone()].fill(0.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{GLOBAL_FEATURES, LINE_FEATURES, Scratch, Untrained};

    /// A policy without memory answers the same whatever stands in the places of remembered features; one without other lines
    /// scores a line the same whoever stands beside it.
    #[test]
    fn what_is_silenced_is_not_heard() {
        let whole = Policy::untrained(&Untrained { width: 8, seed: 2, ..Untrained::default() });
        let number = |i: usize| (i as f32 * 0.37).sin();
        let lines: Vec<f32> = (0..3 * LINE_FEATURES).map(number).collect();
        let global: Vec<f32> = (0..GLOBAL_FEATURES).map(number).collect();
        let answer = |without: &[Part], lines: &[f32], global: &[f32]| {
            let mut policy = whole.clone();
            policy.weights.iter_mut().enumerate().for_each(|(i, weight)| *weight += 0.1 * number(i));
            let silenced = silenced(&policy, without);
            silence(&mut policy.weights, &silenced);
            let (mut scratch, mut logits) = (Scratch::default(), [0.0; 4]);
            policy.forward().logits(lines, global, &mut scratch, &mut logits);
            (logits, policy.forward().value(lines, global, &mut scratch))
        };
        let (mut forgotten, mut blank) = (lines.clone(), global.clone());
        for row in forgotten.chunks_exact_mut(LINE_FEATURES) {
            REMEMBERED_LINE.iter().for_each(|range| row[range.clone()].fill(0.0));
        }
        REMEMBERED_GLOBAL.iter().for_each(|range| blank[range.clone()].fill(0.0));
        assert_ne!(answer(&[], &forgotten, &blank), answer(&[], &lines, &global));
        let memory = [Part::Memory];
        assert_eq!(answer(&memory, &forgotten, &blank), answer(&memory, &lines, &global));
        let mut beside = lines.clone();
        beside[LINE_FEATURES..].iter_mut().for_each(|x| *x += 1.0);
        let first = |without: &[Part], lines: &[f32]| answer(without, lines, &global).0[0];
        assert_ne!(first(&[], &beside), first(&[], &lines));
        assert_eq!(first(&[Part::OtherLines], &beside), first(&[Part::OtherLines], &lines));
    }
}
