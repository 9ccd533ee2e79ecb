//! Heads on disk: `heads.safetensors` and its `card.toml`, in a folder of their own.

use std::io;
use std::path::Path;

use outlay_environment::Scenario;
use serde::{Deserialize, Serialize};

use super::tensors::Tensors;
use super::{CARD, CheckpointError, MOST_TENSORS, MOST_WIDTH, card_table, damaged_card, folder};
use crate::heads::{HEADS, HeadsSettings, INPUTS, Predictor, Sizes, TrainedHeads};
use crate::policy::{FEATURES_VERSION, Normaliser};

/// What the card says of itself, and the file.
const FORMAT: &str = "outlay.heads/1";
/// Name of the numbers in the folder.
const FILE: &str = "heads.safetensors";

/// `card.toml` of heads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadsCard {
    /// `outlay.heads/1`
    pub format: String,
    /// Version of the program that wrote it.
    pub version: String,
    /// The command that trained them, without output, thread and display flags.
    pub command: String,
    /// What they are not good for.
    pub limits: String,
    /// Version of the features they read.
    pub features: u32,
    /// Width of the hidden layers.
    pub width: usize,
    /// Who played the training worlds.
    pub players: Vec<String>,
    /// Lines in steps that they learned from.
    pub rows: usize,
    /// The epoch that was best on the validation worlds.
    pub best_epoch: usize,
    /// Log-loss there for each event, mean over heads and scenarios, in nats.
    pub validate_loss: f64,
    /// Checksum of `heads.safetensors`; filled when it is written.
    #[serde(default)]
    pub checksum: String,
    /// Settings of the run.
    pub settings: HeadsSettings,
    /// Where they were trained: names and hashes.
    pub scenarios: Vec<HeadsScenario>,
}

/// A scenario that heads were trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsScenario {
    /// Its name.
    pub name: String,
    /// Hash of its files, 64 hex digits.
    pub hash: String,
}

impl HeadsCard {
    /// The card of a finished run. `command` is what the user typed, without output, thread and display flags.
    #[must_use]
    pub fn new<'a>(
        trained: &TrainedHeads,
        settings: &HeadsSettings,
        scenarios: impl IntoIterator<Item = &'a Scenario>,
        players: &[String],
        command: impl Into<String>,
    ) -> Self {
        let name = |it: &Scenario| HeadsScenario { name: it.name.clone(), hash: it.hash.clone() };
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.into(),
            limits: "Learned in a simulated market from what these players bought there. They say what follows an \
                     impression, not what it causes."
                .to_owned(),
            features: FEATURES_VERSION,
            width: trained.predictor.sizes.width,
            players: players.to_vec(),
            rows: trained.rows,
            best_epoch: trained.best.map_or(0, |best| best.epoch),
            validate_loss: trained.best.map_or(0.0, |best| best.validate_loss),
            checksum: String::new(),
            settings: settings.clone(),
            scenarios: scenarios.into_iter().map(name).collect(),
        }
    }
}

/// Writes heads and their card. Replaces a checkpoint that is there; a folder that is something else is left alone.
pub fn write_heads(path: &Path, predictor: &Predictor, card: &HeadsCard) -> Result<(), CheckpointError> {
    let invalid = |reason: String| CheckpointError::Io {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, reason),
    };
    let mut tensors = Tensors::default();
    put(&mut tensors, "", predictor);
    let bytes = tensors.to_bytes(FORMAT).map_err(invalid)?;
    let card = HeadsCard { checksum: folder::checksum(&bytes), ..card.clone() };
    let text = toml::to_string_pretty(&card).map_err(|error| invalid(error.to_string()))?;
    folder::replace(path, &[(CARD, text.into_bytes()), (FILE, bytes)])
}

/// Reads heads and their card.
pub fn read_heads(path: &Path) -> Result<(Predictor, HeadsCard), CheckpointError> {
    let card = read_card(path)?;
    let file = path.join(FILE);
    let damaged = |reason: String| CheckpointError::Damaged { path: file.clone(), reason };
    let bytes = folder::read_bounded(&file, MOST_TENSORS)?;
    if folder::checksum(&bytes) != card.checksum {
        return Err(damaged("its checksum is not the card's".to_owned()));
    }
    let predictor = predictor_from(&bytes, card.width).map_err(damaged)?;
    Ok((predictor, card))
}

fn read_card(path: &Path) -> Result<HeadsCard, CheckpointError> {
    if !path.exists() {
        return Err(CheckpointError::NoHeads { path: path.to_owned() });
    }
    let not = |reason: &str| CheckpointError::NotHeads { path: path.to_owned(), reason: reason.to_owned() };
    let table = card_table(path, not)?;
    if table.get("format").and_then(toml::Value::as_str) != Some(FORMAT) {
        return Err(not(&format!("its card.toml does not name the format `{FORMAT}`")));
    }
    let card: HeadsCard =
        table.try_into().map_err(|error: toml::de::Error| damaged_card(path, error.message()))?;
    if card.features != FEATURES_VERSION {
        let (path, found) = (path.to_owned(), card.features);
        return Err(CheckpointError::OtherFeatures { path, found, known: FEATURES_VERSION });
    }
    Ok(card)
}

fn predictor_from(bytes: &[u8], width: usize) -> Result<Predictor, String> {
    take(&mut Tensors::from_bytes(bytes, FORMAT)?, "", width)
}

/// Puts heads' numbers under names that start with `prefix`.
pub(super) fn put(tensors: &mut Tensors, prefix: &str, predictor: &Predictor) {
    for place in predictor.sizes.places() {
        let (name, shape) = (place.name, [place.inputs, place.outputs]);
        tensors.put_f32(format!("{prefix}{name}.weight"), &shape, &predictor.weights[place.weight]);
        tensors.put_f32(format!("{prefix}{name}.bias"), &shape[1..], &predictor.weights[place.bias]);
    }
    let Normaliser { mean, scale } = &predictor.normaliser;
    tensors.put_f32(format!("{prefix}normaliser.mean"), &[mean.len()], mean);
    tensors.put_f32(format!("{prefix}normaliser.scale"), &[scale.len()], scale);
    tensors.put_f64(format!("{prefix}rates"), &predictor.rates);
}

/// Takes heads' numbers from under names that start with `prefix`.
pub(super) fn take(tensors: &mut Tensors, prefix: &str, width: usize) -> Result<Predictor, String> {
    if !(1..=MOST_WIDTH).contains(&width) {
        return Err(format!("no heads of this program have the width {width}"));
    }
    let sizes = Sizes { inputs: INPUTS + HEADS, width };
    let mut weights = vec![0.0; sizes.parameters()];
    for place in sizes.places() {
        let shape = [place.inputs, place.outputs];
        weights[place.weight]
            .copy_from_slice(&tensors.take_f32(&format!("{prefix}{}.weight", place.name), &shape)?);
        weights[place.bias]
            .copy_from_slice(&tensors.take_f32(&format!("{prefix}{}.bias", place.name), &shape[1..])?);
    }
    let normaliser = Normaliser {
        mean: tensors.take_f32(&format!("{prefix}normaliser.mean"), &[INPUTS])?,
        scale: tensors.take_f32(&format!("{prefix}normaliser.scale"), &[INPUTS])?,
    };
    let mut rates = [0.0; HEADS];
    rates.copy_from_slice(&tensors.take_f64(&format!("{prefix}rates"), HEADS)?);
    if rates.iter().any(|rate| !(*rate > 0.0 && *rate < 1.0)) {
        return Err("`rates` holds a number that is no rate".to_owned());
    }
    Ok(Predictor { sizes, weights, normaliser, rates })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn trained() -> TrainedHeads {
        let sizes = Sizes { inputs: INPUTS + HEADS, width: 3 };
        let weights = (0..sizes.parameters()).map(|i| (i as f32 * 0.37).sin()).collect();
        let normaliser = Normaliser { mean: vec![0.5; INPUTS], scale: vec![2.0; INPUTS] };
        let predictor = Predictor { sizes, weights, normaliser, rates: [0.1, 0.01, 0.02, 0.001, 3e-4, 2e-5] };
        TrainedHeads { predictor, best: None, rows: 7, interrupted: false }
    }

    fn save(path: &Path) -> (TrainedHeads, HeadsCard) {
        let (trained, settings) = (trained(), HeadsSettings::default());
        let card = HeadsCard::new(&trained, &settings, [], &["even".to_owned()], "outlay heads train");
        write_heads(path, &trained.predictor, &card).unwrap();
        (trained, card)
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("heads");
        let (trained, card) = save(&path);
        let (read, read_card) = read_heads(&path).unwrap();
        assert_eq!(read, trained.predictor);
        assert_eq!(HeadsCard { checksum: String::new(), ..read_card }, card);
        // A second time over it, with the same bytes.
        let first = fs::read(path.join(FILE)).unwrap();
        save(&path);
        assert_eq!(fs::read(path.join(FILE)).unwrap(), first);
    }

    #[test]
    fn damaged_folders_are_refused_with_a_reason() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("heads");
        let reason = || read_heads(&path).unwrap_err().to_string();
        assert!(reason().contains("`outlay heads train --out"), "{}", reason());
        save(&path);
        let (file, card) = (path.join(FILE), path.join(CARD));
        let (bytes, text) = (fs::read(&file).unwrap(), fs::read_to_string(&card).unwrap());

        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&file, changed).unwrap();
        assert!(reason().contains("its checksum is not the card's"), "{}", reason());
        fs::write(&file, &bytes[..bytes.len() - 4]).unwrap();
        assert!(reason().contains("its checksum is not the card's"), "{}", reason());
        fs::remove_file(&file).unwrap();
        assert!(reason().contains("the file is missing"), "{}", reason());
        fs::write(&file, &bytes).unwrap();

        let other = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            fs::write(&card, text.replacen(from, to, 1)).unwrap();
            reason()
        };
        assert!(other("width = 3", "width = 4").contains("not F32"), "{}", reason());
        assert!(other("width = 3", "width = 0").contains("no heads of this program"), "{}", reason());
        assert!(other("outlay.heads/1", "outlay.checkpoint/2").contains("does not name the format"));
        let features = format!("features = {FEATURES_VERSION}");
        assert!(other(&features, "features = 9999").contains("9999"));
        assert!(other("rows = 7", "rows = \"7\"").contains("is damaged"));
        fs::write(&card, &text).unwrap();
        assert!(read_heads(&path).is_ok());
    }
}
