//! What a policy sees of an episode: features, and behind those of each line what its heads predict, where it has heads.

use outlay_environment::{Brief, Observation};

use super::{Features, LINE_FEATURES};
use crate::heads::{HEADS, Predictor, Seen};

/// Turns observations into what the network is shown, before it is normalised.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    features: Features,
    seen: Seen,
    /// `[lines, LINE_FEATURES]` as heads know them.
    plain: Vec<f32>,
    /// `[lines]` what each line was granted in the step before, major units.
    granted: Vec<f64>,
    /// `[lines, HEADS]`
    predicted: Vec<f32>,
}

impl Sight {
    /// Forgets everything and reads the brief of a new episode.
    pub(crate) fn start(&mut self, brief: &Brief) {
        self.features.start(brief);
        self.seen.start(brief);
        self.plain.resize(brief.lines.len() * LINE_FEATURES, 0.0);
        self.predicted.resize(brief.lines.len() * HEADS, 0.0);
    }

    /// Takes in one observation and writes the features of its step, as [`Features::read`] does; where there are heads,
    /// `lines` is `[lines, LINE_FEATURES + HEADS]`.
    pub(crate) fn read(
        &mut self,
        heads: Option<&Predictor>,
        brief: &Brief,
        observation: &Observation,
        guide: &[f32],
        (lines, global): (&mut [f32], &mut [f32]),
    ) {
        let Some(heads) = heads else { return self.features.read(observation, guide, lines, global) };
        // Heads were trained without a guide: they are shown none. It has the last place of what is written.
        self.features.read(observation, &[], &mut self.plain, global);
        self.seen.read(observation);
        self.granted.clear();
        self.granted.extend(observation.lines.iter().map(|report| report.granted.major()));
        heads.features(brief, &self.seen, &self.plain, global, &self.granted, &mut self.predicted);
        if let (Some(place), Some(reserve)) = (global.last_mut(), guide.get(brief.lines.len())) {
            *place = *reserve;
        }
        let rows = lines.chunks_exact_mut(LINE_FEATURES + HEADS).zip(self.plain.chunks_exact(LINE_FEATURES));
        for ((index, (row, plain)), predicted) in rows.enumerate().zip(self.predicted.chunks_exact(HEADS)) {
            row[..LINE_FEATURES].copy_from_slice(plain);
            row[LINE_FEATURES..].copy_from_slice(predicted);
            row[LINE_FEATURES - 1] = guide.get(index).copied().unwrap_or(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use outlay_environment::{Episode, World};

    use super::*;
    use crate::baselines::testing::scenario;
    use crate::heads::Counts;
    use crate::policy::GLOBAL_FEATURES;

    /// Heads add their predictions and change nothing else.
    #[test]
    fn heads_stand_behind_the_features_of_a_line() {
        let scenario = scenario();
        let lines = scenario.brief.lines.len();
        let heads = Predictor::arbitrary(3);
        let mut episode = Episode::new(World::draw(&scenario, 3), 4);
        let (mut with, mut without) = (Sight::default(), Sight::default());
        with.start(&scenario.brief);
        without.start(&scenario.brief);
        let guide: Vec<f32> = (0..=lines).map(|line| line as f32 - 2.5).collect();
        let width = LINE_FEATURES + HEADS;
        let (mut seeing, mut plain) = (vec![0.0; lines * width], vec![0.0; lines * LINE_FEATURES]);
        let [mut whole, mut other] = [(); 2].map(|()| vec![0.0; GLOBAL_FEATURES]);
        let mut seen = vec![Counts::default(); lines];
        for _ in 0..4 {
            let observation = episode.observation();
            let brief = &scenario.brief;
            with.read(Some(&heads), brief, observation, &guide, (&mut seeing, &mut whole));
            without.read(None, brief, observation, &guide, (&mut plain, &mut other));
            assert_eq!(whole, other);
            for (line, row) in seeing.chunks_exact(width).enumerate() {
                assert_eq!(row[..LINE_FEATURES], plain[line * LINE_FEATURES..(line + 1) * LINE_FEATURES]);
                seen[line].add(&Counts::of(&observation.lines[line]));
                assert!(row[LINE_FEATURES..].iter().all(|x| x.is_finite()));
            }
            assert_eq!(with.seen.lines, seen);
            let money = vec![900.0; lines];
            episode.step(&outlay_environment::Allocation::of(money));
        }
    }
}
