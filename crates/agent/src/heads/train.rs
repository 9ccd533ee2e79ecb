//! Training: the binomial log-likelihood of every head on all impressions, with Adam.

use outlay_environment::{Domain, Key, Seeds};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::network::{Part, gradient};
use super::{Counts, Examples, HEADS, Head, INPUTS, Play, Predictor, Sizes, gather};
use crate::learn::{Adam, Flow, shuffle};
use crate::policy::{Moments, Normaliser};

/// No rate is taken to be lower.
const LOWEST_RATE: f64 = 1e-7;
/// Rows of one piece of a sum, whatever the number of threads.
const PIECE: usize = 4096;

/// How heads are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadsSettings {
    /// Of the first weights, the order of rows, and the training worlds.
    pub seed: u64,
    /// Lines in steps to play of each scenario, so that a short one has more worlds; the players take turns. An eighth as many
    /// choose the best epoch.
    pub examples: usize,
    /// Passes over all rows.
    pub epochs: usize,
    /// Rows of a gradient step.
    pub minibatch: usize,
    /// Parts of a minibatch that threads share.
    pub shards: usize,
    /// Of Adam, falling to 0 in a line.
    pub learning_rate: f64,
    /// Width of the hidden layers.
    pub width: usize,
}

impl Default for HeadsSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            examples: 160_000,
            epochs: 12,
            minibatch: 1024,
            shards: 4,
            learning_rate: 1e-3,
            width: 64,
        }
    }
}

/// Why there are no heads.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeadsError {
    /// Nobody was met.
    #[error("`{scenario}` shows nothing to anybody: heads are learned where there are shoppers")]
    NoShoppers {
        /// The scenario.
        scenario: String,
    },
    /// Nothing to learn from.
    #[error("there is nothing to learn from")]
    NoExamples,
    /// The loss is no number.
    #[error("the loss is not finite after epoch {epoch}; a lower learning rate may help")]
    Diverged {
        /// When that was seen.
        epoch: usize,
    },
}

/// What one pass over all rows came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Epoch {
    /// Which, from 1.
    pub epoch: usize,
    /// Log-loss on the validation worlds for each event, mean over heads and scenarios, in nats.
    pub validate_loss: f64,
}

/// What training ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedHeads {
    /// The best on the validation worlds.
    pub predictor: Predictor,
    /// When that was; none before the first epoch.
    pub best: Option<Epoch>,
    /// Rows that it learned from.
    pub rows: usize,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// Plays the training and the validation worlds, and learns. The same settings give the same bytes at any number of
/// threads.
pub fn train(
    plays: &[Play],
    settings: &HeadsSettings,
    on_epoch: &mut dyn FnMut(&Epoch) -> Flow,
) -> Result<TrainedHeads, HeadsError> {
    let mut sets = [Vec::new(), Vec::new()];
    for play in plays {
        let key = Key::new(settings.seed).with_name("heads").with_name(&play.scenario.name);
        let training = |number: u64| Seeds::numbered(Domain::Train, key.with(number).bits(), 0);
        let validation = |number: u64| Seeds::numbered(Domain::Validate, number, 0);
        let episode = (play.scenario.brief.steps * play.scenario.brief.lines.len()).max(1);
        let in_turn = |examples: usize, seeds: &dyn Fn(u64) -> Seeds| -> Vec<(Seeds, usize)> {
            let place = |number: usize| (seeds(number as u64), number % play.players.len().max(1));
            (0..examples.div_ceil(episode)).map(place).collect()
        };
        sets[0].push(gather(play, &in_turn(settings.examples, &training)));
        sets[1].push(gather(play, &in_turn(settings.examples.div_ceil(8), &validation)));
        if sets.iter().any(|set| set.last().is_none_or(|last| last.counts.is_empty())) {
            return Err(HeadsError::NoShoppers { scenario: play.scenario.name.clone() });
        }
    }
    let [training, validation] = sets;
    learn(INPUTS, &training, &validation, settings, on_epoch)
}

/// Learns from rows of `inputs` numbers, one set for each scenario. Each scenario and each head weighs the same, by its
/// events.
pub fn learn(
    inputs: usize,
    training: &[Examples],
    validation: &[Examples],
    settings: &HeadsSettings,
    on_epoch: &mut dyn FnMut(&Epoch) -> Flow,
) -> Result<TrainedHeads, HeadsError> {
    let mut order: Vec<(usize, usize)> = Vec::new();
    for (set, examples) in training.iter().enumerate() {
        order.extend((0..examples.counts.len()).map(|row| (set, row)));
    }
    if order.is_empty() || validation.iter().all(|examples| examples.counts.is_empty()) {
        return Err(HeadsError::NoExamples);
    }
    let mut predictor = untrained(inputs, training, settings);
    let weights: Vec<[f32; HEADS]> = training.iter().map(|set| head_weights(set).map(|x| x as f32)).collect();
    let mut adam = Adam::new(predictor.weights.len(), 1e-8);
    let mut latest = predictor.weights.clone();
    let key = Key::new(settings.seed).with_name("order");
    let batches = order.len().div_ceil(settings.minibatch.max(1));
    let (mut best, mut interrupted): (Option<Epoch>, bool) = (None, false);
    for epoch in 0..settings.epochs {
        shuffle(&mut order, key.with(epoch as u64));
        for (batch, rows) in order.chunks(settings.minibatch.max(1)).enumerate() {
            // As if all rows weighed 1 on average.
            let scale = training.len() as f32 * rows.len() as f32 / order.len() as f32;
            let shards: Vec<Vec<f32>> = rows
                .chunks(rows.len().div_ceil(settings.shards.max(1)))
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|rows| gradient(predictor.sizes, &latest, part(&predictor, rows, training, &weights)))
                .collect();
            let mut sum = vec![0.0; latest.len()];
            for shard in &shards {
                sum.iter_mut().zip(shard).for_each(|(sum, x)| *sum += x / scale);
            }
            let done = (epoch * batches + batch) as f64 / (settings.epochs * batches) as f64;
            adam.step(&mut latest, sum, settings.learning_rate * (1.0 - done));
        }
        let candidate = Predictor { weights: latest.clone(), ..predictor.clone() };
        let reached = Epoch { epoch: epoch + 1, validate_loss: loss(&candidate, validation) };
        if !reached.validate_loss.is_finite() {
            return Err(HeadsError::Diverged { epoch: reached.epoch });
        }
        if best.is_none_or(|best| reached.validate_loss < best.validate_loss) {
            best = Some(reached);
            predictor = candidate;
        }
        if matches!(on_epoch(&reached), Flow::Stop) {
            interrupted = epoch + 1 < settings.epochs;
            break;
        }
    }
    Ok(TrainedHeads { predictor, best, rows: order.len(), interrupted })
}

/// A predictor that says everywhere what happened on average.
fn untrained(inputs: usize, training: &[Examples], settings: &HeadsSettings) -> Predictor {
    let mut moments = Moments::new(inputs);
    let mut total = Counts::default();
    for set in training {
        set.inputs.chunks_exact(inputs).for_each(|row| moments.add(row));
        total.add(&set.total());
    }
    let rate =
        |events: u64, trials: u64| (events as f64 / (trials as f64).max(1.0)).clamp(LOWEST_RATE, 0.999);
    let clicks = total.events[Head::Click as usize];
    let rates = Head::ALL.map(|head| {
        let trials = if head.follows_click() { clicks } else { total.impressions };
        rate(total.events[head as usize], trials)
    });
    let sizes = Sizes { inputs: inputs + HEADS, width: settings.width };
    Predictor {
        sizes,
        weights: sizes.initial(settings.seed, rates.map(|rate| libm::log(rate / (1.0 - rate)) as f32)),
        normaliser: Normaliser::of(&moments),
        rates,
    }
}

/// `[HEADS]` one over the events of a scenario, so that frequent ones do not drown the rare.
fn head_weights(set: &Examples) -> [f64; HEADS] {
    let total = set.total();
    // What never happened is as if it had once in a million impressions.
    let least = (1e-6 * total.impressions as f64).max(1.0);
    total.events.map(|events| 1.0 / (HEADS as f64 * (events as f64).max(least)))
}

/// Rows as the network takes them.
fn part(
    predictor: &Predictor,
    rows: &[(usize, usize)],
    training: &[Examples],
    weights: &[[f32; HEADS]],
) -> Part {
    let length = predictor.sizes.inputs - HEADS;
    let counts = || rows.iter().map(|(set, row)| &training[*set].counts[*row]);
    let shown = |(set, row): &(usize, usize)| {
        let examples = &training[*set];
        predictor.complete(&examples.inputs[row * length..(row + 1) * length], &examples.before[*row])
    };
    Part {
        inputs: rows.iter().flat_map(shown).collect(),
        trials: counts().map(|counts| counts.impressions as f32).collect(),
        events: counts().flat_map(|counts| counts.events.map(|events| events as f32)).collect(),
        weights: rows.iter().flat_map(|(set, _)| weights[*set]).collect(),
    }
}

/// Log-loss for each event, mean over heads and scenarios.
fn loss(predictor: &Predictor, sets: &[Examples]) -> f64 {
    let of_set = |set: &Examples| -> f64 {
        let weights = head_weights(set);
        let inputs = set.inputs.chunks_exact(predictor.sizes.inputs - HEADS);
        let rows: Vec<_> = inputs.zip(&set.before).zip(&set.counts).collect();
        let of_row = |((inputs, seen), counts): &((&[f32], &Counts), &Counts)| -> f64 {
            let chances = predictor.chances(inputs, seen);
            let of_head = |head: usize| {
                let (chance, events) = (chances[head].clamp(1e-12, 1.0 - 1e-6), counts.events[head] as f64);
                let misses = counts.impressions as f64 - events;
                -weights[head] * (events * libm::log(chance) + misses * libm::log1p(-chance))
            };
            (0..HEADS).map(of_head).sum()
        };
        let pieces: Vec<f64> = rows.par_chunks(PIECE).map(|piece| piece.iter().map(of_row).sum()).collect();
        pieces.iter().sum()
    };
    sets.iter().map(of_set).sum::<f64>() / sets.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::agent::{Entrant, Recipe};
    use crate::baselines::testing::scenario;
    use crate::entrant::entrant;
    use crate::heads::{along_the_path, judge};

    /// The chances of a toy world: each step of the path follows an input of its own.
    fn truth(x: &[f32]) -> [f64; HEADS] {
        let chance = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        let [a, b] = [f64::from(x[0]), f64::from(x[1])];
        along_the_path(
            [-2.0 + 0.8 * a, -3.0 + 0.5 * b, -1.0 - 0.6 * b, -2.5, -1.5 + 0.7 * b, -2.0 + 0.4 * a]
                .map(chance),
        )
    }

    /// Rows of 300 people each, who click or not, and after a click do or do not what follows.
    fn toy(seed: u64, rows: u64) -> Examples {
        let mut examples = Examples::default();
        for row in 0..rows {
            let key = Key::new(seed).with(row);
            let inputs = [0, 1].map(|i| (2.0 * key.with(i).uniform() - 1.0) as f32 * 10.0);
            let chances = truth(&inputs.map(|x| x / 5.0));
            let mut counts = Counts { impressions: 300, events: [0; HEADS] };
            for person in 0..300 {
                let draw = |head: usize| key.with(2 + person).with(head as u64).uniform();
                let clicked = draw(0) < chances[0];
                for (head, chance) in Head::ALL.into_iter().zip(chances) {
                    let place = head as usize;
                    let happened = match head {
                        Head::Click => clicked,
                        head if head.follows_click() => clicked && draw(place) < chance / chances[0],
                        _ => draw(place) < chance,
                    };
                    counts.events[place] += u64::from(happened);
                }
            }
            examples.inputs.extend(inputs);
            examples.counts.push(counts);
            examples.before.push(Counts::default());
        }
        examples
    }

    fn settings() -> HeadsSettings {
        HeadsSettings {
            epochs: 20,
            minibatch: 64,
            learning_rate: 3e-3,
            width: 16,
            ..HeadsSettings::default()
        }
    }

    fn go_on(_: &Epoch) -> Flow {
        Flow::Continue
    }

    #[test]
    fn known_rates_are_found() {
        let (training, validation, held_out) = (toy(1, 1500), toy(2, 300), toy(3, 500));
        let trained = learn(2, &[training], &[validation], &settings(), &mut go_on).unwrap();
        let mut errors = [0.0; HEADS];
        for row in held_out.inputs.chunks_exact(2) {
            let true_chances = truth(&[row[0] / 5.0, row[1] / 5.0]);
            let found = trained.predictor.chances(row, &Counts::default());
            for ((sum, found), chance) in errors.iter_mut().zip(found).zip(true_chances) {
                *sum += (found / chance).ln().abs() / held_out.counts.len() as f64;
                assert!((found / chance).ln().abs() < 0.5, "{found}, truly {chance}");
            }
        }
        // Rates differ up to fivefold between rows: a constant would be off by a third.
        assert!(errors.iter().all(|error| *error < 0.1), "{errors:?}");
        for report in judge(&trained.predictor, &held_out) {
            let name = report.head.name();
            let over = report.heads.predicted_over_observed.unwrap();
            assert!((over - 1.0).abs() < 0.06, "{name}: {over}");
            assert!(report.heads.log_loss < report.constant.log_loss, "{name}");
        }
    }

    #[test]
    fn the_same_settings_give_the_same_bytes_at_any_number_of_threads() {
        let scenario = scenario();
        let train_on = |threads: usize| {
            let Ok(Entrant::Agent(even)) = entrant("even", &scenario) else { panic!("no agent") };
            let players: Vec<Box<dyn Recipe>> = vec![even];
            let settings = HeadsSettings { examples: 600, epochs: 2, width: 8, ..HeadsSettings::default() };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                train(&[Play { scenario: Arc::clone(&scenario), players }], &settings, &mut go_on)
            })
        };
        let (one, two) = (train_on(1).unwrap(), train_on(2).unwrap());
        assert!(one == two);
        assert!(one.best.is_some());
    }

    #[test]
    fn refuses_what_cannot_be_learned() {
        let none = learn(2, &[Examples::default()], &[Examples::default()], &settings(), &mut go_on);
        assert_eq!(none.err(), Some(HeadsError::NoExamples));
        let (toy, wild) = (toy(1, 10), HeadsSettings { learning_rate: 1e30, ..settings() });
        let diverged = learn(2, std::slice::from_ref(&toy), std::slice::from_ref(&toy), &wild, &mut go_on);
        assert!(matches!(diverged, Err(HeadsError::Diverged { .. })), "{diverged:?}");
    }
}
